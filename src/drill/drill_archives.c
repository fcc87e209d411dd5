/*
 * Drills against what reads archives and documents: names that lead elsewhere, links, and few bytes that become many.
 */
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "delta/delta.h"
#include "delta/tree.h"
#include "drill/drill_data.h"
#include "drill/victim.h"
#include "flow/delta_settings.h"
#include "flow/prove_work.h"
#include "format/archive.h"
#include "format/json.h"
#include "manager/deb_file.h"

/* The parts of a drill that need no machine end with one that is updated all the same. */
static bool end_with_an_update(struct drill_run *run, struct error *err)
{
    struct victim victim;

    if (!victim_make(run, "victim", &victim, err))
        return false;
    victim_recover(&victim);
    return true;
}

/* ---- archive-traversal ---- */

static const struct {
    const char *deb, *what, *alarm;
} packages[] = {
    {"absolute.deb", "a file with an absolute name", "an absolute name"},
    {"up.deb", "a file \"./usr/../../etc/passwd\"", "leaves its folder or is written oddly"},
    {"double_slash.deb", "a name written in two ways, for two readers",
     "leaves its folder or is written oddly"},
    {"twice.deb", "the same name twice, the second time with other bytes", "is there twice"},
    {"below_link.deb", "a link to /etc, and behind it a file below that link", "which is no folder"},
    {"below_file.deb", "a file below a file", "which is no folder"},
    {"hard_link_unknown.deb", "a hard link to the machine's /etc/shadow", "no file given before"},
    {"hard_link_out.deb", "a hard link to an absolute name", "an absolute name"},
    {"hard_link_up.deb", "a hard link to \"../etc/shadow\"", "leaves its folder or is written oddly"},
    {"hard_link_link.deb", "a hard link to a link", "no file given before"},
    {"control_byte.deb", "a name with an escape sequence for the terminal of who reads it", "is not text"},
    {"pax.deb", "a second name in a pax head", "has a pax head"},
    {"behind_end.deb", "more files behind the end of the archive",
     "something else follows the end of the tar"},
    {"behind_data.deb", "a second data part", "is not where it may be"},
    {"control_link.deb", "a script that is a link", "is no plain file of the control part"},
    {"control_twice.deb", "two control files", "is there twice"},
};

static void try_package(struct drill_run *run, size_t i)
{
    OWN(arena_end) struct arena arena = arena_with(4 * LIMIT_DEB_CONTROL);
    struct deb_file file;
    struct error refusal = {0};

    drill_attempt(run, "%s", packages[i].what);
    drill_refused(run, deb_file_read(drill_data(packages[i].deb), &arena, &file, &refusal), &refusal,
                  packages[i].alarm);
}

/* Entries of a folder's stream (delta/tree.h), with '|' for the zero bytes; each file has one byte. */
static const struct {
    const char *text, *what;
    size_t files;
} folders[] = {
    {"d755 /|f644 /../outside|", "a folder of files whose list names \"/../outside\"", 1},
    {"d755 /|l /door|..|f644 /door/outside|", "a link out of the folder, and a file below that link", 1},
    {"d755 /|f644 /door|f644 /door/outside|", "a file below a file", 2},
};

static bool put_stream(struct tree_maker *maker, const char *text, size_t files, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(64 * KIB);

    writer_varint(&w, strlen(text));
    for (const char *at = text; *at != 0; at++)
        writer_byte(&w, *at == '|' ? 0 : (uint8_t)*at);
    for (size_t i = 0; i < files; i++) {
        writer_varint(&w, 1);
        writer_byte(&w, 'x');
    }
    return tree_maker_put(maker, writer_bytes(&w), err) && tree_maker_close(maker, err);
}

static bool try_folder(struct drill_run *run, size_t i, struct error *err)
{
    OWN(tree_maker_end) struct tree_maker *maker = NULL;
    struct text into = text_format(run->arena, "%s/folder%zu/into", run->folder, i);
    struct text outside = text_format(run->arena, "%s/folder%zu/outside", run->folder, i);
    struct error refusal = {0};

    if (into.at == NULL || outside.at == NULL)
        return arena_full(run->arena, err);
    if (!file_make_folders(into.at, 0755, err) || !tree_maker_open(into.at, run->arena, &maker, err))
        return false;
    drill_attempt(run, "%s", folders[i].what);
    bool done = put_stream(maker, folders[i].text, folders[i].files, &refusal);
    drill_refused(run, done, &refusal, "folder: ");
    if (file_exists(outside.at))
        drill_held(run, false, "a file stands outside of the folder that was to be made");
    return true;
}

static bool run_traversal(struct drill_run *run, struct error *err)
{
    drill_attacker(
        run,
        "a package, or a delta, that he built byte by byte, for readers that believe what an archive says");
    for (size_t i = 0; i < sizeof(packages) / sizeof(*packages); i++)
        try_package(run, i);
    for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
        if (!try_folder(run, i, err))
            return false;
    drill_nothing_bad(run, run->broken == 0,
                      "nothing was written outside of the drill's own folders, and nothing was unpacked");
    return end_with_an_update(run, err);
}

const struct drill drill_archive_traversal = {
    .name = "archive-traversal",
    .what = "Packages and folders whose names and links lead out of their place, or mean two things.",
    .alarm = "the archive's name and the place in it",
    .run = run_traversal,
};

/* ---- bombs ---- */

/* A reader stops at its limit: soon, and without the memory that the bomb would have. */
static void judge_bomb(struct drill_run *run, int64_t begun_us, bool done, const struct error *err,
                       const char *alarm)
{
    int64_t took_ms = (time_cpu_us() - begun_us) / 1000;

    drill_held(run, !done && strstr(err->text, alarm) != NULL && took_ms < 2000, "%s (after %lld ms)",
               done ? "it was unpacked to its end" : err->text, (long long)took_ms);
}

static bool run_bombs(struct drill_run *run, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(4 * LIMIT_DEB_CONTROL);
    OWN(archive_end) struct archive_reader *reader = NULL;
    const char *path = file_path(run->arena, run->folder, "control.deb");
    struct package_claim claim;
    struct deb_members members;
    struct deb_file file;
    struct error refusal = {0};
    struct victim victim;
    struct text why, name;
    struct bytes content;
    bool found;

    drill_attacker(
        run, "the mirror, a feed, or a package: some kilobytes that unpack to much more than anyone has");
    drill_attempt(run, "a package whose data part unpacks to a thousand times its size");
    int64_t begun_us = time_cpu_us();
    bool done = deb_file_read(drill_data("bomb.deb"), &arena, &file, &refusal);
    judge_bomb(run, begun_us, done, &refusal, "unpacks to more than 200 times its size");

    drill_attempt(run, "a package whose control part says it has 33 megabytes of questions");
    if (path == NULL || !file_replace_cache(path, drill_data("control_bomb.deb"), 0644, err))
        return false;
    OWN(own_fd) int fd = -1;
    if (!file_open(path, &fd, err))
        return false;
    begun_us = time_cpu_us();
    done = prove_work_package(fd, &arena, &claim, &refusal);
    judge_bomb(run, begun_us, done, &refusal,
               "endless-data: control part: templates: has more than 33554432 bytes");

    drill_attempt(run, "the same bomb as a feed's archive");
    if (!deb_file_members(drill_data("bomb.deb"), &members, err) ||
        !archive_open(members.data, LIMIT_FEED_ARCHIVE, &reader, err))
        return false;
    begun_us = time_cpu_us();
    for (done = found = true; done && found;)
        done = archive_next(reader, &name, &content, &found, &refusal);
    judge_bomb(run, begun_us, done, &refusal, "more than");

    drill_attempt(run, "a list of packages, of which the vendor signed 339 bytes, as a bomb");
    if (!victim_make(run, "victim", &victim, err) ||
        !victim_serve_packed(&victim, VICTIM_SUITE, "honest.inrelease", members.data, ".xz", err))
        return false;
    begun_us = time_cpu_us();
    if (!victim_look(&victim, VICTIM_SUITE, &why, err))
        return false;
    refusal = (struct error){0};
    (void)error_set(&refusal, ERROR_LIMIT, "%.*s", TEXT_ARG(why));
    judge_bomb(run, begun_us, why.size == 0, &refusal, "unpacks to more than the 339 bytes allowed");
    drill_nothing_bad(run, run->broken == 0,
                      "every reader stopped at its limit; none took the memory that the bomb asks for");
    victim_recover(&victim);
    return true;
}

const struct drill drill_bombs = {
    .name = "bombs",
    .what = "A few kilobytes that unpack to gigabytes.",
    .alarm = "the limit that was passed",
    .run = run_bombs,
};

/* ---- decoder-bombs ---- */

static bool try_json(struct drill_run *run, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(8 * MIB);
    OWN(json_end) struct json_document document = {0};
    struct error refusal = {0};

    drill_attempt(run, "JSON with a million brackets inside one another, for readers that call themselves");
    for (size_t i = 0; i < 1000000; i++)
        writer_byte(&w, '[');
    for (size_t i = 0; i < 1000000; i++)
        writer_byte(&w, ']');
    if (!writer_ok(&w))
        return error_set(err, ERROR_LIMIT, "out of memory");
    int64_t begun_us = time_cpu_us();
    bool done = json_parse(writer_bytes(&w), 8 * MIB, &document, &refusal);
    judge_bomb(run, begun_us, done, &refusal, "deeper than 64");

    drill_attempt(run, "the same name twice in one object: one reader takes the first, another the last");
    begun_us = time_cpu_us();
    done = json_parse(BYTES("{\"level\": \"essential\", \"level\": \"normal\"}"), KIB, &document, &refusal);
    judge_bomb(run, begun_us, done, &refusal, "twice");
    return true;
}

static void try_yaml(struct drill_run *run)
{
    static const char laughs[] = "source: &a [\"x\",\"x\",\"x\",\"x\",\"x\",\"x\",\"x\",\"x\",\"x\"]\n"
                                 "key: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
                                 "use: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n"
                                 "metered: *c\n";
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct delta_settings settings;
    struct error refusal = {0};

    drill_attempt(run, "YAML whose nine words stand for nine times nine times nine others, and so on");
    int64_t begun_us = time_cpu_us();
    bool done = delta_settings_parse(BYTES(laughs), TEXT("deltas.yaml"), &arena, &settings, &refusal);
    judge_bomb(run, begun_us, done, &refusal, "not allowed");
}

/* The head of a delta of one package: kinds, hash, identity, and then what it announces. */
static void try_delta(struct drill_run *run, const char *what, uint64_t output_size, uint64_t table_size,
                      const char *alarm)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_DELTA_MEMORY);
    OWN(writer_end) struct writer w = writer_with(64 * KIB);
    struct delta delta;
    struct error refusal = {0};

    drill_attempt(run, "%s", what);
    writer_string(&w, "SUTD");
    writer_byte(&w, DELTA_VERSION);
    writer_byte(&w, DELTA_FILE + 16 * BASE_KIND_FILE);
    for (size_t i = 0; i < 32 + DELTA_IDENTITY_SIZE; i++)
        writer_byte(&w, 0xa5);
    writer_varint(&w, output_size);
    writer_varint(&w, table_size);
    for (size_t i = 0; i < 4096; i++)
        writer_byte(&w, 0xff);
    int64_t begun_us = time_cpu_us();
    bool done = delta_read(writer_bytes(&w), &arena, &delta, &refusal);
    judge_bomb(run, begun_us, done, &refusal, alarm);
}

static bool run_decoders(struct drill_run *run, struct error *err)
{
    drill_attacker(run, "documents that a machine must read before it can judge them");
    if (!try_json(run, err))
        return false;
    try_yaml(run);
    try_delta(run, "a delta that announces an output of a million gigabytes", UINT64_C(1) << 60, 64, "head");
    try_delta(run, "a delta whose table is announced with four gigabytes", 1000, UINT64_C(1) << 32, "head");
    try_delta(run, "a delta whose 4 kilobytes of table ask for as many parts as their bits can say", 1000,
              4096, "table");
    drill_nothing_bad(run, run->broken == 0, "no decoder took memory or time for what was only announced");
    return end_with_an_update(run, err);
}

const struct drill drill_decoder_bombs = {
    .name = "decoder-bombs",
    .what = "Documents that are small, and ask their reader for endless depth, memory or time.",
    .alarm = "the limit that was passed",
    .run = run_decoders,
};
