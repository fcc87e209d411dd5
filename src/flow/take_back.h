/*
 * Taking one run back, for `suture rollback` and for a run that failed: the store is opened against its seal, its packages
 * are laid into the folder of the run that does it, proved there, and deploy/rollback does the rest.
 *
 * ERROR_TRUST: the store is not as it was; nothing has been changed then.
 */
#ifndef FLOW_TAKE_BACK_H
#define FLOW_TAKE_BACK_H

#include "deploy/rollback.h"

struct take_back_request {
    const struct installer *installer; /* locked; opened for the run `as` */
    const char *root, *state;          /* absolute */
    const char *run;                   /* whose store: the run that is taken back */
    const struct digest *seal;         /* from the journal */
    const char *as;                    /* the run that does it; may be the same */
};

bool take_back(const struct take_back_request *request, struct arena *arena, struct rollback_result *out,
               struct error *err) MUST_USE;

#endif
