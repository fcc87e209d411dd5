/*
 * Letting Suture work by itself: setting up its timer, taking other updaters over, giving all of it back; and what a look of
 * the timer comes to.
 *
 *     unattended_plan -> (a person reads it) -> unattended_on          unattended_off gives back
 *     timer -> unattended_turn: wait, or apply now what is due now, or all that is due in the window
 *
 * Setting up works below any root, so that an image can be prepared; systemd is only spoken to where it runs.
 */
#ifndef FLOW_UNATTENDED_H
#define FLOW_UNATTENDED_H

#include "deploy/ready_power.h"
#include "deploy/updaters.h"
#include "flow/scan.h"

struct unattended_place {
    const char *root;    /* "/" or a folder with another system in it */
    const char *state;   /* where the record is */
    const char *program; /* suture, as the service starts it there */
    struct text zone;    /* for the window of a policy that is made */
};

/* Another updater that is at work. */
struct unattended_other {
    struct text name, does;
    const struct updater_rule *rule; /* NULL: not known here */
    bool taken;                      /* the plan takes it over */
};

struct unattended_plan {
    struct takeover changes;
    struct updaters_wishes wishes;
    const struct unattended_other *others;
    size_t other_count;
    bool policy_made; /* there was none */
};

/* Changes nothing. ERROR_CONFLICT: it is on already, or was interrupted; both are told with what to do. */
bool unattended_plan(const struct unattended_place *place, bool take_over, struct arena *arena,
                     struct unattended_plan *out, struct error *err) MUST_USE;

/* Makes it so. When it fails everything that was made is given back first, or the error says that it was not. */
bool unattended_on(const struct unattended_place *place, const struct unattended_plan *plan, struct text by,
                   int64_t now_us, struct arena *arena, struct error *err) MUST_USE;

/* Gives back whatever there is, also after an interruption. */
bool unattended_off(const struct unattended_place *place, struct arena *arena, struct takeover_report *out,
                    struct error *err) MUST_USE;

struct unattended_status {
    struct takeover record; /* phase NONE: off */
    bool timer;             /* suture.timer is enabled */
    const struct unattended_other *others;
    size_t other_count;
};
bool unattended_look(const struct unattended_place *place, struct arena *arena, struct unattended_status *out,
                     struct error *err) MUST_USE;

/* ---- a look of the timer ---- */

/* What a run of usual size needs of a window, with the way back: 95 % end sooner. */
#define UNATTENDED_RUN_US     (30 * TIME_MINUTE_US)
#define UNATTENDED_RESTART_US (10 * TIME_MINUTE_US)

enum unattended_turn {
    UNATTENDED_NOTHING, /* nothing is due */
    UNATTENDED_WAIT,    /* something is, and no window is open */
    UNATTENDED_POWER,   /* something is, and the battery is too low */
    UNATTENDED_URGENT,  /* outside the window: only what is to be done now, by name */
    UNATTENDED_ALL,     /* in the window: all that is due */
};
const char *unattended_turn_name(enum unattended_turn turn); /* "nothing", "wait", ... */

struct unattended_look {
    enum unattended_turn turn;
    struct window_span window; /* that is open, or the next in which a run fits */
    const struct text *names;  /* URGENT: source packages */
    size_t name_count;
    uint32_t due;       /* source packages that a run in the window would bring */
    struct error power; /* POWER: why */
};
bool unattended_decide(const struct scan *scan, const struct ready_power *power, struct arena *arena,
                       struct unattended_look *out, struct error *err) MUST_USE;

/* True when the machine may be restarted now: needed, allowed by policy and level, and a window is open for it. *why says it either way. */
bool unattended_may_restart(const struct scan *scan, const char **why);

#endif
