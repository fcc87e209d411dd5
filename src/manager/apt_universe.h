/*
 * The universe of a plan, on a machine of apt's: see model/universe.h, and `universe` in manager.h.
 *
 *     installed packages          dpkg's status, with their relations
 *     their candidates            the versions that the inventory chose, from the wide tables of the archives
 *     what those need besides     where no package of the universe satisfies a relation of an offered one: the
 *                                 candidates of all names in it, and of all that provide one of them; and so on
 *
 * A wide table is built from its list when a plan first needs it, verified again like a narrow one and remembered
 * beside it (apt_memory.h). A version that only a list past its date offers is not in the universe.
 */
#ifndef MANAGER_APT_UNIVERSE_H
#define MANAGER_APT_UNIVERSE_H

#include "manager/manager.h"

bool apt_universe_read(const struct manager_request *request, const struct host *host, struct arena *arena,
                       struct universe *out, struct error *err) MUST_USE;

#endif
