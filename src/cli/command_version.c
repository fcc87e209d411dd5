#include "base/limits.h"
#include "cli/command.h"
#include "cli/lines.h"
#include "model/version.h"

static char relation(enum version_order order, struct text a, struct text b)
{
    int compared = version_compare(order, a, b);

    return compared < 0 ? '<' : compared > 0 ? '>' : '=';
}

static bool parse_version(struct text raw, struct text *out, struct error *err)
{
    if (raw.size == 0)
        return error_set(err, ERROR_INPUT, "a version is empty");
    return text_from_bytes(bytes_of_text(raw), LIMIT_VERSION, out, err);
}

static bool compare_line(const struct command_call *call, enum version_order order, struct text line,
                         struct error *err)
{
    struct text a, b;

    if (!text_cut(&line, '\t', &a) || line.size == 0 || text_find_byte(line, '\t') != SIZE_MAX)
        return error_set(err, ERROR_INPUT, "is no pair of versions with one tab between");
    if (!parse_version(a, &a, err) || !parse_version(line, &b, err))
        return false;
    fprintf(call->out, "%c\n", relation(order, a, b));
    return true;
}

static enum command_exit compare_lines(const struct command_call *call, enum version_order order,
                                       struct error *err)
{
    struct lines lines = {.in = call->in};
    struct text line;

    while (lines_next(&lines, &line, err))
        if (!compare_line(call, order, line, err)) {
            (void)error_at(err, "line %zu", lines.number);
            return COMMAND_FAILED;
        }
    return err->kind == ERROR_NONE ? COMMAND_DONE : COMMAND_FAILED;
}

static enum command_exit run(const struct command_call *call, struct error *err)
{
    enum version_order order = version_order_find(text_of(call->arguments[0]));
    struct text a, b;

    if (order == VERSION_ORDER_UNKNOWN)
        return command_wrong(err, "\"%s\" is none of deb, rpm, apk, semver", call->arguments[0]);
    if (call->argument_count == 2) {
        if (strcmp(call->arguments[1], "-") == 0)
            return compare_lines(call, order, err);
        return command_wrong(err, "an argument is missing: B");
    }
    if (!parse_version(text_of(call->arguments[1]), &a, err) ||
        !parse_version(text_of(call->arguments[2]), &b, err))
        return COMMAND_FAILED;
    fprintf(call->out, "%c\n", relation(order, a, b));
    return COMMAND_DONE;
}

const struct command command_version_compare = {
    .name = "version compare",
    .arguments = "deb|rpm|apk|semver (A B | -)",
    .help = "which of two versions is newer: prints <, = or >",
    .more = "With - it reads pairs from standard input, one a line with a tab between,\n"
            "and prints a line for each. A version that begins with - stands behind --.",
    .argument_min = 2,
    .argument_max = 3,
    .run = run,
};
