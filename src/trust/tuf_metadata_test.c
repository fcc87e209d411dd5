#include "trust/tuf_testing.h"

#include "base/own.h"
#include "trust/tuf_metadata.h"

static bool parse(struct bytes raw, enum tuf_type expected, struct arena *arena, struct tuf_metadata *out,
                  struct error *err)
{
    return tuf_metadata_parse(raw, expected, arena, out, err);
}

static void a_root_names_keys_and_thresholds(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    OWN(tuf_metadata_end) struct tuf_metadata root = {0};
    struct error err;

    (void)state;
    assert_done("root", parse(tuf_sample(&arena, "tuf_metadata", "root.json"), TUF_ROOT, &arena, &root, &err),
                &err);
    assert_int_equal(root.type, TUF_ROOT);
    assert_int_equal(root.version, 1);
    assert_int_equal(root.expires_us, INT64_C(1893456000) * TIME_SECOND_US);
    assert_true(root.consistent_snapshot);
    assert_int_equal(root.signature_count, 3);
    assert_int_equal(root.roles[TUF_ROOT].threshold, 2);
    assert_int_equal(root.roles[TUF_ROOT].key_count, 3);
    assert_text("person", root.roles[TUF_ROOT].keys[0]->person, "anna");
    assert_int_equal(root.roles[TUF_TIMESTAMP].threshold, 1);
    assert_true(root.roles[TUF_TIMESTAMP].keys[0]->online);
    assert_false(json_is_absent(json_member(root.signed_part, "x-suture-note")));
}

/* The raw newline of a member of ours stands in what was signed. */
static void what_is_signed_is_the_canonical_form(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    OWN(tuf_metadata_end) struct tuf_metadata plain = {0}, spaces = {0};
    struct error err;

    (void)state;
    assert_done("plain",
                parse(tuf_sample(&arena, "tuf_metadata", "root.json"), TUF_ROOT, &arena, &plain, &err), &err);
    struct bytes raw = tuf_sample(&arena, "tuf_metadata", "root-spaces.json");
    assert_done("spaces", parse(raw, TUF_TYPE_UNKNOWN, &arena, &spaces, &err), &err);
    assert_int_equal(plain.canonical.size, spaces.canonical.size);
    assert_memory_equal(plain.canonical.at, spaces.canonical.at, plain.canonical.size);
    assert_true(text_find((struct text){(const char *)plain.canonical.at, plain.canonical.size},
                          TEXT("line one\nline two \xc3\xa9")) != SIZE_MAX);
}

/* Nothing is copied where the file has the canonical form already; one byte more between two tokens, and it is. */
static void canonical_bytes_are_not_copied(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    OWN(tuf_metadata_end) struct tuf_metadata plain = {0}, spaced = {0};
    struct error err;

    (void)state;
    struct bytes raw = tuf_sample(&arena, "tuf_metadata", "snapshot.json");
    assert_done("plain", parse(raw, TUF_SNAPSHOT, &arena, &plain, &err), &err);
    assert_true(plain.canonical.at > raw.at &&
                plain.canonical.at + plain.canonical.size == raw.at + raw.size - 1);
    uint8_t *copy = arena_take(&arena, raw.size + 1);
    memcpy(copy, raw.at, raw.size);
    copy[raw.size - 1] = ' ';
    copy[raw.size] = '}';
    assert_done("a space behind",
                parse((struct bytes){copy, raw.size + 1}, TUF_SNAPSHOT, &arena, &spaced, &err), &err);
    assert_true(spaced.canonical.at > copy && spaced.canonical.at < copy + raw.size);
    tuf_metadata_end(&spaced);
    copy[raw.size - 2] = ' ';
    copy[raw.size - 1] = '}';
    assert_done("a space in it",
                parse((struct bytes){copy, raw.size + 1}, TUF_SNAPSHOT, &arena, &spaced, &err), &err);
    assert_false(spaced.canonical.at > copy && spaced.canonical.at < copy + raw.size);
    assert_int_equal(spaced.canonical.size, plain.canonical.size);
    assert_memory_equal(spaced.canonical.at, plain.canonical.at, plain.canonical.size);
}

static void targets_and_delegations_are_read(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    OWN(tuf_metadata_end) struct tuf_metadata got = {0};
    struct digest digest;
    struct error err;

    (void)state;
    assert_done("targets",
                parse(tuf_sample(&arena, "tuf_metadata", "targets.json"), TUF_TARGETS, &arena, &got, &err),
                &err);
    assert_int_equal(got.files.count, 2);
    const struct tuf_file *file = tuf_files_find(&got.files, TEXT("a/file.txt"));
    assert_non_null(file);
    assert_int_equal(file->length, 4);
    assert_true(tuf_file_digest(file, DIGEST_SHA256, &digest));
    assert_int_equal(digest.kind, DIGEST_SHA256);
    assert_true(tuf_file_digest(file, DIGEST_SHA512, &digest));
    assert_int_equal(digest.kind, DIGEST_SHA512);
    assert_false(json_is_absent(json_member(file->custom, "size")));
    assert_non_null(tuf_files_find(&got.files, TEXT("\xc3\xa9.bin")));
    assert_null(tuf_files_find(&got.files, TEXT("a/file")));
    assert_int_equal(got.delegation_count, 2);
    assert_text("name", got.delegations[0].name, "block");
    assert_true(got.delegations[0].terminating);
    assert_text("path", got.delegations[0].paths[0], "orders/block/*");
    assert_text("name", got.delegations[1].name, "bins");
    assert_int_equal(got.delegations[1].path_count, 0);
    assert_text("prefix", got.delegations[1].hash_prefixes[1], "f");
    assert_int_equal(got.delegations[1].role.threshold, 2);
}

static void files_of_metadata_are_read(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    OWN(tuf_metadata_end) struct tuf_metadata snapshot = {0}, timestamp = {0};
    struct error err;

    (void)state;
    assert_done(
        "snapshot",
        parse(tuf_sample(&arena, "tuf_metadata", "snapshot.json"), TUF_SNAPSHOT, &arena, &snapshot, &err),
        &err);
    assert_int_equal(snapshot.files.count, 3);
    const struct tuf_file *file = tuf_files_find(&snapshot.files, TEXT("bins.json"));
    assert_int_equal(file->version, 9);
    assert_false(file->length_known);
    assert_null(file->sha256);
    assert_true(tuf_files_find(&snapshot.files, TEXT("targets.json"))->length_known);
    assert_done(
        "timestamp",
        parse(tuf_sample(&arena, "tuf_metadata", "timestamp.json"), TUF_TIMESTAMP, &arena, &timestamp, &err),
        &err);
    assert_int_equal(timestamp.version, 40);
    assert_int_equal(timestamp.files.at[0].version, 7);
}

#define HEAD(type)                                                                                           \
    "{\"signatures\":[],\"signed\":{\"_type\":\"" type "\",\"spec_version\":\"1.0.34\",\"version\":1,"       \
    "\"expires\":\"2030-01-01T00:00:00Z\","
#define END "}}"

static void broken_documents_are_named(void **state)
{
    static const struct {
        const char *name, *raw, *text;
    } rows[] = {
        {"empty", "", "line 1, column 1: nothing but white space"},
        {"a list", "[]", "is no object"},
        {"no signatures", "{}", "signatures is missing"},
        {"nothing signed", "{\"signatures\":[]}", "signed is missing"},
        {"of another type", HEAD("root") "\"a\":1" END, "signed: _type is \"root\", not \"targets\""},
        {"no targets", HEAD("targets") "\"a\":1" END, "signed: targets is missing"},
        {"a fraction", HEAD("targets") "\"targets\":{},\"a\":1.5" END,
         "signed has no canonical form: a: 1.5, not a whole number"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct tuf_metadata got;
        struct error err;
        assert_false(parse(bytes_of_text(text_of(rows[i].raw)), TUF_TARGETS, &arena, &got, &err));
        assert_failed(rows[i].name, &err, ERROR_INPUT, rows[i].text);
    }
}

/* Each broken file has one mistake, and beside it the kind and the text of the error. With SUTURE_GOLDEN_WRITE these are made anew. */
static void broken_files_are_named(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    struct file_names names;
    struct error err;
    size_t done = 0;

    (void)state;
    const char *folder = text_format(&arena, "%s/tuf_metadata/bad", getenv("SUTURE_GOLDEN")).at;
    assert_done(folder, file_list(folder, 1000, &arena, &names, &err), &err);
    for (size_t i = 0; i < names.count; i++) {
        struct tuf_metadata got;
        if (!text_ends(names.names[i], TEXT(".json")))
            continue;
        const char *path = text_format(&arena, "%s/%s", folder, names.names[i].at).at;
        const char *error_path = text_format(&arena, "%.*s.error", (int)strlen(path) - 5, path).at;
        struct bytes raw, expected;
        assert_done(path, file_read(path, MIB, &arena, &raw, &err), &err);
        if (parse(raw, TUF_TYPE_UNKNOWN, &arena, &got, &err))
            fail_msg("%s is taken", path);
        struct text said = text_format(&arena, "%s: %s\n", error_kind_name(err.kind), err.text);
        if (getenv("SUTURE_GOLDEN_WRITE") != NULL)
            assert_true(file_replace_cache(error_path, bytes_of_text(said), 0644, &err));
        assert_done(error_path, file_read(error_path, MIB, &arena, &expected, &err), &err);
        assert_text(path, said, (const char *)expected.at);
        done++;
    }
    assert_true(done > 80);
}

/* `piece` so many times, with its number for each '#'. */
static struct bytes many(struct writer *w, const char *before, const char *piece, unsigned count,
                         const char *after)
{
    writer_clear(w);
    writer_string(w, before);
    for (unsigned i = 0; i < count; i++) {
        struct text rest = text_of(piece), part;
        writer_string(w, i == 0 ? "" : ",");
        while (text_cut(&rest, '#', &part)) {
            writer_text(w, part);
            if (rest.size > 0)
                writer_format(w, "%u", i);
        }
    }
    writer_string(w, after);
    return writer_bytes(w);
}

#define DELEGATED                                                                                            \
    "\"targets\":{},\"delegations\":{\"keys\":{},\"roles\":[{\"name\":\"a\",\"keyids\":[],\"threshold\":1,"  \
    "\"terminating\":true,"

/* One more than may be, told before memory is taken for them: what stands in the pieces is nonsense. */
static void too_many_are_too_many(void **state)
{
    static const struct {
        const char *name, *before, *piece;
        unsigned count;
        const char *after, *text;
    } rows[] = {
        {"keys", HEAD("root") "\"roles\":{},\"keys\":{", "\"k#\":0", LIMIT_TUF_KEYS + 1, "}" END,
         "signed: 20001 keys, more than 20000"},
        {"delegations", HEAD("targets") "\"targets\":{},\"delegations\":{\"keys\":{},\"roles\":[", "0",
         LIMIT_TUF_DELEGATIONS + 1, "]}" END, "signed: delegations: 32769 roles, more than 32768"},
        {"paths", HEAD("targets") DELEGATED "\"paths\":[", "0", LIMIT_TUF_PATTERNS + 1, "]}]}" END,
         "signed: delegations: roles: 0: a: paths: 65537 of them, more than 65536"},
        {"prefixes", HEAD("targets") DELEGATED "\"path_hash_prefixes\":[", "0", LIMIT_TUF_PATTERNS + 1,
         "]}]}" END, "signed: delegations: roles: 0: a: path_hash_prefixes: 65537 of them, more than 65536"},
    };
    OWN(writer_end) struct writer w = writer_with(8 * MIB);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(16 * KIB);
        struct bytes raw = many(&w, rows[i].before, rows[i].piece, rows[i].count, rows[i].after);
        struct tuf_metadata got;
        struct error err;
        assert_false(parse(raw, TUF_TYPE_UNKNOWN, &arena, &got, &err));
        assert_failed(rows[i].name, &err, ERROR_LIMIT, rows[i].text);
    }
}

/* A file that was cut off anywhere is no document. */
static void every_prefix_fails(void **state)
{
    static const char *const names[] = {"root.json", "root-spaces.json", "targets.json", "snapshot.json",
                                        "timestamp.json"};
    OWN(arena_end) struct arena samples = arena_with(MIB);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct bytes raw = tuf_sample(&samples, "tuf_metadata", names[i]);
        for (size_t size = 0; size < raw.size; size++) {
            OWN(arena_end) struct arena arena = arena_with(MIB);
            struct tuf_metadata got;
            struct error err;
            assert_false(parse((struct bytes){raw.at, size}, TUF_TYPE_UNKNOWN, &arena, &got, &err));
            assert_int_equal(err.kind, ERROR_INPUT);
        }
    }
}

/* Memory that runs out at any place is an error, and nothing else. */
static void memory_may_run_out(void **state)
{
    OWN(arena_end) struct arena samples = arena_with(MIB);
    struct bytes raw = tuf_sample(&samples, "tuf_metadata", "targets.json");
    bool done = false;

    (void)state;
    for (size_t limit = 0; !done; limit += 64) {
        OWN(arena_end) struct arena arena = arena_with(limit);
        OWN(tuf_metadata_end) struct tuf_metadata got = {0};
        struct error err;
        done = parse(raw, TUF_TARGETS, &arena, &got, &err);
        assert_true(done || err.kind == ERROR_LIMIT);
        assert_true(limit < MIB);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_root_names_keys_and_thresholds),
        cmocka_unit_test(what_is_signed_is_the_canonical_form),
        cmocka_unit_test(canonical_bytes_are_not_copied),
        cmocka_unit_test(targets_and_delegations_are_read),
        cmocka_unit_test(files_of_metadata_are_read),
        cmocka_unit_test(broken_documents_are_named),
        cmocka_unit_test(broken_files_are_named),
        cmocka_unit_test(too_many_are_too_many),
        cmocka_unit_test(every_prefix_fails),
        cmocka_unit_test(memory_may_run_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
