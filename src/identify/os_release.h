/*
 * Which system a root is: os-release(5).
 *
 *     PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
 *     ID=debian
 *     VERSION_ID="12"
 *
 * Values are as a shell would read them: plain, in single or in double quotes with backslashes before $ " \ `.
 */
#ifndef IDENTIFY_OS_RELEASE_H
#define IDENTIFY_OS_RELEASE_H

#include "model/release.h"

struct os_release {
    struct text id, version_id, codename, pretty_name; /* absent where not said */
    struct text name;                                  /* for people: "Debian 12" */
    struct release release;                            /* name[0] == 0: not one that we know */
};

/* Of the root; ERROR_ABSENT when it has neither etc/os-release nor usr/lib/os-release. */
bool os_release_read(const char *root, struct arena *arena, struct os_release *out, struct error *err)
    MUST_USE;
/* From the file's bytes. Lines that are no assignment are refused with their number. */
bool os_release_parse(struct bytes raw, struct arena *arena, struct os_release *out, struct error *err)
    MUST_USE;

#endif
