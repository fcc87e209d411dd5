#!/usr/bin/env python3
"""What "exactly the old state" and "exactly the new state" mean, of a root that nobody is changing.

    before = State(machine.root)
    ...
    after = State(machine.root)
    assert after == before, after.difference(before)

    state.py ROOT               prints the digest
    state.py ROOT OTHER         prints how they differ; exit 1 if they do

A state is a dict of named facts; two states are equal when all facts are:

    status PACKAGE:ARCH         every field of dpkg's status, whatever their order
    info NAME                   dpkg's own file of a package: scripts, md5sums, conffiles, triggers, lists (as sets)
    dpkg NAME                   diversions, stat overrides, triggers that wait, alternatives
    auto PACKAGE:ARCH           apt's mark "automatic"
    file PATH                   of every path that a package owns and every conffile: type, mode, owner, capability, and its
                                content's digest, a link's target, a device's number
    left PATH                   what dpkg leaves when it is interrupted or asks: *.dpkg-new, *.dpkg-tmp, *.dpkg-dist, *.dpkg-old

Times are no part of it, nor files that no package owns (logs, caches, what scripts make)."""
import hashlib
import os
import re
import stat
import sys

ORDER = ["status", "auto", "dpkg", "left", "file", "info"]
LEFT = (".dpkg-new", ".dpkg-tmp", ".dpkg-dist", ".dpkg-old", ".dpkg-bak", ".dpkg-backup")
_known = {}


def digest(path, found):
    """Remembered for the process: most files of a root never change."""
    key = (path, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
    if key not in _known:
        with open(path, "rb") as file:
            _known[key] = hashlib.file_digest(file, "sha256").hexdigest()
    return _known[key]


def paragraphs(text):
    for paragraph in text.split("\n\n"):
        fields, name = {}, None
        for line in paragraph.split("\n"):
            if line[:1] in (" ", "\t"):
                fields[name] += "\n" + line
            elif ":" in line:
                name, value = line.split(":", 1)
                fields[name] = value.strip()
        if fields:
            yield fields


class State:
    def __init__(self, root):
        self.root = root
        self.facts = {}
        self.read_status()
        self.read_dpkg()
        self.read_automatic()
        self.read_files()
        self.read_left()

    def at(self, name):
        return os.path.join(self.root, name.lstrip("/"))

    def text(self, name):
        try:
            with open(self.at(name), encoding="utf-8", errors="surrogateescape") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def read_status(self):
        self.conffiles = set()
        for fields in paragraphs(self.text("var/lib/dpkg/status")):
            name = f"{fields['Package']}:{fields.get('Architecture', '')}"
            self.facts["status " + name] = "\n".join(f"{field}: {value}" for field, value in sorted(fields.items()))
            for line in fields.get("Conffiles", "").split("\n"):
                if line.strip():
                    self.conffiles.add(line.split()[0])

    def read_dpkg(self):
        self.owned = set()
        folder = self.at("var/lib/dpkg/info")
        for name in sorted(os.listdir(folder)):
            path = os.path.join(folder, name)
            content = self.text("var/lib/dpkg/info/" + name)
            if name.endswith(".list"):
                self.owned.update(line for line in content.split("\n") if line not in ("", "/."))
            if name.endswith((".list", ".md5sums", ".conffiles")):
                content = "\n".join(sorted(content.split("\n")))
            mode = stat.S_IMODE(os.lstat(path).st_mode)
            self.facts["info " + name] = f"{mode:o} {hashlib.sha256(content.encode(errors='surrogateescape')).hexdigest()}"
        for name in ("diversions", "statoverride", "triggers/File", "triggers/Unincorp"):
            self.facts["dpkg " + name] = "\n".join(sorted(self.text("var/lib/dpkg/" + name).split("\n")))
        for name in self.names("var/lib/dpkg/alternatives"):
            self.facts["dpkg alternatives/" + name] = self.text("var/lib/dpkg/alternatives/" + name)
        for name in self.names("var/lib/dpkg/updates"):
            self.facts["dpkg updates/" + name] = "left"
        for line in self.text("var/lib/dpkg/diversions").split("\n"):
            if line.startswith("/"):
                self.owned.add(line)

    def names(self, folder):
        try:
            return sorted(os.listdir(self.at(folder)))
        except FileNotFoundError:
            return []

    def read_automatic(self):
        for fields in paragraphs(self.text("var/lib/apt/extended_states")):
            if fields.get("Auto-Installed") == "1":
                self.facts[f"auto {fields['Package']}:{fields.get('Architecture', '')}"] = "1"

    def read_files(self):
        for path in sorted(self.owned | self.conffiles):
            self.facts["file " + path] = self.file(path)

    def file(self, path):
        at = self.at(path)
        try:
            found = os.lstat(at)
        except (FileNotFoundError, NotADirectoryError):
            return "absent"
        kind, who = stat.S_IFMT(found.st_mode), f"{stat.S_IMODE(found.st_mode):o} {found.st_uid}:{found.st_gid}"
        if kind == stat.S_IFLNK:
            return f"link {found.st_uid}:{found.st_gid} {os.readlink(at)}"
        if kind == stat.S_IFDIR:
            return f"folder {who}"
        if kind != stat.S_IFREG:
            return f"special {who} {kind:o} {found.st_rdev}"
        try:
            capability = " capability " + os.getxattr(at, "security.capability", follow_symlinks=False).hex()
        except OSError:
            capability = ""
        return f"file {who} {found.st_size} {digest(at, found)}{capability}"

    def read_left(self):
        """Beside what packages own: scripts of packages call files of their own so too."""
        for path in self.owned | self.conffiles:
            for ending in LEFT:
                if os.path.lexists(self.at(path + ending)):
                    self.facts["left " + path + ending] = self.file(path + ending)

    def __eq__(self, other):
        return self.facts == other.facts

    def digest(self):
        text = "".join(f"{name}\0{value}\0" for name, value in sorted(self.facts.items()))
        return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()

    def difference(self, other, limit=60):
        """Readable lines from the other state to this one; the empty text when they are equal."""
        lines = []
        for name in sorted(self.facts.keys() | other.facts.keys(), key=lambda name: (ORDER.index(name.split()[0]), name)):
            old, new = other.facts.get(name), self.facts.get(name)
            if old is None or new is None:
                lines.append(f"{name}: {'appeared' if old is None else 'is gone'}")
            elif old != new:
                olds, news = set(old.split("\n")), set(new.split("\n"))
                line = " | ".join([f"-{line}" for line in sorted(olds - news)] + [f"+{line}" for line in sorted(news - olds)])
                lines.append(f"{name}: " + re.sub(r"\b([0-9a-f]{12})[0-9a-f]{52}\b", r"\1...", line))
        more = f"\n... and {len(lines) - limit} more" if len(lines) > limit else ""
        return "\n".join(lines[:limit]) + more


def main():
    if len(sys.argv) == 2:
        print(State(sys.argv[1]).digest())
    elif len(sys.argv) == 3:
        told = State(sys.argv[2]).difference(State(sys.argv[1]))
        print(told or "the same")
        sys.exit(1 if told else 0)
    else:
        print(__doc__, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
