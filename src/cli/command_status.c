/*
 * suture status: one screen.
 *
 *     web-03 · Debian 12 · 820 packages · level normal · policy local v1
 *     NOT UP TO DATE: 4 updates late, 7 due this week; 49 wait. PARTIAL ANSWER: some data is stale or absent.
 *      data        fresh: tracker, kev, apt lists · ABSENT nvd
 *      running     2 services run old code: nginx, ssh
 *      last run    apply done Sat 21 Nov 2026 03:04: 20261121T030402Z-9f3a61c2
 *      unattended  on
 *      trust       fresh: 11 roles, timestamp 1 h old · suture trust status
 */
#include "base/confine.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "cli/command.h"
#include "cli/print_trust.h"
#include "cli/screen.h"
#include "cli/words.h"
#include "flow/groups.h"
#include "flow/status.h"
#include "store/state.h"

#define LABEL_WIDTH  11
#define SERVICES_MAX 6 /* named on the screen */

enum { OPTION_FORMAT, OPTION_NOW };
static const struct command_option options[] = {
    [OPTION_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print it"},
    [OPTION_NOW] = {"now", OPTION_TIME, "TIME", "judge as of this time; nothing is written then"},
    {0},
};

struct face {
    const struct status *status;
    struct arena *arena;
    struct screen *screen;
    struct zone zone;
};

static void note(const struct face *face, const char *label, struct text text, enum screen_colour colour)
{
    screen_labelled(face->screen, LABEL_WIDTH, text_of(label), text, colour);
}

static void print_head(const struct face *face)
{
    const struct scan *scan = face->status->scan;
    struct text packages = words_count(face->arena, scan->host->package_count, "package", "packages");

    screen_line(face->screen,
                text_format(face->arena, "%.*s · %.*s · %.*s · level %s · policy %s v%u",
                            TEXT_ARG(scan->host->name), TEXT_ARG(scan->host->os_name), TEXT_ARG(packages),
                            level_name(scan->level), scan->policy->name, scan->policy->version),
                COLOUR_HEAD);
}

static void print_verdict(const struct face *face)
{
    static const enum screen_colour colours[STATUS_VERDICT_COUNT] = {[STATUS_UNKNOWN] = COLOUR_WARN,
                                                                     [STATUS_GOOD] = COLOUR_GOOD,
                                                                     [STATUS_DUE] = COLOUR_WARN,
                                                                     [STATUS_LATE] = COLOUR_BAD};
    const struct scan *scan = face->status->scan;
    const char *partial = scan->complete ? "" : " PARTIAL ANSWER: some data is stale or absent.";
    struct text late = words_count(face->arena, scan->summary.late, "update", "updates");
    struct text wait = words_count(face->arena, scan->group_count, "update waits", "updates wait");
    struct text line;

    if (!scan->judged)
        line = TEXT("NOTHING COULD BE JUDGED: there are neither package lists nor advisories.");
    else if (scan->summary.late + scan->summary.due_week > 0)
        line = text_format(face->arena, "NOT UP TO DATE: %.*s late, %u due this week; %.*s.%s",
                           TEXT_ARG(late), scan->summary.due_week, TEXT_ARG(wait), partial);
    else
        line = text_format(face->arena, "%s due this week; %.*s.%s",
                           scan->complete ? "Nothing is" : "Nothing is known to be", TEXT_ARG(wait), partial);
    screen_line(face->screen, line, colours[face->status->verdict]);
}

static struct text feeds_in(const struct face *face, enum data_freshness state)
{
    const struct scan *scan = face->status->scan;
    struct text line = TEXT("");

    for (size_t i = 0; i < scan->data_count; i++)
        if (scan->data[i].state == state)
            line = text_format(face->arena, "%.*s%s%.*s", TEXT_ARG(line), line.size > 0 ? ", " : "",
                               TEXT_ARG(scan->data[i].feed));
    return line;
}

static void print_data(const struct face *face)
{
    const struct scan *scan = face->status->scan;
    struct text stale = feeds_in(face, DATA_STALE), absent = feeds_in(face, DATA_ABSENT);
    struct text line = TEXT("fresh");

    if (stale.size > 0)
        line = text_format(face->arena, "STALE %.*s", TEXT_ARG(stale));
    if (absent.size > 0)
        line = text_format(face->arena, "%.*s%sABSENT %.*s", stale.size > 0 ? (int)line.size : 0, line.at,
                           stale.size > 0 ? " · " : "", TEXT_ARG(absent));
    bool bad = false;
    for (size_t i = 0; i < scan->data_count; i++)
        bad = bad || (scan->data[i].needed && scan->data[i].state != DATA_FRESH);
    if (stale.size + absent.size > 0 && !bad)
        line = text_format(face->arena, "fresh where it is needed; %.*s", TEXT_ARG(line));
    note(face, bad ? "(!) data" : "data", line, bad ? COLOUR_WARN : COLOUR_PLAIN);
}

static void print_due(const struct face *face)
{
    const struct scan *scan = face->status->scan;

    for (size_t i = 0; i < scan->group_count; i++) {
        const struct scan_group *group = &scan->groups[i];
        if (!group_is_due(scan, group, scan->now_us + GROUPS_WEEK_US))
            continue;
        struct text size = words_size(face->arena, scan->summary.due_bytes);
        struct text packages = words_count(face->arena, scan->summary.due_packages, "package", "packages");
        note(face, "due",
             text_format(face->arena, "%.*s, %.*s; worst: %.*s%s · suture plan", TEXT_ARG(packages),
                         TEXT_ARG(size), TEXT_ARG(group->source), group->exploited ? ", exploited" : ""),
             COLOUR_WARN);
        return;
    }
}

static void print_running(const struct face *face)
{
    const struct status *status = face->status;
    const struct host *host = status->scan->host;
    struct text names = TEXT("");

    for (size_t i = 0; i < status->service_count && i < SERVICES_MAX; i++)
        names = text_format(face->arena, "%.*s%s%.*s", TEXT_ARG(names), i > 0 ? ", " : ": ",
                            TEXT_ARG(status->services[i]));
    if (status->service_count > SERVICES_MAX)
        names = text_format(face->arena, "%.*s and %zu more", TEXT_ARG(names),
                            status->service_count - SERVICES_MAX);
    if (host->process_old > 0)
        note(face, "(!) running",
             text_format(
                 face->arena, "%.*s old code%.*s",
                 TEXT_ARG(words_count(face->arena, host->process_old, "process runs", "processes run")),
                 TEXT_ARG(names)),
             COLOUR_WARN);
    else
        note(face, "running",
             host->process_unreadable > 0 || host->process_hidden
                 ? TEXT("no old code, as far as this user can see")
                 : TEXT("no old code"),
             COLOUR_PLAIN);
    if (host->reboot_needed)
        note(face, "(!) restart",
             text_format(face->arena, "of the machine is needed: %.*s", TEXT_ARG(host->reboot_why)),
             COLOUR_WARN);
    if (status->scan->summary.half_configured > 0)
        note(face, "(!) dpkg",
             TEXT("packages are half installed or not configured; suture apply repairs them first"),
             COLOUR_BAD);
}

static void print_level(const struct face *face)
{
    const struct order_force *force = &face->status->scan->order;

    if (force->order == NULL || force->phase == ORDER_ENDED || force->phase == ORDER_NOT_BEGUN)
        return;
    struct text until = words_moment(face->arena, &face->zone, force->end_us);
    struct text left = words_age(face->arena, face->status->scan->now_us, force->end_us);
    note(face, force->ends_soon ? "(!) level" : "level",
         text_format(face->arena, "%s until %.*s (%.*s), then %s: %.*s · suture postponed",
                     level_name(force->level), TEXT_ARG(until), TEXT_ARG(left), level_name(force->next),
                     TEXT_ARG(force->order->reason)),
         force->ends_soon ? COLOUR_WARN : COLOUR_PLAIN);
}

static void print_run(const struct face *face)
{
    const struct status *status = face->status;
    const struct run *run = &status->run;

    if (status->run_why.size > 0) {
        note(face, "(!) last run", status->run_why, COLOUR_BAD);
        return;
    }
    if (!status->has_run) {
        note(face, "last run",
             os_is_root() ? TEXT("none yet") : TEXT("none by this user; root's are seen by root"),
             COLOUR_PLAIN);
        return;
    }
    struct text when =
        words_moment(face->arena, &face->zone, run->ended_us != TIME_ABSENT ? run->ended_us : run->begun_us);
    if (run->state == RUN_OPEN) {
        note(face, "(!) last run",
             status->interrupted
                 ? text_format(face->arena,
                               "%s of %.*s was interrupted: suture apply goes on where it was (%s)",
                               run_kind_name(run->kind), TEXT_ARG(when), run->id)
                 : text_format(face->arena, "%s is being done since %.*s by process %u (%s)",
                               run_kind_name(run->kind), TEXT_ARG(when), run->pid, run->id),
             status->interrupted ? COLOUR_BAD : COLOUR_WARN);
        return;
    }
    bool good = run->state == RUN_DONE;
    note(face, good ? "last run" : "(!) last run",
         text_format(face->arena, "%s %s %.*s: %s%s%.*s", run_kind_name(run->kind),
                     run_state_name(run->state), TEXT_ARG(when), run->id, run->why.size > 0 ? ": " : "",
                     TEXT_ARG(run->why)),
         good                       ? COLOUR_PLAIN
         : run->state == RUN_FAILED ? COLOUR_BAD
                                    : COLOUR_WARN);
}

static void print_unattended(const struct face *face)
{
    const struct status *status = face->status;

    if (status->unattended_why.size > 0)
        note(face, "(!) unattended", status->unattended_why, COLOUR_BAD);
    else if (status->unattended == TAKEOVER_TAKEN)
        note(face, "unattended", TEXT("on · suture unattended status"), COLOUR_PLAIN);
    else if (status->unattended != TAKEOVER_NONE)
        note(face, "(!) unattended", TEXT("setting it up was interrupted: suture unattended off"),
             COLOUR_BAD);
    else
        note(face, "unattended", TEXT("off"), COLOUR_PLAIN);
}

/* Nothing is said where no repository was ever asked: vendors' signatures are all there is then. */
static void print_repository(const struct face *face)
{
    const struct status *status = face->status;
    bool bad = false;

    if (status->trust_why.size > 0)
        note(face, "(!) trust", status->trust_why, COLOUR_BAD);
    else if (status->has_trust) {
        struct text line = print_trust_line(&status->trust, status->scan->now_us, face->arena, &bad);
        note(face, bad ? "(!) trust" : "trust", line, bad ? COLOUR_WARN : COLOUR_PLAIN);
    }
}

/* What stands without it: doc/threats.md. */
static void print_cages(const struct face *face)
{
    if (!confine_has_landlock())
        note(
            face, "(!) cages",
            TEXT("this kernel has no Landlock: processes that read what others send are kept from writing by "
                 "their user and from calls by seccomp alone, and may read what every user may"),
            COLOUR_WARN);
}

static void print_screen(const struct status *status, struct arena *arena, struct screen *screen)
{
    struct face face = {status, arena, screen, words_local_zone(arena)};

    print_head(&face);
    print_verdict(&face);
    print_due(&face);
    print_level(&face);
    print_data(&face);
    print_running(&face);
    print_run(&face);
    print_unattended(&face);
    print_repository(&face);
    print_cages(&face);
}

static enum command_exit run(const struct command_call *call, struct error *err)
{
    OWN(writer_end) struct writer out = writer_with(LIMIT_SCAN_OUTPUT);
    int64_t now_us = command_us(call, OPTION_NOW);
    struct scan_request request = {.root = "/",
                                   .now_us = now_us != TIME_ABSENT ? now_us : time_now_us(),
                                   .now_given = now_us != TIME_ABSENT};
    struct screen screen = screen_for_output(&out);
    struct status status;
    struct bytes bytes;

    if (!state_folder(call->arena, &request.state, err) && err->kind != ERROR_ABSENT)
        return COMMAND_FAILED;
    if (!status_look(&request, call->arena, &status, err))
        return COMMAND_FAILED;
    if (command_choice(call, OPTION_FORMAT) == 2)
        status_write_json(&status, &out);
    else
        print_screen(&status, call->arena, &screen);
    if (!writer_done(&out, &bytes, err))
        return COMMAND_FAILED;
    (void)fwrite(bytes.at, 1, bytes.size, call->out);
    return COMMAND_DONE;
}

const struct command command_status = {
    .name = "status",
    .help = "one screen: is data fresh, is something due, does old code run, the last run",
    .options = options,
    .run = run,
};
