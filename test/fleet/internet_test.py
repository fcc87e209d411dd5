#!/usr/bin/env python3
"""The test fleet's network does what it says: before agents are judged by it."""
import http.server
import os
import socket
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "system"))
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from internet import SERVER, Internet, serve  # noqa: E402
from machine import Machine, main  # noqa: E402

GET = """import sys, urllib.request
try:
    got = urllib.request.urlopen(sys.argv[1], timeout=float(sys.argv[2])).read()
    print(len(got), got[:20])
except Exception as problem:
    print(type(problem).__name__, problem)"""


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"x" * int(self.path.strip("/") or 5)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Rig(unittest.TestCase):
    def test_the_homes(self):
        with Internet() as internet, Machine("middle", programs=False) as machine:
            internet.servers.append(serve(socket.create_server(("0.0.0.0", 8442)), Page))
            home = internet.home(machine)

            def get(path="5", timeout=1, **environment):
                return machine.run(["python3", "-c", GET, f"http://{SERVER}:8442/{path}", str(timeout)], environment=environment).stdout
            self.assertEqual(get(), "5 b'xxxxx'\n")
            home.unplug()
            self.assertIn("timed out", get())
            home.plug()
            self.assertEqual(get(), "5 b'xxxxx'\n")
            home.lossy(5)
            self.assertIn("200000 ", get("200000", 30))
            portal = internet.portal()
            home.captive()
            self.assertIn("<html>Welcome", get())
            self.assertEqual(len(portal.seen), 1)
            proxy = internet.proxy()
            home.only_by_proxy()
            self.assertIn("refused", get())
            self.assertEqual(get(http_proxy=f"http://{SERVER}:3128"), "5 b'xxxxx'\n")
            self.assertEqual(len(proxy.seen), 1)
            home.sleep()
            home.wake()
            self.assertEqual(get(), "5 b'xxxxx'\n")
            machine.power_off()
            machine.boot()
            home.lay_cable()
            home.slow("2mbit")
            self.assertIn("100000 ", get("100000", 30))


if __name__ == "__main__":
    main()
