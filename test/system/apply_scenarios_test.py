#!/usr/bin/env python3
"""Every made difficulty (scenarios.py) applied: it ends in the new state that dpkg alone would make, or exactly the old one."""
import json
import unittest

from machine import Machine, main
from scenarios import SCENARIOS
from state import State


class Scenarios(unittest.TestCase):
    def apply(self, scenario):
        with Machine("small") as machine:
            shop = scenario.prepare(machine)
            old = State(machine.root)
            done = machine.suture("apply", "--yes", "--format", "json", check=0 if scenario.ends == "new" else 1)
            told, new = json.loads(done.stdout), State(machine.root)
            shop.end()
        if scenario.ends == "old":
            self.assertEqual(told["run"]["state"], "rolled-back")
            self.assertEqual(new.difference(old), "")
        else:
            self.assertEqual(told["run"]["state"], "done")
            self.assertEqual(sorted(told["kept"]), sorted(scenario.kept))
            self.assertEqual(new.difference(self.by_dpkg(scenario)), "")

    def by_dpkg(self, scenario):
        """The state that apt makes of the same, on another machine."""
        with Machine("small") as machine:
            shop = scenario.prepare(machine)
            machine.run(["apt-get", "-y", "-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold",
                         "--no-install-recommends", "dist-upgrade"], check=True)
            made = State(machine.root)
            shop.end()
        return made

    def test_all(self):
        for scenario in SCENARIOS:
            with self.subTest(scenario.name):
                self.apply(scenario)


if __name__ == "__main__":
    main()
