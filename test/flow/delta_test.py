#!/usr/bin/env python3
"""suture delta create, apply and info as a person calls them: on files, folders and packages; killed at any moment; with
the disk full; with any number of threads; with little memory; with the wrong base."""
import fcntl
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

SUTURE = os.environ["SUTURE"]
GOLDEN = os.environ["SUTURE_GOLDEN"]


def call(*words, status=0, **options):
    done = subprocess.run([SUTURE, "delta", *words], capture_output=True, text=True, **options)
    assert done.returncode == status, (words, done.returncode, done.stdout, done.stderr)
    return done.stdout if status == 0 else done.stderr


def write(path, content, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)
    os.chmod(path, mode)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def tree(path):
    """What a folder holds, as a delta keeps it."""
    held = {}
    for folder, folders, files in os.walk(path):
        for name in folders + files + [""]:
            full = os.path.join(folder, name) if name else folder
            here = os.path.relpath(full, path)
            state = os.lstat(full)
            if os.path.islink(full):
                held[here] = ("link", os.readlink(full))
            elif os.path.isdir(full):
                held[here] = ("folder", state.st_mode & 0o7777)
            else:
                held[here] = ("file", state.st_mode & 0o7777, hashlib.sha256(read(full)).hexdigest())
    return held


def words_of(rng, size):
    vocabulary = [("%x " % rng.getrandbits(rng.randrange(4, 40))).encode() for _ in range(500)]
    return b"".join(rng.choices(vocabulary, k=size // 6))


def edited(rng, content, edits):
    content = bytearray(content)
    for _ in range(edits):
        at = rng.randrange(len(content))
        content[at:at + rng.randrange(8)] = rng.randbytes(rng.randrange(8))
    return bytes(content)


def files(work):
    rng = random.Random(1)
    old = words_of(rng, 300000)
    new = edited(rng, old, 50)
    write(work + "/old", old)
    write(work + "/new", new)
    said = call("create", "old", "new", "delta", cwd=work)
    assert "; proved\n" in said and said.startswith("delta: "), said
    assert os.path.getsize(work + "/delta") < 1500
    call("apply", "old", "delta", "made", cwd=work)
    assert read(work + "/made") == new
    call("apply", "old", "delta", "old", cwd=work)  # over what it was made from
    assert read(work + "/old") == new
    info = json.loads(call("info", "delta", "--format", "json", cwd=work))
    assert info["schema"] == "suture.delta-info/1" and info["complete"] is True
    assert info["output_sha256"] == hashlib.sha256(new).hexdigest() and info["output_size"] == len(new)
    assert info["delta_size"] == os.path.getsize(work + "/delta")
    # the wrong base: nothing is left, and what was there stays
    write(work + "/made", b"before")
    said = call("apply", "new", "delta", "made", status=1, cwd=work)
    assert said == "suture: base: not what this delta was made from\n", said
    assert read(work + "/made") == b"before"
    assert sorted(os.listdir(work)) == ["delta", "made", "new", "old"], os.listdir(work)
    # cut off: info still tells, apply does not
    write(work + "/cut", read(work + "/delta")[:-1])
    assert json.loads(call("info", "cut", "--format", "json", cwd=work))["complete"] is False
    said = call("apply", "old", "cut", "none", status=1, cwd=work)
    assert "cut off, or not all of it here" in said, said
    assert not os.path.exists(work + "/none") and not os.path.exists(work + "/none.suture-part")
    for words, text in [
            (("info", "old"), "suture: old: not a delta of suture\n"),
            (("info", "absent"), "suture: absent: No such file or directory\n"),
            (("apply", "absent", "delta", "x"), "suture: absent: No such file or directory\n"),
            (("create", "absent", "new", "x"), "suture: absent: No such file or directory\n")]:
        said = call(*words, status=1, cwd=work)
        assert said == text, said
    for words in [("create", "old", "new"), ("create", "old", "new", "x", "--memory", "1"), ("create", "old", "new", "x", "--memory", "1M"),
                  ("create", "old", "new", "x", "--threads", "0"), ("apply", "old", "delta"), ("info",)]:
        call(*words, status=2, cwd=work)


def neighbours(work):
    """What others keep beside the output, by whatever name, is not written over and not removed."""
    write(work + "/old", b"as it was " * 500)
    write(work + "/new", b"as it is now " * 500)
    write(work + "/made.part", b"a browser's")
    write(work + "/made.new/dear", b"a person's")
    call("create", "old", "new", "delta", cwd=work)
    call("apply", "old", "delta", "made", cwd=work)
    assert read(work + "/made") == read(work + "/new")
    assert read(work + "/made.part") == b"a browser's" and read(work + "/made.new/dear") == b"a person's"
    # a spool that is another file by a second name, by a link, or no file at all
    spool = work + "/made.suture-part"
    write(work + "/dear", b"dear")
    for lay, text in [(lambda: os.link(work + "/dear", spool), "is no file of this user alone"),
                      (lambda: os.symlink(work + "/dear", spool), "Too many levels of symbolic links"),
                      (lambda: os.mkfifo(spool), "is no file of this user alone"),
                      (lambda: os.mkdir(spool), "Is a directory")]:
        lay()
        said = call("apply", "old", "delta", "made", status=1, cwd=work, timeout=20)
        assert said == f"suture: made.suture-part: {text}\n", said
        os.rmdir(spool) if os.path.isdir(spool) else os.remove(spool)
        assert read(work + "/dear") == b"dear"
    # somebody else makes it just now
    with open(spool, "wb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        said = call("apply", "old", "delta", "made", status=1, cwd=work)
        assert said == "suture: made.suture-part: somebody else works with it\n", said
        assert os.path.exists(spool)


def folders(work):
    rng = random.Random(2)
    for side in ("old", "new"):
        write(f"{work}/{side}/bin/tool", words_of(random.Random(3), 50000) + side.encode(), 0o755)
        write(f"{work}/{side}/same", b"as it was")
        write(f"{work}/{side}/empty", b"", 0o600)
        os.symlink("bin/tool", f"{work}/{side}/link")
    os.symlink("/nowhere", f"{work}/new/away")
    write(work + "/new/deep/er/file", rng.randbytes(100))
    os.mkdir(work + "/new/closed")
    os.chmod(work + "/new/closed", 0o555)
    write(work + "/old/gone", b"goes")
    call("create", "old", "new", "delta", cwd=work)
    call("apply", "old", "delta", "made", cwd=work)
    assert tree(work + "/made") == tree(work + "/new")
    said = call("apply", "old", "delta", "made", status=1, cwd=work)
    assert said == "suture: made: is there already\n", said
    write(work + "/old/same", b"edited")
    said = call("apply", "old", "delta", "again", status=1, cwd=work)
    assert said == "suture: base: not what this delta was made from\n", said
    assert sorted(os.listdir(work)) == ["delta", "made", "new", "old"]
    os.chmod(work + "/new/closed", 0o755)
    os.chmod(work + "/made/closed", 0o755)


def packages(work):
    usual, newer = (f"{GOLDEN}/delta/deb/{name}.deb" for name in ("usual", "newer"))
    call("create", usual, newer, "delta", cwd=work)
    call("apply", usual, "delta", "made.deb", cwd=work)
    assert read(work + "/made.deb") == read(newer)
    info = json.loads(call("info", "delta", "--format", "json", cwd=work))
    assert info["makes"]["kind"] == "deb" and info["from"]["package"]
    said = call("apply", newer, "delta", "x", status=1, cwd=work)
    assert said.startswith("suture: base: this delta was made from "), said


def big(work):
    """Two files of some windows each, where memory is small."""
    rng = random.Random(4)
    for name, size in (("a", 9), ("b", 7), ("c", 8)):
        old = words_of(rng, size * 1000000)
        write(f"{work}/old/{name}", old)
        write(f"{work}/new/{name}", edited(rng, old, 300))
    call("create", "old", "new", "delta", "--memory", "64M", "--threads", "1", cwd=work)
    call("create", "old", "new", "delta2", "--memory", "64M", "--threads", "3", cwd=work)
    assert read(work + "/delta") == read(work + "/delta2"), "threads change bytes"
    windows = json.loads(call("info", "delta", "--format", "json", cwd=work))["windows"]
    assert windows == 3, windows


def killed(work):
    """Killed when the spool has so many bytes: the next run goes on behind the last whole window. The signal may arrive
    late on a loaded machine, so more may be kept than the share asks for, never less than its whole windows but one."""
    whole = json.loads(call("info", "delta", "--format", "json", cwd=work))["raw_size"]
    kept = []
    for share in (0.1, 0.5, 0.9):
        shutil.rmtree(work + "/made", ignore_errors=True)
        child = subprocess.Popen([SUTURE, "delta", "apply", "old", "delta", "made"], cwd=work)
        while child.poll() is None:
            try:
                if os.path.getsize(work + "/made.suture-part") >= whole * share:
                    child.send_signal(signal.SIGKILL)
                    break
            except FileNotFoundError:
                pass
            time.sleep(0.001)
        if child.wait() == 0:  # it was quicker than we
            continue
        assert not os.path.exists(work + "/made")
        said = call("apply", "old", "delta", "made", "--format", "json", cwd=work)
        kept.append((share, json.loads(said)["windows_kept"]))
        assert tree(work + "/made") == tree(work + "/new")
        assert not os.path.exists(work + "/made.suture-part") and not os.path.exists(work + "/made.suture-new")
    for share, windows in kept:
        assert int(share * 3) - 1 <= windows <= 3, kept
    print("killed, windows kept:", kept)


def full(work):
    """No file may grow beyond 1 MB: a disk that is full, as far as a program sees."""
    shutil.rmtree(work + "/made", ignore_errors=True)

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000000, 1000000))

    said = call("apply", "old", "delta", "made", status=1, cwd=work, preexec_fn=limit)
    assert said.startswith("suture: window 1 of 3: ") and said.endswith("spool: File too large\n"), said
    said = call("create", "old", "new", "delta3", status=1, cwd=work, preexec_fn=limit)
    assert "File too large" in said, said
    assert sorted(os.listdir(work)) == ["delta", "delta2", "new", "old"], os.listdir(work)


def memory(work):
    """The decoder holds its largest old image and 64 MB."""
    announced = json.loads(call("info", "delta", "--format", "json", cwd=work))["memory"]
    # from a small process: a child's peak counts what its parent had when it was forked
    measure = ("import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
               "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
    told = subprocess.run([sys.executable, "-c", measure, SUTURE, "delta", "apply", "old", "delta", "made"], cwd=work,
                          check=True, capture_output=True, text=True).stdout
    peak = int(told) * 1024
    print(f"memory: {peak >> 20} MiB of {announced >> 20} announced")
    assert peak <= announced or "SUTURE_SANITIZED" in os.environ, (peak, announced)


def main():
    with tempfile.TemporaryDirectory(prefix="suture-delta-") as top:
        os.environ["SUTURE_STATE"] = top + "/state"
        for step in (files, neighbours, folders, packages):
            os.mkdir(f"{top}/{step.__name__}")
            step(f"{top}/{step.__name__}")
        os.mkdir(top + "/big")
        for step in (big, killed, full, memory):
            step(top + "/big")
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
