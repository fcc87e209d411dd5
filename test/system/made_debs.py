"""Packages that do what real ones do not, and a signed archive that offers them to a made machine.

    shop = MadeArchive(machine)
    shop.install(Package("oak", "1.0", files={"/usr/bin/oak": script("echo one")}))
    shop.offer(Package("oak", "1.1", files={"/usr/bin/oak": script("echo two")}, scripts={"postinst": "exit 1"}))
    shop.publish()              # signed; the machine's own apt fetches and verifies it
    machine.advise()            # every update of it now closes a late hole

The machine's sources of Debian are taken away, so that only made packages are updated (Debian=True keeps them). The
archive calls itself Debian's security archive, signed by a key of the test's own that its source names in Signed-By."""
import copy
import hashlib
import os
import select
import shutil
import subprocess
import tempfile
import time

def script(text):
    """Content of a file that is executed."""
    return ("#!/bin/sh\nset -e\n" + text + "\n", 0o755)


def md5_of(path):
    with open(path, "rb") as file:
        return hashlib.md5(file.read()).hexdigest()


class Link(str):
    """The target of a symbolic link."""


class HardLink(str):
    """Another file of the package, given before, that this is a second name of."""


class Package:
    """files: {path: text, bytes, Link, HardLink or (content, mode)}; scripts: {"postinst": shell text}; fields: {"Depends": ...};
    triggers: the text of DEBIAN/triggers; owners: {path: (user, group)}."""

    def __init__(self, name, version, files=None, scripts=None, conffiles=(), fields=None, triggers="", owners=None, arch="all", source=None):
        self.name, self.version, self.arch = name, version, arch
        self.files, self.scripts, self.conffiles = files or {}, scripts or {}, list(conffiles)
        self.fields = {"Package": name, "Version": version, "Architecture": arch, "Maintainer": "Test <test@example.org>",
                       "Section": "misc", "Priority": "optional", "Description": f"made for a test\n of {name}"}
        if source:
            self.fields["Source"] = source
        self.fields.update(fields or {})
        self.triggers, self.owners = triggers, owners or {}

    def with_script(self, name, text):
        other = copy.copy(self)
        other.scripts = dict(self.scripts, **{name: text})
        return other

    def file_name(self):
        return f"{self.name}_{self.version.replace(':', '%3a')}_{self.arch}.deb"

    def build(self, folder):
        """The path of the .deb, made in this folder."""
        with tempfile.TemporaryDirectory() as top:
            os.chmod(top, 0o755)
            sums = ""
            for path, content in self.files.items():
                content, mode = content if isinstance(content, tuple) else (content, 0o644)
                at = top + path
                os.makedirs(os.path.dirname(at), exist_ok=True)
                if isinstance(content, Link):
                    os.symlink(content, at)
                elif isinstance(content, HardLink):
                    os.link(top + content, at)
                    sums += f"{md5_of(at)}  {path[1:]}\n"
                else:
                    data = content if isinstance(content, bytes) else content.encode()
                    with open(at, "wb") as file:
                        file.write(data)
                    if path not in self.conffiles:
                        sums += f"{hashlib.md5(data).hexdigest()}  {path[1:]}\n"
                    os.chown(at, *self.owners.get(path, (0, 0)))
                    os.chmod(at, mode)
            control = os.path.join(top, "DEBIAN")
            os.mkdir(control)
            parts = {"control": "".join(f"{name}: {value}\n" for name, value in self.fields.items()), "md5sums": sums,
                     "conffiles": "".join(path + "\n" for path in self.conffiles), "triggers": self.triggers}
            for name, text in parts.items():
                if text:
                    with open(os.path.join(control, name), "w", encoding="utf-8") as file:
                        file.write(text)
            for name, text in self.scripts.items():
                with open(os.path.join(control, name), "w", encoding="utf-8") as file:
                    file.write(script(text)[0] if not text.startswith("#!") else text)
                os.chmod(os.path.join(control, name), 0o755)
            target = os.path.join(folder, self.file_name())
            subprocess.run(["dpkg-deb", *([] if self.owners else ["--root-owner-group"]), "-b", top, target], check=True,
                           capture_output=True, env=dict(os.environ, SOURCE_DATE_EPOCH="1780000000"))
            return target


class StopPoint:
    """A place in a maintainer script where it tells that it is there and waits.

        stop = StopPoint(machine, "oak-postinst")
        Package(..., scripts={"postinst": stop.script})
        stop.wait()     the script is there
        stop.go()       it goes on"""

    def __init__(self, machine, name):
        self.machine, self.name, self.pipes = machine, name, []
        self.reached, self.on = f"/var/stop/{name}.reached", f"/var/stop/{name}.on"
        os.makedirs(machine.path("/var/stop"), exist_ok=True)
        for path in (self.reached, self.on):
            os.mkfifo(machine.path(path))
        self.script = f"echo here >{self.reached}\nread word <{self.on}\n"
        self.open()

    def open(self):
        """Again, after the machine's disk was reset. Both ends are held open, so that neither side waits for the other to
        open and what is said is not lost."""
        self.close()
        self.pipes = [os.open(self.machine.path(path), os.O_RDWR | os.O_NONBLOCK) for path in (self.reached, self.on)]

    def wait(self, timeout=120):
        if not select.select([self.pipes[0]], [], [], timeout)[0]:
            raise AssertionError(f"{self.name} was not reached in {timeout} s")
        os.read(self.pipes[0], 5)

    def wait_or_end(self, job, timeout=120):
        """True when a script is there, False when the job has ended."""
        watch = os.pidfd_open(job.child.pid)
        try:
            ready = select.select([self.pipes[0], watch], [], [], timeout)[0]
        finally:
            os.close(watch)
        if self.pipes[0] in ready:
            os.read(self.pipes[0], 5)
            return True
        if not ready:
            raise AssertionError(f"neither {self.name} was reached nor did {job.words} end in {timeout} s")
        return False

    def go(self):
        os.write(self.pipes[1], b"on\n")

    def close(self):
        for pipe in self.pipes:
            os.close(pipe)
        self.pipes = []


class MadeArchive:
    def __init__(self, machine, folder="made", debian=False, suite=None, label="Debian-Security", gates=False):
        """`gates`: what is new waits and is held as the built-in policy says; else the owner takes everything."""
        self.machine, self.name, self.label = machine, folder, label
        self.suite = suite or machine.release["VERSION_CODENAME"] + "-security"
        self.folder = tempfile.mkdtemp(prefix="suture-made-")
        self.offered, self.serial = [], 0
        if not gates:
            machine.takes_everything()
        self.gnupg = os.path.join(self.folder, "gnupg")
        os.mkdir(self.gnupg, 0o700)
        os.makedirs(os.path.join(self.folder, folder, "pool"))
        self.gpg("--quick-generate-key", "Made Archive <made@example.org>", "ed25519", "sign", "never")
        machine.write(f"usr/share/keyrings/{folder}.gpg", self.gpg("--export"))
        machine.write(f"etc/apt/sources.list.d/{folder}.sources",
                      f"Types: deb\nURIs: http://127.0.0.1/{folder}\nSuites: {self.suite}\nComponents: main\nSigned-By: /usr/share/keyrings/{folder}.gpg\n")
        if not debian:
            for name in ("debian", "debian-security"):
                path = machine.path(f"etc/apt/sources.list.d/{name}.sources")
                if os.path.exists(path):
                    os.remove(path)
        machine.archive.folders.append(self.folder)

    def end(self):
        subprocess.run(["gpgconf", "--homedir", self.gnupg, "--kill", "all"], check=False, capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def gpg(self, *arguments, **options):
        command = ["gpg", "--homedir", self.gnupg, "--batch", "--quiet", "--no-tty", "--pinentry-mode", "loopback", "--passphrase", ""]
        return subprocess.run(command + list(arguments), check=True, capture_output=True, **options).stdout

    def install(self, *packages):
        """Into the machine by dpkg, before anything is watched."""
        folder = self.machine.path("root/made")
        os.makedirs(folder, exist_ok=True)
        paths = ["/root/made/" + os.path.basename(package.build(folder)) for package in packages]
        self.machine.run(["dpkg", "-i", *paths], check=True)
        shutil.rmtree(folder)

    def offer(self, *packages):
        self.offered += packages

    def entry(self, package):
        path = os.path.join(self.folder, self.name, "pool", package.file_name())
        if not os.path.exists(path):
            package.build(os.path.dirname(path))
        with open(path, "rb") as file:
            content = file.read()
        fields = dict(package.fields, Filename="pool/" + package.file_name(), Size=str(len(content)), SHA256=hashlib.sha256(content).hexdigest())
        return "".join(f"{name}: {value}\n" for name, value in fields.items())

    def sign(self, release):
        return self.gpg("--clear-sign", "--digest-algo", "SHA512", input=release.encode())

    def release(self, listed, date=None, valid_days=7):
        date = time.time() - 3600 + self.serial if date is None else date
        digest, size = hashlib.sha256(listed).hexdigest(), len(listed)

        def stamp(at):
            return time.strftime("%a, %d %b %Y %H:%M:%S UTC", time.gmtime(at))

        return (f"Origin: Debian\nLabel: {self.label}\nSuite: {self.suite}\nCodename: {self.suite}\nDate: {stamp(date)}\n"
                f"Valid-Until: {stamp(date + valid_days * 86400)}\nArchitectures: all {self.machine.architecture()}\nComponents: main\n"
                f"No-Support-for-Architecture-all: Packages\nSHA256:\n {digest} {size} main/binary-{self.machine.architecture()}/Packages\n")

    def publish(self, update=True, **options):
        """Writes and signs the lists; `update`: the machine's apt fetches them, and must be content."""
        self.serial += 1
        dist = os.path.join(self.folder, self.name, "dists", self.suite)
        binary = os.path.join(dist, "main", f"binary-{self.machine.architecture()}")
        os.makedirs(binary, exist_ok=True)
        listed = "\n".join(self.entry(package) for package in self.offered).encode()
        for path, content in ((os.path.join(binary, "Packages"), listed), (os.path.join(dist, "InRelease"), self.sign(self.release(listed, **options)))):
            with open(path, "wb") as file:
                file.write(content)
            # apt asks whether it changed since; two publications in one second are two.
            os.utime(path, (time.time() + self.serial,) * 2)
        if update:
            self.machine.run(["apt-get", "-q", "update"], check=True)
