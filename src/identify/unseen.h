/*
 * What a scan cannot judge, counted and said, so that nobody takes it for healthy.
 *
 * - packages of archives without advisories, by archive;
 * - snaps, flatpaks, and images of containers (docker, podman, containerd);
 * - packages that pip or npm put where all programs or one user find them: below /usr/local and /opt, in home folders, in
 *   their pyenv, pipx, uv, conda and nvm. What belongs to one project (its venv, its node_modules) is not looked for, and
 *   npm's packages count without those that they bring themselves;
 * - processes that this user cannot read.
 *
 * A fixed list of places is looked at, no tree is walked: some hundred microseconds. A bound on folders and names keeps
 * it so on a machine made to be slow; "at least" tells that it was met.
 */
#ifndef IDENTIFY_UNSEEN_H
#define IDENTIFY_UNSEEN_H

#include "model/host.h"

struct unseen_from {
    const char *root;   /* NULL: no file system belongs to the host, only its own nouns are counted */
    const char *home;   /* one more home folder than those in ROOT/home and ROOT/root, or NULL */
    size_t folders_max; /* to look into for one kind; 0: LIMIT_UNSEEN_FOLDERS */
};

/*
 * Adds to host->unseen: archives first, processes last. Each `why` is a phrase with its number: "4 snaps not read". A count
 * of 0 means that they could not be counted, and `why` says so. Fails when memory is out.
 */
bool unseen_count(const struct unseen_from *from, struct host *host, struct arena *arena, struct error *err)
    MUST_USE;

#endif
