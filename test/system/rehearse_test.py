#!/usr/bin/env python3
"""suture apply --rehearse: what would fail is seen before anything is touched, and nothing gets out of the rehearsal."""
import json
import unittest

from machine import Machine, main
from made_debs import MadeArchive, Package, script
from state import State


class Rehearse(unittest.TestCase):
    def setUp(self):
        self.machine = Machine("small")
        self.addCleanup(self.machine.end)
        self.shop = MadeArchive(self.machine)
        self.addCleanup(self.shop.end)

    def offer(self, postinst="", **more):
        self.shop.install(Package("oak", "1.0", files={"/usr/bin/oak": script("echo 1"), "/etc/oak.conf": "a=1\n"}, conffiles=["/etc/oak.conf"]))
        self.shop.offer(Package("oak", "1.1", files={"/usr/bin/oak": script("echo 2"), "/etc/oak.conf": "a=2\n"}, conffiles=["/etc/oak.conf"],
                                scripts={"postinst": postinst} if postinst else {}, **more))
        self.shop.publish()
        self.machine.advise()

    def apply(self, status):
        more = {} if status is None else {"check": status}
        return json.loads(self.machine.suture("apply", "--rehearse", "--yes", "--format", "json", **more).stdout)

    def step(self, told, name):
        return next(step for step in told["run"]["steps"] if step["step"] == name)

    def test_what_goes_well_is_installed(self):
        self.offer("exit 0")
        told = self.apply(0)
        self.assertEqual((told["run"]["state"], self.step(told, "rehearse")["state"]), ("done", "done"))
        self.assertEqual(self.machine.packages()["oak:all"], "1.1")

    def test_a_script_that_fails_is_seen_and_nothing_is_touched(self):
        self.offer("touch /etc/was-here; exit 3")
        old = State(self.machine.root)
        told = self.apply(1)
        self.assertEqual(told["run"]["state"], "refused")
        self.assertEqual(self.step(told, "rehearse")["note"],
                         "oak: installed oak package post-installation script subprocess returned error exit status 3")
        self.assertEqual(State(self.machine.root).difference(old), "")
        self.machine.run(["test", "!", "-e", "/etc/was-here"], check=True)

    def test_files_of_two_packages_are_seen(self):
        self.shop.install(Package("leaf", "1.0", files={"/usr/bin/leaf": "1"}))
        self.shop.install(Package("oak", "1.0", files={"/usr/bin/oak": "1"}))
        self.shop.offer(Package("oak", "1.1", files={"/usr/bin/leaf": "2"}))
        self.shop.publish()
        self.machine.advise()
        told = self.apply(1)
        self.assertIn("trying to overwrite '/usr/bin/leaf', which is also in package leaf 1.0", self.step(told, "rehearse")["note"])

    def test_a_conffile_that_would_be_kept_is_told(self):
        self.offer("exit 0")
        self.machine.write("etc/oak.conf", "mine\n")
        told = self.apply(0)
        self.assertEqual(self.step(told, "rehearse")["note"], "1 packages went well in a copy of this machine; it was thrown away; 1 conffiles changed here would be kept")

    def test_nothing_gets_out(self):
        """Each attempt is made by a maintainer script, as root; what it could do is told by its exit status."""
        self.machine.write("srv/listen.py", LISTEN)
        attempts = {
            "a socket of the host in /run": "perl -e '%s'" % CONNECT.replace("PATH", "/run/host.sock"),
            "a socket of the host on the disk": "perl -e '%s'" % CONNECT.replace("PATH", "/srv/host.sock"),
            "a socket without a name": "perl -e '%s'" % CONNECT.replace("PATH", "\\0host"),
            "the host's network": "perl -e 'use Socket; socket(S, AF_INET, SOCK_STREAM, 0); exit(connect(S, sockaddr_in(80, inet_aton(\"127.0.0.1\"))) ? 0 : 1)'",
            "writing /sys": "echo 1 >/sys/kernel/profiling",
            "mounting /sys anew": "mount -o remount,rw /sys",
            "a switch of the kernel": "echo rehearsal >/proc/sys/kernel/domainname",
            "a device": "mknod /tmp/disk-$$ b 254 0",
            "another root": "chroot /proc/1/root/proc/1/root test -e /srv/only-outside",
            "processes of the host": "test $(ls -d /proc/[0-9]* | wc -l) -gt 30",
            "what is written outside": "test -e /run/only-outside",
        }
        self.machine.run(["touch", "/run/only-outside"], check=True)
        self.offer("echo begun >/tmp/begun\n" + "".join(f'if ( {words} ) >/dev/null 2>&1; then echo "GOT OUT: {name}"; exit 7; fi\n'
                                                         for name, words in attempts.items()))
        host = self.machine.start(["perl", "/srv/listen.py"])
        try:
            self.assertEqual(host.child.stdout.readline(), "ready\n")
            # Whoever is not in a rehearsal can do these.
            for name in ("a socket of the host in /run", "a socket of the host on the disk", "a socket without a name", "what is written outside",
                         "a device", "a switch of the kernel"):
                self.machine.run(["sh", "-c", attempts[name]], check=True)
            told = self.apply(None)
        finally:
            host.kill()
            host.wait()
        rehearsed = self.step(told, "rehearse")
        self.assertEqual((rehearsed["state"], rehearsed["note"]), ("done", "1 packages went well in a copy of this machine; it was thrown away"))


CONNECT = 'use Socket; socket(S, AF_UNIX, SOCK_STREAM, 0); exit(connect(S, sockaddr_un("PATH")) ? 0 : 1)'
LISTEN = """use Socket; $| = 1;
for my $path ("/run/host.sock", "/srv/host.sock", "\\0host") {
    my $socket; socket($socket, AF_UNIX, SOCK_STREAM, 0); bind($socket, sockaddr_un($path)) or die $!; listen($socket, 5); push @all, $socket; }
print "ready\\n"; sleep 1000;
"""

if __name__ == "__main__":
    main()
