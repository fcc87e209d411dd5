/*
 * Keys, roles and delegations of TUF metadata: what root and targets share. Only for tuf_metadata.c.
 */
#ifndef TRUST_TUF_METADATA_ROLES_H
#define TRUST_TUF_METADATA_ROLES_H

#include "trust/tuf_metadata.h"

/* All of one document, sorted by id. */
struct tuf_keys {
    const struct tuf_key *at;
    size_t count;
};

/* The member "keys" of root's signed part or of "delegations". */
bool tuf_keys_take(struct json object, struct arena *arena, struct tuf_keys *out, struct error *err) MUST_USE;
/* Members "keyids" and "threshold". */
bool tuf_role_take(struct json role, const struct tuf_keys *keys, struct arena *arena, struct tuf_role *out,
                   struct error *err) MUST_USE;
bool tuf_delegations_take(struct json delegations, struct arena *arena, const struct tuf_delegation **out,
                          size_t *count, struct error *err) MUST_USE;

#endif
