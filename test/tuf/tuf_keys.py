"""Keys of TUF metadata for tests: Ed25519, ECDSA P-256 and RSA-PSS by python3-cryptography, and the canonical JSON that
they sign.

Keys are made once for a process and handed out by number, since no test minds whose they are and RSA takes long."""
import copy
import hashlib

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

SCHEMES = {"ed25519": "ed25519", "ecdsa": "ecdsa-sha2-nistp256", "rsa": "rsassa-pss-sha256"}


def canonical(value):
    """Canonical JSON as OLPC has it: sorted names, no space, only '"' and '\\' escaped, whole numbers."""
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if value is True:
        return "true"
    if value is False:
        return "false"
    if value is None:
        return "null"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return "[" + ",".join(canonical(each) for each in value) + "]"
    if isinstance(value, dict):
        return "{" + ",".join(canonical(name) + ":" + canonical(value[name]) for name in sorted(value)) + "}"
    raise TypeError(f"not of JSON: {value!r}")


def canonical_bytes(value):
    return canonical(value).encode()


def _make(kind):
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind == "ecdsa":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _public(kind, private):
    public = private.public_key()
    if kind == "ed25519":
        raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return raw.hex()
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


class Key:
    """One key: `public` is its member of "keys" (a test may add to it and then calls rename), `id` its name."""

    def __init__(self, kind, private):
        self.kind, self.private = kind, private
        self.public = {"keytype": kind, "scheme": SCHEMES[kind], "keyval": {"public": _public(kind, private)}}
        self.rename()

    def rename(self, name=None):
        self.id = name or hashlib.sha256(canonical_bytes(self.public)).hexdigest()
        return self

    def copy(self):
        """The same private key, whose public part a test may change without others seeing it."""
        other = copy.copy(self)
        other.public = copy.deepcopy(self.public)
        return other

    def sign(self, message):
        if self.kind == "ed25519":
            return self.private.sign(message).hex()
        if self.kind == "ecdsa":
            return self.private.sign(message, ec.ECDSA(hashes.SHA256())).hex()
        pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)
        return self.private.sign(message, pss, hashes.SHA256()).hex()

    def signature(self, signed):
        return {"keyid": self.id, "sig": self.sign(canonical_bytes(signed))}


_made = {kind: [] for kind in SCHEMES}


class KeyRing:
    """Hands out keys that it has not handed out before; another ring hands out the same ones again."""

    def __init__(self):
        self.used = {kind: 0 for kind in SCHEMES}

    def new(self, kind="ecdsa"):
        number = self.used[kind]
        self.used[kind] += 1
        while len(_made[kind]) <= number:
            _made[kind].append(Key(kind, _make(kind)))
        return _made[kind][number].copy()
