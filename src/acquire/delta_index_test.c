#include "base/testing.h"

#include "acquire/delta_index.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"

/* The key of the golden files: its secret is 32 times 0x07. */
static struct secret_key key_of_golden(void)
{
    struct secret_key key = {.secret = {0}};
    struct error err = {0};

    memset(key.secret, 7, sizeof(key.secret));
    assert_done("key",
                public_key_parse(TEXT("ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c"),
                                 &key.public_key, &err),
                &err);
    return key;
}

static struct digest digest_of(const char *of)
{
    struct digest digest;
    struct error err = {0};

    assert_done("digest", digest_bytes(DIGEST_SHA256, bytes_of_text(text_of(of)), &digest, &err), &err);
    return digest;
}

struct sample {
    struct delta_supplement supplements[2];
    struct delta_base bases[2];
    struct delta_version versions[2];
    struct delta_index index;
};

static void sample_fill(struct sample *s)
{
    *s = (struct sample){
        .supplements = {{'d', {digest_of("docs"), 900}}, {'e', {digest_of("conffiles"), 20}}},
        .bases = {{.package = TEXT("libexpat1"),
                   .arch = TEXT("amd64"),
                   .version = TEXT("2.5.0-1"),
                   .identity = digest_of("base 1"),
                   .delta = {digest_of("delta 1"), 2376},
                   .memory = 67108864,
                   .supplement_count = 2},
                  {.package = TEXT("libexpat1"),
                   .arch = TEXT("amd64"),
                   .version = TEXT("2.5.0-1+deb12u1"),
                   .identity = digest_of("base 2"),
                   .delta = {digest_of("delta 2"), 812},
                   .memory = 67108864}},
        .versions = {{.version = TEXT("2.5.0-1+deb12u2"),
                      .deb = {digest_of("u2"), 99148},
                      .packed = 430080,
                      .base_count = 2},
                     {.version = TEXT("2.5.0-1+deb12u1"), .deb = {digest_of("u1"), 99000}, .packed = 430000}},
        .index = {.package = TEXT("libexpat1"),
                  .arch = TEXT("amd64"),
                  .made_us = INT64_C(1795248000000000),
                  .serial = 7,
                  .version_count = 2},
    };
    s->bases[0].supplements = s->supplements;
    s->versions[0].bases = s->bases;
    s->index.versions = s->versions;
}

static void write_sample(const struct sample *s, struct writer *out)
{
    const struct secret_key key = key_of_golden();
    struct error err = {0};

    assert_done("write", delta_index_write(&s->index, &key, out, &err), &err);
}

static void test_round_trip(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(writer_end) struct writer first = writer_with(MIB), second = writer_with(MIB);
    const struct secret_key key = key_of_golden();
    struct delta_index got;
    struct error err = {0};
    struct sample s;

    (void)state;
    sample_fill(&s);
    write_sample(&s, &first);
    assert_done("open", delta_index_open(writer_bytes(&first), &key.public_key, &arena, &got, &err), &err);
    assert_text("package", got.package, "libexpat1");
    assert_true(got.serial == 7 && got.made_us == s.index.made_us && got.version_count == 2);
    const struct delta_version *version = delta_index_find(&got, &s.versions[0].deb.digest);
    assert_non_null(version);
    assert_true(version->deb.size == 99148 && version->packed == 430080 && version->base_count == 2);
    assert_text("base", version->bases[1].version, "2.5.0-1+deb12u1");
    assert_true(version->bases[0].supplement_count == 2 && version->bases[0].supplements[0].class == 'd');
    assert_true(version->bases[0].supplements[0].file.size == 900);
    assert_true(digest_equal(&version->bases[1].delta.digest, &s.bases[1].delta.digest));
    const struct digest other = digest_of("other");
    assert_null(delta_index_find(&got, &other));
    assert_done("again", delta_index_write(&got, &key, &second, &err), &err);
    assert_int_equal(first.size, second.size);
    assert_memory_equal(first.at, second.at, first.size);
}

/* The stored file is what is written today, byte for byte: a machine of tomorrow must read today's. */
static void test_golden(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(writer_end) struct writer w = writer_with(MIB);
    const char *golden = getenv("SUTURE_GOLDEN");
    struct bytes raw;
    struct error err = {0};
    struct sample s;

    (void)state;
    if (golden == NULL)
        skip();
    sample_fill(&s);
    write_sample(&s, &w);
    struct text path = text_format(&arena, "%s/acquire/delta_index/libexpat1_amd64", golden);
    if (getenv("SUTURE_GOLDEN_MAKE") != NULL)
        assert_done("make", file_replace_cache(path.at, writer_bytes(&w), 0644, &err), &err);
    assert_done("read", file_read(path.at, MIB, &arena, &raw, &err), &err);
    assert_int_equal(raw.size, w.size);
    assert_memory_equal(raw.at, w.at, w.size);
}

/* Whatever single bit is turned, wherever it is cut: nothing passes. */
static void test_nothing_else_passes(void **state)
{
    OWN(writer_end) struct writer w = writer_with(MIB);
    const struct secret_key key = key_of_golden();
    struct delta_index got;
    struct error err = {0};
    struct sample s;

    (void)state;
    sample_fill(&s);
    write_sample(&s, &w);
    for (size_t i = 0; i < w.size; i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        w.at[i] ^= (uint8_t)(1U << i % 8);
        assert_false(delta_index_open(writer_bytes(&w), &key.public_key, &arena, &got, &err));
        w.at[i] ^= (uint8_t)(1U << i % 8);
        assert_false(delta_index_open((struct bytes){w.at, i}, &key.public_key, &arena, &got, &err));
    }
}

static void test_another_key(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(writer_end) struct writer w = writer_with(MIB);
    struct secret_key key;
    struct delta_index got;
    struct error err = {0};
    struct sample s;

    (void)state;
    sample_fill(&s);
    write_sample(&s, &w);
    assert_done("key", signature_make_key(&key, &err), &err);
    assert_false(delta_index_open(writer_bytes(&w), &key.public_key, &arena, &got, &err));
    assert_int_equal(err.kind, ERROR_TRUST);
    secret_key_end(&key);
}

#define START "{\"arch\":\"amd64\",\"made\":\"2026-11-21T08:00:00Z\",\"package\":\"x2\","
#define MID   START "\"schema\":\"suture.delta-index/1\",\"serial\":1,\"versions\":["
#define HEX   "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define TAIL  "\"packed\":1,\"sha256\":\"" HEX "\",\"size\":9,\"version\":"
#define BASE(version, supplements)                                                                           \
    "{\"arch\":\"all\",\"delta\":{\"sha256\":\"" HEX "\",\"size\":3},\"identity\":\"" HEX                    \
    "\",\"memory\":1,\"package\":\"x2\",\"supplements\":[" supplements "],\"version\":\"" version "\"}"
#define MORE(class) "{\"class\":\"" class "\",\"sha256\":\"" HEX "\",\"size\":1}"

static void test_refused(void **state)
{
    static const struct {
        const char *name, *document;
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {"nothing", "", ERROR_INPUT, NULL},
        {"array", "[]", ERROR_INPUT, "index: is no object"},
        {"newer", "{\"schema\":\"suture.delta-index/2\"}", ERROR_INPUT,
         "index: its schema is \"suture.delta-index/2\", not suture.delta-index/1"},
        {"no versions", START "\"schema\":\"suture.delta-index/1\",\"serial\":1}", ERROR_INPUT,
         "index: versions is missing"},
        {"another key in it",
         START "\"schema\":\"suture.delta-index/1\",\"serial\":1,\"versions\":[],\"x\":1}", ERROR_INPUT,
         "index: is not in the one form of suture.delta-index/1"},
        {"a space", START " \"schema\":\"suture.delta-index/1\",\"serial\":1,\"versions\":[]}", ERROR_INPUT,
         "index: is not in the one form of suture.delta-index/1"},
        {"no version", MID "{\"bases\":[]," TAIL "\"-1\"}]}", ERROR_INPUT,
         "index: version 0: version \"-1\" is none"},
        {"twice", MID "{\"bases\":[]," TAIL "\"1\"},{\"bases\":[]," TAIL "\"1\"}]}", ERROR_INPUT,
         "index: version 1: out of order, or there twice"},
        {"out of order", MID "{\"bases\":[]," TAIL "\"1\"},{\"bases\":[]," TAIL "\"2\"}]}", ERROR_INPUT,
         "index: version 1: out of order, or there twice"},
        {"base twice", MID "{\"bases\":[" BASE("1", "") "," BASE("1", "") "]," TAIL "\"2\"}]}", ERROR_INPUT,
         "index: version 0: base 1: out of order, or there twice"},
        {"no such class", MID "{\"bases\":[" BASE("1", MORE("z")) "]," TAIL "\"2\"}]}", ERROR_INPUT,
         "index: version 0: base 0: supplement 0: class \"z\" is none"},
        {"class twice", MID "{\"bases\":[" BASE("1", MORE("d") "," MORE("d")) "]," TAIL "\"2\"}]}",
         ERROR_INPUT, "index: version 0: base 0: supplement 1: out of order, or there twice"},
        {"no digest", MID "{\"bases\":[],\"packed\":1,\"sha256\":\"12\",\"size\":9,\"version\":\"1\"}]}",
         ERROR_INPUT, NULL},
        {"empty file",
         MID "{\"bases\":[],\"packed\":1,\"sha256\":\"" HEX "\",\"size\":0,\"version\":\"1\"}]}", ERROR_INPUT,
         "index: version 0: size is 0"},
        {"path as a name",
         "{\"arch\":\"amd64\",\"made\":\"2026-11-21T08:00:00Z\",\"package\":\"../x\","
         "\"schema\":\"suture.delta-index/1\",\"serial\":1,\"versions\":[]}",
         ERROR_INPUT, "index: package \"../x\" is none"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct delta_index got;
        struct error err = {0};
        if (delta_index_parse(bytes_of_text(text_of(rows[i].document)), &arena, &got, &err))
            fail_msg("%s: was read", rows[i].name);
        if (rows[i].text != NULL)
            assert_failed(rows[i].name, &err, rows[i].kind, rows[i].text);
        else
            assert_int_equal(err.kind, rows[i].kind);
    }
}

static void test_places(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    const struct digest digest = digest_of("");

    (void)state;
    assert_text("index", delta_index_path(TEXT("libstdc++6"), TEXT("amd64"), &arena),
                "index/libstdc++6_amd64");
    assert_text("delta", delta_file_path(&digest, &arena), "delta/e3/" HEX ".delta");
    assert_text("supplement", delta_supplement_path(&digest, &arena), "supplement/e3/" HEX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_nothing_else_passes),
        cmocka_unit_test(test_another_key),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_places),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
