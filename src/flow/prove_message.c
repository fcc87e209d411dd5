#include "flow/prove_message.h"

#include "base/limits.h"
#include "base/message_parts.h"

enum { HEAD_DONE = 1, HEAD_FAILED = 2 };

#define NAMES_SIZE_MIN  3                    /* three empty texts */
#define RECORD_SIZE_MIN (8 + 8 + 32 + 3 + 8) /* eight empty texts, and what has a size of its own */

static void take_magic(struct reader *r, const char *magic)
{
    struct bytes got = reader_take(r, 4);

    if (reader_ok(r) && memcmp(got.at, magic, 4) != 0)
        reader_fail(r);
}

/* ---- questions ---- */

void prove_lists_question_write(struct writer *w, const struct prove_lists_question *question)
{
    writer_string(w, "SVQ2");
    writer_u64(w, (uint64_t)question->now_us);
    message_put_text(w, question->root);
    message_put_text(w, question->state);
    message_put_text(w, question->publishers);
    writer_varint(w, question->count);
    for (size_t i = 0; i < question->count; i++) {
        message_put_text(w, question->packages[i].name);
        message_put_text(w, question->packages[i].arch);
        message_put_text(w, question->packages[i].version);
    }
}

bool prove_lists_question_read(struct bytes raw, struct arena *arena, struct prove_lists_question *out,
                               struct error *err)
{
    struct reader r = reader_with(raw);
    struct prove_lists_question got = {0};

    take_magic(&r, "SVQ2");
    got.now_us = (int64_t)reader_u64(&r);
    got.root = message_take_text(&r, LIMIT_PATH);
    got.state = message_take_text(&r, LIMIT_PATH);
    got.publishers = message_take_text(&r, LIMIT_PATH);
    got.count = message_take_count(&r, LIMIT_RUN_PACKAGES, NAMES_SIZE_MIN);
    struct vouch_question *packages = ARENA_ARRAY(arena, struct vouch_question, got.count + 1);
    if (packages == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < got.count; i++) {
        packages[i].name = message_take_text(&r, LIMIT_PACKAGE_NAME);
        packages[i].arch = message_take_text(&r, LIMIT_ARCH);
        packages[i].version = message_take_text(&r, LIMIT_VERSION);
        if (packages[i].name.size == 0)
            reader_fail(&r);
    }
    if (!message_whole(&r, "question", err))
        return false;
    got.packages = packages;
    *out = got;
    return true;
}

void prove_packages_question_write(struct writer *w, const struct prove_packages_question *question)
{
    writer_string(w, "SCQ1");
    writer_varint(w, question->count);
    for (size_t i = 0; i < question->count; i++)
        message_put_text(w, question->paths[i]);
}

bool prove_packages_question_read(struct bytes raw, struct arena *arena, struct prove_packages_question *out,
                                  struct error *err)
{
    struct reader r = reader_with(raw);

    take_magic(&r, "SCQ1");
    size_t count = message_take_count(&r, LIMIT_RUN_PACKAGES, 1);
    struct text *paths = ARENA_ARRAY(arena, struct text, count);
    if (paths == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < count; i++)
        paths[i] = message_take_text(&r, LIMIT_PATH);
    if (!message_whole(&r, "question", err))
        return false;
    *out = (struct prove_packages_question){paths, count};
    return true;
}

/* ---- answers ---- */

void prove_head_write(struct writer *w, const char *magic, const struct prove_head *head)
{
    writer_string(w, magic);
    writer_byte(w, head->done ? HEAD_DONE : HEAD_FAILED);
    writer_byte(w, (uint8_t)head->kind);
    writer_byte(w, head->confined);
    message_put_text(w, head->problem);
}

void prove_head_read(struct reader *r, const char *magic, struct prove_head *out)
{
    take_magic(r, magic);
    uint8_t outcome = reader_u8(r), kind = reader_u8(r);
    out->confined = reader_u8(r);
    out->problem = message_take_text(r, sizeof(((struct error *)NULL)->text));
    out->done = outcome == HEAD_DONE;
    if ((outcome != HEAD_DONE && outcome != HEAD_FAILED) || kind >= ERROR_COUNT ||
        out->done != (kind == ERROR_NONE))
        reader_fail(r);
    out->kind = (enum error_kind)(kind < ERROR_COUNT ? kind : ERROR_NONE);
}

void prove_records_write(struct writer *w, const struct vouched_records *records, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        writer_varint(w, records[i].count);
        for (size_t k = 0; k < records[i].count; k++) {
            const struct vouched *record = &records[i].at[k];
            const struct text texts[] = {record->name, record->arch, record->version,
                                         record->uri,  record->file, record->suite};
            for (size_t t = 0; t < sizeof(texts) / sizeof(*texts); t++)
                message_put_text(w, texts[t]);
            writer_u64(w, record->size);
            writer_put(w, (struct bytes){record->digest.at, digest_size(DIGEST_SHA256)});
            writer_byte(w, (uint8_t)record->state);
            writer_byte(w, record->went_back);
            writer_byte(w, (uint8_t)record->refusal);
            writer_u64(w, (uint64_t)record->date_us);
            message_put_text(w, record->why);
            message_put_text(w, record->signers);
        }
    }
}

static void read_record(struct reader *r, struct vouched *out)
{
    out->name = message_take_text(r, LIMIT_PACKAGE_NAME);
    out->arch = message_take_text(r, LIMIT_ARCH);
    out->version = message_take_text(r, LIMIT_VERSION);
    out->uri = message_take_text(r, LIMIT_URL);
    out->file = message_take_text(r, LIMIT_PATH);
    out->suite = message_take_text(r, LIMIT_RELEASE_FIELD);
    out->size = reader_u64(r);
    struct bytes digest = reader_take(r, digest_size(DIGEST_SHA256));
    uint8_t state = reader_u8(r), went_back = reader_u8(r), refusal = reader_u8(r);
    out->date_us = (int64_t)reader_u64(r);
    out->why = message_take_text(r, LIMIT_RELEASE_FIELD);
    out->signers = message_take_text(r, LIMIT_RELEASE_FIELD);
    if (state >= ARCHIVE_STATE_COUNT || went_back > 1 || refusal >= TRUST_REFUSAL_COUNT)
        reader_fail(r);
    if (!reader_ok(r))
        return;
    out->digest.kind = DIGEST_SHA256;
    memcpy(out->digest.at, digest.at, digest.size);
    out->state = (enum archive_state)state;
    out->went_back = went_back == 1;
    out->refusal = (enum trust_refusal)refusal;
}

bool prove_lists_answer_read(struct bytes raw, size_t count, struct arena *arena, struct prove_head *head,
                             struct vouched_records *out, struct error *err)
{
    struct reader r = reader_with(raw);
    struct prove_head got = {0};

    prove_head_read(&r, "SVA2", &got);
    for (size_t i = 0; reader_ok(&r) && got.done && i < count; i++) {
        size_t records = message_take_count(&r, LIMIT_RUN_PACKAGES, RECORD_SIZE_MIN);
        struct vouched *at = ARENA_ARRAY(arena, struct vouched, records);
        if (at == NULL)
            return arena_full(arena, err);
        for (size_t k = 0; k < records; k++)
            read_record(&r, &at[k]);
        out[i] = (struct vouched_records){at, records};
    }
    if (!message_whole(&r, "answer", err))
        return false;
    *head = got;
    return true;
}

void prove_claims_write(struct writer *w, const struct package_claim *claims, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        message_put_text(w, claims[i].name);
        message_put_text(w, claims[i].arch);
        message_put_text(w, claims[i].version);
    }
}

bool prove_packages_answer_read(struct bytes raw, size_t count, struct prove_head *head,
                                struct package_claim *out, struct error *err)
{
    struct reader r = reader_with(raw);
    struct prove_head got = {0};

    prove_head_read(&r, "SCA1", &got);
    for (size_t i = 0; reader_ok(&r) && got.done && i < count; i++) {
        out[i].name = message_take_text(&r, LIMIT_PACKAGE_NAME);
        out[i].arch = message_take_text(&r, LIMIT_ARCH);
        out[i].version = message_take_text(&r, LIMIT_VERSION);
    }
    if (!message_whole(&r, "answer", err))
        return false;
    *head = got;
    return true;
}
