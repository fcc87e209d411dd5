#!/usr/bin/env python3
"""What the helper programs cannot do, tried from inside each of them (test/confined_probe.c) when they are at work."""
import ctypes
import hashlib
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from made_root import MadeRoot  # noqa: E402
from rebuild_test import installed_root, oak  # noqa: E402

PROBE = sys.argv.pop(1) if len(sys.argv) > 1 else "build/test/libconfined_probe.so"
SERVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "feed_server.py")
NOW_US = 1795247400 * 1000000
NOTHING = {"shadow", "make", "run", "spawn", "connect", "daemon", "root"}


def text(value):
    value = value.encode()
    size = bytes([len(value)]) if len(value) < 128 else bytes([len(value) & 127 | 128, len(value) >> 7])
    return size + value


def landlock():
    return ctypes.CDLL(None, use_errno=True).syscall(444, None, 0, 1) >= 1


@unittest.skipIf(not landlock(), "this kernel confines by less")
@unittest.skipIf(os.getuid() != 0, "only root has something to give up")
class ConfinedTest(unittest.TestCase):
    def probe(self, program, *arguments, question, third=None):
        """What could be done, and what the program answered. third: a file that it has as its first descriptor behind the usual three."""
        words, probe = [os.environ[program], *arguments], f"LD_PRELOAD={os.path.abspath(PROBE)}"
        if third:
            words = ["sh", "-c", 'exec "$@" 3<"$0"', third, "env", probe, *words]
        else:
            words = ["env", probe, *words]
        done = subprocess.run(words, input=question, capture_output=True, check=False, timeout=60, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"})
        told = [line for line in done.stderr.decode().splitlines() if line.startswith("probe ")]
        self.assertEqual(1, len(told), done.stderr)
        outcome = dict(one.split("=") for one in told[0].split()[1:])
        self.assertEqual(NOTHING, set(outcome))
        self.assertFalse(os.path.exists("/tmp/suture-probe"))
        return {name for name, result in outcome.items() if result == "done"}, outcome, done.stdout

    def root(self):
        made = MadeRoot()
        self.addCleanup(made.__exit__, None, None, None)
        made.install("zlib1g", "1.0-1")
        made.archive("bookworm-security", [("zlib1g", "1.0-2", "zlib1g", 1000)], label="Debian-Security")
        return made

    def test_fetch(self):
        """The one with a network: it may connect, and nothing else."""
        with subprocess.Popen([sys.executable, SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server, \
                tempfile.TemporaryDirectory() as spool:
            port = server.stdout.readline().split()[0]
            order = (b"SFQ2" + struct.pack("<QIIIIQ", 1 << 20, 20000, 4000, 20000, 1000, 0) + text(f"http://127.0.0.1:{port}/ok/probed") +
                     text("") * 3 + text(f"{spool}/a.part") + text(f"{spool}/a.note"))
            could, outcome, answer = self.probe("SUTURE_FETCH", question=struct.pack("<I", len(order)) + order)
            server.stdin.close()
        self.assertEqual((set(), "ECONNREFUSED"), (could, outcome["connect"]))
        self.assertIn(b"SFA1\x01\x07", answer)  # and did its work, held by all three

    def test_prove_lists(self):
        made = self.root()
        question = b"SVQ2" + struct.pack("<q", NOW_US) + text(made.root) + text("") * 2 + b"\x01" + text("zlib1g") + text("amd64") + text("1.0-2")
        could, outcome, answer = self.probe("SUTURE_PROVE", "lists", question=question)
        self.assertEqual((set(), "EACCES"), (could, outcome["run"]))  # programs may be run, but not this one
        self.assertTrue(answer.startswith(b"SVA2\x01\x00\x07"))
        self.assertIn(made.fingerprint.encode(), answer)

    def packed(self, made):
        tree = os.path.join(made.folder, "tree")
        os.makedirs(os.path.join(tree, "DEBIAN"))
        with open(os.path.join(tree, "DEBIAN/control"), "w", encoding="utf-8") as file:
            file.write("Package: zlib1g\nVersion: 1.0-2\nArchitecture: amd64\nMaintainer: T <t@example.org>\nDescription: x\n")
        deb = os.path.join(made.folder, "a.deb")
        subprocess.run(["dpkg-deb", "--root-owner-group", "-Zxz", "--build", tree, deb], check=True, capture_output=True)
        return deb

    def test_prove_packages(self):
        deb = self.packed(self.root())
        could, outcome, answer = self.probe("SUTURE_PROVE", "packages", question=b"SCQ1\x01" + text(deb))
        self.assertEqual((set(), "EPERM"), (could, outcome["run"]))
        self.assertEqual(b"SCA1\x01\x00\x07\x00" + text("zlib1g") + text("amd64") + text("1.0-2"), answer)

    def test_prove_powers(self):
        made = self.root()
        deb = self.packed(made)
        os.chmod(made.folder, 0o755)  # it reads what everybody may read
        question = b"SWQ2" + text(made.root) + b"\x01" + text("zlib1g") + text("amd64") + text("1.0-1") + text("1.0-2") + text("") + text(deb)
        could, outcome, answer = self.probe("SUTURE_PROVE", "powers", question=question)
        self.assertEqual((set(), "EPERM"), (could, outcome["run"]))
        self.assertTrue(answer.startswith(b"SWA1\x01\x00\x07"))

    def test_prove_offers(self):
        made = self.root()
        folder = os.path.join(made.folder, "deltas")
        os.mkdir(folder, 0o700)
        shutil.copy(os.path.join(os.environ["SUTURE_GOLDEN"], "acquire/delta_index/libexpat1_amd64"), folder)
        key = bytes.fromhex("ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c")
        question = (b"SOQ2" + text(made.root) + text(folder) + b"\x01" + key + b"\x01" + text("libexpat1") + text("amd64") + text("libexpat1_amd64") +
                    hashlib.sha256(b"u2").digest() + struct.pack("<Q", 99148))
        could, outcome, answer = self.probe("SUTURE_PROVE", "offers", question=question)
        self.assertEqual((set(), "EPERM"), (could, outcome["run"]))
        self.assertEqual(b"SOA1\x01\x00\x07\x00\x02" + struct.pack("<Q", 7) + b"\x00\x00", answer)  # read, and no base is installed

    def test_plan(self):
        made = self.root()
        question = (b"SPQ4" + struct.pack("<qBBqBB", NOW_US, 1, 0, 0, 2, 0) + text("") + text(made.root) + text("") + text("") + text("") + b"\x00\x00\x00")
        could, outcome, answer = self.probe("SUTURE_PLAN", question=question)
        self.assertEqual((set(), "EACCES"), (could, outcome["run"]))
        self.assertTrue(answer.startswith(b"SPL3\x01"))
        self.assertEqual(7, answer[8])

    def test_rebuild(self):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            old, new = (oak(version).build(folder) for version in ("1.0", "1.1"))
            root, delta = os.path.join(folder, "root"), os.path.join(folder, "delta")
            installed_root(root, old)
            subprocess.run([os.environ["SUTURE"], "delta", "create", old, new, delta], check=True, capture_output=True)
            order = b"SRQ1" + struct.pack("<BBIQQB", 1, 1, 2, 1 << 30, 0, 0) + text(root) + text("") + text("")
            could, outcome, answer = self.probe("SUTURE_REBUILD", question=order, third=delta)
        self.assertEqual((set(), "EPERM"), (could, outcome["run"]))
        self.assertEqual(b"SRV1\x07" + text("oak") + text("1.0"), answer[4:17])


if __name__ == "__main__":
    unittest.main()
