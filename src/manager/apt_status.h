/*
 * The relations of what is installed, from dpkg's status, and the digest that tells one state of it from another.
 *
 * A scan does not need them, so that they are read apart from dpkg_status.h, whose packages they are matched to.
 */
#ifndef MANAGER_APT_STATUS_H
#define MANAGER_APT_STATUS_H

#include "manager/apt_relations.h"
#include "manager/dpkg_status.h"

struct apt_status_request {
    const char *path;    /* of the status */
    const char *updates; /* the folder beside it, or NULL */
    const struct dpkg_status *status;
};

/*
 * Fills relations[i] for each status->packages[i]; texts point into the file's bytes in the arena. ERROR_CONFLICT
 * when the files are not those that the status was read from. *digest: apt_status_digest of the same bytes.
 */
bool apt_status_relations(const struct apt_status_request *request, struct arena *arena,
                          struct apt_relations *relations, struct digest *digest, struct error *err) MUST_USE;

/* SHA-256 of the status, and behind it of what dpkg has not merged yet (updates/, by name): a plan names the state it was made for. */
bool apt_status_digest(const char *path, const char *updates, struct digest *out, struct error *err) MUST_USE;

#endif
