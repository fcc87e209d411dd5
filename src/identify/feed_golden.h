/*
 * For tests: what a feed makes of the files in test/golden/FOLDER, compared with what is written beside each.
 *
 * NAME.json (or .csv, .list, ...) stands beside NAME.expected, the nouns as text, one to a line; below bad/ beside
 * NAME.error, the kind and the text of the error. Any difference fails the test and prints both.
 */
#ifndef IDENTIFY_FEED_GOLDEN_H
#define IDENTIFY_FEED_GOLDEN_H

#include "identify/feed.h"

/* A sink that writes each noun as a line. OWN its writer. */
struct feed_sink feed_golden_sink(struct writer *writer);
/* The facts as a line. */
void feed_golden_facts(struct writer *w, const struct feed_facts *facts);

/* Every file of the folder: good ones against .expected, those below bad/ against .error. Fails when there is none. */
void feed_golden_check(const struct feed *feed, const char *folder);
/* These bytes fail with exactly this, "input: kev: ..."; and what is read of them is thrown away. */
void feed_golden_check_error(const struct feed *feed, struct bytes document, const char *name,
                             const char *expected);

/* What a feed made of documents, counted; each noun is checked for what must always hold. */
struct feed_count {
    size_t advisories, vulnerabilities, supports;
    size_t of_status[ADVISORY_STATUS_COUNT];
    struct feed_facts facts;
};
struct feed_count feed_golden_count(const struct feed *feed, const char *path);
/* Adds one more document. */
void feed_golden_count_bytes(const struct feed *feed, struct bytes document, const char *name,
                             struct feed_count *count);
/* Every member of an archive (zip, tar) whose name holds `part`. */
struct feed_count feed_golden_count_archive(const struct feed *feed, const char *path, const char *part);

#endif
