"""A small server of a fleet for tests of the agent: real TLS, the messages of src/wire/agent_message.h, and lies where a test asks for them.

It is not the server: it remembers in lists what was said to it. Everything is on loopback with ports of its own."""
import base64
import contextlib
import datetime
import hashlib
import http.server
import hmac
import json
import os
import select
import socket
import ssl
import struct
import sys
import threading
import traceback
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID

NAME = "sutured.internal"
DAY = datetime.timedelta(days=1)
ZERO = bytes(16)
RAW = (serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def varint(number):
    out = b""
    while number > 127:
        out, number = out + bytes([number & 127 | 128]), number >> 7
    return out + bytes([number])


def blob(raw):
    return varint(len(raw)) + raw


class Reader:
    def __init__(self, raw, magic):
        self.raw, self.at = raw, 4
        assert raw[:4] == magic, (raw[:4], magic)

    def take(self, size):
        self.at += size
        assert self.at <= len(self.raw)
        return self.raw[self.at - size:self.at]

    def number(self, size):
        return int.from_bytes(self.take(size), "little")

    def blob(self):
        size = shift = 0
        while True:
            byte = self.number(1)
            size, shift = size | (byte & 127) << shift, shift + 7
            if byte < 128:
                return self.take(size)


def name_of(**parts):
    oids = {"CN": NameOID.COMMON_NAME, "O": NameOID.ORGANIZATION_NAME}
    return x509.Name([x509.NameAttribute(oids[key], value) for key, value in parts.items()])


class Authority:
    """A CA, and the certificates that it gives."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self.sign(name_of(CN="fleet"), self.key.public_key(), 3650 * DAY, authority=True)
        self.der = self.certificate.public_bytes(serialization.Encoding.DER)

    def sign(self, subject, public, lasts, names=(), authority=False):
        now = datetime.datetime.utcnow()
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(name_of(CN="fleet")).public_key(public)
                   .serial_number(x509.random_serial_number()).not_valid_before(now - DAY).not_valid_after(now + lasts)
                   .add_extension(x509.BasicConstraints(authority, None), True))
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), False)
        return builder.sign(self.key, hashes.SHA256())


class FleetServer:
    def __init__(self, folder, root=b"{}"):
        self.folder, self.root = folder, root
        self.authority = Authority()
        self.plan_key = ed25519.Ed25519PrivateKey.generate()
        self.fleet = hashlib.sha256(root).digest()
        self.secret, self.chunk_key = os.urandom(16), os.urandom(32)
        self.hosts, self.checkins, self.events, self.chunks, self.commits = [], [], [], {}, []
        self.paths, self.plain_paths = [], []
        self.next_s, self.flags, self.ack_cap, self.urgency, self.generation = 600, 0, None, 0, 1
        self.plan, self.plan_generation, self.content = None, 0, {}
        self.refuse = {}        # path: (status, headers)
        self.lose = 0           # so many answers to check-ins are dropped after they were taken
        self.lasts = 14 * DAY
        self.inventory = ZERO
        self.repository = None  # a folder with metadata/ and targets/; its first root is `root`
        self.repository_version = 0
        self.captive = False
        self.changed = threading.Condition()
        self.listen()

    # ---- listening ----

    def listen(self):
        key = ec.generate_private_key(ec.SECP256R1())
        own = self.authority.sign(name_of(CN=NAME), key.public_key(), 30 * DAY, [NAME])
        pem = os.path.join(self.folder, "server.pem")
        with open(pem, "wb") as file:
            for certificate in (own, self.authority.certificate):
                file.write(certificate.public_bytes(serialization.Encoding.PEM))
            file.write(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                         serialization.NoEncryption()))
        ca = os.path.join(self.folder, "fleet-ca.pem")
        with open(ca, "wb") as file:
            file.write(self.authority.certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        context.load_verify_locations(ca)
        context.verify_mode = ssl.CERT_OPTIONAL
        self.tls = self.serve(self.handler(True))
        self.tls.socket = context.wrap_socket(self.tls.socket, server_side=True, do_handshake_on_connect=False)
        self.plain = self.serve(self.handler(False))
        self.url = f"https://127.0.0.1:{self.tls.server_port}"
        self.content_url = f"http://127.0.0.1:{self.plain.server_port}"

    def serve(self, handler):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        server.handle_error = self.note_trouble
        threading.Thread(target=server.serve_forever, daemon=True, kwargs={"poll_interval": 0.05}).start()
        return server

    @staticmethod
    def note_trouble(*_):
        """An agent that was killed is no trouble; what this server itself did not expect is."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, ssl.SSLError, TimeoutError)):
            traceback.print_exc()

    def close(self):
        for server in (self.tls, self.plain):
            server.shutdown()
            server.server_close()

    def handler(self, secure):
        fleet = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status, body=b"", headers=()):
                if status is None:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Suture-Proto", "1")
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers:
                    self.send_header(name, value)
                self.end_headers()
                if status != 304 and self.command != "HEAD":
                    self.wfile.write(body)

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                with fleet.changed:
                    answer = fleet.route(self, body) if secure else fleet.route_plain(self)
                    fleet.changed.notify_all()
                self.answer(*answer)

            do_GET = do_POST = do_PUT = handle_any

            def log_message(self, *_):
                pass

        return Handler

    def wait(self, ready, seconds=30):
        """Until `ready()` holds; whatever the agent says wakes it."""
        with self.changed:
            assert self.changed.wait_for(ready, seconds), (self.paths[-10:], self.plain_paths[-10:], len(self.checkins))

    # ---- what it says ----

    def token(self):
        raw = hashlib.sha256(self.authority.der).digest() + self.fleet + self.secret
        return "suture-enrol-1." + base64.urlsafe_b64encode(raw).decode().rstrip("=")

    def identity(self, nonce, host, csr):
        public = x509.load_der_x509_csr(csr).public_key()
        certificate = self.authority.sign(name_of(CN=host.hex(), O=self.fleet.hex()), public, self.lasts)
        return (b"SAF1" + nonce + host + self.fleet + self.chunk_key + self.plan_key.public_key().public_bytes(*RAW) + b"\2" +
                blob(certificate.public_bytes(serialization.Encoding.DER)) + blob(self.authority.der) +
                blob(self.content_url.encode()))

    def make_plan(self, now=(), advisories=None, repository=0, generation=None):
        self.plan_generation = self.plan_generation + 1 if generation is None else generation
        plan = {"fleet": self.fleet.hex(), "generation": self.plan_generation, "interval_s": self.next_s,
                "made": "2026-11-22T04:00:00Z", "now": list(now), "repository": repository, "schema": "suture.fleet-plan/1"}
        if advisories is not None:
            raw, number = advisories
            digest = hashlib.sha256(raw).hexdigest()
            self.content[digest] = raw
            plan["advisories"] = {"generation": number, "sha256": digest, "size": len(raw)}
        raw = json.dumps(plan, sort_keys=True, separators=(",", ":")).encode()
        self.plan = b"SAG1" + self.plan_key.sign(raw) + raw

    def pulse(self, key=None):
        raw = (b"SAP1" + self.fleet + b"\2" + struct.pack("<QQQq", self.generation, self.plan_generation, 0, 0) +
               bytes([self.urgency]))
        return raw + (key or self.plan_key).sign(raw)

    # ---- what is said to it ----

    def route_plain(self, request):
        self.plain_paths.append(request.path)
        if self.captive:
            return 200, b"<html>Welcome to the hotel</html>", [("ETag", '"hotel"')]
        if request.path == "/repo/metadata/1.root.json" and self.repository is None:
            return 200, self.root
        if request.path.startswith("/repo/") and self.repository is not None:
            path = os.path.join(self.repository, request.path[len("/repo/"):])
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    return 200, file.read()
        if request.path == "/pulse/2":
            raw = self.pulse()
            tag = f'"{hashlib.sha256(raw[:70]).hexdigest()[:16]}"'
            return (304, b"") if request.headers.get("If-None-Match") == tag else (200, raw, [("ETag", tag)])
        if request.path.startswith("/content/") and request.path[9:] in self.content:
            return 200, self.content[request.path[9:]]
        return 404, b"not here\n"

    def host_of(self, request):
        peer = request.connection.getpeercert()
        return {key: value for part in peer["subject"] for key, value in part}["commonName"] if peer else None

    def route(self, request, body):
        self.paths.append(request.path)
        if request.path in self.refuse:
            status, headers = self.refuse[request.path]
            return status, b"not now\n", headers
        host = self.host_of(request)
        if request.path == "/agent/1/enroll":
            return self.enroll(body)
        if host is None:
            return 401, b"no certificate\n"
        calls = {"/agent/1/checkin": self.checkin, "/agent/1/inventory": self.offer, "/agent/1/outbox": self.outbox,
                 "/agent/1/inventory/commit": self.commit}
        if request.path in calls:
            return calls[request.path](body)
        if request.path == "/agent/1/renew":
            return self.renew(body, bytes.fromhex(host))
        if request.path.startswith("/agent/1/chunk/"):
            name = bytes.fromhex(request.path[15:])
            good = hmac.new(self.chunk_key, body, "sha256").digest()[:16] == name
            self.chunks.update({name: body} if good else {})
            return (204, b"") if good else (422, b"another hash\n")
        if request.path.startswith("/agent/1/plan/") and self.plan is not None:
            return 200, self.plan
        return 404, b"not here\n"

    def enroll(self, body):
        r = Reader(body, b"SAE1")
        assert r.number(2) == 1 and r.number(2) >= 1
        fleet, secret, nonce, csr = r.take(32), r.take(16), r.take(16), r.blob()
        if fleet != self.fleet or secret != self.secret:
            return 403, b"the token is not good\n"
        self.hosts.append(os.urandom(16))
        return 200, self.identity(nonce, self.hosts[-1], csr)

    def renew(self, body, host):
        r = Reader(body, b"SAR1")
        r.take(4)
        nonce, csr = r.take(16), r.blob()
        return 200, self.identity(nonce, host, csr)

    def checkin(self, body):
        assert len(body) == 155 and body[:4] == b"SAC1"
        names = ("min max major minor patch host counter random epoch made acked inventory plan advisories repository policy "
                 "clock scanned flags level due late open unknown").split()
        said = dict(zip(names, struct.unpack("<5H16s2Q3Q16s4Q2qIB4I", body[4:])))
        self.checkins.append(said)
        if self.lose > 0:
            self.lose -= 1
            return None, b""
        ack = said["acked"] if self.ack_cap is None else self.ack_cap
        advisories = 0
        flags = self.flags | (1 if said["inventory"] != self.inventory else 0)
        return 200, b"SAD1" + struct.pack("<HQIQQ3QqBI", 1, said["counter"], self.next_s, said["epoch"], ack,
                                          self.plan_generation, advisories, self.repository_version, said["clock"], 2, flags)

    def changes(self, r):
        base, root = r.take(16), r.take(16)
        return base, root, [(r.number(1), r.take(16)) for _ in range(r.number(2))]

    def offer(self, body):
        base, _, changes = self.changes(Reader(body, b"SAI1"))
        if base not in (ZERO, self.inventory):
            return 409, b"another base\n"
        lacking = [name for _, name in changes if name != ZERO and name not in self.chunks]
        return 200, b"SAL1" + struct.pack("<H", len(lacking)) + b"".join(lacking)

    def commit(self, body):
        r = Reader(body, b"SAK1")
        base, root, changes = self.changes(r)
        r.take(8)
        facts = [r.blob().decode() for _ in range(5)]
        if any(name != ZERO and name not in self.chunks for _, name in changes):
            return 409, b"chunks are lacking\n"
        self.inventory = root
        self.commits.append((base, root, changes, facts))
        return 204, b""

    def outbox(self, body):
        r = Reader(body, b"SAO1")
        epoch, first, count = r.number(8), r.number(8), r.number(2)
        for number in range(first, first + count):
            kind, made = r.number(1), r.number(8)
            raw = r.take(r.number(4))
            if not any(event[:2] == (epoch, number) for event in self.events):
                self.events.append((epoch, number, kind, made, raw))
        self.ack_cap = None
        return 200, b"SAA1" + struct.pack("<QQ", epoch, first + count - 1)


class Proxy:
    """An HTTP proxy: tunnels, and plain GETs. It notes what it was asked for."""

    def __init__(self):
        self.asked = []
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_CONNECT(self):
                proxy.asked.append("CONNECT " + self.path)
                host, port = self.path.rsplit(":", 1)
                with socket.create_connection((host, int(port)), timeout=20) as far:
                    self.send_response(200)
                    self.end_headers()
                    ends = [self.connection, far]
                    with contextlib.suppress(ConnectionError):
                        proxy.carry(ends)

            def do_GET(self):
                proxy.asked.append("GET " + self.path)
                request = urllib.request.Request(self.path, headers={"If-None-Match": self.headers.get("If-None-Match", "")})
                with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as answer:
                    body = answer.read()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True, kwargs={"poll_interval": 0.05}).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def carry(self, ends):
        while True:
            for end in select.select(ends, [], [], 20)[0]:
                piece = end.recv(65536)
                if not piece:
                    return
                ends[1 - ends.index(end)].sendall(piece)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
