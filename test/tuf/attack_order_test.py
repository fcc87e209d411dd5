#!/usr/bin/python3
"""Thieves of some keys, and servers that remember: metadata that is well signed and still must not be believed.

Each attack leaves what is held as it was, is called by its name, and is over when the true repository is served again."""
import copy
import json
import os

import behaviour
from behaviour import each
from simulator import date


def day(days):
    return date(days).rstrip("Z").replace("T", " ")


class Order(behaviour.Behaviour):
    def held(self):
        return {role: self.client.stored(role) for role in self.client.roles()}

    def attack(self, name, done=None):
        """Refused by its name, and nothing that is held has changed."""
        before = self.held()
        self.refuses(done or self.client.refresh(), name)
        self.assertEqual(self.held(), before)

    def serve(self, published):
        self.repository.published = copy.deepcopy(published)

    # Rollback

    def test_everything_as_it_was_yesterday(self):
        """A mirror that goes back to a whole repository that once was true."""
        yesterday = copy.deepcopy(self.repository.published)
        self.repository.publish_all()
        self.holds(self.client.refresh())
        today = self.repository.published
        self.serve(yesterday)
        self.attack("rollback")
        self.serve(today)
        self.holds(self.client.refresh())

    def test_a_delegated_role_goes_back(self):
        """By somebody who has the snapshot's and timestamp's keys, online as they are, and an old file of the role."""
        self.repository.delegate("targets", "role", ["role/*"])
        self.repository.add_target("role", b"bad", "role/file")
        self.repository.publish("role", "targets", "snapshot", "timestamp")
        old = self.repository.published["role"][0]
        self.repository.add_target("role", b"mended", "role/file")
        self.repository.publish("role", "snapshot", "timestamp")
        self.holds(self.client.download("role/file"))
        self.repository.snapshot["meta"]["role.json"]["version"] = 1
        self.repository.publish("snapshot")
        self.repository.publish("timestamp")
        self.repository.published["role"] = [old]
        self.refuses(self.client.download("role/file"), "rollback")
        self.assertEqual(self.client.version("role"), 2)
        self.assertEqual(self.client.version("snapshot"), 3)
        self.assertEqual(self.client.downloaded(), [b"mended"])

    def test_a_role_nobody_asked_for_goes_back(self):
        """Floors hold for roles, too, that this client has never fetched: the snapshot remembers them."""
        self.repository.delegate("targets", "role", ["role/*"])
        self.repository.publish("role", "role", "targets", "snapshot", "timestamp")
        self.holds(self.client.refresh())
        self.assertIsNone(self.client.version("role"))
        self.repository.snapshot["meta"]["role.json"]["version"] = 1
        self.repository.publish("snapshot", "timestamp")
        self.refuses(self.client.refresh(), "rollback")

    def test_added_keys_take_no_floor_back(self):
        """Only a key that was taken away begins anew (5.3.11): otherwise every added key would be a way back."""
        for _ in range(4):
            self.repository.publish("timestamp")
        self.holds(self.client.refresh())
        self.repository.add_key("timestamp")
        self.repository.restart("timestamp")
        self.repository.publish("root", "timestamp")
        self.refuses(self.client.refresh(), "rollback")
        self.assertEqual(self.client.version("timestamp"), 5)

    # Freeze

    def test_a_server_that_stands_still(self):
        """The same files for ever are believed until they say themselves that they are too old."""
        self.repository.timestamp["expires"] = date(7)
        self.repository.publish("timestamp")
        self.holds(self.client.refresh())
        self.holds(self.client.refresh(at=day(6)))
        self.attack("freeze", self.client.refresh(at=day(8)))
        self.repository.timestamp["expires"] = date(15)
        self.repository.publish("timestamp")
        self.holds(self.client.refresh(at=day(8)))

    def test_a_clock_that_once_was_wrong(self):
        """Five years ahead everything has expired, and nothing of that is remembered when the clock is right again."""
        self.holds(self.client.refresh())
        self.attack("freeze", self.client.refresh(at=day(5 * 365)))
        self.repository.publish_all()
        self.holds(self.client.refresh())
        self.trusts(root=1, timestamp=2, snapshot=2, targets=2)

    def test_a_clock_that_is_behind(self):
        """Five years back nothing has expired; what is newer is still taken, and what is older still refused."""
        yesterday = copy.deepcopy(self.repository.published)
        self.repository.publish_all()
        self.holds(self.client.refresh(at=day(-5 * 365)))
        self.serve(yesterday)
        self.attack("rollback", self.client.refresh(at=day(-5 * 365)))

    # Mix and match

    def test_snapshot_of_another_day(self):
        """The timestamp of today with the snapshot of yesterday under its name."""
        self.holds(self.client.refresh())
        self.repository.publish_all()
        self.repository.published["snapshot"][1] = self.repository.published["snapshot"][0]
        self.refuses(self.client.refresh(), "mix-and-match")
        self.assertEqual(self.client.version("snapshot"), 1)

    def test_other_bytes_of_the_same_version(self):
        """A snapshot with the right version and the right signature that is not the one that the timestamp hashes."""
        self.repository.with_hashes = True
        self.repository.publish_all()
        self.repository.snapshot["meta"]["more.json"] = {"version": 1}
        self.repository.published["snapshot"][1] = self.repository.write(self.repository.sign("snapshot"))
        self.refuses(self.client.refresh())
        self.trusts(root=1, timestamp=2)

    def test_one_role_as_another(self):
        """A role's file, well signed by a key that both roles have, served for the other."""
        key = self.repository.delegate("targets", "red", ["red/*"])
        self.repository.delegate("targets", "blue", ["blue/*"], key=False)
        self.repository.add_key("blue", "targets", key=key)
        self.repository.add_target("red", b"red", "blue/file")
        self.repository.publish("red", "red", "blue", "targets", "snapshot", "timestamp")
        self.repository.published["blue"] = [self.repository.published["red"][1]]
        self.refuses(self.client.download("blue/file"), "mix-and-match")

    def test_a_target_of_another_role(self):
        """Listed by a role that was not given the path: nobody speaks for it, and it is not fetched."""
        self.repository.delegate("targets", "red", ["red/*"])
        self.repository.add_target("red", b"red", "blue/file")
        self.repository.publish("red", "targets", "snapshot", "timestamp")
        self.refuses(self.client.download("blue/file"))
        self.assertEqual(self.repository.asked_targets, [])

    # Stolen keys

    def test_key_of_one_role_for_another(self):
        """The timestamp's key, stolen from the server, signs whatever it likes; it vouches for the timestamp alone."""
        stolen = next(iter(self.repository.signers["timestamp"].values()))
        for role, name in (("snapshot", "threshold"), ("targets", "threshold"), ("root", "threshold")):
            with self.subTest(role):
                before = copy.deepcopy(self.repository.published), copy.deepcopy(self.repository.draft)
                signers, self.repository.signers[role] = self.repository.signers[role], {stolen.id: stolen}
                self.repository.publish("root" if role == "root" else "targets", "snapshot", "timestamp")
                self.refuses(self.client.refresh(), name)
                self.repository.signers[role] = signers
                self.repository.published, self.repository.draft = before

    def test_revoked_key_of_a_delegated_role(self):
        """What the stolen key signed lies here, believed; the owner gives the role another key. From then on it is nothing."""
        stolen = self.repository.delegate("targets", "role", ["role/*"])
        self.repository.add_target("role", b"malicious", "role/file")
        self.repository.publish("role", "targets", "snapshot", "timestamp")
        self.holds(self.client.download("role/file"))
        self.repository.drop_keys("role", "targets")
        self.repository.add_key("role", "targets")
        self.repository.publish("targets", "snapshot", "timestamp")  # the role's file stays, at its version
        self.assertNotIn(stolen.id, self.repository.signers["role"])
        self.refuses(self.client.download("role/file"), "threshold")
        self.repository.add_target("role", b"good", "role/file")
        self.repository.publish("role", "snapshot", "timestamp")
        self.holds(self.client.download("role/file"))
        self.assertEqual(self.client.downloaded(), [b"good"])

    def test_raised_threshold_of_a_delegated_role(self):
        """One signature was enough when it was fetched; now two are wanted."""
        self.repository.delegate("targets", "role", ["role/*"])
        self.repository.add_target("role", b"bytes", "role/file")
        self.repository.publish("role", "targets", "snapshot", "timestamp")
        self.holds(self.client.download("role/file"))
        self.repository.holder("role", "targets")[1]["threshold"] = 2
        self.repository.add_key("role", "targets")
        self.repository.publish("targets", "snapshot", "timestamp")
        self.refuses(self.client.download("role/file"), "threshold")
        self.repository.publish("role", "snapshot", "timestamp")
        self.holds(self.client.download("role/file"))

    def test_far_ahead_and_back(self):
        """The thief publishes the greatest version there is; new keys bring the owners back."""
        self.repository.timestamp["version"] = 2**63 - 2
        self.repository.publish("timestamp")
        self.holds(self.client.refresh())
        self.repository.restart("timestamp")
        self.repository.publish("timestamp")
        self.attack("rollback")
        self.repository.rotate("timestamp")
        self.repository.restart("timestamp", 2)
        self.repository.publish("root", "timestamp")
        self.holds(self.client.refresh())
        self.assertEqual(self.client.version("timestamp"), 2)

    # Roots

    def test_forty_roots_while_asleep(self):
        """A machine that slept for two years passes every root in turn, keys changed with each, and then works."""
        for _ in range(40):
            old = dict(self.repository.signers["root"])
            self.repository.rotate("root")
            self.repository.signers["root"].update(old)
            self.repository.publish("root")
            for key in old:
                del self.repository.signers["root"][key]
        self.holds(self.client.refresh(at=day(20)))
        self.assertEqual(self.client.version("root"), 41)
        self.assertEqual([ask for ask in self.repository.asked if ask[0] == "root"], [("root", n) for n in range(2, 43)])

    def test_a_root_in_between_is_missing(self):
        """There is no way around a root: without the third, the fourth is not even asked for."""
        for _ in range(3):
            self.repository.publish("root")
        self.repository.answers["metadata/3.root.json"] = lambda handler: handler.answer(404)
        self.holds(self.client.refresh())
        self.assertEqual(self.client.version("root"), 2)
        self.assertNotIn(("root", 4), self.repository.asked)

    @each({"the first again": 0, "the third for the second": 2})
    def test_another_root_under_the_next_name(self, which):
        self.repository.publish("root", "root", "root")
        self.repository.published["root"][1] = self.repository.published["root"][which]
        self.attack("rollback" if which == 0 else "fast-forward")

    def test_forked_root(self):
        """A thief of the old root keys, who came after the owners changed them, has no second chain for who passed the first."""
        before = copy.deepcopy(self.repository.draft["root"]), dict(self.repository.signers["root"])
        old = dict(self.repository.signers["root"])
        self.repository.rotate("root")
        self.repository.signers["root"].update(old)
        self.repository.publish("root")
        self.holds(self.client.refresh())
        self.repository.draft["root"], self.repository.signers["root"] = before
        self.repository.draft["root"]["version"] = 2
        self.repository.publish("root")
        self.attack("threshold")

    def test_root_in_a_role_of_its_own(self):
        """Root's key taken away, without the others' leave: the new one signs alone."""
        self.repository.root["roles"]["root"]["threshold"] = 1
        self.repository.rotate("root")
        self.repository.publish("root")
        self.attack("threshold")

    # Delegations

    def test_delegations_without_end(self):
        """Each role gives everything on to the next: somebody has to say that it is enough."""
        last = "targets"
        for number in range(100):
            self.repository.delegate(last, f"r{number}")
            last = f"r{number}"
        self.repository.publish(*(f"r{number}" for number in range(100)), "targets", "snapshot", "timestamp")
        self.refuses(self.client.download("anything"), "endless-data")
        self.assertLessEqual(len(self.repository.asked), 4 + 64)

    def test_a_thousand_roles_for_one_path(self):
        for number in range(1000):
            self.repository.delegate("targets", f"r{number}", key=False)
            self.repository.holder(f"r{number}", "targets")[1]["keyids"] = []
        self.repository.publish("targets", "snapshot", "timestamp")
        self.refuses(self.client.download("anything"))
        self.assertLessEqual(len(self.repository.asked), 4 + 64)

    def test_patterns_that_take_long(self):
        """Patterns with many stars against a path that nearly fits."""
        self.repository.delegate("targets", "role", ["*a" * 1500 + "b"] * 50)
        self.repository.publish("role", "targets", "snapshot", "timestamp")
        self.refuses(self.client.download("a" * 3000))
        self.assertNotIn(("role", 1), self.repository.asked)

    @each({name: name for name in ("root", "timestamp", "snapshot", "targets")})
    def test_delegated_role_with_the_name_of_a_top_one(self, name):
        """Its file would stand where the other's stands."""
        self.holds(self.client.refresh())
        keys = dict(self.repository.signers[name])
        draft = self.repository.draft[name]
        self.repository.delegate("targets", name)
        self.repository.draft["targets"]["delegations"]["roles"][0]["keyids"] = list(keys)
        self.repository.draft["targets"]["delegations"]["keys"].update({id: key.public for id, key in keys.items()})
        self.repository.signers[name], self.repository.draft[name] = keys, draft
        self.repository.publish_all()
        before = self.client.stored(name), self.client.stored("root")
        self.refuses(self.client.download("anything"))
        if name in ("root", "targets"):
            self.assertEqual((self.client.stored(name), self.client.stored("root")), before)

    def test_unknown_roles_of_a_diamond_are_refused(self):
        """In one run or in two: whoever was verified for one parent is not another's with other keys."""
        for team in "ab":
            self.repository.delegate("targets", f"parent-{team}", [f"team-{team}/*"])
            self.repository.delegate(f"parent-{team}", "release", [f"team-{team}/*"])
        self.repository.add_target("release", b"one", "team-a/file")
        self.repository.add_target("release", b"two", "team-b/file")
        self.repository.publish("release", "parent-a", "parent-b", "targets", "snapshot", "timestamp")
        self.refuses(self.client.download("team-a/file", "team-b/file"), "scope")
        self.assertEqual(self.client.downloaded(), [b"one"])


class Damage(behaviour.Behaviour):
    """What lies on the disk is not believed for lying there, and a damaged file mends itself."""

    @each({f"{role} {kind}": (role, kind) for role in ("timestamp", "snapshot", "targets", "role")
           for kind in ("empty", "cut", "garbage", "another signature", "a folder")})
    def test_damaged_file(self, case):
        role, kind = case
        self.repository.delegate("targets", "role", ["role/*"])
        self.repository.add_target("role", b"bytes", "role/file")
        self.repository.publish("role", "targets", "snapshot", "timestamp")
        self.holds(self.client.download("role/file"))
        good = self.client.stored(role)
        path = f"{self.client.metadata}/{role}.json"
        if kind == "a folder":
            os.unlink(path)
            os.mkdir(path)
        else:
            bad = {"empty": b"", "cut": good[:-40], "garbage": b"\0\xff" * 500,
                   "another signature": self.forge(role)}[kind]
            with open(path, "wb") as file:
                file.write(bad)
        done = self.client.download("role/file")
        if kind == "a folder":  # a machine out of order; that is said, and nothing is done
            self.refuses(done)
            return
        self.holds(done)
        self.assertEqual(self.client.stored(role), good)

    def forge(self, role):
        other = self.repository.keys.new()
        envelope = json.loads(self.repository.published[role][-1])
        envelope["signed"]["expires"] = date(3000)
        envelope["signatures"] = [dict(other.signature(envelope["signed"]), keyid=envelope["signatures"][0]["keyid"])]
        return self.repository.write(envelope)

    @each({"garbage": b"{}", "empty": b""})
    def test_damaged_root(self, bad):
        """There is nothing to mend it from that could be believed: nobody is asked for anything."""
        self.holds(self.client.refresh())
        self.repository.asked.clear()
        with open(f"{self.client.metadata}/root.json", "wb") as file:
            file.write(bad)
        self.refuses(self.client.refresh())
        self.assertEqual(self.repository.asked, [])

    def test_another_root_is_not_pinned_over_the_first(self):
        self.holds(self.client.refresh())
        before = self.client.stored("root")
        other = self.server.add("another")
        path = f"{self.folder}/other_root.json"
        with open(path, "wb") as file:
            file.write(other.published["root"][0])
        self.refuses(self.client.run("init", path))
        self.assertEqual(self.client.stored("root"), before)

    def test_changed_download_is_fetched_again(self):
        self.repository.add_target("targets", b"bytes", "file")
        self.repository.publish_all()
        self.holds(self.client.download("file"))
        path = f"{self.client.downloads}/file"
        for bad in (b"Bytes", b"bytes and more", b""):
            with open(path, "wb") as file:
                file.write(bad)
            self.holds(self.client.download("file"))
            self.assertEqual(self.client.downloaded(), [b"bytes"])


class Paths(behaviour.Behaviour):
    @each({str(number): path for number, path in enumerate(
        ("../../outside", "/etc/outside", "a/../../outside", "..", ".", "a//b", "a/./b", "%2e%2e/outside", "..\\outside",
         "~/outside", "-rf", ".download.part", "with space and \u00fcmlaut", "?query#fragment", "a" * 80))})
    def test_path_of_a_target_stays_inside(self, path):
        """Whatever it is called, the file is one file, directly in the folder; or it is refused."""
        self.repository.add_target("targets", b"bytes", path)
        self.repository.publish_all()
        done = self.client.download(path) if not path.startswith("-") else self.client.run(
            "--metadata-url", self.client.metadata_url, f"--target-name={path}", "--target-dir", self.client.downloads,
            "--target-base-url", self.client.targets_url, "download")
        self.assertIn(done.status, (0, 1))
        names = os.listdir(self.client.downloads)
        if done.status == 0:
            self.assertEqual(self.client.downloaded(), [b"bytes"])
            self.assertEqual(len(names), 1)
            self.assertTrue(os.path.isfile(f"{self.client.downloads}/{names[0]}"))
        else:
            self.assertEqual(names, [])
        for folder, _, files in os.walk(self.folder):
            self.assertNotIn("outside", files, folder)


if __name__ == "__main__":
    behaviour.main()
