#!/usr/bin/env python3
"""The gates before a run: what waits, what may newly do something here, what is new; asked for, held, approved and proved."""
import hashlib
import json
import os
import unittest

from machine import Machine, main
from made_debs import MadeArchive, Package, script
from state import State
from trip import Told, apply


def oak(version, **more):
    return Package("oak", version, files={"/usr/bin/oak": script(f"echo {version}")}, **more)


def ash(version):
    return Package("ash", version, files={"/usr/share/ash/version": version})


POSTINST = {"postinst": "mkdir -p /var/lib/oak"}
VERSIONS = "var/lib/suture/versions"


class Gate(unittest.TestCase):
    def setUp(self):
        self.machine = Machine("small")
        self.addCleanup(self.machine.end)
        self.shop = MadeArchive(self.machine, gates=True)
        self.addCleanup(self.shop.end)

    def offer(self, *packages):
        for package in packages:
            self.shop.offer(package)
        self.shop.publish()
        self.machine.advise()

    def offer_functional(self, *packages):
        """Of another archive of the same publisher, whose updates close no hole."""
        main_archive = MadeArchive(self.machine, folder="plain", suite=self.machine.release["VERSION_CODENAME"], label="Debian", gates=True)
        self.addCleanup(main_archive.end)
        self.shop.publish(update=False)
        for package in packages:
            main_archive.offer(package)
        main_archive.publish()

    def versions(self):
        return {name.split(":")[0]: version for name, version in self.machine.packages().items() if name.split(":")[0] in ("oak", "ash", "elm")}

    def held(self, told):
        return {one["name"]: one["gate"] for one in told.json["held"]}

    def approve(self, *words, **options):
        return self.machine.suture("approve", *words, **options)

    def proved(self):
        records = sorted(os.listdir(self.machine.path("var/lib/suture/evidence")))
        with open(self.machine.path("var/lib/suture/evidence/" + [name for name in records if name.endswith(".json")][-1]), encoding="utf-8") as file:
            return json.load(file)["record"]["proved"]

    def test_new_powers_are_held_the_rest_is_installed_and_approved_bytes_come_in(self):
        self.shop.install(oak("1.0"), ash("1.0"))
        self.offer(oak("1.1", scripts=POSTINST), ash("1.1"))
        told = apply(self.machine)
        self.assertEqual((told.status, told.run.get("state")), (0, "done"), told)
        self.assertEqual(self.held(told), {"oak": "powers"})
        self.assertEqual(self.versions(), {"oak": "1.0", "ash": "1.1"})
        self.assertIn("oak is held: powers", self.proved())
        again = self.machine.suture("apply", "--yes", check=True).stdout
        self.assertIn("(!) held for a person: oak brings a new maintainer script, postinst; suture approve oak shows it", " ".join(again.split()))
        self.assertIn("Nothing is left to apply.", again)
        shown = self.approve("oak", "--show", check=True).stdout
        self.assertIn("+mkdir -p /var/lib/oak", shown)
        self.assertEqual(self.held(apply(self.machine)), {"oak": "powers"})       # showing approves nothing
        self.assertIn("nobody can be asked here", self.approve("oak", check=1).stderr)
        self.staged_for_all_machines()
        said = json.loads(self.approve("oak", "--yes", "--format", "json", check=True).stdout)["held"]
        self.assertEqual([(one["name"], one["version"], one["gate"], one["approved"]) for one in said], [("oak", "1.1", "powers", True)])
        told = apply(self.machine)
        self.assertEqual((told.status, self.held(told), self.versions()["oak"]), (0, {}, "1.1"), told)
        self.assertIn("oak: approved, powers by root", self.proved())

    def staged_for_all_machines(self):
        """In a repository the same yes is an order that waits for its people, and nothing changes here."""
        self.machine.run(["sh", "-c", "cd /srv && echo a long passphrase of a test > pass && chmod 600 pass && "
                          "suture key new anna.key --person anna --passphrase-file pass && suture key new online.key --online --duty timestamp && "
                          "suture repo init repo --solo --key anna.key.pub --online online.key"], timeout=60)
        said = self.approve("oak", "--yes", "--repo", "/srv/repo", "--reason", "reads its own folder", "--by", "ben", check=True).stdout
        self.assertIn("machines may install oak 1.1 (all) although it brings new powers.", " ".join(said.split()))
        order = json.loads(self.machine.suture("order", "list", "--repo", "/srv/repo", "--format", "json", check=True).stdout)["orders"]
        self.assertEqual([(one["kind"], one["state"], one["package"], one["by"]) for one in order], [("approval", "waits", "oak", "ben")])
        self.assertEqual(self.held(apply(self.machine)), {"oak": "powers"})

    def test_other_bytes_are_held_again(self):
        self.shop.install(oak("1.0"))
        self.offer(oak("1.1", scripts=POSTINST))
        self.approve("--yes", check=True)
        self.shop.offer(oak("1.2", scripts=POSTINST))
        self.shop.publish()
        self.machine.advise()
        told = apply(self.machine)
        self.assertEqual((self.held(told), self.versions()), ({"oak": "powers"}, {"oak": "1.0"}), told)

    def test_an_approval_that_was_edited_is_none(self):
        self.shop.install(oak("1.0"))
        self.offer(oak("1.1", scripts=POSTINST))
        self.approve("--yes", check=True)
        path = self.machine.path("var/lib/suture/approvals")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        with open(path, "w", encoding="utf-8") as file:
            file.write(text.replace("1.1", "1.2"))
        told = apply(self.machine)
        self.assertEqual((told.status, self.versions()), (1, {"oak": "1.0"}), told)
        self.assertIn("approvals", told.errors)

    def test_a_person_is_asked_for_each(self):
        self.shop.install(oak("1.0"), ash("1.0"), Package("elm", "1.0", files={"/usr/share/elm": "1"}))
        self.offer(oak("1.1", scripts=POSTINST), Package("ash", "1.1", files={"/etc/cron.d/ash": "* * * * * root true\n"}),
                   Package("elm", "1.1", files={"/usr/share/elm": "2"}))
        done = self.machine.run(["sh", "-c", "printf 'n\\ny\\ny\\n' | script -qec 'suture apply' /dev/null"], timeout=120)
        said = " ".join(done.stdout.split())
        self.assertIn("ash 1.1 brings a new cron job, /etc/cron.d/ash. Install it all the same? [y/N]", said)
        self.assertIn("oak 1.1 brings a new maintainer script, postinst. Install it all the same? [y/N]", said)
        self.assertIn("Carry it out? [y/N]", said)
        self.assertEqual(self.versions(), {"ash": "1.0", "elm": "1.1", "oak": "1.1"}, done.stdout)
        self.assertIn("oak: approved, powers by root", self.proved())

    def test_a_plan_from_a_file_is_all_or_nothing(self):
        self.shop.install(oak("1.0"), ash("1.0"))
        self.offer(oak("1.1", scripts=POSTINST), ash("1.1"))
        self.machine.write("srv/plan.json", self.machine.suture("plan", "--format", "json", check=True).stdout)
        old = State(self.machine.root)
        told = apply(self.machine, "--plan", "/srv/plan.json")
        self.assertEqual(told.status, 1, told)
        self.assertIn("oak: powers: it brings a new maintainer script, postinst; suture approve oak shows it", told.errors)
        self.assertEqual(State(self.machine.root).difference(old), "")
        self.approve("oak", "--yes", check=True)
        self.assertEqual(apply(self.machine, "--plan", "/srv/plan.json").status, 0)
        self.assertEqual(self.versions(), {"oak": "1.1", "ash": "1.1"})

    def lie(self, plan, **changes):
        """The same plan, as somebody else would have made it who says something else of its first change."""
        plan["changes"][0].update(changes)
        content = {key: value for key, value in plan.items() if key not in ("id", "now")}
        for rows in ("changes", "left"):
            content[rows] = [{k: v for k, v in row.items() if k not in ("lane", "new_package", "follows", "until")} for row in content[rows]]
        plan["id"] = hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()
        return json.dumps(plan, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    def test_what_waits_is_left_whatever_a_plan_says_until_it_is_lifted(self):
        self.shop.install(ash("1.0"))
        self.offer_functional(ash("1.1"))
        told = apply(self.machine, "--all")
        self.assertEqual((told.json["end"], self.versions()), ("nothing", {"ash": "1.0"}), told)
        left = json.loads(self.machine.suture("plan", "--all", "--format", "json", check=True).stdout)["left"]
        self.assertEqual([(row["name"], row["reason"]) for row in left if "until" in row], [("ash", "soak")])
        self.assertIn(" ash 1.1 ", self.machine.read(VERSIONS))
        policy = self.machine.write("srv/open.yaml", "name: open\nversion: 1\nprofiles: [seed-cvss]\ndecide: {minimum age: 0 hours}\n")
        self.assertTrue(policy)
        plan = json.loads(self.machine.suture("plan", "--all", "--policy", "/srv/open.yaml", "--format", "json", check=True).stdout)
        self.assertEqual([c["lane"] for c in plan["changes"]], ["functional"])
        self.machine.write("srv/plan.json", self.lie(plan, lane="crisis", exploited=True, cves=["CVE-2026-1"], reason="due"))
        told = apply(self.machine, "--plan", "/srv/plan.json")
        self.assertEqual((told.status, self.versions()), (1, {"ash": "1.0"}), told)
        self.assertIn("ash: soak: it waits until ", told.errors)
        self.approve("--all", "--yes", check=True)
        told = apply(self.machine, "--all")
        self.assertEqual((told.status, self.versions()), (0, {"ash": "1.1"}), told)
        self.assertIn("ash: approved, soak by root", self.proved())

    def test_a_wait_that_was_waited_is_over(self):
        self.shop.install(ash("1.0"))
        self.offer_functional(ash("1.1"))
        self.machine.suture("plan", "--all", check=True)
        text = self.machine.read(VERSIONS)
        year = text.split(" ash 1.1 ")[0].rsplit("\n", 1)[1][:4]
        self.machine.write(VERSIONS, text.replace(f"\n{year}-", f"\n{int(year) - 1}-"), mode=0o600)
        told = apply(self.machine, "--all")
        self.assertEqual((told.status, self.versions()), (0, {"ash": "1.1"}), told)

    def test_what_was_seen_and_is_broken_ends_no_wait(self):
        self.shop.install(ash("1.0"))
        self.offer_functional(ash("1.1"))
        self.machine.suture("plan", "--all", check=True)
        self.machine.write(VERSIONS, self.machine.read(VERSIONS)[:-20], mode=0o600)
        told = apply(self.machine, "--all")
        self.assertEqual((told.status, self.versions()), (1, {"ash": "1.0"}), told)
        self.assertIn("/var/lib/suture/versions", told.errors)

    def test_a_new_package_is_expected_from_a_source_that_is_here_and_else_held(self):
        self.shop.install(oak("1.0"), ash("1.0"))
        self.offer(oak("1.1", fields={"Depends": "oak-data"}), Package("oak-data", "1.1", source="oak", files={"/usr/share/oak/data": "1"}),
                   Package("ash", "1.1", fields={"Depends": "elm"}, files={"/usr/share/ash/version": "1.1"}),
                   Package("elm", "1.0", files={"/usr/share/elm": "1"}))
        told = apply(self.machine)
        self.assertEqual(self.held(told), {"elm": "new-package", "ash": "new-package"}, told)
        self.assertEqual(self.versions(), {"oak": "1.1", "ash": "1.0"})
        self.assertIn("elm 1.0 is held: it is new here, and nothing of its source (elm) and publisher is",
                      self.approve("--show", check=True).stdout)
        self.approve("--yes", check=True)
        self.assertEqual(apply(self.machine).status, 0)
        self.assertEqual(self.versions(), {"oak": "1.1", "ash": "1.1", "elm": "1.0"})

    def kernel(self, number, *more, cron=False, hooks="run-parts /etc/kernel/postinst.d"):
        abi = f"6.1.0-{number}-amd64"
        return Package(f"linux-image-{abi}", f"6.1.{number}-1", source="linux-signed", scripts={"postinst": f"test -n {abi} && echo {abi} {hooks}"},
                       files={f"/boot/vmlinuz-{abi}": "kernel", **({f"/etc/cron.d/{abi}": "x"} if cron else {}), **{f"/lib/modules/{abi}/kernel/{name}.ko": "module" for name in ("fs", "net", *more)}})

    def meta(self, number):
        return Package("linux-image-amd64", f"6.1.{number}-1", source="linux-signed", fields={"Depends": f"linux-image-6.1.0-{number}-amd64"})

    def test_a_kernel_that_follows_another_comes_and_one_that_brings_more_is_held(self):
        self.shop.install(self.kernel(40), self.meta(40))
        self.offer(self.kernel(41, "one_more"), self.meta(41))
        told = apply(self.machine, "--security")
        self.assertEqual((told.status, self.held(told)), (0, {}), told)
        self.assertIn("linux-image-6.1.0-41-amd64:all", self.machine.packages(), told)
        self.offer(self.kernel(42, "more", cron=True), self.meta(42))
        told = apply(self.machine, "--security")
        self.assertEqual(self.held(told), {"linux-image-6.1.0-42-amd64": "powers", "linux-image-amd64": "powers"}, told)
        self.offer(self.kernel(43, hooks="curl evil.example"), self.meta(43))
        told = apply(self.machine, "--security")
        self.assertEqual(self.held(told), {"linux-image-6.1.0-43-amd64": "powers", "linux-image-amd64": "powers"}, told)

    def test_the_policy_says_what_is_held(self):
        self.shop.install(oak("1.0"))
        self.offer(oak("1.1", scripts=POSTINST))
        self.machine.write("etc/suture/policy.yaml", "name: own\nversion: 1\nprofiles: [seed-cvss]\nunattended: {held powers: [setuid]}\n")
        told = apply(self.machine)
        self.assertEqual((told.status, self.held(told), self.versions()), (0, {}, {"oak": "1.1"}), told)

    def test_unattended_holds_and_says_it(self):
        self.shop.install(oak("1.0"), ash("1.0"))
        self.offer(oak("1.1", scripts=POSTINST), ash("1.1"))
        self.machine.write("etc/suture/policy.yaml", 'name: own\nversion: 1\nprofiles: [seed-cvss, exploited]\nwindow: {start: "00:00", length: 24 hours}\n')
        done = self.machine.suture("unattended", "run", check=True)
        self.assertIn("(!) held for a person: oak brings a new maintainer script, postinst", " ".join(done.stdout.split()))
        self.assertEqual(self.versions(), {"oak": "1.0", "ash": "1.1"}, done.stdout)


if __name__ == "__main__":
    main()
