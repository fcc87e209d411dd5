#!/usr/bin/env python3
"""What `suture plan` costs beside `apt-get -s` for the same request, in made machines, in one run.

    bench/plan_speed.py [--runs N] [--build FOLDER] [SIZE...]          needs root and the roots of test/system/roots.py

The request is every update: `suture plan --all` and `apt-get -s --no-install-recommends dist-upgrade`, whose sets must be
the same. First plan: nothing remembered, every list verified and read, against apt without its binary caches. Later plan:
what was verified is remembered, against apt with its caches warm. CPU is user and system time of the process and all its
children; the least of N runs counts, because other work on the machine only ever adds."""
import argparse
import json
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "test", "system"))
from machine import PATH, Machine  # noqa: E402

APT = ["apt-get", "-s", "-q", "--no-install-recommends", "dist-upgrade"]
PLAN = ["suture", "plan", "--all", "--format", "json"]


def cost(machine, words):
    """(CPU seconds, peak resident KB of the largest process) of one run in the machine."""
    command = machine.command(words)
    environment = {"PATH": PATH, "HOME": "/root", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    pid = os.fork()
    if pid == 0:
        null = os.open(os.devnull, os.O_RDWR)
        for fd in range(3):
            os.dup2(null, fd)
        os.execve(command[0], command, environment)
    _, status, usage = os.wait4(pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{' '.join(words)}: exit {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def least(runs, machine, words, before=lambda: None):
    costs = []
    for _ in range(runs):
        before()
        costs.append(cost(machine, words))
    return min(seconds for seconds, _ in costs), max(peak for _, peak in costs)


def measure(size, runs):
    with Machine(size) as machine:
        machine.takes_everything()
        def forget():
            shutil.rmtree(machine.path("var/lib/suture"), ignore_errors=True)

        def forget_apt():
            for name in ("pkgcache.bin", "srcpkgcache.bin"):
                if os.path.exists(machine.path("var/cache/apt/" + name)):
                    os.remove(machine.path("var/cache/apt/" + name))

        changed, added, removed = machine.apt_updates(APT[3:])
        plan = json.loads(machine.run(PLAN, check=True).stdout)
        same = ({c["name"] for c in plan["changes"] if c["kind"] == "upgrade"} == set(changed) and
                {c["name"] for c in plan["changes"] if c["kind"] == "new"} == {name for name, _ in added} and
                {c["name"] for c in plan["changes"] if c["kind"] == "remove"} == removed)
        if not same:
            sys.exit(f"{size}: the plan is not apt's")
        nothing = least(runs, machine, ["true"])[0]
        print(f"{size}: {len(plan['changes'])} changes in {plan['groups']} groups, as apt has them")
        for name, before, apt_before in (("first", forget, forget_apt), ("later", lambda: None, lambda: None)):
            apt_seconds, apt_peak = least(runs, machine, APT, apt_before)
            seconds, peak = least(runs, machine, PLAN, before)
            apt_seconds, seconds = apt_seconds - nothing, seconds - nothing
            print(f"  {name} plan   suture {seconds * 1000:7.1f} ms CPU {peak / 1000:6.1f} MB   apt-get -s {apt_seconds * 1000:7.1f} ms"
                  f" {apt_peak / 1000:6.1f} MB   {seconds / apt_seconds:.2f} of apt's CPU")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("sizes", nargs="*", default=["small", "middle", "large"])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--build", default="build")
    chosen = parser.parse_args()
    os.environ["SUTURE_BUILD"] = os.path.abspath(chosen.build)
    for size in chosen.sizes:
        measure(size, chosen.runs)


if __name__ == "__main__":
    main()
