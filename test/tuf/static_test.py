#!/usr/bin/python3
"""Stored repositories that other programs made: read, every target found and fetched, and refused when they have expired."""
import functools
import http.server
import json
import os
import shutil
import tempfile
import threading

import behaviour
from behaviour import each

STORED = os.path.join(behaviour.HERE, os.pardir, "golden", "tuf", "static")
BEFORE, AFTER = "2026-12-01 12:00:00", "2027-01-01 00:00:01"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


class Static(behaviour.Behaviour):
    started = False

    @classmethod
    def setUpClass(cls):
        handler = functools.partial(Quiet, directory=STORED)
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=cls.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="suture-tuf-")
        self.addCleanup(shutil.rmtree, self.folder)

    def open(self, name):
        base = f"http://127.0.0.1:{self.server.server_address[1]}/{name}/"
        with open(os.path.join(STORED, name, "first_root.json"), "rb") as file:
            root = file.read()
        self.client = behaviour.Client(self.folder, base + "metadata/", base + "targets/", root)
        self.holds(self.client.init())
        with open(os.path.join(STORED, name, "paths.json")) as file:
            return json.load(file)

    @each({name: name for name in ("python-tuf", "python-tuf-plain", "tufjs")})
    def test_static_repository(self, name):
        paths = self.open(name)
        self.holds(self.client.refresh(at=BEFORE))
        self.assertEqual(self.client.version("root"), 3)
        self.holds(self.client.download(*paths, at=BEFORE))
        self.assertEqual(sorted(data.decode().split(" of ")[0] for data in self.client.downloaded()), sorted(paths))
        self.refuses(self.client.refresh(at=AFTER), "freeze")


if __name__ == "__main__":
    behaviour.main()
