/*
 * What sutured needs on its disk, made where it is missing: at the first start all of it, later nothing. Stopped at any line,
 * the next start makes the rest.
 *
 *     DATA/keys/ca.key plan.key online.key(.pub)   the keeper's alone
 *     DATA/keys/keeper.state                       what it signed last
 *     DATA/ca.pem                                  the authority's certificate
 *     DATA/front/tls.key tls.pem                   the front's key, and its certificate with the authority's behind it
 *     DATA/front/chunk.key plan.pub                32 bytes each: the fleet's key of chunks, the public half of plan.key
 *     DATA/repo/                                   the fleet's TUF repository (trust/repo.h), when no other is set
 *     DATA/first-person/person.key(.pub) passphrase   who signs in it: to be moved away
 *     DATA/store/ content/ pulse/ advisories/
 *
 * The fleet's id is the SHA-256 of the first root.json of its repository.
 */
#ifndef SERVER_FIRST_START_H
#define SERVER_FIRST_START_H

#include "base/time.h"
#include "server/settings.h"
#include "wire/agent_message.h"

/* Where all of it lies; in the arena. */
struct server_paths {
    const char *data, *keys, *front, *authority, *tls_key, *tls_chain, *chunk_key, *plan_public;
    const char *store, *content, *pulse, *advisories;
    const char *repository;               /* with public/ below it */
    const char *public_folder, *metadata; /* public, public/metadata: what is published */
    const char *first_person;
};
bool server_paths_of(const struct server_settings *settings, struct arena *arena, struct server_paths *out,
                     struct error *err) MUST_USE;

struct first_start {
    struct fleet_id fleet;
    bool made_repository, made_authority;
};
/* Each start also issues the front's certificate anew, for the names that are set now. */
bool first_start(const struct server_settings *settings, const struct server_paths *paths, int64_t now_us,
                 struct first_start *out, struct error *err) MUST_USE;
/* The front's certificate alone; for one that runs longer than its certificate. */
bool first_start_certify(const struct server_settings *settings, const struct server_paths *paths,
                         int64_t now_us, struct error *err) MUST_USE;

/* The id of the fleet whose repository this is. */
bool first_start_fleet(const struct server_paths *paths, struct fleet_id *out, struct error *err) MUST_USE;

#endif
