#!/usr/bin/env python3
"""The way back on whole systems: backup, a real update by apt, and back, with all that owners do to packaged files."""
import json
import os
import re
import shutil
import sys
import unittest

from machine import Machine, main
from made_debs import Link, MadeArchive, Package, StopPoint, script
from scenarios import SCENARIOS
from state import State
from trip import apply, rollback

TOOL = os.path.join(os.environ.get("SUTURE_BUILD", "build"), "test/tool_rollback")
STATE = "/var/lib/suture"
BEFORE, AFTER = "20261121T030502Z-00000001", "20261121T040502Z-00000002"
SECOND = "20261121T060502Z-00000003"


class Way:
    """One run's way back on a machine."""

    def __init__(self, machine):
        self.machine, self.seal = machine, None
        shutil.copy2(TOOL, machine.path("usr/bin/tool_rollback"))

    def planned(self, words):
        """(kind, name, arch, from, to) of each change that apt would make."""
        told = self.machine.run(["apt-get", "-s", "-q", "-y", *words], check=True).stdout
        native = self.machine.architecture()
        changes = []
        for line in told.splitlines():
            inst = re.match(r"Inst (\S+) (?:\[(\S+)\] )?\((\S+) .*\[(\S+)\]\)", line)
            gone = re.match(r"Remv (\S+) \[(\S+)\]", line)
            if inst:
                changes.append(("upgrade" if inst[2] else "new", inst[1].split(":")[0], inst[4] if inst[4] == "all" else native, inst[2] or "-", inst[3]))
            elif gone:
                changes.append(("remove", gone[1].split(":")[0], native, gone[2], "-"))
        return changes

    def backup(self, changes, check=0, run=BEFORE):
        self.machine.run(["mkdir", "-p", "-m", "700", STATE], check=True)
        text = "".join(" ".join(change if len(change) == 6 else (*change, "0")) + "\n" for change in changes)
        self.machine.write("root/changes", text)
        done = self.machine.run(["sh", "-c", f"tool_rollback backup / {STATE} {run} < /root/changes"], check=check)
        self.seal = done.stdout.strip()
        return done

    def back(self, check=0, run=AFTER):
        return self.machine.run(["tool_rollback", "back", "/", STATE, BEFORE, self.seal, run], check=check, timeout=600)


class RollBack(unittest.TestCase):
    size = "small"

    def setUp(self):
        self.machine = Machine(self.size)
        self.addCleanup(self.machine.end)
        self.way = Way(self.machine)

    def shell(self, text):
        return self.machine.run(["sh", "-ec", text], check=True).stdout

    def state(self):
        """Without what apt, which plays the updater here, and a script of ca-certificates leave: neither is a package's file."""
        state = State(self.machine.root)
        for name in ("left /etc/ca-certificates.conf.dpkg-old", "file /var/cache/apt/archives/partial"):
            state.facts.pop(name, None)
        return state

    def assert_same(self, before):
        self.machine.run(["dpkg", "--audit"], check=True)
        now = self.state()
        self.assertEqual(now, before, now.difference(before))

    def spoil(self, changes):
        """What owners do, to whatever of it these packages have; says what was done."""
        done = {}
        updated = {change[1] for change in changes if change[0] == "upgrade"}
        conffiles = [line.split(" ", 1) for line in self.shell(
            "dpkg-query -W -f '${Package} ${Conffiles}\\n' | awk '/^[^ ]/{p=$1; if ($2) print p, $2; next} {print p, $1}'").splitlines()]
        mine = [path for name, path in conffiles if name in updated and os.path.isfile(self.machine.path(path))]
        ways = {
            "changed": lambda path: self.shell(f"echo '# mine' >> {path}"),
            "deleted": lambda path: self.shell(f"rm {path}"),
            "mode": lambda path: self.shell(f"chmod 0600 {path}; chown 8:8 {path}"),
            "linked": lambda path: self.shell(f"mkdir -p /srv; mv {path} /srv/linked; ln -s ../srv/linked {path}"),
        }
        for (name, deed), path in zip(ways.items(), [path for path in mine if "/pam" not in path and "/init" not in path]):
            deed(path)
            done[name] = path
        files = {}
        for name in sorted(updated):
            for path in self.shell(f"dpkg -L {name}").splitlines():
                if os.path.isfile(self.machine.path(path)) and not os.path.islink(self.machine.path(path)):
                    files.setdefault(path, name)
        docs = [path for path in files if path.startswith("/usr/share/doc/")]
        mans = [path for path in files if path.startswith("/usr/share/man/man1/")] or docs[3:]
        self.shell(f"rm {docs[0]}; echo edited >> {docs[1]}; mv {docs[2]} /srv-doc; ln -s /srv-doc {docs[2]}")
        self.shell(f"dpkg-divert --quiet --local --rename --divert {mans[0]}.mine --add {mans[0]}; echo diverted > {mans[0]}")
        self.shell(f"dpkg-statoverride --update --add root mail 02750 {mans[1]}")
        done.update(removed=docs[0], edited=docs[1], link=docs[2], diverted=mans[0], override=mans[1])
        return done


class Real(RollBack):
    size = sys.argv[1] if len(sys.argv) > 1 and sys.argv[1] in ("small", "middle", "large") else "small"

    def test_all_updates_and_back(self):
        self.shell("echo 'path-exclude=/usr/share/locale/*' > /etc/dpkg/dpkg.cfg.d/no-locales")
        changes = self.way.planned(["dist-upgrade"])
        self.assertGreater(len(changes), 15)
        done = self.spoil(changes)
        if self.size != "small":
            self.assertEqual({"changed", "deleted", "mode", "linked"} - set(done), set())
        before = self.state()
        print(len(changes), "changes;", done, flush=True)
        print(self.way.backup(changes).stderr, flush=True)
        self.assertEqual(self.state(), before)
        self.shell("apt-get -q -y -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold dist-upgrade >/root/apt.log 2>&1")
        self.assertNotEqual(self.state(), before)
        self.machine.archive.replace("debian/dists/bookworm/InRelease", None)   # the archive has nothing any more
        print(self.way.back().stdout, flush=True)
        self.assert_same(before)
        again = self.way.back(run="20261121T050502Z-00000003")
        self.assertEqual(again.stdout, "done: 0 back, 0 gone\n")
        self.assert_same(before)


OLD = [
    Package("oak", "1.0", scripts={"postinst": "[ \"$1\" != configure ] || update-alternatives --install /usr/bin/tree tree /usr/bin/oak 10",
                                   "prerm": "update-alternatives --remove tree /usr/bin/oak"},
            files={"/usr/bin/oak": (b"one\n", 0o4755), "/usr/share/oak/moved": "moves to acorn\n", "/usr/share/oak/gone": "x\n",
                   "/usr/share/oak/kind": "a file\n", "/etc/oak.conf": "a = 1\n", "/etc/oak/dropped.conf": "d = 1\n",
                   "/etc/oak/deleted.conf": "x = 1\n", "/usr/share/oak/link": Link("gone"), "/usr/share/man/man1/oak.1": "man\n"},
            conffiles=["/etc/oak.conf", "/etc/oak/dropped.conf", "/etc/oak/deleted.conf"], owners={"/usr/bin/oak": (0, 8)}),
    Package("elm", "1.0", files={"/usr/share/elm/one": "elm\n", "/usr/share/elm/swapped": "is elm's\n"}, fields={"Multi-Arch": "foreign"}),
    Package("ash", "1.0", files={"/usr/share/ash/one": "ash\n", "/etc/ash.conf": "ash = 1\n"}, conffiles=["/etc/ash.conf"]),
    Package("fir", "1.0", files={"/usr/share/fir/one": "fir\n", "/etc/fir.conf": "fir = 1\n"}, conffiles=["/etc/fir.conf"],
            scripts={"postrm": "[ \"$1\" != purge ] || rm -rf /var/lib/fir"}),
]
NEW = [
    Package("acorn", "2.0", files={"/usr/share/oak/moved": "acorn's now\n", "/etc/acorn.conf": "n\n", "/usr/share/acorn/x": "x\n"},
            conffiles=["/etc/acorn.conf"], fields={"Replaces": "oak (<< 2)", "Breaks": "oak (<< 2)"}),
    Package("oak", "2.0", scripts={"postinst": "[ \"$1\" != configure ] || update-alternatives --install /usr/bin/tree tree /usr/bin/oak 20",
                                   "prerm": "update-alternatives --remove tree /usr/bin/oak"},
            files={"/usr/bin/oak": (b"two\n", 0o755), "/usr/share/oak/kind": Link("link2"), "/etc/oak.conf": "a = 2\n", "/etc/oak/deleted.conf": "x = 2\n",
                   "/etc/oak/new.conf": "new\n", "/usr/share/oak/link": "a file now\n", "/usr/share/man/man1/oak.1": "man 2\n",
                   "/usr/share/elm/swapped": "is oak's\n"},
            conffiles=["/etc/oak.conf", "/etc/oak/new.conf", "/etc/oak/deleted.conf"],
            fields={"Depends": "acorn", "Conflicts": "ash", "Replaces": "elm (<< 2)", "Breaks": "elm (<< 2)"}),
    Package("elm", "2.0", files={"/usr/share/elm/one": "elm 2\n"}, fields={"Depends": "oak (>= 2)"}),
    Package("fir", "2.0", files={"/usr/share/fir/one": "fir 2\n", "/etc/fir.conf": "fir = 2\n"}, conffiles=["/etc/fir.conf"],
            scripts={"postrm": "[ \"$1\" != purge ] || rm -rf /var/lib/fir /var/lib/fir2"}),
]
CHANGES = [("new", "acorn", "all", "-", "2.0"), ("remove", "ash", "all", "1.0", "-"), ("upgrade", "elm", "all", "1.0", "2.0"),
           ("new", "fir", "all", "-", "2.0"), ("upgrade", "oak", "all", "1.0", "2.0")]


class Made(RollBack):
    """Packages that do what real ones seldom do."""

    def put(self, packages, words):
        folder = self.machine.path("root/debs")
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        for package in packages:
            package.build(folder)
        self.shell(f"cd /root/debs; DEBIAN_FRONTEND=noninteractive apt-get -q -y {words} -o Dpkg::Options::=--force-confold install ./*.deb >>/root/apt.log 2>&1")

    def old(self):
        self.put(OLD, "")
        self.shell("""dpkg --remove fir; echo 'fir = mine' > /etc/fir.conf
            echo '# mine' >> /etc/oak.conf; chown 8:8 /etc/oak.conf; rm /etc/oak/deleted.conf
            ln /usr/share/elm/one /usr/share/elm/other-name; rm /usr/share/elm/other-name
            dpkg-divert --quiet --local --rename --divert /usr/share/man/man1/oak.1.mine --add /usr/share/man/man1/oak.1
            apt-mark auto elm; apt-mark hold ash elm; apt-mark unhold ash
            setcap cap_net_raw+ep /usr/share/elm/one 2>/dev/null || true""")

    def new(self):
        self.put(NEW, "--allow-downgrades --allow-change-held-packages")

    def test_everything_at_once(self):
        self.old()
        before = self.state()
        self.way.backup(CHANGES)
        self.new()
        self.assertEqual(self.machine.packages()["oak:all"], "2.0")
        self.assertNotIn("ash:all", self.machine.packages())
        shown = self.machine.suture("rollback", "--dry-run", check=True).stdout
        self.assertIn("oak 2.0 -> 1.0", shown)
        self.assertIn("ash 1.0 comes back", shown)
        self.assertIn("acorn 2.0 goes", shown)
        self.machine.suture("rollback", "--yes", check=True)
        self.assert_same(before)
        self.assertEqual(self.machine.suture("rollback", "--yes").returncode, 1)
        told = self.machine.suture("rollback", "--yes", "--to", BEFORE).stderr
        self.assertIn("was taken back already", told)

    def test_the_owners_conffile_survives_a_later_update(self):
        """A rebuilt package holds the owner's version: its hash must not become the vendor's."""
        self.old()
        self.way.backup(CHANGES)
        self.new()
        self.machine.suture("rollback", "--yes", check=True)
        self.put([NEW[0], NEW[1], NEW[2]], "--allow-change-held-packages")
        self.assertEqual(self.machine.read("etc/oak.conf"), "a = 1\n# mine\n")
        self.assertEqual(self.machine.read("etc/oak.conf.dpkg-dist"), "a = 2\n")

    def test_two_runs(self):
        self.old()
        before = self.state()
        self.way.backup(CHANGES)
        self.new()
        between = self.state()
        self.way.backup([("upgrade", "acorn", "all", "2.0", "3.0")], run=SECOND)
        self.put([Package("acorn", "3.0", files={"/usr/share/oak/moved": "3\n"}, fields={"Replaces": "oak (<< 2)", "Breaks": "oak (<< 2)"})], "")
        self.machine.suture("rollback", "--yes", check=True)
        self.assert_same(between)
        self.way.backup([("upgrade", "acorn", "all", "2.0", "3.0")], run="20261121T070502Z-00000004")
        self.put([Package("acorn", "3.0", files={"/usr/share/oak/moved": "3\n"}, fields={"Replaces": "oak (<< 2)", "Breaks": "oak (<< 2)"})], "")
        self.machine.suture("rollback", "--yes", "--to", BEFORE, check=True)
        self.assert_same(before)

    def test_a_tampered_store_is_refused(self):
        self.old()
        self.way.backup(CHANGES)
        self.new()
        after = self.state()
        folder = self.machine.path(f"{STATE}/runs/{BEFORE}/rollback")
        for name in sorted(os.listdir(folder)):
            with open(os.path.join(folder, name), "r+b") as file:
                whole = file.read()
                file.seek(len(whole) // 2)
                file.write(bytes([whole[len(whole) // 2] ^ 1]) if whole else b"x")
            told = self.machine.suture("rollback", "--yes", check=1).stderr
            self.assertIn("rollback store: ", told)
            with open(os.path.join(folder, name), "wb") as file:
                file.write(whole)
        now = self.state()
        self.assertEqual(now, after, now.difference(after))
        self.machine.suture("rollback", "--yes", check=True)

    def stopped(self):
        """A machine in the middle of a rollback: the old oak is being configured. What was before, and the stop point."""
        stop = StopPoint(self.machine, "oak-postinst")
        self.addCleanup(stop.close)
        self.shell("mkdir -p /var/stop")
        old = [OLD[0].with_script("postinst", f"if [ -e /var/stop/armed ]; then rm /var/stop/armed\n{stop.script}fi\n" + OLD[0].scripts["postinst"]), *OLD[1:]]
        self.put(old, "")
        self.shell("dpkg --remove fir; echo 'fir = mine' > /etc/fir.conf; echo '# mine' >> /etc/oak.conf; rm /etc/oak/deleted.conf")
        before = self.state()
        self.way.backup(CHANGES)
        self.new()
        self.machine.write("var/stop/armed", "")
        job = self.machine.start(["suture", "rollback", "--yes"])
        stop.wait()
        return before, stop, job

    def test_killed_and_gone_on_with(self):
        before, stop, job = self.stopped()
        job.kill()
        stop.go()      # suture-execute ends what it does, and then itself
        job.wait()
        told = self.machine.suture("rollback", "--yes", check=True)
        self.assertIn("Done, by run", told.stdout)
        self.assert_same(before)

    def test_the_plug_is_pulled(self):
        before, _, job = self.stopped()
        self.machine.power_off()
        job.wait()
        self.machine.boot()
        self.assertNotEqual(self.state(), before)
        self.machine.suture("rollback", "--yes", check=True)
        self.assert_same(before)

    def test_neither_forward_nor_back(self):
        with Machine("small") as machine:
            shop = MadeArchive(machine)
            self.addCleanup(shop.end)
            shop.install(Package("oak", "1.0", scripts={"postinst": "test ! -e /root/spoiled"}))
            shop.offer(Package("oak", "1.1", scripts={"postinst": "touch /root/spoiled; exit 3"}))
            shop.publish()
            machine.advise()
            old = State(machine.root)
            told = machine.suture("apply", "--yes", check=1)
            self.assertIn("The machine is between two states", " ".join(told.stdout.split()))
            run = re.search(r"suture rollback --to (\S+)", " ".join(told.stdout.split()))[1]
            again = machine.suture("rollback", "--yes", "--to", run, check=1)
            self.assertNotIn("another hand", again.stdout)
            os.remove(machine.path("root/spoiled"))
            machine.suture("rollback", "--yes", "--to", run, check=True)
            self.assertEqual(State(machine.root).difference(old), "")

    def test_what_does_not_hold_keeps_nothing_else_out(self):
        scenario = next(one for one in SCENARIOS if one.name == "plain")
        with Machine("small") as machine:
            shop = scenario.prepare(machine)
            self.addCleanup(shop.end)
            old = State(machine.root)
            run = apply(machine).run["id"]
            store = machine.path(f"/var/lib/suture/runs/{run}/rollback")
            os.chmod(store, 0o777)
            refused = rollback(machine)
            self.assertEqual(refused.status, 1)
            self.assertIn("wrong-signature", refused.errors)
            self.assertNotIn("stays open", refused.errors)
            self.assertEqual(apply(machine).json["end"], "nothing")      # and not "a rollback was interrupted"
            os.chmod(store, 0o700)
            self.assertEqual(rollback(machine).status, 0)
            self.assertEqual(State(machine.root).difference(old), "")

    def test_too_little_room(self):
        self.old()
        self.shell(f"mkdir -p {STATE}/runs; mount -t tmpfs -o size=1m none {STATE}/runs")
        done = self.way.backup(CHANGES, check=1)
        self.assertIn("the way back needs", done.stderr)
        self.assertEqual(self.shell(f"ls {STATE}/runs/{BEFORE} 2>/dev/null || true"), "")


class Applied(RollBack):
    """suture apply and suture rollback, nothing between."""
    size = Real.size

    def policy(self, before):
        self.machine.write("etc/suture/policy.yaml", "name: house\nversion: 1\nprofiles: [seed-cvss]\nbefore:\n" + before)

    def test_apply_and_back(self):
        self.machine.advise()
        self.policy("  hooks:\n    - command: /root/dump now\n"
                    "  backup: {kind: command, command: /bin/date -u +%Y-%m-%dT%TZ, maximum age: 1 hours}\n")
        self.machine.write("root/dump", "#!/bin/sh\necho $1 >> /root/dumped\n", 0o755)
        before = self.state()
        done = json.loads(self.machine.suture("apply", "--yes", "--security", "--format", "json", check=True).stdout)
        self.assertEqual(self.machine.read("root/dumped"), "now\n")
        self.assertNotEqual(self.state(), before)
        self.blocks_hold(self.state())
        back = json.loads(self.machine.suture("rollback", "--yes", "--format", "json", check=True).stdout)
        self.assertEqual((back["runs"][0]["run"], back["runs"][0]["state"]), (done["run"]["id"], "done"))
        self.assert_same(before)

    def blocks_hold(self, now):
        """What people have blocked does not come back this way either, and nothing is changed."""
        order = {"schema": "suture.order/1", "kind": "block", "id": "2026-11-21-00000001", "made": "2026-11-21T00:00:00Z",
                 "ends": "2027-02-21T00:00:00Z", "by": "eve", "reason": "it is malicious", "everything": True}
        seen = "2026-11-21T01:00:00Z"
        record = {"schema": "suture.trust-record/1", "repository": "https://s.example/", "solo": False, "solo_until": None, "tried": seen,
                  "refreshed": seen, "problem": "", "roles": [], "policy": None, "next_policy": None,
                  "orders": [{"order": json.dumps(order, sort_keys=True, separators=(",", ":")), "role": "block", "persons": 2, "seen": seen, "begins": seen}]}
        self.machine.run(["mkdir", "-m", "700", STATE + "/trust"], check=True)
        self.machine.write("var/lib/suture/trust/record", json.dumps(record), 0o600)
        told = self.machine.suture("rollback", "--yes", check=1).stderr
        self.assertRegex(told, "is not taken back: block: .* must not be installed: 2026-11-21-00000001 by eve: it is malicious")
        self.machine.run(["rm", "-r", STATE + "/trust"], check=True)
        self.assert_same(now)

    def test_precautions_that_fail_end_the_run(self):
        self.machine.advise()
        before = self.state()
        self.policy("  backup: {kind: command, command: /bin/echo 2026-01-01, maximum age: 1 days}\n")
        told = self.machine.suture("apply", "--yes", "--security", check=1).stderr
        self.assertIn("the policy allows 24", told)
        self.policy("  hooks:\n    - command: /bin/false\n")
        self.assertIn("hook 1: /bin/false: ended with 1", self.machine.suture("apply", "--yes", "--security", check=1).stderr)
        os.chmod(self.machine.path("etc/suture/policy.yaml"), 0o666)
        self.assertIn("not only root may write it", self.machine.suture("apply", "--yes", "--security", check=1).stderr)
        self.assert_same(before)


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] in ("small", "middle", "large"):
        size = sys.argv.pop(1)
    main()
