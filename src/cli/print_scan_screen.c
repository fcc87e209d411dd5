/*
 * The screen of `suture scan`:
 *
 *     Suture · web-03 · Debian 12 · 820 packages · Sat 21 Nov 2026 07:50 · policy: built-in (...)
 *     NOT UP TO DATE: 4 updates late, 7 due this week. 49 updates wait (107 packages, 188 MB). PARTIAL ANSWER, see (!)
 *      WHEN       UPDATE        PKGS  WHY (worst of its CVEs)                          FETCH  AFTERWARDS
 *      late 16 d  expat -> u5      2  exploited (KEV 2 Nov) · 9.8 critical · 31 CVEs  0.3 MB  restart 7 services
 *      ...
 *      later       20 security updates, due 3 Dec to 21 May
 *      (!) data    tracker 6 h · STALE EPSS 9 d
 *     Next: suture why expat
 */
#include "cli/print_scan_face.h"
#include "flow/groups.h"

#define ROWS_MIN    4
#define ROWS_PLAIN  8  /* when the height is not known */
#define LINES_OTHER 16 /* head, summary and notes around the rows */

enum { CELL_WHEN, CELL_UPDATE, CELL_PACKAGES, CELL_WHY, CELL_FETCH, CELL_AFTER, CELL_COUNT };

static const struct screen_column columns[CELL_COUNT] = {
    [CELL_WHEN] = {"WHEN", 10, 11, false},  [CELL_UPDATE] = {"UPDATE", 14, 30, false},
    [CELL_PACKAGES] = {"PKGS", 4, 5, true}, [CELL_WHY] = {"WHY (worst of its CVEs)", 20, 60, false},
    [CELL_FETCH] = {"FETCH", 7, 8, true},   [CELL_AFTER] = {"AFTERWARDS", 0, 24, false},
};

static struct text when_of(const struct face *face, const struct scan_group *group)
{
    int64_t now_us = face->scan->now_us;

    if (group->standing == STANDING_POSTPONED)
        return TEXT("postponed");
    if (group->standing == STANDING_HELD)
        return TEXT("held");
    if (group->late && group->due_us != TIME_ABSENT)
        return text_format(face->arena, "late %lld d", (long long)((now_us - group->due_us) / TIME_DAY_US));
    if (group->action == ACTION_NOW || group->action == ACTION_SWITCH_OFF)
        return TEXT("now");
    if (group->due_us == TIME_ABSENT)
        return TEXT("any time");
    if (group->due_us < now_us + GROUPS_WEEK_US)
        return words_weekday(face->arena, &face->zone, group->due_us, now_us);
    return words_day(face->arena, &face->zone, group->due_us, now_us);
}

static struct text exploited_of(const struct face *face, const struct scan_group *group)
{
    const struct vulnerability *vulnerability = face->scan->match.findings[group->worst].vulnerability;

    if (!group->exploited)
        return TEXT("");
    if (vulnerability == NULL || !vulnerability->kev || vulnerability->kev_added_us == TIME_ABSENT)
        return TEXT("exploited · ");
    struct text day = words_day(face->arena, &face->zone, vulnerability->kev_added_us, face->scan->now_us);
    return text_format(face->arena, "exploited (KEV %.*s) · ", TEXT_ARG(day));
}

static bool from_security_archive(const struct face *face, const struct scan_group *group)
{
    const struct host *host = face->scan->host;

    for (size_t i = 0; i < group->update_count; i++)
        if (host->archives[update_offer(host, &face->scan->match.updates[group->updates[i]])->archive]
                .security)
            return true;
    return false;
}

static struct text why_of(const struct face *face, const struct scan_group *group)
{
    if (group->worst == UPDATE_NONE) {
        if (group->kind == UPDATE_SECURITY && !group->by_origin)
            return TEXT("its holes are in no code that runs here");
        if (group->kind == UPDATE_SECURITY)
            return TEXT("from the security archive (assumed: no advisory data)");
        return group->kind == UPDATE_FUNCTIONAL ? TEXT("closes no known hole")
                                                : TEXT("unknown: no advisory data");
    }
    struct text exploited = exploited_of(face, group), score = face_score(face, group->worst);
    struct text cves = words_count(face->arena, group->cve_count, "CVE", "CVEs");
    return text_format(face->arena, "%.*s%.*s · %.*s%s", TEXT_ARG(exploited), TEXT_ARG(score), TEXT_ARG(cves),
                       from_security_archive(face, group) ? "" : " · came through main");
}

static struct text afterwards_of(const struct face *face, const struct scan_group *group)
{
    if (group->reboot)
        return TEXT("reboot");
    if (group->service_count == 0)
        return TEXT("-");
    if (group->service_count == 1)
        return text_format(face->arena, "restart %.*s", TEXT_ARG(group->services[0]));
    struct text services = words_count(face->arena, group->service_count, "service", "services");
    return text_format(face->arena, "restart %.*s", TEXT_ARG(services));
}

static void fill_row(const struct face *face, const struct scan_group *group, struct text cells[CELL_COUNT])
{
    const struct update *first = &face->scan->match.updates[group->updates[0]];
    const struct package *package = group_package(face->scan, group);
    struct text version = words_version(package->version, update_offer(face->scan->host, first)->version);

    cells[CELL_WHEN] = when_of(face, group);
    cells[CELL_UPDATE] = text_format(face->arena, "%.*s -> %.*s", TEXT_ARG(group->source), TEXT_ARG(version));
    cells[CELL_PACKAGES] = text_format(face->arena, "%zu", group->update_count);
    cells[CELL_WHY] = why_of(face, group);
    cells[CELL_FETCH] = words_size(face->arena, group->bytes);
    cells[CELL_AFTER] = afterwards_of(face, group);
}

static bool is_listed(const struct face *face, const struct scan_group *group)
{
    int64_t within_us = face->options->due_within_us > 0 ? face->options->due_within_us : GROUPS_WEEK_US;

    return face->options->all || group_is_due(face->scan, group, face->scan->now_us + within_us);
}

static size_t rows_that_fit(const struct face *face)
{
    if (face->options->all || face->options->due_within_us > 0)
        return SIZE_MAX;
    unsigned height = face->screen->height;
    return height == 0 ? ROWS_PLAIN : height < LINES_OTHER + ROWS_MIN ? ROWS_MIN : height - LINES_OTHER;
}

static void print_rows(const struct face *face)
{
    const struct scan *scan = face->scan;
    struct text(*cells)[CELL_COUNT] = arena_take_array(face->arena, scan->group_count, sizeof(*cells));
    enum screen_colour *colours = ARENA_ARRAY(face->arena, enum screen_colour, scan->group_count);
    size_t count = 0, more = 0, fit = rows_that_fit(face);

    if (cells == NULL || colours == NULL)
        return;
    for (size_t i = 0; i < scan->group_count; i++) {
        const struct scan_group *group = &scan->groups[i];
        if (!is_listed(face, group))
            continue;
        if (count == fit) {
            more++;
            continue;
        }
        colours[count] = group->late || group->action >= ACTION_NOW ? COLOUR_BAD
                         : group->kind == UPDATE_FUNCTIONAL         ? COLOUR_PLAIN
                                                                    : COLOUR_WARN;
        fill_row(face, group, cells[count++]);
    }
    if (count == 0)
        return;
    struct screen_table table = screen_table_with(face->screen, columns, CELL_COUNT, cells[0], count);
    screen_head(face->screen, &table);
    for (size_t i = 0; i < count; i++)
        screen_row(face->screen, &table, cells[i], colours[i]);
    if (more > 0)
        face_note(face, "",
                  text_format(face->arena, "+ %zu more late or due this week: suture scan --due 7d", more),
                  COLOUR_PLAIN);
}

/* "built-in (1/3/6 months, exploited 3 or 14 days)", "voorbeeld v7" */
static struct text policy_of(const struct face *face)
{
    const struct policy *policy = face->scan->policy;

    if (policy == &policy_built_in)
        return TEXT("built-in (1/3/6 months, exploited 3 or 14 days)");
    return text_format(face->arena, "%s v%u", policy->name, policy->version);
}

/* " · LEVEL essential until Sat 5 Dec 2026 07:50"; nothing at the normal level. */
static struct text level_of(const struct face *face)
{
    const struct scan *scan = face->scan;

    if (scan->level == LEVEL_NORMAL)
        return TEXT("");
    if (scan->context.order == NULL)
        return text_format(face->arena, " · LEVEL %s", level_name(scan->level));
    struct text until = words_moment(face->arena, &face->zone, scan->order.end_us);
    return text_format(face->arena, " · LEVEL %s until %.*s", level_name(scan->level), TEXT_ARG(until));
}

static void print_head(const struct face *face)
{
    const struct scan *scan = face->scan;
    struct text packages = words_count(face->arena, scan->host->package_count, "package", "packages");
    struct text moment = words_moment(face->arena, &face->zone, scan->now_us);
    struct text policy = policy_of(face);
    struct text level = level_of(face);

    screen_line(face->screen,
                text_format(face->arena, "Suture · %.*s · %.*s · %.*s · %.*s · policy: %.*s%.*s",
                            TEXT_ARG(scan->host->name), TEXT_ARG(scan->host->os_name), TEXT_ARG(packages),
                            TEXT_ARG(moment), TEXT_ARG(policy), TEXT_ARG(level)),
                COLOUR_HEAD);
}

/* "53 updates wait (123 packages, 213 MB)." */
static struct text waiting(const struct face *face)
{
    const struct scan *scan = face->scan;
    struct text updates = words_count(face->arena, scan->group_count, "update waits", "updates wait");
    struct text packages = words_count(face->arena, scan->match.update_count, "package", "packages");
    struct text size = words_size(face->arena, scan->summary.full_bytes);

    return text_format(face->arena, "%.*s (%.*s, %.*s).", TEXT_ARG(updates), TEXT_ARG(packages),
                       TEXT_ARG(size));
}

/* The one sentence that is read first. Without all of its data it never sounds like health. */
static struct text verdict_of(const struct face *face)
{
    const struct scan *scan = face->scan;
    const struct scan_summary *summary = &scan->summary;
    const char *partial = scan->complete ? "" : " PARTIAL ANSWER, see (!)";
    struct text late = words_count(face->arena, summary->late, "update", "updates");

    if (!scan->judged)
        return TEXT("NOTHING COULD BE JUDGED: there are neither package lists nor advisories, see (!)");
    if (scan->group_count == 0 && scan->complete)
        return TEXT("UP TO DATE: no update waits.");
    if (scan->group_count == 0)
        return TEXT("PARTIAL ANSWER, see (!): no update waits in the lists that are here.");
    if (summary->late + summary->due_week > 0)
        return text_format(face->arena, "NOT UP TO DATE: %.*s late, %u due this week. %.*s%s", TEXT_ARG(late),
                           summary->due_week, TEXT_ARG(waiting(face)), partial);
    return text_format(face->arena, "%s %.*s",
                       scan->complete ? "NOTHING IS DUE this week."
                                      : "PARTIAL ANSWER, see (!): nothing is known to be due this week.",
                       TEXT_ARG(waiting(face)));
}

static void print_verdict(const struct face *face)
{
    const struct scan *scan = face->scan;
    const struct scan_summary *summary = &scan->summary;

    screen_line(face->screen, verdict_of(face),
                !scan->judged || summary->late > 0         ? COLOUR_BAD
                : summary->due_week > 0 || !scan->complete ? COLOUR_WARN
                                                           : COLOUR_GOOD);
}

static void print_next(const struct face *face)
{
    const struct scan *scan = face->scan;
    const struct scan_summary *summary = &scan->summary;
    struct text took = TEXT(""), why = TEXT("suture scan --all"), plan = TEXT("");

    if (face->options->took_us > 0)
        took = text_format(face->arena, " · %lld.%02lld s, nothing changed or sent",
                           (long long)(face->options->took_us / TIME_SECOND_US),
                           (long long)(face->options->took_us % TIME_SECOND_US / 10000));
    if (scan->group_count > 0)
        why =
            text_format(face->arena, "suture why %.*s · suture scan --all", TEXT_ARG(scan->groups[0].source));
    /* Another root or an inventory is looked at, not patched. */
    if (summary->due_packages > 0 && scan->host->live)
        plan = text_format(face->arena, "suture plan (what is due: %.*s, %.*s) · ",
                           TEXT_ARG(words_count(face->arena, summary->due_packages, "package", "packages")),
                           TEXT_ARG(words_size(face->arena, summary->due_bytes)));
    screen_line(face->screen,
                text_format(face->arena, "Next: %.*s%.*s%.*s", TEXT_ARG(plan), TEXT_ARG(why), TEXT_ARG(took)),
                COLOUR_DIM);
}

void print_scan_screen(const struct scan *scan, const struct print_options *options, struct arena *arena,
                       struct screen *screen)
{
    struct face face = {scan, options, arena, screen, words_local_zone(arena)};

    print_head(&face);
    print_verdict(&face);
    print_rows(&face);
    print_scan_notes(&face);
    print_next(&face);
}
