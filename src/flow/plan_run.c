#include "flow/plan_run.h"

#include "base/child.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "flow/gate.h"
#include "flow/plan_json.h"
#include "flow/plan_message.h"
#include "flow/scan_host.h"
#include "flow/vendor.h"
#include "store/state.h"

/* Of this machine as it is now something is remembered; suture-plan finds the place made. Where it cannot be, it does without. */
static void make_place(const struct plan_request *request, struct arena *arena)
{
    const struct scan_request *scan = &request->scan;
    struct state state;
    const char *folder;
    struct error ignored;

    if (scan_host_is_live(scan) && scan->state != NULL &&
        state_open(scan->state, STATE_WRITE, &state, &ignored))
        (void)!state_make_folder(&state, arena, "verified", &folder, &ignored);
}

/* What suture-plan may not write. A memory that cannot be kept costs time, nothing else. */
static void remember(const struct plan_request *request, struct bytes memory, struct arena *arena)
{
    struct reader r = reader_with(memory);
    const char *folder =
        request->scan.state == NULL ? NULL : file_path(arena, request->scan.state, "verified");
    struct text name;
    struct bytes content;
    struct error ignored;
    bool found = folder != NULL;

    while (found && plan_memory_next(&r, &name, &content, &found, &ignored) && found) {
        const char *plain = text_string(arena, name);
        const char *path = plain == NULL ? NULL : file_path(arena, folder, plain);
        found = path != NULL && file_make_folders(folder, 0700, &ignored) &&
                file_replace_cache(path, content, 0600, &ignored);
    }
}

/*
 * What suture-plan says that it saw; when, is not its to say. A file that cannot be written loses nothing: what was not
 * remembered waits longer. One that is broken, and what cannot be believed of the answer, is an error.
 */
static bool remember_versions(const struct plan_request *request, struct bytes raw, struct arena *arena,
                              struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_VERSIONS_FILE);
    const struct scan_request *scan = &request->scan;
    struct versions_seen offered, seen;
    struct error ignored;
    struct bytes bytes;
    struct state state;
    bool changed;

    if (!versions_seen_parse(raw, arena, &offered, err))
        return error_at(err, "suture-plan");
    if (scan->state == NULL || scan->now_given || (!request->remember && !scan_host_is_live(scan)) ||
        !state_open(scan->state, STATE_WRITE, &state, &ignored))
        return true;
    const char *path = state_path(&state, arena, VERSIONS_SEEN_FILE);
    if (path == NULL)
        return arena_full(arena, err);
    if (!versions_seen_read(path, arena, &seen, err) ||
        !versions_seen_merge(&seen, &offered, scan->now_us, arena, &changed, err))
        return false;
    if (changed && versions_seen_write(&seen, &w, &ignored) && writer_done(&w, &bytes, &ignored))
        (void)!file_replace(path, bytes, 0600, &ignored); /* said above */
    return true;
}

bool plan_run(const char *program, const struct plan_request *request, struct arena *arena,
              struct plan_found *out, struct error *err)
{
    OWN(writer_end) struct writer question = writer_with(LIMIT_PLAN_QUESTION);
    const char *argv[] = {program, NULL};
    struct child_command command = {.argv = argv,
                                    .timeout_ms = LIMIT_PLAN_TIME_MS,
                                    .output_limit =
                                        LIMIT_PLAN_FILE + LIMIT_VERSIONS_FILE + LIMIT_PLAN_MEMORY + MIB};
    struct child_result result;
    struct plan_request told = *request;
    struct gate_lifted lifted = {0};
    struct plan_answer answer;
    struct plan_found got;

    if (!vendor_publishers_path(request->scan.publishers, arena, &told.scan.publishers, err))
        return false;
    told.fleet = gate_fleet(request->scan.state, arena);
    if (request->scan.state != NULL &&
        !gate_lifted(request->scan.state, request->scan.now_us, told.fleet, arena, &lifted, err))
        return false;
    told.lifted = lifted.lifted;
    told.lifted_count = lifted.lifted_count;
    told.approved = lifted.approved;
    told.approved_count = lifted.approved_count;
    make_place(request, arena);
    plan_question_write(&question, &told);
    if (!writer_done(&question, &command.input, err) || !child_run(&command, arena, &result, err))
        return false;
    if (result.status != 0)
        return error_set(err, ERROR_SYSTEM, "suture-plan ended with status %d", result.status);
    if (!plan_answer_read(result.output, &answer, err))
        return error_at(err, "suture-plan");
    if (!answer.done)
        return error_set(err, answer.kind, "%.*s", TEXT_ARG(answer.problem));
    got = (struct plan_found){
        .judged = answer.judged, .complete = answer.complete, .refused = text_copy(arena, answer.problem)};
    if (got.refused.at == NULL)
        return arena_full(arena, err);
    if (!plan_read_json(answer.plan, arena, &got.plan, err))
        return error_at(err, "suture-plan");
    remember(request, answer.memory, arena);
    if (!remember_versions(request, answer.offered, arena, err))
        return false;
    *out = got;
    return true;
}
