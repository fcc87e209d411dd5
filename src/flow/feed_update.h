/*
 * Bringing the advisory data up to date: each document is asked for, what is new is read and checked, and a new
 * generation replaces the old one as a whole. And `feed import`: the same with files that somebody brought.
 *
 * A document that cannot be had, or is refused, leaves what was held of it in use, with the reason; the others come in
 * all the same. Of an import one bad file changes nothing.
 */
#ifndef FLOW_FEED_UPDATE_H
#define FLOW_FEED_UPDATE_H

#include "flow/feed_settings.h"
#include "store/state.h"

enum feed_outcome {
    FEED_OUTCOME_UNKNOWN,
    FEED_UPDATED,
    FEED_UNCHANGED, /* the source says that what is held is the newest */
    FEED_FAILED,    /* what was held stays */
    FEED_NOT_YET,   /* this year's document is not there yet */
    FEED_OUTCOME_COUNT
};
const char *feed_outcome_name(enum feed_outcome outcome); /* "updated" */

/* What became of one document. */
struct feed_result {
    struct text feed, key;
    struct text url; /* for people: without password */
    bool local;      /* a file of this machine */
    enum feed_outcome outcome;
    uint64_t records;
    uint64_t size;        /* of what came */
    struct error problem; /* when it failed */
};

struct feed_results {
    struct feed_result *results;
    size_t count;
};

struct feed_update_request {
    const struct state *state;
    const struct feed_settings *settings;
    const char *fetch_program; /* NULL: nothing comes over the network, with `fetch_missing` as the reason */
    const char *parse_program;
    const struct text *
        releases; /* this machine's, and those asked for; those of the settings and of the last update come on top */
    size_t release_count;
    int64_t now_us;
    struct text ca_file;        /* absent: the system's certificates */
    uint32_t time_ms, stall_ms; /* 0: the limits of limits.h */
    /* Before each document, for people who wait; may be NULL. */
    void (*progress)(void *self, const struct feed_result *next, size_t number, size_t count);
    void *self;
};

/* False when no generation could be made: locked, no place, a state that is not ours. Failing documents are in the results. */
bool feed_update(const struct feed_update_request *request, struct arena *arena, struct feed_results *out,
                 struct error *err) MUST_USE;

struct feed_import_request {
    const struct state *state;
    const char *parse_program;
    const struct feed *feed;  /* NULL: each file's is recognised */
    const char *const *paths; /* files, packed or not, archives, folders */
    size_t path_count;
    const struct text *releases;
    size_t release_count;
    bool take_smaller;
    int64_t now_us;
};

/* The error names the file. */
bool feed_import(const struct feed_import_request *request, struct arena *arena, struct feed_results *out,
                 struct error *err) MUST_USE;

#endif
