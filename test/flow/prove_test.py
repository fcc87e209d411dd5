#!/usr/bin/env python3
"""Getting and proving the packages of a plan from outside: real .debs, a signed archive, the programs; what is refused by which name."""
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
TOOL = sys.argv.pop(1) if len(sys.argv) > 1 else "build/test/tool_prove"


def make_deb(folder, name, version, arch="amd64", postinst="", control_name=None):
    """A small real package; its path."""
    tree = os.path.join(folder, f"{name}-{version}")
    os.makedirs(os.path.join(tree, "DEBIAN"))
    os.makedirs(os.path.join(tree, "usr/share", name))
    with open(os.path.join(tree, "usr/share", name, "content"), "w", encoding="utf-8") as file:
        file.write(f"{name} {version}\n")
    with open(os.path.join(tree, "DEBIAN/control"), "w", encoding="utf-8") as file:
        file.write(f"Package: {control_name or name}\nVersion: {version}\nArchitecture: {arch}\nMaintainer: Test <test@example.org>\n"
                   f"Description: made for a test\n")
    if postinst:
        path = os.path.join(tree, "DEBIAN/postinst")
        with open(path, "w", encoding="utf-8") as file:
            file.write(postinst)
        os.chmod(path, 0o755)
    deb = os.path.join(folder, f"{name}_{version}.deb")
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, deb], check=True, capture_output=True)
    shutil.rmtree(tree)
    return deb


class ProveTest(unittest.TestCase):
    def setUp(self):
        self.root = MadeRoot()
        self.addCleanup(self.root.__exit__, None, None, None)
        self.mirror = os.path.join(self.root.folder, "mirror")
        os.makedirs(os.path.join(self.mirror, "pool"))
        self.uri = f"file://{self.mirror}"
        self.state = os.path.join(self.root.home, "state")
        self.run_folder = os.path.join(self.state, "runs/1")
        os.makedirs(self.run_folder, mode=0o700)
        os.chmod(self.root.folder, 0o755)
        self.debs = {}
        self.root.install("libexpat1", "2.5.0-1+deb12u1")

    def offer(self, name="libexpat1", version="2.5.0-1+deb12u5", **how):
        self.debs[name] = make_deb(os.path.join(self.mirror, "pool"), name, version, **how)
        with open(self.debs[name], "rb") as file:
            content = file.read()
        return (name, version, name, len(content), f"SHA256: {hashlib.sha256(content).hexdigest()}\n")

    def publish(self, *packages, suite="bookworm-security", **how):
        self.root.archive(suite, list(packages), label="Debian-Security", uri=how.pop("uri", self.uri), **how)

    def plan(self, *packages, change=None, suite="bookworm-security"):
        """A plan of these packages, as if it had been made before whatever happened since."""
        changes = []
        for name, version, source, size, more in sorted(packages):
            one = {"arch": "amd64", "automatic": False, "cves": [], "disk_added": 0, "disk_freed": 0, "due": None, "exploited": False,
                   "file": f"pool/{name}_{version}.deb", "from": "2.5.0-1+deb12u1", "group": 0, "kind": "upgrade", "late": False,
                   "name": name, "needed_by": None, "reason": "named", "reboot": False, "services": [], "sha256": more.split()[1],
                   "size": size, "source": source, "suite": suite, "to": version, "uri": self.uri + "/"}
            one.update(change or {})
            changes.append(one)
        document = {"arch": "amd64", "changes": changes, "data": [], "disk_added": 0, "disk_freed": 0,
                    "fetch_bytes": sum(one["size"] for one in changes), "groups": 1, "host": "web-03", "left": [], "level": "normal",
                    "policy": "built-in", "reboot": False, "release": "debian-12", "schema": "suture.plan/1", "status": "0" * 64}
        document["id"] = hashlib.sha256(self.canonical(document)).hexdigest()
        document["now"] = NOW
        path = os.path.join(self.root.home, "plan.json")
        with open(path, "wb") as file:
            file.write(self.canonical(document))
        return path

    @staticmethod
    def canonical(document):
        return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    def prove(self, plan, what="both", now=NOW):
        done = subprocess.run([TOOL, self.root.root, self.state, self.run_folder, plan, now, what], capture_output=True, text=True,
                              check=False, timeout=120, env={"PATH": "/usr/bin:/bin", "SUTURE_PROVE": os.environ["SUTURE_PROVE"],
                                                             "SUTURE_FETCH": os.environ["SUTURE_FETCH"]})
        self.assertEqual("", done.stderr)
        return done.stdout.strip()

    def assert_refused(self, plan, *texts, what="both", now=NOW):
        said = self.prove(plan, what, now)
        self.assertIn("refused", said)
        for text in texts:
            self.assertIn(text, said)

    def good(self):
        offered = self.offer()
        self.publish(offered)
        return self.plan(offered)

    def test_a_package_is_fetched_and_proved(self):
        said = self.prove(self.good()).splitlines()
        digest = hashlib.sha256(open(self.debs["libexpat1"], "rb").read()).hexdigest()
        self.assertEqual(["fetched 1, reused 0", f"libexpat1 amd64 2.5.0-1+deb12u5 archive bookworm-security {self.root.fingerprint} "
                          f"{self.run_folder}/packages/{digest}.deb"], said)
        self.assertEqual("fetched 0, reused 1", self.prove(os.path.join(self.root.home, "plan.json")).splitlines()[0])

    def test_many_packages(self):
        offered = [self.offer(f"lib{i:03}", "2.5.0-1+deb12u5") for i in range(20)]
        self.publish(*offered)
        said = self.prove(self.plan(*offered)).splitlines()
        self.assertEqual("fetched 20, reused 0", said[0])
        self.assertEqual(21, len(said))

    def test_a_file_that_changed_in_the_run(self):
        plan = self.good()
        self.assertIn("fetched", self.prove(plan, "fetch"))
        folder = os.path.join(self.run_folder, "packages")
        path = os.path.join(folder, os.listdir(folder)[0])
        with open(path, "rb") as file:
            content = bytearray(file.read())
        content[-1] ^= 1
        os.unlink(path)
        with open(path, "wb") as file:
            file.write(content)
        os.chmod(path, 0o600)
        self.assert_refused(plan, "wrong-signature", "its SHA-256 is not the one that was vouched for", what="prove")
        self.assertIn("fetched 0, reused 1", self.prove(plan))  # it is put in its place again

    def test_a_mirror_that_sends_another_file(self):
        plan = self.good()
        with open(self.debs["libexpat1"], "r+b") as file:
            file.seek(300)
            byte = file.read(1)
            file.seek(300)
            file.write(bytes([byte[0] ^ 1]))
        self.assert_refused(plan, "sent something else than what was signed")

    def test_a_list_that_nobody_signed(self):
        offered = self.offer()
        stranger = self.root.make_key("Stranger <stranger@example.org>", "stranger")
        self.publish(offered, signer=stranger)
        self.assert_refused(self.plan(offered), "vendor-signature")

    def test_a_list_that_was_changed(self):
        plan = self.good()
        folder = os.path.join(self.root.root, "var/lib/apt/lists")
        path = [os.path.join(folder, name) for name in os.listdir(folder) if name.endswith("Packages")][0]
        with open(path, "ab") as file:
            file.write(b"\n")
        self.assert_refused(plan, "vendor-signature")

    def test_a_list_past_its_date(self):
        offered = self.offer()
        self.publish(offered, valid_until="Sat, 21 Nov 2026 00:00:00 UTC")
        self.assert_refused(self.plan(offered), "freeze", "past its date")

    def test_another_version_than_the_plans(self):
        offered = self.offer()
        self.publish(("libexpat1", "2.5.0-1+deb12u4", "libexpat1", offered[3], offered[4]))
        self.assert_refused(self.plan(offered), "vendor-signature")

    def test_other_bytes_than_the_plans(self):
        offered = self.offer()
        self.publish(offered)
        self.assert_refused(self.plan(offered, change={"sha256": "1" * 64}), "vendor-signature")

    def test_another_suite_than_the_plans(self):
        offered = self.offer()
        self.publish(offered)
        self.assert_refused(self.plan(offered, suite="bookworm"), "scope")

    def test_not_newer(self):
        offered = self.offer()
        self.publish(offered)
        self.assert_refused(self.plan(offered, change={"from": "2.5.0-1+deb12u6"}), "rollback")

    def test_signed_but_another_package_inside(self):
        offered = self.offer(control_name="sudo")
        self.publish(offered)
        self.assert_refused(self.plan(offered), "mix-and-match", 'the package says of itself "sudo"')

    def test_no_package_at_all(self):
        path = os.path.join(self.mirror, "pool/libexpat1_2.5.0-1+deb12u5.deb")
        with open(path, "wb") as file:
            file.write(b"no package")
        offered = ("libexpat1", "2.5.0-1+deb12u5", "libexpat1", 10, f"SHA256: {hashlib.sha256(b'no package').hexdigest()}\n")
        self.publish(offered)
        self.assert_refused(self.plan(offered), "(input)", ".deb: ")

    def test_two_mirrors_of_the_same(self):
        offered = self.offer()
        self.publish(offered)
        self.publish(offered, suite="other", uri="file:///not/there")
        plan = self.plan(offered, change={"suite": "other", "uri": "file:///not/there/"})
        self.assertIn("archive other", self.prove(plan))


class ConfinedTest(unittest.TestCase):
    """suture-prove alone."""

    def test_has_no_use_by_hand(self):
        for arguments in ([], ["lists", "x"], ["everything"]):
            done = subprocess.run([os.environ["SUTURE_PROVE"], *arguments], input=b"", capture_output=True, check=False)
            self.assertEqual((2, b""), (done.returncode, done.stdout))

    def test_broken_questions_are_answered(self):
        for kind, magic in (("lists", b"SVA1"), ("packages", b"SCA1")):
            for question in (b"", b"x", b"SVQ1", b"SCQ1\xff\xff\xff\xff", b"SCQ1\x01\x0b/etc/shadow"):
                done = subprocess.run([os.environ["SUTURE_PROVE"], kind], input=question, capture_output=True, check=False)
                self.assertEqual((0, magic + b"\x02"), (done.returncode, done.stdout[:5]))


if __name__ == "__main__":
    unittest.main()
