"""Roots made for tests: a dpkg status, archives signed with a key of the test's own, apt's lists, and a state folder.

    with MadeRoot() as root:
        root.install("expat", "2.5.0-1+deb12u1", binaries=["libexpat1"])
        root.archive("bookworm-security", label="Debian-Security", packages=[("libexpat1", "2.5.0-1+deb12u5", "expat", 1000)])
        done = root.suture("scan", "--now", NOW)

Nothing here reads this machine's own packages or touches a network."""
import hashlib
import os
import shutil
import subprocess
import tempfile

MIRROR = "http://mirror.example/debian"


class MadeRoot:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="suture-root-")
        self.root = os.path.join(self.folder, "root")
        self.home = os.path.join(self.folder, "home")
        self.gnupg = os.path.join(self.folder, "gnupg")
        self.program = os.environ.get("SUTURE", "build/suture")
        self.packages = []
        self.suites = []
        self.seen = []
        for folder in ("var/lib/dpkg/info", "var/lib/apt/lists", "etc/apt/sources.list.d", "etc/apt/keys"):
            os.makedirs(os.path.join(self.root, folder))
        os.makedirs(self.home)
        os.mkdir(self.gnupg, 0o700)
        self.write("etc/os-release", 'ID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n')
        self.write("etc/hostname", "web-03\n")
        self.write("var/lib/dpkg/arch", "amd64\n")
        self.fingerprint = self.make_key("Test Archive <archive@example.org>", "archive")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run(["gpgconf", "--homedir", self.gnupg, "--kill", "all"], check=False, capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.root, name)

    def write(self, name, content):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return path

    def gpg(self, *arguments, **options):
        command = ["gpg", "--homedir", self.gnupg, "--batch", "--quiet", "--no-tty", "--pinentry-mode", "loopback", "--passphrase", ""]
        return subprocess.run(command + list(arguments), check=True, capture_output=True, **options).stdout

    def make_key(self, user, name):
        self.gpg("--quick-generate-key", user, "ed25519", "sign", "never")
        listed = self.gpg("--with-colons", "--list-keys", user).decode()
        fingerprint = [line.split(":")[9] for line in listed.splitlines() if line.startswith("fpr:")][0]
        self.write(f"etc/apt/keys/{name}.gpg", self.gpg("--export", fingerprint))
        return fingerprint

    def install(self, source, version, binaries=None, state="install ok installed", arch="amd64", section="libs", more=""):
        for name in binaries or [source]:
            named = "" if name == source else f"Source: {source}\n"
            self.packages.append(f"Package: {name}\nStatus: {state}\nSection: {section}\nArchitecture: {arch}\n"
                                 f"{named}Version: {version}\n{more}")
        self.write("var/lib/dpkg/status", "\n".join(self.packages))

    def archive(self, suite, packages, label="Debian", origin="Debian", date="Fri, 20 Nov 2026 00:00:00 UTC",
                valid_until=None, key="archive", signer=None, uri=MIRROR, seen="2026-09-01T00:00:00Z", release=None):
        """packages: (name, version, source, size[, more fields]); `seen`: when each was first seen here, None: never before;
        `release`: what the list says it is, when not what the source asks for"""
        entries = []
        for package in packages:
            name, version, source, size = package[:4]
            more = package[4] if len(package) > 4 else ""
            named = "" if name == source else f"Source: {source}\n"
            hashed = "" if "SHA256:" in more else f"SHA256: {'0' * 64}\n"
            entries.append(f"Package: {name}\nArchitecture: amd64\nVersion: {version}\n{named}Size: {size}\n"
                           f"Filename: pool/{name}_{version}.deb\n{hashed}{more}")
            sha256 = more.split("SHA256: ")[1].split()[0] if "SHA256:" in more else "0" * 64
            if seen:
                self.seen.append((name, "amd64", version, f"{uri.rstrip('/')}/ {suite}", sha256, seen))
        self.write_seen()
        listed = "\n".join(entries).encode()
        digest = hashlib.sha256(listed).hexdigest()
        until = f"Valid-Until: {valid_until}\n" if valid_until else ""
        release = (f"Origin: {origin}\nLabel: {label}\nSuite: {release or suite}\nCodename: {release or suite}\nDate: {date}\n{until}"
                   f"Architectures: amd64\nComponents: main\nSHA256:\n {digest} {len(listed)} main/binary-amd64/Packages\n")
        signed = self.gpg("--local-user", signer or self.fingerprint, "--clear-sign", "--digest-algo", "SHA512", input=release.encode())
        stem = uri.split("://")[1].replace("_", "%5f").replace("/", "_") + f"_dists_{suite}"
        self.write(f"var/lib/apt/lists/{stem}_InRelease", signed)
        self.write(f"var/lib/apt/lists/{stem}_main_binary-amd64_Packages", listed)
        self.write(f"etc/apt/sources.list.d/{suite}.sources",
                   f"Types: deb\nURIs: {uri}\nSuites: {suite}\nComponents: main\nSigned-By: /etc/apt/keys/{key}.gpg\n")
        return stem

    def write_seen(self, signed="2026-11-20T00:00:00Z"):
        """What this machine has seen before, as store/versions_seen.h has it."""
        rows = sorted(set(self.seen))
        text = f"suture-versions 1 {len(rows)}\nsigned {signed}\n"
        text += "".join(f"{first} {sha256} {arch} {name} {version} {archive}\n" for name, arch, version, archive, sha256, first in rows)
        os.makedirs(os.path.join(self.home, "state"), mode=0o700, exist_ok=True)
        path = os.path.join(self.home, "state", "versions")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, 0o600)

    def suture(self, *arguments, check=None, environment=None):
        plain = {"PATH": "/usr/bin:/bin", "HOME": self.home, "LC_ALL": "C.UTF-8", "TZ": "UTC",
                 "SUTURE_STATE": os.path.join(self.home, "state"), "SUTURE_CONFIG": os.path.join(self.home, "config")}
        plain.update(environment or {})
        done = subprocess.run([self.program, *arguments], capture_output=True, text=True, env=plain, check=False, timeout=120)
        if check is not None and done.returncode != check:
            raise AssertionError(f"{' '.join(arguments)}: exit {done.returncode}, expected {check}\n{done.stdout}{done.stderr}")
        return done

    def as_machine(self, *arguments, check=None, environment=None):
        """suture, in a mount namespace where dpkg's and apt's folders are those of this root: for what only "/" does."""
        bound = ["var/lib/dpkg", "var/lib/apt", "etc/apt"]
        mounts = " && ".join(f'mount --bind "{self.path(name)}" "/{name}"' for name in bound)
        inner = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
        program, self.program = self.program, inner[0]
        try:
            return self.suture(*inner[1:], "sh", "-c", f'{mounts} && exec "$@"', "sh", program, *arguments, check=check,
                               environment=environment)
        finally:
            self.program = program

    @staticmethod
    def can_be_machine():
        inner = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
        return shutil.which("unshare") and subprocess.run([*inner, "true"], check=False, capture_output=True).returncode == 0

    def scan(self, *arguments, check=None, environment=None):
        return self.suture("scan", "--root", self.root, *arguments, check=check, environment=environment)
