#!/usr/bin/python3
"""The people's side of a real sutured: first login, roles, tokens, orders, the audit log, by HTTPS and by the command line."""
import http.client
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

SUTURE = os.environ["SUTURE"]
SUTURED = os.environ["SUTURED"]
PASSWORD = "correct horse battery"


class Sutured:
    """One sutured in a folder of its own, on ports that the system chooses."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="suture-api-")
        os.chmod(self.folder, 0o755)
        self.data = os.path.join(self.folder, "data")
        ready = os.path.join(self.folder, "ready")
        config = os.path.join(self.folder, "sutured.yaml")
        with open(config, "w", encoding="utf-8") as file:
            file.write("listen: 127.0.0.1\nagents_port: 0\npeople_port: 0\nstatic_port: 0\nfeeds_h: 0\n")
        self.said = open(os.path.join(self.folder, "said"), "w+", encoding="utf-8")
        self.log = open(os.path.join(self.folder, "log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen([SUTURED, "--config", config, "--data", self.data, "--ready", ready],
                                        stdin=subprocess.DEVNULL, stdout=self.said, stderr=self.log)
        while not os.path.exists(ready):
            if self.process.poll() is not None:
                raise RuntimeError("sutured ended: " + self.read(self.log))
            time.sleep(0.05)
        with open(ready, encoding="utf-8") as file:
            self.ports = json.load(file)
        self.ca = os.path.join(self.data, "ca.pem")
        self.once = re.search(r"^ +((?:[a-z2-9]{4}-){5}[a-z2-9]{4})$", self.read(self.said), re.M).group(1)

    @staticmethod
    def read(file):
        file.seek(0)
        return file.read()

    def close(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        self.said.close()
        self.log.close()
        shutil.rmtree(self.folder)

    def fingerprint(self):
        with open(self.ca, encoding="ascii") as file:
            import hashlib
            return hashlib.sha256(ssl.PEM_cert_to_DER_cert(file.read())).hexdigest()

    def ask(self, method, path, token=None, body=None, headers=None):
        """(status, headers, body) of one call."""
        context = ssl.create_default_context(cafile=self.ca)
        connection = http.client.HTTPSConnection("127.0.0.1", self.ports["people"], context=context, timeout=30)
        wrapped = connection._context.wrap_socket  # the server's name is the same wherever it stands
        connection._context.wrap_socket = lambda sock, server_hostname: wrapped(sock, server_hostname="sutured.internal")
        sent = dict(headers or {})
        if token:
            sent["Authorization"] = "Bearer " + token
        if body is not None:
            sent["Content-Type"] = "application/json"
            body = json.dumps(body)
        connection.request(method, "/api/1" + path, body=body, headers=sent)
        answer = connection.getresponse()
        raw = answer.read()
        connection.close()
        return answer.status, answer.headers, raw.decode()

    def json(self, *arguments, **words):
        status, _, body = self.ask(*arguments, **words)
        assert status in (200, 201), (arguments, status, body)
        return json.loads(body)

    def login(self, user, password, new=None):
        body = {"user": user, "password": password}
        if new:
            body["new_password"] = new
        return self.ask("POST", "/login", body=body)


class Person:
    """Who uses the command line, with a configuration of their own."""

    def __init__(self, server, name):
        self.server, self.name = server, name
        self.folder = os.path.join(server.folder, "person-" + name)
        os.mkdir(self.folder)
        os.chmod(self.folder, 0o755)
        self.environment = {"PATH": os.environ["PATH"], "TZ": "UTC", "LC_ALL": "C.UTF-8", "HOME": self.folder,
                            "SUTURE_CONFIG": self.folder, "COLUMNS": "200"}

    def secret(self, text):
        path = os.path.join(self.folder, f"secret-{len(os.listdir(self.folder))}")
        with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            file.write(text + "\n")
        return path

    def run(self, *words, status=0, **more):
        done = subprocess.run([SUTURE, *words], env={**self.environment, **more}, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, timeout=60)
        assert done.returncode == status, (words, done.returncode, done.stdout, done.stderr)
        return done

    def login(self, password, *words, **more):
        return self.run("login", f"https://127.0.0.1:{self.server.ports['people']}", "--user", self.name, "--password-file",
                        self.secret(password), *words, **more)


class Api(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Sutured()
        status, _, body = cls.server.login("admin", cls.server.once)
        assert status == 409, (status, body)
        status, _, body = cls.server.login("admin", cls.server.once, PASSWORD)
        assert status == 200, (status, body)
        cls.admin = json.loads(body)["token"]

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def person(self, name, roles):
        """A user with these roles, logged in at the command line."""
        once = self.server.json("POST", "/users", token=self.admin, body={"name": name, "roles": roles})["password"]
        person = Person(self.server, name)
        person.login(once, "--ca", self.server.ca, "--new-password-file", person.secret(PASSWORD))
        return person

    def test_once_is_used_up(self):
        self.assertEqual(self.server.login("admin", self.server.once)[0], 401)
        self.assertEqual(self.server.login("admin", PASSWORD)[0], 200)

    def test_nobody_gets_only_the_door(self):
        document = self.server.json("GET", "/openapi.json")
        self.assertGreaterEqual(len(document["paths"]), 25)
        for path, calls in document["paths"].items():
            for method, call in calls.items():
                if call["x-permission"] == "none":
                    continue
                for token in (None, "suture-api-1." + "0" * 64, "x"):
                    status, _, body = self.server.ask(method.upper(), path[len("/api/1"):].replace("{", "").replace("}", ""),
                                                      token=token, body={} if "requestBody" in call else None)
                    self.assertEqual(status, 401, (method, path, token, body))

    def test_same_answer_is_not_sent_twice(self):
        status, headers, _ = self.server.ask("GET", "/hosts", token=self.admin)
        self.assertEqual(status, 200)
        status, _, body = self.server.ask("GET", "/hosts", token=self.admin, headers={"If-None-Match": headers["ETag"]})
        self.assertEqual((status, body), (304, ""))

    def test_login_by_fingerprint(self):
        person = Person(self.server, "admin")
        told = person.login(PASSWORD, status=1).stderr
        self.assertIn("whose server is this? it shows the fingerprint " + self.server.fingerprint(), told)
        self.assertIn("this is another server", person.login(PASSWORD, "--fingerprint", "0" * 64, status=1).stderr)
        self.assertFalse(os.path.exists(os.path.join(person.folder, "server.yaml")))
        page = person.login(PASSWORD, "--fingerprint", self.server.fingerprint()).stdout
        self.assertIn("as admin (viewer, operator, approver, auditor, enroller, administrator) until", page)
        self.assertEqual(os.stat(os.path.join(person.folder, "server.yaml")).st_mode & 0o777, 0o600)
        self.assertRegex(person.run("host", "list").stdout, r"No such hosts\.|HOST")
        person.run("logout")
        self.assertIn("logged out", person.run("host", "list", status=1).stderr)

    def test_wrong_password(self):
        person = Person(self.server, "nobody")
        self.assertIn("the name or the password is wrong", person.login("a guess of mine", "--ca", self.server.ca, status=1).stderr)

    def test_tokens(self):
        erik = self.person("erik", "enroller")
        made = erik.run("token", "new", "--label", "laptops", "--uses", "3", "--for", "2d")
        self.assertRegex(made.stdout, r"^suture-enrol-1\.[A-Za-z0-9_-]{107}\n$")
        listed = json.loads(erik.run("token", "list", "--format", "json").stdout)
        mine = [token for token in listed["tokens"] if token["label"] == "laptops"]
        self.assertEqual([(token["state"], token["by"], token["uses_max"]) for token in mine], [("good", "erik", 3)])
        self.assertNotIn(made.stdout.strip(), json.dumps(listed))
        erik.run("token", "revoke", mine[0]["number"])
        self.assertRegex(erik.run("token", "list").stdout, r"revoked .* laptops")
        # An enroller sees nothing else.
        self.assertIn("the server says:", erik.run("host", "list", status=1).stderr)

    def test_orders(self):
        olga = self.person("olga", "operator")
        self.assertIn("Nothing is ordered now.", olga.run("order", "show").stdout)
        page = olga.run("order", "now", "CVE-2026-12345", "--reason", "exploited since noon", "--for", "2d").stdout
        self.assertIn("CVE-2026-12345", page)
        number = json.loads(olga.run("order", "show", "--format", "json").stdout)["now"][0]["number"]
        self.assertRegex(olga.run("order", "show").stdout, r"in-force +CVE-2026-12345")
        self.assertIn("neither a CVE nor a source package", olga.run("order", "now", "openssl=1.0", "--reason", "x", status=1).stderr)
        olga.run("order", "end", number)
        self.assertIn("Nothing is ordered now.", olga.run("order", "show").stdout)
        self.assertRegex(olga.run("order", "show", "--all").stdout, r"withdrawn +CVE-2026-12345")
        vera = self.person("vera", "viewer")
        self.assertEqual(vera.run("order", "now", "openssl", "--reason", "x", status=1).stdout, "")

    def test_questions(self):
        vic = self.person("vic", "viewer")
        self.assertIn("0 exposed, 0 exposed when last seen", vic.run("exposed", "CVE-2026-1").stdout)
        self.assertIn("Nobody was.", vic.run("exposed", "CVE-2026-1", "--all", "--history").stdout)
        self.assertIn("0 have it", vic.run("where", "libssl3=3.0.15-1~deb12u1").stdout)
        with open(os.path.join(vic.folder, "x_Packages"), "w", encoding="utf-8") as file:
            file.write("Package: oak\nVersion: 1.1\nArchitecture: all\nSHA256: " + "ab" * 32 + "\n\n")
        found = vic.run("where", "sha256:" + "ab" * 32, "--lists", vic.folder)
        self.assertIn("oak=1.1 of all", found.stderr)
        self.assertIn("0 have it", found.stdout)
        self.assertIn("by the package's name", vic.run("where", "sha256:" + "cd" * 32, "--lists", vic.folder, status=1).stderr)
        self.assertIsNone(json.loads(vic.run("order", "show", "--format", "json").stdout)["signed_problem"])
        self.assertIn("there is no host", vic.run("host", "show", "web-03", status=1).stderr)
        status = self.server.json("GET", "/status", token=self.admin)
        self.assertLessEqual(status["hosts"]["ok"], 1)
        self.assertEqual(status["fleet"], self.server.ports["fleet"])

    def test_script(self):
        token = self.server.json("POST", "/api-tokens", token=self.admin, body={"label": "ci", "roles": "viewer"})["secret"]
        person = Person(self.server, "admin2")
        shutil.copy(self.server.ca, os.path.join(person.folder, "server-ca.pem"))
        with open(os.path.join(person.folder, "server.yaml"), "w", encoding="utf-8") as file:
            file.write(f"server: https://127.0.0.1:{self.server.ports['people']}\nuser: ci\n")
        self.assertRegex(person.run("host", "list", SUTURE_TOKEN=token).stdout, r"No such hosts\.|HOST")
        self.assertIn("(suture login)", person.run("host", "list", SUTURE_TOKEN="suture-api-1." + "0" * 64, status=1).stderr)
        self.assertIn("the server says:", person.run("audit", "list", SUTURE_TOKEN=token, status=1).stderr)

    def enrol(self, name):
        """A machine with a state of its own, whose agent has reported once: this one, as it is."""
        token = self.server.json("POST", "/tokens", token=self.admin, body={"label": name})["secret"]
        folder = os.path.join(self.server.folder, "host-" + name)
        os.makedirs(os.path.join(folder, "config"))
        with open(os.path.join(folder, "config", "agent.yaml"), "w", encoding="utf-8") as file:
            file.write("work: no\nmetered: no\n")
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": folder, "SUTURE_STATE": os.path.join(folder, "state"),
                       "SUTURE_CONFIG": os.path.join(folder, "config")}
        for words in (("enroll", f"https://127.0.0.1:{self.server.ports['agents']}", token), ("run", "--once")):
            done = subprocess.run([SUTURE, "agent", *words], env=environment, capture_output=True, text=True, check=False,
                                  stdin=subprocess.DEVNULL, timeout=120)
            assert done.returncode == 0, (words, done.stdout, done.stderr)
        return environment

    def test_host(self):
        environment = self.enrol("one")
        olga = self.person("olga2", "operator,viewer")
        hosts = json.loads(olga.run("host", "list", "--format", "json").stdout)["hosts"]
        self.assertEqual([host["state"] for host in hosts], ["ok"])
        host = hosts[0]["id"]
        page = olga.run("host", "show", host).stdout
        self.assertIn(host, page)
        self.assertIn("debian", page)
        self.assertEqual(olga.run("host", "show", hosts[0]["name"]).stdout, page)
        # Who has it: every Debian has dpkg; since its first report, so no time is told.
        rows = json.loads(olga.run("where", "dpkg", "--format", "json").stdout)
        self.assertEqual([(row["host"], row["package"], row["since"]) for row in rows["hosts"]], [(host, "dpkg", None)])
        self.assertIn("1 have it", olga.run("where", "dpkg=" + rows["hosts"][0]["version"]).stdout)
        self.assertIn("0 have it", olga.run("where", "dpkg=0.1").stdout)
        self.assertIn("1 unknown", olga.run("exposed", "CVE-2026-99999").stdout)  # there are no advisories: nothing is known
        # An operator accepts nobody, and turns a host away.
        self.assertIn("the server says:", olga.run("host", "accept", host, "--reason", "mine", status=1).stderr)
        olga.run("host", "revoke", host, "--reason", "stolen")
        self.assertEqual(json.loads(olga.run("host", "show", host, "--format", "json").stdout)["state"], "revoked")
        done = subprocess.run([SUTURE, "agent", "run", "--once"], env=environment, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, timeout=120)
        self.assertIn("403", done.stdout + done.stderr)
        self.assertIn("host.revoke", self.person("ada2", "auditor").run("audit", "list", "--limit", "1000").stdout)

    def test_audit(self):
        ada = self.person("ada", "auditor")
        self.assertIn("user.new", ada.run("audit", "list").stdout)
        log = os.path.join(ada.folder, "log")
        with open(log, "w", encoding="utf-8") as file:
            file.write(ada.run("audit", "export").stdout)
        page = ada.run("audit", "verify", log).stdout
        self.assertIn("each in its place", page)
        self.assertIn("Signed by the server's keeper", page)
        with open(log, encoding="utf-8") as file:
            lines = file.read().splitlines()
        for wrong, why in ((lines[:1] + [lines[1].replace("admin", "eve")] + lines[2:], "was edited"),
                           (lines[:1] + lines[2:], "missing or moved"), (lines[:-2] + lines[-1:], "rows were cut off"),
                           (lines[:-3], "was here before")):
            with open(log, "w", encoding="utf-8") as file:
                file.write("\n".join(wrong) + "\n")
            self.assertIn(why, ada.run("audit", "verify", log, status=1).stderr)
        # Later it goes on from what was checked.
        with open(log, "w", encoding="utf-8") as file:
            file.write(ada.run("audit", "export").stdout)
        self.assertIn("It goes on from the", ada.run("audit", "verify", log).stdout)

    def test_guessing_is_slow(self):
        self.person("gert", "viewer")
        seen = [self.server.login("gert", "a guess of mine")[0] for _ in range(8)]
        self.assertIn(429, seen)
        status, headers, _ = self.server.login("gert", "a guess of mine")
        self.assertEqual(status, 429)
        self.assertGreaterEqual(int(headers["Retry-After"]), 1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
