/*
 * Orders: what people sign and machines obey. Each is a target of the role that may give it (trust/tree.h), a small
 * canonical JSON file; the signatures are those of the role's metadata that lists it by hash.
 *
 *     {"schema": "suture.order/1", "kind": "crisis", "id": "2026-11-22-9f3a1c07", "made": "2026-11-22T00:10:00Z",
 *      "ends": "2026-12-06T00:00:00Z", "by": "anna", "reason": "exploited hole in the VPN", ...}
 *
 *     kind       path below the role          more members
 *     crisis     orders/crisis/ID.json        "level": "essential" | "emergency-only"; at most 30 days
 *     block      orders/block/ID.json         "package", and "versions" or "sha256" (lists); "everything": true stops all
 *     approval   orders/approval/ID.json      "package", "version", "arch", "sha256", "powers": digest of what the person
 *                                             was shown (model/power.h), "lifts": ["powers", "wait", "new-package"]
 *     policy     policy/policy.yaml           the policy file itself: no JSON; its order is the role's metadata
 *
 * A block without versions and sha256 is of every version of its package. Blocks and approvals last 366 days at most.
 *
 * An order never holds a command, an argument, a URL or an answer (trust.md 4): a member that its kind does not have is
 * refused, and so is a text with characters that do not show (base/visible.h). One that is past its end has no effect,
 * one that begins later than now neither; a block that only one person signed decays 72 hours after it was made.
 */
#ifndef TRUST_SIGNED_ORDER_H
#define TRUST_SIGNED_ORDER_H

#include "base/digest.h"
#include "base/time.h"
#include "model/decision.h"

#define SIGNED_ORDER_SCHEMA         "suture.order/1"
#define SIGNED_ORDER_BLOCK_DECAY_US (72 * TIME_HOUR_US)

enum signed_order_kind {
    SIGNED_ORDER_UNKNOWN,
    SIGNED_ORDER_CRISIS,
    SIGNED_ORDER_BLOCK,
    SIGNED_ORDER_APPROVAL,
    SIGNED_ORDER_KIND_COUNT
};
const char *signed_order_kind_name(enum signed_order_kind kind); /* "crisis" */
enum signed_order_kind signed_order_kind_find(struct text name); /* UNKNOWN: none of that name */

/* Bits of `lifts`. */
enum { SIGNED_ORDER_LIFTS_POWERS = 1, SIGNED_ORDER_LIFTS_WAIT = 2, SIGNED_ORDER_LIFTS_NEW_PACKAGE = 4 };
/* In the order in which an order lists them; ends with a name of NULL. */
extern const struct signed_order_lift {
    const char *name; /* "powers" */
    unsigned bit;
    const char *what; /* "although it brings new powers" */
} signed_order_lifts[];

struct signed_order {
    enum signed_order_kind kind;
    struct text id, by, reason;
    int64_t made_us, ends_us;
    enum level level;                   /* CRISIS */
    struct text package, arch, version; /* BLOCK: package alone; APPROVAL: all */
    const struct text *versions;        /* BLOCK */
    size_t version_count;
    const struct digest *digests; /* BLOCK; APPROVAL: exactly one. SHA-256 */
    size_t digest_count;
    bool everything;      /* BLOCK */
    struct digest powers; /* APPROVAL; kind UNKNOWN: it lifts none */
    unsigned lifts;
};

/* Its id, "2026-11-22-9f3a1c07": the day it was made and `random`. False when memory is out. */
bool signed_order_name(struct signed_order *order, uint32_t random, struct arena *arena, struct error *err)
    MUST_USE;
/*
 * The target's path: "orders/crisis/ID.json"; at == NULL when memory is out. And the other way: ERROR_INPUT when an order of
 * this kind and id does not belong at that path.
 */
struct text signed_order_path(const struct signed_order *order, struct arena *arena);
bool signed_order_check_path(const struct signed_order *order, struct text path, struct error *err) MUST_USE;
/* True of a path below orders/: what lies there is an order or broken. */
bool signed_order_is_path(struct text path);

/* Rules beside the grammar, of an order that somebody made: lengths, what its kind needs. */
bool signed_order_check(const struct signed_order *order, struct error *err) MUST_USE;
/* ERROR_INPUT: not such an order, or not in canonical form; ERROR_LIMIT: longer, or lasts longer, than it may. */
bool signed_order_parse(struct bytes raw, struct arena *arena, struct signed_order *out, struct error *err)
    MUST_USE;
bool signed_order_write(struct writer *w, const struct signed_order *order, struct error *err) MUST_USE;
/* What a person reads before signing: sentences, one a line. */
void signed_order_tell(struct writer *w, const struct signed_order *order);

/* Until when it has effect, when `persons` distinct ones signed it: its end, or a block's decay. */
int64_t signed_order_end_us(const struct signed_order *order, size_t persons);
/* Whether it has effect at that time. */
bool signed_order_holds(const struct signed_order *order, size_t persons, int64_t now_us);

#endif
