/*
 * The writing half of seal.h: the facts as JSON.
 */
#include "base/limits.h"
#include "verify/seal.h"

/*
 * A path or a name of a process is any bytes: what is no text, or too long, is shown with '?' and cut, so that a record
 * can always be written.
 */
static struct text clean(struct text text, size_t limit, struct arena *arena)
{
    struct error ignored;
    struct text checked;

    if (text_from_bytes(bytes_of_text(text), limit, &checked, &ignored))
        return text;
    text = text_part(text, 0, limit);
    char *copy = arena_take(arena, text.size + 1);
    if (copy == NULL)
        return TEXT("?");
    for (size_t i = 0; i < text.size; i++)
        copy[i] = text.at[i] >= 0x20 && text.at[i] < 0x7f ? text.at[i] : '?';
    return (struct text){copy, text.size};
}

struct putting {
    struct json_writer *j;
    struct arena *arena;
};

static void put_text(const struct putting *p, const char *name, struct text value)
{
    json_name(p->j, name);
    json_put_text(p->j, clean(value, LIMIT_EVIDENCE_SENTENCE, p->arena));
}

/* Absent is null. */
static void put_optional(const struct putting *p, const char *name, struct text value)
{
    if (value.size > 0) {
        put_text(p, name, value);
        return;
    }
    json_name(p->j, name);
    json_put_null(p->j);
}

static void put_string(const struct putting *p, const char *name, const char *value)
{
    put_text(p, name, text_of(value));
}

static void put_number(const struct putting *p, const char *name, uint64_t value)
{
    json_name(p->j, name);
    json_put_u64(p->j, value);
}

static void put_bool(const struct putting *p, const char *name, bool value)
{
    json_name(p->j, name);
    json_put_bool(p->j, value);
}

static void put_time(const struct putting *p, const char *name, int64_t us)
{
    json_name(p->j, name);
    json_put_time(p->j, us);
}

static void open_list(const struct putting *p, const char *name)
{
    json_name(p->j, name);
    json_open_array(p->j);
}

static void put_packages(const struct putting *p, const struct evidence *evidence)
{
    open_list(p, "packages");
    for (size_t i = 0; i < evidence->package_count; i++) {
        const struct evidence_package *package = &evidence->packages[i];
        json_open_object(p->j);
        put_text(p, "name", package->name);
        put_text(p, "arch", package->arch);
        put_text(p, "source", package->source);
        put_optional(p, "from", package->from);
        put_optional(p, "to", package->to);
        put_optional(p, "installed", package->installed);
        put_string(p, "state", package_state_name(package->state));
        put_bool(p, "reboot", package->reboot);
        json_close_object(p->j);
    }
    json_close_array(p->j);
}

static void put_scan(const struct putting *p, const struct evidence *evidence)
{
    json_name(p->j, "scan");
    json_open_object(p->j);
    put_bool(p, "done", evidence->scanned);
    open_list(p, "data");
    for (size_t i = 0; i < evidence->data_count; i++) {
        json_open_object(p->j);
        put_text(p, "feed", evidence->data[i].feed);
        put_time(p, "before", evidence->data[i].before_us);
        put_time(p, "now", evidence->data[i].now_us);
        json_close_object(p->j);
    }
    json_close_array(p->j);
    json_close_object(p->j);
    open_list(p, "holes");
    for (size_t i = 0; i < evidence->hole_count; i++) {
        json_open_object(p->j);
        put_text(p, "id", evidence->holes[i].id);
        put_text(p, "source", evidence->holes[i].source);
        put_bool(p, "listed", evidence->holes[i].listed);
        json_close_object(p->j);
    }
    json_close_array(p->j);
}

static void put_answer(const struct putting *p, const char *name, const struct check_answer *answer)
{
    json_name(p->j, name);
    json_open_object(p->j);
    put_string(p, "outcome", check_outcome_name(answer->outcome));
    put_optional(p, "why", answer->why);
    json_close_object(p->j);
}

static void put_checks(const struct putting *p, const struct evidence *evidence)
{
    open_list(p, "checks");
    for (size_t i = 0; i < evidence->check_count; i++) {
        const struct evidence_check *check = &evidence->checks[i];
        json_open_object(p->j);
        put_string(p, "kind", check_kind_name(check->check.kind));
        put_text(p, "target", check->check.target);
        put_number(p, "expected", check->check.expected);
        put_number(p, "limit_ms", check->check.limit_ms);
        put_answer(p, "before", &check->before);
        put_answer(p, "after", &check->after);
        json_close_object(p->j);
    }
    json_close_array(p->j);
}

static void put_process(const struct putting *p, const struct evidence_process *process)
{
    json_open_object(p->j);
    put_number(p, "pid", process->pid);
    put_text(p, "process", process->process);
    put_optional(p, "unit", process->unit);
    put_text(p, "path", process->path);
    put_optional(p, "package", process->package);
    put_bool(p, "possible", process->possible);
    put_text(p, "advice", process->advice);
    json_close_object(p->j);
}

static void put_running(const struct putting *p, const struct evidence *evidence)
{
    json_name(p->j, "running");
    json_open_object(p->j);
    put_bool(p, "looked", evidence->looked);
    put_number(p, "total", evidence->process_total);
    put_number(p, "unreadable", evidence->process_unreadable);
    put_bool(p, "hidden", evidence->process_hidden);
    put_optional(p, "kernel_running", evidence->kernel_running);
    put_optional(p, "kernel_installed", evidence->kernel_installed);
    put_bool(p, "reboot_needed", evidence->reboot_needed);
    put_optional(p, "reboot_why", evidence->reboot_why);
    open_list(p, "processes");
    for (size_t i = 0; i < evidence->process_count; i++)
        put_process(p, &evidence->processes[i]);
    json_close_array(p->j);
    json_close_object(p->j);
}

static void put_verdict(const struct putting *p, const char *name, const struct proof_verdict *verdict)
{
    json_name(p->j, name);
    json_open_object(p->j);
    put_string(p, "proof", proof_name(verdict->proof));
    put_text(p, "why", verdict->why);
    json_close_object(p->j);
}

void seal_write_evidence(struct json_writer *j, const struct evidence *evidence, struct arena *arena)
{
    const struct putting p = {j, arena};

    json_open_object(j);
    put_string(&p, "kind", evidence_kind_name(evidence->kind));
    put_string(&p, "run", evidence->run);
    put_optional(&p, "plan", text_of(evidence->plan));
    put_string(&p, "outcome", run_state_name(evidence->outcome));
    put_bool(&p, "takes_back", evidence->takes_back);
    put_text(&p, "tool", evidence->tool);
    if (evidence->fetched.size > 0)
        put_text(&p, "fetched", evidence->fetched);
    if (evidence->proved.size > 0)
        put_text(&p, "proved", evidence->proved);
    put_time(&p, "begun", evidence->begun_us);
    put_time(&p, "made", evidence->made_us);
    put_text(&p, "host", evidence->host);
    put_text(&p, "release", evidence->release);
    put_text(&p, "policy", evidence->policy);
    put_packages(&p, evidence);
    put_scan(&p, evidence);
    put_checks(&p, evidence);
    put_running(&p, evidence);
    json_name(j, "verdicts");
    json_open_object(j);
    put_verdict(&p, "applied", &evidence->applied);
    put_verdict(&p, "works", &evidence->works);
    put_verdict(&p, "old_code_gone", &evidence->old_code_gone);
    json_close_object(j);
    json_close_object(j);
}
