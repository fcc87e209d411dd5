/*
 * What somebody is about to sign: a staged role of a repository (trust/repo.h), all of it told, and then exactly the bytes
 * that were told are signed.
 *
 * The file is read once; what is told, hashed and signed is that copy. Told are version, dates, proposer, who has to
 * sign and who did, every change against the version in force (trust/tuf_changes.h), the content of each file that is new
 * or changed, checked by its hash: orders as sentences (trust/signed_order.h), texts as a diff. What these sentences
 * cannot tell is shown as it stands. An order that machines would refuse is refused here.
 */
#ifndef TRUST_SIGNING_H
#define TRUST_SIGNING_H

#include "trust/repo.h"

struct signing {
    struct repo repo;
    const char *path; /* the staged file, absolute */
    const struct tree_role *row;
    const struct tuf_metadata *metadata, *in_force; /* in_force NULL: there is none yet */
    struct repo_waiting waiting;
    struct digest digest;     /* SHA-256 of the bytes that are signed */
    struct digest first_root; /* of the repository: which one it is. UNKNOWN: nothing is published yet */
    bool solo;
};

/* Whether a file of this name is the server's to sign: "timestamp.json". */
bool signing_is_online(const char *path);
/* path: REPO/staged/ROLE.json. ERROR_INPUT: it lies in no repository, or is the server's to sign. OWN(signing_close). */
bool signing_open(const char *path, struct arena *arena, struct signing *out, struct error *err) MUST_USE;
void signing_close(struct signing *signing);

/* The whole page. ERROR_TRUST, ERROR_ABSENT, ERROR_INPUT: some content is another, is missing, or is a broken order. */
bool signing_tell(const struct signing *signing, int64_t now_us, struct writer *w, struct error *err)
    MUST_USE;
/* The page's part of who has to sign and who did, for one of signing->waiting.asked. */
void signing_tell_signers(const struct signing *signing, size_t asked, struct writer *w);

/*
 * Which key of the role this is, as the repository names it. ERROR_TRUST: it may not sign; ERROR_CONFLICT: a signature of it
 * would not count, for it, or its person with another key, has signed already.
 */
bool signing_find_key(const struct signing *signing, const struct tuf_key *key, const struct tuf_key **out,
                      struct error *err) MUST_USE;
/* Signs the bytes that were told; the id is the one that the repository gives the key. */
bool signing_make(const struct signing *signing, const struct signer *signer, struct tuf_signature *out,
                  struct error *err) MUST_USE;
/*
 * Adds it to the file, which is replaced whole. ERROR_CONFLICT: the file says something else by now, and nothing was
 * changed; signatures that came meanwhile are kept. *after: how far the role is then; it lives as long as `arena`.
 */
bool signing_attach(const struct signing *signing, const struct tuf_signature *signature,
                    struct repo_waiting *after, struct arena *arena, struct error *err) MUST_USE;

#endif
