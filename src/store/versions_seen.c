#include "store/versions_seen.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"

#define MAGIC "suture-versions 1 "

struct versions_seen versions_seen_with(void)
{
    return (struct versions_seen){.signed_us = TIME_ABSENT};
}

struct text versions_seen_archive(struct text uri, struct text suite, struct arena *arena)
{
    struct text name = text_format(arena, "%.*s %.*s", TEXT_ARG(uri), TEXT_ARG(suite));

    return text_part(name, 0, LIMIT_NOTE); /* nobody has such an address, and cut it is still one archive's */
}

static int compare(const struct version_seen *a, const struct version_seen *b)
{
    const struct {
        struct text a, b;
    } rows[] = {{a->name, b->name}, {a->arch, b->arch}, {a->version, b->version}, {a->archive, b->archive}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        int order = text_compare(rows[i].a, rows[i].b);
        if (order != 0)
            return order;
    }
    return memcmp(a->digest.at, b->digest.at, digest_size(DIGEST_SHA256));
}

static int by_name(const void *a, const void *b)
{
    return compare(a, b);
}

static int by_age(const void *a, const void *b)
{
    const struct version_seen *x = a, *y = b;

    return x->first_us != y->first_us ? (x->first_us < y->first_us ? 1 : -1) : compare(x, y);
}

static void sort(struct versions_seen *seen, int (*order)(const void *, const void *))
{
    if (seen->count > 1)
        qsort(seen->at, seen->count, sizeof(*seen->at), order);
}

/* ---- reading ---- */

/* The text behind the next space, which a field never holds. */
static bool take_word(struct text *rest, const char *what, size_t limit, struct text *out, struct error *err)
{
    if (!text_cut(rest, ' ', out) || out->size == 0)
        return error_set(err, ERROR_INPUT, "%s is missing", what);
    return text_from_bytes(bytes_of_text(*out), limit, out, err) || error_at(err, "%s", what);
}

static bool take_time(struct text text, const char *what, int64_t *out, struct error *err)
{
    return time_parse(text, out, err) || error_at(err, "%s", what);
}

static bool parse_version(struct text line, struct version_seen *out, struct error *err)
{
    struct version_seen got = {0};
    struct text first, digest;

    if (!take_word(&line, "time", 32, &first, err) || !take_time(first, "time", &got.first_us, err) ||
        !take_word(&line, "SHA-256", 64, &digest, err))
        return false;
    if (!digest_parse(DIGEST_SHA256, digest, &got.digest, err))
        return error_at(err, "SHA-256");
    if (!take_word(&line, "architecture", LIMIT_PACKAGE_NAME, &got.arch, err) ||
        !take_word(&line, "package", LIMIT_PACKAGE_NAME, &got.name, err) ||
        !take_word(&line, "version", LIMIT_VERSION, &got.version, err))
        return false;
    if (line.size == 0)
        return error_set(err, ERROR_INPUT, "archive is missing");
    if (!text_from_bytes(bytes_of_text(line), LIMIT_NOTE, &got.archive, err))
        return error_at(err, "archive");
    *out = got;
    return true;
}

static bool parse_head(struct text *rest, uint64_t *count, int64_t *signed_us, struct error *err)
{
    const struct text magic = TEXT(MAGIC), mark = TEXT("signed ");
    struct text line;

    if (!text_cut(rest, '\n', &line) || !text_starts(line, magic))
        return error_set(err, ERROR_INPUT, "line 1: is no list of versions of format 1");
    if (!text_to_u64(text_part(line, magic.size, SIZE_MAX), count, err))
        return error_at(err, "line 1");
    if (*count > LIMIT_VERSIONS_SEEN)
        return error_set(err, ERROR_LIMIT, "line 1: more than %d versions", LIMIT_VERSIONS_SEEN);
    if (!text_cut(rest, '\n', &line) || !text_starts(line, mark))
        return error_set(err, ERROR_INPUT, "line 2: signed is missing");
    line = text_part(line, mark.size, SIZE_MAX);
    *signed_us = TIME_ABSENT;
    return text_equal(line, TEXT("-")) || take_time(line, "line 2: signed", signed_us, err);
}

bool versions_seen_parse(struct bytes raw, struct arena *arena, struct versions_seen *out, struct error *err)
{
    struct text rest = {(const char *)raw.at, raw.size}, line;
    struct versions_seen got = versions_seen_with();
    uint64_t count;

    if (raw.size == 0 || raw.at[raw.size - 1] != '\n')
        return error_set(err, ERROR_INPUT, raw.size == 0 ? "is empty" : "is cut short");
    if (!parse_head(&rest, &count, &got.signed_us, err))
        return false;
    /* A line has more than eighty bytes: no more is taken than may be there. */
    got.capacity = raw.size / 80 < count ? raw.size / 80 + 1 : count;
    got.at = ARENA_ARRAY(arena, struct version_seen, got.capacity);
    if (got.at == NULL)
        return arena_full(arena, err);
    for (; text_cut(&rest, '\n', &line); got.count++) {
        if (got.count == count || got.count == got.capacity)
            return error_set(err, ERROR_INPUT, "line %zu: more than the %llu that line 1 says", got.count + 3,
                             (unsigned long long)count);
        if (!parse_version(line, &got.at[got.count], err))
            return error_at(err, "line %zu", got.count + 3);
        if (got.count > 0 && compare(&got.at[got.count - 1], &got.at[got.count]) >= 0)
            return error_set(err, ERROR_INPUT, "line %zu: is not behind the line before it", got.count + 3);
    }
    if (got.count != count)
        return error_set(err, ERROR_INPUT, "is cut short: %zu of %llu versions", got.count,
                         (unsigned long long)count);
    *out = got;
    return true;
}

bool versions_seen_read(const char *path, struct arena *arena, struct versions_seen *out, struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};

    if (!file_map_own(path, LIMIT_VERSIONS_FILE, &map, err)) {
        if (err->kind != ERROR_ABSENT)
            return false;
        *err = (struct error){0};
        *out = versions_seen_with();
        return true;
    }
    struct text copy = text_copy(arena, (struct text){(const char *)map.bytes.at, map.bytes.size});
    if (copy.at == NULL)
        return arena_full(arena, err);
    return versions_seen_parse(bytes_of_text(copy), arena, out, err) || error_at(err, "%s", path);
}

/* ---- writing ---- */

static bool is_word(struct text text, size_t limit)
{
    return text.size > 0 && text.size <= limit && text_find_byte(text, ' ') == SIZE_MAX;
}

static bool check(const struct version_seen *version, struct error *err)
{
    if (is_word(version->name, LIMIT_PACKAGE_NAME) && is_word(version->arch, LIMIT_PACKAGE_NAME) &&
        is_word(version->version, LIMIT_VERSION) && version->archive.size > 0 &&
        version->archive.size <= LIMIT_NOTE && version->digest.kind == DIGEST_SHA256)
        return true;
    return error_set(err, ERROR_INPUT, "%.*s %.*s of \"%.*s\" is no version with a SHA-256",
                     TEXT_ARG(text_part(version->name, 0, 60)), TEXT_ARG(text_part(version->version, 0, 60)),
                     TEXT_ARG(text_part(version->archive, 0, 60)));
}

bool versions_seen_write(struct versions_seen *seen, struct writer *w, struct error *err)
{
    char hex[DIGEST_HEX_MAX + 1];

    sort(seen, by_name);
    writer_format(w, MAGIC "%zu\nsigned ", seen->count);
    if (seen->signed_us == TIME_ABSENT)
        writer_byte(w, '-');
    else
        time_write(w, seen->signed_us);
    writer_byte(w, '\n');
    for (size_t i = 0; i < seen->count; i++) {
        const struct version_seen *version = &seen->at[i];
        if (!check(version, err))
            return false;
        digest_hex(&version->digest, hex);
        time_write(w, version->first_us);
        writer_format(w, " %s %.*s %.*s %.*s %.*s\n", hex, TEXT_ARG(version->arch), TEXT_ARG(version->name),
                      TEXT_ARG(version->version), TEXT_ARG(version->archive));
    }
    return true;
}

/* ---- merging ---- */

bool versions_seen_add(struct versions_seen *seen, const struct version_seen *version, struct arena *arena,
                       struct error *err)
{
    struct version_seen *at =
        arena_grow(arena, seen->at, seen->count, &seen->capacity, seen->count + 1, sizeof(*seen->at));

    if (at == NULL)
        return arena_full(arena, err);
    seen->at = at;
    seen->at[seen->count++] = *version;
    return true;
}

static struct version_seen *find(const struct versions_seen *seen, size_t count,
                                 const struct version_seen *version)
{
    return count == 0 ? NULL : bsearch(version, seen->at, count, sizeof(*seen->at), by_name);
}

/* Whole seconds, and rather the later one: what is written is what is read again. */
static int64_t whole_seconds(int64_t us)
{
    int64_t over = us % TIME_SECOND_US;

    return over == 0 ? us : us - over + (us > 0 ? TIME_SECOND_US : 0);
}

/* What lies in the future by every witness counts as now; what nobody offers any more is forgotten after a while. */
static void tidy(struct versions_seen *seen, const bool *offered, int64_t now_us, bool *changed)
{
    size_t kept = 0;

    for (size_t i = 0; i < seen->count; i++) {
        if (!offered[i] && now_us - VERSIONS_SEEN_KEEP_US > seen->at[i].first_us) {
            *changed = true;
            continue;
        }
        seen->at[kept] = seen->at[i];
        if (seen->at[kept].first_us > now_us) {
            seen->at[kept].first_us = now_us;
            *changed = true;
        }
        kept++;
    }
    seen->count = kept;
}

/* Those that are new are behind the `count` that were there; again[i]: it is offered now. */
static bool take_offered(struct versions_seen *seen, const struct versions_seen *offered, int64_t now_us,
                         bool *again, struct arena *arena, bool *changed, struct error *err)
{
    for (size_t i = 0, count = seen->count; i < offered->count; i++) {
        const struct version_seen *known = find(seen, count, &offered->at[i]);
        struct version_seen new = offered->at[i];
        new.first_us = now_us;
        if (known != NULL) {
            again[known - seen->at] = true;
            continue;
        }
        if (!check(&new, err) || !versions_seen_add(seen, &new, arena, err))
            return false;
        again[seen->count - 1] = *changed = true;
    }
    return true;
}

/* Each once, and no more than there may be: the oldest go, which makes them wait again if they come again. */
static void shorten(struct versions_seen *seen)
{
    size_t kept = 0;

    sort(seen, by_name);
    for (size_t i = 0; i < seen->count; i++)
        if (kept == 0 || compare(&seen->at[kept - 1], &seen->at[i]) != 0)
            seen->at[kept++] = seen->at[i];
    seen->count = kept;
    if (seen->count <= LIMIT_VERSIONS_SEEN)
        return;
    sort(seen, by_age);
    seen->count = LIMIT_VERSIONS_SEEN;
    sort(seen, by_name);
}

bool versions_seen_merge(struct versions_seen *seen, const struct versions_seen *offered, int64_t clock_us,
                         struct arena *arena, bool *changed, struct error *err)
{
    int64_t signed_us = seen->signed_us;
    bool *again = ARENA_ARRAY(arena, bool, seen->count + offered->count);

    if (again == NULL)
        return arena_full(arena, err);
    if (offered->signed_us > signed_us && offered->signed_us <= clock_us + VERSIONS_SEEN_AHEAD_US)
        signed_us = offered->signed_us;
    *changed = signed_us != seen->signed_us;
    seen->signed_us = signed_us;
    int64_t now_us = whole_seconds(clock_us > signed_us ? clock_us : signed_us);
    sort(seen, by_name);
    if (!take_offered(seen, offered, now_us, again, arena, changed, err))
        return false;
    tidy(seen, again, now_us, changed);
    shorten(seen);
    return true;
}

int64_t versions_seen_first(const struct versions_seen *seen, const struct version_seen *version)
{
    const struct version_seen *known = find(seen, seen->count, version);

    return known == NULL ? TIME_ABSENT : known->first_us;
}

int64_t versions_seen_now(const struct versions_seen *seen, int64_t clock_us)
{
    return clock_us < seen->signed_us ? clock_us : seen->signed_us;
}
