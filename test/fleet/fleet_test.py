#!/usr/bin/env python3
"""Four whole machines at home, each with its own agent, and one sutured.

    home    a line of 2 Mbit that loses 3 of 100 packets
    office  reaches nothing but through a proxy
    hotel   behind a captive portal until somebody has paid
    lid     was asleep when all of it happened

A security update is ordered, "patch now", and a crisis: who is online does it within 90 seconds, who was away does it afterwards,
and of each machine the evidence is there exactly once."""
import os
import re
import signal
import sys
import tempfile
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "system"))
sys.path.insert(0, HERE)
from internet import PROXY_PORT, SERVER, Internet  # noqa: E402
from machine import Machine, main  # noqa: E402
from made_debs import MadeArchive, Package  # noqa: E402
from sutured import Sutured  # noqa: E402

NAMES = ("home", "office", "hotel", "lid")
WITHIN = 90


class Patched(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="suture-fleet-")
        self.addCleanup(folder.cleanup)
        self.internet = Internet()
        self.addCleanup(self.internet.end)
        self.server = Sutured(os.path.join(folder.name, "server"), address=SERVER)
        self.addCleanup(self.server.end)
        self.machines, self.homes, self.agents = {}, {}, {}
        for name in NAMES:
            self.machines[name] = self.furnish(name)
            self.homes[name] = self.internet.home(self.machines[name])

    def furnish(self, name):
        """Its window is far away: what it does now, it was told to."""
        machine = Machine("small", name=name)
        self.addCleanup(machine.end)
        shop = MadeArchive(machine)
        self.addCleanup(shop.end)
        shop.install(Package("oak", "1.0", files={"/usr/share/oak": "one"}))
        shop.offer(Package("oak", "1.1", files={"/usr/share/oak": "two"}))
        shop.publish()
        machine.advise(age_days=5)
        hour = (time.gmtime().tm_hour + 8) % 24
        machine.write("etc/suture/policy.yaml", "name: local\nversion: 1\nprofiles: [seed-cvss, exploited]\ndecide: {minimum age: 0 hours}\n"
                      f'window: {{start: "{hour:02}:00", length: 1 hours}}\nunattended: {{new powers: take, new packages: ["*"]}}\n')
        # In a fleet a security update waits for a day, which no word of the server ends: this machine has seen it for three.
        machine.suture("plan", "--all", check=True)
        ago = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 3 * 86400))
        seen = re.sub(r"^\d{4}-\d\d-\d\dT[^ ]+", ago, machine.read("var/lib/suture/versions"), flags=re.M)
        machine.write("var/lib/suture/versions", seen)
        return machine

    def join(self, name, token):
        if name == "office":
            self.machines[name].write("etc/suture/agent.yaml", f"proxy: http://{SERVER}:{PROXY_PORT}\n")
        self.machines[name].suture("agent", "enroll", f"https://{SERVER}:8440", token, check=True)

    def end_agents(self):
        for job in self.agents.values():
            job.kill()
            os.kill(job.child.pid, signal.SIGCONT)      # nsenter stops when what it started is stopped, and nobody wakes it
            job.wait()

    def run_agent(self, name):
        self.agents[name] = self.machines[name].start(["suture", "agent", "run"], stdout=sys.stderr, stderr=sys.stderr)

    def hosts(self):
        return {host["name"]: host for host in self.server.api("GET", "/api/1/hosts")["hosts"]}

    def until(self, what, question, seconds):
        """The answer, and how long it took to be one."""
        begun = time.monotonic()
        while True:
            answer = question()
            if answer:
                return answer, time.monotonic() - begun
            if time.monotonic() - begun > seconds:
                raise AssertionError(f"{what}: not within {seconds} s\n{self.server.said()[-2000:]}")
            time.sleep(0.2)

    def events(self, name, kind):
        host = self.hosts()[name]
        return [event for event in self.server.api("GET", f"/api/1/hosts/{host['id']}/events")["events"] if event["kind"] == kind]

    def evidence(self, name):
        return self.server.api("GET", f"/api/1/hosts/{self.hosts()[name]['id']}/evidence")["evidence"]

    def patched(self, names):
        return all("oak:all" in (packages := self.machines[name].packages()) and packages["oak:all"] == "1.1" for name in names)

    def test_the_trip_of_a_fleet(self):
        homes = self.homes
        homes["home"].slow("2mbit")
        homes["home"].lossy(3)
        proxy, portal = self.internet.proxy(), self.internet.portal()
        homes["office"].only_by_proxy()
        token = self.server.new_token(uses=len(NAMES))
        for name in NAMES:
            self.join(name, token)
        self.addCleanup(self.end_agents)
        for name in NAMES:
            self.run_agent(name)
        took = self.until("inventories", lambda: len(self.hosts()) == 4 and all(host["scanned"] for host in self.hosts().values()), 100)[1]
        print(f"all four have reported {took:.0f} s after their agents began", flush=True)
        homes["hotel"].captive()
        homes["lid"].sleep()
        self.assertTrue(proxy.seen)

        self.server.api("POST", "/api/1/orders", {"fix": "oak", "reason": "it is exploited"})
        online, ordered = ("home", "office"), time.monotonic()
        for name in online:
            self.until(f"{name} began", lambda name=name: self.events(name, "run-began"), WITHIN)
            print(f"{name} began {time.monotonic() - ordered:.0f} s after \"patch now\"", flush=True)
        self.assertLess(time.monotonic() - ordered, WITHIN)
        for name in online:
            self.until(f"{name} has evidence", lambda name=name: self.evidence(name), WITHIN)
        print(f"both online have sent evidence after {time.monotonic() - ordered:.0f} s", flush=True)
        self.assertTrue(self.patched(online))
        self.assertEqual(self.events("hotel", "run-began") + self.events("lid", "run-began"), [])
        self.assertTrue(portal.seen, "nobody met the portal")

        homes["hotel"].free()
        homes["lid"].wake()
        back = time.monotonic()
        for name in ("hotel", "lid"):
            self.until(f"{name} caught up", lambda name=name: self.evidence(name), 2 * WITHIN)
        print(f"both that were away have sent evidence {time.monotonic() - back:.0f} s after they came back", flush=True)
        self.assertTrue(self.patched(NAMES))
        for name in NAMES:
            self.assertEqual(len(self.evidence(name)), 1, name)
            self.assertEqual(self.hosts()[name]["state"], "ok")


if __name__ == "__main__":
    main()
