/*
 * What an operator does with a whole database of the fleet: copy it into another, back it up, put a backup in its place, drop old
 * months. `sutured store`, `sutured backup` and `sutured restore` are these with words around them.
 */
#ifndef STORE_FLEET_KEEP_H
#define STORE_FLEET_KEEP_H

#include "store/fleet.h"

/* What was copied, or is there. */
struct fleet_copied {
    uint64_t tables, rows;
    uint8_t
        digest[32]; /* SHA-256 over every row of every table, in the order of their keys: the same in both */
};

/*
 * Everything of one database into another that must be empty (ERROR_CONFLICT otherwise), from one state of it, while it is
 * used; in one transaction, so that the other has all of it or nothing. Before it is committed both are read again and compared, row by
 * row by digest: ERROR_TRUST when they differ. What is written into `from` behind that state is not in the copy: whoever
 * moves stops sutured first.
 */
bool fleet_store_copy(struct fleet_store *from, struct fleet_store *to, struct fleet_copied *out,
                      struct error *err) MUST_USE;
/* Count and digest of all that is in it. */
bool fleet_store_digest(struct fleet_store *store, struct fleet_copied *out, struct error *err) MUST_USE;

/* A copy of it as one file, whatever database it is: an SQLite file without a log beside it, which says of when it is. The file must not be there. */
bool fleet_store_backup(struct fleet_store *store, const char *path, int64_t now_us, struct fleet_copied *out,
                        struct error *err) MUST_USE;
/*
 * A backup into an empty database, which is then in quarantine (struct fleet_state); enrolment and API tokens in it are
 * revoked, since they may have been used up or revoked after the backup was made.
 */
bool fleet_store_restore(const char *path, struct fleet_store *to, int64_t now_us, struct fleet_copied *out,
                         struct error *err) MUST_USE;

/* The history (events, changes of inventories) of whole months before this time. What hosts are, have and lack stays. */
bool fleet_store_drop_months(struct fleet_store *store, int64_t before_us, size_t *dropped, struct error *err)
    MUST_USE;
/* Chunks that no host has, no change of the kept months names and that came before this time. */
bool fleet_store_drop_chunks(struct fleet_store *store, int64_t before_us, size_t *dropped, struct error *err)
    MUST_USE;

#endif
