/*
 * When a machine's own sources are silent or lie, the vendor itself is asked.
 *
 * A security suite of a described publisher (model/publisher.h) that no source of this machine has brought believed and
 * younger than the policy's time ("vendor archive after") is fetched from the publisher's own security archive:
 *
 *     suture-prove says what is silent -> suture-fetch: InRelease, Packages.xz -> STATE/lists.new -> suture-prove
 *     verifies it under the same publisher's rules -> STATE/lists, where plan and apply find it beside apt's lists
 *
 * What does not hold there, or is older than what is in STATE/lists, is thrown away: nothing that was believed before is
 * lost to an answer of the network. The vendor is asked at most twice a day while its lists of before are there.
 */
#ifndef FLOW_VENDOR_LISTS_H
#define FLOW_VENDOR_LISTS_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/error.h"

#include <stdint.h>

struct vendor_lists_request {
    const char *prove, *fetcher; /* suture-prove, suture-fetch */
    const char *root, *state;
    const char *publishers; /* as vendor_publishers */
    int64_t now_us;
    int64_t after_us;    /* the policy's time; 0: never */
    struct text ca_file; /* absent: the system's certificates */
};

struct vendor_lists_result {
    bool fetched;     /* STATE/lists has something new */
    struct text said; /* what happened, for people, a sentence or more; absent: every source does */
};

/* A vendor that cannot be had either is no failure: `said` says it. */
bool vendor_lists_refresh(const struct vendor_lists_request *request, struct arena *arena,
                          struct vendor_lists_result *out, struct error *err) MUST_USE;

#endif
