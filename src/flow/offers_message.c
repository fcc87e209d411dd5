#include "flow/offers_message.h"

#include "base/limits.h"
#include "base/message_parts.h"
#include "delta/base.h"

#define SHA256_SIZE         32
#define FILE_SIZE           (SHA256_SIZE + 8)
#define ITEM_SIZE_MIN       (3 + FILE_SIZE)
#define SUPPLEMENT_SIZE_MIN (1 + FILE_SIZE)

/* ---- pieces ---- */

static void put_digest(struct writer *w, const struct digest *digest)
{
    writer_put(w, (struct bytes){digest->at, SHA256_SIZE});
}

static void put_file(struct writer *w, const struct delta_file *file)
{
    put_digest(w, &file->digest);
    writer_u64(w, file->size);
}

static struct digest take_digest(struct reader *r)
{
    struct bytes raw = reader_take(r, SHA256_SIZE);
    struct digest digest = {.kind = DIGEST_SHA256};

    if (reader_ok(r))
        memcpy(digest.at, raw.at, SHA256_SIZE);
    return digest;
}

static struct delta_file take_file(struct reader *r)
{
    struct delta_file file = {.digest = take_digest(r)};

    file.size = reader_u64(r);
    if (file.size == 0 || file.size > LIMIT_FETCH_SIZE)
        reader_fail(r);
    return file;
}

/* ---- question ---- */

void offers_question_write(struct writer *w, const struct offers_question *question)
{
    writer_string(w, "SOQ2");
    message_put_text(w, question->root);
    message_put_text(w, question->folder);
    writer_byte(w, (uint8_t)question->key_count);
    for (size_t i = 0; i < question->key_count; i++)
        writer_put(w, (struct bytes){question->keys[i].at, SIGNATURE_KEY_SIZE});
    writer_varint(w, question->count);
    for (size_t i = 0; i < question->count; i++) {
        const struct offers_item *item = &question->items[i];
        message_put_text(w, item->name);
        message_put_text(w, item->arch);
        message_put_text(w, item->file);
        put_file(w, &item->deb);
    }
}

/* A plain name: it is opened below the folder and nowhere else. */
static bool is_plain(struct text file)
{
    return file.size > 0 && file.at[0] != '.' && text_find_byte(file, '/') == SIZE_MAX;
}

bool offers_question_read(struct bytes raw, struct arena *arena, struct offers_question *out,
                          struct error *err)
{
    struct reader r = reader_with(raw);
    struct bytes magic = reader_take(&r, 4);

    if (!reader_ok(&r) || memcmp(magic.at, "SOQ2", 4) != 0)
        return error_set(err, ERROR_INPUT, "question: does not begin with SOQ2");
    struct offers_question got = {.root = message_take_text(&r, LIMIT_PATH),
                                  .folder = message_take_text(&r, LIMIT_PATH)};
    got.key_count = reader_u8(&r);
    if (got.key_count > OFFERS_KEYS_MAX)
        reader_fail(&r);
    for (size_t i = 0; reader_ok(&r) && i < got.key_count; i++) {
        struct bytes key = reader_take(&r, SIGNATURE_KEY_SIZE);
        if (reader_ok(&r))
            memcpy(got.keys[i].at, key.at, SIGNATURE_KEY_SIZE);
    }
    got.count = message_take_count(&r, 2 * LIMIT_RUN_PACKAGES, ITEM_SIZE_MIN);
    struct offers_item *items = ARENA_ARRAY(arena, struct offers_item, got.count);
    if (items == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < got.count; i++) {
        items[i].name = message_take_text(&r, LIMIT_PACKAGE_NAME);
        items[i].arch = message_take_text(&r, LIMIT_ARCH);
        items[i].file = message_take_text(&r, LIMIT_PATH);
        items[i].deb = take_file(&r);
        if (!is_plain(items[i].file))
            reader_fail(&r);
    }
    if (got.root.size == 0 || got.folder.size == 0)
        reader_fail(&r);
    if (!message_whole(&r, "question", err))
        return false;
    got.items = items;
    *out = got;
    return true;
}

/* ---- answer ---- */

static void put_offer(struct writer *w, const struct delta_offer *offer)
{
    const struct delta_base *base = &offer->base;

    message_put_text(w, base->package);
    message_put_text(w, base->arch);
    message_put_text(w, base->version);
    put_digest(w, &base->identity);
    put_file(w, &base->delta);
    writer_u64(w, offer->packed);
    writer_u64(w, base->memory);
    writer_varint(w, base->supplement_count);
    for (size_t i = 0; i < base->supplement_count; i++) {
        writer_byte(w, (uint8_t)base->supplements[i].class);
        put_file(w, &base->supplements[i].file);
    }
}

void offers_answers_write(struct writer *w, const struct offers_answer *answers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct offers_answer *answer = &answers[i];
        writer_byte(w, (uint8_t)answer->state);
        writer_u64(w, answer->serial);
        message_put_text(w, text_part(answer->problem, 0, LIMIT_NOTE));
        writer_byte(w, answer->offer.found);
        if (answer->offer.found)
            put_offer(w, &answer->offer);
    }
}

static bool take_supplements(struct reader *r, struct arena *arena, struct delta_base *into,
                             struct error *err)
{
    into->supplement_count = message_take_count(r, BASE_CLASS_COUNT, SUPPLEMENT_SIZE_MIN);
    struct delta_supplement *supplements =
        ARENA_ARRAY(arena, struct delta_supplement, into->supplement_count);
    if (supplements == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < into->supplement_count; i++) {
        uint8_t class = reader_u8(r);
        if (class < 'a' || class > 'z')
            reader_fail(r);
        supplements[i].class = (char)class;
        supplements[i].file = take_file(r);
    }
    into->supplements = supplements;
    return true;
}

static bool take_offer(struct reader *r, struct arena *arena, struct delta_offer *out, struct error *err)
{
    struct delta_offer got = {.found = reader_u8(r) == 1};

    if (got.found) {
        got.base.package = message_take_text(r, LIMIT_PACKAGE_NAME);
        got.base.arch = message_take_text(r, LIMIT_ARCH);
        got.base.version = message_take_text(r, LIMIT_VERSION);
        got.base.identity = take_digest(r);
        got.base.delta = take_file(r);
        got.packed = reader_u64(r);
        got.base.memory = reader_u64(r);
        if (!take_supplements(r, arena, &got.base, err))
            return false;
    }
    *out = got;
    return true;
}

bool offers_answer_read(struct bytes raw, size_t count, struct arena *arena, struct prove_head *head,
                        struct offers_answer *out, struct error *err)
{
    struct reader r = reader_with(raw);
    struct prove_head got = {0};

    prove_head_read(&r, "SOA1", &got);
    for (size_t i = 0; reader_ok(&r) && got.done && i < count; i++) {
        uint8_t state = reader_u8(&r);
        if (state >= OFFERS_STATE_COUNT)
            reader_fail(&r);
        out[i].state = (enum offers_state)(state < OFFERS_STATE_COUNT ? state : 0);
        out[i].serial = reader_u64(&r);
        out[i].problem = message_take_text(&r, LIMIT_NOTE);
        if (!take_offer(&r, arena, &out[i].offer, err))
            return false;
    }
    if (!message_whole(&r, "answer", err))
        return false;
    *head = got;
    return true;
}
