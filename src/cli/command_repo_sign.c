/* suture repo sign: attaches signatures that were made elsewhere and printed. */
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "cli/print_repo.h"
#include "cli/repo_options.h"
#include "trust/repo_stage.h"

enum { OPTION_SIGNATURE };

static const struct command_option options[] = {
    [OPTION_SIGNATURE] = {"signature", OPTION_FILE, "FILE",
                          "what suture sign --print-only printed, a line each"},
    {0},
};

/* {"keyid": "...", "sig": "<hex>", "role": "policy", "version": 4, "sha256": "..."}; the signature itself tells whether it fits. */
static bool parse_line(struct text line, const struct tree_role *row, struct arena *arena,
                       struct tuf_signature *out, struct error *err)
{
    OWN(json_end) struct json_document document = {0};
    struct text id, hex, role = text_of(row->name);

    if (!json_parse(bytes_of_text(line), LIMIT_LINE, &document, err) ||
        !json_get_text(json_root(&document), "keyid", true, LIMIT_TUF_KEY_ID, &id, err) ||
        !json_get_text(json_root(&document), "sig", true, 2 * LIMIT_TUF_SIGNATURE, &hex, err) ||
        !json_get_text(json_root(&document), "role", false, LIMIT_TUF_ROLE_NAME, &role, err))
        return false;
    if (!text_equal(role, text_of(row->name)))
        return error_set(err, ERROR_INPUT, "is of %.*s, not of %s", TEXT_ARG(role), row->name);
    uint8_t *value = arena_take(arena, hex.size / 2 + 1);
    out->key_id = text_copy(arena, id);
    if (value == NULL || out->key_id.at == NULL)
        return arena_full(arena, err);
    if (!text_to_hex(hex, value, hex.size / 2, err))
        return error_at(err, "sig");
    out->value = (struct bytes){value, hex.size / 2};
    return true;
}

static bool attach_all(struct repo *repo, const struct tree_role *row, const char *path, struct error *err)
{
    struct bytes raw;
    struct text rest, line;
    size_t number = 0, attached = 0;

    if (!file_read(path, LIMIT_REPO_SIGNATURES, repo->arena, &raw, err) ||
        !text_from_lines(raw, LIMIT_REPO_SIGNATURES, &rest, err))
        return error_at(err, "%s", path);
    while (text_cut(&rest, '\n', &line)) {
        struct tuf_signature signature;
        number++;
        if (text_trim(line).size == 0)
            continue;
        if (!parse_line(line, row, repo->arena, &signature, err))
            return error_at(err, "%s: line %zu", path, number);
        if (!repo_attach(repo, row, &signature, err))
            return false;
        attached++;
    }
    return attached > 0 || error_set(err, ERROR_INPUT, "%s: no signature in it", path);
}

static enum command_exit run(const struct command_call *call, struct error *err)
{
    OWN(writer_end) struct writer out = writer_with(PRINT_REPO_MAX);
    OWN(repo_close) struct repo repo = {.lock = -1};
    struct screen screen = screen_for_output(&out);
    const struct tree_role *row;

    enum command_exit wrong = repo_option_role(call->arguments[1], &row, err);
    if (wrong != COMMAND_DONE)
        return wrong;
    if (row->online)
        return command_wrong(err, "%s is the server's: suture repo publish %s signs it", row->name,
                             call->arguments[0]);
    if (!command_given(call, OPTION_SIGNATURE))
        return command_wrong(
            err, "--signature FILE is missing; where the key is at hand: suture sign %s/staged/%s.json",
            call->arguments[0], row->name);
    if (!repo_open(call->arguments[0], REPO_WRITE, call->arena, &repo, err) ||
        !attach_all(&repo, row, command_text(call, OPTION_SIGNATURE), err) ||
        !print_repo_waiting(&screen, &repo, time_now_us(), err))
        return COMMAND_FAILED;
    return print_repo_out(call, &out, err);
}

const struct command command_repo_sign = {
    .name = "repo sign",
    .arguments = "DIR ROLE",
    .help = "attach a signature that was made on another machine",
    .more = "For machines without a network: suture sign --print-only prints one line there,\n"
            "which is carried here. It is verified before it is kept.",
    .options = options,
    .argument_min = 2,
    .argument_max = 2,
    .run = run,
};
