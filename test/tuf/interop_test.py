#!/usr/bin/python3
"""Ours and tuf-js, another program's, read each other's repositories.

SUTURE is the program. tuf-js and @tufjs/models are where NODE_PATH says, or where tools/setup --tests puts them from the lock
file beside this. Without node or them the test is skipped."""
import functools
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

import behaviour
from simulator import date
from tuf_keys import KeyRing

THEIRS = ["node", os.path.join(behaviour.HERE, "tufjs_client.js")]
SKIPPED = 77  # as meson reads it
CACHE = os.environ.get("SUTURE_CACHE") or os.path.join(
    os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "suture-build")
os.environ.setdefault("NODE_PATH", os.path.join(CACHE, "npm", "node_modules"))
PEOPLE = {"anna": "ed25519", "ben": "ecdsa", "carla": "ed25519", "dan": "ecdsa", "emil": "ed25519"}  # a token's are of P-256


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)


class Two(unittest.TestCase):
    """A folder, a server of it, and the two clients."""

    def setUp(self):
        # In memory where that is possible: a disk would be waited for at each file.
        self.folder = tempfile.mkdtemp(prefix="suture-interop-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
        self.addCleanup(shutil.rmtree, self.folder)
        self.environment = dict(os.environ, HOME=self.folder, SUTURE_STATE=f"{self.folder}/state", TZ="UTC")
        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), functools.partial(Quiet, directory=self.folder))
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.clients = {}

    def run_program(self, *command):
        done = subprocess.run(command, env=self.environment, text=True, capture_output=True, cwd=self.folder,
                              timeout=behaviour.TIMEOUT, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 0, f"{command}: {done.stderr}{done.stdout}")
        return done.stdout

    def suture(self, *words):
        return self.run_program(os.environ["SUTURE"], *words)

    def make_clients(self, public, root):
        """Ours and theirs, both knowing the first root."""
        base = f"http://127.0.0.1:{self.server.server_address[1]}/{public}/"
        for name, command in (("ours", behaviour.COMMAND), ("theirs", THEIRS)):
            folder = tempfile.mkdtemp(prefix=name, dir=self.folder)
            client = behaviour.Client(folder, base + "metadata/", base + "targets/", root, program=command)
            self.assertEqual(client.init().status, 0, name)
            self.clients[name] = client

    def both(self, *paths):
        """Both find all of these, and both hold the same metadata; what they downloaded."""
        contents = []
        for name, client in self.clients.items():
            shutil.rmtree(client.downloads)
            os.mkdir(client.downloads)
            done = client.download(*paths)
            self.assertEqual(done.status, 0, f"{name}: {done.error}")
            contents.append(client.downloaded())
        self.assertEqual(contents[0], contents[1])
        ours, theirs = self.clients["ours"], self.clients["theirs"]
        self.assertEqual(ours.roles(), theirs.roles())
        for role in ours.roles():
            self.assertEqual(ours.stored(role), theirs.stored(role), role)
        return contents[0]

    def neither(self, path):
        for name, client in self.clients.items():
            self.assertEqual(client.download(path).status, 1, name)


class Theirs(Two):
    def test_their_repository(self):
        self.run_program("node", os.path.join(behaviour.HERE, "tufjs_repository.js"), f"{self.folder}/public", date(300))
        paths = json.loads(read(f"{self.folder}/public/paths.json"))
        self.make_clients("public", read(f"{self.folder}/public/first_root.json"))
        self.assertEqual([data.decode().split(" of ")[0] for data in self.both(*paths)], list(paths))
        self.assertEqual(self.clients["ours"].version("root"), 3)
        self.neither("team/inner/nobody")
        self.neither("nobody")


class Ours(Two):
    """A repository made by suture repo. People's keys are of these tests; what a person signs is what the file means."""

    def setUp(self):
        super().setUp()
        ring = KeyRing()
        self.people = {name: ring.new(kind) for name, kind in PEOPLE.items()}
        self.spare = ring.new("ed25519")
        self.suture("key", "new", "--online", "--person", "server", "server.key")
        for name, key in self.people.items():
            self.write_public(name, key)

    def write_public(self, name, key, file=None):
        write(f"{self.folder}/{file or name}.pub",
              json.dumps({"keyid": key.id, **key.public, "x-suture-person": name}).encode())

    def sign_all(self, *keys):
        """These sign everything that waits; whoever has no say in a role is no harm there."""
        staged = f"{self.folder}/R/staged"
        for name in os.listdir(staged):
            envelope = json.loads(read(f"{staged}/{name}"))
            signers = {signature["keyid"] for signature in envelope["signatures"]}
            envelope["signatures"] += [key.signature(envelope["signed"]) for key in keys if key.id not in signers]
            write(f"{staged}/{name}", json.dumps(envelope).encode())

    def publish(self, *keys):
        self.sign_all(*keys)
        self.suture("repo", "publish", "R")

    def add(self, role, path, data):
        write(f"{self.folder}/file", data)
        self.suture("repo", "add", "R", role, path, "file")

    def begin(self, *options):
        self.suture("repo", "init", *options, "--online", "server.key", "R")
        self.publish(*self.people.values())
        self.make_clients("R/public", read(f"{self.folder}/R/public/metadata/1.root.json"))

    def begin_with_all(self):
        self.begin("--keys", ",".join(f"{name}.pub" for name in PEOPLE))

    def test_our_repository(self):
        """Files of several roles, one of them changed, one taken away; both clients see the same all along."""
        self.begin_with_all()
        self.add("local", "local/tool.bin", b"first")
        self.add("release", "release/1.0/suture", b"program")
        self.add("deltas", "deltas/index", b"index")
        self.publish(*self.people.values())
        paths = ["local/tool.bin", "release/1.0/suture", "deltas/index"]
        self.assertEqual(self.both(*paths), [b"first", b"program", b"index"])
        self.add("local", "local/tool.bin", b"second")
        self.publish(*self.people.values())
        self.assertEqual(self.both(*paths), [b"second", b"program", b"index"])
        self.suture("repo", "remove", "R", "release", "release/1.0/suture")
        self.publish(*self.people.values())
        self.neither("release/1.0/suture")
        self.both("local/tool.bin")

    def test_our_root_rotated(self):
        """One of five leaves: signed by enough of the old ones and of the new ones, and both clients follow."""
        self.begin_with_all()
        self.add("local", "local/tool.bin", b"bytes")
        self.publish(*self.people.values())
        self.both("local/tool.bin")
        self.write_public("frida", self.spare)
        self.suture("repo", "rotate", "R", "--drop", "emil", "--add", "frida.pub")
        del self.people["emil"]
        self.people["frida"] = self.spare
        self.publish(*self.people.values())
        self.assertEqual(self.both("local/tool.bin"), [b"bytes"])
        self.assertEqual(self.clients["theirs"].version("root"), 2)

    def test_our_solo_repository_that_grows(self):
        self.begin("--solo", "--key", "anna.pub")
        self.add("local", "local/tool.bin", b"bytes")
        self.publish(self.people["anna"])
        self.assertEqual(self.both("local/tool.bin"), [b"bytes"])
        self.suture("repo", "rotate", "R", "--keys", ",".join(f"{name}.pub" for name in PEOPLE))
        self.publish(*self.people.values())
        self.assertEqual(self.both("local/tool.bin"), [b"bytes"])
        self.assertEqual(self.clients["ours"].version("root"), 2)

    def test_our_repository_in_other_hands(self):
        """Somebody changes what we serve, byte for byte as long; neither takes it, and both go on when it is ours again."""
        self.begin_with_all()
        self.add("local", "local/tool.bin", b"bytes")
        self.publish(*self.people.values())
        public = f"{self.folder}/R/public"
        timestamp = json.loads(read(f"{public}/metadata/timestamp.json"))["signed"]["meta"]["snapshot.json"]["version"]
        snapshot = json.loads(read(f"{public}/metadata/{timestamp}.snapshot.json"))["signed"]["meta"]
        names = ["timestamp.json", f"{timestamp}.snapshot.json"]
        names += [f"{snapshot[role + '.json']['version']}.{role}.json" for role in ("targets", "local")]
        for name in names:
            with self.subTest(name):
                good = read(f"{public}/metadata/{name}")
                later = re.sub(rb'("expires": ?"20).', rb"\g<1>9", good, count=1)
                self.assertNotEqual(later, good)
                self.check_changed(f"{public}/metadata/{name}", good, later)
        target = next(name for name in os.listdir(f"{public}/targets/local") if name.endswith(".tool.bin"))
        self.check_changed(f"{public}/targets/local/{target}", b"bytes", b"bites")

    def check_changed(self, path, good, bad):
        """Both refuse it, new as they are, and take what was there before."""
        self.assertEqual(read(path), good)
        write(path, bad)
        self.make_clients("R/public", read(f"{self.folder}/R/public/metadata/1.root.json"))
        self.neither("local/tool.bin")
        write(path, good)
        self.assertEqual(self.both("local/tool.bin"), [b"bytes"])


if __name__ == "__main__":
    try:
        subprocess.run(["node", "-e", "require('tuf-js'); require('@tufjs/models')"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        print("node, or tuf-js in NODE_PATH, is not here: tools/setup --tests")
        sys.exit(SKIPPED)
    unittest.main()
