/*
 * suture order list: the orders of a repository, which hold, and which wait for whom.
 *
 *     ID                   KIND    STATE     UNTIL                  SIGNED      WHAT
 *     2026-11-22-9f3a1c07  crisis  in force  Sun 6 Dec 2026 00:00   eve, anna   level emergency-only: exploited hole in the VPN
 *     2026-11-22-b10c0001  block   waits     Sat 28 Nov 2026 00:00  0 of 1      zlib1g: breaks printing
 */
#include "base/own.h"
#include "cli/order_options.h"
#include "cli/print_repo.h"
#include "cli/words.h"
#include "format/json.h"

enum { OPTION_REPO, OPTION_NOW, OPTION_FORMAT };
static const struct command_option options[] = {
    [OPTION_REPO] = {"repo", OPTION_FOLDER, "DIR", "the repository"},
    [OPTION_NOW] = {"now", OPTION_TIME, "TIME", "what holds at this time"},
    [OPTION_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print it"},
    {0},
};
enum { FORMAT_JSON = 2 };

enum { CELL_ID, CELL_KIND, CELL_STATE, CELL_UNTIL, CELL_SIGNED, CELL_WHAT, CELL_COUNT };
static const struct screen_column columns[CELL_COUNT] = {
    [CELL_ID] = {"ID", 19, 23, false},        [CELL_KIND] = {"KIND", 5, 8, false},
    [CELL_STATE] = {"STATE", 5, 13, false},   [CELL_UNTIL] = {"UNTIL", 16, 24, false},
    [CELL_SIGNED] = {"SIGNED", 6, 24, false}, [CELL_WHAT] = {"WHAT", 20, 80, false},
};

struct face {
    const struct repo *repo;
    struct repo_orders orders;
    int64_t now_us;
    struct arena *arena;
    struct zone zone;
};

/* ---- the screen ---- */

static struct text what_of(const struct repo_order *listed, struct arena *arena)
{
    const struct signed_order *order = &listed->order;
    struct text what = order->everything ? TEXT("everything") : order->package;

    if (listed->why.kind != ERROR_NONE)
        return text_format(arena, "%.*s: %s", TEXT_ARG(listed->path), listed->why.text);
    if (order->kind == SIGNED_ORDER_CRISIS)
        what = text_format(arena, "level %s", level_name(order->level));
    if (order->kind == SIGNED_ORDER_APPROVAL)
        what = text_format(arena, "%.*s %.*s", TEXT_ARG(order->package), TEXT_ARG(order->version));
    for (size_t i = 0; i < order->version_count; i++)
        what = text_format(arena, "%.*s %.*s", TEXT_ARG(what), TEXT_ARG(order->versions[i]));
    if (order->kind == SIGNED_ORDER_BLOCK && order->digest_count > 0)
        what = text_format(arena, "%.*s, %zu files", TEXT_ARG(what), order->digest_count);
    return text_format(arena, "%.*s: %.*s", TEXT_ARG(what), TEXT_ARG(order->reason));
}

static struct text state_words(const struct repo_order *listed)
{
    static const struct text words[REPO_ORDER_STATE_COUNT] = {
        [REPO_ORDER_UNKNOWN] = {"unreadable", 10}, [REPO_ORDER_WAITS] = {"waits", 5},
        [REPO_ORDER_NOT_BEGUN] = {"not yet", 7},   [REPO_ORDER_HOLDS] = {"in force", 8},
        [REPO_ORDER_ENDED] = {"ended", 5},
    };

    return listed->leaves ? TEXT("to be removed") : words[listed->state];
}

static void fill_row(const struct face *face, const struct repo_order *listed, struct text cells[CELL_COUNT])
{
    struct text signers = print_repo_signers(&listed->signers, face->arena);

    cells[CELL_ID] = listed->order.id.size > 0 ? listed->order.id : TEXT("-");
    cells[CELL_KIND] = text_of(listed->row->name);
    cells[CELL_STATE] = state_words(listed);
    cells[CELL_UNTIL] =
        listed->why.kind != ERROR_NONE
            ? TEXT("-")
            : words_moment(face->arena, &face->zone,
                           listed->state == REPO_ORDER_WAITS ? listed->order.ends_us : listed->end_us);
    cells[CELL_SIGNED] =
        listed->signers.count >= listed->threshold
            ? signers
            : text_format(face->arena, "%zu of %u", listed->signers.count, listed->threshold);
    cells[CELL_WHAT] = what_of(listed, face->arena);
}

static bool print_table(const struct face *face, struct writer *out, struct error *err)
{
    struct screen screen = screen_for_output(out);
    struct text(*cells)[CELL_COUNT] = arena_take_array(face->arena, face->orders.count, sizeof(*cells));

    if (cells == NULL)
        return arena_full(face->arena, err);
    if (face->orders.count == 0) {
        screen_line(&screen, TEXT("No orders."), COLOUR_GOOD);
        return true;
    }
    for (size_t i = 0; i < face->orders.count; i++)
        fill_row(face, &face->orders.at[i], cells[i]);
    struct screen_table table = screen_table_with(&screen, columns, CELL_COUNT, cells[0], face->orders.count);
    screen_head(&screen, &table);
    for (size_t i = 0; i < face->orders.count; i++)
        screen_row(&screen, &table, cells[i],
                   face->orders.at[i].state == REPO_ORDER_UNKNOWN ? COLOUR_BAD
                   : face->orders.at[i].state == REPO_ORDER_HOLDS ? COLOUR_WARN
                                                                  : COLOUR_PLAIN);
    return print_repo_waiting(&screen, face->repo, face->now_us, err);
}

/* ---- JSON ---- */

static void put_text(struct json_writer *j, const char *name, struct text value)
{
    json_name(j, name);
    json_put_text(j, value);
}

static void put_time(struct json_writer *j, const char *name, int64_t us)
{
    json_name(j, name);
    json_put_time(j, us);
}

static void put_subject(struct json_writer *j, const struct signed_order *order)
{
    char hex[DIGEST_HEX_MAX + 1];

    if (order->kind == SIGNED_ORDER_CRISIS) {
        put_text(j, "level", text_of(level_name(order->level)));
        return;
    }
    if (order->package.size > 0)
        put_text(j, "package", order->package);
    if (order->kind == SIGNED_ORDER_APPROVAL) {
        put_text(j, "version", order->version);
        put_text(j, "arch", order->arch);
    } else {
        json_name(j, "everything");
        json_put_bool(j, order->everything);
        json_name(j, "versions");
        json_open_array(j);
        for (size_t i = 0; i < order->version_count; i++)
            json_put_text(j, order->versions[i]);
        json_close_array(j);
    }
    json_name(j, "sha256");
    json_open_array(j);
    for (size_t i = 0; i < order->digest_count; i++) {
        digest_hex(&order->digests[i], hex);
        json_put_string(j, hex);
    }
    json_close_array(j);
}

static void put_order(struct json_writer *j, const struct repo_order *listed)
{
    const struct signed_order *order = &listed->order;

    json_open_object(j);
    put_text(j, "path", listed->path);
    put_text(j, "kind", text_of(listed->row->name));
    put_text(j, "state", text_of(repo_order_state_name(listed->state)));
    json_name(j, "leaves");
    json_put_bool(j, listed->leaves);
    json_name(j, "threshold");
    json_put_u64(j, listed->threshold);
    json_name(j, "signed_by");
    json_open_array(j);
    for (size_t i = 0; i < listed->signers.count; i++)
        json_put_text(j, listed->signers.keys[i]->person);
    json_close_array(j);
    if (listed->why.kind != ERROR_NONE) {
        put_text(j, "why", text_of(listed->why.text));
    } else {
        put_text(j, "id", order->id);
        put_text(j, "by", order->by);
        put_text(j, "reason", order->reason);
        put_time(j, "made", order->made_us);
        put_time(j, "ends", order->ends_us);
        put_subject(j, order);
    }
    json_close_object(j);
}

static void print_json(const struct face *face, struct writer *out)
{
    struct json_writer j = json_writer_with(out, true);

    json_open_object(&j);
    put_text(&j, "schema", TEXT("suture.orders/1"));
    put_time(&j, "now", face->now_us);
    json_name(&j, "orders");
    json_open_array(&j);
    for (size_t i = 0; i < face->orders.count; i++)
        put_order(&j, &face->orders.at[i]);
    json_close_array(&j);
    json_close_object(&j);
    writer_byte(out, '\n');
}

/* ---- the command ---- */

static enum command_exit run(const struct command_call *call, struct error *err)
{
    OWN(writer_end) struct writer out = writer_with(PRINT_REPO_MAX);
    OWN(repo_close) struct repo repo = {.lock = -1};
    struct face face = {.repo = &repo,
                        .now_us =
                            command_given(call, OPTION_NOW) ? command_us(call, OPTION_NOW) : time_now_us(),
                        .arena = call->arena,
                        .zone = words_local_zone(call->arena)};

    if (command_text(call, OPTION_REPO) == NULL)
        return command_wrong(err, "--repo DIR is missing: the repository");
    if (!repo_open(command_text(call, OPTION_REPO), REPO_READ, call->arena, &repo, err) ||
        !repo_orders_list(&repo, face.now_us, &face.orders, err))
        return COMMAND_FAILED;
    if (command_choice(call, OPTION_FORMAT) == FORMAT_JSON)
        print_json(&face, &out);
    else if (!print_table(&face, &out, err))
        return COMMAND_FAILED;
    return print_repo_out(call, &out, err);
}

const struct command command_order_list = {
    .name = "order list",
    .help = "the orders of a repository: which hold, which wait for whom",
    .more = "What one machine obeys is shown by suture trust status.",
    .options = options,
    .run = run,
};
