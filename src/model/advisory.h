/*
 * What a vendor says: one statement about one package in one release.
 *
 * A feed turns its documents into these. Texts point into the feed's document or arena and live as long as the call
 * that hands the statement over; whoever keeps one copies it.
 */
#ifndef MODEL_ADVISORY_H
#define MODEL_ADVISORY_H

#include "base/time.h"
#include "model/cvss.h"
#include "model/release.h"

enum advisory_status {
    ADVISORY_UNKNOWN,
    ADVISORY_FIXED,        /* `fixed` and later are good */
    ADVISORY_OPEN,         /* affected, no fix known */
    ADVISORY_PENDING,      /* a fix is announced or prepared, not in the archive yet; `fixed` may name it */
    ADVISORY_NOT_AFFECTED, /* the vendor says so; Debian's fixed_version "0" */
    ADVISORY_NO_DSA,       /* affected, too minor for an advisory of its own */
    ADVISORY_IGNORED,      /* affected, will not be fixed */
    ADVISORY_POSTPONED,    /* affected, to be fixed with a later update */
    ADVISORY_END_OF_LIFE,  /* affected or not is not looked at any more */
    ADVISORY_UNDETERMINED, /* the vendor does not know yet */
    ADVISORY_STATUS_COUNT
};

const char *advisory_status_name(enum advisory_status status);

struct advisory {
    struct text
        id; /* DSA-5678-1, USN-6000-1, ALSA-2024:1234, or the CVE itself where the feed has no other */
    struct release release;
    struct text package; /* source package for deb, binary package for rpm and apk, module for ecosystems */
    struct text stream;  /* rpm module "nodejs:18"; else absent */
    struct text arch;    /* absent: all */
    enum advisory_status status;
    struct text introduced;    /* first bad version; absent or "0": from the beginning */
    struct text fixed;         /* first good version, for FIXED and PENDING */
    struct text last_affected; /* OSV: last bad version, where no fixed one is given */
    const struct text *cves;   /* CVE-...; other schemes as they are; at least one */
    size_t cve_count;
    enum severity severity; /* the vendor's own word, not a score */
    bool unimportant;       /* Debian: no security consequence in practice */
    int64_t published_us;   /* of the fix for a DSA, USN, ...; of the record else; or TIME_ABSENT */
    struct text note;       /* the vendor's remark on this status, cut to LIMIT_NOTE */
};

/* An end of support: of a package in a release, or of a whole release (package absent). */
struct support {
    struct release release;
    struct text package; /* source package */
    enum support_kind {
        SUPPORT_UNKNOWN,
        SUPPORT_RELEASED, /* the release came out at `at_us` */
        SUPPORT_ENDS,     /* ordinary security support ends */
        SUPPORT_LTS_ENDS, /* free long-term support by others ends (Debian LTS, Ubuntu's standard is ENDS) */
        SUPPORT_EXTENDED_ENDS, /* support that needs a contract ends (ELTS, ESM): counts only with evidence of one */
        SUPPORT_LIMITED, /* supported in part: the note says how */
        SUPPORT_KIND_COUNT
    } kind;
    int64_t at_us;       /* TIME_ABSENT: not said */
    struct text version; /* package: last version that was supported */
    struct text note;
};

#endif
