#!/usr/bin/env python3
"""Made roots: whole Debian systems at the main archive's versions, kept between runs, for the tests named system_*.

    roots.py make [SIZE...]     make or refresh what is missing or too old; says what it did; seconds when all is there
    roots.py where              the folder they are kept in

Below ${SUTURE_CACHE:-~/.cache/suture-build}/roots:

    SIZE/root     the system as mmdebstrap made it, sources.list pointing at http://127.0.0.1/
    SIZE/about    what it was made from; another recipe or another Release of main, or thirty days, and it is made anew
    lists/        a layer for all of them: /var/lib/apt/lists as their own apt fetched and verified it
    archive/      what the tests' server offers: dists/ of both suites and the .debs that updating everything needs

The archive is this machine's own mirror of Debian, as apt's configuration names it, fetched by apt's own helper: its
bytes and signatures are Debian's. bookworm-security says that it holds for seven days: it is asked again after four."""
import fcntl
import hashlib
import json
import lzma
import os
import re
import shutil
import subprocess
import sys
import time
from email.utils import parsedate_to_datetime

HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.path.join(os.environ.get("SUTURE_CACHE") or
                     os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "suture-build"), "roots")
DAY = 24 * 3600
LIST_AGE, ROOT_AGE = 4 * DAY, 30 * DAY
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"

# What suture loads and starts, by release of Debian.
RUNTIME = {
    "bookworm": """libgnutls30 libcurl3-gnutls libsqlite3-0 libsolv1 libarchive13 libseccomp2 libcyaml1 libyaml-0-2 liblz4-1
        liblzma5 libzstd1 zlib1g gpgv zstd ca-certificates debian-archive-keyring apt""",
    "trixie": """libgnutls30t64 libcurl3t64-gnutls libsqlite3-0 libsolv1 libarchive13t64 libseccomp2 libcyaml1 libyaml-0-2 liblz4-1
        liblzma5 libzstd1 zlib1g libyyjson0 gpgv zstd ca-certificates debian-archive-keyring apt""",
}
MIDDLE = """openssh-server openssl libexpat1 perl python3 python3-yaml python3-requests curl wget libxml2 systemd systemd-sysv dbus udev
    cron logrotate rsyslog sudo vim-tiny less man-db git rsync ca-certificates gnupg dirmngr bind9-host bind9-dnsutils
    iproute2 iputils-ping tzdata locales passwd krb5-locales libpam-systemd polkitd unzip bzip2 xz-utils file
    libglib2.0-0 libtiff6 libpng16-16 libjpeg62-turbo libfreetype6 busybox tar gzip cpio patch screen"""
LARGE = MIDDLE + """ apache2 postgresql-client bind9 vim imagemagick php-cli libapache2-mod-php php-mysql php-xml php-curl
    nginx-common exim4-daemon-light samba-common-bin smbclient ghostscript ffmpeg ruby nodejs tmux
    redis-server memcached mariadb-client default-jre-headless poppler-utils libwebp7 librsvg2-bin cups-client
    gcc make libc6-dev libssl-dev libxml2-dev python3-pip python3-cryptography python3-jinja2 snmp tcpdump"""
SIZES = {"small": "", "middle": MIDDLE, "large": LARGE}


def say(text):
    print(text, flush=True)


class Absent(Exception):
    """What a machine without network, or with another system, cannot have: tests are skipped with this sentence."""


def codename():
    fields = dict(line.strip().replace('"', "").split("=", 1) for line in open("/etc/os-release", encoding="utf-8") if "=" in line)
    name = fields.get("VERSION_CODENAME", "")
    if fields.get("ID") != "debian" or name not in RUNTIME:
        raise Absent(f"roots are made for Debian {' and '.join(RUNTIME)}, whose libraries the build must use; this is {fields.get('PRETTY_NAME')}")
    return name


def architecture():
    return subprocess.run(["dpkg", "--print-architecture"], check=True, capture_output=True, text=True).stdout.strip()


def mirrors(release):
    """{folder it is served under: (URI of this machine's own mirror, suite)}"""
    listed = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN) $(CODENAME)", "Created-By: Packages"],
                            check=True, capture_output=True, text=True).stdout
    found = {}
    for folder, suite in (("debian", release), ("debian-security", release + "-security")):
        uris = [line.split()[0] for line in listed.splitlines() if line.split()[1:] == ["Debian", suite]]
        if not uris:
            raise Absent(f"no source of Debian's {suite} is configured here, or apt-get update was never run")
        found[folder] = (uris[0].rstrip("/"), suite)
    return found


def download(wanted):
    """wanted: (URI, path, apt's name of a hash or empty). By apt's own helper, so that its proxies and rules hold."""
    for at in range(0, len(wanted), 100):
        words = [word for row in wanted[at:at + 100] for word in row]
        # One without a hash is passed alone: the helper would take the next URI for the hash.
        words = [word for word in words if word]
        done = subprocess.run(["/usr/lib/apt/apt-helper", "-o", "APT::Sandbox::User=", "-o", "Acquire::Retries=3", "download-file", *words],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Absent(f"{wanted[at][0]} could not be fetched: {' '.join(done.stderr.split())[-300:]}")


def release_field(path, name):
    found = re.search(rf"^{name}: *(.*)$", open(path, encoding="utf-8").read(), re.M)
    return found.group(1) if found else None


def release_time(path, name):
    value = release_field(path, name)
    return parsedate_to_datetime(value.replace("UTC", "+0000")).timestamp() if value else None


class Cache:
    def __init__(self, folder=CACHE):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        self.lock = open(os.path.join(folder, "lock"), "w", encoding="ascii")

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def hold(self, changing):
        fcntl.flock(self.lock, fcntl.LOCK_EX if changing else fcntl.LOCK_SH)

    def about(self, size):
        try:
            with open(self.path(size, "about"), encoding="utf-8") as file:
                return json.load(file)
        except (FileNotFoundError, ValueError):
            return {}

    def note(self, size, about):
        with open(self.path(size, "about"), "w", encoding="utf-8") as file:
            json.dump(about, file)

    def replace(self, name, part):
        """The new folder takes the old one's place, which is removed afterwards."""
        old = self.path(name + ".old")
        shutil.rmtree(old, ignore_errors=True)
        if os.path.exists(self.path(name)):
            os.rename(self.path(name), old)
        os.rename(part, self.path(name))
        shutil.rmtree(old, ignore_errors=True)


def recipe(size, release):
    with open(__file__, "rb") as file:
        made_by = re.search(rb"\ndef make_root.*?\n\n\n", file.read(), re.S).group(0)
    text = " ".join(sorted(set((RUNTIME[release] + " " + SIZES[size]).split())))
    return hashlib.sha256((text + release + architecture()).encode() + made_by).hexdigest()


def scratch_folder():
    """Memory where there is enough of it: dpkg syncs every file it writes, a root takes 16 seconds there and 70 on a disk."""
    try:
        room = os.statvfs("/dev/shm")
        if room.f_bavail * room.f_frsize > 5 << 30:
            return "/dev/shm"
    except OSError:
        pass
    return None


def make_root(cache, size, release, mirror):
    """Starts mmdebstrap; the answer is called to wait for it and put the root into its place."""
    import tempfile
    scratch = tempfile.mkdtemp(prefix=f"suture-{size}-", dir=scratch_folder() or cache.folder)
    root = os.path.join(scratch, "root")
    packages = ",".join(sorted(set((RUNTIME[release] + " " + SIZES[size]).split())))
    command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--include={packages}", "--aptopt=Acquire::Languages \"none\"",
               "--aptopt=Apt::Install-Recommends \"false\"", "--dpkgopt=force-unsafe-io", "--skip=output/dev",
               # No daemon of a package starts while the root is made.
               "--essential-hook=printf '#!/bin/sh\\nexit 101\\n' >\"$1/usr/sbin/policy-rc.d\" && chmod 755 \"$1/usr/sbin/policy-rc.d\"",
               release, root, f"deb [signed-by={KEYRING}] {mirror} {release} main"]
    shell = subprocess.run(["apt-config", "shell", "proxy", "Acquire::http::Proxy"], capture_output=True, text=True, check=False).stdout
    if "proxy=" in shell:
        command.insert(1, "--aptopt=Acquire::http::Proxy \"%s\"" % shell.split("=", 1)[1].strip().strip("'"))
    environment = dict(os.environ, TMPDIR=scratch, DEBIAN_FRONTEND="noninteractive", LC_ALL="C.UTF-8")
    log = open(os.path.join(scratch, "log"), "w+", encoding="utf-8")
    child = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def finish():
        try:
            if child.wait() != 0:
                log.seek(0)
                raise Absent(f"mmdebstrap could not make the {size} root: {' '.join(log.read().split())[-600:]}")
            for name in ("etc/apt/sources.list", "etc/apt/apt.conf.d/99mmdebstrap", "etc/dpkg/dpkg.cfg.d/99mmdebstrap"):
                if os.path.exists(os.path.join(root, name)):
                    os.remove(os.path.join(root, name))
            for folder, suite in (("debian", release), ("debian-security", release + "-security")):
                with open(os.path.join(root, f"etc/apt/sources.list.d/{folder}.sources"), "w", encoding="ascii") as file:
                    file.write(f"Types: deb\nURIs: http://127.0.0.1/{folder}\nSuites: {suite}\nComponents: main\nSigned-By: {KEYRING}\n")
            with open(os.path.join(root, "etc/apt/apt.conf.d/50languages"), "w", encoding="ascii") as file:
                file.write('Acquire::Languages "none";\n')
            part = cache.path(size + ".part")
            shutil.rmtree(part, ignore_errors=True)
            os.makedirs(part)
            subprocess.run(["cp", "-a", root, os.path.join(part, "root")], check=True)
            cache.replace(size, part)
        finally:
            child.kill()
            shutil.rmtree(scratch, ignore_errors=True)
    return finish


def make_init(cache):
    """The machines' process 1, compiled here: roots are made before anything is built."""
    with open(os.path.join(HERE, "init.c"), "rb") as file:
        path = cache.path("init-" + hashlib.sha256(file.read()).hexdigest()[:16])
    if not os.path.exists(path):
        done = subprocess.run(["cc", "-static", "-O2", "-Wall", "-Wextra", "-Werror", "-o", path + ".part", os.path.join(HERE, "init.c")],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Absent(f"process 1 of the machines could not be compiled: {done.stderr[-300:]}")
        os.replace(path + ".part", path)
    return path


def fetch_dists(cache, sources):
    """Both suites' InRelease and Packages into archive/; True where one changed."""
    changed = False
    for folder, (mirror, suite) in sources.items():
        dist = cache.path("archive", folder, "dists", suite)
        os.makedirs(dist, exist_ok=True)
        old, new = os.path.join(dist, "InRelease"), os.path.join(dist, "InRelease.part")
        if os.path.exists(new):
            os.remove(new)
        download([(f"{mirror}/dists/{suite}/InRelease", new, "")])
        with open(new, encoding="utf-8") as file:
            text = file.read()
        index = f"main/binary-{architecture()}/Packages.xz"
        digest = re.search(rf"^ ([0-9a-f]{{64}}) +\d+ {re.escape(index)}$", text, re.M).group(1)
        by_hash = os.path.join(dist, os.path.dirname(index), "by-hash/SHA256")
        if not os.path.exists(os.path.join(by_hash, digest)):
            changed = True
            os.makedirs(by_hash, exist_ok=True)
            download([(f"{mirror}/dists/{suite}/{os.path.dirname(index)}/by-hash/SHA256/{digest}", os.path.join(by_hash, digest), "SHA256:" + digest)])
            shutil.copyfile(os.path.join(by_hash, digest), os.path.join(dist, index))
            for name in os.listdir(by_hash):
                if name != digest:
                    os.remove(os.path.join(by_hash, name))
        if not os.path.exists(old) or open(old, encoding="utf-8").read() != text:
            changed = True
        os.replace(new, old)
    return changed


def lists_are_fresh(cache, sources):
    security = cache.path("archive/debian-security/dists", sources["debian-security"][1], "InRelease")
    try:
        fetched = os.stat(cache.path("lists/fetched")).st_mtime
        return time.time() < min(fetched + LIST_AGE, release_time(security, "Valid-Until") - DAY)
    except FileNotFoundError:
        return False


def sizes_to_make(cache, sizes, release, sources):
    main = cache.path("archive/debian/dists", release, "InRelease")
    dated = release_field(main, "Date") if os.path.exists(main) else None
    for size in sizes:
        about = cache.about(size)
        if about.get("recipe") != recipe(size, release) or about.get("release") != dated or time.time() > about.get("made", 0) + ROOT_AGE:
            yield size


def make_roots(cache, sizes, release, sources):
    """Two at a time, the largest first."""
    main = cache.path("archive/debian/dists", release, "InRelease")
    waiting = sorted(sizes, key=list(SIZES).index, reverse=True)
    running = []
    while waiting or running:
        while waiting and len(running) < 2:
            size = waiting.pop(0)
            running.append((size, time.time(), make_root(cache, size, release, sources["debian"][0])))
        size, began, finish = running.pop(0)
        finish()
        cache.note(size, {"recipe": recipe(size, release), "release": release_field(main, "Date"), "made": time.time()})
        say(f"root {size}: made in {time.time() - began:.0f} s")


def refresh_lists(cache):
    """Each root's own apt fetches and verifies both suites from the archive beside it; the lists are the same for all."""
    from machine import Machine
    part = cache.path("lists.part")
    shutil.rmtree(part, ignore_errors=True)
    with Machine("small", cache=cache, lists=False, programs=False) as machine:
        machine.run(["apt-get", "-q", "update"], check=True)
        os.makedirs(os.path.join(part, "layer/var/lib/apt"))
        subprocess.run(["cp", "-a", machine.path("var/lib/apt/lists"), os.path.join(part, "layer/var/lib/apt/lists")], check=True)
    for folder in ("var", "var/lib", "var/lib/apt"):
        os.chmod(os.path.join(part, "layer", folder), 0o755)
    with open(os.path.join(part, "fetched"), "w", encoding="ascii"):
        pass
    cache.replace("lists", part)


def updates(cache, size):
    """What apt would fetch to update everything: (path below archive/, hash)."""
    from machine import Machine
    with Machine(size, cache=cache, programs=False) as machine:
        told = machine.run(["apt-get", "-qq", "-y", "-o", "Acquire::ForceHash=SHA256", "--print-uris", "dist-upgrade"], check=True).stdout
    return re.findall(r"^'http://127\.0\.0\.1/(\S+)' \S+ \d+ (\S+)$", told, re.M)


def fetch_pool(cache, sizes, sources):
    """The packages that updating everything needs."""
    wanted, listed = [], {size: updates(cache, size) for size in sizes}
    for path, digest in sorted({row for rows in listed.values() for row in rows}):
        target = cache.path("archive", path.replace("%2b", "+").replace("%7e", "~").replace("%3a", ":"))
        if not os.path.exists(target):
            os.makedirs(os.path.dirname(target), exist_ok=True)
            folder, rest = path.split("/", 1)
            wanted.append((f"{sources[folder][0]}/{rest}", target, digest))
    download(wanted)
    for size, rows in listed.items():
        say(f"root {size}: {len(rows)} packages to update")
    say(f"pool: {len(wanted)} packages fetched")


def make(sizes):
    release = codename()
    if os.geteuid() != 0:
        raise Absent("roots are made by root only")
    if not shutil.which("mmdebstrap"):
        raise Absent("mmdebstrap is not installed: tools/setup --tests")
    sources, cache = mirrors(release), Cache()
    cache.hold(changing=False)
    if lists_are_fresh(cache, sources) and not list(sizes_to_make(cache, sizes, release, sources)):
        say(f"roots {' '.join(sizes)}: there")
        return
    cache.hold(changing=True)
    changed = fetch_dists(cache, sources) or not lists_are_fresh(cache, sources)
    stale = list(sizes_to_make(cache, {"small", *sizes}, release, sources))
    make_roots(cache, stale, release, sources)
    if changed:
        refresh_lists(cache)
    fetch_pool(cache, sizes, sources)


def main():
    if sys.argv[1:2] == ["where"]:
        print(CACHE)
    elif sys.argv[1:2] == ["make"] and all(size in SIZES for size in sys.argv[2:]):
        try:
            make(sys.argv[2:] or list(SIZES))
        except Absent as problem:
            print(f"no made roots: {problem}", file=sys.stderr)
            sys.exit(77)
    else:
        print(__doc__, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
