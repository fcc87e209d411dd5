/*
 * Fetching documents into a spool folder, one or many by one process.
 *
 * http: and https: are done by the program suture-fetch, a process that can do nothing else (base/confine.h); what it
 * answers is checked here and never believed beyond what the spool file itself shows. file: needs no network and no
 * such process: the file is looked at here and stays where it is.
 *
 * Documents of one batch share a process and, where the server lets it, a connection: sixty small packages cost one
 * TLS handshake and not sixty.
 *
 * The spool folder belongs to the caller alone (mode 0700, one caller at a time). In it NAME.part and NAME.note hold
 * what came of a fetch that did not end, and the next one of the same name goes on with it; NAME is a complete document
 * until it is fetched again or fetch_drop.
 */
#ifndef WIRE_FETCH_H
#define WIRE_FETCH_H

#include "base/arena.h"
#include "wire/fetch_message.h"

struct fetch_request {
    const char *program; /* suture-fetch, absolute (os_helper finds it). NULL: only file: can be had */
    const char *spool;
    const char *name;          /* a plain file name */
    struct text url;           /* http:, https: or file:///PATH */
    struct text etag;          /* of what is held, as a fetch gave them; absent: nothing is held */
    struct text last_modified; /* the same */
    struct text ca_file;       /* absent: the system's certificates */
    uint64_t size_limit;       /* at most LIMIT_FETCH_SIZE */
    uint32_t time_ms, stall_ms, connect_ms; /* 0: LIMIT_FETCH_TIME_MS, _STALL_MS, LIMIT_CONNECT_TIME_MS */
};

struct fetch_result {
    enum fetch_outcome outcome; /* FETCH_COMPLETE or FETCH_UNCHANGED */
    const char *path;           /* COMPLETE: the document's file */
    uint64_t size;
    struct text etag;          /* for the next request; of a file: its identity */
    struct text last_modified; /* the same */
    struct text url;           /* where redirects led, for people; absent when there were none */
    uint16_t status;           /* HTTP's, 0 for a file */
    uint8_t confined;          /* what held the fetching process (enum confinement) */
};

/*
 * ERROR_ABSENT: no such document (404, 410, no file). ERROR_TRUST: certificate, or a redirect that leads where it must
 * not. ERROR_LIMIT: too large, too slow, too many redirects. ERROR_SYSTEM: the network or the server failed. The text
 * begins with the URL, without user and password.
 */
bool fetch_run(const struct fetch_request *request, struct arena *arena, struct fetch_result *out,
               struct error *err) MUST_USE;

struct fetch_batch {
    const struct fetch_request *requests; /* of one program, spool and ca_file, each with a name of its own */
    size_t count;                         /* at most FETCH_ORDERS_MAX */
    uint64_t rate_max;                    /* bytes a second of all together; 0: as fast as it goes */
    /* Told about once in 200 ms, and of each end, how many bytes of which document are here. False: stop. */
    bool (*progress)(void *self, size_t index, uint64_t have);
    void *self;
};

/* What came of one document. */
struct fetch_done {
    struct fetch_result result; /* when failed.kind is ERROR_NONE; of a failure, status alone: 0: no answer came */
    struct error failed;        /* as fetch_run would have failed */
};

/*
 * Fills `count` outcomes. After three failures of the network one behind the other, without a byte, the rest fails untried.
 * False when it was asked to stop (ERROR_CONFLICT) or memory is out; what was complete before is complete.
 */
bool fetch_run_batch(const struct fetch_batch *batch, struct arena *arena, struct fetch_done *out,
                     struct error *err) MUST_USE;

/* Removes NAME and what belongs to it. */
bool fetch_drop(const char *spool, const char *name, struct error *err) MUST_USE;

/* The URL without user and password, for people; in the arena, at == NULL when memory is out. */
struct text fetch_url_shown(struct arena *arena, struct text url);

#endif
