#include "base/testing.h"

#include <sys/stat.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "deploy/rollback.h"

#define PARAGRAPH(name, state, version)                                                                      \
    "Package: " name "\nStatus: install ok " state "\nVersion: " version "\nArchitecture: amd64\n\n"

static const char before[] = PARAGRAPH("a", "installed", "1") PARAGRAPH("b", "installed", "1");
static const char after[] =
    PARAGRAPH("a", "installed", "2") PARAGRAPH("b", "installed", "2") PARAGRAPH("n", "installed", "1");

/* A machine that is a status file, and an installer that is a table: call n fails. */
struct machine {
    struct arena arena;
    char folder[64];
    const char *status;
    unsigned calls, fails_at; /* 0: none fails */
    bool broken;              /* it fails by what dpkg says, not by an error */
    char log[512];
};

static bool fails(struct machine *m, const char *what, struct error *err)
{
    (void)snprintf(m->log + strlen(m->log), sizeof(m->log) - strlen(m->log), "%s ", what);
    m->calls++;
    return m->calls == m->fails_at && !error_set(err, ERROR_SYSTEM, "call %u", m->calls);
}

static void write_status(struct machine *m, const char *text)
{
    struct error err = {0};

    assert_done("status", file_replace_cache(m->status, bytes_of_text(text_of(text)), 0644, &err), &err);
}

static bool restore(void *self, const char *run, const struct digest *seal, enum restore_part part,
                    struct error *err)
{
    struct machine *m = self;

    assert_string_equal(run, "20261121T030502Z-9f3a61c2");
    assert_int_equal(seal->kind, DIGEST_SHA256);
    return !fails(m, part == RESTORE_CONFFILES ? "conffiles" : "all", err);
}

/* Group 1 holds b and n, group 0 holds a: each goes back whole or not at all. */
static bool install(void *self, const struct package_group *group, struct arena *arena,
                    struct package_outcome *out, struct error *err)
{
    struct machine *m = self;
    bool second = group->artifact_count == 1 && text_equal(group->artifacts[0].name, TEXT("b"));

    (void)arena;
    assert_true(group->rollback);
    assert_int_equal(group->artifact_count, 1);
    assert_int_equal(group->purge_count, second ? 1 : 0);
    assert_int_equal(group->artifacts[0].basis, TRUST_WAS_INSTALLED);
    if (fails(m, second ? "install-b-purge-n" : "install-a", err)) {
        *out = (struct package_outcome){
            .status = 1, .failed = group->artifacts[0].name, .reason = TEXT("it says no")};
        return m->broken;
    }
    write_status(m, second ? PARAGRAPH("a", "installed", "2") PARAGRAPH("b", "installed", "1") : before);
    *out = (struct package_outcome){.done = true};
    return true;
}

static const struct kept_change changes[] = {
    {.kind = CHANGE_UPGRADE,
     .origin = KEPT_REBUILT,
     .group = 0,
     .name = TEXT("a"),
     .arch = TEXT("amd64"),
     .from = TEXT("1"),
     .to = TEXT("2"),
     .deb = {{DIGEST_SHA256, {1}}, 1},
     .paragraph = BYTES("Package: a\n")},
    {.kind = CHANGE_UPGRADE,
     .origin = KEPT_REBUILT,
     .group = 1,
     .name = TEXT("b"),
     .arch = TEXT("amd64"),
     .from = TEXT("1"),
     .to = TEXT("2"),
     .deb = {{DIGEST_SHA256, {2}}, 1},
     .paragraph = BYTES("Package: b\n")},
    {.kind = CHANGE_NEW, .group = 1, .name = TEXT("n"), .arch = TEXT("amd64"), .to = TEXT("1")},
};
static const struct kept_package packages[] = {
    {TEXT("a"), TEXT("amd64"), TEXT("1"), TEXT("install ok installed"), false},
    {TEXT("b"), TEXT("amd64"), TEXT("1"), TEXT("install ok installed"), false},
    {TEXT("z"), TEXT("amd64"), TEXT("1"), TEXT("install ok installed"), false},
};
static const struct rollback_store store = {.run = TEXT("20261121T030502Z-9f3a61c2"),
                                            .packages = packages,
                                            .package_count = 3,
                                            .changes = changes,
                                            .change_count = 3};

static int set_up(void **state)
{
    struct machine *m = calloc(1, sizeof(*m));
    struct error err = {0};

    m->arena = arena_with(64 * MIB);
    test_folder(m->folder);
    const char *info = file_path(&m->arena, m->folder, "var/lib/dpkg/info");
    m->status = file_path(&m->arena, m->folder, "var/lib/dpkg/status");
    assert_done("folders", file_make_folders(info, 0755, &err), &err);
    write_status(m, after);
    *state = m;
    return 0;
}

static int tear_down(void **state)
{
    struct machine *m = *state;
    struct error err = {0};

    assert_done("remove", file_remove_tree(m->folder, &err), &err);
    arena_end(&m->arena);
    free(m);
    return 0;
}

static bool roll(struct machine *m, struct rollback_result *out, struct error *err)
{
    const struct trusted_artifact artifacts[] = {
        {.basis = TRUST_WAS_INSTALLED, .name = TEXT("a"), .digest = changes[0].deb.digest},
        {.basis = TRUST_WAS_INSTALLED, .name = TEXT("b"), .digest = changes[1].deb.digest},
    };
    const struct installer installer = {.self = m, .install = install, .restore = restore};
    const struct digest seal = {.kind = DIGEST_SHA256};
    const struct rollback_request request = {.installer = &installer,
                                             .root = m->folder,
                                             .store = &store,
                                             .folder = m->folder,
                                             .seal = &seal,
                                             .artifacts = artifacts,
                                             .artifact_count = 2};

    m->calls = 0;
    m->log[0] = 0;
    return rollback_run(&request, &m->arena, out, err);
}

static void groups_go_back_last_to_first(void **state)
{
    struct machine *m = *state;
    struct rollback_result result;
    struct error err = {0};

    assert_done("roll", roll(m, &result, &err), &err);
    assert_string_equal(m->log, "conffiles install-b-purge-n install-a all ");
    assert_true(result.done && result.installed == 2 && result.removed == 1);
    assert_done("again", roll(m, &result, &err), &err);
    assert_string_equal(m->log, "conffiles all ");
    assert_true(result.done && result.installed == 0 && result.removed == 0);
}

/* Whatever fails, the same call again ends in the old state. */
static void a_failure_at_each_call_is_gone_on_with(void **state)
{
    struct machine *m = *state;
    struct rollback_result result = {0};
    struct error err = {0};

    for (unsigned n = 1; n <= 4; n++)
        for (int broken = 0; broken < 2; broken++) {
            write_status(m, after);
            m->fails_at = n;
            m->broken = broken == 1;
            bool told = roll(m, &result, &err);
            if (n == 1 || n == 4 || !m->broken) {
                assert_false(told);
                char text[16];
                (void)snprintf(text, sizeof(text), "call %u", n);
                assert_failed("call", &err, ERROR_SYSTEM, text);
            } else {
                assert_true(told && !result.done);
                assert_text("reason", result.reason, "it says no");
                assert_null(strstr(m->log, " all ")); /* what dpkg noted is put back only when all are back */
            }
            m->fails_at = 0;
            assert_done("again", roll(m, &result, &err), &err);
            assert_true(result.done);
            struct bytes now;
            assert_done("read", file_read(m->status, MIB, &m->arena, &now, &err), &err);
            assert_text("status", (struct text){(const char *)now.at, now.size}, before);
        }
}

static void what_others_changed_is_named(void **state)
{
    struct machine *m = *state;
    struct dpkg_database database;
    struct rollback_step *steps;
    struct error err = {0};
    struct text *others;
    size_t count;

    write_status(m, PARAGRAPH("a", "installed", "3") PARAGRAPH("b", "installed", "1")
                        PARAGRAPH("n", "installed", "1") PARAGRAPH("z", "installed", "9"));
    assert_done("open", dpkg_database_open(m->folder, &m->arena, &database, &err), &err);
    assert_done("look", rollback_look(&database, &store, &m->arena, &steps, &err), &err);
    assert_true(!steps[0].is_as_it_was && steps[0].changed_since);
    assert_text("now", steps[0].now, "3");
    assert_true(steps[1].is_as_it_was);
    assert_true(!steps[2].is_as_it_was && !steps[2].changed_since);
    assert_done("others", rollback_others(&database, &store, &m->arena, &others, &count, &err), &err);
    assert_int_equal(count, 1);
    assert_text("z", others[0], "z 1 -> 9");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(groups_go_back_last_to_first),
        TEST(a_failure_at_each_call_is_gone_on_with),
        TEST(what_others_changed_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
