#!/usr/bin/env python3
"""Every control of security is seen to fail: its drill is run with the control switched off, and has to notice.

    controls.py BUILD        of a build with -Dcontrols=true

A drill that holds although its control is off shows nothing about that control: then either the drill must get nearer to
it, or the control stands in front of another one, which base/control.c has to say (controls_behind)."""
import concurrent.futures
import os
import subprocess
import sys
import time

DRILL = os.path.join(sys.argv[1], "suture-drill")
WORKERS = 2


def run(name, off=()):
    environment = {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"}
    if off:
        environment["SUTURE_CONTROLS_OFF"] = ",".join(off)
    done = subprocess.run([DRILL, "run", name], capture_output=True, text=True, check=False, timeout=120, env=environment)
    return done.returncode, done.stdout + done.stderr


def controls():
    """(name, drill, all that are off together, what) of each row."""
    listed = subprocess.run([DRILL, "controls"], capture_output=True, text=True, check=True).stdout
    for line in listed.splitlines():
        name, drill, off, what = line.split("\t")
        yield name, drill, off.split(","), what


def try_control(row):
    name, drill, off, what = row
    status, page = run(drill, off)
    beaten = [line for line in page.splitlines() if line.startswith(("        BELIEVED", "    DID NOT HOLD", "SOMETHING BAD RAN"))]
    if status == 1 and beaten:
        return None
    if status == 1 and "STOPPED" not in page:
        return f"{name}: {drill} fails without it ({what}), but nothing was believed: another control refuses\n{page}"
    return f"{name}: {drill} does not notice that it is off ({what}): exit {status}\n{page}"


def main():
    begun = time.monotonic()
    rows = list(controls())
    if "can be switched off" not in run(rows[0][1])[1]:
        sys.exit(f"{sys.argv[1]} is no build with -Dcontrols=true")
    names = sorted({row[1] for row in rows})
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        plain = dict(zip(names, pool.map(run, names)))
        problems = [f"{name} does not hold with every control on:\n{page}" for name, (status, page) in plain.items() if status != 0]
        problems += [problem for problem in pool.map(try_control, rows) if problem]
    for problem in problems:
        print(problem)
    print(f"{len(rows)} controls, {len(names)} drills, {len(problems)} problems, {time.monotonic() - begun:.0f} s")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
