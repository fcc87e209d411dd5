/*
 * The fleet's database: what one sutured knows of its machines, behind one door for SQLite and PostgreSQL.
 *
 * This header has the handle and the rows; store/fleet_write.h has every write, store/fleet_read.h every read, and
 * store/fleet_keep.h what an operator does with a whole database (copy, backup, restore, months dropped).
 *
 * A handle belongs to one thread at a time; whoever needs several opens several. The front has one that writes (its
 * committer) and one for each thread that reads: readers see whole batches, and never wait for the writer.
 *
 * Numbers. Times are microseconds UTC, 0 where a time is "never" or "not yet". `hid` is the database's own number of a
 * host: 63 bits, made by the store, in every key of what belongs to a host, and never shown, ordered by or sent anywhere;
 * a host's name in the protocol and on screens is its id of 16 random bytes. What the protocol counts in u64 (counters,
 * sequence numbers, generations) is refused above INT64_MAX; what it draws at random (epoch, random) is kept bit by bit.
 *
 * Texts are checked texts (base/bytes.h) of at most LIMIT_FLEET_TEXT bytes unless said otherwise; what a write points to is the
 * caller's and is not kept, what a read gives lives in the arena that was passed in. Every failure of a function here says
 * that the database did not answer as it should: nothing is then known to be stored, and the caller answers "try again"
 * (503). What a person or a machine did wrong is no failure but a write's outcome (store/fleet_write.h).
 */
#ifndef STORE_FLEET_H
#define STORE_FLEET_H

#include "base/bytes.h"

#define FLEET_ID_SIZE     16 /* a host's id */
#define FLEET_HASH_SIZE   16 /* a chunk's keyed hash; an inventory's root */
#define FLEET_SECRET_SIZE 32 /* SHA-256 of a token: the token itself is never stored */
#define FLEET_BUCKETS     256
#define FLEET_CHUNKS_SIZE (FLEET_BUCKETS * FLEET_HASH_SIZE)

/* ---- the handle ---- */

struct fleet_store;

struct fleet_store_options {
    bool make;      /* what is not there yet is made, with its schema; else ERROR_ABSENT */
    bool read_only; /* for reports, and for looking while another writes: no schema is made or changed */
    int64_t now_us; /* for the month's tables and the schema's history */
};

/*
 * where: the path of an SQLite file, or what libpq takes: "postgresql://..." (several hosts with ',' between them, of which
 * the one that accepts writes is used) or "host=... dbname=...". An older schema is upgraded, in one transaction; a newer one is refused with
 * ERROR_INPUT and a sentence. ERROR_ABSENT: not there, or the database's library is not installed. OWN(fleet_store_close).
 */
bool fleet_store_open(const char *where, const struct fleet_store_options *options, struct fleet_store **out,
                      struct error *err) MUST_USE;
void fleet_store_close(struct fleet_store **store);
/* "sqlite" or "postgres": for people. */
const char *fleet_store_kind(const struct fleet_store *store);
/* PostgreSQL over the network does not need it; SQLite folds its log into the file, which a quiet minute is good for. */
bool fleet_store_tidy(struct fleet_store *store, struct error *err) MUST_USE;

/* ---- hosts ---- */

enum fleet_host_flag {
    FLEET_HOST_REVOKED = 1,   /* a person said so: 403 to everything */
    FLEET_HOST_SAFE_LANE = 2, /* may be a clone or restored: until a person accepts it */
    FLEET_HOST_REMOVED = 4,   /* gone for good: not in lists unless asked for, its inventory is dropped */
    FLEET_HOST_STALE = 8, /* not seen for longer than the policy allows: set and taken back by the front */
};

/* One check-in. */
struct fleet_seen {
    uint64_t counter, random, epoch;
    int64_t seen_us;
    uint32_t agent_version;                     /* major << 16 | minor << 8 | patch */
    uint32_t state;                             /* bits of the protocol, kept as they are */
    uint32_t level;                             /* the protocol's */
    uint64_t plan_generation, index_generation; /* that the agent says it holds */
    uint64_t repository, policy;                /* versions that it holds */
    uint32_t due, late, open, unknown;          /* its findings, as it counts them */
};

/* What an inventory's commit tells beside its buckets. (os, codename, arch, kernel) is one row for all hosts that share it. */
struct fleet_facts {
    struct text name; /* the host's, for people */
    struct text os, codename, arch, kernel;
    int64_t scanned_us;
};

struct fleet_host {
    int64_t hid;
    uint8_t id[FLEET_ID_SIZE];
    uint32_t flags;
    int64_t enrolled_us;
    int64_t token;     /* number of the token that let it in */
    struct text class; /* of machines, in the fleet's policy; from its token, or changed by a person */
    uint32_t ring;     /* of the pulse; 0 until a person or a rollout says otherwise */
    int64_t certificate_end_us;
    uint8_t certificate[FLEET_SECRET_SIZE]; /* SHA-256 of the newest one */
    struct fleet_seen seen;                 /* seen_us 0: never yet */
    uint64_t ack;                           /* of seen.epoch: the highest event committed in a row */
    uint8_t root[FLEET_HASH_SIZE];
    int64_t committed_us; /* of the inventory; 0: none yet */
    int64_t facts_number;
    struct fleet_facts facts;
    uint64_t finding_generation; /* of the index by which its rows of findings were last written */
    uint64_t revision;
};

/* The root of an inventory, as the protocol has it (wire/agent_chunk.h): what its 256 hashes come to; zeros when all are. */
bool fleet_inventory_root(const uint8_t chunks[FLEET_CHUNKS_SIZE], uint8_t out[FLEET_HASH_SIZE],
                          struct error *err) MUST_USE;

/* ---- what happens ---- */

/*
 * Kinds are the protocol's (wire/agent_message.h); the store keeps the number. The server may add FLEET_EVENT_MARK to one that it
 * doubts (server/evidence_check.h): the mark is no part of what the agent said, so an event is the same with it and without.
 */
#define FLEET_EVENT_MARK 32
struct fleet_event {
    uint64_t seq; /* from 1 */
    uint32_t kind;
    int64_t at_us;     /* by the agent's clock */
    struct bytes body; /* at most LIMIT_FLEET_EVENT */
};

/* Something to repair: a fix of one source package in one release, or whatever the index calls one. */
struct fleet_fix {
    int64_t number;    /* fleet_fix_number(name) */
    struct text name;  /* "debian:bookworm:openssl:3.0.17-1~deb12u3" */
    struct text about; /* JSON: its CVEs, urgency: the index's words, at most LIMIT_FLEET_ABOUT */
};
/* 63 bits of the name's SHA-256, so that whoever has the name has the number. */
bool fleet_fix_number(struct text name, int64_t *out, struct error *err) MUST_USE;

/* (host, fix): open from opened_us to closed_us (0: still). One that opens again gets another row. */
struct fleet_finding {
    int64_t hid, fix;
    int64_t opened_us, closed_us;
    uint64_t opened_generation, closed_generation;
};

/* ---- people and orders: rows that are written rarely, each with a revision that a change must name (0: it is new) ---- */

struct fleet_user {
    struct text name;     /* unique */
    struct text password; /* as crypt(3) writes it; empty: no log-in by password */
    struct text role;
    bool disabled, must_change;
    uint32_t failures; /* in a row */
    int64_t locked_until_us, made_us, changed_us;
    uint64_t revision;
};

/* An API token or a person's session: both are secrets of which the SHA-256 is kept. */
struct fleet_api_token {
    int64_t number;                    /* given by the store when it is new */
    uint8_t secret[FLEET_SECRET_SIZE]; /* unique */
    struct text user, label, role, scope;
    bool session;
    int64_t made_us, ends_us, used_us, revoked_us;
    uint64_t revision;
};

struct fleet_enrol_token {
    int64_t number;
    uint8_t secret[FLEET_SECRET_SIZE]; /* unique */
    struct text label, by, class;
    uint32_t uses_max, uses;
    int64_t made_us, ends_us, revoked_us;
    uint64_t revision;
};

/* "Patch now" for a fix (a CVE or a source package), for a class of machines or all ("" ). */
struct fleet_now_item {
    int64_t number;
    struct text fix, class, by, reason; /* reason: at most LIMIT_NOTE */
    int64_t made_us, ends_us, withdrawn_us;
    uint64_t revision;
};

/* The fleet's plan, as signed. */
struct fleet_plan_row {
    uint64_t generation;
    int64_t made_us;
    struct bytes body, signature; /* at most LIMIT_FLEET_PLAN */
};

/* One row of the audit log. seq and chain are the store's: chain = SHA-256("SFA1", the chain before, the row). */
struct fleet_audit {
    uint64_t seq;
    int64_t at_us;
    struct text actor;  /* "user:NAME", "token:NUMBER", "host:ID", "sutured" */
    struct text from;   /* an address */
    struct text deed;   /* "token.new" */
    struct text object; /* what it was done to */
    struct text detail; /* JSON, at most LIMIT_FLEET_ABOUT */
    uint8_t chain[32];
};

/* ---- generations ---- */

/* Numbers that are handed out and must never go back. */
enum fleet_generation {
    FLEET_GENERATION_UNKNOWN,
    FLEET_GENERATION_PLAN,
    FLEET_GENERATION_INDEX,
    FLEET_GENERATION_PULSE,
    FLEET_GENERATION_COUNT
};

/*
 * What the database says of itself. A database that was restored from a backup is in quarantine: no plan, pulse or index
 * generation can be written (FLEET_OUTCOME_QUARANTINE) until it is ended, since agents may hold higher ones. Meanwhile,
 * and ever after, what check-ins report raises `reported`; the next generation written must be above both.
 */
struct fleet_state {
    uint32_t schema;
    uint8_t fleet[32];   /* the fleet's id; zero until it was set */
    int64_t restored_us; /* when a backup was put in its place last; 0: never */
    int64_t backup_us;   /* and of when that backup was */
    bool quarantine;
    uint64_t highest[FLEET_GENERATION_COUNT];  /* written here */
    uint64_t reported[FLEET_GENERATION_COUNT]; /* by agents, since a restore */
};

#endif
