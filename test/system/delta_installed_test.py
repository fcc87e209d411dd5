#!/usr/bin/env python3
"""`suture delta apply --installed` on a machine: the vendor's package to the byte from what dpkg has installed, whatever
became of that meanwhile; or refused with its reason, and nothing left.

Each row does something to a machine on which oak 1.0 is installed; then oak 1.1 is made from a delta."""
import os
import random
import shutil
import subprocess
import tempfile
import unittest

from machine import Machine, main
from made_debs import HardLink, Link, Package, md5_of, script

SUTURE = os.path.join(os.environ.get("SUTURE_BUILD", "build"), "suture")
random.seed(7)     # the same packages each time
PAIRS = os.path.join(os.environ.get("SUTURE_SHARED", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../shared/data")), "deb-pairs")
NOISE = random.randbytes(300000)


def changed(content, step):
    """A few bytes in a thousand are others."""
    other = bytearray(content)
    for place in range(step, len(other), 997):
        other[place] = (other[place] + step) % 256
    return bytes(other)


def oak(version, arch="all", name="oak", **more):
    step = int(version.split(".")[1])
    files = {
        "/usr/bin/oak": (script(f"echo {version}")[0], 0o4755),
        "/usr/bin/acorn": HardLink("/usr/bin/oak"),
        "/usr/bin/oaktool": script(f"echo tool {version}"),
        "/bin/oaksh": script(f"echo shell {version}"),
        "/usr/lib/oak/data": changed(NOISE, step),
        "/usr/lib/oak/link": Link("data"),
        "/usr/sbin/oakd": (changed(NOISE[:50000], step), 0o755),
        "/usr/share/doc/oak/README": f"Read me, of {version}.\n" * 100,
        "/usr/share/locale/de/LC_MESSAGES/oak.mo": changed(NOISE[:2000], step),
        "/etc/oak.conf": f"version={version}\nleaves=green\n",
    }
    return Package(name, version, files=files, conffiles=["/etc/oak.conf"], arch=arch, scripts={"postinst": f"true {version}"}, **more)


def remove(*paths):
    def act(machine):
        for path in paths:
            os.remove(machine.path(path))
    return act


def replace(path, content):
    return lambda machine: machine.write(path, content)


def move_behind_link(machine):
    os.makedirs(machine.path("/srv"), exist_ok=True)
    shutil.move(machine.path("/usr/lib/oak"), machine.path("/srv/oak"))
    os.symlink("/srv/oak", machine.path("/usr/lib/oak"))


def link_instead(machine):
    os.rename(machine.path("/usr/lib/oak/data"), machine.path("/srv/data"))
    os.symlink("/srv/data", machine.path("/usr/lib/oak/data"))


def pipe_instead(machine):
    os.remove(machine.path("/usr/lib/oak/data"))
    os.mkfifo(machine.path("/usr/lib/oak/data"))


def install(package):
    def act(machine):
        machine.run(["dpkg", "-i", "--force-architecture", DEBS.put(machine, package)], check=True)
    return act


def divert(machine):
    """Before the package is there: its file goes elsewhere, and another one is at its place."""
    machine.run(["dpkg-divert", "--package", "elm", "--rename", "--divert", "/usr/bin/oaktool.oak", "--add", "/usr/bin/oaktool"], check=True)
    machine.write("/usr/bin/oaktool", "#!/bin/sh\necho elm\n", 0o755)


def override(machine):
    machine.run(["dpkg-statoverride", "--add", "root", "mail", "2750", "/usr/sbin/oakd"], check=True)


def exclude(machine):
    machine.write("/etc/dpkg/dpkg.cfg.d/slim", "path-exclude=/usr/share/doc/*\npath-exclude=/usr/share/locale/*\n")


def nothing(_):
    pass


# [name, before the old package is installed, after it, what is said (None: it is made), classes of supplements with which it is made]
ROWS = [
    ("as installed", nothing, nothing, None, ""),
    ("diverted", divert, nothing, None, ""),
    ("statoverride", override, nothing, None, ""),
    ("excluded documents", exclude, nothing, "/usr/share/", "d"),
    ("edited conffile", nothing, replace("/etc/oak.conf", "version=mine\n"), "/etc/oak.conf: is not as oak brought it", "e"),
    ("removed conffile", nothing, remove("/etc/oak.conf"), "/etc/oak.conf: No such file or directory", "e"),
    ("missing file", nothing, remove("/usr/lib/oak/data"), "/usr/lib/oak/data: No such file or directory", "f"),
    ("edited file", nothing, replace("/usr/sbin/oakd", "other"), "/usr/sbin/oakd: is not as oak brought it", "f"),
    ("one name of two", nothing, remove("/usr/bin/acorn"), "/usr/bin/acorn: No such file or directory", "f"),
    ("a link in its path", nothing, move_behind_link, 'in its path is a link, which is not followed', "f"),
    ("a link instead", nothing, link_instead, "/usr/lib/oak/data: is a link now", "f"),
    ("a pipe instead", nothing, pipe_instead, "/usr/lib/oak/data: is no file", "f"),
    ("wrong version", nothing, install(oak("1.2")), "1.2", None),
    ("removed package", nothing, lambda machine: machine.run(["dpkg", "--purge", "oak"], check=True), "oak:all is not installed", None),
    ("another architecture", nothing, install(oak("1.0", arch="i386")), "oak:all is not installed", None),
]


class Debs:
    """Packages, built once, and what is made from them."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="suture-delta-")
        self.old, self.new = (oak(version).build(self.folder) for version in ("1.0", "1.1"))
        self.delta = os.path.join(self.folder, "delta")
        self.run("create", self.old, self.new, self.delta)
        self.supplements = {}
        for letter, name in (("d", "documents"), ("e", "conffiles"), ("f", "files")):
            self.supplements[letter] = os.path.join(self.folder, letter)
            self.run("supplement", self.old, self.supplements[letter], "--class", name)

    def run(self, *words):
        done = subprocess.run([SUTURE, "delta", *words], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"suture delta {' '.join(words)}: {done.stdout}{done.stderr}")

    def put(self, machine, package):
        folder = machine.path("/root/debs")
        os.makedirs(folder, exist_ok=True)
        return "/root/debs/" + os.path.basename(package.build(folder))

    def end(self):
        shutil.rmtree(self.folder)


DEBS = None


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        global DEBS
        cls.machine = Machine("small")
        cls.addClassCleanup(cls.machine.end)
        DEBS = Debs()
        cls.addClassCleanup(DEBS.end)
        for path in (DEBS.delta, *DEBS.supplements.values()):
            shutil.copy(path, cls.machine.path("/root"))
        shutil.copy(DEBS.old, cls.machine.path("/root/old.deb"))
        os.makedirs(cls.machine.path("/srv"), exist_ok=True)
        cls.machine.save()

    def apply(self, *words):
        return self.machine.suture("delta", "apply", "--installed", "/root/delta", "/root/new.deb", *words)

    def assert_made(self, done):
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(md5_of(self.machine.path("/root/new.deb")), md5_of(DEBS.new))
        os.remove(self.machine.path("/root/new.deb"))

    def test_rows(self):
        for name, before, after, said, classes in ROWS:
            with self.subTest(name):
                self.machine.reset()
                before(self.machine)
                self.machine.run(["dpkg", "-i", "/root/old.deb"], check=True)
                after(self.machine)
                done = self.apply()
                if said is None:
                    self.assert_made(done)
                    continue
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(said, done.stderr)
                self.assertEqual([path for path in os.listdir(self.machine.path("/root")) if path.startswith("new.deb")], [])
                if classes is not None:
                    self.assert_made(self.apply("--supplement", ",".join("/root/" + letter for letter in classes)))

    def test_of_another_root(self):
        self.machine.reset()
        self.machine.run(["dpkg", "-i", "/root/old.deb"], check=True)
        out = os.path.join(DEBS.folder, "outside.deb")
        done = subprocess.run([SUTURE, "delta", "apply", "--installed", DEBS.delta, out, "--root", self.machine.root],
                              capture_output=True, text=True, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(md5_of(out), md5_of(DEBS.new))

    def test_of_another_name(self):
        """As kernels have: the base is a package of another name."""
        self.machine.reset()
        beech = oak("1.0", name="beech").build(DEBS.folder)
        shutil.copy(beech, self.machine.path("/root/beech.deb"))
        DEBS.run("create", beech, DEBS.new, self.machine.path("/root/renamed"))
        self.machine.run(["dpkg", "-i", "/root/beech.deb"], check=True)
        self.assert_made(self.machine.suture("delta", "apply", "--installed", "/root/renamed", "/root/new.deb"))

    def test_real_packages(self):
        """Pairs of Debian's own packages, where they are at hand: the vendor's SHA-256 from what dpkg made of the old one."""
        machine = self.machine
        machine.reset()
        if not os.path.isdir(PAIRS):
            self.skipTest(f"{PAIRS} is not here")
        with open(os.path.join(PAIRS, "sizes.tsv"), encoding="utf-8") as file:
            pairs = {words[0]: words[1:3] for words in (line.split("\t") for line in file)}
        for name in ("curl", "libxml2", "libssl3"):
            with self.subTest(name):
                old, new = (os.path.join(PAIRS, file) for file in pairs[name])
                shutil.copy(old, machine.path("/root/real.deb"))
                DEBS.run("create", old, new, machine.path("/root/real"))
                machine.run(["dpkg", "--force-depends", "--force-downgrade", "-i", "/root/real.deb"], check=True)
                done = machine.suture("delta", "apply", "--installed", "/root/real", "/root/new.deb")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertEqual(md5_of(machine.path("/root/new.deb")), md5_of(new))
                for path in ("/root/new.deb", "/root/real"):
                    os.remove(machine.path(path))


if __name__ == "__main__":
    main()
