#!/usr/bin/env python3
"""A run that is stopped anywhere ends, after one more call, in exactly the old or exactly the new state, and says which.

    interrupt_test.py PART      rows: after each row of the journal; scripts: inside dpkg; asked: SIGTERM and SIGINT

Each is done in two ways: suture alone is killed (what it started goes on), or the plug of the machine is pulled."""
import json
import os
import signal
import sys
import unittest

from interrupt import Journal
from machine import Machine, main
from made_debs import MadeArchive, Package, StopPoint
from scenarios import SCENARIOS
from state import State
from trip import APT, Told, apply

BY_NAME = {scenario.name: scenario for scenario in SCENARIOS}


def pull_plug(machine, job):
    machine.power_off()
    job.wait()
    machine.boot()


def kill_suture(_, job):
    job.kill()
    job.wait()


class Interrupted(unittest.TestCase):
    def prepare(self, name, stop=None, script="postinst"):
        """self.machine, saved with the scenario prepared; self.old and self.new."""
        scenario = BY_NAME[name]
        self.machine = Machine("small")
        self.addCleanup(self.machine.end)
        self.stop = None
        if stop:
            self.stop = StopPoint(self.machine, stop)
            self.addCleanup(self.stop.close)
        self.shop = scenario.prepare(self.machine, self.stop.script if stop else None, script)
        self.addCleanup(self.shop.end)
        self.machine.save()
        self.old = State(self.machine.root)
        self.new = None
        if scenario.ends == "new":
            job = self.machine.start(APT)
            self.pass_stops(job)
            self.assertEqual(job.wait().returncode, 0)
            self.new = State(self.machine.root)
        self.reset()

    def reset(self):
        if self.stop:
            self.stop.close()
        self.machine.reset()
        if self.stop:
            self.stop.open()

    def pass_stops(self, job):
        """Lets each script that comes to the stop go on, until the job ends."""
        while self.stop and self.stop.wait_or_end(job):
            self.stop.go()

    def judge(self, told):
        """What it said is what is there."""
        state = State(self.machine.root)
        if told.run.get("state") == "done" or (told.json or {}).get("end") == "nothing":
            self.assertEqual(told.status, 0, told)
            self.assertEqual(state.difference(self.new), "", told)
            return "new"
        self.assertIn(told.run.get("state"), ("rolled-back", "refused"), told)
        self.assertEqual(state.difference(self.old), "", told)
        return "old"

    def again(self):
        job = self.machine.start(["suture", "apply", "--yes", "--format", "json"])
        self.pass_stops(job)
        return Told(job.wait())

    def walk_rows(self, name):
        self.prepare(name)
        watch = Journal(self.machine)
        whole = apply(self.machine)
        rows = len(watch.rows())
        watch.close()
        self.assertGreater(rows, 10)
        ends = {}
        for row in range(1, rows + 1):
            way = pull_plug if row % 2 else kill_suture
            with self.subTest(f"{name}: {way.__name__} after row {row} of {rows}"):
                self.reset()
                watch = Journal(self.machine)
                job = self.machine.start(["suture", "apply", "--yes", "--format", "json"])
                if watch.wait(row, job):
                    try:
                        way(self.machine, job)
                    except AssertionError:
                        pass     # it had just ended
                    told = self.again()
                else:
                    told = None
                watch.close()
                if told:
                    ends[row] = self.judge(told)
        print(f"{name}: {whole.run.get('state')}; {ends}", flush=True)


class Rows(Interrupted):
    def test_an_update(self):
        self.walk_rows("conffile changed by both")

    def test_an_update_with_a_new_dependency(self):
        self.walk_rows("new dependency")

    def test_an_update_that_is_taken_back(self):
        self.walk_rows("fails with a new dependency")


class Scripts(Interrupted):
    def walk(self, script, kill):
        self.prepare("plain", "here", script)
        job = self.machine.start(["suture", "apply", "--yes", "--format", "json"])
        self.stop.wait()
        kill(job)
        self.assertIsNotNone(self.judge(self.again()))

    def kill_program(self, name):
        def kill(job):
            found = self.machine.processes(name)
            self.assertNotEqual(found, [], name)
            for pid in found:
                os.kill(pid, signal.SIGKILL)
            self.stop.go()      # the script outlives who started it
            self.pass_stops(job)
            job.wait()
        return kill

    def plug(self, job):
        pull_plug(self.machine, job)

    def suture_alone(self, job):
        """What dpkg is doing goes on, while the next call is there already."""
        job.kill()
        self.stop.go()
        job.wait()      # the executor has its errors' pipe: this ends when dpkg has


class TakenBack(Interrupted):
    def test_the_plug_inside_dpkg_while_it_is_taken_back(self):
        """What dpkg has not noted in its status yet lies in updates/, and the way back is read behind that."""
        self.machine = Machine("small")
        self.addCleanup(self.machine.end)
        self.stop = StopPoint(self.machine, "here")
        self.addCleanup(self.stop.close)
        shop = MadeArchive(self.machine)
        self.addCleanup(shop.end)
        shop.install(Package("oak", "1.0", files={"/usr/share/oak": "1"}, scripts={
            "postinst": f"if [ -e /var/stop/armed ]; then rm /var/stop/armed\n{self.stop.script}fi\n"}))
        shop.offer(Package("oak", "1.1", files={"/usr/share/oak": "2"}, scripts={"postinst": "touch /var/stop/armed\nexit 1\n"}))
        shop.publish()
        self.machine.advise()
        self.old, self.new = State(self.machine.root), None
        job = self.machine.start(["suture", "apply", "--yes", "--format", "json"])
        self.stop.wait()
        pull_plug(self.machine, job)
        self.assertNotEqual(os.listdir(self.machine.path("var/lib/dpkg/updates")), [])
        self.assertEqual(self.judge(self.again()), "old")


for script in ("preinst", "postinst", "prerm", "postrm"):
    def test_plug(self, script=script):
        self.walk(script, self.plug)

    def test_suture(self, script=script):
        self.walk(script, self.suture_alone)

    def test_dpkg(self, script=script):
        self.walk(script, self.kill_program("dpkg"))

    def test_executor(self, script=script):
        self.walk(script, self.kill_program("suture-execute"))

    for test in (test_plug, test_suture, test_dpkg, test_executor):
        setattr(Scripts, f"{test.__name__}_in_{script}", test)


class Asked(Interrupted):
    """SIGTERM and SIGINT land between groups: what was begun is finished, and nothing is torn."""

    def assert_proved(self, told):
        """What was made before the stop, and nothing of what was not."""
        proof, = json.loads(self.machine.suture("report", "--format", "json", check=True).stdout)["evidence"]
        record, installed = proof["record"], self.machine.packages()
        self.assertEqual((record["run"], record["outcome"]), (told.run["id"], "stopped"))
        self.assertEqual(proof["verdicts"]["applied"]["proof"], "yes", proof)
        self.assertNotEqual(record["packages"], [])
        for package in record["packages"]:
            self.assertEqual(package["to"] or None, installed.get(f"{package['name']}:{package['arch']}"))
        waiting = json.loads(self.machine.suture("plan", "--format", "json", check=True).stdout)["changes"]
        self.assertEqual({package["name"] for package in record["packages"]} & {change["name"] for change in waiting}, set())

    def walk(self, number):
        self.prepare("many at once", "here")
        job = self.machine.start(["suture", "apply", "--yes", "--format", "json"])
        self.stop.wait()
        job.kill(number)
        self.stop.go()
        self.pass_stops(job)
        told = Told(job.wait())
        self.assertIn(told.run.get("state"), ("stopped", "done"), told)
        self.assertEqual(self.machine.run(["dpkg", "--audit"], check=True).stdout, "")
        if told.run["state"] == "stopped":
            self.assertNotEqual(told.status, 0, told)
            self.assert_proved(told)
            self.assertEqual(self.judge(self.again()), "new")

    def test_sigterm(self):
        self.walk(signal.SIGTERM)

    def test_sigint(self):
        self.walk(signal.SIGINT)


def choose(part):
    for name, tests in {"rows": Rows, "scripts": Scripts, "asked": Asked}.items():
        if part != name:
            del globals()[tests.__name__]
    if part != "scripts":
        del globals()["TakenBack"]


if __name__ == "__main__":
    if len(sys.argv) > 1 and not sys.argv[1].startswith("-"):
        choose(sys.argv.pop(1))
    main()
