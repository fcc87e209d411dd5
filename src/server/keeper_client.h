/*
 * The front's way to the keeper (sutured-keeper), which alone holds the CA's key and the online keys. One question at a
 * time goes over the socket; callers of other threads wait for their turn, which takes milliseconds. The keeper judges
 * each wish for itself (keeper.h) and refuses what it may not do.
 */
#ifndef SERVER_KEEPER_CLIENT_H
#define SERVER_KEEPER_CLIENT_H

#include "wire/agent_message.h"
#include "wire/fleet_plan.h"

struct keeper_client;

/* fd: the socket to the keeper; the client's from here on. OWN(keeper_client_close). */
bool keeper_client_open(int *fd, struct keeper_client **out, struct error *err) MUST_USE;
void keeper_client_close(struct keeper_client **keeper);

struct keeper_wish {
    struct host_id host;
    struct bytes request; /* PKCS #10, DER */
    int64_t now_us;
};
/*
 * A certificate for this host: subject and dates are the keeper's, the request gives the key alone. ERROR_TRUST: the
 * request's own signature does not hold, or its key is none of P-256. ERROR_INPUT: it is no request.
 */
bool keeper_issue(struct keeper_client *keeper, const struct keeper_wish *wish, struct arena *arena,
                  struct bytes *certificate, struct error *err) MUST_USE;
/* The whole body of SAG1. ERROR_CONFLICT: its generation is not above the last that was signed. */
bool keeper_sign_plan(struct keeper_client *keeper, const struct fleet_plan *plan, struct arena *arena,
                      struct bytes *out, struct error *err) MUST_USE;
/* Fills in pulse->signature. ERROR_CONFLICT: its generation is below the last. */
bool keeper_sign_pulse(struct keeper_client *keeper, struct agent_pulse *pulse, struct error *err) MUST_USE;

struct keeper_audit {
    uint64_t count;   /* of entries */
    uint8_t head[32]; /* the last one's hash */
    int64_t now_us;
};
/* Of "suture-audit-1", count, head and time (keeper_message.h). ERROR_CONFLICT: there were more entries before. */
bool keeper_sign_audit(struct keeper_client *keeper, const struct keeper_audit *audit, uint8_t signature[64],
                       struct error *err) MUST_USE;

#endif
