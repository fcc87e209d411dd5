#include "model/relation.h"

#include "base/limits.h"
#include "model/version.h"

const char *relation_kind_name(enum relation_kind kind)
{
    static const char *const names[RELATION_KIND_COUNT] = {
        [RELATION_PRE_DEPENDS] = "Pre-Depends", [RELATION_DEPENDS] = "Depends",
        [RELATION_CONFLICTS] = "Conflicts",     [RELATION_BREAKS] = "Breaks",
        [RELATION_REPLACES] = "Replaces",       [RELATION_PROVIDES] = "Provides",
    };
    return (unsigned)kind < RELATION_KIND_COUNT ? names[kind] : "";
}

/* "<" and ">" are of dpkg's youth and mean what "<=" and ">=" mean. */
static const struct {
    const char *word;
    enum relation_test test;
} tests[] = {
    {"<<", RELATION_EARLIER}, {"<=", RELATION_AT_MOST}, {"=", RELATION_EQUAL},    {">=", RELATION_AT_LEAST},
    {">>", RELATION_LATER},   {"<", RELATION_AT_MOST},  {">", RELATION_AT_LEAST},
};

const char *relation_test_name(enum relation_test test)
{
    for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
        if (tests[i].test == test)
            return tests[i].word;
    return "";
}

static bool is_name_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           byte == '+' || byte == '-' || byte == '.' || byte == '_';
}

bool relation_is_name(struct text name)
{
    if (name.size == 0 || name.size > LIMIT_PACKAGE_NAME || name.at[0] == '-' || name.at[0] == '.')
        return false;
    for (size_t i = 0; i < name.size; i++)
        if (!is_name_byte(name.at[i]))
            return false;
    return true;
}

struct relation_walk relation_walk_with(struct text field, struct text arch)
{
    return (struct relation_walk){.left = field, .arch = arch};
}

static bool is_space(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

static void skip_spaces(struct text *left)
{
    while (left->size > 0 && is_space(left->at[0]))
        *left = text_part(*left, 1, left->size);
}

static bool begins(const struct text *left, char byte)
{
    return left->size > 0 && left->at[0] == byte;
}

static struct text take_while(struct text *left, bool (*belongs)(char))
{
    size_t size = 0;

    while (size < left->size && belongs(left->at[size]))
        size++;
    struct text taken = text_part(*left, 0, size);
    *left = text_part(*left, size, left->size);
    return taken;
}

static bool is_test_byte(char byte)
{
    return byte == '<' || byte == '>' || byte == '=';
}

static bool is_version_byte(char byte)
{
    return is_name_byte(byte) || byte == ':' || byte == '~';
}

/* "(>= 1.2)" from its bracket on. */
static bool take_version(struct text *left, struct relation *into, struct error *err)
{
    *left = text_part(*left, 1, left->size);
    skip_spaces(left);
    struct text word = take_while(left, is_test_byte);
    skip_spaces(left);
    into->version = take_while(left, is_version_byte);
    skip_spaces(left);
    for (size_t i = 0; i < sizeof(tests) / sizeof(*tests); i++)
        if (text_equal(word, text_of(tests[i].word)))
            into->test = tests[i].test;
    if (word.size == 0)
        into->test = RELATION_EQUAL; /* "(1.2)" */
    if (into->test == RELATION_ANY)
        return error_set(err, ERROR_INPUT, "\"%.*s\" compares no versions", TEXT_ARG(word));
    if (into->version.size == 0 || into->version.size > LIMIT_VERSION || !begins(left, ')'))
        return error_set(err, ERROR_INPUT, "%.*s: a version in brackets does not end", TEXT_ARG(into->name));
    *left = text_part(*left, 1, left->size);
    return true;
}

/* The words between the bracket that *left begins with and `end`. */
static bool take_words(struct text *left, char end, struct text *words, struct error *err)
{
    size_t size = text_find_byte(*left, end);

    if (size == SIZE_MAX)
        return error_set(err, ERROR_INPUT, "'%c' is not closed", left->at[0]);
    *words = text_part(*left, 1, size - 1);
    *left = text_part(*left, size + 1, left->size);
    return true;
}

/* "amd64 i386" or "!amd64": one that is named, or all that are not. */
static bool is_for_arch(struct text words, struct text arch)
{
    struct text word;
    bool negated = false;

    while (text_cut_word(&words, &word)) {
        negated = begins(&word, '!');
        if (text_equal(negated ? text_part(word, 1, word.size) : word, arch))
            return !negated;
    }
    return negated;
}

/* All terms of one formula hold where no profile is active when each of them is negated. */
static bool holds_without_profile(struct text words)
{
    struct text word;

    while (text_cut_word(&words, &word))
        if (!begins(&word, '!'))
            return false;
    return true;
}

/* "[amd64]" and "<!nocheck> <!cross>": *applies is false when they exclude it here. */
static bool take_restrictions(struct text *left, struct text arch, bool *applies, struct error *err)
{
    bool profiles = false, one_holds = false;
    struct text words;

    skip_spaces(left);
    while (begins(left, '[') || begins(left, '<')) {
        if (begins(left, '[')) {
            if (!take_words(left, ']', &words, err))
                return false;
            *applies = *applies && is_for_arch(words, arch);
        } else {
            if (!take_words(left, '>', &words, err))
                return false;
            profiles = true;
            one_holds = one_holds || holds_without_profile(words);
        }
        skip_spaces(left);
    }
    *applies = *applies && (!profiles || one_holds);
    return true;
}

static bool take_one(struct relation_walk *walk, struct relation *out, bool *applies, struct error *err)
{
    struct text *left = &walk->left;
    struct relation got = {.name = take_while(left, is_name_byte)};

    *applies = true;
    if (!relation_is_name(got.name))
        return error_set(err, ERROR_INPUT, "\"%.*s\" begins with no package's name",
                         TEXT_ARG(text_part(got.name.size > 0 ? got.name : *left, 0, 40)));
    if (begins(left, ':')) {
        *left = text_part(*left, 1, left->size);
        got.arch = take_while(left, is_name_byte);
        if (got.arch.size == 0 || got.arch.size > LIMIT_ARCH)
            return error_set(err, ERROR_INPUT, "%.*s: no architecture behind its colon", TEXT_ARG(got.name));
    }
    skip_spaces(left);
    if (begins(left, '(') && !take_version(left, &got, err))
        return false;
    if (!take_restrictions(left, walk->arch, applies, err))
        return false;
    if (left->size > 0 && !begins(left, ',') && !begins(left, '|'))
        return error_set(err, ERROR_INPUT, "%.*s: \"%.*s\" behind it", TEXT_ARG(got.name),
                         TEXT_ARG(text_part(*left, 0, 20)));
    *out = got;
    return true;
}

bool relation_next(struct relation_walk *walk, struct relation *out, bool *found, struct error *err)
{
    struct text *left = &walk->left;
    struct relation got;
    bool applies;

    *found = false;
    for (;;) {
        skip_spaces(left);
        while (!walk->inside && begins(left, ',')) {
            *left = text_part(*left, 1, left->size);
            skip_spaces(left);
        }
        if (left->size == 0)
            return !walk->inside || error_set(err, ERROR_INPUT, "nothing behind the last '|'");
        if (walk->count++ == LIMIT_RELATIONS)
            return error_set(err, ERROR_LIMIT, "more than %d packages in one field", LIMIT_RELATIONS);
        struct text whole = *left;
        if (!take_one(walk, &got, &applies, err))
            return false;
        got.raw = text_trim(text_part(whole, 0, whole.size - left->size));
        got.first = !walk->given;
        walk->inside = begins(left, '|');
        walk->given = walk->inside && (walk->given || applies);
        if (left->size > 0)
            *left = text_part(*left, 1, left->size);
        if (applies)
            break;
    }
    *out = got;
    *found = true;
    return true;
}

bool relation_holds(const struct relation *relation, struct text version)
{
    if (relation->test == RELATION_ANY)
        return true;
    if (version.size == 0)
        return false;
    int order = version_compare(VERSION_DEB, version, relation->version);
    switch (relation->test) {
    case RELATION_EARLIER:
        return order < 0;
    case RELATION_AT_MOST:
        return order <= 0;
    case RELATION_EQUAL:
        return order == 0;
    case RELATION_AT_LEAST:
        return order >= 0;
    case RELATION_LATER:
        return order > 0;
    case RELATION_ANY:
    case RELATION_TEST_COUNT:
        break;
    }
    return false;
}
