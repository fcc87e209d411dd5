#!/usr/bin/env python3
"""What one sutured bears: simulated agents against it on loopback, and a table of figures.

    fleet.py [--build DIR] [--hosts N] [--seconds S] [PART...]

    PART   enrol inventory kept idle peak pulse herd growth; none named: enrol kept idle peak pulse

Only the server's processes are weighed (processor time and resident memory from /proc), never the simulator's: a rate that is
"possible" is what two cores would give at the processor time that one request took, measured while the simulator took its own. Each runs
in a network of its own, so ports are free and nothing leaves the machine. The store is the embedded SQLite, on the disk that TMPDIR names."""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "test", "fleet"))
from sutured import Sutured, shield  # noqa: E402

CORES = 2
ONLINE = 0.35
INTERVAL = 600


class Bench:
    def __init__(self, build, hosts, seconds, folder):
        self.build, self.hosts, self.seconds, self.folder, self.rows = build, hosts, seconds, folder, []
        self.state = os.path.join(folder, "agents")
        self.server = Sutured(os.path.join(folder, "server"), build)

    def row(self, name, figure, target="", note=""):
        self.rows.append((name, figure, target, note))
        print(f"{name:<44} {figure:>22}  {target:<22} {note}", flush=True)

    def words(self, mode, more):
        return [os.path.join(self.build, "bench", "fleet", "fleet_sim"), self.state, mode, f"ca={self.server.data}/ca.pem", f"total={self.hosts}",
                *(f"{name}={value}" for name, value in more.items())]

    def simulate(self, mode, **more):
        """(what the simulator printed, processor seconds of the server)"""
        before = self.server.cpu()
        done = subprocess.run(self.words(mode, more), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"fleet_sim {mode}: {done.stderr}\n{self.server.said()[-2000:]}")
        told = json.loads(done.stdout)
        self.complain(mode, told)
        return told, self.server.cpu() - before

    @staticmethod
    def complain(mode, told):
        if told["failed"] or told["problem"]:
            print(f"    {mode}: {told['failed']} rounds of agents failed; the first answer that was no success: {told['problem']}", flush=True)

    def size(self):
        return sum(os.path.getsize(self.server.store + end) for end in ("", "-wal") if os.path.exists(self.server.store + end))

    # ---- parts ----

    def enrol(self):
        token = self.server.new_token(uses=self.hosts)
        told, cpu = self.simulate("enrol", token=token, count=self.hosts, connections=32)
        self.row(f"enrolments of {self.hosts:,} hosts", f"{told['done'] / told['seconds']:,.0f}/s", "", f"{cpu / max(told['done'], 1) * 1e6:,.0f} us of the server each")

    def inventory(self):
        """Each machine is asked for all of its 250 chunks, so that nobody learns what others have: some 3,000 machines take minutes."""
        before = self.size()
        told, cpu = self.simulate("once", count=self.hosts, connections=64, inventories=1)
        chunks = told.get("chunk", {}).get("sent", 0)
        self.row("first inventories of 2,000 packages", f"{told['done'] / told['seconds']:,.0f} hosts/s", "",
                 f"{cpu / max(told['done'], 1) * 1e3:.2f} ms of the server each, {told['sent_bytes'] / max(told['done'], 1) / 1e3:.1f} KB sent, {chunks / max(told['done'], 1):.1f} chunks")
        part = min(self.hosts, 5000)
        self.simulate("patch", count=part)
        told, cpu = self.simulate("once", count=part, connections=64, inventories=1)
        self.row("inventories after an update", f"{told['done'] / told['seconds']:,.0f} hosts/s", "",
                 f"{cpu / max(told['done'], 1) * 1e3:.2f} ms of the server each, {told['sent_bytes'] / max(told['done'], 1) / 1e3:.1f} KB sent")
        self.row("hot state of a host", f"{self.size() / self.hosts / 1e3:.2f} KB", "under 12 KB", f"the database after this part: {self.size() / 1e6:.0f} MB; before: {before / 1e6:.0f} MB")

    def kept(self):
        count = min(self.hosts, 1000)
        self.simulate("kept", count=count, seconds=3, keep=1, connections=count)
        told, cpu = self.simulate("kept", count=count, seconds=self.seconds, keep=1, connections=count)
        handshakes = told["full"]
        checkin = told["check-in"]
        self.row("check-ins on kept connections", f"{checkin['answered'] / told['seconds']:,.0f}/s", "",
                 f"as measured beside the simulator; p50 {checkin['p50_us'] / 1e3:.1f} ms, p99 {checkin['p99_us'] / 1e3:.1f} ms, {handshakes} handshakes among them")
        self.row("  possible on two cores of the server", f"{checkin['answered'] / cpu * CORES:,.0f}/s", "10,000/s", f"{cpu / max(checkin['answered'], 1) * 1e6:.0f} us of processor time each")

    def paced(self, name, rate, share, limit):
        """Everybody has a session to take up; the rate is that of the whole online fleet, and this is a piece of its interval."""
        due = min(int(rate * self.seconds), self.hosts)
        child = subprocess.Popen(self.words("paced", {"count": due, "seconds": self.seconds, "spread": max(1, self.seconds), "prime": 1, "connections": 200}),
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        json.loads(child.stdout.readline())
        before = self.server.cpu()
        told = json.loads(child.communicate("go\n")[0])
        cpu = self.server.cpu() - before
        self.complain(name, told)
        resumed = told["resumed"] / max(1, told["resumed"] + told["full"])
        now, most = self.server.memory()
        self.row(f"{name}: {rate:.0f} check-ins/s, sessions resumed", f"{cpu / told['seconds'] * 100:.1f} % of a core", share,
                 f"{told['check-in']['answered'] / told['seconds']:.0f}/s came, {resumed * 100:.0f} % resumed, {cpu / max(told['done'], 1) * 1e3:.2f} ms each")
        self.row("  memory of the server", f"{now / 1e6:.0f} MB", limit, f"the most so far {most / 1e6:.0f} MB")

    def idle(self):
        self.paced(f"{self.hosts:,} hosts, 35 % online, 600 s", self.hosts * ONLINE / INTERVAL, "under 15 %", "under 300 MB")

    def peak(self):
        self.paced(f"{self.hosts:,} hosts at their peak", self.hosts * 184 / 100000, "", "")

    def pulse(self):
        count = int(self.hosts * ONLINE)
        told, cpu = self.simulate("pulse", count=count, seconds=min(60, self.seconds), spread=60)
        self.row("pulse, each online agent once a minute", f"{cpu / told['seconds'] * 100:.1f} % of a core", "counted apart",
                 f"{told['pulse']['answered'] / told['seconds']:.0f}/s, {cpu / max(told['done'], 1) * 1e6:.0f} us each")

    def herd(self, outage=120):
        """All that are online at the server's own interval; it is killed, with its key for tickets, and comes back."""
        count, before, after = int(self.hosts * ONLINE), 60, 240
        child = subprocess.Popen(self.words("paced", {"count": count, "seconds": before + outage + after, "spread": INTERVAL, "connections": 4000, "prime": 1}),
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        json.loads(child.stdout.readline())
        child.stdin.write("go\n")
        child.stdin.flush()
        begun = time.monotonic()
        time.sleep(before)
        self.server.kill()
        time.sleep(outage - (time.monotonic() - begun - before))
        self.server.start()
        back = int(time.monotonic() - begun) + 1
        told = json.loads(child.communicate()[0])
        began, window = [second[0] for second in told["series"]], 10
        steady = sum(began[5:before - 5]) / (before - 10)
        later = [sum(began[at:at + window]) / window for at in range(back, len(began) - window)]
        self.row(f"herd after {outage} s without a server", f"{max(later) / steady:.2f} x steady", "1.3 x (fleet.md)",
                 f"check-ins in 10 s: most after / mean before ({steady:.0f}/s); {told['check-in']['failed']} tries met nobody; up again {back - before - outage} s after its start; "
                 f"{told['full']:,} full handshakes")


def growth(build, folder):
    print(f"\n{'hosts':>9} {'check-in':>12} {'inventory':>12} {'state/host':>12} {'memory':>10}")
    for hosts in (1000, 10000, 100000):
        place = os.path.join(folder, str(hosts))
        os.makedirs(place)
        bench = Bench(build, hosts, 15, place)
        bench.row = lambda *_: None
        try:
            bench.enrol()
            told, cpu = bench.simulate("once", count=hosts, connections=64, inventories=1)
            inventory = cpu / max(told["done"], 1)
            count = min(hosts, 1000)
            bench.simulate("kept", count=count, seconds=2, keep=1, connections=count)
            told, cpu = bench.simulate("kept", count=count, seconds=15, keep=1, connections=count)
            print(f"{hosts:>9,} {cpu / told['check-in']['answered'] * 1e6:>9.0f} us {inventory * 1e3:>9.2f} ms {bench.size() / hosts / 1e3:>9.2f} KB "
                  f"{bench.server.memory()[0] / 1e6:>7.0f} MB", flush=True)
        finally:
            bench.server.end()
            shutil.rmtree(place, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--hosts", type=int, default=100000)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("parts", nargs="*")
    chosen = parser.parse_args()
    problem = shield()
    if problem:
        raise SystemExit(f"fleet.py: {problem}")
    folder = tempfile.mkdtemp(prefix="suture-fleet-")
    try:
        if chosen.parts == ["growth"]:
            growth(os.path.abspath(chosen.build), folder)
            return
        bench = Bench(os.path.abspath(chosen.build), chosen.hosts, chosen.seconds, folder)
        print(f"one sutured, {chosen.hosts:,} hosts, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, store on {folder}")
        try:
            for part in chosen.parts or ["enrol", "kept", "idle", "peak", "pulse"]:
                getattr(bench, part)()
        finally:
            bench.server.end()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
