#!/usr/bin/python3
"""Documents that a thief of a key could sign, made so that one reader sees something else in them than another, or so that few
keys look like many."""
import base64
import hashlib
import json
import os

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

import behaviour
from behaviour import each
from tuf_keys import Key


def change(*path, to):
    """Sets a member of "signed"."""
    def apply(signed):
        for name in path[:-1]:
            signed = signed[name]
        signed[path[-1]] = to
    return apply


def without(*path):
    def apply(signed):
        for name in path[:-1]:
            signed = signed[name]
        del signed[path[-1]]
    return apply


NO_DATES = {"day": "2040-01-01", "no zone": "2040-01-01T00:00:00", "fraction": "2040-01-01T00:00:00.5Z", "offset": "2040-01-01T00:00:00+00:00",
            "space": "2040-01-01 00:00:00Z", "month 13": "2040-13-01T00:00:00Z", "February 30": "2040-02-30T00:00:00Z",
            "hour 24": "2040-01-01T24:00:00Z", "small z": "2040-01-01T00:00:00z", "year 20400": "20400-01-01T00:00:00Z", "number": 2208988800,
            "never": "never", "nothing": "", "null": None}
NO_VERSIONS = {"0": 0, "minus 1": -1, "text": "2", "truth": True, "null": None, "too large": 2**63, "much too large": 2**64 + 2,
               "array": [2]}
NO_SPECIFICATIONS = {"2.0.0": "2.0.0", "1": "1", "1 point": "1.", "four": "1.0.0.0", "number": 1, "text": "one.two", "11": "11.0.0"}
SHAPES = {
    **{f"expires {name}": change("expires", to=value) for name, value in NO_DATES.items()},
    **{f"version {name}": change("version", to=value) for name, value in NO_VERSIONS.items()},
    **{f"spec_version {name}": change("spec_version", to=value) for name, value in NO_SPECIFICATIONS.items()},
    **{f"snapshot's version {name}": change("meta", "snapshot.json", "version", to=value) for name, value in NO_VERSIONS.items()},
    **{f"without {name}": without(name) for name in ("_type", "spec_version", "version", "expires", "meta")},
    "type in capitals": change("_type", to="Timestamp"),
    "type of another": change("_type", to="snapshot"),
    "meta an array": change("meta", to=[]),
    "meta empty": change("meta", to={}),
    "meta of something else": change("meta", to={"targets.json": {"version": 1}}),
    "meta of two": change("meta", "targets.json", to={"version": 1}),
    "length below 0": change("meta", "snapshot.json", "length", to=-1),
    "length a text": change("meta", "snapshot.json", "length", to="1"),
    "hashes empty": change("meta", "snapshot.json", "hashes", to={}),
    "hash too short": change("meta", "snapshot.json", "hashes", to={"sha256": "ab"}),
    "hash no hexadecimal": change("meta", "snapshot.json", "hashes", to={"sha256": "x" * 64}),
    "hash of md5 alone": change("meta", "snapshot.json", "hashes", to={"md5": "ab" * 16}),
}
FINE = {  # unusual, and meant to be read: the specification has the rest carried along
    "spec_version 1.0": change("spec_version", to="1.0"),
    "spec_version 1.99.7": change("spec_version", to="1.99.7"),
    "members of others": change("x", to={"deep": [[[{"a": None, "b": False, "c": -7}]]], "text": "q\"\\ \u00fc\u4e16\U0001f512"}),
    "control characters": change("x", to="a\nb\tc\u0001"),
    "a member without a name": change("", to=""),
    "names that sort oddly": change("x", to={"\U0001f512": 1, "\uffee": 2, "Z": 3, "a": 4, "": 5, "a\u0301": 6}),
}


class Shape(behaviour.Behaviour):
    def setUp(self):
        super().setUp()
        self.holds(self.client.refresh())
        self.before = self.client.stored("timestamp")
        self.key = next(iter(self.repository.signers["timestamp"].values()))

    def serve(self, text):
        self.repository.published["timestamp"] = [text if isinstance(text, bytes) else text.encode()]

    def signed(self, apply=None):
        """What would be version 2."""
        signed = json.loads(json.dumps(dict(self.repository.timestamp, version=2)))
        if apply:
            apply(signed)
        return signed

    def envelope(self, signed):
        return json.dumps({"signatures": [self.key.signature(signed)], "signed": signed})

    @each(SHAPES)
    def test_shape(self, apply):
        self.serve(self.envelope(self.signed(apply)))
        self.refuses(self.client.refresh())
        self.assertEqual(self.client.stored("timestamp"), self.before)
        self.serve(self.envelope(self.signed()))
        self.holds(self.client.refresh())

    @each(FINE)
    def test_unusual(self, apply):
        text = self.envelope(self.signed(apply))
        self.serve(text)
        self.holds(self.client.refresh())
        self.assertEqual(self.client.stored("timestamp"), text.encode())

    def test_other_writing_of_the_same(self):
        """What is signed is what it means: escapes, spaces and order are the file's own affair."""
        text = self.envelope(self.signed(change("x", to="A\u00fc")))
        for old, new in (('"A\\u00fc"', '"\\u0041\u00fc"'), ('"version"', '"v\\u0065rsion"'), (": ", " :\n\t")):
            self.assertIn(old, text)
            text = text.replace(old, new)
        self.serve(text)
        self.holds(self.client.refresh())
        self.assertEqual(self.client.version("timestamp"), 2)

    @each({
        "version twice, the good one last": lambda text: text.replace('"version": 2,', '"version": 1, "version": 2,'),
        "version twice, the good one first": lambda text: text.replace('"version": 2,', '"version": 2, "version": 9,'),
        "version twice, once with an escape": lambda text: text.replace('"version": 2,', '"version": 2, "v\\u0065rsion": 9,'),
        "signed twice": lambda text: text[:-1] + ', "signed": {}}',
        "signatures twice": lambda text: text[:-1] + ', "signatures": []}',
        "something behind": lambda text: text + "}",
        "another one behind": lambda text: text + text,
        "a mark of byte order": lambda text: "\ufeff" + text,
        "a zero byte": lambda text: text + "\0",
        "a comment": lambda text: "/* */" + text,
        "a comma too many": lambda text: text[:-1] + ",}",
        "2e0": lambda text: text.replace('"version": 2,', '"version": 2e0,'),
        "2.0": lambda text: text.replace('"version": 2,', '"version": 2.0,'),
        "02": lambda text: text.replace('"version": 2,', '"version": 02,'),
        "+2": lambda text: text.replace('"version": 2,', '"version": +2,'),
        "half a pair": lambda text: text.replace('"x": "x"', '"x": "\\ud800"'),
        "no UTF-8": lambda text: text.encode().replace(b'"x": "x"', b'"x": "\xc3\x28"'),
        "UTF-16": lambda text: text.encode("utf-16"),
        "deep": lambda text: text.replace('"x": "x"', '"x": ' + "[" * 7000 + "]" * 7000),
        "a fraction": lambda text: text.replace('"x": "x"', '"x": 1.5'),
        "not a number": lambda text: text.replace('"x": "x"', '"x": NaN'),
        "nothing signed": lambda text: text.replace('"signed"', '"unsigned"'),
        "signatures an object": lambda text: '{"signatures": {}, ' + text[text.index('"signed"'):],
        "a signature that is none": lambda text: '{"signatures": [7], ' + text[text.index('"signed"'):],
    })
    def test_writing(self, write):
        """Texts that are no JSON, or that one reader takes for this and another for that."""
        text = self.envelope(self.signed(change("x", to="x")))
        written = write(text)
        self.assertNotEqual(written, text)
        self.serve(written)
        self.refuses(self.client.refresh())
        self.assertEqual(self.client.stored("timestamp"), self.before)

    def test_a_bit_anywhere(self):
        """No bit of what is signed may be another one, wherever it stands."""
        text = self.envelope(self.signed()).encode()
        begin = text.index(b'"signed"')
        for at in range(begin, len(text), 7):
            bad = text[:at] + bytes([text[at] ^ 1]) + text[at + 1:]
            if json_means(bad) == json_means(text):
                continue
            self.serve(bad)
            self.refuses(self.client.refresh())
        self.assertEqual(self.client.stored("timestamp"), self.before)


def json_means(text):
    try:
        return json.loads(text)
    except ValueError:
        return None


def compressed(key):
    """The PEM of a P-256 key whose point is written as its x alone."""
    numbers = key.private.public_key().public_numbers()
    point = bytes([2 + numbers.y % 2]) + numbers.x.to_bytes(32, "big")
    der = bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + point
    return "-----BEGIN PUBLIC KEY-----\n" + base64.encodebytes(der).decode() + "-----END PUBLIC KEY-----\n"


def rewrap(key):
    lines = key.public["keyval"]["public"].split("\n")
    body = "".join(lines[1:-2])
    return "\n".join([lines[0], *(body[at:at + 40] for at in range(0, len(body), 40)), lines[-2]]) + "\n"


DOUBLES = {  # one key of the kind, and another way to write it
    "the same": ("ecdsa", lambda key, public: None),
    "a member more": ("ecdsa", lambda key, public: public.update(x=1)),
    "an older name of its type": ("ecdsa", lambda key, public: public.update(keytype="ecdsa-sha2-nistp256")),
    "lines ended otherwise": ("ecdsa", lambda key, public: public["keyval"].update(public=public["keyval"]["public"].replace("\n", "\r\n"))),
    "without its last line's end": ("ecdsa", lambda key, public: public["keyval"].update(public=public["keyval"]["public"].strip())),
    "lines of another width": ("rsa", lambda key, public: public["keyval"].update(public=rewrap(key))),
    "something before the PEM": ("rsa", lambda key, public: public["keyval"].update(public="hello\n" + public["keyval"]["public"])),
    "a compressed point": ("ecdsa", lambda key, public: public["keyval"].update(public=compressed(key))),
    "capitals": ("ed25519", lambda key, public: public["keyval"].update(public=public["keyval"]["public"].upper())),
    "another person's": ("ed25519", lambda key, public: public.update({"x-suture-person": "somebody else"})),
}


class Threshold(behaviour.Behaviour):
    """Two have to sign the snapshot; a thief has one key."""

    def setUp(self):
        super().setUp()
        self.repository.drop_keys("snapshot")
        self.repository.root["roles"]["snapshot"]["threshold"] = 2

    def refused(self):
        self.repository.publish("root", "snapshot", "timestamp")
        self.refuses(self.client.refresh())
        self.assertIsNone(self.client.version("snapshot"))

    @each(DOUBLES)
    def test_one_key_written_twice(self, case):
        kind, write = case
        key = self.repository.add_key("snapshot", kind=kind)
        other = key.copy()
        write(key, other.public)
        self.repository.add_key("snapshot", key=other.rename("f" * 64))
        self.refused()

    def test_one_person_with_two_keys(self):
        """A file and a token in one pocket are one pocket."""
        for kind in ("ed25519", "ecdsa"):
            key = self.repository.keys.new(kind)
            key.public["x-suture-person"] = "anna"
            self.repository.add_key("snapshot", key=key.rename())
        self.refused()

    def test_key_that_the_role_does_not_have(self):
        """It stands among the keys, and it is root's, but not this role's."""
        self.repository.add_key("snapshot")
        other = next(iter(self.repository.signers["root"].values()))
        self.repository.signers["snapshot"][other.id] = other
        self.refused()

    @each({"0": 0, "minus 1": -1, "text": "1", "fraction": 1.5, "null": None, "truth": True, "array": [1], "huge": 2**32})
    def test_threshold(self, threshold):
        """A threshold that is none, and nobody has signed."""
        self.repository.add_key("snapshot")
        self.repository.root["roles"]["snapshot"]["threshold"] = threshold
        if isinstance(threshold, float):  # has no canonical form: what is signed is the nearest that has one
            self.repository.root["roles"]["snapshot"]["threshold"] = 1
            self.repository.signers["snapshot"].clear()
            self.repository.publish("root", "snapshot", "timestamp")
            self.repository.published["root"][-1] = self.repository.published["root"][-1].replace(
                b'"threshold": 1', b'"threshold": 1.0')
            self.refuses(self.client.refresh())
            return
        self.repository.signers["snapshot"].clear()
        self.refused()

    def test_nobody_has_to_sign(self):
        self.repository.root["roles"]["snapshot"]["threshold"] = 1
        self.refused()

    def test_key_that_is_not_there(self):
        self.repository.root["roles"]["snapshot"]["threshold"] = 1
        self.repository.root["roles"]["snapshot"]["keyids"] = ["0" * 64]
        self.refused()

    def sign_with(self, kind, sign, threshold=1):
        """The key is right, the way of signing is not."""
        key = self.repository.add_key("snapshot", kind=kind)
        self.repository.root["roles"]["snapshot"]["threshold"] = threshold
        key.sign = lambda message: sign(key.private, message).hex()
        self.refused()

    @each({
        "PKCS 1.5": ("rsa", lambda key, message: key.sign(message, padding.PKCS1v15(), hashes.SHA256())),
        "a salt of 20": ("rsa", lambda key, message: key.sign(
            message, padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=20), hashes.SHA256())),
        "the longest salt": ("rsa", lambda key, message: key.sign(
            message, padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.MAX_LENGTH), hashes.SHA256())),
        "no salt": ("rsa", lambda key, message: key.sign(
            message, padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=0), hashes.SHA256())),
        "SHA-1 in the mask": ("rsa", lambda key, message: key.sign(
            message, padding.PSS(mgf=padding.MGF1(hashes.SHA1()), salt_length=32), hashes.SHA256())),
        "SHA-1": ("rsa", lambda key, message: key.sign(
            message, padding.PSS(mgf=padding.MGF1(hashes.SHA1()), salt_length=20), hashes.SHA1())),
        "SHA-384": ("ecdsa", lambda key, message: key.sign(message, ec.ECDSA(hashes.SHA384()))),
        "SHA-1 of a curve": ("ecdsa", lambda key, message: key.sign(message, ec.ECDSA(hashes.SHA1()))),
        "two numbers, no DER": ("ecdsa", lambda key, message: b"".join(
            number.to_bytes(32, "big") for number in utils.decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256()))))),
        "zero and zero": ("ecdsa", lambda key, message: utils.encode_dss_signature(0, 0)),
        "something behind": ("ecdsa", lambda key, message: key.sign(message, ec.ECDSA(hashes.SHA256())) + b"\0"),
        "zeros": ("ed25519", lambda key, message: bytes(64)),
        "one more byte": ("ed25519", lambda key, message: key.sign(message) + b"\0"),
        "of a digest": ("ed25519", lambda key, message: key.sign(hashlib.sha256(message).digest())),
    })
    def test_signature(self, case):
        self.sign_with(*case)

    @each({"P-384 for P-256": ("ecdsa", lambda: ec.generate_private_key(ec.SECP384R1())),
           "RSA of 1024 bits": ("rsa", lambda: rsa.generate_private_key(public_exponent=65537, key_size=1024)),
           "RSA as ECDSA": ("ecdsa", lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048))})
    def test_key(self, case):
        """A key that is not what its scheme says, or that is too weak to mean anything."""
        kind, make = case
        private = make()
        key = Key(kind, private)
        rsa_sign = isinstance(private, rsa.RSAPrivateKey)
        pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
        key.sign = lambda message: (private.sign(message, pss, hashes.SHA256()) if rsa_sign
                                    else private.sign(message, ec.ECDSA(hashes.SHA256()))).hex()
        self.repository.root["roles"]["snapshot"]["threshold"] = 1
        self.repository.add_key("snapshot", key=key)
        self.refused()

    def test_key_of_an_unknown_kind_harms_nobody(self):
        """Others may use what this client does not know; it only never counts."""
        self.repository.add_key("snapshot")
        self.repository.add_key("snapshot")
        key = self.repository.keys.new("ed25519")
        key.public.update(keytype="sphincs", scheme="sphincs-shake-256s", keyval={"public": "?"})
        self.repository.add_key("snapshot", key=key.rename())
        self.repository.publish("root", "snapshot", "timestamp")
        self.holds(self.client.refresh())
        self.repository.signers["snapshot"].popitem()
        first = next(iter(self.repository.signers["snapshot"]))
        self.repository.signers["snapshot"] = {first: self.repository.signers["snapshot"][first], key.id: key}
        self.repository.publish("snapshot", "timestamp")
        self.refuses(self.client.refresh(), "threshold")


class Delegations(behaviour.Behaviour):
    """Shapes of delegations that mean nothing, or two things."""

    @each({
        "neither paths nor prefixes": lambda entry, all_of: entry.pop("paths"),
        "both paths and prefixes": lambda entry, all_of: entry.update(path_hash_prefixes=["0"]),
        "paths a text": lambda entry, all_of: entry.update(paths="*"),
        "prefix in capitals": lambda entry, all_of: (entry.pop("paths"), entry.update(path_hash_prefixes=["A"])),
        "prefix no hexadecimal": lambda entry, all_of: (entry.pop("paths"), entry.update(path_hash_prefixes=["x"])),
        "terminating a number": lambda entry, all_of: entry.update(terminating=1),
        "no terminating": lambda entry, all_of: entry.pop("terminating"),
        "no name": lambda entry, all_of: entry.pop("name"),
        "an empty name": lambda entry, all_of: entry.update(name=""),
        "a very long name": lambda entry, all_of: entry.update(name="n" * 300),
        "a name with a zero byte": lambda entry, all_of: entry.update(name="a\0b"),
        "a name with a line's end": lambda entry, all_of: entry.update(name="a\nb"),
        "the same name twice": lambda entry, all_of: all_of["roles"].append(dict(entry)),
        "threshold 0": lambda entry, all_of: entry.update(threshold=0),
        "a key id that is not there": lambda entry, all_of: entry["keyids"].append("0" * 64),
        "a key id twice": lambda entry, all_of: entry["keyids"].append(entry["keyids"][0]),
        "roles an object": lambda entry, all_of: all_of.update(roles={}),
        "keys an array": lambda entry, all_of: all_of.update(keys=[]),
        "a bad one behind": lambda entry, all_of: all_of["roles"].append({"name": "x"}),
    })
    def test_shape(self, write):
        self.holds(self.client.refresh())
        before = self.client.stored("targets")
        self.repository.delegate("targets", "role")
        self.repository.publish("role")
        all_of = self.repository.targets["delegations"]
        write(all_of["roles"][0], all_of)
        self.repository.publish("targets", "snapshot", "timestamp")
        self.refuses(self.client.download("file"))
        self.assertEqual(self.client.stored("targets"), before)

    @each({
        "no length": lambda entry: entry.pop("length"),
        "length below 0": lambda entry: entry.update(length=-1),
        "length too small": lambda entry: entry.update(length=entry["length"] - 1),
        "length too large": lambda entry: entry.update(length=entry["length"] + 1),
        "no hashes": lambda entry: entry.pop("hashes"),
        "hashes empty": lambda entry: entry.update(hashes={}),
        "one of two hashes wrong": lambda entry: entry["hashes"].update(sha512="ab" * 64),
        "an array": lambda entry: entry.update(hashes=[entry["hashes"]]),
    })
    def test_target(self, write):
        entry = self.repository.add_target("targets", b"bytes", "file")
        write(entry)
        self.repository.publish_all()
        self.refuses(self.client.download("file"))
        self.assertEqual(os.listdir(self.client.downloads), [])

    def test_empty_target(self):
        self.repository.add_target("targets", b"", "file")
        self.repository.publish_all()
        self.holds(self.client.download("file"))
        self.assertEqual(self.client.downloaded(), [b""])


if __name__ == "__main__":
    behaviour.main()
