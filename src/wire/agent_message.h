/*
 * The agent's protocol, version 1: every message between an agent and its server, in both directions, byte by byte.
 *
 * All is HTTP/1.1 or newer. The calls below /agent/ go over TLS 1.2 or newer with the agent's certificate; the server shows
 * a certificate of the fleet's CA for the name AGENT_SERVER_NAME, whatever its address is, with the CA's own behind it in
 * the chain. Requests and answers are one message as body (application/octet-stream), or none; each answer has the head line
 * "Suture-Proto: 1". An error is a status, and as body one line of text for people.
 *
 *     call                            in              out                          besides
 *     POST /agent/1/enroll            SAE1            200 SAF1                     the only call without a certificate; 403: the token is not good
 *     POST /agent/1/renew             SAR1            200 SAF1                     an expired certificate of ours may do this, and nothing else
 *     POST /agent/1/checkin           SAC1            200 SAD1                     a clone is answered too, with AGENT_SAFE_LANE
 *     POST /agent/1/inventory         SAI1            200 SAL1                     409: the base is not what the server has: again with base zero
 *     PUT  /agent/1/chunk/HASH        SAB1            204                          HASH: 32 hexadecimal digits (wire/agent_chunk.h); 422: the hash is another
 *     POST /agent/1/inventory/commit  SAK1            204                          409 SAL1: chunks that are lacking; 409 without it: the base
 *     POST /agent/1/outbox            SAO1            200 SAA1                     409: an event of that number has another body: a clone
 *     GET  /agent/1/plan/GENERATION   -               200 SAG1 (wire/fleet_plan.h) ETag; 304; GENERATION in decimal: the oldest that is wanted
 *     GET  /pulse/RING                -               200 SAP1                     plain HTTP, any mirror; ETag, 304; RING in decimal
 *     GET  /content/SHA256            -               200 or 206                   plain HTTP, any mirror; Range; 64 hexadecimal digits
 *     GET  /repo/...                  -               200                          plain HTTP: the fleet's TUF repository as it lies there
 *
 *     401  no certificate of ours (or an expired one)      403  the host is unknown or revoked: a person must act
 *     413  larger than the limits below                    415  a body that is no such message, or one of another version
 *     426  the agent is older than the server still speaks 429, 503  not now: Retry-After in seconds
 *
 * Integers are little-endian; signed ones two's complement. A text is a varint (LEB128, shortest form) of its size, then
 * UTF-8 without control characters; `blob` is a varint of its size and any bytes; `list of n` is u16 count and so many times
 * n bytes. Nothing may follow the last field. The last byte of a magic is the version of that message. Times are
 * microseconds since 1970 UTC. Bits of `flags` that are not known are passed over.
 *
 *   SAE1 enrol       u16 protocol_min, protocol_max   u8[32] fleet   u8[16] secret (of the token)   u8[16] nonce
 *                    blob csr (PKCS #10, DER, P-256)   text host name, program version
 *   SAF1 identity    u8[16] nonce (the request's)   u8[16] host   u8[32] fleet   u8[32] chunk key   u8[32] plan key (Ed25519)
 *                    u8 ring   blob certificate (DER), ca (DER)   text content (address of
 *                    the plain listener or a mirror, "http://HOST:PORT"; empty: the server's host, its port + 2)
 *   SAR1 renew       u16 protocol_min, protocol_max   u8[16] nonce   blob csr
 *   SAC1 check-in    u16 protocol_min, protocol_max   u16 version major, minor, patch   u8[16] host
 *                    u64 counter, random   u64 epoch, made, acked   u8[16] inventory (root; zero: never sent)
 *                    u64 plan, advisories (generations held)   u64 repository (version of its timestamp), policy (version)
 *                    i64 clock   i64 scanned (0: never)   u32 flags   u8 level
 *                    u32 due, late, open, unknown (findings)                                       155 bytes
 *   SAD1 pace        u16 protocol   u64 counter (the request's)   u32 next_s   u64 epoch, ack
 *                    u64 plan, advisories, repository (what is wanted)   i64 time   u8 ring   u32 flags     71 bytes
 *   SAI1 inventory   u8[16] base, root   list of 17: u8 bucket, u8[16] hash; buckets ascending
 *   SAL1 lacks       list of 16: u8[16] hash, each once, in the order of the request
 *   SAK1 commit      as SAI1, then   i64 scanned   text os, release, arch, host name, kernel
 *   SAO1 outbox      u64 epoch, first   u16 count (at least 1), then of each event, numbered first, first + 1, ...
 *                    u8 kind   i64 made   u32 size, and so many bytes
 *   SAA1 ack         u64 epoch, ack
 *   SAP1 pulse       u8[32] fleet   u8 ring   u64 generation, plan, repository   i64 made   u8 urgency   u8[64] signature: by
 *                    the plan key, of all before it, from the magic on                                   134 bytes
 *
 * Check-in: `counter` is one more than the last and durable before it is sent; `random` is made with it, and both are
 * repeated only when no answer came. The server keeps the last pair: a greater counter is good; the same pair is answered
 * again; anything else is a clone or a restored machine: AGENT_SAFE_LANE in every answer until a person accepts it.
 * `made` is the number of the last event made, `acked` that of the last that the server acknowledged; the answer's `ack` may be smaller
 * than `acked`, when the server was restored: the agent sends again what is behind it. Numbers of events begin at 1; an ack of
 * 0 is none. `next_s` counts from the answer; the agent adds its jitter behind it.
 *
 * Inventory: 256 buckets (wire/agent_chunk.h). SAI1 names what changed between base and root, a bucket that is empty now by
 * a hash of zeros; a base of zeros is the empty inventory. The server needs to remember nothing between inventory, chunks
 * and commit: commit says all of it again.
 *
 * Outbox: (host, epoch, number) is stored once; the ack is the highest number up to which all of this epoch is committed. A body is JSON
 * (canonical, format/json_canonical.h), of evidence the sealed record itself (verify/seal.h):
 *
 *     run-began   {"run", "kind": "apply|rollback", "why": "window|now|catch-up|person", "orders": [ID...], "packages": n}
 *     run-step    {"run", "step", "group", "state", "note"}
 *     run-ended   {"run", "state": "done|failed|stopped|...", "why"}
 *     alarm       {"name": "rollback|freeze|...", "text"}        somebody may be attacking; notice the same, for information
 *     order-seen  {"role", "id", "version", "state": "in-force|waits|refused", "text"}
 */
#ifndef WIRE_AGENT_MESSAGE_H
#define WIRE_AGENT_MESSAGE_H

#include "base/bytes.h"
#include "base/reader.h"
#include "base/writer.h"

#define AGENT_PROTOCOL     1 /* what this build speaks: from, and up to */
#define AGENT_PROTOCOL_MIN 1
#define AGENT_SERVER_NAME                                                                                    \
    "sutured.internal" /* DNS name in the server's certificate; agents ask for it (SNI) and check it */

#define AGENT_PATH_ENROLL    "/agent/1/enroll"
#define AGENT_PATH_RENEW     "/agent/1/renew"
#define AGENT_PATH_CHECKIN   "/agent/1/checkin"
#define AGENT_PATH_INVENTORY "/agent/1/inventory"
#define AGENT_PATH_CHUNK     "/agent/1/chunk/"
#define AGENT_PATH_COMMIT    "/agent/1/inventory/commit"
#define AGENT_PATH_OUTBOX    "/agent/1/outbox"
#define AGENT_PATH_PLAN      "/agent/1/plan/"
#define AGENT_PATH_PULSE     "/pulse/"
#define AGENT_PATH_CONTENT   "/content/"
#define AGENT_PATH_REPO      "/repo/"

/* Bodies are refused beyond these before they are read: an outbox has at most one event of the largest size more than half of it. */
#define AGENT_SMALL_MAX     (16 * 1024) /* every message but these: 256 changed buckets are 4.3 KB */
#define AGENT_CHUNK_MAX     (256 * 1024)
#define AGENT_EVENT_MAX     (1024 * 1024) /* body of one event */
#define AGENT_OUTBOX_MAX    (2 * 1024 * 1024)
#define AGENT_PLAN_MAX      (256 * 1024)

#define AGENT_OUTBOX_EVENTS 1000
#define AGENT_BUCKETS       256
#define AGENT_NAME_MAX      64 /* host name (Linux: 64), os, release, arch */
#define AGENT_KERNEL_MAX    128
#define AGENT_CONTENT_MAX   1024 /* an address */
#define AGENT_DER_MAX       4096 /* a certificate or request of P-256 has 500 bytes */
#define AGENT_NEXT_MAX_S    86400

struct host_id {
    uint8_t at[16];
};
struct fleet_id {
    uint8_t at[32];
};
struct short_hash {
    uint8_t at[16];
};
#define HOST_ID_HEX    32
#define FLEET_ID_HEX   64
#define SHORT_HASH_HEX 32

enum agent_state { /* bits of a check-in's flags */
                   AGENT_REBOOT_NEEDED = 1,
                   AGENT_RUN_UNDER_WAY = 2,
                   AGENT_ON_BATTERY = 4,
                   AGENT_METERED = 8,
                   AGENT_TRUST_ALARM = 16,
                   AGENT_IN_SAFE_LANE = 32,
                   AGENT_UPDATERS_HELD =
                       64, /* others' updaters, by a crisis order or since Suture works unattended */
                   AGENT_OUTBOX_DROPPED = 128, /* it was full: events were not made */
                   AGENT_CLOCK_DOUBTED = 256,  /* the clock is far from the server's time */
};

enum agent_level {
    AGENT_LEVEL_UNKNOWN,
    AGENT_LEVEL_NORMAL,
    AGENT_LEVEL_ESSENTIAL,
    AGENT_LEVEL_EMERGENCY_ONLY,
    AGENT_LEVEL_COUNT
};

enum agent_wish {                           /* bits of a pace's flags */
                  AGENT_SEND_INVENTORY = 1, /* all of it, from base zero */
                  AGENT_RENEW = 2,
                  AGENT_SAFE_LANE = 4, /* nothing is done on this machine but by people's signed orders */
                  AGENT_SERVER_QUARANTINED =
                      8, /* the server came back from a backup: nothing new is begun on its word alone */
                  AGENT_TOO_OLD_SOON = 16, /* this protocol is still spoken, but not for long */
};

enum agent_urgency {
    AGENT_URGENCY_NONE,
    AGENT_URGENCY_SOON,
    AGENT_URGENCY_NOW,
    AGENT_URGENCY_COUNT
}; /* of a pulse */

enum agent_event_kind {
    AGENT_EVENT_UNKNOWN,
    AGENT_EVENT_RUN_BEGAN,
    AGENT_EVENT_RUN_STEP,
    AGENT_EVENT_RUN_ENDED,
    AGENT_EVENT_EVIDENCE,
    AGENT_EVENT_ALARM,
    AGENT_EVENT_NOTICE,
    AGENT_EVENT_ORDER_SEEN,
    AGENT_EVENT_KIND_COUNT
};
const char *agent_event_kind_name(enum agent_event_kind kind); /* "run-began", ... */
bool agent_event_kind_urgent(enum agent_event_kind kind);      /* sent at once, not with the next check-in */
const char *agent_level_name(enum agent_level level);          /* "normal", "essential", "emergency-only" */

struct agent_enrol {
    uint16_t protocol_min, protocol_max;
    struct fleet_id fleet;
    uint8_t secret[16];
    uint8_t nonce[16];
    struct bytes csr;
    struct text host_name, version;
};

struct agent_identity {
    uint8_t nonce[16];
    struct host_id host;
    struct fleet_id fleet;
    uint8_t chunk_key[32];
    uint8_t plan_key[32];
    uint8_t ring;
    struct bytes certificate, ca;
    struct text content;
};

struct agent_renew {
    uint16_t protocol_min, protocol_max;
    uint8_t nonce[16];
    struct bytes csr;
};

struct agent_checkin {
    uint16_t protocol_min, protocol_max;
    uint16_t major, minor, patch; /* of the program */
    struct host_id host;
    uint64_t counter, random;
    uint64_t epoch, made, acked;
    struct short_hash inventory;
    uint64_t plan, advisories, repository, policy;
    int64_t clock_us, scanned_us;
    uint32_t flags; /* enum agent_state */
    uint8_t level;  /* enum agent_level */
    uint32_t due, late, open, unknown;
};
#define AGENT_CHECKIN_SIZE 155

struct agent_pace {
    uint16_t protocol; /* the highest that both speak */
    uint64_t counter;
    uint32_t next_s; /* 1 to AGENT_NEXT_MAX_S */
    uint64_t epoch, ack;
    uint64_t plan, advisories, repository;
    int64_t time_us;
    uint8_t ring;
    uint32_t flags; /* enum agent_wish */
};
#define AGENT_PACE_SIZE 71

/* Changed buckets: 17 bytes each, as they stand in the message. */
#define AGENT_CHANGE_SIZE 17
struct agent_change {
    uint8_t bucket;
    struct short_hash hash;
};
struct agent_inventory {
    struct short_hash base, root;
    struct bytes changes;
};
struct agent_commit {
    struct agent_inventory inventory;
    int64_t scanned_us;
    struct text os, release, arch, host_name, kernel; /* "debian", "bookworm", "amd64", ... */
};
static inline size_t agent_change_count(const struct agent_inventory *inventory)
{
    return inventory->changes.size / AGENT_CHANGE_SIZE;
}
struct agent_change agent_change_at(const struct agent_inventory *inventory, size_t index);
/* For the writing side: puts one behind those in `changes`, whose bytes then are struct agent_inventory's. */
void agent_change_put(struct writer *changes, const struct agent_change *change);

struct agent_lacks {
    struct bytes hashes; /* 16 bytes each */
};

struct agent_event {
    uint64_t number;
    enum agent_event_kind kind;
    int64_t made_us;
    struct bytes body;
};
struct agent_outbox {
    uint64_t epoch, first;
    uint16_t count;
    struct bytes events; /* checked: agent_outbox_next cannot fail on them */
};
struct agent_ack {
    uint64_t epoch, ack;
};

struct agent_pulse {
    struct fleet_id fleet;
    uint8_t ring;
    uint64_t generation; /* grows with each pulse that says something new */
    uint64_t plan, repository;
    int64_t made_us;
    uint8_t urgency; /* enum agent_urgency */
    uint8_t signature[64];
};
#define AGENT_PULSE_SIZE   134
#define AGENT_PULSE_SIGNED (AGENT_PULSE_SIZE - 64) /* so many bytes of it are signed */

/*
 * Writing never fails but by the writer's limit. Parsing: views point into `raw`; ERROR_INPUT names the message and the
 * field, *out is untouched. What agents and servers may say is checked for its form alone: whether it fits what is known
 * is the caller's.
 */
void agent_enrol_write(struct writer *w, const struct agent_enrol *message);
void agent_identity_write(struct writer *w, const struct agent_identity *message);
void agent_renew_write(struct writer *w, const struct agent_renew *message);
void agent_checkin_write(struct writer *w, const struct agent_checkin *message);
void agent_pace_write(struct writer *w, const struct agent_pace *message);
void agent_inventory_write(struct writer *w, const struct agent_inventory *message);
void agent_lacks_write(struct writer *w, const struct agent_lacks *message);
void agent_commit_write(struct writer *w, const struct agent_commit *message);
void agent_ack_write(struct writer *w, const struct agent_ack *message);
void agent_pulse_write(struct writer *w, const struct agent_pulse *message);
bool agent_enrol_parse(struct bytes raw, struct agent_enrol *out, struct error *err) MUST_USE;
bool agent_identity_parse(struct bytes raw, struct agent_identity *out, struct error *err) MUST_USE;
bool agent_renew_parse(struct bytes raw, struct agent_renew *out, struct error *err) MUST_USE;
bool agent_checkin_parse(struct bytes raw, struct agent_checkin *out, struct error *err) MUST_USE;
bool agent_pace_parse(struct bytes raw, struct agent_pace *out, struct error *err) MUST_USE;
bool agent_inventory_parse(struct bytes raw, struct agent_inventory *out, struct error *err) MUST_USE;
bool agent_lacks_parse(struct bytes raw, struct agent_lacks *out, struct error *err) MUST_USE;
bool agent_commit_parse(struct bytes raw, struct agent_commit *out, struct error *err) MUST_USE;
bool agent_ack_parse(struct bytes raw, struct agent_ack *out, struct error *err) MUST_USE;
/* Its form; the signature is the caller's to verify (trust/signature.h) over the first AGENT_PULSE_SIGNED bytes. */
bool agent_pulse_parse(struct bytes raw, struct agent_pulse *out, struct error *err) MUST_USE;

/* An outbox is written as its head, then each event, then the end, which fills in how many there were. */
size_t agent_outbox_begin(struct writer *w, uint64_t epoch, uint64_t first);
void agent_outbox_put(struct writer *w, enum agent_event_kind kind, int64_t made_us, struct bytes body);
void agent_outbox_end(struct writer *w, size_t place, uint16_t count);
bool agent_outbox_parse(struct bytes raw, struct agent_outbox *out, struct error *err) MUST_USE;
struct agent_outbox_walk {
    struct reader left;
    uint64_t number;
    uint16_t count;
};
struct agent_outbox_walk agent_outbox_walk_with(const struct agent_outbox *outbox);
bool agent_outbox_next(struct agent_outbox_walk *walk, struct agent_event *out);

void host_id_hex(const struct host_id *id, char out[HOST_ID_HEX + 1]);
bool host_id_parse(struct text hex, struct host_id *out, struct error *err) MUST_USE;
void fleet_id_hex(const struct fleet_id *id, char out[FLEET_ID_HEX + 1]);
bool fleet_id_parse(struct text hex, struct fleet_id *out, struct error *err) MUST_USE;
void short_hash_hex(const struct short_hash *hash, char out[SHORT_HASH_HEX + 1]);
bool short_hash_parse(struct text hex, struct short_hash *out, struct error *err) MUST_USE;
bool short_hash_equal(const struct short_hash *a, const struct short_hash *b);
bool short_hash_is_zero(const struct short_hash *hash);

#endif
