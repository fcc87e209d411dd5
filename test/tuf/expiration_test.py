#!/usr/bin/python3
"""Metadata that has expired, here or there, at the top and below."""
import behaviour
from simulator import date


def day(days):
    """A date as faketime reads it."""
    return date(days).rstrip("Z").replace("T", " ")


class Expiration(behaviour.Behaviour):
    def test_root_expired(self):
        """The newest root is kept and then found to be expired (5.3.10); nothing after it is asked for."""
        self.holds(self.client.refresh())
        self.repository.publish("root")
        self.holds(self.client.refresh())
        self.repository.root["expires"] = date(-1)
        self.repository.publish("root", "targets", "snapshot", "timestamp")
        self.refuses(self.client.refresh(), "freeze")
        self.trusts(root=3, timestamp=1, snapshot=1, targets=1)

    def test_timestamp_expired(self):
        self.holds(self.client.refresh())
        self.repository.timestamp["expires"] = date(-5)
        self.repository.publish("timestamp")
        self.refuses(self.client.refresh(), "freeze")
        self.trusts(root=1, timestamp=1, snapshot=1, targets=1)

    def test_snapshot_expired(self):
        self.holds(self.client.refresh())
        self.repository.snapshot["expires"] = date(-5)
        self.repository.publish("snapshot", "timestamp")
        self.refuses(self.client.refresh(), "freeze")
        self.trusts(root=1, timestamp=2, snapshot=1, targets=1)

    def test_targets_expired(self):
        self.holds(self.client.refresh())
        self.repository.targets["expires"] = date(-5)
        self.repository.publish_all()
        self.refuses(self.client.refresh(), "freeze")
        self.trusts(root=1, timestamp=2, snapshot=2, targets=1)

    def test_expired_local_root(self):
        """A root that expired while nobody looked still leads to the next one."""
        self.repository.root["expires"] = date(7)
        self.repository.publish("root")
        self.holds(self.client.refresh())
        self.repository.root["expires"] = date(21)
        self.repository.publish("root")
        self.holds(self.client.refresh(at=day(18)))
        self.trusts(root=3, timestamp=1, snapshot=1, targets=1)

    def test_expired_local_timestamp(self):
        """A timestamp that expired while nobody looked is still the floor of the next one."""
        self.repository.timestamp["expires"] = date(7)
        self.repository.publish("timestamp")
        self.holds(self.client.refresh())
        self.repository.timestamp["expires"] = date(21)
        self.repository.publish_all()
        self.holds(self.client.refresh(at=day(18)))
        self.trusts(root=1, timestamp=3, snapshot=2, targets=2)


class DelegatedExpiration(behaviour.Behaviour):
    """A delegated role that has expired speaks for nothing."""

    def publish_role(self, days):
        self.repository.delegate("targets", "delegated", ["delegatedpath/*"])
        self.repository.draft["delegated"]["expires"] = date(days)
        self.repository.add_target("delegated", b"first", "delegatedpath/first")
        self.repository.add_target("delegated", b"second", "delegatedpath/second")
        self.repository.publish("delegated", "targets", "snapshot", "timestamp")

    def test_delegated_targets_expired(self):
        self.publish_role(-1)
        self.holds(self.client.refresh())
        self.refuses(self.client.download("delegatedpath/first"), "freeze")
        self.assertEqual(self.client.downloaded(), [])
        self.assertEqual(self.repository.asked_targets, [])
        self.trusts(root=1, timestamp=2, snapshot=2, targets=2)

    def test_expired_local_delegated_targets(self):
        """What was good when it was fetched is no longer so on day 18."""
        self.publish_role(7)
        self.holds(self.client.download("delegatedpath/first"))
        self.assertEqual(self.client.downloaded(), [b"first"])
        self.refuses(self.client.download("delegatedpath/second", at=day(18)), "freeze")
        self.assertEqual(self.client.downloaded(), [b"first"])

    def test_expired_local_delegated_targets_updates(self):
        """But it does not stand in the way of its next version."""
        self.publish_role(7)
        self.holds(self.client.download("delegatedpath/first"))
        self.repository.draft["delegated"]["expires"] = date(21)
        self.repository.publish("delegated", "snapshot", "timestamp")
        self.holds(self.client.download("delegatedpath/second", at=day(18)))
        self.assertEqual(self.client.downloaded(), [b"first", b"second"])


if __name__ == "__main__":
    behaviour.main()
