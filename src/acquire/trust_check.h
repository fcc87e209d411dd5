/*
 * The one place where a package file becomes trusted: the only maker of struct trusted_artifact (model/artifact.h).
 *
 * A file is believed on the word of an archive when all of this holds:
 *
 *     the archive    its list was verified (InRelease by the vendor's key, list by its hash), is not past its date, and not
 *                    older than the one that was here before
 *     the plan       names exactly that record: name, version, architecture, archive, file, size and SHA-256
 *     the direction  the version is newer than the one it replaces, unless the plan says downgrade
 *     the package    says the same name, version and architecture of itself
 *     the gates      its wait is over, its new powers and its being new are approved (acquire/trust_gates.h)
 *     the bytes      in a folder that root alone can write (acquire/vault.h), have that size and SHA-256
 *
 * On the other basis, *was installed here*, when its digest stands in the manifest of a rollback store whose seal stood in
 * root's journal before the run (store/rollback_store.h), and the bytes in that store have it: for going back alone.
 *
 * What a list says, and what a package says of itself, is read elsewhere by processes that can do no harm; here are only
 * comparisons and one hash, because whoever runs this is root. A refusal has a name of trust.md, which begins the text of
 * the error; nothing is changed by it.
 */
#ifndef ACQUIRE_TRUST_CHECK_H
#define ACQUIRE_TRUST_CHECK_H

#include "acquire/trust_gates.h"
#include "model/artifact.h"
#include "model/plan.h"
#include "model/refusal.h"
#include "model/vouched.h"

/* The same archive, whoever's user and password are in the uri. */
bool trust_same_archive(struct text a, struct text b);

struct trust_request {
    const struct plan_change *change;
    const struct vouched *vouched;     /* NULL: no list names it */
    const struct package_claim *claim; /* what the package says of itself */
    const char *folder;                /* absolute; a vault */
    const char *file;                  /* in it: a plain file name */
    const struct trust_terms
        *terms;       /* that the gates are judged by; NULL: they were passed before, and it was begun */
    int64_t first_us; /* when this version was first seen here; TIME_ABSENT: never */
};

/* Texts of *out are copies in the arena. *refusal is set on every failure. */
bool trust_check_archive(const struct trust_request *request, struct arena *arena,
                         struct trusted_artifact *out, enum trust_refusal *refusal, struct error *err)
    MUST_USE;

/* What one run kept, and the seal that the journal has of it. */
struct trust_way_back {
    const char *folder; /* runs/ID/rollback, absolute; a vault */
    struct digest seal;
};

struct trusted_artifacts {
    const struct trusted_artifact *at; /* by name, then architecture */
    size_t count;
};

/* The package files that the way back holds, each as it was installed before the run. None may be a delta any more
 * (store/kept_delta.h): that is no file which anybody could install. */
bool trust_check_installed(const struct trust_way_back *way, struct arena *arena,
                           struct trusted_artifacts *out, enum trust_refusal *refusal, struct error *err)
    MUST_USE;

#endif
