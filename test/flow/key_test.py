#!/usr/bin/env python3
"""People's keys from outside: made in files and in a token, shown, typed at a terminal that shows nothing; what they sign openssl holds too."""
import json
import os
import pty
import select
import shutil
import stat
import subprocess
import tempfile
import unittest

SUTURE = os.environ["SUTURE"]
PASSPHRASE = "correct horse battery"
PIN = "654321"


class Place:
    """A folder with passphrase files, and a token of SoftHSM when that is here."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="suture-keys-")
        self.environment = {"PATH": "/usr/bin:/bin", "HOME": self.folder, "SUTURE_STATE": os.path.join(self.folder, "state"),
                            "SOFTHSM2_CONF": os.path.join(self.folder, "softhsm2.conf"),
                            **{name: value for name, value in os.environ.items() if name.startswith(("ASAN_", "UBSAN_", "LSAN_"))}}
        self.secret("pass", PASSPHRASE)

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, content, mode=0o644):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        os.chmod(path, mode)
        return path

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def secret(self, name, content):
        return self.write(name, content + "\n", 0o600)

    def token(self, label="anna"):
        self.secret("pin", PIN)
        os.makedirs(self.path("tokens"), exist_ok=True)
        self.write("softhsm2.conf", f"directories.tokendir = {self.path('tokens')}\nobjectstore.backend = file\nlog.level = ERROR\n")
        subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "12345678", "--pin", PIN],
                       env=self.environment, check=True, stdout=subprocess.DEVNULL)

    def suture(self, *words, check=0, stdin=""):
        done = subprocess.run([SUTURE, *words], cwd=self.folder, env=self.environment, input=stdin, capture_output=True, text=True,
                              check=False, start_new_session=True)
        if check is not None and done.returncode != check:
            raise AssertionError(f"suture {' '.join(words)}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def typing(self, words, answers):
        """At a terminal of its own: each answer is typed when its question (a part of it) was shown. Status and all that was shown."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execve(SUTURE, [SUTURE, *words], self.environment)
        shown, place = "", 0
        for question, answer in answers:
            while question not in shown[place:]:
                if not select.select([terminal], [], [], 60)[0]:
                    raise AssertionError(f"{question!r} was not asked: {shown!r}")
                try:
                    shown += os.read(terminal, 65536).decode()
                except OSError:
                    raise AssertionError(f"{question!r} was not asked: {shown!r}") from None
            place = shown.index(question, place) + len(question)
            os.write(terminal, answer.encode())
        while True:
            try:
                piece = os.read(terminal, 65536)
            except OSError:
                break
            if not piece:
                break
            shown += piece.decode()
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.replace("\r\n", "\n")

    def close(self):
        shutil.rmtree(self.folder)


class KeyTest(unittest.TestCase):
    def setUp(self):
        self.place = Place()
        self.addCleanup(self.place.close)

    def new(self, name="anna.key", *words):
        return self.place.suture("key", "new", name, "--person", "anna", "--passphrase-file", "pass", *words)

    def failed(self, told, *words, status=1):
        done = self.place.suture(*words, check=status)
        self.assertEqual(done.stderr, f"suture: {told}\n")
        self.assertEqual(done.stdout, "")


class Files(KeyTest):
    def test_new_show_list(self):
        made = json.loads(self.new("anna.key", "--duty", "release", "--format", "json").stdout)
        self.assertEqual((made["schema"], made["made"], made["person"], made["duty"], made["online"], made["public"]),
                         ("suture.key/1", True, "anna", "release", False, "anna.key.pub"))
        self.assertEqual(stat.S_IMODE(os.stat(self.place.path("anna.key")).st_mode), 0o600)
        with open(self.place.path("anna.key.pub"), encoding="utf-8") as file:
            public = json.load(file)
        self.assertEqual(public["keyid"], made["keyid"])
        self.assertEqual((public["keytype"], public["scheme"], public["x-suture-person"], public["x-suture-duty"]),
                         ("ed25519", "ed25519", "anna", "release"))
        for half in ("anna.key", "anna.key.pub"):  # no passphrase is needed
            self.assertEqual(self.place.suture("key", "show", half).stdout,
                             f"Ed25519 key of anna, duty release\n id         {made['keyid']}\n private    anna.key\n public     anna.key.pub\n")
        self.place.suture("key", "new", "server.key", "--online", "--duty", "timestamp", "--scheme", "p256")
        rows = json.loads(self.place.suture("key", "list", "--format", "json").stdout)["keys"]
        self.assertEqual([(r["person"], r["scheme"], r["online"], r["private"]) for r in rows],
                         [("anna", "ed25519", False, "./anna.key"), (None, "ecdsa-sha2-nistp256", True, "./server.key")])
        os.remove(self.place.path("anna.key"))
        self.place.write("id_rsa.pub", "ssh-rsa AAAA anna@home\n")
        listed = self.place.suture("key", "list").stdout
        self.assertRegex(listed, r"anna +release +elsewhere +\./anna\.key\.pub")
        self.assertIn("not read   ./id_rsa.pub: line 1, column 1", listed)

    def test_openssl_reads_the_private_half(self):
        for scheme, kind in (("ed25519", "ED25519"), ("p256", "prime256v1")):
            self.new(f"{scheme}.key", "--scheme", scheme)
            done = subprocess.run(["openssl", "pkey", "-in", self.place.path(f"{scheme}.key"), "-passin", f"file:{self.place.path('pass')}",
                                   "-noout", "-text"], capture_output=True, text=True, check=True)
            self.assertIn(kind, done.stdout)
            parsed = subprocess.run(["openssl", "asn1parse", "-in", self.place.path(f"{scheme}.key")], capture_output=True, text=True,
                                    check=True).stdout
            for part in ("PBKDF2", "0927C0", "hmacWithSHA256", "aes-256-cbc"):  # 0927C0: 600,000 rounds
                self.assertIn(part, parsed)

    def test_nothing_is_replaced(self):
        self.new()
        before = self.place.read("anna.key")
        self.failed("anna.key is there already; nothing was changed", "key", "new", "anna.key", "--person", "otto", "--passphrase-file", "pass")
        self.assertEqual(self.place.read("anna.key"), before)

    def test_what_is_refused(self):
        new = ("key", "new", "x.key", "--passphrase-file", "pass")
        self.failed("key new: --person is missing: whose key is it?", *new, status=2)
        self.failed("key new: --person: has a character that does not show or turns the text: <U+202E> at 0", *new, "--person", "\u202eanna", status=2)
        self.failed("key new: --public is of tokens: a file's public half lies beside it", *new, "--person", "a", "--public", "y", status=2)
        self.failed("no-such: open: No such file or directory", "key", "show", "no-such")
        self.place.secret("short", "elevenchars")
        self.failed("a passphrase has at least 12 characters", "key", "new", "x.key", "--person", "a", "--passphrase-file", "short")
        self.place.write("open", PASSPHRASE + "\n", 0o644)
        self.failed("open: others may read it; a passphrase's file is its owner's alone (0600)",
                    "key", "new", "x.key", "--person", "a", "--passphrase-file", "open")
        self.place.secret("long", "x" * 256)
        self.failed("long: the first line is no passphrase: a NUL, or more than 255 bytes",
                    "key", "new", "x.key", "--person", "a", "--passphrase-file", "long")
        self.failed("new passphrase for x.key: there is no terminal to ask on", "key", "new", "x.key", "--person", "a")
        self.assertEqual(sorted(os.listdir(self.place.folder)), ["long", "open", "pass", "short"])

    def test_a_passphrase_comes_through_a_pipe(self):
        self.place.suture("key", "new", "x.key", "--person", "a", "--passphrase-file", "/dev/stdin", stdin=PASSPHRASE + "\nmore\n")
        os.remove(self.place.path("x.key.pub"))
        self.place.suture("key", "show", "x.key", "--passphrase-file", "pass")


class Terminal(KeyTest):
    first, again = "new passphrase for x.key: ", "new passphrase for x.key, again: "
    words = ("key", "new", "x.key", "--person", "anna")

    def test_typed_twice_and_never_shown(self):
        status, shown = self.place.typing(self.words, [(self.first, PASSPHRASE + "\r"), (self.again, PASSPHRASE + "\n")])
        self.assertEqual(status, 0, shown)
        self.assertNotIn("horse", shown)
        os.remove(self.place.path("x.key.pub"))
        # Typed with a mistake that is taken back: a letter of two bytes, then a whole line.
        status, shown = self.place.typing(("key", "show", "x.key"),
                                          [("passphrase of x.key: ", "wrong\x15correct horse battér\x7f\x7fery\r")])
        self.assertEqual(status, 0, shown)
        self.assertIn("Ed25519 key that names nobody", shown)
        status, shown = self.place.typing(("key", "show", "x.key"), [("passphrase of x.key: ", "wrong\r")])
        self.assertEqual((status, shown.splitlines()[-1]), (1, "suture: x.key: wrong passphrase"))

    def test_two_that_differ_make_nothing(self):
        status, shown = self.place.typing(self.words, [(self.first, PASSPHRASE + "\r"), (self.again, PASSPHRASE + "s\r")])
        self.assertEqual((status, shown.splitlines()[-1]), (1, "suture: the two are not the same; nothing was made"))
        self.assertFalse(os.path.exists(self.place.path("x.key")))

    def test_stopped(self):
        for typed in ("\x03", "corr\x03", "\x04"):
            status, shown = self.place.typing(self.words, [(self.first, typed)])
            self.assertEqual((status, shown.splitlines()[-1]), (1, "suture: new passphrase for x.key: stopped"))
        self.assertFalse(os.path.exists(self.place.path("x.key")))


@unittest.skipUnless(shutil.which("softhsm2-util"), "no SoftHSM here")
class Token(KeyTest):
    uri = "pkcs11:token=anna;object=suture"

    def setUp(self):
        super().setUp()
        self.place.token()

    def test_a_key_is_made_once(self):
        made = json.loads(self.place.suture("key", "new", self.uri, "--person", "anna", "--passphrase-file", "pin", "--format", "json").stdout)
        self.assertEqual((made["made"], made["scheme"], made["public"], made["private"]), (True, "ecdsa-sha2-nistp256", "anna.pub", self.uri))
        again = json.loads(self.place.suture("key", "new", self.uri, "--person", "anna", "--public", "again.pub", "--passphrase-file", "pin",
                                             "--format", "json").stdout)
        self.assertEqual((again["made"], again["keyid"]), (False, made["keyid"]))
        shown = json.loads(self.place.suture("key", "show", self.uri, "--passphrase-file", "pin", "--format", "json").stdout)
        self.assertEqual(shown["keyid"], made["keyid"])

    def test_what_is_refused(self):
        self.place.suture("key", "new", self.uri, "--person", "anna", "--passphrase-file", "pin")
        self.place.secret("wrong", "111111")
        self.failed(f"{self.uri}: wrong PIN for the token \"anna\"; it was tried once", "key", "show", self.uri, "--passphrase-file", "wrong")
        self.place.suture("key", "show", self.uri, "--passphrase-file", "pin")  # one wrong try does not lock it
        self.failed("pkcs11:token=anna;object=x: no such key: is the token there, and does the URI name one key?",
                    "key", "show", "pkcs11:token=anna;object=x", "--passphrase-file", "pin")
        self.failed("pkcs11:token=anna: a new key needs a place: pkcs11:token=NAME;object=WHAT-IT-IS-TO-BE-CALLED",
                    "key", "new", "pkcs11:token=anna", "--person", "a", "--passphrase-file", "pin")
        self.failed("key new: few tokens make Ed25519: a token's key is p256", "key", "new", self.uri, "--person", "a", "--scheme", "ed25519", status=2)

    def test_what_a_token_holds_is_listed(self):
        self.assertEqual(json.loads(self.place.suture("key", "list", "pkcs11:token=anna", "--format", "json").stdout)["keys"], [])
        made = json.loads(self.place.suture("key", "new", self.uri, "--person", "anna", "--passphrase-file", "pin", "--format", "json").stdout)
        listed = json.loads(self.place.suture("key", "list", "pkcs11:token=anna", "--format", "json").stdout)["keys"]
        self.assertEqual([(key["keyid"], key["scheme"], key["person"], key["public"]) for key in listed],
                         [(made["keyid"], "ecdsa-sha2-nistp256", None, None)])
        shown = self.place.suture("key", "show", listed[0]["private"], "--passphrase-file", "pin", "--format", "json").stdout
        self.assertEqual(json.loads(shown)["keyid"], made["keyid"])
        self.assertIn(" token ", self.place.suture("key", "list", "pkcs11:token=anna").stdout)
        self.assertIn("No public key of Suture here", self.place.suture("key", "list", "pkcs11:token=ben").stdout)
        self.failed("a PIN does not belong in a URI: it is asked for", "key", "list", "pkcs11:token=anna?pin-value=1")

    def test_the_pin_is_asked_for(self):
        status, shown = self.place.typing(("key", "new", self.uri, "--person", "anna"), [('PIN of the token "anna": ', PIN + "\r")])
        self.assertEqual(status, 0, shown)
        self.assertNotIn(PIN, shown)


if __name__ == "__main__":
    unittest.main()
