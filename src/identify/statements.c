#include "identify/statements.h"

#include "base/limits.h"
#include "base/reader.h"

#define HEAD_SIZE    24
#define PLACE_SIZE   8
#define PLACE_COUNTS 12

/* ---- writing ---- */

struct statements_writer statements_begin(void)
{
    struct statements_writer writer = {.out = writer_with(LIMIT_STATEMENTS)};

    writer_string(&writer.out, "SST1");
    writer_u32(&writer.out, STATEMENTS_READING);
    for (size_t i = PLACE_SIZE; i < HEAD_SIZE; i += 4)
        writer_u32(&writer.out, 0); /* written by statements_done */
    for (size_t i = 0; i < STATEMENT_TIME_COUNT; i++)
        writer.times[i] = TIME_ABSENT;
    return writer;
}

void statements_end(struct statements_writer *writer)
{
    writer_end(&writer->out);
}

static void put_text(struct statements_writer *writer, enum statement_text field, struct text text)
{
    struct writer *out = &writer->out;
    struct text last = {(const char *)out->at + writer->texts[field].place, writer->texts[field].size};

    if (text_equal(text, last)) {
        writer_varint(out, 0);
        return;
    }
    writer_varint(out, (uint64_t)text.size + 1);
    writer->texts[field].place = out->size;
    writer->texts[field].size = text.size;
    writer_text(out, text);
}

static void put_time(struct statements_writer *writer, enum statement_time field, int64_t us)
{
    writer_byte(&writer->out, us != writer->times[field]);
    if (us != writer->times[field])
        writer_u64(&writer->out, (uint64_t)us);
    writer->times[field] = us;
}

static void put_bytes(struct statements_writer *writer, const uint8_t *values, size_t count)
{
    writer_put(&writer->out, (struct bytes){values, count});
}

static void begin_statement(struct statements_writer *writer, enum statement_kind kind)
{
    writer_byte(&writer->out, (uint8_t)kind);
    writer->counts[kind]++;
}

static bool fits(const struct statements_writer *writer, struct error *err)
{
    return writer_ok(&writer->out) ||
           error_set(err, ERROR_LIMIT, "more than %zu bytes of statements", (size_t)LIMIT_STATEMENTS);
}

static bool take_advisory(void *self, const struct advisory *a, struct error *err)
{
    struct statements_writer *writer = self;

    begin_statement(writer, STATEMENT_ADVISORY);
    put_text(writer, STATED_ID, a->id);
    put_text(writer, STATED_RELEASE, text_of(a->release.name));
    put_text(writer, STATED_PACKAGE, a->package);
    put_text(writer, STATED_STREAM, a->stream);
    put_text(writer, STATED_ARCH, a->arch);
    put_text(writer, STATED_INTRODUCED, a->introduced);
    put_text(writer, STATED_FIXED, a->fixed);
    put_text(writer, STATED_LAST_AFFECTED, a->last_affected);
    put_text(writer, STATED_NOTE, a->note);
    put_bytes(
        writer,
        (uint8_t[]){(uint8_t)a->release.order, (uint8_t)a->status, (uint8_t)a->severity, a->unimportant}, 4);
    put_time(writer, STATED_PUBLISHED, a->published_us);
    writer_varint(&writer->out, a->cve_count);
    for (size_t i = 0; i < a->cve_count; i++)
        put_text(writer, STATED_ID, a->cves[i]);
    return fits(writer, err);
}

static bool take_vulnerability(void *self, const struct vulnerability *v, struct error *err)
{
    struct statements_writer *writer = self;

    begin_statement(writer, STATEMENT_VULNERABILITY);
    put_text(writer, STATED_ID, v->id);
    put_time(writer, STATED_PUBLISHED, v->published_us);
    put_time(writer, STATED_KEV_ADDED, v->kev_added_us);
    put_time(writer, STATED_KEV_DUE, v->kev_due_us);
    writer_u32(&writer->out, v->epss_millionths);
    writer_u32(&writer->out, v->epss_percentile_millionths);
    put_bytes(writer,
              (uint8_t[]){(uint8_t)(v->kev | v->ransomware << 1 | v->rejected << 2), (uint8_t)v->exploitation,
                          (uint8_t)v->automatable, (uint8_t)v->technical_impact, (uint8_t)v->score_count},
              5);
    for (size_t i = 0; i < v->score_count; i++) {
        writer_byte(&writer->out, (uint8_t)v->scores[i].version);
        writer_byte(&writer->out, (uint8_t)v->scores[i].from);
        writer_u16(&writer->out, (uint16_t)v->scores[i].tenths);
        put_text(writer, STATED_VECTOR, v->scores[i].vector);
    }
    return fits(writer, err);
}

static bool take_support(void *self, const struct support *s, struct error *err)
{
    struct statements_writer *writer = self;

    begin_statement(writer, STATEMENT_SUPPORT);
    put_text(writer, STATED_RELEASE, text_of(s->release.name));
    put_text(writer, STATED_PACKAGE, s->package);
    put_text(writer, STATED_VERSION, s->version);
    put_text(writer, STATED_NOTE, s->note);
    put_bytes(writer, (uint8_t[]){(uint8_t)s->release.order, (uint8_t)s->kind}, 2);
    put_time(writer, STATED_SUPPORT_AT, s->at_us);
    return fits(writer, err);
}

struct feed_sink statements_sink(struct statements_writer *writer)
{
    return (struct feed_sink){writer, take_advisory, take_vulnerability, take_support};
}

bool statements_done(struct statements_writer *writer, struct bytes *out, struct error *err)
{
    if (!fits(writer, err))
        return false;
    writer_patch_u32(&writer->out, PLACE_SIZE, (uint32_t)writer->out.size);
    for (size_t kind = STATEMENT_ADVISORY; kind < STATEMENT_KIND_COUNT; kind++)
        writer_patch_u32(&writer->out, PLACE_COUNTS + 4 * (kind - 1), writer->counts[kind]);
    return writer_done(&writer->out, out, err);
}

/* ---- reading ---- */

struct replay {
    struct reader r;
    const struct feed_sink *sink;
    struct arena *arena;
    struct text texts[STATEMENT_TEXT_COUNT];
    int64_t times[STATEMENT_TIME_COUNT];
    struct text *cves;
    size_t cve_capacity;
    struct error problem; /* of the first text that is none */
};

/* What a text may be; a note may have lines. */
static const size_t text_limits[STATEMENT_TEXT_COUNT] = {
    [STATED_ID] = LIMIT_ADVISORY_ID,
    [STATED_RELEASE] = RELEASE_NAME_MAX - 1,
    [STATED_PACKAGE] = LIMIT_PACKAGE_NAME,
    [STATED_STREAM] = LIMIT_PACKAGE_NAME,
    [STATED_ARCH] = LIMIT_ARCH,
    [STATED_INTRODUCED] = LIMIT_VERSION,
    [STATED_FIXED] = LIMIT_VERSION,
    [STATED_LAST_AFFECTED] = LIMIT_VERSION,
    [STATED_NOTE] = LIMIT_NOTE,
    [STATED_VECTOR] = LIMIT_VECTOR,
    [STATED_VERSION] = LIMIT_VERSION,
};

static struct text read_text(struct replay *replay, enum statement_text field)
{
    uint64_t size = reader_varint_max(&replay->r, text_limits[field] + 1);
    struct error err;

    if (size == 0)
        return reader_ok(&replay->r) ? replay->texts[field] : (struct text){0};
    struct bytes raw = reader_take(&replay->r, (size_t)size - 1);
    bool checked = field == STATED_NOTE
                       ? text_from_lines(raw, text_limits[field], &replay->texts[field], &err)
                       : text_from_bytes(raw, text_limits[field], &replay->texts[field], &err);
    if (!checked) {
        if (replay->problem.kind == ERROR_NONE)
            replay->problem = err;
        reader_fail(&replay->r);
        return (struct text){0};
    }
    return replay->texts[field];
}

static int64_t read_time(struct replay *replay, enum statement_time field)
{
    if (reader_varint_max(&replay->r, 1) == 1)
        replay->times[field] = (int64_t)reader_u64(&replay->r);
    return replay->times[field];
}

/* A byte that must be below `count`: an enum's value or a flag. */
static uint8_t read_below(struct replay *replay, unsigned count)
{
    uint8_t value = reader_u8(&replay->r);

    if (value < count)
        return value;
    reader_fail(&replay->r);
    return 0;
}

/* Lower case letters, digits, '.' and '-': it becomes a file's name. */
static void read_release(struct replay *replay, struct release *out)
{
    struct text name = read_text(replay, STATED_RELEASE);

    for (size_t i = 0; i < name.size; i++) {
        char c = name.at[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || (c == '.' && i > 0)))
            reader_fail(&replay->r);
    }
    if (!reader_ok(&replay->r))
        return;
    if (name.size > 0)
        memcpy(out->name, name.at, name.size);
    out->name[name.size] = 0;
}

static bool read_cves(struct replay *replay, struct advisory *a, struct error *err)
{
    size_t count = (size_t)reader_varint_max(&replay->r, LIMIT_ADVISORY_CVES);

    if (!reader_ok(&replay->r) || count > reader_left(&replay->r)) {
        reader_fail(&replay->r);
        return true;
    }
    if (count > replay->cve_capacity) {
        replay->cves =
            arena_grow(replay->arena, replay->cves, 0, &replay->cve_capacity, count, sizeof(*replay->cves));
        if (replay->cves == NULL)
            return arena_full(replay->arena, err);
    }
    for (size_t i = 0; i < count; i++)
        replay->cves[i] = read_text(replay, STATED_ID);
    a->cves = replay->cves;
    a->cve_count = count;
    return true;
}

static bool replay_advisory(struct replay *replay, struct error *err)
{
    struct advisory a = {0};

    a.id = read_text(replay, STATED_ID);
    read_release(replay, &a.release);
    a.package = read_text(replay, STATED_PACKAGE);
    a.stream = read_text(replay, STATED_STREAM);
    a.arch = read_text(replay, STATED_ARCH);
    a.introduced = read_text(replay, STATED_INTRODUCED);
    a.fixed = read_text(replay, STATED_FIXED);
    a.last_affected = read_text(replay, STATED_LAST_AFFECTED);
    a.note = read_text(replay, STATED_NOTE);
    a.release.order = (enum version_order)read_below(replay, VERSION_ORDER_COUNT);
    a.status = (enum advisory_status)read_below(replay, ADVISORY_STATUS_COUNT);
    a.severity = (enum severity)read_below(replay, SEVERITY_COUNT);
    a.unimportant = read_below(replay, 2) == 1;
    a.published_us = read_time(replay, STATED_PUBLISHED);
    if (!read_cves(replay, &a, err))
        return false;
    if (!reader_ok(&replay->r) || replay->sink->advisory == NULL)
        return true;
    return replay->sink->advisory(replay->sink->self, &a, err);
}

static void read_score(struct replay *replay, struct score *out)
{
    out->version = (enum cvss_version)read_below(replay, CVSS_VERSION_COUNT);
    out->from = (enum score_source)read_below(replay, SCORE_SOURCE_COUNT);
    out->tenths = (int16_t)reader_u16(&replay->r);
    out->vector = read_text(replay, STATED_VECTOR);
    if (out->tenths < CVSS_NONE || out->tenths > 100)
        reader_fail(&replay->r);
}

static bool replay_vulnerability(struct replay *replay, struct error *err)
{
    struct vulnerability v = vulnerability_with(read_text(replay, STATED_ID));

    v.published_us = read_time(replay, STATED_PUBLISHED);
    v.kev_added_us = read_time(replay, STATED_KEV_ADDED);
    v.kev_due_us = read_time(replay, STATED_KEV_DUE);
    v.epss_millionths = reader_u32(&replay->r);
    v.epss_percentile_millionths = reader_u32(&replay->r);
    uint8_t flags = read_below(replay, 8);
    v.kev = flags & 1;
    v.ransomware = flags >> 1 & 1;
    v.rejected = flags >> 2 & 1;
    v.exploitation = (enum exploitation)read_below(replay, EXPLOITATION_COUNT);
    v.automatable = (enum answer)read_below(replay, ANSWER_COUNT);
    v.technical_impact = (enum technical_impact)read_below(replay, TECHNICAL_IMPACT_COUNT);
    v.score_count = read_below(replay, VULNERABILITY_SCORES_MAX + 1);
    for (size_t i = 0; i < v.score_count; i++)
        read_score(replay, &v.scores[i]);
    if ((v.epss_millionths > 1000000 && v.epss_millionths != EPSS_ABSENT) ||
        (v.epss_percentile_millionths > 1000000 && v.epss_percentile_millionths != EPSS_ABSENT))
        reader_fail(&replay->r);
    if (!reader_ok(&replay->r) || replay->sink->vulnerability == NULL)
        return true;
    return replay->sink->vulnerability(replay->sink->self, &v, err);
}

static bool replay_support(struct replay *replay, struct error *err)
{
    struct support s = {0};

    read_release(replay, &s.release);
    s.package = read_text(replay, STATED_PACKAGE);
    s.version = read_text(replay, STATED_VERSION);
    s.note = read_text(replay, STATED_NOTE);
    s.release.order = (enum version_order)read_below(replay, VERSION_ORDER_COUNT);
    s.kind = (enum support_kind)read_below(replay, SUPPORT_KIND_COUNT);
    s.at_us = read_time(replay, STATED_SUPPORT_AT);
    if (!reader_ok(&replay->r) || replay->sink->support == NULL)
        return true;
    return replay->sink->support(replay->sink->self, &s, err);
}

bool statements_reading(struct bytes start, uint32_t *out)
{
    struct reader r = reader_with(start);
    struct bytes magic = reader_take(&r, 4);
    uint32_t reading = reader_u32(&r);

    if (!reader_ok(&r) || memcmp(magic.at, "SST1", 4) != 0)
        return false;
    *out = reading;
    return true;
}

bool statements_look(struct bytes raw, struct statements_head *out, struct error *err)
{
    struct reader r = reader_with(raw);
    struct bytes magic = reader_take(&r, 4);
    struct statements_head got = {.reading = reader_u32(&r)};
    uint32_t size = reader_u32(&r);
    uint64_t sum = 0;

    for (size_t kind = STATEMENT_ADVISORY; kind < STATEMENT_KIND_COUNT; kind++)
        sum += got.counts[kind] = reader_u32(&r);
    if (!reader_ok(&r) || memcmp(magic.at, "SST1", 4) != 0)
        return error_set(err, ERROR_INPUT, "no statements of version 1");
    if (size != raw.size || sum > reader_left(&r))
        return error_set(err, ERROR_INPUT, "%llu statements in %u bytes, but %zu bytes are here",
                         (unsigned long long)sum, size, raw.size);
    *out = got;
    return true;
}

static bool fail_at(const struct replay *replay, size_t number, size_t place, struct error *err)
{
    if (replay->problem.kind == ERROR_NONE)
        return error_set(err, ERROR_INPUT, "statement %zu, which begins at byte %zu, is broken", number,
                         place);
    *err = replay->problem;
    return error_at(err, "statement %zu, which begins at byte %zu", number, place);
}

bool statements_replay(struct bytes raw, const struct feed_sink *sink, struct arena *arena, struct error *err)
{
    static bool (*const kinds[STATEMENT_KIND_COUNT])(struct replay *, struct error *) = {
        [STATEMENT_ADVISORY] = replay_advisory,
        [STATEMENT_VULNERABILITY] = replay_vulnerability,
        [STATEMENT_SUPPORT] = replay_support,
    };
    struct replay replay = {.r = reader_with(raw), .sink = sink, .arena = arena};
    struct statements_head head;
    size_t number = 0;

    if (!statements_look(raw, &head, err))
        return false;
    for (size_t i = 0; i < STATEMENT_TIME_COUNT; i++)
        replay.times[i] = TIME_ABSENT;
    reader_skip(&replay.r, HEAD_SIZE);
    for (; reader_left(&replay.r) > 0; number++) {
        size_t place = reader_place(&replay.r);
        uint8_t kind = read_below(&replay, STATEMENT_KIND_COUNT);
        if (kind == STATEMENT_UNKNOWN || head.counts[kind]-- == 0)
            reader_fail(&replay.r);
        else if (!kinds[kind](&replay, err))
            return false;
        if (!reader_ok(&replay.r))
            return fail_at(&replay, number, place, err);
    }
    for (size_t kind = STATEMENT_ADVISORY; kind < STATEMENT_KIND_COUNT; kind++)
        if (head.counts[kind] != 0)
            return error_set(err, ERROR_INPUT, "ends after %zu statements, fewer than it says", number);
    return true;
}
