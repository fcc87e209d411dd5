/*
 * Breaks deltas, a great many times, and looks whether the decoder stays what it promises to be (delta/decode.h).
 *
 *     delta_mutate FOLDER seconds|count N [SEED]        FOLDER/NAME/old and new: files, folders, packages (delta_mutate.py)
 *
 * Of each pair a delta is made. Then one after the other is changed in one of the ways of delta_mutate_ways.c, and decoded. It fails
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
#include "delta/tree.h"
#include "delta_mutate_ways.h"

#define CPU_SECONDS  60         /* the longest takes a tenth of one; sanitizers and a busy machine are slow */
#define MEMORY_SPARE (16 * MIB) /* what is not the decoder's: readers' buffers, the first use of a library */
#define WAYS_MAX     16

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

/* ---- what is broken ---- */

static struct arena *forever;
static struct subjects subjects;
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
        need(old_image_take(&s->base, window->olds, window->old_count, (size_t)window->old_size, true,
                            &s->olds[i], &err) &&
                 mutate_pieces(s, i, forever, &new, &err),
             &err, s->name);
        struct window_image old = old_image_view(&s->olds[i]);
        need(window_decode(&old, &new,
                           (struct bytes){s->file.at + window->coded_at, (size_t)window->coded_size},
                           (struct window_sink){mutate_keep_bytes, &made}, &err),
             &err, s->name);
        memcpy(s->image + window->new_at, made.at, made.size);
    }
}

static void drop_images(void)
{
    for (size_t i = 0; i < subjects.count; i++)
        for (size_t j = 0; j < subjects.at[i].delta.window_count; j++)
            old_image_end(&subjects.at[i].olds[j]);
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

/* ---- one attempt ---- */

struct tally {
    uint64_t made, unmade, kinds[ERROR_COUNT];
} tallies[WAYS_MAX];

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
    mutate_begin(doing.seed + number);
    const struct subject *s = &subjects.at[mutate_below(subjects.count)];
    share = (unsigned)mutate_below(1000);
    while (way + 1 < mutate_way_count && share >= mutate_ways[way].share)
        share -= mutate_ways[way++].share;
    doing.subject = s->name;
    doing.way = mutate_ways[way].name;
    setitimer(ITIMER_PROF, &limit, NULL);
    tallies[way].made++;
    if (mutate_ways[way].make(&subjects, s, &out))
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
    need(file_list(argv[1], sizeof(subjects.at) / sizeof(subjects.at[0]), &arena, &names, &err), &err,
         argv[1]);
    for (size_t i = 0; i < names.count; i++)
        make_subject(argv[1], names.names[i], &subjects.at[subjects.count++]);
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
    for (size_t i = 0; i < mutate_way_count; i++) {
        printf("\n%-8s", mutate_ways[i].name);
        for (int kind = 0; kind < ERROR_COUNT; kind++)
            printf(" %10" PRIu64, tallies[i].kinds[kind]);
    }
    printf("\nnone passed that was not the same\n");
    drop_images();
    return file_remove_tree(folder, &err) ? 0 : 1;
}
