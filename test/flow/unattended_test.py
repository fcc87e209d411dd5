#!/usr/bin/env python3
"""`suture unattended` on made roots: what it says is what it makes, and off leaves everything as it was, whatever happened between."""
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from made_root import MadeRoot  # noqa: E402

UNITS = "etc/systemd/system"
NO_UPGRADES = 'APT::Periodic::Unattended-Upgrade "0";'


def tree(root):
    """Everything below a root: kinds, permissions, owners, inodes, times and contents."""
    found = {}
    for folder, names, files in os.walk(root):
        for name in names + files:
            path = os.path.join(folder, name)
            stat = os.lstat(path)
            if os.path.islink(path):
                content = os.readlink(path)
            elif os.path.isfile(path):
                with open(path, "rb") as file:
                    content = hashlib.sha256(file.read()).hexdigest()
            else:
                content = None
            times = None if os.path.isdir(path) and not os.path.islink(path) else stat.st_mtime_ns
            found[os.path.relpath(path, root)] = (stat.st_mode, stat.st_uid, stat.st_ino, times, content)
    return found


class Unattended(unittest.TestCase):
    def setUp(self):
        self.root = MadeRoot()
        self.addCleanup(self.root.__exit__)
        root = self.root
        for package in ("expat", "unattended-upgrades", "packagekit", "gnome-software", "snapd"):
            root.install(package, "1.0")
        root.archive("bookworm", [("expat", "1.1", "expat", 1000)])
        root.write("usr/lib/systemd/systemd", "")
        for unit in ("apt-daily.timer", "apt-daily-upgrade.timer"):
            root.write(f"usr/lib/systemd/system/{unit}", "[Timer]\nOnCalendar=daily\n")
            self.link(f"{UNITS}/timers.target.wants/{unit}", f"/lib/systemd/system/{unit}")
        self.link(f"{UNITS}/multi-user.target.wants/snapd.service", "/lib/systemd/system/snapd.service")
        root.write("etc/apt/apt.conf.d/20auto-upgrades", 'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "1";\n')
        os.symlink("/usr/share/zoneinfo/Europe/Amsterdam", root.path("etc/localtime"))

    def link(self, name, target):
        path = self.root.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.symlink(target, path)

    def call(self, what, *arguments, check=0):
        done = self.root.suture("unattended", what, "--root", self.root.root, *arguments, check=check)
        self.assertEqual(len(done.stderr.splitlines()), 0 if check == 0 else 1, done.stderr)
        return done

    def json(self, what, *arguments, check=0):
        return json.loads(self.call(what, "--format", "json", *arguments, check=check).stdout)

    def at_work(self):
        return {o["name"] for o in self.json("status")["others"]}

    def test_without_yes_nothing_is_changed(self):
        before = tree(self.root.root)
        done = self.call("on", "--take-over", check=1)
        self.assertIn("nothing was changed; --yes does it", done.stderr)
        self.assertEqual(tree(self.root.root), before)
        self.assertIn("mask", done.stdout)
        self.assertIn("/etc/systemd/system/apt-daily-upgrade.timer", done.stdout)
        self.assertIn(NO_UPGRADES, done.stdout)

    def test_on_sets_up_the_timer_and_touches_nobody(self):
        self.assertEqual(self.at_work(), {"unattended-upgrades", "apt-daily", "PackageKit", "snapd"})
        done = self.call("on", "--yes")
        self.assertIn("unattended-upgrades is on and also installs updates here: stays; --take-over switches it off", " ".join(done.stdout.split()))
        self.assertEqual(os.readlink(self.root.path(f"{UNITS}/timers.target.wants/suture.timer")), "../suture.timer")
        with open(self.root.path(f"{UNITS}/suture.service"), encoding="utf-8") as file:
            service = file.read()
        self.assertIn(f"\nExecStart={os.path.realpath(self.root.program)} unattended run\n", service)
        self.assertNotIn("@", service)
        status = self.json("status")
        self.assertTrue(status["on"] and status["timer"])
        self.assertEqual({o["name"] for o in status["others"]}, {"unattended-upgrades", "apt-daily", "PackageKit", "snapd"})

    def test_units_are_good(self):
        if shutil.which("systemd-analyze") is None:
            self.skipTest("no systemd-analyze")
        program = os.path.realpath(self.root.program)
        self.call("on", "--yes", "--program", program)
        with tempfile.TemporaryDirectory() as folder:
            names = []
            for unit in ("suture.service", "suture.timer"):
                names.append(shutil.copy(self.root.path(f"{UNITS}/{unit}"), folder))
            done = subprocess.run(["systemd-analyze", "verify", *names], capture_output=True, text=True, check=False)
        said = [line for line in done.stderr.splitlines() if "suture" in line]
        self.assertEqual((done.returncode, said), (0, []), done.stderr)

    def test_the_policy_that_is_made_is_good(self):
        self.call("on", "--yes")
        done = self.root.suture("policy", "check", self.root.path("etc/suture/policy.yaml"), check=0)
        self.assertIn("calendar of Europe/Amsterdam", " ".join(done.stdout.split()))
        self.assertIn("asks for new powers is held until a person decides", " ".join(done.stdout.split()))

    def test_a_policy_that_is_there_stays(self):
        self.root.write("etc/suture/policy.yaml", "name: mine\nversion: 1\nprofiles: [seed-cvss]\n")
        before = tree(self.root.root)
        self.call("on", "--yes")
        self.call("off")
        after = tree(self.root.root)
        self.assertEqual(after.pop("var/lib/suture/unattended.lock", None) is not None, True)
        self.assertEqual({k: v for k, v in after.items() if not k.startswith("var/lib/suture")}, before)

    def test_taken_over_and_given_back(self):
        own = self.root.write(f"{UNITS}/packagekit.service", "[Service]\nExecStart=/opt/mine\n")
        os.chmod(own, 0o640)
        os.utime(own, (1, 1))
        before = tree(self.root.root)
        done = self.call("on", "--take-over", "--yes")
        said = " ".join(done.stdout.split())
        self.assertIn("snapd updates snaps by itself: stays: it updates snaps, which Suture does not", said)
        self.assertNotIn("still at work", said)
        self.assertEqual(self.at_work(), {"apt-daily", "snapd"})
        for unit in ("apt-daily-upgrade.timer", "unattended-upgrades.service", "packagekit.service", "packagekit-offline-update.service"):
            self.assertEqual(os.readlink(self.root.path(f"{UNITS}/{unit}")), "/dev/null", unit)
        self.assertFalse(os.path.lexists(self.root.path(f"{UNITS}/apt-daily.timer")), "its lists are read here")
        self.assertIn("on already", self.call("on", "--yes", check=1).stderr)
        report = self.json("off")
        self.assertEqual({c["outcome"] for c in report["changes"]}, {"returned"})
        after = {k: v for k, v in tree(self.root.root).items() if not k.startswith("var/lib/suture")}
        self.assertEqual(after, before)
        self.assertEqual(self.at_work(), {"unattended-upgrades", "apt-daily", "PackageKit", "snapd"})
        self.assertIn("nothing to give back", self.call("off").stdout)

    def test_what_it_says_is_what_it_makes(self):
        before = tree(self.root.root)
        said = json.loads(self.call("on", "--take-over", "--format", "json", check=1).stdout)
        self.call("on", "--take-over", "--yes")
        made = {k for k in tree(self.root.root) if k not in before and not k.startswith("var/lib/suture")}
        self.assertEqual({c["path"].lstrip("/") for c in said["changes"]}, made)
        for change in said["changes"]:
            if change["kind"] == "file":
                with open(self.root.path(change["path"].lstrip("/")), encoding="utf-8") as file:
                    self.assertEqual(file.read(), change["content"])

    def test_who_is_still_at_work_is_named(self):
        # apt.conf is read after all parts: it wins over any file of ours, and cron starts what the timer does not.
        self.root.write("etc/apt/apt.conf", 'APT::Periodic::Unattended-Upgrade "1";\n')
        os.remove(self.root.path("usr/lib/systemd/systemd"))
        self.root.write("etc/cron.daily/apt-compat", "")
        self.root.write("usr/sbin/cron", "")
        done = self.call("on", "--take-over", "--yes")
        self.assertIn("(!) others unattended-upgrades is still at work", " ".join(done.stdout.split()))

    def test_what_somebody_changed_is_left_and_said(self):
        self.call("on", "--take-over", "--yes")
        self.root.write("etc/suture/policy.yaml", "name: mine\nversion: 2\nprofiles: [seed-cvss]\n")
        os.remove(self.root.path(f"{UNITS}/apt-daily-upgrade.timer"))
        report = {c["path"]: c["outcome"] for c in self.json("off")["changes"]}
        self.assertEqual(report["/etc/suture/policy.yaml"], "changed")
        self.assertEqual(report["/etc/suture"], "in-use")
        self.assertEqual(report["/etc/systemd/system/apt-daily-upgrade.timer"], "returned")
        self.assertTrue(os.path.exists(self.root.path("etc/suture/policy.yaml")))
        self.assertFalse(os.path.lexists(self.root.path(f"{UNITS}/suture.service")))

    def test_a_broken_record_is_told(self):
        self.call("on", "--yes")
        path = self.root.path("var/lib/suture/takeover")
        with open(path, "w", encoding="utf-8") as file:
            file.write("Format: 1\n")
        for what in ("on", "off", "status"):
            self.assertIn("takeover: line 1: Phase is missing", self.call(what, check=1).stderr)

    def test_a_link_out_of_the_root_is_not_followed(self):
        outside = os.path.join(self.root.folder, "outside")
        os.makedirs(outside)
        shutil.rmtree(self.root.path(UNITS))
        os.symlink(outside, self.root.path(UNITS))
        self.assertIn("is no folder of its own", self.call("on", "--yes", check=1).stderr)
        self.assertEqual(os.listdir(outside), [])

    def test_a_program_that_systemd_cannot_start(self):
        self.assertIn("systemd cannot start a program of this name", self.call("on", "--yes", "--program", "/opt/my suture", check=1).stderr)

    def test_a_look_at_this_machine(self):
        done = self.root.suture("unattended", "run", "--dry-run")
        self.assertIn(done.returncode, (0, 4))
        self.assertTrue(done.stdout.strip())


if __name__ == "__main__":
    unittest.main()
