#!/usr/bin/python3
"""Versions that go back, and the one way in which they may: after the keys were changed (5.3.11)."""
import behaviour
from behaviour import each


class Rollback(behaviour.Behaviour):
    def test_new_timestamp_version_rollback(self):
        self.repository.publish("timestamp")
        self.holds(self.client.refresh())
        self.repository.restart("timestamp")
        self.repository.publish("timestamp")
        self.refuses(self.client.refresh(), "rollback")
        self.trusts(root=1, timestamp=2, snapshot=1, targets=1)
        self.assertEqual(self.repository.asked[-1], ("timestamp", None))

    @each({"basic": False, "with hashes": True})
    def test_snapshot_rollback(self, with_hashes):
        """A newer timestamp that names an older snapshot is refused before the snapshot is asked for."""
        self.repository.with_hashes = with_hashes
        self.repository.publish("snapshot", "timestamp")
        self.holds(self.client.refresh())
        self.repository.restart("snapshot")
        self.repository.publish("snapshot", "timestamp")
        self.refuses(self.client.refresh(), "rollback")
        self.trusts(root=1, timestamp=2, snapshot=2, targets=1)
        self.assertEqual(self.repository.asked[-1], ("timestamp", None))

    def test_targets_role_removal(self):
        """A role that was in the snapshot stays in it."""
        self.repository.delegate("targets", "delegated", ["delegatedpath/*"])
        self.repository.publish("delegated", "targets", "snapshot", "timestamp")
        self.holds(self.client.refresh())
        del self.repository.snapshot["meta"]["delegated.json"]
        self.repository.publish("snapshot", "timestamp")
        self.refuses(self.client.refresh(), "rollback")
        self.trusts(root=1, timestamp=3, snapshot=2, targets=2)

    @each({"basic": False, "with hashes": True})
    def test_targets_rollback(self, with_hashes):
        self.repository.with_hashes = with_hashes
        self.repository.publish_all()
        self.holds(self.client.refresh())
        self.repository.restart("targets")
        self.repository.publish_all()
        self.refuses(self.client.refresh(), "rollback")
        self.trusts(root=1, timestamp=3, snapshot=2, targets=2)


class Recovery(behaviour.Behaviour):
    """A thief of a key has published versions far ahead; with new keys the owners begin again at 1."""

    def test_targets_fast_forward_recovery(self):
        self.repository.delegate("targets", "delegated", ["delegatedpath/*"])
        self.repository.publish("delegated")
        for _ in range(99):
            self.repository.publish("targets")
        self.repository.publish("snapshot", "timestamp")
        self.holds(self.client.refresh())
        self.trusts(root=1, timestamp=2, snapshot=2, targets=100)
        self.repository.rotate("snapshot")
        self.repository.restart("targets")
        del self.repository.snapshot["meta"]["delegated.json"]
        self.repository.publish("root", "targets", "snapshot", "timestamp")
        self.holds(self.client.refresh())
        self.trusts(root=2, timestamp=3, snapshot=3, targets=1)

    def test_new_snapshot_fast_forward_recovery(self):
        for _ in range(99):
            self.repository.publish("snapshot")
        self.repository.publish("timestamp")
        self.holds(self.client.refresh())
        self.trusts(root=1, timestamp=2, snapshot=100, targets=1)
        self.repository.rotate("snapshot")
        self.repository.rotate("timestamp")
        self.repository.restart("snapshot")
        self.repository.publish("root", "targets", "snapshot", "timestamp")
        self.holds(self.client.refresh())
        self.trusts(root=2, timestamp=3, snapshot=1, targets=2)

    def test_new_timestamp_fast_forward_recovery(self):
        for _ in range(99):
            self.repository.publish("timestamp")
        self.holds(self.client.refresh())
        self.trusts(root=1, timestamp=100, snapshot=1, targets=1)
        self.repository.rotate("timestamp")
        self.repository.restart("timestamp")
        self.repository.publish("root", "timestamp")
        self.holds(self.client.refresh())
        self.trusts(root=2, timestamp=1, snapshot=1, targets=1)


if __name__ == "__main__":
    behaviour.main()
