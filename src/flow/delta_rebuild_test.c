/* The door to suture-rebuild, with a program that never gets to anything. */
#include "base/testing.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "flow/delta_rebuild.h"

static void test_time_ends(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    char folder[64];
    struct error err = {0};

    (void)state;
    test_folder(folder);
    const char *program = file_path(&arena, folder, "busy"), *delta = file_path(&arena, folder, "delta");
    assert_done("program", file_replace_cache(program, BYTES("#!/bin/sh\nexec sleep 30\n"), 0755, &err),
                &err);
    assert_done("delta", file_replace_cache(delta, BYTES("a delta"), 0644, &err), &err);
    struct delta_rebuild rebuild = {.program = program, .root = "/"};
    const struct delta_door door = delta_rebuild_door(&rebuild);
    const struct plan_change change = {.name = TEXT("oak")};
    const struct delta_offer offer = {.found = true};
    const struct delta_job job = {.change = &change,
                                  .offer = &offer,
                                  .delta = delta,
                                  .made = file_path(&arena, folder, "made"),
                                  .time_ms = 100};
    bool missing[BASE_CLASS_COUNT] = {false};
    int64_t begun_us = time_now_us();
    assert_false(door.look(door.self, &job, missing, &arena, &err));
    int64_t took_us = time_now_us() - begun_us;
    assert_int_equal(err.kind, ERROR_LIMIT);
    assert_true(took_us >= 100000 && took_us < 20 * TIME_SECOND_US);
    assert_done("remove", file_remove_tree(folder, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_time_ends)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
