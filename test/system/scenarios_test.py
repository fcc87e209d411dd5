#!/usr/bin/env python3
"""The table of scenarios holds: apt's own upgrade comes to the end that each names."""
import unittest

from machine import Machine, main
from scenarios import SCENARIOS


class Table(unittest.TestCase):
    def test_apt_comes_to_the_named_end(self):
        for scenario in SCENARIOS:
            with self.subTest(scenario.name), Machine("small") as machine:
                shop = scenario.prepare(machine)
                try:
                    before = machine.packages()
                    self.assertTrue(machine.apt_updates()[0], "apt has nothing to do")
                    done = machine.run(["apt-get", "-y", "-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold",
                                        "dist-upgrade"])
                    self.assertEqual(done.returncode == 0, scenario.ends == "new", done.stdout + done.stderr)
                    self.assertTrue(scenario.ends == "old" or before != machine.packages())
                finally:
                    shop.end()


if __name__ == "__main__":
    main()
