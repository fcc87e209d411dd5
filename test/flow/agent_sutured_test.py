#!/usr/bin/python3
"""The agent and sutured as they are: enrolled, reported, found again, told to patch now, copied."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from sutured import Sutured  # noqa: E402

SUTURE = os.environ["SUTURE"]
AGENT = os.path.join(os.path.dirname(SUTURE), "suture-agent")


class Whole(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="suture-fleet-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.server = Sutured(self.folder)
        self.addCleanup(self.server.stop)
        self.config = os.path.join(self.folder, "config")
        os.mkdir(self.config)
        with open(os.path.join(self.config, "agent.yaml"), "w", encoding="utf-8") as file:
            file.write("work: no\nmetered: no\n")
        self.log_in()

    def run_it(self, *words, state="state", status=0):
        environment = {"PATH": os.environ["PATH"], "TZ": "UTC", "LC_ALL": "C.UTF-8", "HOME": self.folder,
                       "SUTURE_STATE": os.path.join(self.folder, state), "SUTURE_CONFIG": self.config}
        done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
                              timeout=60)
        self.assertEqual(done.returncode, status, (words, done.stdout, done.stderr, self.server.log[-5:]))
        return done

    def suture(self, *words, **more):
        return self.run_it(SUTURE, *words, **more)

    def log_in(self):
        self.server.wait_for(lambda: any("It is not shown again" in line for line in self.server.out + self.server.log), "a password")
        said = "".join(self.server.out + self.server.log).split("with this password for one login", 1)[1]
        for name, word in (("first", said.split("\n\n")[1].strip()), ("second", "a-long-password-for-tests")):
            path = os.path.join(self.folder, name)
            with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
                file.write(word + "\n")
        self.suture("login", f"https://127.0.0.1:{self.server.ports['people']}", "--ca", os.path.join(self.server.data, "ca.pem"),
                    "--password-file", os.path.join(self.folder, "first"), "--new-password-file", os.path.join(self.folder, "second"))

    def enroll(self):
        token = self.suture("token", "new", "--label", "test").stdout.split()[0]
        self.suture("agent", "enroll", f"https://127.0.0.1:{self.server.ports['agents']}", token)
        # Its ports are whatever was free: where files are served is not two above.
        path = os.path.join(self.folder, "state", "agent", "enrolled")
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
        lines[2] = f"content http://127.0.0.1:{self.server.ports['static']}"
        with open(path, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")

    def status(self, *words, state="state"):
        return json.loads(self.suture("agent", "status", "--format", "json", *words, state=state).stdout)

    def test_from_enrolment_to_patch_now(self):
        self.enroll()
        done = self.suture("agent", "run", "--once")
        self.assertEqual(done.stderr, "")
        self.assertTrue(os.path.exists(os.path.join(self.config, "trust.yaml")))
        self.assertIn(self.status()["host"], self.suture("where", "dpkg").stdout)
        self.assertEqual(self.run_it(AGENT, "pulse").stdout.strip(), "new")
        self.suture("order", "now", "dpkg", "--reason", "test")
        end = time.monotonic() + 30
        while self.run_it(AGENT, "pulse").stdout.strip() != "urgent":  # the server signs a pulse within seconds
            self.assertLess(time.monotonic(), end)
        self.suture("agent", "run", "--once")
        with open(os.path.join(self.folder, "state", "agent", "plan"), "rb") as file:
            plan = json.loads(file.read()[68:])
        self.assertEqual([order["fix"] for order in plan["now"]], ["dpkg"])

    def test_copied_machine(self):
        self.enroll()
        self.suture("agent", "run", "--once")
        shutil.copytree(os.path.join(self.folder, "state"), os.path.join(self.folder, "copy"))
        self.suture("agent", "run", "--once")
        self.suture("agent", "run", "--once", state="copy")
        self.assertTrue(self.status(state="copy")["safe_lane"])
        self.suture("agent", "run", "--once")
        self.assertTrue(self.status()["safe_lane"])  # which of the two is the machine, a person says


if __name__ == "__main__":
    unittest.main()
