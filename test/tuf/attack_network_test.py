#!/usr/bin/python3
"""A server, or somebody on the way to it, that answers with too much, with something else or not at all. (Too slowly: the
tests of wire/fetch, which can say how slow that is.)

What the public suite does not look at: every time nothing may change in what is held, no more is read than is allowed, and as
soon as the true server answers again all is well by itself."""
import gzip
import os

import behaviour
from behaviour import each

MIB = 1 << 20
ENOUGH = 256 * MIB  # what an endless answer ends at, so that a test ends too

ROOT, TIMESTAMP = "metadata/2.root.json", "metadata/timestamp.json"
SNAPSHOT, TARGETS, ROLE = "metadata/2.snapshot.json", "metadata/2.targets.json", "metadata/1.role.json"
ALL = {"root": ROOT, "timestamp": TIMESTAMP, "snapshot": SNAPSHOT, "targets": TARGETS, "role": ROLE}
MOST = {"root": 512 << 10, "timestamp": 16 << 10, "snapshot": 4 * MIB, "targets": 16 * MIB, "role": 16 * MIB}
IN_FLIGHT = 8 * MIB  # what the buffers of two sockets may have taken without anybody having read it


class Endless:
    """A body without end, with a length or without; counts what went out."""

    def __init__(self, length=None):
        self.length, self.sent = length, 0

    def __call__(self, handler):
        handler.send_response(200)
        if self.length is not None:
            handler.send_header("Content-Length", str(self.length))
        handler.end_headers()
        block = b'{"signed": ' + b" " * (64 << 10)
        while self.sent < ENOUGH:
            handler.wfile.write(block)
            self.sent += len(block)


def gzip_bomb(handler):
    """20 MB of spaces, which are 20 KB on the way."""
    handler.answer(200, gzip.compress(b" " * (20 * MIB)), Content_Encoding="gzip")


def cut(handler):
    handler.answer(200, b'{"signatures": [], "signed": {', length=4000)


def hang_up(handler):
    handler.connection.close()


def redirect(place):
    return lambda handler: handler.answer(302, Location=place)


def turn_round(handler):
    handler.answer(302, Location=handler.path)


ODD = {  # answers that are none, and that are told from "there is none"
    "captive portal": lambda handler: handler.answer(200, b"<html>Welcome to our hotel</html>"),
    "nothing": lambda handler: handler.answer(200, b""),
    "another JSON": lambda handler: handler.answer(200, b"[]"),
    "server error": lambda handler: handler.answer(500, b"{}"),
    "unauthorized": lambda handler: handler.answer(401, b"{}"),
    "cut": cut,
    "hang up": hang_up,
    "gzip bomb": gzip_bomb,
    "redirect to a file": redirect("file:///etc/passwd"),
    "redirect to nowhere": redirect("http://127.0.0.1:1/"),
    "redirect round and round": turn_round,
}


class Network(behaviour.Behaviour):
    def setUp(self):
        super().setUp()
        self.holds(self.client.refresh())
        self.repository.delegate("targets", "role", ["role/*"])
        self.repository.add_target("role", b"what is in it", "role/file")
        self.repository.publish("root", "role", "targets", "snapshot", "timestamp")

    def held(self):
        """All that is kept, but for whose turn it is and what is on its way."""
        return {role: self.client.stored(role) for role in self.client.roles()}

    def attack(self, path, answer, name=None, at=None):
        """Until the attacked file all goes on; it and what hangs on it stay as they were. Then it is over."""
        order = list(ALL.values())
        self.repository.answers[path] = answer
        before = self.client.roles()
        self.refuses(self.client.download("role/file", at=at), name)
        for role in list(ALL)[order.index(path):]:
            self.assertEqual(self.client.version(role), before.get(role), role)
        self.assertEqual(self.client.downloaded(), [])
        self.repository.answers.clear()
        self.recovers()

    def recovers(self):
        self.holds(self.client.download("role/file"))
        self.assertEqual(self.client.downloaded(), [b"what is in it"])
        self.trusts(root=2, timestamp=2, snapshot=2, targets=2, role=1)

    @each({f"{role} {kind}": (role, length) for role in ALL for kind, length in (("unsaid", None), ("said", ENOUGH))})
    def test_endless_metadata(self, case):
        role, length = case
        answer = Endless(length)
        self.attack(ALL[role], answer, "endless-data")
        self.assertLess(answer.sent, MOST[role] + IN_FLIGHT)

    @each({"unsaid": None, "said": ENOUGH})
    def test_endless_target(self, length):
        answer = Endless(length)
        path = self.target_path()
        self.repository.answers[path] = answer
        self.refuses(self.client.download("role/file"), "endless-data")
        self.assertLess(answer.sent, IN_FLIGHT)
        self.assertEqual(os.listdir(self.client.downloads), [])
        self.repository.answers.clear()
        self.recovers()

    def target_path(self):
        prefix = self.repository.served["role/file"].entry["hashes"]["sha256"]
        return f"targets/role/{prefix}.file"

    @each({"timestamp": TIMESTAMP, "root": ROOT, "role": ROLE})
    def test_odd_answers(self, path):
        for name, answer in ODD.items():
            with self.subTest(name):
                before = self.client.roles()
                self.repository.answers[path] = answer
                self.refuses(self.client.download("role/file"))
                if path == ROOT:
                    self.assertEqual(self.client.roles(), before)
                self.assertIsNone(self.client.version("role"))
        self.repository.answers.clear()
        self.recovers()

    def test_odd_answers_for_a_target(self):
        path = self.target_path()
        for name, answer in ODD.items():
            with self.subTest(name):
                self.repository.answers[path] = answer
                self.refuses(self.client.download("role/file"))
                self.assertEqual(os.listdir(self.client.downloads), [])
        self.repository.answers.clear()
        self.recovers()


if __name__ == "__main__":
    behaviour.main()
