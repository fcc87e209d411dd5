#include "base/testing.h"

#include <signal.h>
#include <sys/resource.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "store/outbox.h"

#define NOW (1795320000 * TIME_SECOND_US)

/* A fresh outbox in a folder of its own. */
struct box {
    char folder[64], path[128];
    struct outbox outbox;
    struct arena arena;
};

static int begin(void **state)
{
    struct box *box = calloc(1, sizeof(*box));
    struct error err;

    test_folder(box->folder);
    (void)snprintf(box->path, sizeof(box->path), "%s/outbox.db", box->folder);
    box->arena = arena_with(64 * MIB);
    assert_done("open", outbox_open(box->path, &box->outbox, &err), &err);
    *state = box;
    return 0;
}

static int end(void **state)
{
    struct box *box = *state;
    struct error err;

    outbox_close(&box->outbox);
    arena_end(&box->arena);
    assert_done("remove", file_remove_tree(box->folder, &err), &err);
    free(box);
    return 0;
}

static void put(struct box *box, const char *body, const char *source, uint64_t position)
{
    const struct outbox_event event = {.kind = 1, .made_us = NOW, .body = bytes_of_text(text_of(body))};
    struct error err;

    assert_done(body, outbox_append(&box->outbox, &event, 1, source, position, &err), &err);
}

static void ack(struct box *box, uint64_t number, int64_t now_us)
{
    struct outbox_state state;
    struct error err;

    assert_done("look", outbox_look(&box->outbox, &state, &err), &err);
    assert_done("ack", outbox_acknowledge(&box->outbox, state.epoch, number, now_us, &err), &err);
}

/* What would be sent, as "1:a 2:b". */
static void expect(struct box *box, const char *text)
{
    struct outbox_batch batch;
    char got[256] = "";
    struct error err;

    assert_done("read", outbox_read(&box->outbox, 100, MIB, &box->arena, &batch, &err), &err);
    for (size_t i = 0; i < batch.count; i++)
        (void)snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s%llu:%.*s", i == 0 ? "" : " ",
                       (unsigned long long)batch.events[i].number, (int)batch.events[i].body.size,
                       (const char *)batch.events[i].body.at);
    assert_string_equal(got, text);
}

static void test_exactly_once(void **state)
{
    struct box *box = *state;
    const struct outbox_event event = {.kind = 1, .made_us = NOW, .body = BYTES("again")};
    uint64_t position = 0;
    struct error err;

    expect(box, "");
    put(box, "a", "journal", 7);
    put(box, "b", NULL, 0);
    assert_false(outbox_append(&box->outbox, &event, 1, "journal", 7, &err));
    assert_failed("again", &err, ERROR_CONFLICT, "outbox: journal was read up to 7");
    outbox_close(&box->outbox);
    assert_done("open", outbox_open(box->path, &box->outbox, &err), &err);
    assert_done("source", outbox_source(&box->outbox, "journal", &position, &err), &err);
    assert_int_equal(position, 7);
    expect(box, "1:a 2:b");
    ack(box, 1, NOW);
    expect(box, "2:b");
    put(box, "c", "journal", 9);
    ack(box, 3, NOW);
    expect(box, "");
    put(box, "d", NULL, 0);
    expect(box, "4:d");
}

/* A server that comes back from yesterday's backup gets again what it had acknowledged. */
static void test_acknowledged_less(void **state)
{
    struct box *box = *state;

    put(box, "a", NULL, 0);
    put(box, "b", NULL, 0);
    put(box, "c", NULL, 0);
    ack(box, 3, NOW);
    ack(box, 1, NOW + TIME_DAY_US);
    expect(box, "2:b 3:c");
    ack(box, 3, NOW + TIME_DAY_US);
    expect(box, "");
}

static void test_kept_seven_days(void **state)
{
    struct box *box = *state;
    struct outbox_state before, after;
    struct error err;

    put(box, "a", NULL, 0);
    put(box, "b", NULL, 0);
    ack(box, 2, NOW);
    put(box, "c", NULL, 0);
    ack(box, 3, NOW + 8 * TIME_DAY_US); /* a and b are gone now */
    put(box, "d", NULL, 0);
    assert_done("before", outbox_look(&box->outbox, &before, &err), &err);
    assert_true(before.made == 4 && before.acked == 3);
    ack(box, 2, NOW + 8 * TIME_DAY_US);
    expect(box, "3:c 4:d");
    ack(box, 0, NOW + 8 * TIME_DAY_US); /* a gap: what is left begins anew */
    assert_done("after", outbox_look(&box->outbox, &after, &err), &err);
    assert_true(after.epoch != before.epoch && after.made == 2 && after.acked == 0);
    expect(box, "1:c 2:d");
}

static void test_refused(void **state)
{
    struct box *box = *state;
    struct outbox_state look;
    struct error err;

    put(box, "a", NULL, 0);
    assert_done("look", outbox_look(&box->outbox, &look, &err), &err);
    assert_false(outbox_acknowledge(&box->outbox, look.epoch, 2, NOW, &err));
    assert_int_equal(err.kind, ERROR_CONFLICT);
    assert_false(outbox_acknowledge(&box->outbox, look.epoch + 1, 1, NOW, &err));
    assert_int_equal(err.kind, ERROR_CONFLICT);
    expect(box, "1:a");
}

static void test_new_epoch(void **state)
{
    struct box *box = *state;
    struct outbox_state before, after;
    struct error err;

    put(box, "a", NULL, 0);
    put(box, "b", NULL, 0);
    ack(box, 1, NOW);
    assert_done("before", outbox_look(&box->outbox, &before, &err), &err);
    assert_done("renew", outbox_renew(&box->outbox, &err), &err);
    assert_done("after", outbox_look(&box->outbox, &after, &err), &err);
    assert_true(before.epoch != after.epoch);
    expect(box, "1:b");
}

/* What waits is bounded, and what was taken stays. */
static void test_full(void **state)
{
    struct box *box = *state;
    const size_t size = 8 * MIB;
    struct outbox_event event = {.kind = 1, .made_us = NOW, .body = {calloc(1, size), size}};
    struct outbox_state look;
    struct error err = {0};
    unsigned taken = 0;

    while (outbox_append(&box->outbox, &event, 1, "journal", taken + 1, &err))
        taken++;
    assert_int_equal(err.kind, ERROR_LIMIT);
    assert_int_equal(taken, LIMIT_OUTBOX / size);
    assert_done("look", outbox_look(&box->outbox, &look, &err), &err);
    assert_true(look.refused && look.made == taken);
    ack(box, 1, NOW);
    assert_done("again", outbox_append(&box->outbox, &event, 1, "journal", taken + 1, &err), &err);
    free((void *)(uintptr_t)event.body.at);
}

/* No file may grow: what was appended stays, what was not is refused, and goes in when there is room again. */
static void test_full_disk(void **state)
{
    struct box *box = *state;
    struct rlimit before, none = {0};
    struct outbox_event event = {.kind = 1, .made_us = NOW, .body = BYTES("b")};
    uint64_t position = 1;
    struct error err = {0};

    put(box, "a", "journal", 1);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    none.rlim_max = before.rlim_max;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    bool done = outbox_append(&box->outbox, &event, 1, "journal", 2, &err);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_false(done);
    outbox_close(&box->outbox);
    assert_done("open", outbox_open(box->path, &box->outbox, &err), &err);
    assert_done("source", outbox_source(&box->outbox, "journal", &position, &err), &err);
    assert_int_equal(position, 1);
    expect(box, "1:a");
    put(box, "b", "journal", 2);
    expect(box, "1:a 2:b");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_exactly_once, begin, end),
        cmocka_unit_test_setup_teardown(test_acknowledged_less, begin, end),
        cmocka_unit_test_setup_teardown(test_kept_seven_days, begin, end),
        cmocka_unit_test_setup_teardown(test_refused, begin, end),
        cmocka_unit_test_setup_teardown(test_new_epoch, begin, end),
        cmocka_unit_test_setup_teardown(test_full, begin, end),
        cmocka_unit_test_setup_teardown(test_full_disk, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
