#include "base/testing.h"

#include "base/own.h"
#include "format/yaml_sample.h"

static bool read_sample(const char *file, struct arena *arena, const struct sample **out, struct error *err)
{
    struct text text = text_of(file);
    void *read = NULL;

    if (!yaml_read(bytes_of_text(text), TEXT("a.yaml"), &sample_form, arena, &read, err))
        return false;
    *out = read;
    return true;
}

static void a_good_file_is_mapped(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    const struct sample *s = NULL;
    struct error err = {0};
    (void)state;

    assert_done("good",
                read_sample("# what people write\n"
                            "name: first and second\n"
                            "users: 12\n"
                            "loud: yes\n"
                            "colour: blue\n"
                            "all colours: [red, blue]\n"
                            "names: [a, b]\n"
                            "items:\n"
                            "  - title: one\n"
                            "  - {title: \"two\", weight: 70000}\n",
                            &arena, &s, &err),
                &err);
    assert_string_equal(s->name, "first and second");
    assert_int_equal(s->users, 12);
    assert_true(s->loud);
    assert_int_equal(s->colour, 4);
    assert_int_equal(s->colours, 5);
    assert_int_equal(s->name_count, 2);
    assert_string_equal(s->names[1], "b");
    assert_int_equal(s->item_count, 2);
    assert_string_equal(s->items[1].title, "two");
    assert_int_equal(s->items[1].weight, 70000);
    assert_done("least", read_sample("name: x\n", &arena, &s, &err), &err);
    assert_true(!s->loud && s->item_count == 0 && s->names == NULL);
}

struct bad_row {
    const char *file;
    enum error_kind kind;
    const char *text;
};

static const struct bad_row bad_rows[] = {
    {"", ERROR_INPUT, "a.yaml:1:1: the file is empty"},
    {"# only this\n", ERROR_INPUT, "a.yaml:2:1: the file is empty"},
    {"---\n", ERROR_INPUT, "a.yaml:2:1: the file needs keys with values"},
    {"[name]\n", ERROR_INPUT, "a.yaml:1:1: the file needs keys with values"},
    {"name: x\nusrs: 3\n", ERROR_INPUT, "a.yaml:2:1: unknown key \"usrs\"; did you mean \"users\"?"},
    {"name: x\nitems:\n  - {titel: x}\n", ERROR_INPUT,
     "a.yaml:3:6: unknown key \"titel\"; did you mean \"title\"?"},
    {"name: x\n\"\\e[31m\": 1\n", ERROR_INPUT, "a.yaml:2:1: unknown key \"?[31m\""},
    {"users: 3\n", ERROR_INPUT, "a.yaml:1:1: \"name\" is missing here"},
    {"name: x\nitems:\n  - weight: 1\n", ERROR_INPUT, "a.yaml:3:5: \"title\" is missing here"},
    {"name: x\nname: y\n", ERROR_INPUT, "a.yaml:2:1: \"name\" is given twice"},
    {"name: x\n[name]: y\n", ERROR_INPUT, "a.yaml:2:1: a key must be a single word or some"},
    {"name:\n", ERROR_INPUT, "a.yaml:1:6: \"name\" is empty"},
    {"name: \"\"\n", ERROR_INPUT, "a.yaml:1:7: \"name\" is empty"},
    {"name: [x]\n", ERROR_INPUT, "a.yaml:1:7: \"name\" needs a single value"},
    {"name: {x: y}\n", ERROR_INPUT, "a.yaml:1:7: \"name\" needs a single value"},
    {"name: \"a\\nb\"\n", ERROR_INPUT, "a.yaml:1:7: \"name\": byte 0x0a at 1 is not text"},
    {"name: |\n  a\n", ERROR_INPUT, "a.yaml:1:7: \"name\": byte 0x0a at 1 is not text"},
    {"name: aaaaaaaaaaaaaaaaaaaaa\n", ERROR_LIMIT, "a.yaml:1:7: \"name\": 21 bytes, more than 20"},
    {"name: x\nusers: many\n", ERROR_INPUT,
     "a.yaml:2:8: \"users\" is a whole number up to 65535, not \"many\""},
    {"name: x\nusers: 65536\n", ERROR_INPUT,
     "a.yaml:2:8: \"users\" is a whole number up to 65535, not \"65536\""},
    {"name: x\nusers: 010\n", ERROR_INPUT,
     "a.yaml:2:8: \"users\" is a whole number up to 65535, not \"010\""},
    {"name: x\nusers: -1\n", ERROR_INPUT, "a.yaml:2:8: \"users\" is a whole number up to 65535, not \"-1\""},
    {"name: x\nusers: 0x10\n", ERROR_INPUT,
     "a.yaml:2:8: \"users\" is a whole number up to 65535, not \"0x10\""},
    {"name: x\nloud: maybe\n", ERROR_INPUT, "a.yaml:2:7: \"loud\" is yes or no, not \"maybe\""},
    {"name: x\ncolour: grean\n", ERROR_INPUT,
     "a.yaml:2:9: \"colour\" is one of red, green, blue, not \"grean\"; did you mean \"green\"?"},
    {"name: x\ncolour: 2\n", ERROR_INPUT, "a.yaml:2:9: \"colour\" is one of red, green, blue, not \"2\""},
    {"name: x\nall colours: red\n", ERROR_INPUT, "a.yaml:2:14: \"all colours\" needs a list, like [a, b]"},
    {"name: x\nall colours: [red, bleu]\n", ERROR_INPUT,
     "a.yaml:2:20: \"all colours\" is one of red, green, blue, not \"bleu\"; did you mean \"blue\"?"},
    {"name: x\nall colours: [[red]]\n", ERROR_INPUT,
     "a.yaml:2:15: \"all colours\" needs a list, like [a, b]"},
    {"name: x\nall colours: []\n", ERROR_INPUT, "a.yaml:2:14: \"all colours\" is an empty list"},
    {"name: x\nnames: a\n", ERROR_INPUT, "a.yaml:2:8: \"names\" needs a list, like [a, b]"},
    {"name: x\nnames: []\n", ERROR_INPUT, "a.yaml:2:8: \"names\" has 0 entries, not 1 to 3"},
    {"name: x\nnames: [a, b, c, d]\n", ERROR_LIMIT, "a.yaml:2:8: \"names\" has 4 entries, not 1 to 3"},
    {"name: x\nnames: [a, Bad]\n", ERROR_INPUT, "a.yaml:2:12: \"Bad\" has a capital"},
    {"name: x\nitems: none\n", ERROR_INPUT, "a.yaml:2:8: \"items\" needs a list, like [a, b]"},
    {"name: x\nitems: [one]\n", ERROR_INPUT, "a.yaml:2:9: \"items\" needs keys with values"},
    {"name: x\nitems: [{}]\n", ERROR_INPUT, "a.yaml:2:9: \"items\" is without keys"},
    {"name: &a x\nnames: [*a]\n", ERROR_INPUT, "a.yaml:1:7: anchor \"&a\": anchors are not allowed"},
    {"name: x\nnames: [*a]\n", ERROR_INPUT, "a.yaml:2:9: alias \"*a\": aliases are not allowed"},
    {"name: !!str x\n", ERROR_INPUT, "a.yaml:1:7: tag \"tag:yaml.org,2002:str\": tags are not allowed"},
    {"!mine\nname: x\n", ERROR_INPUT, "a.yaml:1:1: tag \"!mine\": tags are not allowed"},
    {"name: x\nnames: [a, \u202eb]\n", ERROR_INPUT,
     "a.yaml:2:12: a character that turns the direction of writing"},
    {"name: \u00e9 # \u2066\n", ERROR_INPUT, "a.yaml:1:11: a character that turns the direction of writing"},
    {"name: x\n---\nname: y\n", ERROR_INPUT, "a.yaml:2:1: a second document begins; one is allowed"},
    {"name: x\n users: 3\n", ERROR_INPUT, "a.yaml:2:7: mapping values are not allowed in this context"},
    {"names: [x\n", ERROR_INPUT, "a.yaml:2:1: did not find expected ',' or ']'"},
    {"name: \"x\n", ERROR_INPUT, "a.yaml:2:1: found unexpected end of stream"},
    {"name: x\n\tusers: 3\n", ERROR_INPUT, "a.yaml:2:1: found a tab character that violates indentation"},
    {"name: \xff\n", ERROR_INPUT, "a.yaml: byte 6: invalid leading UTF-8 octet"},
    {"name: \x1b[31m\n", ERROR_INPUT, "a.yaml: byte 6: control characters are not allowed"},
};

static void every_mistake_has_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad_rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        const struct sample *untouched = NULL;
        struct error err = {0};
        bool done = read_sample(bad_rows[i].file, &arena, &untouched, &err);
        assert_failed(bad_rows[i].file, &err, done ? ERROR_NONE : bad_rows[i].kind, bad_rows[i].text);
        assert_null(untouched);
    }
}

static void deep_and_large_files_are_refused(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(4 * MIB);
    char *large = arena_take(&arena, LIMIT_YAML_FILE + 2);
    const struct sample *sample = NULL;
    struct error err = {0};
    (void)state;

    assert_non_null(large);
    memset(large, '[', LIMIT_YAML_FILE);
    assert_false(read_sample(large, &arena, &sample, &err));
    assert_failed("deep", &err, ERROR_INPUT, "a.yaml:1:1: the file needs keys with values");
    memset(large, '#', LIMIT_YAML_FILE + 1);
    assert_false(read_sample(large, &arena, &sample, &err));
    assert_failed("large", &err, ERROR_LIMIT, "a.yaml: 262145 bytes, more than 262144");
}

static void memory_that_runs_out_is_an_error(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(64);
    const struct sample *sample = NULL;
    struct error err = {0};
    (void)state;

    assert_false(read_sample("name: x\n", &arena, &sample, &err));
    assert_failed("memory", &err, ERROR_LIMIT, "a.yaml: out of memory (64 bytes allowed)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_file_is_mapped),
        cmocka_unit_test(every_mistake_has_its_place),
        cmocka_unit_test(deep_and_large_files_are_refused),
        cmocka_unit_test(memory_that_runs_out_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
