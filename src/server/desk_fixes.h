/*
 * Fixes as the database knows them: named in words, numbered by the name, written once. For the desk alone.
 */
#ifndef SERVER_DESK_FIXES_H
#define SERVER_DESK_FIXES_H

#include "identify/fleet_index.h"
#include "server/desk.h"
#include "store/fleet_write.h"

/* "debian-12:openssl:3.0.17-1"; the third part is empty where there is no fix yet. */
bool desk_fix_name(const struct fleet_index_fix *fix, struct arena *arena, struct text *out,
                   struct error *err) MUST_USE;
/* Its row, with {"fixed", "ids": [...], "release", "source"} about it. */
bool desk_fix_write(struct server *server, const struct fleet_index_fix *fix, struct arena *arena,
                    struct fleet_write *out, struct error *err) MUST_USE;

/* The database's number of a fix that this process has written; false: it has not. Safe for any thread. */
bool desk_fix_known(struct server *server, uint32_t fix, int64_t *number);
void desk_fix_note(struct server *server, uint32_t fix, int64_t number);
/* A write failed: all are written again when they are met. */
void desk_fixes_forget(struct server *server);

#endif
