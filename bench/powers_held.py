#!/usr/bin/env python3
"""How many real updates the gate of new powers would hold for a person: the figures of doc/gates.md.

    bench/powers_held.py FOLDER...          folders of .deb files, two or more versions of each package

For each package the versions are taken in their order: the older one is laid out as dpkg would have installed it, in a
scratch root, and suture-prove says what the newer one may newly do there. Packages whose names differ in a number with a
dot ("linux-image-6.1.0-40-amd64", "-41-") follow each other. Nothing is installed on this machine."""
import collections
import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile

PROVE = os.environ.get("SUTURE_PROVE", "build/suture-prove")
KINDS = ("", "script", "setuid", "unit", "timer", "cron", "udev", "pam", "sudoers", "kernel-module", "apt-source", "apt-key", "ca", "dbus",
         "polkit", "profile", "loader", "outside")
SCRIPTS = ("preinst", "postinst", "prerm", "postrm", "config", "conffiles")


def run(*words):
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


class Deb:
    def __init__(self, path):
        self.path = path
        self.name, self.version, self.arch, self.multi = (run("dpkg-deb", "-f", path, field).strip()
                                                          for field in ("Package", "Version", "Architecture", "Multi-Arch"))
        self.line = re.sub(r"[0-9]+(\.[0-9]+)+(-[0-9]+)?", "N", self.name) + ":" + self.arch

    def install(self, root):
        info = os.path.join(root, "var/lib/dpkg/info")
        stem = self.name + (":" + self.arch if self.multi == "same" else "")
        os.makedirs(info, exist_ok=True)
        with tempfile.TemporaryDirectory() as control:
            run("dpkg-deb", "-e", self.path, control)
            for name in SCRIPTS:
                if os.path.exists(os.path.join(control, name)):
                    shutil.copy(os.path.join(control, name), os.path.join(info, f"{stem}.{name}"))
        run("dpkg-deb", "-x", self.path, root)
        listed = subprocess.run(f"dpkg-deb --fsys-tarfile '{self.path}' | tar t", shell=True, capture_output=True, text=True, check=True).stdout
        with open(os.path.join(info, f"{stem}.list"), "w", encoding="utf-8") as file:
            file.write("".join("/" + line[2:].rstrip("/") + "\n" for line in listed.splitlines()))


def number(value):
    out = b""
    while value >= 128:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])


def text(value):
    raw = value.encode()
    return number(len(raw)) + raw


class Answer:
    """flow/powers_message.h"""

    def __init__(self, raw):
        self.raw, self.at = raw, 4

    def byte(self):
        self.at += 1
        return self.raw[self.at - 1]

    def number(self):
        value = shift = 0
        while True:
            byte = self.byte()
            value, shift = value | (byte & 127) << shift, shift + 7
            if byte < 128:
                return value

    def text(self):
        size = self.number()
        self.at += size
        return self.raw[self.at - size:self.at].decode()

    def powers(self):
        done, _, _, problem = self.byte(), self.byte(), self.byte(), self.text()
        if done != 1:
            raise SystemExit(problem)
        for _ in range(self.number()):
            kind, flags, files = self.byte(), self.byte(), self.number()
            _, _, path, _, _ = (self.text() for _ in range(5))
            yield KINDS[kind], bool(flags & 2), path, files


def held(old, new):
    follows = old.name if old.name != new.name else ""
    root = tempfile.mkdtemp(prefix="suture-powers-")
    try:
        os.chmod(root, 0o755)
        old.install(root)
        question = b"SWQ2" + text(root) + b"\x01" + b"".join(
            text(value) for value in (new.name, new.arch, "" if follows else old.version, new.version, follows, os.path.abspath(new.path)))
        done = subprocess.run([PROVE, "powers"], input=question, capture_output=True, check=True)
        return [(kind, path) for kind, small, path, _ in Answer(done.stdout).powers() if not small]
    finally:
        shutil.rmtree(root)


def main(folders):
    lines = collections.defaultdict(list)
    for folder in folders:
        for name in sorted(os.listdir(folder)):
            if name.endswith(".deb"):
                deb = Deb(os.path.join(folder, name))
                lines[deb.line].append(deb)
    order = functools.cmp_to_key(lambda a, b: -1 if subprocess.run(["dpkg", "--compare-versions", a.version, "lt", b.version], check=False).returncode == 0 else 1)
    updates = stopped = 0
    for line in sorted(lines):
        versions = sorted(lines[line], key=order)
        for old, new in zip(versions, versions[1:]):
            powers = held(old, new)
            updates, stopped = updates + 1, stopped + bool(powers)
            if powers:
                print(f"held  {new.name} {old.version} -> {new.version}: " + ", ".join(f"{kind} {path}" for kind, path in powers[:3]) +
                      (f" and {len(powers) - 3} more" if len(powers) > 3 else ""), flush=True)
    print(f"{stopped} of {updates} updates would be held for a person")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    main(sys.argv[1:])
