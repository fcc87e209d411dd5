#include "cli/words.h"

#include <ctype.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/os.h"

#define VERSION_WIDTH_MAX 14

struct text words_size(struct arena *arena, uint64_t bytes)
{
    if (bytes < 1000)
        return text_format(arena, "%u B", (unsigned)bytes);
    if (bytes < 50000)
        return text_format(arena, "%u kB", (unsigned)((bytes + 500) / 1000));
    if (bytes < 9950000)
        return text_format(arena, "%u.%u MB", (unsigned)((bytes + 50000) / 1000000),
                           (unsigned)((bytes + 50000) / 100000 % 10));
    if (bytes < UINT64_C(9950000000))
        return text_format(arena, "%u MB", (unsigned)((bytes + 500000) / 1000000));
    return text_format(arena, "%llu GB", (unsigned long long)((bytes + 500000000) / 1000000000));
}

struct text words_age(struct arena *arena, int64_t from_us, int64_t now_us)
{
    int64_t minutes = (now_us - from_us) / TIME_MINUTE_US;

    if (minutes < 1)
        return TEXT("now");
    if (minutes < 60)
        return text_format(arena, "%lld min", (long long)minutes);
    if (minutes < 48 * 60)
        return text_format(arena, "%lld h", (long long)(minutes / 60));
    return text_format(arena, "%lld d", (long long)(minutes / (24 * 60)));
}

struct text words_day(struct arena *arena, const struct zone *zone, int64_t us, int64_t now_us)
{
    struct civil day = zone_civil(zone, us), now = zone_civil(zone, now_us);

    if (day.year != now.year)
        return text_format(arena, "%d %s %d", day.day, civil_month_name(day.month), day.year);
    return text_format(arena, "%d %s", day.day, civil_month_name(day.month));
}

struct text words_weekday(struct arena *arena, const struct zone *zone, int64_t us, int64_t now_us)
{
    struct civil day = zone_civil(zone, us), now = zone_civil(zone, now_us);
    struct civil tomorrow = zone_civil(zone, now_us + TIME_DAY_US);

    if (day.year == now.year && day.month == now.month && day.day == now.day)
        return TEXT("today");
    if (day.year == tomorrow.year && day.month == tomorrow.month && day.day == tomorrow.day)
        return TEXT("tomorrow");
    return text_format(arena, "%s %d %s", civil_weekday_name(civil_weekday(day)), day.day,
                       civil_month_name(day.month));
}

struct text words_moment(struct arena *arena, const struct zone *zone, int64_t us)
{
    struct civil c = zone_civil(zone, us);

    return text_format(arena, "%s %d %s %d %02d:%02d", civil_weekday_name(civil_weekday(c)), c.day,
                       civil_month_name(c.month), c.year, c.hour, c.minute);
}

struct text words_count(struct arena *arena, uint64_t count, const char *one, const char *many)
{
    return text_format(arena, "%llu %s", (unsigned long long)count, count == 1 ? one : many);
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) != 0;
}

/* Where the first token that differs begins; a token is a run of digits or of letters. */
static size_t first_difference(struct text a, struct text b)
{
    size_t at = 0;

    while (at < a.size && at < b.size && a.at[at] == b.at[at])
        at++;
    if (at == b.size)
        return at;
    bool digits = isdigit((unsigned char)b.at[at]) != 0;
    while (at > 0 && is_word(b.at[at - 1]) && (isdigit((unsigned char)b.at[at - 1]) != 0) == digits &&
           is_word(b.at[at]))
        at--;
    return at;
}

struct text words_version(struct text installed, struct text candidate)
{
    size_t from = first_difference(installed, candidate), to, begin = from;

    bool separated =
        from < candidate.size && !is_word(candidate.at[from]); /* "+b1": brings its own separator */
    for (to = from + separated; to < candidate.size && is_word(candidate.at[to]);)
        to++;
    /* What stands before makes it readable: the letters of "u5", the point of ".21". */
    if (!separated && begin > 0 && is_word(candidate.at[begin - 1]))
        while (begin > 0 && from - begin < 3 && isalpha((unsigned char)candidate.at[begin - 1]))
            begin--;
    else if (!separated && begin > 0)
        begin--;
    struct text part = text_part(candidate, begin, to - begin);
    if (begin == 0 || to <= from || part.size > VERSION_WIDTH_MAX)
        return text_part(candidate, 0, VERSION_WIDTH_MAX);
    return part;
}

struct zone words_local_zone(struct arena *arena)
{
    const char *name = os_environment("TZ");
    char link[256];
    struct text zone_name;
    struct zone zone;
    struct error err;

    if (name != NULL) {
        zone_name = text_of(name[0] == ':' ? name + 1 : name);
    } else {
        ssize_t size = readlink("/etc/localtime", link, sizeof(link));
        zone_name = (struct text){link, size > 0 ? (size_t)size : 0};
        size_t at = text_find(zone_name, TEXT("zoneinfo/"));
        zone_name =
            at == SIZE_MAX ? TEXT("UTC") : text_part(zone_name, at + sizeof("zoneinfo/") - 1, SIZE_MAX);
    }
    /* A zone that cannot be read leaves UTC, which every screen names. */
    return zone_open(ZONE_FOLDER, zone_name, arena, &zone, &err) ? zone : zone_utc();
}
