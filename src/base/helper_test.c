#include "base/testing.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/helper.h"
#include "base/own.h"

static void pair(int ends[2])
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
}

static void test_frames(void **state)
{
    struct arena arena = arena_with(4096);
    struct bytes got;
    struct error err;
    int ends[2];

    (void)state;
    pair(ends);
    assert_done("send", frame_send(ends[0], BYTES("hello"), &err), &err);
    assert_done("send nothing", frame_send(ends[0], BYTES(""), &err), &err);
    assert_done("receive", frame_receive(ends[1], 5, &arena, &got, &err), &err);
    assert_int_equal(got.size, 5);
    assert_memory_equal(got.at, "hello", 5);
    assert_done("receive nothing", frame_receive(ends[1], 5, &arena, &got, &err), &err);
    assert_int_equal(got.size, 0);
    own_fd(&ends[0]);
    assert_false(frame_receive(ends[1], 5, &arena, &got, &err));
    assert_failed("end", &err, ERROR_ABSENT, "the other side has ended");
    assert_false(frame_send(ends[1], BYTES("x"), &err));
    assert_failed("send to nobody", &err, ERROR_CONFLICT, "the other side is gone");
    own_fd(&ends[1]);
    arena_end(&arena);
}

static void test_frames_refused(void **state)
{
    static const struct {
        const char *name;
        struct bytes raw;
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {"head cut short", BYTES("\x05\0"), ERROR_INPUT, "a message ends in the middle"},
        {"cut short", BYTES("\x05\0\0\0hell"), ERROR_INPUT, "a message ends in the middle"},
        {"too large", BYTES("\x06\0\0\0hello!"), ERROR_LIMIT, "a message of 6 bytes, more than 5"},
        {"lies about size", BYTES("\xff\xff\xff\xff"), ERROR_LIMIT,
         "a message of 4294967295 bytes, more than 5"},
    };
    struct arena arena = arena_with(4096);
    struct bytes got;
    struct error err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int ends[2];
        pair(ends);
        assert_int_equal(write(ends[0], rows[i].raw.at, rows[i].raw.size), rows[i].raw.size);
        own_fd(&ends[0]);
        assert_false(frame_receive(ends[1], 5, &arena, &got, &err));
        assert_failed(rows[i].name, &err, rows[i].kind, rows[i].text);
        own_fd(&ends[1]);
    }
    arena_end(&arena);
}

/* cat would not do: it has no standard output. */
static void test_session_and_socket(void **state)
{
    static const char *const argv[] = {
        "/bin/sh", "-c",
        "read x; test \"$(ps -o sid= -p $$ 2>/dev/null | tr -d ' ')\" = $$ || x=other; echo \"$x $A\" >&0",
        NULL};
    static const char *const environment[] = {"PATH=/usr/bin:/bin", "A=given", NULL};
    struct helper helper = HELPER_NONE;
    struct error err;
    char answer[32] = "";
    size_t size = 0;

    (void)state;
    assert_done("start", helper_start(argv, environment, &helper, &err), &err);
    assert_int_equal(write(helper.fd, "mine\n", 5), 5);
    for (ssize_t n = 1; n > 0 && size<sizeof(answer) - 1; size += n> 0 ? (size_t)n : 0)
        n = read(helper.fd, answer + size, sizeof(answer) - 1 - size);
    assert_string_equal(answer, "mine given\n");
    helper_end(&helper);
    assert_int_equal(helper.fd, -1);
}

static void test_absent(void **state)
{
    static const char *const argv[] = {"/nonexistent/helper", NULL};
    struct helper helper = HELPER_NONE;
    struct error err;

    (void)state;
    assert_false(helper_start(argv, argv + 1, &helper, &err));
    assert_failed("absent", &err, ERROR_ABSENT,
                  "/nonexistent/helper: cannot be run: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frames),
        cmocka_unit_test(test_frames_refused),
        cmocka_unit_test(test_session_and_socket),
        cmocka_unit_test(test_absent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
