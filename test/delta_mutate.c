/*
 * Breaks deltas, a great many times, and looks whether the decoder stays what it promises to be (delta/decode.h).
 *
 *     delta_mutate FOLDER seconds|count N [SEED]        FOLDER/NAME/old and new: files, folders, packages (delta_mutate.py)
 *
 * Of each pair a delta is made. Then one after the other is changed in one of the ways of the table below, and decoded. It fails
 * when more bytes come out than were announced, when the spool or the memory grows beyond what was, when a decoding takes
 * CPU_SECONDS, when a folder's maker writes beside its folder, when a sanitizer or a signal says so, or when
 * bytes are taken for good that are not the ones whose digest the delta has. Each attempt depends on SEED + its
 * number alone: what is printed when one fails repeats it, with `count 1`. SIGINT or SIGTERM end it, and it tells how far it came.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "delta/base_path.h"
#include "delta/decode.h"
#include "delta/encode.h"
#include "delta/old_image.h"
#include "delta/tree.h"

#define SUBJECTS_MAX 32
#define CPU_SECONDS  60         /* the longest takes a tenth of one; sanitizers and a busy machine are slow */
#define MEMORY_SPARE (16 * MIB) /* what is not the decoder's: readers' buffers, the first use of a library */
#define OUTPUT_KEPT  (4 * MIB)

/* ---- memory: what the decoder takes from malloc, by the linker's --wrap ---- */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *at, size_t size);
void __real_free(void *at);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *at, size_t size);
void __wrap_free(void *at);

static atomic_long memory_now, memory_peak;

static void *count_more(void *at)
{
    if (at == NULL)
        return NULL;
    long now = atomic_fetch_add(&memory_now, (long)malloc_usable_size(at)) + (long)malloc_usable_size(at);
    long peak = atomic_load(&memory_peak);
    while (now > peak && !atomic_compare_exchange_weak(&memory_peak, &peak, now))
        ;
    return at;
}

void *__wrap_malloc(size_t size)
{
    return count_more(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
    return count_more(__real_calloc(count, size));
}

void *__wrap_realloc(void *at, size_t size)
{
    size_t before = at == NULL ? 0 : malloc_usable_size(at);
    void *grown = __real_realloc(at, size);

    if (grown != NULL)
        atomic_fetch_sub(&memory_now, (long)before);
    return count_more(grown);
}

void __wrap_free(void *at)
{
    if (at != NULL)
        atomic_fetch_sub(&memory_now, (long)malloc_usable_size(at));
    __real_free(at);
}

/* ---- chance ---- */

static uint64_t chance_state;

static uint64_t chance(void)
{
    uint64_t z = (chance_state += 0x9e3779b97f4a7c15U);

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

static uint64_t below(uint64_t bound)
{
    return bound == 0 ? 0 : chance() % bound;
}

/* Numbers that break things. */
static uint64_t number_near(uint64_t value)
{
    static const uint64_t odd[] = {0,          1,          2,          127,       128,
                                   255,        65535,      65536,      1 << 24,   0x7fffffff,
                                   0x80000000, 0xffffffff, 1ULL << 32, INT64_MAX, UINT64_MAX};

    switch (below(6)) {
    case 0:
        return value + 1;
    case 1:
        return value - 1;
    case 2:
        return value * 2;
    case 3:
        return value / 2;
    case 4:
        return below(value + 2);
    default:
        return odd[below(sizeof(odd) / sizeof(odd[0]))];
    }
}

/* ---- what is broken ---- */

struct subject {
    const char *name;
    struct base base;
    struct bytes file;
    struct delta delta;
    uint8_t *image;         /* new, whole */
    struct old_image *olds; /* of each window */
};

static struct arena *forever;
static struct subject subjects[SUBJECTS_MAX];
static size_t subject_count;
static const char *work; /* a folder */

/* What is being done, for the one who is told that it failed. */
static struct {
    uint64_t seed, number;
    const char *subject, *way;
} doing;

static void tell_and_leave(const char *what)
{
    fprintf(stderr, "FAILED: %s: %s, %s: repeat with count 1 %" PRIu64 "\n", what, doing.subject, doing.way,
            doing.seed + doing.number);
    _exit(1);
}

static volatile sig_atomic_t stop_asked;

static void on_stop(int number)
{
    (void)number;
    stop_asked = 1;
}

static void on_signal(int number)
{
    tell_and_leave(number == SIGPROF ? "it does not come to an end" : strsignal(number));
}

static void need(bool done, const struct error *err, const char *what)
{
    if (done)
        return;
    fprintf(stderr, "%s: %s\n", what, err->text);
    exit(1);
}

/* Opens the old side, as what the new one is. */
static void open_base(const char *path, enum delta_kind kind, struct subject *s)
{
    static const enum base_kind kinds[DELTA_KIND_COUNT] = {
        [DELTA_FILE] = BASE_KIND_FILE, [DELTA_FOLDER] = BASE_KIND_FOLDER, [DELTA_DEB] = BASE_KIND_PACKAGE};
    struct base_path *base = arena_take(forever, sizeof(*base));
    struct error err = {0};

    need(base_path_open(path, kinds[kind], work, forever, base, &err), &err, path);
    s->base = base->base;
}

static bool keep_bytes(void *self, struct bytes bytes, struct error *err)
{
    struct writer *into = self;
    struct bytes all;

    writer_put(into, bytes);
    return writer_done(into, &all, err);
}

static bool take_pieces(const struct subject *s, size_t window, struct arena *arena, struct window_image *out,
                        struct error *err)
{
    struct delta_pieces pieces;

    if (!delta_pieces(&s->delta, window, arena, &pieces, err))
        return false;
    *out = (struct window_image){.pieces = pieces.at, .piece_count = pieces.count};
    return true;
}

/* Every window's two images, for ways that make windows anew. */
static void take_images(struct subject *s)
{
    struct error err = {0};

    s->image = arena_take(forever, (size_t)s->delta.image_size + 1);
    s->olds = arena_take_array(forever, s->delta.window_count, sizeof(*s->olds));
    for (size_t i = 0; i < s->delta.window_count; i++) {
        OWN(writer_end) struct writer made = writer_with((size_t)s->delta.image_size + 1);
        const struct delta_window *window = &s->delta.windows[i];
        struct window_image new;
        need(old_image_take(&s->base, window->olds, window->old_count, (size_t)window->old_size, &s->olds[i],
                            &err) &&
                 take_pieces(s, i, forever, &new, &err),
             &err, s->name);
        struct window_image old = old_image_view(&s->olds[i]);
        need(window_decode(&old, &new,
                           (struct bytes){s->file.at + window->coded_at, (size_t)window->coded_size},
                           (struct window_sink){keep_bytes, &made}, &err),
             &err, s->name);
        memcpy(s->image + window->new_at, made.at, made.size);
    }
}

static void make_subject(const char *folder, struct text name, struct subject *s)
{
    OWN(writer_end) struct writer out = writer_with(64 * MIB);
    OWN(target_end) struct target target = {0};
    const char *pair = file_path(forever, folder, name.at);
    const char *new = file_path(forever, pair, "new");
    struct encode_result result;
    struct error err = {0};
    enum delta_kind kind;

    s->name = text_string(forever, name);
    need(target_kind(new, &kind, &err), &err, new);
    open_base(file_path(forever, pair, "old"), kind, s);
    need(target_open(new, kind, work, (struct deb_budget){.threads = 1}, forever, &target, &err), &err, new);
    const struct encode_request request = {
        .base = &s->base, .target = &target, .work = work, .memory_max = 1024 * MIB};
    need(delta_encode(&request, &out, &result, &err), &err, s->name);
    uint8_t *kept = arena_take(forever, out.size + 1);
    memcpy(kept, out.at, out.size);
    s->file = (struct bytes){kept, out.size};
    need(delta_read(s->file, forever, &s->delta, &err), &err, s->name);
    take_images(s);
    printf("%-24s %6zu bytes, %zu windows, makes %" PRIu64 "\n", s->name, s->file.size, s->delta.window_count,
           s->delta.output_size);
}

/* ---- ways ---- */

static void put_whole(const struct subject *s, struct writer *out)
{
    writer_put(out, s->file);
}

static bool flip_bits(const struct subject *s, struct writer *out)
{
    put_whole(s, out);
    for (uint64_t left = 1 + below(8); left > 0; left--)
        out->at[below(out->size)] ^= (uint8_t)(1U << below(8));
    return true;
}

/* The front decides most: header and table. */
static bool flip_front(const struct subject *s, struct writer *out)
{
    put_whole(s, out);
    for (uint64_t left = 1 + below(4); left > 0; left--)
        out->at[4 + below((out->size < 160 ? out->size : 160) - 4)] ^= (uint8_t)(1U << below(8));
    return true;
}

static bool set_bytes(const struct subject *s, struct writer *out)
{
    put_whole(s, out);
    for (uint64_t left = 1 + below(4); left > 0; left--)
        out->at[below(out->size)] = (uint8_t)number_near(out->at[below(out->size)]);
    return true;
}

static bool cut(const struct subject *s, struct writer *out)
{
    writer_put(out, (struct bytes){s->file.at, (size_t)below(s->file.size)});
    return true;
}

static bool lengthen(const struct subject *s, struct writer *out)
{
    put_whole(s, out);
    for (uint64_t left = 1 + below(64); left > 0; left--)
        writer_byte(out, (uint8_t)chance());
    return true;
}

/* A piece of this one or another, put over or between. */
static bool splice_pieces(const struct subject *s, struct writer *out)
{
    const struct subject *other = below(2) == 0 ? s : &subjects[below(subject_count)];
    size_t from = (size_t)below(other->file.size), size = (size_t)below(other->file.size - from + 1);
    size_t at = (size_t)below(s->file.size + 1);
    size_t behind = below(2) == 0 ? at : at + size;

    writer_put(out, (struct bytes){s->file.at, at});
    writer_put(out, (struct bytes){other->file.at + from, size});
    if (behind < s->file.size)
        writer_put(out, (struct bytes){s->file.at + behind, s->file.size - behind});
    return true;
}

/* A delta of one's own: header and table are written anew, so what is asked for are the meanings, not the bytes. */
struct making {
    struct delta delta;
    struct delta_part *parts;
    struct delta_window *windows;
    struct bytes *coded; /* of each window */
    struct arena *arena;
};

static bool make_own(const struct subject *s, struct arena *arena, struct making *m)
{
    *m = (struct making){.delta = s->delta, .arena = arena};
    m->parts = arena_take_array(arena, s->delta.part_count + 1, sizeof(*m->parts));
    m->windows = arena_take_array(arena, s->delta.window_count + 1, sizeof(*m->windows));
    m->coded = arena_take_array(arena, s->delta.window_count + 1, sizeof(*m->coded));
    if (m->parts == NULL || m->windows == NULL || m->coded == NULL)
        return false;
    if (s->delta.part_count > 0)
        memcpy(m->parts, s->delta.parts, s->delta.part_count * sizeof(*m->parts));
    for (size_t i = 0; i < s->delta.window_count; i++) {
        m->windows[i] = s->delta.windows[i];
        m->coded[i] = (struct bytes){s->file.at + m->windows[i].coded_at, (size_t)m->windows[i].coded_size};
    }
    m->delta.parts = m->parts;
    m->delta.windows = m->windows;
    return true;
}

static bool write_own(struct making *m, struct writer *out)
{
    struct error err;

    for (size_t i = 0; i < m->delta.window_count; i++)
        m->windows[i].coded_size = m->coded[i].size;
    if (!delta_write(&m->delta, out, &err))
        return false;
    for (size_t i = 0; i < m->delta.window_count; i++)
        writer_put(out, m->coded[i]);
    return true;
}

static void change_part(struct making *m)
{
    struct delta_part *part = &m->parts[below(m->delta.part_count)];

    switch (below(6)) {
    case 0:
        part->same = below(3) == 0 ? DELTA_NEW : (uint32_t)number_near(part->same);
        break;
    case 1:
        part->opener = (uint32_t)below(OPENER_KIND_COUNT + 2);
        break;
    case 2: {
        size_t size = (size_t)below(32);
        uint8_t *settings = arena_take(m->arena, size + 1);
        for (size_t i = 0; i < size; i++)
            settings[i] = i < part->settings.size && below(4) > 0 ? part->settings.at[i] : (uint8_t)chance();
        part->settings = (struct bytes){settings, size};
        break;
    }
    case 3:
        part->file_size = number_near(part->file_size);
        break;
    case 4:
        part->image_size = number_near(part->image_size);
        break;
    default: {
        struct delta_part *other = &m->parts[below(m->delta.part_count)], kept = *other;
        *other = *part;
        *part = kept;
    }
    }
}

static void change_window(struct making *m)
{
    size_t index = (size_t)below(m->delta.window_count);
    struct delta_window *window = &m->windows[index];

    switch (below(6)) {
    case 0:
        window->new_size = number_near(window->new_size);
        break;
    case 1:
        window->old_size = number_near(window->old_size);
        break;
    case 2:
        window->old_count = (uint32_t)below(window->old_count + 1);
        break;
    case 3: {
        struct delta_old *olds = arena_take_array(m->arena, window->old_count + 1, sizeof(*olds));
        if (olds == NULL || window->old_count == 0)
            return;
        memcpy(olds, window->olds, window->old_count * sizeof(*olds));
        struct delta_old *old = &olds[below(window->old_count)];
        if (below(2) == 0)
            old->part = (uint32_t)number_near(old->part);
        else
            old->opener = (uint32_t)below(OPENER_KIND_COUNT + 2);
        window->olds = olds;
        break;
    }
    case 4:
        m->coded[index] = m->coded[below(m->delta.window_count)];
        break;
    default:
        window->hash[below(DELTA_HASH_SIZE)] ^= 1;
    }
}

static bool change_fields(const struct subject *s, struct writer *out)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    struct making m;

    if (!make_own(s, &arena, &m))
        return false;
    for (uint64_t left = 1 + below(3); left > 0; left--)
        switch (below(8)) {
        case 0:
            m.delta.output_size = number_near(m.delta.output_size);
            break;
        case 1:
            m.delta.structure_size = number_near(m.delta.structure_size);
            break;
        case 2:
            m.delta.part_count = (size_t)below(m.delta.part_count + 1);
            break;
        case 3:
            m.delta.kind = (enum delta_kind)(1 + below(DELTA_KIND_COUNT - 1));
            break;
        case 4:
        case 5:
            if (m.delta.part_count > 0)
                change_part(&m);
            break;
        default:
            if (m.delta.window_count > 0)
                change_window(&m);
        }
    return write_own(&m, out);
}

static void hash_window(struct delta_window *window, struct bytes bytes)
{
    struct digest digest;
    struct error err;

    if (digest_bytes(DIGEST_SHA256, bytes, &digest, &err))
        memcpy(window->hash, digest.at, DELTA_HASH_SIZE);
}

/* Broken codes whose window's hash is right all the same, as one makes them who means ill. */
static bool change_codes(const struct subject *s, struct writer *out)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    OWN(writer_end) struct writer made = writer_with((size_t)s->delta.image_size + 1);
    struct window_image new;
    struct making m;
    struct error err;

    if (s->delta.window_count == 0 || !make_own(s, &arena, &m))
        return false;
    size_t index = (size_t)below(s->delta.window_count);
    if (m.coded[index].size == 0)
        return false;
    uint8_t *coded = arena_take(&arena, m.coded[index].size);
    memcpy(coded, m.coded[index].at, m.coded[index].size);
    for (uint64_t left = 1 + below(3); left > 0; left--)
        coded[below(m.coded[index].size)] ^= (uint8_t)(1U << below(8));
    m.coded[index].at = coded;
    struct window_image old = old_image_view(&s->olds[index]);
    if (!take_pieces(s, index, &arena, &new, &err))
        return false;
    if (window_decode(&old, &new, m.coded[index], (struct window_sink){keep_bytes, &made}, &err))
        hash_window(&m.windows[index], writer_bytes(&made));
    return write_own(&m, out);
}

/* Another new image, coded rightly: what comes behind the windows is to believe none of it. */
static bool change_image(const struct subject *s, struct writer *out)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    uint64_t bound =
        s->delta.structure_size > 0 && below(2) == 0 ? s->delta.structure_size : s->delta.image_size;
    struct making m;
    struct error err;

    if (bound == 0 || !make_own(s, &arena, &m))
        return false;
    uint8_t *image = arena_take(&arena, (size_t)s->delta.image_size);
    memcpy(image, s->image, (size_t)s->delta.image_size);
    for (uint64_t left = 1 + below(6); left > 0; left--) {
        uint64_t at = below(bound);
        image[at] = below(2) == 0 ? image[at] ^ (uint8_t)(1U << below(8)) : (uint8_t)number_near(image[at]);
    }
    for (size_t i = 0; i < s->delta.window_count; i++) {
        OWN(writer_end) struct writer coded = writer_with(64 * MIB);
        const struct window_choice choice = {.memory_max = 256 * MIB};
        struct bytes part = {image + m.windows[i].new_at, (size_t)m.windows[i].new_size};
        struct window_image new, old = old_image_view(&s->olds[i]);
        if (memcmp(part.at, s->image + m.windows[i].new_at, part.size) == 0)
            continue;
        if (!take_pieces(s, i, &arena, &new, &err))
            return false;
        new.bytes = part;
        if (!window_encode(&old, &new, &choice, &coded, &err))
            return false;
        uint8_t *kept = arena_take(&arena, coded.size + 1);
        memcpy(kept, coded.at, coded.size);
        m.coded[i] = (struct bytes){kept, coded.size};
        hash_window(&m.windows[i], part);
    }
    return write_own(&m, out);
}

static const struct {
    const char *name;
    bool (*make)(const struct subject *s, struct writer *out);
    unsigned share; /* of 1000 */
} ways[] = {
    {"bits", flip_bits, 250},       {"front", flip_front, 200},
    {"bytes", set_bytes, 100},      {"cut", cut, 50},
    {"longer", lengthen, 20},       {"splice", splice_pieces, 100},
    {"fields", change_fields, 180}, {"codes", change_codes, 90},
    {"image", change_image, 10},
};
#define WAYS (sizeof(ways) / sizeof(ways[0]))

/* ---- one attempt ---- */

struct tally {
    uint64_t made, unmade, kinds[ERROR_COUNT];
} tallies[WAYS];

struct taking {
    uint64_t size, announced;
    struct digester digester;
    struct tree_maker *maker; /* of a folder */
};

static bool take_output(void *self, struct bytes bytes, struct error *err)
{
    struct taking *taking = self;

    taking->size += bytes.size;
    if (taking->size > taking->announced)
        tell_and_leave("more bytes than announced");
    if (taking->maker != NULL && !tree_maker_put(taking->maker, bytes, err))
        return false;
    return digester_add(&taking->digester, bytes, err);
}

/* Whoever writes a folder from what is not proved yet must stay in it. */
static void check_beside(const char *inside)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct file_names names;
    struct error err;

    if (!file_list(inside, 16, &arena, &names, &err) || names.count != 1)
        tell_and_leave("something was written beside the folder");
}

static void decode_once(const struct subject *s, struct bytes file, struct tally *tally)
{
    OWN(arena_end) struct arena arena = arena_with(256 * MIB), of_maker = arena_with(256 * MIB);
    OWN(tree_maker_end) struct tree_maker *maker = NULL;
    OWN(digester_end) struct digester digester = {0};
    OWN(own_fd) int spool = -1;
    const char *inside = file_path(&of_maker, work, "inside"),
               *folder = file_path(&of_maker, inside, "folder");
    struct error err = {0};
    struct decode_cost cost;
    struct delta delta;
    struct stat held;

    atomic_store(&memory_peak, atomic_load(&memory_now));
    long before = atomic_load(&memory_now);
    if (!delta_read(file, &arena, &delta, &err)) {
        tally->kinds[err.kind]++;
        return;
    }
    if (delta.file_size > file.size) { /* as who has a file of a delta looks first */
        tally->kinds[ERROR_INPUT]++;
        return;
    }
    struct taking taking = {.announced = delta.output_size};
    spool = memfd_create("spool", MFD_CLOEXEC);
    if (s->delta.kind == DELTA_FOLDER)
        need(mkdir(folder, 0700) == 0 && tree_maker_open(folder, &of_maker, &maker, &err), &err, folder);
    taking.maker = maker;
    need(digester_open(DIGEST_SHA256, &taking.digester, &err), &err, "digest");
    const struct decode_work decoding = {
        .spool = spool, .sink = {take_output, &taking}, .threads = 1, .memory_max = 512 * MIB};
    bool done = delta_decode(&delta, file, &s->base, &decoding, &cost, &err);
    digester = taking.digester;
    if (fstat(spool, &held) != 0 || (uint64_t)held.st_size > delta_room(&delta))
        tell_and_leave("the spool is larger than announced");
    if ((uint64_t)(atomic_load(&memory_peak) - before) > delta_memory(&delta) + MEMORY_SPARE)
        tell_and_leave("more memory than announced");
    if (done) {
        struct digest got;
        digester_close(&digester, &got);
        if (taking.size != delta.output_size || !digest_equal(&got, &delta.output) ||
            !digest_equal(&got, &s->delta.output))
            tell_and_leave("wrong bytes pass");
    }
    tree_maker_end(&maker);
    if (s->delta.kind == DELTA_FOLDER) {
        check_beside(inside);
        need(file_remove_tree(folder, &err), &err, folder);
    }
    tally->kinds[done ? ERROR_NONE : err.kind]++;
}

static void attempt(uint64_t number)
{
    OWN(writer_end) struct writer out = writer_with(256 * MIB);
    const struct itimerval limit = {.it_value = {CPU_SECONDS, 0}};
    unsigned share;
    size_t way = 0;

    doing.number = number;
    chance_state = (doing.seed + number) * 0x2545f4914f6cdd1dU;
    const struct subject *s = &subjects[below(subject_count)];
    share = (unsigned)below(1000);
    while (way + 1 < WAYS && share >= ways[way].share)
        share -= ways[way++].share;
    doing.subject = s->name;
    doing.way = ways[way].name;
    setitimer(ITIMER_PROF, &limit, NULL);
    tallies[way].made++;
    if (ways[way].make(s, &out))
        decode_once(s, writer_bytes(&out), &tallies[way]);
    else
        tallies[way].unmade++;
}

int main(int argc, char **argv)
{
    OWN(arena_end) struct arena arena = arena_with(1024 * MIB);
    static const int signals[] = {SIGPROF, SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
    struct file_names names;
    struct error err = {0};
    char folder[] = "/dev/shm/suture-mutate-XXXXXX"; /* folders are made and removed by the thousand */
    uint64_t number = 0;

    if (argc < 4 || mkdtemp(folder) == NULL)
        return 2;
    forever = &arena;
    work = folder;
    const char *inside = file_path(&arena, folder, "inside");
    need(mkdir(inside, 0700) == 0, &err, inside);
    need(file_list(argv[1], SUBJECTS_MAX, &arena, &names, &err), &err, argv[1]);
    for (size_t i = 0; i < names.count; i++)
        make_subject(argv[1], names.names[i], &subjects[subject_count++]);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        signal(signals[i], on_signal);
    signal(SIGTERM, on_stop);
    signal(SIGINT, on_stop);
    doing.seed = argc > 4 ? strtoull(argv[4], NULL, 10) : (uint64_t)time_now_us();
    bool by_time = strcmp(argv[2], "seconds") == 0;
    uint64_t bound = strtoull(argv[3], NULL, 10);
    for (int64_t begin = time_now_us();
         stop_asked == 0 &&
         (by_time ? time_now_us() - begin < (int64_t)bound * TIME_SECOND_US : number < bound);
         number++)
        attempt(number);
    printf("%" PRIu64 " broken deltas, seed %" PRIu64 "\n%-8s", number, doing.seed, "");
    for (int kind = 0; kind < ERROR_COUNT; kind++)
        printf(" %10s", kind == ERROR_NONE ? "the same" : error_kind_name((enum error_kind)kind));
    for (size_t i = 0; i < WAYS; i++) {
        printf("\n%-8s", ways[i].name);
        for (int kind = 0; kind < ERROR_COUNT; kind++)
            printf(" %10" PRIu64, tallies[i].kinds[kind]);
    }
    printf("\nnone passed that was not the same\n");
    return file_remove_tree(folder, &err) ? 0 : 1;
}
