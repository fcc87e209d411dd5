#include "cli/print_why.h"

#include "base/limits.h"

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

static size_t put_updates(struct json scan, struct text wanted, struct writer *out)
{
    struct json_walk walk = json_walk_with(json_member(scan, "updates"));
    size_t count = 0;

    while (json_walk_next(&walk)) {
        if (!text_equal(optional(walk.value, "package"), wanted) &&
            !text_equal(optional(walk.value, "source"), wanted))
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
        if (!text_equal(shown.source, wanted) && !has_package(walk.value, wanted))
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
