#include "flow/report.h"

#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "trust/machine_key.h"

#define UNDONE_MAX 16 /* rollbacks behind the run that is asked for; of more than that the newest count */

/* This machine's public key. False without an error when it has none yet. */
static bool own_key(const struct state *state, struct arena *arena, struct public_key *out, bool *found,
                    struct error *err)
{
    OWN(secret_key_end) struct secret_key key = {0};
    const char *path = state_path(state, arena, MACHINE_KEY_NAME);

    *found = false;
    if (path == NULL)
        return arena_full(arena, err);
    if (!machine_key_read(path, &key, err))
        return err->kind == ERROR_ABSENT;
    *out = key.public_key;
    *found = true;
    return true;
}

static bool fail_empty(struct error *err)
{
    return error_set(err, ERROR_ABSENT, "nothing was proved here yet: suture apply records what it did");
}

/* The state and the chain's end; one that was only made ready has none. */
static bool open_chain(const char *folder, struct arena *arena, struct state *state,
                       struct evidence_head *head, struct error *err)
{
    uint64_t last;

    if (folder == NULL)
        return fail_empty(err);
    if (!state_open(folder, STATE_READ, state, err) || !evidence_head_read(state, arena, head, err))
        return err->kind == ERROR_ABSENT && fail_empty(err);
    if (head->number > 0)
        return true;
    return evidence_last(state, arena, &last, err) && (last > 0 || fail_empty(err));
}

static const struct seal_problem *problem_of(const struct seal_report *chain, uint64_t number)
{
    for (size_t i = 0; i < chain->problem_count; i++)
        if (chain->problems[i].number == number)
            return &chain->problems[i];
    return NULL;
}

/* One record; a broken one has its problem from the chain's check. */
static bool read_record(const struct state *state, struct report *report, uint64_t number, const char *run,
                        struct arena *arena, struct error *err)
{
    struct report_record record = {.number = number};
    const struct seal_problem *problem = problem_of(&report->chain, number);
    struct error why = {0};
    struct bytes raw;

    if (!evidence_read(state, number, arena, &raw, &why) ||
        !seal_open(raw, arena, &record.seal, &record.evidence, &why)) {
        if (why.kind == ERROR_LIMIT) {
            *err = why;
            return false;
        }
        record.problem = problem != NULL ? problem->what : text_copy(arena, text_of(why.text));
    } else if (problem != NULL) {
        record.problem = problem->what;
    }
    if (run == NULL || record.problem.size > 0 || strcmp(record.evidence.run, run) == 0)
        report->records[report->count++] = record;
    return true;
}

static bool has_run(const struct report *report)
{
    for (size_t i = 0; i < report->count; i++)
        if (report->records[i].problem.size == 0)
            return true;
    return false;
}

bool report_read(const char *state_folder, const char *run, struct arena *arena, struct report *out,
                 struct error *err)
{
    struct report report = {.count = 0};
    struct evidence_head head;
    struct public_key key;
    struct state state;

    if (!open_chain(state_folder, arena, &state, &head, err) ||
        !own_key(&state, arena, &key, &report.has_key, err) ||
        !seal_check_chain(&state, report.has_key ? &key : NULL, arena, &report.chain, err) ||
        (report.has_key && !public_key_fingerprint(&key, report.fingerprint, err)))
        return false;
    report.records = ARENA_ARRAY(arena, struct report_record, (size_t)head.number);
    if (report.records == NULL)
        return arena_full(arena, err);
    for (uint64_t number = head.number; number > 0; number--)
        if (!read_record(&state, &report, number, run, arena, err))
            return false;
    if (run != NULL && !has_run(&report))
        return error_set(err, ERROR_ABSENT,
                         "no record of a run \"%.40s\": suture report lists those there are", run);
    *out = report;
    return true;
}

bool report_former(const char *state_folder, const char *run, struct arena *arena, struct evidence *out,
                   struct error *err)
{
    struct evidence_head head;
    struct evidence evidence, undone[UNDONE_MAX];
    size_t undone_count = 0;
    struct state state;
    struct bytes raw;
    struct seal seal;

    if (!open_chain(state_folder, arena, &state, &head, err))
        return false;
    for (uint64_t number = head.number; number > 0; number--) {
        if (!evidence_read(&state, number, arena, &raw, err) || !seal_open(raw, arena, &seal, &evidence, err))
            return error_at(err, "record %" PRIu64 " of the evidence", number);
        if (evidence.kind == EVIDENCE_VERIFY)
            continue;
        /* Newest first: what took a run back comes before it, and has its plan. */
        if (evidence.kind == EVIDENCE_ROLLBACK && run != NULL && undone_count < UNDONE_MAX)
            undone[undone_count++] = evidence;
        if (run != NULL && strcmp(evidence.run, run) != 0)
            continue;
        *out = evidence;
        for (size_t i = 0; i < undone_count; i++)
            if (evidence.kind == EVIDENCE_APPLY && evidence.plan[0] != 0 &&
                strcmp(undone[i].plan, evidence.plan) == 0)
                *out = undone[i];
        return true;
    }
    if (run == NULL)
        return fail_empty(err);
    return error_set(err, ERROR_ABSENT, "no record of a run \"%.40s\": suture report lists those there are",
                     run);
}

/* Where a record from elsewhere stands in the chain that is kept here. */
static enum report_place place_of(const struct state *state, const struct evidence_head *head,
                                  const struct seal *seal, struct arena *arena)
{
    struct error absent;
    struct digest digest;
    struct bytes raw;

    if (strcmp(head->chain, seal->chain) != 0)
        return REPORT_PLACE_STRANGE;
    if (!evidence_read(state, seal->number, arena, &raw, &absent) ||
        !digest_bytes(DIGEST_SHA256, raw, &digest, &absent))
        return REPORT_PLACE_OTHER;
    return digest_equal(&digest, &seal->digest) ? REPORT_PLACE_SAME : REPORT_PLACE_OTHER;
}

/* What this machine can say of the record; a machine without evidence or key of its own says nothing. */
static bool compare_with_own(const char *folder, struct arena *arena, struct report_check *check,
                             struct error *err)
{
    struct evidence_head head;
    struct error absent = {0};
    struct public_key key;
    struct state state;
    bool found = false;

    if (folder == NULL || !state_open(folder, STATE_READ, &state, &absent))
        return true;
    if (!own_key(&state, arena, &key, &found, err))
        return false;
    if (found && check->key == REPORT_KEY_STRANGE && public_key_equal(&key, &check->seal.key))
        check->key = REPORT_KEY_OWN;
    if (evidence_head_read(&state, arena, &head, &absent))
        check->place = place_of(&state, &head, &check->seal, arena);
    return true;
}

bool report_check_file(const char *path, const char *state_folder, const struct public_key *expected,
                       struct arena *arena, struct report_check *out, struct error *err)
{
    struct report_check check = {.key = REPORT_KEY_STRANGE};
    struct bytes raw = {0};

    if (!file_read(path, LIMIT_EVIDENCE_RECORD + 1, arena, &raw, err))
        return false;
    if (raw.size > 0 && raw.at[raw.size - 1] == '\n')
        raw.size--;
    if (!seal_open(raw, arena, &check.seal, &check.evidence, err) ||
        !public_key_fingerprint(&check.seal.key, check.fingerprint, err))
        return error_at(err, "%s", path);
    if (expected != NULL && !public_key_equal(expected, &check.seal.key))
        return error_set(err, ERROR_TRUST, "%s: another key signed it: %s", path, check.fingerprint);
    if (expected != NULL)
        check.key = REPORT_KEY_GIVEN;
    if (!compare_with_own(state_folder, arena, &check, err))
        return false;
    *out = check;
    return true;
}
