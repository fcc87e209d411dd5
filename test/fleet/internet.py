"""The Internet of a test fleet: one network namespace in the middle, and for each machine a home whose cable ends there.

    with Internet() as internet:
        internet.run(["sutured", ...])                       in the middle: reached by every home at 10.77.0.1
        home = internet.home(machine)                        a cable of veth; home.address is the machine's, 10.77.N.2
        home.slow("4mbit")                                   tbf, both ways
        home.lossy(3)                                        of 100 packets so many are dropped, both ways, by nft
        home.unplug(); home.plug()                           partition: packets are dropped, nobody is told
        home.only_by_proxy()                                 nothing passes but to the proxy at 10.77.0.1:3128
        home.captive(); home.free()                          every connection ends at the portal of a hotel

Where the kernel or the tools lack what it takes, it says so by roots.Absent, and the tests are skipped."""
import ctypes
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
from archive import CLONE_NEWNET  # noqa: E402
from roots import Absent  # noqa: E402

SERVER = "10.77.0.1"
PROXY_PORT = 3128
PORTAL_PORTS = (3180, 3143)     # plain, TLS


def tool(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Absent(f"{' '.join(words)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def enter(path):
    """The calling thread's network is this one from here on."""
    with open(path, "rb") as network:
        if ctypes.CDLL(None, use_errno=True).setns(network.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")


class Internet:
    def __init__(self):
        for program in ("ip", "tc", "nft", "nsenter"):
            if not shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin"):
                raise Absent(f"there is no {program} here")
        self.homes, self.servers, self.folder = [], [], tempfile.mkdtemp(prefix="suture-internet-")
        self.holder = subprocess.Popen(["unshare", "--net", "--kill-child=SIGKILL", "--fork", "sh", "-c", "echo; exec sleep infinity"],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if self.holder.stdout.readline() != b"\n":
            raise Absent("nobody may have a network of his own here: " + self.holder.stderr.read().decode())
        with open(f"/proc/{self.holder.pid}/task/{self.holder.pid}/children", encoding="ascii") as file:
            self.pid = int(file.read().split()[0])
        self.network = f"/proc/{self.pid}/ns/net"
        try:
            self.do("ip", "link", "set", "lo", "up")
            self.do("ip", "address", "add", SERVER + "/32", "dev", "lo")
            self.do("sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward")
            # In `drops` each home has its chains; a rule is taken away by flushing its chain.
            self.nft("add table ip world", "add chain ip world in { type filter hook input priority 0; }",
                     "add chain ip world out { type filter hook output priority 0; }",
                     "add chain ip world turn { type nat hook prerouting priority -100; }",
                     "add chain ip world through { type filter hook forward priority 0; policy drop; }")
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
        self.holder.kill()
        self.holder.communicate()
        shutil.rmtree(self.folder, ignore_errors=True)

    def words(self, words):
        return ["nsenter", f"--net={self.network}", "--", *words]

    def do(self, *words):
        return tool(*self.words(words))

    def nft(self, *lines):
        done = subprocess.run(self.words(["nft", "-f", "-"]), input="\n".join(lines) + "\n", capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Absent(f"nft: {done.stderr.strip()}")

    def start(self, words, **options):
        """A process in the middle."""
        return subprocess.Popen(self.words(words), **options)

    def socket(self, address, port):
        """A listening socket in the middle."""
        made = []

        def work():
            try:
                enter(self.network)
                made.append(socket.create_server((address, port), backlog=64))
            except OSError as problem:
                made.append(problem)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        if isinstance(made[0], OSError):
            raise made[0]
        return made[0]

    def connect(self, address, port, timeout=20):
        """A connection from the middle."""
        made = []

        def work():
            try:
                enter(self.network)
                made.append(socket.create_connection((address, port), timeout))
            except OSError as problem:
                made.append(problem)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        if isinstance(made[0], OSError):
            raise made[0]
        return made[0]

    def home(self, machine):
        home = Home(self, machine, len(self.homes) + 1)
        self.homes.append(home)
        return home

    def proxy(self):
        """A forward proxy that knows CONNECT and plain GET; its `seen` are the requests' first lines."""
        server = serve(self.socket("0.0.0.0", PROXY_PORT), Proxy, internet=self, seen=[])
        self.servers.append(server)
        return server

    def portal(self):
        """What answers instead of everything in a hotel: plain and TLS, with a certificate of its own."""
        key, certificate = os.path.join(self.folder, "key.pem"), os.path.join(self.folder, "certificate.pem")
        tool("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", certificate,
             "-subj", "/CN=sutured.internal", "-addext", "subjectAltName=DNS:sutured.internal", "-days", "2")
        plain = serve(self.socket("0.0.0.0", PORTAL_PORTS[0]), Portal, seen=[])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        tls = serve(context.wrap_socket(self.socket("0.0.0.0", PORTAL_PORTS[1]), server_side=True, do_handshake_on_connect=False), Portal, seen=plain.seen)
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
            out = self.server.internet.connect(address.strip("[]"), int(port))
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
            out = self.server.internet.connect(address, int(port or 80))
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
        subprocess.run(self.internet.words(["ip", "link", "delete", self.cable]), capture_output=True, check=False)
        self.internet.do("ip", "link", "add", self.cable, "type", "veth", "peer", "name", "eth0", "netns", str(self.machine.init_pid))
        self.internet.do("ip", "address", "add", self.gateway + "/24", "dev", self.cable)
        self.internet.do("ip", "link", "set", self.cable, "up")
        for words in (["ip", "address", "add", self.address + "/24", "dev", "eth0"], ["ip", "link", "set", "eth0", "up"],
                      ["ip", "route", "add", "default", "via", self.gateway]):
            tool("nsenter", f"--net=/proc/{self.machine.init_pid}/ns/net", "--", *words)

    def slow(self, rate):
        shape = ["root", "tbf", "rate", rate, "burst", "32kbit", "latency", "400ms"]
        self.internet.do("tc", "qdisc", "replace", "dev", self.cable, *shape)
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
