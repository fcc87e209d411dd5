#include "flow/delta_offers.h"

#include <stdio.h>

#include "acquire/mirror.h"
#include "base/child.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "manager/deb_file.h"
#include "store/trust_record.h"

#define FRESH_US     TIME_HOUR_US
#define TIME_MS      60000 /* an index has some kilobytes: who needs longer is not worth waiting for */
#define CONNECT_MS   10000
#define NEW          ".new"
#define ITEMS_OF_ONE 1024

/* One package that may have an index. */
struct subject {
    size_t change;
    const char *name; /* NAME_ARCH: of its file */
    bool fetched;     /* NAME_ARCH.new is here */
};

struct work {
    const struct delta_offers_request *request;
    const struct plan *plan;
    struct arena *arena;
    const char *folder; /* STATE/deltas/index */
    struct subject *subjects;
    size_t count;
    struct delta_offer *offers;
    struct delta_offers result;
};

/* The first problem is kept: it is most often the cause of the others. */
static void note(struct work *work, struct text about, struct text problem)
{
    if (work->result.problem.size == 0)
        work->result.problem = text_format(work->arena, "%.*s: %.*s", TEXT_ARG(about), TEXT_ARG(problem));
}

static bool begin(struct work *work, struct error *err)
{
    const struct plan *plan = work->plan;
    const char *state = work->request->state;

    work->subjects = ARENA_ARRAY(work->arena, struct subject, plan->change_count);
    work->offers = ARENA_ARRAY(work->arena, struct delta_offer, plan->change_count);
    work->folder = state == NULL ? NULL : file_path(work->arena, state, "deltas/index");
    if (work->subjects == NULL || work->offers == NULL || (state != NULL && work->folder == NULL))
        return arena_full(work->arena, err);
    for (size_t i = 0; i < plan->change_count; i++) {
        const struct plan_change *change = &plan->changes[i];
        if (change->kind == CHANGE_REMOVE || !deb_is_name(change->name) || !deb_is_arch(change->arch))
            continue;
        struct text name =
            text_format(work->arena, "%.*s_%.*s", TEXT_ARG(change->name), TEXT_ARG(change->arch));
        if (name.at == NULL)
            return arena_full(work->arena, err);
        work->subjects[work->count++] = (struct subject){.change = i, .name = name.at};
    }
    return true;
}

/* ---- fetching ---- */

static bool is_fresh(const struct work *work, const struct subject *subject)
{
    const char *path = file_path(work->arena, work->folder, subject->name);
    struct file_identity file;
    struct error ignored;

    if (path == NULL || !file_identify(path, &file, &ignored))
        return false;
    int64_t age_us = work->request->now_us - file.mtime_ns / 1000;
    return age_us >= 0 && age_us < FRESH_US;
}

static bool keep_fetched(struct work *work, struct subject *subject, const struct fetch_done *done,
                         struct error *err)
{
    struct text path = text_format(work->arena, "%s/%s" NEW, work->folder, subject->name);
    struct bytes raw = {0};

    if (path.at == NULL)
        return arena_full(work->arena, err);
    if (done->failed.kind != ERROR_NONE && done->failed.kind != ERROR_ABSENT) {
        *err = done->failed;
        return false;
    }
    if (done->failed.kind == ERROR_NONE &&
        !file_read(done->result.path, LIMIT_DELTA_INDEX, work->arena, &raw, err))
        return false;
    subject->fetched = file_replace_cache(path.at, raw, 0600, err);
    return subject->fetched;
}

static bool fetch_some(struct work *work, struct subject **subjects, size_t count, const char *spool,
                       struct error *err)
{
    struct fetch_request requests[FETCH_ORDERS_MAX] = {{0}};
    struct fetch_done *done = ARENA_ARRAY(work->arena, struct fetch_done, count);
    const struct fetch_batch batch = {.requests = requests, .count = count};

    if (done == NULL)
        return arena_full(work->arena, err);
    for (size_t i = 0; i < count; i++) {
        struct text file = text_format(work->arena, "index/%s", subjects[i]->name);
        requests[i] = (struct fetch_request){
            .program = work->request->fetcher,
            .spool = spool,
            .name = subjects[i]->name,
            .url = file.at == NULL ? file : mirror_url(work->request->settings->source, file, work->arena),
            .ca_file = work->request->ca_file,
            .size_limit = LIMIT_DELTA_INDEX,
            .time_ms = TIME_MS,
            .connect_ms = CONNECT_MS,
        };
        if (requests[i].url.at == NULL)
            return arena_full(work->arena, err);
    }
    if (!fetch_run_batch(&batch, work->arena, done, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct error problem = {0};
        if (!keep_fetched(work, subjects[i], &done[i], &problem))
            note(work, TEXT("deltas"), text_of(problem.text));
        if (!fetch_drop(spool, subjects[i]->name, err))
            return false;
    }
    return true;
}

/* The lock of who fetches: its spool is for one at a time. */
static bool fetch_old(struct work *work, struct error *err)
{
    OWN(own_fd) int lock = -1;
    struct subject *some[FETCH_ORDERS_MAX];
    const char *spool = file_path(work->arena, work->request->state, "fetch");
    const char *held = spool == NULL ? NULL : file_path(work->arena, spool, "lock");
    size_t count = 0;

    if (held == NULL)
        return arena_full(work->arena, err);
    if (!file_make_folders(work->folder, 0700, err) || !file_make_folders(spool, 0700, err) ||
        !file_lock(held, &lock, err))
        return false;
    for (size_t i = 0; i < work->count; i++) {
        if (!is_fresh(work, &work->subjects[i]))
            some[count++] = &work->subjects[i];
        bool full = count == FETCH_ORDERS_MAX || i + 1 == work->count;
        if (count == 0 || !full)
            continue;
        if (!fetch_some(work, some, count, spool, err))
            return false;
        count = 0;
    }
    return true;
}

/* ---- reading ---- */

static bool ask(struct work *work, const struct offers_question *question, struct offers_answer *out,
                struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_PROVE_MESSAGE);
    const char *argv[] = {work->request->program, "offers", NULL};
    struct child_command command = {
        .argv = argv, .timeout_ms = LIMIT_PROVE_TIME_MS, .output_limit = LIMIT_PROVE_MESSAGE + 64 * KIB};
    struct child_result result;
    struct prove_head head;

    offers_question_write(&w, question);
    if (!writer_done(&w, &command.input, err) || !child_run(&command, work->arena, &result, err))
        return false;
    if (result.status != 0)
        return error_set(err, ERROR_SYSTEM, "suture-prove ended with status %d", result.status);
    if (!offers_answer_read(result.output, question->count, work->arena, &head, out, err))
        return error_at(err, "suture-prove");
    return head.done || error_set(err, head.kind, "%.*s", TEXT_ARG(head.problem));
}

/* What was fetched becomes what is held, unless it is worse. */
static const struct offers_answer *take_newer(struct work *work, const struct subject *subject,
                                              const struct offers_answer *fetched,
                                              const struct offers_answer *held)
{
    struct text name = work->plan->changes[subject->change].name;
    struct text from = text_format(work->arena, "%s/%s" NEW, work->folder, subject->name);
    const char *to = file_path(work->arena, work->folder, subject->name);

    if (fetched->state == OFFERS_BROKEN) {
        note(work, name,
             text_format(work->arena, "its deltas are not believed: %.*s", TEXT_ARG(fetched->problem)));
        return held;
    }
    if (fetched->state == OFFERS_READ && held->state == OFFERS_READ && fetched->serial < held->serial) {
        note(work, name, TEXT("the index of its deltas is older than the one that was here, which stays"));
        return held;
    }
    if (from.at != NULL && to != NULL)
        (void)rename(from.at, to); /* what cannot be kept is fetched again */
    return fetched;
}

/* The pinned one, and those of the role deltas of the repository that this machine obeys. */
static bool take_keys(const struct work *work, struct offers_question *into, struct error *err)
{
    const struct delta_settings *settings = work->request->settings;
    struct trust_record record;
    bool found = false;
    size_t count = 0;

    if (settings->has_key)
        into->keys[into->key_count++] = settings->key;
    if (!trust_record_read(work->request->state, work->arena, &record, &found, err))
        return false;
    const struct public_key *keys =
        found ? trust_record_keys(&record, TEXT("deltas"), work->request->now_us, &count) : NULL;
    for (size_t i = 0; i < count && into->key_count < OFFERS_KEYS_MAX; i++)
        into->keys[into->key_count++] = keys[i];
    return true;
}

static bool read_some(struct work *work, size_t begin, size_t count, struct error *err)
{
    struct offers_item *items = ARENA_ARRAY(work->arena, struct offers_item, 2 * count);
    struct offers_answer *answers = ARENA_ARRAY(work->arena, struct offers_answer, 2 * count);

    if (items == NULL || answers == NULL)
        return arena_full(work->arena, err);
    for (size_t i = 0; i < count; i++) {
        const struct subject *subject = &work->subjects[begin + i];
        const struct plan_change *change = &work->plan->changes[subject->change];
        struct text held = text_of(subject->name), new = text_format(work->arena, "%s" NEW, subject->name);
        if (new.at == NULL)
            return arena_full(work->arena, err);
        items[2 * i] = (struct offers_item){change->name, change->arch, held, {change->digest, change->size}};
        items[2 * i + 1] = items[2 * i];
        items[2 * i + 1].file = new;
    }
    struct offers_question question = {.root = text_of(work->request->root),
                                       .folder = text_of(work->folder),
                                       .items = items,
                                       .count = 2 * count};
    if (!take_keys(work, &question, err) || !ask(work, &question, answers, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct subject *subject = &work->subjects[begin + i];
        const struct offers_answer *held = &answers[2 * i], *answer = held;
        if (subject->fetched)
            answer = take_newer(work, subject, &answers[2 * i + 1], held);
        if (answer->state != OFFERS_READ || !answer->offer.found)
            continue;
        work->offers[subject->change] = answer->offer;
        work->result.found++;
    }
    return true;
}

/* An index is there for each, or it was noted that the source has none. */
static bool all_asked(const struct work *work)
{
    bool all = true;

    for (size_t i = 0; i < work->count && all; i++) {
        const char *path = file_path(work->arena, work->folder, work->subjects[i].name);
        all = path != NULL && file_exists(path);
    }
    return all;
}

static bool read_all(struct work *work, struct error *err)
{
    if (!file_is_folder(work->folder))
        return true; /* nothing was ever fetched */
    for (size_t from = 0; from < work->count; from += ITEMS_OF_ONE) {
        size_t left = work->count - from;
        if (!read_some(work, from, left < ITEMS_OF_ONE ? left : ITEMS_OF_ONE, err))
            return false;
    }
    return true;
}

bool delta_offers_find(const struct delta_offers_request *request, const struct plan *plan,
                       struct arena *arena, struct delta_offers *out, struct error *err)
{
    struct work work = {.request = request, .plan = plan, .arena = arena};
    struct error problem = {0};

    work.result.configured = request->settings->source.size > 0;
    if (!begin(&work, err))
        return false;
    if (work.result.configured && work.folder != NULL && work.count > 0) {
        if (request->ask && !fetch_old(&work, &problem))
            note(&work, TEXT("deltas"), text_of(problem.text));
        if (!read_all(&work, &problem))
            note(&work, TEXT("deltas"), text_of(problem.text));
        work.result.asked = all_asked(&work);
    }
    work.result.at = work.offers;
    *out = work.result;
    return true;
}

bool delta_offers_note(const struct delta_offers *offers, struct arena *arena, struct plan *plan,
                       struct error *err)
{
    struct plan_change *changes = ARENA_ARRAY(arena, struct plan_change, plan->change_count);
    uint64_t bytes = 0;

    if (changes == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < plan->change_count; i++) {
        const struct delta_offer *offer = &offers->at[i];
        changes[i] = plan->changes[i];
        changes[i].delta_size =
            offer->found && offer->base.delta.size < changes[i].size ? offer->base.delta.size : 0;
        bytes += changes[i].delta_size > 0 ? changes[i].delta_size : changes[i].size;
    }
    plan->changes = changes;
    plan->delta_bytes = offers->found > 0 ? bytes : 0;
    return true;
}
