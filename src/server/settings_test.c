#include "base/testing.h"

#include "base/limits.h"
#include "base/log.h"
#include "base/own.h"
#include "base/writer.h"
#include "server/settings.h"

static bool parse(const char *file, struct arena *arena, struct server_settings *out, struct error *err)
{
    return settings_parse(bytes_of_text(text_of(file)), TEXT("sutured.yaml"), arena, out, err);
}

static void test_defaults(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct server_settings settings;
    struct error err;

    (void)state;
    assert_done("empty", parse("{}\n", &arena, &settings, &err), &err);
    assert_string_equal(settings.data, "/var/lib/sutured");
    assert_string_equal(settings.listen, "::");
    assert_int_equal(settings.agents_port, 8440);
    assert_int_equal(settings.people_port, 8441);
    assert_int_equal(settings.static_port, 8442);
    assert_int_equal(settings.log_level, LOG_INFO);
    assert_int_equal(settings.name_count, 0);
}

static void test_values(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct server_settings settings;
    struct error err;

    (void)state;
    assert_done("file",
                parse("listen: 127.0.0.1\nagents_port: 0\nnames: [patch.example.org, 192.0.2.1]\nlog: debug\n"
                      "store: postgres:host=db1,db2 dbname=suture\nthreads: 8\n",
                      &arena, &settings, &err),
                &err);
    assert_string_equal(settings.listen, "127.0.0.1");
    assert_int_equal(settings.agents_port, 0);
    assert_int_equal(settings.name_count, 2);
    assert_string_equal(settings.names[1], "192.0.2.1");
    assert_string_equal(settings.store, "postgres:host=db1,db2 dbname=suture");
    assert_int_equal(settings.threads, 8);
    assert_int_equal(settings.log_level, LOG_DEBUG);
}

static void test_mistakes(void **state)
{
    static const struct {
        const char *file;
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {"lisen: ::1\n", ERROR_INPUT, "sutured.yaml:1:1: unknown key \"lisen\"; did you mean \"listen\"?"},
        {"agents_port: 70000\n", ERROR_INPUT, "sutured.yaml: agents_port: 70000 is not from 0 to 65535"},
        {"threads: 0\n", ERROR_INPUT, "sutured.yaml: threads: 0 is not from 1 to 256"},
        {"threads: many\n", ERROR_INPUT, "sutured.yaml: threads: \"many\" is not a number"},
        {"log: loud\n", ERROR_INPUT, "sutured.yaml: log: \"loud\" is none of error, warning, info and debug"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct server_settings settings;
        struct error err = {0};
        assert_false(parse(rows[i].file, &arena, &settings, &err));
        assert_failed(rows[i].file, &err, rows[i].kind, rows[i].text);
    }
}

/* The sample is a file of settings, once its '#' are taken away, and says what holds without it. */
static void test_sample(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(writer_end) struct writer file = writer_with(64 * KIB);
    struct server_settings settings, defaults;
    char line[512];
    struct error err;
    FILE *sample = tmpfile();

    (void)state;
    settings_write_sample(sample);
    rewind(sample);
    while (fgets(line, sizeof(line), sample) != NULL)
        writer_string(&file, line[0] == '#' && line[1] != ' ' ? line + 1 : "\n");
    fclose(sample);
    struct bytes raw = writer_bytes(&file);
    assert_done("sample", settings_parse(raw, TEXT("sample"), &arena, &settings, &err), &err);
    assert_done("defaults", parse("{}\n", &arena, &defaults, &err), &err);
    assert_string_equal(settings.data, defaults.data);
    assert_string_equal(settings.store, defaults.store);
    assert_int_equal(settings.connections, defaults.connections);
    assert_int_equal(settings.slots, defaults.slots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_sample),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
