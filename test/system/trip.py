"""What the tests of apply and rollback share: a trip through suture, and what apt would have made of the same machine."""
import json
import os

from machine import Machine
from state import State

APT = ["apt-get", "-y", "-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold", "dist-upgrade"]


class Told:
    """What an apply or a rollback said: `status`, `json` (None when it printed none), `run`, `errors`."""

    def __init__(self, done):
        self.status, self.output, self.errors = done.returncode, done.stdout, done.stderr
        try:
            self.json = json.loads(done.stdout)
        except ValueError:
            self.json = None
        self.run = (self.json or {}).get("run") or {}

    def __str__(self):
        return f"exit {self.status}\n{self.output}{self.errors}"

    def text(self):
        """Everything it said, on one line."""
        return " ".join(f"{self.output} {self.errors}".split())


def apply(machine, *words, **options):
    return Told(machine.suture("apply", "--yes", "--format", "json", *words, **options))


def rollback(machine, *words, **options):
    return Told(machine.suture("rollback", "--yes", "--format", "json", *words, **options))


def apt_makes(scenario=None, size="small"):
    """The state that apt's own upgrade brings another machine of this kind to."""
    with Machine(size) as twin:
        shop = scenario.prepare(twin) if scenario else None
        try:
            twin.run(APT, check=True)
            return State(twin.root)
        finally:
            if shop:
                shop.end()


def written(machine):
    """All that was written to the machine's disk since it was made: {path: what its inode says}."""
    top, found = os.path.join(machine.folder, "upper"), {}
    for folder, folders, names in os.walk(top):
        for name in folders + names:
            path = os.path.join(folder, name)
            at = os.lstat(path)
            found[path[len(top):]] = (at.st_mode, at.st_uid, at.st_gid, at.st_size, at.st_mtime_ns, at.st_ino)
    return found
