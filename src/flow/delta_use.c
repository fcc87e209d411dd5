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
                   text_format(arena, "%zu of %.1f MB made from deltas of %.1f MB", report->made,
                               (double)report->made_bytes / 1e6, (double)report->fetched_bytes / 1e6));
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
