#include "flow/feed_read.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "flow/parse_message.h"
#include "identify/feeds.h"
#include "identify/statements.h"

#define ANSWER_HEAD_MAX (64 * KIB)
#define PACK_DEPTH_MAX  8 /* cvelistV5 nests three deep */

static bool run_program(const struct feed_read_request *request, int fd, struct arena *arena,
                        struct parse_answer *out, struct error *err)
{
    const char *name = text_string(arena, request->name);
    const char *argv[] = {request->program, request->feed == NULL ? "-" : request->feed->name,
                          request->members ? "members" : "document", name, NULL};
    /* A zip's members have local times: without a zone the C library would look for one at each of them. */
    static const char *const environment[] = {"LC_ALL=C", "TZ=UTC0", NULL};
    struct child_command command = {.argv = argv,
                                    .environment = environment,
                                    .input_fd = fd,
                                    .timeout_ms = LIMIT_PARSE_TIME_MS,
                                    .output_limit = LIMIT_STATEMENTS + ANSWER_HEAD_MAX};
    struct child_result result;

    if (name == NULL)
        return arena_full(arena, err);
    if (!child_run(&command, arena, &result, err))
        return false;
    if (result.status != 0)
        return error_set(err, ERROR_INPUT, "suture-parse ended with status %d while reading it",
                         result.status);
    return parse_answer_read(result.output, out, err) || error_at(err, "suture-parse");
}

bool feed_read(const struct feed_read_request *request, struct arena *arena, struct feed_document *out,
               struct error *err)
{
    OWN(own_fd) int fd = -1;
    struct parse_answer answer = {0};

    if (!file_open(request->path, &fd, err) || !run_program(request, fd, arena, &answer, err))
        return false;
    if (!answer.done)
        return error_set(err, answer.kind, "%.*s", TEXT_ARG(answer.problem));
    const struct feed *feed = feeds_find(answer.feed);
    if (feed == NULL || (request->feed != NULL && feed != request->feed))
        return error_set(err, ERROR_CONFLICT, "suture-parse read feed \"%.*s\"", TEXT_ARG(answer.feed));
    if (!statements_replay(answer.statements, &(struct feed_sink){0}, arena, err))
        return error_at(err, "suture-parse");
    *out = (struct feed_document){feed, answer.facts, answer.statements, answer.confined};
    return true;
}

/* ---- a folder ---- */

struct pack {
    int fd;
    uint64_t size;
    size_t count;
    size_t root_size; /* of the folder's path and its '/': names begin behind it */
};

static bool put(struct pack *pack, struct bytes bytes, struct error *err)
{
    pack->size += bytes.size;
    if (pack->size > LIMIT_FEED_ARCHIVE)
        return error_set(err, ERROR_LIMIT, "more than %zu bytes", (size_t)LIMIT_FEED_ARCHIVE);
    while (bytes.size > 0) {
        ssize_t done = write(pack->fd, bytes.at, bytes.size);
        if (done < 0 && errno != EINTR)
            return error_system(err, "spool file");
        bytes.at += done > 0 ? done : 0;
        bytes.size -= done > 0 ? (size_t)done : 0;
    }
    return true;
}

static bool pack_file(struct pack *pack, const char *path, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(2 * LIMIT_ARCHIVE_MEMBER);
    OWN(writer_end) struct writer head = writer_with(2 * LIMIT_PATH);
    struct bytes bytes = {0};

    if (++pack->count > LIMIT_ARCHIVE_MEMBERS)
        return error_set(err, ERROR_LIMIT, "more than %d files", LIMIT_ARCHIVE_MEMBERS);
    if (!file_read(path, LIMIT_ARCHIVE_MEMBER, &arena, &bytes, err))
        return false;
    parse_member_write(&head, text_of(path + pack->root_size), bytes.size);
    return put(pack, writer_bytes(&head), err) && put(pack, bytes, err);
}

static bool is_wanted(struct text name)
{
    return text_ends(name, TEXT(".json")) || text_ends(name, TEXT(".csv"));
}

static bool pack_folder(struct pack *pack, const char *folder, unsigned depth, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(512 * MIB);
    struct file_names names = {0};

    if (depth > PACK_DEPTH_MAX)
        return error_set(err, ERROR_LIMIT, "%s: more than %d folders deep", folder, PACK_DEPTH_MAX);
    if (!file_list(folder, LIMIT_ARCHIVE_MEMBERS, &arena, &names, err))
        return false;
    for (size_t i = 0; i < names.count; i++) {
        const char *path = file_path(&arena, folder, names.names[i].at);
        struct stat found;
        if (path == NULL)
            return arena_full(&arena, err);
        if (names.names[i].at[0] == '.' || lstat(path, &found) != 0)
            continue;
        if (S_ISDIR(found.st_mode) && !pack_folder(pack, path, depth + 1, err))
            return false;
        if (S_ISREG(found.st_mode) && is_wanted(names.names[i]) && !pack_file(pack, path, err))
            return false;
    }
    return true;
}

bool feed_read_pack(const char *folder, const char *path, struct error *err)
{
    OWN(own_fd) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    struct pack pack = {.fd = fd, .root_size = strlen(folder)};

    if (fd < 0)
        return error_system(err, "%s", path);
    pack.root_size += pack.root_size > 0 && folder[pack.root_size - 1] == '/' ? 0 : 1;
    if (!put(&pack, PARSE_MEMBERS_START, err) || !pack_folder(&pack, folder, 1, err))
        return false;
    return pack.count > 0 || error_set(err, ERROR_INPUT, "no file in it ends with .json or .csv");
}
