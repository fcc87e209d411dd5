#include "flow/rollback_prove.h"

#include <inttypes.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "flow/look.h"
#include "flow/verify.h"

/* A file of the undone run's folder. */
static bool read_kept(const struct rollback_proof *proof, const char *name, size_t limit, struct arena *arena,
                      struct bytes *out, struct error *err)
{
    const struct state state = {proof->state};
    struct text path = text_format(arena, "runs/%s/%s", proof->undone->id, name);
    const char *whole = path.at == NULL ? NULL : state_path(&state, arena, path.at);

    return whole == NULL ? arena_full(arena, err) : file_read(whole, limit, arena, out, err);
}

/* What was asked before the undone run is asked again; where nothing was, or it is lost, nothing is compared. */
static bool ask_health(const struct helper *helper, struct look_question question, struct arena *arena,
                       struct bytes *out, struct error *err)
{
    struct look_answer answer = {.kind = ERROR_NONE};

    question.what = LOOK_AFTER;
    question.outcome = RUN_OPEN;
    if (!look_ask(helper, &question, arena, &answer, err))
        return false;
    *out = answer.evidence;
    return true;
}

static bool look(const struct rollback_proof *proof, struct bytes plan, struct bytes health,
                 struct arena *arena, struct look_answer *out, struct error *err)
{
    struct look_question question = {
        .what = LOOK_EVIDENCE,
        .kind = RUN_ROLLBACK,
        .outcome = proof->done ? RUN_DONE : RUN_FAILED,
        .begun_us = proof->begun_us,
        .state = text_of(proof->state),
        .root = text_of(proof->root),
        .run = text_of(proof->as),
        .plan = plan,
        .former = health,
    };

    if (proof->look->pid == 0)
        return error_set(err, ERROR_ABSENT, "suture-look could not be started");
    return (health.size == 0 || ask_health(proof->look, question, arena, &question.former, err)) &&
           look_ask(proof->look, &question, arena, out, err);
}

bool rollback_prove(const struct rollback_proof *proof, struct arena *arena, struct text *note,
                    struct error *err)
{
    OWN(json_end) struct json_document document = {0};
    struct bytes plan = {0}, health = {0};
    struct look_answer answer = {.kind = ERROR_NONE};
    struct evidence evidence;
    struct error absent;
    struct seal seal;

    if (!read_kept(proof, "health.json", LIMIT_EVIDENCE_RECORD, arena, &health, &absent))
        health = (struct bytes){0};
    if (!read_kept(proof, "plan.json", LIMIT_PLAN_FILE, arena, &plan, err) ||
        !look(proof, plan, health, arena, &answer, err) ||
        !json_parse(answer.evidence, LIMIT_EVIDENCE_RECORD, &document, err) ||
        !seal_read_evidence(json_root(&document), arena, &evidence, err) ||
        !verify_keep(proof->state, &evidence, arena, &seal, err))
        return false;
    *note = text_format(arena, "%.*s: evidence %" PRIu64, TEXT_ARG(answer.note), seal.number);
    return note->at != NULL || arena_full(arena, err);
}
