#include "flow/rebuild_message.h"

#include "base/limits.h"
#include "base/message_parts.h"

static bool finish(const struct reader *r, const char *what, struct error *err)
{
    return (reader_ok(r) && reader_left(r) == 0) || error_set(err, ERROR_INPUT, "%s: is broken", what);
}

/* ---- question ---- */

void rebuild_question_write(struct writer *w, const struct rebuild_question *question)
{
    writer_string(w, "SRQ1");
    writer_byte(w, (uint8_t)question->what);
    writer_byte(w, question->yields);
    writer_u32(w, question->threads);
    writer_u64(w, question->memory_max);
    writer_u64(w, question->file_size_max);
    writer_byte(w, (uint8_t)question->supplement_count);
    message_put_text(w, question->root);
    message_put_text(w, question->package);
    message_put_text(w, question->arch);
}

bool rebuild_question_read(struct bytes raw, struct rebuild_question *out, struct error *err)
{
    struct reader r = reader_with(raw);
    struct rebuild_question got = {0};
    struct bytes magic = reader_take(&r, 4);
    uint8_t what = reader_u8(&r), yields = reader_u8(&r);

    got.threads = reader_u32(&r);
    got.memory_max = reader_u64(&r);
    got.file_size_max = reader_u64(&r);
    got.supplement_count = reader_u8(&r);
    got.root = message_take_text(&r, LIMIT_PATH);
    got.package = message_take_text(&r, LIMIT_PACKAGE_NAME);
    got.arch = message_take_text(&r, LIMIT_ARCH);
    if (!finish(&r, "question", err))
        return false;
    if (memcmp(magic.at, "SRQ1", 4) != 0 || what == REBUILD_UNKNOWN || what >= REBUILD_WHAT_COUNT ||
        yields > 1 || got.threads == 0 || got.threads > LIMIT_THREADS ||
        got.supplement_count > REBUILD_SUPPLEMENTS_MAX || !text_starts(got.root, TEXT("/")))
        return error_set(err, ERROR_INPUT, "question: asks for what there is not");
    got.what = (enum rebuild_what)what;
    got.yields = yields == 1;
    *out = got;
    return true;
}

/* ---- answers ---- */

static void write_view(struct writer *w, const struct rebuild_view *view)
{
    const struct text texts[] = {view->package,   view->version,      view->arch,
                                 view->made_name, view->made_version, view->made_arch};

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        message_put_text(w, texts[i]);
    writer_u64(w, view->size);
    writer_put(w, (struct bytes){view->digest.at, digest_size(DIGEST_SHA256)});
    writer_u64(w, view->spool_size);
    writer_u64(w, view->memory);
    for (size_t i = BASE_UNKNOWN + 1; i < BASE_CLASS_COUNT; i++)
        writer_u32(w, view->missing[i]);
    message_put_text(w, view->missing_first);
}

void rebuild_answer_write(struct writer *w, const struct rebuild_answer *answer)
{
    static const char *const magics[] = {
        [REBUILD_PROGRESS] = "SRP1", [REBUILD_VIEWED] = "SRV1", [REBUILD_FAILED] = "SRF1"};

    writer_string(w, magics[answer->kind]);
    if (answer->kind == REBUILD_PROGRESS) {
        writer_u64(w, answer->done);
        writer_u64(w, answer->all);
        return;
    }
    writer_byte(w, answer->confined);
    if (answer->kind == REBUILD_VIEWED) {
        write_view(w, &answer->view);
        return;
    }
    writer_byte(w, (uint8_t)answer->error);
    message_put_text(w, answer->problem);
}

static void read_view(struct reader *r, struct rebuild_view *out)
{
    out->package = message_take_text(r, LIMIT_PACKAGE_NAME);
    out->version = message_take_text(r, LIMIT_VERSION);
    out->arch = message_take_text(r, LIMIT_ARCH);
    out->made_name = message_take_text(r, LIMIT_PACKAGE_NAME);
    out->made_version = message_take_text(r, LIMIT_VERSION);
    out->made_arch = message_take_text(r, LIMIT_ARCH);
    out->size = reader_u64(r);
    struct bytes digest = reader_take(r, digest_size(DIGEST_SHA256));
    out->spool_size = reader_u64(r);
    out->memory = reader_u64(r);
    for (size_t i = BASE_UNKNOWN + 1; i < BASE_CLASS_COUNT; i++)
        out->missing[i] = reader_u32(r);
    out->missing_first = message_take_text(r, sizeof(((struct error *)NULL)->text));
    if (!reader_ok(r))
        return;
    out->digest.kind = DIGEST_SHA256;
    memcpy(out->digest.at, digest.at, digest.size);
}

bool rebuild_answer_read(struct bytes raw, struct rebuild_answer *out, struct error *err)
{
    struct reader r = reader_with(raw);
    struct rebuild_answer got = {0};
    struct bytes magic = reader_take(&r, 4);
    uint8_t kind = ERROR_NONE;

    if (!reader_ok(&r))
        return error_set(err, ERROR_INPUT, "answer: is broken");
    if (memcmp(magic.at, "SRP1", 4) == 0) {
        got.kind = REBUILD_PROGRESS;
        got.done = reader_u64(&r);
        got.all = reader_u64(&r);
    } else if (memcmp(magic.at, "SRV1", 4) == 0) {
        got.kind = REBUILD_VIEWED;
        got.confined = reader_u8(&r);
        read_view(&r, &got.view);
    } else if (memcmp(magic.at, "SRF1", 4) == 0) {
        got.kind = REBUILD_FAILED;
        got.confined = reader_u8(&r);
        kind = reader_u8(&r);
        got.problem = message_take_text(&r, sizeof(err->text));
    } else {
        return error_set(err, ERROR_INPUT, "answer: is none that is known");
    }
    if (!finish(&r, "answer", err))
        return false;
    if (kind >= ERROR_COUNT || (got.kind == REBUILD_FAILED && kind == ERROR_NONE))
        return error_set(err, ERROR_INPUT, "answer: error %u is none", kind);
    got.error = (enum error_kind)kind;
    *out = got;
    return true;
}
