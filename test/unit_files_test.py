#!/usr/bin/env python3
"""The server's systemd unit: systemd understands all of it, and its exposure stays low. Nothing is installed or started."""
import os
import re
import shutil
import subprocess
import sys
import tempfile

# systemd's own figure, from 0 (nothing can be done) to 10; what is left is the network, which a server needs.
EXPOSURE_MAX = 1.5
# Each of these was once left out somewhere; the figure alone would let one go for another.
DIRECTIVES = """CapabilityBoundingSet= NoNewPrivileges=yes ProtectSystem=strict ProtectHome=yes PrivateTmp=yes PrivateDevices=yes
    PrivateUsers=yes ProtectProc=invisible ProtectHostname=yes ProtectClock=yes ProtectKernelTunables=yes
    ProtectKernelModules=yes ProtectKernelLogs=yes ProtectControlGroups=yes RestrictNamespaces=yes RestrictRealtime=yes
    RestrictSUIDSGID=yes RemoveIPC=yes LockPersonality=yes MemoryDenyWriteExecute=yes SystemCallArchitectures=native
    UMask=0077 LimitCORE=0 User=sutured""".split()


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C", "SYSTEMD_COLORS": "0"})
    return done.returncode, done.stdout + done.stderr


def main():
    source = sys.argv[1]
    with open(source, encoding="utf-8") as file:
        unit = file.read()
    missing = [line for line in DIRECTIVES if not re.search(rf"^{re.escape(line)}$", unit, re.M)]
    if missing:
        sys.exit(f"missing: {' '.join(missing)}")
    if not shutil.which("systemd-analyze"):
        print("skipped the rest: no systemd-analyze here")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "sutured.service")
        with open(path, "w", encoding="utf-8") as file:  # the program need not be installed
            file.write(re.sub(r"^ExecStart=.*$", "ExecStart=/bin/true", unit, flags=re.M))
        status, said = run("systemd-analyze", "verify", "--man=no", path)
        ours = [line for line in said.splitlines() if "sutured.service" in line]
        if ours:
            sys.exit("systemd-analyze verify: " + "\n".join(ours))
        status, said = run("systemd-analyze", "security", "--offline=yes", path)
        figure = re.search(r"exposure level for sutured.service: ([0-9.]+)", said)
        if not figure:
            print("skipped the figure: this systemd-analyze cannot judge a file")
        elif float(figure[1]) > EXPOSURE_MAX:
            sys.exit(f"exposure {figure[1]}, at most {EXPOSURE_MAX} is allowed\n{said}")
        else:
            print(f"exposure {figure[1]}")


if __name__ == "__main__":
    main()
