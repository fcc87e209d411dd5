"""A sutured on loopback for tests: started with nothing, ports of its own, everything below one folder, ended with the test."""
import http.client
import json
import os
import signal
import ssl
import subprocess
import threading
import time

SUTURED = os.environ.get("SUTURED", "")


class Sutured:
    """Starts and waits until it listens. Use as a context, or call stop()."""

    def __init__(self, folder, settings="", wait=True, agents_port=0):
        self.folder = folder
        self.data = os.path.join(folder, "data")
        self.config = os.path.join(folder, "sutured.yaml")
        self.ready = os.path.join(folder, "ready.json")
        if os.path.exists(self.ready):
            os.remove(self.ready)
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(f"listen: 127.0.0.1\nagents_port: {agents_port}\npeople_port: 0\nstatic_port: 0\nfeeds_h: 0\n" + settings)
        self.process = subprocess.Popen(
            [SUTURED, "--config", self.config, "--data", self.data, "--ready", self.ready], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.out, self.log = [], []
        self.readers = [threading.Thread(target=self._collect, args=pair, daemon=True)
                        for pair in ((self.process.stdout, self.out), (self.process.stderr, self.log))]
        for reader in self.readers:
            reader.start()
        self.ports = None
        if wait:
            self.wait_ready()

    @staticmethod
    def _collect(stream, lines):
        for line in stream:
            lines.append(line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def wait_for(self, condition, what, seconds=30):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise AssertionError(f"waited in vain for {what}:\n{''.join(self.log)}")
            time.sleep(0.02)

    def wait_ready(self):
        self.wait_for(lambda: os.path.exists(self.ready) or self.process.poll() is not None, "sutured")
        if not os.path.exists(self.ready):
            raise AssertionError("sutured ended:\n" + "".join(self.log))
        with open(self.ready, encoding="utf-8") as file:
            self.ports = json.load(file)
        self.wait_for(lambda: self.get("/pulse/0").status == 200, "the first pulse")

    def children(self):
        """Process ids of front and keeper by their program's name."""
        found = {}
        for name in os.listdir("/proc"):
            if name.isdigit():
                try:
                    with open(f"/proc/{name}/stat", encoding="utf-8") as file:
                        words = file.read()
                except OSError:
                    continue
                program, rest = words[words.index("(") + 1:words.rindex(")")], words[words.rindex(")") + 2:].split()
                if int(rest[1]) == self.process.pid and rest[0] != "Z" and program.startswith("sutured-"):
                    found[program] = int(name)
        return found

    def ask(self, listener, method, path, body=None, headers=None, context=None):
        if listener == "static":
            connection = http.client.HTTPConnection("127.0.0.1", self.ports["static"], timeout=20)
        else:
            connection = http.client.HTTPSConnection("localhost", self.ports[listener], timeout=20,
                                                     context=context or self.context())
        try:
            connection.putrequest(method, path, skip_host=True)
            connection.putheader("Host", "localhost")
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            answer.body = answer.read()
            return answer
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.ask("static", "GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})

    def context(self):
        return ssl.create_default_context(cafile=os.path.join(self.data, "ca.pem"))

    def stop(self, how=signal.SIGTERM):
        """Its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        status = self.process.wait(timeout=60)
        for reader in self.readers:
            reader.join(timeout=20)
        self.process.stdout.close()
        self.process.stderr.close()
        return status
