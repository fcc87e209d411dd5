#!/usr/bin/env python3
"""`suture plan` from outside: made roots go in, screens, plans and exit statuses come out."""
import gzip
import hashlib
import json
import lzma
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from made_root import MadeRoot  # noqa: E402

NOW = "2026-11-21T07:50:00Z"


def tracker(**fixed):
    """expat="2.5.0-1+deb12u5" -> one hole of expat that this version closes"""
    return {source.replace("_", "-"): {f"CVE-2026-{1000 + i}": {"releases": {"bookworm": {"status": "resolved", "fixed_version": version,
                                                                                         "urgency": "not yet assigned"}}}}
            for i, (source, version) in enumerate(fixed.items())}


JUDGEMENT = ("lane", "new_package", "follows", "until")     # of this machine, and no part of a plan's id


def inside(plan):
    """What the id of a plan is made of."""
    content = {key: value for key, value in plan.items() if key not in ("id", "now")}
    for rows in ("changes", "left"):
        content[rows] = [{key: value for key, value in row.items() if key not in JUDGEMENT} for row in content[rows]]
    return content


def canonical(plan):
    return json.dumps(plan, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


class Plan(unittest.TestCase):
    def setUp(self):
        self.root = MadeRoot()
        self.addCleanup(self.root.__exit__)

    def feed(self, document, name="tracker.json"):
        path = os.path.join(self.root.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(document, file)
        self.root.suture("feed", "import", "--release", "debian-12", "--now", NOW, path, check=0)

    def screen(self, *arguments, check=0, now=NOW):
        return self.root.suture("plan", "--root", self.root.root, "--now", now, *arguments, check=check)

    def plan(self, *arguments, now=NOW):
        done = self.screen("--format", "json", *arguments, now=now)
        self.assertEqual(done.stderr, "")
        return json.loads(done.stdout)

    def changes(self, *arguments):
        return {c["name"]: (c["kind"], c["reason"], c["needed_by"], c["group"]) for c in self.plan(*arguments)["changes"]}

    def left(self, *arguments):
        return {c["name"]: (c["reason"], c["why"]) for c in self.plan(*arguments)["left"]}

    def machine(self):
        self.root.install("expat", "2.5.0-1+deb12u1", binaries=["libexpat1"])
        self.root.install("expat", "2.5.0-1+deb12u1", binaries=["libexpat1-dev"], more="Depends: libexpat1 (= 2.5.0-1+deb12u1)\n")
        self.root.install("zlib", "1:1.2.13", binaries=["zlib1g"])
        self.root.install("held", "1.0", state="hold ok installed")
        self.root.archive("bookworm", [("zlib1g", "1:1.2.14", "zlib", 90000), ("held", "1.1", "held", 100)])
        self.root.archive("bookworm-security", [
            ("libexpat1", "2.5.0-1+deb12u5", "expat", 99000),
            ("libexpat1-dev", "2.5.0-1+deb12u5", "expat", 150000, "Depends: libexpat1 (= 2.5.0-1+deb12u5)\n")], label="Debian-Security")
        self.feed(tracker(expat="2.5.0-1+deb12u5"))

    def test_what_is_due_is_planned_and_the_rest_is_left_with_its_reason(self):
        self.machine()
        got = self.plan("--due", "40d")
        self.assertEqual([(c["name"], c["from"], c["to"], c["reason"]) for c in got["changes"]],
                         [("libexpat1", "2.5.0-1+deb12u1", "2.5.0-1+deb12u5", "due"),
                          ("libexpat1-dev", "2.5.0-1+deb12u1", "2.5.0-1+deb12u5", "due")])
        first = got["changes"][0]
        self.assertEqual((first["suite"], first["uri"], first["file"], first["size"], first["sha256"], first["cves"]),
                         ("bookworm-security", "http://mirror.example/debian/", "pool/libexpat1_2.5.0-1+deb12u5.deb", 99000, "0" * 64,
                          ["CVE-2026-1000"]))
        self.assertEqual((got["schema"], got["level"], got["groups"], got["fetch_bytes"], got["now"]),
                         ("suture.plan/1", "normal", 1, 249000, NOW))
        self.assertEqual([(item["name"], item["reason"]) for item in got["left"]], [("held", "not-due"), ("zlib1g", "not-due")])
        self.assertEqual(self.plan()["changes"], [])

    def test_a_plan_is_canonical_and_named_by_its_content(self):
        self.machine()
        text = self.screen("--all", "--format", "json").stdout
        got = json.loads(text)
        self.assertEqual(text.encode(), canonical(got) + b"\n")
        self.assertEqual(got["id"], hashlib.sha256(canonical(inside(got))).hexdigest())
        with open(self.root.path("var/lib/dpkg/status"), "rb") as file:
            self.assertEqual(got["status"], hashlib.sha256(file.read()).hexdigest())
        self.assertEqual(self.screen("--all", "--format", "json").stdout, text)
        later = self.plan("--all", now="2026-11-21T07:55:00Z")
        self.assertEqual((later["now"], later["id"]), ("2026-11-21T07:55:00Z", got["id"]))

    def block(self, **what):
        """People have blocked something, and the last refresh believed it (store/trust_record.h)."""
        order = {"schema": "suture.order/1", "kind": "block", "id": "2026-11-21-00000001", "made": "2026-11-21T00:00:00Z",
                 "ends": "2026-12-21T00:00:00Z", "by": "eve", "reason": "it is malicious", **what}
        seen = "2026-11-21T01:00:00Z"
        record = {"schema": "suture.trust-record/1", "repository": "https://s.example/", "solo": False, "solo_until": None, "tried": seen,
                  "refreshed": seen, "problem": "", "roles": [], "policy": None, "next_policy": None,
                  "orders": [{"order": canonical(order).decode(), "role": "block", "persons": 2, "seen": seen, "begins": seen}]}
        folder = os.path.join(self.root.home, "state", "trust")
        os.makedirs(folder, mode=0o700, exist_ok=True)
        path = os.path.join(folder, "record")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(record, file)
        os.chmod(path, 0o600)

    def test_what_is_blocked_is_in_no_plan_nor_what_needs_it(self):
        self.machine()
        self.block(package="libexpat1", versions=["2.5.0-1+deb12u5"])
        why = "2026-11-21-00000001 by eve: it is malicious"
        left = self.left("--due", "40d")
        self.assertEqual(left["libexpat1"], ("blocked", why))
        self.assertEqual(left["libexpat1-dev"], ("blocked", "it needs libexpat1, which is blocked"))
        self.assertEqual(self.plan("--due", "40d")["changes"], [])
        self.assertIn("(!) blocked", self.screen("--due", "40d").stdout)
        # Another version is not meant; a clock that went back before the order takes it not away; its end does.
        self.block(package="libexpat1", versions=["9"])
        self.assertEqual(len(self.plan("--due", "40d")["changes"]), 2)
        self.block(package="libexpat1")
        self.assertEqual(self.plan("--due", "40d", now="2026-11-20T07:50:00Z")["changes"], [])
        self.block(everything=True)
        self.assertEqual(self.plan("--all")["changes"], [])

    def waits(self, *arguments, now=NOW):
        return {c["name"]: (c["reason"], c["until"]) for c in self.plan(*arguments, now=now)["left"] if "until" in c}

    def lanes(self, *arguments):
        return {c["name"]: c["lane"] for c in self.plan(*arguments)["changes"]}

    def test_what_is_new_waits_unless_it_closes_a_hole(self):
        self.machine()
        self.assertEqual(self.lanes("--all"), {"libexpat1": "security", "libexpat1-dev": "security", "zlib1g": "functional"})
        self.root.seen = []
        self.root.write_seen()
        self.assertEqual(set(self.changes("--all")), {"libexpat1", "libexpat1-dev"})
        self.assertEqual(self.waits("--all"), {"zlib1g": ("soak", "2026-11-28T07:50:00Z")})     # never seen: a whole wait from now on
        screen = " ".join(self.screen("zlib1g").stdout.split())
        self.assertIn("waits zlib1g 1:1.2.14 waits until Sat 28 Nov 2026 07:50: it was first seen here too short ago; "
                      "suture approve zlib1g lifts it", screen)
        self.assertEqual(set(self.changes("--security")), {"libexpat1", "libexpat1-dev"})

    def enrol(self):
        folder = os.path.join(self.root.home, "state", "agent")
        os.makedirs(folder, mode=0o700)
        with open(os.path.join(folder, "enrolled"), "w", encoding="utf-8"):
            pass

    def test_in_a_fleet_a_fix_waits_a_day_and_two_sources_are_named(self):
        self.machine()
        self.seen("2026-11-21T01:00:00Z", "2026-11-21T07:50:00Z")
        self.assertEqual(set(self.changes("--security")), {"libexpat1", "libexpat1-dev"})
        self.enrol()
        until = "2026-11-22T01:00:00Z"
        self.assertEqual(self.waits("--security"), {"libexpat1": ("soak", until), "libexpat1-dev": ("soak", until)})
        words = "it was first seen here too short ago"
        self.assertEqual(self.left("--security")["libexpat1"], ("soak", words))
        self.feed({"catalogVersion": "1", "dateReleased": "2026-11-20T17:04:19Z", "count": 1, "vulnerabilities": [
            {"cveID": "CVE-2026-1000", "dateAdded": "2026-11-20", "dueDate": "2026-12-11"}]}, "kev.json")
        self.assertEqual(self.left("--security")["libexpat1"], ("soak", words + "; the KEV catalogue alone calls its hole exploited"))
        self.feed({"format": "NVD_CVE", "version": "2.0", "timestamp": "2026-11-21T07:00:02.123", "totalResults": 1, "resultsPerPage": 1, "startIndex": 0,
                   "vulnerabilities": [{"cve": {"id": "CVE-2026-1000", "published": "2026-11-19T13:15:08.503", "vulnStatus": "Analyzed",
                                                "cisaExploitAdd": "2026-11-20", "cisaActionDue": "2026-12-11"}}]}, "nvd.json")
        self.assertEqual(self.left("--security")["libexpat1"], ("soak", words + "; the KEV catalogue and the CVE record call its hole exploited: "
                                                               "with one person's approval it waits 4 hours"))
        self.assertEqual(self.waits("--security")["libexpat1"], ("soak", until))        # nobody has approved
        self.seen("2026-11-20T07:50:00Z", "2026-11-21T07:50:00Z")
        self.assertEqual(self.lanes("--security"), {"libexpat1": "exploited", "libexpat1-dev": "exploited"})

    def seen(self, first, signed):
        self.root.seen = [(*row[:5], first) for row in self.root.seen]
        self.root.write_seen(signed)

    def test_a_wait_counts_from_what_was_seen_and_by_what_was_signed(self):
        """Seen on the 14th at eight, the wait of seven days ends on the 21st at eight, by the clock and by what an archive signed."""
        self.machine()
        late, early = "2026-12-01T00:00:00Z", NOW
        for first, signed, now, waits in [("2026-11-14T07:50:00Z", "2026-11-21T07:50:00Z", early, False),
                                          ("2026-11-14T07:50:01Z", "2026-11-21T07:50:00Z", early, True),
                                          ("2026-11-14T07:50:00Z", "2026-11-21T07:49:59Z", late, True),    # the clock alone ends none
                                          ("2026-11-14T07:50:00Z", "2026-12-01T00:00:00Z", "2026-11-21T07:49:59Z", True),
                                          ("2027-01-01T00:00:00Z", "2026-11-21T07:50:00Z", early, True)]:
            with self.subTest((first, signed, now)):
                self.seen(first, signed)
                self.assertEqual("zlib1g" in self.waits("--all", now=now), waits)

    def test_what_was_seen_and_is_broken_is_no_long_ago(self):
        self.machine()
        path = os.path.join(self.root.home, "state", "versions")
        with open(path, "r+", encoding="utf-8") as file:
            file.truncate(100)
        self.assertIn("versions: is cut short", self.screen("--all", check=1).stderr)
        os.chmod(path, 0o666)
        self.assertIn("versions", self.screen("--all", check=1).stderr)

    def test_the_policy_says_how_long(self):
        self.machine()
        self.seen("2026-11-20T00:00:00Z", "2026-11-21T07:50:00Z")
        policy = self.root.write("policy.yaml", "name: own\nversion: 1\nprofiles: [seed-cvss]\ndecide: {minimum age: 24 hours}\n")
        self.assertEqual(self.waits("--all"), {"zlib1g": ("soak", "2026-11-27T00:00:00Z")})
        self.assertEqual(self.waits("--all", "--policy", policy), {})

    def test_what_a_fix_needs_comes_in_its_lane_and_what_is_no_fix_waits_with_what_it_needs(self):
        self.root.install("expat", "2.5.0-1+deb12u1", binaries=["libexpat1"])
        self.root.install("app", "1")
        self.root.install("libapp", "1")
        self.root.archive("bookworm", [("libapp", "2", "libapp", 10), ("app", "2", "app", 10, "Depends: libapp (>= 2)\n"),
                                       ("libdep", "2", "libdep", 10)])
        self.root.archive("bookworm-security", [("libexpat1", "2.5.0-1+deb12u5", "expat", 10, "Depends: libdep\n")], label="Debian-Security")
        self.feed(tracker(expat="2.5.0-1+deb12u5"))
        self.root.seen = [row for row in self.root.seen if row[0] not in ("libapp", "libdep")]
        self.root.write_seen()
        self.assertEqual(self.lanes("--all"), {"libexpat1": "security", "libdep": "security"})
        self.assertEqual(self.waits("--all"), {"app": ("soak", "2026-11-28T07:50:00Z"), "libapp": ("soak", "2026-11-28T07:50:00Z")})
        self.assertEqual(self.left("app")["app"], ("soak", "it needs libapp, which was first seen here too short ago"))

    def new_ones(self, *arguments):
        return {c["name"]: (c.get("new_package", False), c.get("follows")) for c in self.plan(*arguments)["changes"] if c["kind"] == "new"}

    def test_what_is_new_is_expected_from_a_source_and_publisher_that_are_here(self):
        self.root.install("linux-signed", "6.1.40-1", binaries=["linux-image-6.1.0-40-amd64"])
        self.root.install("linux-signed", "6.1+1", binaries=["linux-image-amd64"])
        self.root.install("app", "1")
        self.root.archive("bookworm", [("linux-image-6.1.0-40-amd64", "6.1.40-1", "linux-signed", 10),
                                       ("app", "2", "app", 10, "Depends: libapp2, libother\n"), ("libapp2", "2", "app", 10), ("libother", "2", "other", 10)])
        self.root.archive("bookworm-security", [("linux-image-6.1.0-41-amd64", "6.1.41-1", "linux-signed", 10),
                                                ("linux-image-amd64", "6.1+2", "linux-signed", 10, "Depends: linux-image-6.1.0-41-amd64\n")],
                          label="Debian-Security")
        self.assertEqual(self.new_ones("--all"), {"linux-image-6.1.0-41-amd64": (False, "linux-image-6.1.0-40-amd64"),
                                                  "libapp2": (False, None), "libother": (True, None)})
        policy = self.root.write("policy.yaml", 'name: own\nversion: 1\nprofiles: [seed-cvss]\nunattended: {new packages: ["libo*"]}\n')
        self.assertEqual(self.new_ones("--all", "--policy", policy)["libother"], (False, None))
        self.root.archive("other", [("app", "3", "app", 10, "Depends: libapp3\n"), ("libapp3", "3", "app", 10)], origin="Somebody")
        self.assertEqual(self.new_ones("app"), {"libapp3": (True, None)})     # the source's name alone says nothing: who publishes it

    def test_scopes(self):
        self.machine()
        self.assertEqual(set(self.changes("--security")), {"libexpat1", "libexpat1-dev"})
        self.assertEqual(set(self.changes("--all")), {"libexpat1", "libexpat1-dev", "zlib1g"})
        self.assertEqual(set(self.changes("zlib1g")), {"zlib1g"})
        self.assertEqual(set(self.changes("expat")), {"libexpat1", "libexpat1-dev"})
        self.assertEqual(self.left("zlib1g"), {})
        self.assertEqual(self.left("--all"), {"held": ("held", "it is held (apt-mark unhold releases it)")})
        self.assertIn("nonesuch is not installed here", self.screen("nonesuch", check=1).stderr)
        self.assertIn("exclude each other", self.screen("zlib1g", "--all", check=2).stderr)

    def test_what_is_needed_is_taken_along_and_said(self):
        self.machine()
        self.assertEqual(self.changes("libexpat1"), {"libexpat1": ("upgrade", "named", None, 0),
                                                     "libexpat1-dev": ("upgrade", "needed", "libexpat1", 0)})

    def test_a_new_package_where_it_cannot_be_avoided(self):
        self.root.install("app", "1")
        self.root.archive("bookworm", [("app", "2", "app", 10, "Depends: virtual, libnew (>= 2)\n"), ("libnew", "2", "libnew", 10),
                                       ("thing", "1", "thing", 10, "Provides: virtual\n")])
        self.assertEqual(self.changes("--all"), {"app": ("upgrade", "named", None, 2), "libnew": ("new", "needed", "app", 0),
                                                 "thing": ("new", "needed", "app", 1)})
        self.assertIn("libnew 2 (new)", self.screen("--all").stdout)

    def test_what_cannot_be_had_is_left_in_words_and_the_rest_is_planned(self):
        self.root.install("app", "1")
        self.root.install("other", "1")
        self.root.archive("bookworm", [("app", "2", "app", 10, "Depends: gone (>= 2)\n"), ("other", "2", "other", 10)])
        self.assertEqual(set(self.changes("--all")), {"other"})
        self.assertEqual(self.left("--all"), {"app": ("unsolvable", "app 2 needs gone (>= 2), which no archive here offers")})
        self.assertIn("app 2 needs gone (>= 2), which no archive here offers", self.screen("--all").stdout)

    def test_nothing_is_installed_from_a_list_that_is_past_its_date(self):
        self.root.install("app", "1")
        self.root.archive("bookworm", [("app", "2", "app", 10)], valid_until="Fri, 20 Nov 2026 12:00:00 UTC")
        self.assertEqual(self.changes("--all"), {})
        self.assertEqual(self.left("--all"), {"app": ("stale", "its archive's list is past its date: run apt update")})

    def test_a_pin_is_respected_and_said(self):
        self.root.install("app", "1")
        self.root.archive("bookworm", [("app", "2", "app", 10)])
        self.root.write("etc/apt/preferences.d/pin", "Package: app\nPin: version 1\nPin-Priority: 1001\n")
        self.assertEqual(self.changes("--all"), {})
        self.assertEqual(self.left("--all"), {"app": ("held", "a pin of apt's preferences keeps it")})

    def test_essential_takes_what_it_needs_of_the_postponed(self):
        self.root.install("app", "1")
        self.root.install("lib", "1")
        self.root.install("far", "1")
        self.root.archive("bookworm-security", [("app", "2", "app", 10, "Depends: lib (>= 2)\n")], label="Debian-Security")
        self.root.archive("bookworm", [("lib", "2", "lib", 10), ("far", "2", "far", 10)])
        self.feed(tracker(app="2"))
        kev = {"title": "CISA Catalog of Known Exploited Vulnerabilities", "catalogVersion": "2026.11.20", "count": 1,
               "dateReleased": "2026-11-20T10:00:00.0000Z",
               "vulnerabilities": [{"cveID": "CVE-2026-1000", "vendorProject": "x", "product": "app", "vulnerabilityName": "x",
                                    "dateAdded": "2026-11-02", "shortDescription": "x", "requiredAction": "x", "dueDate": "2026-11-23",
                                    "knownRansomwareCampaignUse": "Unknown", "notes": "", "cwes": []}]}
        self.feed(kev, "kev.json")
        self.assertEqual(self.changes("--level", "essential"), {"app": ("upgrade", "due", None, 1),
                                                                "lib": ("upgrade", "prerequisite", "app", 0)})
        self.assertEqual(self.left("--level", "essential")["far"][0], "postponed")
        self.assertEqual(self.left("--level", "essential", "--all")["far"][0], "postponed")
        self.assertIn("postponed, and yet needed · needed by app", self.screen("--level", "essential").stdout)

    def test_screen(self):
        self.machine()
        screen = self.screen("--all").stdout
        self.assertIn("3 packages change: closes 1 CVE. Fetch 0.3 MB (no delta source is configured)", " ".join(screen.split()))
        self.assertIn("In 2 groups; between two of them it can be stopped. Nothing was changed.", screen)
        self.assertIn("NOTHING IS TO BE CHANGED", self.screen().stdout)

    def test_lists_may_be_packed(self):
        self.machine()
        expected = self.plan("--all")["id"]
        lists = self.root.path("var/lib/apt/lists")
        for packer, ending in ((gzip, ".gz"), (lzma, ".xz")):
            for name in [name for name in os.listdir(lists) if name.endswith("_Packages")]:
                with open(os.path.join(lists, name), "rb") as plain, packer.open(os.path.join(lists, name + ending), "wb") as packed:
                    packed.write(plain.read())
                os.rename(os.path.join(lists, name), os.path.join(self.root.folder, name))
            self.assertEqual(self.plan("--all")["id"], expected, ending)
            for name in os.listdir(lists):
                if name.endswith("_Packages" + ending):
                    os.remove(os.path.join(lists, name))
                    os.rename(os.path.join(self.root.folder, name[:-len(ending)]), os.path.join(lists, name[:-len(ending)]))

    def test_a_list_that_was_changed_offers_nothing(self):
        self.machine()
        listed = self.root.path("var/lib/apt/lists/mirror.example_debian_dists_bookworm-security_main_binary-amd64_Packages")
        with open(listed, "rb") as file:
            content = file.read()
        with open(listed, "wb") as file:
            file.write(content.replace(b"SHA256: 0", b"SHA256: 1"))
        self.assertEqual(set(self.changes("--all")), {"zlib1g"})

    def test_nothing_to_plan_with(self):
        self.root.install("app", "1")
        self.assertIn("nothing to plan with", self.screen(check=4).stderr)

    def test_what_an_archive_may_not_own_is_left_and_stands_before_nothing(self):
        """Somebody else's archive has a newer libexpat1: the distribution's own update is planned all the same."""
        self.machine()
        self.root.install("clean", "1.0")
        stranger = self.root.make_key("Stranger <stranger@example.org>", "stranger")
        self.root.archive("stable", [("libexpat1", "9", "expat", 10), ("clean", "1.1", "clean", 10), ("zlib1g", "1:9", "zlib", 10)],
                          label="Else", origin="Else", key="stranger", signer=stranger, uri="http://else.example/debian")
        self.assertEqual({c["name"]: c["to"] for c in self.plan("--all")["changes"]}["zlib1g"], "1:9")  # nobody is described yet
        folder = os.path.join(self.root.home, "config")
        os.makedirs(folder)
        with open(os.path.join(folder, "publishers.yaml"), "w", encoding="utf-8") as file:
            file.write("publishers:\n  - name: example\n    title: Example\n    packages: ['*']\n    suites:\n" + "".join(
                f"      - codename: {suite}\n        origin: Debian\n        label: {label}\n        signed by: [{self.root.fingerprint}]\n"
                "        needed: 1\n" for suite, label in (("bookworm", "Debian"), ("bookworm-security", "Debian-Security"))))
        changed = {c["name"]: c["to"] for c in self.plan("--all")["changes"]}
        self.assertEqual((changed["libexpat1"], changed["clean"], changed["zlib1g"]), ("2.5.0-1+deb12u5", "1.1", "1:1.2.14"))
        self.root.packages[0] = self.root.packages[0].replace("2.5.0-1+deb12u1", "2.5.0-1+deb12u5")
        self.root.install("last", "1")
        self.assertEqual(self.left("--all")["libexpat1"], ("scope", "Example owns libexpat1, an unknown publisher may not"))

    def test_a_plan_changes_nothing(self):
        self.machine()
        def all_files():
            return sorted((folder, name) for folder, _, names in os.walk(self.root.folder) for name in names)
        before = all_files()
        self.screen("--all")
        self.assertEqual(all_files(), before)


if __name__ == "__main__":
    unittest.main()
