#!/usr/bin/env python3
"""tools/check_makers must see each way to make a trusted artifact; and our own sources have none but the one."""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TOOL = os.path.join(HERE, "..", "tools", "check_makers")

CASES = [
    ("pointing is fine", "deploy/a.c", "bool f(const struct trusted_artifact *a) { return a->basis == TRUST_ARCHIVE; }", True),
    ("room is fine", "flow/a.c", "struct trusted_artifact got; struct trusted_artifact none = {0}, empty = {};", True),
    ("a test may", "deploy/a_test.c", "struct trusted_artifact a = {.basis = TRUST_ARCHIVE};", True),
    ("the maker may", "acquire/trust_check.c", "struct trusted_artifact a = {.basis = TRUST_ARCHIVE};", True),
    ("a comment may", "flow/a.c", "/* (struct trusted_artifact){.basis = TRUST_ARCHIVE} */", True),
    ("an initializer", "flow/a.c", "\nstruct trusted_artifact a = {.name = name};", False),
    ("an array", "flow/a.c", "\nstruct trusted_artifact a[2] = {{.size = 1}};", False),
    ("a literal", "flow/a.c", "\n*out = (struct trusted_artifact){.size = 1};", False),
    ("a field", "flow/a.c", "\na.basis = what;", False),
    ("a field by pointer", "flow/a.c", "\na->basis = what;", False),
    ("a basis", "flow/a.c", "\nenum trust_basis b = TRUST_WAS_INSTALLED;", False),
]


def run(*arguments):
    done = subprocess.run([TOOL, *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.strip()


failed = 0
for name, path, content, fine in CASES:
    with tempfile.TemporaryDirectory() as root:
        os.makedirs(os.path.join(root, os.path.dirname(path)))
        with open(os.path.join(root, path), "w", encoding="utf-8") as file:
            file.write(content)
        expected = (0, "") if fine else (1, f"src/{path}:2: makes a struct trusted_artifact; only acquire/trust_check.c may")
        if run(root) != expected:
            print(f"{name}: {run(root)}, expected {expected}")
            failed += 1
status, said = run()
if status != 0:
    print(said)
    failed += 1
print(f"{len(CASES) + 1 - failed} passed, {failed} failed")
sys.exit(failed > 0)
