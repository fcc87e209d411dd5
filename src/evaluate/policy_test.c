#include "evaluate/data_read.h"
#include "evaluate/policy_sentences.h"
#include "evaluate/scenario.h"

static bool read_policy(const char *name, struct arena *arena, struct policy *out, struct error *err)
{
    char path[512], zones[512];

    (void)snprintf(path, sizeof(path), "%s/evaluate/policy/%s", getenv("SUTURE_GOLDEN"), name);
    (void)snprintf(zones, sizeof(zones), "%s/base/zone", getenv("SUTURE_GOLDEN"));
    return policy_read(path, zones, arena, out, err);
}

/* Without the folder of the golden files, which differs from machine to machine. */
static void strip_folder(struct error *err)
{
    char folder[512];

    (void)snprintf(folder, sizeof(folder), "%s/evaluate/policy/bad", getenv("SUTURE_GOLDEN"));
    for (char *at; (at = strstr(err->text, folder)) != NULL;) {
        char *rest = at + strlen(folder);
        rest += *rest == '/';
        memmove(at, rest, strlen(rest) + 1);
    }
}

struct bad_row {
    const char *name;
    enum error_kind kind;
    const char *text;
};

static const struct bad_row bad_rows[] = {
    {"unknown-key", ERROR_INPUT, "unknown-key.yaml:3:1: unknown key \"profils\"; did you mean \"profiles\"?"},
    {"unknown-key-inside", ERROR_INPUT,
     "unknown-key-inside.yaml:6:5: unknown key \"exposre\"; did you mean \"exposure\"?"},
    {"unknown-profile", ERROR_INPUT,
     "unknown-profile.yaml:3:23: no profile \"seed-cvs\" is built in or lies beside this file; did you mean "
     "\"seed-cvss\"?"},
    {"profile-path", ERROR_INPUT,
     "profile-path.yaml:3:12: no profile \"../seed-cvss\" is built in or lies beside this file; did you mean "
     "\"seed-cvss\"?"},
    {"profile-twice", ERROR_INPUT, "profile-twice.yaml: a profile is named twice: \"exploited\""},
    {"profile-other-id", ERROR_INPUT, "other-name.yaml: its id is \"one-name\", not what the file is called"},
    {"no-profiles", ERROR_INPUT, "no-profiles.yaml:1:1: \"profiles\" is missing here"},
    {"version-word", ERROR_INPUT,
     "version-word.yaml:2:10: \"version\" is a whole number up to 4294967295, not \"seven\""},
    {"bad-exposure", ERROR_INPUT,
     "bad-exposure.yaml:6:15: \"exposure\" is one of small, controlled, open, not \"opne\"; did you mean "
     "\"open\"?"},
    {"bad-zone", ERROR_ABSENT, "bad-zone.yaml:4:12: no time zone \"Europe/Amsterdm\" below ZONES"},
    {"zone-outside", ERROR_INPUT,
     "zone-outside.yaml:4:12: \"../../etc/passwd\" is not a name of a time zone"},
    {"bad-source", ERROR_INPUT,
     "bad-source.yaml:4:20: \"cnas\" is no source of scores; did you mean \"cna\"?"},
    {"source-twice", ERROR_INPUT, "source-twice.yaml: a source of scores is named twice: \"nvd\""},
    {"bad-start", ERROR_INPUT, "bad-start.yaml:4:17: \"25:00\" is no time of day like \"03:00\""},
    {"bad-length", ERROR_INPUT, "bad-length.yaml:4:34: a window is 1 to 24 hours long"},
    {"bad-day", ERROR_INPUT,
     "bad-day.yaml:4:22: \"days\" is one of mon, tue, wed, thu, fri, sat, sun, not \"zat\"; did you mean "
     "\"sat\"?"},
    {"busy-backwards", ERROR_INPUT,
     "busy-backwards.yaml: busy hours must end after they begin, not at \"08:00\""},
    {"busy-light", ERROR_INPUT, "busy-light.yaml: a busy hour weighs at least 2, the others 1"},
    {"unattended-key", ERROR_INPUT,
     "unattended-key.yaml:4:14: unknown key \"rebot\"; did you mean \"reboot\"?"},
    {"unattended-reboot", ERROR_INPUT,
     "unattended-reboot.yaml:4:22: \"reboot\" is one of never, in window, not \"in windw\"; did you mean "
     "\"in window\"?"},
    {"unattended-powers", ERROR_INPUT,
     "unattended-powers.yaml:4:26: \"new powers\" is one of hold, take, not \"tke\"; did you mean \"take\"?"},
    {"unattended-held", ERROR_INPUT,
     "unattended-held.yaml:4:28: \"scripts\" is no kind of power; did you mean \"script\"?"},
    {"unattended-held-taken", ERROR_INPUT,
     "unattended-held-taken.yaml: \"held powers\" has no effect where new powers are taken"},
    {"unattended-battery", ERROR_INPUT, "unattended-battery.yaml: \"battery percent\" is at most 100"},
    {"breaking", ERROR_INPUT, "breaking.yaml: \"breaking percent\" is at most 100"},
    {"half-impact", ERROR_INPUT,
     "half-impact.yaml: safety and mission together make the impact of class \"web\""},
    {"impact-twice", ERROR_INPUT,
     "impact-twice.yaml: impact is given twice (as such, and by safety and mission) in class \"web\""},
    {"class-says-nothing", ERROR_INPUT,
     "class-says-nothing.yaml: nothing is said of the assets of class \"web\""},
    {"class-unreachable", ERROR_INPUT,
     "class-unreachable.yaml: the class before matches everything, so nothing reaches class \"web\""},
    {"class-twice", ERROR_INPUT, "class-twice.yaml: two classes are called \"web\""},
    {"exception-without-end", ERROR_INPUT, "exception-without-end.yaml:5:5: \"end\" is missing here"},
    {"exception-without-asset", ERROR_INPUT,
     "exception-without-asset.yaml: no asset is named (hosts, packages, sources or ids) in the exception "
     "with reason \"it is too hard\""},
    {"exception-end", ERROR_INPUT, "exception-end.yaml:6:10: \"next year\" is not a time"},
    {"check-unknown-key", ERROR_INPUT,
     "check-unknown-key.yaml:6:7: unknown key \"untit\"; did you mean \"unit\"?"},
    {"check-unit", ERROR_INPUT, "check-unit.yaml:6:13: \"-H web\" is no name of a unit"},
    {"check-tcp", ERROR_INPUT, "check-tcp.yaml:6:12: \"localhost\" is not of the form HOST:PORT"},
    {"check-https", ERROR_INPUT,
     "check-https.yaml:6:13: \"https://localhost/\" is not of the form http://HOST[:PORT][/PATH]"},
    {"check-shell", ERROR_INPUT,
     "check-shell.yaml:6:16: | means something to a shell, and none reads this: name a script"},
    {"check-within", ERROR_INPUT,
     "check-within.yaml:7:15: \"5 hours\" is no time span like \"5 seconds\" or \"1 minute\""},
    {"check-long", ERROR_INPUT, "check-long.yaml:7:15: a check is given 1 second to 10 minutes"},
    {"check-two", ERROR_INPUT, "check-two.yaml: check 2: asks two things; make it two checks"},
    {"check-none", ERROR_INPUT, "check-none.yaml: check 1: names neither unit, tcp, http nor command"},
    {"check-status", ERROR_INPUT, "check-status.yaml: check 1: only http has a status"},
    {"check-exit", ERROR_INPUT, "check-exit.yaml: check 1: only a command has an exit status"},
    {"check-status-range", ERROR_INPUT, "check-status-range.yaml: check 1: a status of HTTP is 100 to 599"},
    {"hook-key", ERROR_INPUT, "hook-key.yaml:6:8: unknown key \"comand\"; did you mean \"command\"?"},
    {"hook-relative", ERROR_INPUT,
     "hook-relative.yaml:6:16: \"dump\" does not begin with a program's absolute path"},
    {"hook-within", ERROR_INPUT,
     "hook-within.yaml:6:36: \"5 hours\" is no time span like \"5 seconds\" or \"1 minute\""},
    {"backup-kind", ERROR_INPUT,
     "backup-kind.yaml:5:18: \"kind\" is one of restic, borg, command, not \"restik\"; did you mean "
     "\"restic\"?"},
    {"backup-age", ERROR_INPUT, "backup-age.yaml:5:57: an age is in hours, days or weeks"},
    {"backup-command", ERROR_INPUT, "backup-command.yaml:5:11: \"command\" is missing here"},
    {"exception-unsigned", ERROR_INPUT,
     "exception-unsigned.yaml:9:14: \"signers\" has 0 entries, not 1 to 256"},
    {"functional", ERROR_INPUT,
     "functional.yaml:4:30: \"soon\" is neither \"wait\" nor a time span like \"3 months\""},
    {"minimum-age", ERROR_INPUT, "minimum-age.yaml:4:23: an age is in hours, days or weeks"},
    {"minimum-age-long", ERROR_INPUT, "minimum-age-long.yaml:4:23: a version waits 90 days at most"},
    {"vendor-after", ERROR_INPUT, "vendor-after.yaml:4:32: the vendor's archive is asked after 1 to 30 days"},
    {"table-outside", ERROR_INPUT,
     "table-outside.yaml:4:25: \"../own-table.yaml\": a table lies in the policy's own folder"},
    {"table-absent", ERROR_ABSENT, "none.yaml: No such file or directory"},
    {"table-short", ERROR_INPUT, "table-short-table.yaml:7:3: \"rows\" has 1 entries, not 72 to 72"},
    {"decide-empty", ERROR_INPUT, "decide-empty.yaml:4:9: \"decide\" is without keys"},
    {"key-twice", ERROR_INPUT, "key-twice.yaml:4:1: \"name\" is given twice"},
    {"alias", ERROR_INPUT, "alias.yaml:1:7: anchor \"&n\": anchors are not allowed"},
    {"tag", ERROR_INPUT, "tag.yaml:1:7: tag \"tag:yaml.org,2002:str\": tags are not allowed"},
    {"documents", ERROR_INPUT, "documents.yaml:4:1: a second document begins; one is allowed"},
    {"deep", ERROR_INPUT, "deep.yaml:1:7: \"name\" needs a single value"},
    {"list-for-text", ERROR_INPUT, "list-for-text.yaml:1:7: \"name\" needs a single value"},
    {"text-for-list", ERROR_INPUT, "text-for-list.yaml:3:11: \"profiles\" needs a list, like [a, b]"},
    {"own-profile-broken", ERROR_INPUT,
     "broken-rules.yaml:6:9: \"fix_avilable\" is no clock; did you mean \"fix_available\"?"},
    {"empty", ERROR_INPUT, "empty.yaml:1:1: the file is empty"},
};

static void mistakes_have_their_place_and_a_hint(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad_rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(4 * MIB);
        struct policy policy = {.name = "untouched"};
        struct error err = {0};
        char file[128], expected[512];
        (void)snprintf(file, sizeof(file), "bad/%s.yaml", bad_rows[i].name);
        bool done = read_policy(file, &arena, &policy, &err);
        strip_folder(&err);
        (void)snprintf(expected, sizeof(expected), "%s", bad_rows[i].text);
        char *zones = strstr(expected, "ZONES");
        if (zones != NULL)
            (void)snprintf(zones, sizeof(expected) - (size_t)(zones - expected), "%s/base/zone",
                           getenv("SUTURE_GOLDEN"));
        assert_failed(bad_rows[i].name, &err, done ? ERROR_NONE : bad_rows[i].kind, expected);
        assert_string_equal(policy.name, "untouched");
    }
}

static void good_policies_read_back_as_sentences(void **state)
{
    static const char *const names[] = {"voorbeeld", "least", "own"};
    (void)state;

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        OWN(arena_end) struct arena arena = arena_with(4 * MIB);
        OWN(writer_end) struct writer w = writer_with(MIB);
        struct policy policy;
        struct error err = {0};
        char file[64];
        (void)snprintf(file, sizeof(file), "%s.yaml", names[i]);
        assert_done(file, read_policy(file, &arena, &policy, &err), &err);
        policy_write_sentences(&w, &policy, scenario_time("2027-01-01", "-"));
        (void)snprintf(file, sizeof(file), "sentences-%s.txt", names[i]);
        assert_golden(file, writer_bytes(&w));
    }
}

static void the_built_in_policy_reads_back_too(void **state)
{
    OWN(writer_end) struct writer w = writer_with(MIB);
    (void)state;

    policy_write_sentences(&w, &policy_built_in, scenario_time(SCENARIO_NOW, "-"));
    assert_golden("sentences-built-in.txt", writer_bytes(&w));
}

static void a_policy_begins_as_the_built_in_one(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct policy policy;
    struct error err = {0};
    (void)state;

    assert_done("least", read_policy("least.yaml", &arena, &policy, &err), &err);
    assert_int_equal(policy.profile_count, 1);
    assert_ptr_equal(policy.profiles[0], &profile_seed_cvss);
    assert_ptr_equal(policy.urgency, &urgency_ssvc);
    assert_string_equal(policy.zone.name, "UTC");
    assert_int_equal(policy.trust_count, 4);
    assert_int_equal(policy.window.start_minute, 180);
    assert_int_equal(policy.cost.users, 1);
}

static void windows_are_of_the_machine(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    static const char file[] =
        "name: x\nversion: 1\nprofiles: [seed-cvss]\n"
        "classes:\n"
        "  - {name: toys, packages: [cowsay], window: {start: \"01:00\", length: 1 hour}}\n"
        "  - {name: web, hosts: [\"web-*\"], window: {start: \"02:00\", length: 1 hour}}\n"
        "  - {name: more, hosts: [\"web-03\"], window: {start: \"04:00\", length: 1 hour}}\n"
        "unattended: {new powers: take, reboot: in window, battery percent: 30}\n";
    const struct policy_place place = {".", "."};
    struct policy policy;
    struct error err = {0};
    (void)state;

    assert_done("parse", policy_parse(BYTES(file), TEXT("x.yaml"), &place, &arena, &policy, &err), &err);
    assert_int_equal(policy_window(&policy, TEXT("web-03"))->start_minute, 120);
    assert_int_equal(policy_window(&policy, TEXT("db-01"))->start_minute, 180);
    assert_int_equal(policy.unattended.held_powers, 0);
    assert_true(policy.unattended.reboot);
    assert_int_equal(policy.unattended.battery_percent, 30);
    assert_int_equal(policy_built_in.unattended.held_powers, POLICY_POWERS_ALL);
    assert_false(policy_built_in.unattended.reboot);
    assert_int_equal(policy_built_in.unattended.battery_percent, 50);
}

static void powers_and_packages_are_named(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    static const char file[] = "name: x\nversion: 1\nprofiles: [seed-cvss]\n"
                               "unattended: {held powers: [setuid, sudoers], new packages: [\"lib*\"]}\n";
    const struct policy_place place = {".", "."};
    struct policy policy;
    struct error err = {0};
    (void)state;

    assert_done("parse", policy_parse(BYTES(file), TEXT("x.yaml"), &place, &arena, &policy, &err), &err);
    assert_int_equal(policy.unattended.held_powers, 1u << POWER_SETUID | 1u << POWER_SUDOERS);
    assert_true(globs_match(&policy.unattended.new_packages, TEXT("libfoo2")));
    assert_false(globs_match(&policy.unattended.new_packages, TEXT("foo")));
}

struct glob_row {
    const char *glob, *text;
    bool matches;
};

static const struct glob_row glob_rows[] = {
    {"web-*", "web-03", true},
    {"web-*", "web-", true},
    {"web-*", "db-web-03", false},
    {"*", "", true},
    {"*", "anything", true},
    {"", "", true},
    {"", "a", false},
    {"w?b", "web", true},
    {"w?b", "wb", false},
    {"*-toys", "bsd-toys", true},
    {"*a*b*c", "xxaxxbxxc", true},
    {"*a*b*c", "xxaxxcxxb", false},
    {"a**b", "ab", true},
    {"web", "Web", false},
};

static void globs_know_star_and_question_mark(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(glob_rows); i++)
        if (glob_matches(glob_rows[i].glob, text_of(glob_rows[i].text)) != glob_rows[i].matches)
            fail_msg("%s against %s", glob_rows[i].glob, glob_rows[i].text);
}

/* A glob of many stars is no way to stop the program: the time is at most the product of both sizes. */
static void globs_do_not_explode(void **state)
{
    char glob[400], text[8000];
    (void)state;

    for (size_t i = 0; i < sizeof(glob) - 1; i++)
        glob[i] = i % 2 == 0 ? '*' : 'a';
    glob[sizeof(glob) - 1] = 0;
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    glob[sizeof(glob) - 2] = 'b';
    assert_false(glob_matches(glob, text_of(text)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mistakes_have_their_place_and_a_hint),
        cmocka_unit_test(good_policies_read_back_as_sentences),
        cmocka_unit_test(the_built_in_policy_reads_back_too),
        cmocka_unit_test(a_policy_begins_as_the_built_in_one),
        cmocka_unit_test(windows_are_of_the_machine),
        cmocka_unit_test(powers_and_packages_are_named),
        cmocka_unit_test(globs_know_star_and_question_mark),
        cmocka_unit_test(globs_do_not_explode),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
