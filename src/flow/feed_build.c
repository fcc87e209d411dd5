#include "flow/feed_build.h"

#include "base/limits.h"
#include "base/own.h"
#include "identify/facts_build.h"
#include "identify/index_build.h"
#include "identify/statements.h"

/* What both builds have in common: a feed is begun, its documents are put in, it is kept. */
struct target {
    void *build;
    struct feed_sink sink;
    struct arena *arena; /* for the replay */
    /* Which kinds of statements it takes: a feed without any of them is none of its feeds. */
    bool advisories, vulnerabilities, supports;
    bool (*begin)(void *build, struct text name, uint8_t rank, struct error *err);
    void (*keep)(void *build, const struct feed_facts *facts);
};

static bool is_for(const struct target *target, struct bytes statements, bool *out, struct error *err)
{
    struct statements_head head;

    if (!statements_look(statements, &head, err))
        return false;
    *out = (target->advisories && head.counts[STATEMENT_ADVISORY] > 0) ||
           (target->vulnerabilities && head.counts[STATEMENT_VULNERABILITY] > 0) ||
           (target->supports && head.counts[STATEMENT_SUPPORT] > 0);
    return true;
}

/* The documents of one feed, beginning at *at; which is then behind them. */
static bool put_feed(const struct target *target, const struct feed_part *parts, size_t count, size_t *at,
                     struct error *err)
{
    const struct feed *feed = parts[*at].feed;
    struct feed_facts facts = feed_facts_none();
    bool begun = false, wanted = false;

    for (; *at < count && parts[*at].feed == feed; ++*at) {
        const struct feed_part *part = &parts[*at];
        if (!is_for(target, part->statements, &wanted, err))
            return error_at(err, "%s", feed->name);
        if (!wanted)
            continue;
        if (!begun && !target->begin(target->build, text_of(feed->name), feed->rank, err))
            return false;
        begun = true;
        if (!statements_replay(part->statements, &target->sink, target->arena, err))
            return error_at(err, "%s", feed->name);
        feed_facts_add(&facts, &part->facts);
    }
    if (begun)
        target->keep(target->build, &facts);
    return true;
}

static bool put_all(const struct target *target, const struct feed_part *parts, size_t count,
                    struct error *err)
{
    for (size_t at = 0; at < count;)
        if (!put_feed(target, parts, count, &at, err))
            return false;
    return true;
}

/* ---- index ---- */

static bool begin_index_feed(void *build, struct text name, uint8_t rank, struct error *err)
{
    return index_build_feed(build, name, rank, err);
}

static void keep_index_feed(void *build, const struct feed_facts *facts)
{
    index_build_keep(build, facts);
}

bool feed_build_index(const struct feed_part *parts, size_t count, const char *release, struct writer *out,
                      bool *found, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_FEED_MEMORY);
    OWN(arena_end) struct arena replay = arena_with(LIMIT_FEED_MEMORY);
    struct index_build *build = index_build_begin(&arena, release);

    if (build == NULL)
        return arena_full(&arena, err);
    struct target target = {.build = build,
                            .sink = index_build_sink(build),
                            .arena = &replay,
                            .advisories = true,
                            .supports = true,
                            .begin = begin_index_feed,
                            .keep = keep_index_feed};
    if (!put_all(&target, parts, count, err))
        return false;
    *found = index_build_release_count(build) > 0;
    return !*found || index_build_write(build, 0, out, err) || error_at(err, "index of %s", release);
}

/* ---- facts ---- */

static bool begin_facts_feed(void *build, struct text name, uint8_t rank, struct error *err)
{
    return facts_build_feed(build, name, rank, err);
}

static void keep_facts_feed(void *build, const struct feed_facts *facts)
{
    facts_build_keep(build, facts);
}

bool feed_build_facts(const struct feed_part *parts, size_t count, struct writer *out, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_FEED_MEMORY);
    OWN(arena_end) struct arena replay = arena_with(LIMIT_FEED_MEMORY);
    struct facts_build *build = facts_build_begin(&arena);

    if (build == NULL)
        return arena_full(&arena, err);
    struct target target = {.build = build,
                            .sink = facts_build_sink(build),
                            .arena = &replay,
                            .vulnerabilities = true,
                            .begin = begin_facts_feed,
                            .keep = keep_facts_feed};
    return put_all(&target, parts, count, err) &&
           (facts_build_write(build, out, err) || error_at(err, "facts"));
}
