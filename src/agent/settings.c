#include "agent/settings.h"

#include <time.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/time.h"
#include "flow/config_path.h"
#include "format/yaml.h"

#define SETTINGS_FILE   "agent.yaml"
#define BUDGET_STANDARD (20 * MIB)

/* What stands in the file. */
struct in_file {
    const char *work, *metered, *proxy, *rate, *rate_hours, *metered_budget;
};

#define TEXT_KEY(key)                                                                                        \
    CYAML_FIELD_STRING_PTR(#key, CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL, struct in_file, key, 1,           \
                           LIMIT_YAML_TEXT)
static const cyaml_schema_field_t fields[] = {
    TEXT_KEY(work),       TEXT_KEY(metered),        TEXT_KEY(proxy), TEXT_KEY(rate),
    TEXT_KEY(rate_hours), TEXT_KEY(metered_budget), CYAML_FIELD_END,
};
static const cyaml_schema_value_t schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct in_file, fields),
};

/* ---- what the values must be ---- */

static bool is_one_of(struct text value, const char *const *words, size_t *index)
{
    for (size_t i = 0; words[i] != NULL; i++)
        if (text_equal(value, text_of(words[i]))) {
            *index = i;
            return true;
        }
    return false;
}

static const char *const yes_or_no[] = {"no", "yes", NULL};
static const char *const metered_words[] = {"auto", "yes", "no", NULL};

static bool check_work(void *self, struct text value, struct error *err)
{
    size_t index;

    (void)self;
    return is_one_of(value, yes_or_no, &index) ||
           error_set(err, ERROR_INPUT, "\"%.*s\" is neither yes nor no", TEXT_ARG(value));
}

static bool check_metered(void *self, struct text value, struct error *err)
{
    size_t index;

    (void)self;
    return is_one_of(value, metered_words, &index) ||
           error_set(err, ERROR_INPUT, "\"%.*s\" is not auto, yes or no", TEXT_ARG(value));
}

static bool check_proxy(void *self, struct text value, struct error *err)
{
    (void)self;
    return text_starts(value, TEXT("http://")) || text_starts(value, TEXT("https://")) ||
           text_starts(value, TEXT("socks5h://")) ||
           error_set(err, ERROR_INPUT, "\"%.*s\" does not begin with http://, https:// or socks5h://",
                     TEXT_ARG(value));
}

/* "500k", "20M", "1000000". */
static bool parse_size(struct text value, uint64_t *out, struct error *err)
{
    static const struct {
        const char *unit;
        uint64_t bytes;
    } units[] = {{"k", 1000}, {"M", 1000000}, {"G", 1000000000}};
    uint64_t times = 1, number;

    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
        if (text_ends(value, text_of(units[i].unit))) {
            times = units[i].bytes;
            value.size--;
            break;
        }
    if (!text_to_u64(value, &number, err))
        return false;
    if (number > UINT32_MAX)
        return error_set(err, ERROR_INPUT, "%llu is too much", (unsigned long long)number);
    *out = number * times;
    return true;
}

static bool check_size(void *self, struct text value, struct error *err)
{
    uint64_t ignored;

    (void)self;
    return parse_size(value, &ignored, err);
}

/* "08:00" */
static bool parse_minute(struct text text, uint16_t *out)
{
    uint64_t hour, minute;
    struct error ignored;

    if (text.size != 5 || text.at[2] != ':' || !text_to_u64(text_part(text, 0, 2), &hour, &ignored) ||
        !text_to_u64(text_part(text, 3, 2), &minute, &ignored) || hour > 24 || minute > 59)
        return false;
    *out = (uint16_t)(hour * 60 + minute);
    return true;
}

static bool parse_hours(struct text value, uint16_t *from, uint16_t *to, struct error *err)
{
    struct text begin, rest = value;

    return (text_cut(&rest, '-', &begin) && parse_minute(begin, from) && parse_minute(rest, to) &&
            *from != *to) ||
           error_set(err, ERROR_INPUT, "\"%.*s\" is not of the form 08:00-18:00", TEXT_ARG(value));
}

static bool check_hours(void *self, struct text value, struct error *err)
{
    uint16_t from, to;

    (void)self;
    return parse_hours(value, &from, &to, err);
}

static const struct yaml_check checks[] = {
    {"work", check_work},        {"metered", check_metered},     {"proxy", check_proxy}, {"rate", check_size},
    {"rate_hours", check_hours}, {"metered_budget", check_size}, {NULL, NULL},
};
static const struct yaml_form form = {&schema, checks, NULL};

bool agent_settings_parse(struct bytes raw, struct text name, struct arena *arena, struct agent_settings *out,
                          struct error *err)
{
    struct agent_settings got = {.metered_budget = BUDGET_STANDARD};
    const struct in_file *file;
    void *read = NULL;
    size_t index = 0;

    if (!yaml_read(raw, name, &form, arena, &read, err))
        return false;
    file = read;
    if (file->work != NULL && is_one_of(text_of(file->work), yes_or_no, &index))
        got.watch_only = index == 0;
    if (file->metered != NULL && is_one_of(text_of(file->metered), metered_words, &index))
        got.metered = (enum agent_metered)index;
    got.proxy = file->proxy;
    if ((file->rate != NULL && !parse_size(text_of(file->rate), &got.rate_max, err)) ||
        (file->metered_budget != NULL &&
         !parse_size(text_of(file->metered_budget), &got.metered_budget, err)) ||
        (file->rate_hours != NULL &&
         !parse_hours(text_of(file->rate_hours), &got.rate_from_minute, &got.rate_to_minute, err)))
        return false;
    *out = got;
    return true;
}

bool agent_settings_read(struct arena *arena, struct agent_settings *out, struct error *err)
{
    const char *path = NULL;
    struct bytes raw;

    if (!config_path(SETTINGS_FILE, arena, &path, err))
        return false;
    if (path == NULL) {
        *out = (struct agent_settings){.metered_budget = BUDGET_STANDARD};
        return true;
    }
    return file_read(path, LIMIT_YAML_FILE, arena, &raw, err) &&
           agent_settings_parse(raw, text_of(path), arena, out, err);
}

uint64_t agent_settings_rate(const struct agent_settings *settings, unsigned minute)
{
    unsigned from = settings->rate_from_minute, to = settings->rate_to_minute;
    bool inside = from == to || (from < to ? minute >= from && minute < to : minute >= from || minute < to);

    return inside ? settings->rate_max : 0;
}

uint64_t agent_settings_rate_now(const struct agent_settings *settings, int64_t now_us)
{
    time_t now = (time_t)(now_us / TIME_SECOND_US);
    struct tm local = {0};

    (void)localtime_r(&now, &local);
    return agent_settings_rate(settings, (unsigned)(local.tm_hour * 60 + local.tm_min));
}
