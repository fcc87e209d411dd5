#include "cli/command.h"
#include "cli/lines.h"
#include "model/cvss.h"

/* "7.5", or "-" where there is no such score. */
static void write_score(FILE *out, int16_t tenths, char behind)
{
    if (tenths == CVSS_NONE)
        fprintf(out, "-%c", behind);
    else
        fprintf(out, "%d.%d%c", tenths / 10, tenths % 10, behind);
}

static bool score_vector(const struct command_call *call, struct text text, struct error *err)
{
    struct cvss_vector vector;

    if (!cvss_parse(text, &vector, err))
        return false;
    struct cvss_scores scores = cvss_score(&vector);
    write_score(call->out, scores.base, '\t');
    write_score(call->out, scores.temporal, '\t');
    write_score(call->out, scores.environmental, '\t');
    write_score(call->out, scores.overall, '\n');
    return true;
}

static bool score_lines(const struct command_call *call, struct error *err)
{
    struct lines lines = {.in = call->in};
    struct text line;

    while (lines_next(&lines, &line, err))
        if (!score_vector(call, line, err))
            return error_at(err, "line %zu", lines.number);
    return err->kind == ERROR_NONE;
}

static enum command_exit run(const struct command_call *call, struct error *err)
{
    if (call->argument_count == 1 && strcmp(call->arguments[0], "-") == 0)
        return score_lines(call, err) ? COMMAND_DONE : COMMAND_FAILED;
    for (size_t i = 0; i < call->argument_count; i++)
        if (!score_vector(call, text_of(call->arguments[i]), err)) {
            (void)error_at(err, "%s", call->arguments[i]);
            return COMMAND_FAILED;
        }
    return COMMAND_DONE;
}

const struct command command_cvss = {
    .name = "cvss",
    .arguments = "VECTOR... | -",
    .help = "scores of CVSS vectors: base, temporal, environmental, overall",
    .more = "Versions 2, 3.0, 3.1 and 4.0, each line with a tab between the scores and - where a\n"
            "version has none: 4.0 has only the overall one, 2 only those whose metrics are given.\n"
            "With - it reads vectors from standard input, one a line.",
    .argument_min = 1,
    .argument_max = SIZE_MAX,
    .run = run,
};
