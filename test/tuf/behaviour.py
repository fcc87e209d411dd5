"""What the tests of TUF behaviours share: a client that is driven as the public conformance suite drives one, and the
table of the suite's behaviours, each of which has to have run.

SUTURE is the program. TUF_CLIENT, for people, is another client's command with the same command line, to try the
simulator with; then the wording of a refusal is not looked at."""
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

import json

from simulator import Server

HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = os.path.join(HERE, "behaviours.txt")
OTHER = os.environ.get("TUF_CLIENT")
COMMAND = shlex.split(OTHER) if OTHER else [os.environ.get("SUTURE", "suture"), "tuf"]
SANITIZED = "SUTURE_SANITIZED" in os.environ
TIMEOUT = 60  # no run takes more than a second; this ends a test that hangs


class Done:
    def __init__(self, process):
        self.status, self.out, self.error = process.returncode, process.stdout, process.stderr


class Client:
    """A client with folders of its own, and the three commands of the suite."""

    def __init__(self, folder, metadata_url, targets_url, root, program=COMMAND):
        self.program = program
        self.folder, self.metadata_url, self.targets_url, self.root = folder, metadata_url, targets_url, root
        self.metadata, self.downloads = os.path.join(folder, "metadata"), os.path.join(folder, "downloads")
        os.mkdir(self.metadata)
        os.mkdir(self.downloads)
        self.environment = dict(os.environ, TZ="UTC", LC_ALL="C.UTF-8", HOME=folder,
                                SUTURE_STATE=os.path.join(folder, "state"))

    def run(self, *arguments, at=None, command=()):
        """at: a text of a date and time, in UTC, that the client is made to believe. command: what starts it."""
        if at and SANITIZED:
            raise unittest.SkipTest("faketime waits for ever in front of a program with sanitizers")
        command = ["faketime", at] if at else command
        process = subprocess.run([*command, *self.program, "--metadata-dir", self.metadata, *arguments], text=True,
                                 env=self.environment, capture_output=True, timeout=TIMEOUT, stdin=subprocess.DEVNULL)
        return Done(process)

    def init(self):
        path = os.path.join(self.folder, "first_root.json")
        with open(path, "wb") as file:
            file.write(self.root)
        return self.run("init", path)

    def refresh(self, **how):
        return self.run("--metadata-url", self.metadata_url, "refresh", **how)

    def download(self, *paths, **how):
        names = [word for path in paths for word in ("--target-name", path)]
        return self.run("--metadata-url", self.metadata_url, *names, "--target-dir", self.downloads,
                        "--target-base-url", self.targets_url, "download", **how)

    # What it keeps

    def stored(self, role):
        """The bytes that it holds for a role; None: nothing."""
        try:
            with open(os.path.join(self.metadata, role + ".json"), "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def version(self, role):
        data = self.stored(role)
        return None if data is None else json.loads(data)["signed"]["version"]

    def roles(self):
        """{name as it stands in the folder: version} of all that it trusts."""
        names = [name[:-len(".json")] for name in os.listdir(self.metadata) if name.endswith(".json")]
        return {name: self.version(name) for name in names}

    def downloaded(self):
        """The bytes of all downloaded files, the oldest first."""
        paths = [os.path.join(folder, name) for folder, _, names in os.walk(self.downloads) for name in names]
        contents = []
        for path in sorted(paths, key=lambda path: os.stat(path).st_mtime_ns):
            with open(path, "rb") as file:
                contents.append(file.read())
        return contents


def each(cases):
    """Makes one test of each case: a mapping of the suite's name of the case to what the method is given."""
    def mark(method):
        method.cases = cases
        return method
    return mark


def case_name(name):
    return re.sub(r"[^A-Za-z0-9]+", "_", name)


class Behaviour(unittest.TestCase):
    """A repository that is its own, and a client of it that knows its first root."""

    started = True  # a test that begins with another root says False and calls start

    def __init_subclass__(cls, **more):
        super().__init_subclass__(**more)
        for name, method in list(vars(cls).items()):
            for case, value in getattr(method, "cases", {}).items():
                def test(self, method=method, value=value):
                    method(self, value)
                test.__doc__ = method.__doc__
                made = f"{name}__{case_name(case)}"
                assert not hasattr(cls, made), f"two cases are called {made}"
                setattr(cls, made, test)
            if hasattr(method, "cases"):
                delattr(cls, name)

    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        cls.server.__exit__()

    def setUp(self):
        # In memory where that is possible: a disk would be waited for at each file.
        self.folder = tempfile.mkdtemp(prefix="suture-tuf-", dir="/dev/shm" if os.path.isdir("/dev/shm") else None)
        self.addCleanup(shutil.rmtree, self.folder)
        self.repository = self.server.add(self._testMethodName)
        self.client = None
        if self.started:
            self.start()

    def start(self, root=None):
        """A client with version 1 of the repository's root, or the bytes given; a test asks for it once."""
        self.client = Client(self.folder, self.repository.metadata_url, self.repository.targets_url,
                             root or self.repository.published["root"][0])
        done = self.client.init()
        if root is None:
            self.holds(done)
        return done

    # What a test says

    def holds(self, done):
        self.assertEqual(done.status, 0, f"refused: {done.error}{done.out}")

    def refuses(self, done, name=None):
        """name: how our program has to call what it refuses (trust.md)."""
        self.assertEqual(done.status, 1, f"not refused, or in another way: {done.error}{done.out}")
        if name is not None and not OTHER:
            self.assertRegex(done.error, rf"(^|[ :]){re.escape(name)}: ")

    def trusts(self, **versions):
        self.assertEqual(self.client.roles(), versions)


class Recorder(unittest.TextTestResult):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.held = []

    def addSuccess(self, test):
        super().addSuccess(test)
        self.held.append(test.id().split(".", 1)[1])

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        if SANITIZED:  # it holds in the other builds
            self.held.append(test.id().split(".", 1)[1])


def table():
    """The rows of behaviours.txt: (the suite's file, the suite's name, our file, our "Class.method")."""
    with open(TABLE) as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                theirs_file, theirs, ours_file, ours = re.split(r"\s{2,}", line.strip())
                yield theirs_file, theirs, ours_file, ours


def main():
    """Runs the tests of the file that calls; then every row of the table that names this file has to have held."""
    name = os.path.basename(sys.argv[0])[:-len(".py")]
    program = unittest.main(module="__main__", exit=False, verbosity=1,
                            testRunner=unittest.TextTestRunner(resultclass=Recorder, stream=sys.stderr))
    result = program.result
    if not result.wasSuccessful():
        sys.exit(1)
    if len(sys.argv) > 1:  # somebody asked for some of them
        sys.exit(0)
    missing = [f"{theirs} ({ours})" for _, theirs, file, ours in table() if file == name and ours not in result.held]
    if missing:
        sys.exit("named in behaviours.txt, but did not run and hold: " + ", ".join(missing))
