#include "flow/rebuild.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"

#define FRAME_HEAD  4
#define BUFFER_SIZE (256 * KIB)

/* One talk with the helper. */
struct talk {
    const struct rebuild_request *request;
    struct writer came; /* of its answers, not yet read */
    struct arena *arena;
    struct rebuild_answer last; /* the last of its answers; its texts are in the arena */
    bool is_over;
    int passed[CHILD_PASSED_MAX];
    size_t passed_count;
};

static void own_talk(struct talk *talk)
{
    for (size_t i = 0; i < talk->passed_count; i++)
        own_fd(&talk->passed[i]);
    writer_end(&talk->came);
}

/* ---- what comes back ---- */

static bool take_answer(struct talk *talk, struct bytes frame, struct error *err)
{
    const struct rebuild_request *request = talk->request;
    struct rebuild_answer answer;

    if (talk->is_over)
        return error_set(err, ERROR_INPUT, "answers again behind its last answer");
    uint8_t *kept = arena_take(talk->arena, frame.size);
    if (kept == NULL)
        return arena_full(talk->arena, err);
    memcpy(kept, frame.at, frame.size);
    if (!rebuild_answer_read((struct bytes){kept, frame.size}, &answer, err))
        return false;
    if (answer.kind == REBUILD_PROGRESS)
        return request->progress == NULL || request->progress(request->self, answer.done, answer.all) ||
               error_set(err, ERROR_CONFLICT, "stopped");
    talk->last = answer;
    talk->is_over = true;
    return true;
}

static bool take_output(void *self, struct bytes piece, struct error *err)
{
    struct talk *talk = self;
    size_t at = 0;

    writer_put(&talk->came, piece);
    if (!writer_ok(&talk->came))
        return error_set(err, ERROR_LIMIT, "an answer of more than %zu bytes", talk->came.limit);
    while (talk->came.size - at >= FRAME_HEAD) {
        const uint8_t *head = talk->came.at + at;
        size_t size = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
        if (size > LIMIT_REBUILD_MESSAGE)
            return error_set(err, ERROR_LIMIT, "an answer of %zu bytes, more than %zu", size,
                             (size_t)LIMIT_REBUILD_MESSAGE);
        if (talk->came.size - at - FRAME_HEAD < size)
            break;
        if (!take_answer(talk, (struct bytes){head + FRAME_HEAD, size}, err))
            return false;
        at += FRAME_HEAD + size;
    }
    memmove(talk->came.at, talk->came.at + at, talk->came.size - at);
    talk->came.size -= at;
    return true;
}

/* ---- asking ---- */

/* What is written is never another one's, by a link or by a second name. */
static bool pass(struct talk *talk, const char *path, int flags, struct error *err)
{
    int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | (flags == O_RDONLY ? 0 : O_NOFOLLOW), 0600);
    struct stat found;

    if (fd < 0)
        return error_system(err, "%s", path);
    talk->passed[talk->passed_count++] = fd;
    if (fstat(fd, &found) != 0)
        return error_system(err, "%s", path);
    if (!S_ISREG(found.st_mode))
        return error_set(err, ERROR_INPUT, "%s: is no file", path);
    return flags == O_RDONLY || (found.st_nlink == 1 && found.st_uid == geteuid()) ||
           error_set(err, ERROR_CONFLICT, "%s: is no file of this user alone", path);
}

static bool pass_supplements(struct talk *talk, struct error *err)
{
    for (size_t i = 0; i < talk->request->supplement_count; i++)
        if (!pass(talk, talk->request->supplements[i], O_RDONLY, err))
            return false;
    return true;
}

static struct rebuild_question question_of(const struct rebuild_request *request)
{
    return (struct rebuild_question){
        .yields = request->yields,
        .threads = request->threads > 0 ? request->threads : os_processor_count(),
        .memory_max = request->memory_max > 0 ? request->memory_max : os_memory_size() / 2,
        .supplement_count = request->supplement_count,
        .root = text_of(request->root),
        .package = request->package,
        .arch = request->arch,
    };
}

static bool ask(struct talk *talk, const struct rebuild_question *question, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_REBUILD_MESSAGE);
    const char *const argv[] = {talk->request->program, NULL};
    struct child_command command = {
        .argv = argv,
        .passed = talk->passed,
        .passed_count = talk->passed_count,
        .timeout_ms = talk->request->time_ms > 0 ? talk->request->time_ms : LIMIT_REBUILD_TIME_MS,
        .output_limit = LIMIT_REBUILD_MESSAGE,
        .on_output = take_output,
        .self = talk,
    };
    struct child_result result;

    rebuild_question_write(&w, question);
    if (!writer_done(&w, &command.input, err) || !child_run(&command, talk->arena, &result, err))
        return false;
    if (!talk->is_over)
        return error_set(err, ERROR_SYSTEM, "suture-rebuild ended with status %d: %.*s", result.status,
                         (int)(result.errors.size < 120 ? result.errors.size : 120),
                         (const char *)result.errors.at);
    return talk->last.kind == REBUILD_VIEWED ||
           error_set(err, talk->last.error, "%.*s", TEXT_ARG(talk->last.problem));
}

static struct talk talk_with(const struct rebuild_request *request, struct arena *arena)
{
    return (struct talk){.request = request,
                         .arena = arena,
                         .came = writer_with(2 * (LIMIT_REBUILD_MESSAGE + FRAME_HEAD)),
                         .passed = {-1, -1, -1, -1, -1, -1, -1, -1}};
}

bool rebuild_look(const struct rebuild_request *request, struct arena *arena, struct rebuild_view *out,
                  struct error *err)
{
    OWN(own_talk) struct talk talk = talk_with(request, arena);
    struct rebuild_question question = question_of(request);

    question.what = REBUILD_LOOK;
    if (!pass(&talk, request->delta, O_RDONLY, err) || !pass_supplements(&talk, err) ||
        !ask(&talk, &question, err))
        return false;
    if (request->expected != NULL && !digest_equal(request->expected, &talk.last.view.digest))
        return error_set(err, ERROR_CONFLICT, "the delta makes another file than the one that is wanted");
    if (talk.last.view.size > LIMIT_DEB_FILE || talk.last.view.spool_size > LIMIT_DEB_DATA)
        return error_set(err, ERROR_LIMIT, "the delta makes a file of %llu bytes",
                         (unsigned long long)talk.last.view.size);
    *out = talk.last.view;
    return true;
}

/* ---- what was made ---- */

/* Read back through our own descriptor: the helper has none any more. */
static bool check_output(int fd, const struct rebuild_view *view, const struct rebuild_request *request,
                         struct error *err)
{
    const struct digest *wanted = request->expected != NULL ? request->expected : &view->digest;
    OWN(digester_end) struct digester digester = {0};
    OWN(own_memory) uint8_t *buffer = malloc(BUFFER_SIZE);
    struct digest digest;
    off_t place = 0;
    ssize_t got = 1;

    if (buffer == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory");
    if (!digester_open(DIGEST_SHA256, &digester, err))
        return false;
    while (got != 0) {
        got = pread(fd, buffer, BUFFER_SIZE, place);
        if (got < 0 && errno != EINTR)
            return error_system(err, "%s", request->output);
        if (got > 0 && !digester_add(&digester, (struct bytes){buffer, (size_t)got}, err))
            return false;
        place += got > 0 ? got : 0;
    }
    digester_close(&digester, &digest);
    if (!digest_equal(&digest, wanted))
        return error_set(err, ERROR_TRUST, "%s: what was rebuilt is not what was promised", request->output);
    return fdatasync(fd) == 0 || error_system(err, "%s: cannot be made durable", request->output);
}

static bool make(const struct rebuild_request *request, const struct rebuild_view *view, struct arena *arena,
                 struct error *err)
{
    OWN(own_talk) struct talk talk = talk_with(request, arena);
    struct rebuild_question question = question_of(request);

    question.what = REBUILD_MAKE;
    question.file_size_max = view->size > view->spool_size ? view->size : view->spool_size;
    if (!pass(&talk, request->delta, O_RDONLY, err) || !pass(&talk, request->spool, O_RDWR | O_CREAT, err) ||
        !pass(&talk, request->output, O_RDWR, err) || !pass_supplements(&talk, err) ||
        !ask(&talk, &question, err))
        return false;
    return check_output(talk.passed[2], view, request, err);
}

bool rebuild_run(const struct rebuild_request *request, const struct rebuild_view *view, struct arena *arena,
                 struct error *err)
{
    OWN(own_fd) int made = open(request->output, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (made < 0)
        return error_system(err, "%s", request->output);
    if (make(request, view, arena, err))
        return true;
    (void)unlink(request->output); /* it is half or wrong; what failed is said already */
    return false;
}
