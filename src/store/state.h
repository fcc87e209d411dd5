/*
 * The state folder: what Suture keeps on one machine between its runs.
 *
 * For root /var/lib/suture; for others $XDG_STATE_HOME/suture, by default ~/.local/state/suture; $SUTURE_STATE names
 * another one. It belongs to who runs
 * (mode 0700) and is refused when it belongs to somebody else or others may write to it: what is in it decides what is
 * reported. Root's and each user's are apart, nobody believes another's.
 *
 *     format                 "suture-state 1\n"; a newer one is refused
 *     lock                   held by whoever writes generations
 *     current                link to the generation in use: "generations/17"
 *     generations/17/        advisory data of one update; never changed, only replaced by the next generation
 *         manifest           what is in it, where from and of when (store/manifest.h)
 *         feeds/NAME         what one document said (identify/statements.h), packed (format/pack.h)
 *         index/RELEASE.index  the compiled index of one release (identify/index.h)
 *         facts              what is known of each vulnerability (identify/facts.h)
 *     generations/18.new/    one that is being made, or was when somebody pulled the plug: removed by the next writer
 *     spool/                 downloads (wire/fetch.h)
 *     verified/              lists that were verified before, by their file's identity
 *     seen                   when each finding was first seen (store/seen.h)
 *     versions               when each version of a package was first seen (store/versions_seen.h)
 *     record                 the last scan (store/record.h)
 *     order                  the machine's own level (store/order.h)
 *     approvals              what its people approved of (store/approvals.h)
 *     evidence/              sealed records of what was proved (store/evidence.h)
 *     machine.key            what they are signed with (trust/machine_key.h)
 *     deltas/                indexes of deltas, and deltas that wait to be used (flow/delta_fetch.h)
 *     signed-for             repositories that were signed for from here (cli/signed_for.h)
 *     takeover               what was changed of other updaters (store/takeover.h)
 *
 * A generation replaces the former one as a whole: it is filled, synced, named, and then the link is renamed; whatever
 * happens before, the former one stays in use. Readers take no lock: they follow the link once and open files. So the
 * former generation is removed by the next writer, not by the one that replaced it; and a file that is mapped stays
 * good even then.
 */
#ifndef STORE_STATE_H
#define STORE_STATE_H

#include "base/arena.h"
#include "base/error.h"

#include <stdint.h>

struct state {
    const char *folder;
};

/* Where this user's is, from the environment; it need not be there yet. ERROR_ABSENT when HOME is not set. */
bool state_folder(struct arena *arena, const char **out, struct error *err) MUST_USE;

enum state_use {
    STATE_READ,  /* ERROR_ABSENT when it is not there */
    STATE_WRITE, /* made when it is not there */
};
/* folder must live as long as the state. ERROR_TRUST: it is somebody else's, or others may write to it. */
bool state_open(const char *folder, enum state_use use, struct state *out, struct error *err) MUST_USE;

/* "FOLDER/NAME" in the arena; NULL when memory is out. Folders of it (spool, verified) are made by who needs them. */
char *state_path(const struct state *state, struct arena *arena, const char *name);
/* The same, and makes it as a folder of mode 0700. */
bool state_make_folder(const struct state *state, struct arena *arena, const char *name, const char **out,
                       struct error *err) MUST_USE;

struct generation {
    uint64_t number; /* 0: there is none */
    const char *folder;
};
/* The one in use. ERROR_ABSENT: no update has succeeded yet. */
bool state_current(const struct state *state, struct arena *arena, struct generation *out, struct error *err)
    MUST_USE;

/* A generation that is being made. OWN(state_change_end): what was not committed is thrown away. */
struct state_change {
    const struct state *state;
    struct arena *arena;
    int lock;
    struct generation former;
    struct generation next; /* its folder is the one to fill; feeds/ and index/ are in it */
    bool begun;
};
/* ERROR_CONFLICT with the pid when somebody else makes one. Removes all generations but the one in use. */
bool state_change_begin(const struct state *state, struct arena *arena, struct state_change *out,
                        struct error *err) MUST_USE;
/* Takes a file ("feeds/kev") over from the former generation as it is. */
bool state_change_keep(struct state_change *change, const char *name, struct error *err) MUST_USE;
/* Puts it into use, durably. */
bool state_change_commit(struct state_change *change, struct error *err) MUST_USE;
void state_change_end(struct state_change *change);

/* The steps of a commit, in order; apart only for the test that stops after each. */
enum state_step {
    STATE_STEP_SYNC,      /* the new folders */
    STATE_STEP_NAME,      /* N.new becomes N */
    STATE_STEP_SYNC_NAME, /* generations/ */
    STATE_STEP_LINK,      /* current.new -> N */
    STATE_STEP_SWITCH,    /* current.new becomes current: from here on the new one is in use */
    STATE_STEP_SYNC_SWITCH,
    STATE_STEP_COUNT
};
bool state_change_step(struct state_change *change, enum state_step step, struct error *err) MUST_USE;

#endif
