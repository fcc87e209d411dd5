/*
 * A publisher: whose word on packages counts, how it signs, and which packages it may own.
 *
 * The built-in ones are made from data/publishers when the program is built; an administrator adds others, for third-party
 * sources, in publishers.yaml (trust/publishers.h). A source that none of them describes is verified by the keys that it
 * names itself, and what it may own ends where a described publisher's begins (manager/apt_scope.h).
 */
#ifndef MODEL_PUBLISHER_H
#define MODEL_PUBLISHER_H

#include "base/bytes.h"

/* Primary fingerprints, hexadecimal; or globs. */
struct publisher_words {
    const char *const *at;
    size_t count;
};

/* One suite of a publisher: what its InRelease says, and who signs it. */
struct publisher_suite {
    const char *codename;
    const char *suite; /* NULL: the Suite field changes in the life of a release ("stable", "oldstable") */
    const char *origin, *label;
    struct publisher_words signed_by; /* nobody else's signature counts */
    struct publisher_words always;    /* those of them that must be among the signatures */
    uint32_t needed;                  /* signatures by distinct keys; at least 1 */
    uint32_t
        age_days; /* where it carries no Valid-Until it is believed so long after its Date; 0: for ever */
    const char *security_of; /* the release whose security archive it is, "debian-12"; NULL */
};

struct publisher {
    const char *name, *title;
    struct publisher_words
        archives; /* globs of "host/path/": what comes from there is this publisher's or nobody's */
    struct publisher_words keyrings; /* files where its keys are, besides those that a source names */
    struct publisher_words packages, sources; /* globs: what it may own; both empty: nothing */
    const char *security_uri;                 /* of its security archive, ends in '/'; NULL: none */
    const struct publisher_suite *suites;
    size_t suite_count;
};

struct publishers {
    const struct publisher *const *at;
    size_t count;
};

#define PUBLISHER_KEYS_MAX 64 /* of all suites of one publisher together */

/* The one with this name, or NULL. */
const struct publisher *publishers_find(const struct publishers *publishers, struct text name);

/*
 * Who should be the publisher of what a source gets from this place ("deb.debian.org/debian/") under the name of this
 * suite ("bookworm"): the one that has the place (*bound), else the first that has the suite. NULL: nobody is described.
 */
const struct publisher *publishers_of_source(const struct publishers *publishers, struct text place,
                                             struct text suite, bool *bound);

bool publisher_owns(const struct publisher *publisher, struct text package, struct text source);
/* All primary keys of all its suites, each once. */
size_t publisher_keys(const struct publisher *publisher, const char *out[PUBLISHER_KEYS_MAX]);
/* The suite with the security updates of this release, or NULL. */
const struct publisher_suite *publisher_security_suite(const struct publisher *publisher,
                                                       struct text release);
/* What a source would call this suite. */
const char *publisher_suite_name(const struct publisher_suite *suite);

#endif
