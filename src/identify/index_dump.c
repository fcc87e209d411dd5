#include "identify/index_dump.h"

#include "base/own.h"

struct dump {
    const struct index *index;
    struct writer *out; /* NULL: only checks */
    struct arena arena; /* of one line */
    struct error *err;
    uint64_t records, pairs;
};

static void end_dump(struct dump *dump)
{
    arena_end(&dump->arena);
}

static void say(const struct dump *dump, const char *before, struct text text)
{
    if (dump->out == NULL || text.size == 0)
        return;
    writer_string(dump->out, before);
    writer_text(dump->out, text);
}

static void say_word(const struct dump *dump, const char *before, const char *word)
{
    say(dump, before, text_of(word));
}

static void say_date(const struct dump *dump, const char *before, int64_t us)
{
    if (dump->out == NULL || us == TIME_ABSENT)
        return;
    writer_string(dump->out, before);
    time_write_date(dump->out, us);
}

static void end_line(const struct dump *dump)
{
    if (dump->out != NULL)
        writer_byte(dump->out, '\n');
}

/* A text of the file, in the arena of the line. */
static bool text_of_number(struct dump *dump, uint32_t number, struct text *out)
{
    return index_text(dump->index, number, &dump->arena, out, dump->err);
}

static bool dump_header(struct dump *dump)
{
    const struct index *index = dump->index;
    struct origins origins = index_origins(index);
    struct origin feed;

    if (dump->out != NULL)
        writer_format(dump->out, "index %d %s %s%s, %u packages, %u kernels, %u records, %u pairs, %u ids\n",
                      INDEX_VERSION, index->release.name, version_order_name(index->release.order),
                      index->complete ? " complete" : "", index->source_count[false],
                      index->source_count[true], index->record_count, index->pair_count,
                      index->cve_count + index->other_count);
    while (origins_next(&origins, &feed)) {
        say(dump, "feed ", feed.name);
        say(dump, " version=", feed.version);
        if (dump->out != NULL && feed.generated_us != TIME_ABSENT) {
            writer_string(dump->out, " generated=");
            time_write(dump->out, feed.generated_us);
        }
        if (dump->out != NULL)
            writer_format(dump->out, " records=%llu%s\n", (unsigned long long)feed.record_count,
                          feed.complete ? " complete" : "");
    }
    return true;
}

static bool check_ids(struct dump *dump)
{
    const struct index *index = dump->index;
    struct index_cves walk = {.at = 0};
    struct text before = {NULL, 0};
    uint32_t last = 0;

    for (uint32_t i = 0; i < index->cve_count; i++) {
        struct index_cves fresh = {.at = 0};
        uint32_t cve = index_cve(index, &walk, i);
        if (cve <= last || (i % INDEX_ID_BLOCK == 0 && index_cve(index, &fresh, i) != cve))
            return index_broken(dump->err, "its CVEs");
        last = cve;
    }
    for (uint32_t i = 0; i < index->other_count; i++) {
        struct text id;
        if (!index_id(index, &walk, index->cve_count + i, &dump->arena, &id, dump->err))
            return false;
        if (text_compare(before, id) >= 0)
            return index_broken(dump->err, "its other ids");
        before = id;
    }
    return true;
}

static bool check_texts(struct dump *dump)
{
    struct text before = {NULL, 0};

    for (uint32_t i = 0; i < dump->index->text_count; i++) {
        struct text text;
        if (!text_of_number(dump, i, &text))
            return false;
        if (text_compare(before, text) >= 0)
            return index_broken(dump->err, "its texts");
        before = text;
    }
    return true;
}

static const char *support_kind_name(enum support_kind kind)
{
    static const char *const names[SUPPORT_KIND_COUNT] = {
        [SUPPORT_UNKNOWN] = "unknown",   [SUPPORT_RELEASED] = "released",      [SUPPORT_ENDS] = "ends",
        [SUPPORT_LTS_ENDS] = "lts-ends", [SUPPORT_EXTENDED_ENDS] = "extended", [SUPPORT_LIMITED] = "limited",
    };
    return names[kind];
}

static bool dump_supports(struct dump *dump)
{
    struct support *rows = NULL;
    size_t count = 0;

    if (!index_supports(dump->index, (struct text){NULL, 0}, &dump->arena, &rows, &count, dump->err))
        return false;
    for (size_t i = 0; i < count; i++) {
        say_word(dump, "support ", support_kind_name(rows[i].kind));
        say(dump, " package=", rows[i].package);
        say_date(dump, " date=", rows[i].at_us);
        say(dump, " version=", rows[i].version);
        say(dump, " | ", rows[i].note);
        end_line(dump);
    }
    return true;
}

/* A version of the file: nothing looked at its bytes so far. */
static bool check_version(struct dump *dump, const char *before, struct text version)
{
    struct text checked;

    if (!text_from_bytes(bytes_of_text(version), LIMIT_VERSION, &checked, dump->err))
        return index_broken(dump->err, "a version is no text");
    say(dump, before, checked);
    return true;
}

static bool dump_ids(struct dump *dump, struct index_records *walk, const struct index_record *record)
{
    uint32_t last = 0, id_count = dump->index->cve_count + dump->index->other_count;
    struct index_cves cves = {.at = 0};

    say_word(dump, " ", ":");
    for (uint32_t i = 0; i < record->count; i++) {
        uint32_t id = index_records_id(walk);
        struct text text;
        if (!index_records_ok(walk) || id >= id_count || (i > 0 && id <= last))
            return index_broken(dump->err, "a list of ids");
        if (dump->out != NULL && !index_id(dump->index, &cves, id, &dump->arena, &text, dump->err))
            return false;
        if (dump->out != NULL)
            say(dump, " ", text);
        if (dump->out != NULL && !record->has_severity && index_severity(dump->index, id) != SEVERITY_UNKNOWN)
            writer_format(dump->out, "(%s)", severity_name(index_severity(dump->index, id)));
        last = id;
    }
    dump->pairs += record->count;
    return true;
}

static bool dump_record(struct dump *dump, struct text source, struct index_records *walk,
                        const struct index_record *record)
{
    struct text note, advisory, stream, arch;

    say(dump, "", source);
    say_word(dump, " ", advisory_status_name(record->status));
    if (!check_version(dump, " ", record->fixed) ||
        !check_version(dump, " introduced=", record->introduced) ||
        !check_version(dump, " until=", record->last_affected) ||
        !text_of_number(dump, record->stream, &stream) || !text_of_number(dump, record->arch, &arch) ||
        !text_of_number(dump, record->advisory, &advisory) ||
        !index_note(dump->index, record, &dump->arena, &note, dump->err))
        return false;
    say(dump, " stream=", stream);
    say(dump, " arch=", arch);
    say(dump, " advisory=", advisory);
    say_date(dump, " date=", record->published_us);
    if (record->has_severity)
        say_word(dump, " severity=", severity_name(record->severity));
    if (record->unimportant)
        say_word(dump, " ", "unimportant");
    if (!dump_ids(dump, walk, record))
        return false;
    say(dump, " | ", note);
    end_line(dump);
    dump->records++;
    arena_end(&dump->arena);
    return true;
}

static bool dump_source(struct dump *dump, const struct index_source *source)
{
    struct index_records walk;
    struct index_record record;
    char last[LIMIT_VERSION];
    size_t last_size = 0;
    bool fixes = false;

    index_records_begin(&walk, dump->index, source);
    while (index_records_next(&walk, &record)) {
        bool fix = record.status == ADVISORY_FIXED && record.fixed.size > 0;
        if ((fixes && !fix) || (fixes && version_compare(dump->index->release.order, record.fixed,
                                                         (struct text){last, last_size}) > 0))
            return index_broken(dump->err, "the order of a source's records");
        if (fix) {
            memcpy(last, record.fixed.at, record.fixed.size);
            last_size = record.fixed.size;
        }
        fixes = fix;
        if (!dump_record(dump, source->name, &walk, &record))
            return false;
    }
    if (!index_records_ok(&walk) || reader_left(&walk.lists) > 0)
        return index_broken(dump->err, "the records of a source");
    return true;
}

static bool dump_sources(struct dump *dump, bool kernels)
{
    struct index_sources walk = index_sources_with(dump->index, kernels);
    struct index_source source;
    char last[INDEX_NAME_MAX + 1];
    size_t last_size = 0;

    while (index_sources_next(&walk, &source)) {
        struct text name;
        if (!text_from_bytes(bytes_of_text(source.name), INDEX_NAME_MAX, &name, dump->err) ||
            text_compare((struct text){last, last_size}, name) >= 0)
            return index_broken(dump->err, "the names of source packages");
        memcpy(last, name.at, name.size);
        last_size = name.size;
        if (!dump_source(dump, &source))
            return error_at(dump->err, "%.*s", TEXT_ARG(name));
    }
    if (!index_sources_ok(&walk) || reader_left(&walk.names) > 0 || reader_left(&walk.sizes) > 0 ||
        reader_left(&walk.records) > 0 || reader_left(&walk.lists) > 0)
        return index_broken(dump->err, "its list of source packages");
    return true;
}

static bool dump_all(struct dump *dump)
{
    if (!dump_header(dump) || !check_ids(dump) || !check_texts(dump) || !dump_supports(dump))
        return false;
    arena_end(&dump->arena);
    if (!dump_sources(dump, false) || !dump_sources(dump, true))
        return false;
    if (dump->records != dump->index->record_count || dump->pairs != dump->index->pair_count)
        return index_broken(dump->err, "the counts in its header");
    return true;
}

bool index_dump(const struct index *index, struct writer *out, struct error *err)
{
    OWN(end_dump)
    struct dump dump = {.index = index, .out = out, .arena = arena_with(LIMIT_SCAN_MEMORY), .err = err};

    return dump_all(&dump) || error_at(err, "index of %s", index->release.name);
}

static bool dump_if_named(struct dump *dump, struct text name, bool kernels, bool *found)
{
    struct index_sources walk = index_sources_with(dump->index, kernels);
    struct index_source source;

    if (!index_sources_seek(&walk, name, &source))
        return index_sources_ok(&walk) || index_broken(dump->err, "its list of source packages");
    *found = true;
    return dump_source(dump, &source) || error_at(dump->err, "%.*s", TEXT_ARG(name));
}

bool index_dump_source(const struct index *index, struct text source, struct writer *out, bool *found,
                       struct error *err)
{
    OWN(end_dump)
    struct dump dump = {.index = index, .out = out, .arena = arena_with(LIMIT_SCAN_MEMORY), .err = err};

    *found = false;
    return (dump_if_named(&dump, source, false, found) && dump_if_named(&dump, source, true, found)) ||
           error_at(err, "index of %s", index->release.name);
}
