/*
 * Every write into the fleet's database.
 *
 * Writes come as a batch, whole or not at all durable: what the committer collected from many requests goes in one
 * transaction, and when fleet_store_write returns true, every outcome in `results` is on the disk (of a majority, where
 * the database is replicated). Writes are carried out in their order, each as if alone: one that is refused takes nothing of
 * the others with it. Two writes that must happen both or neither are one kind of write here (a host and its token), and
 * every write can carry a row of the audit log that is written if, and only if, the write is done.
 *
 * Exactly once: a serialization failure, or a connection that broke at COMMIT, is tried again inside; each batch has a number
 * of its own in the same transaction, so that one whose outcome was unknown is found to be there and not written twice.
 * When it still fails (ERROR_SYSTEM, after LIMIT_FLEET_TRIES), nothing is known; every agent's write may be sent again.
 */
#ifndef STORE_FLEET_WRITE_H
#define STORE_FLEET_WRITE_H

#include "store/fleet.h"

enum fleet_write_kind {
    FLEET_WRITE_UNKNOWN,
    /* machines */
    FLEET_WRITE_ENROL,
    FLEET_WRITE_CERTIFICATE,
    FLEET_WRITE_HOST_FLAGS,
    FLEET_WRITE_SEEN,
    FLEET_WRITE_CHUNK,
    FLEET_WRITE_INVENTORY,
    FLEET_WRITE_EVENTS,
    /* what is wrong with them */
    FLEET_WRITE_FIX,
    FLEET_WRITE_FIX_GENERATION,
    FLEET_WRITE_FINDINGS,
    /* what is handed out */
    FLEET_WRITE_GENERATION,
    FLEET_WRITE_PLAN,
    FLEET_WRITE_NOW_ITEM,
    /* people */
    FLEET_WRITE_USER,
    FLEET_WRITE_API_TOKEN,
    FLEET_WRITE_ENROL_TOKEN,
    FLEET_WRITE_AUDIT, /* nothing but its row of the audit log */
    /* the database */
    FLEET_WRITE_FLEET,
    FLEET_WRITE_QUARANTINE_END,
    FLEET_WRITE_COUNT
};

/* A new host, by a token whose SHA-256 is `secret` (which counts one use more). Outcomes: DONE (hid); CONFLICT (the id is taken by another token); REFUSED (no
 * such token, used up, ended, revoked). The same host with the same token again is DONE and no second use: its first answer was lost. */
struct fleet_enrol {
    uint8_t id[FLEET_ID_SIZE];
    uint8_t secret[FLEET_SECRET_SIZE];
    int64_t at_us;
    int64_t certificate_end_us;
    uint8_t certificate[FLEET_SECRET_SIZE];
};

/* The newest certificate of a host; an older end than the known one changes nothing and is DONE. ABSENT: no such host. */
struct fleet_certificate {
    int64_t hid;
    int64_t certificate_end_us;
    uint8_t certificate[FLEET_SECRET_SIZE];
};

/*
 * Flags set and taken back. With `accept`, a person takes a host that was thought a clone: its counter begins anew at this
 * one's, so that the check-in that follows counts. FLEET_HOST_REMOVED also drops its inventory. class and ring: NULL leaves it. ABSENT.
 */
struct fleet_host_flags {
    int64_t hid;
    uint32_t set, clear;
    bool accept;
    const struct text *class;
    const uint32_t *ring;
};

/* A check-in: only a counter above the known one changes anything (DONE either way). One row of 150 bytes: send hundreds together. */
struct fleet_seen_write {
    int64_t hid;
    struct fleet_seen seen;
};

/* Bytes by hash, once for the fleet; whether the hash is theirs was checked by the caller, with the fleet's key. */
struct fleet_chunk {
    uint8_t hash[FLEET_HASH_SIZE];
    struct bytes body; /* at most LIMIT_FLEET_CHUNK */
    int64_t at_us;
};

/*
 * An inventory's commit: `changed` buckets against the root `base`, which together must give `root`
 * (fleet_inventory_root). DONE: it is now the host's, with its facts; so it is when `root` is the
 * host's root already. LACKS: these buckets' chunks are not here (result.lacks), nothing was changed. CONFLICT: `base` is not
 * what the host has here, or the sum is not `root`: send all buckets against an empty base. ABSENT.
 * That a host may commit only chunks that it sent itself, so that nobody learns what others run, is the caller's to see to.
 */
struct fleet_bucket {
    uint8_t bucket;
    uint8_t hash[FLEET_HASH_SIZE]; /* zero: empty */
};
struct fleet_inventory {
    int64_t hid;
    int64_t at_us;
    bool from_nothing;             /* base is an empty inventory, whatever is here */
    uint8_t base[FLEET_HASH_SIZE]; /* zero when there was none */
    uint8_t root[FLEET_HASH_SIZE];
    const struct fleet_bucket *changed;
    size_t changed_count; /* at most FLEET_BUCKETS, no bucket twice */
    struct fleet_facts facts;
};

/*
 * Events of one outbox, in the order of their seq without a gap. DONE: all of them are stored, each once, and result.ack is
 * the highest in a row. GAP: they begin behind ack + 1; send from result.ack + 1 on. CONFLICT: a stored one of that seq
 * has another body: a clone; nothing of this write was stored. LIMIT: the host made more than LIMIT_FLEET_EPOCHS outboxes. ABSENT.
 * oldest_kept is the first seq that the agent still has: when the store's ack lies below it (a backup older than what
 * agents keep was restored) the events between are lost; the ack moves there, and result.number counts them.
 */
struct fleet_events {
    int64_t hid;
    uint64_t epoch;
    uint64_t oldest_kept; /* 0: not known: no gap is taken */
    int64_t received_us;
    const struct fleet_event *events;
    size_t count; /* at most LIMIT_FLEET_EVENTS; 0 asks for the ack */
};

/* What was true of a fix at a generation of the index: the chunks whose hosts are exposed, and how many these were. One write however many hosts. */
struct fleet_fix_generation {
    int64_t fix;
    uint64_t generation;
    int64_t at_us;
    struct bytes
        chunks; /* hashes, FLEET_HASH_SIZE each, at most LIMIT_FLEET_FIX_CHUNKS; none: nobody is exposed any more */
    uint64_t hosts, unknown, stale;
};

/* One host's findings that opened or closed; what is so already is left. Sets the host's finding_generation. ABSENT. */
struct fleet_findings {
    int64_t hid;
    uint64_t generation;
    int64_t at_us;
    const int64_t *opened;
    size_t opened_count;
    const int64_t *closed;
    size_t closed_count; /* both together at most LIMIT_FLEET_FINDINGS */
};

/* A generation that is about to be handed out: DONE only when it is above every one written or reported before. */
struct fleet_generation_write {
    enum fleet_generation of;
    uint64_t generation;
};

struct fleet_write {
    enum fleet_write_kind kind;
    const struct fleet_audit *audit; /* or NULL; its seq and chain are made here */
    union {
        struct fleet_enrol enrol;
        struct fleet_certificate certificate;
        struct fleet_host_flags host_flags;
        struct fleet_seen_write seen;
        struct fleet_chunk chunk;
        struct fleet_inventory inventory;
        struct fleet_events events;
        struct fleet_fix fix;
        struct fleet_fix_generation fix_generation;
        struct fleet_findings findings;
        struct fleet_generation_write generation;
        struct fleet_plan_row
            plan; /* also raises FLEET_GENERATION_PLAN; the newest LIMIT_FLEET_PLANS are kept */
        struct fleet_now_item now_item;
        struct fleet_user user; /* revision 0: new, else the one that it replaces; CONFLICT otherwise */
        struct fleet_api_token api_token;
        struct fleet_enrol_token enrol_token;
        uint8_t fleet[32]; /* the fleet's id: set once; CONFLICT when it is another's database */
    };
};

enum fleet_outcome {
    FLEET_OUTCOME_UNKNOWN,
    FLEET_OUTCOME_DONE,
    FLEET_OUTCOME_ABSENT,
    FLEET_OUTCOME_CONFLICT,
    FLEET_OUTCOME_REFUSED,
    FLEET_OUTCOME_LACKS,
    FLEET_OUTCOME_GAP,
    FLEET_OUTCOME_LIMIT, /* more than a limit of base/limits.h, or bytes that are not what this header says */
    FLEET_OUTCOME_QUARANTINE,
    FLEET_OUTCOME_COUNT
};
const char *fleet_outcome_name(enum fleet_outcome outcome);

struct fleet_result {
    enum fleet_outcome outcome;
    int64_t hid;       /* of ENROL */
    uint64_t ack;      /* of EVENTS, whatever the outcome */
    uint64_t number;   /* EVENTS: lost ones; tokens and now items: their number; AUDIT: its seq */
    uint64_t revision; /* of rows that have one: the new one */
    uint8_t lacks[FLEET_BUCKETS / 8]; /* of INVENTORY: bit (bucket % 8) of byte bucket / 8 */
    char why[120];                    /* a sentence for a person, unless DONE */
};

/* At most LIMIT_FLEET_BATCH writes. On failure the results are of no use. */
bool fleet_store_write(struct fleet_store *store, const struct fleet_write *writes, size_t count,
                       struct fleet_result *results, struct error *err) MUST_USE;

#endif
