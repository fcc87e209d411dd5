/*
 * Debian's security tracker: what every known vulnerability means for every release that Debian supports.
 *
 *     {"expat": {
 *         "CVE-2024-28757": {
 *             "description": "libexpat through 2.6.1 allows ...", "debianbug": 1065868, "scope": "local",
 *             "releases": {
 *                 "bookworm": {"status": "resolved", "repositories": {"bookworm": "2.5.0-1+deb12u1"},
 *                              "fixed_version": "2.5.0-1+deb12u2", "urgency": "not yet assigned"},
 *                 "bullseye": {"status": "open", "repositories": {"bullseye": "2.2.10-2"}, "urgency": "low**",
 *                              "nodsa": "Minor issue", "nodsa_reason": "postponed", "next_point_update": true}}},
 *         "TEMP-0000000-ABCDEF": {...}}}
 *
 * status is open, resolved or undetermined; fixed_version comes with resolved, "0" when the release never was
 * affected. nodsa with nodsa_reason "", "ignored" or "postponed" stays behind when a fix comes all the same: it
 * is read of open ones only. next_point_update: a fix waits for the next point release. urgency "end-of-life"
 * and "unimportant" are judgements of their own.
 */
#include "base/limits.h"
#include "base/own.h"
#include "format/json_split.h"
#include "identify/feed.h"
#include "identify/fields.h"

/* The releases that were named so far: a document has six, and names them 300,000 times. */
#define RELEASES_KEPT 16

struct tracker {
    const struct feed_sink *sink;
    struct feed_facts facts;
    struct kept {
        struct text codename;
        struct release release;
        bool known;
    } kept[RELEASES_KEPT];
    size_t kept_count;
};

struct issue {
    struct json releases;
};
static const struct field issue_fields[] = {
    FIELD_OBJECT(struct issue, releases, "releases", FIELD_REQUIRED),
};

struct state {
    struct text status, fixed, urgency;
    struct json nodsa, next_point_update;
};
static const struct field state_fields[] = {
    FIELD_TEXT(struct state, fixed, "fixed_version", FIELD_OPTIONAL, LIMIT_VERSION),
    FIELD_TEXT(struct state, status, "status", FIELD_REQUIRED, 32),
    FIELD_TEXT(struct state, urgency, "urgency", FIELD_OPTIONAL, 32),
    FIELD_VALUE(struct state, nodsa, "nodsa", FIELD_OPTIONAL),
    FIELD_VALUE(struct state, next_point_update, "next_point_update", FIELD_OPTIONAL),
};

static const struct kept *release_of(struct tracker *tracker, struct text codename)
{
    size_t at = 0;

    while (at < tracker->kept_count && !text_equal(tracker->kept[at].codename, codename))
        at++;
    if (at == tracker->kept_count) {
        at = at == RELEASES_KEPT ? 0 : at;
        struct kept *kept = &tracker->kept[at];
        *kept = (struct kept){.codename = codename};
        kept->known = release_from_codename(codename, &kept->release);
        tracker->kept_count += at == tracker->kept_count;
    }
    return &tracker->kept[at];
}

static bool read_nodsa(struct json object, struct advisory *advisory, struct error *err)
{
    static const struct {
        struct text reason;
        enum advisory_status status;
    } reasons[] = {
        {{"", 0}, ADVISORY_NO_DSA},
        {{"ignored", 7}, ADVISORY_IGNORED},
        {{"postponed", 9}, ADVISORY_POSTPONED},
    };
    struct text reason = {0};

    if (!json_get_note(object, "nodsa", LIMIT_NOTE, &advisory->note, err) ||
        !json_get_text(object, "nodsa_reason", false, 64, &reason, err))
        return false;
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (text_equal(reason, reasons[i].reason)) {
            advisory->status = reasons[i].status;
            return true;
        }
    return error_set(err, ERROR_INPUT, "nodsa_reason: \"%.*s\" is not known", TEXT_ARG(reason));
}

static bool read_open(struct json object, const struct state *state, struct advisory *advisory,
                      struct error *err)
{
    bool prepared = false;

    advisory->status = ADVISORY_OPEN;
    if (!json_is_absent(state->nodsa) && !read_nodsa(object, advisory, err))
        return false;
    if (text_equal(state->urgency, TEXT("end-of-life")))
        advisory->status = ADVISORY_END_OF_LIFE;
    if (!json_is_absent(state->next_point_update) &&
        !json_get_bool(object, "next_point_update", false, &prepared, err))
        return false;
    if (prepared || state->fixed.size > 0)
        advisory->status = ADVISORY_PENDING;
    advisory->fixed = state->fixed;
    return true;
}

/* Resolved without a version is not said of a release by itself: it counts as not yet judged, not as good. */
static void read_resolved(const struct state *state, struct advisory *advisory)
{
    if (state->fixed.size == 0) {
        advisory->status = ADVISORY_UNDETERMINED;
    } else if (text_equal(state->fixed, TEXT("0"))) {
        advisory->status = ADVISORY_NOT_AFFECTED;
    } else {
        advisory->status = ADVISORY_FIXED;
        advisory->fixed = state->fixed;
    }
}

static bool read_state(struct json object, struct advisory *advisory, struct error *err)
{
    struct state state = {0};

    advisory->status = ADVISORY_UNDETERMINED;
    advisory->fixed = advisory->note = (struct text){0};
    if (!FIELDS_READ(object, state_fields, &state, err))
        return false;
    advisory->unimportant = text_equal(state.urgency, TEXT("unimportant"));
    advisory->severity = feed_severity(state.urgency);
    if (text_equal(state.status, TEXT("resolved")))
        read_resolved(&state, advisory);
    else if (text_equal(state.status, TEXT("open")))
        return read_open(object, &state, advisory, err);
    else if (!text_equal(state.status, TEXT("undetermined")))
        return error_set(err, ERROR_INPUT, "status: \"%.*s\" is not known", TEXT_ARG(state.status));
    return true;
}

static bool read_issue(struct tracker *tracker, struct json object, struct advisory *advisory,
                       struct error *err)
{
    struct issue issue = {0};

    if (!FIELDS_READ(object, issue_fields, &issue, err))
        return false;
    struct json_walk releases = json_walk_with(issue.releases);
    bool used = false;
    while (json_walk_next(&releases)) {
        const struct kept *kept = release_of(tracker, releases.name);
        if (!read_state(releases.value, advisory, err))
            return error_at(err, "%.*s", TEXT_ARG(text_part(releases.name, 0, LIMIT_RELEASE_NAME)));
        if (!kept->known)
            continue;
        used = true;
        advisory->release = kept->release;
        if (!feed_give_advisory(tracker->sink, advisory, err))
            return false;
    }
    if (used)
        tracker->facts.record_count++;
    else
        tracker->facts.skipped_count++;
    return true;
}

static bool read_package(struct tracker *tracker, struct text package, struct json issues, struct error *err)
{
    struct json_walk walk = json_walk_with(issues);
    struct text id;

    if (!json_is_object(issues))
        return error_set(err, ERROR_INPUT, "not an object");
    while (json_walk_next(&walk)) {
        if (!json_name_text(&walk, LIMIT_ADVISORY_ID, &id, err))
            return error_at(err, "name of an issue");
        if (id.size == 0)
            return error_set(err, ERROR_INPUT, "an issue without a name");
        struct advisory advisory = {
            .id = id, .package = package, .cves = &id, .cve_count = 1, .published_us = TIME_ABSENT};
        if (!read_issue(tracker, walk.value, &advisory, err))
            return error_at(err, "%.*s", TEXT_ARG(id));
    }
    return true;
}

/* A package and its issues, the only member of an object. */
static bool read_member(struct tracker *tracker, struct json member, struct error *err)
{
    struct json_walk walk = json_walk_with(member);
    struct text package = {0};

    if (json_walk_next(&walk) && !json_name_text(&walk, LIMIT_PACKAGE_NAME, &package, err))
        return error_at(err, "name of a package");
    if (package.size == 0)
        return error_set(err, ERROR_INPUT, "a package without a name");
    return read_package(tracker, package, walk.value, err) || error_at(err, "%.*s", TEXT_ARG(package));
}

/* Package by package: all of it at once would take a quarter of a gigabyte. */
static bool read_packages(struct tracker *tracker, struct json_split *split, struct error *err)
{
    struct json member;
    bool found;

    if (!json_split_in_object(split))
        return error_set(err, ERROR_INPUT, "not an object");
    for (size_t count = 0;; count++) {
        if (!json_split_next(split, &found, err))
            return false;
        if (!found) {
            tracker->facts.complete = count >= FEED_COMPLETE_SOURCES;
            return true;
        }
        tracker->kept_count = 0; /* their names were in the piece before */
        if (!json_split_take(split, &member, err) || !read_member(tracker, member, err))
            return false;
    }
}

static bool tracker_parse(struct bytes raw, struct text name, const struct feed_sink *sink,
                          struct arena *arena, struct feed_facts *facts, struct error *err)
{
    OWN(json_split_end) struct json_split split = {0};
    struct tracker tracker = {.sink = sink, .facts = feed_facts_none()};

    (void)name;
    if (!json_split_open(raw, LIMIT_FEED_FILE, arena, &split, err) || !read_packages(&tracker, &split, err))
        return error_at(err, "debian-tracker");
    *facts = tracker.facts;
    return true;
}

static bool tracker_recognise(struct bytes start, struct text name)
{
    (void)name;
    return feed_start_has(start, 2, "CVE-") || feed_start_has(start, 2, "TEMP-");
}

const struct feed feed_debian_tracker = {
    .name = "debian-tracker",
    .title = "Debian security tracker",
    .media_type = "application/json",
    .url = "https://security-tracker.debian.org/tracker/data/json",
    .stale_after_us = 2 * TIME_DAY_US,
    .only_for = "debian-",
    .parse = tracker_parse,
    .recognise = tracker_recognise,
};
