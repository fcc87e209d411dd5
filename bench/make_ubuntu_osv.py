#!/usr/bin/env python3
"""Makes OSV records of the Ubuntu CVE tracker's rows, one for each CVE, in one zip: the largest feed there is to measure with.

    make_ubuntu_osv.py FOLDER OUT.zip [START]

FOLDER holds status.tsv.zst (CVE, release, source package, status, version or note) and priority.tsv.zst (CVE, priority);
START takes only CVEs whose names begin so.
The records are shaped as Ubuntu publishes its own, and keep what a range cannot say in ecosystem_specific:
{"status": "not-affected" | "ignored" | "pending" | "deferred" | "undetermined" | "needs-triage", "note": ...}.
"""

import itertools
import json
import re
import subprocess
import sys
import zipfile

NUMBERS = dict(
    dapper="6.06", edgy="6.10", feisty="7.04", gutsy="7.10", hardy="8.04", intrepid="8.10", jaunty="9.04", karmic="9.10",
    lucid="10.04", maverick="10.10", natty="11.04", oneiric="11.10", precise="12.04", quantal="12.10", raring="13.04",
    saucy="13.10", trusty="14.04", utopic="14.10", vivid="15.04", wily="15.10", xenial="16.04", yakkety="16.10",
    zesty="17.04", artful="17.10", bionic="18.04", cosmic="18.10", disco="19.04", eoan="19.10", focal="20.04",
    groovy="20.10", hirsute="21.04", impish="21.10", jammy="22.04", kinetic="22.10", lunar="23.04", mantic="23.10",
    noble="24.04")
LTS = {"6.06", "8.04", "10.04", "12.04", "14.04", "16.04", "18.04", "20.04", "22.04", "24.04"}
# The part of a release's name that is no codename, and Ubuntu's word for it in OSV. esm-infra and esm-apps are two halves of one.
LINES = {"esm": "Pro", "esm-infra": "Pro", "esm-apps": "Pro", "fips": "Pro:FIPS", "fips-updates": "Pro:FIPS-updates",
         "ros-esm": "Pro:ROS", "stable-phone-overlay": "Touch", "ubuntu-core": "Core"}
DROPPED = {"upstream", "devel", "snap"}
SAID = {"not-affected", "ignored", "pending", "deferred"}
VERSION = re.compile(r"[0-9A-Za-z.][A-Za-z0-9.+:~-]*")
# Of the tracker's commit that the rows were taken from.
MODIFIED = "2024-02-16T23:42:43Z"


def rows(path):
    """The rows of a packed table, split."""
    with subprocess.Popen(["zstd", "-dcq", path], stdout=subprocess.PIPE, encoding="utf-8") as process:
        for line in process.stdout:
            yield line.rstrip("\n").split("\t")
    if process.returncode != 0:
        sys.exit(f"{path}: cannot be unpacked")


def ecosystem(release):
    """Ubuntu:22.04:LTS for jammy, Ubuntu:Pro:16.04:LTS for esm-infra/xenial and trusty/esm."""
    codename = next(part for part in release.split("/") if part in NUMBERS)
    line = next((LINES[part] for part in release.split("/") if part in LINES), None)
    number = NUMBERS[codename]
    return ":".join(["Ubuntu"] + ([line] if line else []) + [number] + (["LTS"] if number in LTS else []))


def affected(release, package, status, note):
    """One row as an element of `affected`."""
    events = [{"introduced": "0"}]
    said = None
    if status == "released" and VERSION.fullmatch(note):
        events.append({"fixed": note})
    elif status == "released":
        said = {"status": "undetermined", "note": ("released " + note).strip()}
    elif status in SAID or status == "needs-triage":
        said = {"status": status, "note": note} if note else {"status": status}
    element = {"package": {"ecosystem": release, "name": package}}
    if status not in ("not-affected", "ignored"):
        element["ranges"] = [{"type": "ECOSYSTEM", "events": events}]
    if said:
        element["ecosystem_specific"] = said
    return element


def record(cve, priority, of_cve):
    """The whole record, or None when nothing of it is about a release."""
    elements = [affected(ecosystem(release), package, status, note.strip())
                for _, release, package, status, note in of_cve if release not in DROPPED]
    if not elements:
        return None
    made = {"schema_version": "1.7.0", "id": "UBUNTU-" + cve, "aliases": [], "upstream": [cve], "related": []}
    if priority and priority != "untriaged":
        made["severity"] = [{"type": "Ubuntu", "score": priority}]
    made["modified"] = MODIFIED
    made["affected"] = elements
    return made


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: make_ubuntu_osv.py FOLDER OUT.zip [START]")
    folder, out, start = (sys.argv[1:] + [""])[:3]
    priorities = dict(rows(f"{folder}/priority.tsv.zst"))
    count = size = 0
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for cve, of_cve in itertools.groupby(rows(f"{folder}/status.tsv.zst"), key=lambda row: row[0]):
            made = record(cve, priorities.get(cve), of_cve) if cve.startswith(start) else None
            if made is None:
                continue
            text = json.dumps(made, indent=2)
            member = zipfile.ZipInfo(f"osv/cve/{cve[4:8]}/UBUNTU-{cve}.json", (2024, 2, 16, 0, 0, 0))
            member.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(member, text)
            count, size = count + 1, size + len(text)
    print(f"{out}: {count} records, {size / 1e6:.1f} MB unpacked")


if __name__ == "__main__":
    main()
