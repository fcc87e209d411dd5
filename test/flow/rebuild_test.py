#!/usr/bin/env python3
"""Packages made from installed files and a delta, by the programs, on a root that dpkg itself has made: without a whole machine
(test/system/delta_installed_test.py has one, and every trouble that it can have)."""
import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
from made_debs import HardLink, Package, md5_of, script  # noqa: E402

SUTURE = os.environ.get("SUTURE", "build/suture")
HELPER = os.path.abspath(os.environ.get("SUTURE_REBUILD", "build/suture-rebuild"))


def oak(version, **more):
    files = {
        "/usr/bin/oak": script(f"echo {version}\n" + "echo the same\n" * 500),
        "/usr/bin/acorn": HardLink("/usr/bin/oak"),
        "/usr/share/doc/oak/README": f"Read me, of {version}.\n" * 50,
        "/etc/oak.conf": f"version={version}\nleaves=green\n",
    }
    return Package("oak", version, files=files, conffiles=["/etc/oak.conf"], **more)


def dpkg(root, *debs):
    subprocess.run(["dpkg", f"--root={root}", "--force-not-root", "--force-bad-path", "--log=/dev/null", "-i", *debs],
                   check=True, capture_output=True)


def installed_root(root, *debs):
    """A root of dpkg's own making, with these packages."""
    for name in ("info", "updates"):
        os.makedirs(os.path.join(root, "var/lib/dpkg", name))
    with open(os.path.join(root, "var/lib/dpkg/status"), "w", encoding="ascii"):
        pass
    dpkg(root, *debs)


# Stands where suture looks for suture-rebuild: asks it, and then does something else with the output (5) or the answer.
LIAR = """#!{python}
import os, subprocess, sys
question = sys.stdin.buffer.read()
done = subprocess.run(["{helper}"], input=question, stdout=subprocess.PIPE, pass_fds=(3,) if question[4] == 1 else (3, 4, 5))
answer = done.stdout
if question[4] == 2:
    size = os.fstat(5).st_size
    {lie}
sys.stdout.buffer.write(answer)
"""

LIES = {
    "a byte flipped": "os.pwrite(5, bytes([os.pread(5, 1, size // 2)[0] ^ 1]), size // 2)",
    "a byte more": "os.pwrite(5, b'x', size)",
    "cut": "os.ftruncate(5, size - 1)",
    "empty": "os.ftruncate(5, 0)",
    "two answers": "answer += answer",
    "an answer too large": "answer = b'\\xff\\xff\\xff\\x7f' + answer",
    "half an answer": "answer = answer[:-1]",
    "no answer": "answer = b''",
}


class Rebuild(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="suture-rebuild-")
        self.addCleanup(shutil.rmtree, self.folder)
        os.chmod(self.folder, 0o755)
        self.old, self.new = (oak(version).build(self.folder) for version in ("1.0", "1.1"))
        self.root, self.delta, self.out = (os.path.join(self.folder, name) for name in ("root", "delta", "out.deb"))
        installed_root(self.root, self.old)
        self.suture("create", self.old, self.new, self.delta)

    def suture(self, *words, status=0):
        done = subprocess.run([SUTURE, "delta", *words], capture_output=True, text=True, check=False, timeout=60,
                              env=dict(os.environ, SUTURE_STATE=self.folder + "/state"))
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def apply(self, *words, status=0):
        return self.suture("apply", "--installed", self.delta, self.out, "--root", self.root, *words, status=status)

    def assert_made(self):
        self.assertEqual(md5_of(self.out), md5_of(self.new))
        os.remove(self.out)

    def assert_nothing_left(self):
        left = {os.path.basename(path) for path in (self.old, self.new)} | {"root", "delta", "state"}
        self.assertEqual(set(os.listdir(self.folder)) - left, set())

    def path(self, name):
        return os.path.join(self.root, name)

    def test_to_the_byte(self):
        self.apply()
        self.assert_made()
        self.assert_nothing_left()

    def test_an_edited_conffile_and_excluded_documents(self):
        with open(self.path("etc/oak.conf"), "w", encoding="ascii") as file:
            file.write("mine\n")
        shutil.rmtree(self.path("usr/share/doc"))
        told = self.apply(status=1).stderr
        self.assertIn("oak", told)
        self.assert_nothing_left()
        paths = {name: os.path.join(self.root, name) for name in ("conffiles", "documents")}
        for name, path in paths.items():
            self.suture("supplement", self.old, path, "--class", name)
        self.apply("--supplement", ",".join(paths.values()))
        self.assert_made()

    def test_neighbours_are_left_alone(self):
        spool, dear = self.out + ".suture-part", os.path.join(self.folder, "dear")
        for path in (dear, self.out + ".part", self.out + ".new"):
            with open(path, "w", encoding="ascii") as file:
                file.write("dear\n")
        for lay in (os.link, os.symlink):
            lay(dear, spool)
            self.apply(status=1)
            os.remove(spool)
        with open(spool, "wb") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            self.assertIn("somebody else works with it", self.apply(status=1).stderr)
        self.apply()
        self.assert_made()
        for path in (dear, self.out + ".part", self.out + ".new"):
            with open(path, encoding="ascii") as file:
                self.assertEqual(file.read(), "dear\n")
            os.remove(path)
        self.assert_nothing_left()

    def test_a_helper_that_lies_is_not_believed(self):
        programs = os.path.join(self.folder, "root/programs")
        os.mkdir(programs)
        shutil.copy(SUTURE, programs)
        environment = dict(os.environ, SUTURE_STATE=self.folder + "/state", LD_LIBRARY_PATH=os.path.dirname(os.path.abspath(SUTURE)))
        for name, lie in {"none": "pass", **LIES}.items():
            with open(programs + "/suture-rebuild", "w", encoding="ascii") as file:
                file.write(LIAR.format(python=sys.executable, helper=HELPER, lie=lie))
            os.chmod(file.name, 0o755)
            done = subprocess.run([programs + "/suture", "delta", "apply", "--installed", self.delta, self.out, "--root", self.root],
                                  capture_output=True, text=True, check=False, timeout=60, env=environment)
            self.assertEqual(done.returncode, 0 if name == "none" else 1, name + done.stderr)
            if name == "none":
                self.assert_made()
            self.assert_nothing_left()

    def test_another_version(self):
        dpkg(self.root, oak("1.2").build(self.folder + "/root"))
        self.assertIn("1.2", self.apply(status=1).stderr)
        self.assertFalse(os.path.exists(self.out))

    def test_broken_deltas_leave_nothing(self):
        with open(self.delta, "rb") as file:
            whole = file.read()
        for size in (0, 3, 53, len(whole) // 2, len(whole) - 1):
            with open(self.delta, "wb") as file:
                file.write(whole[:size])
            self.apply(status=1)
            self.assertFalse(os.path.exists(self.out))
        for place in range(0, len(whole), max(1, len(whole) // 40)):
            broken = bytearray(whole)
            broken[place] ^= 0x10
            with open(self.delta, "wb") as file:
                file.write(broken)
            done = subprocess.run([SUTURE, "delta", "apply", "--installed", self.delta, self.out, "--root", self.root],
                                  capture_output=True, text=True, check=False, timeout=60)
            if done.returncode == 0:  # a name in it, which decides nothing
                self.assert_made()
            self.assertFalse(os.path.exists(self.out))
            self.assert_nothing_left()


if __name__ == "__main__":
    unittest.main()
