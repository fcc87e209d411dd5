#!/usr/bin/python3
"""The machine that the client runs on lets it down: killed in the middle, two of them at once, no room to write.

Whatever happens, what is held is whole, no older than before, and the next run goes on by itself."""
import json
import subprocess
import threading

import behaviour
from behaviour import each

PLACES = {"root": "metadata/2.root.json", "timestamp": "metadata/timestamp.json", "snapshot": "metadata/2.snapshot.json",
          "targets": "metadata/2.targets.json", "role": "metadata/1.role.json", "target": "target"}


class Gate:
    """Holds an answer back: `reached` when somebody asked, and answered once `open` is set."""

    def __init__(self, repository, path):
        self.repository, self.path = repository, path
        self.reached, self.open = threading.Event(), threading.Event()

    def __call__(self, handler):
        self.reached.set()
        self.open.wait(behaviour.TIMEOUT)
        handler.answer(200, self.repository.fetch(self.path))


class Machine(behaviour.Behaviour):
    def setUp(self):
        super().setUp()
        self.holds(self.client.refresh())
        self.repository.delegate("targets", "role", ["role/*"])
        entry = self.repository.add_target("role", b"what is in it", "role/file")
        self.repository.rotate("timestamp")
        self.repository.publish("root", "role", "targets", "snapshot", "timestamp")
        self.target = f"targets/role/{entry['hashes']['sha256']}.file"

    def begin(self):
        """A download that goes on beside us."""
        return subprocess.Popen(
            [*self.client.program, "--metadata-dir", self.client.metadata, "--metadata-url", self.client.metadata_url,
             "--target-name", "role/file", "--target-dir", self.client.downloads,
             "--target-base-url", self.client.targets_url, "download"],
            env=self.client.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def gate(self, place):
        path = self.target if place == "target" else PLACES[place]
        gate = Gate(self.repository, path)
        self.addCleanup(gate.open.set)
        self.repository.answers[path] = gate
        return gate

    def assert_whole(self, before):
        for role, version in self.client.roles().items():  # each of them is read as JSON
            self.assertGreaterEqual(version, before.get(role, 1), role)

    def recovers(self):
        self.holds(self.client.download("role/file"))
        self.assertEqual(self.client.downloaded(), [b"what is in it"])
        self.trusts(root=2, timestamp=2, snapshot=2, targets=2, role=1)

    @each({place: place for place in PLACES})
    def test_killed(self, place):
        """While it waits for this file, without a word of farewell."""
        before = self.client.roles()
        gate = self.gate(place)
        process = self.begin()
        self.assertTrue(gate.reached.wait(behaviour.TIMEOUT))
        process.kill()
        process.communicate()
        gate.open.set()
        self.repository.answers.clear()
        self.assert_whole(before)
        self.assertEqual([data for data in self.client.downloaded() if data == b"what is in it"], [])
        self.recovers()

    @each({place: place for place in ("timestamp", "role", "target")})
    def test_two_at_once(self, place):
        """The second says that the first is at it, and takes nothing away from it."""
        gate = self.gate(place)
        process = self.begin()
        self.assertTrue(gate.reached.wait(behaviour.TIMEOUT))
        self.repository.answers.clear()
        second = self.begin()
        _, error = second.communicate(timeout=behaviour.TIMEOUT)
        self.assertEqual(second.returncode, 1)
        self.assertIn(f"held by process {process.pid}", error.decode())
        gate.open.set()
        _, error = process.communicate(timeout=behaviour.TIMEOUT)
        self.assertEqual(process.returncode, 0, error)
        self.recovers()

    @each({str(blocks): blocks for blocks in (0, 1, 2)})
    def test_no_room(self, blocks):
        """No file may grow beyond so many blocks: what does not fit is not written in part."""
        before = {role: self.client.stored(role) for role in self.client.roles()}
        done = self.client.download("role/file", command=["bash", "-c", f'ulimit -f {blocks}; exec "$@"', "bash"])
        self.assertNotEqual(done.status, 0)
        for role in self.client.roles():
            held = self.client.stored(role)
            self.assertIn(held, [before.get(role), self.repository.published[role][-1]], role)
            json.loads(held)
        self.recovers()


if __name__ == "__main__":
    behaviour.main()
