#!/usr/bin/env python3
"""Each scenario through `suture apply`: exactly what apt makes of the machine, or exactly what was before; then back."""
import sys
import unittest

from machine import Machine, main
from scenarios import SCENARIOS
from state import State
from trip import apply, apt_makes, rollback

NAMES = []


class Scenarios(unittest.TestCase):
    def test_each_comes_to_its_end_and_back(self):
        for scenario in SCENARIOS:
            if NAMES and scenario.name not in NAMES:
                continue
            with self.subTest(scenario.name), Machine("small") as machine:
                shop = scenario.prepare(machine)
                try:
                    self.walk(scenario, machine)
                finally:
                    shop.end()

    def walk(self, scenario, machine):
        old = State(machine.root)
        there = apply(machine)
        if scenario.ends == "old":
            self.assertEqual((there.status, there.run.get("state")), (1, "rolled-back"), there)
            self.assertEqual(State(machine.root).difference(old), "")
            return
        self.assertEqual((there.status, there.run.get("state")), (0, "done"), there)
        self.assertEqual(State(machine.root).difference(apt_makes(scenario)), "")
        self.assertEqual(there.json["kept"], scenario.kept)
        back = rollback(machine)
        self.assertEqual(back.status, 0, back)
        self.assertEqual(State(machine.root).difference(old), "")


if __name__ == "__main__":
    NAMES = sys.argv[1:]
    del sys.argv[1:]
    main()
