#!/usr/bin/python3
"""The simulator does what the other tests take for granted. No client runs here."""
import json
import unittest

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

import behaviour
from simulator import TOP_LEVEL, Repository, date, digest
from tuf_keys import KeyRing, canonical_bytes


class Simulator(unittest.TestCase):
    def setUp(self):
        self.repository = Repository()

    def signed(self, role):
        return json.loads(self.repository.published[role][-1])["signed"]

    def test_repo_initialization(self):
        self.assertEqual(sorted(self.repository.published), sorted(TOP_LEVEL))
        for role in TOP_LEVEL:
            self.assertEqual(len(self.repository.published[role]), 1)
            self.assertEqual(self.signed(role)["version"], 1)
            self.assertEqual(self.signed(role)["_type"], role)

    def test_basic_metadata_hash_support(self):
        self.repository.with_hashes = True
        self.repository.publish_all()
        self.assertEqual(self.signed("snapshot")["version"], 2)
        snapshot = self.repository.published["snapshot"][-1]
        self.assertEqual(self.signed("timestamp")["meta"]["snapshot.json"],
                         {"version": 2, "length": len(snapshot), "hashes": {"sha256": digest("sha256", snapshot)}})

    def test_update_timestamp(self):
        past = date(-5)
        self.repository.timestamp["expires"] = past
        self.repository.publish("timestamp")
        self.assertEqual(self.signed("timestamp")["expires"], past)

    def test_what_was_published_stays(self):
        before = self.repository.published["root"][0]
        self.repository.rotate("root")
        self.repository.publish("root")
        self.assertEqual(self.repository.published["root"][0], before)
        self.assertEqual([json.loads(data)["signed"]["version"] for data in self.repository.published["root"]], [1, 2])

    def test_signatures_hold_over_the_canonical_form_only(self):
        envelope = json.loads(self.repository.published["targets"][0])
        key = next(iter(self.repository.signers["targets"].values()))
        signature = bytes.fromhex(envelope["signatures"][0]["sig"])
        public = key.private.public_key()
        public.verify(signature, canonical_bytes(envelope["signed"]), ec.ECDSA(hashes.SHA256()))
        with self.assertRaises(InvalidSignature):
            public.verify(signature, json.dumps(envelope["signed"]).encode(), ec.ECDSA(hashes.SHA256()))

    def test_canonical_form(self):
        self.assertEqual(canonical_bytes({"b": [1, True, None], "a": 'q"\\\n\u00e9'}),
                         b'{"a":"q\\"\\\\\n\xc3\xa9","b":[1,true,null]}')

    def test_keys_are_handed_out_once(self):
        ring = KeyRing()
        self.assertEqual(len({ring.new(kind).id for kind in ("ecdsa", "ed25519") for _ in range(3)}), 6)
        self.assertEqual(KeyRing().new().id, KeyRing().new().id)


if __name__ == "__main__":
    behaviour.main()
