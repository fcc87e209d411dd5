#!/usr/bin/env python3
"""Packages that are built again from what is installed bring real machines back after an update: exactly, but for what the
packages' own scripts made meanwhile, which is no part of a state.

    rebuild_test.py SIZE"""
import os
import shutil
import sys
import unittest

from machine import Machine, main
from state import State

SIZE = "small"
TOOL = os.environ.get("TOOL_DEB_BUILD", "build/test/tool_deb_build")
STORE = "/root/store"


class Rebuild(unittest.TestCase):
    def setUp(self):
        self.machine = Machine(SIZE)
        self.addCleanup(self.machine.end)
        shutil.copy(TOOL, self.machine.path("usr/local/bin/tool_deb_build"))
        os.makedirs(self.machine.path(STORE))

    def test_an_update_of_everything_is_taken_back(self):
        machine = self.machine
        changed = machine.apt_updates()[0]
        machine.run(["apt-get", "-y", "--download-only", "dist-upgrade"], check=True)
        old = State(machine.root)
        built = machine.run(["tool_deb_build", "/", STORE, *(name.split(":")[0] for name in changed)], check=True).stdout
        self.assertEqual(len(built.splitlines()), len(changed))
        machine.run(["apt-get", "-y", "dist-upgrade"], check=True)
        self.assertEqual(machine.apt_updates()[0], {})
        self.assertNotEqual(State(machine.root).difference(old), "")
        files = sorted(f"{STORE}/{name}" for name in os.listdir(machine.path(STORE)))
        machine.run(["dpkg", "--force-confold", "--force-downgrade", "-i", *files], check=True)
        self.assertEqual(State(machine.root).difference(old), "")


if __name__ == "__main__":
    SIZE = sys.argv.pop(1) if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else SIZE
    main()
