#!/usr/bin/env python3
"""What the way back of a real update takes on the disk, before and after its packages became deltas, on made roots.

    bench/delta/way_back.py [SIZE...] [--build FOLDER]        needs root and the roots of test/system/roots.py

All security updates of the root are applied, what the run kept is made small (`suture rollback --shrink`), and then the run is
taken back; the machine must be as before. A base is a second name of a package file that the run's folder has anyway."""
import argparse
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../test/system"))
from machine import Absent, Machine  # noqa: E402
from state import State  # noqa: E402
from trip import apply, rollback  # noqa: E402


def sizes(folder):
    """Bytes of package files, deltas and all else that was kept."""
    found = {".deb": 0, ".delta": 0, "": 0}
    for name in os.listdir(folder):
        ending = os.path.splitext(name)[1]
        if ending != ".base":
            found[ending if ending in found else ""] += os.path.getsize(os.path.join(folder, name))
    return found


def measure(size):
    with Machine(size) as machine:
        machine.advise()
        before = State(machine.root)
        run = apply(machine, timeout=1200).run
        folder = machine.path(f"var/lib/suture/runs/{run['id']}/rollback")
        kept = sizes(folder)
        began = time.time()
        told = machine.suture("rollback", "--shrink", check=True, timeout=1200)
        took, small = time.time() - began, sizes(folder)
        began = time.time()
        back = rollback(machine, timeout=1200)
        same = back.status == 0 and State(machine.root).difference(before) == ""
        print(f"{size}: packages {kept['.deb'] / 1e6:.1f} MB -> {(small['.deb'] + small['.delta']) / 1e6:.2f} MB"
              f" ({small['.deb'] / 1e6:.2f} MB of it as they were), all else {small[''] / 1e6:.2f} MB; {took:.0f} s;"
              f" taken back in {time.time() - began:.0f} s: {'exactly as before' if same else 'NOT AS BEFORE'}", flush=True)
        print("  " + told.stdout.replace("\n", "\n  ").rstrip())
        return same


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sizes", nargs="*", default=["small", "middle", "large"])
    parser.add_argument("--build", default="build")
    chosen = parser.parse_args()
    os.environ["SUTURE_BUILD"] = os.path.abspath(chosen.build)
    try:
        sys.exit(0 if all([measure(size) for size in chosen.sizes]) else 1)
    except Absent as problem:
        sys.exit(f"no made root: {problem}")


if __name__ == "__main__":
    main()
