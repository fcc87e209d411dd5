/*
 * Which documents there are to fetch: the feeds, their addresses with placeholders filled in, their local files.
 * Pure but for looking which local files are there.
 */
#ifndef FLOW_FEED_PLAN_H
#define FLOW_FEED_PLAN_H

#include "flow/feed_settings.h"

struct feed_source {
    const struct feed *feed;
    struct text
        key; /* of the document in its feed: part, year, ecosystem, a local file's name; absent: it has one */
    struct text url;
    bool local;  /* a file that a package brings: no network is needed */
    bool newest; /* of this year: in January it may not be there yet */
};

/*
 * In the order of feeds.h. Feeds that are switched off, or are about none of these releases, have none; so do those that
 * come by import only.
 */
bool feed_plan(const struct feed_settings *settings, const struct text *releases, size_t release_count,
               int64_t now_us, struct arena *arena, struct feed_source **out, size_t *count,
               struct error *err) MUST_USE;

/* The key that a document of this feed has by its file's name ("nvdcve-2.0-2002.json.gz" gives "2002"); else the name itself. */
struct text feed_plan_key(const struct feed *feed, struct text path, struct arena *arena);

/* The name of a document's file in a generation: "nvd.2002". In the arena, at == NULL when memory is out. */
struct text feed_plan_file(const struct feed *feed, struct text key, struct arena *arena);

#endif
