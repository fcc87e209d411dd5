#!/usr/bin/env python3
"""Faults between a fleet and its server: what was acknowledged is there exactly once, and nothing goes back.

    faults_test.py BUILD [PART]     kill, start, disk, network, time, clone, backup

The agents are models (agent_model.py) on loopback in a network of the test's own; history.py holds the database against
what they were told, read by Python's own SQLite."""
import ctypes
import os
import select
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from agent_model import NOTICE, QUARANTINED, RUN_BEGAN, SAFE_LANE, SEND_INVENTORY, Agent, Refused  # noqa: E402
from history import History  # noqa: E402
from sutured import PASSWORD, Sutured, shield  # noqa: E402

IN_MODIFY, IN_CREATE, IN_MOVED_TO, IN_CLOSE_WRITE, IN_ISDIR = 0x2, 0x100, 0x80, 0x8, 0x40000000
PACKAGES = [(f"source-{n % 40}", "1.0-1", f"package-{n}", "1.0-1", "amd64") for n in range(120)]


class Watch:
    """Changes of files below a folder, as the kernel tells them: the moments at which a kill is worth trying."""

    def __init__(self, folder):
        self.libc = ctypes.CDLL(None, use_errno=True)
        self.queue, self.folders = self.libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK), {}
        self.add(folder)

    def add(self, folder):
        number = self.libc.inotify_add_watch(self.queue, folder.encode(), IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE)
        if number >= 0 and number not in self.folders:
            self.folders[number] = folder
            for name in os.listdir(folder):      # made before it was watched
                if os.path.isdir(os.path.join(folder, name)):
                    self.add(os.path.join(folder, name))

    def wait(self, count, timeout):
        """True after so many changes."""
        end = time.monotonic() + timeout
        while count > 0:
            if not select.select([self.queue], [], [], max(0, end - time.monotonic()))[0]:
                return False
            count -= self.changes(os.read(self.queue, 4096))
        return True

    def changes(self, raw):
        at = count = 0
        while at < len(raw):
            number, mask, _, size = struct.unpack_from("iIII", raw, at)
            name = raw[at + 16:at + 16 + size].rstrip(b"\0").decode()
            if mask & IN_ISDIR and mask & (IN_CREATE | IN_MOVED_TO):
                try:
                    self.add(os.path.join(self.folders[number], name))
                except OSError:
                    pass     # gone again
            at += 16 + size
            count += 1
        return count

    def close(self):
        os.close(self.queue)


class Fleet(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="suture-faults-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.history = History()
        self.server = self.serve()

    def serve(self, **options):
        server = Sutured(os.path.join(self.folder, "server"), **options)
        self.addCleanup(server.end)
        return server

    def agents(self, count):
        token = self.server.new_token(uses=count)
        return [Agent(self.server.place()).enrol(token, f"laptop-{number}") for number in range(count)]

    def event(self, agent, text="x"):
        number = agent.put(NOTICE, '{"name":"test","text":"%s %d"}' % (text, len(agent.events) + 1))
        self.history.sent(agent, number)

    def flush(self, agent):
        """In pieces below an outbox's limit."""
        while agent.acked < len(agent.events):
            self.history.acknowledged(agent, agent.flush(count=20))

    def round(self, agent):
        """As an agent does it: until it succeeds, whatever happens to the server."""
        self.event(agent)
        pace = agent.checkin()
        if pace["plan"]:     # 0: just started, it has signed none yet, and wants none
            self.history.saw(f"plan of {agent.host.hex()[:6]}", pace["plan"])
        self.flush(agent)
        return pace

    def patient(self, agent, deed, tries=400, again_with=None):
        """Again while there is no server or it says not now."""
        for _ in range(tries):
            try:
                return deed()
            except (OSError, ValueError, EOFError, Refused) as problem:
                if isinstance(problem, Refused) and problem.status not in (429, 503):
                    raise
                deed = again_with or deed
            except Exception as problem:     # http.client's own, when the other side is killed in the middle
                if not type(problem).__module__.startswith("http.client"):
                    raise
                deed = again_with or deed
            time.sleep(0.05)
        raise AssertionError("the server did not come back")

    def check(self):
        return self.history.check(self.server.store)


class Kill(Fleet):
    """kill -9 of everything at each change of the database."""

    def work(self, agent, stop):
        rounds = 0
        while not stop.is_set():
            self.event(agent)
            self.patient(agent, agent.checkin, again_with=lambda: agent.checkin(again=True))
            self.patient(agent, lambda: self.flush(agent))
            rounds += 1
        return rounds

    def test_acknowledged_is_kept(self):
        agents, stop, problems = self.agents(4), threading.Event(), []

        def run(agent):
            try:
                self.work(agent, stop)
            except BaseException as problem:     # pylint: disable=broad-except
                problems.append(problem)
        threads = [threading.Thread(target=run, args=(agent,)) for agent in agents]
        for thread in threads:
            thread.start()
        kills = 0
        for count in (1, 2, 3, 4, 5, 6, 7, 9, 12, 16):
            watch = Watch(os.path.dirname(self.server.store))
            self.assertTrue(watch.wait(count, 30), "the database is not written")
            self.server.kill()
            watch.close()
            kills += 1
            self.server.start()
        stop.set()
        for thread in threads:
            thread.join()
        self.assertEqual(problems, [])
        for agent in agents:
            self.patient(agent, lambda agent=agent: self.flush(agent))
            self.assertEqual(agent.checkin()["flags"] & SAFE_LANE, 0, "a kill of the server made an agent look like a clone")
        stored = self.check()
        print(f"{kills} kills, {stored} events, none lost, none twice", flush=True)
        self.assertEqual(stored, sum(len(agent.events) for agent in agents))

    def test_each_process_alone(self):
        agent, = self.agents(1)
        for name in ("sutured-front", "sutured-keeper"):
            with self.subTest(name):
                self.round(agent)
                os.kill(self.server.processes()[name], 9)
                self.event(agent)
                self.patient(agent, agent.checkin, again_with=lambda: agent.checkin(again=True))
                self.patient(agent, lambda: self.flush(agent))
                renewed = agent.copy()
                self.patient(renewed, renewed.renew)       # the keeper is there again
        self.check()


class Start(Fleet):
    """The first start, killed at each file it makes, ends in one fleet at the next."""

    def serve(self, **options):
        return super().serve(start=False)

    def test_at_every_file(self):
        count, stopped = 1, True
        while stopped and count < 60:
            place = os.path.join(self.folder, f"server-{count}")
            server = Sutured(place, start=False)
            self.addCleanup(server.end)
            os.makedirs(server.data)
            watch = Watch(server.data)
            server.start(ready=False)
            stopped = watch.wait(count, 5)
            server.kill()
            watch.close()
            server.start()
            self.assertEqual(len(server.once or ""), len(server.once or "x" * 99), "nobody was told a password")
            agent = Agent(server.place()).enrol(server.new_token(), "laptop")
            agent.checkin()
            identity = server.authority()
            self.assertEqual(server.stop(), 0)
            server.start()
            self.assertEqual(server.authority(), identity)
            agent.checkin()
            server.stop()
            count += 9
        print(f"killed at {count // 9} moments of the first start", flush=True)


class Disk(Fleet):
    def serve(self, **options):
        """On a disk of 40 MB."""
        data = os.path.join(self.folder, "server", "data")
        os.makedirs(data)
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m,mode=755", "suture-faults", data], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            self.skipTest("a small disk needs mounts: " + done.stderr)
        self.addCleanup(subprocess.run, ["umount", "-l", data], check=False)
        server = super().serve(**options)
        return server

    def test_a_full_disk_refuses_and_loses_nothing(self):
        agent, other = self.agents(2)
        self.round(agent)
        fill = os.path.join(self.server.data, "fill")
        with open(fill, "wb", buffering=0) as file:
            while True:
                try:
                    if file.write(bytes(1 << 16)) < 1 << 16:
                        break
                except OSError:
                    break
        refused = 0
        for number in range(60):
            self.event(agent, "y" * 60000)
            try:
                agent.checkin()
                self.flush(agent)
            except Refused as problem:
                self.assertIn(problem.status, (500, 503, 507), problem)
                refused += 1
            except (OSError, EOFError):
                refused += 1
        self.assertGreater(refused, 0, "a full disk was not noticed")
        os.remove(fill)
        self.patient(agent, agent.checkin)
        self.patient(agent, lambda: self.flush(agent))
        self.round(other)
        self.assertEqual(self.check(), len(agent.events) + len(other.events))
        self.server.kill()
        self.server.start()
        self.check()


class Network(Fleet):
    def test_answers_that_are_lost(self):
        """The server has done it, and nobody heard of it: the same again is no clone, and stored once."""
        agent, = self.agents(1)
        for number in range(5):
            self.event(agent)
            agent.counter += 1
            agent.random = number
            self.hang_up(agent, "/agent/1/checkin", agent.checkin_body())
            self.assertEqual(agent.checkin(again=True)["flags"] & SAFE_LANE, 0)
            first = agent.acked + 1
            self.hang_up(agent, "/agent/1/outbox", agent.outbox_body(first, agent.events[first - 1:]))
            self.flush(agent)
        self.assertEqual(self.check(), 5)

    def hang_up(self, agent, path, body):
        """The whole request, and then the cable is cut once the server has begun to answer."""
        key, certificate = agent.pem()
        from agent_model import Wrapped
        connection = Wrapped(self.server.address, 8440, agent.place.context(key, certificate), 20)
        connection.request("POST", path, body, {"Content-Type": "application/octet-stream"})
        select.select([connection.sock], [], [], 20)
        connection.sock.close()

    def test_slow_clients_keep_nobody_out(self):
        agent, = self.agents(1)
        slow = []
        for number in range(150):
            connection = socket.create_connection((self.server.address, 8440), 5)
            connection.sendall(b"\x16\x03\x01" if number % 2 else b"")       # half a record of TLS, or nothing at all
            slow.append(connection)
        took = []
        for _ in range(10):
            before = time.monotonic()
            self.round(agent)
            took.append(time.monotonic() - before)
        self.assertLess(sorted(took)[len(took) // 2], 2, took)
        ended = 0
        end = time.monotonic() + 60
        while slow and time.monotonic() < end:
            ready = select.select(slow, [], [], end - time.monotonic())[0]
            for connection in ready:
                try:
                    over = not connection.recv(100)
                except OSError:
                    over = True
                if over:
                    connection.close()
                    slow.remove(connection)
                    ended += 1
        self.assertEqual(slow, [], f"{ended} of 150 were hung up on within 60 s")
        self.check()

    def test_a_herd_is_let_in_as_a_queue(self):
        """All at once, while there is no slot for all: 503 with a time of its own, and in the end everybody was there."""
        agents = self.agents(30)
        later, done = [], []

        def come(agent):
            for _ in range(50):
                try:
                    agent.checkin(again=agent.counter > 0)
                    done.append(agent)
                    return
                except Refused as problem:
                    self.assertIn(problem.status, (429, 503))
                    later.append(int(problem.headers["Retry-After"]))
                    time.sleep(min(later[-1], 3))
                except OSError:
                    time.sleep(0.2)
        threads = [threading.Thread(target=come, args=(agent,)) for agent in agents]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(done), len(agents))
        self.assertTrue(all(second > 0 for second in later))


class Time(Fleet):
    def test_clocks_off_by_years(self):
        agent, = self.agents(1)
        year = 365 * 86400
        for clock in (-30 * year, 8 * year, 0):
            agent.clock = clock
            now = time.time()
            pace = self.round(agent)
            self.assertLess(abs(pace["time"] / 1e6 - now), 60, "the server tells its own time, whatever the agent's is")
            self.assertEqual(pace["flags"] & SAFE_LANE, 0)
        self.check()

    def test_an_agent_that_is_too_old(self):
        agent, = self.agents(1)
        agent.protocol = (0, 0)
        with self.assertRaises(Refused) as caught:
            agent.checkin()
        self.assertEqual(caught.exception.status, 426)
        agent.protocol = (1, 9)
        self.assertEqual(agent.checkin()["protocol"], 1, "a newer one that still speaks ours is let in")


class Clone(Fleet):
    def flagged(self, agent):
        try:
            return bool(agent.checkin()["flags"] & SAFE_LANE)
        except Refused as problem:
            self.assertEqual(problem.status, 409)
            return True

    def test_two_machines_from_one_disk(self):
        agent, other = self.agents(2)
        self.round(agent)
        clone = agent.copy()
        self.round(agent)
        self.assertTrue(self.flagged(clone))
        self.assertTrue(self.flagged(agent), "both are held: nobody knows which is the right one")
        self.assertFalse(self.flagged(other))
        self.event(agent, "of the first")
        clone.put(NOTICE, '{"name":"test","text":"of the clone"}')
        clone.events = [*clone.events[:-1], clone.events[-1]]
        self.flush(agent)
        clone.acked = agent.acked - 1
        self.history.sent(clone, len(clone.events))
        if len(clone.events) == len(agent.events):
            with self.assertRaises(Refused) as caught:
                clone.flush(first=len(clone.events))
            self.assertEqual(caught.exception.status, 409)
        self.check()

    def test_a_machine_whose_disk_was_put_back(self):
        agent, = self.agents(1)
        self.round(agent)
        before = agent.copy()
        for _ in range(3):
            self.round(agent)
        self.assertTrue(self.flagged(before))
        self.check()


class Backup(Fleet):
    def test_back_to_yesterday(self):
        agents = self.agents(3)
        for agent in agents:
            self.round(agent)
            agent.send_inventory(PACKAGES)
        kept = os.path.join(self.folder, "backup", "")
        os.mkdir(kept)
        self.server.command("backup", kept)
        used = self.server.new_token()
        generations = []
        for agent in agents:
            for _ in range(4):
                generations.append(self.round(agent)["plan"])
            agent.send_inventory([*PACKAGES, ("source-new", "2", "package-new", "2", "all")])
        self.server.stop()
        os.rename(self.server.data, self.server.data + ".broken")
        self.server.command("restore", kept)
        self.server.start()
        with self.assertRaises(Refused):
            Agent(self.server.place()).enrol(used, "of a token that was made after the backup")
        for agent in agents:
            told = agent.acked
            self.event(agent, "after the restore")
            pace = agent.checkin()
            self.assertTrue(pace["flags"] & QUARANTINED, "nothing is begun on the word of a server that came back from a backup")
            self.assertEqual(pace["flags"] & SAFE_LANE, 0, "its own restore makes no clones of its agents")
            self.assertLess(pace["ack"], told)
            self.assertGreaterEqual(max(pace["plan"], 0), 0)
            if pace["flags"] & SEND_INVENTORY or True:
                agent.send_inventory([*PACKAGES, ("source-new", "2", "package-new", "2", "all")], whole=True)
            agent.acked = pace["ack"]
            self.flush(agent)
            self.assertEqual(agent.acked, len(agent.events))
        self.assertEqual(self.check(), sum(len(agent.events) for agent in agents))


class Hostile(Fleet):
    """A rogue agent reaches nobody else's rows, no log and no terminal."""

    def refused(self, deed, *statuses):
        with self.assertRaises(Refused) as caught:
            deed()
        self.assertIn(caught.exception.status, statuses, caught.exception)
        self.assertEqual([c for c in caught.exception.text if ord(c) < 32 and c != "\n"], [])

    def test_everything_it_can_say(self):
        token = self.server.new_token(uses=3)
        agent, victim = (Agent(self.server.place()).enrol(token, name) for name in ("rogue", "victim"))
        self.round(victim)
        victim.send_inventory(PACKAGES)
        for name in ("\x1b[2J\x1b]0;pwned\x07", "a\nb", "\x9b31m", "\u202egnp.exe\x00", "x" * 65):
            with self.subTest(name=name):
                self.refused(lambda name=name: Agent(self.server.place()).enrol(token, name), 400, 415, 422)
                self.refused(lambda name=name: agent.send_inventory(PACKAGES, name=name), 400, 415, 422)
        with self.subTest("another's id"):
            agent.counter += 1
            self.refused(lambda: agent.call("POST", "/agent/1/checkin", agent.checkin_body(host=victim.host)), 400, 403, 409, 415)
        with self.subTest("counts that are larger than what is there"):
            for path, body in (("outbox", b"SAO1" + struct.pack("<QQH", agent.epoch, 1, 65535)),
                               ("inventory", b"SAI1" + bytes(32) + struct.pack("<H", 65535)),
                               ("inventory", b"SAI1" + bytes(32) + struct.pack("<H", 256)),
                               ("outbox", b"SAO1" + struct.pack("<QQHBqI", agent.epoch, 1, 1, 1, 0, 0xffffffff)),
                               ("checkin", b"SAC1" + bytes(10)), ("checkin", b""), ("checkin", b"SAC2" + bytes(151))):
                self.refused(lambda path=path, body=body: agent.call("POST", f"/agent/1/{path}", body), 400, 413, 415)
        with self.subTest("a body beyond the limit"):
            try:
                self.refused(lambda: agent.call("POST", "/agent/1/checkin", bytes(1 << 20)), 413)
            except (OSError, EOFError):
                pass     # hung up on: no byte of it was kept
        with self.subTest("numbers that no outbox has"):
            for first in (0, 1 << 63, (1 << 64) - 1):
                self.refused(lambda first=first: agent.call("POST", "/agent/1/outbox", agent.outbox_body(first, [(NOTICE, 1, b"{}")])), 400, 409, 415)
        with self.subTest("a chunk under another's name"):
            made = list(agent.chunks(PACKAGES).values())
            self.refused(lambda: agent.call("PUT", "/agent/1/chunk/" + made[0][0].hex(), made[1][1]), 400, 422)
        with self.subTest("what others run is not told"):
            # The victim has sent these chunks: a curious one is asked for them all the same.
            curious = Agent(self.server.place()).enrol(token, "curious")
            self.assertEqual(curious.send_inventory(PACKAGES), len(curious.chunks(PACKAGES)))
        with self.subTest("a used-up token"):
            self.refused(lambda: Agent(self.server.place()).enrol(token, "fourth"), 403)
        with self.subTest("paths"):
            for path in ("/api/1/hosts", "/agent/1/../../etc/passwd", "/agent/1/plan/-1", "/agent/1/chunk/zz", "/", "/agent/1/enroll%00"):
                status = agent.call("GET", path, expect=range(300, 600))[0]
                self.assertIn(status, (400, 403, 404, 405))
        self.round(victim)
        self.assertEqual(victim.checkin()["flags"] & SAFE_LANE, 0, "the rogue made a victim look like a clone")
        self.assertEqual([c for c in self.server.said() if ord(c) < 32 and c not in "\n\t"], [], "a log has control characters")
        self.check()

    def test_without_a_certificate_there_is_nothing_but_enrolment(self):
        agent, = self.agents(1)
        for method, path in (("POST", "checkin"), ("POST", "inventory"), ("POST", "outbox"), ("POST", "renew"), ("GET", "plan/1"), ("PUT", "chunk/" + "0" * 32)):
            status, _, _ = agent.place.call(method, "/agent/1/" + path, agent.checkin_body() if method == "POST" else b"")
            self.assertEqual(status, 401, path)


PARTS = {"kill": Kill, "start": Start, "disk": Disk, "network": Network, "time": Time, "clone": Clone, "backup": Backup, "hostile": Hostile}


def main():
    os.environ["SUTURE_BUILD"] = os.path.abspath(sys.argv.pop(1))
    problem = shield()
    if problem:
        print(f"skipped: {problem}")
        sys.exit(77)
    if len(sys.argv) > 1 and sys.argv[1] in PARTS:
        part = sys.argv.pop(1)
        for name, tests in PARTS.items():
            if name != part:
                del globals()[tests.__name__]
    del globals()["Fleet"]
    unittest.main(verbosity=2)


if __name__ == "__main__":
    main()
