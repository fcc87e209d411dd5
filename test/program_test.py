#!/usr/bin/env python3
"""The program as it may be started: with closed descriptors, a full disk behind them, or nobody who reads."""
import os
import subprocess
import sys

SUTURE = sys.argv[1]
COMPARE = [SUTURE, "version", "compare", "deb", "1", "2"]
PIPED = [SUTURE, "version", "compare", "deb", "-"]


def closing(*descriptors):
    def close():
        for descriptor in descriptors:
            os.close(descriptor)
    return close


def run(name, words, status, errors, **how):
    result = subprocess.run(words, stderr=subprocess.PIPE, check=False, **how)
    told = result.stderr.decode()
    if result.returncode != status or told != errors:
        sys.exit(f"{name}: status {result.returncode}, {told!r}; expected {status}, {errors!r}")


def main():
    closed = "suture: standard output: Bad file descriptor\n"
    run("all is well", COMPARE, 0, "", stdout=subprocess.DEVNULL)
    run("no output", COMPARE, 1, closed, preexec_fn=closing(1))
    run("neither input nor output", COMPARE, 1, closed, preexec_fn=closing(0, 1))
    run("nothing", COMPARE, 1, "", preexec_fn=closing(0, 1, 2))
    run("no input", PIPED, 1, "suture: standard input: Bad file descriptor\n", stdout=subprocess.DEVNULL,
        preexec_fn=closing(0))
    with open("/dev/full", "wb") as full:
        run("full disk", COMPARE, 1, "suture: standard output: No space left on device\n", stdout=full)


main()
