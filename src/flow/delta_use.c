#include "flow/delta_use.h"

#include "deploy/ready_power.h"

#define NOTES_SHOWN 3

bool delta_use_in_force(const char *root, struct arena *arena, struct delta_use *out, struct error *err)
{
    struct delta_use use = {0};
    struct ready_power power;
    struct error ignored;

    if (!delta_settings_in_force(arena, &use.settings, err))
        return false;
    if (use.settings.source.size > 0 && root != NULL && strcmp(root, "/") == 0 &&
        ready_power_look(READY_POWER_FOLDER, &power, &ignored))
        use.battery = power.battery && !power.mains;
    *out = use;
    return true;
}

static struct text words_of(const struct delta_use *use, const struct delta_offers *offers,
                            const struct plan *plan, struct arena *arena)
{
    if (!offers->configured)
        return TEXT("no delta source is configured");
    if (use->settings.use == CHOICE_NEVER)
        return TEXT("deltas are switched off");
    if (offers->found > 0)
        return text_format(arena, "%.1f MB with deltas for %zu packages", (double)plan->delta_bytes / 1e6,
                           offers->found);
    return offers->asked ? TEXT("there are no deltas for it")
                         : TEXT("what deltas leave is not known yet: suture plan --deltas asks");
}

bool delta_use_plan(const struct delta_use *use, const struct delta_offers_request *how, struct arena *arena,
                    struct plan_found *found, struct error *err)
{
    struct delta_offers_request request = *how;
    struct delta_offers offers;

    request.settings = &use->settings;
    request.ask = how->ask && use->settings.use != CHOICE_NEVER;
    if (!delta_offers_find(&request, &found->plan, arena, &offers, err) ||
        (use->settings.use != CHOICE_NEVER && !delta_offers_note(&offers, arena, &found->plan, err)))
        return false;
    found->deltas = words_of(use, &offers, &found->plan, arena);
    found->delta_problem = offers.problem;
    return true;
}

static struct text add(struct arena *arena, struct text line, struct text more)
{
    return text_format(arena, "%.*s; %.*s", TEXT_ARG(line), TEXT_ARG(more));
}

struct text delta_use_words(const struct mirror_result *fetched, const struct delta_offers *offers,
                            const struct delta_report *report, struct arena *arena)
{
    struct text line = text_format(arena, "%zu packages fetched, %.1f MB", fetched->fetched_count,
                                   (double)fetched->fetched_bytes / 1e6);
    size_t more = report->note_count > NOTES_SHOWN ? report->note_count - NOTES_SHOWN : 0;

    if (report->made > 0)
        line = add(arena, line,
                   text_format(arena, "%zu package%s (%.1f MB) made from deltas of %.1f MB", report->made,
                               report->made == 1 ? "" : "s", (double)report->made_bytes / 1e6,
                               (double)report->fetched_bytes / 1e6));
    line =
        add(arena, line, text_format(arena, "%zu were here already", fetched->reused_count - report->made));
    for (size_t i = 0; i < report->note_count - more; i++)
        line = add(arena, line, report->notes[i]);
    if (more > 0)
        line = add(arena, line, text_format(arena, "and %zu more", more));
    if (offers->problem.size > 0)
        line = add(arena, line, offers->problem);
    return line;
}
