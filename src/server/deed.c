#include "server/deed.h"

#include "base/limits.h"
#include "base/own.h"
#include "server/committer.h"

/* What the database says no to, as the gate answers it. */
static const enum error_kind kinds[FLEET_OUTCOME_COUNT] = {
    [FLEET_OUTCOME_UNKNOWN] = ERROR_SYSTEM,      [FLEET_OUTCOME_DONE] = ERROR_NONE,
    [FLEET_OUTCOME_ABSENT] = ERROR_ABSENT,       [FLEET_OUTCOME_CONFLICT] = ERROR_CONFLICT,
    [FLEET_OUTCOME_REFUSED] = ERROR_TRUST,       [FLEET_OUTCOME_LACKS] = ERROR_CONFLICT,
    [FLEET_OUTCOME_GAP] = ERROR_CONFLICT,        [FLEET_OUTCOME_LIMIT] = ERROR_LIMIT,
    [FLEET_OUTCOME_QUARANTINE] = ERROR_CONFLICT,
};

static bool write_audited(struct server *server, struct fleet_write *write, const struct fleet_audit *audit,
                          struct fleet_result *out, struct error *err)
{
    struct fleet_result result = {0};

    write->audit = audit;
    bool written = committer_write(server->committer, write, 1, &result, err);
    write->audit = NULL; /* the caller's write may live longer than the row */
    if (!written)
        return error_at(err, "not written");
    if (result.outcome != FLEET_OUTCOME_DONE)
        return error_set(err, kinds[result.outcome], "%s: %s", audit->deed.at, result.why);
    if (out != NULL)
        *out = result;
    return true;
}

/* Who it was: a person who logged in, or a program with a token of theirs; nobody when a login failed. */
static struct text actor_of(const struct request *request)
{
    const struct request_principal *principal = &request->principal;

    if (principal->roles == ROLE_NONE)
        return TEXT("nobody");
    if (principal->session)
        return text_format(request->arena, "user:%.*s", TEXT_ARG(principal->name));
    return text_format(request->arena, "token:%llu:%.*s", (unsigned long long)principal->token,
                       TEXT_ARG(principal->name));
}

bool deed_write(struct server *server, const struct request *request, struct fleet_write *write,
                const struct deed *deed, struct fleet_result *result, struct error *err)
{
    const struct fleet_audit audit = {
        .at_us = request->now_us,
        .actor = actor_of(request),
        .from = request->peer.address,
        .deed = text_of(deed->what),
        .object = deed->object,
        .detail = deed->detail,
    };

    if (audit.actor.at == NULL)
        return arena_full(request->arena, err);
    return write_audited(server, write, &audit, result, err);
}

bool deed_write_own(struct server *server, struct fleet_write *write, const struct deed *deed,
                    struct error *err)
{
    const struct fleet_audit audit = {
        .at_us = server_now_us(server),
        .actor = TEXT("sutured"),
        .from = TEXT("here"),
        .deed = text_of(deed->what),
        .object = deed->object,
        .detail = deed->detail,
    };

    return write_audited(server, write, &audit, NULL, err);
}

bool deed_note(struct server *server, const struct request *request, const struct deed *deed,
               struct error *err)
{
    struct fleet_write write = {.kind = FLEET_WRITE_AUDIT};

    return deed_write(server, request, &write, deed, NULL, err);
}
