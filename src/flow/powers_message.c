#include "flow/powers_message.h"

#include "base/limits.h"
#include "base/message_parts.h"

enum { FLAG_NEW = 1, FLAG_SMALL = 2 };

#define ITEM_SIZE_MIN  6 /* six empty texts */
#define POWER_SIZE_MIN 8

void powers_question_write(struct writer *w, const struct powers_question *question)
{
    writer_string(w, "SWQ2");
    message_put_text(w, question->root);
    writer_varint(w, question->count);
    for (size_t i = 0; i < question->count; i++) {
        const struct powers_item *item = &question->items[i];
        message_put_text(w, item->name);
        message_put_text(w, item->arch);
        message_put_text(w, item->from);
        message_put_text(w, item->to);
        message_put_text(w, item->follows);
        message_put_text(w, item->path);
    }
}

bool powers_question_read(struct bytes raw, struct arena *arena, struct powers_question *out,
                          struct error *err)
{
    struct reader r = reader_with(raw);
    struct bytes magic = reader_take(&r, 4);

    if (!reader_ok(&r) || memcmp(magic.at, "SWQ2", 4) != 0)
        return error_set(err, ERROR_INPUT, "question: does not begin with SWQ2");
    struct powers_question got = {.root = message_take_text(&r, LIMIT_PATH)};
    got.count = message_take_count(&r, LIMIT_RUN_PACKAGES, ITEM_SIZE_MIN);
    struct powers_item *items = ARENA_ARRAY(arena, struct powers_item, got.count);
    if (items == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < got.count; i++) {
        items[i].name = message_take_text(&r, LIMIT_PACKAGE_NAME);
        items[i].arch = message_take_text(&r, LIMIT_ARCH);
        items[i].from = message_take_text(&r, LIMIT_VERSION);
        items[i].to = message_take_text(&r, LIMIT_VERSION);
        items[i].follows = message_take_text(&r, LIMIT_PACKAGE_NAME);
        items[i].path = message_take_text(&r, LIMIT_PATH);
    }
    if (got.root.size == 0)
        reader_fail(&r);
    if (!message_whole(&r, "question", err))
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
        message_put_text(w, power->package);
        message_put_text(w, power->arch);
        message_put_text(w, power->path);
        message_put_text(w, power->what);
        message_put_text(w, power->change);
    }
}

static void read_power(struct reader *r, struct power *out)
{
    uint8_t kind = reader_u8(r), flags = reader_u8(r);

    out->count = reader_varint(r);
    out->package = message_take_text(r, LIMIT_PACKAGE_NAME);
    out->arch = message_take_text(r, LIMIT_ARCH);
    out->path = message_take_text(r, LIMIT_PATH);
    out->what = message_take_text(r, LIMIT_RELEASE_FIELD);
    out->change = message_take_lines(r, LIMIT_POWERS_SHOWN + 64);
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
        powers.count = message_take_count(&r, LIMIT_POWERS, POWER_SIZE_MIN);
        powers.at = ARENA_ARRAY(arena, struct power, powers.count);
        if (powers.at == NULL)
            return arena_full(arena, err);
        for (size_t i = 0; i < powers.count; i++)
            read_power(&r, &powers.at[i]);
    }
    if (!message_whole(&r, "answer", err))
        return false;
    *head = got;
    *out = powers;
    return true;
}
