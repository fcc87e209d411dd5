#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"
#include "format/json_canonical.h"

static void one_document_has_one_form(void **state)
{
    static const struct {
        const char *name, *raw, *form;
    } rows[] = {
        {"space goes", " { \"a\" : [ 1 ,\n true, null ] }\n", "{\"a\":[1,true,null]}"},
        {"names are sorted", "{\"b\":1,\"a\":2,\"\":3,\"ab\":4,\"B\":5}",
         "{\"\":3,\"B\":5,\"a\":2,\"ab\":4,\"b\":1}"},
        {"by their bytes", "{\"\\u00e9\":1,\"z\":2}", "{\"z\":2,\"\xc3\xa9\":1}"},
        {"at every depth", "[{\"b\":{\"d\":1,\"c\":2},\"a\":3}]", "[{\"a\":3,\"b\":{\"c\":2,\"d\":1}}]"},
        {"escapes that need none", "\"\\u0041\\/\\u20ac\"", "\"A/\xe2\x82\xac\""},
        {"escapes that are needed", "\"\\u0022\\u005c\"", "\"\\\"\\\\\""},
        {"largest number", "9007199254740991", "9007199254740991"},
        {"empty", "{\"a\":{},\"b\":[]}", "{\"a\":{},\"b\":[]}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(writer_end) struct writer w = writer_with(MIB);
        OWN(json_end) struct json_document document = {0};
        struct error err;
        assert_done(rows[i].name, json_canonical(bytes_of_text(text_of(rows[i].raw)), MIB, &w, &err), &err);
        assert_text(rows[i].name, (struct text){(const char *)w.at, w.size}, rows[i].form);
        assert_done(rows[i].name, json_parse(writer_bytes(&w), MIB, &document, &err), &err);
        assert_done(rows[i].name, json_canonical_check(&document, writer_bytes(&w), &err), &err);
    }
}

static void what_has_no_form_is_refused(void **state)
{
    static const struct {
        const char *name, *raw, *text;
    } rows[] = {
        {"fraction", "{\"a\":1.5}", "a: 1.5, not a whole number from 0 to 9007199254740991"},
        {"whole fraction", "[0,1.0]", "1: 1.0, not a whole number from 0 to 9007199254740991"},
        {"exponent", "1e3", "1e3, not a whole number from 0 to 9007199254740991"},
        {"sign", "-1", "-1, not a whole number from 0 to 9007199254740991"},
        {"2^53", "9007199254740992", "9007199254740992, not a whole number from 0 to 9007199254740991"},
        {"newline", "[\"a\\nb\"]", "0: byte 0x0a at 1 is not text"},
        {"U+0085", "\"\xc2\x85\"", "byte 0xc2 at 0 is not text"},
        {"newline in a name", "{\"a\\nb\":1}", "a name: byte 0x0a at 1 is not text"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(writer_end) struct writer w = writer_with(MIB);
        struct error err;
        assert_false(json_canonical(bytes_of_text(text_of(rows[i].raw)), MIB, &w, &err));
        assert_failed(rows[i].name, &err, ERROR_INPUT, rows[i].text);
    }
}

static void other_bytes_are_not_the_form(void **state)
{
    static const struct {
        const char *name, *raw, *text;
    } rows[] = {
        {"space", "{\"a\": 1}", "is not in canonical form (byte 5)"},
        {"newline behind", "{\"a\":1}\n", "is not in canonical form (byte 7)"},
        {"order", "{\"b\":1,\"a\":2}", "is not in canonical form (byte 2)"},
        {"needless escape", "\"\\u0041\"", "is not in canonical form (byte 1)"},
        {"fraction", "{\"a\":1.5}",
         "has no canonical form: a: 1.5, not a whole number from 0 to 9007199254740991"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(json_end) struct json_document document = {0};
        struct bytes raw = bytes_of_text(text_of(rows[i].raw));
        struct error err;
        assert_done(rows[i].name, json_parse(raw, MIB, &document, &err), &err);
        assert_false(json_canonical_check(&document, raw, &err));
        assert_failed(rows[i].name, &err, ERROR_INPUT, rows[i].text);
    }
}

/* As securesystemslib and the npm package canonical-json write it. */
static void the_other_form_is_that_of_olpc(void **state)
{
    static const struct {
        const char *name, *raw, *form;
    } rows[] = {
        {"space goes", " { \"a\" : [ 1 ,\n true, null, false ] }\n", "{\"a\":[1,true,null,false]}"},
        {"names are sorted", "{\"b\":1,\"a\":{\"d\":2,\"c\":3},\"\":4}",
         "{\"\":4,\"a\":{\"c\":3,\"d\":2},\"b\":1}"},
        {"by code points, not by UTF-16", "{\"\\ud83d\\ude00\":1,\"\\uffee\":2}",
         "{\"\xef\xbf\xae\":2,\"\xf0\x9f\x98\x80\":1}"},
        {"control characters stand for themselves", "[\"a\\nb\\t\\r\\b\\f\\u0001\\u007f\\u0085\"]",
         "[\"a\nb\t\r\b\f\x01\x7f\xc2\x85\"]"},
        {"in names too", "{\"a\\nb\":1}", "{\"a\nb\":1}"},
        {"two escapes", "\"\\u0022\\u005c\\/\"", "\"\\\"\\\\/\""},
        {"escapes alone", "\"\\\\\\\\\"", "\"\\\\\\\\\""},
        {"other escapes go", "\"\\u0041\\u00e9\"", "\"A\xc3\xa9\""},
        {"negative", "[-1,-0,0]", "[-1,0,0]"},
        {"of any size", "[9007199254740993,123456789012345678901234567890]",
         "[9007199254740993,123456789012345678901234567890]"},
        {"empty", "{\"a\":{},\"b\":[],\"c\":\"\"}", "{\"a\":{},\"b\":[],\"c\":\"\"}"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        OWN(json_end) struct json_document document = {0};
        struct bytes form = bytes_of_text(text_of(rows[i].form)), got;
        struct error err;
        assert_done(rows[i].name, json_parse(bytes_of_text(text_of(rows[i].raw)), MIB, &document, &err),
                    &err);
        struct json root = json_root(&document);
        assert_done(rows[i].name, json_canonical_olpc(root, (struct bytes){0}, &arena, &got, &err), &err);
        assert_text(rows[i].name, (struct text){(const char *)got.at, got.size}, rows[i].form);
        assert_done(rows[i].name, json_canonical_olpc(root, form, &arena, &got, &err), &err);
        assert_ptr_equal(got.at, form.at);
        assert_int_equal(got.size, form.size);
        /* One byte less: what is near is not it. */
        assert_done(rows[i].name,
                    json_canonical_olpc(root, (struct bytes){form.at, form.size - 1}, &arena, &got, &err),
                    &err);
        assert_ptr_not_equal(got.at, form.at);
        assert_text(rows[i].name, (struct text){(const char *)got.at, got.size}, rows[i].form);
    }
}

static void the_other_form_has_whole_numbers(void **state)
{
    static const struct {
        const char *name, *raw, *text;
    } rows[] = {
        {"fraction", "{\"a\":[0,1.5]}", "a: 1: 1.5, not a whole number"},
        {"whole fraction", "1.0", "1.0, not a whole number"},
        {"exponent", "1e3", "1e3, not a whole number"},
        {"unsorted", "{\"b\":-1.5,\"a\":1}", "b: -1.5, not a whole number"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        OWN(json_end) struct json_document document = {0};
        struct bytes got;
        struct error err;
        assert_done(rows[i].name, json_parse(bytes_of_text(text_of(rows[i].raw)), MIB, &document, &err),
                    &err);
        assert_false(json_canonical_olpc(json_root(&document), (struct bytes){0}, &arena, &got, &err));
        assert_failed(rows[i].name, &err, ERROR_INPUT, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_document_has_one_form),        cmocka_unit_test(what_has_no_form_is_refused),
        cmocka_unit_test(other_bytes_are_not_the_form),     cmocka_unit_test(the_other_form_is_that_of_olpc),
        cmocka_unit_test(the_other_form_has_whole_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
