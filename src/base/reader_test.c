#include "base/testing.h"

#include "base/own.h"
#include "base/reader.h"
#include "base/writer.h"

static void what_is_written_is_read(void **state)
{
    OWN(writer_end) struct writer w = writer_with(1000);
    static const uint64_t varints[] = {0, 1, 127, 128, 16383, 16384, UINT32_MAX, UINT64_MAX};
    struct bytes out;
    struct error err;
    (void)state;

    writer_byte(&w, 0xab);
    writer_u16(&w, 0x1234);
    writer_u32(&w, 0xdeadbeef);
    writer_u64(&w, 0x0123456789abcdef);
    for (size_t i = 0; i < COUNT_OF(varints); i++)
        writer_varint(&w, varints[i]);
    writer_text(&w, TEXT("text"));
    assert_true(writer_done(&w, &out, &err));
    struct reader r = reader_with(out);
    assert_int_equal(reader_u8(&r), 0xab);
    assert_int_equal(reader_u16(&r), 0x1234);
    assert_true(reader_u32(&r) == 0xdeadbeef);
    assert_true(reader_u64(&r) == 0x0123456789abcdef);
    for (size_t i = 0; i < COUNT_OF(varints); i++)
        assert_true(reader_varint(&r) == varints[i]);
    assert_int_equal(reader_left(&r), 4);
    assert_memory_equal(reader_take(&r, 4).at, "text", 4);
    assert_true(reader_ok(&r));
    assert_int_equal(reader_left(&r), 0);
}

static void the_first_failure_sticks(void **state)
{
    struct reader r = reader_with(BYTES("\x01\x02\x03"));
    (void)state;

    assert_int_equal(reader_u16(&r), 0x0201);
    assert_int_equal(reader_u32(&r), 0); /* one byte is left */
    assert_false(reader_ok(&r));
    assert_int_equal(reader_u8(&r), 0);
    assert_int_equal(reader_left(&r), 0);
    assert_null(reader_take(&r, 0).at);
}

static void no_bytes_are_read_to_their_end(void **state)
{
    struct reader r = reader_with((struct bytes){0});
    (void)state;

    assert_int_equal(reader_left(&r), 0);
    assert_int_equal(reader_take(&r, 0).size, 0);
    assert_true(reader_ok(&r));
    assert_int_equal(reader_u8(&r), 0);
    assert_false(reader_ok(&r));
}

static void a_varint_has_one_spelling(void **state)
{
    static const struct {
        const char *name;
        struct bytes raw;
    } bad[] = {
        {"cut short", BYTES("\x80")},
        {"long zero", BYTES("\x80\x00")},
        {"65 bits", BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02")},
        {"eleven bytes", BYTES("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01")},
        {"empty", BYTES("")},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct reader r = reader_with(bad[i].raw);
        assert_true(reader_varint(&r) == 0);
        if (reader_ok(&r))
            fail_msg("%s was read", bad[i].name);
    }
    struct reader r = reader_with(BYTES("\x05"));
    assert_true(reader_varint_max(&r, 4) == 0);
    assert_false(reader_ok(&r));
}

static void a_writer_stops_at_its_limit(void **state)
{
    OWN(writer_end) struct writer w = writer_with(10);
    struct bytes out = BYTES("untouched");
    struct error err;
    (void)state;

    writer_string(&w, "12345678");
    writer_u32(&w, 1);
    writer_byte(&w, 1); /* would fit, but something is missing before it */
    assert_false(writer_ok(&w));
    assert_int_equal(writer_bytes(&w).size, 8);
    assert_false(writer_done(&w, &out, &err));
    assert_failed("limit", &err, ERROR_LIMIT, "more than 10 bytes to write, or out of memory");
    assert_int_equal(out.size, 9);
    writer_clear(&w);
    writer_format(&w, "%d-%s", 12, "ab");
    assert_memory_equal(writer_bytes(&w).at, "12-ab", 5);
    writer_align(&w, 8);
    assert_int_equal(w.size, 8);
    writer_patch_u32(&w, 4, 0x01020304);
    assert_int_equal(w.at[4], 4);
    writer_clear(&w);
    writer_format(&w, "%s", "1234567890"); /* to the last byte, as writer_string */
    assert_done("full", writer_done(&w, &out, &err), &err);
    assert_memory_equal(out.at, "1234567890", 10);
    writer_format(&w, "%s", ""); /* nothing always fits */
    assert_true(writer_ok(&w));
    writer_format(&w, "%d", 1);
    assert_false(writer_ok(&w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(the_first_failure_sticks),
        cmocka_unit_test(no_bytes_are_read_to_their_end),
        cmocka_unit_test(a_varint_has_one_spelling),
        cmocka_unit_test(a_writer_stops_at_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
