#include "flow/feed_update.h"

#include <string.h>

#include "base/limits.h"
#include "base/own.h"
#include "flow/feed_change.h"
#include "flow/feed_plan.h"
#include "identify/feeds.h"
#include "model/refusal.h"
#include "wire/fetch.h"

const char *feed_outcome_name(enum feed_outcome outcome)
{
    static const char *const names[FEED_OUTCOME_COUNT] = {"unknown", "updated", "unchanged", "failed",
                                                          "not yet"};

    return names[outcome];
}

struct update {
    const struct feed_update_request *request;
    struct arena *arena;
    struct feed_change change;
    const char *spool;
    const struct feed_source *sources;
    size_t source_count;
    struct text *releases;
    size_t release_count;
};

static void end_update(struct update *update)
{
    feed_change_end(&update->change);
}

/* ---- releases ---- */

static void add_release(struct update *update, struct text release)
{
    for (size_t i = 0; i < update->release_count; i++)
        if (text_equal(update->releases[i], release))
            return;
    update->releases[update->release_count++] = release;
}

/* Asked for, configured, and those that were there: who once asked for another release does not ask each night. */
static bool collect_releases(struct update *update, struct error *err)
{
    const struct feed_update_request *request = update->request;
    const struct manifest *former = &update->change.former;
    size_t most = request->release_count + request->settings->release_count + former->release_count;

    update->releases = ARENA_ARRAY(update->arena, struct text, most);
    if (update->releases == NULL)
        return arena_full(update->arena, err);
    for (size_t i = 0; i < request->release_count; i++)
        add_release(update, request->releases[i]);
    for (size_t i = 0; i < request->settings->release_count; i++)
        add_release(update, text_of(request->settings->releases[i]));
    for (size_t i = 0; i < former->release_count; i++)
        add_release(update, former->releases[i]);
    return true;
}

/* ---- one document ---- */

static bool fetch_source(struct update *update, const struct feed_source *source, const char *name,
                         struct fetch_result *out, struct error *err)
{
    const struct feed_update_request *request = update->request;
    const struct manifest_document *held =
        feed_change_held(&update->change, source->feed, source->key, source->url);
    struct fetch_request fetch = {.program = request->fetch_program,
                                  .spool = update->spool,
                                  .name = name,
                                  .url = source->url,
                                  .ca_file = request->ca_file,
                                  .size_limit = LIMIT_FEED_DOWNLOAD,
                                  .time_ms = request->time_ms,
                                  .stall_ms = request->stall_ms};

    if (held != NULL) {
        fetch.etag = held->etag;
        fetch.last_modified = held->last_modified;
    }
    if (fetch_run(&fetch, update->arena, out, err))
        return true;
    return err->kind == ERROR_LIMIT ? error_at(err, "%s", trust_refusal_name(TRUST_ENDLESS_DATA)) : false;
}

static bool take_source(struct update *update, const struct feed_source *source,
                        const struct fetch_result *fetched, struct feed_result *result, struct error *err)
{
    const struct manifest_document *document = NULL;
    struct feed_arrival arrival = {.feed = source->feed,
                                   .key = source->key,
                                   .name = source->url,
                                   .url = source->url,
                                   .etag = fetched->etag,
                                   .last_modified = fetched->last_modified,
                                   .path = fetched->path};

    if (!feed_change_take(&update->change, &arrival, &document, err))
        return error_at(err, "%.*s", TEXT_ARG(result->url));
    result->outcome = FEED_UPDATED;
    result->records = document->records;
    result->size = document->size;
    return true;
}

/* True when the document came, or is known to be the newest; its problem is in the result else. */
static bool get_source(struct update *update, const struct feed_source *source, const char *name,
                       struct feed_result *result, struct error *err)
{
    struct fetch_result fetched = {0};

    if (!fetch_source(update, source, name, &fetched, &result->problem))
        return false;
    if (fetched.outcome == FETCH_COMPLETE)
        return take_source(update, source, &fetched, result, &result->problem);
    const struct manifest_document *held =
        feed_change_held(&update->change, source->feed, source->key, source->url);
    if (held == NULL) /* it answered "unchanged" to what was never asked */
        return error_set(&result->problem, ERROR_CONFLICT, "%.*s: unchanged, but nothing is held",
                         TEXT_ARG(result->url));
    result->outcome = FEED_UNCHANGED;
    result->records = held->records;
    return feed_change_keep(&update->change, held, true, err);
}

static bool is_absent_yet(const struct update *update, const struct feed_source *source,
                          const struct feed_result *result)
{
    return source->newest && result->problem.kind == ERROR_ABSENT &&
           manifest_find(&update->change.former, result->feed, result->key) == NULL;
}

static bool update_source(struct update *update, const struct feed_source *source, struct feed_result *result,
                          struct error *err)
{
    struct error failed = {0};
    const char *name = feed_plan_file(source->feed, source->key, update->arena).at;

    if (name == NULL)
        return arena_full(update->arena, err);
    if (!get_source(update, source, name, result, &failed)) {
        if (failed.kind != ERROR_NONE) { /* not the document's fault: the disk's */
            *err = failed;
            return false;
        }
        if (is_absent_yet(update, source, result)) {
            result->outcome = FEED_NOT_YET;
            return true;
        }
        result->outcome = FEED_FAILED;
        if (!feed_change_fail(&update->change, result->feed, result->key, source->url, &result->problem, err))
            return false;
    }
    /* A part that came stays for the next time; a whole document was read, or is not worth keeping. */
    return result->outcome == FEED_FAILED && result->problem.kind == ERROR_SYSTEM
               ? true
               : fetch_drop(update->spool, name, err);
}

/*
 * A feed of many documents whose source cannot be reached would wait for each of them in turn: after two failures, one
 * behind the other, the rest fail with the same reason. NULL: go on.
 */
static const struct error *give_up_reason(const struct feed_results *results, const struct feed_result *next)
{
    const struct feed_result *last = results->results + results->count - (results->count > 0);

    if (results->count < 2 || last->outcome != FEED_FAILED || last[-1].outcome != FEED_FAILED ||
        !text_equal(last->feed, next->feed) || !text_equal(last[-1].feed, next->feed) || next->local ||
        last->problem.kind == ERROR_ABSENT)
        return NULL;
    return &last->problem;
}

static bool give_up(struct update *update, const struct feed_source *source, const struct error *reason,
                    struct feed_result *result, struct error *err)
{
    result->outcome = FEED_FAILED;
    result->problem = *reason;
    return feed_change_fail(&update->change, result->feed, result->key, source->url, reason, err);
}

static bool update_all(struct update *update, struct feed_results *out, struct error *err)
{
    const struct feed_update_request *request = update->request;

    out->results = ARENA_ARRAY(update->arena, struct feed_result, update->source_count);
    if (out->results == NULL)
        return arena_full(update->arena, err);
    for (size_t i = 0; i < update->source_count; i++) {
        const struct feed_source *source = &update->sources[i];
        struct feed_result *result = &out->results[i];
        *result = (struct feed_result){.feed = text_of(source->feed->name),
                                       .key = source->key,
                                       .url = fetch_url_shown(update->arena, source->url),
                                       .local = source->local};
        const struct error *reason = give_up_reason(out, result);
        if (reason == NULL && request->progress != NULL)
            request->progress(request->self, result, i, update->source_count);
        if (reason != NULL ? !give_up(update, source, reason, result, err)
                           : !update_source(update, source, result, err))
            return false;
        out->count++;
    }
    return true;
}

/* ---- the rest ---- */

static bool note_switched_off(struct update *update, struct error *err)
{
    const struct feed_settings *settings = update->request->settings;

    for (uint32_t i = 0; i < settings->feed_count; i++)
        if (settings->feeds[i].disabled &&
            !feed_change_absent(&update->change, text_of(settings->feeds[i].name),
                                TEXT("is switched off by feeds.yaml"), err))
            return false;
    return true;
}

/* It came from a file that a package brings. */
static bool is_of_package(const struct feed *feed, struct text url)
{
    struct text path = text_part(url, text_starts(url, TEXT("file://")) ? 7 : url.size, SIZE_MAX);

    for (const char *const *local = feed->local; local != NULL && *local != NULL; local++)
        if (text_equal(path, text_of(*local)))
            return true;
    return false;
}

/* What is held of a feed that is switched off goes; so does what a local package brought that is gone. */
static bool is_dropped(void *self, const struct manifest_document *document)
{
    const struct update *update = self;
    const struct feed *feed = feeds_find(document->feed);
    const struct feed_setting *setting =
        feed == NULL ? NULL : feed_settings_find(update->request->settings, feed);

    return feed == NULL || (setting != NULL && setting->disabled) || document->file.size == 0 ||
           is_of_package(feed, document->url);
}

bool feed_update(const struct feed_update_request *request, struct arena *arena, struct feed_results *out,
                 struct error *err)
{
    OWN(end_update)
    struct update update = {.request = request, .arena = arena, .change.change.lock = -1};
    struct feed_source *sources = NULL;
    struct feed_results results = {0};

    if (!feed_change_begin(request->state, request->parse_program, request->now_us, arena, &update.change,
                           err))
        return false;
    if (!state_make_folder(request->state, arena, "spool", &update.spool, err) ||
        !collect_releases(&update, err) ||
        !feed_plan(request->settings, update.releases, update.release_count, request->now_us, arena, &sources,
                   &update.source_count, err))
        return false;
    update.sources = sources;
    if (!update_all(&update, &results, err) || !note_switched_off(&update, err) ||
        !feed_change_keep_rest(&update.change, is_dropped, &update, err) ||
        !feed_change_commit(&update.change, update.releases, update.release_count, err))
        return false;
    *out = results;
    return true;
}
