#!/usr/bin/python3
"""Makes the signed samples in test/golden/tuf_key and test/golden/tuf_metadata, with the cryptography of another library than ours.

    /usr/bin/python3 test/tuf_vectors.py test/golden

The signatures are real ones. ECDSA and RSA-PSS draw random numbers, so every run makes other bytes; the files that it made once
are kept, and it is run again only to make new ones.
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


def main():
    golden = sys.argv[1]
    signers = {"ed25519": ed("anna", **{"x-suture-person": "anna", "x-suture-duty": "what runs"}),
               "ecdsa": p256(**{"x-suture-person": "ben"}), "ecdsa, its older type": p256("ecdsa-sha2-nistp256"),
               "anna's token": p256(**{"x-suture-person": "anna"}), "rsa-pss": pss(), "rsa-pss of 4096 bits": pss(4096)}
    for folder in ("tuf_key", "tuf_metadata"):
        os.makedirs(os.path.join(golden, folder), exist_ok=True)
    write(os.path.join(golden, "tuf_key"), "vectors.json", key_vectors(signers))
    metadata(os.path.join(golden, "tuf_metadata"), signers)


main()
