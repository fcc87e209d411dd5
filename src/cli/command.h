/*
 * A command: what `suture NAME` takes and does.
 *
 * Each command is one file, command_NAME.c, that ends in one `const struct command`, and one row in commands.c. Usage,
 * --help, the manual page and shell completion are made from these tables, and the parser (arguments.h) checks what
 * was typed against them: a command's function finds only values that its table allows.
 *
 *     enum { OPTION_ROOT, OPTION_FORMAT, OPTION_ALL };
 *     static const struct command_option options[] = {
 *         [OPTION_ROOT] = {"root", OPTION_FOLDER, "DIR", "another root, or a mounted image"},
 *         [OPTION_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print it"},
 *         [OPTION_ALL] = {"all", OPTION_SWITCH, NULL, "everything, not only what is due"},
 *         {0},
 *     };
 *     const struct command command_scan = {.name = "scan", .help = "what is missing here", .options = options, .run = scan_run};
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stdio.h>

#include "base/time.h"

/* The exit statuses that commands.md promises. */
enum command_exit {
    COMMAND_DONE,
    COMMAND_FAILED,
    COMMAND_WRONG_USAGE,
    COMMAND_FAIL_ON, /* --fail-on was met */
    COMMAND_NO_DATA, /* nothing could be judged, or data was absent or stale where it was asked for; beats FAIL_ON */
};

enum option_kind {
    OPTION_SWITCH, /* given or not */
    OPTION_TEXT,   /* any text that is not empty */
    OPTION_TEXTS,  /* the same, as often as it is given */
    OPTION_FILE,   /* the name of a file; completed as one */
    OPTION_FOLDER,
    OPTION_CHOICE,   /* one of the words of `value`, with '|' between them */
    OPTION_TIME,     /* as time_parse reads it */
    OPTION_DURATION, /* "12h", "7d", "2w" */
};

struct command_option {
    const char *name; /* without the dashes */
    enum option_kind kind;
    const char *value; /* what help calls its value; NULL for a switch */
    const char *help;  /* half a line, without a full stop */
};

#define COMMAND_OPTIONS_MAX 24

struct command_value {
    const char *text; /* NULL: not given; "" for a switch */
    unsigned choice;  /* CHOICE: 1 for the first word */
    int64_t us;       /* TIME, DURATION */
    /* TEXTS: all of them, in their order; `text` is the last */
    const char *const *texts;
    size_t text_count;
};

struct command;

/* What was typed, checked; and where the command reads and writes. */
struct command_call {
    const struct command *command;
    const char *const *arguments;
    size_t argument_count;
    struct command_value values[COMMAND_OPTIONS_MAX];
    FILE *in;
    FILE *out;           /* the roof looks at whether all was written */
    FILE *errors;        /* for progress on a terminal only: failures go into err */
    struct arena *arena; /* lives as long as the command runs */
};

struct command {
    const char *name;      /* one or two words: "scan", "feed update" */
    const char *arguments; /* as usage shows them: "ID|PACKAGE"; NULL: takes none */
    const char *help;      /* one line: what it does */
    const char *more;      /* paragraphs for --help and the manual page, lines under 80 columns; or NULL */
    const struct command_option *options; /* ends with a row of zeros; NULL: none */
    size_t argument_min, argument_max;
    /* With FAILED and WRONG_USAGE err says why; the roof alone prints it. */
    enum command_exit (*run)(const struct command_call *call, struct error *err);
};

/* Whether the option of this index was given. */
bool command_given(const struct command_call *call, size_t option);
/* Its value, or NULL when it was not given. */
const char *command_text(const struct command_call *call, size_t option);
/* Which word of its value it is: 1 for the first; 0 when it was not given. */
unsigned command_choice(const struct command_call *call, size_t option);
/* Its time or duration, or TIME_ABSENT when it was not given. */
int64_t command_us(const struct command_call *call, size_t option);

/* COMMAND_WRONG_USAGE with this text; for what a table cannot say. */
enum command_exit command_wrong(struct error *err, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
