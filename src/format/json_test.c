#include "base/testing.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "format/json.h"

static struct json_document parsed(struct bytes raw)
{
    struct json_document document = {0};
    struct error err = {0};

    assert_done((const char *)raw.at, json_parse(raw, MIB, &document, &err), &err);
    return document;
}

static struct bytes golden(struct arena *arena, const char *folder, struct text name)
{
    struct bytes bytes;
    struct error err = {0};
    struct text path = text_format(arena, "%s/json/%s%.*s", getenv("SUTURE_GOLDEN"), folder, TEXT_ARG(name));

    assert_done(path.at, file_read(path.at, MIB, arena, &bytes, &err), &err);
    return bytes;
}

/* Followed by zero bytes and nothing else, so that what reads on is seen. */
static uint8_t *padded(struct bytes raw)
{
    uint8_t *at = calloc(1, raw.size + JSON_PADDING);

    assert_non_null(at);
    memcpy(at, raw.at, raw.size);
    return at;
}

static void assert_in_place(struct bytes raw)
{
    OWN(own_memory) uint8_t *at = padded(raw);
    OWN(json_end) struct json_document document = {0}, copied = {0};
    OWN(writer_end) struct writer first = writer_with(MIB), second = writer_with(MIB);
    struct json_writer one = json_writer_with(&first, false), other = json_writer_with(&second, false);
    struct error err = {0};

    assert_done((const char *)raw.at, json_parse_in_place((struct bytes){at, raw.size}, MIB, &document, &err),
                &err);
    assert_done((const char *)raw.at, json_parse(raw, MIB, &copied, &err), &err);
    assert_memory_equal(at, raw.at, raw.size);
    json_put_value(&one, json_root(&document));
    json_put_value(&other, json_root(&copied));
    assert_int_equal(writer_bytes(&first).size, writer_bytes(&second).size);
    assert_memory_equal(writer_bytes(&first).at, writer_bytes(&second).at, writer_bytes(&first).size);
}

/* The bytes are what they were, and the values those of a copy. */
static void bytes_are_put_back(void **state)
{
    static const char *const rows[] = {
        "1",
        "\"a\"",
        "[]",
        "{\"\":\"\"}",
        "[1,2,3]",
        "[[1],[2,[3]],{\"a\":4},5]",
        "{\"a\":1,\"b\":{\"c\":-2.5e3},\"d\":[true,null,\"x\",0]}",
        "{\"a\":1,\"b\":2}\n",
        " [ \"a\" , \"b\" ] ",
        "[1 ,2\t,3\n]",            /* what stood behind the digits could not be told: a copy */
        "{\"a\":\"line\\nline\"}", /* an escape: a copy */
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_in_place(bytes_of_text(text_of(rows[i])));
}

static void texts_are_views(void **state)
{
    OWN(json_end) struct json_document document = {0};
    char bytes[16 + JSON_PADDING] = "{\"a\":\"text\"}";
    struct text text = {0};
    struct error err = {0};
    (void)state;

    assert_done("views", json_parse_in_place((struct bytes){(uint8_t *)bytes, 12}, MIB, &document, &err),
                &err);
    assert_done("a", json_get_text(json_root(&document), "a", true, 10, &text, &err), &err);
    assert_ptr_equal(text.at, bytes + 6);
    assert_int_equal(json_place(&document, text), 6);
}

/* Every file of bad/ fails with the words of the .error file beside it, in place too. */
static void broken_documents_are_refused(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct file_names names;
    struct error err = {0};
    size_t count = 0;
    (void)state;

    struct text folder = text_format(&arena, "%s/json/bad", getenv("SUTURE_GOLDEN"));
    assert_done("bad", file_list(folder.at, 1000, &arena, &names, &err), &err);
    for (size_t i = 0; i < names.count; i++) {
        struct json_document document = {0};
        struct text name = names.names[i];
        if (!text_ends(name, TEXT(".json")))
            continue;
        struct text errors = text_format(&arena, "%.*s.error", (int)name.size - 5, name.at);
        struct bytes expected = golden(&arena, "bad/", errors);
        if (json_parse(golden(&arena, "bad/", name), MIB, &document, &err))
            fail_msg("%s: was read", name.at);
        assert_null(document.memory);
        struct text said = text_format(&arena, "%s: %s\n", error_kind_name(err.kind), err.text);
        assert_text(name.at, said, (const char *)expected.at);
        struct bytes raw = golden(&arena, "bad/", name);
        OWN(own_memory) uint8_t *at = padded(raw);
        if (json_parse_in_place((struct bytes){at, raw.size}, MIB, &document, &err))
            fail_msg("%s: was read in place", name.at);
        said = text_format(&arena, "%s: %s\n", error_kind_name(err.kind), err.text);
        assert_text(name.at, said, (const char *)expected.at);
        count++;
    }
    assert_true(count >= 30);
}

static void places_and_limits(void **state)
{
    static char long_string[LIMIT_JSON_STRING + 4];
    struct json_document document = {0};
    struct error err = {0};
    (void)state;

    assert_false(json_parse(BYTES("[1, 2]"), 5, &document, &err));
    assert_failed("too long", &err, ERROR_LIMIT, "6 bytes, more than the 5 allowed");

    memset(long_string, 'a', sizeof(long_string));
    long_string[0] = '[';
    long_string[1] = long_string[sizeof(long_string) - 1] = '"';
    struct bytes raw = {(uint8_t *)long_string, sizeof(long_string)};
    assert_false(json_parse(raw, SIZE_MAX, &document, &err));
    assert_failed("cut", &err, ERROR_INPUT, "line 1, column 1048581: ends in the middle of the document");
    long_string[sizeof(long_string) - 2] = '"';
    long_string[sizeof(long_string) - 1] = ']';
    assert_true(json_parse(raw, SIZE_MAX, &document, &err)); /* a MiB to the byte */
    json_end(&document);

    char one_more[] = "[\"\\n";
    memcpy(long_string, one_more, sizeof(one_more) - 1);
    assert_true(json_parse(raw, SIZE_MAX, &document, &err)); /* an escape counts as what it means */
    json_end(&document);
}

static void one_byte_too_long(void **state)
{
    static char raw[LIMIT_JSON_STRING + 32];
    struct json_document document = {0};
    struct error err = {0};
    (void)state;

    int begin = snprintf(raw, sizeof(raw), "{\"a\":1,\n\"b\":\"");
    memset(raw + begin, 'x', LIMIT_JSON_STRING + 1);
    memcpy(raw + begin + LIMIT_JSON_STRING + 1, "\"}", 2);
    struct bytes bytes = {(uint8_t *)raw, (size_t)begin + LIMIT_JSON_STRING + 3};
    assert_false(json_parse(bytes, SIZE_MAX, &document, &err));
    assert_failed("long", &err, ERROR_LIMIT, "line 2, column 5: a string of more than a MiB");
}

/* Names that a mark of eight first and last bytes cannot tell apart are no duplicates; the last one is. */
static void names_alike_are_told_apart(void **state)
{
    struct writer w = writer_with(MIB);
    struct json_document document = {0};
    struct error err = {0};
    (void)state;

    for (size_t count = 2; count < 40; count += 7) {
        writer_clear(&w);
        for (size_t i = 0; i < count; i++)
            writer_format(&w, "%s\"12345678 %02zu 12345678\":0", i == 0 ? "{" : ",", i);
        writer_byte(&w, '}');
        document = parsed(writer_bytes(&w));
        assert_int_equal(json_count(json_root(&document)), count);
        json_end(&document);
        w.size--;
        writer_string(&w, ",\"12345678 00 12345678\":0}");
        assert_false(json_parse(writer_bytes(&w), MIB, &document, &err));
        assert_int_equal(err.kind, ERROR_INPUT);
    }
    writer_end(&w);
}

/* A million names in one object are looked at once each, not each with each. */
static void wide_objects_take_no_long(void **state)
{
    struct writer w = writer_with(64 * MIB);
    struct json_document document = {0};
    struct error err = {0};
    (void)state;

    writer_byte(&w, '{');
    for (uint32_t i = 0; i < 1000000; i++)
        writer_format(&w, "\"%08x\":0,\n", i);
    writer_string(&w, "\"00000000\":0}");
    int64_t before = time_cpu_us();
    assert_false(json_parse(writer_bytes(&w), SIZE_MAX, &document, &err));
    int64_t took = time_cpu_us() - before;
    assert_failed("wide", &err, ERROR_INPUT, "line 1000001, column 1: \"00000000\" is given twice");
    assert_true(took < 5 * TIME_SECOND_US); /* 0.1 s; the margin is for sanitizers */
    writer_end(&w);
}

static void absent_stays_absent(void **state)
{
    struct json_document document = parsed(BYTES("{\"a\":{\"b\":[1,null]},\"n\":null}"));
    struct json root = json_root(&document);
    (void)state;

    assert_true(json_is_array(json_member(json_member(root, "a"), "b")));
    assert_true(json_is_absent(json_member(json_member(json_member(root, "x"), "y"), "z")));
    assert_true(json_is_absent(json_member(json_member(root, "n"), "a")));
    assert_false(json_is_absent(json_member(root, "n")));
    assert_true(json_is_null(json_member(root, "n")));
    assert_false(json_is_null(json_member(root, "x")));
    assert_int_equal(json_count(json_member(root, "n")), 0);
    assert_int_equal(json_count(json_member(root, "x")), 0);
    assert_int_equal(json_count(root), 2);
    struct json_walk walk = json_walk_with(json_member(root, "x"));
    assert_false(json_walk_next(&walk));
    assert_false(json_walk_next(&walk));
    json_end(&document);
    json_end(&document);
}

static void walks_go_in_order(void **state)
{
    struct json_document document =
        parsed(BYTES("{\"a\":[1,{\"x\":[]},\"t\"],\"b\":{},\"c\":\"z\",\"d\\u0007\":1}"));
    struct json_walk walk = json_walk_with(json_root(&document));
    struct text text;
    struct error err = {0};
    (void)state;

    assert_true(json_walk_next(&walk));
    assert_text("a", walk.name, "a");
    struct json_walk inner = json_walk_with(walk.value);
    for (size_t i = 0; i < 3; i++) {
        assert_true(json_walk_next(&inner));
        assert_int_equal(inner.index, i);
        assert_int_equal(inner.name.size, 0);
    }
    assert_true(json_as_text(inner.value, 1, &text, &err));
    assert_text("t", text, "t");
    assert_false(json_walk_next(&inner));
    assert_true(json_walk_next(&walk));
    assert_true(json_is_object(walk.value));
    assert_true(json_walk_next(&walk));
    assert_true(json_name_text(&walk, 10, &text, &err));
    assert_text("c", text, "c");
    assert_true(json_walk_next(&walk));
    assert_int_equal(walk.index, 3);
    assert_false(json_name_text(&walk, 10, &text, &err));
    assert_failed("d", &err, ERROR_INPUT, "byte 0x07 at 1 is not text");
    assert_false(json_as_text(walk.value, 10, &text, &err));
    assert_failed("d", &err, ERROR_INPUT, "a number, not a text");
    assert_false(json_walk_next(&walk));
    json_end(&document);
}

enum getter { TEXT_DUE, TEXT_WISHED, NOTE, U64, BOOL, TENTHS, ARRAY, OBJECT, U64_WISHED, ARRAY_WISHED };

/* The answer as text, "(untouched)" where nothing was written. */
static bool get(enum getter getter, struct json object, char answer[64], struct error *err)
{
    struct text text = TEXT("(untouched)");
    uint64_t number = 4711;
    struct json value = {0};
    bool truth = false, done;
    int16_t tenths = -1;

    (void)snprintf(answer, 64, "(untouched)");
    switch (getter) {
    case TEXT_DUE:
    case TEXT_WISHED:
    case NOTE:
        done = getter == NOTE ? json_get_note(object, "v", 8, &text, err)
                              : json_get_text(object, "v", getter == TEXT_DUE, 8, &text, err);
        (void)snprintf(answer, 64, "%.*s", TEXT_ARG(text));
        return done;
    case U64:
    case U64_WISHED:
        done = json_get_u64(object, "v", getter == U64, 1000, &number, err);
        (void)snprintf(answer, 64, "%llu", (unsigned long long)number);
        return done;
    case BOOL:
        done = json_get_bool(object, "v", true, &truth, err);
        (void)snprintf(answer, 64, "%d", truth);
        return done;
    case TENTHS:
        done = json_get_tenths(object, "v", true, 100, &tenths, err);
        (void)snprintf(answer, 64, "%d", tenths);
        return done;
    case ARRAY:
    case ARRAY_WISHED:
        done = json_get_array(object, "v", getter == ARRAY, &value, err);
        break;
    case OBJECT:
    default:
        done = json_get_object(object, "v", true, &value, err);
        break;
    }
    (void)snprintf(answer, 64, "%zu", json_count(value));
    return done;
}

static void getters_say_what_is_wrong(void **state)
{
    static const struct {
        const char *json;
        enum getter getter;
        enum error_kind kind;
        const char *text; /* of the error, or the answer */
    } rows[] = {
        {"{\"v\":\"abc\"}", TEXT_DUE, ERROR_NONE, "abc"},
        {"{\"v\":\"\"}", TEXT_DUE, ERROR_NONE, ""},
        {"{\"w\":\"abc\"}", TEXT_DUE, ERROR_INPUT, "v is missing"},
        {"[\"v\"]", TEXT_DUE, ERROR_INPUT, "v is missing"},
        {"{\"w\":\"abc\"}", TEXT_WISHED, ERROR_NONE, "(untouched)"},
        {"{\"v\":null}", TEXT_WISHED, ERROR_NONE, "(untouched)"},
        {"{\"v\":null}", TEXT_DUE, ERROR_INPUT, "v is null, not a text"},
        {"{\"v\":12}", TEXT_WISHED, ERROR_INPUT, "v is a number, not a text"},
        {"{\"v\":true}", TEXT_DUE, ERROR_INPUT, "v is a truth value, not a text"},
        {"{\"v\":\"123456789\"}", TEXT_DUE, ERROR_LIMIT, "v: 9 bytes, more than 8"},
        {"{\"v\":\"a\\u0000b\"}", TEXT_DUE, ERROR_INPUT, "v: byte 0x00 at 1 is not text"},
        {"{\"v\":\"a\\u001b[2J\"}", TEXT_DUE, ERROR_INPUT, "v: byte 0x1b at 1 is not text"},
        {"{\"v\":\"a\\u009b\"}", TEXT_DUE, ERROR_INPUT, "v: byte 0xc2 at 1 is not text"},
        {"{\"v\":\"a\\n\\tb\\r\\u0000c\"}", NOTE, ERROR_NONE, "a\n\tb  c"},
        {"{\"v\":\"a\\u009bb\\u007f\"}", NOTE, ERROR_NONE, "a  b "},
        {"{\"v\":\"1234567\\u00e9\"}", NOTE, ERROR_NONE, "1234567"},
        {"{\"v\":\"12345\\ud83d\\ude00\"}", NOTE, ERROR_NONE, "12345"},
        {"{\"v\":\"1234567890\"}", NOTE, ERROR_NONE, "12345678"},
        {"{\"v\":\"1234567\\u009f\"}", NOTE, ERROR_NONE, "1234567"},
        {"{}", NOTE, ERROR_NONE, "(untouched)"},
        {"{\"v\":[]}", NOTE, ERROR_INPUT, "v is an array, not a text"},
        {"{\"v\":1000}", U64, ERROR_NONE, "1000"},
        {"{\"v\":0}", U64, ERROR_NONE, "0"},
        {"{\"v\":1001}", U64, ERROR_INPUT, "v is 1001, not a whole number from 0 to 1000"},
        {"{\"v\":-1}", U64, ERROR_INPUT, "v is -1, not a whole number from 0 to 1000"},
        {"{\"v\":1.0}", U64, ERROR_INPUT, "v is 1.0, not a whole number from 0 to 1000"},
        {"{\"v\":1e2}", U64, ERROR_INPUT, "v is 1e2, not a whole number from 0 to 1000"},
        {"{\"v\":18446744073709551617000000000}", U64, ERROR_INPUT,
         "v is 184467440737095516170000, not a whole number from 0 to 1000"},
        {"{\"v\":\"1\"}", U64, ERROR_INPUT, "v is a text, not a number"},
        {"{}", U64_WISHED, ERROR_NONE, "4711"},
        {"{\"v\":true}", BOOL, ERROR_NONE, "1"},
        {"{\"v\":1}", BOOL, ERROR_INPUT, "v is a number, not a truth value"},
        {"{\"v\":9.8}", TENTHS, ERROR_NONE, "98"},
        {"{\"v\":9.80}", TENTHS, ERROR_NONE, "98"},
        {"{\"v\":0.0}", TENTHS, ERROR_NONE, "0"},
        {"{\"v\":10}", TENTHS, ERROR_NONE, "100"},
        {"{\"v\":10.0}", TENTHS, ERROR_NONE, "100"},
        {"{\"v\":0.1}", TENTHS, ERROR_NONE, "1"},
        {"{\"v\":10.1}", TENTHS, ERROR_INPUT, "v is 10.1, not a number from 0 to 10.0 with one decimal"},
        {"{\"v\":9.85}", TENTHS, ERROR_INPUT, "v is 9.85, not a number from 0 to 10.0 with one decimal"},
        {"{\"v\":-0.1}", TENTHS, ERROR_INPUT, "v is -0.1, not a number from 0 to 10.0 with one decimal"},
        {"{\"v\":1e1}", TENTHS, ERROR_INPUT, "v is 1e1, not a number from 0 to 10.0 with one decimal"},
        {"{\"v\":\"9.8\"}", TENTHS, ERROR_INPUT, "v is a text, not a number"},
        {"{\"v\":[1,2]}", ARRAY, ERROR_NONE, "2"},
        {"{\"v\":{}}", ARRAY, ERROR_INPUT, "v is an object, not an array"},
        {"{\"v\":null}", ARRAY_WISHED, ERROR_NONE, "0"},
        {"{\"v\":{\"a\":1}}", OBJECT, ERROR_NONE, "1"},
        {"{\"v\":[]}", OBJECT, ERROR_INPUT, "v is an array, not an object"},
        {"{}", OBJECT, ERROR_INPUT, "v is missing"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct json_document document = parsed(bytes_of_text(text_of(rows[i].json)));
        struct error err = {0};
        char answer[64];
        bool done = get(rows[i].getter, json_root(&document), answer, &err);
        assert_failed(rows[i].json, &err, rows[i].kind, done ? "" : rows[i].text);
        if (done)
            assert_text(rows[i].json, text_of(answer), rows[i].text);
        json_end(&document);
    }
}

static void write_sample(struct json_writer *j)
{
    json_open_object(j);
    json_name(j, "a \"name\"");
    json_put_text(j, TEXT("caf\xc3\xa9 \\ \x01\x1b\x7f\n\t/ \xc2\x9b\xc2\xa0"));
    json_name(j, "list");
    json_open_array(j);
    json_put_u64(j, UINT64_MAX);
    json_put_bool(j, true);
    json_put_bool(j, false);
    json_put_null(j);
    json_open_object(j);
    json_close_object(j);
    json_open_array(j);
    json_close_array(j);
    json_close_array(j);
    json_name(j, "tenths");
    json_open_array(j);
    json_put_tenths(j, 98);
    json_put_tenths(j, 100);
    json_put_tenths(j, 0);
    json_put_tenths(j, -5);
    json_close_array(j);
    json_name(j, "millionths");
    json_open_array(j);
    json_put_millionths(j, 12345);
    json_put_millionths(j, 1000000);
    json_put_millionths(j, 0);
    json_put_millionths(j, 2500000);
    json_close_array(j);
    json_name(j, "time");
    json_put_time(j, 1795247400 * TIME_SECOND_US);
    json_name(j, "never");
    json_put_time(j, TIME_ABSENT);
    json_close_object(j);
}

static void writing_gives_these_bytes(void **state)
{
    static const char compact[] =
        "{\"a \\\"name\\\"\":\"caf\xc3\xa9 \\\\ \\u0001\\u001b\\u007f\\n\\t/ \\u009b\xc2\xa0\","
        "\"list\":[18446744073709551615,true,false,null,{},[]],\"tenths\":[9.8,10.0,0.0,-0.5],"
        "\"millionths\":[0.012345,1,0,2.5],\"time\":\"2026-11-21T07:50:00Z\",\"never\":null}";
    static const char pretty[] =
        "{\n"
        "  \"a \\\"name\\\"\": \"caf\xc3\xa9 \\\\ \\u0001\\u001b\\u007f\\n\\t/ "
        "\\u009b\xc2\xa0\",\n"
        "  \"list\": [\n    18446744073709551615,\n    true,\n    false,\n    null,\n"
        "    {},\n    []\n  ],\n"
        "  \"tenths\": [\n    9.8,\n    10.0,\n    0.0,\n    -0.5\n  ],\n"
        "  \"millionths\": [\n    0.012345,\n    1,\n    0,\n    2.5\n  ],\n"
        "  \"time\": \"2026-11-21T07:50:00Z\",\n"
        "  \"never\": null\n"
        "}";
    (void)state;

    for (int round = 0; round < 2; round++) {
        OWN(writer_end) struct writer w = writer_with(MIB);
        struct json_writer j = json_writer_with(&w, round == 1);
        write_sample(&j);
        struct bytes got = writer_bytes(&w);
        assert_text("sample", (struct text){(const char *)got.at, got.size}, round == 1 ? pretty : compact);
        OWN(json_end) struct json_document document = parsed(got);
        assert_int_equal(json_count(json_root(&document)), 6);
    }
}

/* A copy of what was read is what was written, whole or a part of it. */
static void copies_are_the_same_bytes(void **state)
{
    static const char text[] =
        "{\"a \\\"name\\\"\":[1,-2.50e3,{\"deep\":[[],{}]},\"\\u0001 caf\xc3\xa9\",true,false,null]}";
    OWN(json_end) struct json_document document = parsed(BYTES(text));
    OWN(writer_end) struct writer w = writer_with(MIB);
    struct json_writer j = json_writer_with(&w, false);
    (void)state;

    json_open_array(&j);
    json_put_value(&j, json_root(&document));
    json_put_value(&j, json_member(json_root(&document), "none"));
    json_close_array(&j);
    struct bytes got = writer_bytes(&w);
    OWN(arena_end) struct arena arena = arena_with(MIB);
    assert_text("copy", (struct text){(const char *)got.at, got.size},
                text_format(&arena, "[%s,null]", text).at);

    /* As deep as documents may be. */
    OWN(json_end) struct json_document deepest = parsed(golden(&arena, "", TEXT("deepest.json")));
    OWN(writer_end) struct writer again = writer_with(MIB);
    struct json_writer k = json_writer_with(&again, false);
    json_put_value(&k, json_root(&deepest));
    got = writer_bytes(&again);
    OWN(json_end) struct json_document copied = parsed(got);
    assert_true(json_is_array(json_root(&copied)));
}

static void good_documents_are_read(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct error err = {0};
    struct text text;
    uint64_t number;
    (void)state;

    OWN(json_end) struct json_document tracker = parsed(golden(&arena, "", TEXT("tracker.json")));
    struct json cve = json_member(json_member(json_root(&tracker), "expat"), "CVE-2023-52425");
    assert_true(json_get_note(cve, "description", 100, &text, &err));
    assert_text("escapes", text, "a \"quoted\" word, caf\xc3\xa9, \xf0\x9f\x98\x80 and a tab\t.");
    assert_true(json_get_u64(cve, "debianbug", true, UINT32_MAX, &number, &err));
    assert_int_equal(number, 1063238);

    OWN(json_end) struct json_document types = parsed(golden(&arena, "", TEXT("types.json")));
    assert_true(json_get_u64(json_root(&types), "count", true, UINT64_MAX, &number, &err));
    assert_true(number == UINT64_MAX);
    assert_int_equal(json_count(json_root(&types)), 8);

    OWN(json_end) struct json_document deepest = parsed(golden(&arena, "", TEXT("deepest.json")));
    assert_true(json_is_array(json_root(&deepest)));
    OWN(json_end) struct json_document wide = parsed(golden(&arena, "", TEXT("wide.json")));
    assert_int_equal(json_count(json_root(&wide)), 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_documents_are_read),    cmocka_unit_test(broken_documents_are_refused),
        cmocka_unit_test(bytes_are_put_back),         cmocka_unit_test(texts_are_views),
        cmocka_unit_test(places_and_limits),          cmocka_unit_test(one_byte_too_long),
        cmocka_unit_test(names_alike_are_told_apart), cmocka_unit_test(wide_objects_take_no_long),
        cmocka_unit_test(absent_stays_absent),        cmocka_unit_test(walks_go_in_order),
        cmocka_unit_test(getters_say_what_is_wrong),  cmocka_unit_test(writing_gives_these_bytes),
        cmocka_unit_test(copies_are_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
