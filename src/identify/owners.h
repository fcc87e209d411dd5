/*
 * Whose files they are: dpkg's lists of what each package brought, ROOT/var/lib/dpkg/info/NAME.list or NAME:ARCH.list.
 *
 * There is no index over these lists, so whoever asks puts what is wanted into a map and lets the lists pass by it.
 * Paths are compared as owners_path makes them: on a system whose /bin, /sbin and /lib are links into /usr a file is
 * mapped as /usr/lib/x, while its package may say /lib/x.
 */
#ifndef IDENTIFY_OWNERS_H
#define IDENTIFY_OWNERS_H

#include "base/map.h"
#include "model/host.h"

/* "/lib/x" for "/usr/lib/x"; other paths as they are. Points into what was given. */
struct text owners_path(struct text path);

struct owners_sink {
    const struct map *wanted; /* by owners_path */
    void *self;
    void (*found)(void *self, uint32_t wanted,
                  uint32_t package); /* the value in the map; the index of the package */
};

/*
 * Tells the sink of each wanted path that the package (an index in host.packages) has. A package without a readable list
 * has no files.
 */
void owners_ask(const char *root, const struct host *host, uint32_t package, const struct owners_sink *sink);
/* The same for all packages, in their order: some milliseconds. */
void owners_ask_all(const char *root, const struct host *host, const struct owners_sink *sink);

#endif
