#include "flow/carry_out_steps.h"

#include <errno.h>
#include <unistd.h>

#include "acquire/mirror.h"
#include "acquire/trust_check.h"
#include "base/confine.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "deploy/ready.h"
#include "deploy/ready_power.h"
#include "manager/deb_file.h"
#include "manager/managers.h"
#include "store/state.h"

static bool is_live(const struct carrying *c)
{
    return strcmp(c->root, "/") == 0;
}

/* ---- ready ---- */

static bool do_ready(void *self, const struct apply_view *view, struct arena *arena, struct apply_note *out,
                     struct error *err)
{
    const struct carrying *c = self;
    const struct ready_request request = {
        .plan = view->plan,
        .root = c->root,
        .state = c->state,
        .power = is_live(c) ? READY_POWER_FOLDER : NULL,
        .percent_min = READY_POWER_PERCENT,
    };

    (void)arena, (void)out;
    return ready_check(&request, err);
}

/* ---- fetch ---- */

static bool show_fetched(void *self, const struct mirror_progress *progress)
{
    struct carrying *c = self;

    if (c->request->fetched != NULL)
        c->request->fetched(c->request->self, progress->have, progress->total);
    return !stop_asked(c->stop);
}

static bool want_of(const struct plan_change *change, struct arena *arena, struct mirror_want *out,
                    struct error *err)
{
    struct text *url = ARENA_NEW(arena, struct text);

    if (url == NULL)
        return arena_full(arena, err);
    *url = mirror_url(change->uri, change->file, arena);
    *out = (struct mirror_want){
        .name = change->name,
        .item = {change->digest, change->size},
        .urls = url,
        .url_count = 1,
        .kept_as = mirror_kept_name(change->name, change->to, change->arch, arena),
    };
    return (url->at != NULL && out->kept_as.at != NULL) || arena_full(arena, err);
}

/* The cache's file under the run's own name: a second name, so the room is taken once. */
static bool link_package(const struct carrying *c, const struct mirror_want *want, const char *from,
                         struct error *err)
{
    char *name = cache_name(&want->item, c->arena);
    char *path = name == NULL ? NULL : file_path(c->arena, c->packages, name);

    if (path == NULL)
        return arena_full(c->arena, err);
    return link(from, path) == 0 || errno == EEXIST || error_system(err, "%s", path);
}

static bool fetch_all(struct carrying *c, const struct mirror_want *wants, size_t count, struct arena *arena,
                      struct apply_note *out, struct error *err)
{
    const char *const kept[] = {file_below(arena, c->root, MIRROR_KEPT_BY_APT), NULL};
    const struct state state = {c->state};
    const char *spool, *folder;
    struct mirror_result result;
    struct cache cache;

    if (!state_make_folder(&state, arena, "spool-packages", &spool, err) ||
        !state_make_folder(&state, arena, "cache", &folder, err) || !cache_open(folder, &cache, err))
        return false;
    const struct mirror_request request = {
        .wants = wants,
        .want_count = count,
        .cache = &cache,
        .spool = spool,
        .program = c->request->programs.fetch,
        .kept = kept,
        .ca_file = c->request->ca_file,
        .rate_max = c->request->rate_max,
        .progress = show_fetched,
        .self = c,
    };
    if (!mirror_fetch(&request, arena, &result, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!link_package(c, &wants[i], result.paths[i], err))
            return false;
    out->text =
        text_format(arena, "%zu packages fetched, %llu bytes; %zu were here already", result.fetched_count,
                    (unsigned long long)result.fetched_bytes, result.reused_count);
    return file_sync_folder(c->packages, err);
}

static bool do_fetch(void *self, const struct apply_view *view, struct arena *arena, struct apply_note *out,
                     struct error *err)
{
    struct carrying *c = self;
    struct mirror_want *wants = ARENA_ARRAY(arena, struct mirror_want, view->plan->change_count);
    size_t count = 0;

    if (wants == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < view->plan->change_count; i++)
        if (view->plan->changes[i].kind != CHANGE_REMOVE &&
            !want_of(&view->plan->changes[i], arena, &wants[count++], err))
            return false;
    if (count == 0) {
        *out = (struct apply_note){.text = TEXT("nothing is to be fetched"), .skipped = true};
        return true;
    }
    return fetch_all(c, wants, count, arena, out, err);
}

/* ---- prove ---- */

/* One answer for each change that has a file, in their order. */
static bool ask_vouchers(const struct carrying *c, const struct plan *plan, struct arena *arena,
                         struct vouched_records **out, struct error *err)
{
    const struct manager *manager = managers_of(c->root);
    struct vouch_question *questions = ARENA_ARRAY(arena, struct vouch_question, plan->change_count + 1);
    struct vouched_records *answers = ARENA_ARRAY(arena, struct vouched_records, plan->change_count);
    const struct state state = {c->state};
    const struct manager_request request = {
        .root = c->root,
        .now_us = c->request->plan.scan.now_us,
        .memory = state_path(&state, arena, "verified"),
        .verify_now = true,
    };
    size_t count = 0;

    if (questions == NULL || answers == NULL || request.memory == NULL)
        return arena_full(arena, err);
    if (manager == NULL)
        return error_set(err, ERROR_ABSENT, "%s: no package manager that is known here", c->root);
    for (size_t i = 0; i < plan->change_count; i++)
        if (plan->changes[i].kind != CHANGE_REMOVE)
            questions[count++] =
                (struct vouch_question){plan->changes[i].name, plan->changes[i].arch, plan->changes[i].to};
    *out = answers;
    return manager->vouch(&request, questions, arena, answers, err);
}

/* Of several records of one version the one that has the plan's digest, else any: then the check names what is wrong. */
static const struct vouched *find_voucher(const struct vouched_records *records,
                                          const struct plan_change *change)
{
    const struct vouched *other = NULL;

    for (size_t i = 0; i < records->count; i++) {
        const struct vouched *record = &records->at[i];
        if (digest_equal(&record->digest, &change->digest) && text_equal(record->file, change->file) &&
            text_equal(record->suite, change->suite))
            return record;
        other = record;
    }
    return other;
}

static bool read_claim(const char *path, struct arena *arena, struct package_claim *out, struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};
    struct deb_file deb;

    if (!file_map_own(path, LIMIT_DEB_FILE, &map, err) || !deb_file_read_control(map.bytes, arena, &deb, err))
        return false;
    *out = (struct package_claim){text_copy(arena, deb.package), text_copy(arena, deb.arch),
                                  text_copy(arena, deb.version)};
    return true;
}

static bool prove_one(const struct carrying *c, const struct plan_change *change,
                      const struct vouched_records *records, struct arena *arena,
                      struct trusted_artifact *out, struct error *err)
{
    OWN(arena_end) struct arena scratch = arena_with(LIMIT_DEB_CONTROL * 4);
    char *name = cache_name(&(struct cache_item){change->digest, change->size}, arena);
    char *path = name == NULL ? NULL : file_path(arena, c->packages, name);
    enum trust_refusal refusal = TRUST_NOT_REFUSED;
    struct package_claim claim;

    if (path == NULL)
        return arena_full(arena, err);
    if (!read_claim(path, &scratch, &claim, err))
        return error_at(err, "%.*s", TEXT_ARG(change->name));
    const struct trust_request request = {
        .change = change,
        .vouched = find_voucher(records, change),
        .claim = &claim,
        .folder = c->packages,
        .file = name,
    };
    return trust_check_archive(&request, arena, out, &refusal, err);
}

static bool do_prove(void *self, const struct apply_view *view, struct arena *arena,
                     struct trusted_artifact *out, struct apply_note *note, struct error *err)
{
    struct carrying *c = self;
    struct vouched_records *answers;
    size_t count = 0;

    if (!ask_vouchers(c, view->plan, arena, &answers, err))
        return false;
    for (size_t i = 0; i < view->plan->change_count; i++) {
        if (view->plan->changes[i].kind == CHANGE_REMOVE)
            continue;
        if (!prove_one(c, &view->plan->changes[i], &answers[count++], arena, &out[i], err))
            return false;
    }
    note->text = text_format(arena, "%zu packages are signed by their archives", count);
    return true;
}

/* ---- the rest ---- */

static bool do_confine(void *self, struct error *err)
{
    const struct carrying *c = self;
    const char *const writable[] = {c->state, NULL};
    uint8_t held;

    return confine_supervisor(writable, &held, err);
}

static bool do_stop(void *self)
{
    struct carrying *c = self;

    return stop_asked(c->stop);
}

static void do_progress(void *self, enum step_kind step, uint32_t group, const struct plan *plan)
{
    const struct carrying *c = self;

    if (c->request->step != NULL)
        c->request->step(c->request->self, step, group, plan);
}

static int64_t do_now(void *self)
{
    (void)self;
    return time_now_us();
}

struct apply_steps carry_out_steps(struct carrying *carrying)
{
    return (struct apply_steps){
        .self = carrying,
        .ready = do_ready,
        .fetch = do_fetch,
        .prove = do_prove,
        .confine = do_confine,
        .stop = do_stop,
        .progress = do_progress,
        .now_us = do_now,
    };
}
