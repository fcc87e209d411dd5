#include "base/os.h"
#include "cli/print_scan_face.h"
#include "flow/groups.h"

#define LABEL_WIDTH 11

void face_note(const struct face *face, const char *label, struct text text, enum screen_colour colour)
{
    screen_labelled(face->screen, LABEL_WIDTH, text_of(label), text, colour);
}

/* "9.8 critical", "high (assumed: no score)" */
struct text face_score(const struct face *face, uint32_t finding)
{
    const struct decision *decision = &face->scan->decisions[finding];
    const struct vulnerability *vulnerability = face->scan->match.findings[finding].vulnerability;

    if (vulnerability == NULL || decision->score == SCORE_NONE)
        return text_format(face->arena, "%s (assumed: no score)", severity_name(decision->severity));
    int16_t tenths = vulnerability->scores[decision->score].tenths;
    return text_format(face->arena, "%d.%d %s", tenths / 10, tenths % 10, severity_name(decision->severity));
}

/* Security updates that are not due this week. */
static void print_later(const struct face *face)
{
    const struct scan *scan = face->scan;
    uint32_t later = 0, unknown = 0, postponed = 0, postponed_late = 0, assumed = 0;
    int64_t first_us = TIME_ABSENT, last_us = TIME_ABSENT;

    for (size_t i = 0; i < scan->group_count; i++) {
        const struct scan_group *group = &scan->groups[i];
        if (group->kind == UPDATE_FUNCTIONAL || group_is_due(scan, group, scan->now_us + GROUPS_WEEK_US))
            continue;
        unknown += group->kind == UPDATE_KIND_UNKNOWN;
        postponed += group->standing != STANDING_TAKEN;
        postponed_late += group->standing != STANDING_TAKEN && group->late;
        if (group->kind != UPDATE_SECURITY || group->standing != STANDING_TAKEN)
            continue;
        later++;
        assumed += group->worst != UPDATE_NONE && scan->decisions[group->worst].score == SCORE_NONE;
        if (group->due_us == TIME_ABSENT)
            continue;
        first_us = first_us == TIME_ABSENT || group->due_us < first_us ? group->due_us : first_us;
        last_us = group->due_us > last_us ? group->due_us : last_us;
    }
    if (later > 0) {
        struct text updates = words_count(face->arena, later, "security update", "security updates");
        struct text line = updates;
        if (first_us != TIME_ABSENT) {
            struct text from = words_day(face->arena, &face->zone, first_us, scan->now_us);
            struct text to = words_day(face->arena, &face->zone, last_us, scan->now_us);
            line = text_format(face->arena, "%.*s, due %.*s%s%.*s", TEXT_ARG(updates), TEXT_ARG(from),
                               text_equal(from, to) ? "" : " to ", text_equal(from, to) ? 0 : (int)to.size,
                               to.at);
        }
        if (assumed > 0)
            line = text_format(face->arena, "%.*s; %u have no score and count as high (assumed)",
                               TEXT_ARG(line), assumed);
        face_note(face, "later", line, COLOUR_PLAIN);
    }
    if (unknown > 0)
        face_note(face, "unknown",
                  text_format(face->arena, "%.*s without advisory data: security or not is not known",
                              TEXT_ARG(words_count(face->arena, unknown, "update", "updates"))),
                  COLOUR_WARN);
    if (postponed > 0)
        face_note(face, "postponed",
                  text_format(face->arena, "%.*s by the level, %u of them late; their dates stand",
                              TEXT_ARG(words_count(face->arena, postponed, "update", "updates")),
                              postponed_late),
                  COLOUR_WARN);
}

static void print_functional(const struct face *face)
{
    const struct scan *scan = face->scan;
    uint32_t groups = 0, packages = 0;
    uint64_t bytes = 0;

    for (size_t i = 0; i < scan->group_count; i++)
        if (scan->groups[i].kind == UPDATE_FUNCTIONAL) {
            groups++;
            packages += (uint32_t)scan->groups[i].update_count;
            bytes += scan->groups[i].bytes;
        }
    if (groups > 0) {
        struct text updates = words_count(face->arena, groups, "update", "updates");
        struct text count = words_count(face->arena, packages, "package", "packages");
        struct text size = words_size(face->arena, bytes);
        face_note(face, "functional",
                  text_format(face->arena, "%.*s (%.*s, %.*s) close no known hole; %u held, %u phased",
                              TEXT_ARG(updates), TEXT_ARG(count), TEXT_ARG(size), scan->summary.held,
                              scan->summary.phased),
                  COLOUR_PLAIN);
    } else if (scan->summary.held + scan->summary.phased > 0) {
        struct text held = words_count(face->arena, scan->summary.held, "package is", "packages are");
        face_note(face, "held",
                  text_format(face->arena, "%.*s on hold, %u phased: apt leaves them", TEXT_ARG(held),
                              scan->summary.phased),
                  COLOUR_PLAIN);
    }
}

/* What of the holes without a fix is not simply that: " (1 announced and not in the archive yet, 2 ...)", or nothing. */
static struct text unfixed_of_which(const struct face *face)
{
    const struct match *match = &face->scan->match;
    uint32_t announced = 0, elsewhere = 0, unimportant = 0;
    struct text line = TEXT("");

    for (size_t i = 0; i < match->finding_count; i++) {
        const struct finding *finding = &match->findings[i];
        announced += finding->class_of == CLASS_NOT_YET_IN_ARCHIVE;
        elsewhere += finding->class_of == CLASS_ARCHIVE_NOT_ENABLED;
        unimportant += finding->class_of == CLASS_NO_FIX && finding->unimportant;
    }
    const struct {
        uint32_t count;
        const char *what;
    } parts[] = {
        {elsewhere, "fixed in an archive that is not enabled here"},
        {announced, "announced, not in the archive yet"},
        {unimportant, "unimportant to the vendor"},
    };
    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
        if (parts[i].count > 0)
            line = text_format(face->arena, "%.*s; %u %s", TEXT_ARG(line), parts[i].count, parts[i].what);
    return line;
}

static void print_unfixed(const struct face *face)
{
    const struct scan_summary *summary = &face->scan->summary;
    const struct match *match = &face->scan->match;

    if (summary->unfixed == 0)
        return;
    struct text cves = words_count(face->arena, summary->unfixed, "CVE", "CVEs");
    struct text packages = words_count(face->arena, summary->unfixed_packages, "package", "packages");
    face_note(face, "no fix yet",
              text_format(face->arena, "%.*s in %.*s, %u exploited%.*s%s", TEXT_ARG(cves), TEXT_ARG(packages),
                          summary->unfixed_exploited, TEXT_ARG(unfixed_of_which(face)),
                          face->options->unfixed ? "" : ": suture scan --unfixed"),
              summary->unfixed_exploited > 0 ? COLOUR_BAD : COLOUR_PLAIN);
    if (!face->options->unfixed)
        return;
    for (size_t i = 0; i < match->finding_count; i++) {
        const struct finding *finding = &match->findings[i];
        if (finding->class_of != CLASS_NO_FIX && finding->class_of != CLASS_NOT_YET_IN_ARCHIVE &&
            finding->class_of != CLASS_ARCHIVE_NOT_ENABLED)
            continue;
        struct text score = face_score(face, (uint32_t)i);
        face_note(
            face, "",
            text_format(face->arena, "%.*s  %.*s  %.*s · %s%s%s", TEXT_ARG(finding->id),
                        TEXT_ARG(finding->source), TEXT_ARG(score), finding_class_name(finding->class_of),
                        finding->unimportant ? " · unimportant to the vendor" : "",
                        face->scan->decisions[i].exploitation == EXPLOITATION_ACTIVE ? " · exploited" : ""),
            COLOUR_PLAIN);
    }
}

/* How many of each reason; with --all each of them. */
static void print_suppressed(const struct face *face)
{
    const struct match *match = &face->scan->match;
    struct text line = TEXT("");

    for (enum suppression why = SUPPRESSION_NONE + 1; why < SUPPRESSION_COUNT; why++)
        if (match->suppressed[why] > 0)
            line = text_format(face->arena, "%.*s%s%u %s", TEXT_ARG(line), line.size ? ", " : "",
                               match->suppressed[why], suppression_name(why));
    if (line.size > 0)
        face_note(face, "suppressed",
                  text_format(face->arena, "CVEs that are no missing patch here: %.*s", TEXT_ARG(line)),
                  COLOUR_PLAIN);
    for (size_t i = 0; i < match->finding_count && face->options->all; i++) {
        const struct finding *finding = &match->findings[i];
        if (finding->class_of == CLASS_SUPPRESSED)
            face_note(face, "",
                      text_format(face->arena, "%.*s %.*s: %s", TEXT_ARG(finding->id),
                                  TEXT_ARG(finding->source), suppression_name(finding->suppressed_by)),
                      COLOUR_DIM);
    }
}

static void print_evidence(const struct face *face)
{
    const struct scan_summary *summary = &face->scan->summary;
    uint32_t closing = summary->from_security_closing + summary->from_other_closing;

    if (closing == 0)
        return;
    struct text packages = words_count(face->arena, closing, "package closes", "packages close");
    face_note(face, "evidence",
              text_format(face->arena,
                          "%.*s known holes: %u of the %u from the security archive, %u of the %u from main",
                          TEXT_ARG(packages), summary->from_security_closing, summary->from_security,
                          summary->from_other_closing, summary->from_other),
              COLOUR_PLAIN);
}

/* One line for each source: what has its holes is there, and nothing of it runs. */
static void print_not_executable(const struct face *face)
{
    const struct match *match = &face->scan->match;

    for (size_t i = 0; i < match->not_executable_count; i++) {
        const struct match_not_executable *one = &match->not_executable[i];
        struct text cves = words_count(face->arena, one->count, "CVE", "CVEs");
        const struct package *first = &face->scan->host->packages[one->packages[0]];
        face_note(face, "headers",
                  text_format(face->arena, "%.*s of %.*s only in %.*s%s: no code of it runs here",
                              TEXT_ARG(cves), TEXT_ARG(one->source), TEXT_ARG(first->name),
                              one->package_count > 1 ? " and others" : ""),
                  COLOUR_PLAIN);
    }
}

/* Names of all data in this state, with their age; lists of one machine are one item as long as nothing is wrong with them. */
static struct text data_in(const struct face *face, enum data_freshness state)
{
    const struct scan *scan = face->scan;
    int64_t lists_us = TIME_ABSENT;
    struct text line = TEXT("");

    for (size_t i = 0; i < scan->data_count; i++) {
        const struct scan_data *data = &scan->data[i];
        if (data->state != state)
            continue;
        if (state == DATA_FRESH && text_starts(data->feed, TEXT("apt:"))) {
            lists_us = data->generated_us > lists_us ? data->generated_us : lists_us;
            continue;
        }
        bool aged = state != DATA_ABSENT && data->generated_us != TIME_ABSENT;
        struct text age = aged ? words_age(face->arena, data->generated_us, scan->now_us) : TEXT("");
        line = text_format(face->arena, "%.*s%s%.*s%s%.*s", TEXT_ARG(line), line.size ? ", " : "",
                           TEXT_ARG(data->title), aged ? " " : "", TEXT_ARG(age));
    }
    if (lists_us == TIME_ABSENT)
        return line;
    struct text age = words_age(face->arena, lists_us, scan->now_us);
    return text_format(face->arena, "%.*s%sapt lists %.*s", TEXT_ARG(line), line.size ? ", " : "",
                       TEXT_ARG(age));
}

static void print_data(const struct face *face)
{
    struct text fresh = data_in(face, DATA_FRESH), stale = data_in(face, DATA_STALE),
                absent = data_in(face, DATA_ABSENT);
    bool bad = stale.size + absent.size > 0;

    face_note(face, bad ? "(!) data" : "data",
              text_format(face->arena, "%.*s%s%.*s%s%.*s%s", TEXT_ARG(fresh),
                          stale.size == 0 ? ""
                          : fresh.size    ? " · STALE "
                                          : "STALE ",
                          TEXT_ARG(stale),
                          absent.size == 0          ? ""
                          : fresh.size + stale.size ? " · ABSENT "
                                                    : "ABSENT ",
                          TEXT_ARG(absent), bad ? " · fix: suture feed update" : ""),
              bad ? COLOUR_WARN : COLOUR_PLAIN);
}

static void print_archives(const struct face *face)
{
    const struct host *host = face->scan->host;

    for (size_t i = 0; i < host->archive_count; i++) {
        const struct archive *archive = &host->archives[i];
        if (archive->state != ARCHIVE_REFUSED && archive->state != ARCHIVE_ABSENT)
            continue;
        face_note(
            face, "(!) source",
            text_format(face->arena, "%.*s %.*s %.*s: %s: %s%s%.*s", TEXT_ARG(archive->site),
                        TEXT_ARG(archive->suite), TEXT_ARG(archive->component),
                        archive->state == ARCHIVE_REFUSED ? "REFUSED" : "ABSENT",
                        archive->refusal == TRUST_NOT_REFUSED ? "" : trust_refusal_name(archive->refusal),
                        archive->refusal == TRUST_NOT_REFUSED ? "" : ": ", TEXT_ARG(archive->why)),
            COLOUR_WARN);
    }
}

static void print_unseen(const struct face *face)
{
    const struct host *host = face->scan->host;
    struct text line = TEXT("");

    for (size_t i = 0; i < host->unseen_count; i++) {
        const struct unseen *unseen = &host->unseen[i];
        if (unseen->kind == UNSEEN_PROCESS)
            continue;
        line = text_format(face->arena, "%.*s%s%.*s", TEXT_ARG(line), line.size ? " · " : "",
                           TEXT_ARG(unseen->why));
    }
    if (line.size > 0)
        face_note(face, "(!) unseen", line, COLOUR_WARN);
}

/* What is closed on disk is open as long as something runs the code that has it. */
static void print_old_code(const struct face *face)
{
    const struct scan *scan = face->scan;
    size_t open = scan->match.finding_count - scan->restart_first;
    struct text processes =
        words_count(face->arena, scan->host->process_old, "process runs", "processes run");
    struct text line =
        text_format(face->arena, "%.*s old code of replaced files: restart needed", TEXT_ARG(processes));

    if (open > 0)
        line = text_format(face->arena, "%.*s; until then %.*s open that %s closed on disk", TEXT_ARG(line),
                           TEXT_ARG(words_count(face->arena, open, "hole stays", "holes stay")),
                           open == 1 ? "is" : "are");
    face_note(face, "(!) memory", line, open > 0 ? COLOUR_BAD : COLOUR_WARN);
}

static void print_memory(const struct face *face)
{
    const struct host *host = face->scan->host;

    if (host->reboot_needed)
        face_note(face, "(!) kernel",
                  text_format(face->arena, "reboot needed: %.*s", TEXT_ARG(host->reboot_why)), COLOUR_WARN);
    if (host->process_old > 0)
        print_old_code(face);
    if (host->process_unreadable > 0)
        face_note(
            face, "(!) memory",
            text_format(face->arena, "%u of %u processes unreadable%s: old code in use is not fully known",
                        host->process_unreadable, host->process_count, os_is_root() ? "" : " without root"),
            COLOUR_WARN);
    if (host->process_hidden)
        face_note(face, "(!) memory",
                  TEXT("others' processes are hidden here: old code in use is not fully known"), COLOUR_WARN);
    if (face->scan->summary.half_configured > 0)
        face_note(face, "(!) dpkg",
                  text_format(face->arena, "%.*s half installed or not configured: dpkg --configure -a",
                              TEXT_ARG(words_count(face->arena, face->scan->summary.half_configured,
                                                   "package is", "packages are"))),
                  COLOUR_BAD);
}

static void print_others(const struct face *face)
{
    const struct host *host = face->scan->host;
    struct text line = TEXT("");

    for (size_t i = 0; i < host->updater_count; i++)
        line = text_format(face->arena, "%.*s%s%.*s %.*s", TEXT_ARG(line), line.size ? " · " : "",
                           TEXT_ARG(host->updaters[i].name), TEXT_ARG(host->updaters[i].does));
    if (line.size > 0)
        face_note(face, "(!) others", line, COLOUR_WARN);
}

/* Under which order all this was judged, and what comes after it. */
static void print_level(const struct face *face)
{
    const struct order_force *force = &face->scan->order;
    const struct order *order = force->order;

    if (order == NULL || force->phase == ORDER_ENDED)
        return;
    if (force->phase == ORDER_NOT_BEGUN) {
        struct text begins = words_moment(face->arena, &face->zone, order->begun_us);
        face_note(face, "(!) level",
                  text_format(face->arena, "order %s begins %.*s, which is not yet: it has no effect",
                              order->id, TEXT_ARG(begins)),
                  COLOUR_WARN);
        return;
    }
    struct text left = words_age(face->arena, face->scan->now_us, force->end_us);
    face_note(face, force->ends_soon ? "(!) level" : "level",
              text_format(face->arena, "%s for %.*s more, then %s · order %s by %.*s: %.*s",
                          level_name(force->level), TEXT_ARG(left), level_name(force->next), order->id,
                          TEXT_ARG(order->by), TEXT_ARG(order->reason)),
              force->ends_soon ? COLOUR_WARN : COLOUR_PLAIN);
}

void print_scan_notes(const struct face *face)
{
    print_level(face);
    print_later(face);
    print_functional(face);
    print_unfixed(face);
    print_suppressed(face);
    print_evidence(face);
    print_not_executable(face);
    print_data(face);
    print_archives(face);
    print_unseen(face);
    print_memory(face);
    print_others(face);
}
