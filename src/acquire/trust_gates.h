/*
 * The gates that stand between a package whose signature holds and this machine, and who may open them:
 *
 *     soak           it was first seen here too short ago for its lane (acquire/lanes.h)
 *     powers         it may newly do something here that the policy holds for a person (acquire/powers.h)
 *     new-package    nobody expects it: of no source and publisher that is here, and not allow-listed
 *
 * Each is opened by an approval of exactly these bytes (acquire/lifts.h). One judge for who plans, asks and installs.
 */
#ifndef ACQUIRE_TRUST_GATES_H
#define ACQUIRE_TRUST_GATES_H

#include "acquire/lanes.h"
#include "acquire/lifts.h"
#include "acquire/powers.h"
#include "model/plan.h"

/* What a whole plan is judged by. */
struct trust_terms {
    struct lane_terms lanes;
    uint32_t held_powers; /* a bit for each enum power_kind: the policy's */
    struct powers powers; /* of the whole plan, sorted */
    struct lifts lifts;
    int64_t clock_us;
    int64_t now_us; /* that waits are judged by (versions_seen_now) */
};

enum trust_gate { TRUST_GATE_SOAK, TRUST_GATE_POWERS, TRUST_GATE_NEW_PACKAGE, TRUST_GATE_COUNT };
const char *trust_gate_name(enum trust_gate gate); /* "soak", "powers", "new-package" */
/* The bit of an approval that opens it. */
unsigned trust_gate_lift(enum trust_gate gate);

struct trust_gates {
    bool shut[TRUST_GATE_COUNT];       /* by what it is */
    bool lifted[TRUST_GATE_COUNT];     /* and yet opened by somebody */
    struct text why[TRUST_GATE_COUNT]; /* "changes a maintainer script, postinst" */
    struct text by;                    /* who has opened; absent: nobody */
    int64_t until_us;                  /* SOAK */
    struct lift_subject subject;       /* what an approval of it must say */
};

/* first_us: when its version was first seen here, TIME_ABSENT: never. A removal has no gates. */
bool trust_gates_look(const struct plan_change *change, int64_t first_us, const struct trust_terms *terms,
                      struct arena *arena, struct trust_gates *out, struct error *err) MUST_USE;
/* The first gate that is shut and that nobody has opened; TRUST_GATE_COUNT: it may come in. */
enum trust_gate trust_gates_first(const struct trust_gates *gates);

#endif
