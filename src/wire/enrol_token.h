/*
 * The token by which a machine joins a fleet:
 *
 *     suture-enrol-1.BASE64URL      of SHA-256 of the CA's certificate (DER) 32, fleet id 32, secret 16; no padding: 107 characters
 *
 * It says whom the machine may believe before it says anything: the connection is only used when the server's chain ends in that CA.
 * The server keeps the secret's hash alone.
 */
#ifndef WIRE_ENROL_TOKEN_H
#define WIRE_ENROL_TOKEN_H

#include "wire/agent_message.h"

#define ENROL_TOKEN_START "suture-enrol-1."
#define ENROL_TOKEN_SIZE  (15 + 107)

struct enrol_token {
    uint8_t ca[32]; /* SHA-256 of its certificate */
    struct fleet_id fleet;
    uint8_t secret[16];
};

/* One token has one spelling. The error never repeats what was given. */
bool enrol_token_parse(struct text text, struct enrol_token *out, struct error *err) MUST_USE;
/* NUL-terminated. */
bool enrol_token_write(const struct enrol_token *token, char out[ENROL_TOKEN_SIZE + 1], struct error *err)
    MUST_USE;

#endif
