#include "flow/feed_plan.h"

#include "base/file.h"
#include "base/limits.h"
#include "identify/feeds.h"

#define YEAR_FIRST 2002 /* of the NVD's files: it holds all before as well */

struct plan {
    const struct feed_settings *settings;
    const struct text *releases;
    size_t release_count;
    int32_t year;
    struct arena *arena;
    struct feed_source *sources;
    size_t count, capacity;
};

/* ---- placeholders ---- */

/* What of a URL is replaced: "https://x/{year}.json" begins at 10 and is 6 long. */
struct placeholder {
    struct text before, name, behind; /* name absent: there is none */
};

static struct placeholder placeholder_of(struct text url)
{
    size_t begin = text_find_byte(url, '{');
    struct text rest = text_part(url, begin == SIZE_MAX ? url.size : begin + 1, SIZE_MAX);
    size_t size = text_find_byte(rest, '}');

    if (begin == SIZE_MAX || size == SIZE_MAX)
        return (struct placeholder){.before = url};
    return (struct placeholder){text_part(url, 0, begin), text_part(rest, 0, size),
                                text_part(rest, size + 1, SIZE_MAX)};
}

static bool add_source(struct plan *plan, struct feed_source source, struct error *err)
{
    if (plan->count == LIMIT_FEED_DOCUMENTS)
        return error_set(err, ERROR_LIMIT, "more than %d documents to fetch", LIMIT_FEED_DOCUMENTS);
    plan->sources = arena_grow(plan->arena, plan->sources, plan->count, &plan->capacity, plan->count + 1,
                               sizeof(*plan->sources));
    if (plan->sources == NULL)
        return arena_full(plan->arena, err);
    plan->sources[plan->count++] = source;
    return true;
}

static bool add_filled(struct plan *plan, const struct feed *feed, const struct placeholder *placeholder,
                       struct text value, bool newest, struct error *err)
{
    struct feed_source source = {.feed = feed, .key = value, .newest = newest};
    struct text rest = value, word;
    struct text filled = text_format(plan->arena, "%.*s", TEXT_ARG(placeholder->before));

    for (bool first = true; text_cut(&rest, ' ', &word); first = false)
        filled = text_format(plan->arena, "%.*s%s%.*s", TEXT_ARG(filled), first ? "" : "%20", TEXT_ARG(word));
    source.url = text_format(plan->arena, "%.*s%.*s", TEXT_ARG(filled), TEXT_ARG(placeholder->behind));
    return source.url.at == NULL ? arena_full(plan->arena, err) : add_source(plan, source, err);
}

static bool add_years(struct plan *plan, const struct feed *feed, const struct placeholder *placeholder,
                      struct error *err)
{
    for (int32_t year = YEAR_FIRST; year <= plan->year; year++) {
        struct text value = text_format(plan->arena, "%d", year);
        if (value.at == NULL)
            return arena_full(plan->arena, err);
        if (!add_filled(plan, feed, placeholder, value, year == plan->year, err))
            return false;
    }
    return true;
}

static bool add_parts(struct plan *plan, const struct feed *feed, const struct placeholder *placeholder,
                      struct error *err)
{
    for (const char *const *part = feed->parts; part != NULL && *part != NULL; part++)
        if (!add_filled(plan, feed, placeholder, text_of(*part), false, err))
            return false;
    return true;
}

/* One for each distribution among the releases, however many of its releases there are. */
static bool add_ecosystems(struct plan *plan, const struct feed *feed, const struct placeholder *placeholder,
                           struct error *err)
{
    for (size_t i = 0; i < plan->release_count; i++) {
        const char *ecosystem = release_ecosystem(plan->releases[i]);
        bool wanted = ecosystem != NULL && feed_is_about(feed, plan->releases[i]);
        for (size_t k = 0; k < i && wanted; k++) {
            const char *before = release_ecosystem(plan->releases[k]);
            wanted = before == NULL || strcmp(before, ecosystem) != 0;
        }
        if (wanted && !add_filled(plan, feed, placeholder, text_of(ecosystem), false, err))
            return false;
    }
    return true;
}

static bool add_url(struct plan *plan, const struct feed *feed, struct text url, struct error *err)
{
    static const struct {
        const char *name;
        bool (*add)(struct plan *, const struct feed *, const struct placeholder *, struct error *);
    } kinds[] = {{"year", add_years}, {"part", add_parts}, {"ecosystem", add_ecosystems}};
    struct placeholder placeholder = placeholder_of(url);

    if (placeholder.name.at == NULL)
        return add_source(plan, (struct feed_source){.feed = feed, .url = url}, err);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (text_equal(placeholder.name, text_of(kinds[i].name)))
            return kinds[i].add(plan, feed, &placeholder, err);
    return error_set(err, ERROR_INPUT, "%.*s: {%.*s} is none of {year}, {part} and {ecosystem}",
                     TEXT_ARG(url), TEXT_ARG(placeholder.name));
}

/* ---- local files ---- */

static struct text base_name(struct text path)
{
    size_t begin = path.size;

    while (begin > 0 && path.at[begin - 1] != '/')
        begin--;
    return text_part(path, begin, SIZE_MAX);
}

static bool add_local(struct plan *plan, const struct feed *feed, struct error *err)
{
    for (const char *const *path = feed->local; path != NULL && *path != NULL; path++) {
        if (!file_exists(*path))
            continue;
        struct feed_source source = {.feed = feed, .key = base_name(text_of(*path)), .local = true};
        source.url = text_format(plan->arena, "file://%s", *path);
        if (source.url.at == NULL)
            return arena_full(plan->arena, err);
        if (!add_source(plan, source, err))
            return false;
    }
    return true;
}

static bool is_about(const struct plan *plan, const struct feed *feed)
{
    for (size_t i = 0; i < plan->release_count; i++)
        if (feed_is_about(feed, plan->releases[i]))
            return true;
    return plan->release_count == 0;
}

static bool add_feed(struct plan *plan, const struct feed *feed, struct error *err)
{
    const struct feed_setting *setting = feed_settings_find(plan->settings, feed);
    const char *url = setting != NULL && setting->url != NULL ? setting->url : feed->url;

    if ((setting != NULL && setting->disabled) || !is_about(plan, feed))
        return true;
    if (url == NULL)
        return add_local(plan, feed, err);
    return add_url(plan, feed, text_of(url), err) || error_at(err, "%s", feed->name);
}

bool feed_plan(const struct feed_settings *settings, const struct text *releases, size_t release_count,
               int64_t now_us, struct arena *arena, struct feed_source **out, size_t *count,
               struct error *err)
{
    struct plan plan = {.settings = settings,
                        .releases = releases,
                        .release_count = release_count,
                        .year = time_civil(now_us).year,
                        .arena = arena};

    for (const struct feed *const *feed = feeds; *feed != NULL; feed++)
        if (!add_feed(&plan, *feed, err))
            return false;
    *out = plan.sources;
    *count = plan.count;
    return true;
}

/* ---- names ---- */

/* The last parts of the path, as many as `like` has behind its place for a value: "DSA/list" for "/list". */
static struct text last_parts(struct text path, struct text like)
{
    size_t slashes = 0, begin = path.size;

    for (size_t i = 0; i < like.size; i++)
        slashes += like.at[i] == '/';
    while (begin > 0 && (path.at[begin - 1] != '/' || slashes-- > 0))
        begin--;
    return text_part(path, begin, SIZE_MAX);
}

struct text feed_plan_key(const struct feed *feed, struct text path, struct arena *arena)
{
    struct placeholder url = placeholder_of(feed->url == NULL ? (struct text){0} : text_of(feed->url));
    struct text name = last_parts(path, url.behind), before = base_name(url.before);

    if (feed->url != NULL && url.name.at == NULL)
        return (struct text){0};
    if (url.name.at != NULL && name.size > before.size + url.behind.size && text_starts(name, before) &&
        text_ends(name, url.behind))
        name = text_part(name, before.size, name.size - before.size - url.behind.size);
    else
        name = base_name(path);
    return text_copy(arena, text_part(name, 0, LIMIT_RELEASE_NAME));
}

struct text feed_plan_file(const struct feed *feed, struct text key, struct arena *arena)
{
    struct text name = text_format(arena, "%s%s%.*s", feed->name, key.size > 0 ? "." : "", TEXT_ARG(key));
    char *at = name.at == NULL ? NULL : text_string(arena, name);

    if (at == NULL)
        return (struct text){0};
    for (size_t i = 0; i < name.size; i++)
        if (!((at[i] >= 'a' && at[i] <= 'z') || (at[i] >= 'A' && at[i] <= 'Z') ||
              (at[i] >= '0' && at[i] <= '9') || at[i] == '.' || at[i] == '_'))
            at[i] = '-';
    return (struct text){at, name.size};
}
