"""A sutured of a test's own: started, asked over its API, killed, and weighed.

    with Sutured(folder) as server:          processes and files; the network is the one that the test runs in
        token = server.new_token(uses=10)
        server.api("GET", "/api/1/hosts")
        server.kill(); server.start()        SIGKILL to all its processes at once
        server.place()                        for agent_model.Agent

`shield()` gives the calling process a network of its own, so that ports are free and nobody else's sutured is asked."""
import ctypes
import http.client
import json
import os
import re
import select
import signal
import ssl
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from agent_model import SERVER_NAME, Place, Wrapped  # noqa: E402

PASSWORD = "a password of the test 7"
CLONE_NEWNET = 0x40000000


def shield():
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() != 0 or libc.unshare(CLONE_NEWNET) != 0:
        return "a network of one's own needs root and namespaces"
    done = subprocess.run(["ip", "link", "set", "lo", "up"], capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else done.stderr


def children(pid):
    found = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as file:
                found += [int(child) for child in file.read().split()]
    except OSError:
        pass
    return found


class Sutured:
    def __init__(self, folder, build=None, words=(), start=True, address="127.0.0.1", **settings):
        """settings: keys of sutured.yaml (sutured config sample)"""
        self.folder, self.words, self.address = folder, list(words), address
        self.settings = {"feeds_h": 0, "connections_an_address": 0, **settings}
        self.program = os.path.join(build or os.environ.get("SUTURE_BUILD", "build"), "sutured")
        self.child, self.session, self.once, self.log = None, None, None, ""
        if start:
            self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    @property
    def data(self):
        return os.path.join(self.folder, "data")

    @property
    def store(self):
        return os.path.join(self.data, "store", "store.db")

    # ---- processes ----

    def start(self, timeout=30, environment=None, ready=True):
        os.makedirs(self.folder, exist_ok=True)
        self.output = open(os.path.join(self.folder, "log"), "ab")
        config, self.ready = os.path.join(self.folder, "sutured.yaml"), os.path.join(self.folder, "ready")
        with open(config, "w", encoding="utf-8") as file:
            file.writelines(f"{key}: {value}\n" for key, value in self.settings.items())
        if os.path.exists(self.ready):
            os.remove(self.ready)
        self.child = subprocess.Popen([self.program, "--config", config, "--data", self.data, "--listen", self.address, "--ready", self.ready, *self.words],
                                      stdin=subprocess.DEVNULL, stdout=self.output, stderr=self.output, start_new_session=True,
                                      env={**os.environ, **(environment or {})})
        self.output.close()
        if ready:
            self.wait_ready(timeout)
        return self

    def said(self):
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def wait_ready(self, timeout=30):
        """Until it says that all listens; its end is the end of waiting, too."""
        end, watch = time.monotonic() + timeout, os.pidfd_open(self.child.pid)
        try:
            while not os.path.exists(self.ready):
                if select.select([watch], [], [], 0.02)[0] or time.monotonic() > end:
                    raise AssertionError(f"sutured does not start:\n{self.said()[-3000:]}")
        finally:
            os.close(watch)
        if self.once is None:
            found = re.search(r"sets another:\s+(\S+)\n", self.said())
            self.once = found.group(1) if found else None

    def processes(self):
        """{name: pid} of the supervisor and what it started."""
        found, waiting = {}, [self.child.pid]
        while waiting:
            pid = waiting.pop()
            try:
                with open(f"/proc/{pid}/comm", encoding="ascii") as file:
                    found.setdefault(file.read().strip(), pid)
            except OSError:
                continue
            waiting += children(pid)
        return found

    def cpu(self):
        """Seconds of processor time of all its processes so far, with those that ended."""
        total = 0
        for pid in self.processes().values():
            try:
                with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                    fields = file.read().rsplit(")", 1)[1].split()
                total += sum(int(fields[at]) for at in (11, 12))
            except OSError:
                continue
        return total / os.sysconf("SC_CLK_TCK")

    def memory(self):
        """Resident bytes of all its processes: (now, the most)."""
        now = most = 0
        for pid in self.processes().values():
            try:
                with open(f"/proc/{pid}/status", encoding="ascii") as file:
                    fields = dict(line.split(":", 1) for line in file)
                now += int(fields["VmRSS"].split()[0]) * 1024
                most += int(fields["VmHWM"].split()[0]) * 1024
            except (OSError, KeyError):
                continue
        return now, most

    def kill(self, number=signal.SIGKILL):
        """All at once, as when the plug is pulled: the supervisor first, so that it starts nobody again."""
        if self.child is None:
            return
        pids = self.processes()
        for pid in [self.child.pid, *pids.values()]:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass
        self.child.wait(timeout=60)
        for pid in pids.values():
            while self.lives(pid):
                time.sleep(0.002)
        self.child = None

    @staticmethod
    def lives(pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                return file.read().rsplit(")", 1)[1].split()[0] != "Z"
        except OSError:
            return False

    def stop(self, timeout=60):
        """SIGTERM to the supervisor; its exit status."""
        self.child.terminate()
        status = self.child.wait(timeout)
        self.child = None
        return status

    def end(self):
        if self.child is not None:
            self.kill()

    def command(self, *words, check=True, timeout=120, environment=None):
        """`sutured WORDS`, as an operator beside the running one."""
        done = subprocess.run([self.program, "--config", os.path.join(self.folder, "sutured.yaml"), "--data", self.data, *words], capture_output=True, text=True, check=False, timeout=timeout,
                              env={**os.environ, **(environment or {})})
        if check and done.returncode != 0:
            raise AssertionError(f"sutured {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    # ---- asking ----

    def authority(self):
        with open(os.path.join(self.data, "ca.pem"), encoding="ascii") as file:
            return file.read()

    def place(self):
        return Place(self.address, 8440, self.authority(), 8442)

    def raw(self, method, path, body=None, token=None, headers=None):
        """(status, body, headers)"""
        connection = Wrapped(self.address, 8441, ssl.create_default_context(cadata=self.authority()), 30)
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None,
                               {**({"Authorization": f"Bearer {token}"} if token else {}), **({"Content-Type": "application/json"} if body is not None else {}),
                                **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.read(), dict(answer.headers)
        finally:
            connection.close()

    def login(self, user="admin", password=None):
        body = {"user": user, "password": password or self.once or PASSWORD}
        if password is None and self.once:
            body["new_password"] = PASSWORD
        status, answer, _ = self.raw("POST", "/api/1/login", body)
        if status != 200 and password is None and self.once:
            status, answer, _ = self.raw("POST", "/api/1/login", {"user": user, "password": PASSWORD})
        if status != 200:
            raise AssertionError(f"login: {status} {answer}")
        return json.loads(answer)["token"]

    def api(self, method, path, body=None, expect=(200, 201, 204), token=None):
        if token is None:
            self.session = self.session or self.login()
            token = self.session
        status, answer, headers = self.raw(method, path, body, token)
        if status not in expect:
            raise AssertionError(f"{method} {path}: {status} {answer[:300]}")
        return json.loads(answer) if answer.strip()[:1] in (b"{", b"[") else answer

    def new_token(self, uses=1, **more):
        return self.api("POST", "/api/1/tokens", {"uses": uses, "label": "test", **more})["secret"]

    def static(self, path, headers=None):
        """(status, body, headers) of the plain listener."""
        connection = http.client.HTTPConnection(self.address, 8442, timeout=30)
        try:
            connection.request("GET", path, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.read(), dict(answer.headers)
        finally:
            connection.close()
