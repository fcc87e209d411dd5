#include "model/version.h"

#define IS_DIGIT(c)  ((c) >= '0' && (c) <= '9')
#define IS_LETTER(c) (((c) >= 'a' && (c) <= 'z') || ((c) >= 'A' && (c) <= 'Z'))

static bool is_digit(char c)
{
    return IS_DIGIT(c);
}

static bool is_letter(char c)
{
    return IS_LETTER(c);
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_hex(char c)
{
    return IS_DIGIT(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Takes the run of bytes that are of the kind off the front of *rest. */
static inline struct text take_run(struct text *rest, bool (*is_kind)(char))
{
    size_t size = 0;

    while (size < rest->size && is_kind(rest->at[size]))
        size++;
    struct text run = {rest->at, size};
    *rest = (struct text){rest->at + size, rest->size - size};
    return run;
}

static void skip(struct text *rest, size_t size)
{
    *rest = (struct text){rest->at + size, rest->size - size};
}

static int compare_bytes(struct text a, struct text b)
{
    int difference = memcmp(a.at, b.at, a.size < b.size ? a.size : b.size);

    if (difference == 0)
        return (a.size > b.size) - (a.size < b.size);
    return difference > 0 ? 1 : -1;
}

/* Runs of digits as numbers of any length; the empty run is 0. */
static int compare_numbers(struct text a, struct text b)
{
    while (a.size > 0 && *a.at == '0')
        skip(&a, 1);
    while (b.size > 0 && *b.at == '0')
        skip(&b, 1);
    return a.size != b.size ? (a.size > b.size ? 1 : -1) : compare_bytes(a, b);
}

/*
 * deb: runs of other bytes and runs of digits by turns. In the former '~' comes before the end, the end before
 * letters, letters before all else. This order is asked for every package against every fix, so its loop is by hand.
 */
#define DEB_WEIGHT(c) (IS_DIGIT(c) ? 0 : IS_LETTER(c) ? (c) : (c) == '~' ? -1 : (c) + 256)
#define DEB_4(c)      DEB_WEIGHT(c), DEB_WEIGHT((c) + 1), DEB_WEIGHT((c) + 2), DEB_WEIGHT((c) + 3)
#define DEB_16(c)     DEB_4(c), DEB_4((c) + 4), DEB_4((c) + 8), DEB_4((c) + 12)
#define DEB_64(c)     DEB_16(c), DEB_16((c) + 16), DEB_16((c) + 32), DEB_16((c) + 48)
static const int16_t deb_weights[256] = {DEB_64(0), DEB_64(64), DEB_64(128), DEB_64(192)};

static int deb_compare_part(struct text a, struct text b)
{
    size_t i = 0, j = 0;

    while (i < a.size || j < b.size) {
        while ((i < a.size && !IS_DIGIT(a.at[i])) || (j < b.size && !IS_DIGIT(b.at[j]))) {
            int x = i < a.size ? deb_weights[(uint8_t)a.at[i]] : 0;
            int y = j < b.size ? deb_weights[(uint8_t)b.at[j]] : 0;
            if (x != y)
                return x > y ? 1 : -1;
            i++, j++;
        }
        while (i < a.size && a.at[i] == '0')
            i++;
        while (j < b.size && b.at[j] == '0')
            j++;
        int first = 0;
        for (; i < a.size && j < b.size && IS_DIGIT(a.at[i]) && IS_DIGIT(b.at[j]); i++, j++)
            first = first != 0 ? first : a.at[i] - b.at[j];
        if (i < a.size && IS_DIGIT(a.at[i]))
            return 1;
        if (j < b.size && IS_DIGIT(b.at[j]))
            return -1;
        if (first != 0)
            return first > 0 ? 1 : -1;
    }
    return 0;
}

/* epoch:version-release, the same for deb and rpm. What is not there is empty, which both orders take for 0 or nothing. */
struct parts {
    struct text epoch, version, release;
};

static inline struct parts parts_of(struct text text)
{
    struct parts parts = {{text.at, 0}, text, {text.at, 0}};
    size_t colon = 0;

    while (colon < text.size && IS_DIGIT(text.at[colon]))
        colon++;
    if (colon < text.size && text.at[colon] == ':') {
        parts.epoch.size = colon;
        skip(&parts.version, colon + 1);
    }
    const char *dash = memrchr(parts.version.at, '-', parts.version.size);
    if (dash != NULL) {
        size_t size = (size_t)(dash - parts.version.at);
        parts.release = parts.version;
        skip(&parts.release, size + 1);
        parts.version.size = size;
    }
    return parts;
}

static int deb_compare_split(struct parts a, struct parts b)
{
    int order = a.epoch.size + b.epoch.size > 0 ? compare_numbers(a.epoch, b.epoch) : 0;

    if (order == 0)
        order = deb_compare_part(a.version, b.version);
    return order != 0 ? order : deb_compare_part(a.release, b.release);
}

static size_t common_size(struct text a, struct text b)
{
    size_t size = a.size < b.size ? a.size : b.size, same = 0;
    uint64_t x, y;

    for (; same + sizeof(x) <= size; same += sizeof(x)) {
        memcpy(&x, a.at + same, sizeof(x));
        memcpy(&y, b.at + same, sizeof(y));
        if (x != y)
            break;
    }
    while (same < size && a.at[same] == b.at[same])
        same++;
    return same;
}

/*
 * Versions that are compared mostly begin alike, and what both begin with decides nothing, except that a number must
 * not be cut in two. Behind a beginning that has more than digits comes no epoch; the last hyphen is behind it in both, or
 * in neither, or (rarely) in one: only then both have to be taken apart from the start.
 */
static int version_deb(struct text a, struct text b)
{
    size_t same = common_size(a, b);

    if (same == a.size && same == b.size)
        return 0;
    while (same > 0 && IS_DIGIT(a.at[same - 1]))
        same--;
    struct text a_rest = {a.at + same, a.size - same}, b_rest = {b.at + same, b.size - same};
    const char *x = memrchr(a_rest.at, '-', a_rest.size), *y = memrchr(b_rest.at, '-', b_rest.size);
    if (same == 0 || (x == NULL) != (y == NULL))
        return deb_compare_split(parts_of(a), parts_of(b));
    if (x == NULL)
        return deb_compare_part(a_rest, b_rest);
    struct parts x_parts = {.version = a_rest, .release = a_rest},
                 y_parts = {.version = b_rest, .release = b_rest};
    x_parts.version.size = (size_t)(x - a_rest.at);
    y_parts.version.size = (size_t)(y - b_rest.at);
    skip(&x_parts.release, x_parts.version.size + 1);
    skip(&y_parts.release, y_parts.version.size + 1);
    return deb_compare_split(x_parts, y_parts);
}

/* rpm: what is neither letter, digit, '~' nor '^' only separates. What may come next, weakest first: */
enum rpm_next { RPM_TILDE, RPM_END, RPM_CARET, RPM_LETTERS, RPM_DIGITS };

static bool rpm_separates(char c)
{
    return !IS_LETTER(c) && !IS_DIGIT(c) && c != '~' && c != '^';
}

static enum rpm_next rpm_next(struct text *rest)
{
    (void)take_run(rest, rpm_separates);
    if (rest->size == 0)
        return RPM_END;
    switch (*rest->at) {
    case '~':
        return RPM_TILDE;
    case '^':
        return RPM_CARET;
    default:
        return IS_DIGIT(*rest->at) ? RPM_DIGITS : RPM_LETTERS;
    }
}

static int rpm_compare_part(struct text a, struct text b)
{
    for (;;) {
        enum rpm_next x = rpm_next(&a), y = rpm_next(&b);
        int order = 0;
        if (x != y)
            return x > y ? 1 : -1;
        if (x == RPM_END)
            return 0;
        if (x == RPM_DIGITS) {
            struct text number = take_run(&a, is_digit);
            order = compare_numbers(number, take_run(&b, is_digit));
        } else if (x == RPM_LETTERS) {
            struct text word = take_run(&a, is_letter);
            order = compare_bytes(word, take_run(&b, is_letter));
        } else {
            skip(&a, 1);
            skip(&b, 1);
        }
        if (order != 0)
            return order;
    }
}

static int version_rpm(struct text a, struct text b)
{
    struct parts x = parts_of(a), y = parts_of(b);
    int order = compare_numbers(x.epoch, y.epoch);

    if (order == 0)
        order = rpm_compare_part(x.version, y.version);
    return order != 0 ? order : rpm_compare_part(x.release, y.release);
}

/*
 * apk: digit{.digit}{letter}{_suffix{number}}{~hash}{-r number}, where a token may follow only earlier kinds. Where two
 * versions have tokens of different kinds the kind decides; weakest first, a pre-release suffix below the end:
 */
enum apk_kind {
    APK_PRE_SUFFIX,
    APK_INVALID, /* what is left is no version any more and is compared as text */
    APK_END,
    APK_REVISION,
    APK_HASH,
    APK_SUFFIX_NUMBER,
    APK_SUFFIX,
    APK_LETTER,
    APK_DIGITS,
    APK_FIRST_DIGITS
};

struct apk_token {
    enum apk_kind kind;
    int suffix;
    struct text value;
};

/* Pre-releases first; the last of them is "rc". */
static const struct text apk_suffixes[] = {
    {"alpha", 5}, {"beta", 4}, {"pre", 3}, {"rc", 2}, {"cvs", 3}, {"svn", 3}, {"git", 3}, {"hg", 2}, {"p", 1},
};
#define APK_SUFFIX_PRE_COUNT 4
#define APK_SUFFIX_COUNT     ((int)(sizeof(apk_suffixes) / sizeof(apk_suffixes[0])))

static bool apk_number(enum apk_kind kind, struct text *rest, struct apk_token *token)
{
    token->kind = kind;
    token->value = take_run(rest, is_digit);
    return token->value.size > 0;
}

static bool apk_suffix(struct text *rest, struct apk_token *token)
{
    struct text word = take_run(rest, is_lower);

    for (int i = 0; i < APK_SUFFIX_COUNT; i++)
        if (text_equal(word, apk_suffixes[i])) {
            token->kind = i < APK_SUFFIX_PRE_COUNT ? APK_PRE_SUFFIX : APK_SUFFIX;
            token->suffix = i;
            return true;
        }
    return false;
}

/* Reads the token behind one of kind `before`; false when there is none that may stand there. */
static bool apk_read(enum apk_kind before, struct text *rest, struct apk_token *token)
{
    bool in_digits = before == APK_DIGITS || before == APK_FIRST_DIGITS;
    bool in_suffix = before == APK_SUFFIX || before == APK_PRE_SUFFIX;
    char c = *rest->at;

    if (IS_DIGIT(c))
        return in_suffix && apk_number(APK_SUFFIX_NUMBER, rest, token);
    if (is_lower(c)) {
        *token = (struct apk_token){.kind = APK_LETTER, .value = {rest->at, 1}};
        skip(rest, 1);
        return in_digits;
    }
    skip(rest, 1);
    switch (c) {
    case '.':
        return in_digits && apk_number(APK_DIGITS, rest, token);
    case '_':
        return before != APK_REVISION && before != APK_HASH && apk_suffix(rest, token);
    case '~':
        *token = (struct apk_token){.kind = APK_HASH, .value = take_run(rest, is_hex)};
        return before != APK_REVISION && before != APK_HASH && token->value.size > 0;
    case '-':
        if (before == APK_REVISION || rest->size == 0 || *rest->at != 'r')
            return false;
        skip(rest, 1);
        return apk_number(APK_REVISION, rest, token);
    default:
        return false;
    }
}

static struct apk_token apk_next(enum apk_kind before, struct text *rest)
{
    struct apk_token token = {.kind = APK_END, .value = *rest};
    struct text from = *rest;

    if (rest->size == 0)
        return token;
    if (!apk_read(before, rest, &token))
        token = (struct apk_token){.kind = APK_INVALID, .value = from};
    return token;
}

static struct apk_token apk_first(struct text *rest)
{
    struct apk_token token = {.kind = APK_INVALID, .value = *rest};

    if (!apk_number(APK_FIRST_DIGITS, rest, &token))
        token = (struct apk_token){.kind = APK_INVALID, .value = *rest};
    return token;
}

static int apk_compare_token(const struct apk_token *a, const struct apk_token *b)
{
    if (a->kind != b->kind)
        return a->kind > b->kind ? 1 : -1;
    if (a->kind == APK_PRE_SUFFIX || a->kind == APK_SUFFIX)
        return (a->suffix > b->suffix) - (a->suffix < b->suffix);
    /* Behind a dot a leading zero makes it a fraction: 1.05 is between 1.0 and 1.1. */
    bool as_text = a->kind == APK_DIGITS
                       ? *a->value.at == '0' || *b->value.at == '0'
                       : a->kind == APK_INVALID || a->kind == APK_HASH || a->kind == APK_LETTER;
    return as_text ? compare_bytes(a->value, b->value) : compare_numbers(a->value, b->value);
}

static int version_apk(struct text a, struct text b)
{
    struct apk_token x = apk_first(&a), y = apk_first(&b);

    for (;;) {
        int order = apk_compare_token(&x, &y);
        if (order != 0 || x.kind == APK_END || x.kind == APK_INVALID)
            return order;
        x = apk_next(x.kind, &a);
        y = apk_next(y.kind, &b);
    }
}

/*
 * semver: core-prerelease+build. Build says nothing about order; missing numbers of the core are 0, so that "1.2",
 * which is no semantic version but is written, equals "1.2.0".
 */
struct semver {
    struct text core, pre;
    bool is_pre;
};

static struct semver semver_of(struct text text)
{
    struct semver version = {{text.at, 0}, {text.at, 0}, false};

    if (text.size > 1 && text.at[0] == 'v' && IS_DIGIT(text.at[1]))
        skip(&text, 1);
    const char *plus = memchr(text.at, '+', text.size);
    if (plus != NULL)
        text.size = (size_t)(plus - text.at);
    const char *dash = memchr(text.at, '-', text.size);
    version.core = text;
    if (dash != NULL) {
        version.core.size = (size_t)(dash - text.at);
        version.is_pre = true;
        version.pre = text;
        skip(&version.pre, version.core.size + 1);
    }
    return version;
}

/* Takes the identifier before the next dot. */
static struct text semver_identifier(struct text *rest)
{
    const char *dot = memchr(rest->at, '.', rest->size);
    struct text identifier = {rest->at, dot != NULL ? (size_t)(dot - rest->at) : rest->size};

    skip(rest, identifier.size + (dot != NULL));
    return identifier;
}

/* Section 11.4: numbers as numbers, before words; words by bytes. */
static int semver_compare_identifier(struct text a, struct text b)
{
    struct text a_rest = a, b_rest = b;
    bool a_number = (take_run(&a_rest, is_digit), a_rest.size == 0);
    bool b_number = (take_run(&b_rest, is_digit), b_rest.size == 0);

    if (a_number != b_number)
        return a_number ? -1 : 1;
    return a_number ? compare_numbers(a, b) : compare_bytes(a, b);
}

static int semver_compare_list(struct text a, struct text b, bool longer_is_more)
{
    while (a.size > 0 || b.size > 0) {
        if (longer_is_more && (a.size == 0 || b.size == 0))
            return a.size > 0 ? 1 : -1;
        struct text identifier = semver_identifier(&a);
        int order = semver_compare_identifier(identifier, semver_identifier(&b));
        if (order != 0)
            return order;
    }
    return 0;
}

static int version_semver(struct text a, struct text b)
{
    struct semver x = semver_of(a), y = semver_of(b);
    int order = semver_compare_list(x.core, y.core, false);

    if (order != 0)
        return order;
    if (x.is_pre != y.is_pre)
        return x.is_pre ? -1 : 1;
    return semver_compare_list(x.pre, y.pre, true);
}

static const struct {
    const char *name;
    int (*compare)(struct text a, struct text b);
} orders[VERSION_ORDER_COUNT] = {
    [VERSION_ORDER_UNKNOWN] = {"unknown", compare_bytes},
    [VERSION_DEB] = {"deb", version_deb},
    [VERSION_RPM] = {"rpm", version_rpm},
    [VERSION_APK] = {"apk", version_apk},
    [VERSION_SEMVER] = {"semver", version_semver},
};

int version_compare(enum version_order order, struct text a, struct text b)
{
    /* An absent text has no address, and arithmetic on none is undefined even when it adds nothing. */
    if (a.size == 0)
        a.at = "";
    if (b.size == 0)
        b.at = "";
    return orders[(unsigned)order < VERSION_ORDER_COUNT ? order : VERSION_ORDER_UNKNOWN].compare(a, b);
}

const char *version_order_name(enum version_order order)
{
    return orders[(unsigned)order < VERSION_ORDER_COUNT ? order : VERSION_ORDER_UNKNOWN].name;
}

enum version_order version_order_find(struct text name)
{
    for (unsigned i = VERSION_ORDER_UNKNOWN + 1; i < VERSION_ORDER_COUNT; i++)
        if (text_equal(name, text_of(orders[i].name)))
            return (enum version_order)i;
    return VERSION_ORDER_UNKNOWN;
}
