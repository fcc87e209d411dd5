#!/usr/bin/env python3
"""The rig itself: made packages do what they are made for, and a state tells what changed and nothing else."""
import os
import signal
import unittest

from made_debs import Link, MadeArchive, Package, StopPoint, script
from machine import Machine, main
from state import State


class Rig(unittest.TestCase):
    def setUp(self):
        self.machine = Machine("small")
        self.addCleanup(self.machine.end)
        self.shop = MadeArchive(self.machine)
        self.addCleanup(self.shop.end)

    def oak(self, version, **more):
        files = {"/usr/bin/oak": script(f"echo {version}"), "/etc/oak.conf": f"version={version}\n", "/usr/share/oak/link": Link(version)}
        return Package("oak", version, files=files, conffiles=["/etc/oak.conf"], **more)

    def test_a_state_comes_back(self):
        self.shop.install(self.oak("1.0"))
        old = State(self.machine.root)
        self.shop.install(self.oak("1.1"))
        new = State(self.machine.root)
        told = new.difference(old)
        for part in ("status oak:all: ", "-Version: 1.0", "+Version: 1.1", "file /usr/bin/oak: ", "file /usr/share/oak/link: -link 0:0 1.0 | +link 0:0 1.1"):
            self.assertIn(part, told)
        self.assertNotIn("libc6", told)
        self.shop.install(self.oak("1.0"))
        self.assertEqual(State(self.machine.root).difference(old), "")

    def test_a_state_sees_mode_owner_conffile_mark_and_leftover(self):
        self.shop.install(self.oak("1.0"))
        old = State(self.machine.root)
        os.chmod(self.machine.path("usr/bin/oak"), 0o4755)
        self.machine.write("etc/oak.conf", "mine\n")
        self.machine.write("usr/bin/oak.dpkg-new", "x")
        self.machine.run(["apt-mark", "auto", "oak"], check=True)
        self.machine.run(["dpkg-divert", "--local", "--divert", "/usr/bin/true.real", "--rename", "/usr/bin/true"], check=True)
        told = State(self.machine.root).difference(old).split("\n")
        self.assertEqual({line.split(": ")[0] for line in told} - {"file /bin/true"},
                         {f"auto oak:{self.machine.architecture()}", "dpkg diversions", "left /usr/bin/oak.dpkg-new", "file /etc/oak.conf",
                          "file /usr/bin/oak", "file /usr/bin/true", "file /usr/bin/true.real"})

    def test_the_archive_is_believed_and_its_updates_are_due(self):
        self.shop.install(self.oak("1.0"))
        self.shop.offer(self.oak("1.1"))
        self.shop.publish()
        self.assertEqual(self.machine.apt_updates(), ({"oak": ("1.0", "1.1")}, set(), set()))
        self.assertEqual(list(self.machine.advise(exploited=["oak"])), ["oak"])
        screen = self.machine.suture("scan", check=True).stdout
        self.assertRegex(screen, r"late \d+ d +oak -> \.1 +1 +exploited")

    def test_a_script_stops_and_a_plug_is_pulled(self):
        stop = StopPoint(self.machine, "oak-postinst")
        self.addCleanup(stop.close)
        self.shop.install(self.oak("1.0"))
        self.shop.offer(self.oak("1.1", scripts={"postinst": stop.script}))
        self.shop.publish()
        job = self.machine.start(["apt-get", "-y", "install", "oak"])
        stop.wait()
        self.machine.power_off()
        self.assertEqual(job.wait().returncode, -signal.SIGKILL)
        self.machine.boot()
        told = self.machine.run(["dpkg-query", "-W", "-f", "${db:Status-Status}", "oak"], check=True).stdout
        self.assertEqual(told, "half-configured")
        again = self.machine.start(["dpkg", "--configure", "-a"])
        stop.wait()
        stop.go()
        self.assertEqual(again.wait().returncode, 0)
        self.assertEqual(self.machine.packages()["oak:all"], "1.1")

    def test_another_archive_is_refused_by_its_apt(self):
        self.shop.offer(self.oak("1.0"))
        self.shop.publish()
        path = f"made/dists/{self.shop.suite}/InRelease"
        self.machine.archive.replace(path, self.machine.archive.find(path)[0].replace(b"Label: Debian", b"Label: debian"))
        done = self.machine.run(["apt-get", "-q", "update"])
        self.assertIn("BADSIG", done.stderr)


if __name__ == "__main__":
    main()
