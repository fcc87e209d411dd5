/*
 * Linux kernels among source packages: which they are, what of them runs, and how their signed twins are called.
 *
 * A kernel is built into fifty packages of which one or two hold its code; the others are headers, tools and empty
 * packages that only depend on the newest image. Its vulnerabilities are counted against the code alone. The rules
 * are those of Debian's and Ubuntu's packaging; the names of the kernel families are a table, so that an unknown
 * family is an ordinary source package: then too much is reported, never too little.
 */
#ifndef IDENTIFY_KERNEL_H
#define IDENTIFY_KERNEL_H

#include "base/bytes.h"

/* "linux", "linux-6.1", "linux-aws-5.15", ...; not linux-firmware, linux-atm or linux-base. */
bool kernel_is_source(struct text source);

enum kernel_twin {
    KERNEL_TWIN_NONE,
    KERNEL_TWIN_SIGNED, /* linux-signed-amd64, linux-signed-hwe-5.15: the same code with a signature for Secure Boot */
    KERNEL_TWIN_META, /* linux-meta-aws: empty packages that depend on the newest image */
    KERNEL_TWIN_COUNT
};
/*
 * What kind of twin the source is and, for a twin, the name of its kernel source: "linux", "linux-hwe-5.15" (made in
 * the arena where it is no constant; absent when memory is out).
 */
enum kernel_twin kernel_twin(struct text source, struct arena *arena, struct text *kernel);

/*
 * The source version that a version of a meta package stands for: "5.15.0.91.88" brings ABI 91 of 5.15.0, so it is
 * at least "5.15.0-91" and is compared as the last upload of that ABI. Absent when it is not of the form.
 */
struct text kernel_meta_version(struct text version, struct arena *arena);

/* True for packages that hold the kernel's code: images and modules of one release, no debug symbols. */
bool kernel_has_code(struct text package);
/* "6.1.0-18-amd64" of "linux-image-6.1.0-18-amd64"; absent for what kernel_has_code refuses. */
struct text kernel_package_release(struct text package);

#endif
