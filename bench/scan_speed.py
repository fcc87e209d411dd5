#!/usr/bin/env python3
"""What `suture scan` costs beside `apt list --upgradable`, on this machine's own lists, in one run.

    bench/scan_speed.py [--status FILE] [--runs N] [--suture PROGRAM]

First scan: nothing remembered, every list verified, against apt without its binary caches. Later scan: what was
verified is remembered, against apt with its caches warm. With --status both look at that dpkg status instead of this machine's.
CPU is user and system time of the process and its children; the least of N runs counts, because other work on the
machine only ever adds."""
import argparse
import os
import shutil
import sys
import tempfile


def cost(command, environment):
    """(CPU seconds, peak resident KB) of one run."""
    pid = os.fork()
    if pid == 0:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        os.execvpe(command[0], command, environment)
    _, status, usage = os.wait4(pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 3, 4):
        sys.exit(f"{' '.join(command)}: exit {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def least(runs, command, environment, before=lambda: None):
    best, peak = None, 0
    for _ in range(runs):
        before()
        seconds, memory = cost(command, environment)
        best = seconds if best is None or seconds < best else best
        peak = max(peak, memory)
    return best, peak


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--status")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--suture", default="build/suture")
    chosen = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="suture-bench-")
    state = os.path.join(folder, "state")
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": folder, "LC_ALL": "C.UTF-8", "XDG_STATE_HOME": state,
                   "SUTURE_STATE": os.path.join(state, "suture")}
    apt = ["apt", "-o", f"Dir::Cache={folder}"]
    cached = apt + ["-o", "Dir::Cache::pkgcache=pkgcache.bin", "-o", "Dir::Cache::srcpkgcache=srcpkgcache.bin"]
    uncached = apt + ["-o", "Dir::Cache::pkgcache=", "-o", "Dir::Cache::srcpkgcache="]
    status = ["-o", f"Dir::State::status={os.path.abspath(chosen.status)}"] if chosen.status else []
    scan = [chosen.suture, "scan"]
    # --inventory writes nothing, so what is remembered comes from a scan of the machine itself.
    looked = scan + (["--inventory", chosen.status] if chosen.status else [])

    apt_first, apt_first_peak = least(3, uncached + status + ["list", "--upgradable"], environment)
    suture_first, first_peak = least(3, looked, environment, lambda: shutil.rmtree(state, ignore_errors=True))
    cost(scan, environment)
    cost(cached + status + ["list", "--upgradable"], environment)
    apt_later, apt_later_peak = least(chosen.runs, cached + status + ["list", "--upgradable"], environment)
    suture_later, later_peak = least(chosen.runs, looked, environment)
    shutil.rmtree(folder)

    print(f"first scan   suture {suture_first * 1000:7.1f} ms CPU {first_peak / 1000:6.1f} MB   apt {apt_first * 1000:7.1f} ms"
          f" {apt_first_peak / 1000:6.1f} MB   {suture_first / apt_first:.2f} of apt's CPU")
    print(f"later scans  suture {suture_later * 1000:7.1f} ms CPU {later_peak / 1000:6.1f} MB   apt {apt_later * 1000:7.1f} ms"
          f" {apt_later_peak / 1000:6.1f} MB   apt needs {apt_later / suture_later:.1f} x")


if __name__ == "__main__":
    main()
