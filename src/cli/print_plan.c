/*
 *     Plan 9f3a61c204d1 · web-03 · debian-12 · level normal · policy built-in · Sat 21 Nov 2026 07:50
 *     4 packages change, 1 is new: closes 31 CVEs, 1 exploited. Fetch 2.4 MB (no delta source is configured), disk +0.1 MB.
 *      DUE         CHANGE                                          WHY                     FETCH   AFTERWARDS
 *      late 16 d   libexpat1 2.5.0-1+deb12u1 -> 2.5.0-1+deb12u5    exploited · 31 CVEs     0.1 MB  restart ssh
 *      -           libfoo2 1.2-1 (new)                             needed by libexpat1     0.3 MB  -
 *      restart     ssh, nginx
 *      left        held: base-files · not due: 20 updates, suture plan --all takes them
 *     In 3 groups; between two of them it can be stopped. Nothing was changed.
 */
#include "cli/print_plan.h"

#include <stdlib.h>

#include "cli/words.h"

#define LABEL_WIDTH 12
#define ID_SHOWN    12

enum { CELL_DUE, CELL_CHANGE, CELL_WHY, CELL_FETCH, CELL_AFTER, CELL_COUNT };
static const struct screen_column columns[CELL_COUNT] = {
    [CELL_DUE] = {"DUE", 9, 11, false},          [CELL_CHANGE] = {"CHANGE", 20, 76, false},
    [CELL_WHY] = {"WHY", 12, 44, false},         [CELL_FETCH] = {"FETCH", 7, 20, true},
    [CELL_AFTER] = {"AFTERWARDS", 0, 24, false},
};

struct face {
    const struct plan_found *found;
    const struct plan *plan;
    struct arena *arena;
    struct screen *screen;
    struct zone zone;
};

static struct text due_of(const struct face *face, const struct plan_change *change)
{
    if (change->due_us == TIME_ABSENT)
        return TEXT("-");
    if (change->late)
        return text_format(face->arena, "late %lld d",
                           (long long)((face->plan->now_us - change->due_us) / TIME_DAY_US));
    return words_day(face->arena, &face->zone, change->due_us, face->plan->now_us);
}

static struct text change_of(const struct face *face, const struct plan_change *change)
{
    bool plain = text_equal(change->arch, face->plan->arch) || text_equal(change->arch, TEXT("all"));
    struct text name =
        plain ? change->name
              : text_format(face->arena, "%.*s:%.*s", TEXT_ARG(change->name), TEXT_ARG(change->arch));

    if (change->kind == CHANGE_NEW)
        return text_format(face->arena, "%.*s %.*s (new)", TEXT_ARG(name), TEXT_ARG(change->to));
    if (change->kind == CHANGE_REMOVE)
        return text_format(face->arena, "%.*s %.*s is removed", TEXT_ARG(name), TEXT_ARG(change->from));
    return text_format(face->arena, "%.*s %.*s -> %.*s%s", TEXT_ARG(name), TEXT_ARG(change->from),
                       TEXT_ARG(change->to), change->kind == CHANGE_DOWNGRADE ? " (older)" : "");
}

static struct text join(const struct face *face, struct text left, struct text right)
{
    if (left.size == 0 || right.size == 0)
        return left.size == 0 ? right : left;
    return text_format(face->arena, "%.*s · %.*s", TEXT_ARG(left), TEXT_ARG(right));
}

static struct text why_of(const struct face *face, const struct plan_change *change)
{
    struct text why = change->exploited ? TEXT("exploited") : TEXT("");

    if (change->reason == CHANGE_PREREQUISITE)
        why = join(face, why, TEXT("postponed, and yet needed"));
    if (change->cve_count > 0)
        why = join(face, why, words_count(face->arena, change->cve_count, "CVE", "CVEs"));
    if (change->needed_by.size > 0)
        why = join(face, why,
                   text_format(face->arena, "%s %.*s",
                               change->kind == CHANGE_REMOVE ? "stands against" : "needed by",
                               TEXT_ARG(change->needed_by)));
    if (why.size > 0)
        return why;
    return change->reason == CHANGE_NAMED ? TEXT("asked for") : TEXT("security, no CVE known");
}

static struct text after_of(const struct face *face, const struct plan_change *change)
{
    if (change->reboot)
        return TEXT("reboot");
    if (change->service_count == 0)
        return TEXT("-");
    if (change->service_count == 1)
        return text_format(face->arena, "restart %.*s", TEXT_ARG(change->services[0]));
    return text_format(face->arena, "restart %.*s",
                       TEXT_ARG(words_count(face->arena, change->service_count, "service", "services")));
}

/* Exploited first, then by date; a plan itself is sorted by name. */
static int compare_rows(const void *a, const void *b)
{
    const struct plan_change *one = *(const struct plan_change *const *)a;
    const struct plan_change *other = *(const struct plan_change *const *)b;
    int order = other->exploited - one->exploited;

    if (order == 0 && one->due_us != other->due_us)
        order = one->due_us == TIME_ABSENT     ? 1
                : other->due_us == TIME_ABSENT ? -1
                : one->due_us < other->due_us  ? -1
                                               : 1;
    return order != 0 ? order : (one > other) - (one < other);
}

static struct text fetch_of(const struct face *face, const struct plan_change *change)
{
    struct text size = words_size(face->arena, change->size);

    if (change->kind == CHANGE_REMOVE)
        return TEXT("-");
    if (change->delta_size == 0)
        return size;
    return text_format(face->arena, "%.*s of %.*s", TEXT_ARG(words_size(face->arena, change->delta_size)),
                       TEXT_ARG(size));
}

static void print_rows(const struct face *face)
{
    const struct plan *plan = face->plan;
    struct text(*cells)[CELL_COUNT] = arena_take_array(face->arena, plan->change_count, sizeof(*cells));
    const struct plan_change **rows =
        ARENA_ARRAY(face->arena, const struct plan_change *, plan->change_count);

    if (cells == NULL || rows == NULL || plan->change_count == 0)
        return;
    for (size_t i = 0; i < plan->change_count; i++)
        rows[i] = &plan->changes[i];
    qsort(rows, plan->change_count, sizeof(*rows), compare_rows);
    for (size_t i = 0; i < plan->change_count; i++) {
        const struct plan_change *change = rows[i];
        cells[i][CELL_DUE] = due_of(face, change);
        cells[i][CELL_CHANGE] = change_of(face, change);
        cells[i][CELL_WHY] = why_of(face, change);
        cells[i][CELL_FETCH] = fetch_of(face, change);
        cells[i][CELL_AFTER] = after_of(face, change);
    }
    struct screen_table table =
        screen_table_with(face->screen, columns, CELL_COUNT, cells[0], plan->change_count);
    screen_head(face->screen, &table);
    for (size_t i = 0; i < plan->change_count; i++)
        screen_row(face->screen, &table, cells[i],
                   rows[i]->late || rows[i]->exploited || rows[i]->kind == CHANGE_REMOVE ? COLOUR_BAD
                                                                                         : COLOUR_PLAIN);
}

/* What the changes are, counted. */
struct counts {
    uint32_t kinds[CHANGE_KIND_COUNT];
    uint32_t cves, exploited;
};

static bool is_first(const struct plan *plan, size_t change, size_t cve)
{
    for (size_t i = 0; i < change; i++)
        for (size_t k = 0; k < plan->changes[i].cve_count; k++)
            if (text_equal(plan->changes[i].cves[k], plan->changes[change].cves[cve]))
                return false;
    return true;
}

static struct counts count(const struct plan *plan)
{
    struct counts counts = {0};

    for (size_t i = 0; i < plan->change_count; i++) {
        counts.kinds[plan->changes[i].kind]++;
        counts.exploited += plan->changes[i].exploited;
        for (size_t k = 0; k < plan->changes[i].cve_count; k++)
            counts.cves += is_first(plan, i, k);
    }
    return counts;
}

static struct text disk_of(const struct face *face)
{
    int64_t bytes = face->plan->disk_bytes;
    struct text size = words_size(face->arena, (uint64_t)(bytes < 0 ? -bytes : bytes));

    return text_format(face->arena, "disk %s%.*s", bytes < 0 ? "-" : "+", TEXT_ARG(size));
}

static void print_summary(const struct face *face)
{
    const struct plan *plan = face->plan;
    struct counts counts = count(plan);
    struct text what = TEXT("");

    if (plan->change_count == 0) {
        screen_line(face->screen, TEXT("NOTHING IS TO BE CHANGED: nothing of what was asked for waits."),
                    COLOUR_GOOD);
        return;
    }
    if (counts.kinds[CHANGE_UPGRADE] + counts.kinds[CHANGE_DOWNGRADE] > 0)
        what = words_count(face->arena, counts.kinds[CHANGE_UPGRADE] + counts.kinds[CHANGE_DOWNGRADE],
                           "package changes", "packages change");
    if (counts.kinds[CHANGE_NEW] > 0)
        what = text_format(face->arena, "%.*s%s%u new", TEXT_ARG(what), what.size > 0 ? ", " : "",
                           counts.kinds[CHANGE_NEW]);
    if (counts.kinds[CHANGE_REMOVE] > 0)
        what = text_format(face->arena, "%.*s%s%u REMOVED", TEXT_ARG(what), what.size > 0 ? ", " : "",
                           counts.kinds[CHANGE_REMOVE]);
    struct text cves = words_count(face->arena, counts.cves, "CVE", "CVEs");
    struct text size = words_size(face->arena, plan->fetch_bytes), disk = disk_of(face);
    struct text deltas = face->found->deltas.size == 0
                             ? TEXT("")
                             : text_format(face->arena, " (%.*s)", TEXT_ARG(face->found->deltas));
    screen_line(face->screen,
                text_format(face->arena, "%.*s: closes %.*s%s. Fetch %.*s%.*s, %.*s.%s", TEXT_ARG(what),
                            TEXT_ARG(cves), counts.exploited > 0 ? ", some of them exploited" : "",
                            TEXT_ARG(size), TEXT_ARG(deltas), TEXT_ARG(disk),
                            plan->reboot ? " A REBOOT FOLLOWS." : ""),
                COLOUR_HEAD);
}

static void note(const struct face *face, const char *label, struct text text, enum screen_colour colour)
{
    screen_labelled(face->screen, LABEL_WIDTH, text_of(label), text, colour);
}

/* Each unit once, in the order in which it is met. */
static void print_services(const struct face *face)
{
    const struct plan *plan = face->plan;
    struct text line = TEXT("");

    for (size_t i = 0; i < plan->change_count; i++)
        for (size_t k = 0; k < plan->changes[i].service_count; k++) {
            struct text service = plan->changes[i].services[k];
            bool there = false;
            for (size_t a = 0; a <= i && !there; a++)
                for (size_t b = 0; b < (a == i ? k : plan->changes[a].service_count) && !there; b++)
                    there = text_equal(plan->changes[a].services[b], service);
            if (!there)
                line = text_format(face->arena, "%.*s%s%.*s", TEXT_ARG(line), line.size > 0 ? ", " : "",
                                   TEXT_ARG(service));
        }
    if (line.size > 0)
        note(face, " restart", line, COLOUR_PLAIN);
}

/* What a person can do about it. */
static struct text until_of(const struct face *face, const struct plan_left *left)
{
    struct text until = words_moment(face->arena, &face->zone, left->until_us);

    return text_format(face->arena, "%.*s %.*s waits until %.*s: %.*s; suture approve %.*s lifts it",
                       TEXT_ARG(left->name), TEXT_ARG(left->to), TEXT_ARG(until), TEXT_ARG(left->why),
                       TEXT_ARG(left->name));
}

/* The reason, which often begins with the package itself. */
static struct text reason_of(const struct face *face, const struct plan_left *left)
{
    if (left->until_us != TIME_ABSENT)
        return until_of(face, left);
    struct text who = text_format(face->arena, "%.*s %.*s", TEXT_ARG(left->name), TEXT_ARG(left->to));

    return text_starts(left->why, who)
               ? left->why
               : text_format(face->arena, "%.*s: %.*s", TEXT_ARG(who), TEXT_ARG(left->why));
}

/* Left in words: what stands in the way is said one by one, the rest is counted. */
static void print_left(const struct face *face)
{
    static const struct {
        enum left_reason reason;
        const char *label;
        bool each; /* every one with its reason */
        enum screen_colour colour;
    } rows[] = {
        {LEFT_UNSOLVABLE, "(!) left", true, COLOUR_BAD},
        {LEFT_STALE, "(!) stale", true, COLOUR_BAD},
        {LEFT_BLOCKED, "(!) blocked", true, COLOUR_BAD},
        {LEFT_HELD, "(!) held", true, COLOUR_WARN},
        {LEFT_HELD_LEVEL, "(!) level", true, COLOUR_WARN},
        {LEFT_POWERS, "(!) powers", true, COLOUR_WARN},
        {LEFT_NEW_PACKAGE, "(!) new", true, COLOUR_WARN},
        {LEFT_SOAK, " waits", true, COLOUR_PLAIN},
        {LEFT_PHASED, " phased", false, COLOUR_PLAIN},
        {LEFT_POSTPONED, " postponed", false, COLOUR_PLAIN},
        {LEFT_NOT_DUE, " not due", false, COLOUR_PLAIN},
    };

    for (size_t r = 0; r < sizeof(rows) / sizeof(*rows); r++) {
        struct text names = TEXT("");
        size_t found = 0;
        for (size_t i = 0; i < face->plan->left_count; i++) {
            const struct plan_left *left = &face->plan->left[i];
            if (left->reason != rows[r].reason)
                continue;
            found++;
            if (rows[r].each)
                note(face, rows[r].label, reason_of(face, left), rows[r].colour);
            else if (found <= 8)
                names = text_format(face->arena, "%.*s%s%.*s", TEXT_ARG(names), found > 1 ? ", " : "",
                                    TEXT_ARG(left->name));
        }
        if (!rows[r].each && found > 0)
            note(face, rows[r].label,
                 text_format(face->arena, "%.*s: %.*s%s",
                             TEXT_ARG(words_count(face->arena, found, "package", "packages")),
                             TEXT_ARG(names), found > 8 ? ", ..." : ""),
                 rows[r].colour);
    }
}

void print_plan(const struct plan_found *found, struct arena *arena, struct screen *screen)
{
    struct face face = {found, &found->plan, arena, screen, words_local_zone(arena)};
    const struct plan *plan = &found->plan;

    screen_line(screen,
                text_format(arena, "Plan %.*s · %.*s · %.*s · level %s · policy: %.*s · %.*s", ID_SHOWN,
                            plan->id, TEXT_ARG(plan->host), TEXT_ARG(plan->release), level_name(plan->level),
                            TEXT_ARG(plan->policy), TEXT_ARG(words_moment(arena, &face.zone, plan->now_us))),
                COLOUR_HEAD);
    if (found->vendor.size > 0)
        screen_line(screen, text_format(arena, "VENDOR ASKED: %.*s", TEXT_ARG(found->vendor)), COLOUR_WARN);
    if (found->refused.size > 0)
        screen_line(screen, text_format(arena, "PARTIAL ANSWER: %.*s", TEXT_ARG(found->refused)), COLOUR_BAD);
    else if (!found->complete)
        screen_line(screen, TEXT("PARTIAL ANSWER: some data is absent or stale; suture scan says which."),
                    COLOUR_WARN);
    print_summary(&face);
    print_rows(&face);
    print_services(&face);
    if (found->delta_problem.size > 0)
        note(&face, "(!) deltas", found->delta_problem, COLOUR_WARN);
    print_left(&face);
    if (plan->group_count > 1)
        screen_line(screen,
                    text_format(arena,
                                "In %u groups; between two of them it can be stopped. Nothing was changed.",
                                plan->group_count),
                    COLOUR_DIM);
    else
        screen_line(screen, TEXT("Nothing was changed."), COLOUR_DIM);
}
