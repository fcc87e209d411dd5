/*
 * The victim: a small Debian-like machine below the drill's folder, and the vendor's mirror that it uses.
 *
 *     NAME/machine    its root: dpkg's status (lantern 1.0), one source of apt, the vendor's keys, apt's lists
 *     NAME/mirror     packages in pool/, at file:
 *     NAME/state      Suture's state folder of that machine
 *     NAME/ran        a line from each package whose script has run
 *
 * The lists that the mirror "sent" are put where apt would have put them; the rest is done by the code that does it on a real
 * machine: manager/ looks and remembers, flow/prove fetches and proves in suture-prove, the executor's part copies what was
 * proved into a folder of its own. What lies there is run: not by dpkg, which wants root, but by giving the package's own
 * script to a shell, with the one thing that it does: leaving its line.
 */
#ifndef DRILL_VICTIM_H
#define DRILL_VICTIM_H

#include "drill/drill.h"
#include "flow/gate.h"
#include "flow/prove.h"

#define VICTIM_SUITE  "stable-security"
#define VICTIM_VENDOR "vendor.gpg"

struct victim {
    struct drill_run *run;
    const char *root, *mirror, *state, *packages, *ran;
    struct text uri;               /* of the mirror, ends in '/' */
    const struct gate_place *gate; /* waits and new powers are judged by it; NULL: they are not asked */
};

/* With an honest list and an honest lantern 2.0 on its mirror. */
bool victim_make(struct drill_run *run, const char *name, struct victim *out, struct error *err) MUST_USE;

/* The same, with its mirror at another address, where the drill has a server. */
bool victim_make_at(struct drill_run *run, const char *name, struct text uri, struct victim *out,
                    struct error *err) MUST_USE;

/* Another source of apt: its suite, and the keyring of data/drill that it names. */
bool victim_add_source(const struct victim *victim, const char *suite, const char *keyring, struct error *err)
    MUST_USE;
/* The first source again, with more behind the keyring's path in Signed-By. */
bool victim_sign_by(const struct victim *victim, const char *signed_by, struct error *err) MUST_USE;

/*
 * From now on the vendor is a described publisher, who owns every package (trust/publishers.h): `needed` of his two keys sign
 * his suite, and from this mirror nobody else is believed if it is bound. It holds for all victims of the drill.
 */
bool victim_describe_vendor(const struct victim *victim, unsigned needed, bool bound, struct error *err)
    MUST_USE;
bool victim_forget_vendor(const struct victim *victim, struct error *err) MUST_USE;
/* The version of this change was first seen at this time, and archives have signed until the other. */
bool victim_remember(const struct victim *victim, const struct plan_change *change, int64_t first_us,
                     int64_t signed_us, struct error *err) MUST_USE;

/* What stands between a fetched package and this machine, as who approves of it would see it. */
bool victim_look_at_gates(const struct victim *victim, const struct plan_change *change,
                          struct trust_gates *out, struct error *err) MUST_USE;

/* What apt update brought for a suite: the names of two files of data/drill. */
bool victim_serve(const struct victim *victim, const char *suite, const char *inrelease, const char *packages,
                  struct error *err) MUST_USE;
/* The same, with a list that is packed: its bytes, and what its name ends in (".xz"). */
bool victim_serve_packed(const struct victim *victim, const char *suite, const char *inrelease,
                         struct bytes list, const char *ending, struct error *err) MUST_USE;
/* A file on the mirror: "lantern_2.0_amd64.deb" and what is in it. */
bool victim_put_deb(const struct victim *victim, const char *file, struct bytes content, struct error *err)
    MUST_USE;
/* Looks and remembers, as suture plan does. *why: what it says of the suite's list; absent: nothing is wrong with it. */
bool victim_look(const struct victim *victim, const char *suite, struct text *why, struct error *err)
    MUST_USE;

/* lantern from 1.0 to this version, as the plan of a server that nobody has stolen would have it; the file's bytes are `deb`. */
struct plan_change victim_change(const struct victim *victim, const char *version, struct bytes deb);

/* Fetches and proves; what is proved is installed, its script run. False: refused, nothing ran. */
bool victim_update(const struct victim *victim, const struct plan_change *change, struct error *err) MUST_USE;
/* Its three parts, for who does something in between: into RUN/packages; the proof; the executor's own copy, and its script. */
bool victim_fetch(const struct victim *victim, const struct plan_change *change, struct error *err) MUST_USE;
bool victim_prove(const struct victim *victim, const struct plan_change *change, struct trusted_artifact *out,
                  struct error *err) MUST_USE;
bool victim_install(const struct victim *victim, const struct trusted_artifact *artifact, struct error *err)
    MUST_USE;
/* Puts other bytes where a fetched file of this change lies, or would lie: RUN/packages/HEX.deb. */
bool victim_plant(const struct victim *victim, const struct plan_change *change, struct bytes content,
                  struct error *err) MUST_USE;

/* Runs the package's script, without any proof: what an installer does with what it was given. */
bool victim_run_script(const struct victim *victim, struct bytes deb, struct error *err) MUST_USE;

/* Whether a script with such a line has run. */
bool victim_ran(const struct victim *victim, const char *line);

/* The end of every drill with a victim: prints whether something bad ran. */
void victim_judge(const struct victim *victim);
/* The vendor's honest list and package are served again, and the update goes through. */
void victim_recover(const struct victim *victim);

#endif
