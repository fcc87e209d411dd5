/*
 * Getting a plan's packages: from the cache, from what apt has fetched already, else from the machine's own mirrors.
 *
 * Nothing is believed here but a hash: whatever a mirror sends lands in the spool of suture-fetch, is copied into the
 * cache while it is hashed, and stays there only when it is what was asked for. So a mirror may be changed in the middle,
 * and a proxy or a mirror that lies costs time and no more. What broke off is gone on with by the next run, whatever ended
 * this one.
 *
 * Each package is asked for at its first mirror, then at the next ones; those that the network failed are tried once
 * more when all have had their turn. A mirror that does not have it, or sent something else, is not asked again for it.
 */
#ifndef ACQUIRE_MIRROR_H
#define ACQUIRE_MIRROR_H

#include "acquire/cache.h"
#include "wire/fetch.h"

struct mirror_want {
    struct text name; /* for people: "libexpat1" */
    struct cache_item item;
    const struct text *urls; /* as mirror_url makes them, the one to ask first in front */
    size_t url_count;
    struct text kept_as; /* as mirror_kept_name makes it; absent: apt's own files are not looked at */
};

struct mirror_progress {
    uint64_t have, total; /* bytes of all wants */
    size_t done, count;
    struct text name; /* being fetched */
    bool rebuilding;  /* it is being made from a delta (flow/delta_fetch.h) */
};

struct mirror_request {
    const struct mirror_want *wants;
    size_t want_count;
    const struct cache *cache;
    const char *spool;   /* a folder of its own */
    const char *program; /* suture-fetch; NULL: only file: can be had */
    const char *const
        *kept; /* folders of packages that others fetched, ends in NULL: APT_ARCHIVES below the root */
    struct text ca_file;           /* absent: the system's certificates */
    uint64_t rate_max;             /* bytes a second; 0: as fast as it goes */
    uint32_t stall_ms, connect_ms; /* 0: as fetch_run */
    bool partly; /* what cannot be had is no failure: its path is NULL, and `failures` says why */
    bool (*progress)(void *self, const struct mirror_progress *progress); /* false: stop; or NULL */
    void *self;
};
#define MIRROR_KEPT_BY_APT "/var/cache/apt/archives"

struct mirror_result {
    const char **paths;     /* in the cache, one for each want */
    struct error *failures; /* the same; kind NONE: it is here */
    uint64_t fetched_bytes, reused_bytes;
    size_t fetched_count, reused_count;
    uint8_t confined; /* what held the fetching process (enum confinement); 0: none was needed */
};

/*
 * All wants or none, unless `partly`: false names the first that could not be had and why; what was had stays in the cache.
 * ERROR_CONFLICT: was asked to stop.
 */
bool mirror_fetch(const struct mirror_request *request, struct arena *arena, struct mirror_result *out,
                  struct error *err) MUST_USE;

/*
 * How many bytes of each want are here already: all of them when it is in the cache, or was found at `kept` or in the spool and is
 * now; else what came before a fetch broke off.
 */
bool mirror_look(const struct mirror_request *request, struct arena *arena, uint64_t *here, struct error *err)
    MUST_USE;

/* uri of the archive (it ends in '/') and file below it as one address; at == NULL when memory is out. */
struct text mirror_url(struct text uri, struct text file, struct arena *arena);
/* As apt names the file it keeps: "libexpat1_2.5.0-1+deb12u5_amd64.deb", with "%3a" for ':'. */
struct text mirror_kept_name(struct text name, struct text version, struct text arch, struct arena *arena);
/* "500k", "2M", "100000": bytes a second, at least 1000. */
bool mirror_parse_rate(struct text text, uint64_t *out, struct error *err) MUST_USE;

#endif
