/*
 * suture postponed: what the level lets wait.
 *
 *     Level essential until Fri 4 Dec 2026 00:00: 2 updates wait (3 packages, 0.3 MB), none of them late.
 *      WAVE      UPDATE        PKGS  SINCE   DUE     FETCH   AFTERWARDS
 *      security  expat -> u5      2  20 Nov  20 Dec  0.2 MB  -
 *      rest      zlib -> .14      1  20 Nov  -       0.1 MB  -
 */
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "cli/scan_options.h"
#include "cli/screen.h"
#include "cli/words.h"
#include "flow/groups.h"
#include "flow/plan_run.h"
#include "flow/postponed.h"

enum { OPTION_FORMAT = SCAN_OPTION_COUNT };
static const struct command_option options[] = {
    SCAN_OPTIONS,
    [OPTION_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print it"},
    {0},
};

enum { CELL_WAVE, CELL_UPDATE, CELL_PACKAGES, CELL_SINCE, CELL_DUE, CELL_FETCH, CELL_AFTER, CELL_COUNT };
static const struct screen_column columns[CELL_COUNT] = {
    [CELL_WAVE] = {"WAVE", 8, 12, false},     [CELL_UPDATE] = {"UPDATE", 14, 40, false},
    [CELL_PACKAGES] = {"PKGS", 4, 5, true},   [CELL_SINCE] = {"SINCE", 6, 11, false},
    [CELL_DUE] = {"DUE", 6, 11, false},       [CELL_FETCH] = {"FETCH", 7, 8, true},
    [CELL_AFTER] = {"SUPPORT", 0, 18, false},
};

struct face {
    const struct scan *scan;
    struct arena *arena;
    struct screen *screen;
    struct zone zone;
};

static const char *wave_name(const struct postponed_item *item)
{
    if (item->wave == POSTPONED_SECURITY)
        return item->standing == STANDING_HELD ? "held"
               : item->kind == UPDATE_SECURITY ? "security"
                                               : "unknown";
    return item->wave == POSTPONED_SUPPORT ? "support ends" : "functional";
}

static struct text day_of(const struct face *face, int64_t us)
{
    return us == TIME_ABSENT ? TEXT("-") : words_day(face->arena, &face->zone, us, face->scan->now_us);
}

static void fill_row(const struct face *face, const struct postponed_item *item,
                     struct text cells[CELL_COUNT])
{
    const struct update *first = &face->scan->match.updates[item->updates[0]];
    const struct package *package = &face->scan->host->packages[first->package];
    struct text version = words_version(package->version, update_offer(face->scan->host, first)->version);
    struct text support = day_of(face, item->support_end_us);

    cells[CELL_WAVE] = text_of(wave_name(item));
    cells[CELL_UPDATE] = text_format(face->arena, "%.*s -> %.*s", TEXT_ARG(item->source), TEXT_ARG(version));
    cells[CELL_PACKAGES] = text_format(face->arena, "%zu", item->update_count);
    cells[CELL_SINCE] = day_of(face, item->suspended_us);
    cells[CELL_DUE] = item->late ? TEXT("late") : day_of(face, item->due_us);
    cells[CELL_FETCH] = words_size(face->arena, item->bytes);
    cells[CELL_AFTER] = item->support_end_us == TIME_ABSENT
                            ? TEXT("not known")
                            : text_format(face->arena, "until %.*s", TEXT_ARG(support));
}

static void print_rows(const struct face *face, const struct postponed *postponed)
{
    struct text(*cells)[CELL_COUNT] = arena_take_array(face->arena, postponed->count, sizeof(*cells));

    if (cells == NULL || postponed->count == 0)
        return;
    for (size_t i = 0; i < postponed->count; i++)
        fill_row(face, &postponed->items[i], cells[i]);
    struct screen_table table =
        screen_table_with(face->screen, columns, CELL_COUNT, cells[0], postponed->count);
    screen_head(face->screen, &table);
    for (size_t i = 0; i < postponed->count; i++)
        screen_row(face->screen, &table, cells[i],
                   postponed->items[i].late                         ? COLOUR_BAD
                   : postponed->items[i].wave == POSTPONED_SECURITY ? COLOUR_WARN
                                                                    : COLOUR_PLAIN);
}

static void print_head(const struct face *face, const struct postponed *postponed)
{
    const struct scan *scan = face->scan;
    struct text until = TEXT("");

    if (scan->level == LEVEL_NORMAL) {
        screen_line(face->screen, TEXT("Level normal: nothing is postponed."), COLOUR_GOOD);
        return;
    }
    if (scan->context.order != NULL)
        until = text_format(face->arena, " until %.*s",
                            TEXT_ARG(words_moment(face->arena, &face->zone, scan->order.end_us)));
    struct text updates = words_count(face->arena, postponed->count, "update waits", "updates wait");
    struct text packages = words_count(face->arena, postponed->package_count, "package", "packages");
    struct text size = words_size(face->arena, postponed->bytes);
    struct text late =
        postponed->late == 0 ? TEXT("none of them") : text_format(face->arena, "%u of them", postponed->late);
    screen_line(face->screen,
                text_format(face->arena, "Level %s%.*s: %.*s (%.*s, %.*s), %.*s late.",
                            level_name(scan->level), TEXT_ARG(until), TEXT_ARG(updates), TEXT_ARG(packages),
                            TEXT_ARG(size), TEXT_ARG(late)),
                postponed->late > 0 ? COLOUR_BAD : COLOUR_HEAD);
}

/* The rule of every level: no fix that is taken waits for what is postponed. */
static void print_along(const struct face *face, const struct postponed *postponed)
{
    if (!postponed->planned) {
        screen_line(face->screen,
                    TEXT("Whether a fix needs one of them is not known: no plan could be made."),
                    COLOUR_WARN);
        return;
    }
    for (size_t i = 0; i < postponed->along_count; i++)
        screen_line(face->screen,
                    text_format(face->arena, "Taken along, for %.*s needs it: %.*s %.*s",
                                TEXT_ARG(postponed->along[i].needed_by),
                                TEXT_ARG(postponed->along[i].package), TEXT_ARG(postponed->along[i].to)),
                    COLOUR_PLAIN);
    if (postponed->unsolved > 0)
        screen_line(face->screen,
                    text_format(face->arena,
                                "%.*s taken by the level cannot be installed: suture plan says why.",
                                TEXT_ARG(words_count(face->arena, postponed->unsolved, "update", "updates"))),
                    COLOUR_BAD);
    else if (postponed->count > 0)
        screen_line(face->screen, TEXT("No fix that is taken needs one of them."), COLOUR_GOOD);
}

static void print_table(const struct scan *scan, const struct postponed *postponed, struct arena *arena,
                        struct screen *screen)
{
    struct face face = {scan, arena, screen, words_local_zone(arena)};

    print_head(&face, postponed);
    if (!scan->complete)
        screen_line(screen, TEXT("PARTIAL ANSWER: some data is absent or stale; suture scan says which."),
                    COLOUR_WARN);
    print_rows(&face, postponed);
    print_along(&face, postponed);
    if (postponed->count > 0)
        screen_line(
            screen,
            TEXT("No date changed. After the order they come in this order, each at its newest version."),
            COLOUR_DIM);
}

/* Without suture-plan the list stands, and says what it does not know. */
static bool ask_plan(const struct scan_request *request, const struct scan *scan, struct arena *arena,
                     struct postponed *postponed, struct error *err)
{
    const struct plan_request wanted = {.scan = *request, .scope = PLAN_DUE};
    struct plan_found found;
    const char *program;
    struct error why;

    if (scan->level == LEVEL_NORMAL || request->inventory != NULL)
        return true;
    if (!os_helper(arena, "suture-plan", &program, &why) || !plan_run(program, &wanted, arena, &found, &why))
        return true;
    return postponed_take_plan(scan, &found.plan, arena, postponed, err);
}

static enum command_exit run(const struct command_call *call, struct error *err)
{
    OWN(writer_end) struct writer out = writer_with(LIMIT_SCAN_OUTPUT);
    struct screen screen = screen_for_output(&out);
    struct scan_request request;
    struct postponed postponed;
    const struct scan *scan;
    struct bytes bytes;

    if (!scan_options_request(call, &request, err) || !scan_run(&request, call->arena, &scan, err) ||
        !postponed_list(scan, call->arena, &postponed, err) ||
        !ask_plan(&request, scan, call->arena, &postponed, err))
        return COMMAND_FAILED;
    if (command_choice(call, OPTION_FORMAT) == 2)
        postponed_write_json(scan, &postponed, &out);
    else
        print_table(scan, &postponed, call->arena, &screen);
    if (!writer_done(&out, &bytes, err))
        return COMMAND_FAILED;
    (void)fwrite(bytes.at, 1, bytes.size, call->out);
    return COMMAND_DONE;
}

const struct command command_postponed = {
    .name = "postponed",
    .help = "what the level lets wait: since when, until when, and what it would bring",
    .more = "Listed in the order in which it is caught up: held security, what loses its\n"
            "support within 60 days, the rest. With --level it says what a level would\n"
            "postpone. Dates are never changed by a level.",
    .options = options,
    .run = run,
};
