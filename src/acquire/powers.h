/*
 * New powers: what a package may do on this machine that its installed version may not, read from the package before it
 * is installed.
 *
 *     maintainer scripts   compared with those that dpkg keeps of the installed version
 *     setuid, setgid       compared with the file that is there
 *     units, timers, cron, udev, PAM, sudo, polkit, D-Bus, profiles, ld.so.conf, apt's sources and keys, CAs
 *                          new files of the kind, and files whose content is another than what is there
 *     kernel modules       new files: what changes in them nobody can read. Small where the installed version brings
 *                          some: one more is nothing that it could not do before
 *     unusual places       new files where packages have no business (/home, /root, /usr/local, /tmp, ...)
 *
 * A file is new when the installed version's list does not name it. Changes are shown as people read them
 * (format/diff.h), where the file is text that everyone may read: a plan shows no secrets. A script in which only the
 * package's own version changed, or the mark of the tool that made it, is named all the same, as small.
 *
 * A package that is new but follows an installed one of its source (a kernel's next ABI) is compared with that one, its
 * number put in place of the other's in names, paths and scripts: what only moved on with the number is nothing new.
 *
 * A slice (systemd.slice) is small: it starts nothing, it is a place that services are counted in.
 *
 * It says what a package brings and what it runs, not what a script does: that is why scripts are shown.
 */
#ifndef ACQUIRE_POWERS_H
#define ACQUIRE_POWERS_H

#include "base/bytes.h"
#include "base/digest.h"
#include "model/power.h"

struct powers_subject {
    const char *root;       /* "/" */
    struct text name, arch; /* as the plan has them */
    struct text from, to;   /* versions; from is absent for a new package */
    struct text follows;    /* the installed package that a new one is compared with; absent: none */
    struct bytes packed;    /* the package file */
};

/* A list that grows in the arena. Sorted by package, then kind, then path, when powers_sort was called. */
struct powers {
    struct power *at;
    size_t count, capacity;
};

/* Adds what this package brings. ERROR_INPUT: it is not as dpkg would read it (manager/deb_file.h). */
bool powers_read(const struct powers_subject *subject, struct arena *arena, struct powers *into,
                 struct error *err) MUST_USE;
void powers_sort(struct powers *powers);

/* What a person was shown of one package, as a SHA-256: of a package that brings nothing too. */
bool powers_digest(const struct powers *powers, struct text package, struct text arch, struct digest *out,
                   struct error *err) MUST_USE;

/* What kind a path is, POWER_UNKNOWN for most. "/lib/x" and "/usr/lib/x" are the same place. */
enum power_kind powers_kind_of(struct text path);

#endif
