#!/usr/bin/env python3
"""Ways back that became deltas, on whole systems: real updates, made small, and exactly back; whatever owners and plugs do."""
import glob
import os
import shutil
import unittest

from machine import Machine, main
from state import State
from trip import apply, rollback

RUNS = "var/lib/suture/runs"


class Shrink(unittest.TestCase):
    def setUp(self):
        self.machine = Machine("small")
        self.addCleanup(self.machine.end)
        self.machine.advise()
        self.machine.run(["sh", "-ec", "echo '# mine' >> /etc/ca-certificates.conf; rm /etc/cron.daily/apt-compat"], check=True)
        self.before = State(self.machine.root)
        self.run_id = apply(self.machine).run["id"]
        self.folder = self.machine.path(f"{RUNS}/{self.run_id}/rollback")

    def files(self, ending):
        return sorted(glob.glob(os.path.join(self.folder, "*" + ending)))

    def shrink(self, check=0):
        return self.machine.suture("rollback", "--shrink", check=check, timeout=1200)

    def assert_back(self):
        done = rollback(self.machine)
        self.assertEqual(done.status, 0, done.errors)
        self.assertEqual(State(self.machine.root).difference(self.before), "")

    def spoil(self):
        """What an owner does to a machine after an update: every packaged file that can be missed is another or gone."""
        self.machine.run(["sh", "-ec", "rm -rf /usr/share/doc/openssl /usr/share/doc/libssl3 /usr/share/perl/5.36.0/CPAN*; "
                          "echo edited >> /usr/share/zoneinfo/Europe/Berlin; echo '# edited' >> /etc/ssl/openssl.cnf"], check=True)

    def test_small_and_exactly_back(self):
        whole = self.files(".deb")
        size = sum(os.path.getsize(path) for path in whole)
        self.assertIn(f"Run {self.run_id}: {len(whole)} packages that it kept take", self.shrink().stdout)
        self.assertEqual(self.files(".deb"), [])
        self.assertEqual(self.files(".part"), [])
        deltas = self.files(".delta")
        self.assertEqual(len(deltas), len(whole))
        self.assertEqual(len(self.files(".base")), len(whole))
        self.assertLess(sum(os.path.getsize(path) for path in deltas), size / 5)
        print(f"{len(whole)} packages, {size / 1e6:.1f} MB, became {sum(os.path.getsize(path) for path in deltas) / 1e6:.2f} MB", flush=True)
        self.assertEqual(self.shrink().stdout, "There is nothing to make smaller.\n")
        self.assertEqual(rollback(self.machine, "--dry-run").status, 0)
        self.assertEqual(self.files(".delta"), deltas)
        self.spoil()
        self.machine.archive.replace("debian/dists/bookworm/InRelease", None)
        self.assert_back()
        self.assertEqual(self.files(".deb"), [])    # what was unpacked is gone again

    def test_a_delta_that_does_not_hold(self):
        self.shrink()
        after = State(self.machine.root)
        for path in (self.files(".delta")[0], self.files(".base")[1]):
            shutil.copy2(path, path + ".kept")
            for spoil in ("flip", "cut", "gone"):
                with open(path + ".kept", "rb") as file:
                    content = bytearray(file.read())
                os.remove(path)
                if spoil != "gone":
                    content[len(content) // 2] ^= 4
                    with open(path, "wb") as file:
                        file.write(content if spoil == "flip" else content[:len(content) // 2])
                refused = rollback(self.machine)
                self.assertEqual(refused.status, 1)
                self.assertIn("rollback store: ", refused.errors)
            os.replace(path + ".kept", path)
        self.assertEqual(State(self.machine.root).difference(after), "")
        self.assert_back()

    def test_stopped_anywhere(self):
        """Killed when a name appears that a step makes; what is there then brings the machine back, and so it does after more."""
        whole = {os.path.basename(path) for path in self.files(".deb")}
        self.machine.run(["cp", "-a", f"/{RUNS}", "/root/kept-runs"], check=True)
        for ending in (".plain.part", ".delta.part", ".base", ".delta"):
            job = self.machine.start(["suture", "rollback", "--shrink"])
            seen = len(self.files(ending))
            while job.child.poll() is None and len(self.files(ending)) <= seen:
                pass
            if job.child.poll() is None:
                job.kill()
            job.wait()
            self.assertEqual(rollback(self.machine, "--dry-run").status, 0, ending)
        self.machine.power_off()
        self.machine.boot()
        self.shrink()
        self.assertEqual((self.files(".deb"), self.files(".part")), ([], []))
        self.assertEqual(len(self.files(".delta")), len(whole))
        self.assert_back()

    def test_too_little_room(self):
        self.shrink()
        after = State(self.machine.root)
        self.machine.run(["sh", "-ec", f"cp -a /{RUNS} /root/runs; size=$(du -sm /root/runs | cut -f1); "
                          f"mount -t tmpfs -o size=$((size + 20))m none /{RUNS}; cp -a /root/runs/. /{RUNS}/"], check=True)
        refused = rollback(self.machine)
        self.assertEqual(refused.status, 1)
        self.assertIn("going back needs", refused.errors)
        self.machine.run(["umount", f"/{RUNS}"], check=True)
        self.assertEqual(State(self.machine.root).difference(after), "")
        self.assert_back()


if __name__ == "__main__":
    main()
