/*
 * How fast JSON is read end to end: json_parse, with all its checks, and a walk over every value.
 *
 *     json_speed [FILE]      without a file: a made tracker of 60 MB
 */
#include <stdio.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "format/json.h"

#define ROUNDS  5
#define SOURCES 9000
#define CVES    15

/* Shaped as Debian's tracker: source, CVE, releases, repositories. */
static void write_release(struct json_writer *j, const char *name, uint32_t seed)
{
    char version[32];

    (void)snprintf(version, sizeof(version), "2.%u.%u-1+deb12u%u", seed % 17, seed % 31, seed % 5);
    json_name(j, name);
    json_open_object(j);
    json_name(j, "fixed_version");
    json_put_string(j, version);
    json_name(j, "repositories");
    json_open_object(j);
    json_name(j, name);
    json_put_string(j, version);
    json_close_object(j);
    json_name(j, "status");
    json_put_string(j, "resolved");
    json_name(j, "urgency");
    json_put_string(j, "not yet assigned");
    json_close_object(j);
}

static void write_tracker(struct writer *w)
{
    struct json_writer j = json_writer_with(w, false);
    char name[32];

    json_open_object(&j);
    for (uint32_t source = 0; source < SOURCES; source++) {
        (void)snprintf(name, sizeof(name), "source-%u", source);
        json_name(&j, name);
        json_open_object(&j);
        for (uint32_t cve = 0; cve < CVES; cve++) {
            (void)snprintf(name, sizeof(name), "CVE-2026-%u", source * CVES + cve);
            json_name(&j, name);
            json_open_object(&j);
            json_name(&j, "description");
            json_put_string(&j, "A crafted document makes the parser read behind the end of its buffer.");
            json_name(&j, "releases");
            json_open_object(&j);
            write_release(&j, "bookworm", source + cve);
            write_release(&j, "trixie", source + cve + 1);
            json_close_object(&j);
            json_name(&j, "scope");
            json_put_string(&j, "remote");
            json_close_object(&j);
        }
        json_close_object(&j);
    }
    json_close_object(&j);
}

/* The depth is limited by json_parse. */
static size_t walk_all(struct json value)
{
    struct json_walk walk = json_walk_with(value);
    size_t seen = 1;

    while (json_walk_next(&walk))
        seen += walk_all(walk.value) + walk.name.size;
    return seen;
}

static bool run(struct bytes raw, struct error *err)
{
    int64_t best_us = INT64_MAX;
    size_t seen = 0;

    for (int round = 0; round < ROUNDS; round++) {
        OWN(json_end) struct json_document document = {0};
        int64_t before_us = time_cpu_us();
        if (!json_parse(raw, LIMIT_FEED_FILE, &document, err))
            return false;
        seen = walk_all(json_root(&document));
        json_end(&document);
        int64_t took_us = time_cpu_us() - before_us;
        best_us = took_us < best_us ? took_us : best_us;
    }
    printf("json: %.1f MB, %.0f MB per CPU second (%zu values and bytes of names)\n", (double)raw.size / 1e6,
           (double)raw.size / (double)best_us, seen);
    return true;
}

int main(int argc, char **argv)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_FEED_FILE);
    OWN(writer_end) struct writer w = writer_with(LIMIT_FEED_FILE);
    struct error err = {0};
    struct bytes raw;
    bool done = true;

    if (argc == 2) {
        done = file_read(argv[1], LIMIT_FEED_FILE, &arena, &raw, &err);
    } else {
        write_tracker(&w);
        done = writer_done(&w, &raw, &err);
    }
    if (!done || !run(raw, &err)) {
        fprintf(stderr, "json_speed: %s\n", err.text);
        return 1;
    }
    return 0;
}
