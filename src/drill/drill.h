/*
 * A drill: one attack on a machine that exists only in a scratch folder, carried out against the same code that guards the
 * real one, and told in plain words.
 *
 *     THE ATTACKER HAS    what he begins with
 *     HE TRIES        1   what he does; and what came of it, in the words that an operator would read
 *     NOTHING BAD RAN     his program leaves a mark where it runs
 *     AFTERWARDS          an honest update goes through: the machine recovered by itself
 *
 * A drill never judges an attack by a check of its own: it asks trust/, acquire/, manager/, delta/ or wire/, and looks at
 * what they said and at what ran. It sends nothing, needs no root, and takes its own time, so that it says the same on any day.
 *
 * Each drill is one function in a file of its group, with one row in drills.c. What it learns goes through the functions
 * below, which print the page and keep the count; a drill that could not be tried has not held.
 */
#ifndef DRILL_DRILL_H
#define DRILL_DRILL_H

#include <stdio.h>

#include "base/arena.h"
#include "base/bytes.h"

/* Programs of ours that drills start, absolute; NULL where one is missing. */
struct drill_tools {
    const char *prove, *fetch, *rebuild, *parse;
};

struct drill;

struct drill_run {
    const struct drill *drill;
    const struct drill_tools *tools;
    const char *folder; /* absolute; the drill's own, removed behind it */
    int64_t now_us;     /* 21 November 2026, 07:50 UTC, whatever day it is */
    struct arena *arena;
    FILE *page;
    size_t attempts, refused;
    size_t broken;  /* what did not hold */
    size_t untried; /* what could not be tried here */
    bool recovered; /* drill_recovered was told so */
};

struct drill {
    const char *name;  /* "forged-inrelease" */
    const char *what;  /* one sentence */
    const char *alarm; /* names of refusals that are expected, with ", " between */
    /* False: something else failed, and nothing is shown by it. */
    bool (*run)(struct drill_run *run, struct error *err);
};

/* THE ATTACKER HAS */
void drill_attacker(struct drill_run *run, const char *format, ...) PRINTF_LIKE(2, 3);
/* HE TRIES; its outcome follows. */
void drill_attempt(struct drill_run *run, const char *format, ...) PRINTF_LIKE(2, 3);
/*
 * What came of it: it must have been refused, with a text that has `alarm` in it. Prints the text whole.
 */
void drill_refused(struct drill_run *run, bool believed, const struct error *err, const char *alarm);
/* The same, where nobody refuses loudly: `held` is what was seen, the text says what that was. */
void drill_held(struct drill_run *run, bool held, const char *format, ...) PRINTF_LIKE(3, 4);
/* A line of explanation under the attempt. */
void drill_note(struct drill_run *run, const char *format, ...) PRINTF_LIKE(2, 3);
/* NOTHING BAD RAN, or what did. */
void drill_nothing_bad(struct drill_run *run, bool nothing, const char *format, ...) PRINTF_LIKE(3, 4);
/* AFTERWARDS */
void drill_recovered(struct drill_run *run, bool recovered, const char *format, ...) PRINTF_LIKE(3, 4);
/* What could not be tried on this machine, and why: never counted as held. */
void drill_untried(struct drill_run *run, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
