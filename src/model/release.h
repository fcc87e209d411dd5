/*
 * Releases of distributions, and ecosystems without releases, under one name each.
 *
 * The name is "debian-12", "ubuntu-22.04", "almalinux-9", "alpine-3.18", "go", "npm", ...: what JSON shows as os and what an index file is called.
 * Feeds and machines say it in their own ways (a codename, OSV's "Debian:12" or "Ubuntu:22.04:LTS", os-release's ID and VERSION_ID); this is where they meet.
 */
#ifndef MODEL_RELEASE_H
#define MODEL_RELEASE_H

#include "model/version.h"

#define RELEASE_NAME_MAX 64

struct release {
    char name[RELEASE_NAME_MAX]; /* NUL-terminated; lower case letters, digits, '.', '-' */
    enum version_order
        order; /* VERSION_ORDER_UNKNOWN where we have none: its advisories are counted, not matched */
};

/* From a codename: "bookworm", "jammy". False when the table does not know it. */
bool release_from_codename(struct text codename, struct release *out);
/* From OSV's ecosystem field. False when it is empty or not of the form. A distribution without its version is no release; what the table does
 * not know gets a name made from its own words, and no order. */
bool release_from_osv(struct text ecosystem, struct release *out);
/* From os-release: ID and VERSION_ID; testing and sid have no VERSION_ID and go by VERSION_CODENAME. */
bool release_from_os(struct text id, struct text version_id, struct text codename, struct release *out);
/* OSV's word for the distribution of "debian-12": "Debian"; NULL where it has none that we know. */
const char *release_ecosystem(struct text name);
/* The codename of "debian-12", or NULL. */
const char *release_codename(const char *name);

#endif
