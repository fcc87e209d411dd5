/*
 * Debian's lists of advisories: DSA (security), DLA (long-term support), DTSA (testing, until 2011). They know
 * what the tracker's JSON does not: the advisory's name and its date.
 *
 *     [31 Mar 2023] DLA-3377-1 systemd - security update
 *             {CVE-2023-26604}
 *             [buster] - systemd 241-7~deb10u9
 *     [10 Jan 2018] DSA-4082-1 linux - security update
 *             {CVE-2017-5754 CVE-2017-8824}
 *             NOTE: fixes Meltdown
 *             [jessie] - linux 3.16.51-3+deb8u1
 *             [wheezy] - virtualbox <end-of-life> (see NEWS)
 *     [August 26th, 2005] DTSA-1-1 kismet - various
 *             {CVE-2005-2626 CVE-2005-2627 }
 *             [etch] - kismet 2005.08.R1-0.1etch1 (high)
 *
 * An advisory without a CVE stands for itself, unless its title says that it closes no hole (a regression of an
 * earlier one).
 */
#include <stdio.h>

#include "base/limits.h"
#include "identify/feed.h"

struct list {
    const struct feed_sink *sink;
    struct arena *arena;
    struct bytes left;
    size_t line;       /* of the one taken last, from 1 */
    struct text *cves; /* of the entry; used again for the next */
    size_t cve_count, cve_capacity;
    struct feed_facts facts;
};

/* One advisory: its head, and its lines behind it. */
struct entry {
    struct text id, title;
    int64_t date_us;
    struct bytes lines;
    size_t line; /* of the head */
    bool used;
};

static struct bytes take_line(struct bytes *left)
{
    const uint8_t *end = memchr(left->at, '\n', left->size);
    struct bytes line = {left->at, end == NULL ? left->size : (size_t)(end - left->at)};
    size_t taken = line.size + (end != NULL);

    *left = (struct bytes){left->at + taken, left->size - taken};
    if (line.size > 0 && line.at[line.size - 1] == '\r')
        line.size--;
    return line;
}

/* What belongs to an advisory is indented; empty lines mean nothing. */
static bool begins_entry(struct bytes left)
{
    return left.size > 0 && memchr(" \t\r\n", left.at[0], 4) == NULL;
}

/* The line as text: without the white space at both ends, which the lists have in all kinds. */
static bool line_text(struct bytes line, struct text *out, struct error *err)
{
    struct text text;

    if (!text_from_lines(line, LIMIT_LINE, &text, err))
        return false;
    *out = text_trim(text);
    return true;
}

/* "August 26th, 2005" as "26 Aug 2005", the form that the other lists have. */
static bool parse_old_date(struct text date, int64_t *out_us, struct error *err)
{
    struct text rest = date, month, day, year;
    char form[32];

    if (!text_cut_word(&rest, &month) || !text_cut_word(&rest, &day) || !text_cut_word(&rest, &year) ||
        month.size < 3 || day.size < 4 || day.size > 5 || day.at[day.size - 1] != ',' || year.size != 4)
        return error_set(err, ERROR_INPUT, "\"%.*s\" is not a time", TEXT_ARG(text_part(date, 0, 40)));
    size_t size =
        (size_t)snprintf(form, sizeof(form), "%.*s %.3s %.4s", (int)day.size - 3, day.at, month.at, year.at);
    return time_parse_day_month((struct text){form, size}, out_us, err);
}

static bool parse_date(struct text date, int64_t *out_us, struct error *err)
{
    return date.size > 0 && date.at[0] >= 'A' ? parse_old_date(date, out_us, err)
                                              : time_parse_day_month(date, out_us, err);
}

/* "[31 Mar 2023] DLA-3377-1 systemd - security update" */
static bool parse_head(struct text head, struct entry *out, struct error *err)
{
    size_t close = text_find_byte(head, ']');

    if (head.at[0] != '[' || close == SIZE_MAX)
        return error_set(err, ERROR_INPUT, "an advisory begins with its date in brackets");
    struct text rest = text_part(head, close + 1, SIZE_MAX);
    if (!parse_date(text_part(head, 1, close - 1), &out->date_us, err))
        return false;
    if (!text_cut_word(&rest, &out->id) || out->id.size > LIMIT_ADVISORY_ID ||
        text_find_byte(out->id, '-') == SIZE_MAX)
        return error_set(err, ERROR_INPUT, "the advisory's name is missing");
    out->title = rest;
    return true;
}

static bool put_cve(struct list *list, struct text name, struct error *err)
{
    if (name.size > LIMIT_ADVISORY_ID)
        return error_set(err, ERROR_LIMIT, "a name of %zu bytes, more than %d", name.size, LIMIT_ADVISORY_ID);
    if (list->cve_count == LIMIT_ADVISORY_CVES)
        return error_set(err, ERROR_LIMIT, "more than %d vulnerabilities", LIMIT_ADVISORY_CVES);
    struct text *cves = arena_grow(list->arena, list->cves, list->cve_count, &list->cve_capacity,
                                   list->cve_count + 1, sizeof(name));
    if (cves == NULL)
        return arena_full(list->arena, err);
    list->cves = cves;
    list->cves[list->cve_count++] = name;
    return true;
}

/* "{CVE-2005-2626 CVE-2005-2627 }" */
static bool read_cves(struct list *list, struct text line, struct error *err)
{
    struct text rest = text_part(line, 1, line.size - 2), name;

    if (!text_ends(line, TEXT("}")))
        return error_set(err, ERROR_INPUT, "the brace is not closed");
    while (text_cut_word(&rest, &name))
        if (!put_cve(list, name, err))
            return false;
    return true;
}

static const struct {
    struct text tag;
    enum advisory_status status; /* UNKNOWN: says nothing about a package that is there */
    bool remark;                 /* what stands behind it in brackets is a person's remark */
} tags[] = {
    {{"<not-affected>", 14}, ADVISORY_NOT_AFFECTED, true},
    {{"<end-of-life>", 13}, ADVISORY_END_OF_LIFE, true},
    {{"<no-dsa>", 8}, ADVISORY_NO_DSA, true},
    {{"<ignored>", 9}, ADVISORY_IGNORED, true},
    {{"<postponed>", 11}, ADVISORY_POSTPONED, true},
    {{"<unfixed>", 9}, ADVISORY_OPEN, false},
    {{"<removed>", 9}, ADVISORY_OPEN, false},
    {{"<undetermined>", 14}, ADVISORY_UNDETERMINED, false},
    {{"<itp>", 5}, ADVISORY_UNKNOWN, false},
};

static bool read_tag(struct text tag, struct advisory *out, bool *remark, struct error *err)
{
    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++)
        if (text_equal(tag, tags[i].tag)) {
            out->status = tags[i].status;
            *remark = tags[i].remark;
            return true;
        }
    return error_set(err, ERROR_INPUT, "the tag %.*s is not known", TEXT_ARG(text_part(tag, 0, 40)));
}

/* "(Vulnerable code not present)", else "(high)" or "(bug #1; low)". */
static void read_brackets(struct text rest, bool remark, struct advisory *advisory)
{
    struct text part, inner = text_trim(rest);

    if (inner.size < 2 || inner.at[0] != '(' || !text_ends(inner, TEXT(")")))
        return;
    inner = text_part(inner, 1, inner.size - 2);
    if (remark) {
        advisory->note = feed_note(inner);
        return;
    }
    while (text_cut(&inner, ';', &part)) {
        advisory->unimportant |= text_equal(text_trim(part), TEXT("unimportant"));
        enum severity severity = feed_severity(text_trim(part));
        if (severity != SEVERITY_UNKNOWN)
            advisory->severity = severity;
    }
}

/* "[buster] - systemd 241-7~deb10u9": *found is false when it says nothing of a release that we know. */
static bool parse_package(struct text line, struct advisory *out, bool *found, struct error *err)
{
    size_t close = text_find_byte(line, ']');
    struct text rest, dash, version;
    bool remark = false;

    *found = false;
    if (close == SIZE_MAX)
        return error_set(err, ERROR_INPUT, "the bracket is not closed");
    rest = text_part(line, close + 1, SIZE_MAX);
    if (!text_cut_word(&rest, &dash) || !text_equal(dash, TEXT("-")) ||
        !text_cut_word(&rest, &out->package) || !text_cut_word(&rest, &version))
        return error_set(err, ERROR_INPUT, "not of the form [release] - source version");
    if (out->package.size > LIMIT_PACKAGE_NAME || version.size > LIMIT_VERSION)
        return error_set(err, ERROR_LIMIT, "a name or version longer than %d bytes", LIMIT_VERSION);
    if (version.at[0] != '<') {
        out->status = ADVISORY_FIXED;
        out->fixed = version;
    } else if (!read_tag(version, out, &remark, err)) {
        return false;
    }
    read_brackets(rest, remark, out);
    *found = out->status != ADVISORY_UNKNOWN &&
             release_from_codename(text_part(line, 1, close - 1), &out->release);
    return true;
}

static bool read_package(struct list *list, struct entry *entry, struct text line, struct error *err)
{
    bool found;
    struct advisory advisory = {
        .id = entry->id, .cves = list->cves, .cve_count = list->cve_count, .published_us = entry->date_us};

    if (!parse_package(line, &advisory, &found, err))
        return false;
    entry->used |= found;
    return !found || feed_give_advisory(list->sink, &advisory, err);
}

/* Its words for an update that closes no hole. */
static bool is_harmless(struct text title)
{
    static const char *const words[] = {"regression",           "bugfix",      "bug fix", "timezone",
                                        "new upstream version", "end-of-life", "EOL"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (text_find(title, text_of(words[i])) != SIZE_MAX)
            return true;
    return false;
}

enum pass { PASS_CVES, PASS_PACKAGES };

/* The names of the vulnerabilities may come behind the packages, so the lines are read twice. */
static bool read_line(struct list *list, struct entry *entry, struct text line, enum pass pass,
                      struct error *err)
{
    bool braces = text_starts(line, TEXT("{")), bracket = text_starts(line, TEXT("["));

    if (braces)
        return pass == PASS_PACKAGES || read_cves(list, line, err);
    if (bracket)
        return pass == PASS_CVES || read_package(list, entry, line, err);
    if (line.size == 0 || text_starts(line, TEXT("NOTE:")) || text_starts(line, TEXT("TODO:")))
        return true;
    return error_set(err, ERROR_INPUT, "neither {names}, [release] - source version, nor NOTE:");
}

static bool read_lines(struct list *list, struct entry *entry, enum pass pass, struct error *err)
{
    struct bytes left = entry->lines;
    struct text line;

    for (size_t number = entry->line + 1; left.size > 0; number++)
        if (!line_text(take_line(&left), &line, err) || !read_line(list, entry, line, pass, err))
            return error_at(err, "line %zu", number);
    return true;
}

static bool read_entry(struct list *list, struct entry *entry, struct error *err)
{
    list->cve_count = 0;
    if (!read_lines(list, entry, PASS_CVES, err))
        return false;
    if (list->cve_count == 0 && is_harmless(entry->title)) {
        list->facts.skipped_count++;
        return true;
    }
    if ((list->cve_count == 0 && !put_cve(list, entry->id, err)) ||
        !read_lines(list, entry, PASS_PACKAGES, err))
        return false;
    *(entry->used ? &list->facts.record_count : &list->facts.skipped_count) += 1;
    if (entry->date_us > list->facts.generated_us)
        list->facts.generated_us = entry->date_us;
    return true;
}

/* The entry whose head comes next, with the lines behind it. */
static bool take_entry(struct list *list, struct entry *out, struct error *err)
{
    struct bytes head = take_line(&list->left);
    struct text text;

    *out = (struct entry){.line = ++list->line};
    if (!begins_entry(head))
        return error_set(err, ERROR_INPUT, "line %zu: begins with a line that belongs to no advisory",
                         list->line);
    if (!line_text(head, &text, err) || !parse_head(text, out, err))
        return error_at(err, "line %zu", list->line);
    const uint8_t *begin = list->left.at;
    while (list->left.size > 0 && !begins_entry(list->left)) {
        (void)take_line(&list->left);
        list->line++;
    }
    out->lines = (struct bytes){begin, (size_t)(list->left.at - begin)};
    return true;
}

static bool list_parse(struct bytes raw, struct text name, const struct feed_sink *sink, struct arena *arena,
                       struct feed_facts *facts, struct error *err)
{
    struct list list = {.sink = sink, .arena = arena, .left = raw, .facts = feed_facts_none()};
    struct entry entry;

    (void)name;
    if (raw.size == 0)
        return error_set(err, ERROR_INPUT, "debian-list: empty");
    while (list.left.size > 0) {
        if (!take_entry(&list, &entry, err))
            return error_at(err, "debian-list");
        if (!read_entry(&list, &entry, err))
            return error_at(err, "debian-list: %.*s", TEXT_ARG(entry.id));
    }
    *facts = list.facts;
    return true;
}

/* "[31 Mar 2023] DLA-..." */
static bool list_recognise(struct bytes start, struct text name)
{
    static const char *const names[] = {"] DSA-", "] DLA-", "] DTSA-"};

    (void)name;
    for (size_t i = 0; feed_starts(start, "[") && i < sizeof(names) / sizeof(names[0]); i++)
        if (feed_start_holds(start, 64, names[i]))
            return true;
    return false;
}

static const char *const lists[] = {"DSA", "DLA", NULL};

const struct feed feed_debian_list = {
    .name = "debian-list",
    .title = "Debian security advisories",
    .media_type = "text/plain",
    .url = "https://salsa.debian.org/security-tracker-team/security-tracker/-/raw/master/data/{part}/list",
    .parts = lists,
    .stale_after_us = 7 * TIME_DAY_US,
    .only_for = "debian-",
    .rank = 1,
    .parse = list_parse,
    .recognise = list_recognise,
};
