/*
 * The table of publishers: those of data/publishers, built in, and an administrator's own file.
 *
 *     publishers:
 *       - name: example
 *         title: Example Ltd
 *         archives: [packages.example.com/apt/]           # bound: what comes from there is signed so, or refused
 *         keyrings: [/usr/share/keyrings/example.gpg]
 *         packages: [example-agent, "example-*"]      # what it may own; and `sources`, of source packages
 *         suites:
 *           - codename: stable                        # what its InRelease says
 *             origin: Example
 *             label: Example
 *             signed by: [0123456789ABCDEF0123456789ABCDEF01234567]
 *             needed: 1
 *             maximum age: 30 days                    # where it carries no Valid-Until
 *
 * `suite`, `always`, `security of` and `security archive` may stand besides (model/publisher.h); `source` and `date read`
 * are for people. A publisher with the name of a built-in one takes its place.
 */
#ifndef TRUST_PUBLISHERS_H
#define TRUST_PUBLISHERS_H

#include "base/arena.h"
#include "model/publisher.h"

/* Made from data/publishers. */
extern const struct publishers publishers_built_in;

/* All texts live in the arena; `name` is what errors call the file. */
bool publishers_read(struct bytes file, struct text name, struct arena *arena, struct publishers *out,
                     struct error *err) MUST_USE;

/* An administrator's own in front of the built-in ones. */
bool publishers_with_own(const struct publishers *own, struct arena *arena, struct publishers *out,
                         struct error *err) MUST_USE;

/* SHA-256 of all that the table says: what was verified under another one is verified anew. */
bool publishers_digest(const struct publishers *publishers, char out[65], struct error *err) MUST_USE;

#endif
