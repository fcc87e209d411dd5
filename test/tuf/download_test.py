#!/usr/bin/python3
"""Targets: found, fetched, refused when their bytes are others, and not fetched twice."""
import behaviour
from behaviour import each

MALICIOUS = b"malicious bytes that nobody signed"


class Download(behaviour.Behaviour):
    def test_client_downloads_expected_file(self):
        self.repository.add_target("targets", b"what is in it", "target_file.txt")
        self.repository.publish_all()
        self.holds(self.client.refresh())
        self.assertEqual(self.client.downloaded(), [])
        self.holds(self.client.download("target_file.txt"))
        self.assertEqual(self.client.downloaded(), [b"what is in it"])

    def test_client_downloads_expected_file_in_sub_dir(self):
        self.repository.add_target("targets", b"what is in it", "path/to/a/target_file.txt")
        self.repository.publish_all()
        self.holds(self.client.download("path/to/a/target_file.txt"))
        self.assertEqual(self.client.downloaded(), [b"what is in it"])

    def test_repository_substitutes_target_file(self):
        self.repository.add_target("targets", b"first", "first")
        self.repository.add_target("targets", b"second", "second")
        self.repository.publish_all()
        self.holds(self.client.download("first"))
        for target in self.repository.served.values():
            target.data = MALICIOUS
        self.client.download("first")  # whether it asks again is its own affair
        self.assertEqual(self.client.downloaded(), [b"first"])
        self.refuses(self.client.download("second"))
        self.assertEqual(self.client.downloaded(), [b"first"])

    def test_multiple_changes_to_target(self):
        """The file changes again and again, and now and then somebody puts other bytes in its place."""
        changing = b"at first"
        self.repository.add_target("targets", changing, "changing")
        self.repository.publish_all()
        self.holds(self.client.download("changing"))
        others = []
        for turn in range(11):
            changing, other = b"changed %d" % turn, b"another %d" % turn
            self.repository.add_target("targets", changing, "changing")
            self.repository.add_target("targets", other, f"another-{turn}")
            self.repository.publish_all()
            if turn % 5:
                continue
            self.holds(self.client.download("changing"))
            self.assertEqual(self.client.downloaded(), others + [changing])
            self.holds(self.client.download(f"another-{turn}"))
            self.assertEqual(self.client.downloaded(), others + [changing, other])
            self.repository.served["changing"].data = MALICIOUS
            self.repository.publish_all()
            self.client.download("changing")
            self.assertEqual(self.client.downloaded(), others + [changing, other])
            others.append(other)

    @each({"hashes0": ["sha256"], "hashes1": ["sha512"], "hashes2": ["sha256", "sha512"]})
    def test_download_with_hash_algorithms(self, kinds):
        entry = self.repository.add_target("targets", b"what is in it", "file", kinds)
        self.repository.publish_all()
        self.holds(self.client.download("file"))
        self.assertEqual(len(self.repository.asked_targets), 1)
        path, prefix = self.repository.asked_targets[0]
        self.assertEqual(path, "file")
        self.assertIn(prefix, entry["hashes"].values())
        self.assertEqual(self.client.downloaded(), [b"what is in it"])

    def test_download_with_unknown_hash_algorithm(self):
        entry = self.repository.add_target("targets", b"what is in it", "file", ["sha512"])
        entry["hashes"] = {"unknown-hash": entry["hashes"]["sha512"]}
        self.repository.publish_all()
        self.refuses(self.client.download("file"))
        self.assertEqual(self.client.downloaded(), [])

    def test_artifact_cache(self):
        self.repository.add_target("targets", b"what is in it", "file")
        self.repository.publish_all()
        self.holds(self.client.download("file"))
        self.holds(self.client.download("file"))
        self.assertEqual(len(self.repository.asked_targets), 1)


if __name__ == "__main__":
    behaviour.main()
