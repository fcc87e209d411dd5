#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "cli/command.h"
#include "delta/deb_layout.h"
#include "delta/supplement.h"

enum { OPTION_CLASS };

static const struct command_option options[] = {
    [OPTION_CLASS] = {"class", OPTION_CHOICE, "documents|conffiles|files|control",
                      "which of its files; needed"},
    {0},
};

/* By the words above. */
static const enum base_class classes[] = {BASE_UNKNOWN, BASE_DOC, BASE_CONFFILE, BASE_FILE, BASE_CONTROL};

static bool make(const struct command_call *call, enum base_class class, struct error *err)
{
    OWN(writer_end) struct writer out = writer_with(LIMIT_SUPPLEMENT);
    OWN(file_unmap) struct file_map map = {0};
    OWN(base_deb_end) struct base base = {0};
    const char *old = call->arguments[0], *path = call->arguments[1], *folder = os_environment("TMPDIR");
    struct bytes bytes;

    if (!file_map(old, LIMIT_DEB_FILE, &map, err))
        return false;
    if (!base_deb_open(map.bytes, folder == NULL ? "/var/tmp" : folder, call->arena, &base, err) ||
        !supplement_write(&base, class, &out, err) || !writer_done(&out, &bytes, err))
        return error_at(err, "%s", old);
    if (!file_replace(path, bytes, 0644, err))
        return false;
    fprintf(call->out, "%s: %zu bytes\n", path, bytes.size);
    return true;
}

static enum command_exit run(const struct command_call *call, struct error *err)
{
    if (!command_given(call, OPTION_CLASS))
        return command_wrong(err, "--class is needed");
    return make(call, classes[command_choice(call, OPTION_CLASS)], err) ? COMMAND_DONE : COMMAND_FAILED;
}

const struct command command_delta_supplement = {
    .name = "delta supplement",
    .arguments = "OLD OUT",
    .help = "the old files of one class, for machines that lack them",
    .more = "A delta is made from what a package has installed. Some machines keep no\n"
            "documentation, on others a conffile was edited: they take these files from here\n"
            "(suture delta apply --installed --supplement OUT). OLD is a package file.",
    .options = options,
    .argument_min = 2,
    .argument_max = 2,
    .run = run,
};
