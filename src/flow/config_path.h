/*
 * Where a file of configuration is: $SUTURE_CONFIG/NAME when that names a folder; for others than root
 * $XDG_CONFIG_HOME/suture/NAME (by default ~/.config/suture); else /etc/suture/NAME.
 */
#ifndef FLOW_CONFIG_PATH_H
#define FLOW_CONFIG_PATH_H

#include "base/bytes.h"

/* The folder where this user's files of configuration are to be written. ERROR_ABSENT: neither HOME nor XDG_CONFIG_HOME is set. */
bool config_folder(struct arena *arena, const char **out, struct error *err) MUST_USE;
/* *out is NULL when there is none. Only SUTURE_CONFIG, when it is set, keeps the system's own from being looked at. */
bool config_path(const char *name, struct arena *arena, const char **out, struct error *err) MUST_USE;

#endif
