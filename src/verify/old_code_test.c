#include "verify/evidence_testing.h"

#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "verify/interpreters.h"
#include "verify/old_code.h"

static void what_may_be_restarted_is_a_table(void **state)
{
    static const struct {
        const char *unit;
        uint32_t pid;
        enum restart_kind kind;
    } rows[] = {
        {"ssh", 812, RESTART_UNIT},
        {"postgresql@15-main", 812, RESTART_UNIT},
        {"systemd-journald", 300, RESTART_UNIT},
        {"dbus", 400, RESTART_MACHINE},
        {"dbus-broker", 400, RESTART_MACHINE},
        {"systemd-logind", 400, RESTART_MACHINE},
        {"getty@tty1", 500, RESTART_LOG_IN},
        {"gdm3", 500, RESTART_LOG_IN},
        {"user@1000", 500, RESTART_LOG_IN},
        {"user/pipewire", 500, RESTART_LOG_IN},
        {"NetworkManager", 500, RESTART_BY_HAND},
        {"docker", 500, RESTART_BY_HAND},
        {"suture", 500, RESTART_BY_HAND},
        {"", 500, RESTART_PROCESS},
        {"", 1, RESTART_SELF},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (old_code_restart(text_of(rows[i].unit), rows[i].pid) != rows[i].kind)
            fail_msg("%s: %d", rows[i].unit, (int)old_code_restart(text_of(rows[i].unit), rows[i].pid));
}

static void only_the_runs_packages_concern_it(void **state)
{
    struct package packages[] = {{.name = TEXT("libexpat1")}, {.name = TEXT("zlib1g")}};
    struct old_code old[] = {
        {10, TEXT("a"), TEXT("ssh"), false, TEXT("/usr/lib/libexpat.so.1"), 0},
        {11, TEXT("b"), TEXT("cron"), false, TEXT("/usr/lib/libz.so.1"), 1},
        {12, TEXT("c"), TEXT("dbus"), false, TEXT("/usr/lib/libgone.so.1"), PACKAGE_NONE},
        {13, TEXT("d"), TEXT("pipewire"), true, TEXT("/usr/lib/libexpat.so.1"), 0},
        {14, TEXT("e"), TEXT("ssh"), false, TEXT("/usr/lib/libexpat.so.1"), 0},
    };
    const struct host host = {.packages = packages,
                              .package_count = 2,
                              .old_code = old,
                              .old_code_count = COUNT_OF(old),
                              .process_count = 20,
                              .live = true};
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    struct evidence_sample sample;
    struct old_code_units units;
    struct error err;

    (void)state;
    evidence_sample_fill(&sample);
    const struct old_code_from nowhere = {"/does/not/exist", "/does/not/exist"};
    assert_done("look", old_code_look(&nowhere, &host, &arena, &sample.evidence, &err), &err);
    assert_int_equal(sample.evidence.process_count, 4);
    assert_text("advice", sample.evidence.processes[0].advice, "restart ssh");
    assert_text("removed", sample.evidence.processes[1].advice, "start the machine anew");
    assert_int_equal(sample.evidence.processes[1].package.size, 0);
    assert_text("user's", sample.evidence.processes[2].unit, "user/pipewire");
    assert_true(sample.evidence.looked);
    assert_done("units", old_code_units(&sample.evidence, &arena, &units, &err), &err);
    assert_int_equal(units.count, 1); /* ssh, once */
    assert_text("unit", units.names[0], "ssh");
}

static void languages_are_known_by_name(void **state)
{
    static const struct {
        const char *program, *file;
        bool fits;
    } rows[] = {
        {"/usr/bin/python3.11", "/usr/lib/python3/dist-packages/x.py", true},
        {"/usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0", "/x.py", true},
        {"/usr/bin/perl", "/usr/share/perl5/X.pm", true},
        {"/usr/lib/x86_64-linux-gnu/libperl.so.5.36", "/x.pm", true},
        {"/usr/lib/x86_64-linux-gnu/libruby-3.1.so.3.1", "/x.rb", true},
        {"/usr/bin/ruby3.1", "/x.rb", true},
        {"/usr/sbin/php-fpm8.2", "/x.php", true},
        {"/usr/lib/jvm/java-17-openjdk-amd64/lib/server/libjvm.so", "/usr/share/java/x.jar", true},
        {"/usr/bin/node", "/x.mjs", true},
        {"/usr/bin/perl", "/x.py", false},
        {"/usr/bin/pythonista", "/x.py", false},
        {"/usr/bin/python3-config", "/x.py", false},
        {"/usr/bin/javac", "/x.jar", false},
        {"/usr/bin/sshd", "/usr/lib/libx.so.1", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        unsigned runs = interpreters_language_of_program(text_of(rows[i].program));
        unsigned written = interpreters_language_of_file(text_of(rows[i].file));
        if ((runs != 0 && runs == written) != rows[i].fits)
            fail_msg("%s and %s: %u, %u", rows[i].program, rows[i].file, runs, written);
    }
}

static void put(const char *root, const char *path, const char *content)
{
    char whole[256];
    struct error err;

    (void)snprintf(whole, sizeof(whole), "%s%s", root, path);
    char *slash = strrchr(whole, '/');
    *slash = 0;
    assert_done(whole, file_make_folders(whole, 0755, &err), &err);
    *slash = '/';
    assert_done(whole, file_replace_cache(whole, bytes_of_text(text_of(content)), 0644, &err), &err);
}

/* A real Python that says when it is there, and ends when its input does. */
static pid_t start_python(int *until)
{
    static const char program[] = "import sys; sys.stdout.write('x'); sys.stdout.flush(); sys.stdin.read()";
    int in[2], out[2];
    char byte;

    assert_int_equal(pipe(in), 0);
    assert_int_equal(pipe(out), 0);
    pid_t pid = fork();
    if (pid == 0) {
        (void)dup2(in[0], 0);
        (void)dup2(out[1], 1);
        (void)close(in[1]);
        (void)execlp("python3", "python3", "-c", program, NULL);
        _exit(127);
    }
    (void)close(in[0]);
    (void)close(out[1]);
    assert_int_equal(read(out[0], &byte, 1), 1);
    (void)close(out[0]);
    *until = in[1];
    return pid;
}

static bool is_suspected(const char *root, pid_t pid)
{
    OWN(arena_end) struct arena arena = arena_with(256 * MIB);
    const struct evidence_package package = {
        .name = TEXT("python3-x"), .arch = TEXT("all"), .installed = TEXT("2")};
    const struct evidence evidence = {.packages = &package, .package_count = 1};
    const struct interpreters_from from = {root, "/proc"};
    struct interpreters found;
    struct error err;

    assert_done("find", interpreters_find(&from, &evidence, &arena, &found, &err), &err);
    for (size_t i = 0; i < found.count; i++) {
        if (found.at[i].pid != (uint32_t)pid)
            continue;
        assert_text("process", found.at[i].process, "python3");
        assert_text("path", found.at[i].path, "/usr/lib/python3/dist-packages/x.py");
        assert_text("package", found.at[i].package, "python3-x");
        assert_true(found.at[i].possible);
        return true;
    }
    return false;
}

/* The file changes only when the clock of processes has gone on: a hundredth of a second is its step. */
static void wait_for_a_tick(void)
{
    const struct timespec tick = {.tv_nsec = 30000000};

    (void)nanosleep(&tick, NULL);
}

static void an_interpreter_older_than_its_module_is_suspected(void **state)
{
    char root[64];
    struct error err;
    int until;

    (void)state;
    test_folder(root);
    put(root, "/var/lib/dpkg/info/python3-x.list",
        "/usr/share/doc/python3-x/example.py\n/usr/lib/python3/dist-packages/x.py\n/usr/lib/python3/"
        "dist-packages/gone.py\n");
    put(root, "/usr/lib/python3/dist-packages/x.py", "old");
    wait_for_a_tick();
    pid_t pid = start_python(&until);
    assert_false(is_suspected(root, pid)); /* it began after the file was there */
    wait_for_a_tick();
    put(root, "/usr/share/doc/python3-x/example.py", "new");
    assert_false(is_suspected(root, pid)); /* an example is read by nobody */
    put(root, "/usr/lib/python3/dist-packages/x.py", "new");
    assert_true(is_suspected(root, pid));
    (void)close(until);
    (void)waitpid(pid, NULL, 0);
    wait_for_a_tick();
    pid = start_python(&until);
    assert_false(is_suspected(root, pid));
    (void)close(until);
    (void)waitpid(pid, NULL, 0);
    assert_done("remove", file_remove_tree(root, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_may_be_restarted_is_a_table),
        cmocka_unit_test(only_the_runs_packages_concern_it),
        cmocka_unit_test(languages_are_known_by_name),
        cmocka_unit_test(an_interpreter_older_than_its_module_is_suspected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
