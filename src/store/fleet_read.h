/*
 * Every read of the fleet's database.
 *
 * What can be long is a stream or a page. A stream calls `each` for every row, whose memory ends when `each` returns; false from it ends the
 * stream, with its error. A page goes on behind the last row of the one before (keyset): nothing is skipped or shown twice
 * because somebody wrote meanwhile. All of one read sees one state of the database.
 * One thing by its name fails with ERROR_ABSENT when there is none.
 */
#ifndef STORE_FLEET_READ_H
#define STORE_FLEET_READ_H

#include "store/fleet.h"

bool fleet_store_state(struct fleet_store *store, struct fleet_state *out, struct error *err) MUST_USE;

/*
 * After a restore: whether every machine that lived then has said since what it holds. Awaited: neither revoked nor removed,
 * seen in the seven days before the backup (so long agents keep what was acknowledged), and not since the restore.
 */
struct fleet_awaited {
    uint64_t reported, awaited;
};
bool fleet_store_awaited(struct fleet_store *store, struct fleet_awaited *out, struct error *err) MUST_USE;

/* ---- hosts ---- */

/* At the start: every host that was not removed; chunks has FLEET_CHUNKS_SIZE bytes, or none when it has no inventory or they were not asked for. */
typedef bool fleet_host_each(void *self, const struct fleet_host *host, struct bytes chunks,
                             struct error *err);
bool fleet_store_all_hosts(struct fleet_store *store, bool with_chunks, fleet_host_each *each, void *self,
                           struct error *err) MUST_USE;

bool fleet_store_host(struct fleet_store *store, int64_t hid, struct arena *arena, struct fleet_host *out,
                      struct error *err) MUST_USE;
bool fleet_store_host_by_id(struct fleet_store *store, const uint8_t id[FLEET_ID_SIZE], struct arena *arena,
                            struct fleet_host *out, struct error *err) MUST_USE;
/* The hashes of its buckets; ERROR_ABSENT when it has no inventory. */
bool fleet_store_host_chunks(struct fleet_store *store, int64_t hid, uint8_t out[FLEET_CHUNKS_SIZE],
                             struct error *err) MUST_USE;

/* Empty fields do not filter. In the order of name, then of hid. */
struct fleet_host_filter {
    struct text name; /* a part of it, case ignored */
    struct text os, codename, arch, class;
    uint32_t flags_all, flags_none; /* removed ones are left out unless flags_all asks for them */
    int64_t seen_from_us, seen_before_us;
    int64_t fix; /* an open finding of this fix */
    /* The last row of the page before: its name and hid; hid 0 for the first page. */
    struct text after_name;
    int64_t after_hid;
    size_t limit; /* 1 to LIMIT_FLEET_PAGE */
};
struct fleet_hosts {
    struct fleet_host *at;
    size_t count;
    bool more;
};
bool fleet_store_hosts(struct fleet_store *store, const struct fleet_host_filter *filter, struct arena *arena,
                       struct fleet_hosts *out, struct error *err) MUST_USE;

/* ---- inventories ---- */

bool fleet_store_chunk(struct fleet_store *store, const uint8_t hash[FLEET_HASH_SIZE], struct arena *arena,
                       struct bytes *out, struct error *err) MUST_USE;
typedef bool fleet_chunk_each(void *self, const uint8_t hash[FLEET_HASH_SIZE], struct bytes body,
                              struct error *err);
bool fleet_store_all_chunks(struct fleet_store *store, fleet_chunk_each *each, void *self, struct error *err)
    MUST_USE;

/* How one bucket of a host changed, newest first: who had what since when. Its first inventory is not a change: before the oldest
 * row here a bucket was as that row's `was` says, since at most the host's first commit. */
struct fleet_change {
    int64_t at_us;
    uint8_t bucket;
    uint8_t was[FLEET_HASH_SIZE], became[FLEET_HASH_SIZE];
};
struct fleet_changes {
    struct fleet_change *at;
    size_t count;
};
/* bucket -1: all. At most `limit` (LIMIT_FLEET_PAGE) of them that happened before `before_us` (0: any). */
bool fleet_store_changes(struct fleet_store *store, int64_t hid, int bucket, int64_t before_us, size_t limit,
                         struct arena *arena, struct fleet_changes *out, struct error *err) MUST_USE;

/* ---- what happened ---- */

struct fleet_event_row {
    int64_t hid;
    uint64_t epoch;
    int64_t received_us;
    struct fleet_event event;
};
struct fleet_event_rows {
    struct fleet_event_row *at;
    size_t count;
    bool more;
};
/*
 * A host's events, newest received first. kinds: bits 1 << kind, 0 for all. Goes on behind (received_us, epoch, seq) of the last row;
 * before_us 0 begins. Without bodies unless asked: one evidence can have a megabyte.
 */
struct fleet_event_filter {
    int64_t hid;
    uint64_t kinds;
    int64_t before_us;
    uint64_t before_epoch, before_seq;
    bool bodies;
    size_t limit; /* 1 to LIMIT_FLEET_PAGE */
};
bool fleet_store_events(struct fleet_store *store, const struct fleet_event_filter *filter,
                        struct arena *arena, struct fleet_event_rows *out, struct error *err) MUST_USE;
bool fleet_store_event(struct fleet_store *store, int64_t hid, uint64_t epoch, uint64_t seq,
                       struct arena *arena, struct fleet_event_row *out, struct error *err) MUST_USE;

/* ---- findings ---- */

struct fleet_findings_page {
    struct fleet_finding *at;
    size_t count;
    bool more;
};
/* Of one host (fix 0) or of one fix (hid 0), in the order of the other number, then of opened_us; behind (after_*). */
struct fleet_finding_filter {
    int64_t hid, fix;
    bool open_only;
    int64_t after_number, after_opened_us;
    size_t limit; /* 1 to LIMIT_FLEET_PAGE */
};
bool fleet_store_findings(struct fleet_store *store, const struct fleet_finding_filter *filter,
                          struct arena *arena, struct fleet_findings_page *out, struct error *err) MUST_USE;

bool fleet_store_fix(struct fleet_store *store, int64_t number, struct arena *arena, struct fleet_fix *out,
                     struct error *err) MUST_USE;
typedef bool fleet_fix_each(void *self, const struct fleet_fix *fix, struct error *err);
bool fleet_store_all_fixes(struct fleet_store *store, fleet_fix_each *each, void *self, struct error *err)
    MUST_USE;

/* A fix's generations, newest first: who was exposed and when it closed. struct of fleet_write.h, in the arena. */
struct fleet_fix_generation_row {
    int64_t fix;
    uint64_t generation;
    int64_t at_us;
    struct bytes chunks;
    uint64_t hosts, unknown, stale;
};
struct fleet_fix_generations {
    struct fleet_fix_generation_row *at;
    size_t count;
};
bool fleet_store_fix_generations(struct fleet_store *store, int64_t fix, size_t limit, struct arena *arena,
                                 struct fleet_fix_generations *out, struct error *err) MUST_USE;
/* Of every fix the newest, for the start. */
typedef bool fleet_fix_generation_each(void *self, const struct fleet_fix_generation_row *row,
                                       struct error *err);
bool fleet_store_newest_fix_generations(struct fleet_store *store, fleet_fix_generation_each *each,
                                        void *self, struct error *err) MUST_USE;

/* ---- what is handed out ---- */

/* generation 0: the newest. */
bool fleet_store_plan(struct fleet_store *store, uint64_t generation, struct arena *arena,
                      struct fleet_plan_row *out, struct error *err) MUST_USE;
struct fleet_now_items {
    struct fleet_now_item *at;
    size_t count;
};
/* Those neither withdrawn nor ended at now_us; now_us 0: all, newest first, at most LIMIT_FLEET_PAGE. */
bool fleet_store_now_items(struct fleet_store *store, int64_t now_us, struct arena *arena,
                           struct fleet_now_items *out, struct error *err) MUST_USE;

/* ---- people ---- */

bool fleet_store_user(struct fleet_store *store, struct text name, struct arena *arena,
                      struct fleet_user *out, struct error *err) MUST_USE;
struct fleet_users {
    struct fleet_user *at;
    size_t count;
};
bool fleet_store_users(struct fleet_store *store, struct arena *arena, struct fleet_users *out,
                       struct error *err) MUST_USE;

/* By the SHA-256 of the secret: whether it ended or was revoked is in the row, and the caller's to see. */
bool fleet_store_api_token(struct fleet_store *store, const uint8_t secret[FLEET_SECRET_SIZE],
                           struct arena *arena, struct fleet_api_token *out, struct error *err) MUST_USE;
struct fleet_api_tokens {
    struct fleet_api_token *at;
    size_t count;
};
/* Of a user ("": all), without sessions unless asked; in the order of their number, behind after_number. At most LIMIT_FLEET_PAGE. */
bool fleet_store_api_tokens(struct fleet_store *store, struct text user, bool sessions, int64_t after_number,
                            struct arena *arena, struct fleet_api_tokens *out, struct error *err) MUST_USE;

bool fleet_store_enrol_token(struct fleet_store *store, const uint8_t secret[FLEET_SECRET_SIZE],
                             struct arena *arena, struct fleet_enrol_token *out, struct error *err) MUST_USE;
struct fleet_enrol_tokens {
    struct fleet_enrol_token *at;
    size_t count;
};
bool fleet_store_enrol_tokens(struct fleet_store *store, int64_t after_number, struct arena *arena,
                              struct fleet_enrol_tokens *out, struct error *err) MUST_USE;

/* From seq `from` on, in order, at most `limit` (LIMIT_FLEET_PAGE). */
struct fleet_audits {
    struct fleet_audit *at;
    size_t count;
};
bool fleet_store_audits(struct fleet_store *store, uint64_t from, size_t limit, struct arena *arena,
                        struct fleet_audits *out, struct error *err) MUST_USE;
/* The newest row, whose chain is the head that the keeper signs; ERROR_ABSENT when there is none. */
bool fleet_store_audit_head(struct fleet_store *store, struct arena *arena, struct fleet_audit *out,
                            struct error *err) MUST_USE;
/* The chain of a row behind the chain before (zero for the first): whoever has an export can check it. */
bool fleet_audit_chain(const struct fleet_audit *row, const uint8_t before[32], uint8_t out[32],
                       struct error *err) MUST_USE;

#endif
