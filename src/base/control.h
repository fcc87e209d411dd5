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

enum control {
    CONTROL_UNKNOWN,
    CONTROL_TUF_ROLLBACK,
    CONTROL_TUF_FREEZE,
    CONTROL_TUF_MIX_AND_MATCH,
    CONTROL_TUF_DIAMOND,
    CONTROL_TUF_ENDLESS,
    CONTROL_TUF_TARGET_HASH,
    CONTROL_COUNT
};

struct control_row {
    const char *name;  /* "tuf-rollback" */
    const char *drill; /* its name in `suture drill list` */
    const char *what;  /* half a sentence: what is refused */
};

/* By enum control; the row of CONTROL_UNKNOWN is empty. */
extern const struct control_row controls[CONTROL_COUNT];

bool control_holds(enum control control);
/* Whether this build can switch controls off at all: said by `suture drill` on top of its page. */
bool control_switchable(void);

#endif
