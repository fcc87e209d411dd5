#!/usr/bin/env python3
"""Makes small pairs of everything that a delta can be of, and lets delta_mutate break their deltas.

    delta_mutate.py PROGRAM [--seconds N | --count N] [--seed N] [--keep FOLDER]

The pairs are made anew each time: texts, programs, packed files, catalogues, folders, and packages with all of these inside."""
import argparse
import gzip
import io
import os
import random
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile

TIME = 1780000000


def words(seed, count):
    made = random.Random(seed)
    known = ["".join(made.choice("etaoinshrdlu") for _ in range(made.randint(2, 9))) for _ in range(200)]
    return " ".join(made.choice(known) + ("\n" if made.random() < 0.1 else "") for _ in range(count)) + "\n"


def edited(text, seed):
    made, lines = random.Random(seed), text.split("\n")
    for _ in range(max(len(lines) // 20, 1)):
        at = made.randrange(len(lines))
        lines[at:at + made.randint(0, 1)] = [words(made.random(), 6).strip()]
    return "\n".join(lines)


def program(folder, name, count):
    """A shared library: calls, jumps, a table of pointers, strings, symbols. Functions beyond the common ones move all others."""
    lines = [f'int f{i}(int x) {{ static int seen{i}; seen{i} += x; if (x > {i}) return g(x) + {i * 7}; '
             f'return x == {i} ? (int)seen{i} : f{(i * 5 + 1) % count}(x - 1); }}' for i in range(count)]
    heads = "extern int puts(const char *); static int g(int x) { puts(\"gone\"); return x * 3; }\n" + "".join(f"int f{i}(int);\n" for i in range(count))
    table = "int (*const table[])(int) = {" + ", ".join(f"f{i}" for i in range(0, count, 2)) + "};\n"
    source = os.path.join(folder, name + ".c")
    with open(source, "w", encoding="ascii") as file:
        file.write(heads + "\n".join(lines) + "\n" + table)
    path = os.path.join(folder, name + ".so")
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", path, source], check=True)
    with open(path, "rb") as file:
        return file.read()


def packed(text):
    return gzip.compress(text.encode(), 9, mtime=0)


def catalogue(texts):
    texts = sorted(texts.items())
    place, at, tables = 28 + 16 * len(texts), [], b""
    for side in (0, 1):
        for pair in texts:
            data = pair[side].encode()
            at.append(struct.pack("<2I", len(data), place))
            place += len(data) + 1
            tables += data + b"\0"
    return struct.pack("<7I", 0x950412de, 0, len(texts), 28, 28 + 8 * len(texts), 0, place) + b"".join(at) + tables


def jar(members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as made:
        for name, text in members.items():
            made.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), text, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def archive(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.GNU_FORMAT) as made:
        seen = set()
        for name, content in files.items():
            parts = name.split("/")
            for k in range(1, len(parts)):
                folder = "/".join(parts[:k]) + "/"
                if folder not in seen:
                    seen.add(folder)
                    entry = tarfile.TarInfo(folder)
                    entry.type, entry.mode, entry.mtime, entry.uname, entry.gname = tarfile.DIRTYPE, 0o755, TIME, "root", "root"
                    made.addfile(entry)
            entry = tarfile.TarInfo(name)
            entry.mtime, entry.uname, entry.gname = TIME, "root", "root"
            if isinstance(content, str) and content.startswith("->"):
                entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, content[2:], 0o777
                made.addfile(entry)
            else:
                data = content if isinstance(content, bytes) else content.encode()
                entry.size, entry.mode = len(data), 0o644
                made.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def package(version, files, ending, pack, conffile):
    import hashlib
    sums = "".join(f"{hashlib.md5(c if isinstance(c, bytes) else c.encode()).hexdigest()}  {n[2:]}\n"
                   for n, c in files.items() if n != conffile and not str(c).startswith("->"))
    control = {"./control": f"Package: oak\nVersion: {version}\nArchitecture: amd64\nMaintainer: x <x@example.org>\nDescription: oak\n",
               "./md5sums": sums, "./conffiles": conffile[1:] + "\n", "./postinst": "#!/bin/sh\nexit 0\n# " + version + "\n"}
    members = [("debian-binary", b"2.0\n"), ("control.tar" + ending, pack(archive(control))), ("data.tar" + ending, pack(archive(files)))]
    out = b"!<arch>\n"
    for name, data in members:
        out += f"{name:<16}{TIME:<12}{0:<6}{0:<6}{'100644':<8}{len(data):<10}`\n".encode() + data + b"\n" * (len(data) % 2)
    return out


def sides(folder):
    """{name: content} of the old and the new side: strings are texts, bytes are files."""
    old = words(1, 900)
    new = edited(old, 2)
    ids = {f"message {i}": words(i, 5).strip() for i in range(40)}
    later = dict(ids, **{f"message {i}": words(i + 1000, 5).strip() for i in range(0, 40, 9)}, **{"message new": "neu"})
    members = {f"a/{i}.txt": words(i, 60) for i in range(4)}
    return [
        {"./usr/share/doc/oak/text": old, "./usr/lib/oak.so": program(folder, "old", 24), "./usr/share/doc/oak/changelog.gz": packed(old),
         "./usr/share/locale/de/LC_MESSAGES/oak.mo": catalogue(ids), "./usr/share/java/oak.jar": jar(members), "./usr/bin/link": "->../lib/oak.so",
         "./etc/oak.conf": "a = 1\n", "./usr/share/oak/same": words(5, 100), "./usr/share/oak/empty": ""},
        {"./usr/share/doc/oak/text": new, "./usr/lib/oak.so": program(folder, "new", 27), "./usr/share/doc/oak/changelog.gz": packed(words(7, 30) + old),
         "./usr/share/locale/de/LC_MESSAGES/oak.mo": catalogue(later), "./usr/share/java/oak.jar": jar(dict(members, **{"a/2.txt": words(2, 60) + "more"})),
         "./usr/bin/link": "->../lib/oak.so", "./etc/oak.conf": "a = 2\n", "./usr/share/oak/same": words(5, 100), "./usr/share/oak/empty": "",
         "./usr/share/oak/added": words(9, 50)},
    ]


def put(path, content):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())


def make_pairs(folder):
    """FOLDER/NAME/old and new, each a file, a folder or a package."""
    made = sides(folder)
    for side, files in zip(("old", "new"), made):
        for name, content in files.items():
            if not str(content).startswith("->") and content:
                put(os.path.join(folder, "pairs", "file-" + os.path.basename(name), side), content)
            path = os.path.join(folder, "pairs", "folder", side, name)
            if str(content).startswith("->"):
                os.makedirs(os.path.dirname(path), exist_ok=True)
                os.symlink(content[2:], path)
            else:
                put(path, content)
        for name, ending, pack in (("plain", "", lambda tar: tar), ("gzip", ".gz", lambda tar: gzip.compress(tar, 9, mtime=0))):
            put(os.path.join(folder, "pairs", "package-" + name, side),
                package("1" if side == "old" else "2", files, ending, pack, "./etc/oak.conf"))
    for name in os.listdir(os.path.join(folder, "pairs")):
        if len(os.listdir(os.path.join(folder, "pairs", name))) < 2:
            shutil.rmtree(os.path.join(folder, "pairs", name))
    return os.path.join(folder, "pairs")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--count", type=int)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--keep", help="where the pairs stay")
    chosen = parser.parse_args()
    folder = chosen.keep or tempfile.mkdtemp(prefix="suture-mutate-")
    try:
        pairs = make_pairs(folder)
        command = [chosen.program, pairs, "seconds" if chosen.seconds else "count", str(chosen.seconds or chosen.count or 10000)]
        if chosen.seed is not None:
            command.append(str(chosen.seed))
        return subprocess.run(command, check=False).returncode
    finally:
        if not chosen.keep:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
