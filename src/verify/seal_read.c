/*
 * The reading half of seal.h: the facts from JSON, as verify/seal_write.c writes them.
 */
#include <string.h>

#include "base/limits.h"
#include "verify/seal.h"

/* A document is gone when it was read: what is kept is copied. */
struct getting {
    struct json from;
    struct arena *arena;
    struct error *err;
};

static bool get_text(const struct getting *g, const char *name, struct text *out)
{
    struct text text = {0};

    if (!json_get_text(g->from, name, true, LIMIT_EVIDENCE_SENTENCE, &text, g->err))
        return false;
    text = text_copy(g->arena, text);
    if (text.at == NULL)
        return arena_full(g->arena, g->err);
    *out = text;
    return true;
}

/* null is absent; a member that is not there is an error, for the form is one. */
static bool get_optional(const struct getting *g, const char *name, struct text *out)
{
    if (!json_is_null(json_member(g->from, name)))
        return get_text(g, name, out);
    *out = (struct text){0};
    return true;
}

static bool get_u32(const struct getting *g, const char *name, uint32_t max, uint32_t *out)
{
    uint64_t value = 0;

    if (!json_get_u64(g->from, name, true, max, &value, g->err))
        return false;
    *out = (uint32_t)value;
    return true;
}

static bool get_bool(const struct getting *g, const char *name, bool *out)
{
    return json_get_bool(g->from, name, true, out, g->err);
}

static bool get_time(const struct getting *g, const char *name, int64_t *out)
{
    struct text text = {0};

    *out = TIME_ABSENT;
    return get_optional(g, name, &text) &&
           (text.size == 0 || time_parse(text, out, g->err) || error_at(g->err, "%s", name));
}

/* A short text into a field of the struct itself. */
static bool get_name(const struct getting *g, const char *name, char *out, size_t size)
{
    struct text text = {0};

    if (!get_optional(g, name, &text))
        return false;
    if (text.size >= size)
        return error_set(g->err, ERROR_LIMIT, "%s: more than %zu bytes", name, size - 1);
    memset(out, 0, size);
    if (text.size > 0)
        memcpy(out, text.at, text.size);
    return true;
}

static bool fail_word(const struct getting *g, const char *name, struct text word)
{
    return error_set(g->err, ERROR_INPUT, "%s: \"%.*s\" is no word for it", name,
                     TEXT_ARG(text_part(word, 0, 40)));
}

/* Its place among the names of an enum. */
static bool get_word(const struct getting *g, const char *name, const char *(*word_of)(unsigned),
                     unsigned count, unsigned *out)
{
    struct text word = {0};

    if (!get_text(g, name, &word))
        return false;
    for (unsigned i = 0; i < count; i++)
        if (text_equal(word, text_of(word_of(i)))) {
            *out = i;
            return true;
        }
    return fail_word(g, name, word);
}

#define WORD_OF(function, type)                                                                              \
    static const char *word_of_##function(unsigned i)                                                        \
    {                                                                                                        \
        return function((type)i);                                                                            \
    }
WORD_OF(evidence_kind_name, enum evidence_kind)
WORD_OF(run_state_name, enum run_state)
WORD_OF(package_state_name, enum package_state)
WORD_OF(check_kind_name, enum check_kind)
WORD_OF(check_outcome_name, enum check_outcome)
WORD_OF(proof_name, enum proof)

/* An array of objects: each is read by `one` into an element of `size` bytes. */
struct list {
    const char *name;
    size_t size;
    bool (*one)(const struct getting *, void *);
};

static bool get_list(const struct getting *g, const struct list *list, void *out_array, size_t *out_count)
{
    struct json array = {0};
    struct json_walk walk;

    if (!json_get_array(g->from, list->name, true, &array, g->err))
        return false;
    size_t count = json_count(array);
    if (count > LIMIT_EVIDENCE_ROWS)
        return error_set(g->err, ERROR_LIMIT, "%s: %zu, more than %d", list->name, count,
                         LIMIT_EVIDENCE_ROWS);
    char *rows = arena_take_array(g->arena, count, list->size);
    if (rows == NULL)
        return arena_full(g->arena, g->err);
    for (walk = json_walk_with(array); json_walk_next(&walk);) {
        const struct getting row = {walk.value, g->arena, g->err};
        if (!list->one(&row, rows + walk.index * list->size))
            return error_at(g->err, "%s %zu", list->name, walk.index);
    }
    memcpy(out_array, &rows, sizeof(rows));
    *out_count = count;
    return true;
}

static bool get_part(const struct getting *g, const char *name, struct getting *out)
{
    *out = *g;
    return json_get_object(g->from, name, true, &out->from, g->err);
}

static bool get_package(const struct getting *g, void *row)
{
    struct evidence_package *out = row;
    unsigned state = 0;

    if (!get_text(g, "name", &out->name) || !get_text(g, "arch", &out->arch) ||
        !get_text(g, "source", &out->source) || !get_optional(g, "from", &out->from) ||
        !get_optional(g, "to", &out->to) || !get_optional(g, "installed", &out->installed) ||
        !get_word(g, "state", word_of_package_state_name, PACKAGE_STATE_COUNT, &state) ||
        !get_bool(g, "reboot", &out->reboot))
        return false;
    out->state = (enum package_state)state;
    return true;
}

static bool get_data(const struct getting *g, void *row)
{
    struct evidence_data *out = row;

    return get_text(g, "feed", &out->feed) && get_time(g, "before", &out->before_us) &&
           get_time(g, "now", &out->now_us);
}

static bool get_hole(const struct getting *g, void *row)
{
    struct evidence_hole *out = row;

    return get_text(g, "id", &out->id) && get_text(g, "source", &out->source) &&
           get_bool(g, "listed", &out->listed);
}

static bool get_answer(const struct getting *g, const char *name, struct check_answer *out)
{
    struct getting part;
    unsigned outcome = 0;

    if (!get_part(g, name, &part))
        return false;
    if (!get_word(&part, "outcome", word_of_check_outcome_name, CHECK_OUTCOME_COUNT, &outcome) ||
        !get_optional(&part, "why", &out->why))
        return error_at(g->err, "%s", name);
    out->outcome = (enum check_outcome)outcome;
    return true;
}

static bool get_check(const struct getting *g, void *row)
{
    struct evidence_check *out = row;
    uint32_t expected = 0;
    unsigned kind = 0;

    if (!get_word(g, "kind", word_of_check_kind_name, CHECK_KIND_COUNT, &kind) ||
        !get_text(g, "target", &out->check.target) || !get_u32(g, "expected", UINT16_MAX, &expected) ||
        !get_u32(g, "limit_ms", UINT32_MAX, &out->check.limit_ms) || !get_answer(g, "before", &out->before) ||
        !get_answer(g, "after", &out->after))
        return false;
    out->check.kind = (enum check_kind)kind;
    out->check.expected = (uint16_t)expected;
    return true;
}

static bool get_process(const struct getting *g, void *row)
{
    struct evidence_process *out = row;

    return get_u32(g, "pid", UINT32_MAX, &out->pid) && get_text(g, "process", &out->process) &&
           get_optional(g, "unit", &out->unit) && get_text(g, "path", &out->path) &&
           get_optional(g, "package", &out->package) && get_bool(g, "possible", &out->possible) &&
           get_text(g, "advice", &out->advice);
}

static bool get_running(const struct getting *g, struct evidence *out)
{
    static const struct list processes = {"processes", sizeof(struct evidence_process), get_process};
    struct getting part;

    if (!get_part(g, "running", &part))
        return false;
    return (get_bool(&part, "looked", &out->looked) &&
            get_u32(&part, "total", UINT32_MAX, &out->process_total) &&
            get_u32(&part, "unreadable", UINT32_MAX, &out->process_unreadable) &&
            get_bool(&part, "hidden", &out->process_hidden) &&
            get_optional(&part, "kernel_running", &out->kernel_running) &&
            get_optional(&part, "kernel_installed", &out->kernel_installed) &&
            get_bool(&part, "reboot_needed", &out->reboot_needed) &&
            get_optional(&part, "reboot_why", &out->reboot_why) &&
            get_list(&part, &processes, &out->processes, &out->process_count)) ||
           error_at(g->err, "running");
}

static bool get_verdict(const struct getting *g, const char *name, struct proof_verdict *out)
{
    struct getting part;
    unsigned proof = 0;

    if (!get_part(g, name, &part))
        return false;
    if (!get_word(&part, "proof", word_of_proof_name, PROOF_COUNT, &proof) ||
        !get_text(&part, "why", &out->why))
        return error_at(g->err, "%s", name);
    out->proof = (enum proof)proof;
    return true;
}

static bool get_verdicts(const struct getting *g, struct evidence *out)
{
    struct getting part;

    if (!get_part(g, "verdicts", &part))
        return false;
    return (get_verdict(&part, "applied", &out->applied) && get_verdict(&part, "works", &out->works) &&
            get_verdict(&part, "old_code_gone", &out->old_code_gone)) ||
           error_at(g->err, "verdicts");
}

static bool get_head(const struct getting *g, struct evidence *out)
{
    unsigned kind = 0, outcome = 0;

    if (!get_word(g, "kind", word_of_evidence_kind_name, EVIDENCE_KIND_COUNT, &kind) ||
        !get_name(g, "run", out->run, sizeof(out->run)) ||
        !get_name(g, "plan", out->plan, sizeof(out->plan)) ||
        !get_word(g, "outcome", word_of_run_state_name, RUN_STATE_COUNT, &outcome) ||
        !get_bool(g, "takes_back", &out->takes_back) || !get_text(g, "tool", &out->tool) ||
        (!json_is_absent(json_member(g->from, "fetched")) && !get_text(g, "fetched", &out->fetched)) ||
        (!json_is_absent(json_member(g->from, "proved")) && !get_text(g, "proved", &out->proved)) ||
        !get_time(g, "begun", &out->begun_us) || !get_time(g, "made", &out->made_us) ||
        !get_text(g, "host", &out->host) || !get_text(g, "release", &out->release) ||
        !get_text(g, "policy", &out->policy))
        return false;
    out->kind = (enum evidence_kind)kind;
    out->outcome = (enum run_state)outcome;
    return true;
}

static bool get_scan(const struct getting *g, struct evidence *out)
{
    static const struct list data = {"data", sizeof(struct evidence_data), get_data};
    struct getting part;

    if (!get_part(g, "scan", &part))
        return false;
    return (get_bool(&part, "done", &out->scanned) && get_list(&part, &data, &out->data, &out->data_count)) ||
           error_at(g->err, "scan");
}

bool seal_read_evidence(struct json object, struct arena *arena, struct evidence *out, struct error *err)
{
    static const struct list packages = {"packages", sizeof(struct evidence_package), get_package};
    static const struct list holes = {"holes", sizeof(struct evidence_hole), get_hole};
    static const struct list checks = {"checks", sizeof(struct evidence_check), get_check};
    const struct getting g = {object, arena, err};
    struct evidence evidence = {.kind = EVIDENCE_UNKNOWN};

    if (!get_head(&g, &evidence) || !get_list(&g, &packages, &evidence.packages, &evidence.package_count) ||
        !get_scan(&g, &evidence) || !get_list(&g, &holes, &evidence.holes, &evidence.hole_count) ||
        !get_list(&g, &checks, &evidence.checks, &evidence.check_count) || !get_running(&g, &evidence) ||
        !get_verdicts(&g, &evidence))
        return false;
    *out = evidence;
    return true;
}
