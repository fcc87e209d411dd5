#include "flow/prove.h"

#include <assert.h>

#include "base/child.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "flow/powers_of_plan.h"
#include "flow/prove_message.h"
#include "flow/vendor.h"

#define PACKAGES_OF_ONE 256 /* files that one suture-prove holds open */

/* Changes that have a file, and what was said of them. */
struct subject {
    size_t change; /* index */
    struct vouched_records records;
    struct package_claim claim;
    char *name; /* HEX.deb */
};

struct work {
    const struct prove_request *request;
    const struct plan *plan;
    struct arena *arena;
    struct subject *subjects;
    size_t count;
    char *packages; /* RUN/packages */
};

static bool begin(const struct prove_request *request, const struct plan *plan, struct arena *arena,
                  struct work *out, struct error *err)
{
    struct work work = {.request = request, .plan = plan, .arena = arena};

    work.subjects = ARENA_ARRAY(arena, struct subject, plan->change_count);
    work.packages = request->run == NULL ? NULL : file_path(arena, request->run, "packages");
    if (work.subjects == NULL || (request->run != NULL && work.packages == NULL))
        return arena_full(arena, err);
    for (size_t i = 0; i < plan->change_count; i++) {
        const struct plan_change *change = &plan->changes[i];
        if (change->kind == CHANGE_REMOVE)
            continue;
        if (change->digest.kind != DIGEST_SHA256 || change->size == 0 || change->size > LIMIT_FETCH_SIZE)
            return error_set(err, ERROR_INPUT, "%.*s: the plan names no file", TEXT_ARG(change->name));
        struct subject *subject = &work.subjects[work.count++];
        subject->change = i;
        subject->name = cache_name(CACHE_PACKAGES, &(struct cache_item){change->digest, change->size}, arena);
        if (subject->name == NULL)
            return arena_full(arena, err);
    }
    if (work.packages != NULL && !file_make_folders(work.packages, 0700, err))
        return false;
    *out = work;
    return true;
}

static const struct plan_change *change_of(const struct work *work, size_t subject)
{
    return &work->plan->changes[work->subjects[subject].change];
}

/* ---- what suture-prove says ---- */

static bool ask(const struct work *work, const char *kind, const struct writer *question,
                struct bytes *answer, struct error *err)
{
    const char *argv[] = {work->request->program, kind, NULL};
    struct child_command command = {
        .argv = argv, .timeout_ms = LIMIT_PROVE_TIME_MS, .output_limit = LIMIT_PROVE_MESSAGE + 64 * KIB};
    struct child_result result;

    if (!writer_done(question, &command.input, err) || !child_run(&command, work->arena, &result, err))
        return false;
    if (result.status != 0)
        return error_set(err, ERROR_SYSTEM, "suture-prove ended with status %d: %.*s", result.status,
                         (int)(result.errors.size < 120 ? result.errors.size : 120),
                         (const char *)result.errors.at);
    *answer = result.output;
    return true;
}

static bool take_head(const struct prove_head *head, struct error *err)
{
    return head->done || error_set(err, head->kind, "%.*s", TEXT_ARG(head->problem));
}

static bool ask_lists(struct work *work, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_PROVE_MESSAGE);
    struct vouch_question *packages = ARENA_ARRAY(work->arena, struct vouch_question, work->count + 1);
    struct vouched_records *records = ARENA_ARRAY(work->arena, struct vouched_records, work->count);
    const char *publishers = "";
    struct prove_head head;
    struct bytes answer;

    if (packages == NULL || records == NULL)
        return arena_full(work->arena, err);
    if (!vendor_publishers_path(NULL, work->arena, &publishers, err))
        return false;
    for (size_t i = 0; i < work->count; i++) {
        const struct plan_change *change = change_of(work, i);
        packages[i] = (struct vouch_question){change->name, change->arch, change->to};
    }
    prove_lists_question_write(&w, &(struct prove_lists_question){
                                       .now_us = work->request->now_us,
                                       .root = text_of(work->request->root),
                                       .state = text_of(work->request->state),
                                       .publishers = text_of(publishers),
                                       .packages = packages,
                                       .count = work->count,
                                   });
    if (!ask(work, "lists", &w, &answer, err))
        return false;
    if (!prove_lists_answer_read(answer, work->count, work->arena, &head, records, err))
        return error_at(err, "suture-prove");
    if (!take_head(&head, err))
        return false;
    for (size_t i = 0; i < work->count; i++)
        work->subjects[i].records = records[i];
    return true;
}

static bool ask_some_packages(struct work *work, size_t from, size_t count, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_PROVE_MESSAGE);
    struct text *paths = ARENA_ARRAY(work->arena, struct text, count);
    struct package_claim *claims = ARENA_ARRAY(work->arena, struct package_claim, count);
    struct prove_head head;
    struct bytes answer;

    if (paths == NULL || claims == NULL)
        return arena_full(work->arena, err);
    for (size_t i = 0; i < count; i++) {
        const char *path = file_path(work->arena, work->packages, work->subjects[from + i].name);
        if (path == NULL)
            return arena_full(work->arena, err);
        paths[i] = text_of(path);
    }
    prove_packages_question_write(&w, &(struct prove_packages_question){paths, count});
    if (!ask(work, "packages", &w, &answer, err))
        return false;
    if (!prove_packages_answer_read(answer, count, &head, claims, err))
        return error_at(err, "suture-prove");
    if (!take_head(&head, err))
        return false;
    for (size_t i = 0; i < count; i++)
        work->subjects[from + i].claim = claims[i];
    return true;
}

static bool ask_packages(struct work *work, struct error *err)
{
    for (size_t from = 0; from < work->count; from += PACKAGES_OF_ONE) {
        size_t left = work->count - from;
        if (!ask_some_packages(work, from, left < PACKAGES_OF_ONE ? left : PACKAGES_OF_ONE, err))
            return false;
    }
    return true;
}

/* ---- fetching ---- */

static bool is_of_plan(const struct vouched *record, const struct plan_change *change)
{
    return digest_equal(&record->digest, &change->digest) && record->size == change->size;
}

/* The record of the plan's archive that says by which attack's name it counts for nothing, or NULL. */
static const struct vouched *refused_of(const struct work *work, size_t index)
{
    const struct plan_change *change = change_of(work, index);
    const struct vouched_records *records = &work->subjects[index].records;

    for (size_t i = 0; i < records->count; i++)
        if (records->at[i].refusal != TRUST_NOT_REFUSED && text_equal(records->at[i].suite, change->suite) &&
            trust_same_archive(records->at[i].uri, change->uri))
            return &records->at[i];
    return NULL;
}

/* The archive of the plan first; others have the same bytes. What may not be owned is not even fetched. */
static bool add_urls(const struct work *work, size_t index, struct mirror_want *want, struct error *err)
{
    const struct plan_change *change = change_of(work, index);
    const struct vouched_records *records = &work->subjects[index].records;
    struct text *urls = ARENA_ARRAY(work->arena, struct text, records->count);

    if (urls == NULL)
        return arena_full(work->arena, err);
    for (int turn = 0; turn < 2; turn++)
        for (size_t i = 0; i < records->count; i++) {
            const struct vouched *record = &records->at[i];
            bool first = text_equal(record->suite, change->suite) && text_equal(record->file, change->file);
            if (!is_of_plan(record, change) || first != (turn == 0) || record->refusal != TRUST_NOT_REFUSED)
                continue;
            urls[want->url_count] = mirror_url(record->uri, record->file, work->arena);
            if (urls[want->url_count++].at == NULL)
                return arena_full(work->arena, err);
        }
    want->urls = urls;
    if (want->url_count > 0)
        return true;
    const struct vouched *refused = refused_of(work, index);
    if (refused != NULL)
        return error_set(err, ERROR_TRUST, "%.*s: %s: %.*s", TEXT_ARG(change->name),
                         trust_refusal_name(refused->refusal), TEXT_ARG(refused->why));
    return error_set(err, ERROR_TRUST, "%.*s: %s: no verified list names this file", TEXT_ARG(change->name),
                     trust_refusal_name(TRUST_VENDOR_SIGNATURE));
}

static bool make_wants(const struct work *work, struct mirror_want *wants, struct error *err)
{
    for (size_t i = 0; i < work->count; i++) {
        const struct plan_change *change = change_of(work, i);
        wants[i].name = change->name;
        wants[i].item = (struct cache_item){change->digest, change->size};
        wants[i].kept_as = mirror_kept_name(change->name, change->to, change->arch, work->arena);
        if (wants[i].kept_as.at == NULL)
            return arena_full(work->arena, err);
        if (!add_urls(work, i, &wants[i], err))
            return false;
    }
    return true;
}

static bool give_to_run(const struct work *work, const struct cache *cache, const struct mirror_want *wants,
                        struct mirror_result *result, struct error *err)
{
    const char **paths = ARENA_ARRAY(work->arena, const char *, work->plan->change_count);

    if (paths == NULL)
        return arena_full(work->arena, err);
    for (size_t i = 0; work->packages == NULL && i < work->count; i++)
        paths[work->subjects[i].change] = result->paths[i];
    for (size_t i = 0; work->packages != NULL && i < work->count; i++)
        if (!cache_give(cache, &wants[i].item, work->packages, work->arena, &paths[work->subjects[i].change],
                        err))
            return error_at(err, "%.*s", TEXT_ARG(wants[i].name));
    result->paths = paths;
    return true;
}

/* What is here of each change, before deltas are chosen. */
static bool look(const struct work *work, const struct mirror_request *mirror, uint64_t *here,
                 struct error *err)
{
    uint64_t *of_wants = ARENA_ARRAY(work->arena, uint64_t, work->count);

    if (of_wants == NULL)
        return arena_full(work->arena, err);
    if (!mirror_look(mirror, work->arena, of_wants, err))
        return false;
    for (size_t i = 0; i < work->count; i++)
        here[work->subjects[i].change] = of_wants[i];
    return true;
}

static bool fetch_deltas(const struct work *work, const struct mirror_request *mirror,
                         struct prove_fetched *out, struct error *err)
{
    const struct prove_request *request = work->request;
    uint64_t *here = ARENA_ARRAY(work->arena, uint64_t, work->plan->change_count);
    const struct delta_fetch_request deltas = {
        .settings = &request->deltas->settings,
        .offers = &out->offers,
        .plan = work->plan,
        .door = request->deltas->door,
        .packages = mirror->cache,
        .state = request->state,
        .spool = mirror->spool,
        .fetcher = request->fetcher,
        .here = here,
        .ca_file = request->ca_file,
        .rate_max = request->rate_max,
        .battery = request->deltas->battery,
        .progress = request->progress,
        .self = request->self,
    };

    if (here == NULL)
        return arena_full(work->arena, err);
    return look(work, mirror, here, err) && delta_fetch(&deltas, work->arena, &out->deltas, err);
}

/* Whole packages, all that is not there by then. */
static bool fetch_rest(const struct work *work, const struct mirror_request *mirror,
                       struct prove_fetched *out, struct error *err)
{
    int64_t begun_us = time_now_us();

    if (!mirror_fetch(mirror, work->arena, &out->mirror, err))
        return false;
    if (work->request->deltas != NULL)
        delta_rate_note(work->request->state, out->mirror.fetched_bytes, time_now_us() - begun_us,
                        work->arena);
    return true;
}

static bool fetch(const struct work *work, const struct cache *cache, const struct mirror_want *wants,
                  struct prove_fetched *out, struct error *err)
{
    const struct prove_request *request = work->request;
    OWN(own_fd) int lock = -1;
    const char *spool = file_path(work->arena, request->state, "fetch");
    const char *held = spool == NULL ? NULL : file_path(work->arena, spool, "lock");
    const char *kept[] = {file_below(work->arena, request->root, MIRROR_KEPT_BY_APT), NULL};

    if (held == NULL || kept[0] == NULL)
        return arena_full(work->arena, err);
    if (!file_make_folders(spool, 0700, err) || !file_lock(held, &lock, err))
        return false;
    const struct mirror_request mirror = {
        .wants = wants,
        .want_count = work->count,
        .cache = cache,
        .spool = spool,
        .program = request->fetcher,
        .kept = kept,
        .ca_file = request->ca_file,
        .rate_max = request->rate_max,
        .progress = request->progress,
        .self = request->self,
    };
    bool by_delta = out->offers.found > 0 && request->deltas->door != NULL;
    return (!by_delta || fetch_deltas(work, &mirror, out, err)) && fetch_rest(work, &mirror, out, err);
}

static bool find_offers(const struct work *work, struct prove_fetched *out, struct error *err)
{
    const struct prove_request *request = work->request;

    if (request->deltas == NULL)
        return true;
    const struct delta_offers_request offers = {.settings = &request->deltas->settings,
                                                .program = request->program,
                                                .fetcher = request->fetcher,
                                                .root = request->root,
                                                .state = request->state,
                                                .ca_file = request->ca_file,
                                                .now_us = request->now_us,
                                                .ask = request->deltas->settings.use != CHOICE_NEVER};
    return delta_offers_find(&offers, work->plan, work->arena, &out->offers, err);
}

bool prove_fetch(const struct prove_request *request, const struct plan *plan, struct arena *arena,
                 struct prove_fetched *out, struct error *err)
{
    struct work work;
    struct cache cache;
    struct prove_fetched fetched = {0};

    if (!begin(request, plan, arena, &work, err))
        return false;
    struct mirror_want *wants = ARENA_ARRAY(arena, struct mirror_want, work.count);
    struct cache_item *items = ARENA_ARRAY(arena, struct cache_item, work.count);
    const char *folder = file_path(arena, request->state, "cache");
    if (wants == NULL || items == NULL || folder == NULL)
        return arena_full(arena, err);
    if (!cache_open(folder, CACHE_PACKAGES, &cache, err) || (work.count > 0 && !ask_lists(&work, err)) ||
        !make_wants(&work, wants, err) || !find_offers(&work, &fetched, err) ||
        !fetch(&work, &cache, wants, &fetched, err) ||
        !give_to_run(&work, &cache, wants, &fetched.mirror, err))
        return false;
    for (size_t i = 0; i < work.count; i++)
        items[i] = wants[i].item;
    if (!cache_trim(&cache, LIMIT_CACHE_SIZE, (struct cache_keep){items, work.count}, arena, err))
        return false;
    *out = fetched;
    return true;
}

/* ---- proving ---- */

/*
 * The record that the plan means: of its archive, with its bytes; else the nearest one, so that the refusal can say what
 * is different.
 */
static const struct vouched *record_of(const struct work *work, size_t index)
{
    const struct plan_change *change = change_of(work, index);
    const struct vouched_records *records = &work->subjects[index].records;
    const struct vouched *best = records->count > 0 ? &records->at[0] : NULL;
    unsigned best_points = 0;

    for (size_t i = 0; i < records->count; i++) {
        const struct vouched *record = &records->at[i];
        unsigned points = (is_of_plan(record, change) ? 8U : 0) +
                          (text_equal(record->suite, change->suite) ? 4U : 0) +
                          (trust_same_archive(record->uri, change->uri) ? 2U : 0) +
                          (record->state == ARCHIVE_VERIFIED ? 1U : 0);
        if (points > best_points) {
            best_points = points;
            best = record;
        }
    }
    return best;
}

/* What each gate is judged by: what the files bring here, when they were first seen, what was approved. */
static bool read_terms(const struct work *work, struct trust_terms *terms, int64_t *first_us,
                       struct error *err)
{
    const struct prove_request *request = work->request;
    const char **paths = ARENA_ARRAY(work->arena, const char *, work->plan->change_count);
    struct plan_powers powers;

    if (paths == NULL)
        return arena_full(work->arena, err);
    for (size_t i = 0; i < work->count; i++) {
        paths[work->subjects[i].change] = file_path(work->arena, work->packages, work->subjects[i].name);
        if (paths[work->subjects[i].change] == NULL)
            return arena_full(work->arena, err);
    }
    const struct powers_request question = {
        .program = request->program, .root = request->root, .paths = paths};
    return powers_of_plan(&question, work->plan, work->arena, &powers, err) &&
           gate_terms(request->gate, work->plan, &powers.powers, work->arena, terms, first_us, err);
}

bool prove_plan(const struct prove_request *request, const struct plan *plan, struct arena *arena,
                struct trusted_artifact *out, enum trust_refusal *refusal, struct error *err)
{
    struct work work;

    *refusal = TRUST_NOT_REFUSED;
    if (!begin(request, plan, arena, &work, err))
        return false;
    if (work.count > 0 && (!ask_lists(&work, err) || !ask_packages(&work, err)))
        return false;
    struct trust_terms terms = {0};
    int64_t *first_us = ARENA_ARRAY(arena, int64_t, plan->change_count);
    if (first_us == NULL)
        return arena_full(arena, err);
    if (request->gate != NULL && work.count > 0 && !read_terms(&work, &terms, first_us, err))
        return false;
    memset(out, 0, plan->change_count * sizeof(*out));
    struct vendor_proved *proved = ARENA_ARRAY(arena, struct vendor_proved, work.count);
    if (proved == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < work.count; i++) {
        const struct trust_request check = {
            .change = change_of(&work, i),
            .vouched = record_of(&work, i),
            .claim = &work.subjects[i].claim,
            .folder = work.packages,
            .file = work.subjects[i].name,
            .terms = request->gate == NULL ? NULL : &terms,
            .first_us = first_us[work.subjects[i].change],
        };
        if (!trust_check_archive(&check, arena, &out[work.subjects[i].change], refusal, err))
            return false;
        assert(check.vouched != NULL); /* what no list names was refused just now */
        proved[i] = (struct vendor_proved){check.change->uri, check.change->suite, check.vouched->date_us};
    }
    /* Only now, that every link of the chain held: what was refused raises nothing. */
    return vendor_floors_raise(request->state, request->root, proved, work.count, arena, err);
}
