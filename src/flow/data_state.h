/*
 * The advisory data that a scan stands on: which generation, which files of it, and how fresh each feed is.
 *
 * Opened by every scan, so it is cheap: the manifest of the generation in use is read, nothing of the data itself. Nothing here
 * is written. Where there is no state, or no update has succeeded, all feeds are absent: that is an answer, not a failure.
 */
#ifndef FLOW_DATA_STATE_H
#define FLOW_DATA_STATE_H

#include "identify/feed.h"
#include "store/manifest.h"

enum data_freshness { DATA_UNKNOWN, DATA_FRESH, DATA_STALE, DATA_ABSENT, DATA_FRESHNESS_COUNT };
const char *data_freshness_name(enum data_freshness freshness); /* "fresh" */

/* One feed, all of its documents together. */
struct data_feed {
    const struct feed *feed;
    struct text name;
    struct text title;
    enum data_freshness state;
    struct text
        why; /* one sentence, for stale and absent; also what went wrong last for a fresh one, or absent */
    int64_t generated_us; /* of its newest document; TIME_ABSENT: they do not say */
    int64_t fetched_us;   /* when its newest document came */
    int64_t checked_us;   /* when the source of each was last heard, the oldest of these */
    uint64_t records;
    uint64_t size; /* of the documents as they came */
    struct text version;
    struct text
        source; /* where from: a URL without password, "N documents" where there are several; absent: none */
    size_t document_count;
};

struct data_state {
    uint64_t generation; /* 0: none */
    const char *folder;  /* of the generation; NULL: none */
    struct manifest manifest;
    struct data_feed *
        feeds; /* in the order of feeds.h; without those that are not about these releases, or by import only and not held */
    size_t feed_count;
};

/*
 * state_folder NULL: there is none. Fails when the state is somebody else's, of a newer version, or its manifest cannot be read; not when
 * it is absent.
 */
bool data_state_open(const char *state_folder, int64_t now_us, struct arena *arena, struct data_state *out,
                     struct error *err) MUST_USE;

/* The index of this release, or NULL: there is none (or no memory, which the next use tells). */
const char *data_state_index(const struct data_state *state, const char *release, struct arena *arena);
/* The facts file, or NULL. */
const char *data_state_facts(const struct data_state *state, struct arena *arena);

/* How fresh it is at this time, from its dates; `why` as above. Pure, for tests. */
void data_feed_judge(struct data_feed *feed, int64_t now_us, struct arena *arena);

#endif
