#!/usr/bin/env python3
"""How advisory data gets onto a machine: the program, its helpers, a web server and a state folder, all real.

SUTURE is the program, SUTURE_GOLDEN the folder of golden files. Nothing outside a temporary folder is touched."""
import fcntl
import gzip
import hashlib
import io
import json
import lzma
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
import zipfile

import feed_server

SUTURE = os.environ["SUTURE"]
GOLDEN = os.environ["SUTURE_GOLDEN"]
NOW = "2026-11-21T07:50:00Z"

# A good document of each feed. Those of a feed are told apart by their name.
GOOD = {
    "kev": "feed_kev/catalogue.json",
    "nvd": "feed_nvd/page.json",
    "cve5": "feed_cve5/CVE-2026-4001.json",
    "osv": "feed_osv/almalinux_streams.json",
    "debian-tracker": "feed_debian_tracker/states.json",
    "epss": "feed_epss/scores.csv",
    "debian-list": "feed_debian_list/dsa.list",
    "debian-support": "feed_debian_support/security-support-ended.deb12",
    "distro-info": "feed_distro_info/debian.csv",
}
JSON_FEEDS = {"kev", "nvd", "cve5", "osv", "debian-tracker"}


def golden(name):
    return os.path.join(GOLDEN, name)


def read(path, mode="rb"):
    with open(path, mode) as file:
        return file.read()


def digest(path):
    return hashlib.sha256(read(path)).hexdigest()


class Machine(unittest.TestCase):
    """A state folder, a web server and settings that know only it."""

    def setUp(self):
        # In memory where that is possible: a disk would be waited for a thousand times.
        self.root = tempfile.mkdtemp(prefix="suture-test-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
        self.addCleanup(shutil.rmtree, self.root)
        self.state = os.path.join(self.root, "state")
        self.web = os.path.join(self.root, "web")
        os.mkdir(self.web)
        feed_server.Handler.seen.clear()
        feed_server.Handler.counts.clear()
        self.port = feed_server.start(self.web)

    def suture(self, *words, now=NOW, status=0, **environment):
        """Runs it; returns what it wrote. What it says on standard error must be one line, or nothing."""
        if words[0] == "feed" and now and words[1] != "--help":
            words += ("--now", now)
        result = subprocess.run([SUTURE, *words], capture_output=True, timeout=100,
                                env={"PATH": "/usr/bin:/bin", "SUTURE_STATE": self.state, **environment})
        errors = result.stderr.decode()
        self.assertEqual(result.returncode, status, f"{words}: {errors}{result.stdout.decode()}")
        self.assertEqual(errors.count("\n"), 1 if status else 0, f"{words}: {errors}")
        self.errors = errors
        return result.stdout.decode()

    def settings(self, **urls):
        """Feeds come from the server where a name is given, others are switched off."""
        lines = ["feeds:"]
        for feed in GOOD:
            lines.append(f"  - name: {feed}")
            url = urls.get(feed.replace("-", "_"))
            if url and not url.startswith(("file:", "http:")):
                url = f"http://127.0.0.1:{self.port}/{url}"
            lines.append(f"    url: {url}" if url else "    disabled: yes")
        path = os.path.join(self.root, "feeds.yaml")
        with open(path, "w") as file:
            file.write("\n".join(lines) + "\n")
        return path

    def publish(self, name, content):
        path = os.path.join(self.web, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else read(golden(content)))
        return path

    def update(self, settings, *words, **how):
        output = self.suture("feed", "update", "--settings", settings, "--format", "json", *words, **how)
        documents = json.loads(output)["documents"] if output else []
        return {(d["feed"], d["document"]): d for d in documents}

    def list(self, **how):
        listed = json.loads(self.suture("feed", "list", "--format", "json", **how))
        return {feed["feed"]: feed for feed in listed["feeds"]}

    def snapshot(self):
        """Every file of the state with its digest, but the spool: what must not change."""
        found = {}
        for folder, _, names in os.walk(self.state):
            if not folder.startswith(os.path.join(self.state, "spool")):
                for name in names:
                    path = os.path.join(folder, name)
                    found[path] = os.readlink(path) if os.path.islink(path) else digest(path)
        found.pop(os.path.join(self.state, "lock"), None)
        return found

    def current(self, name):
        return os.path.join(self.state, "current", name)


class Update(Machine):
    def test_new_unchanged_changed(self):
        self.publish("kev.json", GOOD["kev"])
        self.publish("tracker.json.gz", gzip.compress(read(golden(GOOD["debian-tracker"]))))
        settings = self.settings(kev="kev.json", debian_tracker="tracker.json.gz")
        done = self.update(settings, "--release", "debian-12")
        self.assertEqual([d["outcome"] for d in done.values()], ["updated", "updated"])
        self.assertEqual(done["kev", None]["records"], 3)
        listed = self.list()
        self.assertEqual(listed["kev"]["state"], "fresh")
        self.assertEqual(listed["kev"]["generated"], "2026-11-20T17:04:19.979600Z")
        self.assertEqual(listed["kev"]["source"], f"http://127.0.0.1:{self.port}/kev.json")
        self.assertEqual(listed["nvd"]["state"], "absent")
        self.assertEqual(listed["nvd"]["why"], "is switched off by feeds.yaml")
        self.assertTrue(os.path.getsize(self.current("index/debian-12.index")))
        self.assertTrue(os.path.getsize(self.current("facts")))
        index = read(self.current("index/debian-12.index"))

        done = self.update(settings, now="2026-11-21T09:00:00Z")
        self.assertEqual([d["outcome"] for d in done.values()], ["unchanged", "unchanged"])
        self.assertIn("If-None-Match", feed_server.Handler.seen["/kev.json"][1])
        self.assertEqual(self.list()["kev"]["checked"], "2026-11-21T09:00:00Z")
        self.assertEqual(self.list()["kev"]["fetched"], NOW)
        self.assertEqual(read(self.current("index/debian-12.index")), index)

        newer = json.loads(read(golden(GOOD["kev"])))
        newer["dateReleased"] = "2026-11-21T01:00:00Z"
        self.publish("kev.json", json.dumps(newer).encode())
        done = self.update(settings)
        self.assertEqual(done["kev", None]["outcome"], "updated")
        self.assertEqual(done["debian-tracker", None]["outcome"], "unchanged")

    def test_many_documents_of_one_feed(self):
        for part in "DSA", "DLA":
            self.publish(f"data/{part}/list", GOOD["debian-list"])
        for year in range(2002, 2026):
            self.publish(f"nvd-{year}.json.gz", gzip.compress(read(golden(GOOD["nvd"]))))
        settings = self.settings(debian_list="data/{part}/list", nvd="nvd-{year}.json.gz")
        done = self.update(settings)
        self.assertEqual(done["debian-list", "DSA"]["outcome"], "updated")
        self.assertEqual(done["debian-list", "DLA"]["outcome"], "updated")
        self.assertEqual(done["nvd", "2002"]["outcome"], "updated")
        # In January the year's document may not be there yet: no failure, and nothing is missed.
        self.assertEqual(done["nvd", "2026"]["outcome"], "not yet")
        self.assertEqual(len(done), 2 + 25)
        self.assertEqual(self.list()["nvd"]["source"], "24 documents")
        self.assertIsNone(self.list()["nvd"]["why"])

    def test_one_of_many_fails(self):
        self.publish("data/DSA/list", GOOD["debian-list"])
        done = self.update(self.settings(debian_list="data/{part}/list"))
        self.assertEqual(done["debian-list", "DSA"]["outcome"], "updated")
        self.assertEqual(done["debian-list", "DLA"]["problem"],
                         f"http://127.0.0.1:{self.port}/data/DLA/list: the server answers 404")
        self.assertIn("the server answers 404", self.list()["debian-list"]["why"])

    def test_without_network(self):
        self.publish("kev.json", GOOD["kev"])
        settings = self.settings(kev="kev.json")
        self.update(settings)
        before = read(self.current("feeds/kev"))
        with open(settings) as file:
            text = file.read().replace(f":{self.port}/", ":1/")
        with open(settings, "w") as file:
            file.write(text)
        output = self.suture("feed", "update", "--settings", settings, status=1)
        self.assertIn(" failed     kev               http://127.0.0.1:1/kev.json: ", output)
        self.assertEqual(self.errors, "suture: nothing came over the network; what is held stays in use "
                                      "(suture feed list)\n")
        self.assertEqual(read(self.current("feeds/kev")), before)
        kev = self.list(now="2026-12-21T07:50:00Z")["kev"]
        self.assertEqual(kev["state"], "stale")
        self.assertTrue(kev["why"].startswith("30 days old (fresh up to 7 days); http://127.0.0.1:1/kev.json: "))

    def test_nothing_was_ever_fetched(self):
        listed = self.list()
        self.assertEqual({feed["state"] for feed in listed.values()}, {"absent"})
        self.assertFalse(os.path.exists(self.state), "looking makes nothing")
        self.update(self.settings(kev="kev.json"), status=1)
        self.assertEqual(self.list()["kev"]["state"], "absent")
        self.assertIn("the server answers 404", self.list()["kev"]["why"])

    def test_many_that_cannot_be_reached_are_not_all_waited_for(self):
        done = self.update(self.settings(nvd="status/503?{year}"), status=1)
        self.assertEqual(len(done), 25)
        asked = [path for path in feed_server.Handler.seen if path.startswith("/status/503")]
        self.assertEqual(len(asked), 2)

    def test_captive_portal(self):
        self.publish("kev.json", GOOD["kev"])
        settings = self.settings(kev="kev.json")
        self.update(settings)
        before = self.snapshot()
        self.publish("kev.json", b"<html><body>Welcome to the hotel. Please accept our terms.</body></html>")
        done = self.update(settings, status=1)
        self.assertIn("kev.json: kev: ", done["kev", None]["problem"])
        self.assertEqual(digest(self.current("feeds/kev")),
                         before[os.path.join(self.state, "generations/1/feeds/kev")])
        self.assertEqual(self.list()["kev"]["state"], "fresh")

    def test_local_files_need_no_network(self):
        settings = self.settings(distro_info="file://" + golden(GOOD["distro-info"]),
                                 debian_tracker="file://" + golden(GOOD["debian-tracker"]))
        done = self.update(settings)
        self.assertEqual({d["outcome"] for d in done.values()}, {"updated"})
        self.assertEqual({d["outcome"] for d in self.update(settings).values()}, {"unchanged"})

    def test_releases_are_remembered(self):
        self.publish("tracker.json", GOOD["debian-tracker"])
        settings = self.settings(debian_tracker="tracker.json")
        self.update(settings, "--release", "debian-11")
        self.assertTrue(os.path.exists(self.current("index/debian-11.index")))
        self.update(settings)
        self.assertTrue(os.path.exists(self.current("index/debian-11.index")))
        self.suture("feed", "update", "--settings", settings, "--release", "../x", status=1)
        self.assertEqual(self.errors, 'suture: --release: "../x" is no release such as debian-12\n')

    def test_switched_off_feed_goes(self):
        self.publish("kev.json", GOOD["kev"])
        self.update(self.settings(kev="kev.json"))
        self.publish("epss.csv", GOOD["epss"])
        self.update(self.settings(epss="epss.csv"))
        self.assertEqual(self.list()["kev"]["state"], "absent")
        self.assertEqual(self.list()["kev"]["why"], "is switched off by feeds.yaml")
        self.assertFalse(os.path.exists(self.current("feeds/kev")))

    def test_state_of_others_is_refused(self):
        os.mkdir(self.state)
        os.chmod(self.state, 0o777)
        self.update(self.settings(kev="kev.json"), status=1)
        self.assertEqual(self.errors, f"suture: {self.state}: others may write to it; chmod 700 it, or remove it\n")

    def test_two_at_once(self):
        self.publish("kev.json", GOOD["kev"])
        settings = self.settings(kev="kev.json")
        self.update(settings)
        with open(os.path.join(self.state, "lock"), "r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.update(settings, status=1)
            self.assertIn("/lock: held by process ", self.errors)
            self.assertEqual(self.list()["kev"]["state"], "fresh", "readers need no lock")
        self.update(settings)


class Refused(Machine):
    """Documents that are well-formed and yet not believed."""

    def setUp(self):
        super().setUp()
        self.catalogue = json.loads(read(golden(GOOD["kev"])))
        rows = self.catalogue["vulnerabilities"]
        self.catalogue["vulnerabilities"] = [dict(rows[0], cveID=f"CVE-2026-{5000 + i}") for i in range(20)]
        self.catalogue["count"] = 20
        self.settings_path = self.settings(kev="kev.json")
        self.put(self.catalogue)
        self.update(self.settings_path)
        self.before = self.snapshot()

    def put(self, catalogue, **changes):
        content = json.dumps({**catalogue, **changes}).encode()
        return self.publish("kev.json", content)

    def refused(self, words):
        done = self.update(self.settings_path, status=1)
        self.assertIn(words, done["kev", None]["problem"])
        self.assertEqual(self.list()["kev"]["records"], 20)
        self.assertIn(words, self.list()["kev"]["why"])
        self.assertEqual(digest(self.current("feeds/kev")),
                         self.before[os.path.join(self.state, "generations/1/feeds/kev")])

    def test_older(self):
        self.put(self.catalogue, dateReleased="2026-11-19T00:00:00Z")
        self.refused("is of 2026-11-19, older than the one that is held, of 2026-11-20")

    def test_of_the_future(self):
        self.put(self.catalogue, dateReleased="2026-12-24T00:00:00Z")
        self.refused("says that it is of 2026-12-24, here it is 2026-11-21: is this clock right?")

    def test_smaller(self):
        path = self.put(self.catalogue, vulnerabilities=self.catalogue["vulnerabilities"][:13], count=13)
        self.refused("has 13 records, the one that is held 20: more than 30 % are lost "
                     "(suture feed import --accept-smaller takes it)")
        self.suture("feed", "import", path, status=1)
        self.suture("feed", "import", path, "--accept-smaller")
        self.assertEqual(self.list()["kev"]["records"], 13)

    def test_a_little_smaller(self):
        self.put(self.catalogue, vulnerabilities=self.catalogue["vulnerabilities"][:14], count=14)
        self.assertEqual(self.update(self.settings_path)["kev", None]["outcome"], "updated")


class Import(Machine):
    def write(self, name, content):
        path = os.path.join(self.root, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def test_each_is_recognised(self):
        for feed, name in GOOD.items():
            with self.subTest(feed=feed):
                self.suture("feed", "import", golden(name))
                self.assertGreater(self.list()[feed]["records"], 0)

    def test_packed(self):
        content = read(golden(GOOD["kev"]))
        zstd = subprocess.run(["zstd", "-qc"], input=content, capture_output=True, check=True).stdout
        for name, packed in ("a.gz", gzip.compress(content)), ("a.xz", lzma.compress(content)), ("a.zst", zstd):
            with self.subTest(name=name):
                self.suture("feed", "import", self.write(name, packed))
                self.assertEqual(self.list()["kev"]["records"], 3)

    def test_archive_and_folder(self):
        folder = os.path.join(self.root, "osv", "below")
        os.makedirs(folder)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for name in "almalinux_streams", "almalinux_module":
                content = read(golden(f"feed_osv/{name}.json"))
                archive.writestr(name + ".json", content)
                with open(os.path.join(folder, name + ".json"), "wb") as file:
                    file.write(content)
            archive.writestr("README", "not a record")
        with open(os.path.join(folder, "README"), "w") as file:
            file.write("not a record")
        os.symlink("/etc/passwd", os.path.join(folder, "link.json"))
        self.suture("feed", "import", self.write("all.zip", packed.getvalue()), "--release", "almalinux-8")
        self.assertEqual(self.list()["osv"]["records"], 2)
        self.assertTrue(os.path.exists(self.current("index/almalinux-8.index")))
        by_zip = read(self.current("index/almalinux-8.index"))
        shutil.rmtree(self.state)
        self.suture("feed", "import", os.path.join(self.root, "osv"), "--release", "almalinux-8")
        self.assertEqual(read(self.current("index/almalinux-8.index")), by_zip)
        self.assertEqual(os.listdir(os.path.join(self.state, "spool")), [])

    def test_one_bad_file_changes_nothing(self):
        self.suture("feed", "import", golden(GOOD["kev"]))
        before = self.snapshot()
        bad = golden("feed_epss/bad/truncated.csv")
        self.suture("feed", "import", golden(GOOD["debian-tracker"]), bad, golden(GOOD["nvd"]), status=1)
        self.assertIn(bad, self.errors)
        self.assertEqual(self.snapshot(), before)

    def test_not_there_or_not_known(self):
        missing = os.path.join(self.root, "missing.json")
        self.suture("feed", "import", missing, status=1)
        self.assertEqual(self.errors, f"suture: {missing}: No such file or directory\n")
        unknown = self.write("hello.txt", b"hello\n")
        self.suture("feed", "import", unknown, status=1)
        self.assertEqual(self.errors, f"suture: {unknown}: is no document of a feed that is known here; "
                                      "say which with --feed\n")
        self.suture("feed", "import", unknown, "--feed", "kevv", status=1)
        self.assertIn('--feed: there is no "kevv"; there is: kev, nvd', self.errors)
        empty = os.path.join(self.root, "empty")
        os.mkdir(empty)
        self.suture("feed", "import", empty, status=1)
        self.assertEqual(self.errors, f"suture: {empty}: no file in it ends with .json or .csv\n")
        self.suture("feed", "import", self.write("good.json", read(golden(GOOD["kev"]))), "/dev/zero", status=1)
        self.assertEqual(self.errors, "suture: /dev/zero: is not a file\n")


class BadInput(Machine):
    """Whatever is wrong with a file of any feed: one line with file and place, exit 1, and nothing changes."""

    def setUp(self):
        super().setUp()
        self.suture("feed", "import", *(golden(name) for name in GOOD.values()))

    def refused(self, feed, path, words=""):
        before = self.snapshot()
        self.suture("feed", "import", "--feed", feed, path, status=1)
        self.assertTrue(self.errors.startswith(f"suture: {path}: "), self.errors)
        self.assertIn(words, self.errors)
        self.assertEqual(self.snapshot(), before)

    def test_golden_bad_files(self):
        """All broken files of all feeds, with the error that stands beside each."""
        count = 0
        for feed, name in GOOD.items():
            folder = golden(os.path.join(os.path.dirname(name), "bad"))
            for bad in sorted(os.listdir(folder)):
                stem = os.path.join(folder, os.path.splitext(bad)[0])
                if bad.endswith(".error") or not os.path.exists(stem + ".error"):
                    continue
                with self.subTest(file=bad, feed=feed):
                    kind, _, text = read(stem + ".error", "r").strip().partition(": ")
                    self.refused(feed, os.path.join(folder, bad), text[-60:])
                    count += 1
        self.assertGreater(count, 100)

    def made(self, feed, what, content):
        path = os.path.join(self.root, f"{feed}-{what}")
        with open(path, "wb") as file:
            file.write(content)
        return path

    def test_made_bad_files(self):
        portal = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>\n"
        bombs = {"bomb": gzip.compress(bytes(300 << 20), 9), "xz-bomb": lzma.compress(bytes(300 << 20), preset=0)}
        for feed, name in GOOD.items():
            good = read(golden(name))
            made = {
                "empty": b"",
                "portal": portal,
                "zeros": bytes(5000),
                "utf-16": good.decode().encode("utf-16"),
                "not-utf-8": good[:len(good) // 2] + b"\xff\xfe" + good[len(good) // 2:],
                "half-gzip": gzip.compress(good)[:-9],
                "wrong-crc": gzip.compress(good)[:-8] + b"\0\0\0\0" + gzip.compress(good)[-4:],
                "rubbish-behind-gzip": gzip.compress(good) + b"rubbish",
                "half-xz": lzma.compress(good)[:-20],
                "not-a-zip": b"PK\x03\x04" + good,
                **bombs,
            }
            if feed in JSON_FEEDS:
                made |= {
                    "truncated": good.rstrip()[:-20],
                    "deep": b"[" * 100000,
                    "deep-objects": b'{"a":' * 100000 + b"1" + b"}" * 100000,
                    "twice": good.rstrip()[:-1].rstrip() + b"," + good.lstrip()[1:],
                    "array": b"[]",
                    "number": b"12",
                    "long-number": b"1" * 1000000,
                    "rubbish-behind": good + b"{}",
                }
            for what, content in made.items():
                with self.subTest(feed=feed, what=what):
                    self.refused(feed, self.made(feed, what, content))

    def test_too_large(self):
        path = os.path.join(self.root, "large.json")
        with open(path, "wb") as file:
            file.truncate(600 << 20)
        self.refused("kev", path)

    def test_archive_of_bad_members(self):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("good.json", read(golden("feed_osv/alpine.json")))
            archive.writestr("../../etc/passwd.json", b"{")
        self.refused("osv", self.made("osv", "members.zip", packed.getvalue()), "../../etc/passwd.json: ")
        self.refused("osv", self.made("osv", "cut.zip", packed.getvalue()[:-30]))
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("bomb.json", bytes(300 << 20))
        self.refused("osv", self.made("osv", "bomb.zip", packed.getvalue()))

    def test_by_update(self):
        """The same over the network: what is held stays, and the reason stands in the list."""
        self.publish("kev.json", GOOD["kev"])
        settings = self.settings(kev="kev.json")
        self.update(settings)
        held = read(self.current("feeds/kev"))
        for bad in sorted(os.listdir(golden("feed_kev/bad"))):
            if bad.endswith(".json"):
                with self.subTest(file=bad):
                    self.publish("kev.json", f"feed_kev/bad/{bad}")
                    done = self.update(settings, status=1)
                    self.assertEqual(done["kev", None]["outcome"], "failed")
                    self.assertEqual(self.list()["kev"]["why"], done["kev", None]["problem"])
                    self.assertEqual(read(self.current("feeds/kev")), held)
        self.publish("kev.json", GOOD["kev"])
        self.update(settings)
        self.assertIsNone(self.list()["kev"]["why"])


class Damaged(Machine):
    """A state folder that something happened to."""

    def setUp(self):
        super().setUp()
        self.publish("kev.json", GOOD["kev"])
        self.settings_path = self.settings(kev="kev.json")
        self.update(self.settings_path)

    def test_manifest_broken(self):
        with open(self.current("manifest"), "w") as file:
            file.write("Format: 1\n\nSize: x\n")
        self.suture("feed", "list", status=1)
        self.assertIn("manifest: line 3: Size: ", self.errors)
        self.assertEqual(self.update(self.settings_path)["kev", None]["outcome"], "updated")
        self.assertEqual(self.list()["kev"]["state"], "fresh")

    def test_statements_broken(self):
        with open(self.current("feeds/kev"), "r+b") as file:
            file.truncate(30)
        self.assertEqual(self.update(self.settings_path)["kev", None]["outcome"], "updated")

    def test_statements_broken_and_source_down(self):
        """What cannot be read any more is told, costs nothing else, and comes anew."""
        self.publish("epss.csv", GOOD["epss"])
        with open(self.current("feeds/kev"), "r+b") as file:
            file.seek(-20, os.SEEK_END)
            file.write(b"x" * 20)
        done = self.update(self.settings(kev="status/503", epss="epss.csv"))
        self.assertEqual([d["outcome"] for d in done.values()], ["failed", "updated"])
        self.assertEqual(self.list()["kev"]["state"], "absent")
        self.assertIn("what was held cannot be read any more: ", self.list()["kev"]["why"])
        self.assertEqual(self.list()["epss"]["state"], "fresh")
        self.assertEqual(self.update(self.settings(kev="kev.json"))["kev", None]["outcome"], "updated")
        self.assertEqual(self.list()["kev"]["state"], "fresh")

    def test_facts_broken(self):
        with open(self.current("facts"), "r+b") as file:
            file.truncate(30)
        self.assertEqual(self.update(self.settings_path)["kev", None]["outcome"], "unchanged")
        self.assertGreater(os.path.getsize(self.current("facts")), 30)

    def test_newer_format(self):
        with open(os.path.join(self.state, "format"), "w") as file:
            file.write("suture-state 2\n")
        self.update(self.settings_path, status=1)
        self.assertIn('format: "suture-state 2", which this version of Suture does not know', self.errors)


class Killed(Machine):
    def test_killed_while_fetching(self):
        """The former data stays in use, the fetching process goes with its parent, and the next run works."""
        self.publish("kev.json", GOOD["kev"])
        good = self.settings(kev="kev.json")
        self.update(good)
        before = self.snapshot()
        asked, left = threading.Event(), threading.Event()

        def path_hang(handler):
            asked.set()
            handler.connection.recv(1)
            left.set()

        feed_server.Handler.path_hang = path_hang
        slow = self.settings(kev="hang")
        running = subprocess.Popen([SUTURE, "feed", "update", "--settings", slow, "--now", NOW],
                                   env={"SUTURE_STATE": self.state}, stdout=subprocess.DEVNULL)
        self.assertTrue(asked.wait(30))
        running.send_signal(signal.SIGKILL)
        running.wait()
        self.assertTrue(left.wait(30), "suture-fetch outlives its parent")
        self.assertEqual(self.list()["kev"]["state"], "fresh")
        for path, content in before.items():
            self.assertEqual(os.readlink(path) if os.path.islink(path) else digest(path), content)
        self.assertEqual(len(os.listdir(os.path.join(self.state, "generations"))), 2, "one is half made")
        self.assertEqual(self.update(self.settings(kev="kev.json"))["kev", None]["outcome"], "unchanged")
        self.assertEqual(len(os.listdir(os.path.join(self.state, "generations"))), 2)


class Index(Machine):
    """Indexes from files, without any state."""

    def setUp(self):
        super().setUp()
        self.index = os.path.join(self.root, "debian-12.index")
        self.tracker = golden(GOOD["debian-tracker"])

    def build(self, *words, **how):
        return self.suture("index", "build", "--release", "debian-12", "--out", self.index, *words, **how)

    def test_build_show_stat(self):
        self.assertEqual(self.build(self.tracker, golden(GOOD["kev"]), golden(GOOD["debian-list"])),
                         f"{self.index}: {os.path.getsize(self.index)} bytes\n")
        first = read(self.index)
        self.build(golden(GOOD["debian-list"]), golden(GOOD["kev"]), self.tracker)
        self.assertEqual(read(self.index), first, "the order of the files does not matter")
        self.assertFalse(os.path.exists(self.state))
        stat = json.loads(self.suture("index", "stat", "--index", self.index, "--format", "json"))
        self.assertEqual(stat["release"], "debian-12")
        self.assertEqual(stat["bytes"], len(first))
        self.assertEqual({feed["feed"] for feed in stat["feeds"]}, {"debian-tracker", "debian-list"})
        lines = self.suture("index", "show", "--index", self.index).splitlines()
        names = {line.split()[0] for line in lines[1:]} - {"feed", "support"}
        self.assertEqual(len(names), stat["packages"] + stat["kernels"])
        for name in names:
            shown = self.suture("index", "show", name, "--index", self.index).splitlines()
            self.assertEqual(shown, [line for line in lines if line.startswith(name + " ")])
        self.suture("index", "show", "nobody", "--index", self.index, status=1)
        self.assertTrue(self.errors.startswith("suture: nobody: nothing is said of this source package"))

    def test_the_same_as_by_import(self):
        self.build(self.tracker)
        self.suture("feed", "import", self.tracker, "--release", "debian-12")
        self.assertEqual(read(self.current("index/debian-12.index")), read(self.index))
        self.assertEqual(json.loads(self.suture("index", "stat", "--release", "debian-12", "--format", "json"))["bytes"],
                         os.path.getsize(self.index))

    def test_folder(self):
        folder = os.path.join(self.root, "osv")
        os.mkdir(folder)
        shutil.copy(golden("feed_osv/debian_dsa.json"), folder)
        self.suture("index", "build", "--release", "debian-12", "--out", self.index, folder, TMPDIR=self.root)
        self.assertEqual(sorted(os.listdir(self.root)), ["debian-12.index", "osv", "web"])

    def test_mistakes(self):
        self.suture("index", "build", self.tracker, status=2)
        self.assertEqual(self.errors, "suture: index build: --release and --out are needed\n")
        bad = golden("feed_kev/bad/truncated.json")
        self.build(self.tracker, bad, status=1)
        self.assertTrue(self.errors.startswith(f"suture: {bad}: kev: "))
        self.assertFalse(os.path.exists(self.index))
        self.suture("index", "build", "--release", "debian-99", "--out", self.index, self.tracker, status=1)
        self.assertEqual(self.errors, "suture: none of these files says anything of debian-99\n")
        missing = os.path.join(self.root, "missing")
        self.build(missing, status=1)
        self.assertEqual(self.errors, f"suture: {missing}: is not there\n")
        self.suture("index", "stat", "--index", self.tracker, status=1)
        self.assertTrue(self.errors.startswith(f"suture: {self.tracker}: "))
        self.suture("index", "stat", "--release", "debian-12", status=1)
        self.assertEqual(self.errors, "suture: there is no index of debian-12; "
                                      "suture feed update --release debian-12\n")

    def test_broken_index(self):
        self.build(self.tracker)
        whole = read(self.index)
        for size in range(0, len(whole), 97):
            with open(self.index, "wb") as file:
                file.write(whole[:size])
            self.suture("index", "stat", "--index", self.index, status=1)
            self.suture("index", "show", "--index", self.index, status=1)


class Settings(Machine):
    def test_mistakes(self):
        rows = {
            "feed:\n  - name: kev\n": 'feeds.yaml:1:1: unknown key "feed"; did you mean "feeds"?',
            "feeds:\n  - name: kevv\n": 'feeds.yaml:2:11: no feed is called "kevv"; did you mean "kev"?',
            "feeds:\n  - name: kev\n    url: ftp://x\n":
                'feeds.yaml:3:10: "ftp://x" does not begin with https://, http:// or file:///',
            "releases: [Debian/12]\n": 'feeds.yaml:1:12: "Debian/12" is no release such as debian-12',
        }
        path = os.path.join(self.root, "feeds.yaml")
        for text, words in rows.items():
            with self.subTest(text=text), open(path, "w") as file:
                file.write(text)
                file.flush()
                self.update(path, status=1)
                self.assertEqual(self.errors, f"suture: {self.root}/{words}\n")

    def test_placeholder(self):
        self.update(self.settings(nvd="nvd-{years}.json"), status=1)
        self.assertIn("{years} is none of {year}, {part} and {ecosystem}", self.errors)


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=[sys.argv[0], *sys.argv[1:]])
