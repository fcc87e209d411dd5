#!/usr/bin/python3
"""A machine that obeys a repository: pinned, refreshed, asked how old what it believes is, and lied to."""
import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from trust_repository import DAY, Repository, text  # noqa: E402

SUTURE = os.environ["SUTURE"]
NOW = datetime.datetime(2026, 11, 22, tzinfo=datetime.timezone.utc)
HOUR = datetime.timedelta(hours=1)
POLICY = b"name: fleet\nversion: 4\nprofiles: [seed-cvss]\n"


class Machine(unittest.TestCase):
    solo = False

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="suture-trust-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.repository = Repository(os.path.join(self.folder, "public"), NOW, self.solo)
        self.url = "file://" + self.repository.folder
        self.environment = dict(os.environ, TZ="UTC", LC_ALL="C.UTF-8", HOME=self.folder, COLUMNS="160",
                                SUTURE_STATE=os.path.join(self.folder, "state"),
                                SUTURE_CONFIG=os.path.join(self.folder, "config"))
        self.root = self.repository.begin()
        self.run_it("trust", "pin", self.url, self.root)

    def run_it(self, *words, status=0):
        done = subprocess.run([SUTURE, *words], env=self.environment, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, status, (words, done.stdout, done.stderr))
        return done

    def refresh(self, now=NOW, status=0):
        return self.run_it("trust", "refresh", "--now", text(now), status=status)

    def trust(self, now=NOW):
        done = self.run_it("trust", "status", "--now", text(now), "--format", "json")
        return json.loads(done.stdout)["trust"]

    def states(self, now):
        return {role["role"]: role["state"] for role in self.trust(now)["roles"]}

    def orders(self, now=NOW):
        return {order["id"]: order["state"] for order in self.trust(now)["orders"]}

    def problem_of(self, role):
        return next(each["problem"] for each in self.trust()["roles"] if each["role"] == role)


class Pin(Machine):
    def test_another_root_needs_a_word(self):
        done = self.run_it("trust", "pin", self.url, self.root, status=1)
        self.assertIn("a repository is pinned already; --replace forgets it", done.stderr)
        self.run_it("trust", "pin", "--replace", self.url, self.root)

    def test_digest(self):
        done = self.run_it("trust", "pin", "--replace", "--sha256", "00", self.url, self.root, status=1)
        self.assertIn("not what --sha256 says", done.stderr)

    def test_a_root_that_nobody_signed(self):
        with open(self.root, encoding="utf-8") as file:
            envelope = json.load(file)
        envelope["signatures"] = envelope["signatures"][:1]
        path = os.path.join(self.folder, "bad.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(envelope, file)
        done = self.run_it("trust", "pin", "--replace", self.url, path, status=1)
        self.assertIn("threshold: root: 1 of 2 needed signatures", done.stderr)

    def test_nothing_is_pinned(self):
        shutil.rmtree(self.environment["SUTURE_CONFIG"])
        os.mkdir(self.environment["SUTURE_CONFIG"])
        done = self.run_it("trust", "refresh", status=1)
        self.assertEqual(done.stderr, "suture: no repository is pinned here: suture trust pin URL ROOT\n")
        self.assertIsNone(self.trust())


class Ages(Machine):
    def test_every_role_has_one(self):
        self.refresh()
        states = self.states(NOW + HOUR)
        self.assertEqual(set(states), {"root", "timestamp", "snapshot", "targets", "policy", "crisis", "block",
                                       "approval", "mirror", "deltas"})
        self.assertEqual(set(states.values()), {"fresh"})
        page = self.run_it("trust", "status", "--now", text(NOW + HOUR)).stdout
        for role in states:
            self.assertIn(f" {role} ", page)

    def test_indexes_of_deltas_may_be_signed_by_the_key_of_their_role(self):
        self.refresh()
        with open(os.path.join(self.folder, "state", "trust", "record"), encoding="utf-8") as file:
            keys = {role["name"]: role.get("keys") for role in json.load(file)["roles"]}
        self.assertEqual(keys["deltas"], [self.repository.server.public["keyval"]["public"]])
        self.assertIsNone(keys["mirror"])

    def test_stale_and_expired_go_on_reporting(self):
        self.refresh()
        self.assertEqual(self.states(NOW + DAY - HOUR)["timestamp"], "fresh")
        self.assertEqual(self.states(NOW + DAY)["timestamp"], "stale")
        self.assertEqual(self.states(NOW + 8 * DAY)["timestamp"], "expired")
        self.assertEqual(set(self.states(NOW + 400 * DAY).values()), {"expired"})

    def test_a_refresh_that_fails_takes_nothing_back(self):
        self.repository.order("block", 1, package="openssl")
        self.repository.publish("block")
        self.refresh()
        shutil.move(self.repository.folder, self.repository.folder + ".away")
        done = self.refresh(NOW + HOUR, status=1)
        self.assertIn("No such file or directory", done.stderr)
        trust = self.trust(NOW + HOUR)
        self.assertIn("No such file or directory", trust["problem"])
        self.assertEqual(trust["refreshed"], text(NOW))
        self.assertEqual(trust["tried"], text(NOW + HOUR))
        self.assertEqual(list(self.orders(NOW + HOUR).values()), ["holds"])

    def test_frozen(self):
        """The server goes on serving the same: it is stale after a day, refused when it has expired."""
        self.refresh()
        self.refresh(NOW + 2 * DAY)
        self.assertEqual(self.states(NOW + 2 * DAY)["timestamp"], "stale")
        done = self.refresh(NOW + 8 * DAY, status=1)
        self.assertIn("freeze: timestamp version 1 expired at 2026-11-29T00:00:00Z", done.stderr)

    def test_one_role_that_cannot_be_believed(self):
        self.repository.order("block", 1, package="openssl")
        self.repository.order("approval", 2, package="nginx", version="1", arch="amd64", sha256="00" * 32, lifts=["wait"])
        self.repository.publish("block", "approval")
        self.refresh()
        self.repository.signers.update(block=[], approval=["anna"])
        self.repository.order("crisis", 3, level="essential")
        self.repository.publish("block", "approval", "crisis")
        self.refresh()
        self.assertIn("threshold: block: 0 of 1 needed signatures", self.problem_of("block"))
        self.assertIn("threshold: approval: 1 of 2 needed signatures", self.problem_of("approval"))
        kinds = {order["kind"]: order["state"] for order in self.trust()["orders"]}
        self.assertEqual(kinds, {"block": "holds", "crisis": "holds"})

    def test_clocks(self):
        """A clock that is years behind is not believed; one that is years ahead moves nothing."""
        self.refresh()
        self.repository.now = NOW + DAY
        self.repository.publish()
        self.refresh(NOW + DAY)
        # Five years behind: judged at what was signed last, a day ago; all is well then.
        self.refresh(NOW - 1826 * DAY)
        # Five years ahead: everything has expired, nothing is taken back, and the right time finds all as it was.
        done = self.refresh(NOW + 1826 * DAY, status=1)
        self.assertIn("freeze: root version 1 expired", done.stderr)
        self.refresh(NOW + DAY)

    def test_a_signed_date_of_the_future_locks_nobody_out(self):
        self.repository.now = NOW + 3650 * DAY
        self.repository.publish()
        self.repository.now = NOW
        self.repository.publish()
        self.refresh()
        self.repository.now = NOW + DAY
        self.repository.publish()
        self.refresh(NOW + DAY)


class Orders(Machine):
    def test_they_hold_and_end(self):
        crisis = self.repository.order("crisis", 1, level="essential")
        block = self.repository.order("block", 2, package="openssl", days=3)
        self.repository.publish("crisis", "block")
        self.refresh()
        self.assertEqual(self.orders(), {crisis: "holds", block: "holds"})
        self.assertEqual(self.orders(NOW + 4 * DAY), {crisis: "holds", block: "ended"})
        self.assertEqual(self.orders(NOW + 10 * DAY), {crisis: "ended", block: "ended"})

    def level(self, now):
        done = self.run_it("level", "status", "--now", text(now), "--format", "json")
        got = json.loads(done.stdout)
        return got["level"], got["phase"]

    def test_a_crisis_order_sets_the_level(self):
        """The stricter of this machine's own and the signed one holds; at its end it falls as every order does."""
        self.repository.order("crisis", 1, level="emergency-only", days=2)
        self.repository.publish("crisis")
        self.refresh()
        self.assertEqual(self.level(NOW + HOUR), ("emergency-only", "in-force"))
        self.assertEqual(self.level(NOW + 3 * DAY), ("essential", "fallen"))
        self.assertEqual(self.level(NOW + 5 * DAY), ("normal", "none"))
        screen = self.run_it("level", "status", "--now", text(NOW + HOUR)).stdout
        self.assertIn("anna, signed by 3", screen)
        self.assertIn("a hole", screen)

    def test_the_signed_policy_decides(self):
        now = self.repository.now = datetime.datetime.now(datetime.timezone.utc) - HOUR
        self.repository.put_root()
        self.repository.put_targets()
        self.repository.add("policy", "policy/policy.yaml", POLICY)
        self.repository.publish("policy", "crisis", "block", "approval", "mirror", "deltas")
        self.refresh(now)
        shown = json.loads(self.run_it("policy", "show", "--format", "json").stdout)
        self.assertEqual((shown["name"], shown["version"]), ("fleet", 4))
        shutil.rmtree(os.path.join(self.environment["SUTURE_STATE"], "trust", "policy"))
        done = self.run_it("policy", "show", status=1)
        self.assertIn("the repository's policy is gone; suture trust refresh", done.stderr)
        self.refresh(now)
        self.run_it("policy", "show")

    def test_dropped_orders_go(self):
        self.repository.order("block", 1, package="openssl")
        self.repository.publish("block")
        self.refresh()
        self.repository.targets["block"].clear()
        self.repository.publish("block")
        self.refresh()
        self.assertEqual(self.orders(), {})

    def test_a_block_of_one_decays(self):
        self.repository.signers["block"] = ["anna"]
        block = self.repository.order("block", 1, package="openssl", days=20)
        self.repository.publish("block")
        self.refresh()
        self.assertEqual(self.orders(NOW + 72 * HOUR), {block: "ended"})
        # A second person signs; and stays counted when the next document is anna's alone.
        self.repository.signers["block"] = ["anna", "bob"]
        self.repository.publish("block")
        self.refresh()
        self.assertEqual(self.orders(NOW + 72 * HOUR), {block: "holds"})
        self.repository.signers["block"] = ["anna"]
        self.repository.publish("block")
        self.refresh()
        self.assertEqual(self.orders(NOW + 72 * HOUR), {block: "holds"})

    def test_a_role_gives_its_own_orders_alone(self):
        self.repository.order("approval", 1, role="block", package="nginx", version="1", arch="amd64", sha256="00" * 32,
                              lifts=["wait"])
        good = self.repository.order("block", 2, package="openssl")
        self.repository.publish("block")
        self.refresh()
        self.assertEqual(self.orders(), {good: "holds"})
        self.assertIn("scope: the role block may give no order of the kind approval", self.problem_of("block"))

    def test_one_broken_order_keeps_no_other_out(self):
        self.repository.add("block", "orders/block/2026-11-22-00000009.json", b"{}")
        good = self.repository.order("block", 2, package="openssl")
        self.repository.publish("block")
        self.refresh()
        self.assertEqual(self.orders(), {good: "holds"})
        self.assertIn("orders/block/2026-11-22-00000009.json: ", self.problem_of("block"))

    def test_other_bytes_than_were_signed(self):
        self.repository.order("block", 2, package="openssl")
        self.repository.publish("block")
        for folder, _, names in os.walk(os.path.join(self.repository.folder, "targets")):
            for name in names:
                with open(os.path.join(folder, name), "r+b") as file:
                    file.write(b"[")
        self.refresh()
        self.assertEqual(self.orders(), {})
        self.assertIn("mix-and-match: target orders/block/", self.problem_of("block"))

    def test_policy(self):
        self.repository.add("policy", "policy/policy.yaml", POLICY)
        self.repository.publish("policy")
        self.refresh()
        self.assertEqual(self.trust()["policy"]["version"], 2)
        self.repository.add("policy", "policy/policy.yaml",
                            POLICY + b"after:\n  checks:\n    - {command: /bin/true}\n")
        self.repository.publish("policy")
        self.refresh()
        self.assertIn("scope: a policy of a repository names no commands; this one does", self.problem_of("policy"))
        self.assertEqual(self.trust()["policy"]["version"], 2)


class Solo(Machine):
    solo = True

    def test_what_needs_two_waits_a_day(self):
        self.refresh()
        self.assertTrue(self.trust()["solo"])
        # Backdated by a week: it counts from when it was seen.
        self.repository.now = NOW - 7 * DAY
        crisis = self.repository.order("crisis", 1, level="essential", days=20)
        self.repository.now = NOW
        block = self.repository.order("block", 2, package="openssl")
        self.repository.add("policy", "policy/policy.yaml", POLICY)
        self.repository.publish("crisis", "block", "policy")
        self.refresh()
        self.assertEqual(self.orders(), {crisis: "waits", block: "holds"})
        self.assertIsNone(self.trust()["policy"])
        self.assertEqual(self.trust()["next_policy"]["begins"], text(NOW + DAY))
        page = self.run_it("trust", "status", "--now", text(NOW)).stdout
        self.assertIn("takes effect Mon 23 Nov 2026 00:00", page)
        self.assertIn("SOLO", page)
        self.refresh(NOW + 23 * HOUR)  # seen again is not seen first
        self.assertEqual(self.orders(NOW + DAY)[crisis], "holds")
        self.assertEqual(self.trust(NOW + DAY)["policy"]["version"], 2)

    def test_a_thief_who_makes_himself_several(self):
        """The one key changes root to three persons, all of them the thief: for a day the tree counts as solo all the same."""
        self.refresh()
        old = self.repository.people["anna"]
        self.repository.solo = False
        self.repository.people = {name: self.repository.person(name) for name in ("x", "y", "z")}
        keys = self.repository.keys_of
        self.repository.keys_of = lambda role: keys(role) + ([old] if role == "root" else [])
        self.repository.put_root()
        self.repository.keys_of = keys
        self.repository.put_targets()
        self.repository.order("crisis", 1, level="essential")
        self.repository.publish("crisis", "block", "policy", "approval")
        self.refresh()
        self.assertEqual(list(self.orders().values()), ["waits"])
        self.assertEqual(self.trust()["solo_until"], text(NOW + DAY))


if __name__ == "__main__":
    unittest.main()
