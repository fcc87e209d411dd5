#include "base/testing.h"

#include "agent/settings.h"
#include "base/limits.h"
#include "base/own.h"

static void test_read(void **state)
{
    static const char file[] = "work: no\nmetered: yes\nproxy: http://proxy.example:3128\nrate: 500k\n"
                               "rate_hours: 22:00-06:30\nmetered_budget: 20M\n";
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct agent_settings got;
    struct error err;

    (void)state;
    assert_done("file", agent_settings_parse(BYTES(file), TEXT("agent.yaml"), &arena, &got, &err), &err);
    assert_true(got.watch_only && got.metered == METERED_YES && got.rate_max == 500000);
    assert_true(got.metered_budget == 20000000 && got.rate_from_minute == 1320 && got.rate_to_minute == 390);
    assert_string_equal(got.proxy, "http://proxy.example:3128");
    assert_int_equal(agent_settings_rate(&got, 1320), 500000);
    assert_int_equal(agent_settings_rate(&got, 0), 500000);
    assert_int_equal(agent_settings_rate(&got, 390), 0);
    assert_done("one", agent_settings_parse(BYTES("work: yes\n"), TEXT("agent.yaml"), &arena, &got, &err),
                &err);
    assert_true(!got.watch_only && got.metered == METERED_AUTO && got.rate_max == 0 &&
                got.metered_budget > 0);
}

static void test_refused(void **state)
{
    static const struct {
        const char *file, *text;
    } rows[] = {
        {"works: no\n", "agent.yaml:1:1: unknown key \"works\"; did you mean \"work\"?"},
        {"work: maybe\n", "agent.yaml:1:7: \"maybe\" is neither yes nor no"},
        {"metered: sometimes\n", "agent.yaml:1:10: \"sometimes\" is not auto, yes or no"},
        {"rate: fast\n", "agent.yaml:1:7: \"fast\" is not a number"},
        {"rate_hours: 8-18\n", "agent.yaml:1:13: \"8-18\" is not of the form 08:00-18:00"},
        {"proxy: proxy.example\n",
         "agent.yaml:1:8: \"proxy.example\" does not begin with http://, https:// or socks5h://"},
    };
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct agent_settings got;
    struct error err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct bytes raw = bytes_of_text(text_of(rows[i].file));
        assert_false(agent_settings_parse(raw, TEXT("agent.yaml"), &arena, &got, &err));
        assert_failed(rows[i].file, &err, ERROR_INPUT, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_read), cmocka_unit_test(test_refused)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
