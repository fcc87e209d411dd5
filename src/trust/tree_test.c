#include "base/testing.h"

#include "base/own.h"
#include "trust/tree.h"

/* What must hold of the table, whatever its figures are: no one person, no one lost key, no server decides on bytes. */
static void the_table_keeps_its_rules(void **state)
{
    static const char *const top[] = {"root", "timestamp", "snapshot", "targets"};

    (void)state;
    for (size_t i = 0; i < TREE_ROLE_COUNT; i++) {
        const struct tree_role *role = &tree_roles[i];
        if (i < COUNT_OF(top))
            assert_string_equal(role->name, top[i]);
        assert_int_equal(tree_role_is_delegated(role), i >= COUNT_OF(top));
        assert_ptr_equal(tree_role_find(text_of(role->name)), role);
        assert_true(role->lasts_us > 0 && role->stale_us < role->lasts_us);
        assert_non_null(role->what);
        if (role->online) {
            assert_int_equal(role->people, 0);
            assert_int_equal(role->threshold, 1);
            assert_false(role->delayed_when_solo);
            continue;
        }
        if (role->threshold >= role->people)
            fail_msg("%s: one lost key locks it", role->name);
        if (role->threshold >= TREE_PEOPLE_MIN)
            fail_msg("%s: the smallest full tree cannot lose a key", role->name);
        if (role->threshold == 1 && strcmp(role->name, "block") != 0)
            fail_msg("%s: one person decides", role->name);
        assert_int_equal(role->delayed_when_solo, role->threshold > 1);
    }
    assert_null(tree_role_find(TEXT("roots")));
    assert_null(tree_role_find((struct text){0}));
}

/* No path belongs to two roles: each begins with a folder of its own. */
static void no_two_roles_share_a_folder(void **state)
{
    (void)state;
    for (size_t i = 4; i < TREE_ROLE_COUNT; i++)
        for (size_t k = 0; k < 4 && tree_roles[i].paths[k] != NULL; k++)
            for (size_t other = 4; other < TREE_ROLE_COUNT; other++) {
                struct text mine = text_of(tree_roles[i].paths[k]),
                            theirs = text_of(tree_roles[other].paths[0]);
                struct text folder = text_part(theirs, 0, theirs.size - 1); /* without its '*' */
                assert_int_equal(text_starts(mine, folder), i == other);
            }
}

static void what_a_document_says_of_itself(void **state)
{
    static const struct {
        const char *name, *json;
        uint32_t threshold;
        bool solo;
        int64_t made_us;
        const char *by;
    } rows[] = {
        {"nothing", "{}", 3, false, TIME_ABSENT, ""},
        {"solo", "{\"x-suture-solo\":true}", 1, true, TIME_ABSENT, ""},
        {"solo and says otherwise", "{\"x-suture-solo\":false}", 1, true, TIME_ABSENT, ""},
        {"solo is no truth", "{\"x-suture-solo\":\"no\"}", 3, true, TIME_ABSENT, ""},
        {"all", "{\"x-suture-made\":\"1970-01-01T00:00:02Z\",\"x-suture-proposed-by\":\"anna\"}", 3, false,
         2 * TIME_SECOND_US, "anna"},
        {"no time", "{\"x-suture-made\":\"yesterday\",\"x-suture-proposed-by\":7}", 3, false, TIME_ABSENT,
         ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(json_end) struct json_document document = {0};
        struct error err;
        struct text raw = text_of(rows[i].json);
        assert_done(rows[i].name, json_parse(bytes_of_text(raw), raw.size, &document, &err), &err);
        struct tuf_metadata root = {.type = TUF_ROOT, .signed_part = json_root(&document)};
        root.roles[TUF_ROOT].threshold = rows[i].threshold;
        assert_int_equal(tree_is_solo(&root), rows[i].solo);
        assert_int_equal(tree_made_us(&root), rows[i].made_us);
        assert_text(rows[i].name, tree_proposed_by(&root), rows[i].by);
        root.type = TUF_TARGETS;
        assert_false(tree_is_solo(&root));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_keeps_its_rules),
        cmocka_unit_test(no_two_roles_share_a_folder),
        cmocka_unit_test(what_a_document_says_of_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
