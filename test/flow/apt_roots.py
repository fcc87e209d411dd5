#!/usr/bin/env python3
"""Made roots with made archives, signed by keys made for this run: what is believed, what is refused and why, what is
remembered, and what is offered.

    apt_roots.py TOOL            TOOL is tool_apt_dump

Every test is a function whose name says what must hold. Each gets a fresh Root: one source "oak" with two packages of
which one is installed in an older version, signed by the key that the source names. What the tool prints is in its
own head comment."""
import bz2
import gzip
import hashlib
import lzma
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time

TOOL = os.path.abspath(sys.argv[1])
NOW = "2026-11-21T12:00:00Z"
PREFIX = "mirror.example_debian_dists_oak_"
GOLDEN = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../golden/manager_apt/oak")
KEYS = None


def golden(name):
    with open(os.path.join(GOLDEN, name), encoding="utf-8") as file:
        return file.read()


PACKAGES, STATUS, SOURCE = golden("Packages"), golden("status"), golden("oak.sources")
RELEASE = {"Origin": "Debian", "Label": "Debian", "Suite": "stable", "Codename": "oak", "Version": "7.1",
           "Date": "Fri, 20 Nov 2026 08:00:00 UTC", "Architectures": "all amd64",
           "No-Support-for-Architecture-all": "Packages"}


class Keys:
    """One home of gpg with a publisher's key and a stranger's."""

    def __init__(self, folder):
        self.home = os.path.join(folder, "home")
        os.makedirs(self.home, 0o700)
        for name in ("publisher", "stranger"):
            self.gpg("--quick-gen-key", name, "ed25519", "sign", "never")

    def gpg(self, *arguments, **options):
        return subprocess.run(["gpg", "--homedir", self.home, "--batch", "--quiet", "--yes", "--pinentry-mode", "loopback",
                               "--passphrase", "", *arguments], check=True, capture_output=True, **options).stdout

    def end(self):
        subprocess.run(["gpgconf", "--homedir", self.home, "--kill", "all"], check=False, capture_output=True)

    def fingerprint(self, name):
        lines = self.gpg("--with-colons", "--list-keys", name).decode().split("\n")
        return next(line.split(":")[9] for line in lines if line.startswith("fpr"))


class Root:
    def __init__(self, folder):
        self.path = os.path.join(folder, "root")
        self.memory = os.path.join(folder, "memory")
        self.write("var/lib/dpkg/status", STATUS)
        self.write("etc/apt/sources.list.d/oak.sources", SOURCE)
        self.write("usr/share/keyrings/oak.gpg", KEYS.gpg("--export", "publisher"))
        self.lists = self.at("var/lib/apt/lists")
        self.archive()

    def at(self, name):
        return os.path.join(self.path, name)

    def write(self, name, content):
        path = self.at(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())

    def remove(self, name):
        os.remove(self.at(name))

    def append(self, name, content):
        with open(self.at(name), encoding="utf-8") as file:
            self.write(name, file.read() + content)

    def archive(self, packages=PACKAGES, release=None, prefix=PREFIX, name="main/binary-amd64/Packages", ending="",
                packed=None, signer="publisher", listed=None, folder=None):
        """Writes a list and its InRelease. `packed` is the list as it lies there, `listed` what the InRelease lists."""
        folder = folder or self.lists
        raw = packages.encode()
        lying = raw if packed is None else packed
        listed = {name: raw} if listed is None else listed
        text = "".join(f"{field}: {value}\n" for field, value in dict(RELEASE, **(release or {})).items() if value)
        text += "SHA256:\n" + "".join(f" {hashlib.sha256(content).hexdigest()} {len(content)} {path}\n"
                                      for path, content in listed.items())
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, prefix + name.replace("/", "_") + ending), "wb") as file:
            file.write(lying)
        with open(os.path.join(folder, prefix + "InRelease"), "wb") as file:
            file.write(KEYS.gpg("--clearsign", "-u", signer, input=text.encode()))

    def run(self, *options, user=None):
        command = [TOOL, "--root", self.path, "--now", NOW, *options]
        answer = subprocess.run(command, capture_output=True, text=True, user=user, check=False)
        return answer.returncode, answer.stdout, answer.stderr

    def answer(self, *options, **more):
        status, output, errors = self.run(*options, **more)
        assert status == 0, errors
        return Answer(output.replace(self.path, "ROOT"))


class Answer:
    def __init__(self, output):
        self.output = output
        rows = [line.split("\t") for line in output.split("\n")]
        self.archives = [(row[2], row[9]) for row in rows if row[0] == "A"]
        self.flags = [row[8] for row in rows if row[0] == "A"]
        self.priorities = [int(row[7]) for row in rows if row[0] == "A"]
        self.packages = {row[1]: row for row in rows if row[0] == "P"}
        self.versions = [(row[1], row[3], int(row[4]), row[6]) for row in rows if row[0] == "V"]

    def candidate(self, name):
        return self.packages[name][6]


def same(got, expected):
    assert got == expected, f"\n  got      {got!r}\n  expected {expected!r}"


def refused(root, why):
    answer = root.answer()
    same(answer.archives, [("refused", why)])
    same(answer.candidate("bash"), "5.2-1")
    return answer


LIST = "ROOT/var/lib/apt/lists/" + PREFIX + "main_binary-amd64_Packages"
MISMATCH = " is not the one that the InRelease lists (run apt update)"


def a_verified_archive_offers_its_packages(root):
    answer = root.answer()
    same(answer.archives, [("verified", "")])
    same(answer.flags, ["a"])
    same(answer.packages["bash"][3:], ["5.2-1", "installed", "", "5.2-2", "1000", "0"])
    same(answer.versions[:2], [("bash", "5.2-2", 500, "0"), ("bash", "5.2-1", 100, "")])


def lists_may_be_packed(root):
    for ending, pack in ((".gz", gzip.compress), (".xz", lzma.compress), (".lz4", "lz4"), (".zst", "zstd")):
        if isinstance(pack, str):
            packed = subprocess.run([pack, "-c"], input=PACKAGES.encode(), capture_output=True, check=True).stdout
        else:
            packed = pack(PACKAGES.encode())
        shutil.rmtree(root.lists)
        root.archive(ending=ending, packed=packed)
        answer = root.answer()
        same((ending, answer.archives), (ending, [("verified", "")]))
        same(answer.candidate("bash"), "5.2-2")
        root.archive(ending=ending, packed=packed[:-5])
        same(root.answer().archives[0][0], "refused")
    shutil.rmtree(root.lists)
    root.archive(ending=".bz2", packed=bz2.compress(PACKAGES.encode()))
    same(root.answer().archives, [("absent", "its list is not here (run apt update)")])


def the_name_of_a_packed_list_decides_nothing(root):
    root.remove("var/lib/apt/lists/" + PREFIX + "main_binary-amd64_Packages")
    root.archive(ending=".xz", packed=gzip.compress(PACKAGES.encode()))
    same(root.answer().archives, [("verified", "")])


def a_list_that_is_listed_packed_only_is_hashed_packed(root):
    packed = gzip.compress(PACKAGES.encode(), 0)
    root.remove("var/lib/apt/lists/" + PREFIX + "main_binary-amd64_Packages")
    root.archive(ending=".gz", packed=packed, listed={"main/binary-amd64/Packages.gz": packed})
    same(root.answer().candidate("bash"), "5.2-2")
    root.archive(ending=".gz", packed=gzip.compress(PACKAGES.replace("5.2-2", "6.6-6").encode(), 0),
                 listed={"main/binary-amd64/Packages.gz": packed})
    refused(root, LIST + ".gz: its hash" + MISMATCH)


def a_forged_list_is_refused(root):
    root.archive(packed=PACKAGES.replace("5.2-2", "6.6-6").encode(), listed={"main/binary-amd64/Packages": PACKAGES.encode()})
    refused(root, LIST + ": its hash" + MISMATCH)


def a_list_cut_short_is_refused(root):
    root.archive(packed=PACKAGES[:-30].encode(), listed={"main/binary-amd64/Packages": PACKAGES.encode()})
    refused(root, LIST + ": its size" + MISMATCH)


def a_list_that_is_not_listed_is_refused(root):
    root.archive(listed={"contrib/binary-amd64/Packages": PACKAGES.encode()})
    refused(root, LIST + ": the InRelease does not list it")


def a_forged_inrelease_is_refused(root):
    path = "var/lib/apt/lists/" + PREFIX + "InRelease"
    with open(root.at(path), encoding="utf-8") as file:
        root.write(path, file.read().replace("Suite: stable", "Suite: forged"))
    answer = root.answer()
    same(answer.archives[0][0], "refused")
    assert answer.archives[0][1].endswith(": the text is not what was signed"), answer.archives


def a_strangers_signature_is_refused(root):
    root.archive(signer="stranger")
    assert root.answer().archives[0][1].endswith(": the key is not in the keyring")


def without_an_inrelease_nobody_vouches(root):
    root.remove("var/lib/apt/lists/" + PREFIX + "InRelease")
    refused(root, "it has no InRelease: nobody vouches for it")
    root.write("var/lib/apt/lists/" + PREFIX + "Release.gpg", "signature")
    refused(root, "it has no InRelease: a Release.gpg apart is not read here")


def an_unsigned_inrelease_is_refused(root):
    root.write("var/lib/apt/lists/" + PREFIX + "InRelease", "Origin: Debian\nSuite: oak\n")
    refused(root, "signature: is not signed")


def trusted_is_no_signature(root):
    root.append("etc/apt/sources.list.d/oak.sources", "Trusted: yes\n")
    same(root.answer().archives, [("verified", "")])  # a signature that holds is one all the same
    root.remove("var/lib/apt/lists/" + PREFIX + "InRelease")
    refused(root, "it has no InRelease: nobody vouches for it; \"trusted=yes\" in the source counts for apt, not here")


def a_missing_keyring_is_named(root):
    root.remove("usr/share/keyrings/oak.gpg")
    refused(root, "keyring: ROOT/usr/share/keyrings/oak.gpg: No such file or directory")


def a_keybox_is_named(root):
    shutil.copyfile(os.path.join(KEYS.home, "pubring.kbx"), root.at("usr/share/keyrings/oak.gpg"))
    refused(root, "keyring: ROOT/usr/share/keyrings/oak.gpg: is a keybox of GnuPG, not a keyring: export its keys with gpg --export")


def a_source_without_keys_is_for_all_trusted_ones(root):
    root.write("etc/apt/sources.list.d/oak.sources", SOURCE.split("Signed-By")[0])
    refused(root, "no keyring is named")
    root.write("etc/apt/trusted.gpg.d/stranger.gpg", KEYS.gpg("--export", "stranger"))
    same(root.answer().archives[0][0], "refused")
    root.write("etc/apt/trusted.gpg.d/publisher.asc", KEYS.gpg("--armor", "--export", "publisher"))
    same(root.answer().archives, [("verified", "")])
    root.remove("etc/apt/trusted.gpg.d/publisher.asc")
    root.write("etc/apt/trusted.gpg", KEYS.gpg("--export", "publisher"))
    same(root.answer().archives, [("verified", "")])


def a_trusted_key_is_not_for_sources_that_name_another(root):
    root.write("etc/apt/trusted.gpg.d/publisher.gpg", KEYS.gpg("--export", "publisher"))
    root.write("usr/share/keyrings/oak.gpg", KEYS.gpg("--export", "stranger"))
    same(root.answer().archives[0][0], "refused")


def each_source_is_judged_by_its_own_keys(root):
    root.write("usr/share/keyrings/other.gpg", KEYS.gpg("--export", "stranger"))
    root.append("etc/apt/sources.list.d/oak.sources",
                "\n" + SOURCE.replace("main", "contrib").replace("keyrings/oak", "keyrings/other"))
    lists = {f"{part}/binary-amd64/Packages": PACKAGES.encode() for part in ("main", "contrib")}
    for name in lists:
        root.archive(name=name, listed=lists)
    same([state for state, _ in root.answer().archives], ["verified", "refused"])


def a_source_may_name_fingerprints(root):
    root.write("etc/apt/trusted.gpg.d/both.gpg", KEYS.gpg("--export", "publisher", "stranger"))
    for name, state in (("publisher", "verified"), ("stranger", "refused")):
        root.write("etc/apt/sources.list.d/oak.sources", SOURCE.split("Signed-By")[0] + f"Signed-By: {KEYS.fingerprint(name)}\n")
        same((name, root.answer().archives[0][0]), (name, state))


def a_source_may_hold_the_key_itself(root):
    armor = KEYS.gpg("--armor", "--export", "publisher").decode()
    lines = "".join(f" {line or '.'}\n" for line in armor.strip().split("\n"))
    root.write("etc/apt/sources.list.d/oak.sources", SOURCE.split("Signed-By")[0] + "Signed-By:\n" + lines)
    same(root.answer("--memory", root.memory).archives, [("verified", "")])
    same(root.answer("--memory", root.memory).archives, [("verified", "")])
    other = KEYS.gpg("--armor", "--export", "stranger").decode()
    lines = "".join(f" {line or '.'}\n" for line in other.strip().split("\n"))
    root.write("etc/apt/sources.list.d/oak.sources", SOURCE.split("Signed-By")[0] + "Signed-By:\n" + lines)
    same(root.answer("--memory", root.memory).archives[0][0], "refused")


def a_list_past_its_end_is_stale_and_still_offers(root):
    root.archive(release={"Valid-Until": "Sat, 21 Nov 2026 11:59:59 UTC"})
    for _ in range(2):  # verified, then remembered
        answer = root.answer("--memory", root.memory)
        same(answer.archives, [("stale", "its publisher's word has run out (Valid-Until): run apt update")])
        same(answer.candidate("bash"), "5.2-2")
    root.archive(release={"Valid-Until": "Sat, 21 Nov 2026 12:00:01 UTC"})
    same(root.answer().archives, [("verified", "")])


def a_date_in_the_future_is_odd(root):
    root.archive(release={"Date": "Sun, 22 Nov 2026 12:00:01 UTC"})
    same(root.answer().archives, [("verified", "is dated in the future: a clock is wrong, there or here")])


def one_bad_source_takes_nothing_from_the_others(root):
    root.append("etc/apt/sources.list.d/oak.sources", "\n" + SOURCE.replace("oak\n", "oak-updates\n") + "\nTypes: deb\n\n"
                + SOURCE.replace("oak\n", "elm\n"))
    root.archive(packages=PACKAGES.replace("5.2-2", "5.2-3"), signer="stranger", prefix=PREFIX.replace("oak_", "oak-updates_"))
    answer = root.answer()
    same([state for state, _ in answer.archives], ["verified", "refused", "absent", "refused"])
    same(answer.archives[3][1], "names no URI")
    same(answer.candidate("bash"), "5.2-2")


def origin_and_label_tell_whose_it_is(root):
    for release, flags in (({"Label": "Debian-Security"}, "sa"), ({"Origin": "Debian Backports", "Label": "Debian Backports"}, ""),
                           ({"Origin": "Ubuntu", "Label": "Ubuntu", "Suite": "jammy-security"}, "sa"),
                           ({"Origin": "Ubuntu", "Label": "Ubuntu", "Suite": "jammy-updates"}, "a"),
                           ({"Origin": "Ubuntu", "Label": "Ubuntu", "Suite": "jammy-backports"}, ""),
                           ({"Origin": "UbuntuESMApps", "Label": "UbuntuESMApps", "Suite": "jammy-apps-security"}, "sa"),
                           ({"Origin": "Example"}, ""), ({"Label": "Other"}, "")):
        root.archive(release=release)
        same((release, root.answer().flags), (release, [flags]))


def of_equal_versions_the_security_archive_is_named(root):
    root.append("etc/apt/sources.list.d/oak.sources", "\n" + SOURCE.replace("oak\n", "oak-security\n"))
    root.archive(release={"Label": "Debian-Security"}, prefix=PREFIX.replace("oak_", "oak-security_"))
    answer = root.answer()
    same(answer.packages["bash"][8], "1")
    same(answer.versions[0], ("bash", "5.2-2", 500, "0,1"))


def of_equal_versions_the_archive_of_higher_priority_is_named(root):
    root.append("etc/apt/sources.list.d/oak.sources", "\n" + SOURCE.replace("oak\n", "elm\n"))
    root.archive(release={"Codename": "elm"}, prefix=PREFIX.replace("oak_", "elm_"))
    same(root.answer().packages["bash"][8], "0")
    root.write("etc/apt/preferences", "Package: *\nPin: release n=elm\nPin-Priority: 501\n")
    same(root.answer().packages["bash"][8], "1")


def only_a_priority_of_1000_goes_back(root):
    root.write("var/lib/dpkg/status", STATUS.replace("5.2-1", "5.3-1"))
    for priority, candidate in ((999, "5.3-1"), (1000, "5.2-2")):
        root.write("etc/apt/preferences", f"Package: bash\nPin: version 5.2-2\nPin-Priority: {priority}\n")
        same(root.answer().candidate("bash"), candidate)


def archives_may_stand_back(root):
    root.archive(release={"NotAutomatic": "yes"})
    same((root.answer().priorities, root.answer().candidate("bash")), ([1], "5.2-1"))
    root.archive(release={"NotAutomatic": "yes", "ButAutomaticUpgrades": "yes"})
    same((root.answer().priorities, root.answer().candidate("bash")), ([100], "5.2-2"))
    for _ in range(2):
        same(root.answer("--memory", root.memory).priorities, [100])


def preferences_choose(root):
    root.write("etc/apt/preferences", "Package: bash\nPin: release n=oak\nPin-Priority: -1\n")
    answer = root.answer()
    same((answer.candidate("bash"), answer.packages["bash"][5]), ("5.2-1", "p"))
    root.write("etc/apt/preferences", "Package: zsh\nPin: release n=oak\nPin-Priority: -1\n")
    same(root.answer().packages["bash"][5], "")
    root.write("etc/apt/preferences", "Package: bash\n")
    status, _, errors = root.run()
    same(status, 0)
    root.write("etc/apt/preferences", "Package: bash\nPin: release n=oak\n")
    status, _, errors = root.run()
    same((status, errors.replace(root.path, "ROOT")),
         (1, "ROOT/etc/apt/preferences: line 1: Pin-Priority \"\" is none: -32767 to 32767, not 0\n"))


def the_default_release_comes_first(root):
    root.append("etc/apt/sources.list.d/oak.sources", "\n" + SOURCE.replace("oak\n", "elm\n"))
    root.archive(packages=PACKAGES.replace("5.2-2", "5.3-1"), prefix=PREFIX.replace("oak_", "elm_"),
                 release={"Codename": "elm", "Suite": "testing"})
    same(root.answer().candidate("bash"), "5.3-1")
    root.write("etc/apt/apt.conf.d/release", 'APT::Default-Release "stable";')
    same(root.answer().candidate("bash"), "5.2-2")
    same(root.answer().priorities, [990, 500])


def states_of_packages_are_told(root):
    root.append("var/lib/dpkg/status", "\nPackage: held\nStatus: hold ok installed\nArchitecture: amd64\nVersion: 1\n"
                "\nPackage: half\nStatus: install ok half-configured\nArchitecture: all\nVersion: 1\n"
                "\nPackage: broken\nStatus: install reinstreq half-installed\nArchitecture: amd64\n"
                "\nPackage: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n")
    root.write("var/lib/apt/extended_states", "Package: half\nArchitecture: amd64\nAuto-Installed: 1\n")
    answer = root.answer()
    same(sorted(answer.packages), ["bash", "broken", "dpkg", "half", "held"])
    same(answer.packages["held"][4:6], ["installed", "hf"])
    same(answer.packages["half"][4:6], ["half-configured", "mf"])
    same(answer.packages["broken"][3:5], ["", "half-installed"])


def a_stopped_dpkg_has_more_to_say(root):
    root.write("var/lib/dpkg/updates/0000", "Package: bash\nStatus: install ok half-configured\nArchitecture: amd64\nVersion: 5.2-2\n")
    same(root.answer().packages["bash"][3:5], ["5.2-2", "half-configured"])


def phased_updates_wait_for_their_turn(root):
    root.archive(packages=PACKAGES.replace("Size: 1000", "Size: 1000\nPhased-Update-Percentage: 83\nSource: bash (5.1-6ubuntu1.1)"))
    root.write("etc/machine-id", "0123456789abcdef0123456789abcdef\n")  # draws 84
    same(root.answer().packages["bash"][5:7], ["o", "5.2-2"])
    root.archive(packages=PACKAGES.replace("Size: 1000", "Size: 1000\nPhased-Update-Percentage: 84\nSource: bash (5.1-6ubuntu1.1)"))
    for _ in range(2):
        same(root.answer("--memory", root.memory).packages["bash"][5:7], ["", "5.2-2"])
    root.write("etc/apt/apt.conf", 'APT::Get::Never-Include-Phased-Updates "true";')
    same(root.answer().packages["bash"][5:7], ["o", "5.2-2"])
    # A security update in between may not wait because a later one does.
    root.archive(packages=PACKAGES.replace("5.2-2", "5.2-1.1"), prefix=PREFIX.replace("oak_", "oak-security_"),
                 release={"Suite": "stable-security"})
    root.append("etc/apt/sources.list.d/oak.sources", "\n" + SOURCE.replace("oak\n", "oak-security\n"))
    root.archive(packages=PACKAGES.replace("Size: 1000", "Size: 1000\nPhased-Update-Percentage: 83"))
    same(root.answer().packages["bash"][5:7], ["", "5.2-2"])


def this_machines_turn_says_nothing_of_another_machine(root):
    root.archive(packages=PACKAGES.replace("Size: 1000", "Size: 1000\nPhased-Update-Percentage: 0"))
    root.write("etc/machine-id", "0123456789abcdef0123456789abcdef\n")
    same(root.answer().packages["bash"][5], "o")
    same(root.answer("--inventory", root.at("var/lib/dpkg/status")).packages["bash"][5], "")


def a_phase_policy_lowers_the_priority(root):
    root.archive(packages=PACKAGES.replace("Size: 1000", "Size: 1000\nPhased-Update-Percentage: 83\nSource: bash (5.1-6ubuntu1.1)"))
    root.write("etc/machine-id", "0123456789abcdef0123456789abcdef\n")
    root.write("etc/apt/apt.conf", 'APT::Get::Phase-Policy "true";')
    answer = root.answer()
    same(answer.versions[0], ("bash", "5.2-2", 1, "0"))
    same(answer.candidate("bash"), "5.2-1")


def foreign_packages_are_told(root):
    root.append("etc/apt/sources.list.d/oak.sources", "\n" + SOURCE.replace("oak\n", "vendor\n"))
    root.archive(packages="Package: tool\nArchitecture: amd64\nVersion: 1\n\nPackage: bash\nArchitecture: amd64\nVersion: 9\n",
                 release={"Origin": "Vendor", "Label": "Vendor"}, prefix=PREFIX.replace("oak_", "vendor_"))
    root.append("var/lib/dpkg/status", "\nPackage: tool\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n"
                "\nPackage: own\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n")
    answer = root.answer()
    same({name: row[5] for name, row in answer.packages.items()}, {"bash": "", "dpkg": "f", "own": "f", "tool": "f"})
    # Installed from the vendor, though the distribution has a newer one; and a version that both have.
    root.archive(packages="Package: bash\nArchitecture: amd64\nVersion: 5.2-1\n", prefix=PREFIX.replace("oak_", "vendor_"),
                 release={"Origin": "Vendor", "Label": "Vendor"})
    same(root.answer().packages["bash"][5], "f")
    root.write("var/lib/dpkg/status", STATUS.replace("5.2-1", "5.2-2"))
    root.archive(packages="Package: bash\nArchitecture: amd64\nVersion: 5.2-2\n", prefix=PREFIX.replace("oak_", "vendor_"),
                 release={"Origin": "Vendor", "Label": "Vendor"})
    same(root.answer().packages["bash"][5], "")
    root.archive(packages="Package: bash\nArchitecture: amd64\nVersion: 9\n", prefix=PREFIX.replace("oak_", "vendor_"),
                 release={"Origin": "Vendor", "Label": "Vendor"})
    # Installed from the vendor, newer than all that the distribution has, also when the vendor has moved on since.
    for version in ("9", "8"):
        root.write("var/lib/dpkg/status", STATUS.replace("5.2-1", version))
        same((version, root.answer().packages["bash"][5]), (version, "f"))


def a_version_that_nobody_has_is_the_distributions(root):
    root.write("var/lib/dpkg/status", STATUS.replace("5.2-1", "9"))  # its lists may be old, or it was built here
    same(root.answer().packages["bash"][5], "")


def without_believed_lists_nothing_is_called_foreign(root):
    shutil.rmtree(root.lists)
    answer = root.answer()
    same({row[5] for row in answer.packages.values()}, {""})


def other_architectures_have_their_own_lists(root):
    root.write("var/lib/dpkg/arch", "amd64\ni386\n")
    root.append("var/lib/dpkg/status", "\nPackage: bash\nStatus: install ok installed\nArchitecture: i386\nVersion: 5.2-1\n")
    same(root.answer().archives, [("verified", "")])  # that the archive has no i386 is no fault of the machine
    name, packages = "main/binary-i386/Packages", PACKAGES.replace("amd64", "i386").replace("5.2-2", "5.2-3")
    root.archive(packages=packages, name=name, listed={name: packages.encode(), "main/binary-amd64/Packages": PACKAGES.encode()})
    answer = root.answer()
    same(len(answer.archives), 2)
    same([row for row in answer.versions if row[0] == "bash"],
         [("bash", "5.2-2", 500, "0"), ("bash", "5.2-1", 100, ""), ("bash", "5.2-3", 500, "1"), ("bash", "5.2-1", 100, "")])


def flat_archives_have_one_list(root):
    root.write("etc/apt/sources.list", "deb [signed-by=/usr/share/keyrings/oak.gpg] http://mirror.example/flat ./\n")
    root.remove("etc/apt/sources.list.d/oak.sources")
    packages = PACKAGES + "\nPackage: bash\nArchitecture: i386\nVersion: 7\n"
    root.archive(packages=packages, prefix="mirror.example_flat_._", name="Packages")
    answer = root.answer()
    same(answer.archives, [("verified", "")])
    same(answer.candidate("bash"), "5.2-2")  # the one of another architecture is another package


def a_bare_status_is_judged_by_the_roots_lists(root):
    path = os.path.join(root.path, "elsewhere")
    with open(path, "w", encoding="utf-8") as file:
        file.write(STATUS.replace("5.2-1", "5.1-1"))
    root.write("var/lib/dpkg/updates/0000", "Package: bash\nStatus: install ok unpacked\nArchitecture: amd64\nVersion: 5.2-2\n")
    answer = root.answer("--inventory", path)
    same(answer.packages["bash"][3:7], ["5.1-1", "installed", "", "5.2-2"])


def a_broken_status_is_one_clear_line(root):
    root.write("var/lib/dpkg/status", STATUS + "\nnonsense\n")
    status, output, errors = root.run()
    same((status, output, errors.replace(root.path, "ROOT")),
         (1, "", "ROOT/var/lib/dpkg/status: line 11: \"nonsense\" is neither a field nor the continuation of one\n"))


def is_remembered(made, **more):
    """The memory says 5.2-7 where the list says 5.2-2: who answers is seen by the version."""
    return made.answer("--memory", made.memory, **more).candidate("bash") == "5.2-7"


def alter_memory(made):
    (name,) = os.listdir(made.memory)
    path = os.path.join(made.memory, name)
    with open(path, "rb") as file:
        content = file.read()
    assert content.count(b"5.2-2") == 1
    with open(path, "wb") as file:
        file.write(content.replace(b"5.2-2", b"5.2-7"))
    return path


def what_was_verified_is_remembered(root):
    first = root.answer("--memory", root.memory)
    (name,) = os.listdir(root.memory)
    same(os.stat(root.memory).st_mode & 0o777, 0o700)
    same(os.stat(os.path.join(root.memory, name)).st_mode & 0o777, 0o600)
    same(root.answer("--memory", root.memory).output, first.output)
    alter_memory(root)
    assert is_remembered(root)


def nothing_is_written_when_told_so(root):
    root.answer("--memory", root.memory, "--forget", "x")
    assert not os.path.exists(root.memory)
    root.answer("--memory", root.memory)
    alter_memory(root)
    same(root.answer("--memory", root.memory, "--forget", "x").candidate("bash"), "5.2-7")  # used, though


def what_has_changed_is_verified_anew(root):
    def touch(name):
        os.utime(root.at(name), ns=(1, time.time_ns()))

    lists = "var/lib/apt/lists/" + PREFIX
    changes = {
        "list": lambda: touch(lists + "main_binary-amd64_Packages"),
        "InRelease": lambda: touch(lists + "InRelease"),
        "source": lambda: root.append("etc/apt/sources.list.d/oak.sources", " /etc/apt/keyrings/more.gpg\n"),
        "keyring": lambda: root.write("usr/share/keyrings/oak.gpg", KEYS.gpg("--export", "publisher", "stranger")),
    }
    for name, change in changes.items():
        root.answer("--memory", root.memory)
        alter_memory(root)
        assert is_remembered(root)
        change()
        assert not is_remembered(root), name
        shutil.rmtree(root.memory)


def a_keyring_that_is_gone_takes_the_memory_with_it(root):
    root.answer("--memory", root.memory)
    root.write("usr/share/keyrings/oak.gpg", KEYS.gpg("--export", "stranger"))
    same(root.answer("--memory", root.memory).archives[0][0], "refused")
    root.remove("usr/share/keyrings/oak.gpg")
    same(root.answer("--memory", root.memory).archives[0][0], "refused")


def memory_that_others_can_write_is_not_believed(root):
    root.answer("--memory", root.memory)
    path = alter_memory(root)
    for mode in (0o620, 0o602):
        os.chmod(path, mode)
        same(root.answer("--memory", root.memory, "--forget", "x").candidate("bash"), "5.2-2")
    os.chmod(path, 0o600)
    assert is_remembered(root)


def a_users_memory_is_never_believed_by_root_nor_the_other_way(root):
    if os.geteuid() != 0:
        return
    nobody = pwd.getpwnam("nobody").pw_uid
    for folder in (os.path.dirname(os.path.dirname(root.path)), os.path.dirname(root.path)):
        os.chmod(folder, 0o755)
    root.answer("--memory", root.memory)
    path = alter_memory(root)
    os.chmod(root.memory, 0o755)
    os.chmod(path, 0o644)
    same(root.answer("--memory", root.memory, user="nobody").candidate("bash"), "5.2-2")
    os.chown(path, nobody, -1)
    same(root.answer("--memory", root.memory, "--forget", "x").candidate("bash"), "5.2-2")
    same(root.answer("--memory", root.memory, user="nobody").candidate("bash"), "5.2-7")


def broken_memory_is_only_a_loss(root):
    first = root.answer("--memory", root.memory)
    (name,) = os.listdir(root.memory)
    path = os.path.join(root.memory, name)
    with open(path, "rb") as file:
        whole = file.read()
    for size in range(0, len(whole), 29):
        with open(path, "wb") as file:
            file.write(whole[:size])
        same(root.answer("--memory", root.memory).output, first.output)
    for place in range(0, len(whole), 37):
        with open(path, "wb") as file:
            file.write(whole[:place] + bytes([whole[place] ^ 0xff]) + whole[place + 1:])
        same(root.run("--memory", root.memory, "--forget", "x")[0], 0)


def an_older_archive_is_told_and_not_remembered(root):
    root.archive(packages=PACKAGES.replace("5.2-2", "5.2-3"))
    root.answer("--memory", root.memory)
    root.archive(release={"Date": "Thu, 19 Nov 2026 08:00:00 UTC"})
    for _ in range(2):
        same(root.answer("--memory", root.memory).archives,
             [("verified", "is older than what was here before: its mirror has gone back in time")])


def the_newer_of_two_folders_counts(root):
    own = os.path.join(root.path, "own")
    newer = {"Date": "Sat, 21 Nov 2026 08:00:00 UTC"}
    root.archive(packages=PACKAGES.replace("5.2-2", "5.2-4"), release=newer, folder=own)
    for _ in range(2):
        same(root.answer("--own", own, "--memory", root.memory).candidate("bash"), "5.2-4")
    same(root.answer().candidate("bash"), "5.2-2")
    root.archive(packages=PACKAGES.replace("5.2-2", "5.2-4"), release={"Date": "Thu, 19 Nov 2026 08:00:00 UTC"}, folder=own)
    same(root.answer("--own", own).candidate("bash"), "5.2-2")
    # The newer one counts only when it holds.
    root.archive(packages=PACKAGES.replace("5.2-2", "5.2-4"), release=newer, folder=own, signer="stranger")
    same(root.answer("--own", own).candidate("bash"), "5.2-2")
    root.archive(packed=b"x", release=newer, folder=own)
    same(root.answer("--own", own).candidate("bash"), "5.2-2")
    shutil.rmtree(root.lists)
    root.archive(packages=PACKAGES.replace("5.2-2", "5.2-4"), folder=own)
    same(root.answer("--own", own).candidate("bash"), "5.2-4")


def main():
    global KEYS
    tests = [value for name, value in globals().items()
             if callable(value) and getattr(value, "__code__", None) and value.__code__.co_varnames[:1] == ("root",)
             and value.__code__.co_argcount == 1]
    failed = 0
    with tempfile.TemporaryDirectory(prefix="suture-apt-roots-") as top:
        KEYS = Keys(top)
        try:
            for number, test in enumerate(tests):
                folder = os.path.join(top, str(number))
                os.makedirs(folder)
                try:
                    test(Root(folder))
                except (AssertionError, OSError) as error:
                    failed += 1
                    print(f"FAILED {test.__name__.replace('_', ' ')}: {error}")
        finally:
            KEYS.end()
    print(f"{len(tests) - failed} of {len(tests)} hold")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
