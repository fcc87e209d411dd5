/*
 * Calls of the fleet's server for people, /api/1, as the commands make them: one process (suture-link) for all of a command,
 * JSON in and out.
 */
#ifndef CLI_SERVER_CALL_H
#define CLI_SERVER_CALL_H

#include "cli/server_access.h"
#include "format/json.h"
#include "wire/link.h"

struct server_call {
    struct server_access access;
    struct link link;
    struct arena *arena;
};

/* Of the saved access. OWN(server_call_end). */
bool server_call_open(struct arena *arena, struct server_call *out, struct error *err) MUST_USE;
/* The same of another: without a token nobody has logged in yet. */
bool server_call_open_with(const struct server_access *access, struct arena *arena, struct server_call *out,
                           struct error *err) MUST_USE;
void server_call_end(struct server_call *call);

struct server_question {
    enum link_method method;
    const char *path;  /* "/api/1/hosts?limit=3": what comes from outside is put in by server_path */
    struct bytes body; /* JSON; empty: none */
};
/* What was answered, whatever its status. */
bool server_call_ask(struct server_call *call, const struct server_question *question,
                     struct link_answer *out, struct error *err) MUST_USE;
/*
 * The same, and what is no success is an error: its text is the server's, for people; ERROR_TRUST 401, 403, ABSENT 404, CONFLICT 409,
 * INPUT 400, LIMIT 413, 429 and 503. *document may be NULL; OWN(json_end).
 */
bool server_call_json(struct server_call *call, const struct server_question *question,
                      struct json_document *document, struct error *err) MUST_USE;
/* What such an answer is as an error. Always false. */
bool server_call_refused(const struct link_answer *answer, struct error *err);

/* "/api/1/" and these parts, NULL behind the last, each percent-encoded: in the arena, NULL when memory is out. */
const char *server_path(struct arena *arena, const char *const *parts);
/* "?name=value" or "&name=value" behind a path; an absent value adds nothing. */
const char *server_path_with(struct arena *arena, const char *path, const char *name, const char *value);

#endif
