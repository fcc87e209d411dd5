/*
 * Which deltas there are for a plan: the indexes of its packages are asked for (acquire/delta_index.h), and suture-prove
 * reads them.
 *
 *     STATE/deltas/index/NAME_ARCH    as the source has it, checked; empty: the source has none
 *     STATE/fetch/                    what is under way, held by the lock of prove.h
 *
 * Whatever is wrong with the source, its indexes or this folder is told in `problem` and costs the deltas; it never
 * keeps a plan from being made or carried out.
 */
#ifndef FLOW_DELTA_OFFERS_H
#define FLOW_DELTA_OFFERS_H

#include "flow/delta_settings.h"
#include "flow/offers_message.h"
#include "model/plan.h"

struct delta_offers_request {
    const struct delta_settings *settings;
    const char *program; /* suture-prove */
    const char *fetcher; /* suture-fetch; NULL: only file: can be had */
    const char *root;
    const char *state;
    struct text ca_file;
    int64_t now_us;
    bool ask; /* the source, for indexes older than an hour; false: what was fetched before */
};

struct delta_offers {
    const struct delta_offer *at; /* one for each change of the plan */
    size_t found;                 /* of them */
    bool configured;              /* there is a source */
    bool asked;                   /* an index of each package was looked for, now or before */
    struct text problem;          /* the first one, for people; absent: there was none */
};

/* False only when memory is out. */
bool delta_offers_find(const struct delta_offers_request *request, const struct plan *plan,
                       struct arena *arena, struct delta_offers *out, struct error *err) MUST_USE;

/* Writes the sizes into the plan, beside what its id covers. */
bool delta_offers_note(const struct delta_offers *offers, struct arena *arena, struct plan *plan,
                       struct error *err) MUST_USE;

#endif
