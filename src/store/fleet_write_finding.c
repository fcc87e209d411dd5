/* Writes of what is wrong: fixes, what is true of them at a generation, and the rows of hosts. */
#include <stdlib.h>

#include "base/limits.h"
#include "store/fleet_inside.h"

static bool fix_one(struct fleet_batch *batch, const struct fleet_fix *fix, struct fleet_result *result,
                    struct error *err)
{
    int64_t number, same;
    bool found;

    if (!fleet_text_good(fix->name, LIMIT_FLEET_TEXT, "fix", result) ||
        !fleet_text_good(fix->about, LIMIT_FLEET_ABOUT, "about", result))
        return true;
    if (!fleet_fix_number(fix->name, &number, err))
        return false;
    const struct store_value values[] = {number_value(number), text_value(fix->name), text_value(fix->about)};
    if (!fleet_call(batch->store,
                    "INSERT INTO fix (fix, name, about) VALUES (?1, ?2, ?3) ON CONFLICT (fix)"
                    " DO UPDATE SET about = excluded.about WHERE fix.name = excluded.name",
                    "ntt", values, NULL, err) ||
        !fleet_ask_numbers(batch->store, "SELECT fix FROM fix WHERE fix = ?1 AND name = ?2", "nt", values,
                           "n", &same, &found, err))
        return false;
    result->number = (uint64_t)number;
    result->outcome = FLEET_OUTCOME_DONE;
    return found || fleet_refuse(result, FLEET_OUTCOME_CONFLICT, "another fix has the same number");
}

bool fleet_write_fix(struct fleet_batch *batch, const struct fleet_write *writes, size_t count,
                     struct fleet_result *results, struct error *err)
{
    for (size_t i = 0; i < count; i++)
        if (!fix_one(batch, &writes[i].fix, &results[i], err))
            return false;
    return true;
}

bool fleet_write_fix_generation(struct fleet_batch *batch, const struct fleet_write *writes, size_t count,
                                struct fleet_result *results, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct fleet_fix_generation *at = &writes[i].fix_generation;
        const struct store_value values[] = {number_value(at->fix),    count_value(at->generation),
                                             number_value(at->at_us),  count_value(at->hosts),
                                             count_value(at->unknown), count_value(at->stale),
                                             bytes_value(at->chunks)};
        if (at->chunks.size % FLEET_HASH_SIZE != 0 || at->generation > INT64_MAX) {
            (void)fleet_refuse(&results[i], FLEET_OUTCOME_LIMIT, "no such chunks or generation");
            continue;
        }
        if (!fleet_size_good(at->chunks, (size_t)LIMIT_FLEET_FIX_CHUNKS * FLEET_HASH_SIZE, "chunks",
                             &results[i]))
            continue;
        if (!fleet_call(batch->store,
                        "INSERT INTO fix_generation (fix, generation, at_us, hosts, unknown, stale, chunks)"
                        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (fix, generation) DO UPDATE SET"
                        " at_us = excluded.at_us, hosts = excluded.hosts, unknown = excluded.unknown,"
                        " stale = excluded.stale, chunks = excluded.chunks",
                        "nnnnnnb", values, NULL, err))
            return false;
        results[i].outcome = FLEET_OUTCOME_DONE;
    }
    return true;
}

/* ---- rows of hosts ---- */

static int compare_numbers(const void *a, const void *b)
{
    int64_t first = *(const int64_t *)a, second = *(const int64_t *)b;

    return first < second ? -1 : first > second;
}

/* (hid, fix, at, generation) of each fix, each once: a statement must not name a row twice. */
static bool rows_of(struct fleet_batch *batch, const struct fleet_findings *findings, const int64_t *fixes,
                    size_t count, struct store_value **out, size_t *rows, struct error *err)
{
    int64_t *sorted = ARENA_ARRAY(batch->arena, int64_t, count);
    struct store_value *values = ARENA_ARRAY(batch->arena, struct store_value, count * 4);
    size_t used = 0;

    if (sorted == NULL || values == NULL)
        return arena_full(batch->arena, err);
    if (count > 0)
        memcpy(sorted, fixes, count * sizeof(*fixes));
    qsort(sorted, count, sizeof(*sorted), compare_numbers);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && sorted[i] == sorted[i - 1])
            continue;
        values[used * 4] = number_value(findings->hid);
        values[used * 4 + 1] = number_value(sorted[i]);
        values[used * 4 + 2] = number_value(findings->at_us);
        values[used++ * 4 + 3] = count_value(findings->generation);
    }
    *out = values;
    *rows = used;
    return true;
}

static bool findings_one(struct fleet_batch *batch, const struct fleet_findings *findings,
                         struct fleet_result *result, struct error *err)
{
    const struct store_value host[] = {number_value(findings->hid), count_value(findings->generation)};
    struct store_value *opened, *closed;
    size_t opened_rows, closed_rows;
    int64_t changed;

    if (findings->opened_count + findings->closed_count > LIMIT_FLEET_FINDINGS ||
        findings->generation > INT64_MAX)
        return fleet_refuse(result, FLEET_OUTCOME_LIMIT, "more than %d findings, or no such generation",
                            LIMIT_FLEET_FINDINGS);
    if (!fleet_call(batch->store, "UPDATE host_finding SET generation = ?2 WHERE hid = ?1", "nn", host,
                    &changed, err))
        return false;
    if (changed == 0)
        return fleet_refuse(result, FLEET_OUTCOME_ABSENT, "no such host");
    result->outcome = FLEET_OUTCOME_DONE;
    return rows_of(batch, findings, findings->opened, findings->opened_count, &opened, &opened_rows, err) &&
           rows_of(batch, findings, findings->closed, findings->closed_count, &closed, &closed_rows, err) &&
           fleet_call_rows(batch->store,
                           "WITH r (hid, fix, at_us, generation) AS ({rows})"
                           " UPDATE finding SET closed_us = r.at_us, closed = r.generation FROM r"
                           " WHERE finding.hid = r.hid AND finding.fix = r.fix AND finding.closed_us = 0",
                           "nnnn", closed, closed_rows, err) &&
           fleet_call_rows(
               batch->store,
               "WITH r (hid, fix, at_us, generation) AS ({rows})"
               " INSERT INTO finding (hid, fix, opened_us, closed_us, opened, closed)"
               " SELECT r.hid, r.fix, r.at_us, 0, r.generation, 0 FROM r WHERE NOT EXISTS"
               " (SELECT 1 FROM finding f WHERE f.hid = r.hid AND f.fix = r.fix AND f.closed_us = 0)"
               " ON CONFLICT (hid, fix, opened_us) DO UPDATE SET closed_us = 0, closed = 0",
               "nnnn", opened, opened_rows, err);
}

bool fleet_write_findings(struct fleet_batch *batch, const struct fleet_write *writes, size_t count,
                          struct fleet_result *results, struct error *err)
{
    for (size_t i = 0; i < count; i++)
        if (!findings_one(batch, &writes[i].findings, &results[i], err))
            return false;
    return true;
}
