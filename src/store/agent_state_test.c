#include "base/testing.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "store/agent_state.h"

#define HEX32 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define GOOD                                                                                                 \
    "suture-agent 1\nserver https://sutured.example:8440\ncontent http://sutured.example:8442\nfleet " HEX32 \
    "\nhost 000102030405060708090a0b0c0d0e0f\nchunk-key " HEX32 "\nplan-key " HEX32                          \
    "\nring 2\nsince 2026-11-22T04:00:00Z\n"

static void test_enrolled(void **state)
{
    OWN(writer_end) struct writer w = writer_with(64 * KIB);
    struct agent_enrolled got;
    struct error err;

    (void)state;
    assert_done("enrolled", agent_enrolled_parse(BYTES(GOOD), &got, &err), &err);
    assert_text("server", got.server, "https://sutured.example:8440");
    assert_true(got.fleet[31] == 31 && got.host[15] == 15 && got.plan_key[1] == 1 && got.ring == 2);
    agent_enrolled_write(&w, &got);
    assert_true(w.size == sizeof(GOOD) - 1 && memcmp(w.at, GOOD, w.size) == 0);
    for (size_t size = 0; size < sizeof(GOOD) - 1; size++)
        assert_false(agent_enrolled_parse((struct bytes){(const uint8_t *)GOOD, size}, &got, &err));
}

static void test_refused(void **state)
{
    static const struct {
        const char *name;
        struct bytes raw;
        const char *text;
    } rows[] = {
        {"empty", BYTES(""), "enrolled: does not begin with suture-agent 1"},
        {"newer", BYTES("suture-agent 2\n"), "enrolled: does not begin with suture-agent 1"},
        {"cut", BYTES("suture-agent 1\nserver x\n"), "enrolled: content is missing"},
        {"hex", BYTES("suture-agent 1\nserver x\ncontent x\nfleet 00\n"),
         "enrolled: fleet: 2 hexadecimal digits where 64 are due"},
        {"more", BYTES(GOOD "x\n"), "enrolled: 2 bytes behind the end"},
    };
    struct agent_enrolled got;
    struct error err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_false(agent_enrolled_parse(rows[i].raw, &got, &err));
        assert_failed(rows[i].name, &err, ERROR_INPUT, rows[i].text);
    }
}

/* The same pair until an answer came, then the next number; also by another process. */
static void test_counter(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct agent_counter first, again, next;
    char folder[64];
    struct state place;
    struct error err;

    (void)state;
    test_folder(folder);
    assert_done("open", state_open(folder, STATE_WRITE, &place, &err), &err);
    assert_false(agent_state_is_enrolled(&place, &arena));
    assert_done("make", agent_state_make(&place, &arena, &err), &err);
    assert_done("first", agent_counter_take(&place, &arena, &first, &err), &err);
    assert_done("again", agent_counter_take(&place, &arena, &again, &err), &err);
    assert_true(first.counter == 1 && again.counter == 1 && again.random == first.random);
    assert_done("answered", agent_counter_answered(&place, &arena, &err), &err);
    assert_done("next", agent_counter_take(&place, &arena, &next, &err), &err);
    assert_true(next.counter == 2 && next.random != first.random);
    const char *path = agent_state_path(&place, &arena, "counter");
    assert_done("cut", file_replace(path, BYTES("SUTRCNT1"), 0600, &err), &err);
    assert_false(agent_counter_take(&place, &arena, &next, &err)); /* never back to 1 by itself */
    assert_int_equal(err.kind, ERROR_INPUT);
    assert_done("remove", file_remove_tree(folder, &err), &err);
}

static void test_memory(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct agent_memory memory = {.next_s = 600, .plan = 7}, got;
    char folder[64];
    struct state place;
    struct error err;

    (void)state;
    test_folder(folder);
    assert_done("open", state_open(folder, STATE_WRITE, &place, &err), &err);
    assert_done("make", agent_state_make(&place, &arena, &err), &err);
    agent_memory_read(&place, &arena, &got);
    assert_true(got.next_s == 0 && got.plan == 0);
    assert_done("write", agent_memory_write(&place, &arena, &memory, &err), &err);
    agent_memory_read(&place, &arena, &got);
    assert_true(got.next_s == 600 && got.plan == 7);
    assert_done("broken",
                file_replace(agent_state_path(&place, &arena, "memory"), BYTES("SUTRAGM1x"), 0600, &err),
                &err);
    agent_memory_read(&place, &arena, &got);
    assert_true(got.next_s == 0);
    assert_done("remove", file_remove_tree(folder, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_enrolled), cmocka_unit_test(test_refused),
                                       cmocka_unit_test(test_counter), cmocka_unit_test(test_memory)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
