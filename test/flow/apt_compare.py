#!/usr/bin/env python3
"""Compares what tool_apt_dump finds with what apt itself says, over the lists of this machine.

    apt_compare.py TOOL [--mixtures N] [--plans M]

First this machine as it is, then the stored endpoint (SUTURE_SHARED) where it is at hand, then N made ones: statuses
with older, newer, held, half-configured and unknown versions, under made preferences. For each the version table of
`apt-cache policy` (versions, priorities, candidate) must be ours for every installed package. For the first
two and M of the mixtures (apt takes its time) what `apt-get -s dist-upgrade` would install over an installed package
must be our candidates, too: those that it leaves out must be held or named as kept back. On the endpoint the sizes of the downloads must be apt's too.

Exits with 77, which means skipped, where apt or its lists are not here. Nothing is written outside of a temporary
folder; no name of a mirror is in this file, they come from the machine."""
import argparse
import functools
import glob
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

RELATIONS = ("Depends", "Pre-Depends", "Conflicts", "Breaks", "Replaces", "Provides", "Installed-Size", "Multi-Arch",
             "Source", "Architecture", "Essential", "Recommends", "Suggests", "Enhances", "Section", "Priority",
             "Protected", "Important")


def run(command, **options):
    return subprocess.run(command, capture_output=True, text=True, env=dict(os.environ, LC_ALL="C"), **options)


def paragraphs(text):
    for whole in text.split("\n\n"):
        if not whole.strip():
            continue
        fields, name = {}, None
        for line in whole.strip("\n").split("\n"):
            if line[:1] in (" ", "\t") and name:
                fields[name] += "\n" + line
            elif ":" in line:
                name, value = line.split(":", 1)
                fields[name] = value.strip()
        yield fields


def write_paragraphs(path, entries):
    with open(path, "w", encoding="utf-8") as file:
        for fields in entries:
            for name, value in fields.items():
                file.write(f"{name}: {value}\n")
            file.write("\n")


@functools.cache
def apt_order(a, b):
    if a == b:
        return 0
    return 1 if subprocess.run(["dpkg", "--compare-versions", a, "gt", b]).returncode == 0 else -1


class Root:
    """A root with this machine's sources, keys and lists, and a status and preferences of its own."""

    def __init__(self, folder, status, preferences="", default_release=""):
        self.path, self.status = folder, os.path.join(folder, "var/lib/dpkg/status")
        for part in ("etc/apt/apt.conf.d", "etc/apt/preferences.d", "var/lib/dpkg", "var/lib/apt", "usr/share"):
            os.makedirs(os.path.join(folder, part))
        for part in ("etc/apt/sources.list", "etc/apt/sources.list.d", "etc/apt/trusted.gpg",
                     "etc/apt/trusted.gpg.d", "etc/apt/keyrings", "var/lib/apt/lists", "usr/share/keyrings"):
            if os.path.exists("/" + part):
                os.symlink("/" + part, os.path.join(folder, part))
        shutil.copyfile(status, self.status)
        self.options = ["-o", "Dir::State::status=" + self.status,
                        "-o", "Dir::State::extended_states=/dev/null",
                        "-o", "Dir::Etc::preferences=" + os.path.join(folder, "etc/apt/preferences"),
                        "-o", "Dir::Etc::preferencesparts=" + os.path.join(folder, "etc/apt/preferences.d")]
        with open(os.path.join(folder, "etc/apt/preferences"), "w", encoding="utf-8") as file:
            file.write(preferences)
        if default_release:
            with open(os.path.join(folder, "etc/apt/apt.conf"), "w", encoding="utf-8") as file:
                file.write(f'APT::Default-Release "{default_release}";\n')
            self.options += ["-o", "APT::Default-Release=" + default_release]


class Apt:
    def __init__(self, cache):
        self.options = ["-o", "Dir::Cache=" + cache, "-o", "Dir::Cache::pkgcache=pkgcache.bin",
                        "-o", "Dir::Cache::srcpkgcache=srcpkgcache.bin", "-o", "APT::Sandbox::User="]

    def policy(self, names, root):
        """{name: (candidate, [(version, priority)])}; versions of one text are one, with their highest priority."""
        answer = run(["apt-cache", *self.options, *root.options, "policy", *names], check=True).stdout
        packages, name = {}, None
        for line in answer.split("\n"):
            if line and not line.startswith(" "):
                name = line[:-1]
                packages[name] = [None, []]
            elif line.startswith("  Candidate: "):
                packages[name][0] = line[13:]
            elif line.startswith((" *** ", "     ")) and line[5] != " ":
                version, priority = line[5:].split()[:2]
                table = packages[name][1]
                if table and table[-1][0] == version:
                    table[-1] = (version, max(table[-1][1], int(priority)))
                else:
                    table.append((version, int(priority)))
        return packages

    def upgrade(self, root):
        """What a dist-upgrade does to installed packages ({name: version}), and the names that it keeps back."""
        answer = run(["apt-get", *self.options, *root.options, "-s", "dist-upgrade"])
        if answer.returncode != 0:
            return None, None, answer.stderr.strip().split("\n")[-1]
        done = dict(re.findall(r"^Inst (\S+) \[[^]]*\] \((\S+)", answer.stdout, re.M))
        kept = re.search(r"kept back:\n((?:  .*\n)*)", answer.stdout)
        removed = re.search(r"REMOVED:\n((?:  .*\n)*)", answer.stdout)
        return done, set(kept.group(1).split() if kept else ()), set(removed.group(1).split() if removed else ())

    def sizes(self, root):
        answer = run(["apt-get", *self.options, *root.options, "-y", "--print-uris", "dist-upgrade"])
        found = {}
        for name, size in re.findall(r"^'\S+' (\S+) (\d+)", answer.stdout, re.M):
            found[name.split("_")[0]] = int(size)
        return found


class Ours:
    def __init__(self, tool, root, memory):
        answer = run([tool, "--root", root.path, "--memory", memory])
        if answer.returncode != 0:
            sys.exit("our own tool failed: " + answer.stderr)
        self.archives, self.packages = [], {}
        for line in answer.stdout.split("\n"):
            row = line.split("\t")
            if row[0] == "A":
                self.archives.append(row)
            elif row[0] == "P":
                self.packages[(row[1], row[2])] = {"installed": row[3], "state": row[4], "flags": row[5],
                                                   "candidate": row[6], "size": int(row[7]), "table": []}
            elif row[0] == "V":
                self.packages[(row[1], row[2])]["table"].append((row[3], int(row[4])))

    def by_name(self, native):
        """Named as apt prints them: foreign architectures with their name behind."""
        return {name if arch in (native, "all") else f"{name}:{arch}": package
                for (name, arch), package in self.packages.items()}


def compare(what, apt, tool, root, memory, plan=True, sizes=False):
    ours = Ours(tool, root, memory)
    native = run(["dpkg", "--print-architecture"]).stdout.strip()
    packages, wrong = ours.by_name(native), []
    theirs = apt.policy(packages.keys(), root)
    for name, package in packages.items():
        if package["installed"] == "":
            continue
        candidate, table = theirs.get(name, ("(none)", []))
        if candidate != package["candidate"].replace("-", "(none)", 1 if package["candidate"] == "-" else 0):
            wrong.append(f"{name}: candidate {package['candidate']}, apt says {candidate}")
        if table != package["table"]:
            wrong.append(f"{name}: {package['table']}, apt says {table}")
    updates = {name for name, package in packages.items()
               if package["candidate"] not in ("-", package["installed"]) and package["installed"]}
    done, kept, removed = apt.upgrade(root) if plan else (None, None, None)
    if done is None and plan:
        print(f"{what}: apt-get would not plan this ({removed}); its policy was compared")
    elif plan:
        for name, version in done.items():
            if name in packages and packages[name]["candidate"] != version:
                wrong.append(f"{name}: apt would install {version}, ours is {packages[name]['candidate']}")
        for name in updates - set(done) - kept - removed:
            if "h" not in packages[name]["flags"]:
                wrong.append(f"{name}: ours is an update to {packages[name]['candidate']}, apt does nothing")
    if sizes and done is not None:
        apt_sizes = apt.sizes(root)
        for name in done:
            if name in packages and packages[name]["size"] != apt_sizes.get(name):
                wrong.append(f"{name}: {packages[name]['size']} bytes, apt says {apt_sizes.get(name)}")
    print(f"{what}: {len(packages)} packages, {len(updates)} updates, {len(wrong)} differences")
    for line in wrong[:20]:
        print("   ", line)
    return not wrong, len(updates), done


class Mixtures:
    """Statuses and preferences made from the machine's own lists; the same number makes the same mixture."""

    def __init__(self, apt, root, entries):
        self.entries, self.offered = entries, {}
        names = {fields["Package"] for fields in entries}
        for target in run(["apt-get", "indextargets", "--format", "$(FILENAME)", "Created-By: Packages"]).stdout.split():
            text = run(["/usr/lib/apt/apt-helper", "cat-file", target]).stdout
            for whole in text.split("\n\n"):
                name = whole.split("\n", 1)[0].removeprefix("Package: ")
                if name in names:
                    fields = next(paragraphs(whole))
                    self.offered.setdefault(name, []).append(fields)
        policy = run(["apt-cache", *apt.options, "policy"]).stdout
        self.releases = [dict(part.split("=", 1) for part in line.split(",") if "=" in part)
                         for line in re.findall(r"^ +release (\S.*)$", policy, re.M)]
        self.releases = [release for release in self.releases if "n" in release]
        self.sites = sorted(set(re.findall(r"^ +origin (\S+)$", policy, re.M)))

    @staticmethod
    def installed_from(fields, offered):
        """The entry as dpkg writes it for this package of a list: apt holds a version twice when they differ."""
        fields = {name: value for name, value in fields.items() if name not in RELATIONS}
        fields.update({name: offered[name] for name in RELATIONS if name in offered})
        fields["Version"] = offered["Version"]
        return fields

    def orderly_status(self, dice):
        """Some sources updated as wholes, some packages held: what a machine can come to, so that apt makes a plan."""
        updated = {}
        for fields in self.entries:
            source = fields.get("Source", fields["Package"]).split()[0]
            chosen = updated.setdefault(source, dice.random() < 0.5)
            offered = [other for other in self.offered.get(fields["Package"], [])
                       if chosen or other["Version"] == fields["Version"]]
            if offered:
                newest = functools.cmp_to_key(lambda a, b: apt_order(a["Version"], b["Version"]))
                fields = self.installed_from(fields, max(offered, key=newest))
            if dice.random() < 0.04:
                fields = dict(fields, Status="hold ok installed")
            yield fields

    def status(self, dice):
        for fields in self.entries:
            fields, draw = dict(fields), dice.random()
            offered = self.offered.get(fields["Package"], [])
            if draw < 0.35 and offered:
                fields = self.installed_from(fields, dice.choice(offered))
            elif draw < 0.40:
                fields["Version"] = "0~" + fields["Version"].split(":")[-1]
            elif draw < 0.43:
                fields["Version"] += "+local1"
            for same in offered:
                if same["Version"] == fields["Version"]:
                    fields = self.installed_from(fields, same)
            draw = dice.random()
            if draw < 0.04:
                fields["Status"] = "hold ok installed"
            elif draw < 0.05:
                fields["Status"] = "install ok half-configured"
            elif draw < 0.06:
                fields["Status"] = "install ok unpacked"
            elif draw < 0.08:
                fields["Status"] = "deinstall ok config-files"
            if dice.random() > 0.03:
                yield fields

    def pin(self, dice):
        release = dice.choice(self.releases)
        letter = dice.choice([part for part in "anlocv" if part in release])
        value = release[letter]
        several = ",".join(f"{part}={release[part]}" for part in dice.sample("anlc", 2) if part in release)
        versions = [other["Version"] for name in dice.sample(sorted(self.offered), 20) for other in self.offered[name]]
        return "Pin: " + dice.choice([
            f"release {letter}={value}", f"release {several}", f"release {value}", f"release {letter}={value[:3]}*",
            f"release {letter}=/{re.escape(value[:4])}/", "release *", "release o=Nobody", "release a=now",
            f'origin "{dice.choice(self.sites)}"', f"origin {dice.choice(self.sites)[:2]}*", 'origin ""',
            f"version {dice.choice(versions)}", f"version {dice.choice(versions)[:2]}*", "version /deb12u/",
        ])

    def preferences(self, dice):
        records = []
        names = [fields["Package"] for fields in self.entries]
        sources = [fields.get("Source", fields["Package"]).split()[0] for fields in self.entries]
        for _ in range(dice.randrange(0, 9)):
            package = dice.choice([
                "*", "*", dice.choice(names), " ".join(dice.sample(names, 5)), "lib*", "/^lib.*[0-9]$/", "?ython3*",
                "src:" + dice.choice(sources), "src:lib*", dice.choice(names) + ":any", "/ss[lh]/ gnu*", "lib*:native",
            ])
            priority = dice.choice([-1, 1, 50, 100, 101, 500, 501, 600, 990, 999, 1000, 1001])
            if package == "*" and dice.random() < 0.15:
                priority = "never"
            records.append(f"Explanation: made\nPackage: {package}\n{self.pin(dice)}\nPin-Priority: {priority}\n")
        return "\n".join(records)

    def default_release(self, dice):
        return dice.choice(self.releases)["n"] if dice.random() < 0.25 else ""


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("tool")
    parser.add_argument("--mixtures", type=int, default=20)
    parser.add_argument("--plans", type=int, default=4)
    arguments = parser.parse_args()
    if not shutil.which("apt-get") or not glob.glob("/var/lib/apt/lists/*_Packages*"):
        print("skipped: apt or its lists are not here")
        sys.exit(77)
    good, endpoint = True, os.path.join(os.environ.get("SUTURE_SHARED", ""), "endpoint-bookworm/status")
    with tempfile.TemporaryDirectory() as top:
        memory, cache = os.path.join(top, "memory"), os.path.join(top, "cache")
        os.makedirs(os.path.join(cache, "archives/partial"))
        apt, base = Apt(cache), "/var/lib/dpkg/status"
        root = Root(os.path.join(top, "own"), base)
        if any(row[2] not in ("verified", "stale") for row in Ours(arguments.tool, root, memory).archives):
            print("skipped: a source of this machine is not believed, so that apt offers more than we do")
            sys.exit(77)
        good &= compare("this machine", apt, arguments.tool, root, memory)[0]
        if os.path.exists(endpoint):
            base, root = endpoint, Root(os.path.join(top, "endpoint"), endpoint)
            same, count, done = compare("the endpoint", apt, arguments.tool, root, memory, sizes=True)
            good &= same
            if done is not None and count != len(done):
                print(f"the endpoint: {count} updates, apt would do {len(done)}")
                good = False
        else:
            print("the stored endpoint is not here: this machine's own packages are mixed instead")
        with open(base, encoding="utf-8") as file:
            mixtures = Mixtures(apt, root, list(paragraphs(file.read())))
        for number in range(arguments.mixtures):
            dice = random.Random(number)
            status = os.path.join(top, f"status-{number}")
            orderly = number < arguments.plans
            write_paragraphs(status, mixtures.orderly_status(dice) if orderly else mixtures.status(dice))
            root = Root(os.path.join(top, f"mixture-{number}"), status, mixtures.preferences(dice),
                        mixtures.default_release(dice))
            same = compare(f"mixture {number}", apt, arguments.tool, root, memory, plan=orderly)[0]
            if not same:
                with open(os.path.join(root.path, "etc/apt/preferences"), encoding="utf-8") as file:
                    print(file.read())
            good &= same
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
