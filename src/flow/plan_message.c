#include "flow/plan_message.h"

#include "base/limits.h"

enum { ANSWER_DONE = 1, ANSWER_FAILED = 2 };
enum { FLAG_FLEET = 1, FLAG_IGNORE_WAITS = 2 };

static void write_text(struct writer *w, struct text text)
{
    writer_varint(w, text.size);
    writer_text(w, text);
}

static void write_path(struct writer *w, const char *path)
{
    write_text(w, path == NULL ? (struct text){0} : text_of(path));
}

static bool read_text(struct reader *r, const char *name, size_t limit, struct text *out, struct error *err)
{
    struct bytes raw = reader_take(r, (size_t)reader_varint_max(r, limit));

    if (!reader_ok(r))
        return error_set(err, ERROR_INPUT, "%s: ends in the middle", name);
    return text_from_bytes(raw, limit, out, err) || error_at(err, "%s", name);
}

static bool read_path(struct reader *r, const char *name, struct arena *arena, const char **out,
                      struct error *err)
{
    struct text path = {0};

    if (!read_text(r, name, LIMIT_PATH, &path, err))
        return false;
    *out = path.size == 0 ? NULL : text_string(arena, path);
    return path.size == 0 || *out != NULL || arena_full(arena, err);
}

static void write_digests(struct writer *w, const struct digest *digests, size_t count)
{
    writer_varint(w, count);
    for (size_t i = 0; i < count; i++)
        writer_put(w, (struct bytes){digests[i].at, digest_size(DIGEST_SHA256)});
}

void plan_question_write(struct writer *w, const struct plan_request *request)
{
    const struct scan_request *scan = &request->scan;

    writer_string(w, "SPQ4");
    writer_u64(w, (uint64_t)scan->now_us);
    writer_byte(w, scan->now_given);
    writer_byte(w, (uint8_t)scan->level);
    writer_u64(w, (uint64_t)request->due_within_us);
    writer_byte(w, (uint8_t)request->scope);
    writer_byte(w, (request->fleet ? FLAG_FLEET : 0) | (request->ignore_waits ? FLAG_IGNORE_WAITS : 0));
    write_path(w, scan->state);
    write_path(w, scan->root);
    write_path(w, scan->index);
    write_path(w, scan->policy);
    write_path(w, scan->publishers);
    writer_varint(w, request->name_count);
    for (size_t i = 0; i < request->name_count; i++)
        write_text(w, request->names[i]);
    write_digests(w, request->lifted, request->lifted_count);
    write_digests(w, request->approved, request->approved_count);
}

static bool read_names(struct reader *r, struct arena *arena, struct plan_request *into, struct error *err)
{
    uint64_t count = reader_varint_max(r, LIMIT_PLAN_CHANGES);
    struct text *names = ARENA_ARRAY(arena, struct text, (size_t)count);

    if (!reader_ok(r) || count > reader_left(r))
        return error_set(err, ERROR_INPUT, "names: ends in the middle");
    if (names == NULL)
        return arena_full(arena, err);
    for (uint64_t i = 0; i < count; i++) {
        if (!read_text(r, "names", LIMIT_PACKAGE_NAME, &names[i], err))
            return false;
        names[i] = text_copy(arena, names[i]);
        if (names[i].at == NULL)
            return arena_full(arena, err);
    }
    into->names = names;
    into->name_count = (size_t)count;
    return true;
}

static bool read_digests(struct reader *r, const char *name, struct arena *arena, const struct digest **out,
                         size_t *out_count, struct error *err)
{
    const size_t size = digest_size(DIGEST_SHA256);
    uint64_t count = reader_varint_max(r, LIMIT_PLAN_CHANGES);
    struct digest *digests = ARENA_ARRAY(arena, struct digest, (size_t)count);

    if (!reader_ok(r) || count > reader_left(r) / size)
        return error_set(err, ERROR_INPUT, "%s: ends in the middle", name);
    if (digests == NULL)
        return arena_full(arena, err);
    for (uint64_t i = 0; i < count; i++) {
        struct bytes bytes = reader_take(r, size);
        digests[i].kind = DIGEST_SHA256;
        memcpy(digests[i].at, bytes.at, size);
    }
    *out = digests;
    *out_count = (size_t)count;
    return true;
}

bool plan_question_read(struct bytes raw, struct arena *arena, struct plan_request *out, struct error *err)
{
    struct reader r = reader_with(raw);
    struct bytes magic = reader_take(&r, 4);
    struct plan_request got = {0};

    if (!reader_ok(&r) || memcmp(magic.at, "SPQ4", 4) != 0)
        return error_set(err, ERROR_INPUT, "question: does not begin with SPQ4");
    got.scan.now_us = (int64_t)reader_u64(&r);
    got.scan.now_given = reader_u8(&r) == 1;
    uint8_t level = reader_u8(&r);
    got.due_within_us = (int64_t)reader_u64(&r);
    uint8_t scope = reader_u8(&r), flags = reader_u8(&r);
    if (!reader_ok(&r) || level >= LEVEL_COUNT || scope >= PLAN_SCOPE_COUNT)
        return error_set(err, ERROR_INPUT, "question: level %u, scope %u", level, scope);
    got.scan.level = (enum level)level;
    got.scope = (enum plan_scope)scope;
    got.fleet = (flags & FLAG_FLEET) != 0;
    got.ignore_waits = (flags & FLAG_IGNORE_WAITS) != 0;
    if (!read_path(&r, "state", arena, &got.scan.state, err) ||
        !read_path(&r, "root", arena, &got.scan.root, err) ||
        !read_path(&r, "index", arena, &got.scan.index, err) ||
        !read_path(&r, "policy", arena, &got.scan.policy, err) ||
        !read_path(&r, "publishers", arena, &got.scan.publishers, err) || !read_names(&r, arena, &got, err) ||
        !read_digests(&r, "lifted", arena, &got.lifted, &got.lifted_count, err) ||
        !read_digests(&r, "approved", arena, &got.approved, &got.approved_count, err))
        return error_at(err, "question");
    if (!reader_ok(&r) || reader_left(&r) > 0 || got.scan.root == NULL)
        return error_set(err, ERROR_INPUT, "question: is broken");
    if (got.scan.publishers == NULL)
        got.scan.publishers = ""; /* the configuration is not this process's to look for */
    got.scan.observe = true;
    *out = got;
    return true;
}

void plan_answer_write(struct writer *w, const struct plan_answer *answer)
{
    writer_string(w, "SPL3");
    writer_byte(w, answer->done ? ANSWER_DONE : ANSWER_FAILED);
    writer_byte(w, (uint8_t)answer->kind);
    writer_byte(w, answer->judged);
    writer_byte(w, answer->complete);
    writer_byte(w, answer->confined);
    write_text(w, answer->problem);
    writer_u32(w, (uint32_t)answer->plan.size);
    writer_put(w, answer->plan);
    writer_u32(w, (uint32_t)answer->offered.size);
    writer_put(w, answer->offered);
}

bool plan_answer_read(struct bytes raw, struct plan_answer *out, struct error *err)
{
    struct reader r = reader_with(raw);
    struct bytes magic = reader_take(&r, 4);
    struct plan_answer got = {0};

    if (!reader_ok(&r) || memcmp(magic.at, "SPL3", 4) != 0)
        return error_set(err, ERROR_INPUT, "answer: does not begin with SPL3");
    uint8_t outcome = reader_u8(&r), kind = reader_u8(&r);
    got.judged = reader_u8(&r) == 1;
    got.complete = reader_u8(&r) == 1;
    got.confined = reader_u8(&r);
    if (!read_text(&r, "problem", sizeof(err->text), &got.problem, err))
        return error_at(err, "answer");
    got.done = outcome == ANSWER_DONE;
    got.kind = (enum error_kind)(kind < ERROR_COUNT ? kind : ERROR_NONE);
    if ((outcome != ANSWER_DONE && outcome != ANSWER_FAILED) || got.done != (got.kind == ERROR_NONE))
        return error_set(err, ERROR_INPUT, "answer: outcome %u with error %u", outcome, kind);
    got.plan = reader_take(&r, reader_u32(&r));
    got.offered = reader_take(&r, reader_u32(&r));
    got.memory = reader_take(&r, reader_left(&r));
    if (!reader_ok(&r))
        return error_set(err, ERROR_INPUT, "answer: the plan ends in the middle");
    *out = got;
    return true;
}

static bool is_memory_name(struct text name)
{
    if (name.size < 18 || name.at[16] != '.')
        return false;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.at[i];
        bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        if (i < 16 ? !digit : i > 16 && (c < 'a' || c > 'z'))
            return false;
    }
    return true;
}

bool plan_memory_next(struct reader *r, struct text *name, struct bytes *content, bool *found,
                      struct error *err)
{
    *found = reader_left(r) > 0;
    if (!*found)
        return true;
    if (!read_text(r, "memory", 32, name, err))
        return false;
    *content = reader_take(r, reader_u32(r));
    return (reader_ok(r) && is_memory_name(*name)) || error_set(err, ERROR_INPUT, "memory: is broken");
}

void plan_memory_write(struct writer *w, struct text name, struct bytes content)
{
    write_text(w, name);
    writer_u32(w, (uint32_t)content.size);
    writer_put(w, content);
}
