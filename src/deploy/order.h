/*
 * Changes cut into groups, each made in one call of the package manager, and the groups in an order in which every
 * state between two of them is sound: what is installed has what it needs, and nothing stands against another.
 *
 * x goes not before y, when
 *   - the new x needs the new y, and nothing that stays satisfies the relation;
 *   - a package (installed, changed or not) needs the old x, and only the new y satisfies it afterwards; or y itself
 *     needs the old x as it was, and x takes that away: y must be changed before or with x;
 *   - the new x and the old y stand against each other (Conflicts, Breaks).
 *
 * Inside a group dpkg must be allowed to take the configured state of a package away for a moment (--auto-deconfigure): of
 * two that break each other's old version one is unpacked first.
 *
 * What goes not before each other is one group (strongly connected components), and so are the packages of one source,
 * unless one of them pre-depends on the new version of another. The order is the same for the same changes.
 */
#ifndef DEPLOY_ORDER_H
#define DEPLOY_ORDER_H

#include "deploy/relate.h"

/* Indexes in the universe; UINT32_MAX: new, or removed. */
struct order_change {
    uint32_t from, to;
    uint32_t group; /* filled in: 0 first */
};

/* Sets the group of each change, and how many there are. */
bool order_groups(const struct relate *relate, struct order_change *changes, size_t count,
                  struct arena *arena, uint32_t *group_count, struct error *err) MUST_USE;

#endif
