#include "flow/vendor_message.h"

#include "base/limits.h"
#include "base/message_parts.h"

#define LIST_SIZE_MIN  (3 + 1 + 8)
#define SUITE_SIZE_MIN (4 + 1 + 8 + 1)

void vendor_question_write(struct writer *w, const struct vendor_question *question)
{
    writer_string(w, "SNQ1");
    writer_u64(w, (uint64_t)question->now_us);
    writer_u64(w, (uint64_t)question->after_us);
    message_put_text(w, question->root);
    message_put_text(w, question->state);
    message_put_text(w, question->publishers);
    message_put_text(w, question->folder);
}

bool vendor_question_read(struct bytes raw, struct vendor_question *out, struct error *err)
{
    struct reader r = reader_with(raw);
    struct bytes magic = reader_take(&r, 4);
    struct vendor_question got = {0};

    if (reader_ok(&r) && memcmp(magic.at, "SNQ1", 4) != 0)
        reader_fail(&r);
    got.now_us = (int64_t)reader_u64(&r);
    got.after_us = (int64_t)reader_u64(&r);
    got.root = message_take_text(&r, LIMIT_PATH);
    got.state = message_take_text(&r, LIMIT_PATH);
    got.publishers = message_take_text(&r, LIMIT_PATH);
    got.folder = message_take_text(&r, LIMIT_PATH);
    if (got.root.size == 0 || got.after_us < 0)
        reader_fail(&r);
    if (!message_whole(&r, "question", err))
        return false;
    *out = got;
    return true;
}

void vendor_suites_write(struct writer *w, const struct vendor_suites *suites)
{
    writer_varint(w, suites->count);
    for (size_t i = 0; i < suites->count; i++) {
        const struct vendor_suite *suite = &suites->at[i];
        message_put_text(w, suite->publisher);
        message_put_text(w, suite->uri);
        message_put_text(w, suite->suite);
        message_put_text(w, suite->why);
        writer_byte(w, suite->silent);
        writer_u64(w, (uint64_t)suite->date_us);
        writer_varint(w, suite->list_count);
        for (size_t k = 0; k < suite->list_count; k++) {
            message_put_text(w, suite->lists[k].component);
            message_put_text(w, suite->lists[k].arch);
            message_put_text(w, suite->lists[k].why);
            writer_byte(w, (uint8_t)suite->lists[k].state);
            writer_u64(w, (uint64_t)suite->lists[k].date_us);
        }
    }
}

static void read_list(struct reader *r, struct vendor_list *out)
{
    out->component = message_take_text(r, LIMIT_RELEASE_FIELD);
    out->arch = message_take_text(r, LIMIT_ARCH);
    out->why = message_take_text(r, LIMIT_RELEASE_FIELD);
    uint8_t state = reader_u8(r);
    out->date_us = (int64_t)reader_u64(r);
    if (state >= ARCHIVE_STATE_COUNT)
        reader_fail(r);
    out->state = (enum archive_state)(state < ARCHIVE_STATE_COUNT ? state : ARCHIVE_STATE_UNKNOWN);
}

static bool read_suite(struct reader *r, struct arena *arena, struct vendor_suite *out, struct error *err)
{
    out->publisher = message_take_text(r, LIMIT_RELEASE_FIELD);
    out->uri = message_take_text(r, LIMIT_URL);
    out->suite = message_take_text(r, LIMIT_RELEASE_FIELD);
    out->why = message_take_text(r, LIMIT_RELEASE_FIELD);
    uint8_t silent = reader_u8(r);
    out->date_us = (int64_t)reader_u64(r);
    out->list_count = message_take_count(r, VENDOR_LISTS_MAX, LIST_SIZE_MIN);
    if (silent > 1)
        reader_fail(r);
    out->silent = silent == 1;
    struct vendor_list *lists = ARENA_ARRAY(arena, struct vendor_list, out->list_count);
    if (lists == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < out->list_count; i++)
        read_list(r, &lists[i]);
    out->lists = lists;
    return true;
}

bool vendor_answer_read(struct bytes raw, struct arena *arena, struct prove_head *head,
                        struct vendor_suites *out, struct error *err)
{
    struct reader r = reader_with(raw);
    struct prove_head got = {0};

    prove_head_read(&r, "SNA1", &got);
    size_t count = got.done ? message_take_count(&r, VENDOR_SUITES_MAX, SUITE_SIZE_MIN) : 0;
    struct vendor_suite *suites = ARENA_ARRAY(arena, struct vendor_suite, count);
    if (suites == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < count; i++)
        if (!read_suite(&r, arena, &suites[i], err))
            return false;
    if (!message_whole(&r, "answer", err))
        return false;
    *head = got;
    *out = (struct vendor_suites){suites, count};
    return true;
}
