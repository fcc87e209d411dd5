#!/usr/bin/python3
"""sutured as a whole, on loopback: its first start, who gets what, its processes killed, its stop."""
import hashlib
import json
import os
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from sutured import Sutured  # noqa: E402


class Server(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="suture-server-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def start(self, settings="", **options):
        server = Sutured(self.folder, settings, **options)
        self.addCleanup(server.stop)
        return server


class FirstStart(Server):
    def test_made_once(self):
        server = self.start()
        with open(os.path.join(server.data, "repo/public/metadata/1.root.json"), "rb") as file:
            self.assertEqual(hashlib.sha256(file.read()).hexdigest(), server.ports["fleet"])
        for name, mode in (("keys", 0o700), ("front", 0o700), ("store", 0o700), ("first-person", 0o700)):
            self.assertEqual(stat.S_IMODE(os.stat(os.path.join(server.data, name)).st_mode), mode, name)
        for name in ("keys/ca.key", "keys/plan.key", "keys/online.key", "front/tls.key", "front/chunk.key",
                     "first-person/person.key", "first-person/passphrase"):
            self.assertEqual(stat.S_IMODE(os.stat(os.path.join(server.data, name)).st_mode), 0o600, name)
        kept = {name: self.read(server, name) for name in ("ca.pem", "keys/ca.key", "keys/plan.key", "front/chunk.key")}
        self.assertEqual(server.stop(), 0)
        again = self.start()
        self.assertEqual(again.ports["fleet"], server.ports["fleet"])
        for name, content in kept.items():
            self.assertEqual(self.read(again, name), content, name)

    @staticmethod
    def read(server, name):
        with open(os.path.join(server.data, name), "rb") as file:
            return file.read()

    def test_two_in_one_folder(self):
        server = self.start()
        other = Sutured(self.folder, wait=False)
        self.assertEqual(other.stop(how=0), 1)
        self.assertIn("another sutured works in", "".join(other.log))
        self.assertIsNone(server.process.poll())

    def test_another_fleets_repository(self):
        """Its first root is what every machine knows the fleet by: with another one nothing is served."""
        server = self.start()
        self.assertEqual(server.stop(), 0)
        shutil.rmtree(os.path.join(server.data, "repo"))
        again = Sutured(self.folder, wait=False)
        self.assertEqual(again.process.wait(timeout=30), 1)
        again.stop()
        self.assertIn("is of another fleet", "".join(again.log))

    def test_interrupted(self):
        """Whatever is missing of the first start is made by the next one."""
        server = self.start()
        self.assertEqual(server.stop(), 0)
        for name in ("ca.pem", "front/plan.pub", "front/chunk.key", "front/tls.pem"):
            os.remove(os.path.join(server.data, name))
        again = self.start()
        self.assertEqual(again.ports["fleet"], server.ports["fleet"])


class Gate(Server):
    def test_static(self):
        server = self.start()
        pulse = server.get("/pulse/0")
        self.assertEqual((pulse.status, len(pulse.body), pulse.body[:4]), (200, 134, b"SAP1"))
        self.assertEqual(server.get("/pulse/0", If_None_Match=pulse.headers["ETag"]).status, 304)
        self.assertEqual(server.get("/pulse/9").status, 404)
        with open(os.path.join(server.data, "pulse/0"), "rb") as file:
            self.assertEqual(file.read(), pulse.body)
        content = os.urandom(100000)
        name = hashlib.sha256(content).hexdigest()
        with open(os.path.join(server.data, "content", name), "wb") as file:
            file.write(content)
        self.assertEqual(server.get("/content/" + name).body, content)
        part = server.get("/content/" + name, Range="bytes=99990-")
        self.assertEqual((part.status, part.body, part.headers["Content-Range"]),
                         (206, content[99990:], "bytes 99990-99999/100000"))
        self.assertEqual(server.get("/content/" + name, Range="bytes=5-9", If_Range='"other"').status, 200)
        self.assertEqual(server.get("/content/" + name, Range="bytes=5-9", If_Range=f'"{name}"').body, content[5:10])
        self.assertEqual(server.get("/content/" + name, Range="bytes=100000-").status, 416)
        head = server.ask("static", "HEAD", "/content/" + name)
        self.assertEqual((head.status, head.body, head.headers["Content-Length"]), (200, b"", "100000"))
        # Publishing puts another folder in its place; the front sees that one, though it gave all others up before.
        server.wait_for(lambda: json.loads(server.get("/repo/metadata/timestamp.json").body)["signed"]["version"] > 1, "a timestamp")
        os.symlink("/etc/passwd", os.path.join(server.data, "content", "0" * 64))
        for path in ("/repo/../keys/ca.key", "/repo/metadata/..%2f..%2f..%2fkeys/ca.key", "/repo/%2e%2e/repository.json",
                     "/repo/..%5ckeys", "/repo//etc/passwd", "/content/../keys/ca.key", "/content/" + "0" * 64,
                     "/content/" + "f" * 64, "/keys/ca.key", "/repo/metadata", "/repo/metadata/%00"):
            answer = server.get(path)
            self.assertIn(answer.status, (400, 404), path)
            self.assertNotIn(b"BEGIN", answer.body)
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            self.assertEqual(server.ask("static", method, "/pulse/0", body=b"x").status, 405, method)
        # What others serve is not to be had in plain text.
        self.assertEqual(server.get("/api/1/hosts").status, 404)
        self.assertEqual(server.get("/agent/1/plan/0").status, 404)

    def test_strangers(self):
        """Without a certificate the agents' listener gives nothing but enrolment."""
        server = self.start()
        calls = [("POST", "/agent/1/renew"), ("POST", "/agent/1/checkin"), ("POST", "/agent/1/inventory"),
                 ("PUT", "/agent/1/chunk/" + "0" * 32), ("POST", "/agent/1/inventory/commit"),
                 ("POST", "/agent/1/outbox"), ("GET", "/agent/1/plan/0"), ("GET", "/api/1/hosts"), ("GET", "/pulse/0")]
        for method, path in calls:
            answer = server.ask("agents", method, path, body=b"x" if method != "GET" else None)
            self.assertIn(answer.status, (401, 404), path)
            self.assertEqual(answer.headers["Suture-Proto"], "1")
        self.assertIn(server.ask("agents", "POST", "/agent/1/enroll", body=b"no message").status, (400, 404, 415))
        for path in ("/api/1/hosts", "/agent/1/plan/0", "/pulse/0"):
            self.assertIn(server.ask("people", "GET", path).status, (401, 404), path)

    def test_names(self):
        server = self.start("names: [patch.example.org]\n")
        for name in ("localhost", "sutured.internal", "patch.example.org"):
            with socket.create_connection(("127.0.0.1", server.ports["agents"]), timeout=20) as plain:
                with server.context().wrap_socket(plain, server_hostname=name) as tls:
                    self.assertIn(tls.version(), ("TLSv1.3", "TLSv1.2"))
        with socket.create_connection(("127.0.0.1", server.ports["agents"]), timeout=20) as plain:
            with self.assertRaises(ssl.SSLCertVerificationError):
                server.context().wrap_socket(plain, server_hostname="evil.example.org")

    def test_nonsense(self):
        """Broken requests end their connection and nothing else."""
        server = self.start("head_s: 1\n")
        for line in (b"\0\0\0\0\r\n\r\n", b"GET\r\n\r\n", b"GET /pulse/0 HTTP/9.9\r\n\r\n", b"GET " + b"/" * 9000 + b" HTTP/1.1\r\n\r\n",
                     b"GET /pulse/0 HTTP/1.1\r\n" + b"X: y\r\n" * 3000 + b"\r\n",
                     b"POST /pulse/0 HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
                     b"GET /pulse/0 HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", b"\x16\x03\x01\x02\x00\x01"):
            with socket.create_connection(("127.0.0.1", server.ports["static"]), timeout=20) as plain:
                try:
                    plain.sendall(line)
                    plain.shutdown(socket.SHUT_WR)
                    while plain.recv(65536):
                        pass
                except OSError:  # it was ended while we still spoke
                    pass
        self.assertEqual(server.get("/pulse/0").status, 200)


class Processes(Server):
    def test_confined(self):
        server = self.start()
        children = server.children()
        self.assertEqual(sorted(children), ["sutured-front", "sutured-keeper"])
        for name, pid in children.items():
            with open(f"/proc/{pid}/status", encoding="utf-8") as file:
                status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
            self.assertEqual((status["NoNewPrivs"], status["Seccomp"], status["CapEff"].strip("0")), ("1", "2", ""), name)

    def test_killed(self):
        """Whichever of the two dies, both come back, at the same ports, and the pulse goes on."""
        server = self.start()
        for name in ("sutured-front", "sutured-keeper"):
            before = server.children()
            os.kill(before[name], signal.SIGKILL)
            server.wait_for(lambda: len(server.children()) == 2 and server.children() != before and
                            not set(server.children().values()) & set(before.values()), f"another {name}")
            server.wait_for(lambda: self.pulse(server) == 200, "a pulse")

    @staticmethod
    def pulse(server):
        try:
            return server.get("/pulse/0").status
        except OSError:
            return 0

    def test_orphans(self):
        """When the supervisor is gone the others end by themselves, and another one can begin."""
        server = self.start()
        children = server.children()
        server.stop(how=signal.SIGKILL)
        for pid in children.values():
            server.wait_for(lambda pid=pid: not os.path.exists(f"/proc/{pid}"), "the end")
        self.start()

    def test_stop(self):
        server = self.start()
        children = server.children()
        self.assertEqual(server.stop(), 0)
        for pid in children.values():
            self.assertFalse(os.path.exists(f"/proc/{pid}"))
        self.assertNotIn("Z error ", "".join(server.log))

    def test_port_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            server = Sutured(self.folder, wait=False, agents_port=taken.getsockname()[1])
            self.assertEqual(server.process.wait(timeout=60), 1)
            server.stop()
            self.assertIn("Address already in use", "".join(server.log))


class Serve(Server):
    def test_fleet_of_one(self):
        """./run serve, with this machine as its agent: all of it below one folder, nothing of the machine changed, nothing left."""
        build = os.path.dirname(os.environ["SUTURED"])
        serve = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools", "serve")
        environment = {**os.environ, "SUTURE_SERVE": os.path.join(self.folder, "serve"), "SUTURE_BUILD": build,
                       "SUTURE_SERVE_FEEDS_H": "0", "HOME": self.folder}
        for name in ("SUTURE_CONFIG", "SUTURE_STATE", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
            environment.pop(name, None)
        port = free_ports(3)
        for _ in range(2):  # the second time it knows its password, and the machine its fleet
            done = subprocess.run([serve, "--once", "--port", str(port)], env=environment, capture_output=True, text=True,
                                  timeout=120, check=False, stdin=subprocess.DEVNULL)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn(socket.gethostname(), done.stdout)
            self.assertIn("enrolled", done.stdout)
        self.assertEqual(os.listdir(self.folder), ["serve"])


def free_ports(count):
    """The first of so many free ports in a row."""
    for _ in range(100):
        with socket.create_server(("127.0.0.1", 0)) as first:
            port = first.getsockname()[1]
            try:
                for more in range(1, count):
                    socket.create_server(("127.0.0.1", port + more)).close()
            except OSError:
                continue
            return port
    raise AssertionError("no free ports")


if __name__ == "__main__":
    unittest.main()
