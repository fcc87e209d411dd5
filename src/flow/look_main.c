/* suture-look: what flow/look.h says. It is started by suture, not by hand, and ends with the socket. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/limits.h"
#include "base/own.h"
#include "flow/look.h"
#include "flow/plan_json.h"
#include "flow/policy_path.h"
#include "flow/verify.h"
#include "verify/health.h"

/* What one question needs. */
struct look {
    struct look_question question;
    struct arena *arena;
    struct plan plan;
    struct evidence former;
    struct look_answer *answer;
    struct writer *evidence; /* JSON of the answer */
    bool *confined;
};

static bool read_former(struct look *look, struct error *err)
{
    OWN(json_end) struct json_document document = {0};

    if (look->question.former.size == 0)
        return true;
    return json_parse(look->question.former, LIMIT_LOOK_MESSAGE, &document, err) &&
           seal_read_evidence(json_root(&document), look->arena, &look->former, err);
}

static bool answer_with(struct look *look, const struct evidence *evidence, struct error *err)
{
    struct json_writer j = json_writer_with(look->evidence, false);

    seal_write_evidence(&j, evidence, look->arena);
    return writer_done(look->evidence, &look->answer->evidence, err);
}

/* The checks alone, in the form of evidence. */
static struct evidence of_checks(const struct look *look, const struct health *health)
{
    struct evidence evidence = {.kind = EVIDENCE_APPLY,
                                .outcome = RUN_OPEN,
                                .begun_us = look->question.begun_us,
                                .made_us = time_now_us(),
                                .host = look->plan.host,
                                .release = look->plan.release,
                                .policy = look->plan.policy,
                                .tool = TEXT(SUTURE_TOOL),
                                .checks = health->checks,
                                .check_count = health->count};

    memcpy(evidence.run, look->question.run.at, look->question.run.size);
    memcpy(evidence.plan, look->plan.id, sizeof(evidence.plan));
    return evidence;
}

static const char *policy_of(const struct look *look, struct arena *arena)
{
    return look->question.policy.size > 0 ? text_string(arena, look->question.policy) : NULL;
}

static bool load_policy(struct look *look, struct policy *out, struct error *err)
{
    const char *path = policy_of(look, look->arena);
    const char *state = text_string(look->arena, look->question.state);

    if (state == NULL)
        return arena_full(look->arena, err);
    if (path == NULL && !policy_path(state, time_now_us(), look->arena, &path, err))
        return false;
    *out = policy_built_in;
    return path == NULL ||
           (policy_read(path, ZONE_FOLDER, look->arena, out, err) && verify_checks_allowed(path, out, err));
}

static bool look_before(struct look *look, struct error *err)
{
    struct health_services services;
    struct health health;
    struct policy policy;
    size_t ill = 0;

    if (!load_policy(look, &policy, err) || !health_services(&look->plan, look->arena, &services, err) ||
        !health_list(policy.checks, policy.check_count, services.names, services.count, look->arena, &health,
                     err) ||
        !health_ask_all(&health, HEALTH_BEFORE, look->arena, err))
        return false;
    for (size_t i = 0; i < health.count; i++)
        ill += health.checks[i].before.outcome == CHECK_FAILED;
    look->answer->note = text_format(look->arena, "%zu health checks, %zu fail already", health.count, ill);
    const struct evidence evidence = of_checks(look, &health);
    return answer_with(look, &evidence, err);
}

/* A command is run because the policy names it, never because it stands in a file of the run's folder. */
static bool may_ask(const struct check *check, const struct policy *policy)
{
    if (check->kind != CHECK_COMMAND)
        return true;
    for (size_t i = 0; i < policy->check_count; i++)
        if (policy->checks[i].kind == CHECK_COMMAND && text_equal(policy->checks[i].target, check->target) &&
            policy->checks[i].expected == check->expected)
            return true;
    return false;
}

/* The checks of before, which may have grown older than this process. */
static bool checks_of(struct look *look, struct health *out, struct error *err)
{
    struct evidence_check *checks = ARENA_ARRAY(look->arena, struct evidence_check, look->former.check_count);
    struct policy policy;
    size_t count = 0;

    if (checks == NULL)
        return arena_full(look->arena, err);
    if (!load_policy(look, &policy, err))
        return false;
    for (size_t i = 0; i < look->former.check_count; i++)
        if (may_ask(&look->former.checks[i].check, &policy))
            checks[count++] = look->former.checks[i];
    *out = (struct health){.checks = checks, .count = count};
    return true;
}

static void name_broken(struct look *look, const struct health *health)
{
    for (size_t i = 0; i < health->count; i++) {
        const struct evidence_check *check = &health->checks[i];
        if (check->before.outcome != CHECK_PASSED || check->after.outcome != CHECK_FAILED)
            continue;
        look->answer->note = text_format(look->arena, "%.*s was well before and is not now: %.*s",
                                         TEXT_ARG(check->check.target), TEXT_ARG(check->after.why));
        return;
    }
}

static bool look_after(struct look *look, struct error *err)
{
    struct health health;

    if (!checks_of(look, &health, err) || !health_ask_all(&health, HEALTH_AFTER, look->arena, err))
        return false;
    look->answer->broke = health_broke(&health);
    look->answer->note = text_format(look->arena, "%zu health checks asked again", health.count);
    name_broken(look, &health);
    const struct evidence evidence = of_checks(look, &health);
    return answer_with(look, &evidence, err);
}

/* Reading is kept, and seeing what other processes run; Landlock would forbid the latter (base/confine.h). */
static bool give_up(struct look *look, struct error *err)
{
    static const char *const runnable[] = {"/usr/bin/gpgv", NULL};
    static const char *const readable[] = {"/", NULL};
    static const struct confine_request confinement = {
        .readable = readable,
        .runnable = runnable,
        .read_everything = true,
        .see_processes = true,
        .see_addresses = true,
        .file_size_max = LIMIT_KEYRING + LIMIT_INRELEASE,
    };
    uint8_t held;

    if (*look->confined)
        return true;
    *look->confined = confine(&confinement, &held, err);
    return *look->confined;
}

/* For people; proof_name is for JSON. */
static const char *words_of(enum proof proof)
{
    return proof == PROOF_NOT_ASKED ? "not asked" : proof == PROOF_NO ? "NO" : proof_name(proof);
}

/* Nobody asked for more of a run that was stopped than what it had made by then. */
static bool leave_out_unmade(struct look *look, struct error *err)
{
    struct plan *plan = &look->plan;
    struct plan_change *made = ARENA_ARRAY(look->arena, struct plan_change, plan->change_count);
    size_t count = 0;

    if (look->question.outcome != RUN_STOPPED)
        return true;
    if (made == NULL)
        return arena_full(look->arena, err);
    for (size_t i = 0; i < plan->change_count; i++)
        if (plan->changes[i].group < look->question.groups)
            made[count++] = plan->changes[i];
    plan->changes = made;
    plan->change_count = count;
    return true;
}

static bool look_evidence(struct look *look, struct error *err)
{
    struct run run = {
        .kind = look->question.kind, .state = look->question.outcome, .begun_us = look->question.begun_us};
    const struct verify_request request = {
        .scan = {.state = text_string(look->arena, look->question.state),
                 .root = text_string(look->arena, look->question.root),
                 .policy = policy_of(look, look->arena),
                 .now_us = time_now_us(),
                 .now_given = true}, /* nothing is written */
        .processes = "/proc",
        .tool = SUTURE_TOOL,
    };
    const struct verify_run what = {.kind = run.kind == RUN_ROLLBACK ? EVIDENCE_ROLLBACK : EVIDENCE_APPLY,
                                    .run = &run,
                                    .plan = &look->plan,
                                    .checks = look->former.checks,
                                    .check_count = look->former.check_count};
    struct evidence evidence;

    if (request.scan.state == NULL || request.scan.root == NULL)
        return arena_full(look->arena, err);
    memcpy(run.id, look->question.run.at, look->question.run.size);
    memcpy(run.plan, look->plan.id, sizeof(run.plan));
    if (!give_up(look, err) || !leave_out_unmade(look, err) ||
        !verify_look(&request, &what, look->arena, &evidence, err))
        return false;
    look->answer->note = text_format(
        look->arena, "applied: %s, works: %s, old code gone: %s%s", words_of(evidence.applied.proof),
        words_of(evidence.works.proof), words_of(evidence.old_code_gone.proof),
        evidence.old_code_gone.proof == PROOF_NO ? " (restart needed: suture verify --restart)" : "");
    return answer_with(look, &evidence, err);
}

static bool (*const looks[LOOK_WHAT_COUNT])(struct look *look, struct error *err) = {
    [LOOK_BEFORE] = look_before, [LOOK_AFTER] = look_after, [LOOK_EVIDENCE] = look_evidence};

/* One question and its answer; false when nobody asks any more. */
static bool serve(bool *confined)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_SCAN_MEMORY);
    OWN(writer_end)
    struct writer evidence = writer_with(LIMIT_LOOK_MESSAGE), message = writer_with(LIMIT_LOOK_MESSAGE);
    struct look_answer answer = {0};
    struct look look = {.arena = &arena, .answer = &answer, .evidence = &evidence, .confined = confined};
    struct bytes raw;
    struct error err = {0};

    if (!frame_receive(STDIN_FILENO, LIMIT_LOOK_MESSAGE, &arena, &raw, &err))
        return false;
    if (!look_question_read(raw, &look.question, &err) ||
        !plan_read_json(look.question.plan, &arena, &look.plan, &err) || !read_former(&look, &err) ||
        !looks[look.question.what](&look, &err))
        answer = (struct look_answer){.kind = err.kind, .problem = text_of(err.text)};
    look_answer_write(&message, &answer);
    return writer_done(&message, &raw, &err) && frame_send(STDIN_FILENO, raw, &err);
}

int main(int argc, char **argv)
{
    struct stat found;
    bool confined = false;

    (void)argv;
    if (argc != 1 || fstat(STDIN_FILENO, &found) != 0 || !S_ISSOCK(found.st_mode)) {
        fprintf(stderr, "suture-look is started by suture: it has no use by hand\n");
        return 2;
    }
    (void)close_range(STDERR_FILENO + 1, ~0U, 0); /* whatever descriptors came with us are not ours */
    while (serve(&confined))
        ;
    return 0;
}
