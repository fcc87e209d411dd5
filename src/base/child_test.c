#include "base/testing.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/os.h"
#include "base/own.h"
#include "base/time.h"

#define SHELL(script)                                                                                        \
    (const char *const[])                                                                                    \
    {                                                                                                        \
        "/bin/sh", "-c", script, NULL                                                                        \
    }

static bool run(struct child_command command, struct arena *arena, struct child_result *result,
                struct error *err)
{
    command.timeout_ms = command.timeout_ms ? command.timeout_ms : 10000;
    command.output_limit = command.output_limit ? command.output_limit : 100000;
    return child_run(&command, arena, result, err);
}

static void assert_output(struct bytes got, const char *expected)
{
    assert_text("output", (struct text){(const char *)got.at, got.size}, expected);
}

static void a_child_answers(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    struct child_result result;
    struct error err;
    (void)state;

    assert_done("run",
                run((struct child_command){.argv = SHELL("cat; echo bad >&2; exit 3"), .input = BYTES("in")},
                    &arena, &result, &err),
                &err);
    assert_int_equal(result.status, 3);
    assert_output(result.output, "in");
    assert_output(result.errors, "bad\n");
    assert_done("signal", run((struct child_command){.argv = SHELL("kill -TERM $$")}, &arena, &result, &err),
                &err);
    assert_int_equal(result.status, 128 + 15);
}

/* More than a pipe holds, both ways at once: neither side may wait for the other. */
static void long_input_and_output_do_not_block(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(4 << 20);
    struct child_result result;
    struct error err;
    uint8_t *input = arena_take(&arena, 1000000);
    (void)state;

    memset(input, 'x', 1000000);
    assert_done(
        "run",
        run((struct child_command){.argv = SHELL("cat"), .input = {input, 1000000}, .output_limit = 1000000},
            &arena, &result, &err),
        &err);
    assert_int_equal(result.output.size, 1000000);
    assert_done("input not wanted",
                run((struct child_command){.argv = SHELL("exec <&-; echo ok"), .input = {input, 1000000}},
                    &arena, &result, &err),
                &err);
    assert_output(result.output, "ok\n");
}

static void a_child_has_nothing_of_ours(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    int leaked = open("/dev/null", O_RDONLY); /* without O_CLOEXEC, on purpose */
    struct child_result result;
    struct error err;
    (void)state;

    assert_int_equal(setenv("SUTURE_SECRET", "x", 1), 0);
    assert_done(
        "run",
        run((struct child_command){.argv =
                                       SHELL("echo ${SUTURE_SECRET-none} $LC_ALL; ls /proc/self/fd | wc -l; "
                                             "grep NoNewPrivs /proc/self/status")},
            &arena, &result, &err),
        &err);
    assert_output(result.output, "none C\n4\nNoNewPrivs:\t1\n"); /* 0, 1, 2 and ls's own */
    close(leaked);
}

/* What we block or ignore would otherwise be blocked and ignored there too. */
static void a_child_gets_all_signals(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    struct child_result result;
    struct error err;
    sigset_t blocked, before;
    (void)state;

    assert_true(sigemptyset(&blocked) == 0 && sigaddset(&blocked, SIGUSR1) == 0);
    assert_int_equal(sigprocmask(SIG_BLOCK, &blocked, &before), 0);
    void (*quit)(int) = signal(SIGQUIT, SIG_IGN); /* as a shell does for what it starts behind itself */
    const char *const argv[] = {"/bin/grep", "-E", "SigBlk|SigIgn", "/proc/self/status",
                                NULL}; /* a shell would unblock */
    assert_done("run", run((struct child_command){.argv = argv}, &arena, &result, &err), &err);
    assert_output(result.output, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
    assert_true(signal(SIGQUIT, quit) == SIG_IGN);
    assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
}

/* Both of its processes hold the lock: it can be had when both are gone. */
static void a_child_is_killed_with_its_children(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    char path[64], script[160];
    struct child_result result;
    struct error err;
    int tries = 0;
    (void)state;

    test_folder(path);
    OWN(own_fd) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    (void)snprintf(script, sizeof(script), "exec 9<%s; flock 9; echo locked; sleep 60 & sleep 60", path);
    assert_false(
        run((struct child_command){.argv = SHELL(script), .timeout_ms = 300}, &arena, &result, &err));
    assert_failed("time", &err, ERROR_LIMIT, "/bin/sh: took longer than 300 ms");
    while (flock(fd, LOCK_EX | LOCK_NB) != 0 && tries++ < 200)
        usleep(10000);
    assert_true(tries < 200);
    assert_int_equal(rmdir(path), 0);
}

static void limits_end_a_child(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    struct child_result result;
    struct error err;
    (void)state;

    assert_false(run((struct child_command){.argv = SHELL("sleep 60 & sleep 60"), .timeout_ms = 50}, &arena,
                     &result, &err));
    assert_failed("time", &err, ERROR_LIMIT, "/bin/sh: took longer than 50 ms");
    assert_false(run((struct child_command){.argv = SHELL("exec >&- 2>&-; sleep 60"), .timeout_ms = 50},
                     &arena, &result, &err));
    assert_failed("time with closed pipes", &err, ERROR_LIMIT, "/bin/sh: took longer than 50 ms");
    int64_t begin_us = time_now_us();
    assert_false(
        run((struct child_command){.argv = SHELL("sleep 0.5; exec >&- 2>&-; sleep 60"), .timeout_ms = 600},
            &arena, &result, &err));
    assert_true(time_now_us() - begin_us <
                TIME_SECOND_US); /* one span of time for all, not one for each part */
    assert_false(
        run((struct child_command){.argv = SHELL("while :; do echo xxxxxxxx; done"), .output_limit = 1000},
            &arena, &result, &err));
    assert_failed("output", &err, ERROR_LIMIT, "/bin/sh: wrote more than 1000 bytes");
    assert_false(run((struct child_command){.argv = (const char *const[]){"/nothing/here", NULL}}, &arena,
                     &result, &err));
    assert_failed("absent", &err, ERROR_ABSENT, "/nothing/here: cannot be run: No such file or directory");
}

/* Whoever started us may have left SIGCHLD ignored: then the kernel keeps no status of a child. */
static void an_ignored_signal_loses_no_status(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    struct child_result result;
    struct error err;
    (void)state;

    assert_true(signal(SIGCHLD, SIG_IGN) != SIG_ERR);
    assert_done("run", run((struct child_command){.argv = SHELL("exit 3")}, &arena, &result, &err), &err);
    assert_int_equal(result.status, 3);
    assert_true(signal(SIGCHLD, SIG_DFL) == SIG_IGN); /* as it was before */
}

/* In a process without standard descriptors: the exit status says what went wrong first. */
static int without_standard_descriptors(void)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    struct child_result result;
    struct error err;
    char byte;

    for (int fd = 0; fd < 3; fd++)
        close(fd);
    if (!os_hold_standard_descriptors(&err))
        return 1;
    if (read(0, &byte, 1) >= 0 || write(1, "x", 1) >= 0 || write(2, "x", 1) >= 0)
        return 2;
    OWN(own_fd) int fd = open("/dev/null", O_RDWR);
    if (fd < 3)
        return 3;
    if (!run((struct child_command){.argv = SHELL("cat; echo bad >&2; exit 3"), .input = BYTES("in")}, &arena,
             &result, &err))
        return 4;
    return result.status == 3 && result.output.size == 2 && result.errors.size == 4 ? 0 : 5;
}

static void closed_standard_descriptors_are_held(void **state)
{
    int status = -1;
    (void)state;

    pid_t pid = fork();
    if (pid == 0)
        _exit(without_standard_descriptors());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* Descriptors come as 3 and 4, whatever their numbers here, even each other's. */
static void descriptors_are_passed(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    OWN(own_fd) int one = -1;
    OWN(own_fd) int two = -1;
    struct child_result result;
    struct error err;
    (void)state;

    assert_true(os_memory_file(BYTES("one"), &one, &err) && os_memory_file(BYTES("two"), &two, &err));
    for (int turn = 0; turn < 2; turn++) {
        const int passed[] = {turn == 0 ? one : two, turn == 0 ? two : one};
        assert_done(
            "run",
            run((struct child_command){.argv = SHELL(
                                           "cat /proc/self/fd/3 /proc/self/fd/4; ls /proc/self/fd | wc -l"),
                                       .passed = passed,
                                       .passed_count = 2},
                &arena, &result, &err),
            &err);
        assert_output(result.output,
                      turn == 0 ? "onetwo6\n" : "twoone6\n"); /* 0 to 4, and the folder itself */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_answers),
        cmocka_unit_test(long_input_and_output_do_not_block),
        cmocka_unit_test(a_child_has_nothing_of_ours),
        cmocka_unit_test(a_child_gets_all_signals),
        cmocka_unit_test(a_child_is_killed_with_its_children),
        cmocka_unit_test(limits_end_a_child),
        cmocka_unit_test(an_ignored_signal_loses_no_status),
        cmocka_unit_test(descriptors_are_passed),
        cmocka_unit_test(closed_standard_descriptors_are_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
