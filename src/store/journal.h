/*
 * The journal of runs: what was going to be done, written before it is done, and what came of it.
 *
 * STATE/journal.db, an SQLite database (store/sqlite.h) with one table of events to which rows are only added: a run
 * begins, a step begins, a step ends, a run goes on after an interruption, a run ends. A run and its steps (model/run.h)
 * are what their events say. When a function that writes returns true, its row is on the disk.
 *
 * Each row holds the SHA-256 of all that is before it and of itself: a row that was changed, taken out or put in makes
 * every function of journal_open fail with ERROR_TRUST. That the last rows were cut off cannot be seen here; the sealed
 * evidence of each run holds the head of the chain for that (journal_head). What can be seen is that a run which ended in
 * the evidence is open here.
 *
 * Schema 1. A newer one is refused with a sentence; each version will know its predecessor.
 */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include "model/run.h"
#include "store/sqlite.h"

#define JOURNAL_FILE "journal.db" /* in the state folder */

struct journal {
    struct sqlite db;
    struct digest head; /* of the last row; kind UNKNOWN: there is none */
    int64_t rows;
};

enum journal_use {
    JOURNAL_READ,  /* ERROR_ABSENT when there is none */
    JOURNAL_WRITE, /* made when there is none */
};

/* Checks the whole of it. ERROR_INPUT: damaged, or of a newer Suture. ERROR_TRUST: changed. OWN(journal_close). */
bool journal_open(const char *path, enum journal_use use, struct journal *out, struct error *err) MUST_USE;
void journal_close(struct journal *journal);

/* id, kind, plan, takes_back, begun_us and pid are taken. ERROR_CONFLICT: there is one of that name. */
bool journal_begin_run(struct journal *journal, const struct run *run, struct error *err) MUST_USE;
/* An interrupted or stopped run is taken up: it is OPEN, by this process. ERROR_CONFLICT: it has ended otherwise. */
bool journal_resume_run(struct journal *journal, const char *run, uint32_t pid, int64_t now_us,
                        struct error *err) MUST_USE;
/* why may be absent. ERROR_CONFLICT: it is not open. */
bool journal_end_run(struct journal *journal, const char *run, enum run_state state, struct text why,
                     int64_t now_us, struct error *err) MUST_USE;

bool journal_begin_step(struct journal *journal, const char *run, enum step_kind kind, uint32_t group,
                        int64_t now_us, struct error *err) MUST_USE;
/* kind, group, state, ended_us, note and seal are taken. ERROR_CONFLICT: no such step has begun and not ended. */
bool journal_end_step(struct journal *journal, const char *run, const struct run_step *step,
                      struct error *err) MUST_USE;

/* All runs with their steps, newest first. */
struct journal_runs {
    const struct run *at;
    size_t count;
};
bool journal_list(struct journal *journal, struct arena *arena, struct journal_runs *out, struct error *err)
    MUST_USE;
/* That of this id. ERROR_ABSENT. */
bool journal_get(struct journal *journal, const char *run, struct arena *arena, struct run *out,
                 struct error *err) MUST_USE;
/* The one that is OPEN: there is one at most. ERROR_ABSENT. */
bool journal_get_open(struct journal *journal, struct arena *arena, struct run *out, struct error *err)
    MUST_USE;

#endif
