#include "flow/feed_change.h"

#include <stdio.h>

#include "base/control.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "flow/feed_build.h"
#include "flow/feed_plan.h"
#include "flow/feed_read.h"
#include "format/compress.h"
#include "format/pack.h"
#include "identify/facts.h"
#include "identify/feeds.h"
#include "identify/index.h"
#include "identify/index_dump.h"
#include "identify/statements.h"

#define KEEPS_PERCENT 70          /* of the records that are held, a document must have at least this many */
#define AHEAD_MAX_US  TIME_DAY_US /* a document's date may be this far ahead of our clock */

/* ---- begin and end ---- */

/* A manifest that cannot be read is as good as none: the update that replaces it must not fail for it. */
static bool read_former(struct feed_change *change, struct error *err)
{
    const char *path;
    struct bytes raw = {0};
    struct error ignored;

    if (change->change.former.number == 0)
        return true;
    path = file_path(change->arena, change->change.former.folder, "manifest");
    if (path == NULL)
        return arena_full(change->arena, err);
    if (!file_read(path, LIMIT_MANIFEST, change->arena, &raw, &ignored) ||
        !manifest_parse(raw, change->arena, &change->former, &ignored)) {
        change->former = (struct manifest){0};
        change->built_anew = true;
    }
    return true;
}

bool feed_change_begin(const struct state *state, const char *parse_program, int64_t now_us,
                       struct arena *arena, struct feed_change *out, struct error *err)
{
    struct feed_change change = {
        .parse_program = parse_program, .now_us = now_us, .arena = arena, .next = {.made_us = now_us}};

    if (!state_change_begin(state, arena, &change.change, err))
        return false;
    if (!read_former(&change, err)) {
        feed_change_end(&change);
        return false;
    }
    *out = change;
    return true;
}

void feed_change_end(struct feed_change *change)
{
    state_change_end(&change->change);
}

/* ---- documents ---- */

static bool add_document(struct feed_change *change, const struct manifest_document *document,
                         struct error *err)
{
    struct manifest *next = &change->next;

    if (next->document_count == LIMIT_FEED_DOCUMENTS)
        return error_set(err, ERROR_LIMIT, "more than %d documents", LIMIT_FEED_DOCUMENTS);
    next->documents = arena_grow(change->arena, next->documents, next->document_count, &change->capacity,
                                 next->document_count + 1, sizeof(*next->documents));
    if (next->documents == NULL)
        return arena_full(change->arena, err);
    next->documents[next->document_count++] = *document;
    return true;
}

static const char *path_in(const struct feed_change *change, const char *generation, struct text file)
{
    return text_format(change->arena, "%s/feeds/%.*s", generation, TEXT_ARG(file)).at;
}

static bool digest_file(const char *path, struct arena *arena, struct text *out, uint64_t *size,
                        struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};
    struct digest digest;
    char hex[DIGEST_HEX_MAX + 1];

    if (!file_map(path, LIMIT_FEED_ARCHIVE, &map, err) ||
        !digest_bytes(DIGEST_SHA256, map.bytes, &digest, err))
        return false;
    digest_hex(&digest, hex);
    *size = map.bytes.size;
    *out = text_copy(arena, text_of(hex));
    return out->at != NULL || arena_full(arena, err);
}

/* "2026-11-20" */
static void date_of(int64_t us, char out[16])
{
    struct civil civil = time_civil(us);

    (void)snprintf(out, 16, "%04d-%02d-%02d", civil.year, civil.month, civil.day);
}

static bool check_against(const struct feed_change *change, const struct feed_facts *facts,
                          const struct manifest_document *former, bool take_smaller, struct error *err)
{
    char theirs[16], ours[16];

    if (facts->generated_us != TIME_ABSENT && facts->generated_us > change->now_us + AHEAD_MAX_US &&
        control_holds(CONTROL_FEED_AHEAD)) {
        date_of(facts->generated_us, theirs);
        date_of(change->now_us, ours);
        return error_set(err, ERROR_CONFLICT, "says that it is of %s, here it is %s: is this clock right?",
                         theirs, ours);
    }
    if (former == NULL || former->file.size == 0)
        return true;
    if (facts->generated_us != TIME_ABSENT && facts->generated_us < former->generated_us &&
        control_holds(CONTROL_FEED_OLDER)) {
        date_of(facts->generated_us, theirs);
        date_of(former->generated_us, ours);
        return error_set(err, ERROR_CONFLICT, "is of %s, older than the one that is held, of %s", theirs,
                         ours);
    }
    uint64_t least = former->records / 100 * KEEPS_PERCENT + former->records % 100 * KEEPS_PERCENT / 100;
    if (!take_smaller && facts->record_count < least && control_holds(CONTROL_FEED_SMALLER))
        return error_set(err, ERROR_CONFLICT,
                         "has %llu records, the one that is held %llu: more than 30 %% are lost (suture feed "
                         "import --accept-smaller takes it)",
                         (unsigned long long)facts->record_count, (unsigned long long)former->records);
    return true;
}

static bool fill_document(struct feed_change *change, const struct feed_arrival *arrival,
                          const struct feed_document *read, struct manifest_document *out, struct error *err)
{
    struct arena *arena = change->arena;

    out->url = text_copy(arena, arrival->url);
    out->etag = text_copy(arena, arrival->etag);
    out->last_modified = text_copy(arena, arrival->last_modified);
    out->file = feed_plan_file(read->feed, out->key, arena);
    out->version = text_copy(arena, text_of(read->facts.version));
    if (out->url.at == NULL || out->etag.at == NULL || out->last_modified.at == NULL ||
        out->file.at == NULL || out->version.at == NULL)
        return arena_full(arena, err);
    out->fetched_us = out->checked_us = change->now_us;
    out->generated_us = read->facts.generated_us;
    out->records = read->facts.record_count;
    out->skipped = read->facts.skipped_count;
    out->complete = read->facts.complete;
    return digest_file(arrival->path, arena, &out->sha256, &out->size, err);
}

/*
 * A document that does not say when it was made is as old as its server says. Not as its file: a copy of a file is as
 * young as the copying, and who believes that takes old data for new.
 */
static void date_by_server(const struct feed_arrival *arrival, struct feed_facts *facts)
{
    int64_t us;
    struct error ignored;

    if (facts->generated_us == TIME_ABSENT && arrival->last_modified.size > 0 &&
        time_parse_mail(arrival->last_modified, &us, &ignored))
        facts->generated_us = us;
}

static bool mentioned(const struct feed_change *change, const struct manifest_document *document)
{
    return manifest_find(&change->next, document->feed, document->key) != NULL;
}

bool feed_change_take(struct feed_change *change, const struct feed_arrival *arrival,
                      const struct manifest_document **out, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_FEED_MEMORY);
    struct feed_read_request request = {.program = change->parse_program,
                                        .feed = arrival->feed,
                                        .path = arrival->path,
                                        .name = arrival->name,
                                        .members = arrival->members};
    struct feed_document read;

    if (!feed_read(&request, &arena, &read, err))
        return false;
    date_by_server(arrival, &read.facts);
    struct text key = arrival->feed != NULL ? text_copy(change->arena, arrival->key)
                                            : feed_plan_key(read.feed, arrival->name, change->arena);
    struct manifest_document document = manifest_document_with(text_of(read.feed->name), key);
    const struct manifest_document *former = manifest_find(&change->former, document.feed, document.key);
    if (mentioned(change, &document))
        return error_set(err, ERROR_CONFLICT, "a document of %s%s%.*s came before", read.feed->name,
                         key.size > 0 ? " " : "", TEXT_ARG(key));
    if (!check_against(change, &read.facts, former, arrival->take_smaller, err) ||
        !fill_document(change, arrival, &read, &document, err))
        return false;
    const char *path = path_in(change, change->change.next.folder, document.file);
    struct bytes packed = {0};
    if (path == NULL)
        return arena_full(change->arena, err);
    if (!pack_zstd(read.statements, &arena, &packed, err) || !file_replace(path, packed, 0600, err) ||
        !add_document(change, &document, err))
        return false;
    change->built_anew = true;
    *out = &change->next.documents[change->next.document_count - 1];
    return true;
}

bool feed_change_keep(struct feed_change *change, const struct manifest_document *former, bool checked,
                      struct error *err)
{
    struct manifest_document document = *former;
    char name[LIMIT_PACKAGE_NAME + 16];

    (void)snprintf(name, sizeof(name), "feeds/%.*s", TEXT_ARG(former->file));
    if (former->file.size > 0 && !state_change_keep(&change->change, name, err))
        return false;
    if (checked) {
        document.checked_us = change->now_us;
        document.tried_us = TIME_ABSENT;
        document.problem = (struct text){0};
    }
    return add_document(change, &document, err);
}

bool feed_change_fail(struct feed_change *change, struct text feed, struct text key, struct text url,
                      const struct error *problem, struct error *err)
{
    const struct manifest_document *former = manifest_find(&change->former, feed, key);
    struct manifest_document absent = manifest_document_with(feed, key);

    absent.url = url;
    if (!feed_change_keep(change, former != NULL ? former : &absent, false, err))
        return false;
    struct manifest_document *entry = &change->next.documents[change->next.document_count - 1];
    entry->tried_us = change->now_us;
    entry->problem = text_copy(change->arena, text_of(problem->text));
    return entry->problem.at != NULL || arena_full(change->arena, err);
}

bool feed_change_absent(struct feed_change *change, struct text feed, struct text reason, struct error *err)
{
    struct manifest_document absent = manifest_document_with(feed, (struct text){0});

    absent.problem = reason;
    return add_document(change, &absent, err);
}

bool feed_change_keep_rest(struct feed_change *change,
                           bool (*dropped)(void *self, const struct manifest_document *document), void *self,
                           struct error *err)
{
    for (size_t i = 0; i < change->former.document_count; i++) {
        const struct manifest_document *former = &change->former.documents[i];
        if (dropped != NULL && dropped(self, former)) {
            change->built_anew = change->built_anew || former->file.size > 0;
            continue;
        }
        if (mentioned(change, former))
            continue;
        if (!feed_change_keep(change, former, false, err))
            return false;
    }
    return true;
}

/* The head of a file of statements; the rest is not looked at. */
static bool reads_as_now(const char *path)
{
    OWN(file_unmap) struct file_map map = {0};
    OWN(compress_end) struct compress_stream *stream = NULL;
    uint8_t start[STATEMENTS_START];
    uint32_t reading;
    struct error ignored;
    size_t got;

    return file_map(path, LIMIT_STATE_FILE, &map, &ignored) &&
           compress_open_bytes(map.bytes, LIMIT_STATEMENTS, &stream, &ignored) &&
           compress_read(stream, start, sizeof(start), &got, &ignored) &&
           statements_reading((struct bytes){start, got}, &reading) && reading == STATEMENTS_READING;
}

const struct manifest_document *feed_change_held(struct feed_change *change, const struct feed *feed,
                                                 struct text key, struct text url)
{
    const struct manifest_document *former = manifest_find(&change->former, text_of(feed->name), key);

    if (former == NULL || former->file.size == 0 || !text_equal(former->url, url))
        return NULL;
    const char *path = path_in(change, change->change.former.folder, former->file);
    return path != NULL && reads_as_now(path) ? former : NULL;
}

/* ---- commit ---- */

/* The statements of the new generation, unpacked, in the order of feeds.h so that a feed's documents are together. */
struct parts {
    struct arena arena;
    struct feed_part *parts;
    size_t count;
    bool loaded; /* only when something has to be built of them */
};

static void own_parts(struct parts *parts)
{
    arena_end(&parts->arena);
}

/* What is packed has a checksum; what is not is looked through. */
static bool load_statements(const char *path, struct arena *arena, struct bytes *out, struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};

    if (!file_map(path, LIMIT_STATE_FILE, &map, err) ||
        !compress_unpack(map.bytes, LIMIT_STATEMENTS, arena, out, err))
        return false;
    return compress_kind_of(map.bytes) != COMPRESS_NONE ||
           statements_replay(*out, &(struct feed_sink){0}, arena, err);
}

/* A file that broke on the disk is as good as none: the update says so and goes on, the next one fetches it anew. */
static bool load_part(struct feed_change *change, const struct feed *feed, struct manifest_document *document,
                      struct parts *into, struct error *err)
{
    const char *path = path_in(change, change->change.next.folder, document->file);
    struct feed_part *part = &into->parts[into->count];
    struct error broken = {0};

    if (path == NULL)
        return arena_full(change->arena, err);
    *part = (struct feed_part){.feed = feed, .facts = feed_facts_none()};
    if (!load_statements(path, &into->arena, &part->statements, &broken)) {
        document->file = (struct text){0};
        document->tried_us = change->now_us;
        document->problem =
            text_format(change->arena, "what was held cannot be read any more: %s", broken.text);
        return document->problem.at != NULL || arena_full(change->arena, err);
    }
    part->facts.generated_us = document->generated_us;
    part->facts.record_count = document->records;
    part->facts.skipped_count = document->skipped;
    part->facts.complete = document->complete;
    (void)snprintf(part->facts.version, sizeof(part->facts.version), "%.*s", TEXT_ARG(document->version));
    into->count++;
    return true;
}

static bool load_parts(struct feed_change *change, struct parts *into, struct error *err)
{
    const struct manifest *next = &change->next;

    if (into->loaded)
        return true;
    into->arena = arena_with(LIMIT_FEED_MEMORY);
    into->parts = ARENA_ARRAY(&into->arena, struct feed_part, next->document_count);
    if (into->parts == NULL)
        return arena_full(&into->arena, err);
    for (const struct feed *const *feed = feeds; *feed != NULL; feed++)
        for (size_t i = 0; i < next->document_count; i++)
            if (next->documents[i].file.size > 0 &&
                text_equal(next->documents[i].feed, text_of((*feed)->name)) &&
                !load_part(change, *feed, &next->documents[i], into, err))
                return false;
    into->loaded = true;
    return true;
}

static bool write_file(struct feed_change *change, const char *name, const struct writer *w,
                       struct error *err)
{
    const char *path = file_path(change->arena, change->change.next.folder, name);
    struct bytes raw;

    if (path == NULL)
        return arena_full(change->arena, err);
    return writer_done(w, &raw, err) && file_replace(path, raw, 0600, err);
}

/* All of it: whoever is told that an index is broken is told to update. */
static bool opens_as_index(struct bytes raw)
{
    struct index index;
    struct error ignored;

    return index_open(raw, &index, &ignored) && index_dump(&index, NULL, &ignored);
}

static bool opens_as_facts(struct bytes raw)
{
    struct facts facts;
    struct error ignored;

    return facts_open(raw, &facts, &ignored);
}

/* Takes a built file over from the former generation, when nothing changed and this version still reads it. */
static bool keep_built(struct feed_change *change, const char *name, bool (*opens)(struct bytes))
{
    OWN(file_unmap) struct file_map map = {0};
    struct error ignored;
    const char *path;

    if (change->built_anew || change->change.former.number == 0)
        return false;
    path = file_path(change->arena, change->change.former.folder, name);
    return path != NULL && file_map(path, LIMIT_STATE_FILE, &map, &ignored) && opens(map.bytes) &&
           state_change_keep(&change->change, name, &ignored);
}

static bool make_facts(struct feed_change *change, struct parts *parts, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_STATE_FILE);

    if (keep_built(change, "facts", opens_as_facts))
        return true;
    return load_parts(change, parts, err) && feed_build_facts(parts->parts, parts->count, &w, err) &&
           write_file(change, "facts", &w, err);
}

static bool make_index(struct feed_change *change, struct parts *parts, struct text release,
                       struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_INDEX_FILE);
    struct text file = text_format(change->arena, "index/%.*s.index", TEXT_ARG(release));
    const char *name = text_string(change->arena, release);
    bool found = true;

    if (file.at == NULL || name == NULL)
        return arena_full(change->arena, err);
    if (!keep_built(change, file.at, opens_as_index)) {
        if (!load_parts(change, parts, err) ||
            !feed_build_index(parts->parts, parts->count, name, &w, &found, err))
            return false;
        if (found && !write_file(change, file.at, &w, err))
            return false;
    }
    if (found)
        change->next.releases[change->next.release_count++] = release;
    return true;
}

static bool make_manifest(struct feed_change *change, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_MANIFEST);

    manifest_write(&w, &change->next);
    return write_file(change, "manifest", &w, err);
}

bool feed_change_commit(struct feed_change *change, const struct text *releases, size_t count,
                        struct error *err)
{
    OWN(own_parts) struct parts parts = {0};

    change->next.releases = ARENA_ARRAY(change->arena, struct text, count);
    if (change->next.releases == NULL)
        return arena_full(change->arena, err);
    if (!make_facts(change, &parts, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (!make_index(change, &parts, releases[i], err))
            return false;
    return make_manifest(change, err) && state_change_commit(&change->change, err);
}
