#include "base/testing.h"

#include "base/limits.h"
#include "base/writer.h"
#include "manager/dpkg_commands.h"

static const struct trusted_artifact artifact = {
    .name = {"alpha", 5}, .arch = {"all", 3}, .version = {"1.1", 3}, .digest = {DIGEST_SHA256, {0xab}}};
static const struct package_key keys[] = {{{"beta", 4}, {"amd64", 5}}, {{"gamma", 5}, {"all", 3}}};

#define DEB "ab00000000000000000000000000000000000000000000000000000000000000.deb"

static void assert_command(const char *row, bool made, const struct dpkg_command *command,
                           const struct error *err, const char *expected)
{
    struct writer w = writer_with(64 * KIB);

    assert_done(row, made, err);
    for (size_t i = 0; command->argv[i] != NULL; i++)
        writer_format(&w, "%s%s", i > 0 ? " " : "", command->argv[i]);
    assert_text(row, (struct text){(const char *)w.at, w.size}, expected);
    writer_end(&w);
}

static void test_commands(void **state)
{
    static const struct package_mark marks[] = {{{{"one", 3}, {"all", 3}}, true},
                                                {{{"two", 3}, {"amd64", 5}}, false}};
    const struct dpkg_place here = {"/", "/work"}, there = {"/r", "/work"};
    struct package_group group = {.artifacts = &artifact,
                                  .artifact_count = 1,
                                  .removals = keys,
                                  .removal_count = 1,
                                  .purges = keys + 1,
                                  .purge_count = 1};
    struct arena arena = arena_with(MIB);
    struct dpkg_command c;
    struct error err;

    (void)state;
    assert_command("install", dpkg_command_install(&here, &group, false, &arena, &c, &err), &c, &err,
                   "/usr/bin/dpkg --force-confdef --force-confold --no-pager --refuse-downgrade "
                   "--auto-deconfigure --install /work/packages/" DEB);
    group.rollback = true;
    assert_command("rollback, again", dpkg_command_install(&there, &group, true, &arena, &c, &err), &c, &err,
                   "/usr/bin/dpkg --root=/r --force-confdef --force-confold --no-pager --force-downgrade "
                   "--force-overwrite --path-include=* --auto-deconfigure --skip-same-version --install "
                   "/work/packages/" DEB);
    assert_command(
        "remove", dpkg_command_remove(&here, &group, &arena, &c, &err), &c, &err,
        "/usr/bin/dpkg --force-confdef --force-confold --no-pager --force-depends --remove beta:amd64");
    assert_command("purge", dpkg_command_purge(&here, &group, &arena, &c, &err), &c, &err,
                   "/usr/bin/dpkg --force-confdef --force-confold --no-pager --force-depends --purge gamma");
    assert_command("select", dpkg_command_select(&here, &group, &arena, &c, &err), &c, &err,
                   "/usr/bin/dpkg --force-confdef --force-confold --no-pager --set-selections");
    assert_string_equal(c.input, "beta:amd64\tdeinstall\ngamma\tpurge\n");
    assert_command("configure", dpkg_command_configure(&here, &arena, &c, &err), &c, &err,
                   "/usr/bin/dpkg --force-confdef --force-confold --no-pager --configure --pending");
    assert_command(
        "list", dpkg_command_list(&there, &arena, &c, &err), &c, &err,
        "/usr/bin/dpkg-query --admindir=/r/var/lib/dpkg --show --showformat=${Package}\\t${Architecture}"
        "\\t${Version}\\t${db:Status-Status}\\t${db:Status-Eflag}\\n");
    assert_command(
        "simulate", dpkg_command_simulate(&there, &group, &arena, &c, &err), &c, &err,
        "/usr/bin/apt-get -o Dir::State::status=/r/var/lib/dpkg/status -o "
        "Dir::State::extended_states=/r/var/lib/apt/extended_states -o Dir::State::lists=/work/empty "
        "--simulate --no-download --allow-downgrades --allow-remove-essential --assume-yes install "
        "/work/packages/" DEB " beta:amd64- gamma-");
    assert_command(
        "mark", dpkg_command_mark(&here, marks, 2, true, &arena, &c, &err), &c, &err,
        "/usr/bin/apt-mark -o Dir::State::status=/var/lib/dpkg/status -o "
        "Dir::State::extended_states=/var/lib/apt/extended_states -o Dir::State::lists=/work/empty auto one");
    assert_done("none", dpkg_command_mark(&here, marks, 1, false, &arena, &c, &err), &err);
    assert_null(c.argv);
    arena_end(&arena);
}

static void test_environment(void **state)
{
    static const char *const needed[] = {"DEBIAN_FRONTEND=noninteractive", "DPKG_FRONTEND_LOCKED=true",
                                         "UCF_FORCE_CONFFOLD=1", "NEEDRESTART_SUSPEND=1", "LC_ALL=C.UTF-8"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(needed); i++) {
        size_t at = 0;
        while (dpkg_environment[at] != NULL && strcmp(dpkg_environment[at], needed[i]) != 0)
            at++;
        if (dpkg_environment[at] == NULL)
            fail_msg("%s is missing", needed[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_commands), cmocka_unit_test(test_environment)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
