#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/child.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "model/version.h"

#define SAMPLE_MAX 160

static const char *shared_folder(void)
{
    const char *shared = getenv("SUTURE_SHARED");

    if (shared == NULL || !file_is_folder(shared)) {
        print_message("skipped: no shared data in SUTURE_SHARED\n");
        skip();
    }
    return shared;
}

static struct text read_lines(const char *folder, const char *name, struct arena *arena)
{
    struct error err = {.kind = ERROR_NONE};
    struct bytes bytes = BYTES("");

    assert_non_null(folder);
    if (!file_read(file_path(arena, folder, name), MIB, arena, &bytes, &err))
        fail_msg("%s", err.text);
    return (struct text){(const char *)bytes.at, bytes.size};
}

static char relation(int order)
{
    return order < 0 ? '<' : order > 0 ? '>' : '=';
}

static void check_pair(enum version_order order, struct text a, char expected, struct text b)
{
    char found = relation(version_compare(order, a, b)), back = relation(version_compare(order, b, a));

    if (found != expected)
        fail_msg("%s: %.*s %c %.*s, expected %c", version_order_name(order), TEXT_ARG(a), found, TEXT_ARG(b),
                 expected);
    if (back != (expected == '=' ? '=' : expected == '<' ? '>' : '<'))
        fail_msg("%s: %.*s %c %.*s, but turned round %c", version_order_name(order), TEXT_ARG(a), found,
                 TEXT_ARG(b), back);
}

/* Lines of "A < B", with '#' before remarks; other lines are none. Returns how many there were. */
static size_t check_lines(enum version_order order, struct text lines)
{
    struct text line;
    size_t count = 0;

    while (text_cut(&lines, '\n', &line)) {
        struct text a, mark, b;
        if (line.size == 0 || line.at[0] == '#' || line.at[0] == '!')
            continue;
        if (!text_cut_word(&line, &a) || !text_cut_word(&line, &mark) || !text_cut_word(&line, &b))
            continue;
        if (mark.size != 1 || strchr("<=>", mark.at[0]) == NULL)
            continue; /* apk's '~' matches a prefix: no order */
        check_pair(order, a, mark.at[0], b);
        count++;
    }
    return count;
}

/* All words of a list against each other: the lists only say of neighbours how they stand. */
static void check_transitive(enum version_order order, struct text lines)
{
    struct text sample[SAMPLE_MAX];
    size_t count = 0;

    while (count < SAMPLE_MAX && text_cut_word(&lines, &sample[count]))
        count++;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++) {
            int ij = version_compare(order, sample[i], sample[j]);
            check_pair(order, sample[i], relation(ij), sample[j]);
            for (size_t k = 0; k < count && ij <= 0; k++) {
                int jk = version_compare(order, sample[j], sample[k]);
                if (jk <= 0)
                    check_pair(order, sample[i], ij < 0 || jk < 0 ? '<' : '=', sample[k]);
            }
        }
}

static void test_golden(void **state)
{
    static const struct {
        enum version_order order;
        const char *file;
        size_t count_min;
    } lists[] = {
        {VERSION_DEB, "deb.txt", 50},
        {VERSION_RPM, "rpm.txt", 50},
        {VERSION_APK, "apk.txt", 55},
        {VERSION_SEMVER, "semver.txt", 35},
    };
    (void)state;

    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        const char *folder = file_path(&arena, getenv("SUTURE_GOLDEN"), "version");
        struct text lines = read_lines(folder, lists[i].file, &arena);
        assert_true(check_lines(lists[i].order, lines) >= lists[i].count_min);
        check_transitive(lists[i].order, lines);
    }
}

static void test_names(void **state)
{
    (void)state;
    for (unsigned i = VERSION_ORDER_UNKNOWN + 1; i < VERSION_ORDER_COUNT; i++) {
        const char *name = version_order_name((enum version_order)i);
        assert_int_equal(version_order_find(text_of(name)), i);
    }
    assert_string_equal(version_order_name(VERSION_SEMVER), "semver");
    assert_int_equal(version_order_find(TEXT("debian")), VERSION_ORDER_UNKNOWN);
    assert_int_equal(version_order_find(TEXT("unknown")), VERSION_ORDER_UNKNOWN);
    assert_int_equal(version_order_find((struct text){NULL, 0}), VERSION_ORDER_UNKNOWN);
    assert_string_equal(version_order_name(VERSION_ORDER_COUNT), "unknown");
}

static void test_edges(void **state)
{
    static const struct text absent = {NULL, 0};
    (void)state;

    for (unsigned i = VERSION_ORDER_UNKNOWN; i < VERSION_ORDER_COUNT; i++) {
        enum version_order order = (enum version_order)i;
        check_pair(order, absent, '=', absent);
        check_pair(order, absent, '=', TEXT(""));
        check_pair(order, absent, '<', TEXT("1"));
    }
    check_pair(VERSION_ORDER_UNKNOWN, TEXT("1.10"), '<', TEXT("1.9"));
    check_pair(VERSION_ORDER_UNKNOWN, TEXT("1"), '<', TEXT("1.0"));
    check_pair(VERSION_ORDER_UNKNOWN, TEXT("\xc3\xa9"), '>', TEXT("z"));
    check_pair(VERSION_DEB, TEXT("1\xc3\xa9"), '>', TEXT("1z"));
}

/* "A B N" or with tabs, N being -1, 0 or 1. */
static size_t check_table(enum version_order order, struct text lines)
{
    struct text line;
    size_t count = 0;

    while (text_cut(&lines, '\n', &line)) {
        struct text a, b, n;
        if (!text_cut_word(&line, &a) || !text_cut_word(&line, &b) || !text_cut_word(&line, &n))
            continue;
        check_pair(order, a, n.at[0] == '-' ? '<' : n.at[0] == '0' ? '=' : '>', b);
        count++;
    }
    return count;
}

static void test_shared(void **state)
{
    (void)state;
    OWN(arena_end) struct arena arena = arena_with(8 * MIB);
    const char *folder = file_path(&arena, shared_folder(), "version-vectors");

    assert_int_equal(check_table(VERSION_DEB, read_lines(folder, "dpkg-Dpkg_Version.data", &arena)), 43);
    assert_int_equal(check_table(VERSION_RPM, read_lines(folder, "rpmvercmp.tsv", &arena)), 91);
    assert_int_equal(check_lines(VERSION_APK, read_lines(folder, "apk-version.data", &arena)), 738);
}

static void test_shared_deb_pairs(void **state)
{
    (void)state;
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    const char *folder = file_path(&arena, shared_folder(), "version-vectors");
    const char *const argv[] = {"/usr/bin/zstd", "-dcq", file_path(&arena, folder, "deb-real-pairs.tsv.zst"),
                                NULL};
    struct child_command command = {.argv = argv, .timeout_ms = 20000, .output_limit = 8 * MIB};
    struct child_result result;
    struct error err = {.kind = ERROR_NONE};

    if (!file_exists(argv[0])) {
        print_message("skipped: no /usr/bin/zstd\n");
        skip();
    }
    if (!child_run(&command, &arena, &result, &err))
        fail_msg("%s", err.text);
    struct text lines = {(const char *)result.output.at, result.output.size};
    assert_int_equal(check_table(VERSION_DEB, lines), 20000);
    check_transitive(VERSION_DEB, lines);
}

int main(void)
{
    const struct CMUnitTest all[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_edges),
        cmocka_unit_test(test_shared),
        cmocka_unit_test(test_shared_deb_pairs),
    };
    return cmocka_run_group_tests(all, NULL, NULL);
}
