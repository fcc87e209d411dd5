/* suture-plan: is asked for a plan on its standard input, makes it, and answers on its standard output (plan_message.h). */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

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

static bool make(struct arena *arena, struct plan_answer *answer, struct writer *plan, struct error *err)
{
    struct plan_request request;
    struct plan_found found;

    if (!read_question(arena, &request, err) || !plan_make(&request, arena, &found, err) ||
        !plan_write_json(&found.plan, plan, err))
        return false;
    answer->judged = found.judged;
    answer->complete = found.complete;
    return true;
}

int main(void)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_SCAN_MEMORY);
    OWN(writer_end) struct writer plan = writer_with(LIMIT_PLAN_FILE), head = writer_with(64 * KIB);
    struct plan_answer answer = {0};
    struct error err = {0};

    if (isatty(STDIN_FILENO)) {
        fprintf(stderr, "suture-plan is started by suture: it has no use by hand\n");
        return 2;
    }
    answer.done = make(&arena, &answer, &plan, &err);
    if (!answer.done) {
        answer.kind = err.kind;
        answer.problem = text_of(err.text);
    }
    plan_answer_write(&head, &answer);
    bool written = writer_ok(&head) && write_all(writer_bytes(&head)) &&
                   (!answer.done || write_all(writer_bytes(&plan)));
    return written ? 0 : 1;
}
