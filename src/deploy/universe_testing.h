/*
 * Universes for tests, from a few lines: "i" is installed, "u" an update of what is installed, "n" new.
 *
 *     i libfoo1 1.0
 *     i app 1.0 auto; Depends: libfoo1 (= 1.0)
 *     u app 1.1; Depends: libfoo1 (= 1.1)
 *     u libfoo1 1.1 source=foo
 *     n libbar1 2 arch=all; Provides: bar
 *
 * Words behind the version: held, auto (installed for others), essential, source=, arch=, multi= (same, foreign,
 * allowed). Lines of one kind stand together, installed first, names sorted. The native architecture is amd64, i386 is
 * known when some package is of it.
 */
#ifndef DEPLOY_UNIVERSE_TESTING_H
#define DEPLOY_UNIVERSE_TESTING_H

#include "deploy/relate.h"

struct made_universe {
    struct host host;
    struct universe universe;
    struct relate relate;
    struct text archs[2];
};
/* Fails the test when a line cannot be read. */
void universe_make(const char *lines, struct arena *arena, struct made_universe *out);
/* The index of a package that is not installed. */
uint32_t universe_offered(const struct universe *universe, const char *name);
/* "app 1.0" */
struct text universe_spell(const struct universe *universe, uint32_t index, struct arena *arena);

#endif
