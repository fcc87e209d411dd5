#!/usr/bin/env python3
"""A web server on loopback that behaves as well or as badly as its path says. For tests.

    feed_server.py [--folder DIR] [--tls DIR]

Prints "PORT" or "PORT TLS_PORT" once it listens, and ends when its standard input does. Paths that name no behaviour are files of --folder, with an
ETag of their bytes. What is said of one path in several requests is counted by the whole path, so a test that wants a
fresh start appends a word: /cut/first, /cut/second.

With --tls it makes a certificate for "localhost" in that folder (ca.pem) and serves the same over TLS."""
import argparse
import gzip
import hashlib
import http.server
import os
import socketserver
import ssl
import subprocess
import sys
import threading
import time

BODY = "".join(f"line {number} of a document\n" for number in range(4000)).encode()  # about 100 KB
OTHER = BODY.replace(b"document", b"database")
OLD_DATE = "Sat, 11 Jul 2026 09:36:11 GMT"
NOW_DATE = "Sat, 21 Nov 2026 07:50:00 GMT"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: each small answer would wait 40 ms
    counts, seen, times, lock = {}, {}, [], threading.Lock()

    def log_message(self, *arguments):
        pass

    def date_time_string(self, timestamp=None):
        return NOW_DATE

    def do_GET(self):
        if self.path.startswith("http://"):  # we are a proxy: whatever host it is, the answer is ours
            self.path = "/" + self.path.split("/", 3)[3]
        with self.lock:
            self.turn = self.counts[self.path] = self.counts.get(self.path, 0) + 1
            self.times.append((self.path, time.monotonic()))
            if not self.path.startswith("/seen/"):
                self.seen.setdefault(self.path, []).append(str(self.headers))
        self.close_connection = True
        name = self.path.split("/")[1].split("?")[0].replace("-", "_")
        behave = getattr(self, "path_" + name, None)
        try:
            behave() if behave else self.serve_file()
        except (ConnectionError, ssl.SSLError):
            pass

    def answer(self, status, body=b"", length=None, **headers):
        self.send_response(status)
        for key, value in headers.items():
            if value is not None:
                self.send_header(key.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def give(self, body, etag, modified=OLD_DATE, cut_at=None, ranges=True):
        """A well-behaved answer, of which only the first cut_at bytes are sent."""
        if etag and self.headers.get("If-None-Match") == etag:
            return self.answer(304, ETag=etag, length=0)
        if not etag and self.headers.get("If-Modified-Since") == modified:
            return self.answer(304, Last_Modified=modified, length=0)
        asked, status, content_range = self.headers.get("Range"), 200, None
        if ranges and asked and self.headers.get("If-Range") in (etag, modified):
            begin = int(asked.removeprefix("bytes=").rstrip("-"))
            if begin >= len(body):
                return self.answer(416, Content_Range=f"bytes */{len(body)}")
            status, content_range = 206, f"bytes {begin}-{len(body) - 1}/{len(body)}"
            body = body[begin:]
        length = len(body)
        self.answer(status, body[:cut_at], length, ETag=etag, Last_Modified=modified, Content_Range=content_range)

    def serve_file(self):
        path = os.path.normpath(os.path.join(self.server.folder or "/nowhere", self.path.lstrip("/")))
        try:
            with open(path, "rb") as file:
                body = file.read()
        except OSError:
            return self.answer(404, b"not here")
        self.give(body, f'"{hashlib.sha256(body).hexdigest()[:16]}"')

    def path_seen(self):
        """The heads of all requests for the path behind /seen, as this server got them."""
        self.answer(200, "".join(self.seen.get(self.path[5:], [])).encode())

    def path_keep(self):
        """/keep/FILE: the file, and the connection may be used again."""
        self.close_connection = False
        self.path = self.path[5:]
        self.serve_file()

    def path_connections(self):
        """How many there were before this one."""
        self.answer(200, str(self.server.connections - 1).encode())

    def path_times(self):
        """When each path was asked for, in milliseconds of one clock."""
        self.answer(200, "".join(f"{path} {int(when * 1000)}\n" for path, when in self.times).encode())

    def path_ok(self):
        self.give(BODY, '"v1"')

    def path_dated(self):
        self.give(BODY, None)

    def path_cut(self):
        self.give(BODY, '"v1"', cut_at=len(BODY) // 4 if self.turn < 4 else None)

    def path_cut_dated(self):
        self.give(BODY, None, cut_at=50000 if self.turn == 1 else None)

    def path_cut_fresh(self):
        """Modified in the same minute as it is served: the date is no strong validator."""
        self.give(BODY, None, modified=NOW_DATE, cut_at=50000 if self.turn == 1 else None)

    def path_cut_weak(self):
        self.give(BODY, 'W/"v1"', cut_at=50000 if self.turn == 1 else None)

    def path_cut_then_down(self):
        """Breaks off, is down once, then is well again."""
        if self.turn == 2:
            return self.answer(503, b"down")
        self.give(BODY, '"v1"', cut_at=50000 if self.turn == 1 else None)

    def path_cut_no_ranges(self):
        self.give(BODY, '"v1"', cut_at=50000 if self.turn == 1 else None, ranges=False)

    def path_cut_then_changed(self):
        if self.turn == 1:
            return self.give(BODY, '"v1"', cut_at=50000)
        self.give(OTHER, '"v2"')

    def path_cut_wrong_range(self):
        if "Range" not in self.headers:
            return self.give(BODY, '"v1"', cut_at=50000 if self.turn == 1 else None)
        self.answer(206, BODY[10:], ETag='"v1"', Content_Range=f"bytes 10-{len(BODY) - 1}/{len(BODY)}")

    def path_cut_short_ranges(self):
        """Sends less than was asked for, as it may: the range says so, and the connection ends well."""
        if "Range" not in self.headers:
            return self.give(BODY, '"v1"', cut_at=50000)
        begin = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
        end = min(begin + 10000, len(BODY))
        self.answer(206, BODY[begin:end], ETag='"v1"', Content_Range=f"bytes {begin}-{end - 1}/{len(BODY)}")

    def path_cut_then_part_of_another(self):
        """A part that was asked for by If-Range, and is of what there is now."""
        if "Range" not in self.headers:
            return self.give(BODY, '"v1"', cut_at=50000 if self.turn == 1 else None)
        self.answer(206, OTHER[50000:], ETag='"v2"', Content_Range=f"bytes 50000-{len(OTHER) - 1}/{len(OTHER)}")

    def path_cut_then_more(self):
        """More bytes than its range has."""
        if "Range" not in self.headers:
            return self.give(BODY, '"v1"', cut_at=50000 if self.turn == 1 else None)
        self.answer(206, BODY[50000:] + b"more", ETag='"v1"', Content_Range=f"bytes 50000-{len(BODY) - 1}/{len(BODY)}")

    def path_cut_then_of_unknown_size(self):
        if "Range" not in self.headers:
            return self.give(BODY, '"v1"', cut_at=50000 if self.turn == 1 else None)
        self.answer(206, BODY[50000:], ETag='"v1"', Content_Range=f"bytes 50000-{len(BODY) - 1}/*")

    def path_cut_empty_range(self):
        if "Range" not in self.headers:
            return self.give(BODY, '"v1"', cut_at=50000 if self.turn == 1 else None)
        self.answer(206, ETag='"v1"', Content_Range=f"bytes 50000-{len(BODY) - 1}/{len(BODY)}")

    def path_cut_often(self):
        """A thousand bytes, then it breaks; always."""
        self.give(BODY, '"v1"', cut_at=1000)

    def path_cut_for_ever(self):
        """No bytes come after the first break."""
        self.give(BODY, '"v1"', cut_at=50000 if self.turn == 1 else 0)

    def path_shrunk(self):
        """What was begun is longer than what there is now, though the tag is the same."""
        if self.turn == 1:
            return self.give(BODY, '"v1"', cut_at=50000)
        if self.turn == 2:
            return self.answer(503)
        self.give(BODY[:40000], '"v1"')

    def path_drip(self):
        self.send_response(200)
        self.send_header("Content-Length", "1000000")
        self.end_headers()
        closed = threading.Event()
        while not closed.wait(0.02):
            self.wfile.write(b"x")

    def path_silent(self):
        self.connection.recv(1)  # until the client goes

    def endless(self, status):
        self.send_response(status)
        self.send_header("Location", "/ok")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while True:
            self.wfile.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")

    def path_endless(self):
        self.endless(200)

    def path_endless_error(self):
        self.endless(500)

    def path_endless_redirect(self):
        self.endless(302)

    def path_endless_head(self):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            self.wfile.write(b"X-More: " + b"x" * 1000 + b"\r\n")

    def path_garbage(self):
        self.wfile.write(b"\x00\xff\x1b[31mSSH-2.0 no web server\r\n\r\n")

    def path_empty(self):
        self.answer(200, ETag='"none"')

    def path_short_length(self):
        self.answer(200, BODY, length=1000)

    def path_coded(self):
        self.answer(200, gzip.compress(BODY, mtime=0), Content_Encoding="gzip")

    def path_control(self):
        self.answer(200, b"{}", ETag='"a\x1b[2Jb"')

    def path_status(self):
        self.answer(int(self.path.split("/")[2]), b"sorry")

    def path_unasked_part(self):
        self.answer(206, BODY, Content_Range=f"bytes 0-{len(BODY) - 1}/{len(BODY)}")

    def path_unasked_304(self):
        self.answer(304, length=0)

    def path_hops(self):
        left = int(self.path.split("/")[2])
        self.answer(302, b"elsewhere", Location=f"/hops/{left - 1}" if left > 1 else "/ok/hopped")

    def path_to(self):
        """/to/URL"""
        self.answer(301, Location=self.path[4:].replace("PORT", str(self.server.plain_port)))


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    folder = plain_port = None
    connections = 0

    def get_request(self):
        self.connections += 1
        return super().get_request()

    def handle_error(self, request, client_address):
        pass


def make_certificate(folder):
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", os.path.join(folder, "key.pem"), "-out", os.path.join(folder, "ca.pem")],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(folder, "ca.pem"), os.path.join(folder, "key.pem"))
    return context


def start(folder, plain_port=None, context=None):
    server = Server(("127.0.0.1", 0), Handler)
    server.folder, server.plain_port = folder, plain_port or server.server_address[1]
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder")
    parser.add_argument("--tls")
    arguments = parser.parse_args()
    ports = [start(arguments.folder)]
    if arguments.tls:
        ports.append(start(arguments.folder, ports[0], make_certificate(arguments.tls)))
    print(*ports, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
