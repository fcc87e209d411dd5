#include "base/testing.h"

#include "base/file.h"
#include "base/own.h"
#include "manager/apt_phase.h"

#define MACHINE "0123456789abcdef0123456789abcdef"

/* Drawn by libstdc++'s own seed_seq, minstd_rand and uniform_int_distribution. */
static void the_draw_is_that_of_apt(void **state)
{
    static const struct {
        const char *source, *version, *machine;
        uint32_t expected;
    } rows[] = {
        {"openssl", "3.0.2-0ubuntu1.18", MACHINE, 85},
        {"bash", "5.1-6ubuntu1.1", MACHINE, 84},
        {"a", "1", "x", 53},
        {"linux-meta", "5.15.0.100.97", "fedcba9876543210fedcba9876543210", 1},
        {"systemd", "249.11-0ubuntu3.12", "fedcba9876543210fedcba9876543210", 97},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_int_equal(
            apt_phase_draw(text_of(rows[i].machine), text_of(rows[i].source), text_of(rows[i].version)),
            rows[i].expected);
}

static void a_machine_waits_for_its_turn(void **state)
{
    struct apt_phasing phasing = {.machine_id = TEXT(MACHINE)};
    const struct text bash = TEXT("bash"), version = TEXT("5.1-6ubuntu1.1"); /* draws 84 */
    (void)state;

    assert_true(apt_phase_is_out(&phasing, bash, version, 0));
    assert_true(apt_phase_is_out(&phasing, bash, version, 83));
    assert_false(apt_phase_is_out(&phasing, bash, version, 84));
    assert_false(apt_phase_is_out(&phasing, bash, version, 100));
    phasing.always = true;
    assert_false(apt_phase_is_out(&phasing, bash, version, 0));
    phasing = (struct apt_phasing){.never = true};
    assert_true(apt_phase_is_out(&phasing, bash, version, 99));
    assert_false(apt_phase_is_out(&phasing, bash, version, 100));
    phasing = (struct apt_phasing){0}; /* no machine id: every update is for it */
    assert_false(apt_phase_is_out(&phasing, bash, version, 0));
}

static void the_configuration_decides(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    struct apt_config config;
    struct apt_phasing phasing;
    struct error err;
    char root[64], path[128];
    (void)state;

    test_folder(root);
    config = (struct apt_config){.root = root};
    assert_done("nothing", apt_phasing_read(&config, &arena, &phasing, &err), &err);
    assert_int_equal(phasing.machine_id.size, 0);
    assert_false(phasing.always || phasing.never || phasing.policy);
    (void)snprintf(path, sizeof(path), "%s/etc", root);
    assert_done("folder", file_make_folders(path, 0700, &err), &err);
    (void)snprintf(path, sizeof(path), "%s/etc/machine-id", root);
    assert_done("file", file_replace_cache(path, BYTES(MACHINE "\n"), 0644, &err), &err);
    assert_done("file", apt_phasing_read(&config, &arena, &phasing, &err), &err);
    assert_text("id", phasing.machine_id, MACHINE);
    assert_done("parse",
                apt_config_parse(&config,
                                 BYTES("APT::Machine-ID \"x\"; APT::Get { Phase-Policy \"1\"; "
                                       "Always-Include-Phased-Updates \"0\"; };"
                                       "Update-Manager { Always-Include-Phased-Updates \"1\"; "
                                       "Never-Include-Phased-Updates \"1\"; };"),
                                 "f", &arena, &err),
                &err);
    assert_done("configured", apt_phasing_read(&config, &arena, &phasing, &err), &err);
    assert_text("id", phasing.machine_id, "x");
    assert_true(phasing.never && phasing.policy);
    assert_false(phasing.always); /* apt's own word comes before the update manager's */
    assert_done("remove", file_remove_tree(root, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_draw_is_that_of_apt),
        cmocka_unit_test(a_machine_waits_for_its_turn),
        cmocka_unit_test(the_configuration_decides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
