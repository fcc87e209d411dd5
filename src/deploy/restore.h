/*
 * Putting back from a rollback store what no package file holds; what suture-execute does for installer.restore.
 *
 *     RESTORE_CONFFILES   conffiles, before the old packages are installed: dpkg then finds the content that the package
 *                         brings, asks nothing, and the old scripts find the configuration that they know
 *     RESTORE_ALL         behind them, under dpkg's lock:
 *                         conffiles that only the newer version had, unless somebody changed them, are removed
 *                         conffiles again (scripts may have moved them), attributes; what was not there is removed
 *                         dpkg's paragraphs and lists, apt's marks (manager/dpkg_restore.h says why and how)
 *
 * The store is checked whole against the seal first. Each thing is compared before it is written, so what is as it was is
 * not touched, and done twice it is as done once: it can be stopped anywhere.
 */
#ifndef DEPLOY_RESTORE_H
#define DEPLOY_RESTORE_H

#include "manager/installer.h"
#include "store/rollback_store.h"

/* folder: STATE/runs/RUN/rollback. */
bool restore_run(const char *root, const char *folder, const struct digest *seal, enum restore_part part,
                 struct error *err) MUST_USE;

#endif
