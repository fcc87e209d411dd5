#!/usr/bin/env python3
"""suture drill as people run it: each drill holds, says so in words, and leaves nothing behind."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

SUTURE = sys.argv.pop(1) if len(sys.argv) > 1 else "build/suture"


def drill(*words, folder=None, **more):
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", "TMPDIR": folder or tempfile.gettempdir(), **more}
    return subprocess.run([SUTURE, "drill", *words], capture_output=True, text=True, check=False, timeout=240, env=environment)


class DrillTest(unittest.TestCase):
    maxDiff = None

    def names(self):
        listed = drill("list")
        self.assertEqual((0, ""), (listed.returncode, listed.stderr))
        return [line.split()[0] for line in listed.stdout.splitlines() if not line.startswith(" ")]

    def test_all_of_them(self):
        names = self.names()
        with tempfile.TemporaryDirectory(prefix="suture-drills-") as folder:
            os.chmod(folder, 0o755)  # else root's helpers could not pass, and another folder is taken
            done = drill("run", "--all", folder=folder)
            self.assertEqual([], os.listdir(folder))
        pages = done.stdout.split("Suture drill · ")[1:]
        self.assertEqual([], [page for page in pages if "\nHELD" not in page])
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertEqual(names, [page.split(" · ")[0] for page in pages])
        for page in pages:
            for label in ("THE ATTACKER HAS", "HE TRIES", "NOTHING BAD RAN", "AFTERWARDS", "HELD"):
                self.assertIn("\n" + label, page)
        self.assertTrue(done.stdout.endswith(f"{len(names)} of {len(names)} drills held\n"))

    def test_one_by_name(self):
        done = drill("run", "freeze")
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertIn("refused    lantern: freeze: its list is past its date", done.stdout)

    def test_in_a_folder_that_is_closed_to_others(self):
        with tempfile.TemporaryDirectory(prefix="suture-drills-") as folder:
            done = drill("run", "medoc", folder=folder)
            self.assertEqual((0, "", []), (done.returncode, done.stderr, os.listdir(folder)), done.stdout)

    def test_as_json(self):
        listed = json.loads(drill("list", "--format", "json").stdout)
        self.assertEqual(("suture.drills/1", self.names()), (listed["schema"], [one["name"] for one in listed["drills"]]))
        done = drill("run", "freeze", "insider", "--format", "json")
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        ran = json.loads(done.stdout)["drills"]
        self.assertEqual(["freeze", "insider"], [one["name"] for one in ran])
        for one in ran:
            self.assertEqual(("held", True, None), (one["verdict"], one["recovered"], one["problem"]))
            self.assertEqual(one["tried"], one["held"])

    def test_stopped_by_hand_it_leaves_nothing(self):
        with tempfile.TemporaryDirectory(prefix="suture-drills-") as folder:
            running = subprocess.Popen([SUTURE, "drill", "run", "slow-drip"], stdout=subprocess.PIPE, text=True,
                                       env={"PATH": "/usr/bin:/bin", "TMPDIR": folder}, start_new_session=True)
            for line in running.stdout:
                if "HE TRIES" in line:
                    break
            os.killpg(running.pid, signal.SIGINT)
            page = running.stdout.read()
            self.assertEqual(4, running.wait(timeout=60))
            running.stdout.close()
            self.assertIn("it was stopped by hand", page)
            self.assertEqual([], os.listdir(folder))

    def test_where_nothing_can_be_made(self):
        done = drill("run", "freeze", folder="/nonexistent")
        self.assertEqual(4, done.returncode)
        self.assertRegex(done.stdout, "STOPPED             /nonexistent/suture-drill-......: No such file or directory\n"
                                      "NOT ALL WAS TRIED   0 tried")

    def test_a_build_that_people_use_switches_nothing_off(self):
        if "test build" in drill("run", "freeze").stdout:
            self.skipTest("this is a build in which controls can be switched off")
        done = drill("run", "freeze", SUTURE_CONTROLS_OFF="archive-stale")
        self.assertEqual(0, done.returncode)
        self.assertIn("\nHELD", done.stdout)

    def test_wrong_words(self):
        for words, status, told in ((("run",), 2, "suture: drill run: name the drills to run (suture drill list has them), or --all\n"),
                                    (("run", "freeze", "--all"), 2, "suture: drill run: name the drills to run (suture drill list has them), or --all\n"),
                                    (("run", "freez"), 2, 'suture-drill: there is no drill "freez"; do you mean "freeze"?\n'),
                                    (("run", "xyzxyz"), 2, 'suture-drill: there is no drill "xyzxyz"; suture drill list names them\n')):
            done = drill(*words)
            self.assertEqual((status, "", told), (done.returncode, done.stdout, done.stderr))


if __name__ == "__main__":
    unittest.main()
