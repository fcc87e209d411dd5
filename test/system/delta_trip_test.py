#!/usr/bin/env python3
"""Deltas in the trip on a whole system: published from a folder, offered in the plan, fetched, rebuilt and installed; and all
that can be wrong with them, which costs time and nothing else."""
import hashlib
import json
import os
import random
import re
import shutil
import subprocess
import tempfile
import unittest

from machine import Machine, main
from made_debs import MadeArchive, Package

BUILD = os.environ.get("SUTURE_BUILD", "build")
FOLDER = "deltas"      # below the archive's root: http://127.0.0.1/deltas


def noise(seed, size):
    """Bytes that no packing makes smaller."""
    return random.Random(seed).randbytes(size)


def changed(content, seed):
    """The same with some bytes of it replaced and some put in."""
    at = len(content) // 3
    return content[:at] + noise(seed, 100) + content[at + 60:]


def package(name, version, seed):
    content = noise(name, 300000)
    files = {f"/usr/lib/{name}/data": content if seed is None else changed(content, seed),
             f"/usr/share/doc/{name}/copyright": noise(name + "copyright", 5000),
             f"/etc/{name}.conf": "a = 1\n"}
    return Package(name, version, files=files, conffiles=[f"/etc/{name}.conf"])


class Repository:
    """Made by suture delta publish on this side, served by the machine's archive."""

    def __init__(self, shop, *olds):
        self.shop = shop
        self.path = os.path.join(shop.folder, FOLDER)
        self.debs = os.path.join(shop.folder, "debs")
        self.key_file = os.path.join(shop.folder, "deltas.key")
        os.mkdir(self.debs)
        for old in olds:
            old.build(self.debs)
        for new in shop.offered:
            shutil.copy(os.path.join(shop.folder, shop.name, "pool", new.file_name()), self.debs)
        self.told = self.publish()
        self.key = re.search(r"^key: ([0-9a-f]{64})$", self.told, re.M).group(1)

    def publish(self, *words):
        done = subprocess.run([os.path.join(BUILD, "suture"), "delta", "publish", "--from", self.debs, "--to", self.path, "--key", self.key_file, *words],
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def index(self, name):
        """(bytes, document)"""
        with open(os.path.join(self.path, "index", name), "rb") as file:
            raw = file.read()
        return raw, json.loads(raw.split(b"\n", 2)[2])

    def sign(self, document):
        """An index of this document, by the repository's own key."""
        with open(self.key_file, encoding="ascii") as file:
            secret = bytes.fromhex(re.search(r"^secret ([0-9a-f]{64})$", file.read(), re.M).group(1))
        text = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
        with tempfile.TemporaryDirectory() as folder:
            paths = {name: os.path.join(folder, name) for name in ("key", "text", "signature")}
            with open(paths["key"], "wb") as file:
                file.write(bytes.fromhex("302e020100300506032b657004220420") + secret)
            with open(paths["text"], "wb") as file:
                file.write(text)
            subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", paths["key"], "-keyform", "DER", "-in", paths["text"],
                            "-out", paths["signature"]], check=True, capture_output=True)
            with open(paths["signature"], "rb") as file:
                return b"suture-delta-index 1\nsignature " + file.read().hex().encode() + b"\n" + text

    def delta(self, name):
        """The path, below the archive's root, of the first delta of its newest version."""
        digest = self.index(name)[1]["versions"][0]["bases"][0]["delta"]["sha256"]
        return f"{FOLDER}/delta/{digest[:2]}/{digest}.delta"


class Trip(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.machine = Machine("small")
        cls.addClassCleanup(cls.machine.end)
        cls.shop = MadeArchive(cls.machine)
        cls.addClassCleanup(cls.shop.end)
        olds = [package("oak", "1.0", None), package("elm", "1.0", None)]
        cls.shop.install(*olds)
        cls.shop.offer(package("oak", "1.1", 1), package("elm", "1.1", 2))
        cls.shop.publish()
        cls.machine.advise()
        cls.repository = Repository(cls.shop, *olds)
        cls.machine.write("etc/suture/deltas.yaml", f"source: http://127.0.0.1/{FOLDER}\nkey: {cls.repository.key}\nuse: always\n")
        cls.machine.power_off()
        cls.machine.save()

    def setUp(self):
        self.machine.archive.replaced.clear()
        self.machine.reset()

    def settings(self, **values):
        values = dict({"source": f"http://127.0.0.1/{FOLDER}", "key": self.repository.key, "use": "always"}, **values)
        self.machine.write("etc/suture/deltas.yaml", "".join(f"{name}: {value}\n" for name, value in values.items()))

    def plan(self, *words):
        """Without its line breaks."""
        return " ".join(self.machine.suture("plan", *words, check=True).stdout.split())

    def apply(self, *words):
        done = self.machine.suture("apply", "--yes", "--format", "json", *words, check=True)
        return json.loads(done.stdout)

    def applied(self, *words):
        """All is installed, as its vendor made it; what the step of fetching said."""
        run = self.apply(*words)["run"]
        self.assertEqual(run["state"], "done", run)
        for name, seed in (("oak", 1), ("elm", 2)):
            with open(self.machine.path(f"usr/lib/{name}/data"), "rb") as file:
                self.assertEqual(file.read(), changed(noise(name, 300000), seed))
            self.assertEqual(self.machine.packages()[f"{name}:all"], "1.1")
        return next(step["note"] for step in run["steps"] if step["step"] == "fetch")

    def asked(self, part):
        """How often something with this in its path was sent."""
        return sum(part in path and status in (200, 206) for path, status in self.machine.archive.requests)

    def assert_whole(self, name):
        self.assertEqual(self.asked(f"pool/{name}_"), 1)

    def assert_by_delta(self, name):
        self.assertEqual(self.asked(f"pool/{name}_"), 0, self.machine.archive.requests)
        self.assertEqual(self.asked(self.repository.delta(f"{name}_all")), 1)

    def evidence(self):
        with open(self.machine.path("var/lib/suture/evidence/00000001.json"), encoding="utf-8") as file:
            return file.read()

    # ---- what is right ----

    def test_publish_is_idempotent(self):
        raw, document = self.repository.index("oak_all")
        self.assertEqual([base["version"] for base in document["versions"][0]["bases"]], ["1.0"])
        self.assertIn("oak 1.1: from 1.0: ", self.repository.told)
        told = self.repository.publish()
        self.assertIn("2 deltas, 0 of them new", told)
        self.assertEqual(self.repository.index("oak_all")[0], raw)

    def test_plan_shows_what_deltas_leave(self):
        os.remove(self.machine.path("etc/suture/deltas.yaml"))
        self.assertIn("(no delta source is configured)", self.plan())
        self.settings()
        self.assertIn("(what deltas leave is not known yet: suture plan --deltas asks)", self.plan())
        self.assertEqual(self.asked(FOLDER), 0)
        before = json.loads(self.machine.suture("plan", "--format", "json", check=True).stdout)
        plan = json.loads(self.machine.suture("plan", "--deltas", "--format", "json", check=True).stdout)
        self.assertEqual(plan["id"], before["id"])
        self.assertNotIn("delta_bytes", before)
        for change in plan["changes"]:
            self.assertLess(change["delta_size"], change["size"] / 10)
        self.assertEqual(plan["delta_bytes"], sum(change["delta_size"] for change in plan["changes"]))
        self.assertIn("with deltas for 2 packages)", self.plan())
        self.assertEqual(self.asked(f"{FOLDER}/index"), 2)     # two small files, once
        self.settings(use="never")
        self.assertIn("(deltas are switched off)", self.plan("--deltas"))

    def test_applied_by_delta(self):
        size = sum(change["size"] for change in json.loads(self.machine.suture("plan", "--format", "json", check=True).stdout)["changes"])
        note = self.applied()
        self.assertIn("2 packages (0.6 MB) made from deltas", note)
        self.assert_by_delta("oak")
        self.assert_by_delta("elm")
        self.assertLess(sum(self.machine.archive.sent.values()), size / 20)
        self.assertIn("made from deltas", self.evidence())
        state = self.machine.path("var/lib/suture/deltas")
        for part in ("files", "made", "bad"):
            self.assertEqual(os.listdir(os.path.join(state, part)), [], part)

    def test_nothing_is_fetched_twice(self):
        self.machine.suture("plan", "--fetch", check=True)
        self.assert_by_delta("oak")
        before = len(self.machine.archive.requests)
        self.applied()
        self.assertEqual(self.machine.archive.requests[before:], [])

    def test_goes_on_behind_an_interruption(self):
        """Between the fetch of a delta and the making of its package."""
        helper = self.machine.path("usr/bin/suture-rebuild")
        os.rename(helper, helper + ".away")
        self.machine.write("usr/bin/suture-rebuild", "#!/bin/sh\nkill -9 $PPID\n", 0o755)
        self.machine.suture("plan", "--fetch", check=-9)
        os.rename(helper + ".away", helper)
        self.assertEqual(self.asked("/delta/"), 2)
        self.machine.archive.requests.clear()
        self.applied()
        self.assertEqual(self.asked("/delta/") + self.asked("pool/"), 0)

    def test_documents_were_excluded(self):
        """Old files that a machine does not keep are fetched apart, if the delta reads them."""
        os.remove(self.machine.path("usr/share/doc/oak/copyright"))
        self.applied()
        self.assertEqual(self.asked("pool/oak_"), 0)

    def test_the_link_is_faster_than_rebuilding(self):
        self.settings(use="auto")
        self.machine.write("var/lib/suture/deltas/rate", "1000000000")
        os.chmod(self.machine.path("var/lib/suture/deltas"), 0o700)
        self.applied()
        self.assert_whole("oak")

    def test_a_slow_link(self):
        self.settings(use="auto")
        self.applied("--limit-rate", "100k")
        self.assert_by_delta("oak")

    # ---- what is wrong ----

    def test_never(self):
        self.settings(use="never")
        self.applied()
        self.assert_whole("oak")
        self.assertEqual(self.asked(FOLDER), 0)

    def test_settings_with_a_mistake(self):
        self.settings(key="12")
        done = self.machine.suture("apply", "--yes", check=1)
        self.assertIn("/etc/suture/deltas.yaml:2:6: \"12\" is no key", done.stderr)

    def test_index_with_a_bad_signature(self):
        raw, _ = self.repository.index("oak_all")
        self.machine.archive.replace(f"{FOLDER}/index/oak_all", raw[:-3] + b"9" + raw[-2:])
        self.assertIn("oak: its deltas are not believed: ", self.applied())
        self.assert_whole("oak")
        self.assert_by_delta("elm")

    def test_index_of_another_package(self):
        self.machine.archive.replace(f"{FOLDER}/index/oak_all", self.repository.index("elm_all")[0])
        self.assertIn("index: is of elm for all", self.applied())
        self.assert_whole("oak")

    def test_index_that_is_old(self):
        """It is told, and what was there before still holds."""
        raw, document = self.repository.index("oak_all")
        self.machine.archive.replace(f"{FOLDER}/index/oak_all", self.repository.sign(dict(document, serial=9)))
        self.machine.suture("plan", "--deltas", check=True)
        for name in os.listdir(self.machine.path("var/lib/suture/deltas/index")):
            os.utime(self.machine.path("var/lib/suture/deltas/index/" + name), (0, 0))
        self.machine.archive.replace(f"{FOLDER}/index/oak_all", raw)
        self.assertIn("oak: the index of its deltas is older than the one that was here", self.applied())
        self.assert_by_delta("oak")

    def test_no_index(self):
        self.machine.archive.replace(f"{FOLDER}/index/oak_all", None)
        self.applied()
        self.assert_whole("oak")
        self.assert_by_delta("elm")

    def test_no_delta(self):
        self.machine.archive.replace(self.repository.delta("oak_all"), None)
        self.assertRegex(self.applied(), "delta for oak could not be fetched .*: fetched whole")
        self.assert_whole("oak")

    def test_delta_with_other_bytes(self):
        path = self.repository.delta("oak_all")
        with open(os.path.join(self.shop.folder, path), "rb") as file:
            raw = bytearray(file.read())
        raw[len(raw) // 2] ^= 1
        self.machine.archive.replace(path, bytes(raw))
        self.assertRegex(self.applied(), "delta for oak could not be fetched .*sent something else.*: fetched whole")
        self.assert_whole("oak")

    def bad_delta(self, raw):
        """These bytes, signed as the delta to oak."""
        document = self.repository.index("oak_all")[1]
        digest = hashlib.sha256(raw).hexdigest()
        document["versions"][0]["bases"][0]["delta"] = {"sha256": digest, "size": len(raw)}
        self.machine.archive.replace(f"{FOLDER}/index/oak_all", self.repository.sign(document))
        self.machine.archive.replace(f"{FOLDER}/delta/{digest[:2]}/{digest}.delta", raw)

    def test_signed_and_yet_bad(self):
        """Named in what apply says and in the evidence; and only time is lost."""
        with open(os.path.join(self.shop.folder, self.repository.delta("oak_all")), "rb") as file:
            good = file.read()
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "delta")
            subprocess.run([os.path.join(BUILD, "suture"), "delta", "create", package("oak", "1.0", None).build(folder),
                            package("oak", "1.2", 3).build(folder), out], check=True, capture_output=True)
            with open(out, "rb") as file:
                another = file.read()
        middle = len(good) // 2
        for raw in (good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1:], good[:-9], good + b"x", b"no delta at all", another):
            with self.subTest(raw[:20]):
                self.machine.archive.replaced.clear()
                self.machine.reset()
                self.bad_delta(raw)
                note = self.applied()
                self.assertRegex(note, r"delta for oak .*: fetched whole")
                self.assert_whole("oak")
                self.assert_by_delta("elm")
                self.assertIn("delta for oak ", self.evidence())

    def test_installed_file_was_edited(self):
        with open(self.machine.path("usr/lib/oak/data"), "ab") as file:
            file.write(b"edited here")
        self.assertRegex(self.applied(), r"delta for oak .*: fetched whole")
        self.assert_whole("oak")
        self.assert_by_delta("elm")

    def test_source_is_down(self):
        def hang_up(handler):
            handler.close_connection = True
            handler.connection.close()
        for name in ("oak_all", "elm_all"):
            self.machine.archive.replace(f"{FOLDER}/index/{name}", hang_up)
        self.assertIn("deltas: ", self.applied())
        self.assert_whole("oak")
        self.assert_whole("elm")

    def test_nobody_answers_there(self):
        self.settings(source="http://127.0.0.1:9/deltas")
        self.assertIn("deltas: ", self.applied())
        self.assert_whole("oak")


class Renamed(unittest.TestCase):
    """A kernel's next one has another name, and yet it is made from the one that is installed."""

    def test_a_new_name_is_made_from_the_former(self):
        def image(number, content):
            return Package(f"image-6.1.0-{number}", f"6.1.{number}", files={"/usr/lib/image-" + str(number): content}, source="image")

        def meta(number):
            return Package("image", f"6.1.{number}", fields={"Depends": f"image-6.1.0-{number}"})

        machine = Machine("small")
        self.addCleanup(machine.end)
        shop = MadeArchive(machine)
        self.addCleanup(shop.end)
        content = noise("image", 300000)
        old = image(25, content)
        shop.install(old, meta(25))
        shop.offer(image(26, changed(content, 4)), meta(26))
        shop.publish()
        machine.advise()
        repository = Repository(shop, old)
        self.assertIn("image-6.1.0-26 6.1.26: from image-6.1.0-25 6.1.25: ", repository.told)
        machine.write("etc/suture/deltas.yaml", f"source: http://127.0.0.1/{FOLDER}\nkey: {repository.key}\nuse: always\n")
        done = json.loads(machine.suture("apply", "--yes", "--format", "json", check=True).stdout)
        note = next(step["note"] for step in done["run"]["steps"] if step["step"] == "fetch")
        self.assertIn("1 package (0.3 MB) made from deltas", note)
        self.assertFalse([path for path in machine.archive.sent if "pool/image-6.1.0-26_" in path])
        with open(machine.path("usr/lib/image-26"), "rb") as file:
            self.assertEqual(file.read(), changed(content, 4))


if __name__ == "__main__":
    main()
