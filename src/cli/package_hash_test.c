#include "cli/package_hash.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/testing.h"

#define OAK  "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define PINE "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752"

static const char list[] = "Package: oak\nVersion: 1.1-2\nArchitecture: amd64\nSHA256: " OAK "\n\n"
                           "Package: elm\nVersion: 3\nArchitecture: all\nDescription: not " PINE "\n\n";
static const char other[] = "Package: pine\nVersion: 2:4~rc1\nArchitecture: arm64\nSHA256: " PINE "\n\n";

static void test_find(void **state)
{
    static const struct {
        const char *hex, *package, *version, *error;
    } rows[] = {
        {OAK, "oak", "1.1-2", NULL},
        {PINE, "pine", "2:4~rc1", NULL},
        {"0000000000000000000000000000000000000000000000000000000000000000", NULL, NULL,
         "no list of packages on this machine has a file with this SHA-256: ask by the package's name and "
         "version"},
    };
    OWN(arena_end) struct arena arena = arena_with(MIB);
    char folder[64], path[128];
    struct error err;

    (void)state;
    test_folder(folder);
    (void)snprintf(path, sizeof(path), "%s/a_main_binary-amd64_Packages", folder);
    assert_done("list", file_replace(path, BYTES(list), 0644, &err), &err);
    (void)snprintf(path, sizeof(path), "%s/b_main_binary-arm64_Packages", folder);
    assert_done("other", file_replace(path, BYTES(other), 0644, &err), &err);
    (void)snprintf(path, sizeof(path), "%s/lock", folder);
    assert_done("lock", file_replace(path, BYTES(""), 0600, &err), &err);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct package_hash found = {0};
        bool done = package_hash_find(folder, text_of(rows[i].hex), &arena, &found, &err);
        if (rows[i].error != NULL) {
            assert_false(done);
            assert_failed(rows[i].hex, &err, ERROR_ABSENT, rows[i].error);
            continue;
        }
        assert_done(rows[i].hex, done, &err);
        assert_text(rows[i].hex, found.package, rows[i].package);
        assert_text(rows[i].hex, found.version, rows[i].version);
    }
    struct package_hash found;
    assert_false(package_hash_find(folder, TEXT("xyz"), &arena, &found, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    assert_done("remove", file_remove_tree(folder, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_find)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
