#include "base/testing.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/writer.h"
#include "manager/deb_file.h"
#include "manager/deb_plain.h"

static bool take(void *self, struct bytes piece, struct error *err)
{
    struct writer *into = self;

    (void)err;
    writer_put(into, piece);
    return true;
}

static struct bytes golden(struct arena *arena, const char *name)
{
    struct bytes bytes;
    struct error err = {0};
    struct text path = text_format(arena, "%s/deb_file/%s", getenv("SUTURE_GOLDEN"), name);

    assert_done(path.at, file_read(path.at, MIB, arena, &bytes, &err), &err);
    return bytes;
}

/* However it was packed, the same package unpacks to the same bytes; and doing it twice changes nothing. */
static void all_packings_are_one(void **state)
{
    static const char *const names[] = {"plain.deb", "gzip.deb", "xz.deb", "zstd.deb"};
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    OWN(writer_end) struct writer first = writer_with(MIB);
    struct error err = {0};
    (void)state;

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        OWN(writer_end) struct writer plain = writer_with(MIB), again = writer_with(MIB);
        struct digest digest, other;
        struct deb_file deb;
        uint64_t size;
        assert_done(names[i],
                    deb_plain_write(golden(&arena, names[i]), (struct archive_sink){take, &plain}, &err),
                    &err);
        if (i == 0)
            writer_put(&first, writer_bytes(&plain));
        assert_int_equal(plain.size, first.size);
        assert_memory_equal(plain.at, first.at, first.size);
        assert_done(names[i],
                    deb_plain_write(writer_bytes(&plain), (struct archive_sink){take, &again}, &err), &err);
        assert_int_equal(again.size, plain.size);
        assert_memory_equal(again.at, plain.at, plain.size);
        assert_done(names[i], deb_file_read(writer_bytes(&plain), &arena, &deb, &err), &err);
        assert_done(names[i], deb_plain_digest(golden(&arena, names[i]), &size, &digest, &err), &err);
        assert_done(names[i], digest_bytes(DIGEST_SHA256, writer_bytes(&plain), &other, &err), &err);
        assert_true(size == plain.size && digest_equal(&digest, &other));
    }
}

static void what_is_no_package_is_refused(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct bytes good = golden(&arena, "zstd.deb");
    struct error err = {0};
    struct digest digest;
    uint64_t size;
    (void)state;

    for (size_t i = 0; i < good.size - 1; i++)
        if (deb_plain_digest((struct bytes){good.at, i}, &size, &digest, &err))
            fail_msg("%zu of %zu bytes were taken", i, good.size);
    assert_false(deb_plain_digest(BYTES("no ar"), &size, &digest, &err));
    assert_failed("no ar", &err, ERROR_INPUT, "is no ar archive, so no .deb");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_packings_are_one),
        cmocka_unit_test(what_is_no_package_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
