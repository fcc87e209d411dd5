/*
 * The folder in which people keep their repository, and what lies in it.
 *
 *     REPO/repository.json           {"schema": "suture.repository/1", "online": ["/etc/suture/online.key"]}
 *     REPO/staged/ROLE.json          what waits for signatures: the next version of a role, one at most
 *     REPO/objects/SHA256            the files that staged roles list
 *     REPO/public/                   what any HTTP server serves:
 *            metadata/N.ROLE.json, timestamp.json
 *            targets/DIR/SHA256.NAME
 *     REPO/next/                     the metadata that is being put together; REPO/lock
 *
 * A repository is read whole and judged by the code that machines have (trust/tuf_trusted.h). Whoever writes holds the
 * lock. Everything lives in the arena; documents are ended by repo_close.
 */
#ifndef TRUST_REPO_H
#define TRUST_REPO_H

#include "trust/tree_seats.h"
#include "trust/tuf_trusted.h"

#define REPO_SCHEMA     "suture.repository/1"
#define REPO_ONLINE_MAX 4

struct repo_staged {
    struct bytes raw; /* size 0: nothing waits */
    struct tuf_metadata metadata;
};

struct repo {
    struct arena *arena;
    const char *folder, *staged_folder, *objects, *metadata, *targets, *next;
    /* Where online keys are (a file or a PKCS#11 URI): the present one, and the one that is to come. */
    const char *online[REPO_ONLINE_MAX];
    size_t online_count;
    int lock;                      /* -1: only read */
    struct tuf_trusted *published; /* NULL: nothing yet. Nothing expires in it: the caller says what did */
    struct repo_staged staged[TREE_ROLE_COUNT]; /* by row of tree_roles */
};

enum repo_use { REPO_READ, REPO_WRITE };

/*
 * ERROR_ABSENT: no repository there. ERROR_CONFLICT: somebody else writes, or something staged was overtaken. REPO_WRITE
 * also clears away what an interrupted publishing left: staged files that are in force.
 */
bool repo_open(const char *folder, enum repo_use use, struct arena *arena, struct repo *out,
               struct error *err) MUST_USE;
void repo_close(struct repo *repo); /* OWN */

/*
 * What a folder of published metadata holds: the roots from 1 on, timestamp, snapshot, targets and all that it delegates.
 * now_us TIME_ABSENT: nothing expires (trust/tuf_trusted.h). ERROR_ABSENT: there is no timestamp.
 */
bool repo_read_metadata(const char *folder, int64_t now_us, struct arena *arena, struct tuf_trusted **out,
                        struct error *err) MUST_USE;
/* As a machine that knows the former state: its newest root and floors, then what the folder has now. */
bool repo_check_update(const char *former, const char *folder, int64_t now_us, struct arena *arena,
                       struct error *err) MUST_USE;

/* The version in force, NULL where there is none. */
const struct tuf_metadata *repo_in_force(const struct repo *repo, const struct tree_role *row);
/* What is to come: the staged one, else the one in force, else NULL. */
const struct tuf_metadata *repo_latest(const struct repo *repo, const struct tree_role *row);
/* Who may sign the role once all that waits is in force. key_count 0: nobody. */
struct tuf_role repo_role(const struct repo *repo, const struct tree_role *row);

/* How far the staged version of a role is. A new root needs enough of the old one too. */
struct repo_waiting {
    const struct tree_role *row;
    const struct tuf_metadata *metadata;
    struct {
        struct tuf_role role; /* without who proposed it, where that does not count */
        struct tuf_signers signers;
    } asked[2];
    size_t asked_count;
    bool enough;
    /* Enough of those who may sign from now on, and too few of those who may today: it goes out with the new root or targets. */
    bool held;
};
/* *out.metadata NULL: nothing waits. */
bool repo_weigh(const struct repo *repo, const struct tree_role *row, struct repo_waiting *out,
                struct error *err) MUST_USE;

/* Replaces repository.json. */
bool repo_write_settings(const char *folder, const char *const *online, size_t count, struct arena *arena,
                         struct error *err) MUST_USE;

/* *out: nothing is staged of the role, and what is in force has too few signatures of those who may give them from now on. */
bool repo_lacks_version(const struct repo *repo, const struct tree_role *row, bool *out, struct error *err)
    MUST_USE;

/* "FOLDER/VERSION.ROLE.json"; version 0: "FOLDER/ROLE.json". NULL: memory is out. */
char *repo_metadata_path(const char *folder, const char *role, uint64_t version, struct arena *arena);

#endif
