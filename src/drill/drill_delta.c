/*
 * Drills against deltas: they come from our own server, which may be stolen, and what they make is installed as root.
 */
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "delta/apply.h"
#include "delta/create.h"
#include "drill/drill_data.h"
#include "drill/victim.h"
#include "store/trust_record.h"

#define OUTPUT_AT 6 /* of the SHA-256 in a delta's header (delta/delta.h) */

/* What the drill's own machine has of lantern: an old package file, from which deltas are made and applied. */
struct bench {
    struct drill_run *run;
    struct victim victim;
    const char *old, *delta, *made;
    struct plan_change change; /* to the vendor's honest 2.0 */
};

static bool begin(struct drill_run *run, struct bench *out, struct error *err)
{
    struct bench bench = {.run = run,
                          .old = file_path(run->arena, run->folder, "old.deb"),
                          .delta = file_path(run->arena, run->folder, "bad.delta"),
                          .made = file_path(run->arena, run->folder, "made.deb")};
    const char *bad = file_path(run->arena, run->folder, "bad.deb");
    struct create_result result;

    if (bad == NULL || bench.made == NULL)
        return arena_full(run->arena, err);
    const struct create_request request = {.old = bench.old, .new = bad, .out = bench.delta, .threads = 1};
    if (!victim_make(run, "victim", &bench.victim, err) ||
        !file_replace_cache(bench.old, drill_data("lantern_1.5.deb"), 0644, err) ||
        !file_replace_cache(bad, drill_data("lantern_2.0_bad.deb"), 0644, err) ||
        !delta_create(&request, &result, err))
        return false;
    bench.change = victim_change(&bench.victim, "2.0", drill_data("lantern_2.0.deb"));
    *out = bench;
    return true;
}

static bool apply(const struct bench *bench, const char *delta, const char *out, struct error *err)
{
    const struct apply_request request = {.old = bench->old, .delta = delta, .out = out, .threads = 1};
    struct apply_result result;

    return delta_apply(&request, &result, err);
}

/* ---- who rebuilds: on a real machine suture-rebuild does the same from installed files ---- */

static bool door_look(void *self, const struct delta_job *job, bool missing[BASE_CLASS_COUNT],
                      struct arena *arena, struct error *err)
{
    (void)self;
    (void)job;
    (void)missing;
    (void)arena;
    (void)err;
    return true;
}

static bool door_make(void *self, const struct delta_job *job, struct arena *arena, struct error *err)
{
    (void)arena;
    return apply(self, job->delta, job->made, err);
}

/* The stolen server names this delta for the vendor's package: it is fetched, what it makes is hashed. */
static bool fetch_by_delta(struct bench *bench, struct bytes delta, struct delta_report *out,
                           struct error *err)
{
    struct arena *arena = bench->run->arena;
    struct delta_door door = {bench, door_look, door_make};
    struct delta_offer offer = {.found = true,
                                .base = {.package = TEXT("lantern"), .delta = {.size = delta.size}}};
    const struct delta_offers offers = {.at = &offer, .found = 1, .configured = true, .asked = true};
    const struct delta_settings settings = {
        .source = text_format(arena, "%.*ssource/", TEXT_ARG(bench->victim.uri)), .use = CHOICE_ALWAYS};
    const char *cache = file_path(arena, bench->victim.state, "cache"),
               *spool = file_path(arena, bench->victim.state, "fetch");
    const struct plan plan = {.changes = &bench->change, .change_count = 1};
    struct cache packages;
    uint64_t here = 0;

    if (settings.source.at == NULL || cache == NULL || spool == NULL)
        return arena_full(arena, err);
    if (!digest_bytes(DIGEST_SHA256, delta, &offer.base.delta.digest, err) ||
        !cache_open(cache, CACHE_PACKAGES, &packages, err))
        return false;
    const struct delta_fetch_request request = {.settings = &settings,
                                                .offers = &offers,
                                                .plan = &plan,
                                                .door = &door,
                                                .packages = &packages,
                                                .state = bench->victim.state,
                                                .spool = spool,
                                                .here = &here};
    struct text path = delta_file_path(&offer.base.delta.digest, arena);
    struct text name = text_format(arena, "%s/source/%.*s", bench->victim.mirror, TEXT_ARG(path));
    char *folder = name.at == NULL ? NULL : text_string(arena, name);
    if (folder == NULL)
        return arena_full(arena, err);
    *strrchr(folder, '/') = 0;
    return file_make_folders(folder, 0755, err) && file_replace_cache(name.at, delta, 0644, err) &&
           file_make_folders(spool, 0700, err) && delta_fetch(&request, arena, out, err);
}

/* ---- malicious-delta ---- */

static bool another_package(struct bench *bench, struct bytes delta, struct error *err)
{
    struct delta_report report = {0};

    drill_attempt(bench->run,
                  "a delta that makes his package, named by the stolen server as the way to the vendor's");
    if (!fetch_by_delta(bench, delta, &report, err))
        return false;
    drill_held(bench->run, report.made == 0 && report.note_count == 1, "%.*s",
               TEXT_ARG(report.note_count > 0 ? report.notes[0] : TEXT("it was taken for the vendor's")));
    return true;
}

/* The bytes are decoded well, so that only the whole output tells. */
static bool another_hash(struct bench *bench, struct bytes delta, struct error *err)
{
    struct arena *arena = bench->run->arena;
    uint8_t *forged = arena_take(arena, delta.size);
    const char *path = file_path(arena, bench->run->folder, "forged.delta");
    struct error refusal = {0};

    if (forged == NULL || path == NULL)
        return arena_full(arena, err);
    memcpy(forged, delta.at, delta.size);
    memcpy(forged + OUTPUT_AT, bench->change.digest.at, digest_size(DIGEST_SHA256));
    drill_attempt(bench->run, "the same delta, whose head now announces the SHA-256 of the vendor's package");
    if (!file_replace_cache(path, (struct bytes){forged, delta.size}, 0644, err))
        return false;
    drill_refused(bench->run, apply(bench, path, bench->made, &refusal), &refusal,
                  "the output is not what was announced");
    return true;
}

static bool made_is_announced(const struct bench *bench, const struct digest *announced)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct bytes raw;
    struct digest digest;
    struct error err;

    return file_read(bench->made, 64 * KIB, &arena, &raw, &err) &&
           digest_bytes(DIGEST_SHA256, raw, &digest, &err) && digest_equal(&digest, announced);
}

/* Behind the announced hash: what he may change without saying so. */
static bool every_byte(struct bench *bench, struct bytes delta, struct error *err)
{
    const size_t from = OUTPUT_AT + digest_size(DIGEST_SHA256);
    struct arena *arena = bench->run->arena;
    uint8_t *broken = arena_take(arena, delta.size);
    const char *path = file_path(arena, bench->run->folder, "broken.delta");
    struct digest announced = {.kind = DIGEST_SHA256};
    size_t refused = 0, same = 0, other = 0;
    struct error why;

    if (broken == NULL || path == NULL)
        return arena_full(arena, err);
    memcpy(announced.at, delta.at + OUTPUT_AT, digest_size(DIGEST_SHA256));
    drill_attempt(bench->run, "the delta with each of its %zu other bytes changed, one after the other",
                  delta.size - from);
    for (size_t i = from; i < delta.size; i++) {
        memcpy(broken, delta.at, delta.size);
        broken[i] ^= 0x5a;
        if (!file_replace_cache(path, (struct bytes){broken, delta.size}, 0644, err))
            return false;
        if (!apply(bench, path, bench->made, &why))
            refused++;
        else if (made_is_announced(bench, &announced))
            same++;
        else
            other++;
    }
    drill_held(bench->run, other == 0,
               "%zu refused, %zu made the very bytes that were announced, %zu made others", refused, same,
               other);
    return true;
}

static bool another_base(struct bench *bench, struct error *err)
{
    struct error refusal = {0};

    drill_attempt(bench->run, "the delta on a machine that has another version than it was made from");
    if (!file_replace_cache(bench->old, drill_data("lantern_2.0.deb"), 0644, err))
        return false;
    drill_refused(bench->run, apply(bench, bench->delta, bench->made, &refusal), &refusal,
                  "this delta was made from lantern 1.5");
    return true;
}

static bool another_key(struct bench *bench, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(64 * KIB);
    OWN(secret_key_end) struct secret_key ours = {0}, theirs = {0};
    const struct delta_index index = {
        .package = TEXT("lantern"), .arch = TEXT("amd64"), .made_us = bench->run->now_us, .serial = 7};
    struct delta_index got;
    struct error refusal = {0};

    drill_attempt(
        bench->run,
        "an index of deltas that is signed with a key of his own, to make every machine waste its time");
    if (!signature_make_key(&ours, err) || !signature_make_key(&theirs, err) ||
        !delta_index_write(&index, &theirs, &w, err))
        return false;
    drill_refused(bench->run,
                  delta_index_open(writer_bytes(&w), &ours.public_key, bench->run->arena, &got, &refusal),
                  &refusal, "index: ");
    return true;
}

/* Whoever has a key that the role deltas once had, on a machine that has heard nothing of the role since it expired. */
static bool former_key(struct bench *bench, struct error *err)
{
    OWN(secret_key_end) struct secret_key former = {0};
    struct trust_role role = {.name = TEXT("deltas"), .version = 1, .key_count = 1};
    const struct trust_record record = {.roles = &role, .role_count = 1};
    size_t now = 0, before = 0;

    drill_attempt(bench->run,
                  "an index that is signed with a key which the role deltas had, until it expired a day ago");
    if (!signature_make_key(&former, err))
        return false;
    role.keys[0] = former.public_key;
    role.expires_us = bench->run->now_us - TIME_DAY_US;
    (void)trust_record_keys(&record, role.name, bench->run->now_us, &now);
    (void)trust_record_keys(&record, role.name, bench->run->now_us - 2 * TIME_DAY_US, &before);
    drill_held(bench->run, now == 0 && before == 1, "%s",
               now == 0 ? "it is asked of no key of a role that has expired" : "its key is believed");
    return true;
}

static bool run_malicious(struct drill_run *run, struct error *err)
{
    struct bench bench;
    struct bytes delta;

    drill_attacker(run, "our own server and its delta repository: he may make and name any delta");
    if (!begin(run, &bench, err) || !file_read(bench.delta, 64 * KIB, run->arena, &delta, err) ||
        !another_package(&bench, delta, err) || !another_hash(&bench, delta, err) ||
        !every_byte(&bench, delta, err) || !another_base(&bench, err) || !another_key(&bench, err) ||
        !former_key(&bench, err))
        return false;
    victim_judge(&bench.victim);
    victim_recover(&bench.victim);
    return true;
}

const struct drill drill_malicious_delta = {
    .name = "malicious-delta",
    .what = "Deltas that make another package than the vendor's, or break whoever decodes them.",
    .alarm = "fetched whole, since the delta did not give the vendor's package",
    .run = run_malicious,
};
