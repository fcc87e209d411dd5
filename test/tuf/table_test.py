#!/usr/bin/python3
"""The table of the public suite's behaviours: whole, without doubles, and each row names a test that is there and is run.

    table_test.py FILE...   the files that are run, as meson.build has them

That a row's test not only is there but held, its own file sees to when it runs (behaviour.main)."""
import importlib
import os
import sys
import unittest

import behaviour

COUNT = 114  # tests of the suite as it counts them, cases each for itself


class Table(unittest.TestCase):
    rows = list(behaviour.table())

    def test_count(self):
        self.assertEqual(len(self.rows), COUNT)

    def test_no_doubles(self):
        for name, values in (("theirs", [row[:2] for row in self.rows]), ("ours", [row[2:] for row in self.rows])):
            self.assertEqual(sorted(values), sorted(set(values)), name)

    def test_each_is_there(self):
        for _, _, file, name in self.rows:
            kind, method = name.split(".")
            self.assertTrue(callable(getattr(getattr(importlib.import_module(file), kind), method, None)), name)

    def test_each_is_run(self):
        run = {os.path.basename(file)[:-len(".py")] for file in sys.argv[1:]}
        self.assertEqual({row[2] for row in self.rows} - run, set())

    def test_each_is_named_after_the_behaviour(self):
        for _, theirs, _, ours in self.rows:
            theirs = theirs.split("[")[0].replace("initialzation", "initialization").removesuffix("_unittest")
            self.assertEqual(ours.split(".")[1].split("__")[0], theirs)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
