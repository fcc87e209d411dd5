#!/usr/bin/env python3
"""What the updates of a whole Debian system cost as deltas from its installed files, on a made root of test/system.

    bench/delta/root.py [SIZE] [--tools NAME,...] [--build FOLDER] [--plot FILE.svg] [--table FILE.tsv] [--only PACKAGE,...]

The root is at the versions of Debian's main archive (SIZE: large, some 620 packages); its updates are what the security archive
has beyond them. The old .debs are fetched by their versions, for making the deltas and for the public tools; nothing is
installed. Each delta is applied in the machine with --installed: what comes out has the SHA-256 that the archive's signed
list names, or a refusal is shown with its reason and counts as a full download. The tools have the old .debs, which no machine keeps."""
import argparse
import os
import shutil
import sys
import tempfile

import compare
import ours
import plot
import tools
from pairs import Pair, digest_of

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../../test/system"))
import roots  # noqa: E402
from machine import PATH, Absent, Machine  # noqa: E402


def updates(machine):
    """[(paragraph of the installed version, of its update)] by name; those whose old paragraph no list has are left out."""
    changed = {name.split(":")[0]: versions for name, versions in machine.apt_updates()[0].items()}
    found = {name: [None, None] for name in changed}
    for fields in machine.lists():
        name = fields["Package"]
        for side in (0, 1):
            if name in changed and fields["Version"] == changed[name][side]:
                found[name][side] = fields
    return [tuple(found[name]) for name in sorted(found) if all(found[name])], len(changed)


def fetch(cache, wanted):
    """Paths of the packages, in the roots' archive or fetched into the cache beside it."""
    sources, paths, absent = roots.mirrors(roots.codename()), [], []
    folders = {suite: (folder, uri) for folder, (uri, suite) in sources.items()}
    for fields in wanted:
        folder, uri = folders[fields["suite"]]
        kept = cache.path("archive", folder, fields["Filename"])
        if not os.path.exists(kept):
            kept = os.path.join(tools.CACHE, "debs", os.path.basename(fields["Filename"]))
        if not os.path.exists(kept):
            os.makedirs(os.path.dirname(kept), exist_ok=True)
            absent.append((f"{uri}/{fields['Filename']}", kept, "SHA256:" + fields["SHA256"]))
        paths.append(kept)
    roots.download(absent)
    return paths


class Installed:
    """apply --installed in the machine, in place of a pair's own apply."""

    def __init__(self, machine):
        self.machine, self.refused = machine, []
        os.makedirs(machine.path("root/deltas"))

    def apply(self, pair, delta):
        """(cost, what it told), or None, with the reason in refused."""
        inside = "/root/deltas/" + pair.name
        out = self.machine.path(inside + ".deb")
        shutil.copyfile(delta, self.machine.path(inside))
        words = ["suture", "delta", "apply", "--installed", "--format", "json", inside, inside + ".deb"]
        try:
            cost, told = tools.run(self.machine.command(words), environment={"PATH": PATH, "HOME": "/root"})
            if digest_of(out) != digest_of(pair.new):
                raise AssertionError(f"{pair.name}: another file was made")
            return cost, told
        except tools.Failed as problem:
            if os.path.exists(out):
                raise AssertionError(f"{pair.name}: it was refused, and a file is there") from None
            self.refused.append((pair, str(problem)))
            return None
        finally:
            for path in (out, self.machine.path(inside)):
                if os.path.exists(path):
                    os.remove(path)


def measure(pairs, names, chosen, machine):
    installed, rows, scratch = Installed(machine), [], tempfile.mkdtemp(prefix="suture-bench-")
    try:
        for number, pair in enumerate(pairs):
            compare.progress(number, pairs)
            rows.append(compare.measure(pair, names, chosen, scratch, lambda delta, pair=pair: installed.apply(pair, delta)))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    compare.progress(None, pairs)
    return rows, installed.refused


def show(rows, refused, left_out):
    missing = {pair.name for pair, _ in refused} | {row.pair.name for row in rows if not row.suture}
    whole = [row for row in rows if row.pair.name not in missing]
    full = sum(row.pair.full for row in rows)
    ours_sum = sum(row.pair.full if row.pair.name in missing else row.size("suture") for row in rows)
    best = [row.best()[0] for row in rows]
    print("root")
    print(f"  {len(rows)} updates, {full / 1e6:.1f} MB in full; {left_out} more have no old package in the archive")
    print(f"  {len(rows) - len(missing)} rebuilt from installed files to the SHA-256 of the signed list, {len(refused)} refused")
    print(f"  fetched: {ours_sum / 1e6:.2f} MB, {ours_sum / full:.2%} of full" +
          (f"; the best tool for each package: {sum(best) / 1e6:.2f} MB, {sum(best) / full:.2%}" if all(best) else ""))
    cost = sum(row.suture.decode.seconds for row in whole)
    if whole and cost:
        print(f"  in {cost:.0f} CPU seconds ({sum(row.raw for row in whole) / 1e6 / cost:.1f} MB raw/CPU-s), nearly all packing; the largest process had"
              f" {max(row.suture.decode.peak for row in whole) / 1e3:.0f} MB")
    for pair, why in refused:
        print(f"  refused {pair.name}: {why}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("size", nargs="?", default="large", choices=list(roots.SIZES))
    parser.add_argument("--build", default="build")
    compare.add_arguments(parser)
    chosen = parser.parse_args()
    os.environ["SUTURE_BUILD"] = os.path.abspath(chosen.build)
    names = compare.chosen_tools(parser, chosen)
    try:
        with Machine(chosen.size) as machine:
            wanted, all_count = updates(machine)
            wanted = [(old, new) for old, new in wanted if chosen.only is None or new["Package"] in chosen.only.split(",")]
            olds, news = fetch(machine.cache, [old for old, _ in wanted]), fetch(machine.cache, [new for _, new in wanted])
            pairs = [Pair(new["Package"], one, other) for (_, new), one, other in zip(wanted, olds, news)]
            rows, refused = measure(pairs, names, chosen, machine)
    except Absent as problem:
        sys.exit(f"no made root: {problem}")
    compare.show_sizes(rows, names)
    compare.show_costs(rows, names)
    show(rows, refused, all_count - len(wanted) if chosen.only is None else 0)
    compare.write_files(rows, names, chosen, f"What {len(rows)} pending updates of one machine fetch")


if __name__ == "__main__":
    main()
