#!/usr/bin/env python3
"""`suture scan` inside made machines: its updates are apt's, it starts no process of the machine's and changes nothing.

    scan_test.py SIZE"""
import json
import sys
import unittest

from machine import Machine, main

SIZE = "small"


class Scan(unittest.TestCase):
    def setUp(self):
        self.machine = Machine(SIZE)
        self.addCleanup(self.machine.end)

    def scan(self, *words):
        return json.loads(self.machine.suture("scan", "--format", "json", *words, check=True).stdout)

    def test_its_updates_are_what_apt_would_do(self):
        changed, added, removed = self.machine.apt_updates()
        self.assertGreater(len(changed), 10, "the archive has too little to patch on this root")
        self.assertEqual((added, removed), (set(), set()))
        told = self.scan()
        self.assertEqual({update["package"]: (update["installed"], update["candidate"]) for update in told["updates"]}, changed)
        self.assertEqual({update["origin"] for update in told["updates"]}, {"Debian-Security"})
        self.assertEqual({row["feed"]: row["state"] for row in told["data"] if row["feed"].startswith("apt:")},
                         {"apt:bookworm": "fresh", "apt:bookworm-security": "fresh"})

    def test_with_advisories_every_update_is_late(self):
        holes = self.machine.advise(exploited=["openssl"])
        told = self.scan()
        self.assertEqual({update["source"] for update in told["updates"]}, set(holes))
        # The kernel's headers are the one package of these that nothing executes.
        self.assertLessEqual({update["package"] for update in told["updates"] if not update["late"]}, {"linux-libc-dev"})
        self.assertEqual(told["summary"]["security"], len(told["updates"]))

    def test_nothing_is_asked_of_the_network(self):
        self.scan()
        self.assertEqual(self.machine.archive.requests, [])


if __name__ == "__main__":
    SIZE = sys.argv.pop(1) if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else SIZE
    main()
