"""The Internet of a test fleet: the network of the test itself is its middle, and each machine has a home whose cable ends there.

    with Internet() as internet:                             from here on this process has a network of its own
        Sutured(folder, address=SERVER)                      reached by every home at 10.77.0.1
        home = internet.home(machine)                        a cable of veth; home.address is the machine's, 10.77.N.2
        home.slow("4mbit")                                   tbf, both ways
        home.lossy(3)                                        of 100 packets so many are dropped, both ways, by nft
        home.unplug(); home.plug()                           partition: packets are dropped, nobody is told
        home.only_by_proxy()                                 nothing passes but to the proxy at 10.77.0.1:3128
        home.captive(); home.free()                          every connection ends at the portal of a hotel

Where the kernel or the tools lack what it takes, it says so by roots.Absent, and the tests are skipped."""
import http.server
import os
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "system"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from roots import Absent  # noqa: E402
from sutured import shield  # noqa: E402

SERVER = "10.77.0.1"
PROXY_PORT = 3128
PORTAL_PORTS = (3180, 3143)     # plain, TLS


def tool(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Absent(f"{' '.join(words)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


class Internet:
    def __init__(self):
        for program in ("ip", "tc", "nft", "nsenter"):
            if not shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
                raise Absent(f"there is no {program} here")
        self.homes, self.servers, self.folder = [], [], tempfile.mkdtemp(prefix="suture-internet-")
        problem = shield()
        if problem:
            raise Absent(problem)
        try:
            tool("ip", "address", "replace", SERVER + "/32", "dev", "lo")
            # Each home has its chains; a rule is taken away by flushing its chain.
            self.nft("add table ip world", "add chain ip world in { type filter hook input priority 0; }",
                     "add chain ip world out { type filter hook output priority 0; }",
                     "add chain ip world turn { type nat hook prerouting priority -100; }")
        except BaseException:
            self.end()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()
        for home in self.homes:
            subprocess.run(["ip", "link", "delete", home.cable], capture_output=True, check=False)
        subprocess.run(["nft", "delete", "table", "ip", "world"], capture_output=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def nft(self, *lines):
        done = subprocess.run(["nft", "-f", "-"], input="\n".join(lines) + "\n", capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Absent(f"nft: {done.stderr.strip()}")

    def home(self, machine):
        home = Home(self, machine, len(self.homes) + 1)
        self.homes.append(home)
        return home

    def proxy(self):
        """A forward proxy that knows CONNECT and plain GET; its `seen` are the requests' first lines."""
        server = serve(socket.create_server(("0.0.0.0", PROXY_PORT), backlog=64), Proxy, seen=[])
        self.servers.append(server)
        return server

    def portal(self):
        """What answers instead of everything in a hotel: plain and TLS, with a certificate of its own."""
        key, certificate = os.path.join(self.folder, "key.pem"), os.path.join(self.folder, "certificate.pem")
        tool("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", certificate,
             "-subj", "/CN=sutured.internal", "-addext", "subjectAltName=DNS:sutured.internal", "-days", "2")
        plain = serve(socket.create_server(("0.0.0.0", PORTAL_PORTS[0]), backlog=64), Portal, seen=[])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        tls = serve(context.wrap_socket(socket.create_server(("0.0.0.0", PORTAL_PORTS[1]), backlog=64), server_side=True, do_handshake_on_connect=False), Portal, seen=plain.seen)
        self.servers += [plain, tls]
        return plain


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass     # who hangs up in the middle is what these tests are about


def serve(listening, handler, **members):
    server = Server(listening.getsockname(), handler, bind_and_activate=False)
    server.socket.close()
    server.socket = listening
    for name, value in members.items():
        setattr(server, name, value)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class Portal(http.server.BaseHTTPRequestHandler):
    """Welcomes whoever asks, for whatever."""
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.server.seen.append(self.requestline)
        body = b"<html>Welcome to the hotel. Room number?</html>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = answer

    def log_message(self, *_):
        pass


class Proxy(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_CONNECT(self):
        self.server.seen.append(self.requestline)
        address, port = self.path.rsplit(":", 1)
        try:
            out = socket.create_connection((address.strip("[]"), int(port)), 20)
        except OSError:
            self.send_error(502)
            return
        self.send_response(200)
        self.end_headers()
        self.carry(out)

    def carry(self, out):
        with out:
            pairs = {self.connection: out, out: self.connection}
            while True:
                for ready in select.select(list(pairs), [], [], 120)[0] or [None]:
                    raw = ready.recv(65536) if ready else b""
                    if not raw:
                        self.close_connection = True
                        return
                    pairs[ready].sendall(raw)

    def do_GET(self):
        self.server.seen.append(self.requestline)
        host, path = self.path.removeprefix("http://").split("/", 1)
        address, _, port = host.partition(":")
        try:
            out = socket.create_connection((address, int(port or 80)), 20)
        except OSError:
            self.send_error(502)
            return
        head = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items() if name.lower() not in ("connection", "proxy-connection"))
        out.sendall(f"{self.command} /{path} HTTP/1.1\r\n{head}Connection: close\r\n\r\n".encode())
        self.close_connection = True
        with out:
            while raw := out.recv(65536):
                self.connection.sendall(raw)

    do_HEAD = do_GET

    def log_message(self, *_):
        pass


class Home:
    def __init__(self, internet, machine, number):
        self.internet, self.machine, self.number = internet, machine, number
        self.address, self.gateway, self.cable = f"10.77.{number}.2", f"10.77.{number}.1", f"home{number}"
        internet.nft(*(f"add chain ip world {self.cable}_{way}" for way in ("in", "out")), f"add chain ip world {self.cable}_turn {{ }}",
                     f"add rule ip world in iifname {self.cable} jump {self.cable}_in", f"add rule ip world out oifname {self.cable} jump {self.cable}_out",
                     f"add rule ip world turn iifname {self.cable} jump {self.cable}_turn")
        self.lay_cable()

    def lay_cable(self):
        """Again after each boot: the machine's end went with its network."""
        subprocess.run(["ip", "link", "delete", self.cable], capture_output=True, check=False)
        tool("ip", "link", "add", self.cable, "type", "veth", "peer", "name", "eth0", "netns", str(self.machine.init_pid))
        tool("ip", "address", "add", self.gateway + "/24", "dev", self.cable)
        tool("ip", "link", "set", self.cable, "up")
        for words in (["ip", "address", "add", self.address + "/24", "dev", "eth0"], ["ip", "link", "set", "eth0", "up"],
                      ["ip", "route", "add", "default", "via", self.gateway]):
            tool("nsenter", f"--net=/proc/{self.machine.init_pid}/ns/net", "--", *words)

    def slow(self, rate):
        shape = ["root", "tbf", "rate", rate, "burst", "32kbit", "latency", "400ms"]
        tool("tc", "qdisc", "replace", "dev", self.cable, *shape)
        tool("nsenter", f"--net=/proc/{self.machine.init_pid}/ns/net", "--", "tc", "qdisc", "replace", "dev", "eth0", *shape)

    def rules(self, ways, turn=()):
        """The home's rules, instead of those that it had."""
        names = (f"{self.cable}_in", f"{self.cable}_out")
        self.internet.nft(*(f"flush chain ip world {name}" for name in (*names, f"{self.cable}_turn")),
                          *(f"add rule ip world {name} {rule}" for name in names for rule in ways),
                          *(f"add rule ip world {self.cable}_turn {rule}" for rule in turn))

    def lossy(self, percent):
        self.rules([f"numgen random mod 100 < {percent} drop"])

    def unplug(self):
        self.rules(["drop"])

    def plug(self):
        self.rules([])

    free = plug

    def only_by_proxy(self):
        names = (f"{self.cable}_in", f"{self.cable}_out")
        self.rules([])
        self.internet.nft(f"add rule ip world {names[0]} tcp dport != {PROXY_PORT} reject with tcp reset",
                          f"add rule ip world {names[0]} meta l4proto != tcp drop")

    def captive(self, tls_ports="{ 8440, 8441, 443 }"):
        self.rules([], [f"tcp dport {tls_ports} redirect to :{PORTAL_PORTS[1]}", f"tcp dport != {PORTAL_PORTS[1]} redirect to :{PORTAL_PORTS[0]}"])

    def processes(self):
        space, found = os.readlink(f"/proc/{self.machine.init_pid}/ns/pid"), []
        for pid in os.listdir("/proc"):
            try:
                if pid.isdigit() and os.readlink(f"/proc/{pid}/ns/pid") == space:
                    found.append(int(pid))
            except OSError:
                continue
        return found

    def sleep(self):
        """The lid is closed: no process of it runs, and packets to it are lost."""
        self.unplug()
        for pid in self.processes():
            os.kill(pid, signal.SIGSTOP)

    def wake(self):
        for pid in self.processes():
            os.kill(pid, signal.SIGCONT)
        self.plug()
