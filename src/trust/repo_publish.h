/*
 * Publishing: what enough people have signed becomes what machines see, whole and at once.
 *
 * What is published is put together beside, in REPO/next: new versions of roles, a snapshot of all, a timestamp; and what
 * machines in the middle of an update still ask for. That folder is then judged twice by the code that machines have: as
 * one that begins with the first root, and as one that knows the state before. Only then it takes the place of
 * public/metadata, in one exchange of two names, so that a reader sees the one or the other. Files of targets are there
 * before, and those that nobody needs go afterwards.
 *
 * Whatever is staged and has too few signatures, or only makes sense together with something that has, goes on waiting.
 * With nothing to publish the timestamp is renewed, and whatever of the server's is past the half of its life.
 */
#ifndef TRUST_REPO_PUBLISH_H
#define TRUST_REPO_PUBLISH_H

#include "trust/repo.h"

/* How long a machine may take for one update: what it began with stays there. */
#define REPO_KEEP_US TIME_DAY_US

struct repo_publish {
    const struct signer *signers; /* the online keys that could be opened */
    size_t signer_count;
    int64_t now_us;
};

struct repo_published {
    uint64_t versions[TREE_ROLE_COUNT]; /* those that are new, by row; 0: unchanged */
    size_t removed;                     /* files that nobody needs any more */
};

/*
 * ERROR_TRUST "threshold: ...": before the first publishing every role needs its signatures, and says which lacks them.
 * ERROR_ABSENT: no key for a role of the server. Nothing is changed then. The repository is to be closed afterwards.
 */
bool repo_publish(struct repo *repo, const struct repo_publish *with, struct repo_published *out,
                  struct error *err) MUST_USE;

#endif
