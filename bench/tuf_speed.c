/*
 * What believing our own metadata costs beside the network: a refresh that brings no news, and one that brings 10,000
 * targets; processor time and the most memory that each took, by themselves.
 *
 *     tuf_speed
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "trust/tuf_client.h"
#include "trust/tuf_repository_testing.h"

#define NOW     INT64_C(1795305600000000)
#define LATER   "2030-01-01T00:00:00Z"
#define TARGETS 10000
#define ROUNDS  20

static void must(bool done, const struct error *err)
{
    if (done)
        return;
    fprintf(stderr, "tuf_speed: %s\n", err->text);
    exit(1);
}

/* Files below a folder, as a server has them. */
static bool bring(void *self, struct text name, uint64_t limit, struct arena *arena, struct bytes *out,
                  struct error *err)
{
    const char *path = file_path(arena, self, text_string(arena, name));

    return path != NULL && file_read(path, (size_t)limit, arena, out, err);
}

static void serve(const char *folder, const char *name, struct bytes raw, struct arena *arena)
{
    struct error err;

    must(file_replace_cache(file_path(arena, folder, name), raw, 0644, &err), &err);
}

/* 3 of 5 for root as a full tree has it; one role "deltas" with the targets. */
static void make(const char *folder, unsigned target_count)
{
    static const struct tuf_test_role roles[4] = {{"root", "01234", 3, NULL, false},
                                                  {"timestamp", "5", 1, NULL, false},
                                                  {"snapshot", "6", 1, NULL, false},
                                                  {"targets", "789", 2, NULL, false}};
    static const struct tuf_test_role delegated[] = {{"deltas", "a", 1, NULL, false},
                                                     {NULL, NULL, 0, NULL, false}};
    OWN(arena_end) struct arena arena = arena_with(512 * MIB);
    OWN(writer_end) struct writer w = writer_with(LIMIT_TUF_METADATA);
    struct tuf_test r;
    char files[512];

    tuf_test_begin(&r, &arena);
    for (unsigned i = 0; i < target_count; i++) {
        char path[64];
        (void)snprintf(path, sizeof(path), "package-%05u_1.2.3-%u+deb12u1_amd64.delta", i, i % 7);
        writer_format(&w, "%s%s", i == 0 ? "" : ",", tuf_test_target(&r, path, bytes_of_text(text_of(path))));
    }
    writer_byte(&w, 0);
    serve(folder, "1.root.json", tuf_test_sign(&r, tuf_test_root(&r, 1, LATER, roles), "012"), &arena);
    serve(folder, "1.targets.json", tuf_test_sign(&r, tuf_test_targets(&r, 1, LATER, "", delegated), "78"),
          &arena);
    serve(folder, "1.deltas.json",
          tuf_test_sign(&r, tuf_test_targets(&r, 1, LATER, (const char *)writer_bytes(&w).at, NULL), "a"),
          &arena);
    (void)snprintf(files, sizeof(files), "%s,%s", tuf_test_file(&r, "targets.json", 1),
                   tuf_test_file(&r, "deltas.json", 1));
    serve(folder, "1.snapshot.json", tuf_test_sign(&r, tuf_test_files(&r, "snapshot", 1, LATER, files), "6"),
          &arena);
    serve(folder, "timestamp.json",
          tuf_test_sign(&r, tuf_test_files(&r, "timestamp", 1, LATER, tuf_test_file(&r, "snapshot.json", 1)),
                        "5"),
          &arena);
}

static void refresh(char *server, const char *folder, bool with_role)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_TUF_MEMORY);
    OWN(tuf_client_end)
    struct tuf_client client = {
        .folder = folder, .bringer = {.metadata = bring, .self = server}, .now_us = NOW, .arena = &arena};
    const struct tuf_metadata *role;
    struct error err;

    must(tuf_client_refresh(&client, &err), &err);
    if (with_role)
        must(tuf_client_role(&client, TEXT("deltas"), TEXT("targets"), &role, &err), &err);
}

struct figures {
    int64_t first_us, best_us;
    long memory_kib, before_kib;
};

static long resident_kib(void)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

/* In a child, so that its memory is its own. The first round also loads GnuTLS. */
static struct figures measure(char *server, const char *folder, bool with_role)
{
    struct figures figures = {.best_us = INT64_MAX};
    int ends[2];

    if (pipe(ends) != 0)
        exit(1);
    pid_t child = fork();
    if (child == 0) {
        figures.before_kib = resident_kib();
        for (unsigned i = 0; i < ROUNDS; i++) {
            int64_t begun_us = time_cpu_us();
            refresh(server, folder, with_role);
            int64_t took_us = time_cpu_us() - begun_us;
            if (i == 0) {
                figures.first_us = took_us;
                figures.memory_kib = resident_kib(); /* a machine's process refreshes once */
            }
            figures.best_us = took_us < figures.best_us ? took_us : figures.best_us;
        }
        _exit(write(ends[1], &figures, sizeof(figures)) == sizeof(figures) ? 0 : 1);
    }
    (void)waitpid(child, NULL, 0);
    if (read(ends[0], &figures, sizeof(figures)) != sizeof(figures))
        exit(1);
    return figures;
}

static void run(const char *what, unsigned target_count, bool with_role)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    char server[] = "/tmp/suture-tuf-speed-XXXXXX", folder[] = "/tmp/suture-tuf-speed-XXXXXX";
    struct bytes root;
    struct error err;
    int status = 1;

    if (mkdtemp(server) == NULL || mkdtemp(folder) == NULL)
        exit(1);
    /* Made by another process: what that took is not counted. */
    pid_t maker = fork();
    if (maker == 0) {
        make(server, target_count);
        _exit(0);
    }
    if (waitpid(maker, &status, 0) != maker || status != 0)
        exit(1);
    must(file_read(file_path(&arena, server, "1.root.json"), LIMIT_TUF_ROOT, &arena, &root, &err), &err);
    pid_t first = fork();
    if (first == 0) {
        must(tuf_client_init(folder, root, &arena, &err), &err);
        refresh(server, folder, with_role);
        _exit(0);
    }
    if (waitpid(first, &status, 0) != first || status != 0)
        exit(1);
    struct figures figures = measure(server, folder, with_role);
    printf("%-32s %6.2f ms   first time, with loading GnuTLS %6.2f ms   memory %5.1f MB above the start's\n",
           what, (double)figures.best_us / 1000, (double)figures.first_us / 1000,
           (double)(figures.memory_kib - figures.before_kib) / 1024);
    (void)!file_remove_tree(server, &err);
    (void)!file_remove_tree(folder, &err);
}

int main(void)
{
    run("refresh without news", 10, false);
    run("the same with 10,000 targets", TARGETS, true);
    return 0;
}
