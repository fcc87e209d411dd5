/*
 * The proof of a rollback: that everything is exactly as it was before the run that was taken back, and that what worked
 * before that run works now. The look is suture-look's (flow/look.h); what it finds is sealed.
 */
#ifndef FLOW_ROLLBACK_PROVE_H
#define FLOW_ROLLBACK_PROVE_H

#include "base/helper.h"
#include "model/run.h"

struct rollback_proof {
    const struct helper *look; /* suture-look; none: nothing is proved */
    const char *state, *root;
    const struct run *undone; /* the run that was taken back */
    const char *as;           /* the run that took it back */
    int64_t begun_us;
    bool done; /* all of it went back */
};
/* One line in *note. A failure changes nothing of what was taken back. */
bool rollback_prove(const struct rollback_proof *proof, struct arena *arena, struct text *note,
                    struct error *err) MUST_USE;

#endif
