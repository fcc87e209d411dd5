#include "base/testing.h"

#include "base/own.h"
#include "trust/tuf_path.h"

static void patterns_match_part_by_part(void **state)
{
    static const struct {
        const char *pattern, *path;
        bool matches;
    } rows[] = {
        {"*", "file", true},
        {"*", "a/file", false},
        {"*", "", true},
        {"", "", true},
        {"a/*", "a/file", true},
        {"a/*", "a/b/file", false},
        {"a/*", "a/", true},
        {"a/*", "a", false},
        {"*/*", "a/b", true},
        {"a/*.tgz", "a/b.tgz", true},
        {"a/*.tgz", "a/b.tgz2", false},
        {"?", "a", true},
        {"?", "", false},
        {"?", "/", false},
        {"a?c", "abc", true},
        {"a?c", "ac", false},
        {"a*b*c", "aXbbYc", true},
        {"a*b*c", "acb", false},
        {"*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaa", false},
        {"**", "x", true},
        {"[ab]", "a", false},
        {"[ab]", "[ab]", true},
        {"A", "a", false},
        {"?", "\xc3\xa9", true},
        {"??", "\xc3\xa9", false},
        {"*\xa9", "\xc3\xa9", false},
        {"/a", "a", false},
        {"/a", "/a", true},
        {"a//b", "a/b", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (tuf_path_matches(text_of(rows[i].pattern), text_of(rows[i].path)) != rows[i].matches)
            fail_msg("%s and %s", rows[i].pattern, rows[i].path);
}

static void delegations_speak_for_paths(void **state)
{
    /* SHA-256 of "file" begins with 3b9c358f. */
    const struct text paths[] = {TEXT("a/*"), TEXT("file")}, near[] = {TEXT("3b9c"), TEXT("00")};
    const struct text far[] = {TEXT("3b9d"), TEXT("")};
    const struct {
        const char *name;
        struct tuf_delegation delegation;
        bool speaks;
    } rows[] = {
        {"no pattern", {.paths = paths}, false},
        {"another's", {.paths = paths, .path_count = 1}, false},
        {"its own", {.paths = paths, .path_count = 2}, true},
        {"prefix", {.hash_prefixes = near, .hash_prefix_count = 2}, true},
        {"other prefix", {.hash_prefixes = far, .hash_prefix_count = 1}, false},
        {"empty prefix", {.hash_prefixes = far, .hash_prefix_count = 2}, true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err;
        bool speaks = false;
        assert_done(rows[i].name, tuf_path_delegated(&rows[i].delegation, TEXT("file"), &speaks, &err), &err);
        if (speaks != rows[i].speaks)
            fail_msg("%s", rows[i].name);
    }
}

static void names_stay_in_their_folder(void **state)
{
    static const struct {
        const char *role;
        uint64_t version;
        const char *name;
    } rows[] = {
        {"timestamp", 0, "timestamp.json"},
        {"root", 12, "12.root.json"},
        {"../x", 0, "..%2Fx.json"},
        {"..", 3, "3.%2E%2E.json"},
        {".", 0, "%2E.json"},
        {"/delegated", 1, "1.%2Fdelegated.json"},
        {"?", 0, "%3F.json"},
        {"#", 0, "%23.json"},
        {"a b%", 0, "a%20b%25.json"},
        {"A-Z_a.z~9", 0, "A-Z_a.z~9.json"},
        {"\xc3\xa9", 0, "%C3%A9.json"},
    };
    OWN(arena_end) struct arena arena = arena_with(1 << 20);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_text(rows[i].role, tuf_path_metadata(text_of(rows[i].role), rows[i].version, &arena),
                    rows[i].name);
}

static void targets_have_their_hash_before_their_name(void **state)
{
    static const struct {
        const char *path, *plain, *hashed, *download;
    } rows[] = {
        {"file", "file", "H.file", "file"},
        {"a/b/file.txt", "a/b/file.txt", "a/b/H.file.txt", "a%2Fb%2Ffile.txt"},
        {"a/", "a/", "a/H.", "a%2F"},
        {"../../etc/passwd", "%2E%2E/%2E%2E/etc/passwd", "%2E%2E/%2E%2E/etc/H.passwd",
         "..%2F..%2Fetc%2Fpasswd"},
        {"..", "%2E%2E", "H.%2E%2E", "%2E%2E"},
        {"/x y", "/x%20y", "/H.x%20y", "%2Fx%20y"},
        {"", "", "H.", ""},
    };
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    struct digest digest;
    struct error err;
    char hex[DIGEST_HEX_MAX + 1];

    (void)state;
    assert_done("digest", digest_bytes(DIGEST_SHA256, BYTES("x"), &digest, &err), &err);
    digest_hex(&digest, hex);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct text expected = text_of(rows[i].hashed);
        size_t h = text_find_byte(expected, 'H');
        struct text hashed =
            text_format(&arena, "%.*s%s%s", TEXT_ARG(text_part(expected, 0, h)), hex, rows[i].hashed + h + 1);
        assert_text(rows[i].path, tuf_path_target(text_of(rows[i].path), NULL, &arena), rows[i].plain);
        assert_text(rows[i].path, tuf_path_target(text_of(rows[i].path), &digest, &arena), hashed.at);
        assert_text(rows[i].path, tuf_path_download(text_of(rows[i].path), &arena), rows[i].download);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_match_part_by_part),
        cmocka_unit_test(delegations_speak_for_paths),
        cmocka_unit_test(names_stay_in_their_folder),
        cmocka_unit_test(targets_have_their_hash_before_their_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
