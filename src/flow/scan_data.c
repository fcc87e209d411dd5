#include "flow/scan_data.h"

/*
 * What comes over the network the answer leans on: without it holes are missing, unscored or not known to be exploited.
 * What a package of the distribution brings may not be installed, and only sharpens the answer.
 */
static bool is_needed(const struct data_feed *feed)
{
    return feed->feed->url != NULL;
}

static struct scan_data data_of_feed(const struct data_feed *feed)
{
    int64_t fetched_us =
        feed->fetched_us == TIME_ABSENT ? TIME_ABSENT : feed->fetched_us / TIME_SECOND_US * TIME_SECOND_US;

    return (struct scan_data){
        .feed = feed->name,
        .title = feed->name,
        .generated_us = feed->generated_us != TIME_ABSENT ? feed->generated_us : fetched_us,
        .state = feed->state,
        .why = feed->state == DATA_FRESH ? (struct text){0} : feed->why,
        .needed = is_needed(feed),
    };
}

/* An archive whose lists were refused offers nothing: for this answer that is as if they were absent. */
static enum data_freshness freshness_of(const struct archive *archive)
{
    return archive->state == ARCHIVE_VERIFIED ? DATA_FRESH
           : archive->state == ARCHIVE_STALE  ? DATA_STALE
                                              : DATA_ABSENT;
}

/* One row for each suite, whatever its components: they share one InRelease. */
static bool is_first_of_suite(const struct host *host, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (text_equal(host->archives[i].suite, host->archives[index].suite) &&
            text_equal(host->archives[i].uri, host->archives[index].uri) &&
            host->archives[i].state == host->archives[index].state)
            return false;
    return true;
}

/*
 * A list is as old as the last time that it was looked for, which apt shows nowhere; its Date is when the archive last
 * changed. Of archives that promise by Valid-Until to be renewed the Date tells freshness; of the others only their absence is bad.
 */
static struct scan_data data_of_archive(const struct archive *archive, struct arena *arena)
{
    return (struct scan_data){
        .feed = text_format(arena, "apt:%.*s", TEXT_ARG(archive->suite)),
        .title = text_format(arena, "apt %.*s", TEXT_ARG(archive->suite)),
        .generated_us = archive->date_us,
        .state = freshness_of(archive),
        .why = archive->why,
        .needed = true,
    };
}

static void judge(struct scan *scan)
{
    bool lists = false;

    scan->complete = scan->index != NULL;
    for (size_t i = 0; i < scan->data_count; i++)
        if (scan->data[i].needed && scan->data[i].state != DATA_FRESH)
            scan->complete = false;
    for (size_t i = 0; i < scan->host->archive_count; i++)
        lists = lists || scan->host->archives[i].state == ARCHIVE_VERIFIED ||
                scan->host->archives[i].state == ARCHIVE_STALE;
    scan->judged = lists || scan->index != NULL;
}

bool scan_data_list(const struct data_state *state, struct scan *scan, struct arena *arena, struct error *err)
{
    size_t count = 0;
    struct scan_data *data =
        ARENA_ARRAY(arena, struct scan_data, state->feed_count + scan->host->archive_count);

    if (data == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < state->feed_count; i++)
        data[count++] = data_of_feed(&state->feeds[i]);
    for (size_t i = 0; i < scan->host->archive_count; i++)
        if (is_first_of_suite(scan->host, i))
            data[count++] = data_of_archive(&scan->host->archives[i], arena);
    scan->data = data;
    scan->data_count = count;
    judge(scan);
    return true;
}
