#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"
#include "deploy/updaters.h"

static const struct takeover_wish *find(const struct updaters_wishes *wishes, const char *path)
{
    for (size_t i = 0; i < wishes->count; i++)
        if (strcmp(wishes->at[i].path, path) == 0)
            return &wishes->at[i];
    return NULL;
}

static struct text content_at(const struct updaters_wishes *wishes, const char *path)
{
    const struct takeover_wish *wish = find(wishes, path);

    if (wish == NULL)
        fail_msg("%s is not wished", path);
    return wish == NULL ? (struct text){0} : wish->content;
}

static void test_masks(void **state)
{
    static const struct {
        struct text name;
        const char *links[2];
        const char *apt;
    } rows[] = {
        {TEXT("unattended-upgrades"),
         {"/etc/systemd/system/apt-daily-upgrade.timer", "/etc/systemd/system/unattended-upgrades.service"},
         "APT::Periodic::Unattended-Upgrade \"0\";\nUnattended-Upgrade::InstallOnShutdown \"false\";\n"},
        {TEXT("apt-daily"), {NULL}, "APT::Periodic::Download-Upgradeable-Packages \"0\";\n"},
        {TEXT("PackageKit"),
         {"/etc/systemd/system/packagekit.service", "/etc/systemd/system/packagekit-offline-update.service"},
         NULL},
        {TEXT("mintupdate"), {"/etc/systemd/system/mintupdate-automation-upgrade.timer", NULL}, NULL},
        {TEXT("snapd"), {NULL}, NULL},
        {TEXT("flatpak"), {NULL}, NULL},
        {TEXT("somebody-else"), {NULL}, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct updaters_wishes wishes = {.count = 0};
        struct error err = {0};
        size_t expected = rows[i].apt != NULL;
        assert_done("masks", updaters_add_masks(&wishes, &rows[i].name, 1, &arena, &err), &err);
        for (size_t l = 0; l < 2 && rows[i].links[l] != NULL; l++, expected++) {
            const struct takeover_wish *wish = find(&wishes, rows[i].links[l]);
            if (wish == NULL || wish->kind != TAKEOVER_LINK || strcmp(wish->target, "/dev/null") != 0)
                fail_msg("%.*s: %s is not masked", TEXT_ARG(rows[i].name), rows[i].links[l]);
            /* A service that runs ends by itself; a timer would start it again. */
            assert_int_equal(wish->unit != NULL, text_ends(text_of(wish->path), TEXT(".timer")));
        }
        const struct takeover_wish *apt = find(&wishes, UPDATERS_APT);
        assert_int_equal(apt != NULL, rows[i].apt != NULL);
        if (apt != NULL && !text_ends(apt->content, text_of(rows[i].apt)))
            fail_msg("%.*s: \"%.*s\"", TEXT_ARG(rows[i].name), TEXT_ARG(apt->content));
        assert_int_equal(wishes.count, expected);
    }
}

static void test_all_share_one_file_of_settings(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    const struct text names[] = {TEXT("unattended-upgrades"), TEXT("apt-daily")};
    struct updaters_wishes wishes = {.count = 0};
    struct error err = {0};

    (void)state;
    assert_done("masks", updaters_add_masks(&wishes, names, 2, &arena, &err), &err);
    assert_int_equal(wishes.count, 3);
    assert_true(text_find(content_at(&wishes, UPDATERS_APT), TEXT("Unattended-Upgrade \"0\"")) != SIZE_MAX);
    assert_true(text_find(content_at(&wishes, UPDATERS_APT), TEXT("Download-Upgradeable-Packages \"0\"")) !=
                SIZE_MAX);
}

static void test_own_units(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct updaters_wishes wishes = {.count = 0};
    struct error err = {0};

    (void)state;
    assert_done("timer", updaters_add_timer(&wishes, "/usr/local/bin/suture", &arena, &err), &err);
    const struct text service = content_at(&wishes, "/etc/systemd/system/suture.service");
    assert_true(text_find(service, TEXT("\nExecStart=/usr/local/bin/suture unattended run\n")) != SIZE_MAX);
    assert_true(text_find(service, TEXT("\nKillMode=process\n")) != SIZE_MAX);
    assert_true(text_find(service, TEXT("@")) == SIZE_MAX);
    assert_non_null(find(&wishes, "/etc/systemd/system/suture.timer"));
    const struct takeover_wish *wants = find(&wishes, "/etc/systemd/system/timers.target.wants/suture.timer");
    assert_true(wants != NULL && strcmp(wants->target, "../suture.timer") == 0);
}

static void test_a_program_that_systemd_would_read_otherwise(void **state)
{
    static const char *const programs[] = {
        "suture", "/opt/my programs/suture", "/opt/%h/suture", "/opt/$HOME/suture", "/opt/a;b", ""};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(programs); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct updaters_wishes wishes = {.count = 0};
        struct error err = {0};
        if (updaters_add_timer(&wishes, programs[i], &arena, &err))
            fail_msg("%s was taken", programs[i]);
        assert_int_equal(err.kind, ERROR_INPUT);
        assert_int_equal(wishes.count, 0);
    }
}

static void test_policy(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct updaters_wishes wishes = {.count = 0};
    struct error err = {0};

    (void)state;
    assert_done("policy", updaters_add_policy(&wishes, TEXT("Europe/Amsterdam"), &arena, &err), &err);
    assert_true(text_find(content_at(&wishes, UPDATERS_POLICY), TEXT("\ntime zone: Europe/Amsterdam\n")) !=
                SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_masks),     cmocka_unit_test(test_all_share_one_file_of_settings),
        cmocka_unit_test(test_own_units), cmocka_unit_test(test_a_program_that_systemd_would_read_otherwise),
        cmocka_unit_test(test_policy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
