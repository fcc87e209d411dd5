#!/usr/bin/python3
"""Keys, signatures, and how many of them count."""
import behaviour
from behaviour import each


class Keys(behaviour.Behaviour):
    def test_snapshot_does_not_meet_threshold(self):
        self.repository.root["roles"]["snapshot"]["threshold"] = 3
        self.repository.add_key("snapshot")
        self.repository.add_key("snapshot")
        self.repository.publish("root", "targets", "snapshot", "timestamp")
        self.holds(self.client.refresh())
        self.repository.signers["snapshot"].popitem()
        self.repository.publish_all()
        self.refuses(self.client.refresh(), "threshold")
        self.trusts(root=2, timestamp=3, snapshot=2, targets=2)

    def test_snapshot_has_too_few_keys(self):
        """Five keys of which six have to sign: nobody can, whoever signs."""
        for _ in range(4):
            self.repository.add_key("snapshot")
        self.repository.root["roles"]["snapshot"]["threshold"] = 6
        self.repository.publish("root", "snapshot", "timestamp")
        self.refuses(self.client.refresh(), "threshold")
        self.trusts(root=2, timestamp=2)

    def test_duplicate_keys(self):
        """One key nine times among the keys and among the signatures is one key."""
        key = self.repository.add_key("snapshot")
        self.repository.root["roles"]["snapshot"]["keyids"] += [key.id] * 8
        self.repository.root["roles"]["snapshot"]["threshold"] = 6
        self.repository.publish("root", "snapshot", "timestamp")
        self.repository.edit("snapshot", lambda envelope: envelope["signatures"].extend(
            [each_one for each_one in envelope["signatures"] if each_one["keyid"] == key.id] * 8))
        self.refuses(self.client.refresh())
        self.assertIsNone(self.client.version("snapshot"))

    def test_duplicate_sig_keyids(self):
        """A key id may stand once among the signatures, even where the threshold is met without it."""
        self.repository.edit("snapshot", lambda envelope: envelope["signatures"].append(envelope["signatures"][0]))
        self.refuses(self.client.refresh())
        self.assertIsNone(self.client.version("snapshot"))

    @each({"rsa/rsassa-pss-sha256": "rsa", "ecdsa/ecdsa-sha2-nistp256": "ecdsa", "ed25519/ed25519": "ed25519"})
    def test_keytype_and_scheme(self, kind):
        """Root needs a key of that kind too; then its signature is one that looks right and is over something else."""
        key = self.repository.add_key("root", kind=kind)
        self.repository.root["roles"]["root"]["threshold"] = 2
        self.repository.publish("root")
        self.holds(self.client.refresh())
        self.trusts(root=2, timestamp=1, snapshot=1, targets=1)
        self.repository.publish("root")

        def forge(envelope):
            for signature in envelope["signatures"]:
                if signature["keyid"] == key.id:
                    signature["sig"] = key.sign(b"something else")
        self.repository.edit("root", forge)
        self.refuses(self.client.refresh(), "threshold")
        self.trusts(root=2, timestamp=1, snapshot=1, targets=1)

    def test_invalid_sig_in_valid_metadata(self):
        """A signature that does not hold, or that is empty, takes nothing from the others, which are enough."""
        first = next(iter(self.repository.signers["timestamp"].values()))
        self.repository.add_key("timestamp")
        self.repository.publish("root", "timestamp")

        def spoil(text):
            def change(envelope):
                for signature in envelope["signatures"]:
                    if signature["keyid"] == first.id:
                        signature["sig"] = text
            return change
        self.repository.edit("timestamp", spoil(first.sign(b"something else")))
        self.holds(self.client.refresh())
        self.repository.publish("timestamp")
        self.repository.edit("timestamp", spoil(""))
        self.holds(self.client.refresh())
        self.trusts(root=2, timestamp=3, snapshot=1, targets=1)


if __name__ == "__main__":
    behaviour.main()
