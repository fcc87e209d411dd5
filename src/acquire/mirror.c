#include "acquire/mirror.h"

#include "base/file.h"
#include "base/limits.h"
#include "model/refusal.h"

#define TRIES_MAX 2 /* of one address */
#define RATE_MIN  1000

/* ---- names ---- */

/* What may stand in the path of an address as it is (RFC 3986), less the percent sign. */
static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != 0 && strchr("/-._~+:@=,;!$&'()*", c) != NULL);
}

struct text mirror_url(struct text uri, struct text file, struct arena *arena)
{
    static const char digits[] = "0123456789ABCDEF";
    const struct text copy = TEXT("copy:");
    bool copied = text_starts(uri, copy); /* apt's word for file: */
    char *at = arena_take(arena, uri.size + 3 * file.size + 1);
    size_t size = 0;

    if (at == NULL)
        return (struct text){0};
    if (copied)
        uri = text_part(uri, copy.size, SIZE_MAX);
    memcpy(at, "file:", copied ? 5 : 0);
    size += copied ? 5 : 0;
    memcpy(at + size, uri.at, uri.size);
    size += uri.size;
    for (size_t i = 0; i < file.size; i++) {
        uint8_t c = (uint8_t)file.at[i];
        if (is_plain(file.at[i])) {
            at[size++] = file.at[i];
            continue;
        }
        at[size++] = '%';
        at[size++] = digits[c >> 4];
        at[size++] = digits[c & 15];
    }
    return (struct text){at, size};
}

struct text mirror_kept_name(struct text name, struct text version, struct text arch, struct arena *arena)
{
    struct text epoch, rest = version;

    if (text_find_byte(version, ':') == SIZE_MAX)
        return text_format(arena, "%.*s_%.*s_%.*s.deb", TEXT_ARG(name), TEXT_ARG(version), TEXT_ARG(arch));
    (void)text_cut(&rest, ':', &epoch);
    return text_format(arena, "%.*s_%.*s%%3a%.*s_%.*s.deb", TEXT_ARG(name), TEXT_ARG(epoch), TEXT_ARG(rest),
                       TEXT_ARG(arch));
}

bool mirror_parse_rate(struct text text, uint64_t *out, struct error *err)
{
    char last = text.size > 0 ? text.at[text.size - 1] : 0;
    uint64_t unit = last == 'k' || last == 'K' ? 1000 : last == 'M' ? 1000000 : last == 'G' ? 1000000000 : 1;
    uint64_t number;
    struct error ignored;

    if (!text_to_u64(text_part(text, 0, text.size - (unit > 1)), &number, &ignored) ||
        number > UINT64_C(1000000000000) / unit)
        return error_set(err, ERROR_INPUT, "\"%.*s\" is no rate: say bytes a second, as 500k or 2M",
                         TEXT_ARG(text));
    if (number * unit < RATE_MIN)
        return error_set(err, ERROR_INPUT, "\"%.*s\": a rate is at least %d bytes a second", TEXT_ARG(text),
                         RATE_MIN);
    *out = number * unit;
    return true;
}

/* ---- one run ---- */

/* How far one want is. */
struct pursuit {
    const char *path;    /* in the cache: it is here */
    char *spool_name;    /* its hash: the next run finds what broke off by it */
    uint8_t *tries;      /* of each address; TRIES_MAX: not asked again */
    struct error failed; /* the last try's */
};

struct work {
    const struct mirror_request *request;
    struct arena *arena;
    struct pursuit *pursuits;
    struct mirror_result result;
    struct mirror_progress progress;

    /* the batch under way */
    size_t batch[FETCH_ORDERS_MAX]; /* indexes of wants */
    size_t addresses[FETCH_ORDERS_MAX];
    size_t batch_count;
    size_t current; /* being fetched, an index of the batch */
    uint64_t current_have;
};

static bool tell(struct work *work, struct error *err)
{
    const struct mirror_request *request = work->request;

    return request->progress == NULL || request->progress(request->self, &work->progress) ||
           error_set(err, ERROR_CONFLICT, "was asked to stop");
}

static bool is_here(struct work *work, size_t index, const char *path, bool fetched, struct error *err)
{
    uint64_t size = work->request->wants[index].item.size;

    work->pursuits[index].path = path;
    work->progress.have += size;
    work->progress.done++;
    *(fetched ? &work->result.fetched_bytes : &work->result.reused_bytes) += size;
    *(fetched ? &work->result.fetched_count : &work->result.reused_count) += 1;
    return tell(work, err);
}

/* A run that was ended between a download's end and the copy left it complete. */
static bool look_in_spool(struct work *work, size_t index, const char **path, struct error *err)
{
    const struct mirror_request *request = work->request;
    const char *name = work->pursuits[index].spool_name;
    const char *whole = file_path(work->arena, request->spool, name);
    struct error ignored;

    if (whole == NULL)
        return arena_full(work->arena, err);
    if (!file_exists(whole))
        return true;
    if (!cache_take(request->cache, &request->wants[index].item, whole, work->arena, path, &ignored))
        *path = NULL;
    return fetch_drop(request->spool, name, err);
}

/* What is here already. A file that others fetched and that is not what it should be is only not used. */
static bool look_here(struct work *work, size_t index, struct error *err)
{
    const struct mirror_request *request = work->request;
    const struct mirror_want *want = &request->wants[index];
    const char *path = NULL;
    struct error ignored;

    if (!cache_find(request->cache, &want->item, work->arena, &path, err))
        return false;
    for (const char *const *folder = request->kept;
         path == NULL && folder != NULL && *folder != NULL && want->kept_as.size > 0; folder++) {
        const char *kept = file_path(work->arena, *folder, want->kept_as.at);
        if (kept == NULL)
            return arena_full(work->arena, err);
        if (!cache_take(request->cache, &want->item, kept, work->arena, &path, &ignored))
            path = NULL;
    }
    if (path == NULL && !look_in_spool(work, index, &path, err))
        return false;
    return path == NULL || is_here(work, index, path, false, err);
}

static bool begin(struct work *work, struct error *err)
{
    const struct mirror_request *request = work->request;

    for (size_t i = 0; i < request->want_count; i++)
        work->progress.total += request->wants[i].item.size;
    for (size_t i = 0; i < request->want_count; i++) {
        const struct mirror_want *want = &request->wants[i];
        struct pursuit *pursuit = &work->pursuits[i];
        pursuit->tries = ARENA_ARRAY(work->arena, uint8_t, want->url_count);
        pursuit->spool_name = cache_name(request->cache->ending, &want->item, work->arena);
        if (pursuit->tries == NULL || pursuit->spool_name == NULL)
            return arena_full(work->arena, err);
        (void)error_set(&pursuit->failed, ERROR_ABSENT, "no mirror is known");
        if (!look_here(work, i, err))
            return false;
    }
    return true;
}

/* The address to ask next: of those asked least often, the first. SIZE_MAX: none is left. */
static size_t next_address(const struct mirror_want *want, const struct pursuit *pursuit)
{
    size_t best = SIZE_MAX;

    for (size_t i = 0; i < want->url_count; i++)
        if (pursuit->tries[i] < TRIES_MAX && (best == SIZE_MAX || pursuit->tries[i] < pursuit->tries[best]))
            best = i;
    return best;
}

/* A batch is of wants in the same turn, so that nobody's second try comes before another's first. */
static void choose_batch(struct work *work)
{
    const struct mirror_request *request = work->request;
    unsigned turn = TRIES_MAX;

    for (size_t i = 0; i < request->want_count; i++) {
        size_t address = next_address(&request->wants[i], &work->pursuits[i]);
        if (work->pursuits[i].path == NULL && address != SIZE_MAX && work->pursuits[i].tries[address] < turn)
            turn = work->pursuits[i].tries[address];
    }
    work->batch_count = work->current = 0;
    work->current_have = 0;
    for (size_t i = 0; i < request->want_count && work->batch_count < FETCH_ORDERS_MAX; i++) {
        size_t address = next_address(&request->wants[i], &work->pursuits[i]);
        if (work->pursuits[i].path != NULL || address == SIZE_MAX || work->pursuits[i].tries[address] != turn)
            continue;
        work->batch[work->batch_count] = i;
        work->addresses[work->batch_count++] = address;
    }
}

/* Bytes of the one under way count until it is done, or failed. */
static bool on_progress(void *self, size_t index, uint64_t have)
{
    struct work *work = self;
    struct mirror_progress now = work->progress;

    if (index != work->current) {
        work->progress.have += work->current_have;
        now.have = work->progress.have;
        work->current = index;
    }
    work->current_have = have;
    now.have += have;
    now.name = work->request->wants[work->batch[index]].name;
    return work->request->progress == NULL || work->request->progress(work->request->self, &now);
}

static uint32_t time_for(const struct mirror_request *request, uint64_t size)
{
    uint64_t ms = LIMIT_FETCH_TIME_MS;

    if (request->rate_max > 0)
        ms += size / request->rate_max * 2000;
    return ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

/* What came of one: into the cache with it, or why not. */
static bool take_done(struct work *work, size_t slot, const struct fetch_done *done, struct error *err)
{
    const struct mirror_request *request = work->request;
    size_t index = work->batch[slot];
    const struct mirror_want *want = &request->wants[index];
    struct pursuit *pursuit = &work->pursuits[index];
    uint8_t *tries = &pursuit->tries[work->addresses[slot]];
    const char *path = NULL;

    *tries = (uint8_t)(*tries + 1);
    work->result.confined |= done->result.confined;
    if (done->failed.kind != ERROR_NONE) {
        pursuit->failed = done->failed;
        if (done->failed.kind == ERROR_LIMIT) /* longer than signed, or too slow to ever end */
            (void)error_at(&pursuit->failed, "%s", trust_refusal_name(TRUST_ENDLESS_DATA));
        if (done->failed.kind != ERROR_SYSTEM && done->failed.kind != ERROR_LIMIT)
            *tries = TRIES_MAX;
        return true;
    }
    if (cache_take(request->cache, &want->item, done->result.path, work->arena, &path, &pursuit->failed))
        return is_here(work, index, path, true, err) && fetch_drop(request->spool, pursuit->spool_name, err);
    *tries = TRIES_MAX;
    if (pursuit->failed.kind == ERROR_SYSTEM ||
        pursuit->failed.kind == ERROR_LIMIT) { /* the disk, not the mirror */
        *err = pursuit->failed;
        return false;
    }
    struct text shown = fetch_url_shown(work->arena, want->urls[work->addresses[slot]]);
    (void)error_set(&pursuit->failed, ERROR_TRUST, "%s: %.*s: sent something else than what was signed",
                    trust_refusal_name(TRUST_WRONG_SIGNATURE), TEXT_ARG(shown));
    return fetch_drop(request->spool, pursuit->spool_name, err);
}

static bool run_batch(struct work *work, struct error *err)
{
    const struct mirror_request *request = work->request;
    struct fetch_request *requests = ARENA_ARRAY(work->arena, struct fetch_request, work->batch_count);
    struct fetch_done *done = ARENA_ARRAY(work->arena, struct fetch_done, work->batch_count);
    struct fetch_batch batch = {.requests = requests,
                                .count = work->batch_count,
                                .rate_max = request->rate_max,
                                .progress = on_progress,
                                .self = work};
    uint64_t before = work->progress.have;

    if (requests == NULL || done == NULL)
        return arena_full(work->arena, err);
    for (size_t i = 0; i < work->batch_count; i++) {
        const struct mirror_want *want = &request->wants[work->batch[i]];
        requests[i] = (struct fetch_request){
            .program = request->program,
            .spool = request->spool,
            .name = work->pursuits[work->batch[i]].spool_name,
            .url = want->urls[work->addresses[i]],
            .ca_file = request->ca_file,
            .size_limit = want->item.size,
            .time_ms = time_for(request, want->item.size),
            .stall_ms = request->stall_ms,
            .connect_ms = request->connect_ms,
        };
    }
    if (!fetch_run_batch(&batch, work->arena, done, err))
        return false;
    work->progress.have = before;
    for (size_t i = 0; i < work->batch_count; i++)
        if (!take_done(work, i, &done[i], err))
            return false;
    return true;
}

static bool finish(struct work *work, struct mirror_result *out, struct error *err)
{
    const struct mirror_request *request = work->request;

    for (size_t i = 0; i < request->want_count; i++) {
        if (work->pursuits[i].path == NULL && !request->partly) {
            *err = work->pursuits[i].failed;
            return error_at(err, "%.*s", TEXT_ARG(request->wants[i].name));
        }
        work->result.paths[i] = work->pursuits[i].path;
        if (work->pursuits[i].path == NULL)
            work->result.failures[i] = work->pursuits[i].failed;
    }
    *out = work->result;
    return true;
}

bool mirror_fetch(const struct mirror_request *request, struct arena *arena, struct mirror_result *out,
                  struct error *err)
{
    struct work work = {
        .request = request,
        .arena = arena,
        .pursuits = ARENA_ARRAY(arena, struct pursuit, request->want_count),
        .result = {.paths = ARENA_ARRAY(arena, const char *, request->want_count),
                   .failures = ARENA_ARRAY(arena, struct error, request->want_count)},
        .progress = {.count = request->want_count},
    };

    if (work.pursuits == NULL || work.result.paths == NULL || work.result.failures == NULL)
        return arena_full(arena, err);
    if (!file_make_folders(request->spool, 0700, err) || !begin(&work, err))
        return false;
    for (choose_batch(&work); work.batch_count > 0; choose_batch(&work))
        if (!run_batch(&work, err))
            return false;
    return finish(&work, out, err);
}

/* What broke off lies in the spool. */
static uint64_t part_of(struct work *work, size_t index)
{
    struct text part =
        text_format(work->arena, "%s/%s.part", work->request->spool, work->pursuits[index].spool_name);
    uint64_t size = work->request->wants[index].item.size;
    struct file_identity file;
    struct error ignored;

    if (part.at == NULL || !file_identify(part.at, &file, &ignored))
        return 0;
    return file.size < size ? file.size : size;
}

bool mirror_look(const struct mirror_request *request, struct arena *arena, uint64_t *here, struct error *err)
{
    struct mirror_request quiet = *request;
    struct work work = {
        .request = &quiet,
        .arena = arena,
        .pursuits = ARENA_ARRAY(arena, struct pursuit, request->want_count),
    };

    quiet.progress = NULL;
    if (work.pursuits == NULL)
        return arena_full(arena, err);
    if (!file_make_folders(request->spool, 0700, err) || !begin(&work, err))
        return false;
    for (size_t i = 0; i < request->want_count; i++)
        here[i] = work.pursuits[i].path != NULL ? request->wants[i].item.size : part_of(&work, i);
    return true;
}
