#!/usr/bin/env python3
"""`suture unattended` and `suture level` in made machines: what real apt and real files make of them."""
import json
import os
import unittest

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
        shop = MadeArchive(self.machine, debian=True)
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


if __name__ == "__main__":
    main()
