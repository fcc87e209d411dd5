#!/usr/bin/env python3
"""The life of a repository: people with their keys, a server with its own, a web server, and machines that look.

SUTURE is the program. Keys are made once; nothing outside a temporary folder is touched."""
import fcntl
import functools
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

SUTURE = os.environ["SUTURE"]
MEMORY = "/dev/shm" if os.path.isdir("/dev/shm") else None
FIVE = ["anna", "ben", "carla", "dan", "eve"]
PEOPLE = FIVE + ["fred", "carla-2"]
ROLES = ["root", "targets", "policy", "publishers", "crisis", "block", "approval", "release", "local"]
POLICY = "policy/policy.yaml"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def run(*words):
    return subprocess.run([SUTURE, *words], capture_output=True, text=True, timeout=60,
                          env={"PATH": "/usr/bin:/bin", "COLUMNS": "200"})


def make_keys():
    """Keys under passphrases take their time: once for all tests."""
    folder = tempfile.mkdtemp(prefix="suture-keys-", dir=MEMORY)
    with open(os.path.join(folder, "passphrase"), "w") as file:
        file.write("a passphrase of these tests\n")
    os.chmod(file.name, 0o600)
    for name in PEOPLE:
        made = run("key", "new", f"{folder}/{name}.key", "--person", name.split("-")[0], "--passphrase-file", file.name)
        assert made.returncode == 0, made.stderr
    for name in ("server", "server-2"):
        made = run("key", "new", f"{folder}/{name}.key", "--online", "--duty", "timestamp")
        assert made.returncode == 0, made.stderr
    return folder


def setUpModule():
    global KEYS
    KEYS = make_keys()


def tearDownModule():
    shutil.rmtree(KEYS)


def public(*names):
    return ",".join(f"{KEYS}/{name}.key.pub" for name in names)


class World(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="suture-test-", dir=MEMORY)
        self.addCleanup(shutil.rmtree, self.root)
        self.repo = os.path.join(self.root, "repo")
        self.server_key = os.path.join(self.root, "server.key")
        for end in ("", ".pub"):
            shutil.copy2(f"{KEYS}/server.key{end}", self.server_key + end)
        self.web = self.serve(os.path.join(self.repo, "public"))

    def serve(self, folder):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return f"http://127.0.0.1:{server.server_port}"

    def suture(self, *words, status=0):
        done = run(*words)
        self.assertEqual(done.returncode, status, f"{words}: {done.stdout}{done.stderr}")
        self.errors = done.stderr
        return done.stdout

    # ---- people ----

    def init_solo(self):
        self.suture("repo", "init", self.repo, "--solo", "--key", public("anna"), "--online", self.server_key)
        self.sign(["anna"])
        self.publish()

    def init_five(self):
        self.suture("repo", "init", self.repo, "--keys", public(*FIVE), "--online", self.server_key)
        self.sign(FIVE)
        self.publish()

    def staged(self, role):
        return os.path.join(self.repo, "staged", role + ".json")

    def waiting(self):
        return {w["role"]: w for w in self.view(status=None)["waiting"]}

    def sign_one(self, name, role, *words):
        """As a script does that was told the digests by somebody who read it all."""
        return self.sign_roles(name, [role], *words)

    def sign_roles(self, name, roles, *words):
        files = [self.staged(role) for role in roles]
        shown = [json.loads(self.suture("sign", file, "--show", "--format", "json")) for file in files]
        return self.suture("sign", *files, "--key", f"{KEYS}/{name}.key", "--digest", ",".join(s["sha256"] for s in shown),
                           "--passphrase-file", f"{KEYS}/passphrase", *words)

    def sign(self, names, roles=None):
        """These persons, where they sit and are still needed."""
        for name in names:
            person = name.split("-")[0]
            wanted = [role for role, waits in self.waiting().items() if (roles is None or role in roles) and
                      any(person in a["may_sign"] and person not in a["signed_by"] and
                          len(a["signed_by"]) < a["threshold"] for a in waits["asked"])]
            if wanted:
                self.sign_roles(name, wanted)

    def publish(self, status=0):
        return self.suture("repo", "publish", self.repo, status=status)

    def view(self, status=0, *words):
        done = run("repo", "verify", self.repo, "--format", "json", *words)
        if status is not None:
            self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def versions(self):
        return {role["role"]: role["version"] for role in self.view()["roles"]}

    def add(self, role, path, content, *words, status=0):
        source = os.path.join(self.root, "content")
        with open(source, "w") as file:
            file.write(content)
        return self.suture("repo", "add", self.repo, role, path, source, *words, status=status)

    # ---- machines ----

    def machine(self, name):
        """A new one that is given the first root."""
        folder = os.path.join(self.root, name)
        os.mkdir(folder)
        self.suture("tuf", "--metadata-dir", folder, "init", f"{self.repo}/public/metadata/1.root.json")
        return folder

    def refresh(self, machine, status=0, web=None):
        return self.suture("tuf", "--metadata-dir", machine, "--metadata-url", (web or self.web) + "/metadata", "refresh",
                           status=status)

    def download(self, machine, path, status=0):
        folder = os.path.join(self.root, "downloads")
        os.makedirs(folder, exist_ok=True)
        self.suture("tuf", "--metadata-dir", machine, "--metadata-url", self.web + "/metadata", "--target-base-url",
                    self.web + "/targets", "--target-dir", folder, "--target-name", path, "download", status=status)
        with open(os.path.join(folder, path.replace("/", "%2F"))) as file:
            return file.read()


class Five(World):
    def test_life(self):
        made = self.suture("repo", "init", self.repo, "--keys", public(*FIVE), "--online", self.server_key)
        self.assertIn("root         3 of 5 (anna, ben, carla, dan, eve): who may sign for what\n", made)
        self.assertIn("timestamp    the server: that this is the newest there is\n", made)
        self.assertIn(" then         suture repo publish ", made)
        self.assertNotIn("solo", made)
        self.publish(status=1)
        self.assertEqual(self.errors, "suture: threshold: too few signatures yet on root, targets, policy, publishers, "
                         "crisis, block, approval, release, local\n")
        self.assertFalse(self.view(status=1)["whole"])
        self.sign(["anna", "ben"])
        self.publish(status=1)
        self.assertFalse(os.path.exists(self.repo + "/public/metadata"))
        self.sign(["carla", "dan", "eve"])
        self.publish()
        seen = self.view()
        self.assertEqual({r["role"]: len(r["signed_by"]) for r in seen["roles"] if not r["online"]},
                         {"root": 3, "block": 1, **{role: 2 for role in ROLES if role not in ("root", "block")}})
        self.assertTrue(seen["whole"] and not seen["solo"] and seen["waiting"] == [])
        machine = self.machine("machine")
        self.refresh(machine)

        # A policy, of which one signature comes from a machine without a network.
        said = self.add("policy", POLICY, "level: normal\n", "--by", "anna")
        self.assertIn(" policy       version 2: 0 of 2 (nobody); then ben, carla or dan (proposed by anna)\n", said)
        self.sign(["ben"])
        self.publish()
        self.assertEqual(self.versions()["policy"], 1)
        line = self.sign_one("dan", "policy", "--print-only")
        printed = os.path.join(self.root, "dan.sig")
        with open(printed, "w") as file:
            file.write(line)
        said = self.suture("repo", "sign", self.repo, "policy", "--signature", printed)
        self.assertIn(" policy       version 2: enough: ben, dan (proposed by anna)\n", said)
        self.assertIn("Published    timestamp 3, snapshot 2, policy 2\n", self.publish())
        self.assertEqual(self.download(machine, POLICY), "level: normal\n")

        # What is signed is a document: the same signature is for nothing else.
        self.add("policy", POLICY, "level: essential\n", "--by", "anna")
        self.suture("repo", "sign", self.repo, "policy", "--signature", printed, status=1)
        self.assertIn("wrong-signature: that of dan is not over policy version 3 as it waits here", self.errors)
        self.suture("repo", "sign", self.repo, "crisis", "--signature", printed, status=1)
        self.assertIn("is of policy, not of crisis", self.errors)
        self.sign(["ben"], ["policy"])
        said = self.add("policy", POLICY, "level: emergency-only\n", "--by", "anna")
        self.assertIn("1 signature was given for what waited before, and gone: it is another document now", said)

        # And away again.
        self.suture("repo", "remove", self.repo, "policy", POLICY, "--by", "ben")
        self.sign(["ben", "dan"])
        self.publish()
        self.refresh(machine)
        self.suture("repo", "remove", self.repo, "policy", POLICY, status=1)
        self.assertEqual(self.errors, f'suture: policy lists no "{POLICY}"\n')

    def test_lost_key(self):
        self.init_five()
        asleep, awake = self.machine("asleep"), self.machine("awake")
        self.refresh(asleep)
        self.add("policy", POLICY, "one\n")
        self.sign(["ben", "carla"])
        self.publish()
        # Carla lost hers, and has another; the thief of the old one is carla, too.
        self.suture("repo", "rotate", self.repo, "--drop", "carla", "--add", public("carla-2"))
        old = self.waiting()["root"]["asked"]
        self.assertEqual(len(old), 2)
        run("sign", self.staged("policy"), "--key", f"{KEYS}/carla.key", "--passphrase-file", f"{KEYS}/passphrase",
            "--digest", json.loads(self.suture("sign", self.staged("policy"), "--show", "--format", "json"))["sha256"])
        self.assertEqual(self.waiting()["policy"]["asked"][0]["signed_by"], [])
        self.sign(["carla-2", "anna"])
        self.publish()
        self.assertEqual(self.versions()["root"], 1)  # by the old root anna alone has signed
        self.sign(["anna", "ben", "dan", "eve"])
        self.publish()
        self.assertEqual(self.versions()["root"], 2)
        for machine in asleep, awake:
            self.assertIn("root 2", self.refresh(machine))
            self.assertEqual(self.download(machine, POLICY), "one\n")
        # A second rotation in the same repository, by persons of the second root.
        self.suture("repo", "rotate", self.repo, "--drop", "eve", "--add", public("fred"))
        self.sign(["carla-2", "dan", "fred", "anna", "ben"])
        self.publish()
        self.assertIn("root 3", self.refresh(asleep))


class Solo(World):
    def test_grows(self):
        self.init_solo()
        self.assertIn("(!) solo     weaker: one key decides alone", self.publish())
        self.assertTrue(self.view()["solo"])
        machine = self.machine("machine")
        self.refresh(machine)
        self.add("policy", POLICY, "mine\n")
        self.sign(["anna"])
        self.publish()
        self.suture("repo", "rotate", self.repo, "--keys", public(*FIVE))
        for name in FIVE[:4]:
            self.sign([name])
            self.publish()
            self.assertEqual(self.download(machine, POLICY), "mine\n")
        self.sign(FIVE)
        self.publish()
        self.assertFalse(self.view()["solo"])
        self.assertNotIn("solo", self.suture("repo", "verify", self.repo))
        self.assertIn("root 2", self.refresh(machine))
        self.assertEqual(self.download(machine, POLICY), "mine\n")
        # And one alone decides nothing any more.
        self.add("policy", POLICY, "mine alone\n")
        self.sign(["ben"])
        self.publish()
        self.assertEqual(self.download(machine, POLICY), "mine\n")

    def test_stolen_server(self):
        """Whoever has the server's key and its folder: his news are believed until another key is, and are nothing."""
        self.init_solo()
        machine, new = self.machine("machine"), self.machine("new")
        self.refresh(machine)
        thief = os.path.join(self.root, "thief")
        shutil.copytree(self.repo, thief)
        self.suture("repo", "add", thief, "policy", POLICY, __file__)
        self.suture("repo", "publish", thief)  # without anna he gets a timestamp
        web = self.serve(thief + "/public")
        self.assertIn("targets 1", self.refresh(machine, web=web))
        for other in ("", ".pub"):
            shutil.copy2(f"{KEYS}/server-2.key{other}", os.path.join(self.root, "other.key" + other))
        self.suture("repo", "rotate", self.repo, "--online", os.path.join(self.root, "other.key"))
        self.publish()  # still by the old one
        self.sign(["anna"])
        self.publish()
        os.remove(self.server_key)
        self.publish()
        with open(self.repo + "/repository.json") as file:
            self.assertEqual(json.load(file)["online"], [os.path.join(self.root, "other.key")])
        for each in machine, new:
            self.refresh(each)
        shutil.copy2(f"{KEYS}/server.key", self.server_key)
        for _ in range(3):
            self.suture("repo", "publish", thief)
        self.refresh(machine, status=1, web=web)
        self.assertRegex(self.errors, "^suture: (threshold|rollback): ")

    def test_damage(self):
        """What somebody changes in the public folder is named, and not published over."""
        self.init_solo()
        self.add("policy", POLICY, "true\n")
        self.sign(["anna"])
        self.publish()
        copy = os.path.join(self.root, "copy")
        shutil.copytree(self.repo + "/public", copy)
        self.suture("repo", "verify", copy)
        target = next(os.path.join(folder, name) for folder, _, names in os.walk(copy + "/targets") for name in names)
        with open(target, "w") as file:
            file.write("trve\n")
        self.assertIn("NOT BELIEVED. policy: policy/policy.yaml:", self.suture("repo", "verify", copy, status=1))
        for name, words in {"timestamp.json": "No such file", "1.snapshot.json": None, "2.snapshot.json": "No such file",
                            "1.root.json": "No such file", "1.targets.json": "No such file"}.items():
            shutil.rmtree(copy)
            shutil.copytree(self.repo + "/public", copy)
            os.remove(f"{copy}/metadata/{name}")
            self.suture("repo", "verify", copy, status=1 if words else 0)
            self.assertIn(words or "", self.errors)
        path = self.repo + "/public/metadata/2.policy.json"
        with open(path) as file:
            content = file.read()
        os.remove(path)
        with open(path, "w") as file:
            file.write(content.replace("policy.yaml", "policy.yamm"))
        self.publish(status=1)
        self.assertIn("threshold: policy: 0 of 1 needed signatures", self.errors)

    def test_server_roles(self):
        self.init_solo()
        machine = self.machine("machine")
        said = self.add("plan", "plan/today.json", "{}")
        self.assertIn(" plan         version 2: the server signs it when it is published\n", said)
        self.suture("repo", "sign", self.repo, "plan", status=2)
        self.assertEqual(self.errors, f"suture: repo sign: plan is the server's: suture repo publish {self.repo} signs it\n")
        self.publish()
        self.assertEqual(self.download(machine, "plan/today.json"), "{}")

    def test_paths(self):
        self.init_solo()
        rows = {
            ("crisis", "orders/block/1.json"): 'scope: crisis does not speak for "orders/block/1.json", only for orders/crisis/*',
            ("crisis", "orders/crisis/a/b"): 'scope: crisis does not speak for "orders/crisis/a/b", only for orders/crisis/*',
            ("targets", "policy/policy.yaml"): "scope: targets lists no files",
            ("timestamp", "x"): "scope: timestamp lists no files",
            ("policy", "policy/../root.json"): '"policy/../root.json" has an empty or dotted part',
            ("policy", "/policy/a"): '"/policy/a" has an empty or dotted part',
            ("policy", "policy/"): '"policy/" is no path of a file',
        }
        for (role, path), words in rows.items():
            with self.subTest(role=role, path=path):
                self.add(role, path, "x", status=1)
                self.assertEqual(self.errors, f"suture: {words}\n")
        self.add("police", "x", "x", status=2)
        self.assertIn('there is no role "police"; there is: root, targets, policy', self.errors)
        self.add("policy", POLICY, "x")
        self.add("policy", POLICY, "x", status=1)
        self.assertEqual(self.errors, f'suture: policy lists "{POLICY}" already, with these bytes\n')

    def test_dates(self):
        self.init_solo()
        roles = lambda *now: {r["role"]: r["state"] for r in self.view(None, *now)["roles"]}
        self.assertEqual(set(roles().values()), {"good"})
        year = int(self.view()["roles"][0]["expires"][:4])
        later = roles("--now", f"{year}-01-01")
        self.assertEqual(later["timestamp"], "expired")
        self.assertEqual(later["root"], "good")
        self.assertIn("freeze: timestamp version 1 expired at ", self.view(1, "--now", f"{year}-01-01")["why"])
        expires = self.view()["roles"][1]["expires"]
        day = subprocess.run(["date", "-u", "-d", expires + " -5 days", "+%FT%TZ"], capture_output=True, text=True)
        self.assertEqual(roles("--now", day.stdout.strip())["timestamp"], "stale")
        self.assertIn("(!) stale    timestamp is older than it is meant to be",
                      self.suture("repo", "verify", self.repo, "--now", day.stdout.strip()))
        said = self.suture("repo", "rotate", self.repo, "--renew", "crisis,block")
        self.assertIn(" crisis       version 2: 0 of 1", said)
        self.sign(["anna"])
        self.assertIn("crisis 2, block 2", self.publish())


class Care(World):
    def test_servers_key_is_guarded(self):
        os.chmod(self.server_key, 0o644)
        words = ["repo", "init", self.repo, "--solo", "--key", public("anna"), "--online", self.server_key]
        self.suture(*words, status=1)
        self.assertFalse(os.path.exists(self.repo))
        os.chmod(self.server_key, 0o600)
        self.init_solo()
        found = subprocess.run(["grep", "-r", "PRIVATE", self.repo], capture_output=True)
        self.assertEqual(found.stdout, b"")
        # Somebody moves it to where everybody reads.
        for end in ("", ".pub"):
            shutil.move(self.server_key + end, self.repo + "/public/server.key" + end)
        with open(self.repo + "/repository.json", "w") as file:
            json.dump({"schema": "suture.repository/1", "online": [self.repo + "/public/server.key"]}, file)
        self.publish(status=1)
        self.assertIn("lies in public/, where everybody can read it", self.errors)

    def test_public_is_readable(self):
        """A web server is another user, whatever umask people have."""
        before = os.umask(0o077)
        self.addCleanup(os.umask, before)
        self.init_solo()
        self.add("local", "local/tools/a/b.deb", "x")
        self.sign(["anna"])
        self.publish()
        for folder, _, names in os.walk(self.repo + "/public"):
            self.assertEqual(os.stat(folder).st_mode & 0o777, 0o755, folder)
            for name in names:
                self.assertEqual(os.stat(os.path.join(folder, name)).st_mode & 0o777, 0o644, name)

    def test_mistakes_at_the_beginning(self):
        online = ["--online", self.server_key]
        rows = [
            (["--keys", public(*FIVE[:3]), *online], 1, "3 persons are too few: root takes 3 signatures and one key to "
             "spare, so 4 persons at least; 5 are better. Alone: --solo"),
            (["--keys", public(*FIVE)], 2, "repo init: --online FILE is missing: the server's own key, which signs that all is fresh; "
             "suture key new --online makes one"),
            (["--solo", *online], 2, "repo init: give either --keys A.pub,B.pub,... or --solo --key FILE.pub"),
            (["--keys", public(*FIVE), "--key", public("anna"), *online], 2,
             "repo init: give either --keys A.pub,B.pub,... or --solo --key FILE.pub"),
            (["--keys", public("anna", *FIVE), *online], 1, "anna and anna have the same key"),
            (["--keys", public("server", *FIVE), *online], 1, None),
            (["--keys", public(*FIVE), "--roles", "crisis=anna,ben", *online], 1,
             "crisis: 2 persons for 2 signatures: one lost key would lock it; 3 at least"),
        ]
        for words, status, text in rows:
            with self.subTest(words=words):
                self.suture("repo", "init", self.repo, *words, status=status)
                self.assertEqual(self.errors, f"suture: {text}\n") if text else self.assertNotEqual(self.errors, "")
                self.assertFalse(os.path.exists(self.repo))
        self.init_solo()
        self.suture("repo", "init", self.repo, "--keys", public(*FIVE), *online, status=1)
        self.assertEqual(self.errors, f"suture: {self.repo}: is there already, and not empty\n")
        self.suture("repo", "publish", self.root, status=1)
        self.assertEqual(self.errors, f"suture: {self.root}: is no repository of Suture: suture repo init makes one\n")
        self.suture("repo", "verify", self.root, status=1)
        self.assertEqual(self.errors, f"suture: {self.root}: neither a repository nor the public folder of one\n")

    def test_two_at_once(self):
        self.init_solo()
        with open(self.repo + "/lock") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self.publish(status=1)
            self.assertIn("lock", self.errors)
            self.add("policy", POLICY, "x", status=1)
            self.suture("repo", "verify", self.repo)  # looking is always allowed
        self.publish()

    def order(self, *words, status=0):
        return self.suture("order", *words, "--repo", self.repo, status=status)

    def orders(self):
        return json.loads(self.order("list", "--format", "json"))["orders"]

    def test_orders(self):
        self.init_solo()
        self.assertEqual(self.order("list"), "No orders.\n")
        said = self.order("crisis", "--level", "emergency-only", "--reason", "exploited hole in the VPN", "--for", "5d", "--by", "dan")
        self.assertIn("Staged: crisis version 2 lists this order, and nobody obeys it yet.", said)
        self.assertIn("\nReason: exploited hole in the VPN\nMade by: dan\n", said)
        self.assertIn(" crisis       version 2: 0 of 1 (nobody); then anna (proposed by dan)\n", said)
        self.assertIn(f" Next         each of them reads and signs: suture sign {self.repo}/staged/*.json --key FILE\n", said)
        self.order("block", "zlib1g", "1:1.2.13", "1:1.2.14", "--reason", "breaks printing")
        self.order("block", "--everything", "--reason", "stop", "--until", "2999-01-01", status=2)
        self.assertEqual(self.errors, "suture: order block: an order of kind block lasts 366 days at most; renewing is a new order\n")
        digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
        self.order("block", "oak", "--sha256", digest, "--reason", "this build was tampered with", "--for", "90d")
        found = {o["kind"] + " " + o.get("package", ""): o for o in self.orders()}
        self.assertEqual({o["state"] for o in found.values()}, {"waits"})
        self.assertEqual(found["block zlib1g"]["versions"], ["1:1.2.13", "1:1.2.14"])
        self.assertEqual(found["block oak"]["sha256"], [digest])
        self.sign(["anna"])
        self.publish()
        self.assertEqual({(o["kind"], o["state"], *o["signed_by"]) for o in self.orders()},
                         {("crisis", "in-force", "anna"), ("block", "in-force", "anna")})
        self.assertRegex(self.order("list"), r"(?m)^ *\d{4}-\d\d-\d\d-[0-9a-f]{8} +crisis +in force +.* +anna +level emergency-only: exploited")
        crisis = found["crisis "]
        machine = self.machine("machine")
        self.refresh(machine)
        self.assertEqual(json.loads(self.download(machine, crisis["path"]))["id"], crisis["id"])
        # What machines would refuse is refused here, and says what is missing.
        for words, says in ((["crisis", "--reason", "x"], "order crisis: --level essential or --level emergency-only is missing"),
                            (["crisis", "--level", "essential"], "order crisis: --reason TEXT is missing: say why"),
                            (["block", "--reason", "x"], "order block: PACKAGE is missing; --everything stops all"),
                            (["block", "a", "--everything", "--reason", "x"], "order block: --everything names no package beside it"),
                            (["block", "a", "b c", "--reason", "x"],
                             'order block: versions: "b c" has a character that no such name has')):
            with self.subTest(words=words):
                self.order(*words, status=2)
                self.assertEqual(self.errors, f"suture: {says}\n")
        self.suture("order", "list", status=2)
        self.assertEqual(self.errors, "suture: order list: --repo DIR is missing: the repository\n")
        self.assertEqual(os.listdir(self.repo + "/staged"), [])

    def test_what_an_interruption_leaves(self):
        """Staged files that are in force, and a half-made folder: the next run clears them away."""
        self.init_solo()
        self.add("policy", POLICY, "x")
        self.sign(["anna"])
        kept = os.path.join(self.root, "policy.json")
        shutil.copy(self.staged("policy"), kept)
        self.publish()
        shutil.copy(kept, self.staged("policy"))
        os.mkdir(self.repo + "/next")
        shutil.copy(kept, self.repo + "/next/7.policy.json")
        self.assertEqual(self.view()["waiting"], [])
        self.assertIn("Published    timestamp 3\n", self.publish())
        self.assertFalse(os.path.exists(self.staged("policy")) or os.path.exists(self.repo + "/next"))
        # One that was overtaken is named, and nothing is lost.
        self.add("policy", POLICY, "y")
        self.sign(["anna"])
        self.publish()
        shutil.copy(kept, self.staged("policy"))
        self.publish(status=1)
        self.assertIn("policy.json: is version 2, and version 4 comes next: it was overtaken", self.errors)

    def test_unknown_settings(self):
        self.init_solo()
        for content, words in {"{}": "schema is missing", '{"schema": "suture.repository/2", "online": ["x"]}':
                               'is of the kind "suture.repository/2", and this version knows suture.repository/1',
                               '{"schema": "suture.repository/1", "online": []}': "online has 0 keys, not 1 to 4"}.items():
            with open(self.repo + "/repository.json", "w") as file:
                file.write(content)
            self.publish(status=1)
            self.assertEqual(self.errors, f"suture: {self.repo}/repository.json: {words}\n")


if __name__ == "__main__":
    unittest.main(verbosity=2, argv=[sys.argv[0], *sys.argv[1:]])
