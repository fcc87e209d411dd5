#include "flow/powers_message.h"

#include "base/limits.h"

enum { FLAG_NEW = 1, FLAG_SMALL = 2 };

#define ITEM_SIZE_MIN  6 /* six empty texts */
#define POWER_SIZE_MIN 8

static void put_text(struct writer *w, struct text text)
{
    writer_varint(w, text.size);
    writer_text(w, text);
}

/* A text that is none fails the reader. */
static struct text take(struct reader *r, size_t limit, bool lines)
{
    struct bytes raw = reader_take(r, (size_t)reader_varint_max(r, limit));
    struct text text = {0};
    struct error ignored;

    if (reader_ok(r) && !(lines ? text_from_lines(raw, limit, &text, &ignored)
                                : text_from_bytes(raw, limit, &text, &ignored)))
        reader_fail(r);
    return text;
}

static size_t take_count(struct reader *r, size_t most, size_t size_min)
{
    size_t count = (size_t)reader_varint_max(r, most);

    if (reader_ok(r) && count > reader_left(r) / size_min)
        reader_fail(r);
    return reader_ok(r) ? count : 0;
}

static bool finish(const struct reader *r, const char *what, struct error *err)
{
    return (reader_ok(r) && reader_left(r) == 0) ||
           error_set(err, ERROR_INPUT, "%s: is broken at byte %zu", what, reader_place(r));
}

void powers_question_write(struct writer *w, const struct powers_question *question)
{
    writer_string(w, "SWQ2");
    put_text(w, question->root);
    writer_varint(w, question->count);
    for (size_t i = 0; i < question->count; i++) {
        const struct powers_item *item = &question->items[i];
        put_text(w, item->name);
        put_text(w, item->arch);
        put_text(w, item->from);
        put_text(w, item->to);
        put_text(w, item->follows);
        put_text(w, item->path);
    }
}

bool powers_question_read(struct bytes raw, struct arena *arena, struct powers_question *out,
                          struct error *err)
{
    struct reader r = reader_with(raw);
    struct bytes magic = reader_take(&r, 4);

    if (!reader_ok(&r) || memcmp(magic.at, "SWQ2", 4) != 0)
        return error_set(err, ERROR_INPUT, "question: does not begin with SWQ2");
    struct powers_question got = {.root = take(&r, LIMIT_PATH, false)};
    got.count = take_count(&r, LIMIT_RUN_PACKAGES, ITEM_SIZE_MIN);
    struct powers_item *items = ARENA_ARRAY(arena, struct powers_item, got.count);
    if (items == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < got.count; i++) {
        items[i].name = take(&r, LIMIT_PACKAGE_NAME, false);
        items[i].arch = take(&r, LIMIT_ARCH, false);
        items[i].from = take(&r, LIMIT_VERSION, false);
        items[i].to = take(&r, LIMIT_VERSION, false);
        items[i].follows = take(&r, LIMIT_PACKAGE_NAME, false);
        items[i].path = take(&r, LIMIT_PATH, false);
    }
    if (got.root.size == 0)
        reader_fail(&r);
    if (!finish(&r, "question", err))
        return false;
    got.items = items;
    *out = got;
    return true;
}

void powers_items_write(struct writer *w, const struct powers *powers)
{
    writer_varint(w, powers->count);
    for (size_t i = 0; i < powers->count; i++) {
        const struct power *power = &powers->at[i];
        writer_byte(w, (uint8_t)power->kind);
        writer_byte(w, (uint8_t)((power->is_new ? FLAG_NEW : 0) | (power->small ? FLAG_SMALL : 0)));
        writer_varint(w, power->count);
        put_text(w, power->package);
        put_text(w, power->arch);
        put_text(w, power->path);
        put_text(w, power->what);
        put_text(w, power->change);
    }
}

static void read_power(struct reader *r, struct power *out)
{
    uint8_t kind = reader_u8(r), flags = reader_u8(r);

    out->count = reader_varint(r);
    out->package = take(r, LIMIT_PACKAGE_NAME, false);
    out->arch = take(r, LIMIT_ARCH, false);
    out->path = take(r, LIMIT_PATH, false);
    out->what = take(r, LIMIT_RELEASE_FIELD, false);
    out->change = take(r, LIMIT_POWERS_SHOWN + 64, true);
    if (kind == POWER_UNKNOWN || kind >= POWER_KIND_COUNT || flags > (FLAG_NEW | FLAG_SMALL))
        reader_fail(r);
    out->kind = (enum power_kind)(kind < POWER_KIND_COUNT ? kind : 0);
    out->is_new = (flags & FLAG_NEW) != 0;
    out->small = (flags & FLAG_SMALL) != 0;
}

bool powers_answer_read(struct bytes raw, struct arena *arena, struct prove_head *head, struct powers *out,
                        struct error *err)
{
    struct reader r = reader_with(raw);
    struct prove_head got = {0};
    struct powers powers = {0};

    prove_head_read(&r, "SWA1", &got);
    if (reader_ok(&r) && got.done) {
        powers.count = take_count(&r, LIMIT_POWERS, POWER_SIZE_MIN);
        powers.at = ARENA_ARRAY(arena, struct power, powers.count);
        if (powers.at == NULL)
            return arena_full(arena, err);
        for (size_t i = 0; i < powers.count; i++)
            read_power(&r, &powers.at[i]);
    }
    if (!finish(&r, "answer", err))
        return false;
    *head = got;
    *out = powers;
    return true;
}
