/*
 * The two steps of a run that get a plan's packages and prove them.
 *
 *     prove_fetch    lists (suture-prove) -> addresses -> cache (acquire/mirror.h) -> RUN/packages/HEX.deb
 *                    what is cheaper as a delta is rebuilt into the cache before (flow/delta_fetch.h)
 *     prove_plan     lists again, and what each package says of itself (suture-prove), and then the one comparison that
 *                    makes a struct trusted_artifact (acquire/trust_check.h), of the bytes as they lie in RUN/packages
 *
 * Lists are verified anew in both, whatever was remembered: a key may have been taken back since the plan was made. The
 * files of the run are links to those of the cache where they can be; both folders are root's alone.
 */
#ifndef FLOW_PROVE_H
#define FLOW_PROVE_H

#include "acquire/trust_check.h"
#include "flow/delta_use.h"
#include "flow/gate.h"

struct prove_request {
    const char *program; /* suture-prove (os_helper finds it) */
    const char *fetcher; /* suture-fetch; NULL: only file: can be had */
    const char *root;
    int64_t now_us;
    const char *state; /* the state folder: cache/ and fetch/ are in it */
    const char *run;   /* the run's folder, absolute; it is there. prove_fetch: NULL, into the cache alone */
    struct text ca_file;            /* absent: the system's certificates */
    uint64_t rate_max;              /* bytes a second; 0: as fast as it goes */
    const struct delta_use *deltas; /* NULL: none are used */
    const struct gate_place *gate; /* prove_plan: NULL: the gates were passed before, and the run has begun */
    bool (*progress)(void *self, const struct mirror_progress *progress); /* false: stop; or NULL */
    void *self;
};

struct prove_fetched {
    struct mirror_result mirror; /* what was made from deltas is counted among the reused */
    struct delta_offers offers;
    struct delta_report deltas;
};

/*
 * Every file of the plan is in RUN/packages. ERROR_TRUST: no list vouches for one of them. Else as mirror_fetch.
 * `out->mirror.paths` has one path for each change, NULL for a removal.
 */
bool prove_fetch(const struct prove_request *request, const struct plan *plan, struct arena *arena,
                 struct prove_fetched *out, struct error *err) MUST_USE;

/* out has room for plan->change_count: one for each change, and basis UNKNOWN for a removal. */
bool prove_plan(const struct prove_request *request, const struct plan *plan, struct arena *arena,
                struct trusted_artifact *out, enum trust_refusal *refusal, struct error *err) MUST_USE;

#endif
