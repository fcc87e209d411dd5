/*
 * distro-info-data: when the releases of Debian and Ubuntu came out and when their support ends.
 *
 *     version,codename,series,created,release,eol,eol-lts,eol-elts                                  debian.csv
 *     12,Bookworm,bookworm,2021-08-14,2023-06-10,2026-07-11,2028-06-30,2033-06-30
 *     14,Forky,forky,2025-08-09
 *
 *     version,codename,series,created,release,eol,eol-server,eol-esm,eol-legacy                     ubuntu.csv
 *     22.04 LTS,Jammy Jellyfish,jammy,2021-10-14,2022-04-21,2027-06-01,2027-06-01,2032-04-09,2037-04-09
 *
 * Rows end where nothing more is known. The columns tell whose releases these are.
 */
#include "base/limits.h"
#include "format/csv.h"
#include "identify/feed.h"

static const struct column {
    const char *name;
    enum support_kind kind;
    struct text note; /* whose extended support it is */
} columns[] = {
    {"release", SUPPORT_RELEASED, {0}},
    {"eol", SUPPORT_ENDS, {0}},
    {"eol-server", SUPPORT_ENDS, {"server", 6}},
    {"eol-lts", SUPPORT_LTS_ENDS, {0}},
    {"eol-elts", SUPPORT_EXTENDED_ENDS, {"ELTS", 4}},
    {"eol-esm", SUPPORT_EXTENDED_ENDS, {"ESM", 3}},
    {"eol-legacy", SUPPORT_EXTENDED_ENDS, {"legacy add-on", 13}},
};

struct table {
    const struct feed_sink *sink;
    struct text distribution;
    size_t version, series;                       /* indexes of their columns */
    const struct column *columns[CSV_FIELDS_MAX]; /* NULL: not one of ours */
};

static bool field_is(struct bytes field, const char *name)
{
    return field.size == strlen(name) && memcmp(field.at, name, field.size) == 0;
}

static bool read_head(struct csv *csv, struct table *out, struct error *err)
{
    struct csv_row row;
    bool found;

    if (!csv_next(csv, &row, &found, err))
        return false;
    out->version = out->series = SIZE_MAX;
    for (size_t i = 0; found && i < row.count; i++) {
        if (field_is(row.fields[i], "version"))
            out->version = i;
        if (field_is(row.fields[i], "series"))
            out->series = i;
        if (field_is(row.fields[i], "eol-lts"))
            out->distribution = TEXT("debian");
        if (field_is(row.fields[i], "eol-esm"))
            out->distribution = TEXT("ubuntu");
        for (size_t j = 0; j < sizeof(columns) / sizeof(columns[0]); j++)
            if (field_is(row.fields[i], columns[j].name))
                out->columns[i] = &columns[j];
    }
    if (out->version == SIZE_MAX || out->series == SIZE_MAX || out->distribution.size == 0)
        return error_set(err, ERROR_INPUT, "line 1: not the columns of debian.csv or ubuntu.csv");
    return true;
}

/* The field as text; absent where the row ends before it. */
static bool field_text(const struct csv_row *row, size_t at, struct text *out, struct error *err)
{
    *out = (struct text){0};
    return at >= row->count || text_from_bytes(row->fields[at], LIMIT_RELEASE_NAME, out, err);
}

static bool read_release(const struct table *table, const struct csv_row *row, struct release *out,
                         bool *found, struct error *err)
{
    struct text version, series;

    if (!field_text(row, table->version, &version, err) || !field_text(row, table->series, &series, err))
        return false;
    if (text_ends(version, TEXT(" LTS")))
        version.size -= 4;
    /* By number what the program's own table does not know yet: but Debian before 3.0 had numbers that we do not name. */
    bool old = text_equal(table->distribution, TEXT("debian")) && text_find_byte(version, '.') != SIZE_MAX;
    *found = release_from_codename(series, out) ||
             (!old && release_from_os(table->distribution, version, series, out));
    return true;
}

static bool read_dates(const struct table *table, const struct csv_row *row, const struct release *release,
                       bool *given, struct error *err)
{
    struct text date;

    for (size_t i = 0; i < row->count; i++) {
        const struct column *column = table->columns[i];
        if (column == NULL)
            continue;
        struct support support = {.release = *release, .kind = column->kind, .note = column->note};
        if (!field_text(row, i, &date, err) || (date.size > 0 && !time_parse(date, &support.at_us, err)))
            return error_at(err, "%s: %s", release->name, column->name);
        if (date.size == 0)
            continue;
        *given = true;
        if (!feed_give_support(table->sink, &support, err))
            return false;
    }
    return true;
}

static bool read_row(const struct table *table, const struct csv_row *row, struct feed_facts *facts,
                     struct error *err)
{
    struct release release;
    bool found, given = false;

    if (!read_release(table, row, &release, &found, err))
        return false;
    if (found && !read_dates(table, row, &release, &given, err))
        return false;
    *(given ? &facts->record_count : &facts->skipped_count) += 1;
    return true;
}

static bool read_table(struct bytes raw, const struct feed_sink *sink, struct feed_facts *facts,
                       struct error *err)
{
    struct csv csv = csv_with(raw);
    struct table table = {.sink = sink};
    struct csv_row row;
    bool found = true;

    if (!read_head(&csv, &table, err))
        return false;
    for (;;) {
        if (!csv_next(&csv, &row, &found, err))
            return false;
        if (!found)
            return true;
        if (!read_row(&table, &row, facts, err))
            return error_at(err, "line %zu", csv.line);
    }
}

static bool distro_info_parse(struct bytes raw, struct text name, const struct feed_sink *sink,
                              struct arena *arena, struct feed_facts *facts, struct error *err)
{
    struct feed_facts read = feed_facts_none();

    (void)name;
    (void)arena;
    if (!read_table(raw, sink, &read, err))
        return error_at(err, "distro-info");
    *facts = read;
    return true;
}

static bool distro_info_recognise(struct bytes start, struct text name)
{
    (void)name;
    return feed_starts(start, "version,codename,series,");
}

static const char *const files[] = {"/usr/share/distro-info/debian.csv", "/usr/share/distro-info/ubuntu.csv",
                                    NULL};

const struct feed feed_distro_info = {
    .name = "distro-info",
    .title = "Debian and Ubuntu release dates",
    .media_type = "text/csv",
    .local = files,
    .parse = distro_info_parse,
    .recognise = distro_info_recognise,
};
