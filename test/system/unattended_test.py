#!/usr/bin/env python3
"""`suture unattended` and `suture level` in made machines: what real apt and real files make of them."""
import json
import os
import time
import unittest

from interrupt import Journal
from machine import Machine, main
from made_debs import MadeArchive, Package
from state import State

AUTO = 'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "1";\n'


def etc(machine):
    """What is below /etc: {path: what its inode says}."""
    found = {}
    for folder, folders, names in os.walk(machine.path("etc")):
        for name in folders + names:
            path = os.path.join(folder, name)
            at = os.lstat(path)
            times = None if name in folders else at.st_mtime_ns
            found[os.path.relpath(path, machine.root)] = (at.st_mode, at.st_uid, at.st_gid, times, os.readlink(path) if os.path.islink(path) else None)
    return found


class TakeOver(unittest.TestCase):
    def setUp(self):
        self.machine = Machine("middle")
        self.addCleanup(self.machine.end)
        shop = MadeArchive(self.machine, debian=True, gates=True)
        self.addCleanup(shop.end)
        shop.install(Package("unattended-upgrades", "2.9", files={"/etc/apt/apt.conf.d/20auto-upgrades": AUTO},
                             conffiles=["/etc/apt/apt.conf.d/20auto-upgrades"]))

    def periodic(self):
        told = self.machine.run(["apt-config", "dump", "APT::Periodic"], check=True).stdout
        return dict(line.rstrip(";").replace('"', "").split(" ", 1) for line in told.splitlines() if " " in line)

    def at_work(self):
        return {o["name"] for o in json.loads(self.machine.suture("unattended", "status", "--format", "json", check=True).stdout)["others"]}

    def test_apt_obeys_and_everything_comes_back(self):
        machine = self.machine
        machine.suture("unattended", "status", check=True)      # its state folder is made by whoever first remembers anything
        before, files, packages = self.periodic(), etc(machine), State(machine.root)
        self.assertEqual(before["APT::Periodic::Unattended-Upgrade"], "1")
        self.assertIn("unattended-upgrades", self.at_work())
        done = machine.suture("unattended", "on", "--take-over", "--yes", check=True)
        self.assertNotIn("still at work", done.stdout)
        self.assertEqual(self.periodic()["APT::Periodic::Unattended-Upgrade"], "0")
        self.assertEqual(self.periodic()["APT::Periodic::Update-Package-Lists"], "1")
        self.assertNotIn("unattended-upgrades", self.at_work())
        told = machine.run(["systemctl", "is-enabled", "apt-daily-upgrade.timer", "suture.timer", "apt-daily.timer"]).stdout.split()
        self.assertEqual(told, ["masked", "enabled", "enabled"])
        machine.suture("unattended", "off", check=True)
        self.assertEqual(etc(machine), files)
        self.assertEqual(self.periodic(), before)
        self.assertEqual(State(machine.root).difference(packages), "")

    def test_it_survives_the_power_going(self):
        machine = self.machine
        files = etc(machine)
        machine.suture("unattended", "on", "--take-over", "--yes", check=True)
        machine.power_off()
        machine.boot()
        self.assertTrue(json.loads(machine.suture("unattended", "status", "--format", "json", check=True).stdout)["on"])
        machine.suture("unattended", "off", check=True)
        self.assertEqual(etc(machine), files)


class Levels(unittest.TestCase):
    def setUp(self):
        self.machine = Machine("small")
        self.addCleanup(self.machine.end)
        self.machine.advise(exploited=["openssl"])

    def test_an_order_over_a_power_cut(self):
        machine = self.machine
        everything = {c["name"] for c in json.loads(machine.suture("plan", "--format", "json", check=True).stdout)["changes"]}
        self.assertGreater(len(everything), 5)
        machine.suture("level", "essential", "--reason", "storm", "--for", "3d", check=True)
        machine.power_off()
        machine.boot()
        got = json.loads(machine.suture("scan", "--format", "json", check=True).stdout)
        self.assertEqual(got["level"], "essential")
        # All is late, so all of it is due before the order ends: nothing is postponed, whatever the level.
        self.assertEqual({c["name"] for c in json.loads(machine.suture("plan", "--format", "json", check=True).stdout)["changes"]}, everything)
        machine.suture("level", "normal", check=True)
        self.assertFalse(os.path.exists(machine.path("var/lib/suture/order")))

    def test_what_is_not_due_before_the_end_waits(self):
        machine = self.machine
        machine.advise(age_days=1, exploited=["openssl"])
        machine.suture("level", "essential", "--reason", "storm", "--for", "3d", check=True)
        plan = json.loads(machine.suture("plan", "--format", "json", check=True).stdout)
        sources = {c["source"] for c in plan["changes"]}
        self.assertIn("openssl", sources)
        waits = json.loads(machine.suture("postponed", "--format", "json", check=True).stdout)
        self.assertTrue(waits["postponed"])
        self.assertEqual(waits["summary"]["needed_by_fixes"], 0)
        named = {p["package"] for row in waits["postponed"] for p in row["packages"]}
        self.assertEqual(named & {c["name"] for c in plan["changes"]}, set())
        self.assertEqual(named, {left["name"] for left in plan["left"] if left["reason"] == "postponed"})


class Runs(unittest.TestCase):
    """One look of the timer, with a window that is open for hours, or far away."""

    def setUp(self):
        self.machine = Machine("small")
        self.addCleanup(self.machine.end)

    def policy(self, opens_in_hours, length=12, unattended="{new powers: take}"):
        hour = (time.gmtime().tm_hour + opens_in_hours) % 24
        self.machine.write("etc/suture/policy.yaml", "name: local\nversion: 1\nprofiles: [seed-cvss, exploited]\n"
                           f'window: {{start: "{hour:02}:00", length: {length} hours}}\nunattended: {unattended}\n')

    def look(self, *words, check=0):
        return self.machine.suture("unattended", "run", *words, check=check)

    def status(self):
        return json.loads(self.machine.suture("status", "--format", "json", check=True).stdout)

    def test_in_the_window_all_that_is_due_is_applied(self):
        machine = self.machine
        machine.advise(exploited=["openssl"])
        self.policy(-2)
        before = machine.packages()
        due = {c["name"]: c["to"] for c in json.loads(machine.suture("plan", "--format", "json", check=True).stdout)["changes"]}
        said = self.look("--dry-run").stdout
        self.assertIn("and the window is open", said)
        self.assertEqual(machine.packages(), before)
        done = self.look()
        self.assertIn("feed update", done.stdout, "no network: what could not be fetched is said, and what is there decides")
        after = {name.split(":")[0]: version for name, version in machine.packages().items()}
        self.assertGreater(len(due), 5)
        self.assertEqual({name: after[name] for name in due}, due)
        status = self.status()
        self.assertEqual((status["last_run"]["kind"], status["last_run"]["state"], status["runs"]), ("apply", "done", 1))
        self.assertIn("Nothing is due", self.look().stdout)
        self.assertEqual(self.status()["runs"], 1)

    def test_outside_it_only_what_is_to_be_done_now(self):
        machine = self.machine
        machine.advise(sources=["openssl"], exploited=["openssl"])
        self.policy(6, length=1)
        self.assertIn("outside the window", self.look("--dry-run").stdout)
        before = machine.packages()
        self.look()
        changed = {name.split(":")[0] for name, version in machine.packages().items() if before.get(name) != version}
        self.assertTrue(changed)
        self.assertLessEqual(changed, {"openssl", "libssl3"})

    def test_outside_it_what_can_wait_waits(self):
        machine = self.machine
        machine.advise(age_days=27)
        self.policy(6, length=1)
        before = machine.packages()
        self.assertRegex(self.look().stdout, r"updates? (is|are) due; the window opens ")
        self.assertEqual((machine.packages(), self.status()["last_run"]), (before, None))

    def test_a_low_battery_stops_a_run_and_the_policy_says_how_low(self):
        machine = self.machine
        machine.advise(sources=["openssl"], exploited=["openssl"])
        self.policy(-2)
        machine.run(["mount", "-t", "tmpfs", "supplies", "/sys/class/power_supply"], check=True)
        for name, content in (("type", "Battery"), ("status", "Discharging"), ("capacity", "40")):
            machine.run(["sh", "-c", f"mkdir -p /sys/class/power_supply/BAT0; echo {content} > /sys/class/power_supply/BAT0/{name}"], check=True)
        before = machine.packages()
        self.assertIn("on battery at 40 %, and 50 % is asked for, or mains", self.look().stdout)
        self.assertIn("on battery at 40 %, and 50 % is asked for, or mains", machine.suture("apply", "--yes", check=1).stderr)
        self.assertEqual(machine.packages(), before)
        self.policy(-2, unattended="{new powers: take, battery percent: 40}")
        self.look()
        self.assertNotEqual(machine.packages(), before)

    def made(self):
        """Of the packages of the test below: they are of this architecture or of all."""
        return {name.split(":")[0]: version for name, version in self.machine.packages().items()
                if name.split(":")[0] in ("ash", "birch", "oak", "pine")}

    def test_new_powers_are_held_and_the_rest_goes_on(self):
        machine = self.machine
        shop = MadeArchive(machine)
        self.addCleanup(shop.end)
        for name in ("ash", "birch", "oak", "pine"):
            shop.install(Package(name, "1.0", files={f"/usr/share/{name}/text": "one\n"}))
        shop.offer(Package("ash", "1.1", files={"/usr/share/ash/text": "two\n"}))
        shop.offer(Package("oak", "1.1", files={"/usr/share/oak/text": "two\n", "/usr/lib/systemd/system/oak.timer": "[Timer]\n"}))
        shop.offer(Package("birch", "1.1", files={"/usr/share/birch/text": "two\n"}, fields={"Depends": "oak (>= 1.1)"}))
        shop.offer(Package("pine", "1.1", files={"/usr/share/pine/text": "two\n"}, scripts={"postinst": "exit 0"}))
        shop.publish()
        machine.advise()
        self.policy(-2, unattended="{new powers: hold}")
        said = self.look().stdout
        self.assertRegex(said, r"held for a person: oak brings a new timer, /(usr/)?lib/systemd/system/oak.timer")
        self.assertIn("held for a person: pine brings a new maintainer script, postinst", said)
        self.assertIn("held for a person: birch needs oak, which is held", said)
        self.assertEqual(self.made(), {"ash": "1.1", "birch": "1.0", "oak": "1.0", "pine": "1.0"})
        self.assertIn("Nothing is left to apply.", self.look().stdout)
        machine.suture("approve", "oak", "--yes", check=True)
        machine.suture("apply", "--yes", "oak", check=True)
        self.assertEqual(self.made()["oak"], "1.1")
        self.policy(-2, unattended="{new powers: take}")
        self.look()
        self.assertEqual(set(self.made().values()), {"1.1"})

    def test_status_tells_an_interrupted_run(self):
        machine = self.machine
        machine.advise(sources=["openssl"], exploited=["openssl"])
        machine.run(["mkfifo", "/srv/gate"], check=True)
        machine.write("etc/suture/policy.yaml", "name: local\nversion: 1\nprofiles: [seed-cvss, exploited]\n"
                      "before: {hooks: [{command: /bin/cat /srv/gate, within: 10 minutes}]}\n")      # the run waits in it
        watch = Journal(machine)
        self.addCleanup(watch.close)
        job = machine.start(["suture", "apply", "--yes"])
        self.assertTrue(watch.wait(7, job))
        told = self.status()["last_run"]
        self.assertEqual((told["state"], told["interrupted"]), ("open", False))
        machine.power_off()
        job.wait()
        machine.boot()
        told = self.status()["last_run"]
        self.assertEqual((told["state"], told["interrupted"]), ("open", True))
        self.assertIn("was interrupted: suture apply goes on where it was", " ".join(machine.suture("status", check=True).stdout.split()))
        self.policy(6, length=1)        # whatever the hour: half a run is not left until the window opens
        self.assertIn("The last run was interrupted", self.look("--dry-run").stdout)
        self.assertTrue(self.status()["last_run"]["interrupted"])
        self.assertIn("The last run was interrupted", self.look().stdout)
        told = self.status()["last_run"]
        self.assertEqual((told["interrupted"], told["state"]), (False, "done"))

    def test_nothing_without_root(self):
        done = self.machine.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", "HOME=/nonexistent", "suture", "unattended", "run"])
        self.assertEqual(done.returncode, 1)
        self.assertIn("only root can install", done.stderr)


if __name__ == "__main__":
    main()
