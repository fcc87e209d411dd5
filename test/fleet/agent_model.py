"""An agent's side of the protocol (src/wire/agent_message.h) in Python, written from its comment alone: what it says, byte by
byte, can be made wrong on purpose. With the real agent it shares nothing, so the two check each other's reading of the format.

    agent = Agent(Place("127.0.0.1", 8440, ca_pem))
    agent.enrol(token, "laptop-1")
    pace = agent.checkin()
    agent.send_inventory([("openssl", "3.0.1-1", "libssl3", "3.0.1-1", "amd64")])
    agent.put(RUN_BEGAN, b'{"run":"..."}'); agent.flush()
"""
import base64
import hashlib
import hmac
import http.client
import os
import secrets
import ssl
import struct
import tempfile
import time
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

RUN_BEGAN, RUN_STEP, RUN_ENDED, EVIDENCE, ALARM, NOTICE, ORDER_SEEN = range(1, 8)
SEND_INVENTORY, RENEW, SAFE_LANE, QUARANTINED, TOO_OLD_SOON = 1, 2, 4, 8, 16
SERVER_NAME = "sutured.internal"
ZERO = bytes(16)


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def blob(raw):
    raw = raw.encode() if isinstance(raw, str) else raw
    return varint(len(raw)) + raw


class Reader:
    def __init__(self, raw, magic):
        self.raw, self.at = raw, 0
        if self.take(4) != magic:
            raise AssertionError(f"not a {magic}: {raw[:80]}")

    def take(self, size):
        if self.at + size > len(self.raw):
            raise AssertionError(f"{self.raw[:4]}: ends at {len(self.raw)}")
        self.at += size
        return self.raw[self.at - size:self.at]

    def number(self, form):
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))[0]

    def blob(self):
        size = shift = 0
        while True:
            byte = self.take(1)[0]
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return self.take(size)

    def end(self):
        if self.at != len(self.raw):
            raise AssertionError(f"{self.raw[:4]}: {len(self.raw) - self.at} bytes behind it")


class Refused(Exception):
    def __init__(self, status, text, headers):
        super().__init__(f"{status} {text}")
        self.status, self.text, self.headers = status, text, headers


@dataclass
class Token:
    ca: bytes
    fleet: bytes
    secret: bytes

    @classmethod
    def parse(cls, text):
        raw = base64.urlsafe_b64decode(text.strip().removeprefix("suture-enrol-1.") + "=")
        return cls(raw[:32], raw[32:64], raw[64:80])

    def text(self):
        return "suture-enrol-1." + base64.urlsafe_b64encode(self.ca + self.fleet + self.secret).decode().rstrip("=")


class Place:
    """Where a server is, and whom to believe there."""

    def __init__(self, address, port, authority, plain_port=None, proxy=None):
        self.address, self.port, self.plain_port, self.authority, self.proxy = address, port, plain_port, authority, proxy

    def context(self, key=None, certificate=None):
        context = ssl.create_default_context(cadata=self.authority)
        if certificate:
            with tempfile.NamedTemporaryFile("wb", suffix=".pem") as file:
                file.write(certificate + key)
                file.flush()
                context.load_cert_chain(file.name)
        return context

    def call(self, method, path, body=None, key=None, certificate=None, timeout=30, headers=None):
        """(status, body, headers) on a connection of its own."""
        connection = Wrapped(self.address, self.port, self.context(key, certificate), timeout)
        try:
            return connection.call(method, path, body, headers)
        finally:
            connection.close()


class Wrapped(http.client.HTTPSConnection):
    """The server's certificate is for a name that is nobody's address."""

    def __init__(self, address, port, context, timeout):
        super().__init__(address, port, timeout=timeout, context=context)
        self.context_used = context

    def connect(self):
        http.client.HTTPConnection.connect(self)
        self.sock = self.context_used.wrap_socket(self.sock, server_hostname=SERVER_NAME)

    def call(self, method, path, body=None, headers=None):
        self.request(method, path, body, {"Content-Type": "application/octet-stream", **(headers or {})})
        answer = self.getresponse()
        return answer.status, answer.read(), dict(answer.headers)


def make_request(key):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "agent")])
    return x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def bucket_of(source):
    return hashlib.sha256(source.encode()).digest()[0]


@dataclass
class Agent:
    place: Place
    key: object = None
    certificate: bytes = b""          # DER
    host: bytes = ZERO
    fleet: bytes = bytes(32)
    chunk_key: bytes = b""
    plan_key: bytes = b""
    ring: int = 0
    content: str = ""                 # where static bytes are; empty: the server, two ports up
    counter: int = 0
    random: int = 0
    epoch: int = field(default_factory=lambda: secrets.randbits(63))
    events: list = field(default_factory=list)      # (kind, made, body): number 1 is the first
    acked: int = 0
    root: bytes = ZERO
    names: dict = field(default_factory=dict)       # bucket -> hash, as committed
    plan: int = 0
    advisories: int = 0
    version: tuple = (0, 1, 0)
    protocol: tuple = (1, 1)
    clock: float = 0.0      # how far its clock is off

    def pem(self):
        key = self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return key, ssl.DER_cert_to_PEM_cert(self.certificate).encode()

    def call(self, method, path, body=None, expect=(200, 204), timeout=30):
        key, certificate = self.pem()
        status, answer, headers = self.place.call(method, path, body, key, certificate, timeout)
        if status not in expect:
            raise Refused(status, answer.decode(errors="replace"), headers)
        return status, answer, headers

    # ---- joining ----

    def enrol(self, token, name, csr=None, nonce=None):
        self.key = self.key or ec.generate_private_key(ec.SECP256R1())
        token = Token.parse(token) if isinstance(token, str) else token
        nonce = nonce or os.urandom(16)
        body = (b"SAE1" + struct.pack("<HH", *self.protocol) + token.fleet + token.secret + nonce + blob(csr or make_request(self.key)) +
                blob(name) + blob("0.1.0"))
        status, raw, headers = self.place.call("POST", "/agent/1/enroll", body)
        if status != 200:
            raise Refused(status, raw.decode(errors="replace"), headers)
        self.believe(raw, nonce)
        return self

    def believe(self, raw, nonce):
        r = Reader(raw, b"SAF1")
        assert r.take(16) == nonce, "the identity answers another request"
        self.host, self.fleet, self.chunk_key, self.plan_key, self.ring = r.take(16), r.take(32), r.take(32), r.take(32), r.number("B")
        self.certificate, _, self.content = r.blob(), r.blob(), r.blob().decode()
        r.end()

    def renew(self):
        nonce = os.urandom(16)
        self.believe(self.call("POST", "/agent/1/renew", b"SAR1" + struct.pack("<HH", *self.protocol) + nonce + blob(make_request(self.key)))[1], nonce)

    # ---- check-in ----

    def checkin_body(self, host=None):
        now = int((time.time() + self.clock) * 1e6)
        return (b"SAC1" + struct.pack("<HHHHH", *self.protocol, *self.version) + (host or self.host) + struct.pack("<QQ", self.counter, self.random) +
                struct.pack("<QQQ", self.epoch, len(self.events), self.acked) + self.root + struct.pack("<QQQQ", self.plan, self.advisories, 0, 0) +
                struct.pack("<qqIB", now, now, 0, 1) + struct.pack("<IIII", 1, 0, 3, 0))

    def checkin(self, again=False, host=None):
        """again: the same pair, as when no answer came."""
        if not again:
            self.counter += 1
            self.random = secrets.randbits(64)
        r = Reader(self.call("POST", "/agent/1/checkin", self.checkin_body(host))[1], b"SAD1")
        pace = {"protocol": r.number("H"), "counter": r.number("Q"), "next_s": r.number("I"), "epoch": r.number("Q"), "ack": r.number("Q"),
                "plan": r.number("Q"), "advisories": r.number("Q"), "repository": r.number("Q"), "time": r.number("q"), "ring": r.number("B"),
                "flags": r.number("I")}
        r.end()
        assert pace["counter"] == self.counter
        if pace["epoch"] == self.epoch:
            self.acked = min(pace["ack"], len(self.events))
        return pace

    # ---- inventory ----

    def chunks(self, packages):
        """packages: (source, source version, package, version, arch); {bucket: (hash, bytes)}"""
        buckets = {}
        for row in packages:
            buckets.setdefault(bucket_of(row[0]), []).append(row)
        made = {}
        for bucket, rows in buckets.items():
            rows.sort(key=lambda row: tuple(row[at].encode() for at in (0, 2, 4, 3)))
            raw = b"SAB1" + struct.pack("<BH", bucket, len(rows)) + b"".join(b"".join(blob(text) for text in row) + b"\0" for row in rows)
            made[bucket] = (hmac.new(self.chunk_key, raw, hashlib.sha256).digest()[:16], raw)
        return made

    @staticmethod
    def root_of(names):
        if not names:
            return ZERO
        return hashlib.sha256(b"suture-inventory-1" + b"".join(names.get(at, ZERO) for at in range(256))).digest()[:16]

    def send_inventory(self, packages, name="model", whole=False):
        made = self.chunks(packages)
        names = {bucket: row[0] for bucket, row in made.items()}
        base, before = (ZERO, {}) if whole else (self.root, self.names)
        changes = [(bucket, names.get(bucket, ZERO)) for bucket in range(256) if names.get(bucket, ZERO) != before.get(bucket, ZERO)]
        tail = base + self.root_of(names) + struct.pack("<H", len(changes)) + b"".join(bytes([bucket]) + value for bucket, value in changes)
        r = Reader(self.call("POST", "/agent/1/inventory", b"SAI1" + tail)[1], b"SAL1")
        lacks = [r.take(16) for _ in range(r.number("H"))]
        r.end()
        by_hash = dict(made.values())
        for value in lacks:
            self.call("PUT", "/agent/1/chunk/" + value.hex(), by_hash[value])
        facts = struct.pack("<q", int(time.time() * 1e6)) + b"".join(blob(text) for text in ("debian", "bookworm", "amd64", name, "6.1.0"))
        self.call("POST", "/agent/1/inventory/commit", b"SAK1" + tail + facts)
        self.root, self.names = self.root_of(names), names
        return len(lacks)

    # ---- results ----

    def put(self, kind, body, made=None):
        self.events.append((kind, made or int(time.time() * 1e6), body if isinstance(body, bytes) else body.encode()))
        return len(self.events)

    def outbox_body(self, first, rows, epoch=None):
        return (b"SAO1" + struct.pack("<QQH", self.epoch if epoch is None else epoch, first, len(rows)) +
                b"".join(struct.pack("<BqI", kind, made, len(body)) + body for kind, made, body in rows))

    def flush(self, first=None, count=1000):
        """Sends what is not acknowledged; the number up to which all is."""
        first = self.acked + 1 if first is None else first
        rows = self.events[first - 1:first - 1 + count]
        if not rows:
            return self.acked
        r = Reader(self.call("POST", "/agent/1/outbox", self.outbox_body(first, rows))[1], b"SAA1")
        epoch, ack = r.number("Q"), r.number("Q")
        r.end()
        assert epoch == self.epoch
        self.acked = max(self.acked, ack)
        return ack

    def fetch_plan(self, generation):
        return self.call("GET", f"/agent/1/plan/{generation}", expect=(200, 304))[1]

    def copy(self, **changes):
        """A clone: all that the disk of a machine holds."""
        import dataclasses
        return dataclasses.replace(self, events=list(self.events), names=dict(self.names), **changes)
