#!/usr/bin/python3
"""Delegations: in which order roles are asked, which of them speak for a path, and names that no file should have."""
import urllib.parse

import behaviour
from behaviour import each


class To:
    """One delegation."""

    def __init__(self, delegator, role, paths=("*",), terminating=False):
        self.delegator, self.role, self.paths, self.terminating = delegator, role, paths, terminating


TO_A, TO_B = To("targets", "A"), To("targets", "B")
A_PYTHON = To("targets", "A", ["*.py"])
GRAPHS = {  # delegations in order, and who is asked in which order when nobody knows the path
    "basic-delegation": ([TO_A], "A"),
    "single-level-delegations": ([TO_A, TO_B], "AB"),
    "two-level-delegations": ([TO_A, TO_B, To("B", "C")], "ABC"),
    "two-level-test-DFS-order-of-traversal": ([TO_A, TO_B, To("A", "C"), To("A", "D")], "ACDB"),
    "three-level-delegation-test-DFS-order-of-traversal": ([TO_A, TO_B, To("A", "C"), To("C", "D")], "ACDB"),
    "two-level-terminating-ignores-all-but-roles-descendants":
        ([TO_A, TO_B, To("A", "C", terminating=True), To("A", "D")], "AC"),
    "three-level-terminating-ignores-all-but-roles-descendants":
        ([TO_A, TO_B, To("A", "C", terminating=True), To("C", "D")], "ACD"),
    "two-level-ignores-all-branches-not-matching-paths": ([A_PYTHON, TO_B, To("A", "C")], "B"),
    "three-level-ignores-all-branches-not-matching-paths":
        ([TO_A, TO_B, To("A", "C", ["*.py"]), To("C", "D")], "AB"),
    "cyclic-graph": ([TO_A, TO_B, To("B", "C"), To("C", "D"), To("D", "B")], "ABCD"),
    "two-roles-delegating-to-a-third": ([TO_A, TO_B, To("B", "C"), To("A", "C")], "ACB"),
    "two-roles-delegating-to-a-third-different-paths":
        ([TO_A, TO_B, To("B", "C"), To("A", "C", ["*.py"])], "ABC"),
}
TREE = [To("targets", "A", ["*.doc", "*.md", "foo-?.tgz"]), To("targets", "B", ["releases/*/*"]),
        To("B", "C", ["releases/x/*"]), To("B", "D", ["releases/y/*.zip"])]
FILES = [("targets", "targetfile"), ("A", "README.md"), ("A", "releases/README.md"), ("A", "foo-1.tgz"),
         ("A", "foo-alpha.tgz"), ("C", "releases/x/x_v1"), ("D", "releases/y/y_v1.zip"), ("D", "releases/z/z_v1.zip")]
SEARCHES = {  # path, whether it is found, who is asked
    "no delegations": ("targetfile", True, ""),
    "targetpath matches wildcard": ("README.md", True, "A"),
    "targetpath with separators x": ("releases/x/x_v1", True, "BC"),
    "targetpath with separators y": ("releases/y/y_v1.zip", True, "BD"),
    "targetpath is not delegated by all roles in the chain": ("releases/z/z_v1.zip", False, "B"),
    "wildcard does not match path separator": ("releases/README.md", False, ""),
    "targetpath matches question mark wildcard": ("foo-1.tgz", True, "A"),
    "targetpath does not match question mark wildcard": ("foo-alpha.tgz", False, ""),
    "targetpath matching is case sensitive": ("README.MD", False, ""),
}


class Graph(behaviour.Behaviour):
    def build(self, delegations, files=()):
        roles = {}  # as a set, in order
        for each_one in delegations:
            self.repository.delegate(each_one.delegator, each_one.role, each_one.paths, each_one.terminating)
            roles[each_one.role] = roles[each_one.delegator] = True
        for role, path in files:
            self.repository.add_target(role, f"{path} of {role}".encode(), path)
        self.repository.publish(*roles, "snapshot", "timestamp")

    def assert_asked(self, roles):
        """After the top level, these, each in its first version."""
        self.assertEqual(self.repository.asked[4:], [(role, 1) for role in roles])

    @each(GRAPHS)
    def test_graph_traversal(self, case):
        """Each role once, before its delegations, in the order in which they stand."""
        delegations, order = case
        self.build(delegations)
        self.refuses(self.client.download("missingpath"))
        self.assert_asked(order)

    @each(SEARCHES)
    def test_targetfile_search(self, case):
        path, found, order = case
        self.build(TREE, FILES)
        done = self.client.download(path)
        if found:
            self.holds(done)
            self.assertEqual(self.client.downloaded(), [self.repository.served[path].data])
        else:
            self.refuses(done)
            self.assertEqual(self.client.downloaded(), [])
        self.assert_asked(order)

    def test_cached_role_is_verified_against_current_delegator(self):
        """Two parents give one role's name to different keys; what the one's key signed is not the other's word, in the
        same run too."""
        for team in "ab":
            self.repository.delegate("targets", f"parent-{team}", [f"team-{team}/*"])
            key = self.repository.delegate(f"parent-{team}", "release", [f"team-{team}/*"])
        del self.repository.signers["release"][key.id]
        self.repository.add_target("release", b"trusted", "team-a/file")
        self.repository.add_target("release", b"malicious", "team-b/file")
        self.repository.publish("release", "parent-a", "parent-b", "targets", "snapshot", "timestamp")
        self.refuses(self.client.download("team-a/file", "team-b/file"))
        self.assertEqual(self.client.downloaded(), [b"trusted"])

    def test_delegation_not_in_snapshot(self):
        """Who is not in the snapshot is not even asked for."""
        self.repository.delegate("targets", "delegated", ["delegatedpath/*"])
        self.repository.publish("delegated", "targets")
        del self.repository.snapshot["meta"]["delegated.json"]
        self.repository.publish("snapshot", "timestamp")
        self.holds(self.client.refresh())
        self.repository.asked.clear()
        self.refuses(self.client.download("delegatedpath/file"))
        self.assertIsNone(self.client.version("delegated"))
        self.assertEqual(self.repository.asked, [("root", 2), ("timestamp", None)])


class Quoting(behaviour.Behaviour):
    @each({"question": "?", "hash": "#", "absolute": "/delegatedrole", "parent folder": "../delegatedrole"})
    def test_unusual_role_name(self, role):
        """Role names go into addresses and names of files: quoted whole, into one file, in the folder."""
        self.repository.delegate("targets", role)
        self.repository.add_key(role, "targets")
        self.repository.publish(role, "targets", "snapshot", "timestamp")
        self.refuses(self.client.download("nonexistent target"))
        self.assertIn((urllib.parse.quote(role, ""), 1), self.repository.asked)
        self.assertEqual(len(self.client.roles()), 5)


if __name__ == "__main__":
    behaviour.main()
