#!/usr/bin/env python3
"""The end of a run on whole systems: its evidence, health checks that break and send it back, and what still runs old code."""
import json
import os
import sys
import unittest

from machine import Machine, main

SIZE = sys.argv.pop(1) if len(sys.argv) > 1 and sys.argv[1] in ("small", "middle", "large") else "small"
POLICY = "name: own\nversion: 1\nprofiles: [seed-cvss]\nafter:\n  checks:\n"


class Verify(unittest.TestCase):
    def setUp(self):
        self.machine = Machine(SIZE)
        self.addCleanup(self.machine.end)
        self.machine.advise()

    def policy(self, checks):
        path = os.path.join(self.machine.root, "etc/suture/policy.yaml")
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(POLICY + checks)

    def report(self):
        return json.loads(self.machine.suture("report", "--format", "json", check=True).stdout)

    def test_a_run_that_is_done_leaves_its_evidence(self):
        self.policy("    - command: /bin/true\n    - command: /bin/false\n")
        done = json.loads(self.machine.suture("apply", "--yes", "--security", "--format", "json", check=True).stdout)
        self.assertEqual(done["run"]["state"], "done")
        got = self.report()
        self.assertEqual((got["records"], got["good"], got["problems"]), (1, 1, []))
        [entry] = got["evidence"]
        self.assertEqual(entry["run"], done["run"]["id"])
        record = entry["record"]
        self.assertEqual((record["kind"], record["outcome"], record["plan"]), ("apply", "done", done["run"]["plan"]))
        self.assertEqual(entry["verdicts"]["applied"]["proof"], "yes")
        self.assertEqual(entry["verdicts"]["works"]["proof"], "yes", "what failed before is not blamed")
        self.assertIn("1 failed before, too: command /bin/false", entry["verdicts"]["works"]["why"])
        self.assertTrue(record["scan"]["done"])
        self.assertTrue(any(data["before"] for data in record["scan"]["data"]), "the plan said what it stood on")
        self.assertEqual({hole["state"] for hole in entry["holes"]} - {"closed", "restart-needed"}, set(), entry["holes"][:5])
        again = self.machine.suture("verify", "--format", "json")
        self.assertEqual(json.loads(again.stdout)["verdicts"]["applied"]["proof"], "yes", again.stderr)
        self.assertEqual(self.report()["records"], 2)

    def test_a_check_that_breaks_sends_the_run_back(self):
        # Whole before the change, and gone with it: the old version of a package that is in the plan.
        plan = json.loads(self.machine.suture("plan", "openssl", "--format", "json", check=True).stdout)
        change = next(change for change in plan["changes"] if change["name"] == "openssl")
        script = self.machine.path("usr/local/sbin/smoke-test")
        with open(script, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\ntest \"$(dpkg-query -f '${{Version}}' -W openssl)\" = '{change['from']}' || {{ echo openssl is new >&2; exit 3; }}\n")
        os.chmod(script, 0o755)
        self.policy("    - command: /usr/local/sbin/smoke-test --quick\n")
        before = self.machine.packages()
        back = self.machine.suture("apply", "--yes", "openssl", "--format", "json", check=1)
        self.assertEqual(json.loads(back.stdout)["run"]["state"], "rolled-back", back.stderr)
        self.assertEqual(self.machine.packages(), before)
        [entry] = self.report()["evidence"]
        self.assertEqual(entry["record"]["outcome"], "rolled-back")
        self.assertTrue(entry["record"]["takes_back"])
        self.assertEqual(entry["verdicts"]["applied"]["proof"], "yes", "what was there before is there again")
        self.assertEqual(entry["verdicts"]["works"]["proof"], "no")
        self.assertIn("openssl is new", entry["verdicts"]["works"]["why"])

    def test_what_could_not_be_proved_is_not_begun(self):
        key, evidence = self.machine.path("var/lib/suture/machine.key"), self.machine.path("var/lib/suture/evidence")
        before = self.machine.packages()

        def refused(why):
            done = self.machine.suture("apply", "--yes", "openssl", "--format", "json", check=1)
            self.assertEqual(json.loads(done.stdout)["run"]["state"], "refused")
            self.assertIn("what is done could not be proved", done.stderr)
            self.assertIn(why, done.stderr)
            self.assertEqual(self.machine.packages(), before)

        self.machine.run(["mkdir", "-m", "700", "/var/lib/suture"])
        with open(evidence, "w", encoding="ascii") as file:
            file.write("not a folder\n")
        refused("evidence")
        os.remove(evidence)
        os.chmod(key, 0o644)
        refused("others may read it")
        os.chmod(key, 0o600)
        self.assertIn("nothing was proved here yet", self.machine.suture("report").stderr)
        self.assertEqual(json.loads(self.machine.suture("apply", "--yes", "openssl", "--format", "json", check=True).stdout)["run"]["state"], "done")
        self.assertEqual(len(self.report()["evidence"]), 1)

    def test_a_rollback_is_proved_too(self):
        self.policy("    - command: /bin/true\n")
        done = json.loads(self.machine.suture("apply", "--yes", "openssl", "--format", "json", check=True).stdout)
        self.machine.suture("rollback", "--yes", check=True)
        got = self.report()
        self.assertEqual([entry["record"]["kind"] for entry in got["evidence"]], ["rollback", "apply"])
        back = got["evidence"][0]
        self.assertTrue(back["record"]["takes_back"])
        self.assertEqual((back["verdicts"]["applied"]["proof"], back["verdicts"]["works"]["proof"]), ("yes", "yes"))
        for package, was in zip(back["record"]["packages"], got["evidence"][1]["record"]["packages"]):
            self.assertEqual((package["to"], package["installed"]), (was["from"], was["from"]))
        # Asked of the run that is undone, or of the last one: what took it back is judged.
        screen = self.machine.suture("verify", "--run", done["run"]["id"]).stdout
        self.assertIn(f"Run {done['run']['id']} was taken back by run {back['run']}, which is judged here:", " ".join(screen.split()))
        last = json.loads(self.machine.suture("verify", "--format", "json").stdout)
        self.assertEqual((last["run"], last["verdicts"]["applied"]["proof"]), (back["run"], "yes"))

    def test_without_the_helper_nothing_is_begun(self):
        found = [os.path.join(folder, name) for folder, _, names in os.walk(self.machine.root) for name in names if name == "suture-look"]
        for path in found:
            os.remove(path)
        before = self.machine.packages()
        self.assertIn("suture-look", self.machine.suture("apply", "--yes", "openssl", check=1).stderr)
        self.assertEqual(self.machine.packages(), before)


if __name__ == "__main__":
    main()
