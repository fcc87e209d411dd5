#include "evaluate/explain.h"

#include "base/limits.h"
#include "base/own.h"
#include "evaluate/action.h"
#include "evaluate/explain_parts.h"

/* A block has fewer lines than this: one for each profile and override, and six besides. */
#define REASONS_MAX (POLICY_PROFILES_MAX + OVERRIDE_COUNT + 7)

static struct explained explained_with(const struct explain_context *context, const struct finding *finding,
                                       const struct decision *decision)
{
    return (struct explained){context, context->decide->policy, finding, decision};
}

void explain_rule(struct writer *w, const struct explain_context *context, const struct finding *finding,
                  const struct decision *decision, size_t verdict)
{
    struct explained e = explained_with(context, finding, decision);

    explain_rule_words(w, &e, verdict);
}

static void write_title(struct writer *w, const struct explained *e)
{
    static const char *const titles[ACTION_COUNT] = {
        [ACTION_UNKNOWN] = "UNKNOWN",         [ACTION_WAIT] = "WAIT",         [ACTION_BY_DATE] = "BY DATE",
        [ACTION_NEXT_WINDOW] = "NEXT WINDOW", [ACTION_MITIGATE] = "MITIGATE", [ACTION_NOW] = "NOW",
        [ACTION_SWITCH_OFF] = "SWITCH OFF",
    };
    const struct finding *finding = e->finding;
    struct text name = finding->source;

    if (finding->package_count > 0)
        name = e->context->decide->host->packages[finding->packages[0]].name;
    writer_format(w, "%s  %.*s %.*s", titles[e->decision->action], TEXT_ARG(name),
                  TEXT_ARG(finding->installed));
    if (finding->fixed.size > 0)
        writer_format(w, " -> %.*s", TEXT_ARG(finding->fixed));
    writer_format(w, "  %.*s\n", TEXT_ARG(finding->id));
}

static bool has_besides(const struct decision *d)
{
    return d->canary || d->replace; /* "mitigate meanwhile" stands with the cost that made it so */
}

/* What the action asks for besides itself. */
static void write_besides(struct writer *w, const struct decision *d)
{
    const char *between = "";

    if (d->canary) {
        writer_string(w, "the fix is untested: a canary first, for hours");
        between = "; ";
    }
    if (d->replace)
        writer_format(w, "%sits support has ended: schedule the replacement", between);
}

static void write_data(struct writer *w, const struct explained *e)
{
    const struct explain_context *context = e->context;

    for (size_t i = 0; i < context->data_count; i++) {
        writer_format(w, "%s%s", i > 0 ? ", " : "", context->data[i].name);
        if (context->data[i].generated_us == TIME_ABSENT) {
            writer_string(w, " without a date");
            continue;
        }
        struct civil c = time_civil(context->data[i].generated_us);
        writer_format(w, " of %04d-%02d-%02d", c.year, c.month, c.day);
        if (c.hour != 0 || c.minute != 0)
            writer_format(w, " %02d:%02dZ", c.hour, c.minute);
    }
    writer_format(w, "%spolicy %s v%u", context->data_count > 0 ? "   " : "", e->policy->name,
                  e->policy->version);
    if (context->policy_digest != NULL)
        writer_format(w, " sha256:%s", context->policy_digest);
}

static bool has_override(const struct decision *decision, enum decision_override which)
{
    return (decision->overrides >> which & 1) != 0;
}

static void write_judged(struct writer *w, const struct explained *e)
{
    const struct decision *d = e->decision;
    const char *between = "";

    writer_format(w, "  urgency  %-15s", urgency_name(d->urgency));
    explain_inputs(w, e);
    writer_string(w, "\n  due      ");
    if (d->due_us == TIME_ABSENT)
        writer_string(w, "-         ");
    else
        explain_date(w, e->policy, d->due_us);
    writer_string(w, "     ");
    explain_named(w, e);
    writer_string(w, "\n");
    for (size_t i = 0; i < d->verdict_count; i++) {
        if (i == d->named)
            continue;
        writer_string(w, between[0] == 0 ? "  also     " : between);
        explain_verdict(w, e, i);
        between = " · ";
    }
    if (between[0] != 0)
        writer_string(w, "\n");
    if (remedy_usable(d->remedy)) {
        writer_string(w, "  cost     ");
        explain_cost(w, e);
        writer_string(w, "\n");
    }
}

/* Where the fix is when no enabled archive has it; absent in every other class. */
static const char *fix_elsewhere(const struct finding *finding)
{
    if (finding->class_of == CLASS_ARCHIVE_NOT_ENABLED)
        return "there is one, in an archive that is not enabled here";
    return finding->class_of == CLASS_NOT_YET_IN_ARCHIVE ? "announced, not in the archive yet" : NULL;
}

void explain_decision(struct writer *w, const struct explain_context *context, const struct finding *finding,
                      const struct decision *decision)
{
    struct explained e = explained_with(context, finding, decision);

    write_title(w, &e);
    if (fix_elsewhere(finding) != NULL)
        writer_format(w, "  fix      %s\n", fix_elsewhere(finding));
    if (decision->urgency != URGENCY_UNKNOWN) {
        write_judged(w, &e);
    } else if (!has_override(decision, OVERRIDE_NOT_AFFECTED)) {
        writer_string(w, "  due      -              ");
        explain_suppression(w, &e);
        writer_string(w, "\n");
    }
    if (has_besides(decision)) {
        writer_string(w, "  besides  ");
        write_besides(w, decision);
        writer_string(w, "\n");
    }
    for (enum decision_override which = OVERRIDE_NOT_AFFECTED; which < OVERRIDE_COUNT; which++)
        if (has_override(decision, which)) {
            writer_string(w, "  override ");
            explain_override(w, &e, which);
            writer_string(w, "\n");
        }
    writer_string(w, "  data     ");
    write_data(w, &e);
    writer_string(w, "\n");
}

/* -- the same as single sentences -- */

struct reasons {
    struct text at[REASONS_MAX];
    size_t count;
    bool full; /* memory is out */
};

/* Takes what stands in the writer as one sentence. */
static void put_reason(struct reasons *reasons, struct writer *w, struct arena *arena)
{
    struct bytes bytes = writer_bytes(w);
    struct text copy = text_copy(arena, (struct text){(const char *)bytes.at, bytes.size});

    reasons->full = reasons->full || !writer_ok(w) || copy.at == NULL;
    if (reasons->count < REASONS_MAX)
        reasons->at[reasons->count++] = copy;
    writer_clear(w);
}

static void put_judged(struct reasons *reasons, struct writer *w, const struct explained *e,
                       struct arena *arena)
{
    const struct decision *d = e->decision;

    writer_format(w, "urgency %s: ", urgency_name(d->urgency));
    explain_inputs(w, e);
    put_reason(reasons, w, arena);
    if (d->due_us != TIME_ABSENT) {
        writer_string(w, "due ");
        explain_date(w, e->policy, d->due_us);
        writer_string(w, ": ");
    }
    explain_named(w, e);
    put_reason(reasons, w, arena);
    for (size_t i = 0; i < d->verdict_count; i++)
        if (i != d->named) {
            explain_verdict(w, e, i);
            put_reason(reasons, w, arena);
        }
    if (remedy_usable(d->remedy)) {
        writer_string(w, "cost: ");
        explain_cost(w, e);
        put_reason(reasons, w, arena);
    }
}

bool explain_reasons(const struct explain_context *context, const struct finding *finding,
                     const struct decision *decision, struct arena *arena, struct text **out, size_t *count,
                     struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_LINE);
    struct explained e = explained_with(context, finding, decision);
    struct reasons reasons = {.count = 0};

    if (fix_elsewhere(finding) != NULL) {
        writer_format(&w, "fix: %s", fix_elsewhere(finding));
        put_reason(&reasons, &w, arena);
    }
    if (decision->urgency != URGENCY_UNKNOWN) {
        put_judged(&reasons, &w, &e, arena);
    } else if (!has_override(decision, OVERRIDE_NOT_AFFECTED)) {
        explain_suppression(&w, &e);
        put_reason(&reasons, &w, arena);
    }
    if (has_besides(decision)) {
        write_besides(&w, decision);
        put_reason(&reasons, &w, arena);
    }
    for (enum decision_override which = OVERRIDE_NOT_AFFECTED; which < OVERRIDE_COUNT; which++)
        if (has_override(decision, which)) {
            explain_override(&w, &e, which);
            put_reason(&reasons, &w, arena);
        }
    struct text *list = ARENA_ARRAY(arena, struct text, reasons.count);
    if (reasons.full || list == NULL)
        return arena_full(arena, err);
    memcpy(list, reasons.at, reasons.count * sizeof(*list));
    *out = list;
    *count = reasons.count;
    return true;
}

/* -- updates -- */

void explain_update(struct writer *w, const struct explain_context *context, const struct update *update,
                    const struct update_decision *decision)
{
    const struct policy *policy = context->decide->policy;

    if (decision->assumed_hole != NULL && update->kind != UPDATE_SECURITY) {
        writer_string(w, "nobody says what it closes, so it counts as security; no profile can set a date");
    } else if (decision->assumed_hole != NULL) {
        const struct finding hole = {.source = context->decide->host->packages[update->package].source};
        const struct explained e = explained_with(context, &hole, decision->assumed_hole);
        if (update->not_executable_count > 0)
            writer_format(
                w, "comes from a security archive, its known holes (%u) are in no code that runs here: ",
                update->not_executable_count);
        else
            writer_string(w, "comes from a security archive, no advisory names a hole: ");
        explain_named(w, &e);
    } else if (decision->finding == UPDATE_NONE) {
        writer_string(w, "closes no hole that is open here");
        if (decision->action == ACTION_BY_DATE || decision->due_us != TIME_ABSENT) {
            writer_string(w, ": by ");
            explain_date(w, policy, decision->due_us);
        }
        if ((decision->overrides >> OVERRIDE_MINIMUM_AGE & 1) != 0) {
            writer_format(w, "; %s: younger than ", decision_override_name(OVERRIDE_MINIMUM_AGE));
            duration_write(w, policy->minimum_age);
        }
    } else {
        const struct finding *finding = &context->decide->findings[decision->finding];
        writer_format(w, "closes %zu known hole%s", update->finding_count,
                      update->finding_count == 1 ? "" : "s");
        if (decision->profile != NULL)
            writer_format(w, ", the date is that of %.*s by %s", TEXT_ARG(finding->id), decision->profile);
    }
    if (decision->standing == STANDING_POSTPONED || decision->standing == STANDING_HELD) {
        writer_format(w, "; %s until ", standing_name(decision->standing));
        explain_date(w, policy, decision->waived_until_us);
        if (decision->order != NULL)
            writer_format(w, " by order %s", decision->order);
    }
}
