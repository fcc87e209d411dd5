/*
 * suture-parse: the one process of Suture that reads documents of feeds, and can do nothing else.
 *
 * What it is told and what it answers stands in flow/parse_message.h. It is started by suture, not by hand. Exit
 * status: 0 an answer was written, 1 not even that.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "flow/parse_message.h"
#include "format/archive.h"
#include "format/compress.h"
#include "identify/feeds.h"
#include "identify/statements.h"

#define TAR_START 262 /* "ustar" stands at 257 */

/* One document, which may be several files. */
struct work {
    const struct feed *feed; /* NULL until it is recognised */
    struct text name;
    bool members;
    struct feed_sink sink;
    struct feed_facts facts;
    uint64_t file_count;
};

static bool recognise(struct work *work, struct bytes document, struct text name, struct error *err)
{
    struct bytes start = {document.at, document.size < FEED_START ? document.size : FEED_START};

    if (work->feed == NULL)
        work->feed = feeds_recognise(start, name);
    return work->feed != NULL ||
           error_set(err, ERROR_INPUT, "is no document of a feed that is known here; say which with --feed");
}

/* document is followed by a zero byte, in memory that ends with the call or later. */
static bool parse_file(struct work *work, struct bytes document, struct text name, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_FEED_MEMORY);
    struct feed_facts facts = feed_facts_none();

    if (!recognise(work, document, name, err))
        return false;
    if (!work->feed->parse(document, name, &work->sink, &arena, &facts, err))
        return false;
    feed_facts_add(&work->facts, &facts);
    work->file_count++;
    return true;
}

/* Of an archive's or folder's files only these are documents; the others (a licence, a readme) are passed over. */
static bool is_document(struct text name)
{
    return text_ends(name, TEXT(".json")) || text_ends(name, TEXT(".csv"));
}

static bool parse_member(struct work *work, struct text name, struct bytes bytes, struct error *err)
{
    return !is_document(name) || parse_file(work, bytes, name, err) || error_at(err, "%.*s", TEXT_ARG(name));
}

static bool expect_some(const struct work *work, struct error *err)
{
    return work->file_count > 0 || error_set(err, ERROR_INPUT, "no file in it ends with .json or .csv");
}

/*
 * Feeds of many small files pass over those that are no records (lists, logs). What has nothing else in it is no
 * document of theirs: a login page instead of an archive must not count as an archive of nothing.
 */
static bool expect_records(const struct work *work, struct error *err)
{
    return !work->feed->archive || work->facts.record_count > 0 ||
           error_set(err, ERROR_INPUT, "%s: there is no record in it", work->feed->name);
}

static bool parse_archive(struct work *work, struct bytes raw, struct error *err)
{
    OWN(archive_end) struct archive_reader *archive = NULL;
    bool found = true;

    if (!archive_open(raw, LIMIT_FEED_ARCHIVE, &archive, err))
        return false;
    while (found) {
        struct text name;
        struct bytes bytes;
        if (!archive_next(archive, &name, &bytes, &found, err) ||
            (found && !parse_member(work, name, bytes, err)))
            return false;
    }
    return expect_some(work, err);
}

static bool parse_members(struct work *work, struct bytes raw, struct error *err)
{
    struct reader r = reader_with(raw);
    struct bytes start = reader_take(&r, PARSE_MEMBERS_START.size);
    bool found = true;

    if (!reader_ok(&r) || memcmp(start.at, PARSE_MEMBERS_START.at, start.size) != 0)
        return error_set(err, ERROR_INPUT, "members: do not begin with SPM1");
    while (found) {
        struct text name;
        struct bytes bytes;
        if (!parse_member_next(&r, &name, &bytes, &found, err) ||
            (found && !parse_member(work, name, bytes, err)))
            return false;
    }
    return expect_some(work, err);
}

/* The first bytes, unpacked. */
static bool peek(struct bytes raw, uint8_t start[TAR_START], size_t *got, struct error *err)
{
    OWN(compress_end) struct compress_stream *stream = NULL;

    return compress_open_bytes(raw, TAR_START, &stream, err) &&
           compress_read(stream, start, TAR_START, got, err);
}

static bool is_archive(struct bytes raw)
{
    uint8_t start[TAR_START];
    struct error ignored;
    size_t got;

    if (archive_is_zip(raw))
        return true;
    /* What cannot be unpacked fails as a document, with a text. */
    return peek(raw, start, &got, &ignored) && got == TAR_START && memcmp(start + 257, "ustar", 5) == 0;
}

static bool parse_document(struct work *work, struct bytes raw, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_FEED_MEMORY);
    struct bytes document;

    if (work->members)
        return parse_members(work, raw, err);
    if (is_archive(raw))
        return parse_archive(work, raw, err);
    return compress_unpack(raw, LIMIT_FEED_FILE, &arena, &document, err) &&
           parse_file(work, document, work->name, err);
}

static bool write_all(struct bytes bytes)
{
    while (bytes.size > 0) {
        ssize_t put = write(STDOUT_FILENO, bytes.at, bytes.size);
        if (put < 0 && errno != EINTR)
            return false;
        bytes.at += put > 0 ? put : 0;
        bytes.size -= put > 0 ? (size_t)put : 0;
    }
    return true;
}

static bool write_answer(struct work *work, struct parse_answer *answer, const struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(64 * KIB);

    answer->done = err->kind == ERROR_NONE;
    answer->kind = err->kind;
    answer->problem = text_of(err->text);
    answer->feed = work->feed == NULL ? (struct text){0} : text_of(work->feed->name);
    answer->facts = work->facts;
    parse_answer_write(&w, answer);
    return writer_ok(&w) && write_all(writer_bytes(&w)) && (!answer->done || write_all(answer->statements));
}

/* Libraries that are loaded when they are needed (format/archive.h) are all that may be read. */
static bool give_up(uint8_t *confined, struct error *err)
{
    static const char *const readable[] = {"/usr/lib",         "/lib", "/lib64", "/usr/lib64",
                                           "/etc/ld.so.cache", NULL};

    return confine(&(struct confine_request){.readable = readable, .file_size_max = 0}, confined, err);
}

static bool work_on(struct work *work, struct statements_writer *writer, struct parse_answer *answer,
                    struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};

    if (!file_map_fd(STDIN_FILENO, LIMIT_FEED_ARCHIVE, &map, err) || !give_up(&answer->confined, err))
        return false;
    return parse_document(work, map.bytes, err) && expect_records(work, err) &&
           statements_done(writer, &answer->statements, err);
}

static bool read_arguments(int argc, char **argv, struct work *work)
{
    if (argc != 4 || (strcmp(argv[2], "document") != 0 && strcmp(argv[2], "members") != 0))
        return false;
    work->members = strcmp(argv[2], "members") == 0;
    work->name = text_of(argv[3]);
    work->feed = feeds_find(text_of(argv[1]));
    return work->feed != NULL || strcmp(argv[1], "-") == 0;
}

int main(int argc, char **argv)
{
    OWN(statements_end) struct statements_writer writer = statements_begin();
    struct work work = {.sink = statements_sink(&writer), .facts = feed_facts_none()};
    struct parse_answer answer = {0};
    struct error err = {0};

    if (!read_arguments(argc, argv, &work)) {
        fprintf(stderr, "suture-parse is started by suture: it has no use by hand\n");
        return 2;
    }
    (void)close_range(STDERR_FILENO + 1, ~0U, 0);  /* whatever descriptors came with us are not ours */
    (void)!work_on(&work, &writer, &answer, &err); /* the answer tells of the failure */
    /* Not exit(): handlers of libraries may want calls that were given up. */
    _exit(write_answer(&work, &answer, &err) ? 0 : 1);
}
