#!/usr/bin/env python3
"""`suture scan` and `suture why` from outside: made roots go in, screens, JSON and exit statuses come out."""
import json
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from made_root import MadeRoot  # noqa: E402

NOW = "2026-11-21T07:50:00Z"
TRACKER = {
    "expat": {
        "CVE-2026-1001": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "2.5.0-1+deb12u2", "urgency": "not yet assigned"}}},
        "CVE-2026-1002": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "2.5.0-1+deb12u5", "urgency": "not yet assigned"}}},
        "CVE-2026-1003": {"releases": {"bookworm": {"status": "open", "urgency": "not yet assigned"}}},
        "CVE-2026-1004": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "0", "urgency": "not yet assigned"}}},
        "CVE-2026-1005": {"releases": {"bookworm": {"status": "open", "urgency": "low", "nodsa": "Minor issue", "nodsa_reason": ""}}},
        "CVE-2026-1006": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "2.5.0-1+deb12u9", "urgency": "not yet assigned"}}},
    },
    "linux": {
        f"CVE-2026-2{i:03}": {"releases": {"bookworm": {"status": "resolved", "fixed_version": "6.1.192-2", "urgency": "not yet assigned"}}}
        for i in range(40)
    },
}
KEV = {"title": "CISA Catalog of Known Exploited Vulnerabilities", "catalogVersion": "2026.11.20", "dateReleased": "2026-11-20T10:00:00.0000Z",
       "count": 1, "vulnerabilities": [{"cveID": "CVE-2026-1002", "vendorProject": "libexpat", "product": "expat", "vulnerabilityName": "x",
                                         "dateAdded": "2026-11-02", "shortDescription": "x", "requiredAction": "x", "dueDate": "2026-11-23",
                                         "knownRansomwareCampaignUse": "Unknown", "notes": "", "cwes": []}]}

NVD = {"resultsPerPage": 0, "startIndex": 0, "totalResults": 0, "format": "NVD_CVE", "version": "2.0", "timestamp": "2026-11-20T00:00:00.000",
       "vulnerabilities": []}
EPSS = "#model_version:v2025.03.14,score_date:2026-11-20T00:00:00+0000\ncve,epss,percentile\nCVE-2026-1,0.01,0.5\n"
LIST = "[20 Nov 2026] DSA-1-1 x - y\n\t{CVE-2026-1}\n\t[bookworm] - x 1.0\n"


def machine(root):
    root.install("expat", "2.5.0-1+deb12u1", binaries=["libexpat1", "libexpat1-dev"])
    root.install("zlib", "1:1.2.13", binaries=["zlib1g"])
    root.install("linux", "6.1.187-1", binaries=["linux-libc-dev"], section="devel")
    root.install("held", "1.0", state="hold ok installed")
    root.archive("bookworm", [("zlib1g", "1:1.2.14", "zlib", 90000), ("held", "1.1", "held", 100)], date="Sat, 11 Jul 2026 09:00:00 UTC")
    root.archive("bookworm-security", [("libexpat1", "2.5.0-1+deb12u5", "expat", 99000), ("libexpat1-dev", "2.5.0-1+deb12u5", "expat", 150000),
                                       ("linux-libc-dev", "6.1.192-2", "linux", 2457924)], label="Debian-Security")


class Scan(unittest.TestCase):
    def setUp(self):
        self.root = MadeRoot()
        self.addCleanup(self.root.__exit__)
        machine(self.root)

    def feed(self, *documents):
        for name, document in documents:
            path = os.path.join(self.root.folder, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(document if isinstance(document, str) else json.dumps(document))
            self.root.suture("feed", "import", "--release", "debian-12", "--now", NOW, path, check=0)

    def json(self, *arguments):
        return json.loads(self.root.scan("--now", NOW, "--format", "json", *arguments, check=0).stdout)

    def test_without_advisories_nothing_is_called_functional(self):
        got = self.json()
        kinds = {u["package"]: (u["kind"], u["by_origin"]) for u in got["updates"]}
        self.assertEqual(kinds["libexpat1"], ("security", True))
        self.assertEqual(kinds["zlib1g"][0], "unknown")
        self.assertFalse(got["complete"])
        self.assertEqual(got["summary"]["functional"], 0)
        screen = self.root.scan("--now", NOW, check=0).stdout
        self.assertIn("PARTIAL ANSWER, see (!): nothing is known to be due this week.", screen)
        self.assertIn("ABSENT", screen)

    def test_verdicts(self):
        self.feed(("tracker.json", TRACKER), ("kev.json", KEV))
        got = self.json("--all")
        classes = {f["id"]: (f["class"], f["suppressed_by"]) for f in got["findings"]}
        self.assertEqual(classes["CVE-2026-1001"], ("available", None))
        self.assertEqual(classes["CVE-2026-1003"], ("no-fix", None))
        self.assertEqual(classes["CVE-2026-1004"], ("suppressed", "vendor-not-affected"))
        self.assertEqual(classes["CVE-2026-1005"], ("suppressed", "no-dsa"))
        self.assertEqual(classes["CVE-2026-1006"], ("not-yet-in-archive", None))
        self.assertEqual({c for i, (c, _) in classes.items() if i.startswith("CVE-2026-2")}, {"not-executable"})
        self.assertEqual(got["not_executable"], [{"source": "linux", "count": 40, "packages": ["linux-libc-dev"]}])
        plain = {f["id"] for f in self.json()["findings"]}
        self.assertEqual(plain, {"CVE-2026-1001", "CVE-2026-1002", "CVE-2026-1003", "CVE-2026-1006"})
        expat = [u for u in got["updates"] if u["package"] == "libexpat1"][0]
        self.assertEqual(expat["cves"], ["CVE-2026-1001", "CVE-2026-1002"])
        self.assertTrue(expat["late"])
        exploited = [f for f in got["findings"] if f["id"] == "CVE-2026-1002"][0]
        self.assertTrue(exploited["exploited"])
        self.assertEqual(exploited["profile"], "exploited")
        self.assertEqual(got["updates"][0]["delta_size"], None)

    def test_a_fix_in_an_archive_that_is_not_enabled(self):
        os.remove(self.root.path("etc/apt/sources.list.d/bookworm-security.sources"))
        self.feed(("tracker.json", TRACKER))
        got = self.json()
        self.assertEqual({f["class"] for f in got["findings"] if f["id"] == "CVE-2026-1002"}, {"archive-not-enabled"})
        self.assertIn("fixed in an archive that is not enabled here", " ".join(self.root.scan("--now", NOW).stdout.split()))
        done = self.root.suture("why", "--root", self.root.root, "--now", NOW, "CVE-2026-1002", check=0)
        self.assertIn("fix      there is one, in an archive that is not enabled here", done.stdout)

    def test_what_the_vendor_does_not_fix_is_told_apart(self):
        tracker = {"expat": {f"CVE-2026-30{i}": {"releases": {"bookworm": {"status": "open", "urgency": "low", "nodsa": "x", "nodsa_reason": reason}}}
                             for i, reason in enumerate(("ignored", "postponed"))}}
        tracker["expat"]["CVE-2026-305"] = {"releases": {"bookworm": {"status": "undetermined", "urgency": "low"}}}
        tracker["expat"]["CVE-2026-306"] = {"releases": {"bookworm": {"status": "open", "urgency": "unimportant"}}}
        self.feed(("tracker.json", tracker))
        for name, words in (("CVE-2026-300", "will not fix it"), ("CVE-2026-301", "with a later update"), ("CVE-2026-305", "does not know yet")):
            self.assertIn(words, self.root.suture("why", "--root", self.root.root, "--now", NOW, name, check=0).stdout)
        self.assertIn("1 unimportant to the vendor", self.root.scan("--now", NOW, "--unfixed").stdout)

    def test_a_level_says_what_of_the_postponed_is_late(self):
        self.feed(("tracker.json", TRACKER))
        screen = self.root.scan("--now", "2027-02-01T00:00:00Z", "--level", "emergency-only", check=0).stdout
        self.assertRegex(screen, r"postponed +4 updates by the level, 2 of them late")

    def test_held_packages_are_said(self):
        held = [u for u in self.json()["updates"] if u["package"] == "held"]
        self.assertEqual([u["held"] for u in held], [True])

    def test_same_inputs_same_bytes(self):
        self.feed(("tracker.json", TRACKER), ("kev.json", KEV))
        for form in ("json", "table", "sarif"):
            first, second = (self.root.scan("--now", NOW, "--format", form).stdout for _ in range(2))
            self.assertEqual(first, second)
            self.assertTrue(first)

    def test_sarif_is_valid(self):
        import jsonschema
        self.feed(("tracker.json", TRACKER), ("kev.json", KEV))
        with open(os.path.join(os.path.dirname(__file__), "..", "schema", "sarif-2.1.0-rtm.5.json"), encoding="utf-8") as file:
            schema = json.load(file)
        sarif = json.loads(self.root.scan("--now", NOW, "--format", "sarif", "--all", check=0).stdout)
        jsonschema.validate(sarif, schema)
        self.assertGreater(len(sarif["runs"][0]["results"]), 40)

    def test_sarif_without_data_does_not_look_like_health(self):
        import jsonschema
        with open(os.path.join(os.path.dirname(__file__), "..", "schema", "sarif-2.1.0-rtm.5.json"), encoding="utf-8") as file:
            schema = json.load(file)
        sarif = json.loads(self.root.scan("--now", NOW, "--format", "sarif", check=0).stdout)
        jsonschema.validate(sarif, schema)
        run = sarif["runs"][0]
        self.assertEqual({r["ruleId"] for r in run["results"]}, {"security-update", "unknown-update"})
        self.assertLessEqual({r["ruleId"] for r in run["results"]}, {r["id"] for r in run["tool"]["driver"]["rules"]})
        told = [n["message"]["text"] for n in run["invocations"][0]["toolExecutionNotifications"]]
        self.assertIn("debian-tracker is absent: was never fetched", told)
        self.assertTrue(run["invocations"][0]["executionSuccessful"])
        os.remove(self.root.path("etc/apt/sources.list.d/bookworm.sources"))
        os.remove(self.root.path("etc/apt/sources.list.d/bookworm-security.sources"))
        run = json.loads(self.root.scan("--now", NOW, "--format", "sarif", check=4).stdout)["runs"][0]
        self.assertFalse(run["invocations"][0]["executionSuccessful"])

    def test_exit_statuses(self):
        scan = self.root.scan
        self.assertEqual(scan("--now", NOW, "--fail-on", "late").returncode, 4, "no advisory data: 4 beats 3")
        self.assertEqual(scan("--now", NOW, "--require-data").returncode, 4)
        self.assertEqual(scan("--now", NOW).returncode, 0)
        self.assertEqual(scan("--nonsense").returncode, 2)
        self.assertEqual(scan("--now", NOW, "--index", "/nothing/here").returncode, 1)
        self.feed(("tracker.json", TRACKER), ("kev.json", KEV), ("nvd.json", NVD), ("epss.csv", EPSS), ("list", LIST))
        for what in ("late", "now", "any"):
            self.assertEqual(scan("--now", NOW, "--fail-on", what).returncode, 3, what)
        self.assertEqual(scan("--now", NOW, "--require-data").returncode, 0)

    def test_what_is_printed_does_not_change_the_status(self):
        root = self.root
        root.write("var/lib/dpkg/status", "")
        root.packages.clear()
        root.install("linux", "6.1.187-1", binaries=["linux-libc-dev"], section="devel")
        os.remove(root.path("etc/apt/sources.list.d/bookworm-security.sources"))
        self.feed(("tracker.json", {"linux": TRACKER["linux"]}), ("kev.json", KEV), ("nvd.json", NVD), ("epss.csv", EPSS), ("list", LIST))
        statuses = [root.scan("--now", NOW, "--fail-on", "any", *more).returncode for more in ([], ["--all"])]
        self.assertEqual(statuses, [0, 0])

    def test_a_damaged_state_says_what_to_do(self):
        self.feed(("tracker.json", TRACKER))
        current = os.path.join(self.root.home, "state", "current")
        for name in ("index/debian-12.index", "facts", "manifest"):
            path = os.path.join(current, name)
            with open(path, "rb") as file:
                kept = file.read()
            with open(path, "wb") as file:
                file.write(b"?" * len(kept))
            done = self.root.scan("--now", NOW)
            self.assertEqual(done.returncode, 1, name)
            self.assertIn("suture feed update, or import, makes it anew", done.stderr)
            self.feed(("tracker.json", TRACKER))
            self.root.scan("--now", NOW, check=0)

    @unittest.skipUnless(os.path.exists("/var/lib/dpkg/status"), "this machine has no dpkg")
    def test_a_state_that_cannot_be_written_takes_no_answer_away(self):
        self.root.suture("scan")
        state = os.path.join(self.root.home, "state")
        for name in ("record", "seen"):
            path = os.path.join(state, name)
            if os.path.exists(path):
                os.remove(path)
        os.makedirs(os.path.join(state, "record", "in the way"))
        done = self.root.suture("scan")
        self.assertIn("Suture", done.stdout)
        self.assertIn("suture: this scan is not remembered: ", done.stderr)
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([self.root.program, "scan"], stdout=full, stderr=subprocess.PIPE, text=True, check=False,
                                  env={"PATH": "/usr/bin:/bin", "HOME": self.root.home, "SUTURE_STATE": state})
        self.assertIn(done.returncode, (1, 4))

    def test_nothing_is_written(self):
        def tree():
            return sorted((os.path.join(folder, name), os.stat(os.path.join(folder, name)).st_mtime_ns)
                          for folder, _, names in os.walk(self.root.folder) for name in names)
        self.feed(("tracker.json", TRACKER))
        before = tree()
        self.root.scan(check=0)
        self.root.scan("--now", NOW, check=0)
        self.root.suture("scan", "--inventory", self.root.path("var/lib/dpkg/status"), check=0)
        self.root.suture("why", "--root", self.root.root, "expat", check=0)
        self.assertEqual(tree(), before)

    def test_a_forged_source_is_named_and_the_others_answer(self):
        path = self.root.path("var/lib/apt/lists/mirror.example_debian_dists_bookworm-security_InRelease")
        with open(path, encoding="utf-8") as file:
            signed = file.read()
        self.root.write(path, signed.replace("Label: Debian-Security", "Label: Debian-Securitx"))
        screen = self.root.scan("--now", NOW, check=0).stdout
        self.assertRegex(screen, r"\(!\) source.*bookworm-security")
        packages = {u["package"] for u in self.json()["updates"]}
        self.assertNotIn("libexpat1", packages)
        self.assertIn("zlib1g", packages)

    def test_a_stale_list_still_answers_but_is_marked(self):
        self.root.archive("bookworm-security", [("libexpat1", "2.5.0-1+deb12u5", "expat", 99000)], label="Debian-Security",
                          date="Sun, 01 Nov 2026 00:00:00 UTC", valid_until="Sun, 08 Nov 2026 00:00:00 UTC")
        got = self.json()
        self.assertIn("libexpat1", {u["package"] for u in got["updates"]})
        states = {d["feed"]: d["state"] for d in got["data"]}
        self.assertEqual(states["apt:bookworm-security"], "stale")
        self.assertEqual(self.root.scan("--now", NOW, "--require-data").returncode, 4)

    def test_the_screen_fits(self):
        self.feed(("tracker.json", TRACKER), ("kev.json", KEV))
        for width in (80, 100, 160):
            screen = self.root.scan("--now", NOW, environment={"COLUMNS": str(width)}, check=0).stdout
            for line in screen.splitlines():
                self.assertLessEqual(len(line), width, line)
            self.assertIn("late 16 d", screen)
            self.assertNotIn("\033", screen)

    def test_half_configured_packages_are_reported(self):
        self.root.install("broken", "1.0", state="install ok half-configured")
        got = self.json()
        self.assertEqual(got["host"]["half_configured"], [{"package": "broken", "state": "half-configured"}])
        self.assertIn("not configured", self.root.scan("--now", NOW, check=0).stdout)

    def test_why(self):
        self.feed(("tracker.json", TRACKER), ("kev.json", KEV))

        def why(name, status=0):
            return self.root.suture("why", "--root", self.root.root, "--now", NOW, name, check=status).stdout

        one = why("CVE-2026-1002")
        self.assertIn("2.5.0-1+deb12u1 -> 2.5.0-1+deb12u5", one)
        self.assertIn("exploited", one)
        self.assertEqual(one, why("CVE-2026-1002"))
        self.assertIn("the vendor says not affected", why("CVE-2026-1004"))
        self.assertIn("CVE-2026-1001", why("libexpat1"))
        self.assertIn("on hold", why("held"))
        self.assertRegex(why("CVE-1999-0001"), "(?i)no .*(advisory|data)")
        self.assertIn("not installed", why("postfix"))
        self.assertIn("nobody says what it closes", why("zlib1g"))
        self.assertIn("its known holes (40) are in no code that runs here", why("linux-libc-dev"))
        self.assertIn("ID|PACKAGE is empty", self.root.suture("why", "").stderr)
        self.assertIn("names DSA-1-1", why("DSA-1-1"))
        self.assertIn("fix      announced, not in the archive yet", why("CVE-2026-1006"))

    def test_why_as_json_has_what_was_stored(self):
        self.feed(("tracker.json", TRACKER), ("kev.json", KEV))
        scan = self.json()

        def why(name):
            return json.loads(self.root.suture("why", "--root", self.root.root, "--now", NOW, "--format", "json", name, check=0).stdout)

        one = why("CVE-2026-1002")
        self.assertEqual((one["schema"], one["wanted"], one["now"]), ("suture.why/1", "CVE-2026-1002", scan["now"]))
        self.assertEqual([f["id"] for f in one["findings"]], ["CVE-2026-1002"])
        stored = next(f for f in scan["findings"] if f["id"] == "CVE-2026-1002")
        self.assertEqual({k: one["findings"][0][k] for k in stored}, stored)
        package = why("libexpat1")
        self.assertEqual([u["package"] for u in package["updates"]], ["libexpat1"])
        self.assertIn("CVE-2026-1001", [f["id"] for f in package["findings"]])
        nothing = why("postfix")
        self.assertEqual((nothing["updates"], nothing["findings"]), ([], []))
        self.assertIn("not installed", " ".join(nothing["said"]))

    def test_broken_input_is_one_line(self):
        for name, content in (("var/lib/dpkg/status", "Package: x\nrubbish\n"), ("etc/os-release", "rubbish\n")):
            with open(self.root.path(name), "rb") as file:
                kept = file.read()
            self.root.write(name, content)
            done = self.root.scan("--now", NOW)
            self.assertEqual(done.returncode, 1, name)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
            self.assertIn(name, done.stderr)
            self.root.write(name, kept)


if __name__ == "__main__":
    unittest.main()
