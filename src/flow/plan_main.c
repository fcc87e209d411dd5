/*
 * suture-plan: is asked for a plan on its standard input, makes it, and answers on its standard output (plan_message.h).
 *
 * It reads what a scan reads and nobody vouches for, so it gives up the rest first: it has no network, writes nothing
 * but its answer, and runs gpgv alone. Started by root it is another user, who keeps root's right to read, and until all
 * processes have been looked at the right to see what they run (base/confine.h says why Landlock waits for that).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "flow/plan.h"
#include "flow/plan_json.h"
#include "flow/plan_message.h"

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

static bool read_question(struct arena *arena, struct plan_request *out, struct error *err)
{
    struct bytes raw;

    return file_read_stream("/dev/stdin", LIMIT_PLAN_QUESTION, arena, &raw, err) &&
           plan_question_read(raw, arena, out, err);
}

/* ---- what is given up ---- */

static const char *const runnable[] = {"/usr/bin/gpgv", NULL};
/* A scan looks for what no package brought, everywhere; another root or file may be anywhere. */
static const char *const readable[] = {"/", NULL};
static const struct confine_request confinement = {
    .readable = readable,
    .runnable = runnable,
    .read_everything = true,
    .see_processes = true,
    .see_addresses = true,
    .file_size_max = LIMIT_KEYRING + LIMIT_INRELEASE,
};

struct work {
    struct plan_answer answer;
    struct writer plan, offered, memory;
};

static void work_end(struct work *work)
{
    writer_end(&work->plan);
    writer_end(&work->offered);
    writer_end(&work->memory);
}

static bool on_seen(void *self, struct error *err)
{
    struct work *work = self;

    return confine_seen(&confinement, &work->answer.confined, err);
}

/* What does not fit is not remembered: all or none of a file. */
static void keep(void *self, const char *path, struct bytes content)
{
    struct work *work = self;
    const char *slash = strrchr(path, '/');

    if (slash != NULL && content.size < work->memory.limit - work->memory.size - 64)
        plan_memory_write(&work->memory, text_of(slash + 1), content);
}

/* Each once, and no more than can be remembered: as a list of its own, seen now. */
static bool write_offered(const struct versions_seen *offered, struct arena *arena, int64_t now_us,
                          struct writer *w, struct error *err)
{
    struct versions_seen list = versions_seen_with();
    bool changed;

    return versions_seen_merge(&list, offered, now_us, arena, &changed, err) &&
           versions_seen_write(&list, w, err);
}

static bool make(struct arena *arena, struct work *work, struct error *err)
{
    const struct manager_keeper keeper = {keep, work};
    struct plan_request request;
    struct plan_found found;

    if (!read_question(arena, &request, err) || !confine(&confinement, &work->answer.confined, err))
        return false;
    request.scan.seen = on_seen;
    request.scan.self = work;
    request.scan.keeper = &keeper;
    if (!plan_make(&request, arena, &found, err) || !plan_write_json(&found.plan, &work->plan, err) ||
        !write_offered(&found.offered, arena, request.scan.now_us, &work->offered, err))
        return false;
    work->answer.judged = found.judged;
    work->answer.complete = found.complete;
    work->answer.problem = text_part(found.refused, 0, sizeof(err->text) - 1);
    work->answer.plan = writer_bytes(&work->plan);
    work->answer.offered = writer_bytes(&work->offered);
    return true;
}

int main(void)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_SCAN_MEMORY);
    OWN(writer_end) struct writer head = writer_with(LIMIT_PLAN_FILE + LIMIT_VERSIONS_FILE + 64 * KIB);
    OWN(work_end)
    struct work work = {.plan = writer_with(LIMIT_PLAN_FILE),
                        .offered = writer_with(LIMIT_VERSIONS_FILE),
                        .memory = writer_with(LIMIT_PLAN_MEMORY)};
    struct error err = {0};

    if (isatty(STDIN_FILENO)) {
        fprintf(stderr, "suture-plan is started by suture: it has no use by hand\n");
        return 2;
    }
    (void)close_range(STDERR_FILENO + 1, ~0U, 0); /* whatever descriptors came with us are not ours */
    work.answer.done = make(&arena, &work, &err);
    if (!work.answer.done) {
        work.answer.kind = err.kind;
        work.answer.problem = text_of(err.text);
    }
    plan_answer_write(&head, &work.answer);
    bool written = writer_ok(&head) && write_all(writer_bytes(&head)) &&
                   (!work.answer.done || write_all(writer_bytes(&work.memory)));
    /* Not exit(): handlers of libraries may want calls that were given up. */
    _exit(written ? 0 : 1);
}
