/*
 * How large the compiled index of a release is, and how long it takes to build from its feed's documents.
 *
 *     index_size FEED FILE [FOLDER]       writes each index as FOLDER/RELEASE.index, too
 *
 * FILE is a document, or a zip of them: bench/make_ubuntu_osv.py makes the largest there is (46,773 CVEs). Prints for
 * each release bytes on disk, bytes packed by xz -9e and by zstd -19 (what is sent), and milliseconds of CPU; at the end what
 * reading and building all of them took.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "format/archive.h"
#include "identify/feeds.h"
#include "identify/index_build.h"
#include "identify/index_dump.h"

#define BUILD_MEMORY ((size_t)4096 * MIB)

static bool read_members(const struct feed *feed, struct bytes zip, const struct feed_sink *sink,
                         struct feed_facts *facts, struct error *err)
{
    OWN(archive_end) struct archive_reader *reader = NULL;
    struct text name;
    struct bytes bytes;
    bool found;

    if (!archive_open(zip, 4 * LIMIT_FEED_FILE, &reader, err))
        return false;
    while (archive_next(reader, &name, &bytes, &found, err)) {
        OWN(arena_end) struct arena arena = arena_with(LIMIT_FEED_MEMORY);
        struct feed_facts document;
        if (!found)
            return true;
        if (!feed->parse(bytes, name, sink, &arena, &document, err))
            return error_at(err, "%.*s", TEXT_ARG(name));
        feed_facts_add(facts, &document);
    }
    return false;
}

static bool read_feed(const struct feed *feed, const char *path, struct index_build *build, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(BUILD_MEMORY);
    struct feed_sink sink = index_build_sink(build);
    struct feed_facts facts = feed_facts_none();
    struct bytes bytes;

    if (!index_build_feed(build, text_of(feed->name), 0, err) ||
        !file_read(path, LIMIT_FEED_DOWNLOAD, &arena, &bytes, err))
        return false;
    if (archive_is_zip(bytes) ? !read_members(feed, bytes, &sink, &facts, err)
                              : !feed->parse(bytes, text_of(path), &sink, &arena, &facts, err))
        return false;
    index_build_keep(build, &facts);
    return true;
}

/* Bytes that come out of a shell's command, which this program wrote itself. */
static size_t packed_size(const char *packer, const char *path)
{
    char command[4200];
    size_t size = 0;

    (void)snprintf(command, sizeof(command), "%s -c '%s' | wc -c", packer, path);
    FILE *pipe = popen(command, "r");
    if (pipe == NULL || fscanf(pipe, "%zu", &size) != 1)
        size = 0;
    if (pipe != NULL)
        (void)pclose(pipe);
    return size;
}

/* Builds and writes one release; *ms is what building took. */
static bool write_release(const struct index_build *build, size_t release, const char *folder, double *ms,
                          struct error *err)
{
    OWN(writer_end) struct writer out = writer_with(LIMIT_INDEX_FILE);
    const char *name = index_build_release(build, release)->name;
    int64_t before = time_cpu_us();
    struct index index;
    char path[4096];

    if (!index_build_write(build, release, &out, err))
        return false;
    *ms = (double)(time_cpu_us() - before) / 1000;
    (void)snprintf(path, sizeof(path), "%s/%s.index", folder, name);
    if (!index_open(writer_bytes(&out), &index, err) || !index_dump(&index, NULL, err) ||
        !file_replace_cache(path, writer_bytes(&out), 0644, err))
        return false;
    printf("%-24s %8zu bytes  xz %7zu  zstd %7zu  %7u statements in %5u records of %4u packages  %6.1f ms\n",
           name, out.size, packed_size("xz -9e", path), packed_size("zstd -19 -q", path), index.pair_count,
           index.record_count, index.source_count[0] + index.source_count[1], *ms);
    return true;
}

static bool run(const char *feed_name, const char *path, const char *folder, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(BUILD_MEMORY);
    struct index_build *build = index_build_begin(&arena, NULL);
    const struct feed *feed = feeds_find(text_of(feed_name));
    double write_ms = 0, ms = 0;

    if (feed == NULL || build == NULL)
        return error_set(err, ERROR_ABSENT, "%s: no such feed", feed_name);
    int64_t before = time_cpu_us();
    if (!read_feed(feed, path, build, err))
        return error_at(err, "%s", path);
    double read_ms = (double)(time_cpu_us() - before) / 1000;
    for (size_t i = 0; i < index_build_release_count(build); i++) {
        if (!write_release(build, i, folder, &ms, err))
            return false;
        write_ms += ms;
    }
    printf("%zu releases: read in %.2f s, built in %.2f s of CPU\n", index_build_release_count(build),
           read_ms / 1000, write_ms / 1000);
    return true;
}

int main(int argc, char **argv)
{
    struct error err;

    if (argc < 3 || argc > 4) {
        fprintf(stderr, "usage: index_size FEED FILE [FOLDER]\n");
        return 2;
    }
    char folder[] = "/tmp/suture-index-XXXXXX";
    const char *to = argc == 4 ? argv[3] : mkdtemp(folder);
    bool done = to != NULL && run(argv[1], argv[2], to, &err);
    if (!done)
        fprintf(stderr, "%s\n", to == NULL ? "no temporary folder" : err.text);
    if (argc == 3 && to != NULL && !file_remove_tree(folder, &err))
        fprintf(stderr, "%s\n", err.text);
    return done ? 0 : 1;
}
