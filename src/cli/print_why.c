#include "cli/print_why.h"

#include "base/limits.h"
#include "base/own.h"

/* What of one finding is shown in every form. */
struct shown {
    struct json json;
    struct text id, source, installed, fixed, class_of, suppressed, action, due;
};

static struct text optional(struct json object, const char *name)
{
    struct text text = {0};
    struct error err;

    /* Absent or null stays absent; the document is our own, and what is no text there is shown as nothing. */
    if (!json_get_text(object, name, false, LIMIT_NOTE, &text, &err))
        return (struct text){0};
    return text;
}

static struct shown shown_of(struct json finding)
{
    return (struct shown){
        .json = finding,
        .id = optional(finding, "id"),
        .source = optional(finding, "source"),
        .installed = optional(finding, "installed"),
        .fixed = optional(finding, "fixed"),
        .class_of = optional(finding, "class"),
        .suppressed = optional(finding, "suppressed_by"),
        .action = optional(finding, "action"),
        .due = optional(finding, "due"),
    };
}

static void put_whole(struct writer *out, const struct shown *shown)
{
    struct text explained = {0};
    struct error err;

    if (json_get_note(shown->json, "explained", LIMIT_SCAN_EXPLAINED, &explained, &err))
        writer_text(out, explained);
}

static void put_data(struct writer *out, struct json scan)
{
    struct json_walk walk = json_walk_with(json_member(scan, "data"));
    bool first = true;

    writer_string(out, "  data     ");
    while (json_walk_next(&walk)) {
        struct text feed = optional(walk.value, "feed"), state = optional(walk.value, "state"),
                    generated = optional(walk.value, "generated");
        writer_format(out, "%s%.*s", first ? "" : ", ", TEXT_ARG(feed));
        if (generated.size > 0)
            writer_format(out, " of %.*s", TEXT_ARG(generated));
        if (!text_equal(state, TEXT("fresh")))
            writer_format(out, " %.*s", TEXT_ARG(state));
        first = false;
    }
    writer_format(out, "\n  policy   %.*s\n", TEXT_ARG(optional(scan, "policy")));
}

/* One line for each of many. */
static void put_line(struct writer *out, const struct shown *shown)
{
    struct text state = shown->suppressed.size > 0 ? shown->suppressed : shown->action;

    writer_format(out, "  %-18.*s %-14.*s %-20.*s %s%.*s\n", TEXT_ARG(shown->id), TEXT_ARG(state),
                  TEXT_ARG(shown->class_of), shown->due.size > 0 ? "due " : "",
                  TEXT_ARG(text_part(shown->due, 0, 10)));
}

static bool has_package(struct json finding, struct text wanted)
{
    struct json_walk walk = json_walk_with(json_member(finding, "packages"));
    struct text package;
    struct error err;

    while (json_walk_next(&walk))
        if (json_as_text(walk.value, LIMIT_PACKAGE_NAME, &package, &err) && text_equal(package, wanted))
            return true;
    return false;
}

/* Earlier is worse; without a date a finding is the least. Dates of one form compare as texts. */
static bool is_worse(const struct shown *a, const struct shown *b)
{
    if (a->due.size == 0 || b->due.size == 0)
        return a->due.size > b->due.size;
    return text_compare(a->due, b->due) < 0;
}

/* An update, its reason, and what keeps apt from it. */
static void put_update(struct writer *out, struct json update)
{
    struct text explained = {0};
    bool held = false, phased = false;
    struct error err;

    writer_format(out, "%.*s %.*s -> %.*s: ", TEXT_ARG(optional(update, "package")),
                  TEXT_ARG(optional(update, "installed")), TEXT_ARG(optional(update, "candidate")));
    if (json_get_note(update, "explained", LIMIT_SCAN_EXPLAINED, &explained, &err))
        writer_text(out, explained);
    if (json_get_bool(update, "held", false, &held, &err) && held)
        writer_string(out, "; on hold here: apt leaves it");
    if (json_get_bool(update, "phased", false, &phased, &err) && phased)
        writer_string(out, "; phased: this machine's turn has not come");
    writer_byte(out, '\n');
}

static bool is_of_update(struct json update, struct text wanted)
{
    return text_equal(optional(update, "package"), wanted) || text_equal(optional(update, "source"), wanted);
}

static bool is_of_finding(struct json finding, struct text wanted)
{
    return text_equal(optional(finding, "source"), wanted) || has_package(finding, wanted);
}

static size_t put_updates(struct json scan, struct text wanted, struct writer *out)
{
    struct json_walk walk = json_walk_with(json_member(scan, "updates"));
    size_t count = 0;

    while (json_walk_next(&walk)) {
        if (!is_of_update(walk.value, wanted))
            continue;
        put_update(out, walk.value);
        count++;
    }
    return count;
}

/* The findings of a source or a package: the one that decides in full, the others a line each. */
static size_t put_source(struct json scan, struct text wanted, struct writer *out)
{
    struct json_walk walk = json_walk_with(json_member(scan, "findings"));
    struct shown worst = {0};
    size_t count = 0;

    while (json_walk_next(&walk)) {
        struct shown shown = shown_of(walk.value);
        if (!is_of_finding(walk.value, wanted))
            continue;
        if (count++ == 0 || is_worse(&shown, &worst))
            worst = shown;
        put_line(out, &shown);
    }
    if (count > 0) {
        writer_string(out, "The one that decides:\n");
        put_whole(out, &worst);
    }
    return count;
}

static size_t put_findings(struct json scan, struct text wanted, struct writer *out)
{
    struct json_walk walk = json_walk_with(json_member(scan, "findings"));
    size_t count = 0;

    while (json_walk_next(&walk)) {
        struct shown shown = shown_of(walk.value);
        if (!text_equal_caseless(shown.id, wanted))
            continue;
        put_whole(out, &shown);
        count++;
    }
    return count;
}

bool print_why(struct json scan, struct text wanted, struct writer *out, enum why_found *found,
               struct error *err)
{
    struct json findings;

    if (!json_get_array(scan, "findings", true, &findings, err))
        return error_at(err, "the kept scan");
    *found = WHY_FINDING;
    if (put_findings(scan, wanted, out) == 0) {
        size_t updates = put_updates(scan, wanted, out), named = put_source(scan, wanted, out);
        *found = updates + named > 0 ? WHY_SOURCE : WHY_NOTHING;
        if (updates > 0 && named == 0) /* a finding brings its data with its reasons */
            put_data(out, scan);
    }
    if (*found != WHY_NOTHING)
        writer_format(out, "  as of    %.*s\n", TEXT_ARG(optional(scan, "now")));
    return true;
}

static void open_json(struct json_writer *j, struct text wanted)
{
    json_open_object(j);
    json_name(j, "schema");
    json_put_string(j, "suture.why/1");
    json_name(j, "wanted");
    json_put_text(j, wanted);
}

/* The values of the array that are about the name, as they were stored. */
static size_t put_those(struct json_writer *j, const char *name, struct json array, struct text wanted,
                        bool (*is_of)(struct json value, struct text wanted))
{
    struct json_walk walk = json_walk_with(array);
    size_t count = 0;

    json_name(j, name);
    json_open_array(j);
    while (json_walk_next(&walk)) {
        if (!is_of(walk.value, wanted))
            continue;
        json_put_value(j, walk.value);
        count++;
    }
    json_close_array(j);
    return count;
}

static bool has_id(struct json finding, struct text wanted)
{
    return text_equal_caseless(optional(finding, "id"), wanted);
}

static bool has_id_or_is_of(struct json finding, struct text wanted)
{
    return has_id(finding, wanted) || is_of_finding(finding, wanted);
}

bool print_why_json(struct json scan, struct text wanted, struct writer *out, enum why_found *found,
                    struct error *err)
{
    OWN(writer_end) struct writer text = writer_with(LIMIT_SCAN_OUTPUT);
    struct json_writer j = json_writer_with(&text, true);
    struct json findings;
    struct bytes bytes;

    if (!json_get_array(scan, "findings", true, &findings, err))
        return error_at(err, "the kept scan");
    open_json(&j, wanted);
    static const char *const as_stored[] = {"now", "policy", "data"};
    for (size_t i = 0; i < sizeof(as_stored) / sizeof(*as_stored); i++) {
        json_name(&j, as_stored[i]);
        json_put_value(&j, json_member(scan, as_stored[i]));
    }
    size_t updates = put_those(&j, "updates", json_member(scan, "updates"), wanted, is_of_update);
    size_t named = put_those(&j, "findings", findings, wanted, has_id_or_is_of);
    json_name(&j, "said");
    json_open_array(&j);
    json_close_array(&j);
    json_close_object(&j);
    *found = updates + named > 0 ? WHY_SOURCE : WHY_NOTHING;
    if (!writer_done(&text, &bytes, err))
        return false;
    if (*found != WHY_NOTHING)
        writer_put(out, bytes);
    return true;
}

void print_why_not_json(struct text wanted, struct bytes sentences, struct writer *out)
{
    struct json_writer j = json_writer_with(out, true);
    struct text left = {(const char *)sentences.at, sentences.size}, line;
    static const char *const empty[] = {"updates", "findings"};

    open_json(&j, wanted);
    for (size_t i = 0; i < sizeof(empty) / sizeof(*empty); i++) {
        json_name(&j, empty[i]);
        json_open_array(&j);
        json_close_array(&j);
    }
    json_name(&j, "said");
    json_open_array(&j);
    while (text_cut(&left, '\n', &line))
        json_put_text(&j, line);
    json_close_array(&j);
    json_close_object(&j);
}
