/*
 * suture audit list, export, verify: who changed what on the fleet's server.
 */
#include <stdio.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "cli/audit_check.h"
#include "cli/command.h"
#include "cli/server_rows.h"
#include "cli/words.h"
#include "flow/config_path.h"

#define EXPORT_MAX (1024 * MIB)
#define HEAD_FILE  "audit-head.json"
enum { FORMAT_JSON = 2 };

/* ---- list ---- */

enum { LIST_FROM, LIST_LIMIT, LIST_FORMAT };
static const struct command_option list_options[] = {
    [LIST_FROM] = {"from", OPTION_TEXT, "ROW", "from this row on; the first when nothing is said"},
    [LIST_LIMIT] = SERVER_OPTION_LIMIT,
    [LIST_FORMAT] = SERVER_OPTION_FORMAT,
    {0},
};
static const struct server_column columns[] = {
    {{"ROW", 3, 12, true}, "seq", SERVER_TEXT},    {{"WHEN", 16, 24, false}, "at", SERVER_TIME},
    {{"WHO", 8, 32, false}, "actor", SERVER_TEXT}, {{"FROM", 7, 40, false}, "from", SERVER_TEXT},
    {{"WHAT", 8, 20, false}, "deed", SERVER_TEXT}, {{"OF", 8, 48, false}, "object", SERVER_TEXT},
};

static enum command_exit run_list(const struct command_call *call, struct error *err)
{
    static const struct server_table table = {columns, sizeof(columns) / sizeof(*columns), NULL, "No rows."};
    struct server_listing listing = {
        .list = {.member = "audit", .after = "from"},
        .table = &table,
        .as_json = command_choice(call, LIST_FORMAT) == FORMAT_JSON,
    };

    if (!server_limit(call, LIST_LIMIT, &listing.limit, err))
        return COMMAND_WRONG_USAGE;
    listing.list.path = server_path_with(call->arena, "/api/1/audit", "from", command_text(call, LIST_FROM));
    return server_list_run(call, &listing, err);
}

const struct command command_audit_list = {
    .name = "audit list",
    .help = "who changed what on the fleet's server, from where",
    .options = list_options,
    .run = run_list,
};

/* ---- export ---- */

static bool has_head(struct bytes page)
{
    return text_find((struct text){(const char *)page.at, page.size}, TEXT("\"suture.audit-head/1\"")) !=
           SIZE_MAX;
}

static size_t count_lines(struct bytes page)
{
    size_t count = 0;

    for (size_t i = 0; i < page.size; i++)
        count += page.at[i] == '\n';
    return count;
}

static bool export_page(struct server_call *server, uint64_t from, struct bytes *out, struct error *err)
{
    struct text number = text_format(server->arena, "%llu", (unsigned long long)from);
    const struct server_question question = {
        .method = LINK_GET,
        .path = server_path_with(server->arena, "/api/1/audit/export", "from", number.at),
    };
    struct link_answer answer;

    if (!server_call_ask(server, &question, &answer, err))
        return false;
    if (answer.status != 200)
        return server_call_refused(&answer, err);
    *out = answer.body;
    return true;
}

static enum command_exit run_export(const struct command_call *call, struct error *err)
{
    OWN(server_call_end) struct server_call server = {.link.helper = HELPER_NONE};
    struct bytes page = {0};
    uint64_t from = 1;

    if (!server_call_open(call->arena, &server, err))
        return COMMAND_FAILED;
    do {
        if (!export_page(&server, from, &page, err))
            return COMMAND_FAILED;
        (void)fwrite(page.at, 1, page.size, call->out);
        from += count_lines(page);
    } while (page.size > 0 && !has_head(page));
    return COMMAND_DONE;
}

const struct command command_audit_export = {
    .name = "audit export",
    .help = "the whole audit log as lines of JSON, with its chain, on standard output",
    .more = "suture audit verify checks it, here or anywhere.",
    .run = run_export,
};

/* ---- verify ---- */

/* What was checked here before, so that a log that becomes another one is found out. */
static const char *head_path(struct arena *arena, struct error *err)
{
    const char *folder, *path;

    if (!config_folder(arena, &folder, err))
        return NULL;
    path = file_path(arena, folder, HEAD_FILE);
    if (path == NULL)
        (void)arena_full(arena, err);
    return path;
}

static bool read_known(const char *path, struct arena *arena, struct audit_head *out, uint8_t key[32],
                       struct error *err)
{
    OWN(json_end) struct json_document document = {0};
    struct text chain = {0}, signer = {0};
    struct bytes raw;

    if (!file_exists(path))
        return true;
    if (!file_read(path, LIMIT_YAML_FILE, arena, &raw, err) ||
        !json_parse(raw, LIMIT_YAML_FILE, &document, err) ||
        !json_get_u64(json_root(&document), "seq", true, INT64_MAX, &out->seq, err) ||
        !json_get_text(json_root(&document), "chain", true, 64, &chain, err) ||
        !text_to_hex(chain, out->chain, sizeof(out->chain), err) ||
        !json_get_text(json_root(&document), "key", true, 64, &signer, err) ||
        !text_to_hex(signer, key, 32, err))
        return error_at(err, "%s", path);
    return true;
}

static void put_hex(struct json_writer *j, const char *name, const uint8_t at[32])
{
    struct digest digest = {.kind = DIGEST_SHA256};
    char hex[DIGEST_HEX_MAX + 1];

    memcpy(digest.at, at, 32);
    digest_hex(&digest, hex);
    json_name(j, name);
    json_put_string(j, hex);
}

static bool keep_known(const char *path, const struct audit_checked *checked, struct arena *arena,
                       struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(4 * KIB);
    struct json_writer j = json_writer_with(&w, true);
    const char *folder;

    json_open_object(&j);
    json_name(&j, "seq");
    json_put_u64(&j, checked->last.seq);
    put_hex(&j, "chain", checked->last.chain);
    put_hex(&j, "key", checked->key);
    json_close_object(&j);
    writer_byte(&w, '\n');
    return config_folder(arena, &folder, err) && file_make_folders(folder, 0755, err) &&
           file_replace(path, writer_bytes(&w), 0600, err);
}

static bool print_checked(const struct command_call *call, const struct audit_checked *checked,
                          const struct audit_head *known)
{
    struct zone zone = words_local_zone(call->arena);

    fprintf(call->out, "%llu rows, each in its place.\n", (unsigned long long)checked->last.seq);
    if (checked->signed_us != 0) {
        struct text moment = words_moment(call->arena, &zone, checked->signed_us);
        fprintf(call->out, "Signed by the server's keeper, %.*s.\n", TEXT_ARG(moment));
    } else {
        fprintf(call->out, "NO SIGNED HEAD: rows may have been cut off at the end.\n");
    }
    if (known->seq > 0)
        fprintf(call->out, "It goes on from the %llu rows that were checked here before.\n",
                (unsigned long long)known->seq);
    return true;
}

static enum command_exit run_verify(const struct command_call *call, struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};
    const char *path = head_path(call->arena, err);
    struct audit_checked checked;
    struct audit_head known = {0};
    uint8_t key[32] = {0};

    if (path == NULL || !read_known(path, call->arena, &known, key, err) ||
        !file_map(call->arguments[0], EXPORT_MAX, &map, err) ||
        !audit_check(map.bytes, &known, &checked, err))
        return COMMAND_FAILED;
    if (known.seq > 0 && checked.signed_us != 0 && memcmp(key, checked.key, sizeof(key)) != 0) {
        (void)error_set(err, ERROR_TRUST,
                        "another key signed it than the one before; if that is right, remove %s", path);
        return COMMAND_FAILED;
    }
    /* Without a signed head it may be a part: nothing is remembered of it. */
    if (checked.signed_us != 0 && !keep_known(path, &checked, call->arena, err))
        return COMMAND_FAILED;
    (void)print_checked(call, &checked, &known);
    return COMMAND_DONE;
}

const struct command command_audit_verify = {
    .name = "audit verify",
    .arguments = "FILE",
    .help = "check an exported audit log: no row was edited, dropped, moved or cut off",
    .more = "Asks nobody. What was checked is remembered among your configuration: a later export must\n"
            "go on from it, whatever the server says.",
    .argument_min = 1,
    .argument_max = 1,
    .run = run_verify,
};
