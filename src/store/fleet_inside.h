/*
 * What the files of the fleet's database share among themselves; nobody else includes this.
 *
 * A write is carried out by a function that gets a *run*: writes of one kind that stand behind each other in the batch, so
 * that what can be done for many at once is. It fills each one's result, and fails only when the database does.
 */
#ifndef STORE_FLEET_INSIDE_H
#define STORE_FLEET_INSIDE_H

#include "store/fleet_write.h"
#include "store/store.h"

#define FLEET_MONTHS_MAX 600 /* fifty years */

struct fleet_store {
    const struct store *kind;
    void *handle;
    bool read_only;
    uint8_t writer[16];  /* this handle, in table writer */
    int64_t opened_us;   /* by the clock of whoever opened it */
    int64_t batch;       /* its last one */
    int64_t last_number; /* given to a row */
    int64_t month;       /* the newest whose tables are known to be there */
    /* Called where a batch can be cut in two, so that tests break connections and kill there; or NULL. */
    void (*at_place)(void *self, const char *place);
    void *self;
};

/* One try at one batch. */
struct fleet_batch {
    struct fleet_store *store;
    struct arena *arena;
    int64_t month; /* the newest whose tables are there when this is committed */
    bool restored; /* the database came from a backup: agents may know higher numbers than it */
    bool quarantine;
};

typedef bool fleet_carry_out(struct fleet_batch *batch, const struct fleet_write *writes, size_t count,
                             struct fleet_result *results, struct error *err);
fleet_carry_out fleet_write_enrol, fleet_write_certificate, fleet_write_host_flags, fleet_write_seen,
    fleet_write_chunk, fleet_write_inventory, fleet_write_events, fleet_write_fix, fleet_write_fix_generation,
    fleet_write_findings, fleet_write_generation, fleet_write_plan, fleet_write_now_item, fleet_write_user,
    fleet_write_api_token, fleet_write_enrol_token, fleet_write_fleet, fleet_write_quarantine_end;
/* Rows of the audit log of the writes that were done, in their order. */
bool fleet_write_audits(struct fleet_batch *batch, const struct fleet_write *writes, size_t count,
                        struct fleet_result *results, struct error *err) MUST_USE;

/* ---- values ---- */

static inline struct store_value number_value(int64_t number)
{
    return (struct store_value){.number = number};
}
static inline struct store_value count_value(uint64_t number)
{
    return (struct store_value){.number = (int64_t)number};
}
static inline struct store_value bytes_value(struct bytes bytes)
{
    return (struct store_value){.bytes = bytes};
}
static inline struct store_value hash_value(const uint8_t *at, size_t size)
{
    return (struct store_value){.bytes = {at, size}};
}
static inline struct store_value text_value(struct text text)
{
    return (struct store_value){.bytes = bytes_of_text(text)};
}

/* ---- calls ---- */

/* Statements that give no rows. `changed` may be NULL. */
bool fleet_call(struct fleet_store *store, const char *sql, const char *types,
                const struct store_value *values, int64_t *changed, struct error *err) MUST_USE;
bool fleet_call_rows(struct fleet_store *store, const char *sql, const char *types,
                     const struct store_value *values, size_t rows, struct error *err) MUST_USE;
/* At most one row of numbers; *found says whether there was one. */
bool fleet_ask_numbers(struct fleet_store *store, const char *sql, const char *types,
                       const struct store_value *values, const char *columns, int64_t *out, bool *found,
                       struct error *err) MUST_USE;

/* ---- outcomes ---- */

/* Always true: a refused write is no failure. */
bool fleet_refuse(struct fleet_result *result, enum fleet_outcome outcome, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* Whether the text is one, of at most `limit` bytes; else the result says that `what` is not. */
bool fleet_text_good(struct text text, size_t limit, const char *what, struct fleet_result *result);
/* The same of bytes. */
bool fleet_size_good(struct bytes bytes, size_t limit, const char *what, struct fleet_result *result);

/* ---- numbers, months ---- */

/*
 * 63 bits, of time and chance, above all that this handle has given. Where another handle hits upon the same one, the row
 * cannot be made, and the batch is tried again with others.
 */
int64_t fleet_new_number(struct fleet_store *store, int64_t now_us);
/* year * 100 + month */
int64_t fleet_month_of(int64_t time_us);
/* The tables of that month are there when this batch is committed. */
bool fleet_month_make(struct fleet_batch *batch, int64_t month, struct error *err) MUST_USE;
/* Newest first. */
struct fleet_months {
    int64_t at[FLEET_MONTHS_MAX];
    size_t count;
};
bool fleet_months(struct fleet_store *store, struct fleet_months *out, struct error *err) MUST_USE;

/* ---- reads ---- */

/* A call outside of a transaction; one whose connection was gone before the first row is made once more. */
bool fleet_read(struct fleet_store *store, const struct store_call *call, struct error *err) MUST_USE;

/* Rows put into an array, each of `size` bytes, by `read`; what does not fit into `limit` sets `more`. */
typedef bool fleet_read_row(const struct store_value *columns, struct arena *arena, void *out,
                            struct error *err);
struct fleet_collect {
    struct arena *arena;
    fleet_read_row *read;
    size_t size, limit;
    void *at;
    size_t count, capacity;
    bool more;
};
store_each fleet_collect_row;
/* The call with its rows collected. */
bool fleet_collect(struct fleet_store *store, const struct store_call *call, struct fleet_collect *collect,
                   struct error *err) MUST_USE;
/* Its one row, into *out; ERROR_ABSENT, "no such NAME", when there is none. */
bool fleet_one(struct fleet_store *store, const struct store_call *call, struct fleet_collect *collect,
               const char *name, void *out, struct error *err) MUST_USE;

/* What a column holds, checked and in the arena. */
bool fleet_take_text(const struct store_value *value, struct arena *arena, struct text *out,
                     struct error *err) MUST_USE;
bool fleet_take_bytes(const struct store_value *value, struct arena *arena, struct bytes *out,
                      struct error *err) MUST_USE;
/* Exactly `size` bytes. */
bool fleet_take_exact(const struct store_value *value, uint8_t *out, size_t size, struct error *err) MUST_USE;

/* fleet_store_copy, and these statements in the same transaction, behind the comparison. */
struct fleet_copied;
bool fleet_copy_marked(struct fleet_store *from, struct fleet_store *to, const char *marks,
                       struct fleet_copied *out, struct error *err) MUST_USE;

#endif
