#include "base/testing.h"

#include "base/limits.h"
#include "manager/dpkg_output.h"

static const struct trusted_artifact artifact = {
    .name = {"alpha", 5}, .arch = {"all", 3}, .version = {"1.1", 3}, .digest = {DIGEST_SHA256, {0xab}}};
static const struct package_group group = {.artifacts = &artifact, .artifact_count = 1};

#define DEB "ab00000000000000000000000000000000000000000000000000000000000000.deb"

static void test_outcome(void **state)
{
    static const struct {
        const char *name, *output, *failed, *reason, *kept;
    } rows[] = {
        {"nothing", "", "", "", NULL},
        {"script",
         "Setting up bad (2.0) ...\noops\ndpkg: error processing package bad (--install):\n installed bad "
         "package "
         "post-installation script subprocess returned error exit status 3\nErrors were encountered while "
         "processing:\n bad\n",
         "bad", "installed bad package post-installation script subprocess returned error exit status 3",
         NULL},
        {"file",
         "dpkg: error processing archive /work/packages/" DEB " (--unpack):\n cannot access archive: x\n",
         "alpha", "cannot access archive: x", NULL},
        {"a later failure says more than a pre-dependency",
         "dpkg: error processing archive /work/packages/" DEB
         " (--install):\n pre-dependency problem - not installing pre\ndpkg: error processing package b:i386 "
         "(--configure):\n why\n",
         "b:i386", "why", NULL},
        {"the first counts",
         "dpkg: error processing package a (--configure):\n one\ndpkg: error processing package b "
         "(--configure):\n two\n",
         "a", "one", NULL},
        {"kept",
         "Configuration file '/etc/alpha.conf'\n ==> Modified (by you or by a script) since installation.\n"
         " ==> Package distributor has shipped an updated version.\n ==> Keeping old config file as "
         "default.\n",
         "", "", "/etc/alpha.conf"},
        {"taken", "Configuration file '/etc/alpha.conf'\n ==> Using new file as you requested.\n", "", "",
         NULL},
        {"no text", "dpkg: error processing package \x1b[1m (--x):\n \xff\n", "?[1m", "?", NULL},
    };
    struct arena arena = arena_with(8 * MIB);
    struct error err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct package_outcome got = {0};
        assert_done(rows[i].name,
                    dpkg_output_read(bytes_of_text(text_of(rows[i].output)), &group, &arena, &got, &err),
                    &err);
        assert_text(rows[i].name, got.failed, rows[i].failed);
        assert_text(rows[i].name, got.reason, rows[i].reason);
        assert_int_equal(got.kept_count, rows[i].kept != NULL);
        if (rows[i].kept != NULL)
            assert_text(rows[i].name, got.kept[0], rows[i].kept);
    }
    arena_end(&arena);
}

static void test_simulation(void **state)
{
    static const char output[] =
        "Reading package lists...\n2 upgraded, 1 newly installed, 1 to remove.\n"
        "Remv gamma [1.0]\n"
        "Inst pre (1.0 local-deb [all])\n"
        "Conf pre (1.0 local-deb [all])\n"
        "Inst beta [1.0] (1.1 Debian:12.1/stable, local-deb [i386]) [x:amd64 on y]\n";
    struct arena arena = arena_with(MIB);
    struct package_changes got;
    struct error err;

    (void)state;
    assert_done("simulation", dpkg_simulation_read(BYTES(output), &arena, &got, &err), &err);
    assert_int_equal(got.count, 3);
    assert_text("first", got.at[0].package.name, "beta");
    assert_text("arch", got.at[0].package.arch, "i386");
    assert_text("from", got.at[0].from, "1.0");
    assert_text("to", got.at[0].to, "1.1");
    assert_int_equal(got.at[0].kind, CHANGE_UPGRADE);
    assert_int_equal(got.at[0].order, 2);
    assert_int_equal(got.at[1].kind, CHANGE_REMOVE);
    assert_text("removed", got.at[1].package.name, "gamma");
    assert_int_equal(got.at[1].order, 0);
    assert_int_equal(got.at[2].kind, CHANGE_NEW);
    assert_int_equal(got.at[2].order, 1);
    arena_end(&arena);
}

static void test_simulation_refused(void **state)
{
    static const struct {
        const char *line, *text;
    } rows[] = {
        {"Inst a", "apt: \"Inst a\" is no change"},
        {"Inst a [1]", "apt: \"Inst a [1]\" is no change"},
        {"Inst a (1 x)", "apt: \"Inst a (1 x)\" is no change"},
        {"Inst -a (1 x [all])", "apt: \"Inst -a (1 x [all])\" is no change"},
        {"Remv a", "apt: \"Remv a\" is no change"},
        {"Inst ", "apt: \"Inst \" is no change"},
    };
    struct arena arena = arena_with(MIB);
    struct package_changes got;
    struct error err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_false(dpkg_simulation_read(bytes_of_text(text_of(rows[i].line)), &arena, &got, &err));
        assert_failed(rows[i].line, &err, ERROR_INPUT, rows[i].text);
    }
    arena_end(&arena);
}

static void test_states(void **state)
{
    struct arena arena = arena_with(MIB);
    struct dpkg_states got;
    struct error err;

    (void)state;
    assert_done("states",
                dpkg_states_read(BYTES("b\tall\t1.0\tinstalled\tok\na\tamd64\t2\thalf-installed\treinstreq\n"
                                       "c\t\t\tnot-installed\tok\n"),
                                 &arena, &got, &err),
                &err);
    assert_int_equal(got.count, 3);
    assert_text("first", got.at[0].package.name, "a");
    assert_true(got.at[0].needs_reinstall);
    const struct dpkg_state *found = dpkg_states_find(&got, &(struct package_key){TEXT("b"), TEXT("all")});
    assert_non_null(found);
    assert_text("version", found->version, "1.0");
    assert_null(dpkg_states_find(&got, &(struct package_key){TEXT("b"), TEXT("amd64")}));
    assert_false(dpkg_states_read(BYTES("a\tall\n"), &arena, &got, &err));
    assert_failed("short", &err, ERROR_INPUT, "dpkg-query: \"a?all\" is no package's state");
    arena_end(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_outcome),
        cmocka_unit_test(test_simulation),
        cmocka_unit_test(test_simulation_refused),
        cmocka_unit_test(test_states),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
