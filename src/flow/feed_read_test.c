/*
 * Documents through the real suture-parse (SUTURE_PARSE), and programs that only claim to be it.
 */
#include "base/testing.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "flow/feed_read.h"
#include "identify/feeds.h"
#include "identify/statements.h"

static const char *golden(const char *name, char path[512])
{
    (void)snprintf(path, 512, "%s/%s", getenv("SUTURE_GOLDEN"), name);
    return path;
}

static void test_read(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct feed_document document = {0};
    struct statements_head head;
    struct error err = {0};
    char path[512];
    struct feed_read_request request = {.program = getenv("SUTURE_PARSE"),
                                        .path = golden("feed_kev/catalogue.json", path),
                                        .name = TEXT("catalogue.json")};

    (void)state;
    assert_done("read", feed_read(&request, &arena, &document, &err), &err);
    assert_string_equal(document.feed->name, "kev");
    assert_int_equal(document.facts.record_count, 3);
    assert_done("look", statements_look(document.statements, &head, &err), &err);
    assert_int_equal(head.counts[STATEMENT_VULNERABILITY], 3);
    if (document.confined != CONFINED_ALL)
        print_message("this kernel confines by %u of %u only\n", document.confined, CONFINED_ALL);
    request.feed = feeds_find(TEXT("epss"));
    assert_false(feed_read(&request, &arena, &document, &err));
    assert_int_equal(err.kind, ERROR_INPUT);
    assert_true(strncmp(err.text, "epss: ", 6) == 0);
}

/* What a captured, broken or mistaken suture-parse may answer, as a shell script writes it. */
static void test_distrusted(void **state)
{
    static const struct {
        const char *name, *script;
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {"nothing", "exit 0", ERROR_INPUT, "suture-parse: answer: does not begin with SPA1"},
        {"dies", "exit 3", ERROR_INPUT, "suture-parse ended with status 3 while reading it"},
        {"killed", "kill -9 $$", ERROR_INPUT, "suture-parse ended with status 137 while reading it"},
        {"another feed", "printf 'SPA1\\1\\0\\7\\4epss\\0'; head -c 26 /dev/zero", ERROR_CONFLICT,
         "suture-parse read feed \"epss\""},
        {"a feed that is none", "printf 'SPA1\\1\\0\\7\\2no\\0'; head -c 26 /dev/zero", ERROR_CONFLICT,
         "suture-parse read feed \"no\""},
        {"no statements", "printf 'SPA1\\1\\0\\7\\3kev\\0'; head -c 26 /dev/zero", ERROR_INPUT,
         "suture-parse: no statements of version 1"},
        {"escape sequence", "printf 'SPA1\\2\\1\\7\\0\\3\\033[m'; head -c 26 /dev/zero", ERROR_INPUT,
         "suture-parse: answer: problem: byte 0x1b at 0 is not text"},
    };
    struct error err = {0};
    char folder[64], program[80], path[512], script[256];

    (void)state;
    test_folder(folder);
    (void)snprintf(program, sizeof(program), "%s/suture-parse", folder);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(16 * MIB);
        struct feed_document document;
        struct feed_read_request request = {.program = program,
                                            .feed = feeds_find(TEXT("kev")),
                                            .path = golden("feed_kev/catalogue.json", path),
                                            .name = TEXT("catalogue.json")};
        int size = snprintf(script, sizeof(script), "#!/bin/sh\n%s\n", rows[i].script);
        struct bytes content = {(const uint8_t *)script, (size_t)size};
        assert_done("script", file_replace(program, content, 0700, &err), &err);
        if (feed_read(&request, &arena, &document, &err))
            fail_msg("%s: was believed", rows[i].name);
        assert_failed(rows[i].name, &err, rows[i].kind, rows[i].text);
    }
    assert_done("remove", file_remove_tree(folder, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_distrusted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
