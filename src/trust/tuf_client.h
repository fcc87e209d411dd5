/*
 * The client's workflow (specification 1.0.34, section 5): what to ask for in which order, and what is kept.
 *
 * The metadata folder is the floor: root.json, timestamp.json, snapshot.json, targets.json and one NAME.json for each
 * delegated role, exactly the bytes as they were served, each written beside, synced and renamed after it was verified and
 * not before. root_history/N.root.json keeps every root that was passed. What is there is verified again at each start and
 * never believed for lying there. A "lock" keeps two from writing at once.
 *
 * This library knows no network: whoever calls gives a function that brings bytes. Each ask has a cap, and more bytes are
 * never taken; how slow is too slow is the bringer's (wire/fetch.h has it).
 */
#ifndef TRUST_TUF_CLIENT_H
#define TRUST_TUF_CLIENT_H

#include "trust/tuf_trusted.h"

/*
 * Brings at most `limit` bytes of a file below the metadata's or the targets' address into the arena. ERROR_ABSENT: there
 * is none (404, 403 for a next root); ERROR_LIMIT: longer, or so slow that it does not end; anything else: could not be had.
 */
struct tuf_bringer {
    bool (*metadata)(void *self, struct text name, uint64_t limit, struct arena *arena, struct bytes *out,
                     struct error *err);
    /* A target goes into a file, not into memory; it is verified there, in a folder that only the caller writes. */
    bool (*target)(void *self, struct text name, uint64_t limit, const char *path, struct error *err);
    void *self;
};

/* OWN(tuf_client_end). */
struct tuf_client {
    const char *folder; /* the metadata's, absolute or not; it is there and holds root.json */
    struct tuf_bringer bringer;
    int64_t now_us; /* the time of the update's begin; one for the whole update */
    struct arena *arena;
    struct tuf_trusted *trusted; /* NULL before tuf_client_refresh or tuf_client_open */
    bool offline;                /* tuf_client_open: roles are looked for in the folder alone */
    int lock;                    /* 0: not held */
};

/*
 * Puts the first, pinned root into the folder, which is made when it is not there. A root that is there already stays, and
 * it is ERROR_CONFLICT when this one is not among those that were passed.
 */
bool tuf_client_init(const char *folder, struct bytes root, struct arena *arena, struct error *err) MUST_USE;

/* Roots, timestamp, snapshot, targets. What was verified before a failure is kept; the failure's text has its name. */
bool tuf_client_refresh(struct tuf_client *client, struct error *err) MUST_USE;
/* Only what lies in the folder, without the network: for who reads between refreshes. Expiry is reported, not refused:
 * a role that is missing or does not hold is not in the set. ERROR_ABSENT: no root was pinned. */
bool tuf_client_open(struct tuf_client *client, struct error *err) MUST_USE;
void tuf_client_end(struct tuf_client *client);

/* The role into the set, from the folder or fetched; its delegator is there. *out NULL (only after tuf_client_open): it is not to be had. */
bool tuf_client_role(struct tuf_client *client, struct text role, struct text delegator,
                     const struct tuf_metadata **out, struct error *err) MUST_USE;
/* Walks the delegations, in pre-order, at most LIMIT_TUF_ROLES of them. *out NULL: nobody speaks for the path, which is no error.
 * *by (may be NULL): the role that spoke. */
bool tuf_client_find(struct tuf_client *client, struct text path, const struct tuf_file **out,
                     struct text *by, struct error *err) MUST_USE;
/* The target as a verified file below dir; what is there already with the right hash is not fetched again. */
bool tuf_client_download(struct tuf_client *client, const struct tuf_file *target, const char *dir,
                         const char **path, struct error *err) MUST_USE;

#endif
