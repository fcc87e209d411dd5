#!/usr/bin/env python3
"""suture sign from outside: what a person is shown, what is signed (exactly that), and whose signatures count."""
import hashlib
import json
import os
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from key_test import PASSPHRASE, PIN, Place  # noqa: E402

NOW = "2026-11-22T00:10:00Z"
CRISIS = {"schema": "suture.order/1", "kind": "crisis", "id": "2026-11-22-9f3a1c07", "made": "2026-11-22T00:10:00Z",
          "ends": "2026-12-06T00:00:00Z", "by": "anna", "reason": "exploited hole in the VPN", "level": "essential"}
QUESTION = "To sign, type the first 8 digits of its SHA-256: "


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


PEOPLE = ("anna", "anna2", "ben", "carla", "dan")
MADE = None  # the repository that each test gets a copy of


def show(place, file):
    return json.loads(place.suture("sign", f"R/staged/{file}", "--show", "--format", "json", "--now", NOW).stdout)


def setUpModule():
    """A repository of four people, published; anna has a second key."""
    global MADE
    MADE = Place()
    unittest.addModuleCleanup(MADE.close)
    for name in PEOPLE:
        MADE.suture("key", "new", f"{name}.key", "--person", name.rstrip("2"), "--passphrase-file", "pass")
    MADE.suture("key", "new", "online.key", "--online")
    MADE.suture("repo", "init", "R", "--keys", ",".join(f"{name}.key.pub" for name in PEOPLE), "--online", "online.key")
    for file in sorted(os.listdir(MADE.path("R/staged"))):
        for name in ("anna", "carla", "dan", "ben"):
            state = show(MADE, file)
            if state["enough"]:
                break
            MADE.suture("sign", f"R/staged/{file}", "--key", f"{name}.key", "--passphrase-file", "pass", "--digest", state["sha256"], check=None)
    MADE.suture("repo", "publish", "R")


class SignTest(unittest.TestCase):
    def setUp(self):
        self.place = Place()
        self.addCleanup(self.place.close)
        shutil.copytree(MADE.folder, self.place.folder, dirs_exist_ok=True)

    def page(self, role):
        return self.place.suture("sign", f"R/staged/{role}.json", "--show", "--now", NOW).stdout

    def digest(self, role):
        return show(self.place, f"{role}.json")["sha256"]

    def add(self, role, path, content, *words):
        self.place.write("content", content if isinstance(content, (bytes, str)) else canonical(content))
        self.place.suture("repo", "add", "R", role, path, "content", *words)

    def crisis(self, by="eve", **more):
        order = {**CRISIS, **more}
        self.add("crisis", f"orders/crisis/{CRISIS['id']}.json", order, "--by", by)
        return order

    def sign(self, role, name, *words, check=0, digest=None, key=None, secret="pass"):
        return self.place.suture("sign", f"R/staged/{role}.json", "--key", key or f"{name}.key", "--passphrase-file", secret,
                                 "--digest", digest or self.digest(role), *words, check=check)

    def refused(self, told, role, name, **how):
        done = self.sign(role, name, check=1, **how)
        self.assertEqual(done.stderr, f"suture: {told}\n")

    def staged(self, role):
        return json.loads(self.place.read(f"R/staged/{role}.json"))

    def restage(self, role, change):
        envelope = self.staged(role)
        change(envelope["signed"])
        envelope["signatures"] = []
        self.place.write(f"R/staged/{role}.json", canonical(envelope))

    def key_id(self, name):
        return json.loads(self.place.read(f"{name}.key.pub"))["keyid"]


class Shown(SignTest):
    maxDiff = None

    def test_an_order_as_sentences(self):
        self.crisis()
        digest = hashlib.sha256(canonical(self.staged("crisis")["signed"])).hexdigest()
        content = hashlib.sha256(canonical(CRISIS)).hexdigest()
        root = hashlib.sha256(self.place.read("R/public/metadata/1.root.json")).hexdigest()
        keys = {name: self.key_id(name)[:8] for name in PEOPLE}
        page = self.page("crisis").splitlines()
        self.assertEqual(page[0], "crisis: version 1 -> 2; says that patching is reduced to what is essential")
        self.assertEqual(page[1], "proposed by: eve")
        self.assertTrue(page[2].startswith("made: ") and page[3].startswith("expires: "), page)
        self.assertEqual(page[4], f"repository: first root {root}")
        self.assertEqual(page[5], f"SHA-256 of what is signed: {digest}")
        self.assertRegex(page[6], r"^has to be signed by: 2 of: .*anna \(%s\).*ben \(%s\)" % (keys["anna"], keys["ben"]))
        self.assertEqual(page[7:], [
            "  signed by: nobody yet; 2 more needed",
            "changes (+ new, - gone, ~ changed, ! weaker):",
            f"    + lists orders/crisis/2026-11-22-9f3a1c07.json, {len(canonical(CRISIS))} bytes, SHA-256 {content}",
            f"  orders/crisis/2026-11-22-9f3a1c07.json, new (objects/{content}):",
            "    Order 2026-11-22-9f3a1c07, kind crisis.",
            "    From 2026-11-22T00:10:00Z until 2026-12-06T00:00:00Z (14 days) every machine takes only what is exploited, or due before the "
            "order ends; everything else waits (level essential).",
            "    Reason: exploited hole in the VPN",
            "    Made by: anna"])

    def test_a_text_as_what_differs(self):
        self.add("policy", "policy/policy.yaml", "version: 1\nlevel: normal\n")
        self.assertIn("    +version: 1\n    +level: normal\n", self.page("policy"))
        for name in ("ben", "carla"):
            self.sign("policy", name)
        self.place.suture("repo", "publish", "R")
        self.add("policy", "policy/policy.yaml", "version: 1\nlevel: essential\n")
        page = self.page("policy")
        self.assertIn("    ~ lists policy/policy.yaml, 28 bytes, SHA-256", page)
        self.assertIn("        it was: policy/policy.yaml, 25 bytes, SHA-256", page)
        self.assertIn("     version: 1\n    -level: normal\n    +level: essential\n", page)
        self.place.suture("repo", "remove", "R", "policy", "policy/policy.yaml")
        self.assertIn("    - no longer lists policy/policy.yaml\n", self.page("policy"))

    def test_characters_that_hide_or_turn(self):
        self.add("policy", "policy/policy.yaml", "level: normal # \u202elamron\u202c \u200b\n")
        self.assertIn("    +level: normal # <U+202E>lamron<U+202C> <U+200B>\n", self.page("policy"))
        self.add("policy", "policy/logo.bin", b"\x1b[2J\x00\xff")
        self.assertIn("    6 bytes that are no text: compare its SHA-256 with where you know it from\n", self.page("policy"))
        self.restage("policy", lambda signed: signed["targets"].update({"policy/\u202ex": signed["targets"].pop("policy/policy.yaml")}))
        page = self.page("policy")
        self.assertIn("+ lists policy/<U+202E>x, ", page)
        self.assertNotIn("\u202e", page)
        self.assertNotIn("\x1b", page)

    def test_who_may_sign_what(self):
        newest = json.loads(self.place.read("R/public/metadata/1.targets.json"))
        newest["signed"]["version"] = 2
        self.place.write("R/staged/targets.json", canonical(newest))
        ben = self.key_id("ben")

        def change(signed):
            roles = {role["name"]: role for role in signed["delegations"]["roles"]}
            roles["policy"]["threshold"] = 1
            roles["policy"]["paths"].append("orders/*")
            roles["block"]["keyids"].remove(ben)
            signed["delegations"]["keys"][ben]["x-suture-person"] = "anna"
        self.restage("targets", change)
        page = self.page("targets")
        for line in ("! policy: 1 have to sign, not 2: WEAKER", "+ policy: speaks for orders/*", f"- block: may no longer sign: ben ({ben[:8]})",
                     f"~ policy: key {ben[:8]}: person ben -> anna"):
            self.assertIn(f"    {line}\n", page)

    def test_what_no_sentence_tells_is_shown_whole(self):
        self.crisis()
        self.assertNotIn("(!)", self.page("crisis"))
        self.restage("crisis", lambda signed: signed.update({"x-more": {"run": "this"}}))
        page = self.page("crisis")
        self.assertIn("(!) It says more than these sentences can tell. Everything that differs, as it stands:\n", page)
        self.assertIn('    +  "x-more": {\n    +    "run": "this"\n', page)

    def test_nothing_but_dates(self):
        newest = json.loads(self.place.read("R/public/metadata/1.block.json"))
        newest["signed"]["version"] = 2
        self.place.write("R/staged/block.json", canonical(newest))
        self.assertIn("changes: none but its version and dates\n", self.page("block"))

    def test_json(self):
        self.crisis()
        got = show(self.place, "crisis.json")
        self.assertEqual((got["schema"], got["role"], got["version"], got["in_force"], got["proposed_by"], got["solo"], got["enough"]),
                         ("suture.sign/1", "crisis", 2, 1, "eve", False, False))
        self.assertEqual(got["needs"], [{"threshold": 2, "signed": []}])
        self.assertEqual(got["page"], self.page("crisis"))


class Refused(SignTest):
    def failed(self, told, role, *words):
        done = self.place.suture("sign", f"R/staged/{role}.json", *(words or ("--show",)), check=1)
        self.assertEqual(done.stderr, f"suture: {told}\n")

    def test_an_order_that_machines_refuse(self):
        self.crisis(command="reboot")
        self.failed("crisis: orders/crisis/2026-11-22-9f3a1c07.json: \"command\": an order of kind crisis has no such member", "crisis")
        self.crisis(ends="2027-11-22T00:00:00Z")
        self.failed("crisis: orders/crisis/2026-11-22-9f3a1c07.json: an order of kind crisis lasts 30 days at most; renewing is a new order", "crisis")
        self.crisis(id="2026-11-22-00000000")
        self.failed("crisis: orders/crisis/2026-11-22-9f3a1c07.json: this order belongs at orders/crisis/2026-11-22-00000000.json", "crisis")

    def test_content_that_is_not_what_is_listed(self):
        self.crisis()
        digest = hashlib.sha256(canonical(CRISIS)).hexdigest()
        self.place.write(f"R/objects/{digest}", canonical({**CRISIS, "level": "emergency-only"}))
        path = os.path.realpath(self.place.path("R")) + f"/objects/{digest}"
        where = "crisis: orders/crisis/2026-11-22-9f3a1c07.json: "
        self.failed(f"{where}{path} is not the content that is listed", "crisis")
        os.remove(self.place.path(f"R/objects/{digest}"))
        self.failed(f"{where}its content is not here ({path}), and nobody signs what was not seen", "crisis")

    def test_what_is_no_staged_role(self):
        outside = self.place.write("policy.json", b"{}")
        done = self.place.suture("sign", "policy.json", "--show", check=1)
        self.assertEqual(done.stderr, "suture: policy.json: lies in no repository's folder staged/: what is signed is judged against what is in "
                                      "force there, so bring the whole folder\n")
        os.remove(outside)
        self.place.write("R/staged/timestamp.json", b"{}")
        self.failed("R/staged/timestamp.json: timestamp is the server's: suture repo publish signs it", "timestamp")
        self.place.write("R/staged/root2.json", b"{}")
        self.failed('R/staged/root2.json: "root2" is no role of the tree', "root2")

    def test_wrong_keys(self):
        self.crisis()
        self.place.secret("wrong", "correct horse batter")
        self.refused("anna.key: wrong passphrase", "crisis", "anna", secret="wrong")
        self.refused(f"key {self.key_id('online')[:8]} may not sign for crisis", "crisis", "online")
        self.place.suture("key", "new", "eve.key", "--person", "anna", "--passphrase-file", "pass")
        self.refused(f"key {self.key_id('eve')[:8]} may not sign for crisis", "crisis", "eve")
        self.assertEqual(self.staged("crisis")["signatures"], [])

    def test_one_person_counts_once(self):
        self.crisis()
        self.sign("crisis", "anna")
        self.refused("this key has signed already", "crisis", "anna")
        self.refused("anna has signed already with another key: a second signature of one person does not count", "crisis", "anna2")
        self.assertEqual(len(self.staged("crisis")["signatures"]), 1)

    def test_the_digest_of_something_else(self):
        self.crisis()
        digest = self.digest("crisis")
        self.refused(f"crisis: its SHA-256 is {digest}, not {'0' * 16}: nothing was signed", "crisis", "anna", digest="0" * 16)
        for wrong, told in ((digest[:15], "--digest has 16 to 64 digits"), (digest.upper(), "--digest has hexadecimal digits, in small letters")):
            done = self.sign("crisis", "anna", digest=wrong, check=2)
            self.assertEqual(done.stderr, f"suture: sign: {told}\n")


class Signed(SignTest):
    def test_two_people_and_published(self):
        self.crisis()
        first = self.sign("crisis", "anna").stdout.splitlines()
        self.assertEqual(first[-3], "Signed.")
        self.assertEqual(first[-1], f"  signed by: anna ({self.key_id('anna')[:8]}); 1 more needed")
        second = self.sign("crisis", "ben").stdout.splitlines()
        self.assertEqual(second[-1], f"next: suture repo publish {os.path.realpath(self.place.path('R'))}")
        self.place.suture("repo", "publish", "R")
        done = self.place.suture("sign", "R/staged/crisis.json", "--show", check=1)
        self.assertIn("No such file", done.stderr)

    def test_whoever_approves_is_somebody_else(self):
        """Where two are needed the proposer is none of them; where one is enough he may act alone."""
        self.crisis(by="ben")
        self.refused("ben proposed it: others approve, and this would not count", "crisis", "ben")
        self.assertNotIn("ben", [line for line in self.page("crisis").splitlines() if line.startswith("has to be signed by: ")][0])
        self.sign("crisis", "anna")
        self.assertIn("next: suture repo publish", self.sign("crisis", "dan").stdout)
        self.add("block", "orders/block/1.json", {"by": "ben", "ends": "2026-12-06T00:00:00Z", "everything": True, "id": "1", "kind": "block",
                                                  "made": "2026-11-22T00:00:00Z", "reason": "stop", "schema": "suture.order/1"}, "--by", "ben")
        self.assertIn("(!) you proposed it yourself: your signature is the one that is needed\n", self.sign("block", "ben").stdout)

    def test_a_repository_that_was_not_signed_for_before(self):
        unknown = ("(!) nothing was signed for this repository from here before: compare its first root with what somebody else sees")
        self.crisis()
        self.assertIn(unknown, self.sign("crisis", "dan", "--print-only").stderr)
        self.assertNotIn(unknown, self.sign("crisis", "anna").stdout)
        # Somebody lays down another repository, of the same people, in which what he wants is in force already.
        self.place.write("R/public/metadata/1.root.json", self.place.read("R/public/metadata/1.root.json") + b"\n")
        self.assertIn(unknown, self.sign("crisis", "ben").stdout)
        self.place.write("state/signed-for", b"broken\n", 0o600)
        self.assertIn("signed-for", self.sign("crisis", "carla", check=1).stderr)

    def test_a_signature_for_another_machine(self):
        self.crisis()
        before = self.place.read("R/staged/crisis.json")
        done = self.sign("crisis", "anna", "--print-only")
        line = json.loads(done.stdout)
        self.assertEqual(done.stdout.count("\n"), 1)
        self.assertEqual((line["keyid"], line["role"], line["version"], line["sha256"]),
                         (self.key_id("anna"), "crisis", 2, self.digest("crisis")))
        self.assertIn("Order 2026-11-22-9f3a1c07, kind crisis.", done.stderr)
        self.assertEqual(self.place.read("R/staged/crisis.json"), before)
        self.place.write("line", done.stdout)
        self.place.suture("repo", "sign", "R", "crisis", "--signature", "line")
        self.assertEqual([s["keyid"] for s in self.staged("crisis")["signatures"]], [self.key_id("anna")])

    def test_a_key_that_is_not_named(self):
        self.crisis()
        self.place.environment["SUTURE_CONFIG"] = self.place.path("config")
        words = ("sign", "R/staged/crisis.json", "--passphrase-file", "pass", "--digest", self.digest("crisis"))
        self.assertEqual(self.place.suture(*words, check=1).stderr, "suture: --key is missing, and there is no folder of keys to look in\n")
        os.makedirs(self.place.path("config/keys"))
        keys = self.place.path("config/keys")
        self.assertEqual(self.place.suture(*words, check=1).stderr, f"suture: --key is missing, and no key in {keys} could sign this\n")
        for name in ("online.key", "anna.key"):
            shutil.copy2(self.place.path(name), keys)
            shutil.copy2(self.place.path(name + ".pub"), keys)
        self.place.suture(*words)
        self.assertEqual([s["keyid"] for s in self.staged("crisis")["signatures"]], [self.key_id("anna")])
        for name in ("ben.key", "dan.key"):
            shutil.copy2(self.place.path(name), keys)
            shutil.copy2(self.place.path(name + ".pub"), keys)
        self.assertEqual(self.place.suture(*words, check=1).stderr, f"suture: --key is missing: {keys}/ben.key or {keys}/dan.key?\n")

    def test_several_files_with_one_key(self):
        self.crisis()
        self.add("policy", "policy/policy.yaml", "level: normal\n")
        self.add("block", "orders/block/2026-11-22-9f3a1c07.json", {**{k: v for k, v in CRISIS.items() if k != "level"}, "kind": "block",
                                                                   "everything": True})
        digests = ",".join(self.digest(role) for role in ("crisis", "block"))
        files = [f"R/staged/{name}" for name in sorted(os.listdir(self.place.path("R/staged")))] + ["R/staged/timestamp.json"]
        words = ("sign", *files, "--key", "anna.key")
        done = self.place.suture(*words, "--passphrase-file", "pass", "--digest", digests)
        self.assertEqual([line for line in done.stdout.splitlines() if line.startswith("passed over")],
                         [f"passed over: key {self.key_id('anna')[:8]} may not sign for policy", "passed over: R/staged/timestamp.json"])
        self.assertEqual([len(self.staged(role)["signatures"]) for role in ("block", "crisis", "policy")], [1, 1, 0])
        done = self.place.suture(*words, "--passphrase-file", "pass", "--digest", digests, check=1)
        self.assertEqual(done.stderr, "suture: this key has nothing to sign among these files\n")
        # At a terminal: one passphrase, and each file's own digits.
        status, shown = self.place.typing(("sign", *files, "--key", "dan.key"),
                                          [("passphrase of dan.key: ", PASSPHRASE + "\r")] +
                                          [(QUESTION, self.digest(role)[:8] + "\r") for role in ("block", "crisis", "policy")])
        self.assertEqual(status, 0, shown)
        self.assertEqual([len(self.staged(role)["signatures"]) for role in ("block", "crisis", "policy")], [2, 2, 1])

    def test_solo_says_weaker(self):
        self.place.suture("repo", "init", "S", "--solo", "--key", "dan.key.pub", "--online", "online.key")
        page = self.place.suture("sign", "S/staged/root.json", "--show").stdout
        self.assertIn("(!) WEAKER: a tree of one person: what takes two people elsewhere takes one here, after 24 hours with a notice on every "
                      "machine\n", page)
        self.assertIn("    ! root: the tree is of one person alone: WEAKER\n", page)


class Typed(SignTest):
    words = ("sign", "R/staged/crisis.json", "--key", "anna.key")

    def setUp(self):
        super().setUp()
        self.crisis()
        self.hex = self.digest("crisis")

    def signatures(self):
        return [signature["keyid"] for signature in self.staged("crisis")["signatures"]]

    def test_the_digits_are_asked_for(self):
        status, shown = self.place.typing(self.words, [("passphrase of anna.key: ", PASSPHRASE + "\r"), (QUESTION, self.hex[:8] + "\r")])
        self.assertEqual(status, 0, shown)
        self.assertNotIn("horse", shown)
        self.assertLess(shown.index("Reason: exploited hole"), shown.index("To sign, type"))
        self.assertEqual(self.signatures(), [self.key_id("anna")])

    def test_anything_else_signs_nothing(self):
        told = "suture: these are not its first digits: nothing was signed"
        for typed, last in (("\r", told), ("y\r", told), (self.hex[:7] + "\r", told), ("0" * 8 + "\r", told),
                            ("\x03", "suture: nothing was signed: stopped")):
            status, shown = self.place.typing(self.words, [("passphrase of anna.key: ", PASSPHRASE + "\r"), (QUESTION, typed)])
            self.assertEqual((status, shown.splitlines()[-1]), (1, last))
        done = self.place.suture(*self.words, "--passphrase-file", "pass", stdin=self.hex[:8] + "\n", check=1)
        self.assertEqual(done.stderr, "suture: nothing was signed: there is no terminal to ask on\n")
        self.assertEqual(self.signatures(), [])

    def changed_while_shown(self, change):
        """The file is another by the time that the digits are typed."""
        place, hex_shown = self.place, self.hex

        class Late(str):
            def encode(self, *_):
                change()
                return (hex_shown[:8] + "\r").encode()
        return place.typing(self.words, [("passphrase of anna.key: ", PASSPHRASE + "\r"), (QUESTION, Late())])

    def test_changed_while_it_was_shown(self):
        path = os.path.realpath(self.place.path("R/staged/crisis.json"))
        status, shown = self.changed_while_shown(lambda: self.crisis(level="emergency-only"))
        self.assertEqual((status, shown.splitlines()[-1]),
                         (1, f"suture: {path}: was changed while it was shown; nothing was signed: look at it again"))
        self.assertEqual(self.signatures(), [])

    def test_signatures_that_came_meanwhile_are_kept(self):
        status, shown = self.changed_while_shown(lambda: self.sign("crisis", "dan"))
        self.assertEqual(status, 0, shown)
        self.assertEqual(sorted(self.signatures()), sorted([self.key_id("anna"), self.key_id("dan")]))


@unittest.skipUnless(shutil.which("softhsm2-util"), "no SoftHSM here")
class Token(unittest.TestCase):
    def test_a_token_signs_and_openssl_holds_it(self):
        place = Place()
        self.addCleanup(place.close)
        place.token()
        uri = "pkcs11:token=anna;object=suture"
        place.suture("key", "new", uri, "--person", "anna", "--passphrase-file", "pin")
        place.suture("key", "new", "online.key", "--online")
        place.suture("repo", "init", "S", "--solo", "--key", "anna.pub", "--online", "online.key")
        shown = json.loads(place.suture("sign", "S/staged/root.json", "--show", "--format", "json").stdout)
        line = json.loads(place.suture("sign", "S/staged/root.json", "--key", uri, "--passphrase-file", "pin", "--digest", shown["sha256"],
                                       "--print-only").stdout)
        # OLPC's canonical form lets a newline (of the PEM) stand as it is.
        signed = canonical(json.loads(place.read("S/staged/root.json"))["signed"]).replace(b"\\n", b"\n")
        self.assertEqual(hashlib.sha256(signed).hexdigest(), line["sha256"])
        place.write("signed", signed)
        place.write("signature", bytes.fromhex(line["sig"]))
        place.write("key.pem", json.loads(place.read("anna.pub"))["keyval"]["public"])
        held = subprocess.run(["openssl", "dgst", "-sha256", "-verify", place.path("key.pem"), "-signature", place.path("signature"),
                               place.path("signed")], capture_output=True, text=True, check=False)
        self.assertEqual(held.stdout, "Verified OK\n")
        status, told = place.typing(("sign", "S/staged/root.json", "--key", uri),
                                    [('PIN of the token "anna": ', PIN + "\r"), (QUESTION, shown["sha256"][:8] + "\r")])
        self.assertEqual(status, 0, told)
        self.assertNotIn(PIN, told)
        # Held by the code that machines verify with: nothing else would be called enough.
        self.assertTrue(json.loads(place.suture("sign", "S/staged/root.json", "--show", "--format", "json").stdout)["enough"])


if __name__ == "__main__":
    unittest.main()
