#include "model/check.h"

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

enum check_outcome check_outcome_find(struct text name)
{
    for (int i = CHECK_NOT_ASKED + 1; i < CHECK_OUTCOME_COUNT; i++)
        if (text_equal(name, text_of(outcomes[i])))
            return (enum check_outcome)i;
    return CHECK_NOT_ASKED;
}
