/*
 * How fast a feed is read: MB of JSON (or CSV, or text) for each second of CPU. Reading is parsing and handing
 * over each noun; unpacking is told apart, and both together.
 *
 *     feed_speed FEED FILE...         FEED: a name of feeds.c, or "-" to recognise each file
 *
 * Files may be packed (gzip, xz, zstd), zips, or tars whose name says so.
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "format/archive.h"
#include "format/compress.h"
#include "identify/feeds.h"

struct speed {
    const char *feed;
    uint64_t advisories, vulnerabilities, supports;
    uint64_t bytes, documents;
    bool reading; /* false: unpacks only */
    struct feed_facts facts;
};

static bool count_advisory(void *self, const struct advisory *advisory, struct error *err)
{
    (void)advisory;
    (void)err;
    ((struct speed *)self)->advisories++;
    return true;
}

static bool count_vulnerability(void *self, const struct vulnerability *vulnerability, struct error *err)
{
    (void)vulnerability;
    (void)err;
    ((struct speed *)self)->vulnerabilities++;
    return true;
}

static bool count_support(void *self, const struct support *support, struct error *err)
{
    (void)support;
    (void)err;
    ((struct speed *)self)->supports++;
    return true;
}

static bool read_document(struct speed *speed, struct bytes document, struct text name, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_FEED_MEMORY);
    const struct feed_sink sink = {speed, count_advisory, count_vulnerability, count_support};
    const struct feed *feed =
        speed->feed[0] == '-' ? feeds_recognise(document, name) : feeds_find(text_of(speed->feed));
    struct feed_facts facts;

    if (!speed->reading)
        return true;
    if (feed == NULL)
        return error_set(err, ERROR_ABSENT, "no feed of that name, or none that reads it");
    if (!feed->parse(document, name, &sink, &arena, &facts, err))
        return false;
    speed->bytes += document.size;
    speed->documents++;
    feed_facts_add(&speed->facts, &facts);
    return true;
}

static bool read_members(struct speed *speed, struct bytes packed, struct error *err)
{
    OWN(archive_end) struct archive_reader *reader = NULL;
    struct text name;
    struct bytes bytes;
    bool found;

    if (!archive_open(packed, 4 * LIMIT_FEED_FILE, &reader, err))
        return false;
    for (;;) {
        if (!archive_next(reader, &name, &bytes, &found, err))
            return false;
        if (!found)
            return true;
        if (!read_document(speed, bytes, name, err))
            return error_at(err, "%.*s", TEXT_ARG(name));
    }
}

static bool read_packed(struct speed *speed, const char *path, struct bytes raw, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_FEED_MEMORY);
    struct text name = text_of(path);
    struct bytes document;

    if (archive_is_zip(raw) || text_find(name, TEXT(".tar")) != SIZE_MAX)
        return read_members(speed, raw, err);
    return compress_unpack(raw, LIMIT_FEED_FILE, &arena, &document, err) &&
           read_document(speed, document, name, err);
}

/* Once without reading and once with it: the clock itself would cost more than a small document. */
static bool measure(struct speed *speed, const char *path, int64_t *unpacking_us, int64_t *all_us,
                    struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_FEED_MEMORY);
    struct bytes raw;

    if (!file_read(path, LIMIT_FEED_FILE, &arena, &raw, err))
        return false;
    int64_t begin_us = time_cpu_us();
    speed->reading = false;
    if (!read_packed(speed, path, raw, err))
        return false;
    int64_t middle_us = time_cpu_us();
    speed->reading = true;
    if (!read_packed(speed, path, raw, err))
        return false;
    *unpacking_us += middle_us - begin_us;
    *all_us += time_cpu_us() - middle_us;
    return true;
}

static double rate(uint64_t bytes, int64_t us)
{
    return (double)bytes / (double)(us > 0 ? us : 1);
}

int main(int argc, char **argv)
{
    struct speed speed = {.feed = argc > 1 ? argv[1] : "", .facts = feed_facts_none()};
    int64_t unpacking_us = 0, all_us = 0;
    struct error err;

    if (argc < 3) {
        fprintf(stderr, "usage: feed_speed FEED FILE...\n");
        return 2;
    }
    for (int i = 2; i < argc; i++)
        if (!measure(&speed, argv[i], &unpacking_us, &all_us, &err)) {
            fprintf(stderr, "%s: %s\n", argv[i], err.text);
            return 1;
        }
    printf("%" PRIu64
           " documents, %.1f MB in %.3f CPU s: %.0f MB/CPU-s; %.0f without the %.3f s of unpacking\n",
           speed.documents, (double)speed.bytes / 1e6, (double)all_us / 1e6, rate(speed.bytes, all_us),
           rate(speed.bytes, all_us - unpacking_us), (double)unpacking_us / 1e6);
    printf("%" PRIu64 " records, %" PRIu64 " skipped: %" PRIu64 " advisories, %" PRIu64
           " vulnerabilities, %" PRIu64 " dates of support\n",
           speed.facts.record_count, speed.facts.skipped_count, speed.advisories, speed.vulnerabilities,
           speed.supports);
    return 0;
}
