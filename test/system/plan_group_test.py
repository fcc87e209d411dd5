#!/usr/bin/env python3
"""What a plan is made of, inside made machines: groups that leave a sound system behind each of them, single updates with
what they strictly need, and a memory that can be lost.

    plan_group_test.py SIZE"""
import json
import os
import shutil
import sys
import unittest

from machine import Machine, main

SIZE = "small"


class Plan(unittest.TestCase):
    def setUp(self):
        self.machine = Machine(SIZE)
        self.addCleanup(self.machine.end)
        self.machine.takes_everything()

    def plan(self, *words):
        done = self.machine.suture("plan", "--format", "json", *words, check=True)
        self.assertEqual(done.stderr, "")
        return json.loads(done.stdout)

    def compare(self, plan, request):
        changed, added, removed = self.machine.apt_updates(["--no-install-recommends", *request])
        got = {kind: [c for c in plan["changes"] if c["kind"] == kind] for kind in ("upgrade", "new", "remove")}
        self.assertEqual({c["name"]: (c["from"], c["to"]) for c in got["upgrade"]}, changed)
        self.assertEqual({(c["name"], c["to"]) for c in got["new"]}, added)
        self.assertEqual({c["name"] for c in got["remove"]}, removed)
        return changed

    def test_single_updates_are_apts(self):
        """Each by itself takes along what apt takes along, but that apt also takes the other packages of its source."""
        alone = ["-o", "APT::Get::Upgrade-By-Source-Package=false"]
        names = sorted(c["name"] for c in self.plan("--all")["changes"] if c["kind"] == "upgrade")
        for name in names[::max(1, len(names) // 6)]:
            with self.subTest(name):
                plan = self.plan(name)  # which also means the source of that name
                asked = [c["name"] for c in plan["changes"] if c["reason"] == "named"]
                self.assertIn(name, asked)
                self.compare(plan, [*alone, "install", "--only-upgrade", *asked])

    def test_every_state_between_two_groups_is_sound(self):
        """dpkg itself judges: it makes the changes group by group, and apt finds nothing broken behind any."""
        plan = self.plan("--all")
        debs = {}
        for change in plan["changes"]:
            if change["kind"] != "remove":
                content = self.machine.archive.find(("debian-security/" if "security" in change["uri"] else "debian/") + change["file"])[0]
                self.assertIsNotNone(content, change["file"])
                self.machine.write(f"var/tmp/debs/{change['sha256']}.deb", content)
                debs[change["name"]] = f"/var/tmp/debs/{change['sha256']}.deb"
        for group in range(plan["groups"]):
            members = [c for c in plan["changes"] if c["group"] == group]
            removed = [c["name"] for c in members if c["kind"] == "remove"]
            if removed:
                self.machine.run(["dpkg", "--remove", *removed], check=True)
            files = [debs[c["name"]] for c in members if c["kind"] != "remove"]
            if files:
                self.machine.run(["dpkg", "--force-confold", "--auto-deconfigure", "--install", *files], check=True, timeout=600)
            checked = self.machine.run(["apt-get", "check", "-q"])
            self.assertEqual(checked.returncode, 0, f"behind group {group} ({[c['name'] for c in members]}): {checked.stdout}{checked.stderr}")
        self.assertEqual(self.machine.apt_updates(["--no-install-recommends", "dist-upgrade"])[0], {})

    def test_what_it_remembers_can_be_lost(self):
        before = self.plan("--all")["id"]
        shutil.rmtree(self.machine.path("var/lib/suture/verified"))
        self.assertEqual(self.plan("--all")["id"], before)
        for name in os.listdir(self.machine.path("var/lib/suture/verified")):
            if name.endswith(".wide"):
                with open(self.machine.path("var/lib/suture/verified/" + name), "r+b") as file:
                    file.seek(4000)
                    file.write(b"\xff" * 4000)
        self.machine.suture("plan", "--all")  # broken memory finds nothing or something wrong, but it does not fall over
        shutil.rmtree(self.machine.path("var/lib/suture/verified"))
        self.assertEqual(self.plan("--all")["id"], before)


if __name__ == "__main__":
    SIZE = sys.argv.pop(1) if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else SIZE
    main()
