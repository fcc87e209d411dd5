/*
 * A trusted artifact: a package file of which it has been proved who vouches for its bytes.
 *
 * Made only in acquire/trust_check.c; only this type can be deployed. The proof is of the file as it lay there: whoever
 * uses it takes the file from a folder that root alone can write, and hashes it again from there.
 */
#ifndef MODEL_ARTIFACT_H
#define MODEL_ARTIFACT_H

#include "base/digest.h"

enum trust_basis {
    TRUST_BASIS_UNKNOWN,
    TRUST_ARCHIVE, /* InRelease -> Packages -> this file, by hash */
    TRUST_WAS_INSTALLED, /* its digest stood in root's journal before the run that replaced it; for a rollback alone */
    TRUST_BASIS_COUNT
};
const char *trust_basis_name(enum trust_basis basis); /* "archive", "was-installed" */

struct trusted_artifact {
    enum trust_basis basis;
    struct text name, arch, version;
    const char *path; /* absolute, in a folder of root's alone */
    uint64_t size;
    struct digest digest; /* SHA-256 */
    struct text suite;    /* ARCHIVE: whose list named it */
    struct text signers;  /* ARCHIVE: fingerprints of the keys that signed it, with spaces between */
    struct text
        lifted; /* ARCHIVE: what would have held it, and who approved: "powers by root"; absent: nothing */
};

#endif
