#include "base/limits.h"
#include "base/own.h"
#include "base/testing.h"
#include "format/json_split.h"

/* What there is, as "name=count-of-members," of each piece; "(" and ")" around the member "in", which is entered. */
static bool written(const char *document, struct writer *w, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(json_split_end) struct json_split split = {0};
    struct json piece;
    bool found, entered = false;

    if (!json_split_open(bytes_of_text(text_of(document)), MIB, &arena, &split, err))
        return false;
    while (split.depth > 0) {
        size_t depth = split.depth;
        if (!json_split_next(&split, &found, err))
            return false;
        if (!found) {
            writer_string(w, depth > 1 ? ")" : ".");
            continue;
        }
        if (depth == 1 && json_split_named(&split, "in") && !json_split_enter(&split, &entered, err))
            return false;
        if (split.depth > depth) {
            writer_string(w, "(");
            continue;
        }
        if (!json_split_take(&split, &piece, err))
            return false;
        struct json_walk walk = json_walk_with(piece);
        if (json_split_in_object(&split) && json_walk_next(&walk))
            writer_format(w, "%.*s=%zu,", TEXT_ARG(walk.name), json_count(walk.value));
        else
            writer_format(w, "%zu,", json_count(piece));
    }
    return true;
}

static void pieces_come_in_order(void **state)
{
    static const struct {
        const char *document, *expected;
    } rows[] = {
        {"{}", "."},
        {" [ ] ", "."},
        {"{\"a\": {\"x\": 1, \"y\": 2}, \"b\" : [1,2,3] , \"c\":\"}\"}", "a=2,b=3,c=0,."},
        {"[{\"x\": \"]\"}, [], 5, null, \"\\\"[\"]", "1,0,0,0,0,."},
        {"{\"in\": [{\"a\": 1}, {}], \"b\": [1]}", "(1,0,)b=1,."},
        {"{\"in\": {\"a\": [1], \"in\": [2, 3]}}", "(a=1,in=2,)."},
        {"{\"in\": 5}", "in=0,."},
        {"{\"\\u0069n\": [1]}", "in=1,."},
        {"{\"in\": []}\n", "()."},
        {"[[[\"\\\\\"]]]", "1,."},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(writer_end) struct writer w = writer_with(MIB);
        struct error err = {0};
        const char *document = rows[i].document;
        assert_done(document, written(document, &w, &err), &err);
        struct bytes got = writer_bytes(&w);
        assert_text(document, (struct text){(const char *)got.at, got.size}, rows[i].expected);
    }
}

/* With the words and the places of the whole document's parser. */
static void broken_documents_are_refused(void **state)
{
    static const struct {
        const char *document;
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {"", ERROR_INPUT, "line 1, column 1: nothing but white space"},
        {"5", ERROR_INPUT, "neither an object nor an array"},
        {"\"a\"", ERROR_INPUT, "neither an object nor an array"},
        {"{", ERROR_INPUT, "line 1, column 2: ends in the middle of the document"},
        {"{\"a\"", ERROR_INPUT, "line 1, column 5: ends in the middle of the document"},
        {"{\"a\": {\"b\": [1}", ERROR_INPUT, "line 1, column 15: unexpected }"},
        {"{\"a\": 1,}", ERROR_INPUT, "line 1, column 8: a comma with nothing behind it"},
        {"[1 2]", ERROR_INPUT, "line 1, column 4: unexpected 2"},
        {"{\"a\": 1} x", ERROR_INPUT, "line 1, column 10: something follows the end of the document"},
        {"{\"a\": 1,\n \"b\": 2,\n \"a\": 3}", ERROR_INPUT, "line 3, column 2: \"a\" is given twice"},
        {"{\"in\": [],\n \"in\": []}", ERROR_INPUT, "line 2, column 2: \"in\" is given twice"},
        {"{\"a\": 1, \"\\u0061\": 3}", ERROR_INPUT, "line 1, column 10: \"a\" is given twice"},
        {"{\"in\": [{\"b\": 1, \"b\": 2}]}", ERROR_INPUT, "line 1, column 18: \"b\" is given twice"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(writer_end) struct writer w = writer_with(MIB);
        struct error err = {0};
        if (written(rows[i].document, &w, &err))
            fail_msg("%s: was read", rows[i].document);
        assert_failed(rows[i].document, &err, rows[i].kind, rows[i].text);
    }
}

static void sizes_are_limited(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(json_split_end) struct json_split split = {0};
    struct error err = {0};
    (void)state;

    assert_false(json_split_open(BYTES("[1,2,3]"), 6, &arena, &split, &err));
    assert_failed("limit", &err, ERROR_LIMIT, "7 bytes, more than the 6 allowed");
}

/* What is not taken is checked all the same. */
static void what_is_passed_over_is_checked(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(json_split_end) struct json_split split = {0};
    struct error err = {0};
    bool found;
    (void)state;

    assert_done("open", json_split_open(BYTES("{\"a\": [1, tru], \"b\": 1}"), MIB, &arena, &split, &err),
                &err);
    assert_done("a", json_split_next(&split, &found, &err), &err);
    assert_true(found);
    assert_false(json_split_next(&split, &found, &err));
    assert_failed("b", &err, ERROR_INPUT, "line 1, column 11: unexpected word");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_come_in_order),
        cmocka_unit_test(broken_documents_are_refused),
        cmocka_unit_test(sizes_are_limited),
        cmocka_unit_test(what_is_passed_over_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
