#include "base/limits.h"
#include "base/own.h"
#include "base/testing.h"
#include "base/time.h"
#include "identify/fields.h"

struct wanted {
    struct text id;
    int64_t at_us;
    struct json list, object, any;
};
static const struct field wanted_fields[] = {
    FIELD_TEXT(struct wanted, id, "id", FIELD_REQUIRED, 8),
    FIELD_TIME(struct wanted, at_us, "at", FIELD_OPTIONAL),
    FIELD_ARRAY(struct wanted, list, "list", FIELD_OPTIONAL),
    FIELD_OBJECT(struct wanted, object, "object", FIELD_OPTIONAL),
    FIELD_VALUE(struct wanted, any, "any", FIELD_OPTIONAL),
};

static struct json_document parsed(const char *text)
{
    struct json_document document = {0};
    struct error err = {0};

    assert_done(text, json_parse(bytes_of_text(text_of(text)), MIB, &document, &err), &err);
    return document;
}

static void fields_come_in_any_order(void **state)
{
    static const char *const documents[] = {
        "{\"id\": \"a\", \"at\": \"2026-11-21\", \"list\": [1], \"object\": {\"b\": 1}, \"any\": 7}",
        "{\"any\": 7, \"x\": {\"id\": 1}, \"object\": {\"b\": 1}, \"list\": [1], \"at\": \"2026-11-21\", "
        "\"id\": \"a\"}",
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(documents); i++) {
        OWN(json_end) struct json_document document = parsed(documents[i]);
        struct wanted wanted = {.at_us = TIME_ABSENT};
        struct error err = {0};
        assert_done(documents[i], FIELDS_READ(json_root(&document), wanted_fields, &wanted, &err), &err);
        assert_text("id", wanted.id, "a");
        assert_true(wanted.at_us == 20778 * TIME_DAY_US);
        assert_int_equal(json_count(wanted.list), 1);
        assert_int_equal(json_count(wanted.object), 1);
        assert_false(json_is_absent(wanted.any));
    }
}

static void what_is_not_there_stays(void **state)
{
    OWN(json_end) struct json_document document = parsed("{\"id\": \"a\", \"at\": null, \"list\": null}");
    struct wanted wanted = {.at_us = TIME_ABSENT};
    struct error err = {0};
    (void)state;

    assert_done("null", FIELDS_READ(json_root(&document), wanted_fields, &wanted, &err), &err);
    assert_true(wanted.at_us == TIME_ABSENT);
    assert_true(json_is_absent(wanted.list));
    assert_true(json_is_absent(wanted.any));
}

static void wrong_fields_are_named(void **state)
{
    static const struct {
        const char *document;
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {"[]", ERROR_INPUT, "not an object"},
        {"{}", ERROR_INPUT, "id is missing"},
        {"{\"id\": null}", ERROR_INPUT, "id is missing"},
        {"{\"id\": 1}", ERROR_INPUT, "id is a number, not a text"},
        {"{\"id\": \"\\u0007\"}", ERROR_INPUT, "id: byte 0x07 at 0 is not text"},
        {"{\"id\": \"123456789\"}", ERROR_LIMIT, "id: 9 bytes, more than 8"},
        {"{\"id\": \"a\", \"at\": 5}", ERROR_INPUT, "at is a number, not a text"},
        {"{\"id\": \"a\", \"at\": \"soon\"}", ERROR_INPUT, "at: \"soon\" is not a time"},
        {"{\"id\": \"a\", \"list\": {}}", ERROR_INPUT, "list is an object, not an array"},
        {"{\"id\": \"a\", \"object\": true}", ERROR_INPUT, "object is a truth value, not an object"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(json_end) struct json_document document = parsed(rows[i].document);
        struct wanted wanted = {0};
        struct error err = {0};
        assert_false(FIELDS_READ(json_root(&document), wanted_fields, &wanted, &err));
        assert_failed(rows[i].document, &err, rows[i].kind, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_come_in_any_order),
        cmocka_unit_test(what_is_not_there_stays),
        cmocka_unit_test(wrong_fields_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
