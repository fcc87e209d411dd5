#include "agent/enroll.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "flow/config_path.h"
#include "flow/trust_settings.h"
#include "trust/certificate.h"
#include "wire/enrol_token.h"

#define VERSION_TEXT   SUTURE_VERSION
#define PORTS_BETWEEN  2 /* the plain listener's port is the agents' and so many */
#define FIRST_ROOT     "/repo/metadata/1.root.json"
#define IDENTITY_LIMIT (16 * KIB)

/* Of one enrolment or renewal. */
struct request {
    struct bytes key, csr;
    uint8_t nonce[16];
};

static bool make_request(struct arena *arena, struct request *out, struct error *err)
{
    os_random(out->nonce, sizeof(out->nonce));
    return certificate_make_key(arena, &out->key, err) &&
           certificate_make_request(out->key, arena, &out->csr, err);
}

/* ---- whom to believe ---- */

static bool check_authority(struct bytes der, const uint8_t expected[32], struct error *err)
{
    struct digest digest;

    if (!digest_bytes(DIGEST_SHA256, der, &digest, err))
        return false;
    return memcmp(digest.at, expected, 32) == 0 ||
           error_set(err, ERROR_TRUST, "this server is not the one that the token was made for");
}

/* The last certificate of the server's chain is the token's, or nothing is said to it. */
static bool learn_authority(const struct link_place *place, const struct enrol_token *token, const char *path,
                            struct arena *arena, struct error *err)
{
    OWN(link_close) struct link link = {.helper = HELPER_NONE};
    struct bytes pem = {0}, der = {0}, written = {0};

    if (!link_open(place, arena, &link, err) || !link_learn(&link, &pem, err) ||
        !certificate_from_pem(pem, arena, &der, err) || !check_authority(der, token->ca, err))
        return error_at(err, "%.*s", TEXT_ARG(place->server));
    /* What is kept is our spelling of those bytes. */
    return certificate_to_pem(der, arena, &written, err) && file_replace(path, written, 0644, err);
}

/* ---- what the server gave ---- */

static bool check_identity(const struct agent_identity *identity, const struct request *request,
                           const struct fleet_id *fleet, struct error *err)
{
    if (memcmp(identity->nonce, request->nonce, sizeof(request->nonce)) != 0)
        return error_set(err, ERROR_TRUST, "the server answers another request than this one");
    return memcmp(identity->fleet.at, fleet->at, sizeof(fleet->at)) == 0 ||
           error_set(err, ERROR_TRUST, "the server's fleet is another one");
}

/* Certificate and key lie in one file, so that they are replaced in one step. */
static bool write_identity(const char *path, struct bytes certificate, struct bytes key, struct arena *arena,
                           struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(IDENTITY_LIMIT);
    struct bytes pem = {0}, raw;

    if (!certificate_to_pem(certificate, arena, &pem, err))
        return false;
    writer_put(&w, pem);
    writer_put(&w, key);
    return writer_done(&w, &raw, err) && file_replace(path, raw, 0600, err);
}

/* "https://HOST:8440" gives "http://HOST:8442". */
static bool content_address(struct text server, struct text told, struct arena *arena, struct text *out,
                            struct error *err)
{
    struct text place = text_part(server, sizeof("https://") - 1, SIZE_MAX);
    size_t colon = place.size;
    uint64_t port = 0;

    while (colon > 0 && place.at[colon - 1] != ':')
        colon--;
    if (told.size == 0 && !text_to_u64(text_part(place, colon, SIZE_MAX), &port, err))
        return error_at(err, "port");
    while (told.size > 0 && told.at[told.size - 1] == '/')
        told.size--;
    *out = told.size > 0 ? text_copy(arena, told)
                         : text_format(arena, "http://%.*s%llu", (int)colon, place.at,
                                       (unsigned long long)port + PORTS_BETWEEN);
    return out->at != NULL || arena_full(arena, err);
}

static bool take_identity(const struct agent_identity *identity, struct text server, struct arena *arena,
                          struct agent_enrolled *out, struct error *err)
{
    struct agent_enrolled got = {.server = server, .ring = identity->ring, .since_us = time_now_us()};

    memcpy(got.fleet, identity->fleet.at, sizeof(got.fleet));
    memcpy(got.host, identity->host.at, sizeof(got.host));
    memcpy(got.chunk_key, identity->chunk_key, sizeof(got.chunk_key));
    memcpy(got.plan_key, identity->plan_key, sizeof(got.plan_key));
    if (!content_address(server, identity->content, arena, &got.content, err))
        return false;
    *out = got;
    return true;
}

/* ---- enrolling ---- */

static bool ask_identity(const struct link_place *place, const struct enrol_token *token,
                         struct request *request, struct arena *arena, struct agent_identity *out,
                         struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(AGENT_SMALL_MAX);
    OWN(link_close) struct link link = {.helper = HELPER_NONE};
    struct os_names names = {0};
    struct link_answer answer;

    if (!make_request(arena, request, err) || !os_names(arena, &names, err))
        return false;
    struct agent_enrol message = {
        .protocol_min = AGENT_PROTOCOL_MIN,
        .protocol_max = AGENT_PROTOCOL,
        .fleet = token->fleet,
        .csr = request->csr,
        .host_name = text_part(names.host, 0, AGENT_NAME_MAX),
        .version = TEXT(VERSION_TEXT),
    };
    memcpy(message.secret, token->secret, sizeof(message.secret));
    memcpy(message.nonce, request->nonce, sizeof(message.nonce));
    agent_enrol_write(&w, &message);
    struct link_request call = {
        .method = LINK_POST, .path = AGENT_PATH_ENROLL, .answer_max = AGENT_SMALL_MAX};
    if (!writer_done(&w, &call.body, err) || !link_open(place, arena, &link, err) ||
        !link_request(&link, &call, &answer, err))
        return false;
    return answer.status == 200 ? agent_identity_parse(answer.body, out, err) &&
                                      check_identity(out, request, &token->fleet, err)
                                : link_refused("enrolment", &answer, err);
}

/* What belonged to another fleet is of no use to this one, and its counter would be a clone's. */
static bool forget(const struct state *state, struct arena *arena, struct error *err)
{
    static const char *const names[] = {"enrolled", "identity.pem", "counter",   "memory",
                                        "work",     "plan",         "inventory", "outbox.db"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const char *path = agent_state_path(state, arena, names[i]);
        if (path == NULL)
            return arena_full(arena, err);
        if (!file_remove(path, err))
            return false;
    }
    return true;
}

static bool begin(const struct enroll_request *request, struct arena *arena, struct state *state,
                  struct error *err)
{
    const char *folder;

    if (!state_folder(arena, &folder, err) || !state_open(folder, STATE_WRITE, state, err) ||
        !agent_state_make(state, arena, err))
        return false;
    if (agent_state_is_enrolled(state, arena) && !request->replace)
        return error_set(err, ERROR_CONFLICT,
                         "this machine is in a fleet already: suture agent status; --replace leaves it");
    return forget(state, arena, err);
}

bool enroll(const struct enroll_request *request, struct arena *arena, struct enroll_result *out,
            struct error *err)
{
    struct enroll_result got = {0};
    struct agent_settings settings;
    struct agent_identity identity = {0};
    struct enrol_token token;
    struct link_place place = {0};
    struct request made = {0};
    struct agent agent;
    struct state state;

    if (!enrol_token_parse(text_of(request->token), &token, err) ||
        !link_server_check(text_of(request->server), arena, &place.server, err) ||
        !agent_settings_read(arena, &settings, err) || !begin(request, arena, &state, err) ||
        !os_helper(arena, "suture-link", &place.program, err))
        return false;
    const char *ca = agent_state_path(&state, arena, "ca.pem"),
               *own = agent_state_path(&state, arena, "identity.pem");
    if (ca == NULL || own == NULL)
        return arena_full(arena, err);
    place.proxy = settings.proxy;
    if (!learn_authority(&place, &token, ca, arena, err))
        return false;
    place.ca = ca;
    if (!ask_identity(&place, &token, &made, arena, &identity, err) ||
        !check_authority(identity.ca, token.ca, err) ||
        !take_identity(&identity, place.server, arena, &got.enrolled, err) ||
        !write_identity(own, identity.certificate, made.key, arena, err) ||
        !agent_state_write(&state, arena, &got.enrolled, err) || !agent_open(&agent, arena, err))
        return false;
    got.pinned = enroll_pin(&agent, &got.pin_why);
    *out = got;
    return true;
}

/* ---- renewing ---- */

bool enroll_renew_is_due(const struct agent *agent)
{
    struct bytes pem, der;
    struct error ignored;
    const char *path;
    int64_t ends_us;

    if (!agent_path(agent, "identity.pem", &path, &ignored) ||
        !file_read(path, IDENTITY_LIMIT, agent->arena, &pem, &ignored) ||
        !certificate_from_pem(pem, agent->arena, &der, &ignored) ||
        !certificate_ends(der, &ends_us, &ignored))
        return true;
    return ends_us - agent->now_us < CERTIFICATE_HOST_US / 3 * 2;
}

bool enroll_renew(const struct agent *agent, struct link *link, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(AGENT_SMALL_MAX);
    struct agent_renew message = {.protocol_min = AGENT_PROTOCOL_MIN, .protocol_max = AGENT_PROTOCOL};
    struct link_request call = {.method = LINK_POST, .path = AGENT_PATH_RENEW, .answer_max = AGENT_SMALL_MAX};
    struct agent_identity identity;
    struct link_answer answer;
    struct fleet_id fleet;
    struct request made = {0};
    const char *path;

    if (!make_request(agent->arena, &made, err))
        return false;
    message.csr = made.csr;
    memcpy(message.nonce, made.nonce, sizeof(message.nonce));
    memcpy(fleet.at, agent->enrolled.fleet, sizeof(fleet.at));
    agent_renew_write(&w, &message);
    if (!writer_done(&w, &call.body, err) || !link_request(link, &call, &answer, err))
        return false;
    if (answer.status != 200)
        return link_refused("renewal", &answer, err);
    if (!agent_identity_parse(answer.body, &identity, err) || !check_identity(&identity, &made, &fleet, err))
        return false;
    if (memcmp(identity.host.at, agent->enrolled.host, sizeof(identity.host.at)) != 0)
        return error_set(err, ERROR_TRUST, "the server renews another machine than this one");
    struct agent_enrolled enrolled;
    if (!take_identity(&identity, agent->enrolled.server, agent->arena, &enrolled, err) ||
        !agent_path(agent, "identity.pem", &path, err))
        return false;
    enrolled.since_us = agent->enrolled.since_us;
    return write_identity(path, identity.certificate, made.key, agent->arena, err) &&
           agent_state_write(&agent->state, agent->arena, &enrolled, err);
}

/* ---- the repository ---- */

static bool fetch_root(const struct agent *agent, struct bytes *out, struct error *err)
{
    OWN(link_close) struct link link = {.helper = HELPER_NONE};
    struct text url = text_format(agent->arena, "%.*s" FIRST_ROOT, TEXT_ARG(agent->enrolled.content));
    struct link_request call = {
        .method = LINK_GET, .path = url.at, .plain = true, .answer_max = LIMIT_TUF_ROOT};
    struct link_answer answer;
    struct digest digest;

    if (url.at == NULL)
        return arena_full(agent->arena, err);
    if (!agent_link_plain(agent, &link, err) || !link_request(&link, &call, &answer, err))
        return error_at(err, "%s", url.at);
    if (answer.status != 200)
        return link_refused(url.at, &answer, err);
    if (!digest_bytes(DIGEST_SHA256, answer.body, &digest, err))
        return false;
    if (memcmp(digest.at, agent->enrolled.fleet, sizeof(agent->enrolled.fleet)) != 0)
        return error_set(err, ERROR_TRUST, "%s: is not the root of this fleet", url.at);
    *out = answer.body;
    return true;
}

bool enroll_pin(const struct agent *agent, struct error *err)
{
    const char *folder, *path = NULL;
    struct bytes root = {0};

    if (!config_path(TRUST_SETTINGS_FILE, agent->arena, &path, err) || path != NULL)
        return path != NULL;
    if (!fetch_root(agent, &root, err) || !config_folder(agent->arena, &folder, err))
        return false;
    const char *settings = file_path(agent->arena, folder, TRUST_SETTINGS_FILE);
    const char *root_path = file_path(agent->arena, folder, TRUST_SETTINGS_ROOT);
    struct text text = text_format(agent->arena, "repository: %.*s/repo/\nroot: " TRUST_SETTINGS_ROOT "\n",
                                   TEXT_ARG(agent->enrolled.content));
    if (settings == NULL || root_path == NULL || text.at == NULL)
        return arena_full(agent->arena, err);
    /* The settings come last: until they are there, nothing is pinned. */
    return file_make_folders(folder, 0755, err) && file_replace(root_path, root, 0644, err) &&
           file_create(settings, bytes_of_text(text), 0644, err);
}
