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
                                                             "SUTURE_FETCH": os.environ["SUTURE_FETCH"],
                                                             "SUTURE_CONFIG": os.path.join(self.root.home, "config")})
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

    def describe(self, age=None, needed=1, keys=None, archives=(), packages="'*'", name="example", codename="bookworm-security",
                 label="Debian-Security", more=""):
        """publishers.yaml of this machine: who signs with the test's own key."""
        keys = keys or [self.root.fingerprint]
        folder = os.path.join(self.root.home, "config")
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, "publishers.yaml")
        text = "" if os.path.exists(path) else "publishers:\n"
        text += (f"  - name: {name}\n    title: {name.title()}\n    packages: [{packages}]\n"
                 + (f"    archives: [{', '.join(archives)}]\n" if archives else "") + more +
                 f"    suites:\n      - codename: {codename}\n        origin: Debian\n        label: {label}\n"
                 f"        signed by: [{', '.join(keys)}]\n        needed: {needed}\n"
                 + (f"        maximum age: {age}\n" if age else ""))
        with open(path, "a", encoding="utf-8") as file:
            file.write(text)

    def test_a_described_publisher(self):
        plan = self.good()
        self.describe()
        self.assertIn("archive bookworm-security", self.prove(plan))

    def test_a_signed_suite_under_anothers_name(self):
        """A list of bookworm, signed by its publisher, in the place of bookworm-security."""
        offered = self.offer()
        self.publish(offered, release="bookworm")
        self.describe()
        self.assert_refused(self.plan(offered), "mix-and-match", 'is Example\'s "bookworm", sent where "bookworm-security" was asked for')

    def test_too_few_signatures(self):
        plan = self.good()
        self.describe(needed=2, keys=[self.root.fingerprint, self.root.make_key("Second <second@example.org>", "second")])
        self.assert_refused(plan, "vendor-signature", "1 of the 2 signatures that bookworm-security needs count")

    def test_a_suite_without_an_end_grows_old(self):
        plan = self.good()
        self.describe(age="5 days")
        self.assertIn("archive", self.prove(plan))
        self.assert_refused(plan, "freeze", "older than its publisher leaves it", now="2026-11-26T00:00:00Z")

    def test_a_place_is_its_publishers_alone(self):
        """From there nothing else is believed, whatever key the source names."""
        offered = self.offer()
        self.publish(offered)
        stranger = self.root.make_key("Stranger <stranger@example.org>", "stranger")
        self.describe(keys=[stranger], archives=[self.mirror + "/"])
        self.assert_refused(self.plan(offered), "vendor-signature", "none of the publisher's keys")

    def test_older_than_what_was_proved_here(self):
        """Also when the memory of lists is gone: the floor stands in a file of its own."""
        offered = self.offer()
        self.publish(offered)
        self.assertIn("archive", self.prove(self.plan(offered)))
        with open(os.path.join(self.state, "floors"), encoding="utf-8") as file:
            self.assertIn(f"suite-date {self.root.root} {self.uri}/ bookworm-security 2026-11-20T00:00:00Z\n", file.read())
        shutil.rmtree(os.path.join(self.state, "verified"), ignore_errors=True)
        self.publish(offered, date="Thu, 19 Nov 2026 23:59:59 UTC")
        self.assert_refused(self.plan(offered), "rollback", "its list is older than one that was here before")
        self.publish(offered, date="Fri, 20 Nov 2026 00:00:01 UTC")
        self.assertIn("archive", self.prove(self.plan(offered)))

    def test_what_is_refused_raises_no_floor(self):
        offered = self.offer(control_name="sudo")
        self.publish(offered)
        self.assert_refused(self.plan(offered), "mix-and-match")
        self.assertFalse(os.path.exists(os.path.join(self.state, "floors")))

    def shadow(self, version="2.5.0-1+deb12u9", **how):
        """Somebody else's archive with a package that the described publisher has too; what it offers."""
        stranger = self.root.make_key("Stranger <stranger@example.org>", "stranger")
        genuine = self.offer()
        self.publish(genuine)
        self.describe()
        shadow = self.offer(version=version, **how)
        self.root.archive("stable", [shadow], label="Else", origin="Else", key="stranger", signer=stranger, uri=self.uri)
        return shadow, stranger

    def test_a_shadowed_package(self):
        shadow, _ = self.shadow()
        self.assert_refused(self.plan(shadow, suite="stable"), "scope", "Example owns libexpat1")

    def test_what_was_somebody_elses_before_stays_so(self):
        self.root.packages.clear()
        self.root.install("libexpat1", "2.5.0-1+deb12u7")  # newer than all that its publisher offers: it came from elsewhere
        shadow, _ = self.shadow()
        self.assertIn("archive stable", self.prove(self.plan(shadow, suite="stable", change={"from": "2.5.0-1+deb12u7"})))

    def test_a_described_publisher_owns_what_it_may(self):
        shadow, stranger = self.shadow()
        self.describe(name="else", keys=[stranger], packages="libexpat1", codename="stable", label="Else")
        with open(os.path.join(self.root.home, "config/publishers.yaml"), encoding="utf-8") as file:
            text = file.read()
        with open(os.path.join(self.root.home, "config/publishers.yaml"), "w", encoding="utf-8") as file:
            file.write(text.replace("codename: stable\n        origin: Debian", "codename: stable\n        origin: Else"))
        self.assertIn("archive stable", self.prove(self.plan(shadow, suite="stable")))

    def test_a_described_publisher_owns_nothing_else(self):
        plan = self.good()
        self.describe(packages="other")
        self.assert_refused(plan, "scope", "Example may not own libexpat1")

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
        for kind, magic in (("lists", b"SVA2"), ("packages", b"SCA1")):
            for question in (b"", b"x", b"SVQ2", b"SCQ1\xff\xff\xff\xff", b"SCQ1\x01\x0b/etc/shadow"):
                done = subprocess.run([os.environ["SUTURE_PROVE"], kind], input=question, capture_output=True, check=False)
                self.assertEqual((0, magic + b"\x02"), (done.returncode, done.stdout[:5]))


if __name__ == "__main__":
    unittest.main()
