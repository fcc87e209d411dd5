#include "model/check.h"

#include <ctype.h>
#include <string.h>

static const char *const kinds[CHECK_KIND_COUNT] = {
    [CHECK_UNKNOWN] = "unknown", [CHECK_UNIT] = "unit",       [CHECK_TCP] = "tcp",
    [CHECK_HTTP] = "http",       [CHECK_COMMAND] = "command",
};

static const char *const outcomes[CHECK_OUTCOME_COUNT] = {
    [CHECK_NOT_ASKED] = "not-asked",
    [CHECK_PASSED] = "passed",
    [CHECK_FAILED] = "failed",
};

const char *check_kind_name(enum check_kind kind)
{
    return kinds[kind];
}

enum check_kind check_kind_find(struct text name)
{
    for (int i = CHECK_UNKNOWN + 1; i < CHECK_KIND_COUNT; i++)
        if (text_equal(name, text_of(kinds[i])))
            return (enum check_kind)i;
    return CHECK_UNKNOWN;
}

const char *check_outcome_name(enum check_outcome outcome)
{
    return outcomes[outcome];
}

/* ---- targets ---- */

static struct text shown(struct text target)
{
    return text_part(target, 0, 60);
}

static bool only(struct text text, const char *allowed)
{
    for (size_t i = 0; i < text.size; i++)
        if (!isalnum((unsigned char)text.at[i]) && (text.at[i] == 0 || strchr(allowed, text.at[i]) == NULL))
            return false;
    return text.size > 0;
}

static bool check_unit(struct text target, struct error *err)
{
    /* Not an option of systemctl, and no pattern of it. */
    if (only(target, "@._:\\-") && target.at[0] != '-' && target.size <= 255)
        return true;
    return error_set(err, ERROR_INPUT, "\"%.*s\" is no name of a unit", TEXT_ARG(shown(target)));
}

static bool fail_address(enum check_kind kind, struct text target, struct error *err)
{
    return error_set(err, ERROR_INPUT, "\"%.*s\" is not of the form %s", TEXT_ARG(shown(target)),
                     kind == CHECK_TCP ? "HOST:PORT" : "http://HOST[:PORT][/PATH]");
}

/* Takes the host off *rest; what follows begins with ':' or is nothing. */
static bool take_host(struct text *rest, struct text *host)
{
    bool bracketed = text_starts(*rest, TEXT("["));
    size_t end = text_find_byte(*rest, bracketed ? ']' : ':');

    if (bracketed && end == SIZE_MAX)
        return false;
    *host = bracketed ? text_part(*rest, 1, end - 1) : text_part(*rest, 0, end);
    *rest = end == SIZE_MAX ? (struct text){0} : text_part(*rest, bracketed ? end + 1 : end, SIZE_MAX);
    return only(*host, bracketed ? ":.%" : ".-_") && host->at[0] != '-' && host->size <= 253 &&
           (rest->size == 0 || rest->at[0] == ':');
}

static bool take_port(struct text rest, uint16_t *out)
{
    struct error ignored; /* the caller says what the whole should look like */
    uint64_t port;

    if (!text_to_u64(text_part(rest, 1, SIZE_MAX), &port, &ignored) || port == 0 || port > UINT16_MAX)
        return false;
    *out = (uint16_t)port;
    return true;
}

bool check_address(enum check_kind kind, struct text target, struct check_address *out, struct error *err)
{
    const struct text scheme = TEXT("http://");
    struct check_address address = {.port = kind == CHECK_HTTP ? 80 : 0};
    struct text rest = target;

    if (kind == CHECK_HTTP) {
        if (!text_starts(rest, scheme))
            return fail_address(kind, target, err);
        rest = text_part(rest, scheme.size, SIZE_MAX);
        size_t slash = text_find_byte(rest, '/');
        address.path = slash == SIZE_MAX ? (struct text){0} : text_part(rest, slash, SIZE_MAX);
        rest = text_part(rest, 0, slash);
    }
    for (size_t i = 0; i < address.path.size; i++)
        if (address.path.at[i] <= ' ' || (unsigned char)address.path.at[i] >= 0x7f)
            return fail_address(kind, target, err);
    if (!take_host(&rest, &address.host) || (rest.size > 0 && !take_port(rest, &address.port)) ||
        address.port == 0)
        return fail_address(kind, target, err);
    *out = address;
    return true;
}

static bool check_command(struct text target, struct error *err)
{
    static const char meanings[] = "\"'`$|&;<>*?(){}[]~#\\!";
    struct text rest = target, word;
    size_t count = 0;

    if (!text_starts(target, TEXT("/")))
        return error_set(err, ERROR_INPUT, "\"%.*s\" does not begin with a program's absolute path",
                         TEXT_ARG(shown(target)));
    for (size_t i = 0; i < target.size; i++)
        if (strchr(meanings, target.at[i]) != NULL)
            return error_set(err, ERROR_INPUT,
                             "%c means something to a shell, and none reads this: name a script",
                             target.at[i] == 0 ? '?' : target.at[i]);
    while (text_cut_word(&rest, &word))
        count++;
    return count <= CHECK_WORDS_MAX ||
           error_set(err, ERROR_LIMIT, "a command of more than %d words", CHECK_WORDS_MAX);
}

bool check_target(enum check_kind kind, struct text target, struct error *err)
{
    struct check_address ignored;

    switch (kind) {
    case CHECK_UNIT:
        return check_unit(target, err);
    case CHECK_TCP:
    case CHECK_HTTP:
        return check_address(kind, target, &ignored, err);
    case CHECK_COMMAND:
        return check_command(target, err);
    case CHECK_UNKNOWN:
    case CHECK_KIND_COUNT:
    default:
        return error_set(err, ERROR_INPUT, "is no kind of health check");
    }
}

bool check_http_status(struct bytes answer, uint16_t *out, struct error *err)
{
    struct text line = {(const char *)answer.at, answer.size}, version;
    struct error ignored;
    uint64_t status;

    if (!text_cut(&line, ' ', &version) || !text_starts(version, TEXT("HTTP/1.")) || version.size > 16 ||
        !text_to_u64(text_part(line, 0, 3), &status, &ignored) || status < 100 || status > 599 ||
        (line.size > 3 && isalnum((unsigned char)line.at[3])))
        return error_set(err, ERROR_INPUT, "the answer is not HTTP");
    *out = (uint16_t)status;
    return true;
}
