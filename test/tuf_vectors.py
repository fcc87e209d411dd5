#!/usr/bin/python3
"""Makes the signed samples in test/golden/tuf_key and test/golden/tuf_metadata, with the cryptography of another library than ours.

    /usr/bin/python3 test/tuf_vectors.py test/golden

The signatures are real ones. ECDSA and RSA-PSS draw random numbers, so every run makes other bytes; the files that it made once
are kept, and it is run again only to make new ones. With --bad only those in tuf_metadata/bad are made; the error of each, which
stands beside it, is written by the test tuf_metadata with SUTURE_GOLDEN_WRITE=1 and read by a person before it is kept.
"""
import hashlib
import json
import os
import sys

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa


def canonical(value):
    """Canonical JSON as OLPC has it."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return "[" + ",".join(canonical(v) for v in value) + "]"
    return "{" + ",".join(canonical(k) + ":" + canonical(value[k]) for k in sorted(value)) + "}"


def pem(key):
    return key.public_key().public_bytes(serialization.Encoding.PEM,
                                         serialization.PublicFormat.SubjectPublicKeyInfo).decode()


class Signer:
    def __init__(self, secret, scheme, keytype, public, **more):
        self.secret, self.scheme, self.more = secret, scheme, more
        self.key = {"keytype": keytype, "scheme": scheme, "keyval": {"public": public}}
        self.id = hashlib.sha256(canonical(self.key).encode()).hexdigest()
        self.key.update(more)

    def sign(self, message, salt=32):
        if self.scheme == "ed25519":
            return self.secret.sign(message)
        if self.scheme.startswith("ecdsa"):
            return self.secret.sign(message, ec.ECDSA(hashes.SHA256()))
        return self.secret.sign(message, padding.PSS(padding.MGF1(hashes.SHA256()), salt), hashes.SHA256())


def ed(seed, **more):
    secret = ed25519.Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest())
    public = secret.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw).hex()
    return Signer(secret, "ed25519", "ed25519", public, **more)


def p256(keytype="ecdsa", curve=None, **more):
    secret = ec.generate_private_key(curve or ec.SECP256R1())
    return Signer(secret, "ecdsa-sha2-nistp256", keytype, pem(secret), **more)


def pss(bits=2048, **more):
    secret = rsa.generate_private_key(65537, bits)
    return Signer(secret, "rsassa-pss-sha256", "rsa", pem(secret), **more)


def compact(value):
    """Compact JSON: the canonical form but for control characters, which JSON escapes."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def write(folder, name, value, spaces=False):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as out:
        out.write(json.dumps(value, indent=1) if spaces else compact(value))


def vector(name, signer, message, signature, holds, key=None):
    return {"name": name, "id": signer.id, "key": key or signer.key, "message": message.hex(),
            "sig": signature.hex(), "holds": holds}


def key_vectors(signers):
    message, rows = b"what is signed", []
    for name, signer in signers.items():
        good = signer.sign(message)
        rows.append(vector(name, signer, message, good, True))
        rows.append(vector(name + ", another message", signer, message + b"!", good, False))
        rows.append(vector(name + ", empty message", signer, b"", signer.sign(b""), True))
        rows.append(vector(name + ", a bit flipped", signer, message, good[:-1] + bytes([good[-1] ^ 1]), False))
        rows.append(vector(name + ", cut short", signer, message, good[:-1], False))
        rows.append(vector(name + ", a byte more", signer, message, good + b"\0", False))
        rows.append(vector(name + ", no signature", signer, message, b"", False))
    signer = signers["rsa-pss"]
    for salt in (0, 20, 31, 33, 64):
        rows.append(vector(f"rsa-pss, salt {salt}", signer, message, signer.sign(message, salt), False))
    pkcs1 = signer.secret.sign(message, padding.PKCS1v15(), hashes.SHA256())
    rows.append(vector("rsa-pss, PKCS #1 v1.5", signer, message, pkcs1, False))
    sha512 = signer.secret.sign(message, padding.PSS(padding.MGF1(hashes.SHA512()), 32), hashes.SHA512())
    rows.append(vector("rsa-pss, SHA-512", signer, message, sha512, False))
    mixed = signer.secret.sign(message, padding.PSS(padding.MGF1(hashes.SHA512()), 32), hashes.SHA256())
    rows.append(vector("rsa-pss, MGF1 with SHA-512", signer, message, mixed, False))
    signer = signers["ecdsa"]
    sha384 = signer.secret.sign(message, ec.ECDSA(hashes.SHA384()))
    rows.append(vector("ecdsa, SHA-384", signer, message, sha384, False))
    other = p256(curve=ec.SECP384R1())
    rows.append(vector("P-384 that says it is P-256", other, message, other.sign(message), False))
    return rows


def envelope(signed, *signers):
    message = canonical(signed).encode()
    return {"signatures": [{"keyid": s.id, "sig": s.sign(message).hex()} for s in signers], "signed": signed}


def head(kind, version):
    return {"_type": kind, "spec_version": "1.0.34", "version": version, "expires": "2030-01-01T00:00:00Z"}


def role(threshold, *signers):
    return {"keyids": [s.id for s in signers], "threshold": threshold}


def meta_of(value, length=True):
    raw = compact(value).encode()
    found = {"version": value["signed"]["version"]}
    if length:
        found.update(length=len(raw), hashes={"sha256": hashlib.sha256(raw).hexdigest()})
    return found


def target(raw, **more):
    return {"length": len(raw), "hashes": {"sha256": hashlib.sha256(raw).hexdigest(),
                                           "sha512": hashlib.sha512(raw).hexdigest()}, **more}


def metadata(folder, signers):
    anna, ben, token, old = signers["ed25519"], signers["ecdsa"], signers["anna's token"], signers["rsa-pss"]
    online = ed("online", **{"x-suture-online": True})
    everyone = {s.id: s.key for s in (anna, ben, token, old, online)}
    root = head("root", 1) | {"consistent_snapshot": True, "keys": everyone, "roles": {
        "root": role(2, anna, ben, old), "targets": role(2, anna, token, ben),
        "snapshot": role(1, online), "timestamp": role(1, online)}, "x-suture-note": "line one\nline two \u00e9"}
    block = envelope(head("targets", 3) | {"targets": {"orders/block/1.json": target(b"{}")}}, ben)
    targets = envelope(head("targets", 2) | {
        "targets": {"a/file.txt": target(b"file", custom={"size": -4}), "\u00e9.bin": target(b"")},
        "delegations": {"keys": {ben.id: ben.key, anna.id: anna.key}, "roles": [
            {"name": "block", "terminating": True, "paths": ["orders/block/*"], **role(1, ben)},
            {"name": "bins", "terminating": False, "path_hash_prefixes": ["00", "f"], **role(2, anna, ben)}]}},
        anna, ben)
    snapshot = envelope(head("snapshot", 7) | {"meta": {
        "targets.json": meta_of(targets), "block.json": meta_of(block, length=False), "bins.json": {"version": 9}}}, online)
    timestamp = envelope(head("timestamp", 40) | {"meta": {"snapshot.json": meta_of(snapshot)}}, online)
    write(folder, "root.json", envelope(root, anna, ben, old))
    write(folder, "root-spaces.json", envelope(root, old, anna, ben), spaces=True)
    write(folder, "targets.json", targets)
    # Anna with her file key and with her token: two keys, one person.
    write(folder, "targets-one-person.json", envelope(targets["signed"], anna, token))
    write(folder, "block.json", block)
    write(folder, "snapshot.json", snapshot)
    write(folder, "timestamp.json", timestamp)


def small_root(*signers):
    keys = {s.id: s.key for s in signers}
    return head("root", 1) | {"consistent_snapshot": True, "keys": keys, "roles": {
        name: role(1, *signers) for name in ("root", "targets", "snapshot", "timestamp")}}


def small_targets(signer):
    return head("targets", 1) | {"targets": {"file": target(b"file")}, "delegations": {
        "keys": {signer.id: signer.key},
        "roles": [{"name": "a", "terminating": True, "paths": ["a/*"], **role(1, signer)},
                  {"name": "b", "terminating": False, "path_hash_prefixes": ["0f"], **role(1, signer)}]}}


def set_at(path, value):
    """What puts a value at a place of the signed part; None takes the member away."""
    def change(signed):
        for name in path[:-1]:
            signed = signed[name]
        if value is None:
            del signed[path[-1]]
        elif isinstance(signed, list) and path[-1] == len(signed):
            signed.append(value)
        else:
            signed[path[-1]] = value
    return change


def broken(folder):
    """One mistake in each, signed all the same: what is wrong is not the signature."""
    one, other = ed("one"), ed("other")
    twin = dict(one.key, **{"x-suture-person": "twin"})
    weak = pss(1024)
    sha1 = {"file": {"length": 4, "hashes": {"sha1": "0" * 40}}}
    ids = ("roles", "timestamp", "keyids")
    first = ("delegations", "roles", 0)
    second = ("delegations", "roles", 1)
    file = ("targets", "file")
    rows = [
        ("root-no-type", "root", set_at(["_type"], None)),
        ("root-type-number", "root", set_at(["_type"], 7)),
        ("root-type-mirrors", "root", set_at(["_type"], "mirrors")),
        ("root-no-spec-version", "root", set_at(["spec_version"], None)),
        ("root-spec-version-2", "root", set_at(["spec_version"], "2.0.0")),
        ("root-spec-version-1", "root", set_at(["spec_version"], "1")),
        ("root-spec-version-dots", "root", set_at(["spec_version"], "1.0.0.")),
        ("root-spec-version-minus", "root", set_at(["spec_version"], "1.-1.0")),
        ("root-spec-version-number", "root", set_at(["spec_version"], 1)),
        ("root-no-version", "root", set_at(["version"], None)),
        ("root-version-0", "root", set_at(["version"], 0)),
        ("root-version-minus", "root", set_at(["version"], -1)),
        ("root-version-fraction", "root", set_at(["version"], 1.5)),
        ("root-version-text", "root", set_at(["version"], "1")),
        ("root-version-63-bits", "root", set_at(["version"], 2**63)),
        ("root-no-expires", "root", set_at(["expires"], None)),
        ("root-expires-zone", "root", set_at(["expires"], "2030-01-01T00:00:00+00:00")),
        ("root-expires-fraction", "root", set_at(["expires"], "2030-01-01T00:00:00.5Z")),
        ("root-expires-date", "root", set_at(["expires"], "2030-01-01")),
        ("root-expires-day-32", "root", set_at(["expires"], "2030-01-32T00:00:00Z")),
        ("root-expires-number", "root", set_at(["expires"], 1893456000)),
        ("root-consistent-number", "root", set_at(["consistent_snapshot"], 1)),
        ("root-threshold-0", "root", set_at(["roles", "root", "threshold"], 0)),
        ("root-threshold-minus", "root", set_at(["roles", "root", "threshold"], -1)),
        ("root-threshold-text", "root", set_at(["roles", "root", "threshold"], "1")),
        ("root-no-threshold", "root", set_at(["roles", "root", "threshold"], None)),
        ("root-no-timestamp", "root", set_at(["roles", "timestamp"], None)),
        ("root-roles-list", "root", set_at(["roles"], [])),
        ("root-keyid-twice", "root", set_at([*ids, 2], one.id)),
        ("root-key-twice", "root", lambda s: (s["keys"].update(twin=twin), s["roles"]["timestamp"]["keyids"].append("twin"))),
        ("root-keyid-unknown", "root", set_at([*ids, 2], "00ff")),
        ("root-keyid-number", "root", set_at([*ids, 2], 9)),
        ("root-keyid-long", "root", set_at(["keys", "0" * 257], one.key)),
        ("root-keyids-many", "root", set_at(ids, [one.id] * 257)),
        ("root-keys-list", "root", set_at(["keys"], [])),
        ("root-key-list", "root", set_at(["keys", one.id], [])),
        ("root-key-short", "root", set_at(["keys", one.id, "keyval", "public"], "00")),
        ("root-key-of-1024-bits", "root", set_at(["keys", "weak"], weak.key)),
        ("root-key-person-control", "root", set_at(["keys", one.id, "x-suture-person"], "an\nna")),
        ("timestamp-no-meta", "timestamp", set_at(["meta"], None)),
        ("timestamp-two-files", "timestamp", set_at(["meta", "targets.json"], {"version": 1})),
        ("timestamp-other-file", "timestamp", set_at(["meta"], {"targets.json": {"version": 1}})),
        ("snapshot-version-0", "snapshot", set_at(["meta", "targets.json", "version"], 0)),
        ("snapshot-no-version", "snapshot", set_at(["meta", "targets.json"], {})),
        ("snapshot-no-ending", "snapshot", set_at(["meta", "targets"], {"version": 1})),
        ("snapshot-meta-list", "snapshot", set_at(["meta"], [])),
        ("snapshot-file-number", "snapshot", set_at(["meta", "targets.json"], 1)),
        ("snapshot-length-null", "snapshot", set_at(["meta", "targets.json", "length"], "null")),
        ("snapshot-hashes-empty", "snapshot", set_at(["meta", "targets.json", "hashes"], {})),
        ("targets-no-targets", "targets", set_at(["targets"], None)),
        ("targets-list", "targets", set_at(["targets"], [])),
        ("targets-no-length", "targets", set_at([*file, "length"], None)),
        ("targets-length-minus", "targets", set_at([*file, "length"], -4)),
        ("targets-no-hashes", "targets", set_at([*file, "hashes"], None)),
        ("targets-hash-sha1", "targets", set_at(["targets"], sha1)),
        ("targets-hash-short", "targets", set_at([*file, "hashes", "sha256"], "00")),
        ("targets-hash-no-hex", "targets", set_at([*file, "hashes", "sha512"], "z" * 128)),
        ("targets-name-control", "targets", set_at(["targets", "a\u001bb"], target(b""))),
        ("targets-name-long", "targets", set_at(["targets", "n" * 4096], target(b""))),
        ("targets-delegations-list", "targets", set_at(["delegations"], [])),
        ("targets-succinct", "targets", set_at(["delegations", "roles"], None)),
        ("targets-delegation-number", "targets", set_at(first, 1)),
        ("targets-delegation-threshold-0", "targets", set_at([*first, "threshold"], 0)),
        ("targets-delegation-keyid-unknown", "targets", set_at([*first, "keyids"], [other.id])),
        ("targets-delegation-key-twice", "targets",
         lambda s: (s["delegations"]["keys"].update(twin=twin),
                    s["delegations"]["roles"][0]["keyids"].append("twin"))),
        ("targets-delegation-root", "targets", set_at([*first, "name"], "root")),
        ("targets-delegation-no-name", "targets", set_at([*first, "name"], "")),
        ("targets-delegation-name-long", "targets", set_at([*first, "name"], "n" * 81)),
        ("targets-delegation-name-control", "targets", set_at([*first, "name"], "a\u0000b")),
        ("targets-delegation-twice", "targets", set_at([*second, "name"], "a")),
        ("targets-delegation-both", "targets", set_at([*first, "path_hash_prefixes"], [])),
        ("targets-delegation-neither", "targets", set_at([*first, "paths"], None)),
        ("targets-delegation-no-terminating", "targets", set_at([*first, "terminating"], None)),
        ("targets-delegation-path-number", "targets", set_at([*first, "paths", 1], 1)),
        ("targets-delegation-prefix-capital", "targets", set_at([*second, "path_hash_prefixes", 0], "0F")),
        ("targets-delegation-prefix-long", "targets", set_at([*second, "path_hash_prefixes", 0], "0" * 65)),
    ]
    for name, kind, change in rows:
        signed = {"root": lambda: small_root(one, other), "targets": lambda: small_targets(one),
                  "snapshot": lambda: head("snapshot", 1) | {"meta": {"targets.json": {"version": 1}}},
                  "timestamp": lambda: head("timestamp", 1) | {"meta": {"snapshot.json": {"version": 1}}}}[kind]()
        signed = json.loads(json.dumps(signed))
        change(signed)
        raw = compact(signed)
        message = raw.encode()
        value = {"signatures": [{"keyid": one.id, "sig": one.sign(message).hex()}], "signed": signed}
        write(folder, name + ".json", value)
    good = envelope(head("timestamp", 1) | {"meta": {"snapshot.json": {"version": 1}}}, one)
    signature = good["signatures"][0]
    for name, change in [
            ("envelope-list", lambda v: [v]), ("envelope-no-signatures", lambda v: {"signed": v["signed"]}),
            ("envelope-signatures-object", lambda v: dict(v, signatures={})),
            ("envelope-no-signed", lambda v: {"signatures": []}), ("envelope-signed-text", lambda v: dict(v, signed="x")),
            ("envelope-signature-text", lambda v: dict(v, signatures=["x"])),
            ("envelope-no-keyid", lambda v: dict(v, signatures=[{"sig": ""}])),
            ("envelope-no-sig", lambda v: dict(v, signatures=[{"keyid": one.id}])),
            ("envelope-sig-number", lambda v: dict(v, signatures=[{"keyid": one.id, "sig": 1}])),
            ("envelope-signs-twice", lambda v: dict(v, signatures=[signature, signature])),
            ("envelope-signatures-many",
             lambda v: dict(v, signatures=[{"keyid": str(i), "sig": ""} for i in range(257)]))]:
        write(folder, name + ".json", change(good))
    raw = compact(good)
    for name, text in [("envelope-behind", raw + "x"), ("envelope-cut", raw[:-1]),
                       ("envelope-name-twice", raw.replace('"version":1}', '"version":1,"version":2}')),
                       ("envelope-fraction", raw.replace('"version":1}', '"version":1,"x":1.0}'))]:
        with open(os.path.join(folder, name + ".json"), "w", encoding="utf-8") as out:
            out.write(text)


def main():
    golden = sys.argv[1]
    os.makedirs(os.path.join(golden, "tuf_metadata", "bad"), exist_ok=True)
    broken(os.path.join(golden, "tuf_metadata", "bad"))
    if "--bad" in sys.argv:
        return
    signers = {"ed25519": ed("anna", **{"x-suture-person": "anna", "x-suture-duty": "what runs"}),
               "ecdsa": p256(**{"x-suture-person": "ben"}), "ecdsa, its older type": p256("ecdsa-sha2-nistp256"),
               "anna's token": p256(**{"x-suture-person": "anna"}), "rsa-pss": pss(), "rsa-pss of 4096 bits": pss(4096)}
    for folder in ("tuf_key", "tuf_metadata"):
        os.makedirs(os.path.join(golden, folder), exist_ok=True)
    write(os.path.join(golden, "tuf_key"), "vectors.json", key_vectors(signers))
    for name, signer in signers.items():
        write(os.path.join(golden, "tuf_key"), name.replace(" ", "-").replace(",", "").replace("'", "") + ".json", signer.key)
    metadata(os.path.join(golden, "tuf_metadata"), signers)


main()
