/*
 * Drills against advisory data: what feeds say moves decisions, so whoever owns one can make a machine wait, or hurry.
 */
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "drill/victim.h"
#include "flow/feed_change.h"
#include "identify/feeds.h"

#define RECORDS 200

/* What the machine of the drill keeps of feeds. */
struct library {
    struct drill_run *run;
    struct state state;
    const struct feed *feed;
    const char *document;
};

/* CISA's catalogue, with so many of its records; one that is not there is exploited no more, says who believes it. */
static bool put_catalogue(const struct library *library, const char *released, size_t records,
                          struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(MIB);

    writer_format(&w,
                  "{\"title\": \"drill\", \"catalogVersion\": \"1\", \"dateReleased\": \"%s\", \"count\": "
                  "%zu, \"vulnerabilities\": [",
                  released, records);
    for (size_t i = 0; i < records; i++)
        writer_format(
            &w,
            "%s{\"cveID\": \"CVE-2026-%04zu\", \"dateAdded\": \"2026-11-01\", \"dueDate\": \"2026-11-22\"}",
            i == 0 ? "" : ", ", i + 1000);
    writer_string(&w, "]}");
    return writer_ok(&w) ? file_replace_cache(library->document, writer_bytes(&w), 0644, err)
                         : error_set(err, ERROR_LIMIT, "out of memory");
}

/* As suture feed update does with a document that came. */
static bool take(const struct library *library, struct error *err)
{
    OWN(feed_change_end) struct feed_change change = {0};
    const struct feed_arrival arrival = {.feed = library->feed,
                                         .name = TEXT("kev.json"),
                                         .url = TEXT("http://127.0.0.1/kev.json"),
                                         .path = library->document};
    const struct manifest_document *taken;

    return feed_change_begin(&library->state, library->run->tools->parse, library->run->now_us,
                             library->run->arena, &change, err) &&
           feed_change_take(&change, &arrival, &taken, err) &&
           feed_change_keep_rest(&change, NULL, NULL, err) && feed_change_commit(&change, NULL, 0, err);
}

static const struct {
    const char *what, *released;
    size_t records;
    const char *alarm;
} poisons[] = {
    {"a catalogue in which nearly nothing is exploited any more, so that nothing is due",
     "2026-11-20T12:00:00Z", 3, "more than 30 % are lost"},
    {"a catalogue of last month, before the hole was in it", "2026-10-20T12:00:00Z", RECORDS,
     "older than the one that is held"},
    {"a catalogue of the year 2030, behind which every honest one would be older", "2030-01-01T00:00:00Z",
     RECORDS, "is this clock right?"},
};

static bool run_poisoned(struct drill_run *run, struct error *err)
{
    struct library library = {.run = run,
                              .feed = feeds_find(TEXT("kev")),
                              .document = file_path(run->arena, run->folder, "kev.json")};
    const char *folder = file_path(run->arena, run->folder, "feeds");
    struct error refusal = {0};
    struct victim victim;

    drill_attacker(
        run,
        "a feed of advisories, or the line to it: he says which holes there are, and which are exploited");
    if (library.document == NULL || folder == NULL)
        return arena_full(run->arena, err);
    if (!state_open(folder, STATE_WRITE, &library.state, err) ||
        !put_catalogue(&library, "2026-11-19T12:00:00Z", RECORDS, err) || !take(&library, err))
        return false;
    for (size_t i = 0; i < sizeof(poisons) / sizeof(*poisons); i++) {
        drill_attempt(run, "%s", poisons[i].what);
        if (!put_catalogue(&library, poisons[i].released, poisons[i].records, err))
            return false;
        drill_refused(run, take(&library, &refusal), &refusal, poisons[i].alarm);
    }
    drill_attempt(run, "a catalogue that says it has five entries, and has none");
    if (!file_replace_cache(
            library.document,
            BYTES("{\"catalogVersion\": \"1\", \"dateReleased\": \"2026-11-20\", \"count\": 5, "
                  "\"vulnerabilities\": []}"),
            0644, err))
        return false;
    drill_refused(run, take(&library, &refusal), &refusal, "count says 5 vulnerabilities, 0 are here");
    drill_note(run, "What was held stays, with its age; and no feed names a package file: none of its words "
                    "can install anything.");
    drill_nothing_bad(run, run->broken == 0, "the machine's data stayed those of the last honest catalogue");
    if (!victim_make(run, "victim", &victim, err) ||
        !put_catalogue(&library, "2026-11-20T18:00:00Z", RECORDS + 1, err))
        return false;
    if (!take(&library, &refusal)) {
        drill_recovered(run, false, "an honest catalogue was not taken: %s", refusal.text);
        return true;
    }
    drill_note(run, "The next honest catalogue was taken.");
    victim_recover(&victim);
    return true;
}

const struct drill drill_poisoned_feed = {
    .name = "poisoned-feed",
    .what = "A feed lies about holes, so that nothing, or everything, seems urgent.",
    .alarm = "the former document stays, with the reason",
    .run = run_poisoned,
};
