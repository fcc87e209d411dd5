/*
 * What a vendor vouches for: one package file as a verified list of packages names it.
 *
 * Filled by the process that verified the list (InRelease -> Packages) and handed to the one that decides. It is a
 * statement about an archive; acquire/trust_check.h compares it with the plan and with the bytes.
 */
#ifndef MODEL_VOUCHED_H
#define MODEL_VOUCHED_H

#include "base/digest.h"
#include "model/host.h"

struct vouched {
    struct text name, arch, version; /* arch: the package's, "amd64" or "all" */
    struct text uri;   /* of the archive, as its source names it: may hold a user and password */
    struct text file;  /* below it */
    struct text suite; /* as the source names it: "bookworm-security" */
    uint64_t size;
    struct digest digest;     /* SHA-256 */
    enum archive_state state; /* of the list */
    bool went_back;           /* the list is older than one that was here before */
    struct text why;          /* where the state is not VERIFIED */
    enum trust_refusal
        refusal;         /* not NOT_REFUSED: it counts for nothing, whatever its list is like; why says it */
    int64_t date_us;     /* of the InRelease */
    struct text signers; /* primary fingerprints of the keys that signed it, with spaces between */
};

/* Questions end in one without a name. */
struct vouch_question {
    struct text name, arch, version;
};

struct vouched_records {
    const struct vouched *at;
    size_t count;
};

/* What a package file says of itself (its control), read where nothing can be harmed. */
struct package_claim {
    struct text name, arch, version;
};

#endif
