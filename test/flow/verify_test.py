#!/usr/bin/env python3
"""`suture verify` and `suture report` from outside: runs that were sealed, a machine that is as they say or not, records that somebody
edited, and a real process that runs a file which was replaced."""
import json
import os
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from made_root import MadeRoot  # noqa: E402
from scan_test import TRACKER, machine  # noqa: E402

RUN = "20261121T030502Z-9f3a61c2"


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def record(packages, run=RUN, holes=(), checks=(), data=(), **more):
    """The facts of a run as suture.evidence/1 has them."""
    return {"kind": "apply", "run": run, "plan": None, "outcome": "done", "takes_back": False, "tool": "suture test",
            "begun": "2026-11-21T03:05:02Z", "made": "2026-11-21T03:06:00Z", "host": "web-03", "release": "debian-12", "policy": "built-in v1",
            "packages": [{"name": name, "arch": "amd64", "source": source, "from": before, "to": to, "installed": to, "state": "installed",
                          "reboot": False} for name, source, before, to in packages],
            "scan": {"done": False, "data": [{"feed": feed, "before": when, "now": None} for feed, when in data]},
            "holes": [{"id": cve, "source": source, "listed": False} for cve, source in holes], "checks": list(checks),
            "running": {"looked": True, "total": 9, "unreadable": 0, "hidden": False, "kernel_running": None, "kernel_installed": None,
                        "reboot_needed": False, "reboot_why": None, "processes": []},
            "verdicts": {name: {"proof": "unknown", "why": ""} for name in ("applied", "works", "old_code_gone")}, **more}


EXPAT = ("libexpat1", "expat", "2.5.0-1", "2.5.0-1+deb12u1")


class VerifyTest(unittest.TestCase):
    def setUp(self):
        self.root = MadeRoot()
        self.addCleanup(self.root.__exit__)
        machine(self.root)
        self.state = os.path.join(self.root.home, "state")

    def seal(self, facts, state=None):
        done = subprocess.run([os.environ["SUTURE_TOOL_SEAL"]], input=json.dumps(facts), text=True, capture_output=True, check=False,
                              env={"SUTURE_STATE": state or self.state})
        self.assertEqual(done.returncode, 0, done.stderr)
        return int(done.stdout)

    def path(self, number):
        return os.path.join(self.state, "evidence", f"{number:08}.json")

    def feed(self):
        path = os.path.join(self.root.folder, "tracker.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(TRACKER, file)
        self.root.suture("feed", "import", "--release", "debian-12", path, check=0)

    def verify(self, *arguments, check):
        """Where root may not read every process (a container in a container), what would be yes is unknown: that is no mistake."""
        done = self.root.as_machine("verify", "--format", "json", *arguments)
        got = json.loads(done.stdout) if done.stdout else self.fail(done.stderr)
        self.unread = got["record"]["running"]["unreadable"] > 0
        self.assertEqual(done.returncode, 4 if check == 0 and self.unread else check, done.stderr)
        return got


@unittest.skipUnless(MadeRoot.can_be_machine() and os.geteuid() == 0, "no root, or no mount namespaces here")
class Verify(VerifyTest):
    def test_nothing_was_done(self):
        done = self.root.as_machine("verify", check=4)
        self.assertIn("nothing was proved here yet: suture apply records what it did", done.stderr)
        self.assertIn("nothing was proved here yet", self.root.suture("report", check=4).stderr)

    def test_as_it_was_left(self):
        self.seal(record([EXPAT]))
        got = self.verify(check=0)
        self.assertEqual({name: verdict["proof"] for name, verdict in got["verdicts"].items()},
                         {"applied": "yes", "works": "not-asked", "old_code_gone": "unknown" if self.unread else "yes"})
        self.assertEqual((got["run"], got["evidence"]["number"]), (RUN, 2))
        self.assertEqual(got["record"]["kind"], "verify")
        # What was found is the next record of the chain, and a later look is about the run all the same.
        self.assertEqual(self.verify(check=0)["evidence"]["number"], 3)
        self.assertEqual(self.verify("--now", "2026-11-22", check=0)["evidence"], None)
        self.assertFalse(os.path.exists(self.path(4)))
        screen = self.root.as_machine("verify").stdout
        self.assertIn("1 package as planned", screen)
        self.assertIn("Evidence 4: " + self.path(4), screen)

    def test_a_package_that_went_back_is_named(self):
        self.seal(record([EXPAT[:3] + ("2.5.0-1+deb12u2",), ("gone", "gone", None, "1.0")]))
        done = self.root.as_machine("verify", check=1)
        self.assertIn("2 of 2 packages: libexpat1 is 2.5.0-1+deb12u1, not 2.5.0-1+deb12u2, gone is not installed", " ".join(done.stdout.split()))
        self.assertIn(f"run {RUN}: not applied as planned", done.stderr)

    def test_holes_close_on_positive_evidence_only(self):
        holes = [("CVE-2026-1001", "expat"), ("CVE-2026-9999", "expat")]
        self.seal(record([EXPAT], holes=holes, data=[("debian-tracker", "2026-11-20T00:00:00Z")]))
        got = self.verify(check=4)  # no advisory data: what is closed is not known
        self.assertEqual({hole["state"] for hole in got["holes"]}, {"unknown"})
        self.feed()
        got = self.verify(check=1)
        states = {hole["id"]: hole["state"] for hole in got["holes"]}
        self.assertEqual(states["CVE-2026-1001"], "open", "u1 does not close it")
        self.assertIn(states["CVE-2026-9999"], ("closed", "unknown"))

    def test_checks_are_the_policys(self):
        policy = os.path.join(self.root.folder, "policy.yaml")
        with open(policy, "w", encoding="utf-8") as file:
            file.write("name: own\nversion: 1\nprofiles: [seed-cvss]\nafter:\n  checks:\n    - command: /bin/true\n    - command: /bin/false\n")
        passed = {"outcome": "passed", "why": None}
        asked = [{"kind": "command", "target": target, "expected": 0, "limit_ms": 1000, "before": passed, "after": passed}
                 for target in ("/bin/true", "/bin/false", "/bin/touch " + self.root.folder + "/evil")]
        self.seal(record([EXPAT], checks=asked))
        got = self.verify("--policy", policy, check=1)
        self.assertEqual(got["verdicts"]["works"]["why"], "1 of 2 checks passed before and fail now: command /bin/false (ended with 1, not 0)")
        self.assertFalse(os.path.exists(self.root.folder + "/evil"), "a command in a record is not run")
        self.assertEqual(self.verify(check=0)["verdicts"]["works"]["proof"], "not-asked")
        os.chmod(policy, 0o666)
        self.assertIn("not only root may write it", self.root.as_machine("verify", "--policy", policy, check=1).stderr)

    def test_a_run_by_its_name(self):
        self.seal(record([EXPAT], run="20261101T000000Z-00000001"))
        self.seal(record([("gone", "gone", None, "1.0")], run="20261102T000000Z-00000002"))
        self.assertEqual(self.verify(check=1)["run"], "20261102T000000Z-00000002")
        self.assertEqual(self.verify("--run", "20261101T000000Z-00000001", check=0)["verdicts"]["applied"]["proof"], "yes")
        self.assertIn('no record of a run "nope"', self.root.as_machine("verify", "--run", "nope", check=4).stderr)

    def test_a_record_from_somewhere_else(self):
        self.seal(record([EXPAT]))
        self.seal(record([EXPAT]))
        other = os.path.join(self.root.folder, "from-web-03.json")
        shutil.copy(self.path(2), other)
        own = json.loads(self.root.suture("verify", "--record", other, "--format", "json", check=0).stdout)
        self.assertEqual((own["key"], own["place"], own["number"], own["recomputed"]), ("own", "same", 2, True))
        key = json.loads(read(other))["key"]
        elsewhere = {"SUTURE_STATE": os.path.join(self.root.folder, "nowhere")}
        strange = json.loads(self.root.suture("verify", "--record", other, "--format", "json", check=0, environment=elsewhere).stdout)
        self.assertEqual((strange["key"], strange["place"]), ("record", "other-chain"))
        self.assertIn("nobody here vouches for it", " ".join(self.root.suture("verify", "--record", other, environment=elsewhere).stdout.split()))
        given = json.loads(self.root.suture("verify", "--record", other, "--key", key, "--format", "json", check=0, environment=elsewhere).stdout)
        self.assertEqual(given["key"], "given")
        wrong = self.root.suture("verify", "--record", other, "--key", "0" * 64, check=1, environment=elsewhere)
        self.assertIn("another key signed it: sha256:", wrong.stderr)
        text = read(other)
        for old, new, why in (('"host":"web-03"', '"host":"web-04"', "the signature does not hold"),
                              ('"proof":"yes"', '"proof":"no"', "the signature does not hold"),
                              ('"host"', ' "host"', "is not in canonical form"), ("{", "", "line 1, column 12")):
            with open(other, "w", encoding="utf-8") as file:
                file.write(text.replace(old, new, 1))
            self.assertIn(why, self.root.suture("verify", "--record", other, check=1).stderr)

    def test_report(self):
        self.seal(record([EXPAT]))
        self.seal(record([EXPAT], run="20261122T000000Z-00000002", host="<script>alert(1)</script>"))
        screen = self.root.suture("report", check=0).stdout
        self.assertIn("2 of 2 records hold", screen)
        got = json.loads(self.root.suture("report", "--format", "json", check=0).stdout)
        self.assertEqual([entry["run"] for entry in got["evidence"]], ["20261122T000000Z-00000002", RUN])
        self.assertEqual(got["evidence"][1]["verdicts"]["applied"]["proof"], "yes")
        page = self.root.suture("report", "--format", "html", check=0).stdout
        self.assertNotIn("<script", page)
        self.assertIn("&lt;script&gt;", page)
        one = self.root.suture("report", "--run", RUN, check=0).stdout
        self.assertIn("1 package as planned", one)
        self.assertNotIn("20261122", one)

    def test_what_was_done_to_the_chain_is_told(self):
        for _ in range(3):
            self.seal(record([EXPAT]))
        text = read(self.path(2))
        with open(self.path(2), "w", encoding="utf-8") as file:
            file.write(text.replace("web-03", "web-04"))
        done = self.root.suture("report", check=1)
        self.assertIn("(!) record 2: the signature does not hold", done.stdout)
        self.assertIn("(!) record 3: does not follow record 2 as that is now", done.stdout)
        self.assertIn("DOES NOT HOLD", done.stdout)
        self.assertIn("the evidence does not hold: 2 problems", done.stderr)
        os.remove(self.path(2))
        self.assertIn("(!) record 2: is missing", self.root.suture("report", check=1).stdout)
        # A new key: what the old one signed is told apart.
        with open(self.path(2), "w", encoding="utf-8") as file:
            file.write(text)
        self.root.suture("report", check=0)
        os.remove(os.path.join(self.state, "machine.key"))
        self.seal(record([EXPAT]))
        self.assertIn("3 of them were signed by another key", self.root.suture("report", check=1).stdout)
        os.chmod(os.path.join(self.state, "machine.key"), 0o644)
        self.assertIn("others may read it (mode 0644)", self.root.suture("report", check=1).stderr)

    def test_wrong_usage(self):
        for arguments, why in ((("--record", "x", "--run", "y"), "--record checks a file"), (("--key", "00"), "--key goes with --record"),
                               (("--restart", "--now", "2026-11-22"), "--now looks at another time")):
            self.assertIn(why, self.root.as_machine("verify", *arguments, check=2).stderr)


@unittest.skipUnless(MadeRoot.can_be_machine() and os.geteuid() == 0, "no root, or no mount namespaces here")
class OldCode(VerifyTest):
    """A process of a packaged program in /opt, which is the made root's."""

    def test_a_real_process_is_named(self):
        tool = self.root.path("opt/vendor/tool")
        os.makedirs(os.path.dirname(tool))
        shutil.copy("/bin/sleep", tool)
        self.root.write("var/lib/dpkg/info/libexpat1.list", "/.\n/opt\n/opt/vendor\n/opt/vendor/tool\n")
        self.seal(record([EXPAT]))
        script = (" && ".join(f'mount --bind "{self.root.path(name)}" "/{name}"' for name in ("var/lib/dpkg", "var/lib/apt", "etc/apt", "opt")) +
                  " && { /opt/vendor/tool 600 & } && pid=$! && until grep -q vendor/tool /proc/$pid/maps; do :; done"
                  " && cp /bin/sleep /opt/vendor/tool.new && mv /opt/vendor/tool.new /opt/vendor/tool && echo $pid"
                  " && \"$0\" verify --format json >\"$1\"; code=$?; kill $pid; exit $code")
        out = os.path.join(self.root.folder, "out.json")
        environment = {"PATH": "/usr/bin:/bin", "HOME": self.root.home, "LC_ALL": "C.UTF-8", "TZ": "UTC", "SUTURE_STATE": self.state}
        done = subprocess.run(["unshare", "--mount", "sh", "-c", script, self.root.program, out], env=environment, capture_output=True, text=True,
                              check=False, timeout=120)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("old code still runs", done.stderr)
        with open(out, encoding="utf-8") as file:
            got = json.load(file)
        self.assertEqual(got["verdicts"]["old_code_gone"]["proof"], "no")
        [process] = got["record"]["running"]["processes"]
        self.assertEqual((process["pid"], process["process"], process["path"], process["package"], process["possible"]),
                         (int(done.stdout), "tool", "/opt/vendor/tool", "libexpat1", False))


    def test_a_scan_says_what_stays_open_in_memory(self):
        """Found, then closed on disk by an update, while a process that began before runs the old file."""
        tool = self.root.path("opt/vendor/tool")
        os.makedirs(os.path.dirname(tool))
        shutil.copy("/bin/sleep", tool)
        self.root.write("var/lib/dpkg/info/libexpat1.list", "/.\n/opt\n/opt/vendor\n/opt/vendor/tool\n")
        self.feed()
        status = self.root.path("var/lib/dpkg/status")
        with open(status, encoding="utf-8") as file:
            updated = file.read().replace("2.5.0-1+deb12u1", "2.5.0-1+deb12u5")
        self.root.write("status.new", updated)
        scans = [os.path.join(self.root.folder, f"scan{i}.json") for i in range(5)]
        script = (" && ".join(f'mount --bind "{self.root.path(name)}" "/{name}"' for name in ("var/lib/dpkg", "var/lib/apt", "etc/apt", "opt")) +
                  " && { /opt/vendor/tool 600 & } && pid=$! && until grep -q vendor/tool /proc/$pid/maps; do :; done"
                  f' && "$0" scan --format json >{scans[0]}'
                  " && cp /bin/sleep /opt/vendor/tool.new && mv /opt/vendor/tool.new /opt/vendor/tool"
                  f' && cat {self.root.path("status.new")} >/var/lib/dpkg/status'
                  f' && "$0" scan --format json >{scans[1]} && "$0" scan --format json >{scans[2]} && "$0" scan >{scans[3]}'
                  f' && kill $pid && while [ -e /proc/$pid/maps ] && grep -q vendor /proc/$pid/maps; do :; done'
                  f' && "$0" scan --format json >{scans[4]}')
        environment = {"PATH": "/usr/bin:/bin", "HOME": self.root.home, "LC_ALL": "C.UTF-8", "TZ": "UTC", "SUTURE_STATE": self.state}
        done = subprocess.run(["unshare", "--mount", "sh", "-c", script, self.root.program], env=environment, capture_output=True, text=True,
                              check=False, timeout=120)
        self.assertEqual(done.returncode, 0, done.stderr)

        def states(number):
            return {finding["id"]: finding["state"] for finding in json.loads(read(scans[number]))["findings"] if finding["source"] == "expat"}
        first = states(0)
        self.assertEqual((first["CVE-2026-1001"], first["CVE-2026-1002"]), ("open", "open"))
        for number in (1, 2):  # the scan that sees it first, and every later one
            got = states(number)
            self.assertEqual((got["CVE-2026-1001"], got["CVE-2026-1002"], got["CVE-2026-1003"]), ("restart-needed", "restart-needed", "open"))
        was = {finding["id"]: finding for finding in json.loads(read(scans[0]))["findings"]}["CVE-2026-1001"]
        now = {finding["id"]: finding for finding in json.loads(read(scans[2]))["findings"]}["CVE-2026-1001"]
        self.assertEqual(now["due"][:10], was["due"][:10], "its clock runs on")
        self.assertIn("1 process runs old code of replaced files: restart needed; until then 2 holes stay open that are closed on disk",
                      " ".join(read(scans[3]).split()))
        self.assertNotIn("CVE-2026-1001", states(4))


if __name__ == "__main__":
    unittest.main()
