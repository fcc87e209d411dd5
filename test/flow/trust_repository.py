"""A repository of the tree of trust (src/trust/tree.h) as files in a folder, for tests of a machine: people's keys, roles, orders."""
import datetime
import hashlib
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tuf"))
import tuf_keys  # noqa: E402

DAY = datetime.timedelta(days=1)
PATHS = {"policy": "policy/*", "crisis": "orders/crisis/*", "block": "orders/block/*", "approval": "orders/approval/*",
         "mirror": "mirror/*", "deltas": "deltas/*"}
PEOPLE = ["anna", "bob", "carol"]


def text(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


class Repository:
    """solo: everybody is anna, and one signature is enough. Times are those of `now` until a test moves it."""

    def __init__(self, folder, now, solo=False):
        self.folder, self.now, self.solo = folder, now, solo
        self.people = {name: self.person(name) for name in (PEOPLE[:1] if solo else PEOPLE)}
        self.server = tuf_keys.Key("ed25519", tuf_keys._make("ed25519"))
        self.versions, self.targets, self.signers, self.lasts = {}, {role: {} for role in PATHS}, {}, {}
        os.makedirs(os.path.join(folder, "metadata"))

    def person(self, name):
        key = tuf_keys.Key("ed25519", tuf_keys._make("ed25519"))
        key.public["x-suture-person"] = name
        return key

    def keys_of(self, role):
        online = role in ("timestamp", "snapshot", "mirror", "deltas")
        return [self.server] if online else list(self.people.values())

    def threshold(self, role):
        return 1 if self.solo or role in ("timestamp", "snapshot", "mirror", "deltas", "block") else 2

    def write(self, path, raw):
        path = os.path.join(self.folder, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(raw)

    def put(self, role, kind, **more):
        """Signs a document of the role, as its next version."""
        version = self.versions[role] = self.versions.get(role, 0) + 1
        signed = {"_type": kind, "spec_version": "1.0.34", "version": version, "x-suture-made": text(self.now),
                  "expires": text(self.now + self.lasts.get(role, 30) * DAY), **more}
        raw = tuf_keys.canonical_bytes(signed)
        people = self.signers.get(role)
        keys = self.keys_of(role) if people is None else [self.people[name] for name in people]
        envelope = {"signatures": [{"keyid": key.id, "sig": key.sign(raw)} for key in keys], "signed": signed}
        name = f"{role}.json" if role == "timestamp" else f"{version}.{role}.json"
        self.write(os.path.join("metadata", name), json.dumps(envelope).encode())
        return version

    def roles_of(self, roles):
        keys = {key.id: key.public for role in roles for key in self.keys_of(role)}
        named = {role: {"keyids": [key.id for key in self.keys_of(role)], "threshold": self.threshold(role)}
                 for role in roles}
        return keys, named

    def put_root(self):
        keys, roles = self.roles_of(["root", "timestamp", "snapshot", "targets"])
        solo = {"x-suture-solo": True} if self.solo else {}
        self.put("root", "root", keys=keys, roles=roles, consistent_snapshot=True, **solo)
        return os.path.join(self.folder, "metadata", f"{self.versions['root']}.root.json")

    def put_targets(self):
        keys, roles = self.roles_of(list(PATHS))
        delegated = [{"name": role, "terminating": True, "paths": [PATHS[role]], **roles[role]} for role in PATHS]
        self.put("targets", "targets", targets={}, delegations={"keys": keys, "roles": delegated})

    def add(self, role, path, raw):
        digest = hashlib.sha256(raw).hexdigest()
        self.targets[role][path] = {"length": len(raw), "hashes": {"sha256": digest}}
        folder, _, name = path.rpartition("/")
        self.write(os.path.join("targets", folder, f"{digest}.{name}"), raw)

    def order(self, kind, number, role=None, days=10, **more):
        """Adds an order of that kind to the role of that kind (or another one)."""
        name = f"{self.now:%Y-%m-%d}-{number:08x}"
        order = {"schema": "suture.order/1", "kind": kind, "id": name, "made": text(self.now),
                 "ends": text(self.now + days * DAY), "by": "anna", "reason": "a hole", **more}
        self.add(role or kind, f"orders/{kind}/{name}.json", tuf_keys.canonical_bytes(order))
        return name

    def put_role(self, role):
        self.put(role, "targets", targets=self.targets[role])

    def put_snapshot(self):
        roles = {f"{role}.json": {"version": version} for role, version in self.versions.items()
                 if role not in ("root", "timestamp", "snapshot")}
        self.put("snapshot", "snapshot", meta=roles)

    def put_timestamp(self):
        self.lasts.setdefault("timestamp", 7)
        self.put("timestamp", "timestamp", meta={"snapshot.json": {"version": self.versions["snapshot"]}})

    def publish(self, *roles):
        for role in roles:
            self.put_role(role)
        self.put_snapshot()
        self.put_timestamp()

    def begin(self):
        """Everything for the first time; the path of the root to pin."""
        root = self.put_root()
        self.put_targets()
        self.publish(*PATHS)
        return root
