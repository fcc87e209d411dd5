#!/usr/bin/env python3
"""What an agent takes while it has nothing to do: memory, processor time and wake-ups of the daemon that sleeps.

    bench/agent_idle.py [SECONDS]       against the tests' small server, on loopback; nothing is installed (work: no)
"""
import os
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "test", "flow"))
from fleet_server import FleetServer  # noqa: E402

BUILD = os.environ.get("SUTURE_BUILD", os.path.join(HERE, "..", "build"))


def numbers(pid):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        status = dict(line.split(":", 1) for line in file)
    with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
        own = sum(int(line.split()[1]) for line in file if line.startswith("Private_"))
    with open(f"/proc/{pid}/schedstat", encoding="utf-8") as file:
        run_ns = int(file.read().split()[0])
    return (int(status["VmRSS"].split()[0]), own, int(status["voluntary_ctxt_switches"]), run_ns)


def main(seconds):
    with tempfile.TemporaryDirectory(prefix="suture-agent-") as folder:
        server = FleetServer(folder)
        server.next_s = 86400
        os.mkdir(os.path.join(folder, "config"))
        with open(os.path.join(folder, "config", "agent.yaml"), "w", encoding="utf-8") as file:
            file.write("work: no\nmetered: yes\n")
        environment = dict(os.environ, SUTURE_STATE=os.path.join(folder, "state"), SUTURE_CONFIG=os.path.join(folder, "config"))
        agent = os.path.join(BUILD, "suture-agent")
        subprocess.run([agent, "enroll", server.url, server.token()], env=environment, check=True, stdout=subprocess.DEVNULL)
        daemon = subprocess.Popen([agent, "run"], env=environment, stderr=subprocess.DEVNULL)
        server.wait(lambda: server.commits)
        children = f"/proc/{daemon.pid}/task/{daemon.pid}/children"
        looked = time.monotonic() + 30  # its first look at the machine comes after 20 s
        while time.monotonic() < looked or open(children, encoding="utf-8").read().strip():
            time.sleep(0.5)
        before = numbers(daemon.pid)
        time.sleep(seconds)
        after = numbers(daemon.pid)
        daemon.terminate()
        daemon.wait()
        server.close()
    print(f"resident        {after[0] / 1024:.1f} MB, of them {after[1] / 1024:.1f} MB its own")
    print(f"in {seconds:3d} s        {(after[3] - before[3]) / 1e6:.2f} ms of processor, {after[2] - before[2]} wake-ups")
    return 0 if after[0] < 15 * 1024 else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 60))
