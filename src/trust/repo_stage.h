/*
 * Staging: what people ask for becomes the next version of a role, in REPO/staged, where it waits for signatures.
 *
 * A change of what waits already begins with what waits; its signatures are lost, for they were given for something else.
 */
#ifndef TRUST_REPO_STAGE_H
#define TRUST_REPO_STAGE_H

#include "trust/repo.h"

/*
 * Makes a repository: every role of the tree waits for its people. The folder is absent or empty. online: where the key is
 * that seats name for the server.
 */
bool repo_init(const char *folder, const struct tree_seats *seats, const char *online, int64_t now_us,
               struct arena *arena, struct error *err) MUST_USE;

struct repo_change {
    const struct tree_role *row;
    struct text path;        /* of the target */
    const char *file;        /* its bytes, in a file */
    struct bytes raw;        /* or here; neither: it is taken away */
    struct text proposed_by; /* may be absent */
    int64_t now_us;
};

/* What came of it. */
struct repo_changed {
    uint64_t version;
    size_t lost; /* signatures that were there for what waited before */
    struct tuf_file file;
};

/*
 * ERROR_INPUT "scope: ...": the role does not speak for the path. ERROR_ABSENT: there is no such target. ERROR_CONFLICT:
 * it is listed with these very bytes already.
 */
bool repo_change(struct repo *repo, const struct repo_change *change, struct repo_changed *out,
                 struct error *err) MUST_USE;
/* The next version of what is in force, with nothing changed but its dates: for a role that expires. */
bool repo_renew(struct repo *repo, const struct tree_role *row, int64_t now_us, struct error *err) MUST_USE;

/*
 * A new root, and with it each role whose seats it changes: targets when it delegates to others, and every role that those
 * who signed it may no longer sign for. online: NULL as before. *lost: signatures that were given for a root that waited.
 */
bool repo_rotate(struct repo *repo, const struct tree_seats *seats, const char *online, int64_t now_us,
                 size_t *lost, struct error *err) MUST_USE;

/* Attaches a signature that was printed elsewhere, after it was verified. ERROR_TRUST: it holds for nobody of the role. */
bool repo_attach(struct repo *repo, const struct tree_role *row, const struct tuf_signature *signature,
                 struct error *err) MUST_USE;

#endif
