#!/usr/bin/env python3
"""Deltas of packages by suture and by the public tools, in one run: bytes, CPU, memory, and whether the marks are reached.

    bench/delta/compare.py [FOLDER...] [--tools NAME,...] [--only PACKAGE,...] [--suture PROGRAM] [--plot FILE.svg]
                           [--table FILE.tsv] [--jobs N] [--fresh]

FOLDER holds pairs of .debs (default: ../shared/data/deb-pairs): those of its sizes.tsv, else each version of a package with the next.
Every result is put together again and its SHA-256 compared: suture's and debdelta's with the vendor's .deb, the others' with
its data.tar. What a tool made is remembered by the digests of the pair (in ~/.cache/suture-build/delta-tools), so only
suture runs each time; --fresh measures all anew. A tool that is not installed is named and has no column. CPU is user and
system time of all processes, peak is what the largest of them had resident. HDiffPatch and the prototype are columns of sizes.tsv."""
import argparse
import os
import shutil
import statistics
import sys
import tempfile

import ours
import plot
import tools
from pairs import pairs_of

HERE = os.path.dirname(os.path.abspath(__file__))
OUTLIER = "vlc-l10n"    # two thirds of the sum of the pairs that we are measured by
KNOWN = ("HDiffPatch", "prototype")


class Row:
    def __init__(self, pair, raw, results):
        self.pair, self.raw, self.results = pair, raw, results

    def size(self, name):
        if name == "full":
            return self.pair.full
        if name in KNOWN:
            return self.pair.known.get(name)
        return self.results[name].size if self.results.get(name) else None

    def best(self):
        """(size, name) of the smallest delta of a tool that anyone can have."""
        sizes = [(self.size(name), name) for name in (*tools.TOOLS, "HDiffPatch") if self.size(name)]
        return min(sizes) if sizes else (None, None)

    @property
    def suture(self):
        return self.results.get("suture")


def measure(pair, names, chosen, scratch, installed=None):
    """installed: as of ours.measure."""
    folder = tempfile.mkdtemp(dir=scratch)
    try:
        unpacked, results = tools.Unpacked(pair, folder), {}
        for name in names:
            try:
                results[name] = tools.measure(pair, name, unpacked, chosen.fresh)
            except tools.Failed as problem:
                print(f"{pair.name}: {problem}", file=sys.stderr)
        raw = tools.raw_size(pair, unpacked)
        if chosen.suture:
            try:
                results["suture"] = ours.measure(pair, chosen.suture, folder, chosen.jobs, installed)
            except tools.Failed as problem:
                print(f"{pair.name}: {problem}", file=sys.stderr)
        return Row(pair, raw, results)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# ---- tables ----

def cell(value, form="{:,}"):
    return form.format(value) if value is not None else "-"


def show(heads, lines):
    widths = [max(len(line[i]) for line in [heads, *lines]) for i in range(len(heads))]
    for line in [heads, *lines]:
        print("  ".join(text.ljust(width) if i == 0 else text.rjust(width) for i, (text, width) in enumerate(zip(line, widths))).rstrip())
    print()


def ratio(one, other):
    return one / other if one is not None and other else None


def both(rows, one, other):
    """Sums of two columns over the rows that have both."""
    pairs = [(row.size(one), row.size(other)) for row in rows if row.size(one) is not None and row.size(other) is not None]
    return sum(a for a, _ in pairs), sum(b for _, b in pairs), len(pairs)


def show_sizes(rows, names):
    columns = ["full", *names, *(name for name in KNOWN if any(row.size(name) for row in rows)), "suture"]
    lines = []
    for row in rows:
        best, _ = row.best()
        lines.append([row.pair.name, *(cell(row.size(name)) for name in columns), cell(ratio(row.size("suture"), row.pair.full), "{:.2%}"),
                      cell(ratio(row.size("suture"), row.size("HDiffPatch")), "{:.3f}"), cell(ratio(row.size("suture"), best), "{:.3f}")])
    for title, some in (("sum", rows), (f"without {OUTLIER}", [row for row in rows if row.pair.name != OUTLIER])):
        if title == "sum" or len(some) < len(rows):
            sums = [sum(row.size(name) for row in some) if all(row.size(name) for row in some) else None for name in columns]
            mine, other, count = both(some, "suture", "HDiffPatch")
            best = [row.best()[0] for row in some]
            lines.append([title, *(cell(size) for size in sums), cell(ratio(sums[-1], sums[0]), "{:.2%}"),
                          cell(ratio(mine, other) if count else None, "{:.3f}"), cell(ratio(sums[-1], sum(best)) if all(best) else None, "{:.3f}")])
    lines.append(["median of shares", *(median_share(rows, name) for name in columns), "", median_ratio(rows, "HDiffPatch"),
                  cell(median(ratio(row.size("suture"), row.best()[0]) for row in rows), "{:.3f}")])
    show(["package (bytes)", *columns, "of full", "of HDiffPatch", "of best tool"], lines)


def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def median_share(rows, name):
    return cell(median(ratio(row.size(name), row.pair.full) for row in rows), "{:.2%}")


def median_ratio(rows, name):
    return cell(median(ratio(row.size("suture"), row.size(name)) for row in rows), "{:.3f}")


def speed(rows, name, way):
    """MB raw per CPU second over all."""
    costs = [(row.raw, getattr(row.results[name], way).seconds) for row in rows if row.results.get(name)]
    return ratio(sum(raw for raw, _ in costs) / 1e6, sum(seconds for _, seconds in costs)) if costs else None


def part_speed(rows, *parts):
    costs = [(row.raw, sum(row.suture.parts.get(part, 0) for part in parts)) for row in rows if row.suture]
    return ratio(sum(raw for raw, _ in costs) / 1e6, sum(seconds for _, seconds in costs)) if costs else None


def seconds_of(result, part):
    return cell(result.parts.get(part), "{:.2f}")


def show_costs(rows, names):
    lines = []
    for row in (row for row in rows if row.suture):
        mine, parts = row.suture, row.suture.parts
        lines.append([row.pair.name, f"{row.raw / 1e6:.1f}", f"{mine.encode.seconds:.2f}", seconds_of(mine, "encode"), f"{mine.encode.peak / 1e3:.0f}",
                      f"{mine.decode.seconds:.2f}", seconds_of(mine, "open"), seconds_of(mine, "decode"), seconds_of(mine, "pack"),
                      f"{mine.decode.peak / 1e3:.0f}", cell(ratio(row.raw / 1e6, parts.get("encode")), "{:.1f}"),
                      cell(ratio(row.raw / 1e6, parts.get("open", 0) + parts.get("decode", 0)), "{:.0f}")])
    if lines:
        show(["suture", "MB raw", "create CPU s", "windows", "peak MB", "apply CPU s", "old files", "windows", "packing", "peak MB",
              "MB/s encode", "MB/s decode"], lines)
    lines = []
    for name in [*names, "suture"]:
        results = [row.results[name] for row in rows if row.results.get(name)]
        if results:
            lines.append([name, str(len(results)), f"{sum(r.encode.seconds for r in results):.1f}", cell(speed(rows, name, "encode"), "{:.1f}"),
                          f"{max(r.encode.peak for r in results) / 1e3:.0f}", f"{sum(r.decode.seconds for r in results):.1f}",
                          cell(speed(rows, name, "decode"), "{:.0f}"), f"{max(r.decode.peak for r in results) / 1e3:.0f}"])
    show(["all pairs", "pairs", "create CPU s", "MB raw/CPU-s", "peak MB", "apply CPU s", "MB raw/CPU-s", "peak MB"], lines)


def write_table(rows, names, path):
    fields = ["size", "create_cpu_s", "create_peak_kb", "apply_cpu_s", "apply_peak_kb"]
    with open(path, "w", encoding="utf-8") as file:
        heads = [f"{name}:{field}" for name in [*names, "suture"] for field in fields]
        file.write("\t".join(["package", "raw", "full", *KNOWN, *heads, *("suture:" + part for part in ours.PARTS)]) + "\n")
        for row in rows:
            cells = [row.pair.name, str(row.raw), str(row.pair.full), *(cell(row.size(name), "{}") for name in KNOWN)]
            for name in [*names, "suture"]:
                result = row.results.get(name)
                cells += [str(result.size), f"{result.encode.seconds:.3f}", str(result.encode.peak), f"{result.decode.seconds:.3f}",
                          str(result.decode.peak)] if result else ["-"] * len(fields)
            cells += [cell(row.suture.parts.get(part) if row.suture else None, "{:.3f}") for part in ours.PARTS]
            file.write("\t".join(cells) + "\n")


# ---- marks ----

def mark(name, value, bound, most=True):
    if value is None:
        return f"  not known   {name}"
    held = value <= bound if most else value >= bound
    return f"  {'holds    ' if held else 'NOT HELD '}   {name}: {value:.3f} ({'at most' if most else 'at least'} {bound})"


def show_marks(rows, names):
    rest = [row for row in rows if row.pair.name != OUTLIER]
    sum_of = lambda some, name: ratio(*both(some, "suture", name)[:2])    # noqa: E731
    worst = max(((ratio(row.size("suture"), row.best()[0]), row) for row in rows if row.suture and row.best()[0]), key=lambda pair: pair[0],
                default=(None, None))
    print("marks")
    print(f"  {sum(1 for row in rows if row.suture)} of {len(rows)} packages put together again to the vendor's SHA-256")
    print(mark("sum, of HDiffPatch's", sum_of(rows, "HDiffPatch"), 0.45))
    for name in names:
        print(mark(f"sum, of {name}'s", sum_of(rows, name), 1.0))
    print(mark("median pair, of HDiffPatch's", median(ratio(row.size("suture"), row.size("HDiffPatch")) for row in rows), 0.25))
    print(mark(f"sum without {OUTLIER}, of HDiffPatch's", sum_of(rest, "HDiffPatch"), 0.25))
    print(mark("worst pair, of the best tool's" + (f" ({worst[1].pair.name})" if worst[1] else ""), worst[0], 1.02))
    print(mark("sum, of the prototype's", sum_of(rows, "prototype"), 0.9))
    print(mark("decoding, old files read and opened, packing apart: MB raw per CPU second", part_speed(rows, "open", "decode"), 150, most=False))
    print(mark("encoding: MB raw per CPU second", part_speed(rows, "encode"), 3, most=False))


def plotted(rows):
    return [{"name": row.pair.name, "full": row.pair.full, "best": row.best()[0], "best_name": row.best()[1], "ours": row.size("suture")}
            for row in rows if row.suture]


def add_arguments(parser):
    parser.add_argument("--tools", default=",".join(tools.TOOLS), help="names, or none")
    parser.add_argument("--only", help="these packages")
    parser.add_argument("--suture", default="build/suture", help="the program, or none")
    parser.add_argument("--plot")
    parser.add_argument("--table")
    parser.add_argument("--jobs", type=int, default=1, help="threads of suture; its CPU time is the sum of all")
    parser.add_argument("--fresh", action="store_true", help="the tools too")


def chosen_tools(parser, chosen):
    """Names of the tools that are here; chosen.suture becomes an absolute path or None."""
    chosen.suture = None if chosen.suture == "none" else os.path.abspath(chosen.suture)
    if chosen.suture and not os.access(chosen.suture, os.X_OK):
        parser.error(f"--suture: {chosen.suture} cannot be run; build first")
    names = []
    for name in chosen.tools.split(","):
        if name in ("", "none"):
            continue
        if name not in tools.TOOLS:
            parser.error(f"--tools knows {', '.join(tools.TOOLS)}, not {name}")
        if tools.missing(name):
            print(f"{name}: no column, for the package {tools.missing(name)} is not installed", file=sys.stderr)
        else:
            names.append(name)
    return names


def progress(number, pairs):
    if sys.stderr.isatty():
        told = "" if number is None else f"{number + 1} of {len(pairs)}: {pairs[number].name}"
        print(f"\r{told}\033[K", end="", file=sys.stderr, flush=True)


def write_files(rows, names, chosen, title):
    if chosen.table:
        write_table(rows, names, chosen.table)
    if chosen.plot and plotted(rows):
        plot.plot(plotted(rows), title, chosen.plot)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", default=[os.path.join(HERE, "../../../shared/data/deb-pairs")])
    add_arguments(parser)
    chosen = parser.parse_args()
    names = chosen_tools(parser, chosen)
    pairs = [pair for folder in chosen.folders for pair in pairs_of(folder)]
    pairs = [pair for pair in pairs if chosen.only is None or pair.name in chosen.only.split(",")]
    if not pairs:
        parser.error("there are no pairs of packages")
    scratch, rows = tempfile.mkdtemp(prefix="suture-bench-"), []
    try:
        for number, pair in enumerate(pairs):
            progress(number, pairs)
            rows.append(measure(pair, names, chosen, scratch))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    progress(None, pairs)
    show_sizes(rows, names)
    show_costs(rows, names)
    show_marks(rows, names)
    write_files(rows, names, chosen, f"What an update fetches: {len(plotted(rows))} packages")


if __name__ == "__main__":
    main()
