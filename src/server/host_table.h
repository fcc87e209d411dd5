/*
 * Every enrolled host in memory: what a check-in is held against, so that ten thousand a second never ask the database.
 *
 * The database holds the truth and gives it at start; from then on each row here is changed together with what the
 * committer wrote (host_table_written), or before, where losing it does no harm: the last check-in, which goes to the
 * database in lazy batches. A host has a number, dense from 0, by which the fleet's index knows it.
 *
 * Any thread may call anything: rows are given as copies.
 */
#ifndef SERVER_HOST_TABLE_H
#define SERVER_HOST_TABLE_H

#include "store/fleet_write.h"
#include "wire/agent_message.h"

#define HOST_NUMBER_NONE UINT32_MAX

struct host_table;

struct host_row {
    struct host_id id;
    int64_t hid;
    uint32_t number;
    uint32_t flags; /* enum fleet_host_flag */
    struct fleet_seen seen;
    uint64_t ack; /* of seen.epoch */
    struct short_hash root;
    int64_t enrolled_us, committed_us, certificate_end_us;
    /* What its last check-in said; not stored. */
    uint32_t due, late, open, unknown;
    int64_t clock_us; /* its own clock then */
    uint8_t level;
    /* By which advisories its findings were last written, and which these were (fleet_index_findings); 0: not known here. */
    uint64_t findings_generation, findings_digest;
};

/* Hashes are keyed by `key`, which is random. OWN(host_table_end). */
bool host_table_make(uint64_t key, struct host_table **out, struct error *err) MUST_USE;
void host_table_end(struct host_table **table);

/* A host that the database has: at start, or just enrolled. One that is there already is left as it is. */
bool host_table_add(struct host_table *table, const struct fleet_host *host, uint32_t *number,
                    struct error *err) MUST_USE;
/* False: no such host. */
bool host_table_find(struct host_table *table, const struct host_id *id, struct host_row *out);
bool host_table_find_hid(struct host_table *table, int64_t hid, struct host_row *out);
bool host_table_at(struct host_table *table, uint32_t number, struct host_row *out);
/* Hosts that are not removed, and the numbers that were ever given. */
uint32_t host_table_count(struct host_table *table);
uint32_t host_table_numbers(struct host_table *table);

/*
 * A check-in. The agent's counter grows with each and is on its disk before it is sent, so whoever comes with one that was
 * used, and with another random number than then, is a copy of the machine, or the machine itself from a backup.
 */
enum host_checkin {
    HOST_CHECKIN_UNKNOWN, /* no such host */
    HOST_CHECKIN_NEW,
    HOST_CHECKIN_AGAIN, /* the last answer was lost */
    HOST_CHECKIN_CLONE, /* found out now: in the safe lane from here on, which the caller has written down */
    HOST_CHECKIN_COUNT
};
/* *out is the row as it is afterwards. */
enum host_checkin host_table_checkin(struct host_table *table, const struct agent_checkin *checkin,
                                     int64_t now_us, struct host_row *out);
/* Another sign of a clone (an event with another body). True when it was not in the safe lane before. */
bool host_table_hold(struct host_table *table, uint32_t number);

/*
 * Whether it may send one more chunk: an inventory has 256, so who sends four times as many within an hour without
 * committing any fills the database and nothing else. Counts it.
 */
#define HOST_CHUNKS_MAX     1024
#define HOST_CHUNKS_RESET_S 3600
bool host_table_may_send(struct host_table *table, uint32_t number, int64_t now_us);

/* What the committer did: flags, inventories, certificates and acks become the row's. Of ENROL nothing: host_table_add. */
void host_table_written(struct host_table *table, const struct fleet_write *write,
                        const struct fleet_result *result);

/* Rows of check-ins that are not in the database yet, at most room; they count as written until host_table_unseen. */
size_t host_table_take_seen(struct host_table *table, struct fleet_write *writes, size_t room);
/* They were not written after all. */
void host_table_unseen(struct host_table *table, const struct fleet_write *writes, size_t count);

/* Its findings are to be looked at again: it checked in under newer advisories, or committed an inventory. */
void host_table_owe_findings(struct host_table *table, uint32_t number);
/* Numbers of such hosts, at most room; each once. */
size_t host_table_take_owed(struct host_table *table, uint32_t *numbers, size_t room);
void host_table_set_findings(struct host_table *table, uint32_t number, uint64_t generation, uint64_t digest);

/* Bytes it takes, for the bench. */
size_t host_table_memory(struct host_table *table);

#endif
