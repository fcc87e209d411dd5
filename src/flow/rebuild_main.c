/*
 * suture-rebuild: the process that makes a package from installed files and a delta, and can do nothing else.
 *
 * What it is told and what it answers stands in flow/rebuild_message.h. It is started by suture, not by hand. Before it reads the
 * first byte of the delta it has given up all but reading below the root that it was told. Exit status: 0 an answer was
 * written, 1 not even that.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "flow/rebuild_work.h"

#define LIBRARIES "/usr/lib", "/lib", "/lib64", "/usr/lib64", "/etc/ld.so.cache"

enum { DELTA_FD = 3, SPOOL_FD, OUTPUT_FD };

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

/* One write, so that a reader of the pipe seldom gets half. */
static bool send_answer(const struct rebuild_answer *answer)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_REBUILD_MESSAGE);

    writer_u32(&w, 0);
    rebuild_answer_write(&w, answer);
    if (!writer_ok(&w))
        return false;
    writer_patch_u32(&w, 0, (uint32_t)(w.size - 4));
    return write_all(writer_bytes(&w));
}

/* A step for each percent. */
struct reported {
    uint64_t percent;
};

static bool report(void *self, uint64_t done, uint64_t all)
{
    struct reported *reported = self;
    uint64_t percent = all == 0 ? 100 : done > all ? 100 : done * 100 / all;

    if (percent == reported->percent)
        return true;
    reported->percent = percent;
    return send_answer(&(struct rebuild_answer){.kind = REBUILD_PROGRESS, .done = done, .all = all});
}

static bool give_up(const struct rebuild_question *question, struct arena *arena, uint8_t *held,
                    struct error *err)
{
    char *root = text_string(arena, question->root);
    const char *const readable[] = {LIBRARIES, "/dev/urandom", root, NULL};
    const struct confine_request request = {
        .readable = readable,
        .read_everything = true,
        .file_size_max = question->file_size_max,
        .memory_max = question->memory_max + LIMIT_REBUILD_SPARE + question->threads * LIMIT_THREAD_STACK,
    };

    return root == NULL ? arena_full(arena, err) : confine(&request, held, err);
}

static struct rebuild_files files_of(const struct rebuild_question *question)
{
    const bool makes = question->what == REBUILD_MAKE;
    struct rebuild_files files = {
        .delta = DELTA_FD, .spool = makes ? SPOOL_FD : -1, .output = makes ? OUTPUT_FD : -1};
    int next = makes ? OUTPUT_FD + 1 : DELTA_FD + 1;

    for (size_t i = 0; i < question->supplement_count; i++)
        files.supplements[i] = next++;
    return files;
}

static bool work(struct arena *arena, struct rebuild_answer *answer, struct error *err)
{
    struct rebuild_question question;
    struct reported reported = {0};
    struct bytes raw;

    if (!file_read_stream("/dev/stdin", LIMIT_REBUILD_MESSAGE, arena, &raw, err) ||
        !rebuild_question_read(raw, &question, err))
        return false;
    if (question.yields)
        os_yield_to_all();
    const struct rebuild_files files = files_of(&question);
    if (!give_up(&question, arena, &answer->confined, err))
        return false;
    return rebuild_work(&question, &files, (struct rebuild_progress){report, &reported}, arena, &answer->view,
                        err);
}

int main(int argc, char **argv)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_DELTA_MEMORY + LIMIT_SCAN_MEMORY);
    struct rebuild_answer answer = {.kind = REBUILD_VIEWED};
    struct error err = {0};

    (void)argv;
    if (argc != 1 || isatty(STDIN_FILENO) == 1) {
        fprintf(stderr, "suture-rebuild is started by suture: it has no use by hand\n");
        return 2;
    }
    (void)close_range(OUTPUT_FD + REBUILD_SUPPLEMENTS_MAX + 1, ~0U, 0);
    if (!work(&arena, &answer, &err)) {
        answer.kind = REBUILD_FAILED;
        answer.error = err.kind;
        answer.problem = text_of(err.text);
    }
    /* Not exit(): handlers of libraries may want calls that were given up. */
    _exit(send_answer(&answer) ? 0 : 1);
}
