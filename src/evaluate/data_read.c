#include "evaluate/data_read.h"

#include "base/limits.h"
#include "format/yaml.h"

#define OPTIONAL        CYAML_FLAG_OPTIONAL
#define STRICT          CYAML_FLAG_STRICT
#define POINTER         CYAML_FLAG_POINTER

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))
#define TEXT_FIELD(key, type, name)                                                                          \
    CYAML_FIELD_STRING_PTR(key, POINTER, struct type, name, 1, LIMIT_YAML_TEXT)
#define TEXT_FIELD_OPTIONAL(key, type, name)                                                                 \
    CYAML_FIELD_STRING_PTR(key, POINTER | OPTIONAL, struct type, name, 1, LIMIT_YAML_TEXT)
#define WORD_FIELD(key, type, name, words)                                                                   \
    CYAML_FIELD_ENUM(key, STRICT, struct type, name, words, COUNT_OF(words))

static const cyaml_schema_value_t text_entry = {CYAML_VALUE_STRING(POINTER, const char, 1, LIMIT_YAML_TEXT)};

/* -- profiles -- */

struct file_rule {
    uint32_t conditions[PROFILE_INPUT_COUNT]; /* accepted values as bits; 0: no such condition */
    const char *duration;
    const char **clocks;
    uint32_t clock_count;
    bool triage;
};

struct file_profile {
    const char *id, *version, *title, *source, *date_read, *retired_on, *note;
    const char **clocks;
    uint32_t clock_count;
    uint32_t stop, floor;
    struct file_rule *rules;
    uint32_t rule_count;
};

static const cyaml_strval_t severity_bits[] = {{"none", 1 << SEVERITY_NONE},
                                               {"low", 1 << SEVERITY_LOW},
                                               {"medium", 1 << SEVERITY_MEDIUM},
                                               {"high", 1 << SEVERITY_HIGH},
                                               {"critical", 1 << SEVERITY_CRITICAL}};
static const cyaml_strval_t vendor_bits[] = {
    {"not given", 1 << SEVERITY_UNKNOWN}, {"none", 1 << SEVERITY_NONE}, {"low", 1 << SEVERITY_LOW},
    {"medium", 1 << SEVERITY_MEDIUM},     {"high", 1 << SEVERITY_HIGH}, {"critical", 1 << SEVERITY_CRITICAL}};
static const cyaml_strval_t answer_bits[] = {{"no", 1 << ANSWER_NO}, {"yes", 1 << ANSWER_YES}};
static const cyaml_strval_t exploitation_bits[] = {
    {"none", 1 << EXPLOITATION_NONE}, {"poc", 1 << EXPLOITATION_POC}, {"active", 1 << EXPLOITATION_ACTIVE}};
static const cyaml_strval_t exposure_bits[] = {
    {"small", 1 << EXPOSURE_SMALL}, {"controlled", 1 << EXPOSURE_CONTROLLED}, {"open", 1 << EXPOSURE_OPEN}};
static const cyaml_strval_t technical_bits[] = {{"partial", 1 << TECHNICAL_IMPACT_PARTIAL},
                                                {"total", 1 << TECHNICAL_IMPACT_TOTAL}};
static const cyaml_strval_t ncsc_bits[] = {
    {"normal", 1 << NCSC_NORMAL}, {"high/high", 1 << NCSC_HIGH_HIGH}, {"urgent", 1 << NCSC_URGENT}};

#define CONDITION(key, input, bits)                                                                          \
    CYAML_FIELD_FLAGS(key, OPTIONAL | STRICT, struct file_rule, conditions[input], bits, COUNT_OF(bits))

static const cyaml_schema_field_t condition_fields[] = {
    CONDITION("severity", PROFILE_SEVERITY, severity_bits),
    CONDITION("vendor severity", PROFILE_VENDOR_SEVERITY, vendor_bits),
    CONDITION("kev", PROFILE_KEV, answer_bits),
    CONDITION("exploited", PROFILE_EXPLOITED, answer_bits),
    CONDITION("exploitation", PROFILE_EXPLOITATION, exploitation_bits),
    CONDITION("exposure", PROFILE_EXPOSURE, exposure_bits),
    CONDITION("automatable", PROFILE_AUTOMATABLE, answer_bits),
    CONDITION("technical impact", PROFILE_TECHNICAL_IMPACT, technical_bits),
    CONDITION("ncsc", PROFILE_NCSC, ncsc_bits),
    CYAML_FIELD_END,
};

static const cyaml_schema_field_t rule_fields[] = {
    /* The conditions lie in the rule itself. */
    {.key = "conditions",
     .data_offset = 0,
     .value = {.type = CYAML_MAPPING,
               .flags = OPTIONAL,
               .data_size = sizeof(struct file_rule),
               .mapping = {.fields = condition_fields}}},
    TEXT_FIELD("duration", file_rule, duration),
    CYAML_FIELD_SEQUENCE_COUNT("clock", POINTER | OPTIONAL, struct file_rule, clocks, clock_count,
                               &text_entry, 1, CLOCKS_MAX),
    CYAML_FIELD_BOOL("forensic triage", OPTIONAL, struct file_rule, triage),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t rule_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_rule, rule_fields),
};

enum { STOP_PATCHED, STOP_MITIGATED };
enum { FLOOR_NONE, FLOOR_LAW };
static const cyaml_strval_t stop_words[] = {{"patched", STOP_PATCHED}, {"mitigated", STOP_MITIGATED}};
static const cyaml_strval_t floor_words[] = {{"none", FLOOR_NONE}, {"law", FLOOR_LAW}};

static const cyaml_schema_field_t profile_fields[] = {
    TEXT_FIELD("id", file_profile, id),
    TEXT_FIELD("version", file_profile, version),
    TEXT_FIELD("title", file_profile, title),
    TEXT_FIELD("source", file_profile, source),
    TEXT_FIELD("date read", file_profile, date_read),
    TEXT_FIELD_OPTIONAL("retired on", file_profile, retired_on),
    TEXT_FIELD_OPTIONAL("note", file_profile, note),
    CYAML_FIELD_SEQUENCE_COUNT("clock", POINTER, struct file_profile, clocks, clock_count, &text_entry, 1,
                               CLOCKS_MAX),
    WORD_FIELD("stop", file_profile, stop, stop_words),
    CYAML_FIELD_ENUM("floor", OPTIONAL | STRICT, struct file_profile, floor, floor_words,
                     COUNT_OF(floor_words)),
    CYAML_FIELD_SEQUENCE_COUNT("rules", POINTER, struct file_profile, rules, rule_count, &rule_schema, 1,
                               PROFILE_RULES_MAX),
    CYAML_FIELD_END,
};

static const cyaml_schema_value_t profile_schema = {
    CYAML_VALUE_MAPPING(POINTER, struct file_profile, profile_fields),
};

bool profile_id_allowed(struct text id)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-.";

    if (id.size == 0 || id.size > LIMIT_RELEASE_NAME || id.at[0] == '-' || id.at[0] == '.')
        return false;
    for (size_t i = 0; i < id.size; i++)
        if (memchr(allowed, id.at[i], sizeof(allowed) - 1) == NULL)
            return false;
    return true;
}

static bool check_id(void *self, struct text value, struct error *err)
{
    (void)self;
    if (profile_id_allowed(value))
        return true;
    return error_set(err, ERROR_INPUT, "\"%.*s\" is no id: lower-case letters, digits, '-' and '.' only",
                     TEXT_ARG(text_part(value, 0, 40)));
}

static bool check_duration(void *self, struct text value, struct error *err)
{
    struct duration ignored;

    (void)self;
    return duration_parse(value, &ignored, err);
}

static bool check_date(void *self, struct text value, struct error *err)
{
    int64_t ignored;

    (void)self;
    return time_parse(value, &ignored, err);
}

/* Some rules went out of force on a day that nobody wrote down. */
static bool check_retired(void *self, struct text value, struct error *err)
{
    return text_equal(value, TEXT("not known")) || check_date(self, value, err);
}

static bool check_clock(void *self, struct text value, struct error *err)
{
    const char *names[CLOCK_COUNT] = {0};
    char hint[YAML_HINT_MAX];

    (void)self;
    if (clock_find(value) != CLOCK_UNKNOWN)
        return true;
    for (enum clock clock = CLOCK_PUBLISHED; clock < CLOCK_COUNT; clock++)
        names[clock - 1] = clock_name(clock);
    yaml_hint(value, names, hint);
    return error_set(err, ERROR_INPUT, "\"%.*s\" is no clock%s", TEXT_ARG(text_part(value, 0, 40)), hint);
}

static const struct yaml_check checks[] = {
    {"id", check_id},          {"duration", check_duration},  {"clock", check_clock},
    {"date read", check_date}, {"retired on", check_retired}, {NULL, NULL},
};

static bool make_rule(const struct file_rule *from, const struct file_profile *file, struct profile_rule *out,
                      struct error *err)
{
    const char **clocks = from->clock_count > 0 ? from->clocks : file->clocks;
    uint32_t clock_count = from->clock_count > 0 ? from->clock_count : file->clock_count;
    struct profile_rule rule = {.triage = from->triage};

    for (unsigned input = 0; input < PROFILE_INPUT_COUNT; input++) {
        if (from->conditions[input] == 0)
            continue;
        if (rule.condition_count == PROFILE_CONDITIONS_MAX)
            return error_set(err, ERROR_LIMIT, "more than %d conditions", PROFILE_CONDITIONS_MAX);
        rule.conditions[rule.condition_count++] =
            (struct profile_condition){(uint8_t)input, (uint8_t)from->conditions[input]};
    }
    if (!duration_parse(text_of(from->duration), &rule.within, err))
        return false;
    for (uint32_t i = 0; i < clock_count; i++)
        rule.clocks[rule.clock_count++] = (uint8_t)clock_find(text_of(clocks[i]));
    *out = rule;
    return true;
}

bool profile_read(struct bytes file, struct text name, struct arena *arena, struct profile *out,
                  struct error *err)
{
    const struct yaml_form form = {&profile_schema, checks, NULL};
    void *read = NULL;

    if (!yaml_read(file, name, &form, arena, &read, err))
        return false;
    const struct file_profile *from = read;
    struct profile_rule *rules = ARENA_ARRAY(arena, struct profile_rule, from->rule_count);
    if (rules == NULL)
        return arena_full(arena, err);
    for (uint32_t i = 0; i < from->rule_count; i++)
        if (!make_rule(&from->rules[i], from, &rules[i], err))
            return error_at(err, "%.*s: rule %u", TEXT_ARG(name), i + 1);
    *out = (struct profile){.id = from->id,
                            .version = from->version,
                            .title = from->title,
                            .source = from->source,
                            .date_read = from->date_read,
                            .retired_on = from->retired_on,
                            .note = from->note,
                            .stops_mitigated = from->stop == STOP_MITIGATED,
                            .law = from->floor == FLOOR_LAW,
                            .rules = rules,
                            .rule_count = from->rule_count};
    return true;
}

/* -- tables -- */

struct file_row {
    uint32_t exploitation, exposure, automatable, impact, urgency, safety, mission;
};

struct file_table {
    struct table_source from;
    struct file_row *rows;
    uint32_t row_count;
};

static const cyaml_strval_t exploitation_words[] = {
    {"none", EXPLOITATION_NONE}, {"poc", EXPLOITATION_POC}, {"active", EXPLOITATION_ACTIVE}};
static const cyaml_strval_t exposure_words[] = {
    {"small", EXPOSURE_SMALL}, {"controlled", EXPOSURE_CONTROLLED}, {"open", EXPOSURE_OPEN}};
static const cyaml_strval_t answer_words[] = {{"no", ANSWER_NO}, {"yes", ANSWER_YES}};
static const cyaml_strval_t impact_words[] = {
    {"low", IMPACT_LOW}, {"medium", IMPACT_MEDIUM}, {"high", IMPACT_HIGH}, {"very high", IMPACT_VERY_HIGH}};
static const cyaml_strval_t urgency_words[] = {{"defer", URGENCY_DEFER},
                                               {"scheduled", URGENCY_SCHEDULED},
                                               {"out-of-cycle", URGENCY_OUT_OF_CYCLE},
                                               {"immediate", URGENCY_IMMEDIATE}};
static const cyaml_strval_t safety_words[] = {{"negligible", SAFETY_NEGLIGIBLE},
                                              {"marginal", SAFETY_MARGINAL},
                                              {"critical", SAFETY_CRITICAL},
                                              {"catastrophic", SAFETY_CATASTROPHIC}};
static const cyaml_strval_t mission_words[] = {{"degraded", MISSION_DEGRADED},
                                               {"mef support crippled", MISSION_CRIPPLED},
                                               {"mef failure", MISSION_MEF_FAILURE},
                                               {"mission failure", MISSION_FAILURE}};

static const cyaml_schema_field_t urgency_row_fields[] = {
    WORD_FIELD("exploitation", file_row, exploitation, exploitation_words),
    WORD_FIELD("exposure", file_row, exposure, exposure_words),
    WORD_FIELD("automatable", file_row, automatable, answer_words),
    WORD_FIELD("impact", file_row, impact, impact_words),
    WORD_FIELD("urgency", file_row, urgency, urgency_words),
    CYAML_FIELD_END,
};
static const cyaml_schema_field_t impact_row_fields[] = {
    WORD_FIELD("safety", file_row, safety, safety_words),
    WORD_FIELD("mission", file_row, mission, mission_words),
    WORD_FIELD("impact", file_row, impact, impact_words),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t urgency_row_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_row, urgency_row_fields),
};
static const cyaml_schema_value_t impact_row_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_row, impact_row_fields),
};

#define TABLE_FIELDS(row_schema, rows_needed)                                                                \
    TEXT_FIELD("id", file_table, from.id), TEXT_FIELD("version", file_table, from.version),                  \
        TEXT_FIELD("title", file_table, from.title), TEXT_FIELD("source", file_table, from.source),          \
        TEXT_FIELD("date read", file_table, from.date_read),                                                 \
        CYAML_FIELD_SEQUENCE_COUNT("rows", POINTER, struct file_table, rows, row_count, row_schema,          \
                                   rows_needed, rows_needed),                                                \
        CYAML_FIELD_END

static const cyaml_schema_field_t urgency_fields[] = {TABLE_FIELDS(&urgency_row_schema, URGENCY_ROWS)};
static const cyaml_schema_field_t impact_fields[] = {TABLE_FIELDS(&impact_row_schema, IMPACT_ROWS)};
static const cyaml_schema_value_t urgency_schema = {
    CYAML_VALUE_MAPPING(POINTER, struct file_table, urgency_fields),
};
static const cyaml_schema_value_t impact_schema = {
    CYAML_VALUE_MAPPING(POINTER, struct file_table, impact_fields),
};

/* The outcome of a row, once. */
static bool put_row(uint8_t *at, size_t place, uint32_t outcome, uint32_t row, struct error *err)
{
    if (at[place] != 0)
        return error_set(err, ERROR_INPUT, "row %u repeats the inputs of another row", row + 1);
    at[place] = (uint8_t)outcome;
    return true;
}

bool urgency_read(struct bytes file, struct text name, struct arena *arena, struct urgency_table *out,
                  struct error *err)
{
    const struct yaml_form form = {&urgency_schema, checks, NULL};
    struct urgency_table table = {0};
    void *read = NULL;

    if (!yaml_read(file, name, &form, arena, &read, err))
        return false;
    const struct file_table *from = read;
    table.from = from->from;
    for (uint32_t i = 0; i < from->row_count; i++) {
        const struct file_row *row = &from->rows[i];
        size_t place = urgency_row((enum exploitation)row->exploitation, (enum exposure)row->exposure,
                                   (enum answer)row->automatable, (enum impact)row->impact);
        if (!put_row(table.at, place, row->urgency, i, err))
            return error_at(err, "%.*s", TEXT_ARG(name));
    }
    if (!urgency_check(&table, err))
        return error_at(err, "%.*s", TEXT_ARG(name));
    *out = table;
    return true;
}

bool impact_read(struct bytes file, struct text name, struct arena *arena, struct impact_table *out,
                 struct error *err)
{
    const struct yaml_form form = {&impact_schema, checks, NULL};
    struct impact_table table = {0};
    void *read = NULL;

    if (!yaml_read(file, name, &form, arena, &read, err))
        return false;
    const struct file_table *from = read;
    table.from = from->from;
    for (uint32_t i = 0; i < from->row_count; i++) {
        const struct file_row *row = &from->rows[i];
        size_t place = impact_row((enum safety)row->safety, (enum mission)row->mission);
        if (!put_row(table.at, place, row->impact, i, err))
            return error_at(err, "%.*s", TEXT_ARG(name));
    }
    *out = table; /* 16 rows without a repetition are all of them */
    return true;
}
