#!/usr/bin/env python3
"""suture apply on whole systems: security updates of real packages, and made ones that do what real ones do not."""
import json
import os
import signal
import sys
import unittest

from interrupt import Journal
from machine import Machine, main
from made_debs import MadeArchive, Package, StopPoint
from scenarios import SCENARIOS

SIZE = sys.argv.pop(1) if len(sys.argv) > 1 and sys.argv[1] in ("small", "middle", "large") else "small"


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return file.read().split()


def rights(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return dict(line.split(":", 1) for line in file.read().replace("\t", " ").splitlines())


class Apply(unittest.TestCase):
    def setUp(self):
        self.machine = Machine(SIZE)
        self.addCleanup(self.machine.end)

    def tree(self):
        """Every path of the machine with what tells that it was touched."""
        found = {}
        for folder, folders, names in os.walk(self.machine.root):
            if folder == self.machine.root:
                folders[:] = [name for name in folders if name not in ("proc", "sys", "dev", "run", "tmp")]
            for name in folders + names:
                path = os.path.join(folder, name)
                stat = os.lstat(path)
                found[path] = (stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        return found

    def test_all_security_updates(self):
        self.machine.takes_everything()
        self.machine.advise()
        planned = json.loads(self.machine.suture("plan", "--security", "--format", "json", check=True).stdout)
        self.assertGreater(len(planned["changes"]), 10)
        before = self.machine.packages()
        done = json.loads(self.machine.suture("apply", "--yes", "--security", "--format", "json", check=True).stdout)
        self.assertEqual(done["run"]["state"], "done")
        self.assertEqual(done["run"]["plan"], planned["id"])
        after = self.machine.packages()
        changed = {key for key in set(before) | set(after) if before.get(key) != after.get(key)}
        self.assertEqual({key.split(":")[0] for key in changed}, {change["name"] for change in planned["changes"]})
        for change in planned["changes"]:
            self.assertEqual(after[f"{change['name']}:{change['arch']}"], change["to"])
        self.assertEqual(self.machine.run(["dpkg", "--audit"], check=True).stdout, "")
        again = json.loads(self.machine.suture("apply", "--yes", "--security", "--format", "json", check=True).stdout)
        self.assertEqual(again["end"], "nothing")

    def test_dry_run_writes_nothing_whatever_else_is_said(self):
        self.machine.advise()
        self.machine.suture("scan", check=True)
        before = self.tree()
        for more in ([], ["--yes"], ["--rehearse", "--yes"], ["--all", "--yes"], ["--yes", "--format", "json"]):
            with self.subTest(more):
                self.machine.suture("apply", "--dry-run", *more, check=True)
                self.assertEqual({path for path, what in self.tree().items() if before.get(path) != what}, set())

    def test_without_yes_and_without_a_terminal_nothing_is_done(self):
        self.machine.advise()
        before = self.machine.packages()
        refused = self.machine.suture("apply", "--security", check=1)
        self.assertIn("nobody can be asked here: --yes carries it out, --dry-run shows it", refused.stderr)
        self.assertEqual(self.machine.packages(), before)

    def test_the_second_one_says_who_is_at_work(self):
        self.machine.advise()
        self.machine.run(["mkfifo", "/srv/gate"], check=True)
        self.machine.write("etc/suture/policy.yaml", "name: local\nversion: 1\nprofiles: [seed-cvss]\n"
                           "before: {hooks: [{command: /bin/cat /srv/gate, within: 10 minutes}]}\n")       # the run waits in it
        watch = Journal(self.machine)
        self.addCleanup(watch.close)
        job = self.machine.start(["suture", "apply", "--yes", "openssl"])
        self.assertTrue(watch.wait(7, job))
        second = self.machine.suture("apply", "--yes", check=1)
        self.assertRegex(second.stderr, r"process \d+ is at work since 20\S+Z: run 20\d{6}T\d{6}Z-[0-9a-f]{8}, (prove|rehearse|backup)")
        self.machine.run(["sh", "-c", "echo go >/srv/gate"], check=True)
        self.assertEqual(job.wait().returncode, 0)

    def dpkg_at_work(self):
        """A dpkg that waits in a postinst: it holds the lock until stop.go(). Its package can then not be configured."""
        stop = StopPoint(self.machine, "elm-postinst")
        self.addCleanup(stop.close)
        path = Package("elm", "1.0", scripts={"postinst": stop.script + "test -e /root/elm-may"}).build(self.machine.path("root"))
        job = self.machine.start(["dpkg", "-i", "/root/" + os.path.basename(path)])
        stop.wait()
        return stop, job

    def test_it_can_be_stopped_while_another_package_manager_is_at_work(self):
        self.machine.advise()
        stop, other = self.dpkg_at_work()
        said = self.machine.suture("apply", "--yes", "--wait", "0s", check=1)
        self.assertRegex(said.stderr, r"lock-frontend: held by process \d+ \(dpkg\)")
        job = self.machine.start(["suture", "apply", "--yes", "--wait", "12h"])
        while not children(job.pid):    # suture-execute: from then on it waits for the lock
            os.sched_yield()
        job.kill(signal.SIGTERM)
        ended = job.wait(60)
        self.assertEqual(ended.returncode, 1)
        self.assertIn("asked to stop while waiting, nothing was changed", ended.stderr)
        stop.go()
        other.wait()

    def test_without_yes_nothing_is_repaired(self):
        self.machine.advise()
        stop, other = self.dpkg_at_work()
        stop.go()
        self.assertEqual(other.wait().returncode, 1)
        self.machine.write("root/elm-may", "")    # now it could be configured
        refused = self.machine.suture("apply", check=1)
        self.assertIn("nobody can be asked here: --yes carries it out, --dry-run shows it", refused.stderr)
        self.assertIn("half-configured", self.machine.run(["dpkg", "--status", "elm"], check=True).stdout)

    def held(self, pid):
        """(name, may gain rights, seccomp, may do anything)"""
        with open(f"/proc/{pid}/status", encoding="utf-8") as file:
            fields = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
        return fields["Name"], fields["NoNewPrivs"] == "0", fields["Seccomp"], bool(int(fields["CapEff"], 16) >> 21 & 1)

    def test_who_watches_is_shut_in_and_who_installs_is_not(self):
        """While a script runs, which would inherit what holds its parents."""
        stop = StopPoint(self.machine, "here")
        self.addCleanup(stop.close)
        plain = next(scenario for scenario in SCENARIOS if scenario.name == "plain")
        shop = plain.prepare(self.machine, stop.script)
        self.addCleanup(shop.end)
        job = self.machine.start(["suture", "apply", "--yes"])
        stop.wait()
        found = [self.held(job.pid)] + [self.held(pid) for pid in children(job.pid)]
        stop.go()
        self.assertEqual(job.wait().returncode, 0)
        self.assertEqual(found[0], ("suture", False, "2", False))
        self.assertIn(("suture-execute", True, "0", True), found)

    def archive_files(self):
        plan = json.loads(self.machine.suture("plan", "openssl", "--format", "json", check=True).stdout)
        return [change["uri"].split("/", 3)[3] + change["file"] for change in plan["changes"]]

    def test_a_list_that_does_not_hold_is_no_good_news(self):
        self.machine.advise()
        folder = self.machine.path("var/lib/apt/lists")
        name = next(name for name in os.listdir(folder) if "-security" in name and name.endswith("_InRelease"))
        content = self.machine.read("var/lib/apt/lists/" + name)
        self.machine.write("var/lib/apt/lists/" + name, content.replace("Codename: ", "Codename:  ", 1))
        for words in (["--yes", "--security"], ["--dry-run", "--security"]):
            with self.subTest(words):
                told = self.machine.suture("apply", *words, check=1)
                self.assertIn("whether something waits is not known: vendor-signature: ", told.stderr)
        told = json.loads(self.machine.suture("apply", "--yes", "--security", "--format", "json", check=1).stdout)
        self.assertIn("vendor-signature: ", told["refused"])
        self.assertIn("PARTIAL ANSWER: vendor-signature: ", self.machine.suture("plan", "--security", check=True).stdout)

    def named(self, name):
        """The processes of the machine with this name, by their number outside."""
        here = os.readlink(f"/proc/{self.machine.init_pid}/ns/pid")
        for pid in (int(pid) for pid in os.listdir("/proc") if pid.isdigit()):
            try:
                if os.readlink(f"/proc/{pid}/ns/pid") == here and os.readlink(f"/proc/{pid}/exe").endswith("/" + name):
                    yield pid
            except OSError:
                pass    # it has ended

    def assert_supervisor_confined(self):
        supervisor, = self.named("suture")
        told = rights(supervisor)
        self.assertEqual((told["Seccomp"].strip(), told["NoNewPrivs"].strip()), ("2", "1"))
        # Reading what others may not read and looking at processes: CAP_DAC_READ_SEARCH and CAP_SYS_PTRACE.
        self.assertEqual(int(told["CapEff"], 16) & ~(1 << 2 | 1 << 19), 0)
        for fd in os.listdir(f"/proc/{supervisor}/fd"):
            self.assertNotIn("inet", os.readlink(f"/proc/{supervisor}/fd/{fd}"))
        executor, = self.named("suture-execute")
        self.assertEqual(rights(executor)["Seccomp"].strip(), "0")    # dpkg and what it starts would inherit it

    def test_who_has_which_rights(self):
        stop = StopPoint(self.machine, "oak-script")
        self.addCleanup(stop.close)
        shop = MadeArchive(self.machine)
        self.addCleanup(shop.end)
        shop.install(Package("oak", "1.0", scripts={"postinst": f'[ "$2" != 1.1 ] || {{ {stop.script} }}'}))
        shop.offer(Package("oak", "1.1", scripts={"postinst": stop.script}))
        shop.publish()
        self.machine.advise()
        fetchers = []

        def look(handler):
            fetchers.extend(rights(pid) for pid in self.named("suture-fetch"))
            handler.answer("made/pool/oak_1.1_all.deb", 200, content)

        content = self.machine.archive.find("made/pool/oak_1.1_all.deb")[0]
        self.machine.archive.replace("made/pool/oak_1.1_all.deb", look)
        job = self.machine.start(["suture", "apply", "--yes"])
        stop.wait()
        self.assert_supervisor_confined()
        stop.go()
        self.assertEqual(job.wait().returncode, 0)
        fetcher, = fetchers
        self.assertNotIn("0", fetcher["Uid"].split())
        self.assertEqual((fetcher["Seccomp"].strip(), int(fetcher["CapEff"], 16)), ("2", 0))

    def test_who_has_which_rights_on_the_way_back(self):
        stop = StopPoint(self.machine, "oak-script")
        self.addCleanup(stop.close)
        shop = MadeArchive(self.machine)
        self.addCleanup(shop.end)
        shop.install(Package("oak", "1.0", scripts={"postinst": f'case "$2" in 1.1|1.2) {stop.script};; esac'}))
        runs = []
        for version in ("1.1", "1.2"):
            shop.offer(Package("oak", version, scripts={"postinst": f'case "$2" in 1.2) {stop.script};; esac'}))
            shop.publish()
            self.machine.advise()
            done = json.loads(self.machine.suture("apply", "--yes", "--format", "json", check=True).stdout)
            self.assertEqual((done["run"]["state"], self.machine.packages()["oak:all"]), ("done", version))
            runs.append(done["run"]["id"])
        job = self.machine.start(["suture", "rollback", "--yes", "--to", runs[0], "--format", "json"])
        for _ in runs:    # the second run that is taken back, too
            stop.wait()
            self.assert_supervisor_confined()
            stop.go()
        self.assertEqual(job.wait().returncode, 0)
        self.assertEqual(self.machine.packages()["oak:all"], "1.0")
        kinds = [entry["record"]["kind"] for entry in json.loads(self.machine.suture("report", "--format", "json", check=True).stdout)["evidence"]]
        self.assertEqual(kinds, ["rollback", "rollback", "apply", "apply"])

    def test_a_package_that_is_not_the_signed_one(self):
        self.machine.advise()
        for path in self.archive_files():
            content = self.machine.archive.find(path)[0]
            self.machine.archive.replace(path, content[:300] + bytes([content[300] ^ 1]) + content[301:])
        before = self.machine.packages()
        refused = self.machine.suture("apply", "--yes", "openssl", "--format", "json", check=1)
        self.assertEqual(json.loads(refused.stdout)["run"]["state"], "refused")
        self.assertEqual(self.machine.packages(), before)


if __name__ == "__main__":
    main()
