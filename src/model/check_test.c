#include "base/testing.h"

#include "model/check.h"

static void targets_are_checked(void **state)
{
    static const struct {
        const char *target;
        enum check_kind kind;
        const char *text; /* NULL: it is right */
    } rows[] = {
        {"ssh", CHECK_UNIT, NULL},
        {"postgresql@15-main.service", CHECK_UNIT, NULL},
        {"dev-disk-by\\x2dlabel-x.swap", CHECK_UNIT, NULL},
        {"-H", CHECK_UNIT, "\"-H\" is no name of a unit"},
        {"ssh nginx", CHECK_UNIT, "\"ssh nginx\" is no name of a unit"},
        {"ss*", CHECK_UNIT, "\"ss*\" is no name of a unit"},
        {"", CHECK_UNIT, "\"\" is no name of a unit"},
        {"localhost:22", CHECK_TCP, NULL},
        {"[::1]:22", CHECK_TCP, NULL},
        {"[fe80::1%eth0]:22", CHECK_TCP, NULL},
        {"localhost", CHECK_TCP, "\"localhost\" is not of the form HOST:PORT"},
        {"localhost:0", CHECK_TCP, "\"localhost:0\" is not of the form HOST:PORT"},
        {"localhost:65536", CHECK_TCP, "\"localhost:65536\" is not of the form HOST:PORT"},
        {"::1:22", CHECK_TCP, "\"::1:22\" is not of the form HOST:PORT"},
        {"[::1:22", CHECK_TCP, "\"[::1:22\" is not of the form HOST:PORT"},
        {"-x:22", CHECK_TCP, "\"-x:22\" is not of the form HOST:PORT"},
        {"a b:22", CHECK_TCP, "\"a b:22\" is not of the form HOST:PORT"},
        {"http://localhost", CHECK_HTTP, NULL},
        {"http://[::1]:8080/health?deep=1", CHECK_HTTP, NULL},
        {"https://localhost/", CHECK_HTTP,
         "\"https://localhost/\" is not of the form http://HOST[:PORT][/PATH]"},
        {"http:///x", CHECK_HTTP, "\"http:///x\" is not of the form http://HOST[:PORT][/PATH]"},
        {"http://u:p@localhost/", CHECK_HTTP,
         "\"http://u:p@localhost/\" is not of the form http://HOST[:PORT][/PATH]"},
        {"http://localhost/a b", CHECK_HTTP,
         "\"http://localhost/a b\" is not of the form http://HOST[:PORT][/PATH]"},
        {"/usr/bin/true", CHECK_COMMAND, NULL},
        {"/usr/local/sbin/smoke --quick -n 5", CHECK_COMMAND, NULL},
        {"true", CHECK_COMMAND, "\"true\" does not begin with a program's absolute path"},
        {"/bin/true | /bin/cat", CHECK_COMMAND,
         "| means something to a shell, and none reads this: name a script"},
        {"/bin/echo $HOME", CHECK_COMMAND,
         "$ means something to a shell, and none reads this: name a script"},
        {"/a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a a", CHECK_COMMAND,
         "a command of more than 32 words"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err = {0};
        bool right = check_target(rows[i].kind, text_of(rows[i].target), &err);
        if (rows[i].text == NULL)
            assert_done(rows[i].target, right, &err);
        else if (right)
            fail_msg("%s is taken", rows[i].target);
        else
            assert_string_equal(err.text, rows[i].text);
    }
}

static void addresses_are_taken_apart(void **state)
{
    static const struct {
        const char *target;
        enum check_kind kind;
        const char *host;
        uint16_t port;
        const char *path;
    } rows[] = {
        {"127.0.0.1:22", CHECK_TCP, "127.0.0.1", 22, ""},
        {"[::1]:443", CHECK_TCP, "::1", 443, ""},
        {"http://web-03", CHECK_HTTP, "web-03", 80, ""},
        {"http://web-03:8080/a/b", CHECK_HTTP, "web-03", 8080, "/a/b"},
        {"http://[::1]/", CHECK_HTTP, "::1", 80, "/"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct check_address got;
        struct error err;
        assert_done(rows[i].target, check_address(rows[i].kind, text_of(rows[i].target), &got, &err), &err);
        assert_text(rows[i].target, got.host, rows[i].host);
        assert_int_equal(got.port, rows[i].port);
        assert_text(rows[i].target, got.path, rows[i].path);
    }
}

static void statuses_are_read(void **state)
{
    static const struct {
        const char *answer;
        uint16_t status; /* 0: it is not HTTP */
    } rows[] = {
        {"HTTP/1.1 200 OK\r\n", 200},
        {"HTTP/1.0 503\r\n", 503},
        {"HTTP/1.1 404", 404},
        {"HTTP/1.1 20", 0},
        {"HTTP/1.1 2000 OK\r\n", 0},
        {"HTTP/1.1 099 x", 0},
        {"HTTP/2 200", 0},
        {"SSH-2.0-OpenSSH_9.2", 0},
        {"", 0},
        {"HTTP/1.1 abc", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error err;
        uint16_t status = 0;
        bool read = check_http_status(bytes_of_text(text_of(rows[i].answer)), &status, &err);
        if (read != (rows[i].status != 0) || status != rows[i].status)
            fail_msg("\"%s\": %u", rows[i].answer, status);
    }
}

static void names_are_found_again(void **state)
{
    (void)state;
    for (int i = 1; i < CHECK_KIND_COUNT; i++)
        assert_int_equal(check_kind_find(text_of(check_kind_name((enum check_kind)i))), i);
    assert_int_equal(check_kind_find(TEXT("ping")), CHECK_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(targets_are_checked),
        cmocka_unit_test(addresses_are_taken_apart),
        cmocka_unit_test(statuses_are_read),
        cmocka_unit_test(names_are_found_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
