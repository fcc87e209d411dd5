/*
 * For tests of /api/1: a server without a network, with a real database in a temporary folder, a clock and dice of the test's own.
 * Requests pass what the gate lets them pass: the table of routes, who asks, the permission. Only tests include this.
 */
#ifndef SERVER_API_TESTING_H
#define SERVER_API_TESTING_H

#include "base/testing.h"

#include "server/people.h"
#include "server/settings.h"
#include "store/fleet_write.h"

#define API_TESTING_PASSWORD "correct horse battery"

struct api_testing {
    char folder[64], store_path[128];
    struct server_settings settings;
    struct server server;
    struct fleet_store *store;
    struct arena arena; /* of one test */
    int64_t now_us;
    uint64_t dice;
    char once[PASSWORD_ONCE];
    const char *address; /* who asks comes from here */
};

struct api_answer {
    unsigned status;
    struct text body; /* NUL-terminated behind its end */
    uint32_t retry_after_s;
    struct text etag;
};

/* Setup and teardown of one test; *state is a struct api_testing. */
int api_testing_begin(void **state);
int api_testing_end(void **state);

struct api_asked {
    const char *token; /* NULL: nobody */
    const char *method, *target;
    const char *body; /* NULL: none */
};
struct api_answer api_testing_ask(struct api_testing *testing, const struct api_asked *asked);
/* A member of the answer that is a text; fails the test when there is none. */
const char *api_testing_text(struct api_testing *testing, const struct api_answer *answer, const char *name);

/* A write that must be done, by the committer. */
struct fleet_result api_testing_write(struct api_testing *testing, const struct fleet_write *write);

/* The administrator's session, whose one-time password is used up. */
const char *api_testing_admin(struct api_testing *testing);
/* A user with these roles, their password API_TESTING_PASSWORD, and their session. */
const char *api_testing_user(struct api_testing *testing, const char *admin, const char *name,
                             const char *roles);

#endif
