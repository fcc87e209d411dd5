/*
 * Removing from a delta repository what nobody is led to any more: indexes of packages that are not planned, and files that no index
 * names.
 */
#ifndef FLOW_PUBLISH_PRUNE_H
#define FLOW_PUBLISH_PRUNE_H

#include "flow/publish_shelf.h"

/* ERROR_TRUST: there is an index that this key has not signed; then nothing is removed, for it may name anything. */
bool publish_prune(const struct publish_repository *repository, const struct publish_targets *targets,
                   const struct publish_package *packages, struct arena *arena, size_t *removed,
                   struct error *err) MUST_USE;

#endif
