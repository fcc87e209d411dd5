#include "manager/execute_message.h"

#include "base/control.h"
#include "base/limits.h"
#include "base/reader.h"
#include "manager/dpkg_words.h"

/* What an operation takes besides its run; all else must be empty. */
static const struct operation {
    const char *name;
    bool wait, group, marks, restore;
} operations[EXECUTE_OPERATION_COUNT] = {
    [EXECUTE_UNKNOWN] = {"unknown", false, false, false, false},
    [EXECUTE_LOCK] = {"lock", true, false, false, false},
    [EXECUTE_AUDIT] = {"audit", false, false, false, false},
    [EXECUTE_CONFIGURE] = {"configure", false, false, false, false},
    [EXECUTE_SIMULATE] = {"simulate", false, true, false, false},
    [EXECUTE_REHEARSE] = {"rehearse", false, true, false, false},
    [EXECUTE_INSTALL] = {"install", false, true, false, false},
    [EXECUTE_MARK] = {"mark", false, false, true, false},
    [EXECUTE_RESTORE] = {"restore", false, false, false, true},
};

const char *execute_operation_name(enum execute_operation operation)
{
    return operations[operation < EXECUTE_OPERATION_COUNT ? operation : 0].name;
}

static void write_text(struct writer *w, struct text text)
{
    writer_varint(w, text.size);
    writer_text(w, text);
}

static void write_key(struct writer *w, const struct package_key *key)
{
    write_text(w, key->name);
    write_text(w, key->arch);
}

static void write_keys(struct writer *w, const struct package_key *keys, size_t count)
{
    writer_varint(w, count);
    for (size_t i = 0; i < count; i++)
        write_key(w, &keys[i]);
}

static void write_artifact(struct writer *w, const struct trusted_artifact *artifact)
{
    writer_byte(w, (uint8_t)artifact->basis);
    write_text(w, artifact->name);
    write_text(w, artifact->arch);
    write_text(w, artifact->version);
    writer_u64(w, artifact->size);
    writer_put(w, (struct bytes){artifact->digest.at, digest_size(DIGEST_SHA256)});
}

void execute_order_write(struct writer *w, const struct execute_order *order)
{
    writer_string(w, "SXQ1");
    writer_byte(w, (uint8_t)order->operation);
    write_text(w, order->run);
    writer_u32(w, order->wait_ms);
    writer_byte(w, order->group.rollback);
    writer_varint(w, order->group.artifact_count);
    for (size_t i = 0; i < order->group.artifact_count; i++)
        write_artifact(w, &order->group.artifacts[i]);
    write_keys(w, order->group.removals, order->group.removal_count);
    write_keys(w, order->group.purges, order->group.purge_count);
    writer_varint(w, order->mark_count);
    for (size_t i = 0; i < order->mark_count; i++) {
        write_key(w, &order->marks[i].package);
        writer_byte(w, order->marks[i].automatic);
    }
    writer_byte(w, (uint8_t)order->restore.part);
    write_text(w, order->restore.run);
    writer_put(w, (struct bytes){order->restore.seal.at, digest_size(DIGEST_SHA256)});
}

void execute_answer_write(struct writer *w, const struct execute_answer *answer)
{
    writer_string(w, "SXA1");
    writer_byte(w, (uint8_t)answer->kind);
    write_text(w, answer->problem);
    writer_u32(w, answer->status);
    writer_u32(w, (uint32_t)answer->output.size);
    writer_put(w, answer->output);
}

static struct text read_word(struct reader *r, size_t limit, bool (*allowed)(struct text))
{
    struct bytes raw = reader_take(r, (size_t)reader_varint_max(r, limit));
    struct text word = {(const char *)raw.at, raw.size};

    if (reader_ok(r) && !allowed(word))
        reader_fail(r);
    return reader_ok(r) ? word : (struct text){0};
}

static bool read_flag(struct reader *r)
{
    uint8_t flag = reader_u8(r);

    if (flag > 1)
        reader_fail(r);
    return flag == 1;
}

static struct package_key read_key(struct reader *r)
{
    struct package_key key = {.name = read_word(r, LIMIT_PACKAGE_NAME, dpkg_word_is_name)};

    key.arch = read_word(r, LIMIT_ARCH, dpkg_word_is_arch);
    return key;
}

static struct trusted_artifact read_artifact(struct reader *r)
{
    struct trusted_artifact artifact = {.basis = (enum trust_basis)reader_u8(r)};
    struct package_key key = read_key(r);

    artifact.name = key.name;
    artifact.arch = key.arch;
    artifact.version = read_word(r, LIMIT_VERSION, dpkg_word_is_version);
    artifact.size = reader_u64(r);
    artifact.digest.kind = DIGEST_SHA256;
    struct bytes digest = reader_take(r, digest_size(DIGEST_SHA256));
    if (artifact.basis == TRUST_BASIS_UNKNOWN || artifact.basis >= TRUST_BASIS_COUNT || artifact.size == 0 ||
        artifact.size > LIMIT_DEB_FILE)
        reader_fail(r);
    if (reader_ok(r))
        memcpy(artifact.digest.at, digest.at, digest.size);
    return artifact;
}

/* The smallest item of each list, so that a count is checked before memory is taken for it. */
#define KEY_SIZE_MIN      4
#define ARTIFACT_SIZE_MIN (1 + KEY_SIZE_MIN + 2 + 8 + 32)

static size_t read_count(struct reader *r, size_t item_size_min)
{
    size_t count = (size_t)reader_varint_max(r, LIMIT_RUN_PACKAGES);

    if (reader_ok(r) && count > reader_left(r) / item_size_min)
        reader_fail(r);
    return reader_ok(r) ? count : 0;
}

/* False when memory is out. */
static bool read_keys(struct reader *r, struct arena *arena, const struct package_key **out,
                      size_t *out_count)
{
    size_t count = read_count(r, KEY_SIZE_MIN);
    struct package_key *keys = ARENA_ARRAY(arena, struct package_key, count);

    for (size_t i = 0; keys != NULL && i < count; i++)
        keys[i] = read_key(r);
    *out = keys;
    *out_count = count;
    return keys != NULL;
}

static bool is_run_or_none(struct text word)
{
    return word.size == 0 || dpkg_word_is_run(word);
}

static void read_restore(struct reader *r, struct execute_order *order)
{
    order->restore.part = (enum restore_part)reader_u8(r);
    order->restore.run = read_word(r, LIMIT_PACKAGE_NAME, is_run_or_none);
    order->restore.seal.kind = DIGEST_SHA256;
    struct bytes seal = reader_take(r, digest_size(DIGEST_SHA256));
    if (reader_ok(r))
        memcpy(order->restore.seal.at, seal.at, seal.size);
    if (order->restore.part >= RESTORE_PART_COUNT)
        reader_fail(r);
}

static bool read_lists(struct reader *r, struct arena *arena, struct execute_order *order, struct error *err)
{
    size_t count = read_count(r, ARTIFACT_SIZE_MIN);
    struct trusted_artifact *artifacts = ARENA_ARRAY(arena, struct trusted_artifact, count);
    for (size_t i = 0; artifacts != NULL && i < count; i++)
        artifacts[i] = read_artifact(r);
    order->group.artifacts = artifacts;
    order->group.artifact_count = count;

    bool keys = read_keys(r, arena, &order->group.removals, &order->group.removal_count) &&
                read_keys(r, arena, &order->group.purges, &order->group.purge_count);
    count = read_count(r, KEY_SIZE_MIN + 1);
    struct package_mark *marks = ARENA_ARRAY(arena, struct package_mark, count);
    for (size_t i = 0; marks != NULL && i < count; i++) {
        marks[i].package = read_key(r);
        marks[i].automatic = read_flag(r);
    }
    order->marks = marks;
    order->mark_count = count;
    return (artifacts != NULL && keys && marks != NULL) || arena_full(arena, err);
}

static bool read_magic(struct reader *r, struct bytes magic, struct error *err)
{
    struct bytes got = reader_take(r, magic.size);

    return (reader_ok(r) && memcmp(got.at, magic.at, magic.size) == 0) ||
           error_set(err, ERROR_INPUT, "does not begin with %.*s", (int)magic.size, (const char *)magic.at);
}

/* What an operation takes, and that a package that is installed is not removed too. */
static bool check_order(const struct execute_order *order, struct error *err)
{
    const struct operation *operation = &operations[order->operation];
    const struct package_group *group = &order->group;
    bool any = group->artifact_count > 0 || group->removal_count > 0 || group->purge_count > 0;
    bool restore = order->restore.part != RESTORE_UNKNOWN && order->restore.run.size > 0;

    if ((order->wait_ms > 0 && !operation->wait) || ((any || group->rollback) && !operation->group) ||
        (order->mark_count > 0 && !operation->marks) || (group->purge_count > 0 && !group->rollback) ||
        ((order->restore.part != RESTORE_UNKNOWN || order->restore.run.size > 0) && !operation->restore))
        return error_set(err, ERROR_INPUT, "%s takes less", operation->name);
    if ((operation->group && !any) || (operation->marks && order->mark_count == 0) ||
        (operation->restore && !restore))
        return error_set(err, ERROR_INPUT, "%s of nothing", operation->name);
    for (size_t i = 0; i < group->artifact_count; i++)
        if (group->artifacts[i].basis == TRUST_WAS_INSTALLED && !group->rollback &&
            control_holds(CONTROL_EXECUTE_BASIS))
            return error_set(err, ERROR_TRUST, "%.*s: that it was installed here counts for a rollback alone",
                             TEXT_ARG(group->artifacts[i].name));
    return true;
}

bool execute_order_parse(struct bytes raw, struct arena *arena, struct execute_order *out, struct error *err)
{
    struct reader r = reader_with(raw);
    struct execute_order got = {0};

    if (!read_magic(&r, BYTES("SXQ1"), err))
        return error_at(err, "order");
    uint8_t operation = reader_u8(&r);
    if (operation == EXECUTE_UNKNOWN || operation >= EXECUTE_OPERATION_COUNT)
        return error_set(err, ERROR_INPUT, "order: operation %u is unknown", operation);
    got.operation = (enum execute_operation)operation;
    got.run = read_word(&r, LIMIT_PACKAGE_NAME, dpkg_word_is_run);
    got.wait_ms = reader_u32(&r);
    got.group.rollback = read_flag(&r);
    if (!read_lists(&r, arena, &got, err))
        return error_at(err, "order");
    read_restore(&r, &got);
    if (!reader_ok(&r))
        return error_set(err, ERROR_INPUT, "order: %s: ends in the middle, or a word in it is none",
                         operations[operation].name);
    if (reader_left(&r) > 0)
        return error_set(err, ERROR_INPUT, "order: %zu bytes behind the end", reader_left(&r));
    if (!check_order(&got, err))
        return error_at(err, "order");
    *out = got;
    return true;
}

bool execute_answer_parse(struct bytes raw, struct execute_answer *out, struct error *err)
{
    struct reader r = reader_with(raw);
    struct execute_answer got = {0};

    if (!read_magic(&r, BYTES("SXA1"), err))
        return error_at(err, "answer");
    uint8_t kind = reader_u8(&r);
    struct bytes problem = reader_take(&r, (size_t)reader_varint_max(&r, sizeof(err->text)));
    got.status = reader_u32(&r);
    got.output = reader_take(&r, reader_u32(&r));
    if (!reader_ok(&r))
        return error_set(err, ERROR_INPUT, "answer: ends in the middle");
    if (reader_left(&r) > 0)
        return error_set(err, ERROR_INPUT, "answer: %zu bytes behind the end", reader_left(&r));
    if (!text_from_bytes(problem, sizeof(err->text), &got.problem, err))
        return error_at(err, "answer: problem");
    if (kind >= ERROR_COUNT || (kind == ERROR_NONE) != (got.problem.size == 0))
        return error_set(err, ERROR_INPUT, "answer: error %u does not fit its text", kind);
    got.kind = (enum error_kind)kind;
    *out = got;
    return true;
}
