/*
 * Whether this machine must be started anew: it runs another kernel than the newest that is installed, or a package
 * asks for it.
 *
 * Kernels are compared within the flavour that runs ("amd64", "cloud-amd64", "generic", "lowlatency"), by the versions
 * of their packages. A kernel that no package brought (a container's, a virtual machine's from outside) has none to be
 * compared with: kernel_installed is then absent, and nothing is claimed. Where an update kept the kernel's name the
 * build that runs tells that it is older.
 */
#ifndef IDENTIFY_REBOOT_H
#define IDENTIFY_REBOOT_H

#include "model/host.h"

struct reboot_from {
    const char *root;
    struct text kernel_release; /* of uname: "6.1.0-18-amd64" */
    struct text kernel_build;   /* "#1 SMP PREEMPT_DYNAMIC Debian 6.1.76-1 (2024-02-01)" */
};

/*
 * Fills kernel_running, kernel_installed, reboot_needed and reboot_why of a host whose packages are known. Of a root
 * that does not run here only kernel_installed, the newest of all flavours. Fails when memory is out.
 */
bool reboot_look(const struct reboot_from *from, struct host *host, struct arena *arena, struct error *err)
    MUST_USE;

/* For tests and fuzzing: the flavour of a release, and the version of the package that a build says it is made of. Absent for
 * what is not of the form. */
struct text reboot_flavour(struct text release);
struct text reboot_build_version(struct text build);

#endif
