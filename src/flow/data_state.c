#include "flow/data_state.h"

#include "base/file.h"
#include "base/limits.h"
#include "identify/feeds.h"
#include "store/state.h"
#include "wire/fetch.h"

#define TRIES_MAX 3 /* a writer may replace the generation between following the link and reading */

const char *data_freshness_name(enum data_freshness freshness)
{
    static const char *const names[DATA_FRESHNESS_COUNT] = {"unknown", "fresh", "stale", "absent"};

    return names[freshness];
}

/* "9 days" */
static struct text age_of(int64_t age_us, struct arena *arena)
{
    int64_t hours = age_us / TIME_HOUR_US;

    return hours < 48 ? text_format(arena, "%lld hours", (long long)hours)
                      : text_format(arena, "%lld days", (long long)(hours / 24));
}

static void say_stale(struct data_feed *feed, int64_t since_us, int64_t now_us, const char *begin,
                      const char *end, struct arena *arena)
{
    struct text age = age_of(now_us - since_us, arena), limit = age_of(feed->feed->stale_after_us, arena);
    struct text before = feed->why;

    feed->state = DATA_STALE;
    feed->why = text_format(arena, "%s%.*s%s (fresh up to %.*s)%s%.*s", begin, TEXT_ARG(age), end,
                            TEXT_ARG(limit), before.size > 0 ? "; " : "", TEXT_ARG(before));
}

void data_feed_judge(struct data_feed *feed, int64_t now_us, struct arena *arena)
{
    int64_t limit_us = feed->feed->stale_after_us;

    feed->state = DATA_FRESH;
    if (feed->document_count == 0) {
        feed->state = DATA_ABSENT;
        if (feed->why.size == 0)
            feed->why = feed->feed->url != NULL ? TEXT("was never fetched") : TEXT("is not on this machine");
    } else if (limit_us == 0) {
        return;
    } else if (feed->generated_us != TIME_ABSENT && now_us - feed->generated_us > limit_us) {
        say_stale(feed, feed->generated_us, now_us, "", " old", arena);
    } else if (feed->checked_us == TIME_ABSENT) {
        feed->state = DATA_STALE;
        feed->why = TEXT("nobody knows since when");
    } else if (now_us - feed->checked_us > limit_us) {
        say_stale(feed, feed->checked_us, now_us, "its source was not heard for ", "", arena);
    }
}

/* ---- from the manifest ---- */

static int64_t newer(int64_t a, int64_t b)
{
    return a > b ? a : b; /* TIME_ABSENT is smaller than every time */
}

static void add_document(struct data_feed *feed, const struct manifest_document *document)
{
    if (document->problem.size > 0 && feed->why.size == 0)
        feed->why = document->problem;
    if (document->file.size == 0)
        return;
    feed->generated_us = newer(feed->generated_us, document->generated_us);
    feed->fetched_us = newer(feed->fetched_us, document->fetched_us);
    if (feed->document_count == 0 || document->checked_us < feed->checked_us)
        feed->checked_us = document->checked_us;
    feed->records += document->records;
    feed->size += document->size;
    if (feed->version.size == 0)
        feed->version = document->version;
    feed->document_count++;
    feed->source = document->url;
}

/* Whether somebody would miss it here. */
static bool is_wanted(const struct feed *feed, const struct manifest *manifest)
{
    bool about = manifest->release_count == 0;

    if (feed->url == NULL && feed->local == NULL)
        return false;
    for (size_t i = 0; i < manifest->release_count; i++)
        about = about || feed_is_about(feed, manifest->releases[i]);
    return about;
}

static bool fill_feed(const struct data_state *state, const struct feed *feed, int64_t now_us,
                      struct arena *arena, struct data_feed *out, bool *listed, struct error *err)
{
    struct data_feed got = {.feed = feed,
                            .name = text_of(feed->name),
                            .title = text_of(feed->title),
                            .generated_us = TIME_ABSENT,
                            .fetched_us = TIME_ABSENT,
                            .checked_us = TIME_ABSENT};
    bool mentioned = false;

    for (size_t i = 0; i < state->manifest.document_count; i++)
        if (text_equal(state->manifest.documents[i].feed, got.name)) {
            add_document(&got, &state->manifest.documents[i]);
            mentioned = true;
        }
    *listed = mentioned || is_wanted(feed, &state->manifest);
    if (got.document_count == 1)
        got.source = fetch_url_shown(arena, got.source);
    else if (got.document_count > 1)
        got.source = text_format(arena, "%zu documents", got.document_count);
    if (got.document_count > 0 && got.source.at == NULL)
        return arena_full(arena, err);
    data_feed_judge(&got, now_us, arena);
    *out = got;
    return true;
}

static bool list_feeds(struct data_state *state, int64_t now_us, struct arena *arena, struct error *err)
{
    size_t count = 0;

    while (feeds[count] != NULL)
        count++;
    state->feeds = ARENA_ARRAY(arena, struct data_feed, count);
    if (state->feeds == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < count; i++) {
        bool listed;
        if (!fill_feed(state, feeds[i], now_us, arena, &state->feeds[state->feed_count], &listed, err))
            return false;
        state->feed_count += listed;
    }
    return true;
}

/* *gone: a writer replaced the generation meanwhile. */
static bool read_generation(const struct state *opened, struct arena *arena, struct data_state *into,
                            bool *gone, struct error *err)
{
    struct generation current = {0};
    struct bytes raw = {0};
    const char *path;

    *gone = false;
    if (!state_current(opened, arena, &current, err))
        return err->kind == ERROR_ABSENT; /* nothing was fetched yet */
    path = file_path(arena, current.folder, "manifest");
    if (path == NULL)
        return arena_full(arena, err);
    if (!file_read(path, LIMIT_MANIFEST, arena, &raw, err)) {
        *gone = err->kind == ERROR_ABSENT;
        return false;
    }
    if (!manifest_parse(raw, arena, &into->manifest, err))
        return error_at(err, "%s", path);
    into->generation = current.number;
    into->folder = current.folder;
    return true;
}

bool data_state_open(const char *state_folder, int64_t now_us, struct arena *arena, struct data_state *out,
                     struct error *err)
{
    struct data_state got = {0};
    struct state opened;
    bool gone = true;

    if (state_folder != NULL && state_open(state_folder, STATE_READ, &opened, err)) {
        for (int tries = 0; gone; tries++)
            if (!read_generation(&opened, arena, &got, &gone, err) && (!gone || tries == TRIES_MAX))
                return false;
    } else if (state_folder != NULL && err->kind != ERROR_ABSENT) {
        return false;
    }
    if (!list_feeds(&got, now_us, arena, err))
        return false;
    *err = (struct error){0}; /* that something is absent was an answer */
    *out = got;
    return true;
}

const char *data_state_index(const struct data_state *state, const char *release, struct arena *arena)
{
    struct text wanted = text_of(release);

    for (size_t i = 0; i < state->manifest.release_count; i++)
        if (text_equal(state->manifest.releases[i], wanted))
            return text_format(arena, "%s/index/%s.index", state->folder, release).at;
    return NULL;
}

const char *data_state_facts(const struct data_state *state, struct arena *arena)
{
    return state->folder == NULL ? NULL : file_path(arena, state->folder, "facts");
}
