/*
 * The plan of a fleet: what the server alone says, as one signed state. It chooses when, among what others vouch for; never
 * bytes, commands or addresses.
 *
 *     "SAG1"   u8[64] signature: Ed25519 by the plan key, of all that follows   then canonical JSON:
 *
 *     {"advisories":{"generation":17,"sha256":"9f86...","size":5123456},     absent: the server has none
 *      "fleet":"3b1c...","generation":42,"interval_s":600,"made":"2026-11-22T04:00:00Z",
 *      "now":[{"by":"anna","class":"security","ends":"2026-11-29T04:00:00Z","fix":"CVE-2026-12345","id":"4b2f...",
 *              "made":"...","reason":"..."}],
 *      "repository":9,"schema":"suture.fleet-plan/1"}
 *
 * generation only grows: an agent refuses an older one. `advisories` is a bundle (store/generation_bundle.h) that lies below
 * /content/ by its hash. `now` are the orders "patch now" in force: of a hole or of a source package, whose eligible fix
 * then needs no window. `repository` is the version of the TUF timestamp that the server serves.
 */
#ifndef WIRE_FLEET_PLAN_H
#define WIRE_FLEET_PLAN_H

#include "base/digest.h"
#include "base/time.h"
#include "wire/agent_message.h"

#define FLEET_PLAN_NOW    256
#define FLEET_PLAN_ID_MAX 64 /* of an order: letters, digits, '-' */
#define FLEET_PLAN_HEAD   68

struct fleet_now {
    struct text id, fix, class, by,
        reason; /* fix: "CVE-..." or a source package's name; class: "security" or "functional" */
    int64_t made_us, ends_us;
};
struct fleet_plan {
    struct fleet_id fleet;
    uint64_t generation;
    int64_t made_us;
    uint32_t interval_s;
    uint64_t advisories;             /* generation; 0: none */
    struct digest advisories_digest; /* SHA-256, when there is one */
    uint64_t advisories_size;
    uint64_t repository;
    const struct fleet_now *now;
    size_t now_count;
};

/* The canonical JSON: what is signed. */
void fleet_plan_write(struct writer *w, const struct fleet_plan *plan);
/* Texts and now[] are in the arena. */
bool fleet_plan_parse(struct bytes json, struct arena *arena, struct fleet_plan *out, struct error *err)
    MUST_USE;

/* The whole body: head and JSON. */
void fleet_plan_seal(struct writer *w, const uint8_t signature[64], struct bytes json);
/* ERROR_TRUST: the signature does not hold. The JSON points into raw. */
bool fleet_plan_open(struct bytes raw, const uint8_t plan_key[32], struct bytes *json, struct error *err)
    MUST_USE;

#endif
