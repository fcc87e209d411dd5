#include "trust/tuf_testing.h"

#include "base/own.h"
#include "trust/tuf_count.h"

static void read_sample(struct arena *arena, const char *name, struct tuf_metadata *out)
{
    struct error err;

    assert_done(
        name, tuf_metadata_parse(tuf_sample(arena, "tuf_metadata", name), TUF_TYPE_UNKNOWN, arena, out, &err),
        &err);
}

static void enough_sign(void **state)
{
    static const struct {
        const char *name;
        enum tuf_type type;
        size_t count;
    } rows[] = {
        {"root.json", TUF_ROOT, 3},           {"root-spaces.json", TUF_ROOT, 3},
        {"targets.json", TUF_TARGETS, 2},     {"snapshot.json", TUF_SNAPSHOT, 1},
        {"timestamp.json", TUF_TIMESTAMP, 1},
    };
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    OWN(tuf_metadata_end) struct tuf_metadata root = {0};

    (void)state;
    read_sample(&arena, "root.json", &root);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(tuf_metadata_end) struct tuf_metadata got = {0};
        struct tuf_signers signers = {0};
        struct error err;
        read_sample(&arena, rows[i].name, &got);
        assert_done(rows[i].name, tuf_count_enough(&root.roles[rows[i].type], &got, &arena, &signers, &err),
                    &err);
        assert_int_equal(signers.count, rows[i].count);
    }
}

static struct tuf_key shown(const struct tuf_key *key, const char *id)
{
    struct tuf_key copy = *key;

    copy.id = text_of(id);
    return copy;
}

/* Anna with a file and with a token is one person. */
static void a_person_with_two_keys_is_one(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    OWN(tuf_metadata_end) struct tuf_metadata root = {0}, got = {0};
    struct tuf_signers signers = {0};
    struct error err;

    (void)state;
    read_sample(&arena, "root.json", &root);
    read_sample(&arena, "targets-one-person.json", &got);
    const struct tuf_role *role = &root.roles[TUF_TARGETS];
    assert_done("count", tuf_count(role, &got, &arena, &signers, &err), &err);
    assert_int_equal(signers.count, 1);
    assert_ptr_equal(signers.keys[0], role->keys[0]);
    assert_false(tuf_count_enough(role, &got, &arena, &signers, &err));
    assert_int_equal(err.kind, ERROR_TRUST);
    char expected[240];
    (void)snprintf(
        expected, sizeof(expected),
        "threshold: 1 of 2 needed signatures; anna's %.8s is of a person who counts already; ben's %.8s "
        "did not sign",
        role->keys[1]->id.at, role->keys[2]->id.at);
    assert_string_equal(err.text, expected);
}

/* One key under two ids is one key: also where parsing would have let them through. */
static void a_key_under_two_ids_is_one(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    OWN(tuf_metadata_end) struct tuf_metadata root = {0}, got = {0};
    struct tuf_signers signers = {0};
    struct error err;

    (void)state;
    read_sample(&arena, "root.json", &root);
    read_sample(&arena, "timestamp.json", &got);
    struct tuf_key again = shown(root.roles[TUF_TIMESTAMP].keys[0], "again");
    struct tuf_signature signatures[] = {got.signatures[0], {again.id, got.signatures[0].value}};
    const struct tuf_key *keys[] = {root.roles[TUF_TIMESTAMP].keys[0], &again};
    const struct tuf_role role = {keys, 2, 2};
    got.signatures = signatures;
    got.signature_count = 2;
    assert_done("count", tuf_count(&role, &got, &arena, &signers, &err), &err);
    assert_int_equal(signers.count, 1);
    assert_false(tuf_count_enough(&role, &got, &arena, &signers, &err));
    assert_non_null(strstr(err.text, "again is a key that counts already"));
}

/* Whoever signed: for a role only its own keys count, and only over these bytes. */
static void others_and_other_bytes_do_not_count(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    OWN(tuf_metadata_end) struct tuf_metadata root = {0}, got = {0};
    struct tuf_signers signers = {0};
    struct error err;

    (void)state;
    read_sample(&arena, "root.json", &root);
    read_sample(&arena, "targets.json", &got);
    assert_done("another role", tuf_count(&root.roles[TUF_SNAPSHOT], &got, &arena, &signers, &err), &err);
    assert_int_equal(signers.count, 0);
    uint8_t *copy = arena_take(&arena, got.canonical.size);
    memcpy(copy, got.canonical.at, got.canonical.size);
    copy[got.canonical.size / 2] ^= 1;
    got.canonical.at = copy;
    assert_false(tuf_count_enough(&root.roles[TUF_TARGETS], &got, &arena, &signers, &err));
    assert_non_null(strstr(err.text, "threshold: 0 of 2 needed signatures; anna's "));
    assert_non_null(strstr(err.text, " made a signature that does not hold; "));
}

/*
 * One bit of the file is another: then it is broken, or what is signed is another and nobody signed it, or what is signed is the same
 * and nobody counts who did not count before.
 */
static void check_flipped(struct bytes flipped, const struct tuf_role *role,
                          const struct tuf_metadata *before, size_t count_before)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(tuf_metadata_end) struct tuf_metadata got = {0};
    struct tuf_signers signers = {0};
    struct error err;

    if (!tuf_metadata_parse(flipped, before->type, &arena, &got, &err))
        return;
    assert_done("count", tuf_count(role, &got, &arena, &signers, &err), &err);
    bool same = got.canonical.size == before->canonical.size &&
                memcmp(got.canonical.at, before->canonical.at, got.canonical.size) == 0;
    assert_true(same ? signers.count <= count_before : signers.count == 0);
}

static void a_flipped_bit_never_passes(void **state)
{
    static const struct {
        const char *name;
        enum tuf_type type;
        size_t step; /* bits from one flip to the next */
    } rows[] = {
        {"timestamp.json", TUF_TIMESTAMP, 3}, {"snapshot.json", TUF_SNAPSHOT, 7},
        {"targets.json", TUF_TARGETS, 17},    {"root.json", TUF_ROOT, 31},
        {"root-spaces.json", TUF_ROOT, 37},
    };
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    OWN(tuf_metadata_end) struct tuf_metadata root = {0};

    (void)state;
    read_sample(&arena, "root.json", &root);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(tuf_metadata_end) struct tuf_metadata before = {0};
        const struct tuf_role *role = &root.roles[rows[i].type];
        struct tuf_signers signers = {0};
        struct error err;
        read_sample(&arena, rows[i].name, &before);
        assert_done(rows[i].name, tuf_count(role, &before, &arena, &signers, &err), &err);
        struct bytes raw = tuf_sample(&arena, "tuf_metadata", rows[i].name);
        uint8_t *copy = arena_take(&arena, raw.size);
        memcpy(copy, raw.at, raw.size);
        for (size_t bit = 0; bit < 8 * raw.size; bit += rows[i].step) {
            copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
            check_flipped((struct bytes){copy, raw.size}, role, &before, signers.count);
            copy[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
    }
}

/* What another key than the role's signed, in its name: its id, but not its signature. */
static void a_stolen_id_is_no_signature(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    OWN(tuf_metadata_end) struct tuf_metadata root = {0}, got = {0};
    struct tuf_signers signers = {0};
    struct error err;

    (void)state;
    read_sample(&arena, "root.json", &root);
    read_sample(&arena, "targets.json", &got);
    const struct tuf_role *role = &root.roles[TUF_TIMESTAMP];
    struct tuf_signature signature = {role->keys[0]->id, got.signatures[0].value};
    got.signatures = &signature;
    got.signature_count = 1;
    assert_done("count", tuf_count(role, &got, &arena, &signers, &err), &err);
    assert_int_equal(signers.count, 0);
}

/* A threshold that no number of keys can reach is never reached. */
static void more_than_there_are_keys_is_never_enough(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    OWN(tuf_metadata_end) struct tuf_metadata root = {0};
    struct tuf_signers signers = {0};
    struct error err;

    (void)state;
    read_sample(&arena, "root.json", &root);
    struct tuf_role role = root.roles[TUF_ROOT];
    role.threshold = 4;
    assert_false(tuf_count_enough(&role, &root, &arena, &signers, &err));
    assert_failed("all three", &err, ERROR_TRUST, "threshold: 3 of 4 needed signatures");
    role = (struct tuf_role){.threshold = 1};
    assert_false(tuf_count_enough(&role, &root, &arena, &signers, &err));
    assert_failed("no keys", &err, ERROR_TRUST, "threshold: 0 of 1 needed signatures");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enough_sign),
        cmocka_unit_test(a_person_with_two_keys_is_one),
        cmocka_unit_test(a_key_under_two_ids_is_one),
        cmocka_unit_test(others_and_other_bytes_do_not_count),
        cmocka_unit_test(a_flipped_bit_never_passes),
        cmocka_unit_test(a_stolen_id_is_no_signature),
        cmocka_unit_test(more_than_there_are_keys_is_never_enough),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
