#include "verify/health.h"

#include <stdlib.h>

#include "verify/health_ask.h"

static int compare_names(const void *a, const void *b)
{
    return text_compare(*(const struct text *)a, *(const struct text *)b);
}

static size_t count_services(const struct plan *plan)
{
    size_t count = 0;

    for (size_t i = 0; i < plan->change_count; i++)
        count += plan->changes[i].service_count;
    return count;
}

bool health_services(const struct plan *plan, struct arena *arena, struct health_services *out,
                     struct error *err)
{
    size_t all = count_services(plan), count = 0, kept = 0;
    struct text *names = ARENA_ARRAY(arena, struct text, all);

    if (names == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < plan->change_count; i++)
        for (size_t j = 0; j < plan->changes[i].service_count; j++)
            names[count++] = plan->changes[i].services[j];
    if (count > 0)
        qsort(names, count, sizeof(*names), compare_names);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || !text_equal(names[kept - 1], names[i]))
            names[kept++] = names[i];
    *out = (struct health_services){names, kept};
    return true;
}

static bool is_named(const struct health *health, struct text unit)
{
    for (size_t i = 0; i < health->named; i++)
        if (health->checks[i].check.kind == CHECK_UNIT && text_equal(health->checks[i].check.target, unit))
            return true;
    return false;
}

bool health_list(const struct check *named, size_t named_count, const struct text *services,
                 size_t service_count, struct arena *arena, struct health *out, struct error *err)
{
    struct health health = {.named = named_count};
    struct error ignored; /* a process's name that cannot be a unit's is no unit */

    health.checks = ARENA_ARRAY(arena, struct evidence_check, named_count + service_count);
    if (health.checks == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < named_count; i++)
        health.checks[health.count++].check = named[i];
    for (size_t i = 0; i < service_count; i++)
        if (check_target(CHECK_UNIT, services[i], &ignored) && !is_named(&health, services[i]))
            health.checks[health.count++].check =
                (struct check){.kind = CHECK_UNIT, .target = services[i], .limit_ms = CHECK_LIMIT_MS};
    *out = health;
    return true;
}

bool health_ask(const struct check *check, enum health_time time, struct arena *arena,
                struct check_answer *out, struct error *err)
{
    static bool (*const asks[CHECK_KIND_COUNT])(const struct health_question *, struct check_answer *,
                                                struct error *) = {
        [CHECK_UNIT] = health_ask_unit,
        [CHECK_TCP] = health_ask_tcp,
        [CHECK_HTTP] = health_ask_http,
        [CHECK_COMMAND] = health_ask_command,
    };
    const struct health_question question = {
        .check = check,
        .arena = arena,
        .again = time == HEALTH_AFTER,
        .end_ms = health_clock_ms() + check->limit_ms,
    };
    struct error why;

    if (!check_target(check->kind, check->target, &why)) {
        struct text said = text_copy(arena, text_of(why.text));
        *out = (struct check_answer){CHECK_NOT_ASKED, said};
        return said.at != NULL || arena_full(arena, err);
    }
    return asks[check->kind](&question, out, err);
}

bool health_ask_all(struct health *health, enum health_time time, struct arena *arena, struct error *err)
{
    size_t kept = 0;

    for (size_t i = 0; i < health->count; i++) {
        struct evidence_check *check = &health->checks[i];
        struct check_answer answer = {.outcome = CHECK_NOT_ASKED};
        /* What failed before need not come back, so nobody waits for it. */
        bool waits = time == HEALTH_AFTER && check->before.outcome != CHECK_FAILED;
        if (!health_ask(&check->check, waits ? HEALTH_AFTER : HEALTH_BEFORE, arena, &answer, err))
            return false;
        if (time == HEALTH_AFTER)
            check->after = answer;
        else
            check->before = answer;
        if (time == HEALTH_AFTER || i < health->named || answer.outcome == CHECK_PASSED)
            health->checks[kept++] = *check;
    }
    health->count = kept;
    return true;
}

bool health_broke(const struct health *health)
{
    for (size_t i = 0; i < health->count; i++)
        if (health->checks[i].before.outcome == CHECK_PASSED &&
            health->checks[i].after.outcome == CHECK_FAILED)
            return true;
    return false;
}
