"""A repository of The Update Framework in memory, and a server on loopback that counts what is asked.

A test changes the drafts and publishes them; what was published stays as it was, byte for byte:

    with Server() as server:
        repository = server.add("name")              # root, timestamp, snapshot and targets, version 1
        repository.add_target("targets", b"bytes", "path")
        repository.publish("targets", "snapshot", "timestamp")
        ... a client asks repository.metadata_url ...
        repository.asked                              # [("root", 2), ("timestamp", None), ("snapshot", 2), ...]

It may be asked to publish what no honest repository would: that is what it is for."""
import copy
import datetime
import hashlib
import http.server
import json
import socketserver
import threading
import urllib.parse

from tuf_keys import KeyRing

TOP_LEVEL = ("root", "timestamp", "snapshot", "targets")
SPECIFICATION = "1.0.34"


def now():
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def date(days):
    """The text of a date so many days from now."""
    return (now() + datetime.timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def digest(kind, data):
    return hashlib.new(kind, data).hexdigest()


class Absent(Exception):
    """Answered as 404."""


class Target:
    def __init__(self, data, entry):
        self.data, self.entry = data, entry


class Repository:
    def __init__(self, base=""):
        self.metadata_url, self.targets_url = base + "metadata/", base + "targets/"
        self.keys = KeyRing()
        self.draft = {}  # role -> its "signed" as it will be published next
        self.signers = {}  # role -> {key id: Key} that sign it
        self.published = {}  # role -> the files as served, the one of version N at N - 1
        self.served = {}  # path -> Target
        self.asked = []  # (role, version or None), in order, quoted as they were asked
        self.asked_targets = []  # (path, hash or None)
        self.answers = {}  # path below the repository -> function(handler): answers it instead of us
        self.with_hashes = False  # lengths and hashes of metadata in snapshot and timestamp
        self.expires = date(30)
        for role, kind in (("targets", {"targets": {}}), ("snapshot", {"meta": {}}),
                           ("timestamp", {"meta": {"snapshot.json": {"version": 1}}}),
                           ("root", {"consistent_snapshot": True, "keys": {}, "roles": {}})):
            self.draft[role] = self.new_signed(role, **kind)
        for role in TOP_LEVEL:
            self.root["roles"][role] = {"keyids": [], "threshold": 1}
            self.add_key(role)
        self.publish("targets", "snapshot", "timestamp", "root")

    root = property(lambda self: self.draft["root"])
    timestamp = property(lambda self: self.draft["timestamp"])
    snapshot = property(lambda self: self.draft["snapshot"])
    targets = property(lambda self: self.draft["targets"])

    def new_signed(self, kind, **more):
        return {"_type": kind, "spec_version": SPECIFICATION, "version": 1, "expires": self.expires, **more}

    # Keys

    def holder(self, role, delegator="root"):
        """Where the keys of a role stand: (the object with "keys", the role's own object)."""
        if delegator == "root":
            return self.root, self.root["roles"][role]
        delegations = self.draft[delegator]["delegations"]
        return delegations, next(each for each in delegations["roles"] if each["name"] == role)

    def add_key(self, role, delegator="root", key=None, kind="ecdsa"):
        """A key that may sign for the role, and does from now on."""
        key = key or self.keys.new(kind)
        holder, entry = self.holder(role, delegator)
        holder["keys"][key.id] = key.public
        entry["keyids"].append(key.id)
        self.signers.setdefault(role, {})[key.id] = key
        return key

    def drop_keys(self, role, delegator="root"):
        self.holder(role, delegator)[1]["keyids"].clear()
        self.signers[role].clear()

    def rotate(self, role):
        self.drop_keys(role)
        for _ in range(self.root["roles"][role]["threshold"]):
            self.add_key(role)

    # Targets and delegations

    def add_target(self, role, data, path, kinds=("sha256",), serve=True):
        entry = {"length": len(data), "hashes": {kind: digest(kind, data) for kind in kinds}}
        self.draft[role]["targets"][path] = entry
        if serve:
            self.served[path] = Target(data, entry)
        return entry

    def delegate(self, delegator, role, paths=None, terminating=False, threshold=1, prefixes=None, key=True):
        """The last delegation of the delegator so far, with one new key; its document is made if there is none."""
        delegations = self.draft[delegator].setdefault("delegations", {"keys": {}, "roles": []})
        entry = {"name": role, "keyids": [], "threshold": threshold, "terminating": terminating}
        if prefixes is None:
            entry["paths"] = ["*"] if paths is None else list(paths)
        else:
            entry["path_hash_prefixes"] = list(prefixes)
        delegations["roles"].append(entry)
        if role not in self.draft:
            self.draft[role] = self.new_signed("targets", targets={})
        self.signers.setdefault(role, {})
        return self.add_key(role, delegator) if key else None

    # Publishing

    def sign(self, role):
        signed = self.draft[role]
        return {"signatures": [key.signature(signed) for key in self.signers[role].values()],
                "signed": copy.deepcopy(signed)}

    def write(self, envelope):
        """The file of it. Not canonical on purpose: what is signed is the canonical form of "signed" alone."""
        return json.dumps(envelope, indent=1).encode()

    def meta(self, role):
        entry = {"version": self.draft[role]["version"]}
        if self.with_hashes:
            data = self.published[role][-1]
            entry.update(length=len(data), hashes={"sha256": digest("sha256", data)})
        return entry

    def publish(self, *roles, bump=True):
        """Signs each draft with the version after its last one (the first is 1), and tells snapshot or timestamp's
        draft of it."""
        for role in roles:
            if role in self.published and bump:
                self.draft[role]["version"] += 1
            self.published.setdefault(role, []).append(self.write(self.sign(role)))
            if role == "snapshot":
                self.timestamp["meta"]["snapshot.json"] = self.meta(role)
            elif role not in ("root", "timestamp"):
                self.snapshot["meta"][role + ".json"] = self.meta(role)

    def publish_all(self):
        self.publish("targets", "snapshot", "timestamp")

    def restart(self, role, version=1):
        """Forgets all that was published of a role: what is published next has that version again."""
        del self.published[role]
        self.draft[role]["version"] = version

    def edit(self, role, change):
        """Changes the envelope of what was published last, behind the signature's back."""
        envelope = json.loads(self.published[role][-1])
        change(envelope)
        self.published[role][-1] = self.write(envelope)

    # What is asked

    def fetch(self, path):
        folder, _, name = path.partition("/")
        if folder == "metadata" and name.endswith(".json"):
            return self.fetch_metadata(name[:-len(".json")])
        if folder == "targets":
            return self.fetch_target(name)
        raise Absent(path)

    def fetch_metadata(self, name):
        number, dot, role = name.partition(".")
        if dot and number.isdigit():
            version = int(number)
        else:
            role, version = name, None
        self.asked.append((role, version))
        published = self.published.get(urllib.parse.unquote(role), [])
        versioned = role == "root" or (self.root["consistent_snapshot"] and role != "timestamp")
        if versioned != (version is not None) or not published:
            raise Absent(name)
        if version is None:
            return published[-1]
        if not 1 <= version <= len(published):
            raise Absent(name)
        return published[version - 1]

    def fetch_target(self, name):
        path, prefix = name, None
        if self.root["consistent_snapshot"]:
            folder, slash, base = name.rpartition("/")
            prefix, _, base = base.partition(".")
            path = folder + slash + base
        path = urllib.parse.unquote(path)
        self.asked_targets.append((path, prefix))
        target = self.served.get(path)
        if target is None or (prefix is not None and prefix not in target.entry["hashes"].values()):
            raise Absent(name)
        return target.data


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: each small answer would wait 40 ms

    def log_message(self, *arguments):
        pass

    def answer(self, status, data=b"", length=None, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        name, _, path = self.path.lstrip("/").partition("/")
        repository = self.server.repositories.get(name)
        try:
            if repository is None:
                self.answer(404)
            elif path in repository.answers:
                self.close_connection = True
                repository.answers[path](self)
            else:
                self.answer(200, repository.fetch(path))
        except Absent:
            self.answer(404)
        except ConnectionError:
            self.close_connection = True


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """As many repositories as tests; each below its own name."""

    daemon_threads = True
    request_queue_size = 32

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.repositories = {}
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()

    def add(self, name):
        repository = Repository(f"http://127.0.0.1:{self.server_address[1]}/{name}/")
        self.repositories[name] = repository
        return repository

    def handle_error(self, request, client_address):
        pass  # a client that hangs up in the middle is no news

    def __exit__(self, *arguments):
        self.shutdown()
        self.thread.join()
        self.server_close()
