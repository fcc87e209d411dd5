/*
 * When each version of a package was first seen by this machine: what its waiting time counts from (acquire/lanes.h).
 *
 * A version is (archive, package, architecture, version, SHA-256 of the file): other bytes under the same number are
 * another version, and begin anew. One file "versions" in the state folder, of its owner alone, replaced whole. The
 * times in it come from two witnesses, the clock and the dates that archives sign, and each can only make a wait longer:
 *
 *     first seen    the later of the two, when it was seen: a clock that stands at 2020 does not make it old
 *     now           the earlier of the two: a clock that has jumped ahead ends no wait
 *     kept          what lies in the future by both of them counts as now, so a jump that was mended locks nothing out
 *
 * So where no archive has signed anything since, no wait ends. What is not offered any more is forgotten when it was
 * first seen VERSIONS_SEEN_KEEP_US ago, and the oldest when there are too many: forgotten is seen anew, later.
 *
 *     suture-versions 1 2                        two lines follow the next one
 *     signed 2026-11-22T00:00:00Z                the latest date that an archive has signed; "-": none yet
 *     2026-11-15T07:50:00Z 9f86d081... amd64 libexpat1 2.5.0-1+deb12u2 http://deb.debian.org/debian/ bookworm
 *
 * by package, architecture, version, archive, SHA-256. A file that is broken, newer or another's is an error for whoever
 * asks, never "seen long ago".
 */
#ifndef STORE_VERSIONS_SEEN_H
#define STORE_VERSIONS_SEEN_H

#include "base/digest.h"
#include "base/time.h"
#include "base/writer.h"

#define VERSIONS_SEEN_FILE    "versions"
#define VERSIONS_SEEN_KEEP_US (180 * TIME_DAY_US)
/* Archives' clocks may be a little ahead of ours; what is signed for later than that is no witness. */
#define VERSIONS_SEEN_AHEAD_US TIME_DAY_US

struct version_seen {
    struct text archive; /* who offers it (versions_seen_archive) */
    struct text name, arch, version;
    struct digest digest; /* SHA-256 */
    int64_t first_us;
};

/* Versions in the arena; they may be borrowed from the bytes that were parsed. */
struct versions_seen {
    struct version_seen *at;
    size_t count, capacity;
    int64_t signed_us; /* TIME_ABSENT: nothing signed was seen yet */
};
struct versions_seen versions_seen_with(void);

/* How an archive is known: "http://deb.debian.org/debian/ bookworm-security". Another mirror is another archive. In the arena. */
struct text versions_seen_archive(struct text uri, struct text suite, struct arena *arena);

/* No file: nothing was seen yet, no error. ERROR_INPUT, ERROR_TRUST (another's): the text begins with the path. */
bool versions_seen_read(const char *path, struct arena *arena, struct versions_seen *out, struct error *err)
    MUST_USE;
bool versions_seen_parse(struct bytes raw, struct arena *arena, struct versions_seen *out, struct error *err)
    MUST_USE;
/* Sorts it. ERROR_INPUT: one of them cannot be written (a space in a name, no SHA-256). */
bool versions_seen_write(struct versions_seen *seen, struct writer *w, struct error *err) MUST_USE;

/* One more, in any order; the texts are not copied. */
bool versions_seen_add(struct versions_seen *seen, const struct version_seen *version, struct arena *arena,
                       struct error *err) MUST_USE;

/*
 * `offered` is seen at clock_us (its own times count for nothing but signed_us): *changed tells whether `seen` is another
 * than it was. Texts of `offered` must live as long as `seen`.
 */
bool versions_seen_merge(struct versions_seen *seen, const struct versions_seen *offered, int64_t clock_us,
                         struct arena *arena, bool *changed, struct error *err) MUST_USE;

/* TIME_ABSENT: it was never seen. first_us of `version` is not looked at. */
int64_t versions_seen_first(const struct versions_seen *seen, const struct version_seen *version);
/* What waits are judged by; TIME_ABSENT: no archive has ever signed a date. */
int64_t versions_seen_now(const struct versions_seen *seen, int64_t clock_us);

#endif
