#!/usr/bin/env python3
"""Makes a stored repository for static_test.py with python-tuf, as that program would have it. For people, once:

    pip install tuf cryptography           # in an environment of its own: nothing of ours needs it
    static_python_tuf.py FOLDER EXPIRES consistent|plain

FOLDER gets what tufjs_repository.js makes, of another shape: root 2 of 3 over three versions, a role with a threshold of
two, another below it with a member that nobody knows, sixteen bins by one digit each, and with "plain" no consistent snapshots."""
import datetime
import hashlib
import json
import os
import sys

from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (DelegatedRole, Delegations, Metadata, MetaFile, Root, Snapshot, TargetFile, Targets,
                              Timestamp)

folder, expires, kind = sys.argv[1:4]
consistent = kind == "consistent"
expires = datetime.datetime.strptime(expires, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.timezone.utc)
for name in ("metadata", "targets"):
    os.makedirs(os.path.join(folder, name), exist_ok=True)
paths = {}


def store(role, signed, signers, versioned=consistent):
    metadata = Metadata(signed)
    for signer in signers:
        metadata.sign(signer, append=True)
    data = metadata.to_bytes()
    with open(os.path.join(folder, "metadata", f"{signed.version}.{role}.json" if versioned else f"{role}.json"), "wb") as file:
        file.write(data)
    return MetaFile(signed.version, len(data), {"sha256": hashlib.sha256(data).hexdigest()})


def add_target(targets, role, name):
    data = f"{name} of {role}\n".encode()
    targets[name] = TargetFile.from_data(name, data, ["sha256"])
    paths[name] = role
    base, file = os.path.split(name)
    base = os.path.join(folder, "targets", base)
    os.makedirs(base, exist_ok=True)
    prefix = targets[name].hashes["sha256"] + "." if consistent else ""
    with open(os.path.join(base, prefix + file), "wb") as out:
        out.write(data)


def delegate(delegations, name, signers, threshold=1, terminating=False, **where):
    delegations.roles[name] = DelegatedRole(name, [signer.public_key.keyid for signer in signers], threshold, terminating, **where)
    for signer in signers:
        delegations.keys[signer.public_key.keyid] = signer.public_key


holders = [CryptoSigner.generate_ecdsa(), CryptoSigner.generate_ed25519(), CryptoSigner.generate_rsa(), CryptoSigner.generate_ecdsa()]
online = CryptoSigner.generate_ecdsa()
offline = CryptoSigner.generate_ed25519()
root = Root(expires=expires, consistent_snapshot=consistent)
for holder in holders[:3]:
    root.add_key(holder.public_key, "root")
root.roles["root"].threshold = 2
for role, signer in (("timestamp", online), ("snapshot", online), ("targets", offline)):
    root.add_key(signer.public_key, role)
store("root", root, holders[:2], True)
root.version = 2
root.revoke_key(holders[0].public_key.keyid, "root")
root.add_key(holders[3].public_key, "root")
root.unrecognized_fields["x-made-by"] = "python-tuf"
store("root", root, [holders[0], holders[1], holders[3]], True)
root.version = 3
store("root", root, [holders[2], holders[3]], True)
with open(os.path.join(folder, "metadata", "1.root.json"), "rb") as file, open(os.path.join(folder, "first_root.json"), "wb") as out:
    out.write(file.read())

pair = [CryptoSigner.generate_ecdsa(), CryptoSigner.generate_rsa()]
below, bins = CryptoSigner.generate_ed25519(), CryptoSigner.generate_ecdsa()
targets = Targets(expires=expires, delegations=Delegations({}, {}))
add_target(targets.targets, "targets", "top-level.txt")
delegate(targets.delegations, "releases", pair, 2, True, paths=["releases/*/*", "releases/*.md"])
for digit in "0123456789abcdef":
    delegate(targets.delegations, f"bin-{digit}", [bins], path_hash_prefixes=[digit])

releases = Targets(expires=expires, delegations=Delegations({}, {}))
releases.version = 7
add_target(releases.targets, "releases", "releases/README.md")
delegate(releases.delegations, "x86", [below], paths=["releases/x86/*-?.zip"])
releases.delegations.roles["x86"].unrecognized_fields["x-note"] = {"deep": [1, 2, {"deeper": None}]}
x86 = Targets(expires=expires)
add_target(x86.targets, "x86", "releases/x86/program-1.zip")

meta = {"releases.json": store("releases", releases, pair), "x86.json": store("x86", x86, [below])}
for digit in "0123456789abcdef":
    one = Targets(expires=expires)
    for name in ("one.bin", "two.bin", "deep/three.bin"):
        if hashlib.sha256(name.encode()).hexdigest()[0] == digit:
            add_target(one.targets, f"bin-{digit}", name)
    meta[f"bin-{digit}.json"] = store(f"bin-{digit}", one, [bins])
meta["targets.json"] = store("targets", targets, [offline])
snapshot = Snapshot(expires=expires, meta=meta)
store("timestamp", Timestamp(expires=expires, snapshot_meta=store("snapshot", snapshot, [online])), [online], False)
with open(os.path.join(folder, "paths.json"), "w") as file:
    json.dump(paths, file, indent=1)
    file.write("\n")
