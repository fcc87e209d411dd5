/*
 * What runs on this machine: processes that still execute files which packages have replaced, and how many services
 * execute what an update would bring.
 *
 * A file counts as replaced when no name leads to the one that is mapped ("(deleted)" in /proc/PID/maps) and its path
 * now has another inode or none. Nothing else counts, for each of these misleads:
 *
 * - A device number alone: btrfs and overlayfs show another one in maps than stat gives.
 * - An inode that differs without "(deleted)": dpkg renames the new file over the old, which always marks the old one.
 *   What differs unmarked lies in another mount (a container's /usr, flatpak's, a bind mount) or on overlayfs, whose
 *   maps show inodes of a layer below.
 * - "(deleted)" while the path has that very inode: file systems that forget names (NFS, FUSE) say so of live files.
 * - A process whose root folder is not ours: its paths are a container's, not those of our packages.
 *
 * And only files that packages own count, by dpkg's lists (DIR/var/lib/dpkg/info): not what lies in /tmp, /dev/shm,
 * /home, /usr/local or in no folder at all. A library whose file name changed with its version is found by the name that
 * stayed (libexpat.so.1 of libexpat.so.1.8.10). What no list names any more, in a folder of /usr that packages share,
 * was a removed package's and counts without a package. A diverted file (dpkg-divert) counts the same way.
 *
 * What a process reads is not seen, only what it executes: a Python program with changed modules is not in here.
 */
#ifndef IDENTIFY_RUNNING_H
#define IDENTIFY_RUNNING_H

#include "base/process.h"
#include "model/host.h"

struct running_from {
    const char *root;      /* of the packages' files; "/" but for tests */
    const char *processes; /* "/proc" */
};

struct running_process;

/* Lives in the arena that running_look was given; the host must outlive it. */
struct running {
    const char *root;
    const struct host *host;
    struct arena *arena;
    struct processes processes;
    struct running_process *known; /* beside processes: what was asked of them so far */
    struct text *inside; /* beside its files: the path as the root's packages call it; absent: not theirs */
};

/*
 * Looks at the processes once and fills old_code, process_count, process_unreadable, process_old and process_hidden of
 * a host whose packages are known. A host that is not live has no processes; a folder of processes that cannot be read
 * leaves all of them hidden. Fails when memory is out.
 */
bool running_look(const struct running_from *from, struct host *host, struct arena *arena,
                  struct running *out, struct error *err) MUST_USE;

/*
 * The services that now execute a file of these packages (indexes in host.packages), so that they are to be restarted
 * when the packages are replaced: names of units ("ssh"), and for processes outside of any service the process's name.
 * Sorted, each once. Processes that this user cannot read are not among them. Costs one list file for each package.
 */
struct running_services {
    struct text *names;
    size_t count;
};
bool running_services(struct running *running, const uint32_t *packages, size_t count,
                      struct running_services *out, struct error *err) MUST_USE;

#endif
