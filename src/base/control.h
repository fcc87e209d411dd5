/*
 * The controls: each check that keeps an attacker out, by name, with the drill that shows it (doc/threats.md).
 *
 * A control that nobody has seen fail may have never worked. So each of them asks control_holds() where it refuses:
 *
 *     if (version < held && control_holds(CONTROL_TUF_ROLLBACK))
 *         return error_set(err, ERROR_TRUST, "rollback: ...");
 *
 * In every build that is used it is true, whatever the environment says (control_fixed.c). In a test build (meson
 * -Dcontrols=true: control_switched.c) the controls named in SUTURE_CONTROLS_OFF, with ',' between them, are off, and
 * `./check` runs each control's drill with it off and sees that drill fail.
 */
#ifndef BASE_CONTROL_H
#define BASE_CONTROL_H

#include <stdbool.h>
#include <stddef.h>

/* Pointers of an environment that control_environment can add to, the NULL at its end included. */
#define CONTROL_ENVIRONMENT_MAX 64

enum control {
    CONTROL_UNKNOWN,
    /* the vendor's chain */
    CONTROL_GPGV_GOOD,
    CONTROL_GPGV_DIGEST,
    CONTROL_GPGV_ALLOWED,
    CONTROL_GPGV_ENOUGH,
    CONTROL_SUITE_NAME,
    CONTROL_SUITE_SIGNERS,
    CONTROL_SUITE_AGE,
    CONTROL_SUITE_FLOOR,
    CONTROL_PACKAGE_SCOPE,
    CONTROL_LIST_HASH,
    CONTROL_LIST_DATE,
    CONTROL_LIST_WENT_BACK,
    CONTROL_TRUST_SIGNED,
    CONTROL_TRUST_RECORD,
    CONTROL_TRUST_FORWARD,
    CONTROL_TRUST_CLAIM,
    CONTROL_TRUST_BYTES,
    CONTROL_TRUST_SOAK,
    CONTROL_TRUST_POWERS,
    CONTROL_TRUST_NEW_PACKAGE,
    CONTROL_CACHE_HASH,
    CONTROL_EXECUTE_HASH,
    CONTROL_VAULT_OTHERS,
    CONTROL_ARCHIVE_PATH,
    CONTROL_ARCHIVE_TWICE,
    CONTROL_ARCHIVE_BELOW,
    CONTROL_ARCHIVE_HARD_LINK,
    CONTROL_TREE_PATH,
    CONTROL_TREE_BELOW,
    CONTROL_UNPACK_TIMES,
    CONTROL_DEB_PART_SIZE,
    CONTROL_JSON_TWICE,
    CONTROL_DELTA_OUTPUT,
    CONTROL_INDEX_SIGNED,
    CONTROL_INDEX_ROLE,
    CONTROL_FETCH_SIZE,
    CONTROL_FETCH_FILE_SIZE,
    CONTROL_FETCH_ACCEPT,
    CONTROL_FETCH_PACE,
    CONTROL_FEED_SMALLER,
    CONTROL_FEED_OLDER,
    CONTROL_FEED_AHEAD,
    CONTROL_STORE_SEAL,
    CONTROL_EXECUTE_BASIS,
    /* our own metadata */
    CONTROL_TUF_ROLLBACK,
    CONTROL_TUF_FREEZE,
    CONTROL_TUF_MIX_AND_MATCH,
    CONTROL_TUF_DIAMOND,
    CONTROL_TUF_ENDLESS,
    CONTROL_TUF_TARGET_HASH,
    CONTROL_TUF_SIGNATURE,
    CONTROL_TUF_THRESHOLD,
    CONTROL_TUF_THRESHOLD_ZERO,
    CONTROL_TUF_DISTINCT_KEYS,
    CONTROL_TUF_DISTINCT_PERSONS,
    CONTROL_TUF_PROPOSER,
    CONTROL_ORDER_ROLE,
    CONTROL_ORDER_END,
    CONTROL_ORDER_LENGTH,
    CONTROL_SOLO_DELAY,
    CONTROL_POLICY_COMMANDS,
    CONTROL_ORDER_BLOCK,
    CONTROL_BLOCK_ROLLBACK,
    /* waiting times of a fleet */
    CONTROL_LANE_FLEET,
    CONTROL_LANE_SOURCES,
    CONTROL_LANE_PERSON,
    CONTROL_LANE_TWO_PERSONS,
    CONTROL_LANE_CRISIS,
    /* a fleet's database */
    CONTROL_FLEET_QUARANTINE,
    CONTROL_FLEET_GENERATION,
    CONTROL_FLEET_LEAP,
    CONTROL_FLEET_TOKEN_REVOKED,
    CONTROL_FLEET_TOKEN_USED,
    CONTROL_FLEET_TOKEN_END,
    CONTROL_FLEET_EVENT_BODY,
    CONTROL_COUNT
};

struct control_row {
    const char *name;  /* "tuf-rollback" */
    const char *drill; /* its name in `suture drill list` */
    const char *what;  /* half a sentence: what is refused */
};

/* By enum control; the row of CONTROL_UNKNOWN is empty. */
extern const struct control_row controls[CONTROL_COUNT];

/*
 * Some controls stand behind others: an attack that gets past the first is refused by the second, under another name.
 * What is named here is off together with the control of its place when its drill is seen to fail; UNKNOWN: nothing is.
 */
extern const enum control controls_behind[CONTROL_COUNT];

bool control_holds(enum control control);
/* Whether this build can switch controls off at all: said by `suture drill` on top of its page. */
bool control_switchable(void);
/*
 * The environment of a program that this one starts: the one that is given, and in a test build which controls are off
 * besides, since half of them are asked in helpers, whose environment is not ours. `room` is used where something is added.
 */
const char *const *control_environment(const char *const *environment,
                                       const char *room[CONTROL_ENVIRONMENT_MAX]);

#endif
