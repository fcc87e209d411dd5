#!/usr/bin/env python3
"""tools/check_floors must see each wrong include, or the one rule of the house is not kept by anybody."""
import os
import subprocess
import sys
import tempfile

TOOL = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tools", "check_floors")

CASES = [
    ("down is fine", {"cli/a.c": "flow/b.h", "flow/b.h": "base/c.h", "base/c.h": ""}, None),
    ("up", {"base/a.c": "model/b.h"}, 'src/base/a.c: #include "model/b.h" runs up'),
    ("sideways between steps", {"identify/a.c": "evaluate/b.h"}, 'src/identify/a.c: #include "evaluate/b.h" runs sideways'),
    ("sideways between doors", {"manager/a.h": "store/b.h"}, 'src/manager/a.h: #include "store/b.h" runs sideways'),
    ("unknown folder", {"misc/a.c": "base/b.h"}, 'src/misc/a.c: #include "base/b.h" comes from misc, which stands on no floor'),
    ("no folder", {"cli/a.c": "b.h"}, 'src/cli/a.c: #include "b.h" is no FOLDER/FILE of src/'),
    ("circle", {"model/a.h": "model/b.h", "model/b.h": "model/a.h"}, "headers in a circle: model/a.h -> model/b.h -> model/a.h"),
]


def run(files):
    with tempfile.TemporaryDirectory() as root:
        for path, included in files.items():
            os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(f'#include "{included}"\n' if included else "")
        done = subprocess.run([TOOL, root], capture_output=True, text=True, check=False)
        return done.returncode, done.stdout.strip()


failed = 0
for name, files, expected in CASES:
    status, said = run(files)
    if (status, said) != ((1, expected) if expected else (0, "")):
        print(f"{name}: exit {status}, {said!r}, expected {expected!r}")
        failed += 1
print(f"{len(CASES) - failed} passed, {failed} failed")
sys.exit(failed > 0)
