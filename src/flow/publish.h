/*
 * `suture delta publish`: a folder of package files becomes a delta repository (acquire/delta_index.h), or brings one up to
 * date.
 *
 *     FROM, .debs --control--> packages --publish_plan--> pairs --encoder, several at once--> TO/delta, TO/index
 *
 * What is there already is not made again, and an index that says the same is not written again; so it may be run by a timer
 * after each mirroring. A delta of more than PUBLISH_PROFIT_PERCENT of its package is not published, and that it is
 * none is remembered (TO/tried), as is a package that cannot be rebuilt to the byte. It may be ended at any time: what was made by then
 * is in its index or is made again.
 */
#ifndef FLOW_PUBLISH_H
#define FLOW_PUBLISH_H

#include "delta/base.h"
#include "flow/publish_shelf.h"

#define PUBLISH_PROFIT_PERCENT 70

/* One delta that is to be made. */
struct publish_job {
    const struct publish_package *old, *new;
    const char *out; /* path of the delta; supplements lie beside it as OUT.CLASS */
    size_t memory_max;
    unsigned threads;
    bool (*go_on)(void *self); /* asked now and then, from any thread; false: stop */
    void *self;
};

struct publish_made {
    struct digest identity;             /* of the base */
    uint64_t memory;                    /* that rebuilding takes */
    bool supplements[BASE_CLASS_COUNT]; /* OUT.CLASS was written */
};

/* Who makes deltas: the codec (flow/publish_codec.h), or a table in tests. Called from several threads at once. */
struct publish_door {
    void *self;
    /* ERROR_TRUST, ERROR_INPUT: of these two no delta can be made, now or later. */
    bool (*make)(void *self, const struct publish_job *job, struct arena *arena, struct publish_made *out,
                 struct error *err);
};

enum publish_what {
    PUBLISH_UNKNOWN,
    PUBLISH_MADE,
    PUBLISH_KEPT,         /* it is there */
    PUBLISH_UNPROFITABLE, /* now, or it was found before */
    PUBLISH_FAILED,       /* `why` says so */
    PUBLISH_REFUSED,      /* a former index, or a file of FROM: `why` names it; the rest goes on */
    PUBLISH_WHAT_COUNT
};

/* One thing that happened, for people. Its texts live as long as the call. */
struct publish_event {
    enum publish_what what;
    const struct publish_package *old, *new; /* NULL with REFUSED */
    uint64_t size;                           /* of the delta */
    int64_t took_us;
    struct text why;
};

struct publish_request {
    const char *from, *to; /* `to` is made when it is not there */
    struct publish_select select;
    const struct secret_key *key;
    size_t memory_max; /* of all that is made at once */
    unsigned at_once;  /* 0: as many as there are processors, and as memory allows */
    bool prune;        /* what is not wanted any more is removed */
    int64_t now_us;
    const struct publish_door *door;
    void (*told)(void *self, const struct publish_event *event); /* never twice at once */
    bool (*stop)(void *self); /* the same; true: what is being made is given up */
    void *self;
};

struct publish_report {
    size_t packages, counts[PUBLISH_WHAT_COUNT], indexes_written, removed;
    uint64_t delta_bytes, package_bytes; /* of deltas made and kept, and of what they stand for */
};

/* ERROR_CONFLICT: somebody else is at work in `to`; or was asked to stop, and what was made is published. */
bool publish(const struct publish_request *request, struct arena *arena, struct publish_report *out,
             struct error *err) MUST_USE;

#endif
