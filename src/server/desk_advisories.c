/*
 * Advisories: what a feed update left in DATA/advisories becomes one file below content/, named by its hash, and the fleet is judged
 * by that very file; then the plan names it. So server and agents judge by the same bytes, all of one generation or all of the
 * next, and a feed that is half or broken changes nothing: what is refused here is never handed out.
 *
 *     DATA/content/SHA256        the bundle (store/generation_bundle.h)
 *     DATA/content/advisories    which of them is in use: "generation 17\nsha256 9f86...\nstate 42\n"; no route reaches it
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/own.h"
#include "identify/fleet_index.h"
#include "server/bulletin.h"
#include "server/desk_fixes.h"
#include "server/first_start.h"
#include "server/readers.h"
#include "store/fleet_read.h"
#include "store/generation_bundle.h"
#include "store/state.h"

#define NOTE_NAME "advisories"
#define NOTE_MAX  512

/* One bundle, mapped, and its indexes. What the fleet's index points to must stay where it is: it is made and ended whole. */
struct bundle {
    uint64_t generation; /* of the fleet */
    uint64_t state;      /* of the folder that it was made of */
    struct digest digest;
    struct file_map map;
    struct generation_bundle parsed;
    struct index indexes[GENERATION_BUNDLE_FILES];
    const struct index *list[GENERATION_BUNDLE_FILES];
    size_t count;
};

struct desk_advisories {
    struct bundle *held;
    struct digest former; /* the one before: agents may be fetching it */
    bool has_former;
    uint64_t refused; /* of the folder: it was said once why */
};

static void own_bundle(struct bundle **bundle)
{
    if (*bundle == NULL)
        return;
    file_unmap(&(*bundle)->map);
    free(*bundle);
    *bundle = NULL;
}

void desk_advisories_end(struct desk_advisories **advisories)
{
    if (*advisories == NULL)
        return;
    own_bundle(&(*advisories)->held);
    free(*advisories);
    *advisories = NULL;
}

/* ---- one bundle ---- */

static bool open_indexes(struct bundle *bundle, struct error *err)
{
    for (size_t i = 0; i < bundle->parsed.count; i++) {
        const struct generation_bundle_file *file = &bundle->parsed.files[i];
        if (!text_ends(file->name, TEXT(".index")))
            continue;
        if (!index_open(file->bytes, &bundle->indexes[bundle->count], err))
            return error_at(err, "%.*s", TEXT_ARG(file->name));
        bundle->list[bundle->count] = &bundle->indexes[bundle->count];
        bundle->count++;
    }
    return bundle->count > 0 || error_set(err, ERROR_INPUT, "there is no index of any release in it");
}

static bool open_bundle(const char *path, struct bundle **out, struct error *err)
{
    OWN(own_bundle) struct bundle *bundle = calloc(1, sizeof(*bundle));

    if (bundle == NULL)
        return error_set(err, ERROR_LIMIT, "no memory for advisories");
    if (!file_map(path, LIMIT_STATE_FILE, &bundle->map, err) ||
        !digest_bytes(DIGEST_SHA256, bundle->map.bytes, &bundle->digest, err) ||
        !generation_bundle_parse(bundle->map.bytes, &bundle->parsed, err) || !open_indexes(bundle, err))
        return false;
    *out = bundle;
    bundle = NULL;
    return true;
}

static const struct index *index_of(const struct bundle *bundle, const char *release)
{
    for (size_t i = 0; i < bundle->count; i++)
        if (strcmp(bundle->indexes[i].release.name, release) == 0)
            return &bundle->indexes[i];
    return NULL;
}

/*
 * What a feed update refuses of a document is refused of a whole here once more, since everybody would be "fixed" by what is
 * missing: a release that is gone, one that was complete and is not, one that is older, or has lost a quarter of what it said.
 */
static bool may_follow(const struct bundle *next, const struct bundle *held, struct error *err)
{
    for (size_t i = 0; held != NULL && i < held->count; i++) {
        const struct index *old = &held->indexes[i], *new = index_of(next, old->release.name);
        if (new == NULL)
            return error_set(err, ERROR_TRUST, "%s is missing", old->release.name);
        if (old->complete && !new->complete)
            return error_set(err, ERROR_TRUST, "%s was complete and is not", old->release.name);
        if (new->generated_us < old->generated_us)
            return error_set(err, ERROR_TRUST, "%s is older than what is in use", old->release.name);
        if (new->record_count < old->record_count - old->record_count / 4)
            return error_set(err, ERROR_TRUST, "%s has %u records, it had %u", old->release.name,
                             new->record_count, old->record_count);
    }
    return true;
}

/* ---- which one is in use ---- */

static char *content_path(const struct server *server, const char *name, struct arena *arena)
{
    return file_path(arena, server->paths->content, name);
}

static bool write_note(const struct server *server, const struct bundle *bundle, struct arena *arena,
                       struct error *err)
{
    const char *path = content_path(server, NOTE_NAME, arena);
    char hex[DIGEST_HEX_MAX + 1];

    digest_hex(&bundle->digest, hex);
    struct text note =
        text_format(arena, "generation %llu\nsha256 %s\nstate %llu\n", (unsigned long long)bundle->generation,
                    hex, (unsigned long long)bundle->state);
    if (path == NULL || note.at == NULL)
        return arena_full(arena, err);
    return file_replace(path, bytes_of_text(note), 0644, err);
}

struct note {
    uint64_t generation, state;
    struct digest digest;
};

static bool cut_line(struct text *rest, struct text name, struct text *value)
{
    struct text line, word;

    if (!text_cut(rest, '\n', &line) || !text_cut(&line, ' ', &word) || !text_equal(word, name))
        return false;
    *value = line;
    return true;
}

static bool read_note(const struct server *server, struct arena *arena, struct note *out, struct error *err)
{
    const char *path = content_path(server, NOTE_NAME, arena);
    struct text rest, value;
    struct bytes raw;

    if (path == NULL)
        return arena_full(arena, err);
    if (!file_read(path, NOTE_MAX, arena, &raw, err) || !text_from_lines(raw, NOTE_MAX, &rest, err))
        return false;
    if (!cut_line(&rest, TEXT("generation"), &value) || !text_to_u64(value, &out->generation, err) ||
        !cut_line(&rest, TEXT("sha256"), &value) || !digest_parse(DIGEST_SHA256, value, &out->digest, err) ||
        !cut_line(&rest, TEXT("state"), &value) || !text_to_u64(value, &out->state, err))
        return error_set(err, ERROR_INPUT, "%s: cannot be read", path);
    return true;
}

/* ---- putting one into use ---- */

static bool put_rows(struct server *server, const struct fleet_write *writes, size_t count,
                     struct arena *arena, struct error *err)
{
    struct fleet_result *results = ARENA_ARRAY(arena, struct fleet_result, count);

    if (results == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < count; i += LIMIT_FLEET_BATCH)
        if (!committer_write(server->committer, writes + i,
                             count - i < LIMIT_FLEET_BATCH ? count - i : LIMIT_FLEET_BATCH, results + i, err))
            return false;
    for (size_t i = 0; i < count; i++)
        if (results[i].outcome != FLEET_OUTCOME_DONE)
            return error_set(err, ERROR_SYSTEM, "a fix's generation: %s", results[i].why);
    return true;
}

/* A fix that nobody is exposed to any more keeps what was written about it. */
static bool write_change(struct server *server, const struct fleet_index_change *change, struct arena *arena,
                         struct error *err)
{
    struct fleet_write *writes = ARENA_ARRAY(arena, struct fleet_write, 2 * change->fix_count);
    struct fleet_index_count all;
    size_t count = 0;

    if (writes == NULL)
        return arena_full(arena, err);
    if (!fleet_index_exposed(server->index, TEXT("none"), INT64_MIN, &all, err))
        return false;
    for (size_t i = 0; i < change->fix_count; i++) {
        const struct fleet_index_fix_change *fix = &change->fixes[i];
        struct fleet_write row;
        if (!desk_fix_write(server, &fix->fix, arena, &row, err))
            return false;
        if (fix->hosts > 0)
            writes[count++] = row;
        size_t chunks = fix->chunk_count < LIMIT_FLEET_FIX_CHUNKS ? fix->chunk_count : LIMIT_FLEET_FIX_CHUNKS;
        writes[count++] =
            (struct fleet_write){.kind = FLEET_WRITE_FIX_GENERATION,
                                 .fix_generation = {.fix = row.fix.number,
                                                    .generation = change->generation,
                                                    .at_us = server_now_us(server),
                                                    .chunks = {fix->chunks, chunks * FLEET_INDEX_HASH_SIZE},
                                                    .hosts = fix->hosts,
                                                    .unknown = all.hosts[FLEET_INDEX_UNKNOWN]}};
    }
    return put_rows(server, writes, count, arena, err);
}

/* Judges the fleet by it; what changed is written when this generation is a new one. */
static bool put_into_use(struct server *server, struct desk_advisories *advisories, struct bundle **bundle,
                         bool is_new, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_FLEET_INDEX_WORK);
    struct bundle *next = *bundle;
    struct fleet_index_change change;
    const struct bulletin_advisories said = {
        .generation = next->generation, .digest = next->digest, .size = next->map.bytes.size};

    if (!fleet_index_advise(server->index, next->list, next->count, next->generation, &arena, &change, err))
        return false;
    *bundle = advisories->held; /* the fleet's index points into the new one from here on */
    advisories->held = next;
    if (is_new && !write_change(server, &change, &arena, err))
        log_line(LOG_ERROR, "desk", "what generation %llu changed was not written: %s",
                 (unsigned long long)next->generation, err->text);
    desk_set_findings_generation(server, next->generation);
    log_line(LOG_INFO, "desk",
             "advisories: generation %llu, %u source packages and %u variants judged, %zu fixes changed",
             (unsigned long long)next->generation, change.sources, change.variants, change.fix_count);
    if (server->bulletin != NULL && !bulletin_set_advisories(server->bulletin, &said, err))
        log_line(LOG_ERROR, "desk", "%s", err->text);
    return true;
}

/* At start: the one that was in use. */
static bool take_up(struct server *server, struct desk_advisories *advisories, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(own_bundle) struct bundle *bundle = NULL;
    char hex[DIGEST_HEX_MAX + 1];
    struct note note;

    if (!read_note(server, &arena, &note, err))
        return err->kind == ERROR_ABSENT;
    digest_hex(&note.digest, hex);
    const char *path = content_path(server, hex, &arena);
    if (path == NULL)
        return arena_full(&arena, err);
    if (!open_bundle(path, &bundle, err))
        return error_at(err, "advisories in use");
    if (!digest_equal(&bundle->digest, &note.digest))
        return error_set(err, ERROR_TRUST, "%s is not what its name says", path);
    bundle->generation = note.generation;
    bundle->state = note.state;
    return put_into_use(server, advisories, &bundle, false, err);
}

/* ---- a new one ---- */

static bool next_generation(struct server *server, const struct desk_advisories *advisories, uint64_t *out,
                            struct error *err)
{
    OWN(readers_give) struct reader_lease lease = {0};
    struct fleet_state state;
    uint64_t highest = advisories->held == NULL ? 0 : advisories->held->generation;

    if (!readers_take(server, &lease, err) || !fleet_store_state(lease.store, &state, err))
        return false;
    if (state.highest[FLEET_GENERATION_INDEX] > highest)
        highest = state.highest[FLEET_GENERATION_INDEX];
    if (state.reported[FLEET_GENERATION_INDEX] > highest)
        highest = state.reported[FLEET_GENERATION_INDEX];
    *out = highest + 1;
    return true;
}

static bool claim_generation(struct server *server, uint64_t generation, struct error *err)
{
    const struct fleet_write write = {.kind = FLEET_WRITE_GENERATION,
                                      .generation = {.of = FLEET_GENERATION_INDEX, .generation = generation}};
    struct fleet_result result;

    if (!committer_write(server->committer, &write, 1, &result, err))
        return false;
    return result.outcome == FLEET_OUTCOME_DONE ||
           error_set(err, ERROR_CONFLICT, "generation %llu of advisories: %s", (unsigned long long)generation,
                     result.why);
}

/* The bundle under its name; a file that was not finished is written over the next time. */
static bool make_bundle(struct server *server, const struct state *state, struct bundle **out,
                        struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(own_bundle) struct bundle *bundle = NULL;
    const char *made = content_path(server, "advisories.new", &arena);
    char hex[DIGEST_HEX_MAX + 1];

    if (made == NULL)
        return arena_full(&arena, err);
    if (!generation_bundle_write(state, made, err) || !open_bundle(made, &bundle, err))
        return false;
    digest_hex(&bundle->digest, hex);
    const char *path = content_path(server, hex, &arena);
    if (path == NULL)
        return arena_full(&arena, err);
    if (rename(made, path) != 0)
        return error_system(err, "%s", path);
    *out = bundle;
    bundle = NULL;
    return file_sync_folder(server->paths->content, err);
}

static void drop_file(const struct server *server, const struct digest *digest)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    char hex[DIGEST_HEX_MAX + 1];
    struct error err;

    digest_hex(digest, hex);
    const char *path = content_path(server, hex, &arena);
    if (path == NULL || !file_remove(path, &err))
        log_line(LOG_WARNING, "desk", "a former bundle of advisories stays");
}

/* The one before stays until the next comes: agents that still follow its plan may be fetching it. */
static void retire(const struct server *server, struct desk_advisories *advisories,
                   const struct bundle *former)
{
    if (advisories->has_former && !digest_equal(&advisories->former, &advisories->held->digest) &&
        (former == NULL || !digest_equal(&advisories->former, &former->digest)))
        drop_file(server, &advisories->former);
    if (former != NULL)
        advisories->former = former->digest;
    advisories->has_former = former != NULL;
}

static bool publish(struct server *server, struct desk_advisories *advisories, const struct state *state,
                    uint64_t number, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(own_bundle) struct bundle *bundle = NULL;
    struct generation now;

    if (!make_bundle(server, state, &bundle, err) || !state_current(state, &arena, &now, err))
        return false;
    if (now.number != number)
        return true; /* another one came meanwhile: it is taken the next time */
    if (!may_follow(bundle, advisories->held, err)) {
        advisories->refused = number;
        if (!digest_equal(&bundle->digest, &advisories->held->digest))
            drop_file(server, &bundle->digest);
        return error_at(err, "these advisories are not handed out");
    }
    bundle->state = number;
    if (!next_generation(server, advisories, &bundle->generation, err) ||
        !claim_generation(server, bundle->generation, err))
        return false;
    if (!put_into_use(server, advisories, &bundle, true, err) ||
        !write_note(server, advisories->held, &arena, err))
        return false;
    retire(server, advisories, bundle);
    return true;
}

static bool look(struct server *server, struct desk_advisories *advisories, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct generation current;
    struct state state;

    if (!state_open(server->paths->advisories, STATE_READ, &state, err) ||
        !state_current(&state, &arena, &current, err))
        return err->kind == ERROR_ABSENT; /* no update has succeeded yet */
    if (current.number == advisories->refused ||
        (advisories->held != NULL && advisories->held->state == current.number))
        return true;
    return publish(server, advisories, &state, current.number, err);
}

static bool tick(struct server *server, struct error *err)
{
    struct desk_advisories **advisories = desk_advisories(server);

    if (desk_quarantined(server) || server->paths == NULL)
        return true; /* agents may hold newer generations than this database knows of */
    if (*advisories == NULL) {
        *advisories = calloc(1, sizeof(**advisories));
        if (*advisories == NULL)
            return error_set(err, ERROR_LIMIT, "no memory for advisories");
        if (!take_up(server, *advisories, err))
            log_line(LOG_ERROR, "desk", "%s: the next update is taken as if it were the first", err->text);
    }
    return look(server, *advisories, err);
}

const struct server_part desk_advisories_part = {.name = "advisories", .tick_s = 5, .tick = tick};
