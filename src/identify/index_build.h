/*
 * Builds the compiled index: statements of feeds go in, one file per release comes out.
 *
 * A build lives in its arena. Feeds are put in one after the other: index_build_feed, then its statements, then
 * index_build_keep, or index_build_drop when its document turned out bad (nothing of it counts then). Several feeds
 * may speak of the same package and vulnerability; what the file says is decided when it is written:
 *
 *   1. The feed of the lowest rank that says anything of (source package, id) is believed. But an existing fix
 *      overrides: where it says that there is none (open, no-dsa, ignored, postponed, ...) and another feed knows the
 *      fixed version, the fix counts. "Not affected" is not overridden. A fixed version of "0" is "not affected".
 *   2. Of one feed, statements of different ranges (introduced), streams and architectures are all kept. Of the same
 *      range: fixed before pending before open before the reasons not to fix before "not affected"; a record of the
 *      vulnerability (its id ends with the CVE) before a notice (DSA, USN) that names it; then the higher version.
 *   3. A fix without a notice takes id and date of one: of the same source, id and version; else of the same source
 *      and version; else of the same source and id. The date of a record of the vulnerability is when that was
 *      published, not its fix: it is no date of the fix and does not go in.
 *   4. A severity that the believed feed leaves out is taken from the next one that has it.
 *
 * The same statements in the same order give the same bytes.
 */
#ifndef IDENTIFY_INDEX_BUILD_H
#define IDENTIFY_INDEX_BUILD_H

#include "base/writer.h"
#include "identify/feed.h"

struct index_build;

/* Statements of other releases than `only` are passed over; NULL: all releases. NULL when memory is out. */
struct index_build *index_build_begin(struct arena *arena, const char *only);

/* What is put from here on is said by this feed; rank 0 is trusted most. */
bool index_build_feed(struct index_build *build, struct text name, uint8_t rank, struct error *err) MUST_USE;
bool index_build_put(struct index_build *build, const struct advisory *advisory, struct error *err) MUST_USE;
bool index_build_support(struct index_build *build, const struct support *support, struct error *err)
    MUST_USE;
/* A sink that puts into this build. */
struct feed_sink index_build_sink(struct index_build *build);
/* Ends the feed. A feed of many documents adds its facts up before. */
void index_build_keep(struct index_build *build, const struct feed_facts *facts);
void index_build_drop(struct index_build *build);

/* Releases of which something was said, in the order in which they were first named. */
size_t index_build_release_count(const struct index_build *build);
const struct release *index_build_release(const struct index_build *build, size_t release);
/* Statements that no file can hold: without id, with texts beyond the limits, with a package's name or a version that is not ASCII without spaces. */
uint64_t index_build_skipped(const struct index_build *build);

/* The file of one release. Takes memory of its own while it works. */
bool index_build_write(const struct index_build *build, size_t release, struct writer *out, struct error *err)
    MUST_USE;

#endif
