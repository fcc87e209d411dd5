"""suture's own column: `suture delta create` and `apply`, and what they tell of their parts."""
import json
import os
import tempfile

import tools
from pairs import digest_of

# CPU seconds that suture tells apart itself: of create its windows with opening both sides, and proving by decoding; of apply reading
# and opening the old files, decoding the windows, and putting together, which is nearly all packing. "unpack" takes the old .deb
# apart, which a machine does not do that has its files installed.
PARTS = ("encode", "prove", "unpack", "open", "decode", "pack")


def seconds(told, *names):
    return sum(told.get(name + "_cpu_ms", 0) for name in names) / 1000


def measure(pair, suture, folder, jobs, installed=None):
    """installed: applies the delta at this path elsewhere, in place of here: (cost, what suture told); None: it was refused."""
    work = tempfile.mkdtemp(prefix="suture-", dir=folder)
    delta, out = os.path.join(work, "d"), os.path.join(work, "out.deb")
    state = {"SUTURE_STATE": os.path.join(work, "state"), "TMPDIR": work}
    words = ["--threads", str(jobs), "--format", "json"]
    encode, made = tools.run([suture, "delta", "create", *words, pair.old, pair.new, delta], environment=state)
    if installed:
        decode, applied = installed(delta) or (tools.Cost(), "{}")
    else:
        decode, applied = tools.run([suture, "delta", "apply", *words, pair.old, delta, out], environment=state)
        if digest_of(out) != digest_of(pair.new):
            raise tools.Failed("suture: its result is another file")
    made, applied = json.loads(made), json.loads(applied)
    parts = {"encode": seconds(made, "encode", "open_old", "open_new"), "prove": seconds(made, "prove"),
             "unpack": seconds(applied, "unpack"), "open": seconds(applied, "open_old"), "decode": seconds(applied, "decode"),
             "pack": seconds(applied, "pack")}
    return tools.Measured(os.path.getsize(delta), encode, decode, parts)
