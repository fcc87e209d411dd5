/*
 * The seal on evidence: one record per look, canonical, chained, signed.
 *
 * A record is a JSON document in the one canonical form of format/json_canonical.h, so that its bytes can be made again
 * from its values:
 *
 *     {"algorithm": "ed25519",                   what the signature is
 *      "chain": {"former": "9f86...",            SHA-256 of the former record's bytes; zeros: it is the first
 *                "id": "5d41...",                the chain's name, 32 digits
 *                "number": 7},                   1 is the first
 *      "key": "8f40...",                         the machine's public key, 64 digits
 *      "record": {...},                          the facts and the verdicts (model/evidence.h), below
 *      "schema": "suture.evidence/1",
 *      "signature": "6291..."}                   128 digits
 *
 *      "record": {"kind": "apply", "run": "20261121T...-9f3a61c2", "plan": "SHA-256" or null, "outcome": "done", "takes_back": false, "tool": "suture 0.1.0",
 *        "fetched": "2 packages fetched, ..." (left out when it is not known), "proved": "2 packages are signed ..." (the same), "begun": "2026-...Z", "made": "...", "host": "web-03", "release": "debian-12", "policy": "built-in v1",
 *        "packages": [{"name", "arch", "source", "from" or null, "to" or null, "installed" or null, "state", "reboot": false}],
 *        "scan": {"done": true, "data": [{"feed", "before" or null, "now" or null}]},
 *        "holes": [{"id", "source", "listed": false}],
 *        "checks": [{"kind", "target", "expected", "limit_ms", "before": {"outcome", "why" or null}, "after": {...}}],
 *        "running": {"looked": true, "total", "unreadable", "hidden": false, "kernel_running" or null, "kernel_installed" or null,
 *          "reboot_needed": false, "reboot_why" or null,
 *          "processes": [{"pid", "process", "unit" or null, "path", "package" or null, "possible": false, "advice"}]},
 *        "verdicts": {"applied": {"proof": "yes", "why"}, "works": {...}, "old_code_gone": {...}}}
 *
 * The signature is over the canonical form of the document without its member "signature". That member is the last by
 * name, so these are the same bytes up to it, and a brace. The schema's name is among them: a signature for another
 * purpose never fits.
 *
 * What the chain proves: a record that is changed, taken out or put elsewhere is found by all that follow it. It does
 * not prove what root of this machine did to all of it (store/evidence.h).
 */
#ifndef VERIFY_SEAL_H
#define VERIFY_SEAL_H

#include "format/json.h"
#include "model/evidence.h"
#include "store/evidence.h"
#include "trust/signature.h"

#define SEAL_SCHEMA "suture.evidence/1"

/* What stands around the facts. */
struct seal {
    char chain[EVIDENCE_CHAIN_SIZE];
    uint64_t number;
    struct digest former;
    struct public_key key;
    struct signature signature;
    struct digest digest; /* of this record's bytes */
};

/*
 * Seals the evidence with the machine's key and adds it to the chain; makes key and chain when there are none. The
 * verdicts must have been made.
 */
bool seal_append(const struct state *state, const struct evidence *evidence, struct arena *arena,
                 struct seal *out, struct error *err) MUST_USE;

/*
 * Whether it could be done now, asked before that which is to be proved is done: the key is there or made, the chain is
 * whole at its end or begun, and what a power cut left there is settled.
 */
bool seal_ready(const struct state *state, struct arena *arena, struct error *err) MUST_USE;

/*
 * A record's bytes, without the newline behind them. ERROR_INPUT: not a record, not canonical, or its verdicts are not
 * those that follow from its facts; ERROR_TRUST: the signature does not hold under the key in it. Whose key that is, the
 * caller asks. Everything is in the arena.
 */
bool seal_open(struct bytes raw, struct arena *arena, struct seal *seal, struct evidence *evidence,
               struct error *err) MUST_USE;

/* One thing that is wrong with a chain. */
struct seal_problem {
    uint64_t number; /* of the record; 0: the chain as a whole */
    struct text what;
};
struct seal_report {
    struct evidence_head head;
    uint64_t good;       /* records that hold */
    uint64_t other_keys; /* of these, how many another key signed than the one given */
    struct seal_problem *problems;
    size_t problem_count; /* at most LIMIT_EVIDENCE_PROBLEMS are kept, the rest only counted */
    bool unfinished;      /* one record more is there, which a power cut left: the next one settles it */
};
/* Goes over the whole chain. ERROR_ABSENT: there is none. What is wrong with it is an answer, not a failure. */
bool seal_check_chain(const struct state *state, const struct public_key *machine, struct arena *arena,
                      struct seal_report *out, struct error *err) MUST_USE;

/* The record's facts alone, as they go from one process to another: a JSON object, and back. */
void seal_write_evidence(struct json_writer *j, const struct evidence *evidence, struct arena *arena);
bool seal_read_evidence(struct json object, struct arena *arena, struct evidence *out, struct error *err)
    MUST_USE;

/* seal_open without asking whether the signature and the verdicts hold: for fuzzing. */
bool seal_parse(struct bytes raw, struct arena *arena, struct seal *seal, struct evidence *evidence,
                struct error *err) MUST_USE;

#endif
