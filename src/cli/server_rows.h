/*
 * Lists that the server gives in pages, and how they are shown: as a table whose columns are named by members, or as the
 * server's own JSON with all pages in one.
 *
 * What hosts and people are called comes from outside: in a table every character that does not show, or turns the text,
 * is written as "<U+202E>" (base/visible.h).
 */
#ifndef CLI_SERVER_ROWS_H
#define CLI_SERVER_ROWS_H

#include "cli/command.h"
#include "cli/screen.h"
#include "cli/server_call.h"

#define SERVER_PAGES_MAX 100
#define SERVER_LIMIT     100 /* rows when nothing is said */

struct server_list {
    const char *path;   /* with its filters */
    const char *member; /* of the answer: "hosts" */
    const char *after;  /* the parameter that goes on: "after", "from" */
};

/* OWN(server_rows_end). */
struct server_rows {
    struct json_document pages[SERVER_PAGES_MAX];
    size_t page_count;
    const char *member;
    struct json *at; /* rows of all pages, in the arena */
    size_t count;
    struct text next; /* of the last page: there is more; absent: that is all */
};
void server_rows_end(struct server_rows *rows);

/* Asks until there are `limit` rows, or no more. */
bool server_rows_read(struct server_call *call, const struct server_list *list, size_t limit,
                      struct server_rows *out, struct error *err) MUST_USE;

enum server_cell { SERVER_TEXT, SERVER_TIME, SERVER_AGE, SERVER_WORDS, SERVER_NUMBER };
struct server_column {
    struct screen_column column;
    const char *member;
    enum server_cell cell;
};

/* Which colour a row has; NULL: plain. */
typedef enum screen_colour server_colour(struct json row);

struct server_table {
    const struct server_column *columns;
    size_t count; /* at most SCREEN_COLUMNS_MAX */
    server_colour *colour;
    const char *nothing; /* what is said when there are no rows */
};

/* Prints the rows as a table, and whether there are more; or, as_json, the first page with the rows of all. */
bool server_rows_print(const struct command_call *call, const struct server_rows *rows,
                       const struct server_table *table, bool as_json, struct error *err) MUST_USE;

/* All of it: what a command that lists does. */
struct server_listing {
    struct server_list list;
    const struct server_table *table;
    size_t limit;
    bool as_json;
};
enum command_exit server_list_run(const struct command_call *call, const struct server_listing *listing,
                                  struct error *err);

/* One member as people read it; "-" when it is null or absent. */
struct text server_cell_text(struct json row, const struct server_column *column, struct arena *arena,
                             int64_t now_us);
/* A member that is a text: with nothing in it that a terminal obeys. */
struct text server_text(struct json row, const char *member, struct arena *arena);

/* A whole answer as JSON, pretty. */
bool server_print_json(const struct command_call *call, struct json value, struct error *err) MUST_USE;
/* "LABEL   value" for each of these members that is there. */
struct server_label {
    const char *label, *member;
    enum server_cell cell;
};
bool server_print_labels(const struct command_call *call, struct json value,
                         const struct server_label *labels, struct error *err) MUST_USE;

#define SERVER_OPTION_FORMAT                                                                                 \
    {                                                                                                        \
        "format", OPTION_CHOICE, "table|json", "how to print it"                                             \
    }
#define SERVER_OPTION_LIMIT                                                                                  \
    {                                                                                                        \
        "limit", OPTION_TEXT, "N", "at most so many rows; 100 when nothing is said"                          \
    }
/* The number of --limit. */
bool server_limit(const struct command_call *call, size_t option, size_t *out, struct error *err) MUST_USE;

#endif
