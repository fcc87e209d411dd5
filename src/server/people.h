/*
 * The people of a fleet: users, and the sessions and API tokens that they ask with.
 *
 * A session is an API token that a login made: it lasts PEOPLE_SESSION_US and has all roles of its user. Tokens are kept by
 * their hash (api_token.h), passwords as yescrypt (password.h), tries are slowed (lockout.h). What a user may do is looked
 * up at each request: a role that was taken is gone at once, from every token of theirs.
 *
 * A one-time password is good for one thing: to log in and set another one, in the same request. Then it is no password
 * any more; nor is it after PEOPLE_ONCE_US.
 *
 * Safe from any thread. Logins beyond LIMIT_LOGINS at a time are told to come again: each takes 32 MiB and a tenth of a second.
 */
#ifndef SERVER_PEOPLE_H
#define SERVER_PEOPLE_H

#include "server/password.h"
#include "server/server.h"
#include "store/fleet.h"

struct people;

#define PEOPLE_SESSION_US   (8 * TIME_HOUR_US)
#define PEOPLE_TOKEN_US     (90 * TIME_DAY_US)  /* an API token's length when none is said */
#define PEOPLE_TOKEN_MAX_US (366 * TIME_DAY_US) /* and the longest */
#define PEOPLE_ONCE_US      (7 * TIME_DAY_US)
#define PEOPLE_FIRST_USER   "admin"
#define PEOPLE_NAME_MAX     64

/* Its row in parts.c, behind readers_part and the committer's; sets server->guards for people. */
extern const struct server_part people_part;

/*
 * Who asks, by the field Authorization: fills request->principal. Without that field: nobody, and true. ERROR_TRUST (401,
 * whose text says no more): the token is not known, has ended or was revoked, or its user is gone. The gate then holds the roles
 * against the row's permission.
 */
bool people_identify(struct server *server, struct request *request, struct error *err) MUST_USE;

/*
 * At the first start, when the store has no user: makes the one called PEOPLE_FIRST_USER, who has every role and a one-time
 * password, which is told here and never again. ERROR_CONFLICT: there are users.
 */
bool people_make_first(struct server *server, char once[PASSWORD_ONCE], struct error *err) MUST_USE;

/* ---- for the routes ---- */

/* Letters, digits, '.', '_', '-', '@': what can be said at a telephone. */
bool people_check_name(struct text name, struct error *err) MUST_USE;

struct people_login {
    struct text user, password, new_password; /* the last absent, unless it is wanted */
};
enum people_answer {
    PEOPLE_UNKNOWN,
    PEOPLE_WRONG,     /* name or password, nobody is told which */
    PEOPLE_SLOW,      /* wait_us first */
    PEOPLE_BUSY,      /* too many others just now */
    PEOPLE_NEEDS_NEW, /* the password was right, but for once: with a new one it will do */
    PEOPLE_KNOWN,
};
/* Whether this is the user's password, tried from request's address; *user is what is stored, in the request's arena. Changes nothing but the count of tries. */
struct people_tried {
    enum people_answer answer;
    int64_t wait_us;
    struct fleet_user user; /* of NEEDS_NEW and KNOWN */
};
bool people_try(struct server *server, struct request *request, const struct people_login *login,
                struct people_tried *out, struct error *err) MUST_USE;

/* The password's hash with a new salt, in the arena. */
bool people_hash(struct server *server, struct text password, struct arena *arena, struct text *out,
                 struct error *err) MUST_USE;

#endif
