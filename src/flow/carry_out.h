/*
 * `suture apply`: planning, asking, and carrying the plan out (deploy/apply.h), with the journal, the lock of this state
 * folder, and the processes that do what this one does not.
 *
 *     STATE/apply.lock        held by who is at work
 *     STATE/journal.db        the journal (store/journal.h)
 *     STATE/runs/ID/plan.json the plan of a run, as it was agreed to
 *     STATE/runs/ID/packages/ its package files, by their SHA-256
 *     STATE/cache/            package files that were fetched, for later runs too
 *
 * What its gates hold is left out of the plan before the run begins (flow/carry_out_gate.h).
 *
 * A run that is open when this begins was interrupted: it is taken to its end first, and nothing else is done.
 */
#ifndef FLOW_CARRY_OUT_H
#define FLOW_CARRY_OUT_H

#include "base/stop.h"
#include "deploy/apply.h"
#include "flow/delta_use.h"
#include "flow/gate.h"
#include "flow/plan.h"
#include "flow/powers_of_plan.h"
#include "model/precaution.h"

struct carry_out_programs {
    const char *plan, *fetch, *prove, *look, *execute;
};

struct carry_out_request {
    struct plan_request plan; /* what to plan; its scan says which root and state */
    const char *plan_file;    /* this plan instead of a new one; or NULL */
    bool dry_run;             /* only plan; nothing is written anywhere, whatever else is asked */
    bool rehearse;
    uint64_t rate_max;         /* bytes a second; 0: as fast as it goes */
    uint8_t battery_percent;   /* at least, where there are no mains: the policy's word */
    struct precautions before; /* the policy's: hooks, and the backup that must not be too old */
    struct lane_terms lanes;   /* how long what is new waits: the policy's word */
    uint32_t held_powers;      /* the policy's */
    struct text ca_file;
    const struct delta_use *deltas; /* NULL: none are used */
    uint32_t lock_wait_ms;
    struct carry_out_programs programs;

    void *self;
    /*
     * These packages of the plan are held; who is there may approve some (gate_approve), which *approved tells. NULL: nobody is there,
     * and they are left out.
     */
    bool (*decide)(void *self, const struct plan_found *found, const struct plan_powers *powers,
                   const struct gate_holds *held, bool *approved, struct error *err);
    /* Whether to go on with this plan; NULL: yes. False is no failure: *yes is. */
    bool (*agree)(void *self, const struct plan_found *found, const struct plan_powers *powers, bool *yes,
                  struct error *err);
    /* Whether `count` half-done packages, of which `first` is one, may be repaired first; NULL: yes. */
    bool (*agree_repair)(void *self, struct text first, size_t count, bool *yes, struct error *err);
    /* For people, may be NULL: a step begins; or `have` of `total` bytes are there. */
    void (*step)(void *self, enum step_kind step, uint32_t group, const struct plan *plan);
    void (*fetched)(void *self, uint64_t have, uint64_t total);
};

enum carry_out_end {
    CARRY_OUT_UNKNOWN,
    CARRY_OUT_NO_DATA, /* there was nothing to plan with */
    CARRY_OUT_NOTHING, /* nothing is to be changed */
    CARRY_OUT_SHOWN,   /* dry run: the plan is in `found` */
    CARRY_OUT_DECLINED,
    CARRY_OUT_RUN, /* `run` and `result` say what happened */
};

struct carry_out_result {
    enum carry_out_end end;
    bool resumed;            /* an interrupted run was taken up; nothing else was done */
    struct plan_found found; /* not when it was resumed */
    struct plan plan;        /* what was carried out */
    struct gate_holds held;  /* what was left out of it for a person */
    struct run run;          /* with its steps */
    struct apply_result result;
    uint64_t sealed; /* number of the sealed record; 0: there is none */
    size_t repaired; /* half-done packages that were repaired first */
};

/*
 * ERROR_CONFLICT: somebody else is at work here: who, since when and at what; or holds dpkg's lock. Other failures after a
 * run has begun leave it open: err says so, and a later call goes on.
 */
bool carry_out(const struct carry_out_request *request, struct stop *stop, struct arena *arena,
               struct carry_out_result *out, struct error *err) MUST_USE;

#endif
