#include "server/tokens.h"

#include "base/own.h"
#include "server/deed.h"
#include "server/readers.h"
#include "store/fleet_read.h"

static bool read_page(struct server *server, struct request *request, struct text user, int64_t after,
                      struct fleet_api_tokens *out, struct error *err)
{
    OWN(readers_give) struct reader_lease lease = {0};

    return readers_take(server, &lease, err) &&
           fleet_store_api_tokens(lease.store, user, true, after, request->arena, out, err);
}

static bool end_one(struct server *server, struct request *request, const struct fleet_api_token *token,
                    struct error *err)
{
    struct fleet_write write = {.kind = FLEET_WRITE_API_TOKEN, .api_token = *token};
    struct deed deed = {token->session ? "session.end" : "api-token.revoke",
                        text_format(request->arena, "%lld", (long long)token->number),
                        {0}};

    write.api_token.revoked_us = request->now_us;
    return deed_write(server, request, &write, &deed, NULL, err);
}

bool tokens_end(struct server *server, struct request *request, struct text user, enum tokens_which which,
                struct error *err)
{
    struct fleet_api_tokens page = {0};
    int64_t after = 0;

    do {
        if (!read_page(server, request, user, after, &page, err))
            return false;
        for (size_t i = 0; i < page.count; i++) {
            const struct fleet_api_token *token = &page.at[i];
            bool good = token->revoked_us == 0 && token->ends_us > request->now_us;
            after = token->number;
            if (good && (which == TOKENS_ALL || token->session) && !end_one(server, request, token, err))
                return false;
        }
    } while (page.count > 0);
    return true;
}
