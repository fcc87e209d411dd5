/*
 * A TUF repository for tests, in memory: documents as their JSON, signed with keys that are made anew in every run. Only
 * tests and benches include this.
 *
 * Keys are known by their index; what is signed are the canonical bytes that our parser makes of the document.
 */
#ifndef TRUST_TUF_REPOSITORY_TESTING_H
#define TRUST_TUF_REPOSITORY_TESTING_H

#include "base/writer.h"
#include "trust/signature.h"
#include "trust/tuf_metadata.h"

#define TUF_TEST_KEYS 12

struct tuf_test {
    struct arena *arena;
    struct secret_key keys[TUF_TEST_KEYS];
};

/* "0 1 2": indexes of keys, each one digit (or 'a', 'b' for ten and eleven). */
struct tuf_test_role {
    const char *name, *keys;
    unsigned threshold;
    const char *paths; /* of a delegation: one pattern; NULL: "*" */
    bool terminating;
};

void tuf_test_begin(struct tuf_test *test, struct arena *arena);

/* The signed part of each type; dates as "2030-01-01T00:00:00Z". Everything is in the arena. */
const char *tuf_test_root(const struct tuf_test *test, unsigned version, const char *expires,
                          const struct tuf_test_role roles[4]);
/* files: `"snapshot.json":{"version":1}`, as tuf_test_file makes them, with ',' between. */
const char *tuf_test_files(const struct tuf_test *test, const char *type, unsigned version,
                           const char *expires, const char *files);
const char *tuf_test_file(const struct tuf_test *test, const char *name, unsigned version);
/* With length and hash. */
const char *tuf_test_file_of(const struct tuf_test *test, const char *name, unsigned version,
                             struct bytes raw);
/* targets: `"path":{...}` with ',' between; delegations end with a name of NULL. */
const char *tuf_test_targets(const struct tuf_test *test, unsigned version, const char *expires,
                             const char *targets, const struct tuf_test_role *delegations);
const char *tuf_test_target(const struct tuf_test *test, const char *path, struct bytes content);

/* The envelope, signed by these keys. */
struct bytes tuf_test_sign(const struct tuf_test *test, const char *signed_part, const char *keys);

#endif
