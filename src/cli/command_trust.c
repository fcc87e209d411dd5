#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "cli/command.h"
#include "cli/feed_options.h"
#include "cli/print_trust.h"
#include "flow/config_path.h"
#include "flow/trust_refresh.h"
#include "trust/tuf_trusted.h"

enum { FORMAT_TABLE = 1, FORMAT_JSON };

static enum command_exit print_page(const struct command_call *call, const struct trust_record *record,
                                    int64_t now_us, bool as_json, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_TRUST_RECORD);
    struct screen screen = screen_for_output(&w);
    struct bytes raw;

    if (as_json)
        print_trust_json(&w, record, now_us);
    else if (record == NULL)
        screen_line(&screen, TEXT("No repository is pinned here; vendors' own signatures are all there is."),
                    COLOUR_PLAIN);
    else
        print_trust(&screen, record, now_us, call->arena);
    if (!writer_done(&w, &raw, err))
        return COMMAND_FAILED;
    (void)fwrite(raw.at, 1, raw.size, call->out);
    return COMMAND_DONE;
}

/* ---- trust pin ---- */

enum { PIN_SHA256, PIN_REPLACE };

static const struct command_option pin_options[] = {
    [PIN_SHA256] = {"sha256", OPTION_TEXT, "HEX", "pin it only when the file has this digest"},
    [PIN_REPLACE] = {"replace", OPTION_SWITCH, NULL, "forget the repository and the root that are pinned"},
    {0},
};

static bool check_digest(const char *wanted, const struct digest *got, struct error *err)
{
    char hex[DIGEST_HEX_MAX + 1];

    digest_hex(got, hex);
    return wanted == NULL || text_equal_caseless(text_of(wanted), text_of(hex)) ||
           error_set(err, ERROR_TRUST, "its SHA-256 is %s, not what --sha256 says", hex);
}

/* The state of another root has floors that mean nothing here. */
static bool forget(const struct command_call *call, struct error *err)
{
    struct state state;

    if (!feed_options_state(call->arena, &state, err))
        return false;
    const char *folder = state_path(&state, call->arena, "trust");
    return folder == NULL ? arena_full(call->arena, err) : file_remove_tree(folder, err);
}

static bool write_settings(const struct command_call *call, struct bytes root, bool replace,
                           struct error *err)
{
    bool (*const write)(const char *path, struct bytes bytes, mode_t mode, struct error *err) =
        replace ? file_replace : file_create;
    const char *folder = NULL;
    const struct text settings =
        text_format(call->arena, "repository: %s\nroot: " TRUST_SETTINGS_ROOT "\n", call->arguments[0]);
    struct trust_settings checked;

    if (!config_folder(call->arena, &folder, err))
        return false;
    const char *path = file_path(call->arena, folder, TRUST_SETTINGS_FILE);
    const char *root_path = file_path(call->arena, folder, TRUST_SETTINGS_ROOT);
    if (path == NULL || root_path == NULL || settings.at == NULL)
        return arena_full(call->arena, err);
    if (!trust_settings_parse(bytes_of_text(settings), text_of(TRUST_SETTINGS_FILE), folder, call->arena,
                              &checked, err))
        return false;
    if (!replace && file_exists(path))
        return error_set(err, ERROR_CONFLICT, "%s: a repository is pinned already; --replace forgets it",
                         path);
    /* The settings come last: until they are there, nothing is pinned. */
    return file_make_folders(folder, 0755, err) && file_replace(root_path, root, 0644, err) &&
           write(path, bytes_of_text(settings), 0644, err);
}

static enum command_exit run_pin(const struct command_call *call, struct error *err)
{
    OWN(tuf_trusted_end) struct tuf_trusted *trusted = NULL;
    OWN(writer_end) struct writer w = writer_with(MIB);
    struct screen screen = screen_for_output(&w);
    const char *path = call->arguments[1];
    const bool replace = command_given(call, PIN_REPLACE);
    struct digest digest;
    struct bytes root, page;

    if (!file_read(path, LIMIT_TUF_ROOT, call->arena, &root, err))
        return COMMAND_FAILED;
    if (!digest_bytes(DIGEST_SHA256, root, &digest, err) ||
        !check_digest(command_text(call, PIN_SHA256), &digest, err) ||
        !tuf_trusted_begin(root, TIME_ABSENT, call->arena, &trusted, err)) {
        (void)error_at(err, "%s", path);
        return COMMAND_FAILED;
    }
    if ((replace && !forget(call, err)) || !write_settings(call, root, replace, err))
        return COMMAND_FAILED;
    print_trust_root(&screen, tuf_trusted_get(trusted, TEXT("root")), &digest, call->arena);
    screen_line(&screen,
                TEXT("Pinned. Compare the digest with what the repository's people say by another way; "
                     "then: suture trust refresh"),
                COLOUR_PLAIN);
    if (!writer_done(&w, &page, err))
        return COMMAND_FAILED;
    (void)fwrite(page.at, 1, page.size, call->out);
    return COMMAND_DONE;
}

const struct command command_trust_pin = {
    .name = "trust pin",
    .arguments = "URL ROOT",
    .help = "believe the repository at URL, beginning with the root in a file",
    .more = "Below URL are metadata/ and targets/, as suture repo publish makes them. The first root is\n"
            "the one thing that nobody else can vouch for: get it and its digest by different ways.\n"
            "Every later root is believed because the one before signed it. Writes trust.yaml and\n"
            "trust-root.json to /etc/suture, for a user to ~/.config/suture.",
    .options = pin_options,
    .argument_min = 2,
    .argument_max = 2,
    .run = run_pin,
};

/* ---- trust refresh ---- */

enum { REFRESH_NOW, REFRESH_FORMAT };

static const struct command_option refresh_options[] = {
    [REFRESH_NOW] = {"now", OPTION_TIME, "TIME", "the time to go by instead of the clock's"},
    [REFRESH_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print what is believed"},
    {0},
};

static enum command_exit run_refresh(const struct command_call *call, struct error *err)
{
    struct trust_settings settings;
    struct trust_record record;
    struct state state;
    struct trust_refresh_request request = {
        .state = &state, .settings = &settings, .now_us = feed_options_now(call, REFRESH_NOW)};
    struct error no_fetch;

    if (!trust_settings_in_force(call->arena, &settings, err))
        return COMMAND_FAILED;
    if (settings.repository.size == 0) {
        (void)error_set(err, ERROR_ABSENT, "no repository is pinned here: suture trust pin URL ROOT");
        return COMMAND_FAILED;
    }
    if (!os_helper(call->arena, "suture-fetch", &request.fetch_program, &no_fetch))
        request.fetch_program = NULL; /* file: still works */
    if (!feed_options_state(call->arena, &state, err) ||
        !trust_refresh(&request, call->arena, &record, err) ||
        print_page(call, &record, request.now_us, command_choice(call, REFRESH_FORMAT) == FORMAT_JSON, err) !=
            COMMAND_DONE)
        return COMMAND_FAILED;
    if (record.problem.size > 0) {
        (void)error_set(err, ERROR_TRUST, "%.*s", TEXT_ARG(record.problem));
        return COMMAND_FAILED;
    }
    return COMMAND_DONE;
}

const struct command command_trust_refresh = {
    .name = "trust refresh",
    .help = "ask the pinned repository what its people have signed",
    .more = "Roots, then every role, then the orders and the policy that they list, each verified before\n"
            "it is kept. When anything fails, what was believed before stays in force.",
    .options = refresh_options,
    .run = run_refresh,
};

/* ---- trust status ---- */

enum { STATUS_NOW, STATUS_FORMAT };

static const struct command_option status_options[] = {
    [STATUS_NOW] = {"now", OPTION_TIME, "TIME", "judge ages as of this time"},
    [STATUS_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print it"},
    {0},
};

static enum command_exit run_status(const struct command_call *call, struct error *err)
{
    struct trust_record record;
    const char *folder = NULL;
    bool found = false;

    if (!state_folder(call->arena, &folder, err) ||
        !trust_record_read(folder, call->arena, &record, &found, err))
        return COMMAND_FAILED;
    return print_page(call, found ? &record : NULL, feed_options_now(call, STATUS_NOW),
                      command_choice(call, STATUS_FORMAT) == FORMAT_JSON, err);
}

const struct command command_trust_status = {
    .name = "trust status",
    .help = "what is believed of the pinned repository: every role, its age, orders",
    .more = "Asks nobody and verifies nothing anew: it shows what the last refresh believed. A timestamp\n"
            "that is 24 hours old is stale; whatever expired is shown so, and goes on being shown.",
    .options = status_options,
    .run = run_status,
};
