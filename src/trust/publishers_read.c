#include "base/limits.h"
#include "format/yaml.h"
#include "trust/publishers.h"

#define OPTIONAL        CYAML_FLAG_OPTIONAL
#define POINTER         CYAML_FLAG_POINTER

#define FINGERPRINT_HEX 40
#define AGE_DAYS_MAX    3650
#define TEXT_FIELD(key, f, n)                                                                                \
    CYAML_FIELD_STRING_PTR(key, POINTER | (f), struct file_publisher, n, 1, LIMIT_YAML_TEXT)
#define SUITE_FIELD(key, f, n)                                                                               \
    CYAML_FIELD_STRING_PTR(key, POINTER | (f), struct file_suite, n, 1, LIMIT_YAML_TEXT)
#define LIST_FIELD(key, f, type, at_of, count_of)                                                            \
    CYAML_FIELD_SEQUENCE_COUNT(key, POINTER | (f), struct type, at_of, count_of, &text_entry, 1,             \
                               PUBLISHER_KEYS_MAX)

/* -- the form -- */

struct file_words {
    const char **at;
    uint32_t count;
};

struct file_suite {
    const char *codename, *suite, *origin, *label, *age, *security_of;
    struct file_words signed_by, always;
    uint32_t needed;
};

struct file_publisher {
    const char *name, *title, *source, *date_read, *security;
    struct file_words archives, keyrings, packages, sources;
    struct file_suite *suites;
    uint32_t suite_count;
};

struct file_publishers {
    struct file_publisher *publishers;
    uint32_t publisher_count;
};

static const cyaml_schema_value_t text_entry = {CYAML_VALUE_STRING(POINTER, const char, 1, LIMIT_YAML_TEXT)};

static const cyaml_schema_field_t suite_fields[] = {
    SUITE_FIELD("codename", 0, codename),
    SUITE_FIELD("suite", OPTIONAL, suite),
    SUITE_FIELD("origin", 0, origin),
    SUITE_FIELD("label", 0, label),
    LIST_FIELD("signed by", 0, file_suite, signed_by.at, signed_by.count),
    CYAML_FIELD_UINT("needed", CYAML_FLAG_DEFAULT, struct file_suite, needed),
    LIST_FIELD("always", OPTIONAL, file_suite, always.at, always.count),
    SUITE_FIELD("maximum age", OPTIONAL, age),
    SUITE_FIELD("security of", OPTIONAL, security_of),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t suite_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_suite, suite_fields),
};

static const cyaml_schema_field_t publisher_fields[] = {
    TEXT_FIELD("name", 0, name),
    TEXT_FIELD("title", 0, title),
    TEXT_FIELD("source", OPTIONAL, source),
    TEXT_FIELD("date read", OPTIONAL, date_read),
    LIST_FIELD("archives", OPTIONAL, file_publisher, archives.at, archives.count),
    LIST_FIELD("keyrings", OPTIONAL, file_publisher, keyrings.at, keyrings.count),
    LIST_FIELD("packages", OPTIONAL, file_publisher, packages.at, packages.count),
    LIST_FIELD("sources", OPTIONAL, file_publisher, sources.at, sources.count),
    TEXT_FIELD("security archive", OPTIONAL, security),
    CYAML_FIELD_SEQUENCE_COUNT("suites", POINTER, struct file_publisher, suites, suite_count, &suite_schema,
                               1, LIMIT_YAML_LIST),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t publisher_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct file_publisher, publisher_fields),
};

static const cyaml_schema_field_t file_fields[] = {
    CYAML_FIELD_SEQUENCE_COUNT("publishers", POINTER, struct file_publishers, publishers, publisher_count,
                               &publisher_schema, 1, LIMIT_YAML_LIST),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t file_schema = {
    CYAML_VALUE_MAPPING(POINTER, struct file_publishers, file_fields),
};

/* -- what a text must be -- */

static bool check_name(void *self, struct text value, struct error *err)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

    (void)self;
    for (size_t i = 0; i < value.size; i++)
        if (memchr(allowed, value.at[i], sizeof(allowed) - 1) == NULL)
            return error_set(err, ERROR_INPUT, "\"%.*s\" is no name: lower-case letters, digits and '-' only",
                             TEXT_ARG(text_part(value, 0, 40)));
    return true;
}

static bool check_fingerprint(void *self, struct text value, struct error *err)
{
    uint8_t ignored[FINGERPRINT_HEX / 2];

    (void)self;
    if (value.size == FINGERPRINT_HEX && text_to_hex(value, ignored, sizeof(ignored), err))
        return true;
    return error_set(err, ERROR_INPUT, "\"%.*s\" is no fingerprint: %d hexadecimal digits of a primary key",
                     TEXT_ARG(text_part(value, 0, FINGERPRINT_HEX)), FINGERPRINT_HEX);
}

static bool take_age(struct text value, uint32_t *out, struct error *err)
{
    struct text number = value;
    uint64_t days = 0;
    struct error ignored;

    number.size -= text_ends(value, TEXT(" days")) ? 5 : text_ends(value, TEXT(" day")) ? 4 : 0;
    if (number.size == value.size || !text_to_u64(number, &days, &ignored) || days == 0 ||
        days > AGE_DAYS_MAX)
        return error_set(err, ERROR_INPUT, "\"%.*s\" is no age: \"1 day\" to \"%d days\"",
                         TEXT_ARG(text_part(value, 0, 40)), AGE_DAYS_MAX);
    *out = (uint32_t)days;
    return true;
}

static bool check_age(void *self, struct text value, struct error *err)
{
    uint32_t ignored;

    (void)self;
    return take_age(value, &ignored, err);
}

static bool check_path(void *self, struct text value, struct error *err)
{
    (void)self;
    return text_starts(value, TEXT("/")) ||
           error_set(err, ERROR_INPUT, "\"%.*s\" does not begin with '/'", TEXT_ARG(text_part(value, 0, 40)));
}

static bool check_address(void *self, struct text value, struct error *err)
{
    (void)self;
    if ((text_starts(value, TEXT("http://")) || text_starts(value, TEXT("https://"))) &&
        text_ends(value, TEXT("/")))
        return true;
    return error_set(err, ERROR_INPUT, "\"%.*s\" is no archive: http:// or https:// and '/' at its end",
                     TEXT_ARG(text_part(value, 0, 60)));
}

static const struct yaml_check checks[] = {
    {"name", check_name},
    {"signed by", check_fingerprint},
    {"always", check_fingerprint},
    {"maximum age", check_age},
    {"keyrings", check_path},
    {"security archive", check_address},
    {NULL, NULL},
};

/* -- the nouns -- */

static struct publisher_words words_of(const struct file_words *from)
{
    return (struct publisher_words){from->at, from->count};
}

static bool has_word(const struct publisher_words *words, const char *wanted)
{
    for (size_t i = 0; i < words->count; i++)
        if (text_equal_caseless(text_of(words->at[i]), text_of(wanted)))
            return true;
    return false;
}

static bool take_suite(const struct file_suite *from, struct publisher_suite *out, struct error *err)
{
    struct publisher_suite suite = {
        .codename = from->codename,
        .suite = from->suite,
        .origin = from->origin,
        .label = from->label,
        .signed_by = words_of(&from->signed_by),
        .always = words_of(&from->always),
        .needed = from->needed,
        .security_of = from->security_of,
    };

    if (suite.needed == 0 || suite.needed > suite.signed_by.count)
        return error_set(err, ERROR_INPUT, "%u signatures are needed, of %zu keys", suite.needed,
                         suite.signed_by.count);
    for (size_t i = 0; i < suite.always.count; i++)
        if (!has_word(&suite.signed_by, suite.always.at[i]))
            return error_set(err, ERROR_INPUT, "%s always signs, and is not in \"signed by\"",
                             suite.always.at[i]);
    for (size_t i = 0; i < suite.signed_by.count; i++)
        for (size_t k = 0; k < i; k++)
            if (text_equal_caseless(text_of(suite.signed_by.at[i]), text_of(suite.signed_by.at[k])))
                return error_set(err, ERROR_INPUT, "%s is there twice", suite.signed_by.at[i]);
    if (from->age != NULL && !take_age(text_of(from->age), &suite.age_days, err))
        return false;
    *out = suite;
    return true;
}

static bool take_publisher(const struct file_publisher *from, struct arena *arena, struct publisher *out,
                           struct error *err)
{
    struct publisher_suite *suites = ARENA_ARRAY(arena, struct publisher_suite, from->suite_count);
    size_t keys = 0;

    if (suites == NULL)
        return arena_full(arena, err);
    for (uint32_t i = 0; i < from->suite_count; i++) {
        if (!take_suite(&from->suites[i], &suites[i], err))
            return error_at(err, "%s", from->suites[i].codename);
        keys += suites[i].signed_by.count;
    }
    *out = (struct publisher){
        .name = from->name,
        .title = from->title,
        .archives = words_of(&from->archives),
        .keyrings = words_of(&from->keyrings),
        .packages = words_of(&from->packages),
        .sources = words_of(&from->sources),
        .security_uri = from->security,
        .suites = suites,
        .suite_count = from->suite_count,
    };
    const char *distinct[PUBLISHER_KEYS_MAX];
    return keys <= PUBLISHER_KEYS_MAX || publisher_keys(out, distinct) < PUBLISHER_KEYS_MAX ||
           error_set(err, ERROR_LIMIT, "more than %d keys", PUBLISHER_KEYS_MAX - 1);
}

bool publishers_read(struct bytes file, struct text name, struct arena *arena, struct publishers *out,
                     struct error *err)
{
    const struct yaml_form form = {&file_schema, checks, NULL};
    void *read = NULL;

    if (!yaml_read(file, name, &form, arena, &read, err))
        return false;
    const struct file_publishers *from = read;
    struct publisher *publishers = ARENA_ARRAY(arena, struct publisher, from->publisher_count);
    const struct publisher **at = ARENA_ARRAY(arena, const struct publisher *, from->publisher_count);
    if (publishers == NULL || at == NULL)
        return arena_full(arena, err);
    for (uint32_t i = 0; i < from->publisher_count; i++) {
        at[i] = &publishers[i];
        if (!take_publisher(&from->publishers[i], arena, &publishers[i], err))
            return error_at(err, "%.*s: %s", TEXT_ARG(name), from->publishers[i].name);
        for (uint32_t k = 0; k < i; k++)
            if (text_equal(text_of(at[k]->name), text_of(at[i]->name)))
                return error_set(err, ERROR_INPUT, "%.*s: %s is there twice", TEXT_ARG(name), at[i]->name);
    }
    *out = (struct publishers){at, from->publisher_count};
    return true;
}
