#!/usr/bin/env python3
"""The machine's own order from outside: what `suture level` sets, scan and why decide by; what waits, waits with its dates unchanged."""
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from made_root import MadeRoot  # noqa: E402
from scan_test import KEV, TRACKER, machine  # noqa: E402

NOW = "2026-11-21T07:50:00Z"
# The tracker knows zlib, and no hole of it is open: its update is functional.
ZLIB = {"zlib": {"CVE-2026-4001": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "1:1.2.0", "urgency": "not yet assigned"}}}}}
ORDER = ("Format: 1\nId: 2026-11-20-9f3a1c07\nLevel: {}\nReason: elections\nBy: root (sudo: anna)\nSince: 2026-11-10T00:00:00Z\n"
         "Begun: 2026-11-20T00:00:00Z\nEnd: {}\n")


@unittest.skipUnless(MadeRoot.can_be_machine(), "no mount namespaces here")
class LevelTest(unittest.TestCase):
    documents = (("tracker.json", {**TRACKER, **ZLIB}), ("kev.json", KEV))

    def setUp(self):
        self.root = MadeRoot()
        self.addCleanup(self.root.__exit__)
        machine(self.root)
        self.state = os.path.join(self.root.home, "state")
        for name, document in self.documents:
            path = os.path.join(self.root.folder, name)
            with open(path, "w", encoding="utf-8") as file:
                json.dump(document, file)
            self.root.suture("feed", "import", "--release", "debian-12", "--now", NOW, path, check=0)

    def order(self, level="essential", end="2026-12-04T00:00:00Z"):
        path = os.path.join(self.state, "order")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(ORDER.format(level, end))

    def quiet(self, *arguments):
        done = self.root.as_machine(*arguments, check=0)
        self.assertEqual(done.stderr, "")
        return done.stdout

    def json(self, *arguments, now=NOW):
        return json.loads(self.quiet("scan", "--now", now, "--format", "json", *arguments))


class Level(LevelTest):
    def test_no_order_is_normal(self):
        got = self.json()
        self.assertEqual((got["level"], got["order"], got["level_end"]), ("normal", None, None))
        self.assertEqual({u["standing"] for u in got["updates"]}, {"taken"})

    def test_a_scan_is_judged_under_the_order(self):
        before = self.json()
        self.order()
        got = self.json()
        self.assertEqual((got["level"], got["order"], got["level_end"]), ("essential", "2026-11-20-9f3a1c07", "2026-12-04T00:00:00Z"))
        standings = {u["package"]: u["standing"] for u in got["updates"]}
        self.assertEqual(standings["libexpat1"], "taken", "what is exploited does not wait")
        self.assertEqual(standings["zlib1g"], "postponed")
        self.assertNotEqual(before["inputs"], got["inputs"])
        # Dates are never rewritten.
        self.assertEqual([(f["id"], f["due"]) for f in before["findings"]], [(f["id"], f["due"]) for f in got["findings"]])

    def test_the_level_falls_by_itself(self):
        self.order("emergency-only", "2026-11-22T00:00:00Z")
        levels = [self.json(now=now)["level"] for now in
                  ("2026-11-19", "2026-11-20", "2026-11-21T23:59:59Z", "2026-11-22", "2026-11-23T23:59:59Z", "2026-11-24")]
        self.assertEqual(levels, ["normal", "emergency-only", "emergency-only", "essential", "essential", "normal"])

    def test_the_screen_says_it(self):
        self.order()
        screen = " ".join(self.root.as_machine("scan", "--now", NOW, check=0).stdout.split())
        self.assertIn("LEVEL essential until Fri 4 Dec 2026 00:00", screen)
        self.assertIn("level essential for 12 d more, then normal · order 2026-11-20-9f3a1c07 by root (sudo: anna): elections", screen)
        self.assertNotIn("(!) level", screen)
        soon = " ".join(self.root.as_machine("scan", "--now", "2026-12-02", check=0).stdout.split())
        self.assertIn("(!) level essential for 2 d more, then normal", soon)

    def test_why_names_the_order(self):
        self.order()
        done = self.root.as_machine("why", "--now", NOW, "zlib1g", check=0)
        self.assertIn("postponed until 2026-12-04 by order 2026-11-20-9f3a1c07", done.stdout)

    def test_a_kept_scan_of_another_level_is_not_shown(self):
        self.root.as_machine("scan", check=0)
        self.assertNotIn("by order", self.root.as_machine("why", "zlib1g", check=0).stdout)
        self.root.suture("level", "essential", "--reason", "elections", check=0)
        first = self.root.as_machine("why", "zlib1g", check=0).stdout
        self.assertIn("by order", first)
        self.root.as_machine("scan", check=0)
        self.assertEqual(self.root.as_machine("why", "zlib1g", check=0).stdout, first)
        self.root.suture("level", "normal", check=0)
        self.assertNotIn("by order", self.root.as_machine("why", "zlib1g", check=0).stdout)

    def test_a_level_by_name_and_another_root_know_no_order(self):
        self.order()
        got = self.json("--level", "normal")
        self.assertEqual((got["level"], got["order"]), ("normal", None))
        got = json.loads(self.root.scan("--now", NOW, "--format", "json", check=0).stdout)
        self.assertEqual((got["level"], got["order"]), ("normal", None))
        got = json.loads(self.root.suture("scan", "--now", NOW, "--format", "json", "--inventory", self.root.path("var/lib/dpkg/status"),
                                          check=0).stdout)
        self.assertEqual((got["level"], got["order"]), ("normal", None))

    def test_a_broken_order_stops_every_scan(self):
        with open(os.open(os.path.join(self.state, "order"), os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            file.write("Format: 1\n")
        for command in (("scan",), ("scan", "--now", NOW), ("why", "zlib1g"), ("level", "status")):
            done = self.root.as_machine(*command, check=1)
            self.assertIn("order: Id is missing; suture level normal ends the order, whatever it was", done.stderr)
            self.assertEqual(done.stdout, "")
        self.root.as_machine("scan", "--level", "normal", check=0)
        self.root.suture("level", "normal", check=0)
        self.root.as_machine("scan", check=0)

    def test_an_order_that_others_may_write_is_refused(self):
        self.order()
        os.chmod(os.path.join(self.state, "order"), 0o666)
        self.assertIn("others may write it", self.root.as_machine("scan", check=1).stderr)


class Postponed(LevelTest):
    def postponed(self, *arguments, now=NOW):
        return json.loads(self.quiet("postponed", "--now", now, "--format", "json", *arguments))

    def test_nothing_waits_without_an_order(self):
        got = self.postponed()
        self.assertEqual((got["schema"], got["level"], got["postponed"]), ("suture.postponed/1", "normal", []))
        self.assertEqual(self.root.as_machine("postponed", "--now", NOW, check=0).stdout.splitlines()[0], "Level normal: nothing is postponed.")

    def test_what_waits(self):
        self.order()
        got = self.postponed()
        self.assertEqual((got["level"], got["order"], got["level_end"]), ("essential", "2026-11-20-9f3a1c07", "2026-12-04T00:00:00Z"))
        rows = {row["source"]: row for row in got["postponed"]}
        self.assertNotIn("expat", rows, "what is exploited does not wait")
        zlib = rows["zlib"]
        self.assertEqual(zlib["packages"], [{"package": "zlib1g", "arch": "amd64", "installed": "1:1.2.13", "latest": "1:1.2.14", "size": 90000}])
        self.assertEqual((zlib["wave"], zlib["kind"], zlib["standing"], zlib["bytes"]), (3, "functional", "postponed", 90000))
        self.assertEqual((zlib["suspended"], zlib["until"], zlib["order"]), ("2026-11-10T00:00:00Z", "2026-12-04T00:00:00Z", got["order"]))
        self.assertIsNone(zlib["releases_skipped"])
        self.assertEqual(got["summary"]["updates"], len(rows))
        self.assertEqual(got["summary"]["bytes"], sum(row["bytes"] for row in rows.values()))

    def test_scan_and_postponed_agree(self):
        for level in ("essential", "emergency-only"):
            self.order(level)
            waits = {u["package"] for u in self.json()["updates"] if u["standing"] != "taken"}
            self.assertEqual({p["package"] for row in self.postponed()["postponed"] for p in row["packages"]}, waits)

    def test_held_security_comes_first_and_keeps_its_date(self):
        before = {u["package"]: u["due"] for u in self.json()["updates"]}
        self.order("emergency-only")
        got = self.postponed()["postponed"]
        waves = [row["wave"] for row in got]
        self.assertEqual(waves, sorted(waves))
        self.assertTrue(waves)
        for row in got:
            self.assertEqual(row["due"], min((before[p["package"]] for p in row["packages"] if before[p["package"]]), default=None))

    def test_what_a_level_would_postpone(self):
        got = self.postponed("--level", "essential")
        self.assertEqual((got["level"], got["order"]), ("essential", None))
        self.assertEqual({row["suspended"] for row in got["postponed"]}, {None})

    def test_what_a_fix_needs_is_taken_along(self):
        root = self.root
        root.packages = []
        root.install("expat", "2.5.0-1+deb12u1", binaries=["libexpat1"])
        root.install("zlib", "1:1.2.13", binaries=["zlib1g"])
        root.install("other", "1.0")
        root.archive("bookworm", [("zlib1g", "1:1.2.14", "zlib", 90000), ("other", "1.1", "other", 10)])
        root.archive("bookworm-security", [("libexpat1", "2.5.0-1+deb12u5", "expat", 99000, "Depends: zlib1g (>= 1:1.2.14)\n")],
                     label="Debian-Security")
        self.order()
        got = self.postponed()
        self.assertEqual(got["taken_along"], [{"package": "zlib1g", "arch": "amd64", "to": "1:1.2.14", "needed_by": "libexpat1"}])
        self.assertNotIn("zlib", {row["source"] for row in got["postponed"]})
        self.assertEqual((got["summary"]["needed_by_fixes"], got["summary"]["unsolved_fixes"]), (0, 0))
        self.assertIn("Taken along, for libexpat1 needs it: zlib1g 1:1.2.14", self.root.as_machine("postponed", "--now", NOW, check=0).stdout)

    def test_without_a_plan_it_is_not_known(self):
        self.order()
        done = self.root.suture("postponed", "--inventory", self.root.path("var/lib/dpkg/status"), "--level", "essential", "--now", NOW,
                                "--format", "json", check=0)
        got = json.loads(done.stdout)
        self.assertIsNone(got["taken_along"])
        self.assertIsNone(got["summary"]["needed_by_fixes"])

    def test_the_screen(self):
        self.order()
        lines = self.root.as_machine("postponed", "--now", NOW, check=0).stdout.splitlines()
        self.assertRegex(lines[0], r"^Level essential until Fri 4 Dec 2026 00:00: \d+ updates wait \(")
        self.assertTrue(any(line.split()[:4] == ["functional", "zlib", "->", ".14"] for line in lines), lines)


class Status(LevelTest):
    def status(self, now=NOW):
        return json.loads(self.quiet("status", "--now", now, "--format", "json"))

    def test_it_agrees_with_the_scan(self):
        scan, got = self.json(), self.status()
        self.assertEqual((got["schema"], got["verdict"]), ("suture.status/1", "late"))
        self.assertEqual((got["due"]["late"], got["due"]["week"]), (scan["summary"]["late"], scan["summary"]["due_week"]))
        self.assertEqual(got["due"]["waiting_packages"], len(scan["updates"]))
        self.assertEqual({d["feed"]: d["state"] for d in got["data"]}, {d["feed"]: d["state"] for d in scan["data"]})
        self.assertEqual((got["last_run"], got["runs"], got["unattended"], got["order"]), (None, 0, "none", None))
        screen = self.root.as_machine("status", "--now", NOW, check=0).stdout
        self.assertIn("NOT UP TO DATE: ", screen)
        self.assertIn("PARTIAL ANSWER: some data is stale or absent.", " ".join(screen.split()))
        self.assertLessEqual(len(screen.splitlines()), 24)

    def test_without_data_it_is_not_good(self):
        for folder in ("generations", "current"):
            path = os.path.join(self.state, folder)
            if os.path.islink(path):
                os.remove(path)
        got = self.status()
        self.assertFalse(got["complete"])
        self.assertIn(got["verdict"], ("unknown", "late", "due"))

    def test_the_order_is_shown(self):
        self.order()
        got = self.status()
        self.assertEqual((got["level"], got["level_end"]), ("essential", "2026-12-04T00:00:00Z"))
        self.assertIn("level essential until Fri 4 Dec 2026 00:00 (12 d), then normal: elections",
                      " ".join(self.root.as_machine("status", "--now", NOW, check=0).stdout.split()))

    def test_a_damaged_journal_is_said_and_the_rest_is_answered(self):
        with open(os.open(os.path.join(self.state, "journal.db"), os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            file.write("this is no database" * 100)
        got = self.status()
        self.assertTrue(got["runs_why"])
        self.assertEqual(got["verdict"], "late")
        self.assertIn("(!) last run", self.root.as_machine("status", "--now", NOW, check=0).stdout)

    def test_an_interrupted_setting_up_is_said(self):
        with open(os.open(os.path.join(self.state, "takeover"), os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            file.write("Format: 1\nPhase: taking\nBegun: 2026-11-21T07:50:00Z\nBy: root\n")
        self.assertEqual(self.status()["unattended"], "taking")
        self.assertIn("suture unattended off", self.root.as_machine("status", "--now", NOW, check=0).stdout)


class PlanUnderOrder(LevelTest):
    def test_a_plan_is_made_under_the_order(self):
        self.order()
        got = json.loads(self.quiet("plan", "--now", NOW, "--format", "json"))
        self.assertEqual(got["level"], "essential")
        self.assertIn("libexpat1", {c["name"] for c in got["changes"]})
        self.assertEqual({c["name"]: c["reason"] for c in got["left"]}["zlib1g"], "postponed")


class ConfiguredPolicy(LevelTest):
    documents = (("tracker.json", {**TRACKER, **ZLIB}),)

    def configure(self, text):
        folder = os.path.join(self.root.home, "config")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "policy.yaml"), "w", encoding="utf-8") as file:
            file.write(text)

    def test_it_decides_without_being_named(self):
        self.assertEqual(self.json()["policy"], "built-in")
        self.configure("name: house\nversion: 3\nprofiles: [uk-cyber-essentials]\n")
        got = self.json()
        self.assertEqual(got["policy"], "house")
        self.assertIn("policy: house v3", " ".join(self.root.as_machine("scan", "--now", NOW, check=0).stdout.split()))
        self.assertIn("Policy house, version 3.", self.root.suture("policy", "show", check=0).stdout)
        inputs = got["inputs"]
        self.configure("name: house\nversion: 3\nprofiles: [seed-cvss]\n")
        self.assertNotEqual(self.json()["inputs"], inputs, "the same name is not the same policy")

    def test_a_mistake_in_it_is_told(self):
        self.configure("name: house\nversion: 3\nprofils: [seed-cvss]\n")
        self.assertIn('policy.yaml:3:1: unknown key "profils"; did you mean "profiles"?', self.root.as_machine("scan", check=1).stderr)


class NotExploited(LevelTest):
    documents = (("tracker.json", {**TRACKER, **ZLIB}),)

    def test_what_is_due_before_the_end_is_essential(self):
        def standing(end):
            self.order(end=end)
            return [u["standing"] for u in self.json()["updates"] if u["package"] == "libexpat1"]

        due = {f["due"] for f in self.json()["findings"] if f["id"] == "CVE-2026-1002"}
        self.assertEqual(due, {"2026-12-20T00:00:00Z"})
        self.assertEqual(standing("2026-12-19T23:59:59Z"), ["postponed"])
        self.assertEqual(standing("2026-12-20T00:00:00Z"), ["taken"])


if __name__ == "__main__":
    unittest.main()
