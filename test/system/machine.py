"""A made machine: a cached root under an overlay of its own, with its own processes, network, name and devices.

    with Machine("small") as machine:
        done = machine.run(["suture", "scan", "--format", "json"], check=True)      # a finished process: stdout, stderr, returncode
        job = machine.start(["suture", "apply", "--yes"])                            # a running one: job.pid, job.kill(), job.wait()
        machine.power_off(); machine.boot()                                          # every process is killed at once; the disk stays
        machine.write("etc/motd", "hello"); machine.read("etc/motd"); machine.path("etc/motd")

What is written lies in memory and is gone at the end; the cached root is never changed. README.md has the rest."""
import ctypes
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import roots
from archive import Archive

CLONE_NEWNS = 0x00020000
HERE = os.path.dirname(os.path.abspath(__file__))
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
Absent = roots.Absent
_private = False


def private_mounts():
    """From here on this process and its children mount what nobody else sees, and what ends with them."""
    global _private
    if _private:
        return
    if os.geteuid() != 0:
        raise Absent("made machines need root")
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0 or subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True, check=False).returncode != 0:
        raise Absent(f"this environment lets nobody have mounts of their own: {os.strerror(ctypes.get_errno())}")
    _private = True


def mount(*words):
    done = subprocess.run(["mount", *words], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Absent(f"mount {' '.join(words)}: {done.stderr.strip()}")


class Job:
    """A process in the machine. `pid` is its number outside: nsenter, which started it, is its parent and passes its end on."""

    def __init__(self, machine, words, env, **options):
        self.words = words
        self.child = subprocess.Popen(machine.command(words), env=env, text=True, **options)

    @property
    def pid(self):
        """Once nsenter has started it; the kernel says when by its end of file or by the child being there."""
        while self.child.poll() is None:
            with open(f"/proc/{self.child.pid}/task/{self.child.pid}/children", encoding="ascii") as file:
                children = file.read().split()
            if children:
                return int(children[0])
            os.sched_yield()
        raise AssertionError(f"{self.words} has ended: {self.child.returncode}")

    def kill(self, number=signal.SIGKILL):
        os.kill(self.pid, number)

    def wait(self, timeout=300):
        """(exit status or -signal, output, errors)"""
        try:
            output, errors = self.child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.child.kill()
            raise AssertionError(f"{' '.join(self.words)}: still running after {timeout} s") from None
        return subprocess.CompletedProcess(self.words, self.child.returncode, output, errors)


class Machine:
    def __init__(self, size="small", cache=None, lists=True, programs=True, room="3g", name="oak"):
        private_mounts()
        self.own_cache = cache is None
        self.cache = cache or roots.Cache()
        if self.own_cache:
            self.cache.hold(changing=False)
        lower = [self.cache.path(size, "root")]
        if lists:
            lower.insert(0, self.cache.path("lists/layer"))
        for folder in lower:
            if not os.path.isdir(folder):
                raise Absent(f"the {size} root is not made yet: test/system/roots.py make {size}")
        self.name, self.room, self.boot_child, self.init_pid = name, room, None, None
        self.archive = Archive(self.cache.path("archive"))
        self.folder = tempfile.mkdtemp(prefix="suture-machine-")
        mount("-t", "tmpfs", "-o", f"size={room},mode=755", "machine", self.folder)
        for part in ("upper", "work", "root"):
            os.mkdir(os.path.join(self.folder, part))
        self.root = os.path.join(self.folder, "root")
        self.lower = ":".join(lower)
        try:
            self.mount_disk()
            self.release = dict(line.replace('"', "").split("=", 1) for line in self.read("etc/os-release").splitlines() if "=" in line)
            self.write("etc/hostname", name + "\n")
            self.write("etc/hosts", f"127.0.0.1 localhost {name}\n")
            self.write("etc/resolv.conf", "")
            # As after any package that apt has fetched: it gives this packaged folder to the user that fetches.
            fetcher = re.search(r"^_apt:[^:]*:(\d+):", self.read("etc/passwd"), re.M)
            os.chown(self.path("var/cache/apt/archives/partial"), int(fetcher.group(1)), 0)
            if programs:
                self.install_programs(os.environ.get("SUTURE_BUILD", "build"))
            self.boot()
        except BaseException:
            self.end()
            raise

    def takes_everything(self):
        """Its owner's policy holds nothing back: for tests of what comes behind the gates (gate_test.py is about them)."""
        self.write("etc/suture/policy.yaml", 'name: open\nversion: 1\nprofiles: [seed-cvss, exploited]\ndecide: {minimum age: 0 hours}\n'
                                             'unattended: {new powers: take, new packages: ["*"]}\n')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def mount_disk(self):
        # redirect_dir: without it a directory of the lower layer cannot be renamed, which dpkg does when a link takes its place.
        mount("-t", "overlay", "-o", f"lowerdir={self.lower},upperdir={self.folder}/upper,workdir={self.folder}/work,redirect_dir=on",
              "machine", self.root)

    def save(self):
        """The disk as it is now is kept, for reset(). Best while nothing runs."""
        subprocess.run(["cp", "-a", os.path.join(self.folder, "upper"), os.path.join(self.folder, "saved")], check=True)

    def reset(self):
        """Off, the saved disk, on: a fifth of a second instead of preparing another machine."""
        self.power_off()
        subprocess.run(["umount", self.root], check=True)
        for part in ("upper", "work"):
            shutil.rmtree(os.path.join(self.folder, part))
        os.mkdir(os.path.join(self.folder, "work"))
        subprocess.run(["cp", "-a", os.path.join(self.folder, "saved"), os.path.join(self.folder, "upper")], check=True)
        self.mount_disk()
        self.archive.requests.clear()
        self.archive.sent.clear()
        self.boot()

    def processes(self, name):
        """Numbers, outside, of its processes whose program has this name."""
        found, space = [], os.readlink(f"/proc/{self.init_pid}/ns/pid")
        for pid in os.listdir("/proc"):
            try:
                if pid.isdigit() and os.readlink(f"/proc/{pid}/ns/pid") == space and os.path.basename(os.readlink(f"/proc/{pid}/exe")) == name:
                    found.append(int(pid))
            except OSError:
                continue     # it has ended
        return found

    def install_programs(self, build):
        """As a package would: suture and its helpers in /usr/bin, and libraries that the root lacks."""
        for name in os.listdir(build):
            path = os.path.join(build, name)
            if name.startswith("suture") and os.path.isfile(path) and os.access(path, os.X_OK):
                shutil.copy2(path, self.path("usr/bin/" + name))
        triplet = next(name for name in os.listdir(self.path("usr/lib")) if name.endswith("-linux-gnu"))
        # The second is only wanted where deltas are made, which suture recommends and does not depend on.
        for library in (os.path.join(build, "libyyjson.so.0"), f"/usr/lib/{triplet}/libdivsufsort.so.3"):
            inside = self.path(f"usr/lib/{triplet}/{os.path.basename(library)}")
            if os.path.exists(library) and not os.path.exists(inside):
                shutil.copyfile(library, inside)

    def boot(self):
        assert self.boot_child is None
        init = roots.make_init(self.cache)
        ready, told = os.pipe()
        with open(ready, "rb"):
            self.boot_child = subprocess.Popen(
                ["unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--fork", "--kill-child=SIGKILL",
                 "sh", os.path.join(HERE, "boot.sh"), self.root, init, str(told), self.name, self.room],
                pass_fds=[told], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                env={"PATH": PATH, "LC_ALL": "C.UTF-8"})
            os.close(told)
            if not select.select([ready], [], [], 60)[0] or os.read(ready, 1) != b"1":
                self.boot_child.kill()
                errors = self.boot_child.communicate()[1]
                self.boot_child = None
                raise Absent(f"this environment lets nobody have namespaces of their own: {errors.strip()}")
        with open(f"/proc/{self.boot_child.pid}/task/{self.boot_child.pid}/children", encoding="ascii") as file:
            self.init_pid = int(file.read())
        self.archive.start(self.init_pid)

    def power_off(self):
        """The plug is pulled: process 1 is killed and the kernel kills all others with it. Returns when all are gone."""
        if self.boot_child:
            self.archive.stop()
            self.boot_child.kill()
            self.boot_child.communicate()
            self.boot_child = None

    def end(self):
        self.power_off()
        for folder in (self.root, self.folder):
            subprocess.run(["umount", "-R", "-l", folder], capture_output=True, check=False)
        os.rmdir(self.folder)
        if self.own_cache:
            self.cache.lock.close()

    def path(self, name):
        return os.path.join(self.root, name.lstrip("/"))

    def read(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def write(self, name, content, mode=None):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        if mode is not None:
            os.chmod(path, mode)
        return path

    def command(self, words):
        return ["/usr/bin/nsenter", f"--target={self.init_pid}", "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd", "--", *words]

    def start(self, words, environment=None, **options):
        env = {"PATH": PATH, "HOME": "/root", "LC_ALL": "C.UTF-8", "TZ": "UTC", "TERM": "dumb", "DEBIAN_FRONTEND": "noninteractive"}
        env.update({name: value for name, value in os.environ.items() if name.endswith("SAN_OPTIONS")})
        env.update(environment or {})
        options = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        return Job(self, words, env, **options)

    def run(self, words, check=False, environment=None, timeout=300, **options):
        """check: True, or the exit status that is expected."""
        done = self.start(words, environment, **options).wait(timeout)
        expected = 0 if check is True else check
        if check is not False and done.returncode != expected:
            raise AssertionError(f"{' '.join(words)}: exit {done.returncode}, expected {expected}\n{done.stdout}{done.stderr}")
        return done

    def suture(self, *words, check=False, **options):
        return self.run(["suture", *words], check=check, **options)

    def architecture(self):
        return self.run(["dpkg", "--print-architecture"], check=True).stdout.strip()

    def packages(self):
        """{name:arch: version} of what dpkg calls installed."""
        told = self.run(["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}:${Architecture} ${Version}\\n"], check=True).stdout
        return {name: version for state, name, version in (line.split() for line in told.splitlines()) if state == "installed"}

    def read_only(self, name):
        """From here on nothing below this folder can be written, until the next boot."""
        self.run(["mount", "--bind", name, name], check=True)
        self.run(["mount", "-o", "remount,ro,bind", name], check=True)

    def lists(self):
        """The paragraphs of all Packages lists that its apt has: dicts, with "suite"."""
        folder = self.path("var/lib/apt/lists")
        for name in sorted(os.listdir(folder)):
            if "_Packages" not in name:
                continue
            suite = name.split("_dists_")[1].split("_")[0]
            with open(os.path.join(folder, name), encoding="utf-8") as file:
                for paragraph in file.read().split("\n\n"):
                    fields = dict(line.split(": ", 1) for line in paragraph.split("\n") if ": " in line and line[0] != " ")
                    if fields:
                        yield dict(fields, suite=suite)

    def apt_updates(self, words=("dist-upgrade",)):
        """What apt would do to installed packages for this request: {name: (from, to)}, and names it would install or remove."""
        told = self.run(["apt-get", "-s", "-q", *words], check=True).stdout
        changed = {name: (old, new) for name, old, new in re.findall(r"^Inst (\S+) \[([^]]*)\] \((\S+)", told, re.M)}
        return changed, set(re.findall(r"^Inst (\S+) \((\S+)", told, re.M)), set(re.findall(r"^Remv (\S+)", told, re.M))

    def advise(self, age_days=200, exploited=(), sources=None):
        """Advisory data of its own, so that every security update of its archives (or those of the named sources) closes
        one made hole, published `age_days` ago: with 200 all of it is late. {source package: CVE}."""
        now, given, codename = time.time(), {}, self.release["VERSION_CODENAME"]
        changed = self.apt_updates()[0]
        for fields in self.lists():
            source = fields.get("Source", fields["Package"]).split()[0]
            if (fields["suite"].endswith("-security") and fields["Version"] == changed.get(fields["Package"], ("", ""))[1] and
                    (sources is None or source in sources)):
                version = re.search(r"\((.*)\)", fields.get("Source", ""))
                given[source] = version.group(1) if version else fields["Version"]
        holes = {source: f"CVE-2026-{70000 + number}" for number, source in enumerate(sorted(given))}
        day = time.gmtime(now - age_days * 86400)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000", time.gmtime(now - 3600))
        listed = "".join(f"[{time.strftime('%d %b %Y', day)}] DSA-{7000 + number}-1 {source} - security update\n\t{{{holes[source]}}}\n"
                         f"\t[{codename}] - {source} {given[source]}\n" for number, source in enumerate(sorted(given)))
        documents = {
            "tracker.json": {source: {holes[source]: {"releases": {codename: {"status": "resolved", "fixed_version": given[source],
                                                                                 "urgency": "not yet assigned"}}}} for source in given},
            "kev.json": {"title": "CISA Catalog of Known Exploited Vulnerabilities", "catalogVersion": time.strftime("%Y.%m.%d"),
                         "dateReleased": stamp + "0Z", "count": len(exploited),
                         "vulnerabilities": [{"cveID": holes[source], "vendorProject": source, "product": source, "vulnerabilityName": "x",
                                              "dateAdded": time.strftime("%Y-%m-%d", day), "shortDescription": "x", "requiredAction": "x",
                                              "dueDate": time.strftime("%Y-%m-%d", day), "knownRansomwareCampaignUse": "Unknown", "notes": "",
                                              "cwes": []} for source in exploited]},
            "nvd.json": {"resultsPerPage": 0, "startIndex": 0, "totalResults": 0, "format": "NVD_CVE", "version": "2.0", "timestamp": stamp,
                         "vulnerabilities": []},
            "epss.csv": f"#model_version:v2025.03.14,score_date:{stamp[:19]}+0000\ncve,epss,percentile\nCVE-2026-1,0.01,0.5\n",
            # Its newest entry is of today: the list's age is that of its newest entry.
            "list": f"[{time.strftime('%d %b %Y', time.gmtime(now))}] DSA-6999-1 none - security update\n\t{{CVE-2026-69999}}\n\t[{codename}] - none 1\n" + listed,
        }
        for name, document in documents.items():
            self.write("root/feeds/" + name, document if isinstance(document, str) else json.dumps(document))
            self.suture("feed", "import", "--release", "debian-" + self.release["VERSION_ID"], "/root/feeds/" + name, check=True)
        return holes


def main():
    """Runs the tests of the program; 77 and a sentence where this environment cannot have made machines."""
    try:
        Machine(programs=False).end()
    except Absent as problem:
        print(f"skipped: {problem}")
        sys.exit(77)
    unittest.main(verbosity=2)
