/*
 * Matching: which vulnerabilities are in these packages, and which updates close them.
 *
 * Pure: a host, an index of its release and what is known of the vulnerabilities go in; findings and updates come
 * out, in the arena, sorted by source package and then id, and always the same for the same input. No clock:
 * detected_us is TIME_ABSENT, the caller puts in when a finding was first detected. Texts point into the host, the
 * facts or the arena; none into the index.
 *
 * Packages are compared by source package and source version (rpm: by their own name and version), a package that is
 * unpacked or half configured by the version that is unpacked. A source's statement is a finding when an installed
 * version lies in its range: not before `introduced`, not after `last affected`, and before `fixed`. A package that
 * somebody else's archive brought is not matched: our advisories do not speak of it.
 *
 * Classes, in this order:
 *
 *   suppressed           the vendor gives a reason instead of a fix: not affected, no-dsa, ignored, postponed, end of
 *                        life, undetermined. The state is not-affected for the first, unknown for the last two, else open.
 *   not executable       no package with code of this source is installed: only documents (section doc, names in -doc) or,
 *                        of a kernel, headers and tools. A kernel's vulnerabilities are of its code, not of perf or
 *                        bpftool, which are built from the same source.
 *   available            the candidate of a package of this source is at least the fixed version
 *   no fix               the vendor knows of none
 *   not yet in archive   announced without being published; or published, and yet the release's own archives, which are
 *                        enabled and believed (verified or stale), do not have it: the lists or the mirror are behind
 *   archive not enabled  published, but not all of them are enabled and believed: for Debian and Ubuntu an archive of
 *                        the release and its security archive, else any with advisories. Or an archive that is
 *                        enabled offers it and a pin keeps it away.
 *
 * Of a kernel only images and modules of the newest installed release and of the running one count: an older image
 * beside them is what one goes back to. When the newest is good and the running one is not, the finding is available
 * without an update, and its state is restart-needed.
 *
 * An update is security when it passes a fixed version of a vulnerability that its source has here (also when no code
 * of it is installed: not_executable_count says so). Else, where nothing is known (no index, or one that is not complete
 * and does not name the source, or a candidate of somebody else's archive): security by origin when a security archive
 * offers it, else unknown, never functional. Where the source is known it is functional; but when a security
 * archive offers it, only if our data is at least as new as that archive: else it is security by origin, for its
 * advisory may be what we have not read yet.
 */
#ifndef IDENTIFY_MATCH_H
#define IDENTIFY_MATCH_H

#include "identify/facts.h"
#include "identify/index.h"
#include "model/finding.h"

struct match_input {
    const struct host *host;
    const struct index *index; /* NULL: no advisory data for this release: updates are classified by origin */
    const struct facts *facts; /* NULL: nothing is known of any vulnerability */
    /*
     * List what is suppressed and what no installed code has, too. Else these are only counted; yet what is
     * suppressed and exploited (but not "not affected") is listed, for policies do not pass over that.
     */
    bool all;
};

/* A source package whose known vulnerabilities are in no installed code. */
struct match_not_executable {
    struct text source;
    const uint32_t *packages; /* indexes into host.packages */
    size_t package_count;
    uint32_t count; /* of vulnerabilities */
};

struct match {
    struct finding *findings;
    size_t finding_count;
    struct update *updates; /* by source package, then package */
    size_t update_count;
    uint32_t suppressed[SUPPRESSION_COUNT]; /* how many, listed or not */
    struct match_not_executable *not_executable;
    size_t not_executable_count;
};

/* ERROR_CONFLICT when the index is of another release; ERROR_INPUT when it is broken. */
bool match_host(const struct match_input *input, struct arena *arena, struct match *out, struct error *err)
    MUST_USE;

#endif
