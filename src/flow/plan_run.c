#include "flow/plan_run.h"

#include "base/child.h"
#include "base/limits.h"
#include "base/own.h"
#include "flow/plan_json.h"
#include "flow/plan_message.h"

bool plan_run(const char *program, const struct plan_request *request, struct arena *arena,
              struct plan_found *out, struct error *err)
{
    OWN(writer_end) struct writer question = writer_with(LIMIT_PLAN_QUESTION);
    const char *argv[] = {program, NULL};
    struct child_command command = {
        .argv = argv, .timeout_ms = LIMIT_PLAN_TIME_MS, .output_limit = LIMIT_PLAN_FILE + MIB};
    struct child_result result;
    struct plan_answer answer;
    struct plan_found got;

    plan_question_write(&question, request);
    if (!writer_done(&question, &command.input, err) || !child_run(&command, arena, &result, err))
        return false;
    if (result.status != 0)
        return error_set(err, ERROR_SYSTEM, "suture-plan ended with status %d", result.status);
    if (!plan_answer_read(result.output, &answer, err))
        return error_at(err, "suture-plan");
    if (!answer.done)
        return error_set(err, answer.kind, "%.*s", TEXT_ARG(answer.problem));
    got = (struct plan_found){.judged = answer.judged, .complete = answer.complete};
    if (!plan_read_json(answer.plan, arena, &got.plan, err))
        return error_at(err, "suture-plan");
    *out = got;
    return true;
}
