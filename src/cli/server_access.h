/*
 * The server that this user's commands talk to, and what lets them in: written by `suture login`, in the folder of
 * configuration (flow/config_path.h).
 *
 *     server.yaml       0600: address, user, token and its end
 *     server-ca.pem     the CA that alone is believed for that server
 *
 * The token is a session's, or one from the environment: SUTURE_TOKEN, for scripts, with the same address and CA.
 */
#ifndef CLI_SERVER_ACCESS_H
#define CLI_SERVER_ACCESS_H

#include "base/bytes.h"

#define SERVER_ACCESS_FILE "server.yaml"
#define SERVER_ACCESS_CA   "server-ca.pem"

struct server_access {
    struct text server; /* "https://HOST:PORT" */
    struct text user, token, ends;
    const char *ca; /* path of the PEM file */
};

/* ERROR_ABSENT: nobody has logged in; ERROR_TRUST: the file is not this user's alone to write. Everything is in the arena. */
bool server_access_read(struct arena *arena, struct server_access *out, struct error *err) MUST_USE;
/* The same from bytes, for tests; `folder` is where the CA's file lies. */
bool server_access_parse(struct bytes raw, struct text name, const char *folder, struct arena *arena,
                         struct server_access *out, struct error *err) MUST_USE;

/* Where the CA is to be kept, in the arena; the folder is made. */
bool server_access_keep_ca(struct bytes pem, struct arena *arena, const char **path, struct error *err)
    MUST_USE;
bool server_access_keep(const struct server_access *access, struct arena *arena, struct error *err) MUST_USE;
/* Logged out: the token is forgotten. */
bool server_access_forget(struct arena *arena, struct error *err) MUST_USE;

#endif
