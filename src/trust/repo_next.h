/*
 * The folder of metadata that is to take the place of the published one: what is new, and what machines in the middle of
 * an update still ask for. A step of trust/repo_publish.h.
 */
#ifndef TRUST_REPO_NEXT_H
#define TRUST_REPO_NEXT_H

#include "trust/repo.h"

/* One role as it will be published. */
struct repo_document {
    const struct tuf_metadata *metadata;
    struct bytes raw; /* of a fresh one */
    bool fresh;       /* not published yet */
};

/* Older versions that a snapshot names which was in force after a given time. OWN(repo_history_end). */
struct repo_history {
    struct tuf_metadata *at; /* snapshots and roles that list files */
    const char **names;      /* "3.policy.json" */
    size_t count, capacity;
};
bool repo_next_history(const struct repo *repo, const struct repo_document *snapshot, int64_t since_us,
                       struct repo_history *out, struct error *err) MUST_USE;
void repo_history_end(struct repo_history *history);

/* Makes REPO/next anew, durably: all roots, the history, and the documents (by row of tree_roles). */
bool repo_next_build(const struct repo *repo, const struct repo_document *documents,
                     const struct repo_history *history, struct error *err) MUST_USE;

#endif
