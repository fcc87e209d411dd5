/*
 * The body of every feed's fuzz target: a document goes in under a name, and what comes out must keep its
 * promises.
 */
#ifndef IDENTIFY_FEED_FUZZ_H
#define IDENTIFY_FEED_FUZZ_H

#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "identify/feed.h"

static inline void feed_fuzz_text(struct text text, size_t limit)
{
    struct text checked;
    struct error err;

    if (text.size > 0 &&
        !text_from_lines((struct bytes){(const uint8_t *)text.at, text.size}, limit, &checked, &err))
        abort();
}

static inline bool feed_fuzz_advisory(void *self, const struct advisory *advisory, struct error *err)
{
    (void)self;
    (void)err;
    feed_fuzz_text(advisory->id, LIMIT_ADVISORY_ID);
    feed_fuzz_text(advisory->package, LIMIT_PACKAGE_NAME);
    feed_fuzz_text(advisory->fixed, LIMIT_VERSION);
    feed_fuzz_text(advisory->introduced, LIMIT_VERSION);
    feed_fuzz_text(advisory->last_affected, LIMIT_VERSION);
    feed_fuzz_text(advisory->note, LIMIT_NOTE);
    for (size_t i = 0; i < advisory->cve_count; i++)
        feed_fuzz_text(advisory->cves[i], LIMIT_ADVISORY_ID);
    if (advisory->status == ADVISORY_UNKNOWN || advisory->cve_count == 0 || advisory->release.name[0] == 0)
        abort();
    if (advisory->status == ADVISORY_FIXED && advisory->fixed.size == 0)
        abort();
    return true;
}

static inline bool feed_fuzz_vulnerability(void *self, const struct vulnerability *vulnerability,
                                           struct error *err)
{
    (void)self;
    (void)err;
    feed_fuzz_text(vulnerability->id, LIMIT_ADVISORY_ID);
    for (size_t i = 0; i < vulnerability->score_count; i++) {
        feed_fuzz_text(vulnerability->scores[i].vector, LIMIT_VECTOR);
        if (vulnerability->scores[i].tenths < CVSS_NONE || vulnerability->scores[i].tenths > 100)
            abort();
    }
    if (vulnerability->epss_millionths != EPSS_ABSENT && vulnerability->epss_millionths > 1000000)
        abort();
    return true;
}

static inline bool feed_fuzz_support(void *self, const struct support *support, struct error *err)
{
    (void)self;
    (void)err;
    feed_fuzz_text(support->package, LIMIT_PACKAGE_NAME);
    feed_fuzz_text(support->version, LIMIT_VERSION);
    feed_fuzz_text(support->note, LIMIT_NOTE);
    if (support->kind == SUPPORT_UNKNOWN)
        abort();
    return true;
}

static inline int feed_fuzz(const struct feed *feed, const char *name, const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    const struct feed_sink sink = {NULL, feed_fuzz_advisory, feed_fuzz_vulnerability, feed_fuzz_support};
    struct bytes document = {data, size};
    struct feed_facts facts;
    struct error err = {0};

    (void)feed->recognise(document, text_of(name));
    if (!feed->parse(document, text_of(name), &sink, &arena, &facts, &err) && err.kind == ERROR_NONE)
        abort();
    return 0;
}

#endif
