#!/usr/bin/env python3
"""New powers from outside: real .debs against what is installed in a made root; `suture plan --fetch` shows them."""
import hashlib
import json
import os
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from made_root import MadeRoot  # noqa: E402

NOW = "2026-11-21T07:50:00Z"
OLD, NEW = "1.0-1", "1.0-2"


class PowersTest(unittest.TestCase):
    def setUp(self):
        self.root = MadeRoot()
        self.addCleanup(self.root.__exit__, None, None, None)
        self.mirror = os.path.join(self.root.folder, "mirror")
        os.makedirs(os.path.join(self.mirror, "pool"))
        os.chmod(self.root.folder, 0o755)
        self.listed = ["/."]

    def installed(self, path, content, mode=0o644):
        """A file of the installed version."""
        os.chmod(self.root.write(path.lstrip("/"), content), mode)
        self.listed.append(path)

    def script(self, name, content):
        self.root.write(f"var/lib/dpkg/info/daemon.{name}", content)

    def offer(self, files=(), scripts=(), links=()):
        """files: (path, content, mode)"""
        tree = os.path.join(self.root.folder, "tree")
        os.makedirs(os.path.join(tree, "DEBIAN"))
        for path, content, mode in files:
            on_disk = tree + path
            os.makedirs(os.path.dirname(on_disk), exist_ok=True)
            with open(on_disk, "wb") as file:
                file.write(content if isinstance(content, bytes) else content.encode())
            os.chmod(on_disk, mode)
        for path, target in links:
            os.makedirs(os.path.dirname(tree + path), exist_ok=True)
            os.symlink(target, tree + path)
        for name, content in scripts:
            with open(os.path.join(tree, "DEBIAN", name), "w", encoding="utf-8") as file:
                file.write(content)
            os.chmod(os.path.join(tree, "DEBIAN", name), 0o755)
        with open(os.path.join(tree, "DEBIAN/control"), "w", encoding="utf-8") as file:
            file.write(f"Package: daemon\nVersion: {NEW}\nArchitecture: amd64\nMaintainer: T <t@example.org>\nDescription: x\n")
        deb = os.path.join(self.mirror, f"pool/daemon_{NEW}.deb")
        subprocess.run(["dpkg-deb", "--root-owner-group", "--nocheck", "-Znone", "--build", tree, deb], check=True, capture_output=True)
        shutil.rmtree(tree)
        with open(deb, "rb") as file:
            content = file.read()
        self.root.install("daemon", OLD)
        self.root.write("var/lib/dpkg/info/daemon.list", "\n".join(self.listed) + "\n")
        self.root.archive("bookworm-security", [("daemon", NEW, "daemon", len(content), f"SHA256: {hashlib.sha256(content).hexdigest()}\n")],
                          label="Debian-Security", uri=f"file://{self.mirror}")

    def plan(self, *arguments):
        return self.root.suture("plan", "daemon", "--root", self.root.root, "--now", NOW, *arguments, check=0).stdout

    def powers(self):
        found = json.loads(self.plan("--fetch", "--format", "powers"))
        self.assertEqual(("suture.powers/1", 0), (found["schema"], found["unread"]))
        return found["powers"]

    def told(self):
        return [(one["kind"], one["change"], one["small"], one["path"]) for one in self.powers()]

    def test_nothing_new(self):
        self.installed("/lib/systemd/system/daemon.service", "[Service]\nExecStart=/usr/sbin/daemon\n")
        self.script("postinst", "#!/bin/sh\nset -e\n")
        self.offer(files=[("/lib/systemd/system/daemon.service", "[Service]\nExecStart=/usr/sbin/daemon\n", 0o644), ("/usr/bin/tool", "x", 0o755)],
                   scripts=[("postinst", "#!/bin/sh\nset -e\n")])
        self.assertEqual([], self.told())
        self.assertIn("new powers none", " ".join(self.plan().split()))

    def test_a_changed_script_is_shown(self):
        self.script("postinst", "#!/bin/sh\nset -e\nchmod 755 /usr/bin/x\n")
        self.offer(scripts=[("postinst", "#!/bin/sh\nset -e\nchmod 4755 /usr/bin/x\n"), ("prerm", "#!/bin/sh\nexit 0\n")])
        powers = self.powers()
        self.assertEqual([("script", "changed", False, "postinst"), ("script", "new", False, "prerm")],
                         [(one["kind"], one["change"], one["small"], one["path"]) for one in powers])
        self.assertEqual("@@ -1,3 +1,3 @@\n #!/bin/sh\n set -e\n-chmod 755 /usr/bin/x\n+chmod 4755 /usr/bin/x\n", powers[0]["diff"])
        screen = self.plan("--fetch")
        self.assertIn("NEW POWERS 2 maintainer scripts", " ".join(screen.split()))
        self.assertIn("+chmod 4755 /usr/bin/x", screen)

    def test_a_script_that_changed_only_in_its_version_is_small(self):
        script = "#!/bin/sh\n# Automatically added by dh_installsystemd/{tool}\nupgrade {version}\n# End automatically added section\n"
        self.script("postinst", script.format(tool="13.11.4", version=OLD))
        self.offer(scripts=[("postinst", script.format(tool="13.24.2", version=NEW))])
        self.assertEqual([("script", "changed", True, "postinst")], self.told())
        self.assertIn("only in its version", self.plan())

    def test_a_slice_starts_nothing(self):
        self.offer(files=[("/lib/systemd/system/d.slice", "[Unit]\nDescription=x\n", 0o644)])
        self.assertEqual([("unit", "new", True, "/lib/systemd/system/d.slice")], self.told())

    def test_who_brings_modules_may_bring_one_more(self):
        self.installed("/lib/modules/6.1/a.ko", "x")
        self.offer(files=[("/lib/modules/6.1/a.ko", "x", 0o644), ("/lib/modules/6.1/b.ko", "x", 0o644)])
        self.assertEqual([("kernel-module", "new", True, "/lib/modules/6.1/b.ko")], self.told())

    def test_another_number_is_not_small(self):
        self.script("postinst", "#!/bin/sh\nkeep 1.0-1 755\n")
        self.offer(scripts=[("postinst", "#!/bin/sh\nkeep 1.0-2 4755\n")])
        self.assertEqual([("script", "changed", False, "postinst")], self.told())

    def test_setuid(self):
        self.installed("/usr/bin/was", "x", 0o4755)
        self.installed("/usr/bin/plain", "x", 0o755)
        self.installed("/usr/bin/other", "x", 0o2755)
        self.offer(files=[("/usr/bin/was", "y", 0o4755), ("/usr/bin/plain", "x", 0o4755), ("/usr/bin/other", "x", 0o6755), ("/usr/bin/new", "x", 0o2755)])
        self.assertEqual([("setuid", "new", False, "/usr/bin/new"), ("setuid", "changed", False, "/usr/bin/other"),
                          ("setuid", "new", False, "/usr/bin/plain")], self.told())
        self.assertEqual("mode 4755, root:root", self.powers()[2]["what"])

    def test_each_kind(self):
        files = [("/lib/systemd/system/d.service", "unit"), ("/lib/systemd/system/d.timer", "timer"), ("/etc/cron.d/d", "cron"),
                 ("/lib/udev/rules.d/d.rules", "udev"), ("/etc/pam.d/d", "pam"), ("/etc/sudoers.d/d", "sudoers"),
                 ("/lib/modules/6.1/a.ko", "kernel-module"), ("/etc/apt/sources.list.d/d.list", "apt-source"),
                 ("/usr/share/keyrings/d.gpg", "apt-key"), ("/usr/share/ca-certificates/d.crt", "ca"), ("/etc/dbus-1/system.d/d.conf", "dbus"),
                 ("/usr/share/polkit-1/actions/d.policy", "polkit"), ("/etc/profile.d/d.sh", "profile"), ("/etc/ld.so.conf.d/d.conf", "loader"),
                 ("/usr/local/bin/d", "outside")]
        self.offer(files=[(path, "content\n", 0o644) for path, _ in files] + [("/lib/modules/6.1/b.ko", "x", 0o644)])
        self.assertEqual(sorted((kind, "new", False, path) for path, kind in files), sorted(self.told()))
        self.assertEqual([2], [one["files"] for one in self.powers() if one["kind"] == "kernel-module"])

    def test_a_changed_unit_and_one_that_moved(self):
        self.installed("/lib/systemd/system/d.service", "[Service]\nUser=d\n")
        self.offer(files=[("/usr/lib/systemd/system/d.service", "[Service]\nUser=root\n", 0o644)])
        self.root.write("usr/lib/systemd/system/d.service", "[Service]\nUser=d\n")
        self.assertEqual([("unit", "changed", False, "/usr/lib/systemd/system/d.service")], self.told())
        self.assertIn("-User=d\n+User=root\n", self.powers()[0]["diff"])

    def test_another_build_of_a_program_is_no_power_but_a_key_is(self):
        for path in ("/lib/systemd/system-generators/d", "/usr/share/keyrings/d.gpg"):
            self.installed(path, b"\x7fELF\0old")
        self.offer(files=[("/lib/systemd/system-generators/d", b"\x7fELF\0new", 0o755), ("/lib/systemd/system-generators/e", b"\x7fELF\0new", 0o755),
                          ("/usr/share/keyrings/d.gpg", b"\x7fELF\0new", 0o644)])
        self.assertEqual([("unit", "new", False, "/lib/systemd/system-generators/e"), ("apt-key", "changed", False, "/usr/share/keyrings/d.gpg")],
                         self.told())

    def test_what_was_taken_away_here_is_new_again(self):
        self.listed.append("/etc/cron.d/d")
        self.offer(files=[("/etc/cron.d/d", "* * * * * root x\n", 0o644)])
        self.assertEqual([("cron", "new", False, "/etc/cron.d/d")], self.told())

    def test_a_link_that_enables_a_unit(self):
        self.offer(links=[("/etc/systemd/system/multi-user.target.wants/d.service", "/lib/systemd/system/d.service")])
        self.assertEqual([("unit", "new", False, "/etc/systemd/system/multi-user.target.wants/d.service")], self.told())

    def test_secrets_are_not_shown(self):
        self.installed("/etc/sudoers.d/d", "secret ALL=(ALL) ALL\n", 0o440)
        self.offer(files=[("/etc/sudoers.d/d", "other ALL=(ALL) ALL\n", 0o440)])
        self.assertEqual([("sudoers", "changed", False, "/etc/sudoers.d/d")], self.told())
        self.assertEqual(("not for everyone to read: not shown", None), (self.powers()[0]["what"], self.powers()[0]["diff"]))

    def test_nothing_is_written_to_a_terminal_but_text(self):
        self.script("postinst", "#!/bin/sh\n")
        self.offer(scripts=[("postinst", "#!/bin/sh\necho '\x1b[2J\x07'\n")])
        self.assertIn("+echo '?[2J?'", self.plan("--fetch"))

    def test_what_was_not_fetched_is_not_known_and_that_is_said(self):
        self.offer(scripts=[("postinst", "#!/bin/sh\n")])
        self.assertIn("not known yet: 1 package is not here", " ".join(self.plan().split()))
        self.assertEqual(1, json.loads(self.plan("--format", "powers"))["unread"])
        self.plan("--fetch")
        self.assertIn("NEW POWERS", self.plan())

    def test_the_plan_is_the_same_with_and_without(self):
        self.offer(scripts=[("postinst", "#!/bin/sh\n")])
        self.assertEqual(self.plan("--format", "json"), self.plan("--format", "json", "--fetch"))


if __name__ == "__main__":
    unittest.main()
