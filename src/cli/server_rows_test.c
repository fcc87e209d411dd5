#include "cli/server_rows.h"

#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/testing.h"
#include "cli/cli_testing.h"

/* What a machine calls itself never reaches the terminal as it is. */
static void test_no_escape_sequences(void **state)
{
    static const struct {
        const char *json, *shown;
    } rows[] = {
        {"{\"name\": \"web-03\"}", "web-03"},
        {"{\"name\": \"\\u001b[2Jgone\"}", "<U+001B>[2Jgone"},
        {"{\"name\": \"a\\u202eb\"}", "a<U+202E>b"},
        {"{\"name\": \"\\u009b31m\"}", "<U+009B>31m"},
        {"{\"name\": \"one\\ntwo\"}", "one<U+000A>two"},
        {"{\"name\": null}", "-"},
        {"{}", "-"},
        {"{\"name\": true}", "yes"},
        {"{\"name\": 17}", "17"},
        {"{\"name\": [\"a\", \"b\"]}", "-"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        OWN(json_end) struct json_document document = {0};
        struct error err;
        assert_done("parse", json_parse(bytes_of_text(text_of(rows[i].json)), MIB, &document, &err), &err);
        assert_text(rows[i].json, server_text(json_root(&document), "name", &arena), rows[i].shown);
    }
}

static void test_paths(void **state)
{
    static const char *const parts[] = {"where", "libssl3=3.0~rc1+b/../x y", NULL};
    OWN(arena_end) struct arena arena = arena_with(MIB);
    const char *path = server_path(&arena, parts);

    (void)state;
    assert_string_equal(path, "/api/1/where/libssl3%3D3.0~rc1%2Bb%2F..%2Fx%20y");
    path = server_path_with(&arena, path, "name", "a&b=c");
    path = server_path_with(&arena, path, "absent", NULL);
    path = server_path_with(&arena, path, "limit", "3");
    assert_string_equal(path, "/api/1/where/libssl3%3D3.0~rc1%2Bb%2F..%2Fx%20y?name=a%26b%3Dc&limit=3");
}

static const char file[] =
    "server: \"https://patch.example:8441\"\nuser: \"anna\"\ntoken: \"suture-api-1.00\"\n"
    "ends: \"2026-11-22T12:00:00Z\"\n";

static void test_access(void **state)
{
    static const struct {
        const char *file, *error;
    } rows[] = {
        {"server: \"http://patch.example\"\nuser: a\n",
         "server.yaml:1:9: \"http://patch.example\" does not begin with https://"},
        {"server: \"https://a\"\nuser: a\npassword: b\n", "server.yaml:3:1: unknown key \"password\""},
    };
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct server_access access;
    struct error err;

    (void)state;
    assert_done("good",
                server_access_parse(BYTES(file), TEXT("server.yaml"), "/etc/suture", &arena, &access, &err),
                &err);
    assert_text("server", access.server, "https://patch.example:8441");
    assert_text("token", access.token, "suture-api-1.00");
    assert_string_equal(access.ca, "/etc/suture/server-ca.pem");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_false(server_access_parse(bytes_of_text(text_of(rows[i].file)), TEXT("server.yaml"), "/x",
                                         &arena, &access, &err));
        assert_int_equal(strncmp(err.text, rows[i].error, strlen(rows[i].error)), 0);
    }
}

/* What is kept can be read again, by its owner alone, and what others may read is not believed. */
static void test_kept(void **state)
{
    static const char *const list[] = {"host", "list", NULL};
    OWN(arena_end) struct arena arena = arena_with(MIB);
    const struct server_access access = {.server = TEXT("https://127.0.0.1:1"),
                                         .user = TEXT("anna \"x\""),
                                         .token = TEXT("t"),
                                         .ends = TEXT("e")};
    struct server_access again;
    char folder[64], path[128];
    struct error err;

    (void)state;
    test_folder(folder);
    setenv("SUTURE_CONFIG", folder, 1);
    struct cli_result nobody = cli_call(list, (struct bytes){0});
    assert_int_equal(nobody.status, 1);
    assert_string_equal(nobody.errors, "suture: no server is known here: suture login https://SERVER\n");
    assert_done("keep", server_access_keep(&access, &arena, &err), &err);
    assert_done("read", server_access_read(&arena, &again, &err), &err);
    assert_text("user", again.user, "anna \"x\"");
    assert_done("forget", server_access_forget(&arena, &err), &err);
    assert_false(server_access_read(&arena, &again, &err));
    assert_failed("forgotten", &err, ERROR_ABSENT, "logged out: suture login https://127.0.0.1:1");
    (void)snprintf(path, sizeof(path), "%s/server.yaml", folder);
    assert_done("others", file_replace(path, BYTES(file), 0622, &err), &err);
    assert_false(server_access_read(&arena, &again, &err));
    assert_int_equal(err.kind, ERROR_TRUST);
    assert_done("remove", file_remove_tree(folder, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_escape_sequences),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_access),
        cmocka_unit_test(test_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
