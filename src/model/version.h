/*
 * Orders of versions: which of two is newer, by the rules of the world they come from.
 *
 *   deb     Debian Policy 5.6.12, as dpkg and apt compare (epoch, upstream, revision; '~' before the end)
 *   rpm     rpmvercmp with epoch and release, '~' and '^'
 *   apk     apk-tools 3; from where a text is no version any more, the rest is compared as bytes (apk calls such equal)
 *   semver  Semantic Versioning 2.0.0 section 11; a leading "v" is allowed, as Go writes it
 *
 * Every order is total: any two texts compare, nothing fails, nothing is allocated.
 */
#ifndef MODEL_VERSION_H
#define MODEL_VERSION_H

#include "base/bytes.h"

enum version_order {
    VERSION_ORDER_UNKNOWN,
    VERSION_DEB,
    VERSION_RPM,
    VERSION_APK,
    VERSION_SEMVER,
    VERSION_ORDER_COUNT
};

/* -1, 0 or 1. With VERSION_ORDER_UNKNOWN the texts are compared as bytes. */
int version_compare(enum version_order order, struct text a, struct text b);

const char *version_order_name(enum version_order order);
/* VERSION_ORDER_UNKNOWN when there is none of that name. */
enum version_order version_order_find(struct text name);

#endif
