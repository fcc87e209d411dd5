/*
 * The keeper: the one process that holds the CA's key and the online key, and does four things with them (keeper_message.h).
 *
 * It distrusts the front, which talks to the network. What it signs it has read itself: a plan is parsed, must be the
 * canonical form, of this fleet, of about now, and newer than the last; a pulse not older than the last; a head of the
 * audit log never shorter. So who owns the front may issue certificates for hosts and say what a plan can say (when, among
 * what others vouch for), but cannot sign other bytes, take back what was said, or carry the keys away. What was signed last is durable before
 * a signature is given.
 */
#ifndef SERVER_KEEPER_H
#define SERVER_KEEPER_H

#include "server/keeper_message.h"
#include "trust/certificate.h"
#include "trust/signature.h"

/* A front whose clock is further away is refused: its dates would hold for years. */
#define KEEPER_CLOCK_US (5 * TIME_MINUTE_US)

struct keeper {
    struct certificate_authority authority;
    struct secret_key key; /* of plans, pulses and audit heads */
    struct fleet_id fleet;
    const char *state_path; /* keys/keeper.state */
    struct {
        uint64_t plan, pulse, audit;
    } last;
};

/* keys: the folder. authority_der: ca.pem's. Paths live in the arena. OWN(keeper_close). */
bool keeper_open(const char *keys, struct bytes authority_der, struct arena *arena, struct keeper *out,
                 struct error *err) MUST_USE;
void keeper_close(struct keeper *keeper);

/* Always writes an answer. now_us: the keeper's own clock. */
void keeper_answer(struct keeper *keeper, struct bytes raw, int64_t now_us, struct writer *answer);

/* The key of plans: a file of 64 hexadecimal digits, secret and public half behind each other. */
bool keeper_key_make(const char *path, struct public_key *out, struct error *err) MUST_USE;

#endif
