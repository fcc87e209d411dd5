#include "base/testing.h"

#include "base/file.h"
#include "base/own.h"
#include "manager/apt_pins.h"

#define PIN(package, pin, priority) "Package: " package "\nPin: " pin "\nPin-Priority: " priority "\n\n"

static const struct archive oak = {
    .site = {"mirror.example", 14},
    .origin = {"Example", 7},
    .label = {"Example Archive", 15},
    .archive = {"stable", 6},
    .codename = {"oak", 3},
    .version = {"7.1", 3},
    .component = {"main", 4},
    .arch = {"amd64", 5},
};
static const struct archive local = {.component = {"", 0},
                                     .arch = {"amd64", 5}}; /* file:, and a release that says nothing */

/* Of whole archives: oak, the local one, and dpkg's status file. */
static void archives_get_their_priority(void **state)
{
    static const struct {
        const char *raw;
        int16_t oak, local, status;
    } rows[] = {
        {"", 500, 500, 100},
        {PIN("*", "release n=oak", "990"), 990, 500, 100},
        {PIN("*", "release a=stable", "990"), 990, 500, 100},
        {PIN("*", "release o=Example", "990"), 990, 500, 100},
        {PIN("*", "release l=Example Archive", "990"), 990, 500, 100},
        {PIN("*", "release c=main", "990"), 990, 500, 100},
        {PIN("*", "release b=amd64", "990"), 990, 990, 100},
        {PIN("*", "release v=7.1", "990"), 990, 500, 100},
        {PIN("*", "release v=7*", "990"), 990, 500, 100},
        {PIN("*", "release v=7", "990"), 500, 500, 100},
        {PIN("*", "release 7.1", "990"), 990, 500, 100},
        {PIN("*", "release 7*", "990"), 990, 500, 100},
        {PIN("*", "release oak", "990"), 990, 500, 100},
        {PIN("*", "release stable", "990"), 990, 500, 100},
        {PIN("*", "release sta*", "990"), 990, 500, 100},
        {PIN("*", "release n=/^O.K$/", "990"), 990, 500, 100},
        {PIN("*", "release O=example, N=OAK", "990"), 990, 500, 100},
        {PIN("*", "release o=Example,n=elm", "990"), 500, 500, 100},
        {PIN("*", "release n=*", "990"), 990, 500, 100},
        {PIN("*", "release *", "990"), 990, 990, 990},
        {PIN("*", "release a=now", "990"), 500, 500, 990},
        {PIN("*", "release now", "990"), 500, 500, 990},
        {PIN("*", "release x=1", "990"), 500, 500, 990}, /* as apt has it */
        {PIN("*", "origin mirror.example", "990"), 990, 500, 100},
        {PIN("*", "origin \"mirror.*\"", "990"), 990, 500, 100},
        {PIN("*", "origin \"\"", "990"), 500, 990, 100},
        {PIN("*", "origin elsewhere.example", "990"), 500, 500, 100},
        {PIN("*", "release n=oak", "-5"), -5, 500, 100},
        {PIN("*", "release n=oak", "+7"), 7, 500, 100},
        {PIN("*", "release n=oak", "600") PIN("*", "release a=stable", "990"), 600, 500,
         100}, /* the first counts */
        {PIN("*", "release n=oak", "600") PIN("*", "release a=stable", "never"), INT16_MIN, 500, 100},
        {PIN("*", "release a=stable", "never") PIN("*", "release n=oak", "600"), INT16_MIN, 500, 100},
        {PIN("*", "version 1*", "990"), 500, 500, 100},    /* needs a package */
        {PIN("*", "weather sunny", "990"), 500, 500, 100}, /* apt warns and goes on */
        {PIN("openssl", "release n=oak", "990"), 500, 500, 100},
        {"# comment\n\nPackage: *\n# in between\nExplanation: why\nPin: release n=oak\nPin-Priority: 3\n", 3,
         500, 100},
        {"Package: *\nPin-Priority: 3\n", 500, 500, 100}, /* no pin at all */
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(1 << 20);
        OWN(apt_pins_end) struct apt_pins pins = {.native = TEXT("amd64")};
        struct error err;
        assert_done(rows[i].raw,
                    apt_pins_parse(&pins, bytes_of_text(text_of(rows[i].raw)), "f", &arena, &err), &err);
        int16_t got[] = {
            apt_pins_archive_priority(&pins, &(struct apt_pin_target){.archive = &oak}),
            apt_pins_archive_priority(&pins, &(struct apt_pin_target){.archive = &local}),
            apt_pins_archive_priority(&pins, &(struct apt_pin_target){0}),
        };
        if (got[0] != rows[i].oak || got[1] != rows[i].local || got[2] != rows[i].status)
            fail_msg("%s: %d %d %d, expected %d %d %d", rows[i].raw, got[0], got[1], got[2], rows[i].oak,
                     rows[i].local, rows[i].status);
    }
}

static void archives_may_stand_back(void **state)
{
    struct apt_pins none = {0};
    struct apt_pin_target target = {.archive = &oak, .not_automatic = true};
    (void)state;

    assert_int_equal(apt_pins_archive_priority(&none, &target), 1);
    target.but_automatic_upgrades = true;
    assert_int_equal(apt_pins_archive_priority(&none, &target), 100);
}

/* Of one version: libssl3 3.0.1-1 for amd64 of source openssl, in oak and installed. 0: no record is for it. */
static void versions_get_their_priority(void **state)
{
    static const struct {
        const char *raw, *arch;
        int16_t expected;
    } rows[] = {
        {PIN("libssl3", "release n=oak", "990"), "amd64", 990},
        {PIN("libssl3", "release n=elm", "990"), "amd64", 0},
        {PIN("libssl3", "release a=now", "990"), "amd64", 990},
        {PIN("libssl3", "origin mirror.example", "990"), "amd64", 990},
        {PIN("libssl3", "version 3.0.1-1", "990"), "amd64", 990},
        {PIN("libssl3", "version 3.0.*", "990"), "amd64", 990},
        {PIN("libssl3", "version 3.0", "990"), "amd64", 0},
        {PIN("libssl3", "version *-1", "990"), "amd64", 990},
        {PIN("libssl3", "version /^3/", "990"), "amd64", 990},
        {PIN("libssl3", "version 2*", "990"), "amd64", 0},
        {PIN("libss", "release n=oak", "990"), "amd64", 0},
        {PIN("libss*", "release n=oak", "990"), "amd64", 990},
        {PIN("LIBSS?3", "release n=oak", "990"), "amd64", 990},
        {PIN("LIBSSL3", "release n=oak", "990"), "amd64", 0}, /* a name without wildcards is a name */
        {PIN("/SSL/", "release n=oak", "990"), "amd64", 990},
        {PIN("/^ssl/", "release n=oak", "990"), "amd64", 0},
        {PIN("src:openssl", "release n=oak", "990"), "amd64", 990},
        {PIN("src:libssl3", "release n=oak", "990"), "amd64", 0},
        {PIN("src:open*", "release n=oak", "990"), "amd64", 990},
        {PIN("bash zsh libssl3", "release n=oak", "990"), "amd64", 990},
        {PIN("libssl3:amd64", "release n=oak", "990"), "amd64", 990},
        {PIN("libssl3:any", "release n=oak", "990"), "amd64", 990},
        {PIN("libssl3:i386", "release n=oak", "990"), "amd64", 0},
        {PIN("libssl3", "release n=oak", "990"), "i386", 0}, /* the native one is meant */
        {PIN("libssl3:i386", "release n=oak", "990"), "i386", 990},
        {PIN("libssl3:any", "release n=oak", "990"), "i386", 990},
        {PIN("libssl3", "release n=oak", "990"), "all", 990},
        {PIN("libssl3", "release n=oak", "1") PIN("libssl3", "release n=oak", "2"), "amd64", 1},
        {PIN("libssl3", "release n=elm", "1") PIN("libssl3", "release n=oak", "2"), "amd64", 2},
        {PIN("*", "release n=oak", "990"), "amd64", 0},
        {PIN("* bash", "release n=oak", "990"), "amd64", 990}, /* among others the star is a pattern */
    };
    const struct archive *const archives[] = {&oak, NULL};
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(1 << 20);
        OWN(apt_pins_end) struct apt_pins pins = {.native = TEXT("amd64")};
        struct apt_pin_version version = {.name = TEXT("libssl3"),
                                          .arch = text_of(rows[i].arch),
                                          .version = TEXT("3.0.1-1"),
                                          .source = TEXT("openssl"),
                                          .archives = archives,
                                          .archive_count = 2};
        struct error err;
        assert_done(rows[i].raw,
                    apt_pins_parse(&pins, bytes_of_text(text_of(rows[i].raw)), "f", &arena, &err), &err);
        const struct apt_pin *pin = apt_pins_of_version(&pins, &version);
        if ((pin == NULL ? 0 : pin->priority) != rows[i].expected)
            fail_msg("%s: %d, expected %d", rows[i].raw, pin == NULL ? 0 : pin->priority, rows[i].expected);
    }
}

static void mistakes_are_told(void **state)
{
    static const struct {
        const char *name, *raw;
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {"no package", "Pin: release n=oak\nPin-Priority: 1\n", ERROR_INPUT, "f: line 1: Package is missing"},
        {"no priority", "\nPackage: *\nPin: release n=oak\n", ERROR_INPUT,
         "f: line 2: Pin-Priority \"\" is none: -32767 to 32767, not 0"},
        {"zero", PIN("*", "release n=oak", "0"), ERROR_INPUT,
         "f: line 1: Pin-Priority \"0\" is none: -32767 to 32767, not 0"},
        {"word", PIN("*", "release n=oak", "high"), ERROR_INPUT,
         "f: line 1: Pin-Priority \"high\" is none: -32767 to 32767, not 0"},
        {"large", PIN("*", "release n=oak", "32768"), ERROR_INPUT,
         "f: line 1: Pin-Priority \"32768\" is none: -32767 to 32767, not 0"},
        {"never for one", PIN("a", "release n=oak", "never"), ERROR_INPUT,
         "f: line 1: Pin-Priority \"never\" is for \"Package: *\" only"},
        {"expression", PIN("/(/", "release n=oak", "1"), ERROR_INPUT,
         "f: line 1: Package: \"/(/\" is no regular expression"},
        {"expression in the pin", PIN("*", "release n=/[/", "1"), ERROR_INPUT,
         "f: line 1: Pin: \"/[/\" is no regular expression"},
        {"counts in braces", PIN("/((a{999}){999}){999}/", "release n=oak", "1"), ERROR_LIMIT,
         "f: line 1: Package: \"/((a{999}){999}){999}/\" has a back reference or a count in braces"},
        {"back reference", PIN("/(a*)\\1/", "release n=oak", "1"), ERROR_LIMIT,
         "f: line 1: Package: \"/(a*)\\1/\" has a back reference or a count in braces"},
        {"no field", "nonsense\n", ERROR_INPUT,
         "f: line 1: \"nonsense\" is neither a field nor the continuation of one"},
        {"no text", PIN("\xff", "release n=oak", "1"), ERROR_INPUT, "f: line 1: byte 0xff at 0 is not text"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(1 << 20);
        OWN(apt_pins_end) struct apt_pins pins = {0};
        struct error err = {0};
        assert_false(apt_pins_parse(&pins, bytes_of_text(text_of(rows[i].raw)), "f", &arena, &err));
        assert_failed(rows[i].name, &err, rows[i].kind, rows[i].text);
    }
}

static void put(const char *root, const char *name, const char *content)
{
    char path[256];
    struct error err;

    (void)snprintf(path, sizeof(path), "%s/etc/apt/%s", root, name);
    assert_done(name, file_replace_cache(path, bytes_of_text(text_of(content)), 0644, &err), &err);
}

/* The default release comes before all preferences, these before those of the folder. */
static void the_files_of_a_root_are_read_in_order(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    OWN(apt_pins_end) struct apt_pins pins = {.native = TEXT("amd64")};
    struct apt_config config;
    struct error err;
    char root[64], folder[128];
    (void)state;

    test_folder(root);
    (void)snprintf(folder, sizeof(folder), "%s/etc/apt/preferences.d", root);
    assert_done("folders", file_make_folders(folder, 0700, &err), &err);
    put(root, "preferences.d/b", PIN("*", "origin \"\"", "4"));
    put(root, "preferences.d/a.pref", PIN("*", "origin \"\"", "3") PIN("*", "release n=oak", "3"));
    put(root, "preferences.d/c.save", PIN("*", "release a=now", "5"));
    put(root, "preferences", PIN("*", "release n=oak", "2"));
    put(root, "apt.conf", "");
    assert_done("config", apt_config_read(root, &arena, &config, &err), &err);
    assert_done("pins", apt_pins_read(&config, &arena, &pins, &err), &err);
    assert_int_equal(apt_pins_archive_priority(&pins, &(struct apt_pin_target){.archive = &oak}), 2);
    assert_int_equal(apt_pins_archive_priority(&pins, &(struct apt_pin_target){.archive = &local}), 3);
    assert_int_equal(apt_pins_archive_priority(&pins, &(struct apt_pin_target){0}), 100);
    apt_pins_end(&pins);
    put(root, "apt.conf", "APT::Default-Release \"oak\";");
    assert_done("config", apt_config_read(root, &arena, &config, &err), &err);
    assert_done("pins", apt_pins_read(&config, &arena, &pins, &err), &err);
    assert_int_equal(apt_pins_archive_priority(&pins, &(struct apt_pin_target){.archive = &oak}), 990);
    assert_done("remove", file_remove_tree(root, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(archives_get_their_priority),           cmocka_unit_test(archives_may_stand_back),
        cmocka_unit_test(versions_get_their_priority),           cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(the_files_of_a_root_are_read_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
