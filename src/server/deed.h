/*
 * A deed: one change that a person asked for, written into the database together with its row of the audit log: who, from
 * where, what, to what. Neither is there without the other.
 */
#ifndef SERVER_DEED_H
#define SERVER_DEED_H

#include "server/roles.h"
#include "server/server.h"
#include "store/fleet_write.h"

struct deed {
    const char *what;   /* "token.new" */
    struct text object; /* what it was done to: a host's id, a user's name, a number */
    struct text detail; /* JSON, or absent; never a secret */
};

/*
 * Writes it and waits until it is on the disk. What the database refuses becomes an error for the person: ERROR_ABSENT, ERROR_CONFLICT (somebody changed
 * it meanwhile, or the server is in quarantine), ERROR_LIMIT, ERROR_TRUST. result may be NULL.
 */
bool deed_write(struct server *server, const struct request *request, struct fleet_write *write,
                const struct deed *deed, struct fleet_result *result, struct error *err) MUST_USE;
/* The same, of sutured itself. */
bool deed_write_own(struct server *server, struct fleet_write *write, const struct deed *deed,
                    struct error *err) MUST_USE;
/* Its row of the audit log alone: for what changes nothing here, or was refused. */
bool deed_note(struct server *server, const struct request *request, const struct deed *deed,
               struct error *err) MUST_USE;

#endif
