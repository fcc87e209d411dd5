/*
 * A published repository as people look at it: each role, its age, who signed it, and whether a machine that sees it for
 * the first time believes the whole of it.
 */
#ifndef TRUST_REPO_VIEW_H
#define TRUST_REPO_VIEW_H

#include "trust/repo.h"

/* When people are told that what they signed expires. */
#define REPO_SOON_US (30 * TIME_DAY_US)

enum repo_age {
    REPO_AGE_UNKNOWN,
    REPO_AGE_GOOD,
    REPO_AGE_SOON,  /* people have to sign it again before long */
    REPO_AGE_STALE, /* older than it is meant to be */
    REPO_AGE_EXPIRED,
    REPO_AGE_COUNT
};
const char *repo_age_name(enum repo_age age); /* "good", "expires-soon", "stale", "expired" */

struct repo_view_role {
    struct text name;
    const struct tree_role *row; /* NULL: a role that this version does not know */
    const struct tuf_metadata *metadata;
    struct tuf_role role;
    struct tuf_signers signers;
    int64_t made_us; /* TIME_ABSENT: it does not say */
    enum repo_age age;
};

struct repo_view {
    struct tuf_trusted *read; /* the documents; NULL: they cannot be read at all, and why says so */
    bool whole;               /* a new machine believes all of it, and every file is there */
    struct error why;         /* it is not */
    bool solo;
    struct digest first_root; /* SHA-256 of 1.root.json, which machines pin */
    struct repo_view_role *roles;
    size_t role_count;
    size_t file_count; /* of targets */
    uint64_t file_bytes;
};

/* False only when nothing can be looked at: ERROR_ABSENT, nothing is published there. OWN(repo_view_end). */
bool repo_view_read(const char *metadata, const char *targets, int64_t now_us, struct arena *arena,
                    struct repo_view *out, struct error *err) MUST_USE;
void repo_view_end(struct repo_view *view);

#endif
