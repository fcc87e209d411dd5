/*
 * Orders in a repository: what `suture order` writes, and what lies there.
 *
 * An order that is staged becomes a target of the next version of the role of its kind, where it waits for signatures as
 * any change does (trust/repo_stage.h); who made it is who proposes that version.
 */
#ifndef TRUST_REPO_ORDERS_H
#define TRUST_REPO_ORDERS_H

#include "trust/repo_stage.h"
#include "trust/signed_order.h"

/* Writes a named order in canonical form and stages it. ERROR_INPUT, ERROR_LIMIT: it breaks a rule, and nothing was changed. */
bool repo_orders_stage(struct repo *repo, const struct signed_order *order, struct repo_changed *out,
                       struct error *err) MUST_USE;

enum repo_order_state {
    REPO_ORDER_UNKNOWN,
    REPO_ORDER_WAITS,     /* staged alone: nobody obeys it yet */
    REPO_ORDER_NOT_BEGUN, /* published, and begins later than now */
    REPO_ORDER_HOLDS,     /* published, and has effect */
    REPO_ORDER_ENDED, /* published, and past its end; a block too that one person signed and that decayed */
    REPO_ORDER_STATE_COUNT
};
const char *
repo_order_state_name(enum repo_order_state state); /* "waits", "not-begun", "in-force", "ended" */

struct repo_order {
    const struct tree_role *row;
    struct text path;
    struct error why; /* kind other than NONE: it could not be read, and `order` is empty */
    struct signed_order order;
    enum repo_order_state state;
    bool leaves; /* the staged version of the role does not list it any more */
    /* Those who signed the version of the role that lists it, and how many it takes. */
    struct tuf_signers signers;
    uint32_t threshold;
    int64_t end_us; /* with these signers: a block of one person ends early */
};

struct repo_orders {
    struct repo_order *at;
    size_t count;
};

/* All that are published or staged, by kind and id. In the repository's arena. */
bool repo_orders_list(const struct repo *repo, int64_t now_us, struct repo_orders *out, struct error *err)
    MUST_USE;

#endif
