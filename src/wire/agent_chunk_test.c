#include "base/testing.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "wire/agent_chunk.h"

static struct bytes golden(const char *name, struct arena *arena)
{
    const char *folder = getenv("SUTURE_GOLDEN");
    struct bytes raw = {0};
    struct error err;
    struct text path =
        text_format(arena, "%s/wire/agent_chunk/%s", folder == NULL ? "test/golden" : folder, name);

    assert_done(name, path.at != NULL && file_read(path.at, MIB, arena, &raw, &err), &err);
    return raw;
}

static void test_golden(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(writer_end) struct writer w = writer_with(MIB);
    struct bytes raw = golden("openssl", &arena);
    struct short_hash hashes[AGENT_BUCKETS] = {0}, root;
    struct agent_entry entries[2], more;
    char hex[SHORT_HASH_HEX + 1];
    struct agent_chunk chunk;
    uint8_t key[32], bucket;
    struct error err;

    (void)state;
    for (size_t i = 0; i < sizeof(key); i++)
        key[i] = (uint8_t)(128 + i);
    assert_done("chunk", agent_chunk_parse(raw, &chunk, &err), &err);
    assert_done("bucket", agent_bucket_of(TEXT("openssl"), &bucket, &err), &err);
    assert_true(chunk.bucket == bucket && bucket == 65 && chunk.count == 2);
    struct agent_chunk_walk walk = agent_chunk_walk_with(&chunk);
    assert_true(agent_chunk_next(&walk, &entries[0]) && agent_chunk_next(&walk, &entries[1]));
    assert_false(agent_chunk_next(&walk, &more));
    assert_text("package", entries[0].package, "libssl3");
    assert_int_equal(entries[1].flags, AGENT_ENTRY_HELD);
    agent_chunk_write(&w, bucket, entries, 2);
    assert_true(w.size == raw.size && memcmp(w.at, raw.at, raw.size) == 0);
    assert_done("hash", agent_chunk_hash(key, raw, &hashes[bucket], &err), &err);
    short_hash_hex(&hashes[bucket], hex);
    assert_string_equal(hex, "22ed2e6f936934842d92afbb89d6e9e4");
    assert_done("root", agent_inventory_root(hashes, &root, &err), &err);
    short_hash_hex(&root, hex);
    assert_string_equal(hex, "1ab61c469766f008eb0bd0f69dffff45");
    hashes[bucket] = (struct short_hash){0};
    assert_done("empty", agent_inventory_root(hashes, &root, &err), &err);
    assert_true(short_hash_is_zero(&root));
}

static void test_refused(void **state)
{
    static const struct {
        const char *name, *text;
    } rows[] = {
        {"bad/order", "chunk: entry 1: does not come behind the one before"},
        {"bad/bucket", "chunk: entry 0: belongs to bucket 65, not 64"},
        {"bad/none", "chunk: 0 entries, not 1 to 4096"},
        {"bad/many", "chunk: 4097 entries, not 1 to 4096"},
        {"bad/cut", "chunk: entry 1: ends in the middle"},
    };
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct agent_chunk chunk;
    struct error err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_false(agent_chunk_parse(golden(rows[i].name, &arena), &chunk, &err));
        assert_failed(rows[i].name, &err, ERROR_INPUT, rows[i].text);
    }
    struct bytes raw = golden("openssl", &arena);
    for (size_t size = 0; size < raw.size; size++)
        assert_false(agent_chunk_parse((struct bytes){raw.at, size}, &chunk, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden), cmocka_unit_test(test_refused)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
