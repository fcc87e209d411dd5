/*
 * Any bytes as an index: what opens is dumped, sought in and matched against a machine; nothing is read outside.
 */
#include <assert.h>

#include "base/own.h"
#include "identify/index_dump.h"
#include "identify/match.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"a", "expat", "libx", "linux", "linux-6.12", "openssl", "x", "zsh"};
#define NAMES (sizeof(names) / sizeof(*names))

static void seek_all(const struct index *index, bool kernels)
{
    struct index_sources walk = index_sources_with(index, kernels);
    struct index_source source;

    for (size_t i = 0; i < NAMES; i++) {
        struct index_records records;
        struct index_record record;
        if (!index_sources_seek(&walk, text_of(names[i]), &source))
            continue;
        index_records_begin(&records, index, &source);
        while (index_records_next(&records, &record))
            assert(record.count > 0 && record.fixed.size <= LIMIT_VERSION);
    }
}

static void match_all(const struct index *index, bool all)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    struct package packages[2 * NAMES];
    struct offer offers[2 * NAMES];
    struct archive archive = {.state = ARCHIVE_VERIFIED, .has_advisories = true, .date_us = 0};
    struct host host = {.release = index->release,
                        .packages = packages,
                        .package_count = 2 * NAMES,
                        .archives = &archive,
                        .archive_count = 1};
    struct match match;
    struct error err;

    for (size_t i = 0; i < 2 * NAMES; i++) {
        offers[i] = (struct offer){.version = TEXT("3.0.15-1"), .archives = 1};
        packages[i] =
            (struct package){.type = i % 5 == 4 ? PACKAGE_RPM : PACKAGE_DEB,
                             .name = i % 3 == 0 ? TEXT("linux-image-6.1.0-1-amd64") : text_of(names[i / 2]),
                             .source = text_of(names[i / 2]),
                             .version = i % 2 == 0 ? TEXT("2.5.0-1") : TEXT("6.1.2-1"),
                             .offers = &offers[i],
                             .offer_count = 1};
    }
    struct match_input input = {.host = &host, .index = index, .all = all};
    if (!match_host(&input, &arena, &match, &err))
        return;
    for (size_t i = 0; i < match.finding_count; i++)
        assert(match.findings[i].package_count > 0 && match.findings[i].id.size > 0 &&
               match.findings[i].class_of != CLASS_UNKNOWN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(writer_end) struct writer dump = writer_with(64 * MIB);
    struct index index;
    struct error err;

    if (!index_open((struct bytes){data, size}, &index, &err))
        return 0;
    if (!index_dump(&index, &dump, &err))
        assert(err.kind == ERROR_INPUT || err.kind == ERROR_LIMIT);
    seek_all(&index, false);
    seek_all(&index, true);
    match_all(&index, false);
    match_all(&index, true);
    return 0;
}
