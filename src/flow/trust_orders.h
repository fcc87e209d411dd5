/*
 * What a role of the repository signs beside its metadata: orders, and the policy. One step of flow/trust_refresh.h.
 *
 * A role gives orders of its own kind alone, at the place where they belong; whatever else it lists is told and left. What
 * was seen before keeps the time when it was seen first.
 */
#ifndef FLOW_TRUST_ORDERS_H
#define FLOW_TRUST_ORDERS_H

#include "store/trust_record.h"
#include "trust/tuf_client.h"

struct trust_orders {
    struct tuf_client *client;
    const char *folder;  /* trust/ in the state folder */
    struct arena *arena; /* of what is remembered */
    int64_t now_us;      /* that new ones are seen at */
    const struct trust_record *former;
    struct trust_record *record; /* filled: orders, policy */
    struct trust_order *orders;  /* of LIMIT_TRUST_ORDERS */
};

/* Adds the role's orders, or takes its policy. *problem: why some could not be taken; empty: all were. */
bool trust_orders_take(struct trust_orders *orders, const struct tuf_delegation *delegation,
                       const struct tuf_metadata *role, uint32_t persons, struct text *problem,
                       struct error *err) MUST_USE;
/* The role could not be believed: what it ordered before stays, but for approvals. */
bool trust_orders_keep(struct trust_orders *orders, struct text role, struct error *err) MUST_USE;
/* Puts the policy into force that has waited long enough. */
void trust_orders_end(struct trust_orders *orders);

#endif
