"""The public tools that make deltas, as people use them, each run measured and its result checked to the byte.

xdelta3, zstd and bsdiff see the unpacked data.tar of both packages: what packs them hides what is equal, and nobody who
cares for bytes would give them the .deb. So their sizes lack the control member, headers, and how to pack it all again;
debdelta and suture rebuild the .deb itself."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

from pairs import digest_of

HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.path.join(os.environ.get("SUTURE_CACHE") or
                     os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "suture-build"), "delta-tools")
LAYOUT = 1    # of what is remembered


class Failed(Exception):
    pass


class Cost:
    """CPU seconds, user and system, of processes and their children; KB that the largest of them had resident."""

    def __init__(self, seconds=0.0, peak=0):
        self.seconds, self.peak = seconds, peak

    def add(self, other):
        self.seconds += other.seconds
        self.peak = max(self.peak, other.peak)


def run(command, cwd=None, environment=None):
    """(cost, what it printed)."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as told, tempfile.TemporaryFile() as used:
        subprocess.run([sys.executable, "-IS", os.path.join(HERE, "usage.py"), str(used.fileno()), *command], cwd=cwd, check=True,
                       stdin=subprocess.DEVNULL, stdout=out, stderr=told, pass_fds=[used.fileno()],
                       env=dict(os.environ, LC_ALL="C.UTF-8", **(environment or {})))
        for file in (out, told, used):
            file.seek(0)
        status, seconds, peak = used.read().split()
        if int(status) != 0:
            raise Failed(f"{os.path.basename(command[0])}: exit {int(status)}: {told.read()[-300:].decode(errors='replace').strip()}")
        return Cost(float(seconds), int(peak)), out.read().decode(errors="replace")


class Measured:
    """Of one pair by one tool. parts: CPU seconds of what a tool tells apart itself, by name."""

    def __init__(self, size, encode, decode, parts=None):
        self.size, self.encode, self.decode, self.parts = size, encode, decode, parts or {}

    def to_row(self):
        return [LAYOUT, self.size, self.encode.seconds, self.encode.peak, self.decode.seconds, self.decode.peak, self.parts]

    @staticmethod
    def from_row(row):
        return Measured(row[1], Cost(row[2], row[3]), Cost(row[4], row[5]), row[6])


class Unpacked:
    """data.tar of both sides of a pair, for the tools that want it; made when it is first asked for."""

    def __init__(self, pair, folder):
        self.pair, self.folder, self.made = pair, folder, {}

    def tar(self, side):
        if side not in self.made:
            path = os.path.join(self.folder, side + ".tar")
            with open(path, "wb") as file:
                subprocess.run(["dpkg-deb", "--fsys-tarfile", getattr(self.pair, side)], check=True, stdout=file)
            self.made[side] = path
        return self.made[side]

    @property
    def size(self):
        return os.path.getsize(self.tar("new"))


def two_steps(first, second):
    cost, _ = run(first)
    cost.add(run(second)[0])
    return cost


def xdelta3_xz(old, new, work):
    delta, packed, out = (os.path.join(work, name) for name in ("d", "d.xz", "out"))
    encode = two_steps(["xdelta3", "-q", "-9", "-S", "none", "-f", "-e", "-s", old, new, delta], ["xz", "-9e", "-k", "-f", delta])
    size = os.path.getsize(packed)
    os.remove(delta)
    return size, encode, two_steps(["xz", "-d", "-f", packed], ["xdelta3", "-q", "-f", "-d", "-s", old, delta, out]), out


def zstd(old, new, work):
    delta, out = os.path.join(work, "d"), os.path.join(work, "out")
    encode, _ = run(["zstd", "-q", "-f", "-19", "--ultra", "--long=31", f"--patch-from={old}", new, "-o", delta])
    decode, _ = run(["zstd", "-q", "-f", "-d", "--long=31", f"--patch-from={old}", delta, "-o", out])
    return os.path.getsize(delta), encode, decode, out


def bsdiff(old, new, work):
    delta, out = os.path.join(work, "d"), os.path.join(work, "out")
    encode, _ = run(["bsdiff", old, new, delta])
    decode, _ = run(["bspatch", old, out, delta])
    return os.path.getsize(delta), encode, decode, out


def debdelta(old, new, work):
    delta, out = os.path.join(work, "d"), os.path.join(work, "out")
    scratch = {"TMPDIR": work}
    encode, _ = run(["debdelta", old, new, delta], environment=scratch)
    decode, _ = run(["debpatch", "-A", delta, old, out], environment=scratch)
    return os.path.getsize(delta), encode, decode, out


# name: (function, whole .debs or their data.tar, programs it needs, package that has them)
TOOLS = {
    "xdelta3+xz": (xdelta3_xz, False, ["xdelta3", "xz"], "xdelta3"),
    "zstd": (zstd, False, ["zstd"], "zstd"),
    "bsdiff": (bsdiff, False, ["bsdiff", "bspatch"], "bsdiff"),
    "debdelta": (debdelta, True, ["debdelta", "debpatch"], "debdelta"),
}


def missing(name):
    """The package that has to be installed first; None: nothing."""
    _, _, programs, package = TOOLS[name]
    return None if all(shutil.which(program) for program in programs) else package


def recall(pair, name):
    try:
        with open(os.path.join(CACHE, f"{pair.key}-{name}.json"), encoding="utf-8") as file:
            row = json.load(file)
            return Measured.from_row(row) if row and row[0] == LAYOUT else None
    except (FileNotFoundError, ValueError):
        return None


def remember(pair, name, measured):
    os.makedirs(CACHE, exist_ok=True)
    path = os.path.join(CACHE, f"{pair.key}-{name}.json")
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump(measured.to_row(), file)
    os.replace(path + ".part", path)


def measure(pair, name, unpacked, fresh=False):
    """What the tool makes of the pair; from an earlier run when that is remembered, unless `fresh`."""
    known = None if fresh else recall(pair, name)
    if known is not None:
        return known
    function, whole, _, _ = TOOLS[name]
    old, new = (pair.old, pair.new) if whole else (unpacked.tar("old"), unpacked.tar("new"))
    work = tempfile.mkdtemp(prefix=name + "-", dir=unpacked.folder)
    try:
        size, encode, decode, out = function(old, new, work)
        if digest_of(out) != digest_of(new):
            raise Failed(f"{name}: its result is another file")
    finally:
        shutil.rmtree(work, ignore_errors=True)
    measured = Measured(size, encode, decode)
    remember(pair, name, measured)
    return measured


def raw_size(pair, unpacked):
    """Bytes of the new data.tar."""
    known = recall(pair, "raw")
    if known is None:
        known = Measured(unpacked.size, Cost(), Cost())
        remember(pair, "raw", known)
    return known.size
