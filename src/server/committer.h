/*
 * Group commit: what many requests want to have written goes to the database in batches, one durable transaction each.
 *
 * While one batch is on its way to the disk the next one gathers: the slower the disk, the larger the batches. One thread owns
 * the database's writing handle. Whoever hands in writes is told when they are durable, and never before; when the
 * database is away or the disk is full, that nothing is known of them: their agents are told to come again (503).
 *
 * After a batch, before anybody is told, the host table gets what concerns it, so that an answer never speaks of a state
 * that the table does not have.
 */
#ifndef SERVER_COMMITTER_H
#define SERVER_COMMITTER_H

#include "server/host_table.h"
#include "store/fleet_write.h"

struct committer;
struct commit_job;

/*
 * Called on the committer's thread, once: the results are durable; or, with done false, nothing is known. The job is the caller's
 * again. What it does must be short, since all others wait for it; it may read by `store`.
 */
typedef void commit_done(struct commit_job *job, bool done, struct fleet_store *store);

/* Lives, with all that its writes point to, until `done` was called. */
struct commit_job {
    const struct fleet_write *writes; /* at least one; carried out in their order, all in one batch */
    size_t count;
    struct fleet_result *results; /* room for as many */
    commit_done *done;
    void *self;              /* the caller's */
    struct error why;        /* when done is false */
    struct commit_job *next; /* the committer's */
};

/* store becomes the committer's alone until the end; hosts may be NULL (tests). OWN(committer_end): carries out what was handed in. */
bool committer_make(struct fleet_store *store, struct host_table *hosts, struct committer **out,
                    struct error *err) MUST_USE;
void committer_end(struct committer **committer);

/* From any thread. A request is suspended before this, since it may be done at once. ERROR_LIMIT: too many wait (the caller answers 503). */
bool committer_submit(struct committer *committer, struct commit_job *job, struct error *err) MUST_USE;
/*
 * The same, waiting for it: for handlers of people and for threads of the server's own, never on the committer's.
 * ERROR_SYSTEM: nothing is known.
 */
bool committer_write(struct committer *committer, const struct fleet_write *writes, size_t count,
                     struct fleet_result *results, struct error *err) MUST_USE;

struct committer_figures {
    uint64_t batches, writes, failed; /* batches that failed */
    uint64_t batch_max;               /* writes in the largest */
    size_t waiting;
};
void committer_figures(struct committer *committer, struct committer_figures *out);

#endif
