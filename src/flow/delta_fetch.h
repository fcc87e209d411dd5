/*
 * Getting package files by delta: what is cheaper that way is fetched as a delta and rebuilt from what is installed, and
 * lies in the cache of packages afterwards, by its vendor's SHA-256, as if it had been fetched.
 *
 *     offers --choice--> deltas --suture-fetch--> STATE/deltas/files --suture-rebuild--> STATE/deltas/made --hash--> STATE/cache
 *
 * What becomes of it is no condition of anything: a package that is not in the cache then is fetched whole by whoever
 * asked, from where its own download broke off. Nothing is fetched twice: a delta stays until its package is made, one that
 * gave another file is remembered (STATE/deltas/bad/HEX) and not fetched again.
 *
 * Rebuilding reads what is installed, so it is done before anything is changed. It takes only processor time that nobody wants,
 * and on a machine that is busy all day there is none; a late fix must not wait for that. So each package has twenty
 * times what its rebuilding should take, and a minute; when the machine has no time for one, nothing more is tried in this run.
 */
#ifndef FLOW_DELTA_FETCH_H
#define FLOW_DELTA_FETCH_H

#include "acquire/mirror.h"
#include "delta/base.h"
#include "flow/delta_offers.h"

/* One package that is to be made from what is installed. */
struct delta_job {
    const struct plan_change *change;
    const struct delta_offer *offer;
    const char *delta;              /* path of the delta */
    const char *const *supplements; /* of old files that are missing here */
    size_t supplement_count;
    const char *made; /* path of what is made */
    uint32_t time_ms; /* at most, for the look and for the making each */
};

/* Who rebuilds: suture-rebuild (flow/delta_rebuild.h), or a table in tests. */
struct delta_door {
    void *self;
    /* Which classes of old files the delta reads and this machine has not as they were: letters, by class. */
    bool (*look)(void *self, const struct delta_job *job, bool missing[BASE_CLASS_COUNT], struct arena *arena,
                 struct error *err);
    /* ERROR_CONFLICT with stopped set: asked to stop. Else what a failure means is the job's. */
    bool (*make)(void *self, const struct delta_job *job, struct arena *arena, struct error *err);
};

struct delta_fetch_request {
    const struct delta_settings *settings;
    const struct delta_offers *offers;
    const struct plan *plan;
    const struct delta_door *door;
    const struct cache *packages; /* where they go */
    const char *state;
    const char *spool, *fetcher; /* as mirror_request has them */
    const uint64_t *here;        /* for each change: bytes of its package file that are here already */
    struct text ca_file;
    uint64_t rate_max;    /* 0: as fast as it goes */
    bool battery;         /* the machine runs on its battery */
    uint32_t patience_ms; /* for each package, beside what its size allows; 0: a minute */
    /* As in mirror_request; the total is of all packages, whole. */
    bool (*progress)(void *self, const struct mirror_progress *progress);
    void *self;
};

/* What became of the deltas; for people and for the journal. */
struct delta_report {
    size_t made;            /* packages */
    uint64_t made_bytes;    /* of them, whole */
    uint64_t fetched_bytes; /* deltas and supplements, over the network, used or not */
    const struct text
        *notes; /* one for each package that was to be made and was not: names it and says why */
    size_t note_count;
};

/* ERROR_CONFLICT: was asked to stop. Other failures are of memory alone: what a disk or a server does is a note. */
bool delta_fetch(const struct delta_fetch_request *request, struct arena *arena, struct delta_report *out,
                 struct error *err) MUST_USE;

/*
 * What the last transfers gave, bytes a second, or 0: STATE/deltas/rate. Transfers of less than a megabyte say nothing and
 * are not noted.
 */
uint64_t delta_rate_read(const char *state, struct arena *arena);
void delta_rate_note(const char *state, uint64_t bytes, int64_t us, struct arena *arena);

#endif
