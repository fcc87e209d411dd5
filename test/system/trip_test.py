#!/usr/bin/env python3
"""`suture apply` and `suture rollback` on real packages: exactly what apt makes of the machine, and exactly back.

    apply_test.py SIZE"""
import sys
import unittest

from machine import Machine, main
from state import State
from trip import apply, apt_makes, rollback

SIZE = "small"


class RealPackages(unittest.TestCase):
    def test_there_and_back(self):
        expected = apt_makes(size=SIZE)
        with Machine(SIZE) as machine:
            updates = machine.apt_updates()[0]
            machine.takes_everything()
            machine.advise(exploited=["openssl"])
            old = State(machine.root)
            there = apply(machine, "--security")
            self.assertEqual((there.status, there.run.get("state")), (0, "done"), there)
            self.assertEqual(State(machine.root).difference(expected), "")
            self.assertEqual(machine.apt_updates()[0], {})
            self.assertEqual({path.rsplit("/", 1)[1].split("_")[0] for path, _ in machine.archive.requests if path.endswith(".deb")},
                             {name.split(":")[0] for name in updates})
            again = apply(machine, "--security")
            self.assertEqual((again.status, again.json["end"]), (0, "nothing"), again)
            back = rollback(machine)
            self.assertEqual(back.status, 0, back)
            self.assertEqual(State(machine.root).difference(old), "")


if __name__ == "__main__":
    SIZE = sys.argv.pop(1) if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else SIZE
    main()
