#!/usr/bin/env python3
"""Seven runs after each other: the newest five can be taken back, what older ones kept is gone, and who asks for one is told."""
import os
import unittest

from machine import Machine, main
from made_debs import MadeArchive, Package, script
from trip import apply, rollback

KEPT = 5    # LIMIT_WAYS_BACK


def oak(version):
    return Package("oak", version, files={"/usr/bin/oak": script(f"echo {version}")})


class WaysBack(unittest.TestCase):
    def setUp(self):
        self.machine = Machine("small")
        self.addCleanup(self.machine.end)
        self.shop = MadeArchive(self.machine)
        self.addCleanup(self.shop.end)
        self.shop.install(oak("1.0"))

    def update(self, version):
        self.shop.offer(oak(version))
        self.shop.publish()
        self.machine.advise()
        told = apply(self.machine)
        self.assertEqual(told.run.get("state"), "done", told)
        return told.run

    def there(self, run, name):
        return os.path.exists(self.machine.path(f"var/lib/suture/runs/{run['id']}/{name}"))

    def test_old_ones_go(self):
        runs = [self.update(f"1.{number}") for number in range(1, KEPT + 3)]
        for age, run in enumerate(reversed(runs)):
            self.assertEqual([self.there(run, name) for name in ("rollback", "packages", "removing")], [age < KEPT, age < KEPT, False])
            self.assertTrue(self.there(run, "plan.json"))
        for run in runs:
            self.assertNotIn("snapshot", [step["note"] for step in run["steps"] if step["step"] == "backup"][0])
        notes = [step["note"] for run in runs for step in run["steps"] if step["step"] == "seal"]
        self.assertEqual([note for note in notes if "removed" in note],
                         [f"record {number}; the way back of 1 older run is removed" for number in (KEPT + 1, KEPT + 2)])
        told = rollback(self.machine, "--to", runs[1]["id"])
        self.assertEqual(told.status, 1)
        self.assertIn(f"run {runs[1]['id']} cannot be taken back any more: what it kept is gone", told.text())
        self.assertEqual(self.machine.packages()["oak:all"], f"1.{KEPT + 2}")
        told = rollback(self.machine, "--to", runs[2]["id"])
        self.assertEqual(told.status, 0, told)
        self.assertEqual(self.machine.packages()["oak:all"], "1.2")


if __name__ == "__main__":
    main()
