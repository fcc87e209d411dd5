#include "base/time.h"

#include <assert.h>
#include <time.h>

#define DAY_SECONDS 86400
#define FIRST_US    (INT64_C(-62135596800) * TIME_SECOND_US)     /* 0001-01-01T00:00:00Z */
#define LAST_US     (INT64_C(253402300800) * TIME_SECOND_US - 1) /* the end of 9999 */

static const char *const month_names[12] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
static const char *const weekday_names[7] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

static int64_t clock_us(clockid_t id)
{
    struct timespec now = {0};

    (void)clock_gettime(id, &now); /* cannot fail for the clocks asked here */
    return (int64_t)now.tv_sec * TIME_SECOND_US + now.tv_nsec / 1000;
}

int64_t time_now_us(void)
{
    return clock_us(CLOCK_REALTIME);
}

int64_t time_cpu_us(void)
{
    return clock_us(CLOCK_PROCESS_CPUTIME_ID);
}

static bool is_leap(int32_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int32_t civil_days_in_month(int32_t year, int32_t month)
{
    static const int8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    assert(month >= 1 && month <= 12);
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

bool civil_valid(struct civil c)
{
    return c.year >= 1 && c.year <= 9999 && c.month >= 1 && c.month <= 12 && c.day >= 1 &&
           c.day <= civil_days_in_month(c.year, c.month) && c.hour >= 0 && c.hour <= 23 && c.minute >= 0 &&
           c.minute <= 59 && c.second >= 0 && c.second <= 59;
}

/* Days since 1970-01-01. Years are counted from March, so that the leap day is the last of a year, in eras of 400 years
 * (146,097 days) that all look the same. */
static int64_t days_from_civil(struct civil c)
{
    int64_t year = (int64_t)c.year - (c.month <= 2);
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (c.month + (c.month > 2 ? -3 : 9)) + 2) / 5 + c.day - 1;

    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

int64_t time_from_civil(struct civil c)
{
    assert(civil_valid(c));
    return (days_from_civil(c) * DAY_SECONDS + c.hour * 3600 + c.minute * 60 + c.second) * TIME_SECOND_US;
}

static int64_t within_years(int64_t us)
{
    return us < FIRST_US ? FIRST_US : us > LAST_US ? LAST_US : us;
}

struct civil time_civil(int64_t given_us)
{
    int64_t us = within_years(given_us);
    int64_t seconds = us / TIME_SECOND_US - (us % TIME_SECOND_US < 0);
    int64_t days = seconds / DAY_SECONDS - (seconds % DAY_SECONDS < 0);
    int64_t rest = seconds - days * DAY_SECONDS;
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int32_t month = (int32_t)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);

    return (struct civil){
        .year = (int32_t)(year_of_era + era * 400 + (month <= 2)),
        .month = month,
        .day = (int32_t)(day_of_year - (153 * month_from_march + 2) / 5 + 1),
        .hour = (int32_t)(rest / 3600),
        .minute = (int32_t)(rest / 60 % 60),
        .second = (int32_t)(rest % 60),
    };
}

struct civil civil_add_months(struct civil c, int32_t months)
{
    int64_t month = (int64_t)c.year * 12 + (c.month - 1) + months;

    month = month < 12 ? 12 : month > 9999 * 12 + 11 ? 9999 * 12 + 11 : month;
    c.year = (int32_t)(month / 12);
    c.month = (int32_t)(month % 12) + 1;
    int32_t last = civil_days_in_month(c.year, c.month);
    if (c.day > last)
        c.day = last;
    return c;
}

int32_t civil_weekday(struct civil c)
{
    int64_t days = days_from_civil(c);

    return (int32_t)(((days + 3) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
}

const char *civil_weekday_name(int32_t weekday)
{
    assert(weekday >= 0 && weekday < 7);
    return weekday_names[weekday];
}

const char *civil_month_name(int32_t month)
{
    assert(month >= 1 && month <= 12);
    return month_names[month - 1];
}

/* Exactly `count` digits off the front. */
static bool take_digits(struct text *rest, size_t count, int32_t *out)
{
    int32_t value = 0;

    if (rest->size < count)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (rest->at[i] < '0' || rest->at[i] > '9')
            return false;
        value = value * 10 + (rest->at[i] - '0');
    }
    *rest = text_part(*rest, count, SIZE_MAX);
    *out = value;
    return true;
}

static bool take_byte(struct text *rest, char byte)
{
    if (rest->size == 0 || rest->at[0] != byte)
        return false;
    *rest = text_part(*rest, 1, SIZE_MAX);
    return true;
}

/* ".123456789": digits past the sixth are read and dropped. */
static bool take_fraction(struct text *rest, int32_t *out_us)
{
    int32_t digit, scale = 100000, us = 0;
    size_t count = 0;

    while (take_digits(rest, 1, &digit)) {
        us += digit * scale;
        scale /= 10;
        count++;
    }
    *out_us = us;
    return count > 0;
}

/* "Z", "+01:00", "+0100" */
static bool take_offset(struct text *rest, int64_t *out_us)
{
    int32_t hours, minutes;
    bool west = rest->size > 0 && rest->at[0] == '-';

    if (take_byte(rest, 'Z') || take_byte(rest, 'z')) {
        *out_us = 0;
        return true;
    }
    if (!take_byte(rest, west ? '-' : '+') || !take_digits(rest, 2, &hours))
        return false;
    (void)take_byte(rest, ':');
    if (!take_digits(rest, 2, &minutes) || hours > 14 || minutes > 59)
        return false;
    *out_us = (hours * TIME_HOUR_US + minutes * TIME_MINUTE_US) * (west ? -1 : 1);
    return true;
}

static bool take_date(struct text *rest, struct civil *c)
{
    return take_digits(rest, 4, &c->year) && take_byte(rest, '-') && take_digits(rest, 2, &c->month) &&
           take_byte(rest, '-') && take_digits(rest, 2, &c->day);
}

static bool take_time_of_day(struct text *rest, struct civil *c, int32_t *fraction_us)
{
    if (!take_digits(rest, 2, &c->hour) || !take_byte(rest, ':') || !take_digits(rest, 2, &c->minute))
        return false;
    if (!take_byte(rest, ':'))
        return true;
    if (!take_digits(rest, 2, &c->second))
        return false;
    if (c->second == 60)
        c->second = 59; /* a leap second is the second before it here */
    return !take_byte(rest, '.') || take_fraction(rest, fraction_us);
}

/* Local time as UTC; false when that is outside of the years that can be written. */
static bool take_offset_off(int64_t local_us, int64_t offset_us, int64_t *out_us)
{
    int64_t us = local_us - offset_us;

    if (us != within_years(us))
        return false;
    *out_us = us;
    return true;
}

static bool no_time(struct text text, struct error *err)
{
    return error_set(err, ERROR_INPUT, "\"%.*s\" is not a time", TEXT_ARG(text_part(text, 0, 40)));
}

bool time_parse(struct text text, int64_t *out_us, struct error *err)
{
    struct text rest = text;
    struct civil c = {0};
    int32_t fraction_us = 0;
    int64_t offset_us = 0;

    if (!take_date(&rest, &c))
        return no_time(text, err);
    if (rest.size > 0) {
        if (!take_byte(&rest, 'T') && !take_byte(&rest, 't') && !take_byte(&rest, ' '))
            return no_time(text, err);
        if (!take_time_of_day(&rest, &c, &fraction_us) || (rest.size > 0 && !take_offset(&rest, &offset_us)))
            return no_time(text, err);
    }
    if (rest.size > 0 || !civil_valid(c))
        return no_time(text, err);
    return take_offset_off(time_from_civil(c) + fraction_us, offset_us, out_us) || no_time(text, err);
}

static bool month_of_name(struct text name, int32_t *out)
{
    for (int32_t i = 0; i < 12; i++)
        if (text_equal_caseless(name, text_of(month_names[i]))) {
            *out = i + 1;
            return true;
        }
    return false;
}

/* "21 Nov 2026" or "5 Nov 2026" */
static bool take_day_month_year(struct text *rest, struct civil *c)
{
    struct text day, month, year;

    if (!text_cut_word(rest, &day) || !text_cut_word(rest, &month) || !text_cut_word(rest, &year))
        return false;
    return day.size >= 1 && day.size <= 2 && take_digits(&day, day.size, &c->day) &&
           month_of_name(month, &c->month) && year.size == 4 && take_digits(&year, 4, &c->year);
}

bool time_parse_day_month(struct text text, int64_t *out_us, struct error *err)
{
    struct text rest = text, more;
    struct civil c = {0};

    if (!take_day_month_year(&rest, &c) || text_cut_word(&rest, &more) || !civil_valid(c))
        return no_time(text, err);
    *out_us = time_from_civil(c);
    return true;
}

static bool is_weekday(struct text name)
{
    for (size_t i = 0; i < 7; i++)
        if (text_equal_caseless(text_trim(name), text_of(weekday_names[i])))
            return true;
    return false;
}

bool time_parse_mail(struct text text, int64_t *out_us, struct error *err)
{
    struct text rest = text, clock, zone, more;
    struct civil c = {0};
    int32_t fraction_us = 0;
    int64_t offset_us = 0;
    size_t comma = text_find_byte(text, ',');

    if (comma != SIZE_MAX && !is_weekday(text_part(text, 0, comma)))
        return no_time(text, err);
    if (comma != SIZE_MAX)
        rest = text_part(rest, comma + 1, SIZE_MAX);
    if (!take_day_month_year(&rest, &c) || !text_cut_word(&rest, &clock) ||
        !take_time_of_day(&clock, &c, &fraction_us) || clock.size > 0)
        return no_time(text, err);
    if (!text_cut_word(&rest, &zone) || text_cut_word(&rest, &more) || !civil_valid(c))
        return no_time(text, err);
    if (!text_equal(zone, TEXT("UTC")) && !text_equal(zone, TEXT("GMT")))
        if (!take_offset(&zone, &offset_us) || zone.size > 0)
            return no_time(text, err);
    return take_offset_off(time_from_civil(c), offset_us, out_us) || no_time(text, err);
}

void time_write_date(struct writer *w, int64_t us)
{
    struct civil c = time_civil(us);

    writer_format(w, "%04d-%02d-%02d", c.year, c.month, c.day);
}

void time_write(struct writer *w, int64_t given_us)
{
    int64_t us = within_years(given_us);
    struct civil c = time_civil(us);
    int64_t fraction_us = (us % TIME_SECOND_US + TIME_SECOND_US) % TIME_SECOND_US;

    assert(given_us != TIME_ABSENT);
    time_write_date(w, us);
    writer_format(w, "T%02d:%02d:%02d", c.hour, c.minute, c.second);
    if (fraction_us != 0)
        writer_format(w, ".%06d", (int)fraction_us);
    writer_string(w, "Z");
}
