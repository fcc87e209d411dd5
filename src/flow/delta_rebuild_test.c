/* The door to suture-rebuild, with a program that never gets to anything. */
#include "base/testing.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "flow/delta_rebuild.h"
#include "flow/rebuild_message.h"

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
    /* The one clock counts in milliseconds, the other in microseconds. */
    assert_true(took_us >= 98000 && took_us < 20 * TIME_SECOND_US);
    assert_done("remove", file_remove_tree(folder, &err), &err);
}

/* ---- a program that sees the delta well, and then fails ---- */

static void put_frame(struct writer *w, const struct rebuild_answer *answer)
{
    size_t at = w->size;

    writer_u32(w, 0);
    rebuild_answer_write(w, answer);
    writer_patch_u32(w, at, (uint32_t)(w->size - at - 4));
}

static void put_answers(const char *path, const struct rebuild_answer *first,
                        const struct rebuild_answer *second)
{
    OWN(writer_end) struct writer w = writer_with(MIB);
    struct error err = {0};

    put_frame(&w, first);
    if (second != NULL)
        put_frame(&w, second);
    assert_done("answers", file_replace_cache(path, writer_bytes(&w), 0644, &err), &err);
}

static bool stops(void *self, uint64_t done, uint64_t all)
{
    (void)done;
    (void)all;
    return !*(const bool *)self;
}

/* The spool of what failed, as when the disk was full, makes room for the whole package; of what was stopped it stays. */
static void test_spool_of_what_failed(void **state)
{
    static const char script[] =
        "#!/bin/sh\ncd \"${0%/*}\"\nif [ -e /proc/self/fd/5 ]; then exec cat made; fi\nexec cat seen\n";
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    char folder[64];
    struct error err = {0};

    (void)state;
    test_folder(folder);
    const struct plan_change change = {.name = TEXT("oak"), .digest = {DIGEST_SHA256, {1, 2}}, .size = 12};
    const struct delta_offer offer = {.found = true};
    const char *program = file_path(&arena, folder, "program"), *delta = file_path(&arena, folder, "delta");
    const struct delta_job job = {
        .change = &change, .offer = &offer, .delta = delta, .made = file_path(&arena, folder, "out")};
    const struct rebuild_answer seen = {.kind = REBUILD_VIEWED,
                                        .view = {.size = 12, .digest = change.digest}};
    const struct rebuild_answer step = {.kind = REBUILD_PROGRESS, .done = 1, .all = 2};
    const struct rebuild_answer failed = {
        .kind = REBUILD_FAILED, .error = ERROR_SYSTEM, .problem = TEXT("spool: No space left on device")};
    const char *spool = file_path(&arena, folder, "out.spool");

    assert_done("program", file_replace_cache(program, bytes_of_text(text_of(script)), 0755, &err), &err);
    assert_done("delta", file_replace_cache(delta, BYTES("a delta"), 0644, &err), &err);
    put_answers(file_path(&arena, folder, "seen"), &seen, NULL);
    put_answers(file_path(&arena, folder, "made"), &step, &failed);
    for (int i = 0; i < 2; i++) {
        bool asked = i == 0;
        struct delta_rebuild rebuild = {.program = program, .root = "/", .progress = stops, .self = &asked};
        const struct delta_door door = delta_rebuild_door(&rebuild);
        assert_false(door.make(door.self, &job, &arena, &err));
        assert_int_equal(err.kind, asked ? ERROR_CONFLICT : ERROR_SYSTEM);
        assert_int_equal(file_exists(spool), asked);
        assert_false(file_exists(job.made));
    }
    assert_done("remove", file_remove_tree(folder, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_time_ends),
                                       cmocka_unit_test(test_spool_of_what_failed)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
