#include "base/testing.h"

#include <sys/stat.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "store/state.h"
#include "store/trust_record.h"

#define NOW  INT64_C(1795305600000000) /* 2026-11-22T00:00:00Z */
#define HOUR TIME_HOUR_US
#define DAY  TIME_DAY_US

static struct bytes golden(struct arena *arena, const char *name)
{
    struct text path = text_format(arena, "%s/store/trust_record/%s", getenv("SUTURE_GOLDEN"), name);
    struct bytes raw = {0};
    struct error err = {0};

    assert_done(name, file_read(path.at, LIMIT_TRUST_RECORD, arena, &raw, &err), &err);
    return raw;
}

static struct trust_record whole(struct arena *arena)
{
    struct trust_record record = {0};
    struct error err = {0};

    assert_done("whole", trust_record_parse(golden(arena, "whole"), arena, &record, &err), &err);
    return record;
}

static void test_written_is_read(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(writer_end) struct writer w = writer_with(MIB);
    const struct trust_record record = whole(&arena);
    const struct bytes raw = golden(&arena, "whole");
    struct error err = {0};

    (void)state;
    assert_done("print", trust_record_print(&w, &record, &err), &err);
    assert_text("as it was", (struct text){(const char *)w.at, w.size},
                text_string(&arena, (struct text){(const char *)raw.at, raw.size}));
    assert_int_equal(record.role_count, 4);
    assert_int_equal(record.order_count, 5);
    assert_true(record.policy.digest.kind == DIGEST_SHA256 &&
                record.next_policy.digest.kind == DIGEST_UNKNOWN);
}

/* Keys of a role are believed as long as the role is. */
static void test_keys(void **state)
{
    static const struct {
        const char *name, *problem;
        int64_t expires_us;
        size_t count;
    } rows[] = {{"believed", "", NOW + DAY, 2},
                {"expired", "", NOW, 0},
                {"never held", "", TIME_ABSENT, 0},
                {"not believed at the last try", "rollback: deltas", NOW + DAY, 0}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        OWN(writer_end) struct writer w = writer_with(MIB);
        struct trust_role role = {.name = TEXT("deltas"),
                                  .version = 3,
                                  .made_us = NOW - DAY,
                                  .expires_us = rows[i].expires_us,
                                  .problem = text_of(rows[i].problem),
                                  .keys = {{{1}}, {{2}}},
                                  .key_count = 2};
        const struct trust_record record = {.repository = TEXT("https://x/"),
                                            .solo_until_us = TIME_ABSENT,
                                            .tried_us = NOW,
                                            .refreshed_us = NOW,
                                            .roles = &role,
                                            .role_count = 1};
        struct trust_record read;
        struct error err = {0};
        size_t count = 9;
        assert_done(rows[i].name, trust_record_print(&w, &record, &err), &err);
        assert_done(rows[i].name, trust_record_parse(writer_bytes(&w), &arena, &read, &err), &err);
        const struct public_key *keys = trust_record_keys(&read, TEXT("deltas"), NOW, &count);
        if (count != rows[i].count || (count == 2 && (keys[0].at[0] != 1 || keys[1].at[0] != 2)))
            fail_msg("%s: %zu keys", rows[i].name, count);
        assert_null(trust_record_keys(&read, TEXT("plan"), NOW, &count));
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *file;
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {"newer", ERROR_INPUT,
         "is \"suture.trust-record/2\", this version of Suture knows suture.trust-record/1"},
        {"no-roles", ERROR_INPUT, "roles is missing"},
        {"order", ERROR_INPUT, NULL},
        {"digest", ERROR_INPUT, NULL},
        {"cut", ERROR_INPUT, NULL},
    };
    OWN(arena_end) struct arena arena = arena_with(MIB);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char name[64];
        struct trust_record record;
        struct error err = {0};
        (void)snprintf(name, sizeof(name), "bad/%s", rows[i].file);
        assert_false(trust_record_parse(golden(&arena, name), &arena, &record, &err));
        if (rows[i].text != NULL)
            assert_failed(rows[i].file, &err, rows[i].kind, rows[i].text);
        assert_int_equal(err.kind, rows[i].kind);
    }
}

static void test_ages(void **state)
{
    static const struct {
        const char *row, *name;
        uint64_t version;
        int64_t made_us, expires_us;
        enum trust_age age;
    } rows[] = {
        {"an hour old", "timestamp", 3, NOW - HOUR, NOW + DAY, TRUST_FRESH},
        {"a day old", "timestamp", 3, NOW - DAY, NOW + DAY, TRUST_STALE},
        {"does not say", "timestamp", 3, TIME_ABSENT, NOW + DAY, TRUST_AGE_UNKNOWN},
        {"expires now", "timestamp", 3, NOW - HOUR, NOW, TRUST_EXPIRED},
        {"none", "timestamp", 0, TIME_ABSENT, TIME_ABSENT, TRUST_ABSENT},
        {"a role of people, a year old", "targets", 3, NOW - 300 * DAY, NOW + DAY, TRUST_FRESH},
        {"a role of others", "others", 3, TIME_ABSENT, NOW + DAY, TRUST_FRESH},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct trust_role role = {.name = text_of(rows[i].name),
                                        .version = rows[i].version,
                                        .made_us = rows[i].made_us,
                                        .expires_us = rows[i].expires_us};
        if (trust_role_age(&role, NOW) != rows[i].age)
            fail_msg("%s: %s", rows[i].row, trust_age_name(trust_role_age(&role, NOW)));
    }
}

/*
 * whole: a crisis (essential, until 6 December), one that begins a day after it was seen (emergency-only), a block of
 * openssl 3.0.1 by one person, a block of a file by two, an approval of nginx whose role ends on 1 December.
 */
static void test_orders(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    const struct trust_record record = whole(&arena);
    struct digest file = {0}, other = {0};
    struct error err = {0};

    (void)state;
    assert_done("digest",
                digest_parse(DIGEST_SHA256,
                             TEXT("00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"), &file,
                             &err),
                &err);
    other = file;
    other.at[31] ^= 1;

    assert_null(trust_record_policy(&record, NOW - 2 * DAY));
    assert_int_equal(trust_record_policy(&record, NOW)->version, 4);
    assert_true(trust_order_holds(&record, &record.orders[0], NOW));
    assert_false(trust_order_holds(&record, &record.orders[0], NOW + 14 * DAY));
    assert_false(trust_order_holds(&record, &record.orders[1], NOW + DAY - 1));
    assert_true(trust_order_holds(&record, &record.orders[1], NOW + DAY));

    assert_non_null(trust_record_block(&record, TEXT("openssl"), TEXT("3.0.1"), NULL, NOW));
    assert_null(trust_record_block(&record, TEXT("openssl"), TEXT("3.0.2"), NULL, NOW));
    assert_null(trust_record_block(&record, TEXT("openssh"), TEXT("3.0.1"), NULL, NOW));
    assert_null(trust_record_block(&record, TEXT("openssl"), TEXT("3.0.1"), NULL, NOW + 72 * HOUR));
    assert_non_null(trust_record_block(&record, TEXT("any"), TEXT("1"), &file, NOW));
    assert_non_null(trust_record_block(&record, TEXT("any"), TEXT("1"), &file, NOW + 72 * HOUR));
    assert_null(trust_record_block(&record, TEXT("any"), TEXT("1"), &other, NOW));

    assert_non_null(
        trust_record_approval(&record, TEXT("nginx"), TEXT("1.22.1-9"), TEXT("amd64"), &file, NOW));
    assert_null(trust_record_approval(&record, TEXT("nginx"), TEXT("1.22.1-9"), TEXT("amd64"), &other, NOW));
    assert_null(trust_record_approval(&record, TEXT("nginx"), TEXT("1.22.1-9"), TEXT("arm64"), &file, NOW));
    assert_null(trust_record_approval(&record, TEXT("nginx"), TEXT("1.22.1-8"), TEXT("amd64"), &file, NOW));
    /* The order would hold longer, but its role is silent by then. */
    assert_null(
        trust_record_approval(&record, TEXT("nginx"), TEXT("1.22.1-9"), TEXT("amd64"), &file, NOW + 9 * DAY));
}

static void test_kept(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    const struct trust_record record = whole(&arena);
    struct trust_record again = {0};
    struct error err = {0};
    struct state opened;
    const char *folder;
    char at[64];
    bool found = true;

    (void)state;
    test_folder(at);
    assert_done("nowhere", trust_record_read(NULL, &arena, &again, &found, &err), &err);
    assert_false(found);
    assert_done("none", trust_record_read(at, &arena, &again, &found, &err), &err);
    assert_false(found);
    assert_done("open", state_open(at, STATE_WRITE, &opened, &err), &err);
    assert_done("folder", state_make_folder(&opened, &arena, "trust", &folder, &err), &err);
    assert_done("write", trust_record_write(at, &record, &err), &err);
    assert_done("read", trust_record_read(at, &arena, &again, &found, &err), &err);
    assert_true(found && again.order_count == record.order_count);
    assert_int_equal(chmod(file_path(&arena, folder, "record"), 0666), 0);
    assert_false(trust_record_read(at, &arena, &again, &found, &err));
    assert_int_equal(err.kind, ERROR_TRUST);
    assert_done("away", file_remove_tree(at, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written_is_read), cmocka_unit_test(test_keys),
        cmocka_unit_test(test_refused),         cmocka_unit_test(test_ages),
        cmocka_unit_test(test_orders),          cmocka_unit_test(test_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
