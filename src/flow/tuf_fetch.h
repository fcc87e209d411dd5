/*
 * What brings a TUF client its files: each one ask of suture-fetch (wire/fetch.h), in a spool folder of the caller's.
 *
 * A server that begins to answer and then sends too much, or so slowly that it does not end, is ERROR_LIMIT; one that
 * does not answer at all is the network's failure (ERROR_SYSTEM) and no attack's.
 */
#ifndef FLOW_TUF_FETCH_H
#define FLOW_TUF_FETCH_H

#include "trust/tuf_client.h"

struct tuf_fetch {
    const char *program;                   /* suture-fetch; NULL: only file: addresses */
    const char *spool;                     /* of the caller alone, mode 0700 */
    struct text metadata_url, targets_url; /* https:, http: or file:///; with or without '/' at the end */
    struct text ca_file;                   /* absent: the system's certificates */
    /* Of targets: how many bytes are here. False: stop. NULL: nobody asks. */
    bool (*progress)(void *self, uint64_t have);
    void *self;
};

/* fetch must live as long as the bringer. */
struct tuf_bringer tuf_fetch_bringer(struct tuf_fetch *fetch);

#endif
