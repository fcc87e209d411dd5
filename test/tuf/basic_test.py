#!/usr/bin/python3
"""The client's workflow where all is well, and where one piece of metadata is not what it should be."""
import json

import behaviour
from behaviour import each
from simulator import date


class Initial(behaviour.Behaviour):
    """A first root that is no good: nothing may be asked of anybody."""

    started = False

    def try_root(self, change):
        envelope = json.loads(self.repository.published["root"][0])
        change(envelope)
        self.start(json.dumps(envelope).encode())  # whether this looks at it is the client's affair
        self.refuses(self.client.refresh())
        self.assertEqual(self.repository.asked, [])

    def test_invalid_initial_root(self):
        self.try_root(lambda envelope: envelope["signed"].pop("version"))

    def test_unsigned_initial_root(self):
        """The signature is well made, of the right key, and over something else."""
        other = self.repository.keys.new()
        key = next(iter(self.repository.signers["root"].values()))
        self.assertNotEqual(other.id, key.id)
        self.try_root(lambda envelope: envelope["signatures"][0].update(sig=key.sign(b"something else")))


class Basic(behaviour.Behaviour):
    FIRST = [("root", 2), ("timestamp", None), ("snapshot", 1), ("targets", 1)]

    def assert_all_stored(self):
        for role in ("root", "timestamp", "snapshot", "targets"):
            self.assertEqual(json.loads(self.client.stored(role)), json.loads(self.repository.published[role][-1]), role)

    def test_basic_refresh_requests(self):
        self.holds(self.client.refresh())
        self.assertEqual(self.repository.asked, self.FIRST)

    def test_basic_refresh_trusted_data(self):
        self.holds(self.client.refresh())
        self.assert_all_stored()

    def test_implicit_refresh(self):
        """A download refreshes first; that nobody speaks for the path fails it afterwards."""
        self.refuses(self.client.download("nobody speaks for this"))
        self.assertEqual(self.repository.asked, self.FIRST)
        self.assert_all_stored()

    @each({"root": ("root", {"root": 1}),
           "timestamp": ("timestamp", {"root": 2}),
           "snapshot": ("snapshot", {"root": 2, "timestamp": 2}),
           "targets": ("targets", {"root": 2, "timestamp": 2, "snapshot": 2})})
    def test_unsigned_metadata(self, case):
        """One role's new version has no signature: what comes before it is kept, it and what follows is not."""
        role, trusted = case
        self.repository.signers[role].clear()
        self.repository.publish("root", "targets", "snapshot", "timestamp")
        self.refuses(self.client.refresh(), "threshold")
        self.trusts(**trusted)

    @each({"root": ("root", {"root": 1}),
           "snapshot": ("snapshot", {"root": 2, "timestamp": 2}),
           "targets": ("targets", {"root": 2, "timestamp": 2, "snapshot": 2})})
    def test_url_and_metadata_version_mismatch(self, case):
        """What is announced and served as version 2 says itself that it is version 3."""
        role, trusted = case
        for each_role in ("root", "targets", "snapshot", "timestamp"):
            if each_role == role:
                self.repository.draft[role]["version"] += 1
            self.repository.publish(each_role)
            if each_role == role == "targets":
                self.repository.snapshot["meta"]["targets.json"]["version"] = 2
            if each_role == role == "snapshot":
                self.repository.timestamp["meta"]["snapshot.json"]["version"] = 2
        self.refuses(self.client.refresh())
        self.trusts(**trusted)

    def test_timestamp_content_changes(self):
        """The same version with other content: the one that is held goes on."""
        self.holds(self.client.refresh())
        self.repository.restart("timestamp")
        self.repository.timestamp["meta"]["snapshot.json"]["version"] = 100
        self.repository.publish("timestamp")
        self.holds(self.client.refresh())
        self.assertEqual(self.repository.asked[-1], ("timestamp", None))
        held = json.loads(self.client.stored("timestamp"))
        self.assertEqual(held["signed"]["meta"]["snapshot.json"]["version"], 1)

    def test_basic_metadata_hash_support(self):
        self.repository.with_hashes = True
        self.repository.publish_all()
        self.holds(self.client.refresh())
        self.repository.publish("targets")
        self.repository.snapshot["meta"]["targets.json"]["hashes"]["sha256"] = "46" * 32
        self.repository.publish("snapshot", "timestamp")
        self.refuses(self.client.refresh(), "mix-and-match")
        self.trusts(root=1, timestamp=3, snapshot=3, targets=2)

    def test_metadata_bytes_match(self):
        """What is stored is what was served, to the byte: anything else would break the hashes over it."""
        served = self.repository.published["timestamp"][-1] + b" "
        self.repository.published["timestamp"][-1] = served
        self.holds(self.client.refresh())
        self.assertEqual(self.client.stored("timestamp"), served)

    def test_custom_fields(self):
        """Members that nobody knows are signed too, so they have to be hashed too."""
        self.holds(self.client.refresh())
        key = self.repository.keys.new()
        key.public["more"] = {"a": 1, "b": 2}
        self.repository.add_key("root", key=key.rename())
        self.repository.root["others"] = "text"
        self.repository.root["roles"]["root"]["and"] = "more"
        self.repository.publish("root")
        self.holds(self.client.refresh())
        self.trusts(root=2, timestamp=1, snapshot=1, targets=1)

    def test_deprecated_keyid_hash_algorithms(self):
        """A member of old keys that misleads; it means nothing."""
        self.repository.drop_keys("snapshot")
        key = self.repository.keys.new()
        key.public["keyid_hash_algorithms"] = "md5"
        self.repository.add_key("snapshot", key=key.rename())
        self.repository.publish("root", "snapshot", "timestamp")
        self.holds(self.client.refresh())
        self.trusts(root=2, timestamp=2, snapshot=2, targets=1)

    def test_snapshot_404(self):
        self.holds(self.client.refresh())
        self.repository.timestamp["meta"]["snapshot.json"]["version"] += 1
        self.repository.publish("timestamp")
        self.refuses(self.client.refresh())
        self.assertEqual(self.repository.asked[-1], ("snapshot", 2))
        self.trusts(root=1, timestamp=2, snapshot=1, targets=1)

    def test_targets_404(self):
        self.holds(self.client.refresh())
        self.repository.snapshot["meta"]["targets.json"]["version"] += 1
        self.repository.publish("snapshot", "timestamp")
        self.refuses(self.client.refresh())
        self.assertEqual(self.repository.asked[-1], ("targets", 2))
        self.trusts(root=1, timestamp=2, snapshot=2, targets=1)

    def test_timestamp_404(self):
        self.holds(self.client.refresh())
        del self.repository.published["timestamp"]
        self.refuses(self.client.refresh())
        self.assertEqual(self.repository.asked[-1], ("timestamp", None))
        self.trusts(root=1, timestamp=1, snapshot=1, targets=1)

    def test_incorrect_metadata_type(self):
        """A snapshot that has all that a timestamp has, and its key's signature, served as the timestamp."""
        key = next(iter(self.repository.signers["timestamp"].values()))
        self.repository.add_key("snapshot", key=key)
        self.repository.snapshot["meta"] = {"snapshot.json": {"version": 1}}
        self.repository.publish("root", "snapshot")
        self.repository.published["timestamp"].append(self.repository.published["snapshot"].pop())
        self.refuses(self.client.refresh())
        self.trusts(root=2)

    def test_faketime(self):
        """The means by which these tests travel in time work on this client at all."""
        self.repository.root["expires"] = date(7)
        self.repository.publish("root")
        self.holds(self.client.refresh())
        self.refuses(self.client.refresh(at=date(8).rstrip("Z").replace("T", " ")), "freeze")


if __name__ == "__main__":
    behaviour.main()
