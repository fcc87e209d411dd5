#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/own.h"
#include "format/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Asks every getter for a member that is there. */
static void ask(struct json object, const char *name)
{
    struct error err;
    struct text text;
    struct json value;
    uint64_t number;
    int16_t tenths;
    bool truth;

    err.text[0] = 0;
    assert(json_get_text(object, name, true, 100, &text, &err) || err.text[0] != 0);
    (void)!json_get_note(object, name, 10, &text, &err);
    if (json_get_u64(object, name, true, 1000, &number, &err))
        assert(number <= 1000);
    if (json_get_tenths(object, name, true, 100, &tenths, &err))
        assert(tenths >= 0 && tenths <= 100);
    (void)!json_get_bool(object, name, true, &truth, &err);
    (void)!json_get_array(object, name, true, &value, &err);
    (void)!json_get_object(object, name, false, &value, &err);
}

/* Written again with numbers as 0. The depth is limited by json_parse. */
static void copy(struct json value, struct json_writer *j)
{
    struct json_walk walk = json_walk_with(value);
    struct error err;
    struct text text;

    if (json_is_object(value)) {
        uint32_t count = 0;
        char name[16];
        json_open_object(j);
        ask(value, "a"); /* first: json_get_note changes the text */
        while (json_walk_next(&walk)) {
            (void)snprintf(name, sizeof(name), "%u", count++);
            json_name(j, name);
            copy(walk.value, j);
        }
        json_close_object(j);
    } else if (json_is_array(value)) {
        json_open_array(j);
        while (json_walk_next(&walk))
            copy(walk.value, j);
        json_close_array(j);
    } else if (json_is_text(value) && json_as_text(value, SIZE_MAX, &text, &err)) {
        json_put_text(j, text);
    } else {
        json_put_u64(j, 0);
    }
}

static void compare(struct json a, struct json b)
{
    struct json_walk in_a = json_walk_with(a), in_b = json_walk_with(b);
    struct error err;
    struct text text_a, text_b;

    assert(json_count(a) == json_count(b) && json_is_object(a) == json_is_object(b));
    while (json_walk_next(&in_a) && json_walk_next(&in_b))
        compare(in_a.value, in_b.value);
    if (json_as_text(a, SIZE_MAX, &text_a, &err))
        assert(json_as_text(b, SIZE_MAX, &text_b, &err) && text_equal(text_a, text_b));
}

/* Where it lies: read or refused as a copy is, and the bytes are put back. */
static void in_place(struct bytes raw, const struct json_document *copied)
{
    OWN(own_memory) uint8_t *at = calloc(1, raw.size + JSON_PADDING);
    OWN(json_end) struct json_document document = {0};
    struct error err;

    assert(at != NULL);
    if (raw.size > 0)
        memcpy(at, raw.at, raw.size);
    bool done = json_parse_in_place((struct bytes){at, raw.size}, 16 * MIB, &document, &err);
    assert(done == (copied->memory != NULL));
    if (!done)
        return;
    assert(memcmp(at, raw.at, raw.size) == 0);
    compare(json_root(copied), json_root(&document));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(json_end) struct json_document document = {0};
    OWN(json_end) struct json_document again = {0};
    OWN(writer_end) struct writer w = writer_with(64 * MIB);
    struct error err;

    if (!json_parse((struct bytes){data, size}, 16 * MIB, &document, &err)) {
        assert(document.memory == NULL && (err.kind == ERROR_INPUT || err.kind == ERROR_LIMIT));
        in_place((struct bytes){data, size}, &document);
        return 0;
    }
    in_place((struct bytes){data, size}, &document);
    struct json_writer j = json_writer_with(&w, size % 2 == 1);
    copy(json_root(&document), &j);
    if (!writer_ok(&w))
        return 0;
    assert(json_parse(writer_bytes(&w), SIZE_MAX, &again, &err));
    compare(json_root(&document), json_root(&again));
    return 0;
}
