#include "cli/print_feeds.h"

#include "cli/words.h"
#include "format/json.h"

/* ---- what was done ---- */

/* Documents of one feed that had the same outcome, one behind the other: one line. */
static size_t run_of(const struct feed_results *results, size_t from)
{
    const struct feed_result *first = &results->results[from];
    size_t end = from + 1;

    while (end < results->count && text_equal(results->results[end].feed, first->feed) &&
           results->results[end].outcome == first->outcome)
        end++;
    return end;
}

/* "1404 records", "57 records in 2 documents", "the server answers 503; so 25 documents" */
static struct text say_run(const struct feed_result *first, size_t count, struct arena *arena)
{
    uint64_t records = 0;

    for (size_t i = 0; i < count; i++)
        records += first[i].records;
    if (first->outcome == FEED_NOT_YET)
        return text_format(arena, "%.*s is not there yet", TEXT_ARG(first->key));
    if (first->outcome == FEED_FAILED)
        return count == 1 ? text_of(first->problem.text)
                          : text_format(arena, "%s; so %zu documents", first->problem.text, count);
    struct text said = words_count(arena, records, "record", "records");
    return count == 1 ? said : text_format(arena, "%.*s in %zu documents", TEXT_ARG(said), count);
}

void print_feed_results(struct screen *screen, const struct feed_results *results, struct arena *arena)
{
    static const enum screen_colour colours[FEED_OUTCOME_COUNT] = {
        [FEED_UPDATED] = COLOUR_GOOD, [FEED_FAILED] = COLOUR_WARN, [FEED_UNCHANGED] = COLOUR_DIM};

    for (size_t i = 0, end; i < results->count; i = end) {
        const struct feed_result *first = &results->results[i];
        end = run_of(results, i);
        struct text label =
            text_format(arena, "%-9s  %.*s", feed_outcome_name(first->outcome), TEXT_ARG(first->feed));
        screen_labelled(screen, 27, label, say_run(first, end - i, arena), colours[first->outcome]);
    }
}

void print_feed_results_json(struct writer *w, const struct feed_results *results)
{
    struct json_writer j = json_writer_with(w, true);

    json_open_object(&j);
    json_name(&j, "schema");
    json_put_string(&j, "suture.feed-update/1");
    json_name(&j, "documents");
    json_open_array(&j);
    for (size_t i = 0; i < results->count; i++) {
        const struct feed_result *result = &results->results[i];
        json_open_object(&j);
        json_name(&j, "feed");
        json_put_text(&j, result->feed);
        json_name(&j, "document");
        if (result->key.size > 0)
            json_put_text(&j, result->key);
        else
            json_put_null(&j);
        json_name(&j, "source");
        json_put_text(&j, result->url);
        json_name(&j, "outcome");
        json_put_string(&j, feed_outcome_name(result->outcome));
        json_name(&j, "records");
        json_put_u64(&j, result->records);
        json_name(&j, "problem");
        if (result->outcome == FEED_FAILED)
            json_put_string(&j, result->problem.text);
        else
            json_put_null(&j);
        json_close_object(&j);
    }
    json_close_array(&j);
    json_close_object(&j);
    writer_string(w, "\n");
}

/* ---- what is held ---- */

enum { CELL_FEED, CELL_STATE, CELL_OF, CELL_HEARD, CELL_RECORDS, CELL_SOURCE, CELL_COUNT };

static const struct screen_column columns[CELL_COUNT] = {
    [CELL_FEED] = {"FEED", 4, 20, false},      [CELL_STATE] = {"STATE", 6, 6, false},
    [CELL_OF] = {"AGE", 3, 8, true},           [CELL_HEARD] = {"HEARD", 5, 8, true},
    [CELL_RECORDS] = {"RECORDS", 7, 10, true}, [CELL_SOURCE] = {"SOURCE", 10, 120, false},
};

static struct text age_or_dash(struct arena *arena, int64_t us, int64_t now_us)
{
    return us == TIME_ABSENT ? TEXT("-") : words_age(arena, us, now_us);
}

static void fill_cells(const struct data_feed *feed, int64_t now_us, struct arena *arena,
                       struct text cells[CELL_COUNT])
{
    cells[CELL_FEED] = feed->name;
    cells[CELL_STATE] = text_of(data_freshness_name(feed->state));
    cells[CELL_OF] = age_or_dash(arena, feed->generated_us, now_us);
    cells[CELL_HEARD] = age_or_dash(arena, feed->checked_us, now_us);
    cells[CELL_RECORDS] =
        feed->document_count == 0 ? TEXT("-") : text_format(arena, "%llu", (unsigned long long)feed->records);
    cells[CELL_SOURCE] = feed->source;
}

void print_feed_list(struct screen *screen, const struct data_state *data, int64_t now_us,
                     struct arena *arena)
{
    static const enum screen_colour colours[DATA_FRESHNESS_COUNT] = {
        [DATA_FRESH] = COLOUR_PLAIN, [DATA_STALE] = COLOUR_WARN, [DATA_ABSENT] = COLOUR_DIM};
    struct text(*cells)[CELL_COUNT] = arena_take_array(arena, data->feed_count, sizeof(*cells));

    if (cells == NULL)
        return;
    for (size_t i = 0; i < data->feed_count; i++)
        fill_cells(&data->feeds[i], now_us, arena, cells[i]);
    struct screen_table table = screen_table_with(screen, columns, CELL_COUNT, cells[0], data->feed_count);
    screen_head(screen, &table);
    for (size_t i = 0; i < data->feed_count; i++)
        screen_row(screen, &table, cells[i], colours[data->feeds[i].state]);
    if (data->generation == 0) {
        screen_line(screen, TEXT("No advisory data is held yet: suture feed update"), COLOUR_WARN);
        return;
    }
    for (size_t i = 0; i < data->feed_count; i++)
        if (data->feeds[i].why.size > 0)
            screen_labelled(screen, 16, data->feeds[i].name, data->feeds[i].why,
                            colours[data->feeds[i].state]);
}

static void put_text_or_null(struct json_writer *j, const char *name, struct text text)
{
    json_name(j, name);
    if (text.size > 0)
        json_put_text(j, text);
    else
        json_put_null(j);
}

void print_feed_list_json(struct writer *w, const struct data_state *data)
{
    struct json_writer j = json_writer_with(w, true);

    json_open_object(&j);
    json_name(&j, "schema");
    json_put_string(&j, "suture.feed-list/1");
    json_name(&j, "releases");
    json_open_array(&j);
    for (size_t i = 0; i < data->manifest.release_count; i++)
        json_put_text(&j, data->manifest.releases[i]);
    json_close_array(&j);
    json_name(&j, "feeds");
    json_open_array(&j);
    for (size_t i = 0; i < data->feed_count; i++) {
        const struct data_feed *feed = &data->feeds[i];
        json_open_object(&j);
        put_text_or_null(&j, "feed", feed->name);
        put_text_or_null(&j, "title", feed->title);
        json_name(&j, "state");
        json_put_string(&j, data_freshness_name(feed->state));
        put_text_or_null(&j, "why", feed->why);
        json_name(&j, "generated");
        json_put_time(&j, feed->generated_us);
        json_name(&j, "fetched");
        json_put_time(&j, feed->fetched_us);
        json_name(&j, "checked");
        json_put_time(&j, feed->checked_us);
        json_name(&j, "records");
        json_put_u64(&j, feed->records);
        json_name(&j, "bytes");
        json_put_u64(&j, feed->size);
        put_text_or_null(&j, "version", feed->version);
        put_text_or_null(&j, "source", feed->source);
        json_close_object(&j);
    }
    json_close_array(&j);
    json_close_object(&j);
    writer_string(w, "\n");
}
