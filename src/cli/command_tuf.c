#include <limits.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "cli/command.h"
#include "flow/tuf_fetch.h"

enum { METADATA_DIR, METADATA_URL, TARGET_NAME, TARGET_BASE_URL, TARGET_DIR, CA_FILE };

static const struct command_option options[] = {
    [METADATA_DIR] = {"metadata-dir", OPTION_FOLDER, "DIR", "where verified metadata is kept"},
    [METADATA_URL] = {"metadata-url", OPTION_TEXT, "URL", "where metadata is served"},
    [TARGET_NAME] = {"target-name", OPTION_TEXTS, "PATH", "of the file to download; once for each"},
    [TARGET_BASE_URL] = {"target-base-url", OPTION_TEXT, "URL", "where targets are served"},
    [TARGET_DIR] = {"target-dir", OPTION_FOLDER, "DIR", "where downloaded files go"},
    [CA_FILE] = {"ca-file", OPTION_FILE, "FILE", "certificates to trust, instead of the system's"},
    {0},
};

/* ---- progress of a download ---- */

/* On a terminal alone. */
struct face {
    FILE *to; /* NULL: nobody looks */
    const char *name;
    uint64_t size;
    unsigned shown;
};

static bool show(void *self, uint64_t have)
{
    struct face *face = self;
    unsigned share = face->size == 0 || have > face->size ? 100 : (unsigned)(have * 100 / face->size);

    if (face->to != NULL && face->name != NULL && share != face->shown) {
        face->shown = share;
        fprintf(face->to, "\r\033[K%s: %u %%", face->name, share);
        fflush(face->to);
    }
    return true;
}

static void clear(const struct face *face)
{
    if (face->to != NULL && face->shown <= 100)
        fprintf(face->to, "\r\033[K");
}

/* ---- one updater ---- */

/* OWN(updater_end). */
struct updater {
    struct tuf_client client;
    struct tuf_fetch fetch;
    struct face face;
    const char *spool; /* NULL: not made */
};

static void updater_end(struct updater *updater)
{
    struct error ignored;

    /* Without the lock it is another run's, which is at work in it. */
    if (updater->spool != NULL && updater->client.lock != 0)
        (void)!file_remove_tree(updater->spool, &ignored);
    tuf_client_end(&updater->client);
}

static struct text text_or_absent(const char *given)
{
    return given == NULL ? (struct text){0} : text_of(given);
}

/* Filled in place: the client's bringer points into it. */
static bool begin(const struct command_call *call, struct updater *updater, struct error *err)
{
    const char *folder = command_text(call, METADATA_DIR), *program = NULL;
    struct error absent;
    char *spool = file_path(call->arena, folder, "spool");

    if (spool == NULL)
        return arena_full(call->arena, err);
    if (!file_is_folder(folder))
        return error_set(err, ERROR_ABSENT,
                         "%s: is no folder; suture tuf --metadata-dir DIR init ROOT makes it", folder);
    if (!file_make_folders(spool, 0700, err))
        return false;
    updater->spool = spool;
    if (!os_helper(call->arena, "suture-fetch", &program, &absent))
        program = NULL; /* file: can still be had; for others its absence is told */
    updater->face =
        (struct face){.to = os_is_terminal(fileno(call->errors)) ? call->errors : NULL, .shown = UINT_MAX};
    updater->fetch = (struct tuf_fetch){
        .program = program,
        .spool = spool,
        .metadata_url = text_or_absent(command_text(call, METADATA_URL)),
        .targets_url = text_or_absent(command_text(call, TARGET_BASE_URL)),
        .ca_file = text_or_absent(command_text(call, CA_FILE)),
        .progress = show,
        .self = &updater->face,
    };
    updater->client = (struct tuf_client){.folder = folder,
                                          .bringer = tuf_fetch_bringer(&updater->fetch),
                                          .now_us = time_now_us(),
                                          .arena = call->arena};
    return true;
}

static enum command_exit check_given(const struct command_call *call, const unsigned *wanted, size_t count,
                                     struct error *err)
{
    for (size_t i = 0; i < count; i++)
        if (!command_given(call, wanted[i]))
            return command_wrong(err, "--%s is missing", options[wanted[i]].name);
    return COMMAND_DONE;
}

/* ---- what it does ---- */

static enum command_exit run_init(const struct command_call *call, struct error *err)
{
    const char *path = call->arguments[1];
    struct bytes root;

    if (!file_read(path, LIMIT_TUF_ROOT, call->arena, &root, err))
        return COMMAND_FAILED;
    if (!tuf_client_init(command_text(call, METADATA_DIR), root, call->arena, err)) {
        if (err->kind != ERROR_CONFLICT)
            (void)error_at(err, "%s", path);
        return COMMAND_FAILED;
    }
    return COMMAND_DONE;
}

static enum command_exit run_refresh(const struct command_call *call, struct error *err)
{
    static const char *const roles[] = {"root", "timestamp", "snapshot", "targets"};
    OWN(updater_end) struct updater updater = {0};

    if (!begin(call, &updater, err) || !tuf_client_refresh(&updater.client, err))
        return COMMAND_FAILED;
    for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++)
        fprintf(call->out, "%s%s %llu", i == 0 ? "" : ", ", roles[i],
                (unsigned long long)tuf_trusted_get(updater.client.trusted, text_of(roles[i]))->version);
    fprintf(call->out, "\n");
    return COMMAND_DONE;
}

static bool download_one(const struct command_call *call, struct updater *updater, const char *name,
                         struct error *err)
{
    const struct tuf_file *target = NULL;
    const char *path = NULL;

    if (!tuf_client_find(&updater->client, text_of(name), &target, NULL, err))
        return error_at(err, "%s", name);
    if (target == NULL)
        return error_set(err, ERROR_ABSENT, "%s: no role that may speak for it lists it", name);
    updater->face.name = name;
    updater->face.size = target->length;
    if (!tuf_client_download(&updater->client, target, command_text(call, TARGET_DIR), &path, err))
        return error_at(err, "%s", name);
    fprintf(call->out, "%s\n", path);
    return true;
}

static enum command_exit run_download(const struct command_call *call, struct error *err)
{
    const struct command_value *names = &call->values[TARGET_NAME];
    OWN(updater_end) struct updater updater = {0};
    bool done;

    if (!file_make_folders(command_text(call, TARGET_DIR), 0755, err) || !begin(call, &updater, err))
        return COMMAND_FAILED;
    done = tuf_client_refresh(&updater.client, err);
    for (size_t i = 0; done && i < names->text_count; i++)
        done = download_one(call, &updater, names->texts[i], err);
    clear(&updater.face);
    return done ? COMMAND_DONE : COMMAND_FAILED;
}

static const struct {
    const char *word;
    size_t arguments; /* with the word */
    unsigned given[5];
    size_t given_count;
    enum command_exit (*run)(const struct command_call *call, struct error *err);
} deeds[] = {
    {"init", 2, {METADATA_DIR}, 1, run_init},
    {"refresh", 1, {METADATA_DIR, METADATA_URL}, 2, run_refresh},
    {"download", 1, {METADATA_DIR, METADATA_URL, TARGET_NAME, TARGET_BASE_URL, TARGET_DIR}, 5, run_download},
};

static enum command_exit run(const struct command_call *call, struct error *err)
{
    for (size_t i = 0; i < sizeof(deeds) / sizeof(*deeds); i++) {
        if (strcmp(call->arguments[0], deeds[i].word) != 0)
            continue;
        if (call->argument_count != deeds[i].arguments)
            return command_wrong(err, "%s takes %s", deeds[i].word,
                                 deeds[i].arguments == 2 ? "ROOT, a file" : "no argument");
        enum command_exit missing = check_given(call, deeds[i].given, deeds[i].given_count, err);
        return missing == COMMAND_DONE ? deeds[i].run(call, err) : missing;
    }
    return command_wrong(err, "\"%s\" is none of init, refresh, download", call->arguments[0]);
}

const struct command command_tuf = {
    .name = "tuf",
    .arguments = "init|refresh|download [ROOT]",
    .help = "a plain client of any repository made by The Update Framework",
    .more = "init ROOT pins the first root (--metadata-dir). refresh fetches and verifies what is new\n"
            "(--metadata-dir, --metadata-url). download does that and then fetches targets\n"
            "(also --target-name, once for each, --target-base-url and --target-dir), and stops at the\n"
            "first that fails. What was verified before a failure stays as it was.",
    .options = options,
    .argument_min = 1,
    .argument_max = 2,
    .run = run,
};
