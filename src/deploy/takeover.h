/*
 * Taking over: files and links below /etc that are made so that only Suture installs updates, and given back exactly.
 *
 *     wishes --plan--> changes that are needed (what is so already is not one)
 *                 take:  record "taking" -> each change -> record "taken"
 *                 give:  record "giving" -> each change back, last first -> record removed
 *
 * What stands in the way is renamed aside, not copied, so that it comes back as it was, with its owner, times and whatever
 * else it has. What somebody changed since is left alone, and said; only what is still ours is taken away. Both can be
 * stopped at any instruction: give, called again, goes on from what is there, and after it nothing of ours is left.
 *
 * Works below any root. No folder on the way may be a link: an image could lead it out of itself. Never two at a time: who
 * calls holds the lock.
 */
#ifndef DEPLOY_TAKEOVER_H
#define DEPLOY_TAKEOVER_H

#include "store/takeover.h"

struct takeover_wish {
    enum takeover_kind kind;
    const char *path;
    const char *group;
    const char *target;  /* LINK */
    struct text content; /* FILE */
    uint16_t mode;       /* FILE */
    const char *unit;    /* of systemd, to be stopped where it is active; NULL: none */
};

/* systemd, where it runs; a test fills its own. */
struct takeover_units {
    void *self;
    bool (*is_active)(void *self, const char *unit);
    bool (*reload)(void *self, struct error *err);
    bool (*start)(void *self, const char *unit, struct error *err);
    bool (*stop)(void *self, const char *unit, struct error *err);
};

struct takeover_place {
    const char *root;                   /* "/", or a folder with another system in it */
    const char *record;                 /* store/takeover.h */
    const struct takeover_units *units; /* NULL: systemd does not run there */
    /* Asked before every change of the disk; NULL outside the test that stops at each. */
    bool (*gate)(void *self, struct error *err);
    void *gate_self;
};

/* The changes that the wishes need now: phase TAKING, for takeover_take; by and begun_us are the caller's to set. Changes nothing. */
bool takeover_plan(const struct takeover_place *place, const struct takeover_wish *wishes, size_t count,
                   struct arena *arena, struct takeover *out, struct error *err) MUST_USE;

/*
 * Makes them. ERROR_CONFLICT: the record says that something is taken over already, or what is there changed since the
 * plan. When it fails the record stands: takeover_give takes back what was made.
 */
bool takeover_take(const struct takeover_place *place, const struct takeover *plan,
                   const struct takeover_wish *wishes, size_t count, struct arena *arena, struct error *err)
    MUST_USE;

enum takeover_outcome {
    TAKEOVER_RETURNED, /* what was there before is there again, be it nothing */
    TAKEOVER_CHANGED,  /* somebody changed it since: left as it is now */
    TAKEOVER_LOST,     /* what was moved aside is gone */
    TAKEOVER_IN_USE,   /* a folder that was made, and has others' files now */
};
struct takeover_given {
    struct takeover_change change;
    enum takeover_outcome outcome;
};
struct takeover_report {
    enum takeover_phase phase;          /* as it was found; NONE: there was nothing to give back */
    const struct takeover_given *given; /* in the order of the record */
    size_t count;
    struct text unit_trouble; /* systemd refused something: which, and why; absent: nothing */
};
bool takeover_give(const struct takeover_place *place, struct arena *arena, struct takeover_report *out,
                   struct error *err) MUST_USE;

#endif
