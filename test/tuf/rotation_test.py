#!/usr/bin/python3
"""Keys that change from one version to the next: root by its own chain, the others by root."""
import behaviour
from behaviour import each


class Version:
    """Keys (by number), how many of them have to sign, who does, and whether a client may take it."""

    def __init__(self, keys, threshold, signed_by, holds=True):
        self.keys, self.threshold, self.signed_by, self.holds = keys, threshold, signed_by, holds


FIVE = [0, 1, 2, 3, 4]  # of which three sign
NEXT = [0, 1, 3, 4, 5]  # one of the five changed
ROOTS = {
    "1-of-1-key-rotation": [
        Version([1], 1, [1]), Version([2], 1, [2, 1]), Version([2], 1, [2])],
    "1-of-1-key-rotation-unused-signatures": [
        Version([1], 1, [3, 1, 4]), Version([2], 1, [3, 2, 1, 4]), Version([2], 1, [3, 2, 4])],
    "3-of-5-sign-with-different-keycombos": [
        Version(FIVE, 3, [0, 2, 4]), Version(FIVE, 3, [0, 4, 1]), Version(FIVE, 3, [0, 1, 3]),
        Version(FIVE, 3, [0, 1, 3])],
    "3-of-5-one-key-rotated": [
        Version(FIVE, 3, [0, 2, 4]), Version(NEXT, 3, [0, 4, 1])],
    "3-of-5-one-key-rotated-with-intermediate-step": [
        Version(FIVE, 3, [0, 2, 4]), Version(NEXT, 3, [0, 2, 4, 5]), Version(NEXT, 3, [0, 4, 5])],
    "3-of-5-all-keys-rotated-with-intermediate-step": [
        Version(FIVE, 3, [0, 2, 4]), Version([5, 6, 7, 8, 9], 3, [0, 2, 4, 5, 6, 7]),
        Version([5, 6, 7, 8, 9], 3, [5, 6, 7])],
    "1-of-3-threshold-increase-to-2-of-3": [
        Version([1, 2, 3], 1, [1]), Version([1, 2, 3], 2, [1, 2])],
    "2-of-3-threshold-decrease-to-1-of-3": [
        Version([1, 2, 3], 2, [1, 2]), Version([1, 2, 3], 1, [1, 2]), Version([1, 2, 3], 1, [1])],
    "1-of-2-threshold-increase-to-2-of-2": [
        Version([1], 1, [1]), Version([1, 2], 2, [1, 2])],
    "1-of-1-key-rotation-fail-not-signed-with-old-key": [
        Version([1], 1, [1]), Version([2], 1, [2, 3, 4], holds=False)],
    "1-of-1-key-rotation-fail-not-signed-with-new-key": [
        Version([1], 1, [1]), Version([2], 1, [1, 3, 4], holds=False)],
    "3-of-5-one-key-rotate-fails-not-signed-with-3-new-keys": [
        Version(FIVE, 3, [0, 2, 4]), Version(NEXT, 3, [0, 2, 4], holds=False)],
    "3-of-5-one-key-rotate-fails-not-signed-with-3-old-keys": [
        Version(FIVE, 3, [0, 2, 4]), Version(NEXT, 3, [0, 4, 5], holds=False)],
    "1-of-3-threshold-bump-to-2-of-3-fails-new-threshold-not-reached": [
        Version([1, 2, 3], 1, [1]), Version([1, 2, 3], 2, [2], holds=False)],
    "2-of-3-threshold-decr-to-1-of-3-fails-old-threshold-not-eached": [
        Version([1, 2, 3], 2, [1, 2]), Version([1, 2, 3], 1, [1], holds=False)],
}
OTHERS = {
    "1-of-1-key-rotation": Version([2], 1, [2]),
    "1-of-1-key-rotation-unused-signatures": Version([1], 1, [3, 1, 4]),
    "1-of-1-key-rotation-fail-not-signed-with-new-key": Version([2], 1, [1, 3, 4], holds=False),
    "3-of-5-one-key-signature-wrong-not-signed-with-3-expected-keys": Version(NEXT, 3, [0, 2, 4], holds=False),
    "2-of-5-one-key-signature-mising-threshold-not-reached": Version(NEXT, 3, [0, 4], holds=False),
    "3-of-5-sign-first-combo": Version(FIVE, 3, [0, 2, 4]),
    "3-of-5-sign-second-combo": Version(FIVE, 3, [0, 4, 1]),
    "3-of-5-sign-third-combo": Version(FIVE, 3, [0, 1, 3]),
    "3-of-5-sign-fourth-combo": Version(FIVE, 3, [1, 2, 3]),
    "3-of-5-sign-fifth-combo": Version(FIVE, 3, [2, 3, 4]),
}


class Rotation(behaviour.Behaviour):
    started = False

    def setUp(self):
        super().setUp()
        self.pool = [self.repository.keys.new() for _ in range(10)]

    def use(self, role, version):
        """The role has the keys and signers that the version names, and no others."""
        self.repository.drop_keys(role)
        self.repository.root["roles"][role]["threshold"] = version.threshold
        for number in version.keys:
            self.repository.root["keys"][self.pool[number].id] = self.pool[number].public
            self.repository.root["roles"][role]["keyids"].append(self.pool[number].id)
        for number in version.signed_by:
            self.repository.signers[role][self.pool[number].id] = self.pool[number]

    @each(ROOTS)
    def test_root_rotation(self, versions):
        self.repository.restart("root")
        for version in versions:
            self.use("root", version)
            self.repository.publish("root")
        self.start()
        if versions[-1].holds:
            self.holds(self.client.refresh())
            self.assertEqual(self.client.stored("root"), self.repository.published["root"][-1])
        else:
            self.refuses(self.client.refresh(), "threshold")
            self.assertEqual(self.client.stored("root"), self.repository.published["root"][-2])

    @each(OTHERS)
    def test_non_root_rotations(self, version):
        self.start()
        for role in ("timestamp", "snapshot", "targets"):
            self.use(role, version)
            self.repository.publish("root", "targets", "snapshot", "timestamp")
            if version.holds:
                self.holds(self.client.refresh())
                self.assertEqual(self.client.stored(role), self.repository.published[role][-1])
            else:
                self.refuses(self.client.refresh(), "threshold")
                self.assertIsNone(self.client.stored(role))


if __name__ == "__main__":
    behaviour.main()
