"""Pairs of packages, an old and a new version, and what is known of each."""
import functools
import hashlib
import os
import subprocess


class Pair:
    """HDiffPatch's and the prototype's sizes come from the folder's sizes.tsv: neither can be had from Debian."""

    def __init__(self, name, old, new, known=None):
        self.name, self.old, self.new = name, old, new
        self.full = os.path.getsize(new)
        self.known = known or {}

    @functools.cached_property
    def key(self):
        return digest_of(self.old)[:24] + digest_of(self.new)[:24]


def digest_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def control(path):
    shown = subprocess.run(["dpkg-deb", "-W", "--showformat=${Package}\t${Architecture}\t${Version}", path],
                           check=True, capture_output=True, text=True).stdout
    return shown.split("\t")


def older(one, other):
    return subprocess.run(["dpkg", "--compare-versions", one, "lt", other], check=False).returncode == 0


def listed(folder):
    """The rows of sizes.tsv; "-" is what was not measured."""
    with open(os.path.join(folder, "sizes.tsv"), encoding="utf-8") as file:
        columns = file.readline().rstrip("\n").split("\t")
        for line in file:
            row = dict(zip(columns, line.rstrip("\n").split("\t")))
            known = {column: int(row[column]) for column in ("HDiffPatch", "prototype") if row.get(column, "-") != "-"}
            yield Pair(row["package"], os.path.join(folder, row["old"]), os.path.join(folder, row["new"]), known)


def found(folder):
    """Each version of a package with the next one."""
    packages = {}
    for name in sorted(os.listdir(folder)):
        if name.endswith(".deb"):
            path = os.path.join(folder, name)
            package, arch, version = control(path)
            packages.setdefault((package, arch), []).append((version, path))
    for (package, _), versions in sorted(packages.items()):
        versions.sort(key=functools.cmp_to_key(lambda a, b: -1 if older(a[0], b[0]) else 1))
        for (_, old), (_, new) in zip(versions, versions[1:]):
            yield Pair(package, old, new)


def pairs_of(folder):
    return list(listed(folder) if os.path.exists(os.path.join(folder, "sizes.tsv")) else found(folder))
