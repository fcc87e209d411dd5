#include "store/order.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "format/deb822.h"

enum field {
    FIELD_FORMAT,
    FIELD_ID,
    FIELD_LEVEL,
    FIELD_REASON,
    FIELD_BY,
    FIELD_SINCE,
    FIELD_BEGUN,
    FIELD_END,
    FIELD_COUNT
};

static const char *const field_names[FIELD_COUNT] = {
    [FIELD_FORMAT] = "Format", [FIELD_ID] = "Id",       [FIELD_LEVEL] = "Level", [FIELD_REASON] = "Reason",
    [FIELD_BY] = "By",         [FIELD_SINCE] = "Since", [FIELD_BEGUN] = "Begun", [FIELD_END] = "End",
};

void order_name(struct order *order, uint32_t random)
{
    struct civil day = time_civil(order->begun_us);

    (void)snprintf(order->id, sizeof(order->id), "%04u-%02u-%02u-%08x", (unsigned)day.year % 10000,
                   (unsigned)day.month % 100, (unsigned)day.day % 100, random);
}

/* ---- what an order must be ---- */

static bool check_id(const char *id, struct error *err)
{
    size_t size = strnlen(id, ORDER_ID_SIZE);

    if (size == 0 || size == ORDER_ID_SIZE || strspn(id, "0123456789abcdef-") != size)
        return error_set(err, ERROR_INPUT, "Id is none of an order");
    return true;
}

static bool check_length(const struct order *order, struct error *err)
{
    if (order->since_us > order->begun_us)
        return error_set(err, ERROR_INPUT, "Since is after Begun");
    if (order->end_us <= order->begun_us)
        return error_set(err, ERROR_INPUT, "an order that ends before it begins");
    if (order->end_us - order->begun_us > ORDER_LENGTH_MAX_US)
        return error_set(err, ERROR_LIMIT, "an order lasts 30 days at most; renewing is a new order");
    return true;
}

bool order_check(const struct order *order, struct error *err)
{
    if (order->level != LEVEL_ESSENTIAL && order->level != LEVEL_EMERGENCY_ONLY)
        return error_set(err, ERROR_INPUT, "the level of an order is essential or emergency-only");
    if (text_trim(order->reason).size == 0)
        return error_set(err, ERROR_INPUT, "an order needs a reason");
    if (order->reason.size > LIMIT_ORDER_TEXT || order->by.size > LIMIT_ORDER_TEXT)
        return error_set(err, ERROR_LIMIT, "a reason of more than %d bytes", LIMIT_ORDER_TEXT);
    return check_id(order->id, err) && check_length(order, err);
}

/* ---- the file ---- */

static bool take_text(const struct deb822_paragraph *paragraph, enum field field, size_t limit,
                      struct text *out, struct error *err)
{
    struct bytes value = paragraph->values[field];

    if (value.at == NULL || value.size == 0)
        return error_set(err, ERROR_INPUT, "%s is missing", field_names[field]);
    return text_from_bytes(value, limit, out, err) || error_at(err, "%s", field_names[field]);
}

static bool take_time(const struct deb822_paragraph *paragraph, enum field field, int64_t *out,
                      struct error *err)
{
    struct text text;

    return take_text(paragraph, field, 64, &text, err) &&
           (time_parse(text, out, err) || error_at(err, "%s", field_names[field]));
}

static bool take_fields(const struct deb822_paragraph *paragraph, struct order *out, struct error *err)
{
    struct text format, id, level;

    if (!take_text(paragraph, FIELD_FORMAT, 16, &format, err))
        return false;
    if (!text_equal(format, TEXT("1")))
        return error_set(err, ERROR_INPUT, "format \"%.*s\", this version of Suture knows 1",
                         TEXT_ARG(format));
    if (!take_text(paragraph, FIELD_ID, ORDER_ID_SIZE - 1, &id, err) ||
        !take_text(paragraph, FIELD_LEVEL, 32, &level, err) ||
        !take_text(paragraph, FIELD_REASON, LIMIT_ORDER_TEXT, &out->reason, err) ||
        !take_text(paragraph, FIELD_BY, LIMIT_ORDER_TEXT, &out->by, err) ||
        !take_time(paragraph, FIELD_SINCE, &out->since_us, err) ||
        !take_time(paragraph, FIELD_BEGUN, &out->begun_us, err) ||
        !take_time(paragraph, FIELD_END, &out->end_us, err))
        return false;
    (void)snprintf(out->id, sizeof(out->id), "%.*s", TEXT_ARG(id));
    out->level = level_find(level);
    return true;
}

bool order_parse(struct bytes raw, struct order *out, struct error *err)
{
    struct deb822 deb822 = deb822_with(raw, (struct deb822_fields){field_names, FIELD_COUNT}, false);
    struct deb822_paragraph paragraph, more;
    struct order order = {0};
    bool found;

    if (!deb822_next(&deb822, &paragraph, &found, err))
        return false;
    if (!found)
        return error_set(err, ERROR_INPUT, "is empty");
    if (raw.at[raw.size - 1] != '\n') /* the end of what is left may look like a whole line */
        return error_set(err, ERROR_INPUT, "is cut short");
    if (!take_fields(&paragraph, &order, err) || !order_check(&order, err) ||
        !deb822_next(&deb822, &more, &found, err))
        return false;
    if (found)
        return error_set(err, ERROR_INPUT, "line %zu: more than one order", more.line);
    *out = order;
    return true;
}

static void write_time(struct writer *w, enum field field, int64_t us)
{
    writer_format(w, "%s: ", field_names[field]);
    time_write(w, us);
    writer_string(w, "\n");
}

void order_write(struct writer *w, const struct order *order)
{
    writer_format(w, "Format: 1\nId: %s\nLevel: %s\nReason: %.*s\nBy: %.*s\n", order->id,
                  level_name(order->level), TEXT_ARG(text_trim(order->reason)), TEXT_ARG(order->by));
    write_time(w, FIELD_SINCE, order->since_us);
    write_time(w, FIELD_BEGUN, order->begun_us);
    write_time(w, FIELD_END, order->end_us);
}

/* Whoever sees this must know both ways out. */
static bool is_broken(const char *path, struct error *err)
{
    struct error cause = *err;

    return error_set(err, cause.kind, "%s: %s; suture level normal ends the order, whatever it was", path,
                     cause.text);
}

bool order_read(const char *path, struct arena *arena, struct order *out, bool *found, struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};

    if (!file_map_own(path, LIMIT_ORDER_FILE, &map, err)) {
        if (err->kind != ERROR_ABSENT)
            return false;
        *err = (struct error){0};
        *found = false;
        return true;
    }
    struct text copy = text_copy(arena, (struct text){(const char *)map.bytes.at, map.bytes.size});
    if (copy.at == NULL)
        return arena_full(arena, err);
    *found = true;
    return order_parse(bytes_of_text(copy), out, err) || is_broken(path, err);
}

bool order_replace(const char *path, const struct order *order, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_ORDER_FILE);
    struct bytes raw;

    if (!order_check(order, err))
        return false;
    order_write(&w, order);
    return writer_done(&w, &raw, err) && file_replace(path, raw, 0600, err);
}

bool order_remove(const char *path, struct error *err)
{
    return file_remove(path, err);
}

/* ---- what holds ---- */

/* How long the step behind an emergency lasts. */
static int64_t fallen_end_us(const struct order *order)
{
    int64_t length_us = order->end_us - order->begun_us;

    return order->end_us + (length_us < ORDER_LENGTH_US ? length_us : ORDER_LENGTH_US);
}

static struct order_force force_with(const struct order *order, enum order_phase phase, enum level level,
                                     int64_t end_us, int64_t now_us)
{
    return (struct order_force){
        .phase = phase,
        .level = level,
        .end_us = end_us,
        .next = level == LEVEL_EMERGENCY_ONLY ? LEVEL_ESSENTIAL : LEVEL_NORMAL,
        .ends_soon = end_us - now_us <= ORDER_WARNING_US,
        .order = order,
    };
}

struct order_force order_at(const struct order *order, int64_t now_us)
{
    struct order_force none = {
        .level = LEVEL_NORMAL, .next = LEVEL_NORMAL, .end_us = TIME_ABSENT, .order = order};

    if (order == NULL)
        return none;
    if (now_us < order->begun_us) {
        none.phase = ORDER_NOT_BEGUN;
        return none;
    }
    if (now_us < order->end_us)
        return force_with(order, ORDER_IN_FORCE, order->level, order->end_us, now_us);
    if (order->level == LEVEL_EMERGENCY_ONLY && now_us < fallen_end_us(order))
        return force_with(order, ORDER_FALLEN, LEVEL_ESSENTIAL, fallen_end_us(order), now_us);
    none.phase = ORDER_ENDED;
    return none;
}
