/*
 * What the feed commands show: what an update did, and what data is held; for people and as JSON.
 */
#ifndef CLI_PRINT_FEEDS_H
#define CLI_PRINT_FEEDS_H

#include "cli/screen.h"
#include "flow/data_state.h"
#include "flow/feed_update.h"

/* A line for each feed; documents of one feed with the same outcome share one. */
void print_feed_results(struct screen *screen, const struct feed_results *results, struct arena *arena);
/* "suture.feed-update/1" */
void print_feed_results_json(struct writer *w, const struct feed_results *results);

/* A table of the feeds, and below it why any is stale or absent. */
void print_feed_list(struct screen *screen, const struct data_state *data, int64_t now_us,
                     struct arena *arena);
/* "suture.feed-list/1" */
void print_feed_list_json(struct writer *w, const struct data_state *data);

#endif
