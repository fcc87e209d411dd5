#include "cli/server_rows.h"

#include "base/limits.h"
#include "base/own.h"
#include "base/visible.h"
#include "cli/words.h"

#define OUTPUT_MAX  (64 * MIB)
#define LIMIT_MAX   100000
#define PAGE        500
#define TEXT_MAX    4096
#define LABEL_WIDTH 14

void server_rows_end(struct server_rows *rows)
{
    for (size_t i = 0; i < rows->page_count; i++)
        json_end(&rows->pages[i]);
    rows->page_count = 0;
}

/* ---- reading ---- */

static bool add_rows(struct server_call *call, struct json page, const char *member, struct server_rows *rows,
                     struct error *err)
{
    struct json list = {0};

    if (!json_get_array(page, member, true, &list, err) ||
        !json_get_text(page, "next", false, TEXT_MAX, &rows->next, err))
        return error_at(err, "answer");
    struct json *at = ARENA_ARRAY(call->arena, struct json, rows->count + json_count(list) + 1);
    if (at == NULL)
        return arena_full(call->arena, err);
    if (rows->count > 0)
        memcpy(at, rows->at, rows->count * sizeof(*at));
    for (struct json_walk walk = json_walk_with(list); json_walk_next(&walk);)
        at[rows->count++] = walk.value;
    rows->at = at;
    return true;
}

static const char *page_path(struct server_call *call, const struct server_list *list, size_t room,
                             struct text next)
{
    struct text size = text_format(call->arena, "%zu", room < PAGE ? room : PAGE);
    const char *path = server_path_with(call->arena, list->path, "limit", size.at);

    return server_path_with(call->arena, path, list->after,
                            next.size == 0 ? NULL : text_string(call->arena, next));
}

bool server_rows_read(struct server_call *call, const struct server_list *list, size_t limit,
                      struct server_rows *out, struct error *err)
{
    out->member = list->member;
    do {
        struct text next = out->next;
        const struct server_question question = {
            .method = LINK_GET,
            .path = page_path(call, list, limit - out->count, next),
        };
        out->next = (struct text){0};
        if (!server_call_json(call, &question, &out->pages[out->page_count], err))
            return false;
        if (!add_rows(call, json_root(&out->pages[out->page_count++]), list->member, out, err))
            return false;
    } while (out->next.size > 0 && out->count < limit && out->page_count < SERVER_PAGES_MAX);
    return true;
}

bool server_limit(const struct command_call *call, size_t option, size_t *out, struct error *err)
{
    const char *text = command_text(call, option);
    uint64_t limit = SERVER_LIMIT;

    if (text != NULL && (!text_to_u64(text_of(text), &limit, err) || limit == 0 || limit > LIMIT_MAX))
        return error_set(err, ERROR_INPUT, "--limit is a number from 1 to %d", LIMIT_MAX);
    *out = (size_t)limit;
    return true;
}

/* ---- cells ---- */

/* Names come from hosts: what would turn or hide text is shown for what it is. */
static struct text visible(struct bytes raw, struct arena *arena)
{
    OWN(writer_end) struct writer w = writer_with(8 * TEXT_MAX);

    if (raw.size > TEXT_MAX)
        raw.size = TEXT_MAX;
    visible_put(&w, raw);
    struct bytes made = writer_bytes(&w);
    return text_copy(arena, (struct text){(const char *)made.at, made.size});
}

struct text server_text(struct json row, const char *member, struct arena *arena)
{
    struct json value = json_member(row, member);

    if (json_is_bool(value)) {
        bool is = false;
        struct error ignored;
        return json_as_bool(value, &is, &ignored) && is ? TEXT("yes") : TEXT("no");
    }
    if (json_is_absent(value) || json_is_null(value) || json_is_array(value) || json_is_object(value))
        return TEXT("-");
    return json_is_text(value) ? visible(json_bytes(value), arena) : json_digits(value);
}

static struct text words_of(struct json list, struct arena *arena)
{
    struct text words = TEXT("");

    for (struct json_walk walk = json_walk_with(list); json_walk_next(&walk);) {
        struct text word = visible(json_bytes(walk.value), arena);
        words = text_format(arena, "%.*s%s%.*s", TEXT_ARG(words), words.size > 0 ? ", " : "", TEXT_ARG(word));
    }
    return words.size > 0 ? words : TEXT("-");
}

struct text server_cell_text(struct json row, const struct server_column *column, struct arena *arena,
                             int64_t now_us)
{
    struct text text = server_text(row, column->member, arena);
    struct error no_time;
    int64_t us;

    if (column->cell == SERVER_WORDS)
        return words_of(json_member(row, column->member), arena);
    if ((column->cell != SERVER_TIME && column->cell != SERVER_AGE) || !time_parse(text, &us, &no_time))
        return text;
    if (column->cell == SERVER_AGE)
        return words_age(arena, us, now_us);
    struct zone zone = words_local_zone(arena);
    return words_moment(arena, &zone, us);
}

/* ---- printing ---- */

static bool print_bytes(const struct command_call *call, const struct writer *w, struct error *err)
{
    struct bytes bytes;

    if (!writer_done(w, &bytes, err))
        return false;
    (void)fwrite(bytes.at, 1, bytes.size, call->out);
    return true;
}

bool server_print_json(const struct command_call *call, struct json value, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(OUTPUT_MAX);
    struct json_writer j = json_writer_with(&w, true);

    json_put_value(&j, value);
    writer_byte(&w, '\n');
    return print_bytes(call, &w, err);
}

/* The first page as it came, with the rows of all pages instead of its own, and the last one's "next". */
static bool print_pages(const struct command_call *call, const struct server_rows *rows, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(OUTPUT_MAX);
    struct json_writer j = json_writer_with(&w, true);
    struct json_walk walk = json_walk_with(json_root(&rows->pages[0]));

    json_open_object(&j);
    while (json_walk_next(&walk)) {
        json_name_of(&j, walk.name);
        if (text_equal(walk.name, text_of(rows->member))) {
            json_open_array(&j);
            for (size_t i = 0; i < rows->count; i++)
                json_put_value(&j, rows->at[i]);
            json_close_array(&j);
        } else if (text_equal(walk.name, TEXT("next"))) {
            if (rows->next.size > 0)
                json_put_text(&j, rows->next);
            else
                json_put_null(&j);
        } else {
            json_put_value(&j, walk.value);
        }
    }
    json_close_object(&j);
    writer_byte(&w, '\n');
    return print_bytes(call, &w, err);
}

static bool print_table(const struct command_call *call, const struct server_rows *rows,
                        const struct server_table *table, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(OUTPUT_MAX);
    struct screen_column columns[SCREEN_COLUMNS_MAX];
    struct screen screen = screen_for_output(&w);
    int64_t now_us = time_now_us();
    struct text *cells = ARENA_ARRAY(call->arena, struct text, rows->count * table->count + 1);

    if (cells == NULL)
        return arena_full(call->arena, err);
    for (size_t i = 0; i < table->count; i++)
        columns[i] = table->columns[i].column;
    for (size_t i = 0; i < rows->count * table->count; i++)
        cells[i] = server_cell_text(rows->at[i / table->count], &table->columns[i % table->count],
                                    call->arena, now_us);
    if (rows->count == 0) {
        screen_line(&screen, text_of(table->nothing), COLOUR_PLAIN);
        return print_bytes(call, &w, err);
    }
    struct screen_table made = screen_table_with(&screen, columns, table->count, cells, rows->count);
    screen_head(&screen, &made);
    for (size_t i = 0; i < rows->count; i++)
        screen_row(&screen, &made, cells + i * table->count,
                   table->colour == NULL ? COLOUR_PLAIN : table->colour(rows->at[i]));
    if (rows->next.size > 0)
        screen_line(&screen,
                    text_format(call->arena, "These are the first %zu; there are more: --limit", rows->count),
                    COLOUR_WARN);
    return print_bytes(call, &w, err);
}

bool server_rows_print(const struct command_call *call, const struct server_rows *rows,
                       const struct server_table *table, bool as_json, struct error *err)
{
    return as_json ? print_pages(call, rows, err) : print_table(call, rows, table, err);
}

bool server_print_labels(const struct command_call *call, struct json value,
                         const struct server_label *labels, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(OUTPUT_MAX);
    struct screen screen = screen_for_output(&w);
    int64_t now_us = time_now_us();

    for (; labels->label != NULL; labels++) {
        const struct server_column column = {.member = labels->member, .cell = labels->cell};
        struct text text = server_cell_text(value, &column, call->arena, now_us);
        if (!text_equal(text, TEXT("-")))
            screen_labelled(&screen, LABEL_WIDTH, text_of(labels->label), text, COLOUR_PLAIN);
    }
    return print_bytes(call, &w, err);
}

enum command_exit server_list_run(const struct command_call *call, const struct server_listing *listing,
                                  struct error *err)
{
    OWN(server_call_end) struct server_call server = {.link.helper = HELPER_NONE};
    OWN(server_rows_end) struct server_rows rows = {0};

    if (!server_call_open(call->arena, &server, err) ||
        !server_rows_read(&server, &listing->list, listing->limit, &rows, err) ||
        !server_rows_print(call, &rows, listing->table, listing->as_json, err))
        return COMMAND_FAILED;
    return COMMAND_DONE;
}
