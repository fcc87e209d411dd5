/*
 * What the vendor's chain needs of this machine: the table of publishers in force, and the floors below which no suite's
 * Date may fall (store/floors.h), for each root by itself.
 */
#ifndef FLOW_VENDOR_H
#define FLOW_VENDOR_H

#include "manager/manager.h"
#include "model/plan.h"
#include "model/vouched.h"
#include "store/floors.h"

#define VENDOR_PUBLISHERS_FILE "publishers.yaml"
#define VENDOR_LISTS           "lists" /* in the state folder: lists that were fetched from a vendor's own archive */

/* The file at `path`, with the built-in ones behind it; NULL: where configuration is (flow/config_path.h); "": none. */
bool vendor_publishers(const char *path, struct arena *arena, const struct publishers **out,
                       struct error *err) MUST_USE;
/* Where that file is, for a process that is told so: "" when there is none. */
bool vendor_publishers_path(const char *path, struct arena *arena, const char **out, struct error *err)
    MUST_USE;

struct vendor_floors {
    struct floors *floors;
    const char *root;
    struct manager_floors door; /* for manager_request.floors; points to this: not to be moved */
};
/* state: the state folder, or NULL: there are none. */
bool vendor_floors_open(const char *state, const char *root, struct arena *arena, struct vendor_floors *out,
                        struct error *err) MUST_USE;

/*
 * Fills what a request needs of this: its memory, publishers (where none are configured, those of another root's own
 * /etc/suture), floors and own lists. request->root is there; floors must live as long as the request.
 */
bool vendor_request(const char *state, const char *publishers, struct vendor_floors *floors,
                    struct arena *arena, struct manager_request *request, struct error *err) MUST_USE;

/* A suite whose whole chain held: its InRelease and the lists of it that were used. */
struct vendor_proved {
    struct text uri, suite; /* without user and password */
    int64_t date_us;
};
bool vendor_floors_raise(const char *state, const char *root, const struct vendor_proved *proved,
                         size_t count, struct arena *arena, struct error *err) MUST_USE;
/* Raises the floors of what was believed, and writes them. Older than a floor: nothing happens. */
bool vendor_floors_raise_host(const char *state, const char *root, const struct host *host,
                              struct arena *arena, struct error *err) MUST_USE;

#endif
