#!/usr/bin/env python3
"""The way back on whole systems: backup, a real update by apt, and back, with all that owners do to packaged files."""
import os
import re
import shutil
import sys
import unittest

from machine import Machine, main
from state import State

TOOL = os.path.join(os.environ.get("SUTURE_BUILD", "build"), "test/tool_rollback")
STATE = "/var/lib/suture"
BEFORE, AFTER = "20261121T030502Z-00000001", "20261121T040502Z-00000002"


class Way:
    """One run's way back on a machine."""

    def __init__(self, machine):
        self.machine, self.seal = machine, None
        shutil.copy2(TOOL, machine.path("usr/bin/tool_rollback"))

    def planned(self, words):
        """(kind, name, arch, from, to) of each change that apt would make."""
        told = self.machine.run(["apt-get", "-s", "-q", "-y", *words], check=True).stdout
        native = self.machine.architecture()
        changes = []
        for line in told.splitlines():
            inst = re.match(r"Inst (\S+) (?:\[(\S+)\] )?\((\S+) .*\[(\S+)\]\)", line)
            gone = re.match(r"Remv (\S+) \[(\S+)\]", line)
            if inst:
                changes.append(("upgrade" if inst[2] else "new", inst[1].split(":")[0], inst[4] if inst[4] == "all" else native, inst[2] or "-", inst[3]))
            elif gone:
                changes.append(("remove", gone[1].split(":")[0], native, gone[2], "-"))
        return changes

    def backup(self, changes, check=0):
        text = "".join(" ".join(change) + " 0\n" for change in changes)
        self.machine.write("root/changes", text)
        done = self.machine.run(["sh", "-c", f"tool_rollback backup / {STATE} {BEFORE} < /root/changes"], check=check)
        self.seal = done.stdout.strip()
        return done

    def back(self, check=0, run=AFTER):
        return self.machine.run(["tool_rollback", "back", "/", STATE, BEFORE, self.seal, run], check=check, timeout=600)


class RollBack(unittest.TestCase):
    size = "small"

    def setUp(self):
        self.machine = Machine(self.size)
        self.addCleanup(self.machine.end)
        self.way = Way(self.machine)

    def shell(self, text):
        return self.machine.run(["sh", "-ec", text], check=True).stdout

    def state(self):
        """Without what apt, which plays the updater here, and a script of ca-certificates leave: neither is a package's file."""
        state = State(self.machine.root)
        for name in ("left /etc/ca-certificates.conf.dpkg-old", "file /var/cache/apt/archives/partial"):
            state.facts.pop(name, None)
        return state

    def assert_same(self, before):
        self.machine.run(["dpkg", "--audit"], check=True)
        now = self.state()
        self.assertEqual(now, before, now.difference(before))

    def spoil(self, changes):
        """What owners do, to whatever of it these packages have; says what was done."""
        done = {}
        updated = {change[1] for change in changes if change[0] == "upgrade"}
        conffiles = [line.split(" ", 1) for line in self.shell(
            "dpkg-query -W -f '${Package} ${Conffiles}\\n' | awk '/^[^ ]/{p=$1; if ($2) print p, $2; next} {print p, $1}'").splitlines()]
        mine = [path for name, path in conffiles if name in updated and os.path.isfile(self.machine.path(path))]
        ways = {
            "changed": lambda path: self.shell(f"echo '# mine' >> {path}"),
            "deleted": lambda path: self.shell(f"rm {path}"),
            "mode": lambda path: self.shell(f"chmod 0600 {path}; chown 8:8 {path}"),
            "linked": lambda path: self.shell(f"mkdir -p /srv; mv {path} /srv/linked; ln -s ../srv/linked {path}"),
        }
        for (name, deed), path in zip(ways.items(), [path for path in mine if "/pam" not in path and "/init" not in path]):
            deed(path)
            done[name] = path
        files = {}
        for name in sorted(updated):
            for path in self.shell(f"dpkg -L {name}").splitlines():
                if os.path.isfile(self.machine.path(path)) and not os.path.islink(self.machine.path(path)):
                    files.setdefault(path, name)
        docs = [path for path in files if path.startswith("/usr/share/doc/")]
        mans = [path for path in files if path.startswith("/usr/share/man/man1/")] or docs[3:]
        self.shell(f"rm {docs[0]}; echo edited >> {docs[1]}; mv {docs[2]} /srv-doc; ln -s /srv-doc {docs[2]}")
        self.shell(f"dpkg-divert --quiet --local --rename --divert {mans[0]}.mine --add {mans[0]}; echo diverted > {mans[0]}")
        self.shell(f"dpkg-statoverride --update --add root mail 02750 {mans[1]}")
        done.update(removed=docs[0], edited=docs[1], link=docs[2], diverted=mans[0], override=mans[1])
        return done


class Real(RollBack):
    size = sys.argv[1] if len(sys.argv) > 1 and sys.argv[1] in ("small", "middle", "large") else "small"

    def test_all_updates_and_back(self):
        self.shell("echo 'path-exclude=/usr/share/locale/*' > /etc/dpkg/dpkg.cfg.d/no-locales")
        changes = self.way.planned(["dist-upgrade"])
        self.assertGreater(len(changes), 15)
        done = self.spoil(changes)
        if self.size != "small":
            self.assertEqual({"changed", "deleted", "mode", "linked"} - set(done), set())
        before = self.state()
        print(len(changes), "changes;", done, flush=True)
        print(self.way.backup(changes).stderr, flush=True)
        self.assertEqual(self.state(), before)
        self.shell("apt-get -q -y -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold dist-upgrade >/root/apt.log 2>&1")
        self.assertNotEqual(self.state(), before)
        self.machine.archive.replace("debian/dists/bookworm/InRelease", None)   # the archive has nothing any more
        print(self.way.back().stdout, flush=True)
        self.assert_same(before)
        again = self.way.back(run="20261121T050502Z-00000003")
        self.assertEqual(again.stdout, "done: 0 back, 0 gone\n")
        self.assert_same(before)


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] in ("small", "middle", "large"):
        size = sys.argv.pop(1)
    main()
