#include "trust/repo_testing.h"

static struct bytes written(const struct tuf_draft *draft, struct arena *arena)
{
    struct bytes raw;
    struct error err;

    assert_done("write", tuf_write(draft, arena, &raw, &err), &err);
    return raw;
}

static void assert_bytes(struct bytes raw, const char *expected)
{
    if (raw.size != strlen(expected) || memcmp(raw.at, expected, raw.size) != 0)
        fail_msg("%.*s, expected %s", (int)raw.size, (const char *)raw.at, expected);
}

/* The bytes themselves: members sorted, whole seconds, nothing between the tokens. */
static void what_is_written(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(4 * MIB);
    struct tuf_file files[] = {
        {.name = TEXT("b.json"), .version = 2, .length_known = true, .length = 7},
        {.name = TEXT("a.json"),
         .version = 1,
         .sha256 = "ab00000000000000000000000000000000000000000000000000000000000000"},
    };
    struct tuf_draft draft = {
        .says = {.type = TUF_SNAPSHOT, .version = 3, .expires_us = 1999999, .files = {files, 2}},
        .made_us = 999999,
        .proposed_by = TEXT("anna \"b\""),
    };

    (void)state;
    assert_bytes(written(&draft, &arena),
                 "{\"signatures\":[],\"signed\":{\"_type\":\"snapshot\",\"expires\":\"1970-01-01T00:00:01Z\","
                 "\"meta\":{"
                 "\"a.json\":{\"hashes\":{\"sha256\":"
                 "\"ab00000000000000000000000000000000000000000000000000000000000000\"},\"version\":1},"
                 "\"b.json\":{\"length\":7,\"version\":2}},\"spec_version\":\"1.0.34\",\"version\":3,"
                 "\"x-suture-made\":\"1970-01-01T00:00:00Z\",\"x-suture-proposed-by\":\"anna \\\"b\\\"\"}}");
}

/* What was read can be written again, to the byte. */
static void reading_and_writing_are_one(void **state)
{
    struct repo_place *place = *state;
    const struct tree_seats seats = repo_test_seats(place, 5, 0), solo = repo_test_seats(place, 1, 0);
    const struct tuf_draft roots[] = {tree_seats_root(&seats, TEST_NOW_US),
                                      tree_seats_root(&solo, TEST_NOW_US)};
    struct tuf_draft targets;
    struct error err;

    assert_done("targets", tree_seats_targets(&seats, TEST_NOW_US, &place->arena, &targets, &err), &err);
    const struct tuf_draft *const drafts[] = {&roots[0], &roots[1], &targets};
    for (size_t i = 0; i < COUNT_OF(drafts); i++) {
        OWN(tuf_metadata_end) struct tuf_metadata metadata = {0};
        const struct bytes raw = written(drafts[i], &place->arena);
        assert_done("parse", tuf_metadata_parse(raw, TUF_TYPE_UNKNOWN, &place->arena, &metadata, &err), &err);
        const struct tuf_draft again = tuf_draft_of(&metadata);
        assert_int_equal(again.solo, i == 1);
        assert_int_equal(again.made_us, TEST_NOW_US);
        const struct bytes second = written(&again, &place->arena);
        assert_int_equal(second.size, raw.size);
        assert_memory_equal(second.at, raw.at, raw.size);
    }
}

/* What cannot be read is not written: the caller's mistake comes out before anybody signs it. */
static void what_cannot_be_read_is_not_written(void **state)
{
    struct repo_place *place = *state;
    const struct tree_seats seats = repo_test_seats(place, 5, 0);
    struct bytes raw = {0};
    struct error err;

    struct tuf_draft draft = tree_seats_root(&seats, TEST_NOW_US);
    draft.says.roles[TUF_TARGETS].threshold = 0;
    assert_false(tuf_write(&draft, &place->arena, &raw, &err));
    assert_memory_equal(err.text, "what was written as root cannot be read: ", 41);
    draft = tree_seats_root(&seats, TEST_NOW_US);
    draft.says.version = 0;
    assert_false(tuf_write(&draft, &place->arena, &raw, &err));
    assert_null(raw.at);
    /* Two keys of one id. */
    struct tuf_key other = place->people[BEN].key;
    other.id = place->people[ANNA].key.id;
    const struct tuf_key *keys[] = {&other};
    draft = tree_seats_root(&seats, TEST_NOW_US);
    draft.says.roles[TUF_TARGETS] = (struct tuf_role){keys, 1, 1};
    assert_false(tuf_write(&draft, &place->arena, &raw, &err));
    assert_memory_equal(err.text, "root: two keys have the id ", 27);
}

static size_t count_signers(struct bytes raw, const struct tuf_role *role, struct arena *arena)
{
    OWN(tuf_metadata_end) struct tuf_metadata metadata = {0};
    struct tuf_signers signers;
    struct error err;

    assert_done("parse", tuf_metadata_parse(raw, TUF_TYPE_UNKNOWN, arena, &metadata, &err), &err);
    assert_done("count", tuf_count(role, &metadata, arena, &signers, &err), &err);
    return signers.count;
}

static void signatures_are_added_replaced_and_dropped(void **state)
{
    struct repo_place *place = *state;
    const struct tree_seats seats = repo_test_seats(place, 5, 0);
    const struct tuf_draft draft = tree_seats_root(&seats, TEST_NOW_US);
    struct bytes raw = written(&draft, &place->arena), one, two;
    struct error err;

    assert_int_equal(count_signers(raw, &seats.roles[0], &place->arena), 0);
    assert_done("anna", tuf_write_signed(raw, &place->people[ANNA], &place->arena, &one, &err), &err);
    assert_int_equal(count_signers(one, &seats.roles[0], &place->arena), 1);
    assert_done("ben", tuf_write_signed(one, &place->people[BEN], &place->arena, &two, &err), &err);
    assert_int_equal(count_signers(two, &seats.roles[0], &place->arena), 2);
    /* Again: the same document, for Ed25519 makes the same signature. */
    assert_done("anna", tuf_write_signed(one, &place->people[ANNA], &place->arena, &raw, &err), &err);
    assert_int_equal(raw.size, one.size);
    assert_memory_equal(raw.at, one.at, one.size);
    assert_done("none", tuf_write_unsigned(two, &place->arena, &raw, &err), &err);
    assert_int_equal(count_signers(raw, &seats.roles[0], &place->arena), 0);
    /* In Anna's name, and not hers. */
    struct tuf_signature forged = {.key_id = place->people[ANNA].key.id, .value = BYTES("0123456789")};
    assert_done("forged", tuf_write_signature(two, &forged, &place->arena, &raw, &err), &err);
    assert_int_equal(count_signers(raw, &seats.roles[0], &place->arena), 1);
}

/* Whoever signs signs all that stands there, also what this version does not know. */
static void unknown_members_stay(void **state)
{
    struct repo_place *place = *state;
    const struct tuf_role role = {&place->keys[ANNA], 1, 1};
    struct bytes raw = BYTES("{\"x-around\": 1, \"signatures\": [], \"signed\": {\"_type\": \"timestamp\", "
                             "\"version\": 1, \"x-new\": {\"b\": [1, \"\\n\"], \"a\": -5}, \"spec_version\": "
                             "\"1.0.99\", \"expires\": \"2030-01-01T00:00:00Z\", \"meta\": "
                             "{\"snapshot.json\": {\"version\": 1}}}}");
    struct bytes signed_bytes;
    struct error err;

    assert_done("sign", tuf_write_signed(raw, &place->people[ANNA], &place->arena, &signed_bytes, &err),
                &err);
    assert_int_equal(count_signers(signed_bytes, &role, &place->arena), 1);
    struct text text = {(const char *)signed_bytes.at, signed_bytes.size};
    assert_int_not_equal(text_find(text, TEXT("\"x-new\":{\"b\":[1,\"\\n\"],\"a\":-5}")), SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define ROW(name) cmocka_unit_test_setup_teardown(name, repo_test_begin, repo_test_end)
        cmocka_unit_test(what_is_written),
        ROW(reading_and_writing_are_one),
        ROW(what_cannot_be_read_is_not_written),
        ROW(signatures_are_added_replaced_and_dropped),
        ROW(unknown_members_stay),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
