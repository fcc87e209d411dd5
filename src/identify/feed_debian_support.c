/*
 * debian-security-support: packages whose security support ends before their release's, and those that have it
 * in part.
 *
 *     security-support-ended.deb12: source, last version with support, when it ended, why
 *         # List of packages whose security support ends before the distribution EOL
 *         lxd             5.0.2-5+deb12u6         2026-06-12      Security fixes ... are too complex to be backported
 *         php-horde.*     0                       2025-03-22      https://lists.example/...
 *
 *     security-support-limited: source, why
 *         # List of packages where security support is limited
 *         golang.*        See https://www.debian.org/releases/...
 *
 * A source name that ends in ".*" stands for all that begin so, and is handed on as it is. The release of the
 * first kind is in the file's name; the second has none: release.name is empty and means the release whose
 * package brought the file.
 */
#include "base/limits.h"
#include "identify/feed.h"

struct support_list {
    enum support_kind kind;
    struct release release;
    const struct feed_sink *sink;
};

/* The files say in their first comment what they list; one whose comments are gone may have its name still. */
static enum support_kind kind_of(struct bytes start, struct text name)
{
    if (feed_start_holds(start, FEED_START, "security support ends"))
        return SUPPORT_ENDS;
    if (feed_start_holds(start, FEED_START, "security support is limited"))
        return SUPPORT_LIMITED;
    if (text_find(name, TEXT("support-ended")) != SIZE_MAX)
        return SUPPORT_ENDS;
    return text_find(name, TEXT("support-limited")) != SIZE_MAX ? SUPPORT_LIMITED : SUPPORT_UNKNOWN;
}

/* "security-support-ended.deb12" is of debian-12. */
static struct release release_of(struct text name)
{
    struct release release = {0};
    size_t at = text_find(name, TEXT(".deb"));

    if (at == SIZE_MAX ||
        !release_from_os(TEXT("debian"), text_part(name, at + 4, SIZE_MAX), (struct text){0}, &release))
        return (struct release){0};
    return release;
}

static bool read_row(const struct support_list *list, struct text row, struct error *err)
{
    struct support support = {.release = list->release, .kind = list->kind, .at_us = TIME_ABSENT};
    struct text rest = row, date;

    if (!text_cut_word(&rest, &support.package) || support.package.size > LIMIT_PACKAGE_NAME)
        return error_set(err, ERROR_INPUT, "the source's name is missing or too long");
    if (list->kind == SUPPORT_ENDS) {
        if (!text_cut_word(&rest, &support.version) || support.version.size > LIMIT_VERSION)
            return error_set(err, ERROR_INPUT, "%.*s: the version is missing or too long",
                             TEXT_ARG(support.package));
        if (!text_cut_word(&rest, &date))
            return error_set(err, ERROR_INPUT, "%.*s: the date is missing", TEXT_ARG(support.package));
        if (!time_parse(date, &support.at_us, err))
            return error_at(err, "%.*s", TEXT_ARG(support.package));
    }
    support.note = feed_note(text_trim(rest));
    return feed_give_support(list->sink, &support, err);
}

static bool read_rows(const struct support_list *list, struct bytes raw, struct feed_facts *facts,
                      struct error *err)
{
    struct text row;

    for (size_t line = 1; raw.size > 0; line++) {
        const uint8_t *end = memchr(raw.at, '\n', raw.size);
        struct bytes bytes = {raw.at, end == NULL ? raw.size : (size_t)(end - raw.at)};
        size_t taken = bytes.size + (end != NULL);
        raw = (struct bytes){raw.at + taken, raw.size - taken};
        if (!text_from_lines(bytes, LIMIT_LINE, &row, err))
            return error_at(err, "line %zu", line);
        row = text_trim(row);
        if (row.size == 0 || row.at[0] == '#')
            continue;
        if (!read_row(list, row, err))
            return error_at(err, "line %zu", line);
        facts->record_count++;
    }
    return true;
}

static bool support_parse(struct bytes raw, struct text name, const struct feed_sink *sink,
                          struct arena *arena, struct feed_facts *facts, struct error *err)
{
    struct text base = feed_base_name(name);
    struct support_list list = {.kind = kind_of(raw, base), .release = release_of(base), .sink = sink};
    struct feed_facts read = feed_facts_none();

    (void)arena;
    if (list.kind == SUPPORT_UNKNOWN)
        return error_set(err, ERROR_INPUT,
                         "debian-support: says neither that support ends nor that it is limited");
    if (!read_rows(&list, raw, &read, err))
        return error_at(err, "debian-support");
    *facts = read;
    return true;
}

static bool support_recognise(struct bytes start, struct text name)
{
    (void)name;
    return (feed_starts(start, "#") || feed_starts(start, "\n#")) &&
           kind_of(start, (struct text){0}) != SUPPORT_UNKNOWN;
}

static const char *const files[] = {
    "/usr/share/debian-security-support/security-support-ended.deb10",
    "/usr/share/debian-security-support/security-support-ended.deb11",
    "/usr/share/debian-security-support/security-support-ended.deb12",
    "/usr/share/debian-security-support/security-support-ended.deb13",
    "/usr/share/debian-security-support/security-support-ended.deb14",
    "/usr/share/debian-security-support/security-support-limited",
    NULL,
};

const struct feed feed_debian_support = {
    .name = "debian-support",
    .title = "Debian packages with ended or limited support",
    .media_type = "text/plain",
    .local = files,
    .only_for = "debian-",
    .parse = support_parse,
    .recognise = support_recognise,
};
