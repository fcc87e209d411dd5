/*
 * The policy's health checks and precautions: what policy_form.h calls file_check and file_before, as values.
 */
#include "evaluate/policy_form.h"

/* "5 seconds", "1 minute": deadlines are in hours and days, but nobody waits so long for an answer. */
bool policy_form_within(struct text value, uint32_t *out_ms, struct error *err)
{
    struct text rest = value, number = {0}, unit = {0};
    struct error ignored;
    uint64_t count = 0;
    bool counted = text_cut_word(&rest, &number) && text_cut_word(&rest, &unit) && rest.size == 0 &&
                   text_to_u64(number, &count, &ignored);
    uint64_t ms = text_equal(unit, TEXT("seconds")) || text_equal(unit, TEXT("second"))   ? 1000
                  : text_equal(unit, TEXT("minutes")) || text_equal(unit, TEXT("minute")) ? 60000
                                                                                          : 0;

    if (!counted || ms == 0)
        return error_set(err, ERROR_INPUT, "\"%.*s\" is no time span like \"5 seconds\" or \"1 minute\"",
                         TEXT_ARG(text_part(value, 0, 40)));
    if (count == 0 || count > CHECK_LIMIT_MS_MAX / ms)
        return error_set(err, ERROR_INPUT, "a check is given 1 second to %d minutes",
                         CHECK_LIMIT_MS_MAX / 60000);
    *out_ms = (uint32_t)(count * ms);
    return true;
}

static bool fail(const struct policy_reader *reader, uint32_t number, const char *what, struct error *err)
{
    return error_set(err, ERROR_INPUT, "%.*s: check %u: %s", TEXT_ARG(reader->name), number + 1, what);
}

static bool take_check(const struct policy_reader *reader, const struct file_check *from, uint32_t number,
                       struct check *out, struct error *err)
{
    const char *const targets[CHECK_KIND_COUNT] = {[CHECK_UNIT] = from->unit,
                                                   [CHECK_TCP] = from->tcp,
                                                   [CHECK_HTTP] = from->http,
                                                   [CHECK_COMMAND] = from->command};
    struct check check = {.limit_ms = CHECK_LIMIT_MS};

    for (int kind = CHECK_UNKNOWN + 1; kind < CHECK_KIND_COUNT; kind++) {
        if (targets[kind] == NULL)
            continue;
        if (check.kind != CHECK_UNKNOWN)
            return fail(reader, number, "asks two things; make it two checks", err);
        check.kind = (enum check_kind)kind;
        check.target = text_of(targets[kind]);
    }
    if (check.kind == CHECK_UNKNOWN)
        return fail(reader, number, "names neither unit, tcp, http nor command", err);
    if (from->status != NULL && check.kind != CHECK_HTTP)
        return fail(reader, number, "only http has a status", err);
    if (from->exit != NULL && check.kind != CHECK_COMMAND)
        return fail(reader, number, "only a command has an exit status", err);
    if (from->status != NULL && (*from->status < 100 || *from->status > 599))
        return fail(reader, number, "a status of HTTP is 100 to 599", err);
    check.expected = check.kind == CHECK_HTTP ? 200 : 0;
    if (from->status != NULL)
        check.expected = *from->status;
    if (from->exit != NULL)
        check.expected = *from->exit;
    if (from->within != NULL && !policy_form_within(text_of(from->within), &check.limit_ms, err))
        return error_at(err, "%.*s", TEXT_ARG(reader->name));
    *out = check;
    return true;
}

bool policy_form_take_checks(const struct policy_reader *reader, const struct file_after *from,
                             struct policy *policy, struct error *err)
{
    struct check *checks = ARENA_ARRAY(reader->arena, struct check, from->check_count);

    if (checks == NULL)
        return arena_full(reader->arena, err);
    for (uint32_t i = 0; i < from->check_count; i++)
        if (!take_check(reader, &from->checks[i], i, &checks[i], err))
            return false;
    policy->checks = checks;
    policy->check_count = from->check_count;
    return true;
}

/* ---- what is done before ---- */

static bool take_hook(const struct policy_reader *reader, const struct file_hook *from,
                      struct precaution_hook *out, struct error *err)
{
    struct precaution_hook hook = {.command = text_of(from->command), .limit_ms = PRECAUTION_LIMIT_MS};

    if (from->within != NULL && !policy_form_within(text_of(from->within), &hook.limit_ms, err))
        return error_at(err, "%.*s", TEXT_ARG(reader->name));
    *out = hook;
    return true;
}

bool policy_form_take_before(const struct policy_reader *reader, const struct file_before *from,
                             struct policy *policy, struct error *err)
{
    struct precaution_hook *hooks = ARENA_ARRAY(reader->arena, struct precaution_hook, from->hook_count);
    struct duration age;

    if (hooks == NULL)
        return arena_full(reader->arena, err);
    for (uint32_t i = 0; i < from->hook_count; i++)
        if (!take_hook(reader, &from->hooks[i], &hooks[i], err))
            return false;
    policy->before.hooks = hooks;
    policy->before.hook_count = from->hook_count;
    if (from->backup == NULL)
        return true;
    if (!policy_form_age(text_of(from->backup->age), &age, err))
        return error_at(err, "%.*s: backup", TEXT_ARG(reader->name));
    policy->before.backup = (enum backup_kind)from->backup->kind;
    policy->before.backup_command = text_of(from->backup->command);
    policy->before.backup_age_max_us = duration_add(age, 0, &policy->zone);
    return true;
}
