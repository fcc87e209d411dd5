/*
 * The first step of a scan: what is here. Brings together what the package manager, the running system and the
 * file system say of one root, or of a bare inventory.
 */
#ifndef FLOW_SCAN_HOST_H
#define FLOW_SCAN_HOST_H

#include "flow/scan.h"
#include "identify/running.h"
#include "model/universe.h"

struct scan_host {
    struct host host;
    struct running running; /* points to the host: neither may be moved */
};

bool scan_host_read(const struct scan_request *request, struct arena *arena, struct scan_host *out,
                    struct error *err) MUST_USE;

/*
 * Sets the services of a group that execute a file of these packages now. It costs a file for each package, so it is
 * asked of what is due.
 */
bool scan_host_services(struct scan_host *host, const uint32_t *packages, size_t count,
                        struct scan_group *into, struct error *err) MUST_USE;

/* What a plan of this host, which was read of the same request, can choose among. */
bool scan_host_universe(const struct scan_request *request, const struct host *host, struct arena *arena,
                        struct universe *out, struct error *err) MUST_USE;

/* True when the request is of this machine as it is now: then, and only then, is anything remembered. */
bool scan_host_is_live(const struct scan_request *request);

#endif
