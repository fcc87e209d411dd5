/*
 *   "TZif" version  15 unused  six counts     header, 44 bytes, integers big-endian
 *   times[]  indexes[]  types[]  designations  leap seconds  two arrays of flags
 *   from version 2 on the same again with times of 8 bytes instead of 4, then
 *   "\nCET-1CEST,M3.5.0,M10.5.0/3\n"           the footer: what holds after the last time
 */
#include "base/zone.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/reader.h"

#define HEADER_SIZE   44
#define TYPE_SIZE     6
#define OFFSET_MAX_S  93599 /* RFC 8536 3.2: offsets lie between -89999 and 93599 seconds */
#define OFFSET_MIN_S  (-89999)
#define DAY_S         86400
#define SEGMENTS_MAX  64 /* in the 52 hours around one local time: more than two are a made file */
#define CHANGE_TIME_S (2 * 3600)
#define CHANGE_HOURS  167

struct counts {
    uint32_t utc_flags, standard_flags, leaps, times, types, designations;
};

/* The time between two changes: [start, end). */
struct segment {
    int64_t start_s, end_s;
    struct zone_moment moment;
};

static uint32_t u32_at(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int32_t s32_at(const uint8_t *at)
{
    return (int32_t)u32_at(at);
}

static int64_t time_at(const struct zone *zone, size_t index)
{
    const uint8_t *at = zone->times + index * zone->time_size;

    if (zone->time_size == 4)
        return s32_at(at);
    return (int64_t)((uint64_t)u32_at(at) << 32 | u32_at(at + 4));
}

/* -- the footer: a POSIX TZ string -- */

static bool footer_fail(struct text footer, struct error *err)
{
    return error_set(err, ERROR_INPUT, "footer \"%.*s\" is not a rule of time zones", TEXT_ARG(footer));
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static void skip(struct text *rest, size_t size)
{
    *rest = text_part(*rest, size, SIZE_MAX);
}

static bool take_byte(struct text *rest, char byte)
{
    if (rest->size == 0 || rest->at[0] != byte)
        return false;
    skip(rest, 1);
    return true;
}

/* "CET", "<-03>": at least three characters. */
static bool take_designation(struct text *rest, struct text *out)
{
    bool quoted = take_byte(rest, '<');
    size_t size = 0;

    while (size < rest->size &&
           (is_letter(rest->at[size]) ||
            (quoted && (is_digit(rest->at[size]) || rest->at[size] == '+' || rest->at[size] == '-'))))
        size++;
    *out = text_part(*rest, 0, size);
    skip(rest, size);
    return size >= 3 && (!quoted || take_byte(rest, '>'));
}

static bool take_number(struct text *rest, int32_t min, int32_t max, int32_t *out)
{
    int32_t value = 0;
    size_t size = 0;

    while (size < rest->size && size < 4 && is_digit(rest->at[size]))
        value = value * 10 + (rest->at[size++] - '0');
    skip(rest, size);
    *out = value;
    return size > 0 && value >= min && value <= max;
}

/* "[+-]h[h[h]][:mm[:ss]]" */
static bool take_duration(struct text *rest, int32_t hours_max, int32_t *out_s)
{
    bool negative = take_byte(rest, '-');
    int32_t hours, minutes = 0, seconds = 0;

    if (!negative)
        (void)take_byte(rest, '+');
    if (!take_number(rest, 0, hours_max, &hours))
        return false;
    if (take_byte(rest, ':')) {
        if (!take_number(rest, 0, 59, &minutes))
            return false;
        if (take_byte(rest, ':') && !take_number(rest, 0, 59, &seconds))
            return false;
    }
    int32_t whole = hours * 3600 + minutes * 60 + seconds;
    *out_s = negative ? -whole : whole;
    return true;
}

/* ",M3.5.0/2", ",J60", ",59" */
static bool take_change(struct text *rest, struct zone_change *out)
{
    struct zone_change change = {.time_s = CHANGE_TIME_S};
    bool good;

    if (!take_byte(rest, ','))
        return false;
    if (take_byte(rest, 'M')) {
        change.kind = ZONE_DAY_OF_MONTH;
        good = take_number(rest, 1, 12, &change.month) && take_byte(rest, '.') &&
               take_number(rest, 1, 5, &change.week) && take_byte(rest, '.') &&
               take_number(rest, 0, 6, &change.day);
    } else if (take_byte(rest, 'J')) {
        change.kind = ZONE_DAY_JULIAN;
        good = take_number(rest, 1, 365, &change.day);
    } else {
        change.kind = ZONE_DAY_OF_YEAR;
        good = take_number(rest, 0, 365, &change.day);
    }
    if (good && take_byte(rest, '/'))
        good = take_duration(rest, CHANGE_HOURS, &change.time_s);
    *out = change;
    return good;
}

static bool parse_footer(struct text footer, struct zone *zone, struct error *err)
{
    struct text rest = footer;
    int32_t west_s;

    if (footer.size == 0)
        return true;
    if (!take_designation(&rest, &zone->footer_designation) || !take_duration(&rest, 24, &west_s))
        return footer_fail(footer, err);
    zone->footer_offset_s = -west_s; /* POSIX counts westward */
    zone->has_footer = true;
    if (rest.size == 0)
        return true;
    if (!take_designation(&rest, &zone->footer_dst_designation))
        return footer_fail(footer, err);
    zone->footer_dst_offset_s = zone->footer_offset_s + 3600;
    if (rest.size > 0 && rest.at[0] != ',') {
        if (!take_duration(&rest, 24, &west_s))
            return footer_fail(footer, err);
        zone->footer_dst_offset_s = -west_s;
    }
    if (!take_change(&rest, &zone->footer_begin) || !take_change(&rest, &zone->footer_end) || rest.size > 0)
        return footer_fail(footer, err);
    zone->footer_dst = true;
    return true;
}

/* -- the file -- */

static bool read_header(struct reader *r, struct counts *out, uint8_t *version, struct error *err)
{
    struct bytes head = reader_take(r, HEADER_SIZE);

    if (!reader_ok(r) || memcmp(head.at, "TZif", 4) != 0)
        return error_set(err, ERROR_INPUT, "not a time zone file: byte %zu does not begin \"TZif\"",
                         reader_ok(r) ? reader_place(r) - HEADER_SIZE : reader_place(r));
    *version = head.at[4];
    if (*version != 0 && (*version < '2' || *version > '4'))
        return error_set(err, ERROR_INPUT, "version 0x%02x of time zone files is not known", *version);
    *out = (struct counts){.utc_flags = u32_at(head.at + 20),
                           .standard_flags = u32_at(head.at + 24),
                           .leaps = u32_at(head.at + 28),
                           .times = u32_at(head.at + 32),
                           .types = u32_at(head.at + 36),
                           .designations = u32_at(head.at + 40)};
    if (out->leaps > 0)
        return error_set(err, ERROR_INPUT, "counts leap seconds; use the zone without \"right/\"");
    if (out->types == 0 || out->types > 256 || out->designations == 0)
        return error_set(err, ERROR_INPUT, "%u types and %u bytes of designations cannot be", out->types,
                         out->designations);
    if ((out->utc_flags != 0 && out->utc_flags != out->types) ||
        (out->standard_flags != 0 && out->standard_flags != out->types))
        return error_set(err, ERROR_INPUT, "flags of %u and %u types of %u", out->utc_flags,
                         out->standard_flags, out->types);
    return true;
}

static bool take_block(struct reader *r, const struct counts *counts, size_t time_size, struct zone *zone,
                       struct error *err)
{
    /* Nothing here overflows: each count is below 2^32 and sizes are 64 bits; the reader refuses what does not fit. */
    zone->times = reader_take(r, counts->times * time_size).at;
    zone->indexes = reader_take(r, counts->times).at;
    zone->types = reader_take(r, (size_t)counts->types * TYPE_SIZE).at;
    zone->designations = (const char *)reader_take(r, counts->designations).at;
    reader_skip(r, (size_t)counts->standard_flags + counts->utc_flags);
    zone->time_count = counts->times;
    zone->time_size = time_size;
    zone->type_count = counts->types;
    if (!reader_ok(r))
        return error_set(err, ERROR_INPUT, "ends in the middle of its tables");
    return true;
}

static bool check_tables(const struct zone *zone, size_t designation_size, struct error *err)
{
    for (size_t i = 0; i < zone->time_count; i++) {
        if (i > 0 && time_at(zone, i) <= time_at(zone, i - 1))
            return error_set(err, ERROR_INPUT, "change %zu is not later than the one before", i);
        if (zone->indexes[i] >= zone->type_count)
            return error_set(err, ERROR_INPUT, "change %zu names type %u of %zu", i, zone->indexes[i],
                             zone->type_count);
    }
    for (size_t i = 0; i < zone->type_count; i++) {
        const uint8_t *type = zone->types + i * TYPE_SIZE;
        int32_t offset_s = s32_at(type);
        struct error not_text;
        struct text designation;
        if (offset_s < OFFSET_MIN_S || offset_s > OFFSET_MAX_S || type[4] > 1)
            return error_set(err, ERROR_INPUT, "type %zu: %d seconds from Greenwich cannot be", i, offset_s);
        if (type[5] >= designation_size ||
            memchr(zone->designations + type[5], 0, designation_size - type[5]) == NULL)
            return error_set(err, ERROR_INPUT, "type %zu: its designation is not in the file", i);
        /* They are shown on terminals. */
        designation = text_of(zone->designations + type[5]);
        if (!text_from_bytes(bytes_of_text(designation), LIMIT_ZONE_FOOTER, &designation, &not_text))
            return error_set(err, ERROR_INPUT, "type %zu: its designation: %s", i, not_text.text);
    }
    return true;
}

static bool read_footer(struct reader *r, struct zone *zone, struct error *err)
{
    struct bytes raw = reader_take(r, reader_left(r));
    struct text footer;

    if (raw.size < 2 || raw.at[0] != '\n')
        return error_set(err, ERROR_INPUT, "ends without its footer");
    const uint8_t *end = memchr(raw.at + 1, '\n', raw.size - 1);
    if (end == NULL)
        return error_set(err, ERROR_INPUT, "ends in the middle of its footer");
    if (!text_from_bytes((struct bytes){raw.at + 1, (size_t)(end - raw.at - 1)}, LIMIT_ZONE_FOOTER, &footer,
                         err))
        return error_at(err, "footer");
    return parse_footer(footer, zone, err);
}

bool zone_parse(struct bytes file, struct text name, struct zone *out, struct error *err)
{
    struct reader r = reader_with(file);
    struct zone zone = {0};
    struct counts counts;
    uint8_t version, second;

    if (name.size >= ZONE_NAME_MAX)
        return error_set(err, ERROR_LIMIT, "name of %zu bytes, more than %d", name.size, ZONE_NAME_MAX - 1);
    if (name.size > 0)
        memcpy(zone.name, name.at, name.size);
    if (!read_header(&r, &counts, &version, err) || !take_block(&r, &counts, 4, &zone, err))
        return false;
    /* The first block is for readers of the past; from version 2 on the second one has everything. */
    if (version != 0 && (!read_header(&r, &counts, &second, err) || !take_block(&r, &counts, 8, &zone, err)))
        return false;
    if (!check_tables(&zone, counts.designations, err))
        return false;
    if (version != 0 && !read_footer(&r, &zone, err))
        return false;
    *out = zone;
    return true;
}

struct zone zone_utc(void)
{
    return (struct zone){.name = "UTC", .has_footer = true, .footer_designation = TEXT("UTC")};
}

static bool name_allowed(struct text name)
{
    if (name.size == 0 || name.size >= ZONE_NAME_MAX || name.at[0] == '/')
        return false;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.at[i];
        if (!is_letter(c) && !is_digit(c) && c != '+' && c != '-' && c != '_' && c != '/')
            return false; /* no dot is allowed, so no ".." either */
    }
    return true;
}

bool zone_open(const char *folder, struct text name, struct arena *arena, struct zone *out, struct error *err)
{
    struct bytes file;

    if (text_equal(name, TEXT("UTC"))) {
        *out = zone_utc();
        return true;
    }
    if (!name_allowed(name))
        return error_set(err, ERROR_INPUT, "\"%.*s\" is not a name of a time zone", TEXT_ARG(name));
    char *string = text_string(arena, name);
    char *path = string == NULL ? NULL : file_path(arena, folder, string);
    if (path == NULL)
        return arena_full(arena, err);
    if (!file_read(path, LIMIT_ZONE_FILE, arena, &file, err)) {
        if (err->kind == ERROR_ABSENT)
            return error_set(err, ERROR_ABSENT, "no time zone \"%.*s\" below %s", TEXT_ARG(name), folder);
        return false;
    }
    if (!zone_parse(file, name, out, err))
        return error_at(err, "%s", path);
    return true;
}

/* -- what holds when -- */

/* Seconds since 1970 of 00:00 on the first of the year, as if it were UTC. */
static int64_t year_start_s(int32_t year)
{
    return time_from_civil((struct civil){.year = year, .month = 1, .day = 1}) / TIME_SECOND_US;
}

static int64_t change_day_s(const struct zone_change *change, int32_t year)
{
    int64_t start_s = year_start_s(year);

    if (change->kind != ZONE_DAY_OF_MONTH) {
        bool leap = civil_days_in_month(year, 2) == 29;
        int32_t day = change->day;
        if (change->kind == ZONE_DAY_JULIAN)
            day = day - 1 + (leap && day >= 60); /* J60 is always the first of March */
        return start_s + (int64_t)day * DAY_S;
    }
    struct civil first = {.year = year, .month = change->month, .day = 1};
    int32_t sunday_based = (civil_weekday(first) + 1) % 7;
    int32_t day = 1 + (change->day - sunday_based + 7) % 7 + (change->week - 1) * 7;
    while (day > civil_days_in_month(year, change->month))
        day -= 7; /* week 5 is the last one */
    first.day = day;
    return time_from_civil(first) / TIME_SECOND_US;
}

/* Where t lies between the footer's changes of the years around it. */
static struct segment footer_segment(const struct zone *zone, int64_t t_s)
{
    struct zone_moment standard = {zone->footer_offset_s, false, zone->footer_designation};
    struct zone_moment summer = {zone->footer_dst_offset_s, true, zone->footer_dst_designation};
    struct segment segment = {INT64_MIN, INT64_MAX, standard};

    if (!zone->footer_dst)
        return segment;
    int32_t year = time_civil(t_s * TIME_SECOND_US).year;
    int32_t first = year > 2 ? year - 1 : 1, last = year < 9998 ? year + 1 : 9999;
    for (int32_t y = first; y <= last; y++) {
        int64_t begin_s =
            change_day_s(&zone->footer_begin, y) + zone->footer_begin.time_s - standard.offset_s;
        int64_t end_s = change_day_s(&zone->footer_end, y) + zone->footer_end.time_s - summer.offset_s;
        /* Of two changes at one instant the later year's counts: summer time all year is written so. */
        if (begin_s <= t_s && begin_s >= segment.start_s)
            segment.start_s = begin_s, segment.moment = summer;
        if (end_s <= t_s && end_s > segment.start_s)
            segment.start_s = end_s, segment.moment = standard;
        if (begin_s > t_s && begin_s < segment.end_s)
            segment.end_s = begin_s;
        if (end_s > t_s && end_s < segment.end_s)
            segment.end_s = end_s;
    }
    return segment;
}

static struct zone_moment type_moment(const struct zone *zone, size_t index)
{
    const uint8_t *type = zone->types + index * TYPE_SIZE;

    return (struct zone_moment){s32_at(type), type[4] == 1, text_of(zone->designations + type[5])};
}

/* Index of the last time that is not after t; only when there is one. */
static size_t last_change(const struct zone *zone, int64_t t_s)
{
    size_t low = 0, high = zone->time_count;

    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (time_at(zone, middle) <= t_s)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static struct segment segment_at(const struct zone *zone, int64_t t_s)
{
    size_t count = zone->time_count;

    if (count == 0 && zone->has_footer)
        return footer_segment(zone, t_s);
    if (count == 0)
        return (struct segment){INT64_MIN, INT64_MAX, type_moment(zone, 0)};
    if (t_s < time_at(zone, 0))
        return (struct segment){INT64_MIN, time_at(zone, 0), type_moment(zone, 0)};
    size_t index = last_change(zone, t_s);
    int64_t start_s = time_at(zone, index);
    if (index + 1 < count)
        return (struct segment){start_s, time_at(zone, index + 1), type_moment(zone, zone->indexes[index])};
    if (!zone->has_footer)
        return (struct segment){start_s, INT64_MAX, type_moment(zone, zone->indexes[index])};
    struct segment segment = footer_segment(zone, t_s);
    if (segment.start_s < start_s)
        segment.start_s = start_s;
    return segment;
}

static int64_t floor_seconds(int64_t us)
{
    return us / TIME_SECOND_US - (us % TIME_SECOND_US < 0);
}

struct zone_moment zone_moment(const struct zone *zone, int64_t us)
{
    return segment_at(zone, floor_seconds(us)).moment;
}

struct civil zone_civil(const struct zone *zone, int64_t us)
{
    return time_civil(us + zone_moment(zone, us).offset_s * TIME_SECOND_US);
}

int64_t zone_time(const struct zone *zone, struct civil local)
{
    int64_t local_s = time_from_civil(local) / TIME_SECOND_US;
    /* Nowhere is a clock more than OFFSET_MAX_S ahead, so the instant cannot lie before this one. */
    struct segment segment = segment_at(zone, local_s - OFFSET_MAX_S);

    for (int i = 0; i < SEGMENTS_MAX; i++) {
        int64_t t_s = local_s - segment.moment.offset_s;
        if (t_s < segment.start_s)
            return segment.start_s * TIME_SECOND_US; /* skipped: the change jumped over it */
        if (t_s < segment.end_s)
            return t_s * TIME_SECOND_US;
        segment = segment_at(zone, segment.end_s);
    }
    return (local_s - segment.moment.offset_s) * TIME_SECOND_US;
}
