"""The archive of a made machine: an HTTP server on its loopback, in this process.

    machine.archive.replace("debian-security/dists/bookworm-security/InRelease", content)     another content, None: 404
    machine.archive.requests                                                                   (path, status) in order
    machine.archive.sent                                                                       {path: bytes of its contents, in sum}
    machine.archive.wait_for("openssl")                                                        until one is asked for

A content may be a function: it is called with the handler and answers for itself, to stall or to cut a transfer."""
import ctypes
import email.utils
import http.server
import os
import re
import socket
import threading
import time
import urllib.parse

CLONE_NEWNET = 0x40000000


def socket_in(pid, port):
    """A listening socket on the loopback of the process's network: a socket stays in the network it was made in."""
    made = []

    def work():
        # Only this thread moves, and it ends here.
        with open(f"/proc/{pid}/ns/net", "rb") as network:
            if ctypes.CDLL(None, use_errno=True).setns(network.fileno(), CLONE_NEWNET) != 0:
                made.append(OSError(ctypes.get_errno(), "setns"))
                return
        made.append(socket.create_server(("127.0.0.1", port)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if isinstance(made[0], OSError):
        raise made[0]
    return made[0]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    archive = None

    def do_GET(self):
        path = urllib.parse.unquote(self.path.lstrip("/").split("?")[0])
        content, changed = self.archive.find(path)
        if callable(content):
            self.archive.note(path, 0)
            content(self)
        elif content is None:
            self.answer(path, 404, b"not here\n")
        elif self.headers.get("If-Modified-Since") and changed <= self.since():
            self.answer(path, 304, b"")
        else:
            begin = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            if begin and int(begin.group(1)) < len(content):
                at = int(begin.group(1))
                self.answer(path, 206, content[at:], changed, f"bytes {at}-{len(content) - 1}/{len(content)}")
            else:
                self.answer(path, 200, content, changed)

    do_HEAD = do_GET

    def since(self):
        told = email.utils.parsedate_to_datetime(self.headers["If-Modified-Since"])
        return told.timestamp()

    def answer(self, path, status, content, changed=None, ranged=None):
        self.archive.note(path, status)
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        if changed is not None:
            self.send_header("Last-Modified", email.utils.formatdate(changed, usegmt=True))
        if ranged:
            self.send_header("Content-Range", ranged)
        self.end_headers()
        if self.command != "HEAD":
            self.archive.sent[path] = self.archive.sent.get(path, 0) + len(content)
            self.wfile.write(content)

    def handle(self):
        try:
            super().handle()
        except ConnectionError:
            pass    # whoever asked has gone, or was killed by the test

    def log_message(self, *_):
        pass


class Archive:
    def __init__(self, *folders):
        self.folders = list(folders)
        self.replaced = {}
        self.requests = []
        self.sent = {}
        self.changed = threading.Condition()
        self.server = None

    def find(self, path):
        if path in self.replaced:
            return self.replaced[path]
        if ".." in path.split("/"):
            return None, 0
        for folder in self.folders:
            try:
                with open(os.path.join(folder, path), "rb") as file:
                    return file.read(), int(os.fstat(file.fileno()).st_mtime)
            except OSError:
                continue
        return None, 0

    def replace(self, path, content):
        # Newer than anything that was there, so that nobody who asks "changed since?" is told no.
        self.replaced[path] = (content, int(time.time()) + 3600 + len(self.replaced))

    def note(self, path, status):
        with self.changed:
            self.requests.append((path, status))
            self.changed.notify_all()

    def wait_for(self, part, timeout=60):
        """Until a path with this part in it was asked for; the path."""
        with self.changed:
            if not self.changed.wait_for(lambda: any(part in path for path, _ in self.requests), timeout):
                raise AssertionError(f"nothing asked for {part} in {timeout} s; asked for: {self.requests}")
            return next(path for path, _ in self.requests if part in path)

    def start(self, pid, port=80):
        handler = type("Handler", (Handler,), {"archive": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler, bind_and_activate=False)
        self.server.socket.close()
        self.server.socket = socket_in(pid, port)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
            self.server = None
