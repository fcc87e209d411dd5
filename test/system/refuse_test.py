#!/usr/bin/env python3
"""What was tampered with is refused with its reason, and nothing changes: lists, package files, plans, the journal and the
rollback store; and a disk that is full or cannot be written ends a run in the old state."""
import json
import os
import sqlite3
import unittest

from machine import Machine, main
from made_debs import MadeArchive, Package, StopPoint, script
from state import State
from trip import Told, apply, rollback


def oak(version, size=0):
    return Package("oak", version, files={"/usr/bin/oak": script(f"echo {version}"), "/usr/share/oak/big": os.urandom(size)})


class Tampered(unittest.TestCase):
    """One update, oak 1.0 -> 1.1, that is late; each test tampers with one thing."""
    room = "1g"

    def setUp(self):
        self.machine = Machine("small", room=self.room)
        self.addCleanup(self.machine.end)
        self.shop = MadeArchive(self.machine)
        self.addCleanup(self.shop.end)
        self.shop.install(oak("1.0"))
        self.shop.offer(oak("1.1", 100000))
        self.shop.publish()
        self.machine.advise()
        self.old = State(self.machine.root)
        self.lists = f"var/lib/apt/lists/127.0.0.1_made_dists_{self.shop.suite}_"

    def flip(self, name, find=None, to=None):
        """Changes the file of the machine: one text for another, or one bit in its middle."""
        path = self.machine.path(name)
        with open(path, "rb") as file:
            content = file.read()
        middle = len(content) // 2
        changed = content.replace(find, to) if find else content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1:]
        self.assertNotEqual(content, changed)
        with open(path, "r+b") as file:
            file.truncate(0)
            file.write(changed)

    def refused(self, told, *words):
        self.assertNotEqual(told.status, 0, told)
        for word in words:
            self.assertIn(word, told.text())
        self.assertEqual(State(self.machine.root).difference(self.old), "")

    def packages_list(self):
        return self.lists + f"main_binary-{self.machine.architecture()}_Packages"

    def test_a_list_that_the_archive_did_not_sign(self):
        self.flip(self.packages_list(), b"Version: 1.1", b"Version: 6.6")
        told = apply(self.machine)
        self.assertNotEqual(told.run.get("state"), "done", told)
        self.assertEqual(State(self.machine.root).difference(self.old), "")

    def test_a_release_file_that_nobody_signed(self):
        self.flip(self.lists + "InRelease", b"Label: Debian-Security", b"Label: Debian-Secure!!")
        told = apply(self.machine)
        self.assertNotEqual(told.run.get("state"), "done", told)
        self.assertEqual(State(self.machine.root).difference(self.old), "")

    def test_a_package_file_of_another_content(self):
        path = "made/pool/oak_1.1_all.deb"
        content = self.machine.archive.find(path)[0]
        self.machine.archive.replace(path, content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
        told = apply(self.machine)
        self.refused(told, "oak")
        self.assertEqual(told.run.get("state"), "refused", told)

    def test_a_package_file_that_never_ends(self):
        def endless(handler):
            handler.send_response(200)
            handler.send_header("Transfer-Encoding", "chunked")
            handler.end_headers()
            while True:
                handler.wfile.write(b"100000\r\n" + bytes(1 << 20) + b"\r\n")

        self.machine.archive.replace("made/pool/oak_1.1_all.deb", endless)
        told = apply(self.machine)
        self.refused(told, "endless-data")

    def test_a_package_file_that_is_not_there(self):
        self.machine.archive.replace("made/pool/oak_1.1_all.deb", None)
        self.refused(apply(self.machine), "404")

    def plan_file(self):
        told = self.machine.suture("plan", "--format", "json", check=True).stdout
        return json.loads(told), self.machine.write("root/plan.json", told)

    def test_a_plan_file_that_was_changed(self):
        self.plan_file()
        self.flip("root/plan.json", b'"to":"1.1"', b'"to":"1.2"')
        self.refused(apply(self.machine, "--plan", "/root/plan.json"), "plan")

    def test_a_plan_file_that_was_made_by_somebody_else_in_whole(self):
        """Its id is right, what it names is not what the archive signed."""
        import hashlib
        told, _ = self.plan_file()
        told["changes"][0]["sha256"] = "0" * 64
        content = {key: value for key, value in told.items() if key not in ("id", "now", "delta_bytes")}
        for list_name in ("changes", "left"):  # what this machine judges itself, and what deltas are offered, is not of the id
            content[list_name] = [{key: value for key, value in one.items() if key not in ("lane", "new_package", "follows", "until", "delta_size")}
                                  for one in content[list_name]]
        told["id"] = hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()
        self.machine.write("root/plan.json", json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
        self.refused(apply(self.machine, "--plan", "/root/plan.json"), "oak")

    def test_a_plan_for_another_state_of_the_machine(self):
        self.plan_file()
        self.shop.install(Package("elm", "1.0", files={"/usr/share/elm": "1"}))
        self.old = State(self.machine.root)
        self.refused(apply(self.machine, "--plan", "/root/plan.json"))

    def done(self):
        there = apply(self.machine)
        self.assertEqual((there.status, there.run.get("state")), (0, "done"), there)
        self.old = State(self.machine.root)
        return there

    def test_a_journal_that_was_changed(self):
        self.done()
        database = sqlite3.connect(self.machine.path("var/lib/suture/journal.db"))
        database.execute("UPDATE event SET at_us = at_us + 1 WHERE seq = 2")
        database.commit()
        database.close()
        self.refused(rollback(self.machine), "journal")
        self.refused(apply(self.machine, "--all"), "journal")

    def test_a_journal_that_is_garbage(self):
        self.done()
        self.machine.write("var/lib/suture/journal.db", b"SQLite format 3\0" + os.urandom(5000))
        for name in ("journal.db-wal", "journal.db-shm"):
            if os.path.exists(self.machine.path("var/lib/suture/" + name)):
                os.remove(self.machine.path("var/lib/suture/" + name))
        self.refused(rollback(self.machine), "journal")

    def test_the_kept_plan_of_an_interrupted_run(self):
        """The run ends, for it would keep every other one out; what was there before is still known, and comes back."""
        stop = StopPoint(self.machine, "oak-postinst")
        self.addCleanup(stop.close)
        self.shop.offer(oak("1.2").with_script("postinst", stop.script))
        self.shop.publish()
        self.machine.advise()
        self.old = State(self.machine.root)
        job = self.machine.start(["suture", "apply", "--yes"])
        stop.wait()
        job.kill()
        stop.go()    # what it started goes on to its end
        job.wait()
        (run,) = os.listdir(self.machine.path("var/lib/suture/runs"))
        self.flip(f"var/lib/suture/runs/{run}/plan.json")
        told = apply(self.machine)
        self.assertEqual((told.status, told.run.get("state")), (1, "failed"), told)
        self.assertIn("the plan that was kept for it does not hold", told.text())
        back = rollback(self.machine, "--to", run)
        self.assertEqual(back.status, 0, back)
        self.assertEqual(State(self.machine.root).difference(self.old), "")
        self.assertEqual(apply(self.machine, "--dry-run").status, 0)

    def test_every_file_of_the_rollback_store(self):
        there = self.done()
        top = f"var/lib/suture/runs/{there.run['id']}/rollback"
        files = []
        for folder, _, names in os.walk(self.machine.path(top)):
            files += [os.path.join(folder, name)[len(self.machine.root) + 1:] for name in names]
        store = [name for name in files if os.path.getsize(self.machine.path(name))]
        self.assertGreater(len(store), 0, files)
        for name in store:
            with self.subTest(name[len(top):]):
                with open(self.machine.path(name), "rb") as file:
                    kept = file.read()
                self.flip(name)
                self.refused(rollback(self.machine))
                with open(self.machine.path(name), "r+b") as file:
                    file.write(kept)
        back = rollback(self.machine)
        self.assertEqual(back.status, 0, back)
        self.assertEqual(self.machine.packages()["oak:all"], "1.0")


class Disk(Tampered):
    """The same update on a disk that is full or cannot be written."""
    room = "400m"

    def fill(self, leave):
        """All but so many bytes of the disk are taken."""
        path = self.machine.path("var/filler")
        room = os.statvfs(self.machine.root)
        with open(path, "wb") as file:
            left = room.f_bavail * room.f_frsize - leave
            while left > 0:
                left -= file.write(bytes(min(left, 1 << 20)))
        return path

    def test_a_disk_that_fills_inside_dpkg(self):
        stop = StopPoint(self.machine, "here")
        self.addCleanup(stop.close)
        self.shop.offered[0].scripts["preinst"] = stop.script
        os.remove(os.path.join(self.shop.folder, "made/pool", self.shop.offered[0].file_name()))
        self.shop.publish()
        job = self.machine.start(["suture", "apply", "--yes", "--format", "json"])
        stop.wait()
        filler = self.fill(0)
        stop.go()
        told = Told(job.wait())
        self.assertNotEqual(told.status, 0, told)
        self.assertNotEqual(told.run.get("state"), "done", told)
        os.remove(filler)
        if told.run.get("state") != "rolled-back":
            job = self.machine.start(["suture", "apply", "--yes", "--format", "json"])
            while stop.wait_or_end(job):
                stop.go()
            told = Told(job.wait())
        difference = State(self.machine.root).difference(self.old)
        if told.run.get("state") == "done":
            self.assertEqual(self.machine.packages()["oak:all"], "1.1", told)
        else:
            self.assertEqual((told.run.get("state"), difference), ("rolled-back", ""), told)

    def test_a_disk_with_no_room(self):
        for leave in (0, 20000, 150000, 400000, 1000000):
            with self.subTest(leave):
                filler = self.fill(leave)
                told = apply(self.machine)
                os.remove(filler)
                if told.status != 0:
                    self.assertIn(told.run.get("state"), (None, "refused", "rolled-back", "open"), told)
                if told.run.get("state") in (None, "open"):
                    told = apply(self.machine)
                    self.assertEqual(told.status, 0, told)
                if State(self.machine.root).difference(self.old):
                    self.assertEqual(self.machine.packages()["oak:all"], "1.1", told)
                    back = rollback(self.machine)
                    self.assertEqual(back.status, 0, back)
                    self.assertEqual(State(self.machine.root).difference(self.old), "")

    def test_a_read_only_usr(self):
        self.machine.read_only("/usr")
        told = apply(self.machine)
        self.refused(told)
        self.machine.power_off()
        self.machine.boot()
        self.assertEqual(State(self.machine.root).difference(self.old), "")
        told = apply(self.machine)
        self.assertEqual((told.status, self.machine.packages()["oak:all"]), (0, "1.1"), told)

    def test_a_read_only_state(self):
        self.machine.read_only("/var/lib/suture")
        self.refused(apply(self.machine), "/var/lib/suture")


for inherited in [name for name in dir(Tampered) if name.startswith("test_")]:
    setattr(Disk, inherited, None)


if __name__ == "__main__":
    main()
