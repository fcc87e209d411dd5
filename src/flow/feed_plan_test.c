#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"
#include "flow/feed_plan.h"
#include "identify/feeds.h"

#define NOW_2004 (INT64_C(1100000000) * TIME_SECOND_US) /* 9 November 2004 */

/* Every source as "feed key url", a line each; local files are left out, for they depend on the machine. */
static struct text plan_lines(const struct feed_settings *settings, const char *releases, struct arena *arena)
{
    struct text names[8], rest = text_of(releases), all = {0};
    struct feed_source *sources = NULL;
    struct error err = {0};
    size_t name_count = 0, count = 0;

    while (text_cut(&rest, ' ', &names[name_count]))
        name_count++;
    assert_done(releases, feed_plan(settings, names, name_count, NOW_2004, arena, &sources, &count, &err),
                &err);
    for (size_t i = 0; i < count; i++)
        if (!sources[i].local)
            all = text_format(arena, "%.*s%s [%.*s] %.*s%s\n", TEXT_ARG(all), sources[i].feed->name,
                              TEXT_ARG(sources[i].key), TEXT_ARG(sources[i].url),
                              sources[i].newest ? " newest" : "");
    return all;
}

static struct feed_setting all_off[] = {
    {"kev", NULL, true},  {"nvd", NULL, true},         {"osv", NULL, true}, {"debian-tracker", NULL, true},
    {"epss", NULL, true}, {"debian-list", NULL, true},
};

/* All feeds off but one, which comes from this address. */
static struct feed_settings only(const char *feed, const char *url,
                                 struct feed_setting settings[COUNT_OF(all_off)])
{
    for (size_t i = 0; i < COUNT_OF(all_off); i++) {
        settings[i] = all_off[i];
        if (strcmp(settings[i].name, feed) == 0)
            settings[i] = (struct feed_setting){feed, url, false};
    }
    return (struct feed_settings){.feeds = settings, .feed_count = COUNT_OF(all_off)};
}

static void test_plan(void **state)
{
    static const struct {
        const char *feed, *url, *releases, *expected;
    } rows[] = {
        {"kev", "http://x/kev", "debian-12", "kev [] http://x/kev\n"},
        {"kev", "http://x/kev", "", "kev [] http://x/kev\n"},
        {"nvd", "http://x/{year}.gz", "debian-12",
         "nvd [2002] http://x/2002.gz\nnvd [2003] http://x/2003.gz\nnvd [2004] http://x/2004.gz newest\n"},
        {"debian-list", "http://x/{part}/list", "debian-12",
         "debian-list [DSA] http://x/DSA/list\ndebian-list [DLA] http://x/DLA/list\n"},
        {"debian-list", "http://x/{part}/list", "ubuntu-24.04", ""},
        {"debian-tracker", "http://x/t", "ubuntu-24.04 debian-12", "debian-tracker [] http://x/t\n"},
        {"osv", "http://x/{ecosystem}.zip", "debian-12", ""},
        {"osv", "http://x/{ecosystem}.zip", "almalinux-9 almalinux-8 debian-12",
         "osv [AlmaLinux] http://x/AlmaLinux.zip\n"},
        {"osv", "http://x/{ecosystem}.zip", "rocky-9 ubuntu-24.04",
         "osv [Rocky Linux] http://x/Rocky%20Linux.zip\nosv [Ubuntu] http://x/Ubuntu.zip\n"},
        {"osv", "http://x/{ecosystem}.zip", "unheard-of-1", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct feed_setting list[COUNT_OF(all_off)];
        struct feed_settings settings = only(rows[i].feed, rows[i].url, list);
        assert_text(rows[i].feed, plan_lines(&settings, rows[i].releases, &arena), rows[i].expected);
    }
}

/* Without any settings each feed's own address counts, and every placeholder in the table of feeds is known. */
static void test_own_addresses(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct feed_settings none = {0};
    struct text lines = plan_lines(&none, "debian-12 ubuntu-24.04", &arena);

    (void)state;
    for (size_t i = 0; feeds[i] != NULL; i++) {
        struct text start = text_format(&arena, "%s [", feeds[i]->name);
        if ((feeds[i]->url != NULL) != (text_find(lines, start) != SIZE_MAX))
            fail_msg("%s: %.*s", feeds[i]->name, TEXT_ARG(lines));
    }
    assert_int_equal(text_find_byte(lines, '{'), SIZE_MAX);
}

static void test_unknown_placeholder(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct feed_setting list[COUNT_OF(all_off)];
    struct feed_settings settings = only("kev", "http://x/{day}", list);
    struct feed_source *sources;
    struct error err = {0};
    size_t count;

    (void)state;
    assert_false(feed_plan(&settings, NULL, 0, NOW_2004, &arena, &sources, &count, &err));
    assert_failed("day", &err, ERROR_INPUT,
                  "kev: http://x/{day}: {day} is none of {year}, {part} and {ecosystem}");
}

static void test_names(void **state)
{
    static const struct {
        const char *feed, *path, *key, *file;
    } rows[] = {
        {"kev", "/a/b/kev.json", "", "kev"},
        {"nvd", "/a/nvdcve-2.0-2002.json.gz", "2002", "nvd.2002"},
        {"nvd", "nvdcve-2.0-2002.json.gz", "2002", "nvd.2002"},
        {"nvd", "/a/2002.json", "2002.json", "nvd.2002.json"},
        {"debian-list", "/a/data/DSA/list", "DSA", "debian-list.DSA"},
        {"debian-list", "/a/DSA-list", "DSA-list", "debian-list.DSA-list"},
        {"osv", "/a/Rocky Linux/all.zip", "Rocky Linux", "osv.Rocky-Linux"},
        {"osv", "/a/x;rm -rf", "x;rm -rf", "osv.x-rm--rf"},
        {"distro-info", "/usr/share/distro-info/debian.csv", "debian.csv", "distro-info.debian.csv"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        const struct feed *feed = feeds_find(text_of(rows[i].feed));
        assert_non_null(feed);
        struct text key = feed_plan_key(feed, text_of(rows[i].path), &arena);
        assert_text(rows[i].path, key, rows[i].key);
        assert_text(rows[i].path, feed_plan_file(feed, key, &arena), rows[i].file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plan),
        cmocka_unit_test(test_own_addresses),
        cmocka_unit_test(test_unknown_placeholder),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
