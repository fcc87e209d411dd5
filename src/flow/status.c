#include "flow/status.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/own.h"
#include "flow/trust_json.h"
#include "format/json.h"
#include "store/journal.h"
#include "store/state.h"

const char *status_verdict_name(enum status_verdict verdict)
{
    static const char *const names[STATUS_VERDICT_COUNT] = {
        [STATUS_UNKNOWN] = "unknown", [STATUS_GOOD] = "good", [STATUS_DUE] = "due", [STATUS_LATE] = "late"};

    return names[(unsigned)verdict < STATUS_VERDICT_COUNT ? verdict : STATUS_UNKNOWN];
}

/* No data is not health; but what is known to be late is late, whatever else is not known. */
static enum status_verdict verdict_of(const struct scan *scan)
{
    if (!scan->judged)
        return STATUS_UNKNOWN;
    if (scan->summary.late > 0)
        return STATUS_LATE;
    if (scan->summary.due_week > 0)
        return STATUS_DUE;
    return scan->complete ? STATUS_GOOD : STATUS_UNKNOWN;
}

/* ---- what is kept in the state folder ---- */

/* A number may be another's by now; then it is called still being done, until apply looks at the lock. */
static bool is_process(uint32_t pid, struct arena *arena)
{
    struct text path = text_format(arena, "/proc/%u", pid);

    return path.at == NULL || file_exists(path.at);
}

static bool read_runs(const struct state *state, struct arena *arena, struct status *status,
                      struct error *err)
{
    OWN(journal_close) struct journal journal = {0};
    const char *path = state_path(state, arena, JOURNAL_FILE);
    struct journal_runs runs;

    if (path == NULL)
        return arena_full(arena, err);
    if (!journal_open(path, JOURNAL_READ, &journal, err) || !journal_list(&journal, arena, &runs, err))
        return err->kind == ERROR_ABSENT;
    status->run_count = (uint32_t)runs.count;
    status->has_run = runs.count > 0;
    if (status->has_run)
        status->run = runs.at[0];
    status->interrupted =
        status->has_run && status->run.state == RUN_OPEN && !is_process(status->run.pid, arena);
    return true;
}

bool status_run_interrupted(const char *folder, struct arena *arena, bool *out, struct error *err)
{
    struct status status = {0};
    struct error why = {0};
    struct state state;

    *out = false;
    if (folder == NULL || !state_open(folder, STATE_READ, &state, &why))
        return true; /* no state: nothing was ever run */
    if (!read_runs(&state, arena, &status, &why)) {
        *err = why;
        return false;
    }
    *out = status.interrupted;
    return true;
}

static bool read_takeover(const struct state *state, struct arena *arena, struct status *status,
                          struct error *err)
{
    const char *path = state_path(state, arena, "takeover");
    struct takeover record;

    if (path == NULL)
        return arena_full(arena, err);
    if (!takeover_read(path, arena, &record, err))
        return false;
    status->unattended = record.phase;
    return true;
}

static void read_state(const char *folder, struct arena *arena, struct status *status)
{
    struct state state;
    struct error why = {0};

    /* A state that cannot be opened at all has failed the scan before; none there is none. */
    if (folder == NULL || !state_open(folder, STATE_READ, &state, &why))
        return;
    if (!read_runs(&state, arena, status, &why))
        status->run_why = text_format(arena, "%s", why.text);
    why = (struct error){0};
    if (!read_takeover(&state, arena, status, &why))
        status->unattended_why = text_format(arena, "%s", why.text);
    why = (struct error){0};
    if (!trust_record_read(folder, arena, &status->trust, &status->has_trust, &why))
        status->trust_why = text_format(arena, "%s", why.text);
}

/* ---- what runs old code ---- */

static int compare_texts(const void *a, const void *b)
{
    return text_compare(*(const struct text *)a, *(const struct text *)b);
}

static bool list_services(const struct host *host, struct arena *arena, struct status *status,
                          struct error *err)
{
    struct text *services = ARENA_ARRAY(arena, struct text, host->old_code_count);
    size_t count = 0, kept = 0;

    if (services == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < host->old_code_count; i++)
        if (host->old_code[i].service.size > 0)
            services[count++] = host->old_code[i].service;
    if (count > 0)
        qsort(services, count, sizeof(*services), compare_texts);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || !text_equal(services[kept - 1], services[i]))
            services[kept++] = services[i];
    status->services = services;
    status->service_count = kept;
    return true;
}

bool status_look(const struct scan_request *request, struct arena *arena, struct status *out,
                 struct error *err)
{
    struct status status = {0};

    if (!scan_run(request, arena, &status.scan, err) ||
        !list_services(status.scan->host, arena, &status, err))
        return false;
    status.verdict = verdict_of(status.scan);
    read_state(request->state, arena, &status);
    *out = status;
    return true;
}

/* ---- JSON ---- */

static void put_text(struct json_writer *j, const char *name, struct text text)
{
    json_name(j, name);
    if (text.size == 0)
        json_put_null(j);
    else
        json_put_text(j, text);
}

static void put_string(struct json_writer *j, const char *name, const char *string)
{
    put_text(j, name, string == NULL ? (struct text){0} : text_of(string));
}

static void put_u64(struct json_writer *j, const char *name, uint64_t number)
{
    json_name(j, name);
    json_put_u64(j, number);
}

static void put_bool(struct json_writer *j, const char *name, bool value)
{
    json_name(j, name);
    json_put_bool(j, value);
}

static void put_time(struct json_writer *j, const char *name, int64_t us)
{
    json_name(j, name);
    json_put_time(j, us);
}

static void put_data(struct json_writer *j, const struct scan *scan)
{
    json_name(j, "data");
    json_open_array(j);
    for (size_t i = 0; i < scan->data_count; i++) {
        json_open_object(j);
        put_text(j, "feed", scan->data[i].feed);
        put_time(j, "generated", scan->data[i].generated_us);
        put_string(j, "state", data_freshness_name(scan->data[i].state));
        put_bool(j, "needed", scan->data[i].needed);
        json_close_object(j);
    }
    json_close_array(j);
}

static void put_due(struct json_writer *j, const struct scan *scan)
{
    json_name(j, "due");
    json_open_object(j);
    put_u64(j, "late", scan->summary.late);
    put_u64(j, "week", scan->summary.due_week);
    put_u64(j, "packages", scan->summary.due_packages);
    put_u64(j, "bytes", scan->summary.due_bytes);
    put_u64(j, "waiting", scan->group_count);
    put_u64(j, "waiting_packages", scan->match.update_count);
    put_u64(j, "unfixed_exploited", scan->summary.unfixed_exploited);
    json_close_object(j);
}

static void put_running(struct json_writer *j, const struct status *status)
{
    const struct host *host = status->scan->host;

    json_name(j, "running");
    json_open_object(j);
    put_u64(j, "old_processes", host->process_old);
    put_u64(j, "unreadable_processes", host->process_unreadable);
    json_name(j, "services");
    json_open_array(j);
    for (size_t i = 0; i < status->service_count; i++)
        json_put_text(j, status->services[i]);
    json_close_array(j);
    put_bool(j, "reboot_needed", host->reboot_needed);
    put_text(j, "reboot_why", host->reboot_why);
    put_u64(j, "half_configured", status->scan->summary.half_configured);
    json_close_object(j);
}

static void put_run(struct json_writer *j, const struct status *status)
{
    json_name(j, "last_run");
    if (!status->has_run) {
        json_put_null(j);
        return;
    }
    json_open_object(j);
    put_string(j, "id", status->run.id);
    put_string(j, "kind", run_kind_name(status->run.kind));
    put_string(j, "state", run_state_name(status->run.state));
    put_time(j, "begun", status->run.begun_us);
    put_time(j, "ended", status->run.ended_us);
    put_bool(j, "interrupted", status->interrupted);
    put_text(j, "why", status->run.why);
    json_close_object(j);
}

static void put_trust(struct json_writer *j, const struct status *status)
{
    put_text(j, "trust_problem", status->trust_why);
    json_name(j, "trust");
    if (status->has_trust)
        trust_json_put(j, &status->trust, status->scan->now_us);
    else
        json_put_null(j);
}

void status_write_json(const struct status *status, struct writer *out)
{
    const struct scan *scan = status->scan;
    struct json_writer j = json_writer_with(out, true);

    json_open_object(&j);
    put_string(&j, "schema", "suture.status/1");
    put_time(&j, "now", scan->now_us);
    put_text(&j, "host", scan->host->name);
    put_string(&j, "os", scan->host->release.name);
    put_string(&j, "verdict", status_verdict_name(status->verdict));
    put_bool(&j, "complete", scan->complete);
    put_string(&j, "level", level_name(scan->level));
    put_string(&j, "order", scan->context.order);
    put_time(&j, "level_end", scan->context.order == NULL ? TIME_ABSENT : scan->order.end_us);
    put_string(&j, "policy", scan->policy->name);
    put_due(&j, scan);
    put_data(&j, scan);
    put_running(&j, status);
    put_run(&j, status);
    put_u64(&j, "runs", status->run_count);
    put_text(&j, "runs_why", status->run_why);
    put_string(&j, "unattended", takeover_phase_name(status->unattended));
    put_text(&j, "unattended_why", status->unattended_why);
    put_trust(&j, status);
    json_close_object(&j);
    writer_byte(out, '\n');
}
