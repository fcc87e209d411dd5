#include "base/testing.h"

#include "base/own.h"
#include "trust/keyring.h"

#define DEBIAN_RELEASE   "4D64FEC119C2029067D6E791F8D2585B8783D481"
#define DEBIAN_AUTOMATIC "B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8"
#define NOBODY           "0123456789ABCDEF0123456789ABCDEF01234567"

/* The keys of Debian 12, as debian-archive-keyring has them: the automatic one has a subkey. */
static struct bytes golden(const char *name, struct arena *arena)
{
    char path[512];
    struct bytes raw, packets;
    struct error err;

    const char *folder = getenv("SUTURE_GOLDEN");
    (void)snprintf(path, sizeof(path), "%s/keyring/%s", folder == NULL ? "test/golden" : folder, name);
    assert_done(name, file_read(path, 100000, arena, &raw, &err), &err);
    assert_done(name, keyring_packets(raw, arena, &packets, &err), &err);
    return packets;
}

static void only_wanted_keys_are_kept(void **state)
{
    static const struct {
        const char *wanted[3];
        uint64_t found;
        size_t size;
    } rows[] = {
        {{DEBIAN_RELEASE, DEBIAN_AUTOMATIC, NOBODY}, 3, 8980},
        {{DEBIAN_RELEASE, NOBODY, NOBODY}, 1, 280},
        {{NOBODY, "4d64fec119c2029067d6e791f8d2585b8783d481", NOBODY}, 2, 280},
        {{NOBODY, DEBIAN_AUTOMATIC, NOBODY}, 2, 8700},
        {{NOBODY, NOBODY, NOBODY}, 0, 0},
        /* Its subkey's name is not its own. */
        {{"4CB50190207B4758A3F73A796ED0E7B82643E131", NOBODY, NOBODY}, 0, 0},
    };
    OWN(arena_end) struct arena arena = arena_with(1 << 22);
    struct bytes all = golden("debian-12", &arena), kept;
    uint64_t found;
    struct error err;
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_done(
            rows[i].wanted[0],
            keyring_trim(all, &(struct keyring_wanted){rows[i].wanted, 3}, &arena, &kept, &found, &err),
            &err);
        assert_int_equal(found, rows[i].found);
        assert_int_equal(kept.size, rows[i].size);
    }
}

static void what_is_none_is_refused(void **state)
{
    static const struct {
        const char *name;
        struct bytes raw;
        const char *failure;
    } rows[] = {
        {"text", BYTES("hello"), "is no OpenPGP keyring from byte 0 on"},
        {"cut head", BYTES("\xc6"), "is no OpenPGP keyring from byte 0 on"},
        {"cut body", BYTES("\xc6\x05\x04"), "is no OpenPGP keyring from byte 0 on"},
        {"in pieces", BYTES("\xc6\xe1\x04\x04"), "is no OpenPGP keyring from byte 0 on"},
        {"without length", BYTES("\x9b\x04"), "is no OpenPGP keyring from byte 0 on"},
        {"longer than it is", BYTES("\xc6\xff\xff\xff\xff\xff\x04"), "is no OpenPGP keyring from byte 0 on"},
        {"good, then none", BYTES("\xc6\x01\x04z"), "is no OpenPGP keyring from byte 3 on"},
    };
    static const char *const wanted[] = {NOBODY};
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    struct bytes kept;
    uint64_t found;
    struct error err;
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_false(
            keyring_trim(rows[i].raw, &(struct keyring_wanted){wanted, 1}, &arena, &kept, &found, &err));
        assert_failed(rows[i].name, &err, ERROR_INPUT, rows[i].failure);
    }
}

/* Every prefix is a keyring of fewer keys or none at all, and never more than it is. */
static void prefixes_are_safe(void **state)
{
    static const char *const wanted[] = {DEBIAN_RELEASE, DEBIAN_AUTOMATIC};
    OWN(arena_end) struct arena arena = arena_with(1 << 26);
    struct bytes all = golden("debian-12", &arena), kept;
    uint64_t found;
    struct error err;
    (void)state;

    for (size_t size = 0; size < all.size; size += 13)
        if (keyring_trim((struct bytes){all.at, size}, &(struct keyring_wanted){wanted, 2}, &arena, &kept,
                         &found, &err))
            assert_true(kept.size <= size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_wanted_keys_are_kept),
        cmocka_unit_test(what_is_none_is_refused),
        cmocka_unit_test(prefixes_are_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
