#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"
#include "server/content_address.h"
#include "server/settings.h"

static void test_rows(void **state)
{
    static const struct {
        const char *set;
        uint16_t agents, plain;
        const char *host, *expected;
    } rows[] = {
        {"", 8440, 8442, "patch.example.org:8440", ""},
        {"", 8440, 9000, "patch.example.org:8440", "http://patch.example.org:9000"},
        {"", 8440, 9000, "patch.example.org", "http://patch.example.org:9000"},
        {"", 41007, 37001, "[::1]:41007", "http://[::1]:37001"},
        {"", 8440, 9000, "", ""},
        {"http://mirror.example", 8440, 8442, "patch.example.org:8440", "http://mirror.example"},
        {"http://mirror.example", 8440, 9000, "", "http://mirror.example"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        const struct server_settings settings = {.content = rows[i].set};
        const struct server server = {
            .settings = &settings,
            .ports = {[ROUTE_AGENTS] = rows[i].agents, [ROUTE_STATIC] = rows[i].plain}};
        struct request request = request_with(&arena, NULL, 0);
        if (rows[i].host[0] != 0)
            request.headers[request.header_count++] =
                (struct request_pair){TEXT("Host"), text_of(rows[i].host)};
        assert_text(rows[i].host, content_address(&server, &request), rows[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
