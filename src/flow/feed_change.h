/*
 * One change of the advisory data: documents come in or stay as they are, and a new generation replaces the old one as
 * a whole. What `feed update` and `feed import` have in common.
 *
 * A document is refused when it is older than what is held, when it lost more than 30 % of its records, or when it says
 * that it is of tomorrow: each is what an attack, or an accident at the source, looks like. Then what is held stays.
 */
#ifndef FLOW_FEED_CHANGE_H
#define FLOW_FEED_CHANGE_H

#include "identify/feed.h"
#include "store/manifest.h"
#include "store/state.h"

/* OWN(feed_change_end): what was not committed is thrown away. */
struct feed_change {
    const char *parse_program;
    int64_t now_us;
    struct arena *arena;
    struct state_change change;
    struct manifest former; /* empty when there is none, or none that can be read */
    struct manifest next;
    size_t capacity;
    bool built_anew; /* statements changed: the files made of them have to be made again */
};

/* state must live as long as the change. */
bool feed_change_begin(const struct state *state, const char *parse_program, int64_t now_us,
                       struct arena *arena, struct feed_change *out, struct error *err) MUST_USE;
void feed_change_end(struct feed_change *change);

/* A document that came. */
struct feed_arrival {
    const struct feed *feed; /* NULL: it is recognised */
    struct text key;         /* with feed NULL: made from `name` */
    struct text name;        /* its file's, for recognising and messages */
    struct text url;         /* where from */
    struct text etag, last_modified;
    const char *path;
    bool members;      /* path was written by feed_read_pack */
    bool take_smaller; /* even when it lost records */
};
/*
 * Reads it and puts what it says in. On failure nothing of it is in, and the caller keeps or notes what was before.
 * *out is the entry, which holds facts and feed.
 */
bool feed_change_take(struct feed_change *change, const struct feed_arrival *arrival,
                      const struct manifest_document **out, struct error *err) MUST_USE;

/* The former document stays; `checked`: its source says that it is still what it has. */
bool feed_change_keep(struct feed_change *change, const struct manifest_document *former, bool checked,
                      struct error *err) MUST_USE;
/* Getting the document failed: the former one (or none) stays, with the reason. */
bool feed_change_fail(struct feed_change *change, struct text feed, struct text key, struct text url,
                      const struct error *problem, struct error *err) MUST_USE;
/* Nothing is held of the feed any more, for this reason. */
bool feed_change_absent(struct feed_change *change, struct text feed, struct text reason, struct error *err)
    MUST_USE;
/* All former documents that were not mentioned yet stay as they are, but those for which `dropped` says so (NULL: none). */
bool feed_change_keep_rest(struct feed_change *change,
                           bool (*dropped)(void *self, const struct manifest_document *document), void *self,
                           struct error *err) MUST_USE;

/* Builds what has to be built for these releases, and puts the new generation into use. */
bool feed_change_commit(struct feed_change *change, const struct text *releases, size_t count,
                        struct error *err) MUST_USE;

/* The former document, when a request may ask whether it is still the newest: it came from this URL and was read as we read now; else NULL. */
const struct manifest_document *feed_change_held(struct feed_change *change, const struct feed *feed,
                                                 struct text key, struct text url);

#endif
