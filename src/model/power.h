/*
 * A power: something that a package may do on this machine when it is installed, and that its installed version may not,
 * or does in another way. People call them "new powers"; they are read from the package before it is installed.
 */
#ifndef MODEL_POWER_H
#define MODEL_POWER_H

#include "base/bytes.h"

enum power_kind {
    POWER_UNKNOWN,
    POWER_SCRIPT, /* a maintainer script: runs as root while it is installed or removed */
    POWER_SETUID, /* a program that runs as its owner or group, whoever starts it */
    POWER_UNIT,   /* a service, socket, path, ... of systemd or init */
    POWER_TIMER,
    POWER_CRON,
    POWER_UDEV,
    POWER_PAM,
    POWER_SUDOERS,
    POWER_KERNEL_MODULE, /* code for the kernel, or what makes it load some */
    POWER_APT_SOURCE,    /* where apt gets packages, and what it runs */
    POWER_APT_KEY,       /* whom apt believes */
    POWER_CA,            /* whom every TLS client believes */
    POWER_DBUS,          /* who may call what on the system's bus */
    POWER_POLKIT,
    POWER_PROFILE, /* what every shell reads when somebody logs in */
    POWER_LOADER,  /* what every program loads */
    POWER_OUTSIDE, /* a file where packages have no business */
    POWER_KIND_COUNT
};
const char *
power_kind_name(enum power_kind kind); /* "script", "setuid", "kernel-module", ...: in JSON and policies */
const char *power_kind_words(enum power_kind kind); /* "maintainer script", ...: for people */

struct power {
    enum power_kind kind;
    bool is_new; /* else it is changed */
    /* Named, and nothing to ask about: changed only in a version's number or in marks of the tools that made it, or no more than before. */
    bool small;
    struct text package, arch;
    struct text path;   /* "postinst", or "/usr/bin/x" */
    uint64_t count;     /* how many files of the kind `path` stands for; 1: itself alone */
    struct text what;   /* one line: "mode 4755, root:root"; may be absent */
    struct text change; /* lines of format/diff.h; absent: there is nothing to show */
};

#endif
