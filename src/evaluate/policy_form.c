#include "evaluate/policy_form.h"

#include "base/file.h"
#include "base/limits.h"
#include "evaluate/data_read.h"

#define OPTIONAL        CYAML_FLAG_OPTIONAL
#define STRICT          CYAML_FLAG_STRICT
#define POINTER         CYAML_FLAG_POINTER

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))
#define TEXT_FIELD(key, type, name)                                                                          \
    CYAML_FIELD_STRING_PTR(key, POINTER, struct type, name, 1, LIMIT_YAML_TEXT)
#define TEXT_FIELD_OPTIONAL(key, type, name)                                                                 \
    CYAML_FIELD_STRING_PTR(key, POINTER | OPTIONAL, struct type, name, 1, LIMIT_YAML_TEXT)
#define LIST_FIELD(key, flags, type, list, list_count)                                                       \
    CYAML_FIELD_SEQUENCE_COUNT(key, POINTER | (flags), struct type, list, list_count, &text_entry, 1,        \
                               LIMIT_YAML_LIST)

/* -- the form -- */

static const cyaml_schema_value_t text_entry = {CYAML_VALUE_STRING(POINTER, const char, 1, LIMIT_YAML_TEXT)};

static const cyaml_strval_t day_bits[] = {{"mon", 1},  {"tue", 2},  {"wed", 4}, {"thu", 8},
                                          {"fri", 16}, {"sat", 32}, {"sun", 64}};
static const cyaml_strval_t exposure_words[] = {
    {"small", EXPOSURE_SMALL}, {"controlled", EXPOSURE_CONTROLLED}, {"open", EXPOSURE_OPEN}};
static const cyaml_strval_t impact_words[] = {
    {"low", IMPACT_LOW}, {"medium", IMPACT_MEDIUM}, {"high", IMPACT_HIGH}, {"very high", IMPACT_VERY_HIGH}};
static const cyaml_strval_t safety_words[] = {{"negligible", SAFETY_NEGLIGIBLE},
                                              {"marginal", SAFETY_MARGINAL},
                                              {"critical", SAFETY_CRITICAL},
                                              {"catastrophic", SAFETY_CATASTROPHIC}};
static const cyaml_strval_t mission_words[] = {{"degraded", MISSION_DEGRADED},
                                               {"mef support crippled", MISSION_CRIPPLED},
                                               {"mef failure", MISSION_MEF_FAILURE},
                                               {"mission failure", MISSION_FAILURE}};

static const cyaml_strval_t powers_words[] = {{"hold", FILE_POWERS_HOLD}, {"take", FILE_POWERS_TAKE}};
static const cyaml_strval_t reboot_words[] = {{"never", FILE_REBOOT_NEVER},
                                              {"in window", FILE_REBOOT_IN_WINDOW}};

#define WORD_FIELD(key, type, name, words)                                                                   \
    CYAML_FIELD_ENUM(key, OPTIONAL | STRICT, struct type, name, words, COUNT_OF(words))
#define DAYS_FIELD(type)                                                                                     \
    CYAML_FIELD_FLAGS("days", OPTIONAL | STRICT, struct type, days, day_bits, COUNT_OF(day_bits))

static const cyaml_schema_field_t window_fields[] = {
    DAYS_FIELD(file_window),
    TEXT_FIELD("start", file_window, start),
    TEXT_FIELD("length", file_window, length),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t busy_fields[] = {
    DAYS_FIELD(file_busy),
    TEXT_FIELD("from", file_busy, from),
    TEXT_FIELD("to", file_busy, to),
    CYAML_FIELD_UINT("weight", CYAML_FLAG_DEFAULT, struct file_busy, weight),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t cost_fields[] = {
    CYAML_FIELD_UINT_PTR("users", POINTER | OPTIONAL, struct file_cost, users),
    CYAML_FIELD_UINT_PTR("downtime minutes", POINTER | OPTIONAL, struct file_cost, downtime),
    CYAML_FIELD_UINT_PTR("restore minutes", POINTER | OPTIONAL, struct file_cost, restore),
    CYAML_FIELD_UINT_PTR("breaking percent", POINTER | OPTIONAL, struct file_cost, breaking),
    CYAML_FIELD_MAPPING_PTR("busy", POINTER | OPTIONAL, struct file_cost, busy, busy_fields),
    CYAML_FIELD_END,
};

#define ASSET_FIELDS(type)                                                                                   \
    LIST_FIELD("hosts", OPTIONAL, type, asset.hosts.at, asset.hosts.count),                                  \
        LIST_FIELD("packages", OPTIONAL, type, asset.packages.at, asset.packages.count),                     \
        LIST_FIELD("sources", OPTIONAL, type, asset.sources.at, asset.sources.count)

static const cyaml_schema_field_t class_fields[] = {
    TEXT_FIELD("name", file_class, name),
    ASSET_FIELDS(file_class),
    WORD_FIELD("exposure", file_class, exposure, exposure_words),
    WORD_FIELD("impact", file_class, impact, impact_words),
    WORD_FIELD("safety", file_class, safety, safety_words),
    WORD_FIELD("mission", file_class, mission, mission_words),
    CYAML_FIELD_BOOL("dispensable", OPTIONAL, struct file_class, dispensable),
    CYAML_FIELD_MAPPING_PTR("window", POINTER | OPTIONAL, struct file_class, window, window_fields),
    CYAML_FIELD_MAPPING_PTR("cost", POINTER | OPTIONAL, struct file_class, cost, cost_fields),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t exception_fields[] = {
    ASSET_FIELDS(file_exception),
    LIST_FIELD("ids", OPTIONAL, file_exception, asset.ids.at, asset.ids.count),
    TEXT_FIELD("end", file_exception, end),
    TEXT_FIELD("reason", file_exception, reason),
    TEXT_FIELD("measure", file_exception, measure),
    LIST_FIELD("signers", CYAML_FLAG_DEFAULT, file_exception, signers.at, signers.count),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t decide_fields[] = {
    TEXT_FIELD_OPTIONAL("urgency table", file_decide, table),
    TEXT_FIELD_OPTIONAL("functional updates", file_decide, functional),
    TEXT_FIELD_OPTIONAL("minimum age", file_decide, minimum_age),
    TEXT_FIELD_OPTIONAL("vendor archive after", file_decide, vendor_after),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t unattended_fields[] = {
    WORD_FIELD("new powers", file_unattended, powers, powers_words),
    LIST_FIELD("held powers", OPTIONAL, file_unattended, held_powers.at, held_powers.count),
    LIST_FIELD("new packages", OPTIONAL, file_unattended, new_packages.at, new_packages.count),
    WORD_FIELD("reboot", file_unattended, reboot, reboot_words),
    CYAML_FIELD_UINT_PTR("battery percent", POINTER | OPTIONAL, struct file_unattended, battery),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t check_fields[] = {
    TEXT_FIELD_OPTIONAL("unit", file_check, unit),
    TEXT_FIELD_OPTIONAL("tcp", file_check, tcp),
    TEXT_FIELD_OPTIONAL("http", file_check, http),
    TEXT_FIELD_OPTIONAL("command", file_check, command),
    TEXT_FIELD_OPTIONAL("within", file_check, within),
    CYAML_FIELD_UINT_PTR("status", POINTER | OPTIONAL, struct file_check, status),
    CYAML_FIELD_UINT_PTR("exit", POINTER | OPTIONAL, struct file_check, exit),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t check_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_check, check_fields),
};

static const cyaml_strval_t backup_words[] = {
    {"restic", BACKUP_RESTIC}, {"borg", BACKUP_BORG}, {"command", BACKUP_COMMAND}};

static const cyaml_schema_field_t hook_fields[] = {
    TEXT_FIELD("command", file_hook, command),
    TEXT_FIELD_OPTIONAL("within", file_hook, within),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t hook_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_hook, hook_fields),
};

static const cyaml_schema_field_t backup_fields[] = {
    CYAML_FIELD_ENUM("kind", STRICT, struct file_backup, kind, backup_words, COUNT_OF(backup_words)),
    TEXT_FIELD("command", file_backup, command),
    TEXT_FIELD("maximum age", file_backup, age),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t before_fields[] = {
    CYAML_FIELD_SEQUENCE_COUNT("hooks", POINTER | OPTIONAL, struct file_before, hooks, hook_count,
                               &hook_schema, 1, PRECAUTION_HOOKS_MAX),
    CYAML_FIELD_MAPPING_PTR("backup", POINTER | OPTIONAL, struct file_before, backup, backup_fields),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t after_fields[] = {
    CYAML_FIELD_SEQUENCE_COUNT("checks", POINTER, struct file_after, checks, check_count, &check_schema, 1,
                               POLICY_CHECKS_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t class_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_class, class_fields),
};
static const cyaml_schema_value_t exception_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_exception, exception_fields),
};

static const cyaml_schema_field_t policy_fields[] = {
    TEXT_FIELD("name", file_policy, name),
    CYAML_FIELD_UINT("version", CYAML_FLAG_DEFAULT, struct file_policy, version),
    TEXT_FIELD_OPTIONAL("time zone", file_policy, zone),
    CYAML_FIELD_SEQUENCE_COUNT("profiles", POINTER, struct file_policy, profiles.at, profiles.count,
                               &text_entry, 1, POLICY_PROFILES_MAX),
    CYAML_FIELD_SEQUENCE_COUNT("trust order", POINTER | OPTIONAL, struct file_policy, trust.at, trust.count,
                               &text_entry, 1, SCORE_SOURCE_COUNT),
    CYAML_FIELD_MAPPING_PTR("decide", POINTER | OPTIONAL, struct file_policy, decide, decide_fields),
    CYAML_FIELD_MAPPING_PTR("window", POINTER | OPTIONAL, struct file_policy, window, window_fields),
    CYAML_FIELD_MAPPING_PTR("cost", POINTER | OPTIONAL, struct file_policy, cost, cost_fields),
    CYAML_FIELD_MAPPING_PTR("unattended", POINTER | OPTIONAL, struct file_policy, unattended,
                            unattended_fields),
    CYAML_FIELD_SEQUENCE_COUNT("classes", POINTER | OPTIONAL, struct file_policy, classes, class_count,
                               &class_schema, 1, POLICY_CLASSES_MAX),
    CYAML_FIELD_SEQUENCE_COUNT("exceptions", POINTER | OPTIONAL, struct file_policy, exceptions,
                               exception_count, &exception_schema, 1, POLICY_EXCEPTIONS_MAX),
    CYAML_FIELD_MAPPING_PTR("before", POINTER | OPTIONAL, struct file_policy, before, before_fields),
    CYAML_FIELD_MAPPING_PTR("after", POINTER | OPTIONAL, struct file_policy, after, after_fields),
    CYAML_FIELD_END,
};

const cyaml_schema_value_t policy_form_schema = {
    CYAML_VALUE_MAPPING(POINTER, struct file_policy, policy_fields),
};

/* -- values -- */

static struct text shown(struct text value)
{
    return text_part(value, 0, 40);
}

char *policy_form_beside(const struct policy_reader *reader, struct text name)
{
    char *string = text_string(reader->arena, name);

    return string == NULL ? NULL : file_path(reader->arena, reader->folder, string);
}

char *policy_form_profile_path(const struct policy_reader *reader, struct text id)
{
    struct text name = text_format(reader->arena, "%.*s.yaml", TEXT_ARG(id));

    return name.at == NULL ? NULL : policy_form_beside(reader, name);
}

static bool check_profile(void *self, struct text value, struct error *err)
{
    const char *names[LIMIT_YAML_LIST] = {0};
    const struct policy_reader *reader = self;
    char hint[YAML_HINT_MAX];

    if (profiles_find(value) != NULL)
        return true;
    if (profile_id_allowed(value)) {
        const char *path = policy_form_profile_path(reader, value);
        if (path == NULL)
            return arena_full(reader->arena, err);
        if (file_exists(path))
            return true;
    }
    for (size_t i = 0; profiles[i] != NULL && i < LIMIT_YAML_LIST - 1; i++)
        names[i] = profiles[i]->id;
    yaml_hint(value, names, hint);
    return error_set(err, ERROR_INPUT, "no profile \"%.*s\" is built in or lies beside this file%s",
                     TEXT_ARG(shown(value)), hint);
}

enum score_source policy_form_source(struct text name)
{
    for (enum score_source source = SCORE_NVD; source < SCORE_SOURCE_COUNT; source++)
        if (text_equal(name, text_of(score_source_name(source))))
            return source;
    return SCORE_SOURCE_UNKNOWN;
}

static bool check_source(void *self, struct text value, struct error *err)
{
    const char *names[SCORE_SOURCE_COUNT] = {0};
    char hint[YAML_HINT_MAX];

    (void)self;
    if (policy_form_source(value) != SCORE_SOURCE_UNKNOWN)
        return true;
    for (enum score_source source = SCORE_NVD; source < SCORE_SOURCE_COUNT; source++)
        names[source - 1] = score_source_name(source);
    yaml_hint(value, names, hint);
    return error_set(err, ERROR_INPUT, "\"%.*s\" is no source of scores%s", TEXT_ARG(shown(value)), hint);
}

static bool check_zone(void *self, struct text value, struct error *err)
{
    const struct policy_reader *reader = self;
    struct zone ignored;

    return zone_open(reader->zone_folder, value, reader->arena, &ignored, err);
}

/* "03:00" as minutes; "24:00" only where an end is meant. */
bool policy_form_minute(struct text value, uint16_t max, uint16_t *out, struct error *err)
{
    struct text rest = value, hour;
    struct error ignored;
    uint64_t hours, minutes;

    if (value.size == 5 && value.at[2] == ':' && text_cut(&rest, ':', &hour) &&
        text_to_u64(hour, &hours, &ignored) && text_to_u64(rest, &minutes, &ignored) && minutes < 60 &&
        hours * 60 + minutes <= max) {
        *out = (uint16_t)(hours * 60 + minutes);
        return true;
    }
    return error_set(err, ERROR_INPUT, "\"%.*s\" is no time of day like \"03:00\"", TEXT_ARG(shown(value)));
}

static bool check_minute(void *self, struct text value, struct error *err)
{
    uint16_t ignored;

    (void)self;
    return policy_form_minute(value, 24 * 60 - 1, &ignored, err);
}

static bool check_end_minute(void *self, struct text value, struct error *err)
{
    uint16_t ignored;

    (void)self;
    return policy_form_minute(value, 24 * 60, &ignored, err);
}

bool policy_form_length(struct text value, uint16_t *out, struct error *err)
{
    struct duration duration;

    if (!duration_parse(value, &duration, err))
        return false;
    if (duration.unit != DURATION_HOURS || duration.count == 0 || duration.count > WINDOW_MINUTES_MAX / 60)
        return error_set(err, ERROR_INPUT, "a window is 1 to %d hours long", WINDOW_MINUTES_MAX / 60);
    *out = (uint16_t)(duration.count * 60);
    return true;
}

static bool check_length(void *self, struct text value, struct error *err)
{
    uint16_t ignored;

    (void)self;
    return policy_form_length(value, &ignored, err);
}

bool policy_form_functional(struct text value, struct duration *out, struct error *err)
{
    if (text_equal(value, TEXT("wait"))) {
        *out = (struct duration){0, DURATION_NEXT_UPGRADE};
        return true;
    }
    if (duration_parse(value, out, err) && out->unit != DURATION_NEXT_UPGRADE)
        return true;
    return error_set(err, ERROR_INPUT, "\"%.*s\" is neither \"wait\" nor a time span like \"3 months\"",
                     TEXT_ARG(shown(value)));
}

static bool check_functional(void *self, struct text value, struct error *err)
{
    struct duration ignored;

    (void)self;
    return policy_form_functional(value, &ignored, err);
}

/* Vendors make their security lists anew about daily: much later is never, and sooner would be always. */
bool policy_form_vendor_after(struct text value, struct duration *out, struct error *err)
{
    struct duration after;

    if (!policy_form_age(value, &after, err))
        return false;
    int64_t us = duration_add(after, 0, &policy_built_in.zone);
    if (us < TIME_DAY_US || us > 30 * TIME_DAY_US)
        return error_set(err, ERROR_INPUT, "the vendor's archive is asked after 1 to 30 days");
    *out = after;
    return true;
}

static bool check_vendor_after(void *self, struct text value, struct error *err)
{
    struct duration ignored;

    (void)self;
    return policy_form_vendor_after(value, &ignored, err);
}

/* A wait that nobody lives to see the end of would be a way to keep updates out; a hole that is closed does not wait. */
static bool check_minimum_age(void *self, struct text value, struct error *err)
{
    struct duration age;

    (void)self;
    if (!policy_form_age(value, &age, err))
        return false;
    return duration_add(age, 0, &policy_built_in.zone) <= POLICY_MINIMUM_AGE_MAX_US ||
           error_set(err, ERROR_INPUT, "a version waits 90 days at most");
}

enum power_kind policy_form_power(struct text name)
{
    for (enum power_kind kind = POWER_SCRIPT; kind < POWER_KIND_COUNT; kind++)
        if (text_equal(name, text_of(power_kind_name(kind))))
            return kind;
    return POWER_UNKNOWN;
}

static bool check_power(void *self, struct text value, struct error *err)
{
    const char *names[POWER_KIND_COUNT] = {0};
    char hint[YAML_HINT_MAX];

    (void)self;
    if (policy_form_power(value) != POWER_UNKNOWN)
        return true;
    for (enum power_kind kind = POWER_SCRIPT; kind < POWER_KIND_COUNT; kind++)
        names[kind - 1] = power_kind_name(kind);
    yaml_hint(value, names, hint);
    return error_set(err, ERROR_INPUT, "\"%.*s\" is no kind of power%s", TEXT_ARG(shown(value)), hint);
}

bool policy_form_age(struct text value, struct duration *out, struct error *err)
{
    if (!duration_parse(value, out, err))
        return false;
    if (out->unit == DURATION_NEXT_UPGRADE || out->unit == DURATION_MONTHS)
        return error_set(err, ERROR_INPUT, "an age is in hours, days or weeks");
    return true;
}

static bool check_age(void *self, struct text value, struct error *err)
{
    struct duration ignored;

    (void)self;
    return policy_form_age(value, &ignored, err);
}

static bool check_date(void *self, struct text value, struct error *err)
{
    int64_t ignored;

    (void)self;
    return time_parse(value, &ignored, err);
}

static bool check_table(void *self, struct text value, struct error *err)
{
    (void)self;
    if (text_find_byte(value, '/') == SIZE_MAX)
        return true;
    return error_set(err, ERROR_INPUT, "\"%.*s\": a table lies in the policy's own folder",
                     TEXT_ARG(shown(value)));
}

static bool check_check_unit(void *self, struct text value, struct error *err)
{
    (void)self;
    return check_target(CHECK_UNIT, value, err);
}

static bool check_check_tcp(void *self, struct text value, struct error *err)
{
    (void)self;
    return check_target(CHECK_TCP, value, err);
}

static bool check_check_http(void *self, struct text value, struct error *err)
{
    (void)self;
    return check_target(CHECK_HTTP, value, err);
}

static bool check_check_command(void *self, struct text value, struct error *err)
{
    (void)self;
    return check_target(CHECK_COMMAND, value, err);
}

static bool check_within(void *self, struct text value, struct error *err)
{
    uint32_t ignored;

    (void)self;
    return policy_form_within(value, &ignored, err);
}

const struct yaml_check policy_form_checks[] = {
    {"profiles", check_profile},
    {"trust order", check_source},
    {"time zone", check_zone},
    {"start", check_minute},
    {"from", check_minute},
    {"to", check_end_minute},
    {"length", check_length},
    {"functional updates", check_functional},
    {"minimum age", check_minimum_age},
    {"vendor archive after", check_vendor_after},
    {"held powers", check_power},
    {"maximum age", check_age},
    {"end", check_date},
    {"urgency table", check_table},
    {"unit", check_check_unit},
    {"tcp", check_check_tcp},
    {"http", check_check_http},
    {"command", check_check_command},
    {"within", check_within},
    {NULL, NULL},
};
