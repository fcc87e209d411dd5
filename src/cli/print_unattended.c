#include "cli/print_unattended.h"

#include "cli/screen.h"
#include "cli/words.h"
#include "format/json.h"

#define LABEL_WIDTH 10

struct face {
    struct arena *arena;
    struct screen screen;
};

static struct face face_with(struct arena *arena, struct writer *out)
{
    return (struct face){arena, screen_for_output(out)};
}

static void note(struct face *face, const char *label, struct text text, enum screen_colour colour)
{
    screen_labelled(&face->screen, LABEL_WIDTH, text_of(label), text, colour);
}

/* ---- JSON's pieces ---- */

static void put_text(struct json_writer *j, const char *name, struct text text)
{
    json_name(j, name);
    if (text.at == NULL)
        json_put_null(j);
    else
        json_put_text(j, text);
}

static void put_string(struct json_writer *j, const char *name, const char *string)
{
    put_text(j, name, string == NULL ? (struct text){0} : text_of(string));
}

static void put_bool(struct json_writer *j, const char *name, bool value)
{
    json_name(j, name);
    json_put_bool(j, value);
}

static void put_time(struct json_writer *j, const char *name, int64_t us)
{
    json_name(j, name);
    json_put_time(j, us);
}

static void put_change(struct json_writer *j, const struct takeover_change *change, struct text content)
{
    put_string(j, "kind", takeover_kind_name(change->kind));
    put_text(j, "path", change->path);
    put_text(j, "for", change->group);
    put_text(j, "target", change->target);
    put_text(j, "content", content);
    put_bool(j, "aside", change->aside);
    put_text(j, "stops", change->unit);
}

static void put_others(struct json_writer *j, const struct unattended_other *others, size_t count)
{
    json_name(j, "others");
    json_open_array(j);
    for (size_t i = 0; i < count; i++) {
        json_open_object(j);
        put_text(j, "name", others[i].name);
        put_text(j, "does", others[i].does);
        put_bool(j, "taken", others[i].taken);
        put_string(j, "says", others[i].rule == NULL ? NULL : others[i].rule->says);
        json_close_object(j);
    }
    json_close_array(j);
}

/* ---- what it will make ---- */

static struct text content_of(const struct unattended_plan *plan, const struct takeover_change *change)
{
    for (size_t i = 0; i < plan->wishes.count; i++)
        if (text_equal(change->path, text_of(plan->wishes.at[i].path)))
            return plan->wishes.at[i].content;
    return (struct text){0};
}

static void plan_json(const struct unattended_plan *plan, bool yes, struct writer *out)
{
    struct json_writer j = json_writer_with(out, true);

    json_open_object(&j);
    put_string(&j, "schema", "suture.unattended-plan/1");
    put_bool(&j, "done", yes);
    json_name(&j, "changes");
    json_open_array(&j);
    for (size_t i = 0; i < plan->changes.change_count; i++) {
        json_open_object(&j);
        put_change(&j, &plan->changes.changes[i], content_of(plan, &plan->changes.changes[i]));
        json_close_object(&j);
    }
    json_close_array(&j);
    put_others(&j, plan->others, plan->other_count);
    json_close_object(&j);
    writer_byte(out, '\n');
}

static void print_change(struct face *face, const struct takeover_change *change)
{
    bool mask = text_equal(change->target, TEXT("/dev/null"));
    const char *verb = change->kind == TAKEOVER_FOLDER ? "folder"
                       : change->kind == TAKEOVER_FILE ? "file"
                       : mask                          ? "mask"
                                                       : "link";
    struct text line = change->path;

    if (change->kind == TAKEOVER_LINK && !mask)
        line = text_format(face->arena, "%.*s -> %.*s", TEXT_ARG(line), TEXT_ARG(change->target));
    if (change->aside)
        line = text_format(face->arena, "%.*s (what is there is moved to %s beside it)", TEXT_ARG(line),
                           TAKEOVER_ASIDE);
    if (change->unit.size > 0)
        line = text_format(face->arena, "%.*s (and is stopped)", TEXT_ARG(line));
    note(face, verb, line, COLOUR_PLAIN);
}

/* The lines that do something; comments are for whoever finds the file later. */
static void print_content(struct face *face, struct text content)
{
    struct text line;

    while (text_cut(&content, '\n', &line))
        if (!text_starts(line, TEXT("//"))) {
            size_t comment = text_find_byte(line, '#');
            struct text deed = text_trim(text_part(line, 0, comment));
            if (deed.size > 0)
                note(face, "", text_format(face->arena, "  %.*s", TEXT_ARG(deed)), COLOUR_DIM);
        }
}

static void print_others(struct face *face, const struct unattended_plan *plan)
{
    for (size_t i = 0; i < plan->other_count; i++) {
        const struct unattended_other *other = &plan->others[i];
        bool could = other->rule != NULL && updater_rule_takes(other->rule);
        const char *says = other->rule == NULL      ? "stays"
                           : !other->taken && could ? "stays; --take-over switches it off"
                                                    : other->rule->says;
        note(face, other->taken ? "others" : "(!) others",
             text_format(face->arena, "%.*s %.*s: %s", TEXT_ARG(other->name), TEXT_ARG(other->does), says),
             other->taken ? COLOUR_PLAIN : COLOUR_WARN);
    }
}

void print_unattended_plan(const struct unattended_plan *plan, bool json, bool yes, struct arena *arena,
                           struct writer *out)
{
    struct face face = face_with(arena, out);

    if (json) {
        plan_json(plan, yes, out);
        return;
    }
    screen_line(&face.screen, yes ? TEXT("This is made:") : TEXT("This would be made:"), COLOUR_HEAD);
    for (size_t i = 0; i < plan->changes.change_count; i++) {
        const struct takeover_change *change = &plan->changes.changes[i];
        print_change(&face, change);
        if (text_equal(change->path, TEXT(UPDATERS_APT)) || text_equal(change->path, TEXT(UPDATERS_POLICY)))
            print_content(&face, content_of(plan, change));
    }
    if (plan->changes.change_count == 0)
        note(&face, "", TEXT("nothing: all of it is so already"), COLOUR_PLAIN);
    print_others(&face, plan);
}

void print_unattended_done(const struct unattended_plan *plan, const struct unattended_status *status,
                           struct arena *arena, struct writer *out)
{
    struct face face = face_with(arena, out);
    bool took = false;

    for (size_t i = 0; i < plan->other_count; i++)
        took = took || plan->others[i].taken;
    for (size_t i = 0; took && i < status->other_count; i++)
        if (status->others[i].rule != NULL && updater_rule_takes(status->others[i].rule) &&
            !text_equal(status->others[i].name, TEXT("apt-daily")))
            note(&face, "(!) others",
                 text_format(arena, "%.*s is still at work: something else of this machine starts it",
                             TEXT_ARG(status->others[i].name)),
                 COLOUR_BAD);
    screen_line(&face.screen,
                TEXT("Done. suture unattended status shows it, suture unattended off gives it back."),
                COLOUR_GOOD);
}

/* ---- what was given back ---- */

static const char *outcome_name(enum takeover_outcome outcome)
{
    static const char *const names[] = {
        [TAKEOVER_RETURNED] = "returned",
        [TAKEOVER_CHANGED] = "changed",
        [TAKEOVER_LOST] = "lost",
        [TAKEOVER_IN_USE] = "in-use",
    };

    return names[outcome];
}

static void report_json(const struct takeover_report *report, struct writer *out)
{
    struct json_writer j = json_writer_with(out, true);

    json_open_object(&j);
    put_string(&j, "schema", "suture.unattended-report/1");
    put_string(&j, "phase", takeover_phase_name(report->phase));
    json_name(&j, "changes");
    json_open_array(&j);
    for (size_t i = 0; i < report->count; i++) {
        json_open_object(&j);
        put_change(&j, &report->given[i].change, (struct text){0});
        put_string(&j, "outcome", outcome_name(report->given[i].outcome));
        json_close_object(&j);
    }
    json_close_array(&j);
    put_text(&j, "unit_trouble", report->unit_trouble);
    json_close_object(&j);
    writer_byte(out, '\n');
}

static void print_given(struct face *face, const struct takeover_given *given)
{
    static const char *const words[] = {
        [TAKEOVER_RETURNED] = "",
        [TAKEOVER_CHANGED] = "was changed by somebody since: left as it is",
        [TAKEOVER_LOST] = "what stood there before is gone: somebody took it away",
        [TAKEOVER_IN_USE] = "holds files of others now: left",
    };
    bool returned = given->outcome == TAKEOVER_RETURNED;
    struct text line = given->change.path;

    if (!returned)
        line = text_format(face->arena, "%.*s %s", TEXT_ARG(line), words[given->outcome]);
    if (given->outcome == TAKEOVER_CHANGED && given->change.aside)
        line = text_format(face->arena, "%.*s; what stood there before is beside it as *%s", TEXT_ARG(line),
                           TAKEOVER_ASIDE);
    if (returned && given->change.aside)
        line = text_format(face->arena, "%.*s as it was", TEXT_ARG(line));
    note(face, returned ? given->change.aside ? "back" : "removed" : "(!) left", line,
         returned ? COLOUR_PLAIN : COLOUR_WARN);
}

void print_unattended_report(const struct takeover_report *report, bool json, struct arena *arena,
                             struct writer *out)
{
    struct face face = face_with(arena, out);

    if (json) {
        report_json(report, out);
        return;
    }
    if (report->phase == TAKEOVER_NONE) {
        screen_line(&face.screen, TEXT("It is off; there was nothing to give back."), COLOUR_PLAIN);
        return;
    }
    for (size_t i = report->count; i-- > 0;) /* as it was done: what was made last first */
        print_given(&face, &report->given[i]);
    if (report->unit_trouble.at != NULL)
        note(&face, "(!) systemd", report->unit_trouble, COLOUR_WARN);
    screen_line(&face.screen,
                report->phase == TAKEOVER_TAKEN
                    ? TEXT("Off: everything else is as it was.")
                    : TEXT("Off: an interruption was cleared up; everything else is as it was."),
                COLOUR_GOOD);
}

/* ---- how it stands ---- */

static void status_json(const struct print_unattended_status *shown, struct writer *out)
{
    const struct unattended_status *status = shown->status;
    const struct policy *policy = shown->policy;
    struct json_writer j = json_writer_with(out, true);
    struct window_span span = window_after(shown->window, &policy->zone, shown->now_us);

    json_open_object(&j);
    put_string(&j, "schema", "suture.unattended/1");
    put_time(&j, "now", shown->now_us);
    put_bool(&j, "on", status->record.phase == TAKEOVER_TAKEN);
    put_string(&j, "phase", takeover_phase_name(status->record.phase));
    put_time(&j, "since", status->record.phase == TAKEOVER_NONE ? TIME_ABSENT : status->record.begun_us);
    put_text(&j, "by", status->record.by);
    put_bool(&j, "timer", status->timer);
    put_string(&j, "policy", policy->name);
    put_time(&j, "window_start", span.start_us);
    put_time(&j, "window_end", span.end_us);
    put_string(&j, "new_powers", policy->unattended.held_powers == 0 ? "take" : "hold");
    put_string(&j, "reboot", policy->unattended.reboot ? "in window" : "never");
    json_name(&j, "battery_percent_min");
    json_put_u64(&j, policy->unattended.battery_percent);
    put_bool(&j, "mains", shown->power->mains);
    json_name(&j, "changes");
    json_open_array(&j);
    for (size_t i = 0; i < status->record.change_count; i++) {
        json_open_object(&j);
        put_change(&j, &status->record.changes[i], (struct text){0});
        json_close_object(&j);
    }
    json_close_array(&j);
    put_others(&j, status->others, status->other_count);
    json_close_object(&j);
    writer_byte(out, '\n');
}

static void print_phase(struct face *face, const struct print_unattended_status *shown,
                        const struct zone *zone)
{
    const struct takeover *record = &shown->status->record;
    struct text since = words_moment(face->arena, zone, record->begun_us);

    if (record->phase == TAKEOVER_NONE)
        screen_line(&face->screen,
                    shown->status->timer ? TEXT("Unattended: on, says its timer; who set it up root can see.")
                                         : TEXT("Unattended: off."),
                    COLOUR_HEAD);
    else if (record->phase != TAKEOVER_TAKEN)
        screen_line(&face->screen,
                    TEXT("Unattended: INTERRUPTED while it was set up or given back; suture unattended off "
                         "clears it up."),
                    COLOUR_BAD);
    else
        screen_line(&face->screen,
                    text_format(face->arena, "Unattended: on since %.*s, by %.*s%s", TEXT_ARG(since),
                                TEXT_ARG(record->by),
                                shown->status->timer ? "." : "; BUT suture.timer is not enabled any more."),
                    shown->status->timer ? COLOUR_GOOD : COLOUR_BAD);
}

static void print_policy(struct face *face, const struct print_unattended_status *shown)
{
    const struct policy *policy = shown->policy;
    struct window_span span = window_after(shown->window, &policy->zone, shown->now_us);
    struct text moment = words_moment(face->arena, &policy->zone, span.start_us);
    bool open = span.start_us <= shown->now_us;
    struct text until = words_moment(face->arena, &policy->zone, span.end_us);

    note(face, "window",
         open ? text_format(face->arena, "open until %.*s (%s)", TEXT_ARG(until), policy->zone.name)
              : text_format(face->arena, "opens %.*s for %u h (%s)", TEXT_ARG(moment),
                            shown->window->length_minutes / 60, policy->zone.name),
         COLOUR_PLAIN);
    note(face, "policy",
         text_format(face->arena, "%s v%u: new powers are %s, restarts %s, battery at least %u %%",
                     policy->name, policy->version, policy->unattended.held_powers == 0 ? "taken" : "held",
                     policy->unattended.reboot ? "in the window" : "never",
                     policy->unattended.battery_percent),
         COLOUR_PLAIN);
    if (!shown->power->mains)
        note(face, "power",
             shown->power->level_known ? text_format(face->arena, "on battery, %u %%", shown->power->percent)
                                       : TEXT("on battery, its level is not known"),
             COLOUR_WARN);
}

void print_unattended_status(const struct print_unattended_status *shown, bool json, struct arena *arena,
                             struct writer *out)
{
    struct face face = face_with(arena, out);
    struct zone zone = words_local_zone(arena);

    if (json) {
        status_json(shown, out);
        return;
    }
    print_phase(&face, shown, &zone);
    print_policy(&face, shown);
    for (size_t i = 0; i < shown->status->record.change_count; i++)
        print_change(&face, &shown->status->record.changes[i]);
    for (size_t i = 0; i < shown->status->other_count; i++)
        note(&face, "others",
             text_format(arena, "%.*s %.*s", TEXT_ARG(shown->status->others[i].name),
                         TEXT_ARG(shown->status->others[i].does)),
             COLOUR_WARN);
}
