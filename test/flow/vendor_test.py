#!/usr/bin/env python3
"""A machine whose sources are silent or lie goes to its vendor's own security archive, under the same rules: loopback servers."""
import hashlib
import http.server
import json
import lzma
import os
import shutil
import sys
import threading
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from made_root import MadeRoot  # noqa: E402
from prove_test import make_deb  # noqa: E402

NOW = "2026-11-21T07:50:00Z"
SUITE = "bookworm-security"


class Server:
    """Serves a folder; what was asked for is in `asked`, and `endless` sends no end."""

    def __init__(self, folder):
        self.asked, self.endless = [], False
        outer = self

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *arguments):
                super().__init__(*arguments, directory=folder)

            def log_message(self, *_):
                pass

            def do_GET(self):
                outer.asked.append(self.path)
                if not outer.endless:
                    return super().do_GET()
                self.send_response(200)
                self.end_headers()
                try:
                    while True:
                        self.wfile.write(b"x" * 65536)
                except OSError:
                    return None

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.uri = f"http://127.0.0.1:{self.server.server_address[1]}/vendor/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class VendorTest(unittest.TestCase):
    def setUp(self):
        self.root = MadeRoot()
        self.addCleanup(self.root.__exit__)
        os.chmod(self.root.folder, 0o755)
        self.vendor = os.path.join(self.root.folder, "served/vendor")
        os.makedirs(os.path.join(self.vendor, "pool"))
        self.server = Server(os.path.dirname(self.vendor))
        self.addCleanup(self.server.close)
        self.root.install("libexpat1", "2.5.0-1+deb12u1")
        config = os.path.join(self.root.home, "config")
        os.makedirs(config)
        with open(os.path.join(config, "publishers.yaml"), "w", encoding="utf-8") as file:
            file.write("publishers:\n  - name: example\n    title: Example\n    packages: ['*']\n"
                       f"    security archive: {self.server.uri}\n    suites:\n      - codename: {SUITE}\n        origin: Debian\n"
                       f"        label: Debian-Security\n        signed by: [{self.root.fingerprint}]\n        needed: 1\n"
                       "        security of: debian-12\n")
        self.state = os.path.join(self.root.home, "state")

    def offer(self, version):
        deb = make_deb(os.path.join(self.vendor, "pool"), "libexpat1", version)
        with open(deb, "rb") as file:
            content = file.read()
        return ("libexpat1", version, "libexpat1", len(content), f"SHA256: {hashlib.sha256(content).hexdigest()}\n")

    def mirror(self, *packages, date, **how):
        """What this machine's own source has brought."""
        return self.root.archive(SUITE, list(packages), label="Debian-Security", date=date, uri=f"file://{self.vendor}", **how)

    def publish(self, *packages, date, **how):
        """The vendor's own archive, served."""
        with open(self.root.path("etc/apt/sources.list.d/bookworm-security.sources"), "rb") as file:
            before = file.read()
        stem = self.root.archive(SUITE, list(packages), label="Debian-Security", date=date, uri=self.server.uri.rstrip("/"), **how)
        self.root.write("etc/apt/sources.list.d/bookworm-security.sources", before)
        lists = self.root.path("var/lib/apt/lists")
        folder = os.path.join(self.vendor, "dists", SUITE)
        os.makedirs(os.path.join(folder, "main/binary-amd64"), exist_ok=True)
        os.replace(os.path.join(lists, f"{stem}_InRelease"), os.path.join(folder, "InRelease"))
        with open(os.path.join(lists, f"{stem}_main_binary-amd64_Packages"), "rb") as plain, \
                lzma.open(os.path.join(folder, "main/binary-amd64/Packages.xz"), "wb") as packed:
            packed.write(plain.read())
        os.remove(os.path.join(lists, f"{stem}_main_binary-amd64_Packages"))

    def plan(self, *more, now=NOW):
        done = self.root.suture("plan", "--root", self.root.root, "--now", now, "--all", *more)
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return " ".join((done.stdout + done.stderr).split())

    def changes(self):
        done = self.root.suture("plan", "--root", self.root.root, "--now", NOW, "--all", "--format", "json", check=0)
        return {change["name"]: (change["to"], change["uri"]) for change in json.loads(done.stdout)["changes"]}

    def test_a_source_that_does_its_work_asks_nobody(self):
        self.mirror(self.offer("2.5.0-1+deb12u4"), date="Fri, 20 Nov 2026 00:00:00 UTC")
        self.assertNotIn("VENDOR ASKED", self.plan())
        self.publish(self.offer("2.5.0-1+deb12u5"), date="Sat, 21 Nov 2026 00:00:00 UTC")
        self.plan("--fetch")
        self.assertEqual([], self.server.asked)

    def test_a_silent_mirror(self):
        self.mirror(self.offer("2.5.0-1+deb12u4"), date="Mon, 16 Nov 2026 00:00:00 UTC")
        self.publish(self.offer("2.5.0-1+deb12u5"), date="Sat, 21 Nov 2026 00:00:00 UTC")
        self.assertEqual("2.5.0-1+deb12u4", self.changes()["libexpat1"][0])
        self.assertEqual([], self.server.asked)  # a plan that fetches nothing asks nobody
        said = self.plan("--fetch")
        self.assertIn(f"VENDOR ASKED: {SUITE}: its newest list here is 127 hours old, so {self.server.uri} was asked: its list is of "
                      "2026-11-21T00:00:00Z", said)
        self.assertEqual(("2.5.0-1+deb12u5", self.server.uri), self.changes()["libexpat1"])
        self.assertIn("/vendor/pool/libexpat1_2.5.0-1+deb12u5.deb", self.server.asked)  # and the package came from there
        count = len(self.server.asked)
        self.plan("--fetch")
        self.assertEqual(count, len(self.server.asked))  # what is there is not fetched again

    def test_a_lying_mirror(self):
        stranger = self.root.make_key("Stranger <stranger@example.org>", "stranger")
        self.mirror(self.offer("9"), date="Sat, 21 Nov 2026 00:00:00 UTC", signer=stranger)
        self.publish(self.offer("2.5.0-1+deb12u5"), date="Sat, 21 Nov 2026 00:00:00 UTC")
        said = self.plan("--fetch")
        self.assertIn(f"VENDOR ASKED: {SUITE}: its list is not believed: ", said)
        self.assertEqual(("2.5.0-1+deb12u5", self.server.uri), self.changes()["libexpat1"])

    def test_a_mirror_that_sends_another_suite(self):
        self.mirror(self.offer("2.5.0-1+deb12u4"), date="Sat, 21 Nov 2026 00:00:00 UTC", release="bookworm")
        self.publish(self.offer("2.5.0-1+deb12u5"), date="Sat, 21 Nov 2026 00:00:00 UTC")
        self.assertIn("its list is not believed: mix-and-match: is Example's", self.plan("--fetch"))
        self.assertEqual(("2.5.0-1+deb12u5", self.server.uri), self.changes()["libexpat1"])

    def test_the_vendor_is_judged_as_well(self):
        """Whoever answers in the vendor's place: a stranger's signature, an old list, another list, data without end."""
        self.mirror(self.offer("2.5.0-1+deb12u4"), date="Mon, 16 Nov 2026 00:00:00 UTC")
        stranger = self.root.make_key("Stranger <stranger@example.org>", "stranger")
        bad = self.offer("9")
        self.publish(bad, date="Sat, 21 Nov 2026 00:00:00 UTC", signer=stranger)
        self.assertIn("was asked: it cannot help: signature: ", self.plan("--fetch"))
        self.publish(bad, date="Sat, 21 Nov 2026 00:00:00 UTC")
        with lzma.open(os.path.join(self.vendor, "dists", SUITE, "main/binary-amd64/Packages.xz"), "ab") as file:
            file.write(b"\nPackage: more\n")
        self.assertIn("was asked: it cannot help: ", self.plan("--fetch"))
        self.server.endless = True
        self.assertIn("was asked: it cannot help: endless-data: ", self.plan("--fetch"))
        self.assertEqual("2.5.0-1+deb12u4", self.changes()["libexpat1"][0])
        self.assertFalse(os.path.exists(os.path.join(self.state, "lists")))

    def test_nothing_that_was_believed_is_lost(self):
        self.mirror(self.offer("2.5.0-1+deb12u4"), date="Mon, 16 Nov 2026 00:00:00 UTC")
        self.publish(self.offer("2.5.0-1+deb12u5"), date="Fri, 20 Nov 2026 00:00:00 UTC")
        self.plan("--fetch")
        self.publish(self.offer("2.5.0-1+deb12u3"), date="Thu, 19 Nov 2026 00:00:00 UTC")
        said = self.plan("--fetch")  # more than half a day old: it is asked again, and has gone back
        self.assertIn("its list is of 2026-11-20T00:00:00Z", said)
        self.assertEqual(("2.5.0-1+deb12u5", self.server.uri), self.changes()["libexpat1"])
        shutil.rmtree(self.vendor)
        self.plan("--fetch")
        self.assertEqual(("2.5.0-1+deb12u5", self.server.uri), self.changes()["libexpat1"])

    def test_the_policy_says_when(self):
        self.mirror(self.offer("2.5.0-1+deb12u4"), date="Mon, 16 Nov 2026 00:00:00 UTC")
        self.publish(self.offer("2.5.0-1+deb12u5"), date="Sat, 21 Nov 2026 00:00:00 UTC")
        with open(os.path.join(self.root.home, "config/policy.yaml"), "w", encoding="utf-8") as file:
            file.write("name: ours\nversion: 1\nprofiles: [seed-cvss]\ndecide: {vendor archive after: 6 days}\n")
        self.assertNotIn("VENDOR ASKED", self.plan("--fetch"))
        self.assertIn("VENDOR ASKED", self.plan("--fetch", now="2026-11-22T12:00:00Z"))


if __name__ == "__main__":
    unittest.main()
