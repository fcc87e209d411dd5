/*
 * Each call of /api/1, asked as the gate asks it; and the attacks that its people's side must stand.
 */
#include "base/limits.h"
#include "base/own.h"
#include "format/json.h"
#include "server/api_testing.h"
#include "server/host_table.h"
#include "server/openapi.h"
#include "server/roles.h"
#include "store/fleet_read.h"

#define HOST "000102030405060708090a0b0c0d0e0f"

static unsigned status_of(struct api_testing *testing, const char *token, const char *method,
                          const char *target, const char *body)
{
    return api_testing_ask(testing, &(struct api_asked){token, method, target, body}).status;
}

/* ---- requests and answers ---- */

struct asked_row {
    const char *method, *target, *body;
    unsigned status;
    const char *has; /* the answer, or a part of it */
};

static void check_rows(struct api_testing *testing, const char *token, const struct asked_row *rows,
                       size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct api_asked asked = {token, rows[i].method, rows[i].target, rows[i].body};
        struct api_answer answer = api_testing_ask(testing, &asked);
        if (answer.status != rows[i].status ||
            (rows[i].has != NULL && text_find(answer.body, text_of(rows[i].has)) == SIZE_MAX))
            fail_msg("%s %s: %u %.*s\nexpected %u %s", rows[i].method, rows[i].target, answer.status,
                     TEXT_ARG(answer.body), rows[i].status, rows[i].has == NULL ? "" : rows[i].has);
    }
}

static void test_answers(void **state)
{
    static const struct asked_row rows[] = {
        {"GET", "/api/1/self", NULL, 200,
         "{\"schema\":\"suture.self/"
         "1\",\"user\":\"admin\",\"roles\":[\"viewer\",\"operator\",\"approver\",\"auditor\","
         "\"enroller\",\"administrator\"],\"session\":true}"},
        {"GET", "/api/1/hosts", NULL, 200, "{\"schema\":\"suture.hosts/1\",\"hosts\":[],\"next\":null}\n"},
        {"GET", "/api/1/hosts?state=stale&os=debian&limit=3", NULL, 200, "\"hosts\":[]"},
        {"GET", "/api/1/hosts?state=lost", NULL, 400,
         "state: there is ok, stale, never, held, revoked and removed"},
        {"GET", "/api/1/hosts?limit=0", NULL, 400, "limit: from 1 to 1000"},
        {"GET", "/api/1/hosts?after=" HOST, NULL, 404, "after"},
        {"GET", "/api/1/hosts/" HOST, NULL, 404, "host"},
        {"GET", "/api/1/hosts/web-03", NULL, 400, NULL},
        {"GET", "/api/1/hosts/" HOST "/findings", NULL, 404, NULL},
        {"GET", "/api/1/hosts/" HOST "/evidence", NULL, 404, NULL},
        {"GET", "/api/1/hosts/" HOST "/events", NULL, 404, NULL},
        {"GET", "/api/1/hosts/" HOST "/evidence/1/2", NULL, 404, NULL},
        {"POST", "/api/1/hosts/" HOST "/accept", "{\"reason\":\"it is the laptop\"}", 404, NULL},
        {"POST", "/api/1/hosts/" HOST "/revoke", "{}", 400, "reason is missing"},
        {"GET", "/api/1/findings", NULL, 200,
         "{\"schema\":\"suture.fixes/1\",\"count\":0,\"fixes\":[],\"next\":null}"},
        {"GET", "/api/1/findings?after=x", NULL, 400, "after: is no \"next\" of a page"},
        {"GET", "/api/1/exposed/CVE-2026-12345", NULL, 200,
         "{\"schema\":\"suture.exposed/"
         "1\",\"id\":\"CVE-2026-12345\",\"generation\":null,\"counts\":{\"unknown\":0,"
         "\"clear\":0,\"stale\":0,\"exposed\":0,\"exposed-stale\":0,\"total\":0},\"hosts\":[],\"next\":"
         "null}"},
        {"GET", "/api/1/exposed/CVE-2026-12345?history=1&state=exposed,unknown", NULL, 200, "\"was\":[]"},
        {"GET", "/api/1/exposed/CVE-2026-12345?state=maybe", NULL, 400, "state: there is exposed"},
        {"GET", "/api/1/where/libssl3=3.0.15-1", NULL, 200,
         "{\"schema\":\"suture.where/"
         "1\",\"package\":\"libssl3\",\"version\":\"3.0.15-1\",\"counts\":{\"have\":0,"
         "\"had-when-last-seen\":0,\"unknown\":0,\"total\":0},\"hosts\":[],\"next\":null}"},
        {"GET", "/api/1/where/sha256:9f86d0", NULL, 400, "machines report names and versions, not files"},
        {"GET", "/api/1/where/vim=2:9.0.1378-2", NULL, 200, "\"version\":\"2:9.0.1378-2\""},
        {"GET", "/api/1/where/libssl3=", NULL, 400, "a version is missing behind '='"},
        {"GET", "/api/1/tokens", NULL, 200, "{\"schema\":\"suture.tokens/1\",\"tokens\":[],\"next\":null}"},
        {"POST", "/api/1/tokens", "{\"uses\":0}", 400, "uses: at least one"},
        {"POST", "/api/1/tokens", "{\"ends\":\"2020-01-01T00:00:00Z\"}", 400,
         "ends: within 90 days from now"},
        {"POST", "/api/1/tokens", "{\"label\":\"a\\u202eb\"}", 400, "label"},
        {"POST", "/api/1/tokens", "{\"secret\":\"mine\"}", 400, "body: \"secret\" is not known here"},
        {"POST", "/api/1/tokens", "[]", 400, "body: is no object"},
        {"POST", "/api/1/tokens", "{", 400, "body"},
        {"POST", "/api/1/tokens", "{\"label\":\"laptops\",\"uses\":3}", 201, "\"secret\":\"suture-enrol-1."},
        {"GET", "/api/1/tokens", NULL, 200, "\"state\":\"good\",\"label\":\"laptops\",\"by\":\"admin\""},
        {"DELETE", "/api/1/tokens/9", NULL, 404, "there is no enrolment token 9"},
        {"DELETE", "/api/1/tokens/0", NULL, 400, NULL},
        {"GET", "/api/1/api-tokens", NULL, 200,
         "{\"schema\":\"suture.api-tokens/1\",\"tokens\":[],\"next\":null}"},
        {"POST", "/api/1/api-tokens", "{\"label\":\"x\",\"ends\":\"2100-01-01T00:00:00Z\"}", 400,
         "ends: a token lasts a year at most"},
        {"GET", "/api/1/users", NULL, 200, "\"name\":\"admin\""},
        {"POST", "/api/1/users", "{\"name\":\"a b\",\"roles\":\"viewer\"}", 400, "a user's name has letters"},
        {"POST", "/api/1/users", "{\"name\":\"anna\",\"roles\":\"root\"}", 400, "there is no role \"root\""},
        {"POST", "/api/1/users", "{\"name\":\"admin\",\"roles\":\"viewer\"}", 409, NULL},
        {"POST", "/api/1/users/nobody", "{\"disabled\":true}", 404, "user"},
        {"GET", "/api/1/audit?from=1&limit=1", NULL, 200, "\"actor\":\"sutured\""},
        {"GET", "/api/1/openapi.json", NULL, 200, "\"openapi\":\"3.1.0\""},
        {"GET", "/api/1/nothing", NULL, 404, NULL},
    };
    struct api_testing *testing = *state;

    check_rows(testing, api_testing_admin(testing), rows, COUNT_OF(rows));
}

/* The description has every route with every part of its path and is JSON; each row says who may and what it answers. */
static void test_openapi_is_complete(void **state)
{
    OWN(json_end) struct json_document document = {0};
    OWN(writer_end) struct writer w = writer_with(LIMIT_API_ANSWER);
    struct error err;
    size_t count = 0;

    (void)state;
    assert_done("write", openapi_write(routes, &w, &err), &err);
    assert_done("parse", json_parse(writer_bytes(&w), LIMIT_API_ANSWER, &document, &err), &err);
    struct json paths = json_member(json_root(&document), "paths");
    for (const struct route *const *row = routes; *row != NULL; row++) {
        static const char *const methods[] = {"", "get", "post", "put", "delete"};
        if ((*row)->listener != ROUTE_PEOPLE)
            continue;
        count++;
        struct json call = json_member(json_member(paths, (*row)->path), methods[(*row)->method]);
        assert_false(json_is_absent(call));
        assert_true((*row)->permission != PERMISSION_UNKNOWN && (*row)->admission == ADMIT_PEOPLE);
        assert_true((*row)->summary != NULL && (*row)->answers != NULL && (*row)->answers[0].status != 0);
        assert_true(((*row)->body_max == 0) == ((*row)->body_schema == NULL));
        struct text rest = text_of((*row)->path), part;
        while (text_cut(&rest, '{', &part), text_cut(&rest, '}', &part)) {
            const struct route_parameter *parameter = (*row)->parameters;
            while (parameter != NULL && parameter->name != NULL &&
                   !text_equal(text_of(parameter->name), part))
                parameter++;
            if (parameter == NULL || parameter->name == NULL || parameter->place != ROUTE_IN_PATH)
                fail_msg("%s: {%.*s} is not described", (*row)->path, TEXT_ARG(part));
        }
    }
    assert_true(count >= 32);
}

/* ---- who may what ---- */

/* Each call by each role: what its row of the table says, and nothing else, decides. */
static void test_every_role(void **state)
{
    struct api_testing *testing = *state;
    const char *admin = api_testing_admin(testing);

    for (size_t r = 0; r < ROLE_COUNT; r++) {
        const char *body =
            text_format(&testing->arena, "{\"label\":\"x\",\"roles\":\"%s\"}", roles[r].name).at;
        struct api_answer made =
            api_testing_ask(testing, &(struct api_asked){admin, "POST", "/api/1/api-tokens", body});
        const char *token = api_testing_text(testing, &made, "secret");
        for (const struct route *const *row = routes; *row != NULL; row++) {
            static const char *const methods[] = {"", "GET", "POST", "PUT", "DELETE"};
            enum permission permission = (*row)->permission;
            if ((*row)->listener != ROUTE_PEOPLE || permission == PERMISSION_NONE ||
                permission == PERMISSION_SELF)
                continue;
            if (roles_permit(roles[r].role, permission))
                continue;
            assert_int_equal(status_of(testing, token, methods[(*row)->method], (*row)->path, "{}"), 403);
            assert_int_equal(status_of(testing, NULL, methods[(*row)->method], (*row)->path, "{}"), 401);
        }
    }
}

/* An operator can never do what is an approver's, in whatever way it is asked. */
static void test_operator_is_no_approver(void **state)
{
    struct api_testing *testing = *state;
    const char *admin = api_testing_admin(testing);
    const char *operator= api_testing_user(testing, admin, "olga", "operator");
    const char *approver = api_testing_user(testing, admin, "piet", "approver");
    static const char reason[] = "{\"reason\":\"why not\"}";

    assert_int_equal(status_of(testing, operator, "POST", "/api/1/hosts/" HOST "/accept", reason), 403);
    assert_int_equal(status_of(testing, approver, "POST", "/api/1/hosts/" HOST "/accept", reason), 404);
    assert_int_equal(status_of(testing, approver, "POST", "/api/1/hosts/" HOST "/revoke", reason), 403);
    assert_int_equal(
        status_of(testing, approver, "POST", "/api/1/orders", "{\"fix\":\"openssl\",\"reason\":\"now\"}"),
        403);
    assert_int_equal(status_of(testing, operator, "POST", "/api/1/users/olga", "{\"roles\":\"approver\"}"),
                     403);
    /* Nor does a token have more than its user. */
    assert_int_equal(
        status_of(testing, operator, "POST", "/api/1/api-tokens", "{\"label\":\"x\",\"roles\":\"approver\"}"),
        403);
}

/*
 * A stolen administrator's session: it can order what is eligible anyway, by a name and nothing more. No version, file, address, or
 * command, no kind of order that people sign, no roles for itself.
 */
static void test_stolen_admin_session(void **state)
{
    static const struct asked_row rows[] = {
        {"POST", "/api/1/orders", "{\"fix\":\"libssl3=1.0.0\",\"reason\":\"x\"}", 400, "fix:"},
        {"POST", "/api/1/orders", "{\"fix\":\"https://evil.example/x.deb\",\"reason\":\"x\"}", 400, "fix:"},
        {"POST", "/api/1/orders", "{\"fix\":\"../../x\",\"reason\":\"x\"}", 400, "fix:"},
        {"POST", "/api/1/orders", "{\"fix\":\"openssl;reboot\",\"reason\":\"x\"}", 400, "fix:"},
        {"POST", "/api/1/orders", "{\"fix\":\"openssl\",\"reason\":\"x\",\"version\":\"1\"}", 400,
         "\"version\" is not"},
        {"POST", "/api/1/orders", "{\"fix\":\"openssl\",\"reason\":\"x\",\"sha256\":\"00\"}", 400,
         "\"sha256\" is not"},
        {"POST", "/api/1/orders", "{\"fix\":\"openssl\",\"reason\":\"x\",\"command\":\"sh\"}", 400,
         "\"command\" is not"},
        {"POST", "/api/1/orders", "{\"fix\":\"openssl\",\"reason\":\"x\",\"class\":\"crisis\"}", 400,
         "class:"},
        {"POST", "/api/1/orders", "{\"kind\":\"crisis\",\"level\":\"emergency-only\"}", 400,
         "is not known here"},
        {"POST", "/api/1/orders", "{\"fix\":\"openssl\",\"reason\":\"x\",\"ends\":\"2090-01-01\"}", 400,
         "ends: within 30 days"},
        {"POST", "/api/1/orders", "{\"fix\":\"openssl\",\"reason\":\"\"}", 400, "reason is empty"},
        {"POST", "/api/1/orders", "{\"fix\":\"openssl\",\"reason\":\"a\\u202eb\"}", 400, "reason"},
        {"POST", "/api/1/policy", "{}", 404, NULL},
        {"PUT", "/repo/metadata/timestamp.json", "{}", 404, NULL},
        {"POST", "/api/1/users/admin", "{\"roles\":\"administrator\"}", 403,
         "nobody does this to themselves"},
        {"POST", "/api/1/users/admin/once", NULL, 403, "nobody does this to themselves"},
        {"POST", "/api/1/password", "{\"password\":\"a guess of mine\",\"new_password\":\"my own one now\"}",
         401, "the name or the password is wrong"},
    };
    struct api_testing *testing = *state;

    check_rows(testing, api_testing_admin(testing), rows, COUNT_OF(rows));
}

/* ---- logging in ---- */

static struct api_answer log_in(struct api_testing *testing, const char *user, const char *password)
{
    const char *body =
        text_format(&testing->arena, "{\"user\":\"%s\",\"password\":\"%s\"}", user, password).at;

    return api_testing_ask(testing, &(struct api_asked){NULL, "POST", "/api/1/login", body});
}

static void test_once_is_once(void **state)
{
    struct api_testing *testing = *state;
    struct api_answer answer = log_in(testing, "admin", testing->once);

    assert_int_equal(answer.status, 409);
    assert_non_null(api_testing_admin(testing));
    assert_int_equal(log_in(testing, "admin", testing->once).status, 401);
    assert_int_equal(log_in(testing, "admin", API_TESTING_PASSWORD).status, 200);
}

static void test_once_ends(void **state)
{
    struct api_testing *testing = *state;

    testing->now_us += PEOPLE_ONCE_US + 1;
    assert_int_equal(log_in(testing, "admin", testing->once).status, 401);
}

/* Who guesses is told nothing, and is slowed; another address and another user are not, and the user comes in from home. */
static void test_brute_force(void **state)
{
    struct api_testing *testing = *state;
    const char *admin = api_testing_admin(testing);
    struct api_answer first, other;
    unsigned tried = 0;

    (void)api_testing_user(testing, admin, "anna", "viewer");
    testing->address = "198.51.100.66";
    first = log_in(testing, "anna", "a guess of mine");
    other = log_in(testing, "nobody", "a guess of mine");
    assert_int_equal(first.status, 401);
    assert_int_equal(other.status, 401);
    assert_true(text_equal(first.body, other.body));
    for (int i = 0; i < 100; i++)
        tried += log_in(testing, "anna", "a guess of mine").status == 401;
    assert_int_equal(tried, 3);
    struct api_answer slow = log_in(testing, "anna", API_TESTING_PASSWORD);
    assert_int_equal(slow.status, 429);
    assert_true(slow.retry_after_s >= 1);
    testing->address = "192.0.2.1";
    assert_int_equal(log_in(testing, "anna", API_TESTING_PASSWORD).status, 200);
    /* What was refused is in the log, with the name where it is one and never with what was typed. */
    struct api_answer log =
        api_testing_ask(testing, &(struct api_asked){admin, "GET", "/api/1/audit?limit=1000", NULL});
    assert_true(text_find(log.body, TEXT("\"login.refused\",\"object\":\"anna\"")) != SIZE_MAX);
    assert_true(text_find(log.body, TEXT("guess")) == SIZE_MAX);
    assert_true(text_find(log.body, TEXT("\"object\":\"nobody\"")) == SIZE_MAX);
}

/* ---- tokens ---- */

static void test_token_scope_and_end(void **state)
{
    struct api_testing *testing = *state;
    const char *admin = api_testing_admin(testing);
    const struct api_asked asked = {
        admin, "POST", "/api/1/api-tokens",
        "{\"label\":\"script\",\"roles\":\"viewer\",\"ends\":\"2027-02-01T00:00:00Z\"}"};
    struct api_answer answer = api_testing_ask(testing, &asked);

    assert_int_equal(answer.status, 201);
    const char *token = api_testing_text(testing, &answer, "secret");
    assert_int_equal(status_of(testing, token, "GET", "/api/1/hosts", NULL), 200);
    assert_int_equal(status_of(testing, token, "GET", "/api/1/audit", NULL), 403);
    assert_int_equal(status_of(testing, token, "GET", "/api/1/users", NULL), 403);
    assert_int_equal(status_of(testing, token, "POST", "/api/1/tokens", "{}"), 403);
    /* It makes no other token that outlives it. */
    assert_int_equal(status_of(testing, token, "POST", "/api/1/api-tokens", "{\"label\":\"y\"}"), 403);
    testing->now_us += 30 * TIME_DAY_US;
    assert_int_equal(status_of(testing, token, "GET", "/api/1/hosts", NULL), 401);
}

static void test_token_revoked(void **state)
{
    struct api_testing *testing = *state;
    const char *admin = api_testing_admin(testing);
    struct api_answer answer =
        api_testing_ask(testing, &(struct api_asked){admin, "POST", "/api/1/api-tokens",
                                                     "{\"label\":\"script\",\"roles\":\"viewer\"}"});
    const char *token = api_testing_text(testing, &answer, "secret");
    struct api_answer list =
        api_testing_ask(testing, &(struct api_asked){admin, "GET", "/api/1/api-tokens", NULL});
    struct text number = text_part(list.body, text_find(list.body, TEXT("\"number\":\"")) + 10, SIZE_MAX),
                rest = number;

    (void)text_cut(&rest, '"', &number);
    /* The list has no secret. */
    assert_true(text_find(list.body, text_of(token)) == SIZE_MAX);
    assert_int_equal(status_of(testing, token, "GET", "/api/1/hosts", NULL), 200);
    const char *target = text_format(&testing->arena, "/api/1/api-tokens/%.*s", TEXT_ARG(number)).at;
    assert_int_equal(status_of(testing, admin, "DELETE", target, NULL), 204);
    assert_int_equal(status_of(testing, token, "GET", "/api/1/hosts", NULL), 401);
}

static void test_sessions_end(void **state)
{
    struct api_testing *testing = *state;
    const char *admin = api_testing_admin(testing);
    const char *anna = api_testing_user(testing, admin, "anna", "viewer,auditor");

    /* A role that is taken is gone at once. */
    assert_int_equal(status_of(testing, anna, "GET", "/api/1/audit", NULL), 200);
    assert_int_equal(status_of(testing, admin, "POST", "/api/1/users/anna", "{\"roles\":\"viewer\"}"), 200);
    assert_int_equal(status_of(testing, anna, "GET", "/api/1/audit", NULL), 403);
    assert_int_equal(status_of(testing, admin, "POST", "/api/1/users/anna", "{\"disabled\":true}"), 200);
    assert_int_equal(status_of(testing, anna, "GET", "/api/1/hosts", NULL), 401);
    assert_int_equal(status_of(testing, admin, "POST", "/api/1/users/anna", "{\"disabled\":false}"), 200);
    /* The session of before does not come back with its user. */
    assert_int_equal(status_of(testing, anna, "GET", "/api/1/hosts", NULL), 401);
    /* Eight hours, and a log-out. */
    assert_int_equal(status_of(testing, admin, "POST", "/api/1/logout", NULL), 204);
    assert_int_equal(status_of(testing, admin, "GET", "/api/1/hosts", NULL), 401);
    struct api_answer again = log_in(testing, "admin", API_TESTING_PASSWORD);
    const char *session = api_testing_text(testing, &again, "token");
    testing->now_us += PEOPLE_SESSION_US;
    assert_int_equal(status_of(testing, session, "GET", "/api/1/hosts", NULL), 401);
}

/* ---- a host ---- */

/* Enrolled and held, with two events and a finding. */
static void enrol(struct api_testing *testing)
{
    static const struct fleet_event events[] = {
        {1, AGENT_EVENT_RUN_ENDED, 1000000, {(const uint8_t *)"{\"run\":\"r1\"}", 12}},
        {2, AGENT_EVENT_EVIDENCE, 2000000, {(const uint8_t *)"sealed \x1b[2J bytes", 17}},
    };
    struct fleet_write token = {.kind = FLEET_WRITE_ENROL_TOKEN,
                                .enrol_token = {.secret = {7},
                                                .by = TEXT("admin"),
                                                .uses_max = 1,
                                                .made_us = testing->now_us,
                                                .ends_us = testing->now_us + TIME_DAY_US}};
    struct fleet_write write = {.kind = FLEET_WRITE_ENROL,
                                .enrol = {.secret = {7}, .at_us = testing->now_us, .certificate_end_us = 1}};
    struct fleet_fix fix = {.name = TEXT("debian-12:openssl:3.0.17-1"),
                            .about = TEXT("{\"ids\":[\"CVE-2026-1\"]}")};
    struct fleet_host host;
    uint32_t number;
    struct error err;

    (void)api_testing_write(testing, &token);
    for (uint8_t i = 0; i < FLEET_ID_SIZE; i++)
        write.enrol.id[i] = i;
    const int64_t hid = api_testing_write(testing, &write).hid;
    write = (struct fleet_write){.kind = FLEET_WRITE_EVENTS,
                                 .events = {.hid = hid,
                                            .epoch = 9,
                                            .received_us = testing->now_us,
                                            .events = events,
                                            .count = COUNT_OF(events)}};
    (void)api_testing_write(testing, &write);
    assert_done("number", fleet_fix_number(fix.name, &fix.number, &err), &err);
    write = (struct fleet_write){.kind = FLEET_WRITE_FIX, .fix = fix};
    (void)api_testing_write(testing, &write);
    write = (struct fleet_write){
        .kind = FLEET_WRITE_FINDINGS,
        .findings = {
            .hid = hid, .generation = 3, .at_us = testing->now_us, .opened = &fix.number, .opened_count = 1}};
    (void)api_testing_write(testing, &write);
    write = (struct fleet_write){.kind = FLEET_WRITE_HOST_FLAGS,
                                 .host_flags = {.hid = hid, .set = FLEET_HOST_SAFE_LANE}};
    (void)api_testing_write(testing, &write);
    assert_done("host", fleet_store_host(testing->store, hid, &testing->arena, &host, &err), &err);
    assert_done("table", host_table_add(testing->server.hosts, &host, &number, &err), &err);
}

static void test_host(void **state)
{
    static const struct asked_row before[] = {
        {"GET", "/api/1/hosts?state=held", NULL, 200, "\"hosts\":[{\"id\":\"" HOST "\""},
        {"GET", "/api/1/hosts?state=ok", NULL, 200, "\"hosts\":[]"},
        {"GET", "/api/1/hosts/" HOST, NULL, 200, "\"state\":\"held\""},
        {"GET", "/api/1/hosts/" HOST, NULL, 200, "\"late\":null,\"due\":null"},
        {"GET", "/api/1/hosts/" HOST "/findings", NULL, 200,
         "\"generation\":\"3\",\"findings\":[{\"fix\":\"debian-12:openssl:3.0.17-1\""},
        {"GET", "/api/1/hosts/" HOST "/events", NULL, 200, "\"kind\":\"run-ended\",\"doubted\":false"},
        {"GET", "/api/1/hosts/" HOST "/events", NULL, 200, "\"body\":{\"run\":\"r1\"}"},
        {"GET", "/api/1/hosts/" HOST "/evidence", NULL, 200, "\"seq\":\"2\",\"kind\":\"evidence\""},
        {"GET", "/api/1/hosts/" HOST "/evidence/9/2", NULL, 200, "sealed \x1b[2J bytes"},
        {"GET", "/api/1/hosts/" HOST "/evidence/9/1", NULL, 404, "this event is no evidence"},
        {"GET", "/api/1/exposed/CVE-2026-1?history=1", NULL, 200,
         "\"was\":[{\"host\":\"" HOST "\",\"name\":null,\"fix\":\"debian-12:openssl:3.0.17-1\""},
        {"GET", "/api/1/exposed/CVE-2026-2?history=1", NULL, 200, "\"was\":[]"},
    };
    static const struct asked_row after[] = {
        {"POST", "/api/1/hosts/" HOST "/accept", "{\"reason\":\"it is the laptop\"}", 200,
         "\"state\":\"never\""},
        {"GET", "/api/1/hosts?state=held", NULL, 200, "\"hosts\":[]"},
        {"POST", "/api/1/hosts/" HOST "/revoke", "{\"reason\":\"stolen\"}", 200, "\"state\":\"revoked\""},
        {"GET", "/api/1/audit", NULL, 200,
         "\"deed\":\"host.accept\",\"object\":\"" HOST "\",\"detail\":{\"reason\":\"it is the laptop\"}"},
        {"GET", "/api/1/audit", NULL, 200, "\"deed\":\"host.revoke\""},
    };
    struct api_testing *testing = *state;
    const char *admin = api_testing_admin(testing);
    const char *operator= api_testing_user(testing, admin, "olga", "operator");

    enrol(testing);
    check_rows(testing, admin, before, COUNT_OF(before));
    assert_int_equal(
        status_of(testing, operator, "POST", "/api/1/hosts/" HOST "/accept", "{\"reason\":\"mine\"}"), 403);
    check_rows(testing, admin, after, COUNT_OF(after));
}

/* ---- the log, and asking again ---- */

static void test_audited(void **state)
{
    struct api_testing *testing = *state;
    const char *admin = api_testing_admin(testing);

    assert_int_equal(status_of(testing, admin, "POST", "/api/1/tokens", "{\"label\":\"laptops\"}"), 201);
    struct api_answer log = api_testing_ask(testing, &(struct api_asked){admin, "GET", "/api/1/audit", NULL});
    static const char *const deeds[] = {
        "\"actor\":\"sutured\",\"from\":\"here\",\"deed\":\"user.new\",\"object\":\"admin\"",
        "\"actor\":\"user:admin\",\"from\":\"192.0.2.1\",\"deed\":\"user.password\",\"object\":\"admin\"",
        "\"deed\":\"login\"",
        "\"from\":\"192.0.2.1\",\"deed\":\"token.new\",\"object\":\"laptops\",\"detail\":{\"uses\":1}",
    };
    for (size_t i = 0; i < COUNT_OF(deeds); i++)
        if (text_find(log.body, text_of(deeds[i])) == SIZE_MAX)
            fail_msg("the log lacks %s: %.*s", deeds[i], TEXT_ARG(log.body));
    assert_true(text_find(log.body, TEXT("suture-enrol-1")) == SIZE_MAX);
}

static void test_same_answer_same_etag(void **state)
{
    struct api_testing *testing = *state;
    const char *admin = api_testing_admin(testing);
    const struct api_asked asked = {admin, "GET", "/api/1/tokens", NULL};
    struct api_answer first = api_testing_ask(testing, &asked);

    testing->now_us += TIME_SECOND_US;
    assert_true(first.etag.size == 32 && text_equal(first.etag, api_testing_ask(testing, &asked).etag));
    assert_int_equal(status_of(testing, admin, "POST", "/api/1/tokens", "{}"), 201);
    assert_false(text_equal(first.etag, api_testing_ask(testing, &asked).etag));
}

#define ONE(name) cmocka_unit_test_setup_teardown(name, api_testing_begin, api_testing_end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONE(test_answers),
        cmocka_unit_test(test_openapi_is_complete),
        ONE(test_every_role),
        ONE(test_operator_is_no_approver),
        ONE(test_stolen_admin_session),
        ONE(test_once_is_once),
        ONE(test_once_ends),
        ONE(test_brute_force),
        ONE(test_token_scope_and_end),
        ONE(test_token_revoked),
        ONE(test_sessions_end),
        ONE(test_host),
        ONE(test_audited),
        ONE(test_same_answer_same_etag),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
