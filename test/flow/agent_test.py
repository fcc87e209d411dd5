#!/usr/bin/python3
"""The agent against a small server (fleet_server.py): enrolment, check-in, inventory, outbox, plan, pulse, refusals, portals."""
import datetime
import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey as Key

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from fleet_server import DAY, ZERO, Authority, FleetServer, Proxy  # noqa: E402
from made_root import MadeRoot  # noqa: E402
from trust_repository import Repository  # noqa: E402

SUTURE = os.environ["SUTURE"]
AGENT = os.path.join(os.path.dirname(SUTURE), "suture-agent")


class Fleet(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="suture-agent-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.server = FleetServer(self.folder)
        self.addCleanup(self.server.close)
        self.state = os.path.join(self.folder, "state")
        self.config = os.path.join(self.folder, "config")
        os.mkdir(self.config)
        with open(os.path.join(self.config, "agent.yaml"), "w", encoding="utf-8") as file:
            file.write("work: no\nmetered: no\n")
        self.environment = {"PATH": os.environ["PATH"], "TZ": "UTC", "LC_ALL": "C.UTF-8", "HOME": self.folder,
                            "SUTURE_STATE": self.state, "SUTURE_CONFIG": self.config}

    def run_it(self, *words, status=0):
        done = subprocess.run([SUTURE, "agent", *words], env=self.environment, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, timeout=60)
        self.assertEqual(done.returncode, status, (words, done.stdout, done.stderr))
        return done

    def enroll(self):
        return self.run_it("enroll", self.server.url, self.server.token())

    def status(self):
        return json.loads(self.run_it("status", "--format", "json").stdout)

    def path(self, name):
        return os.path.join(self.state, "agent", name)


class Enrolment(Fleet):
    def test_enrolled(self):
        page = self.enroll().stdout
        self.assertIn(self.server.hosts[0].hex(), page)
        self.assertEqual(os.stat(self.path("identity.pem")).st_mode & 0o777, 0o600)
        with open(os.path.join(self.config, "trust-root.json"), "rb") as file:
            self.assertEqual(file.read(), self.server.root)
        self.assertIn("a fleet already", self.run_it("enroll", self.server.url, self.server.token(), status=1).stderr)
        self.assertEqual(self.status()["host"], self.server.hosts[0].hex())

    def test_another_server_hears_nothing(self):
        token = self.server.token()
        self.server.authority = Authority()
        self.server.close()
        self.server.listen()
        self.assertIn("not the one that the token was made for", self.run_it("enroll", self.server.url, token, status=1).stderr)
        self.assertEqual(self.server.paths, [])
        self.assertFalse(os.path.exists(self.path("enrolled")))

    def test_bad_token(self):
        token = self.server.token()
        self.server.secret = bytes(16)
        self.assertIn("403: the token is not good", self.run_it("enroll", self.server.url, token, status=1).stderr)
        self.assertFalse(os.path.exists(self.path("enrolled")))
        self.assertIn("in no fleet", self.run_it("run", "--once", status=1).stderr)

    def test_another_root_is_not_pinned(self):
        self.server.root = b'{"another": 1}'
        self.assertIn("is not the root of this fleet", self.enroll().stdout)
        self.assertFalse(os.path.exists(os.path.join(self.config, "trust.yaml")))


class CheckIn(Fleet):
    def setUp(self):
        super().setUp()
        self.enroll()

    def test_first(self):
        self.run_it("run", "--once")
        said = self.server.checkins[0]
        self.assertEqual((said["counter"], said["inventory"], said["host"]), (1, ZERO, self.server.hosts[0]))
        base, root, changes, facts = self.server.commits[0]
        self.assertEqual((base, facts[0], facts[2]), (ZERO, "debian", "amd64"))
        self.assertTrue(0 < len(changes) == len(self.server.chunks))
        installed = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version} ${db:Status-Abbrev}\n"], check=True,
                                   capture_output=True, text=True).stdout.splitlines()
        told = json.loads(self.run_it("status", "--collected").stdout)["packages"]
        self.assertEqual({(one["package"], one["version"]) for one in told},
                         {tuple(line.split()[:2]) for line in installed if line.split()[2] == "ii"})
        # Nothing changed: neither chunks nor a commit go again.
        count = len(self.server.paths)
        self.run_it("run", "--once")
        self.assertEqual(self.server.paths[count:], ["/agent/1/checkin"])
        self.assertEqual((self.server.checkins[1]["counter"], self.server.checkins[1]["inventory"]), (2, root))

    def test_server_forgot(self):
        self.run_it("run", "--once")
        self.server.inventory, self.server.chunks = ZERO, {}
        self.run_it("run", "--once")
        self.assertEqual(len(self.server.commits), 2)

    def test_lost_answer_is_said_again(self):
        self.server.lose = 1
        self.run_it("run", "--once", status=1)
        self.run_it("run", "--once")
        first, again = self.server.checkins[0], self.server.checkins[-1]
        self.assertEqual((first["counter"], first["random"]), (again["counter"], again["random"]))
        self.run_it("run", "--once")
        self.assertEqual(self.server.checkins[-1]["counter"], 2)

    def test_refused_politely(self):
        self.server.refuse["/agent/1/checkin"] = (503, [("Retry-After", "77")])
        self.assertIn("503: not now", self.run_it("run", "--once", status=1).stderr)
        self.assertEqual(self.status()["failures"], 1)
        self.server.refuse["/agent/1/checkin"] = (426, [])
        self.assertIn("no longer speaks protocol 1", self.run_it("run", "--once", status=1).stderr)
        self.assertTrue(self.status()["too_old"])
        self.server.refuse.clear()
        self.run_it("run", "--once")
        self.assertEqual((self.status()["failures"], self.status()["too_old"]), (0, False))

    def test_renewal(self):
        with open(self.path("identity.pem"), "rb") as file:
            first = file.read()
        self.server.flags = 2
        self.run_it("run", "--once")
        self.assertIn("/agent/1/renew", self.server.paths)
        with open(self.path("identity.pem"), "rb") as file:
            self.assertNotEqual(file.read(), first)
        self.server.flags, count = 0, len(self.server.paths)
        self.run_it("run", "--once")
        self.assertNotIn("/agent/1/renew", self.server.paths[count:])

    def test_renews_at_a_third(self):
        self.server.lasts = 9 * DAY
        self.server.flags = 2
        self.run_it("run", "--once")
        self.server.flags, self.server.lasts, count = 0, 14 * DAY, len(self.server.paths)
        self.run_it("run", "--once")
        self.assertIn("/agent/1/renew", self.server.paths[count:])

    def test_another_host_is_never_taken(self):
        self.server.renew = lambda body, host: (200, self.server.identity(body[8:24], bytes(16), body[26:]))
        self.server.flags = 2
        self.assertIn("another machine", self.run_it("run", "--once").stderr)


class Orders(Fleet):
    def setUp(self):
        super().setUp()
        self.enroll()
        self.server.make_plan()
        self.run_it("run", "--once")

    def events(self, kind):
        return [json.loads(event[4]) for event in self.server.events if event[2] == kind]

    def test_plan_is_held(self):
        self.assertEqual(self.status()["failures"], 0)
        self.run_it("run", "--once")
        self.assertEqual(self.server.checkins[-1]["plan"], 1)
        self.server.make_plan(now=[{"by": "anna", "class": "security", "ends": "2030-01-01T00:00:00Z", "fix": "no-such-package",
                                    "id": "a1", "made": "2026-01-01T00:00:00Z", "reason": "test"}])
        self.run_it("run", "--once")
        self.run_it("run", "--once")
        self.assertEqual(self.server.checkins[-1]["plan"], 2)

    def test_rollback_is_refused(self):
        self.server.make_plan()
        self.run_it("run", "--once")
        self.server.make_plan(generation=1)
        self.server.plan_generation = 9
        self.assertIn("rollback: plan 1, and 2 was here", self.run_it("run", "--once").stderr)
        self.run_it("run", "--once")
        self.assertEqual(self.server.checkins[-1]["plan"], 2)
        self.run_it("run", "--once")
        self.assertEqual([alarm["name"] for alarm in self.events(5)], ["rollback"])  # found three times, told once

    def test_rollback_is_refused_by_what_is_durable(self):
        self.server.make_plan()
        self.run_it("run", "--once")
        os.remove(self.path("memory"))  # as after a power cut
        self.server.make_plan(generation=1)
        self.server.plan_generation = 9
        self.assertIn("rollback: plan 1, and 2 was here", self.run_it("run", "--once").stderr)

    def test_forged_plan(self):
        self.server.make_plan()
        self.server.plan = self.server.plan[:80] + bytes([self.server.plan[80] ^ 1]) + self.server.plan[81:]
        self.assertIn("plan:", self.run_it("run", "--once").stderr)
        self.run_it("run", "--once")
        self.assertEqual(self.server.checkins[-1]["plan"], 1)

    def test_advisories_come_into_use(self):
        manifest = b"Format: 1\nMade: 2026-11-21T07:50:00Z\nReleases: debian-12\n"
        bundle = b"SGB1" + struct.pack("<H", 1) + b"\x08manifest" + struct.pack("<Q", len(manifest)) + manifest
        self.server.make_plan(advisories=(bundle, 3))
        self.run_it("run", "--once")
        with open(os.path.join(self.state, "current", "manifest"), "rb") as file:
            self.assertEqual(file.read(), manifest)
        self.run_it("run", "--once")
        self.assertEqual(self.server.checkins[-1]["advisories"], 3)
        fetched = [path for path in self.server.plain_paths if path.startswith("/content/")]
        self.assertEqual(len(fetched), 1)

    def test_budget_of_a_metered_network(self):
        with open(os.path.join(self.config, "agent.yaml"), "w", encoding="utf-8") as file:
            file.write("work: no\nmetered: yes\nmetered_budget: 1k\n")
        self.server.make_plan(advisories=(bytes(5000), 3))
        self.assertIn("5000 bytes on a metered network", self.run_it("run", "--once").stderr)
        self.assertFalse([path for path in self.server.plain_paths if path.startswith("/content/")])
        self.run_it("run", "--once")
        self.assertTrue(self.server.checkins[-1]["flags"] & 8)

    def test_wrong_advisories(self):
        self.server.make_plan(advisories=(b"no bundle", 3))
        self.assertIn("advisories: bundle: does not begin with SGB1", self.run_it("run", "--once").stderr)
        self.server.content = {digest: b"no Bundle" for digest in self.server.content}
        self.assertIn("not those that the plan names", self.run_it("run", "--once").stderr)
        self.run_it("run", "--once")
        self.assertEqual(self.server.checkins[-1]["advisories"], 0)



class SignedOrders(Fleet):
    """What people sign in the fleet's repository reaches the machine with a check-in, and the server hears that it did."""

    def setUp(self):
        super().setUp()
        now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        self.repository = Repository(os.path.join(self.folder, "repository"), now)
        with open(self.repository.begin(), "rb") as file:
            self.server.root = file.read()
        self.server.fleet = hashlib.sha256(self.server.root).digest()
        self.server.repository = self.repository.folder
        self.enroll()
        self.run_it("run", "--once")

    def publish(self, role):
        self.repository.publish(role)
        self.server.repository_version = self.repository.versions["timestamp"]

    def test_crisis(self):
        self.assertEqual(self.server.checkins[0]["level"], 1)
        order = self.repository.order("crisis", 1, level="essential")
        self.publish("crisis")
        self.run_it("run", "--once")  # fetches it
        self.run_it("run", "--once")  # obeys it and says so
        said = self.server.checkins[-1]
        self.assertEqual((said["level"], said["repository"]), (2, self.server.repository_version))
        seen = [json.loads(event[4]) for event in self.server.events if event[2] == 7]
        self.assertEqual(seen, [{"id": order, "role": "crisis", "state": "in-force"}])
        self.run_it("run", "--once")
        self.assertEqual(len([event for event in self.server.events if event[2] == 7]), 1)

    def test_repository_goes_back(self):
        """An older timestamp is an attack: the machine keeps what it has, and somebody hears of it once."""
        self.publish("block")
        self.run_it("run", "--once")
        self.repository.versions["timestamp"] = 0
        self.repository.put_timestamp()
        self.server.repository_version += 1
        for _ in range(3):
            self.run_it("run", "--once")
        alarms = [json.loads(event[4])["name"] for event in self.server.events if event[2] == 5]
        self.assertEqual(alarms, ["rollback"])
        self.assertTrue(self.server.checkins[-1]["flags"] & 16)


class Pulse(Fleet):
    def setUp(self):
        super().setUp()
        self.enroll()
        self.run_it("run", "--once")

    def pulse(self):
        return subprocess.run([AGENT, "pulse"], env=self.environment, capture_output=True, text=True, check=True).stdout.strip()

    def test_heard_once(self):
        self.assertEqual(self.pulse(), "new")
        self.assertEqual(self.pulse(), "nothing")
        self.server.generation, self.server.urgency = 2, 2
        self.assertEqual(self.pulse(), "urgent")
        self.server.generation, self.server.urgency = 1, 2  # a mirror that is behind
        self.assertEqual(self.pulse(), "nothing")

    def test_captive_portal_is_no_network(self):
        self.server.captive = True
        self.assertEqual(self.pulse(), "nothing")
        self.server.captive = False
        self.assertEqual(self.pulse(), "new")  # the portal's ETag did not hide it

    def test_forged(self):
        self.server.urgency = 2
        self.server.pulse = lambda: FleetServer.pulse(self.server, key=Key.generate())
        self.assertEqual(self.pulse(), "nothing")


class Proxies(Fleet):
    def test_all_goes_through(self):
        proxy = Proxy()
        self.addCleanup(proxy.close)
        with open(os.path.join(self.config, "agent.yaml"), "a", encoding="utf-8") as file:
            file.write(f"proxy: {proxy.url}\n")
        self.enroll()
        self.run_it("run", "--once")
        self.assertEqual(len(self.server.commits), 1)
        tunnel = "CONNECT " + self.server.url[len("https://"):]
        self.assertEqual([line for line in proxy.asked if line.startswith("CONNECT")], [tunnel] * 3)
        self.assertIn(f"GET {self.server.content_url}/repo/metadata/1.root.json", proxy.asked)

    def test_of_the_environment(self):
        proxy = Proxy()
        self.addCleanup(proxy.close)
        self.environment["https_proxy"] = proxy.url
        self.enroll()
        self.assertEqual(len(proxy.asked), 2)  # one to learn whom to believe, one to enrol


class Killed(Fleet):
    def test_at_any_moment(self):
        """kill -9 again and again: no event twice, no check-in's number with two words, and the machine is whole afterwards."""
        self.enroll()
        self.run_it("run", "--once")
        for moment in range(1, 13):
            running = subprocess.Popen([AGENT, "run", "once"], env=self.environment, stderr=subprocess.DEVNULL, start_new_session=True)
            try:
                running.wait(moment * 0.03)
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, 9)
                running.wait()
        self.run_it("run", "--once")
        words = {}
        for said in self.server.checkins:
            self.assertEqual(words.setdefault(said["counter"], said["random"]), said["random"])
        counters = [said["counter"] for said in self.server.checkins]
        self.assertEqual(counters, sorted(counters))
        self.assertEqual(self.server.inventory, self.server.commits[-1][1])
        self.assertEqual(self.status()["failures"], 0)


class Daemon(Fleet):
    """The daemon, with a suture that only notes what it is asked to apply, on a made machine."""

    def setUp(self):
        super().setUp()
        if os.geteuid() != 0 or not MadeRoot.can_be_machine():
            self.skipTest("mount namespaces are needed")
        self.bin = os.path.join(self.folder, "bin")
        os.mkdir(self.bin)
        for name in ("suture-agent", "suture-link", "suture-fetch"):  # copies: each looks for the others where it is itself
            shutil.copy2(os.path.join(os.path.dirname(SUTURE), name), self.bin)
        self.applied = os.path.join(self.folder, "applied")
        self.program("suture", f'#!/bin/sh\necho "$@" >> {self.applied}\n')
        self.machine = MadeRoot()
        self.addCleanup(self.machine.__exit__)
        self.machine.install("expat", "2.5.0-1+deb12u1", binaries=["libexpat1"])
        self.machine.archive("bookworm-security", label="Debian-Security",
                             packages=[("libexpat1", "2.5.0-1+deb12u5", "expat", 1000)])
        self.server.next_s = 1
        self.enroll()
        os.remove(os.path.join(self.config, "agent.yaml"))

    def program(self, name, text):
        path = os.path.join(self.bin, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o755)

    def start(self):
        mounts = " && ".join(f'mount --bind "{self.machine.path(name)}" "/{name}"'
                             for name in ("var/lib/dpkg", "var/lib/apt", "etc/apt"))
        command = ["unshare", "--mount", "sh", "-c", f'{mounts} && mount --bind /bin/true /usr/bin/apt-get && exec "$@"', "sh",
                   os.path.join(self.bin, "suture-agent"), "run"]
        daemon = subprocess.Popen(command, env=self.environment, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.stop, daemon)
        return daemon

    def stop(self, daemon):
        if daemon.poll() is None:
            daemon.terminate()
        said = daemon.communicate(timeout=30)[1]
        self.assertEqual(daemon.returncode, 0, said)
        return said

    def asked_to_apply(self):
        if not os.path.exists(self.applied):
            return []
        with open(self.applied, encoding="utf-8") as file:
            return [line.strip() for line in file if line.startswith("apply")]

    def test_patch_now(self):
        daemon = self.start()
        self.server.wait(lambda: len(self.server.checkins) >= 2)
        self.assertEqual(self.asked_to_apply(), [])
        with self.server.changed:
            self.server.make_plan(now=[{"by": "anna", "class": "security", "ends": "2030-01-01T00:00:00Z", "fix": "expat", "id": "a1",
                                        "made": "2026-01-01T00:00:00Z", "reason": "test"}])
        self.server.wait(self.asked_to_apply)
        self.assertEqual(self.asked_to_apply()[0], "apply --yes expat")
        # What the daemon itself takes while it sleeps.
        with open(f"/proc/{daemon.pid}/status", encoding="utf-8") as file:
            resident = [int(line.split()[1]) for line in file if line.startswith("VmRSS")][0]
        self.assertLess(resident, 15 * 1024)
        self.stop(daemon)


if __name__ == "__main__":
    unittest.main()
