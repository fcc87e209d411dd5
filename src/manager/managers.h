/*
 * The table of all package managers. managers.c is the only file that names them all.
 */
#ifndef MANAGER_MANAGERS_H
#define MANAGER_MANAGERS_H

#include "manager/manager.h"

extern const struct manager *const managers[]; /* ends in NULL */

/* The manager of this root, or NULL when none knows it. */
const struct manager *managers_of(const char *root);

#endif
