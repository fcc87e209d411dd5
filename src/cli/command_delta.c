#include <limits.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "cli/command.h"
#include "cli/delta_installed.h"
#include "cli/print_delta.h"
#include "delta/apply.h"
#include "delta/create.h"
#include "delta/spool.h"

enum { FORMAT_TABLE = 1, FORMAT_JSON };

static bool write_out(const struct command_call *call, const struct writer *w, struct error *err)
{
    struct bytes raw;

    if (!writer_done(w, &raw, err))
        return false;
    (void)fwrite(raw.at, 1, raw.size, call->out); /* the roof looks at whether it was written */
    return true;
}

/* ---- values ---- */

/* "512M", "1G": at least 64 MiB, since a window has its tables. */
static bool parse_memory(const char *text, size_t *out, struct error *err)
{
    uint64_t value = 0, unit = 1;
    struct text number;

    if (text == NULL)
        return true;
    number = text_of(text);
    if (text_ends(number, TEXT("M")))
        unit = MIB;
    else if (text_ends(number, TEXT("G")))
        unit = 1024 * MIB;
    if (unit == 1 || !text_to_u64(text_part(number, 0, number.size - 1), &value, err) ||
        value > 1024 * 1024 || value * unit < 64 * MIB)
        return error_set(err, ERROR_INPUT, "--memory takes a number with M or G, at least 64M, not \"%s\"",
                         text);
    *out = (size_t)(value * unit);
    return true;
}

static bool parse_threads(const char *text, unsigned *out, struct error *err)
{
    uint64_t value = 0;

    if (text == NULL)
        return true;
    if (!text_to_u64(text_of(text), &value, err) || value == 0 || value > 1024)
        return error_set(err, ERROR_INPUT, "--threads takes a number from 1 to 1024, not \"%s\"", text);
    *out = (unsigned)value;
    return true;
}

/* ---- progress ---- */

/* On a terminal alone, and only when the share changes. */
struct face {
    FILE *to; /* NULL: nobody looks */
    const char *doing;
    unsigned shown;
};

static struct face face_for(const struct command_call *call, const char *doing)
{
    return (struct face){os_is_terminal(fileno(call->errors)) ? call->errors : NULL, doing, UINT_MAX};
}

static bool show_share(void *self, unsigned share)
{
    struct face *face = self;

    if (face->to != NULL && face->shown != share / 10) {
        face->shown = share / 10;
        fprintf(face->to, "\r\033[K%s: %u %%", face->doing, face->shown);
        fflush(face->to);
    }
    return true;
}

static bool show_bytes(void *self, uint64_t done, uint64_t all)
{
    return show_share(self, all == 0 ? 1000 : (unsigned)(done * 1000 / all));
}

static void clear(const struct face *face)
{
    if (face->to != NULL)
        fprintf(face->to, "\r\033[K");
}

/* ---- delta create ---- */

enum { CREATE_MEMORY, CREATE_THREADS, CREATE_FORMAT };

static const struct command_option create_options[] = {
    [CREATE_MEMORY] = {"memory", OPTION_TEXT, "SIZE", "to use at most, like 512M or 4G; usually 1G"},
    [CREATE_THREADS] = {"threads", OPTION_TEXT, "N", "to work with; usually one for each processor"},
    [CREATE_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print what was done"},
    {0},
};

static enum command_exit run_create(const struct command_call *call, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(MIB);
    struct face face = face_for(call, "delta");
    struct create_request request = {.old = call->arguments[0],
                                     .new = call->arguments[1],
                                     .out = call->arguments[2],
                                     .progress = show_share,
                                     .self = &face};
    struct create_result result = {0};

    if (!parse_memory(command_text(call, CREATE_MEMORY), &request.memory_max, err) ||
        !parse_threads(command_text(call, CREATE_THREADS), &request.threads, err))
        return COMMAND_WRONG_USAGE;
    bool done = delta_create(&request, &result, err);
    clear(&face);
    if (!done)
        return COMMAND_FAILED;
    if (command_choice(call, CREATE_FORMAT) == FORMAT_JSON)
        print_delta_created_json(&w, &result);
    else
        print_delta_created(&w, request.out, &result, call->arena);
    return write_out(call, &w, err) ? COMMAND_DONE : COMMAND_FAILED;
}

const struct command command_delta_create = {
    .name = "delta create",
    .arguments = "OLD NEW OUT",
    .help = "make a delta that turns OLD into NEW",
    .more = "OLD and NEW are files, folders or Debian packages, recognised by what is in them. Of two\n"
            "packages the delta applies to the installed files of the old one as well. It is proved by\n"
            "applying it before it is written; the same two give the same delta, however many\n"
            "threads make it.",
    .options = create_options,
    .argument_min = 3,
    .argument_max = 3,
    .run = run_create,
};

/* ---- delta apply ---- */

enum {
    APPLY_INSTALLED,
    APPLY_ROOT,
    APPLY_SUPPLEMENT,
    APPLY_BASE,
    APPLY_MEMORY,
    APPLY_THREADS,
    APPLY_FORMAT,
};

static const struct command_option apply_options[] = {
    [APPLY_INSTALLED] = {"installed", OPTION_SWITCH, NULL, "OLD is what is installed: DELTA OUT"},
    [APPLY_ROOT] = {"root", OPTION_FOLDER, "DIR", "installed in another root"},
    [APPLY_SUPPLEMENT] = {"supplement", OPTION_TEXT, "FILE,...", "take missing old files from there"},
    [APPLY_BASE] = {"base", OPTION_TEXT, "NAME[:ARCH]",
                    "this installed package, not the one that the delta names"},
    [APPLY_MEMORY] = {"memory", OPTION_TEXT, "SIZE", "for packing at most, like 512M or 4G; usually 1G"},
    [APPLY_THREADS] = {"threads", OPTION_TEXT, "N", "to pack with; usually one for each processor"},
    [APPLY_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print what was done"},
    {0},
};

static enum command_exit run_apply_installed(const struct command_call *call, struct error *err)
{
    struct delta_installed wanted = {.delta = call->arguments[0],
                                     .output = call->arguments[1],
                                     .root = command_text(call, APPLY_ROOT),
                                     .supplements = command_text(call, APPLY_SUPPLEMENT),
                                     .package = command_text(call, APPLY_BASE),
                                     .as_json = command_choice(call, APPLY_FORMAT) == FORMAT_JSON};

    if (call->argument_count != 2)
        return command_wrong(err, "--installed takes DELTA and OUT");
    if (!parse_memory(command_text(call, APPLY_MEMORY), &wanted.memory_max, err) ||
        !parse_threads(command_text(call, APPLY_THREADS), &wanted.threads, err))
        return COMMAND_WRONG_USAGE;
    return delta_installed_apply(call, &wanted, err);
}

/* Without --installed. */
static enum command_exit check_apply(const struct command_call *call, struct error *err)
{
    static const unsigned of_installed[] = {APPLY_ROOT, APPLY_SUPPLEMENT, APPLY_BASE};

    if (call->argument_count != 3)
        return command_wrong(err, "takes OLD, DELTA and OUT");
    for (size_t i = 0; i < sizeof(of_installed) / sizeof(*of_installed); i++)
        if (command_given(call, of_installed[i]))
            return command_wrong(err, "--%s is for --installed", apply_options[of_installed[i]].name);
    return COMMAND_DONE;
}

static enum command_exit run_apply_files(const struct command_call *call, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(MIB);
    struct face face = face_for(call, "apply");
    struct apply_request request = {.old = call->arguments[0],
                                    .delta = call->arguments[1],
                                    .out = call->arguments[2],
                                    .progress = show_bytes,
                                    .self = &face};
    struct apply_result result = {0};

    if (!parse_memory(command_text(call, APPLY_MEMORY), &request.memory_max, err) ||
        !parse_threads(command_text(call, APPLY_THREADS), &request.threads, err))
        return COMMAND_WRONG_USAGE;
    bool done = delta_apply(&request, &result, err);
    clear(&face);
    if (!done)
        return COMMAND_FAILED;
    if (command_choice(call, APPLY_FORMAT) == FORMAT_JSON)
        print_delta_applied_json(&w, &result);
    else
        print_delta_applied(&w, request.out, &result, call->arena);
    return write_out(call, &w, err) ? COMMAND_DONE : COMMAND_FAILED;
}

static enum command_exit run_apply(const struct command_call *call, struct error *err)
{
    if (command_given(call, APPLY_INSTALLED))
        return run_apply_installed(call, err);
    return check_apply(call, err) == COMMAND_DONE ? run_apply_files(call, err) : COMMAND_WRONG_USAGE;
}

const struct command command_delta_apply = {
    .name = "delta apply",
    .arguments = "[OLD] DELTA OUT",
    .help = "make the new file, folder or package from the old one and a delta",
    .more = "What is made has the SHA-256 that the delta announces, or nothing is made. When it is\n"
            "broken off, even by force, the same call goes on where it was: until it ends,\n"
            "OUT" SPOOL_ENDING " and OUT" SPOOL_MADE
            " stand beside OUT. With --installed a package is made from the\n"
            "installed files of its old version (or of the package that --base names), as dpkg's\n"
            "database lists them. Files that are not as they were installed stop it, unless\n"
            "a supplement has them (suture delta supplement).",
    .options = apply_options,
    .argument_min = 2,
    .argument_max = 3,
    .run = run_apply,
};

/* ---- delta info ---- */

enum { INFO_FORMAT };

static const struct command_option info_options[] = {
    [INFO_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print it"},
    {0},
};

static enum command_exit run_info(const struct command_call *call, struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};
    OWN(arena_end) struct arena arena = arena_with(LIMIT_DELTA_MEMORY);
    OWN(writer_end) struct writer w = writer_with(LIMIT_SCAN_OUTPUT);
    const char *path = call->arguments[0];
    struct delta delta;

    if (!file_map(path, LIMIT_DELTA_FILE, &map, err))
        return COMMAND_FAILED;
    if (!delta_read(map.bytes, &arena, &delta, err)) {
        (void)error_at(err, "%s", path);
        return COMMAND_FAILED;
    }
    if (command_choice(call, INFO_FORMAT) == FORMAT_JSON)
        print_delta_info_json(&w, &delta, map.bytes.size);
    else
        print_delta_info(&w, &delta, map.bytes.size, call->arena);
    return write_out(call, &w, err) ? COMMAND_DONE : COMMAND_FAILED;
}

const struct command command_delta_info = {
    .name = "delta info",
    .arguments = "DELTA",
    .help = "what a delta makes, from what, and what that takes",
    .options = info_options,
    .argument_min = 1,
    .argument_max = 1,
    .run = run_info,
};
