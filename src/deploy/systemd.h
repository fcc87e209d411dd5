/*
 * systemd, asked by its own program: what deploy/takeover needs of it. Only where it runs here and now.
 */
#ifndef DEPLOY_SYSTEMD_H
#define DEPLOY_SYSTEMD_H

#include "deploy/takeover.h"

/* True when systemd is what started this machine, and root is it. */
bool systemd_runs(const char *root);

/* The four deeds, by systemctl; self is not used. */
extern const struct takeover_units systemd_units;

/* Asks for a restart of the machine; systemd then ends everything in order. */
bool systemd_reboot(struct error *err) MUST_USE;

#endif
