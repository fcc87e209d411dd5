#!/usr/bin/env python3
"""`suture plan` inside made machines: its changes are apt's for the same request, and planning changes nothing.

    plan_test.py SIZE"""
import json
import sys
import unittest

from machine import Machine, main
from scenarios import SCENARIOS
from state import State

SIZE = "small"


def plan(machine, *words, check=True):
    return json.loads(machine.suture("plan", "--format", "json", *words, check=check).stdout)


def changes(told):
    """What apt_updates gives, of a plan; a name carries its architecture where it is not the machine's own."""
    upgrades = {change["name"]: (change["from"], change["to"]) for change in told["changes"] if change["kind"] == "upgrade"}
    new = {(change["name"], change["to"]) for change in told["changes"] if change["kind"] == "new"}
    return upgrades, new, {change["name"] for change in told["changes"] if change["kind"] == "remove"}


class Plan(unittest.TestCase):
    def setUp(self):
        self.machine = Machine(SIZE)
        self.addCleanup(self.machine.end)
        self.machine.takes_everything()

    def test_all_security_updates_are_what_apt_would_do(self):
        expected = self.machine.apt_updates()
        self.assertGreater(len(expected[0]), 10)
        told = plan(self.machine, "--security")
        self.assertEqual(changes(told), expected)
        self.assertEqual(told["fetch_bytes"], sum(change["size"] for change in told["changes"]))
        self.assertEqual(changes(plan(self.machine, "--all")), expected)

    def test_what_is_late_is_planned_and_says_its_hole(self):
        holes = self.machine.advise(exploited=["openssl"])
        told = plan(self.machine)
        # Nothing executes the kernel's headers, so that no hole of theirs is ever due.
        self.assertEqual(set(self.machine.apt_updates()[0]) - set(changes(told)[0]), {"linux-libc-dev"} & set(self.machine.apt_updates()[0]))
        for change in told["changes"]:
            self.assertIn(holes[change["source"]], change["cves"])
            self.assertTrue(change["late"])

    def test_one_named_brings_only_what_it_needs(self):
        # apt also takes along what else is installed of the same source, unless told not to.
        expected = self.machine.apt_updates(["-o", "APT::Get::Upgrade-By-Source-Package=false", "install", "--only-upgrade", "libssl3"])
        self.assertEqual(changes(plan(self.machine, "libssl3")), expected)

    def test_a_hold_is_kept_and_said(self):
        self.machine.run(["apt-mark", "hold", "libssl3"], check=True)
        told = plan(self.machine, "--security")
        self.assertEqual(changes(told), self.machine.apt_updates())
        self.assertIn(("libssl3", "held"), {(left["name"], left["reason"]) for left in told["left"]})

    def test_planning_is_repeatable_and_changes_nothing(self):
        before = State(self.machine.root)
        first, second = plan(self.machine, "--security"), plan(self.machine, "--security")
        self.assertEqual(first["id"], second["id"])
        self.assertEqual(State(self.machine.root).difference(before), "")
        self.assertEqual(self.machine.archive.requests, [])


class Scenarios(unittest.TestCase):
    def test_made_updates_are_planned_as_apt_would(self):
        for scenario in SCENARIOS:
            with self.subTest(scenario.name), Machine("small") as machine:
                shop = scenario.prepare(machine)
                try:
                    self.assertEqual(changes(plan(machine)), machine.apt_updates())
                finally:
                    shop.end()


if __name__ == "__main__":
    SIZE = sys.argv.pop(1) if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else SIZE
    if SIZE != "small":
        del Scenarios
    main()
