/*
 * The outbox of an agent: events that its server has not acknowledged yet, and for seven days those that it has.
 *
 * STATE/agent/outbox.db, an SQLite database (store/sqlite.h). Events are numbered from 1 within an epoch, a random number made
 * with the outbox: (host, epoch, number) names an event for ever. When a function that writes returns true, it is on the disk;
 * when it fails nothing was changed, so a full disk loses no event that was appended.
 *
 * An event that comes from something durable (a row of the journal, a sealed record) is appended together with how far that
 * source was read: after a crash it is appended once, not twice and not never.
 *
 * Acknowledged events are kept for OUTBOX_KEPT_US: a server that was restored from a backup acknowledges less than before, and
 * gets them again. When it lacks more than is still kept, what is left begins a new epoch, numbered from 1: a gap would
 * hold back all that is behind it.
 */
#ifndef STORE_OUTBOX_H
#define STORE_OUTBOX_H

#include "base/time.h"
#include "store/sqlite.h"

#define OUTBOX_FILE    "outbox.db"
#define OUTBOX_KEPT_US (7 * TIME_DAY_US)

struct outbox {
    struct sqlite db;
};

struct outbox_event {
    uint64_t number; /* as read; not taken when appended */
    uint8_t kind;    /* of wire/agent_message.h */
    int64_t made_us;
    struct bytes body;
};

struct outbox_state {
    uint64_t epoch;
    uint64_t made;  /* number of the last event; 0: none */
    uint64_t acked; /* by the server's last word */
    uint64_t bytes; /* of bodies that are not acknowledged */
    bool refused;   /* it was full since the last event was acknowledged */
};

/* Made when it is not there. OWN(outbox_close). */
bool outbox_open(const char *path, struct outbox *out, struct error *err) MUST_USE;
void outbox_close(struct outbox *outbox);

bool outbox_look(struct outbox *outbox, struct outbox_state *out, struct error *err) MUST_USE;

/* How far a source was read; 0: never. */
bool outbox_source(struct outbox *outbox, const char *source, uint64_t *position, struct error *err) MUST_USE;

/*
 * Appends all of them and notes that `source` (or NULL) was read up to `position`. ERROR_CONFLICT: it was already. ERROR_LIMIT:
 * what waits is over LIMIT_OUTBOX; then the source is read again when there is room.
 */
bool outbox_append(struct outbox *outbox, const struct outbox_event *events, size_t count, const char *source,
                   uint64_t position, struct error *err) MUST_USE;

struct outbox_batch {
    struct outbox_event *events; /* numbered one behind the other */
    size_t count;
};
/* The first events that are not acknowledged, as many as their bodies fit into `size_max` (at least one), in the arena. */
bool outbox_read(struct outbox *outbox, size_t count_max, size_t size_max, struct arena *arena,
                 struct outbox_batch *out, struct error *err) MUST_USE;

/*
 * What the server has of this epoch. Less than it had: what is behind is sent again. More than was made: ERROR_CONFLICT, since then
 * another machine speaks with our name, or this one was restored; nothing is changed.
 */
bool outbox_acknowledge(struct outbox *outbox, uint64_t epoch, uint64_t ack, int64_t now_us,
                        struct error *err) MUST_USE;

/* A new epoch: of a machine that was told that it is a clone. What is kept is sent again under it. */
bool outbox_renew(struct outbox *outbox, struct error *err) MUST_USE;

#endif
