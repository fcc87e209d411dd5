/*
 * Makes the golden deltas anew: tool_delta_golden GOLDEN, the folder test/golden/delta. For a new version of the format only: what is stored of an old one
 * must always be decoded.
 */
#include <stdio.h>

#include "base/limits.h"
#include "base/own.h"
#include "delta/codec_testing.h"

static bool put(const char *folder, const char *name, struct bytes bytes, struct error *err)
{
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    return file_replace(path, bytes, 0644, err);
}

static bool make_delta(const char *folder, const char *name, const struct base *base,
                       const struct target *target, size_t memory_max, struct writer *out, struct error *err)
{
    struct encode_request request = {
        .base = base, .target = target, .work = "/tmp", .memory_max = memory_max};

    writer_clear(out);
    return delta_encode(&request, out, NULL, err) && put(folder, name, writer_bytes(out), err);
}

/* Broken ones, of that which the writer holds: each fails in its own way (delta/codec_test.c has the texts). */
static bool make_bad(const char *folder, struct bytes good, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(good.size + 1);

    writer_put(&w, good);
    w.at[4] = DELTA_VERSION + 1;
    if (!put(folder, "bad/version.delta", writer_bytes(&w), err))
        return false;
    w.at[4] = DELTA_VERSION;
    w.at[6] ^= 1;
    if (!put(folder, "bad/output.delta", writer_bytes(&w), err))
        return false;
    w.at[6] ^= 1;
    w.at[40] ^= 1;
    if (!put(folder, "bad/base.delta", writer_bytes(&w), err))
        return false;
    w.at[40] ^= 1;
    w.at[60] ^= 0x40;
    if (!put(folder, "bad/table.delta", writer_bytes(&w), err))
        return false;
    w.at[60] ^= 0x40;
    w.at[good.size - 20] ^= 0x40;
    if (!put(folder, "bad/window.delta", writer_bytes(&w), err))
        return false;
    w.at[good.size - 20] ^= 0x40;
    if (!put(folder, "bad/cut.delta", (struct bytes){w.at, good.size - 1}, err))
        return false;
    writer_byte(&w, 0);
    return put(folder, "bad/longer.delta", writer_bytes(&w), err) &&
           put(folder, "bad/empty.delta", (struct bytes){0}, err) &&
           put(folder, "bad/text.delta", BYTES("SUTURE is no delta, it only begins like one"), err);
}

static bool read_golden(const char *golden, const char *name, struct arena *arena, struct bytes *out,
                        struct error *err)
{
    const char *path = file_path(arena, golden, name);

    return path == NULL ? arena_full(arena, err) : file_read(path, MIB, arena, out, err);
}

/* A library that becomes another one, and a program of which some bytes change. */
static bool make_elf(const char *golden, const char *folder, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    OWN(writer_end) struct writer w = writer_with(MIB), edited = writer_with(MIB);
    OWN(codec_target_end) struct codec_target target = {0};
    struct codec_file olds[2] = {{"/library.so", {0}}, {"/program", {0}}};
    struct codec_file news[2] = {{"/library.so", {0}}, {"/program", {0}}};
    struct codec_base base;

    if (!read_golden(golden, "elf/library.so", &arena, &olds[0].bytes, err) ||
        !read_golden(golden, "elf/program", &arena, &olds[1].bytes, err) ||
        !read_golden(golden, "elf/exceptions.so", &arena, &news[0].bytes, err))
        return false;
    writer_put(&edited, olds[1].bytes);
    for (size_t i = 300; i < edited.size; i += 300)
        edited.at[i]++;
    news[1].bytes = writer_bytes(&edited);
    codec_base_with(&base, BASE_KIND_FOLDER, olds, 2);
    codec_target_folder(&target, news, 2);
    return make_delta(folder, "elf.delta", &base.base, &target.target, 256 * MIB, &w, err);
}

static bool make_all(const char *folder, const char *deb, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    OWN(writer_end) struct writer w = writer_with(MIB);
    OWN(target_end) struct target package = {0};
    OWN(codec_target_end) struct codec_target target = {0};
    OWN(own_memory) struct made *made = calloc(1, sizeof(*made));
    struct codec_base base;

    if (made == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory");
    make(made);
    codec_base_with(&base, BASE_KIND_FOLDER, made->olds, 4);
    codec_target_folder(&target, made->news, 5);
    if (!make_delta(folder, "windows.delta", &base.base, &target.target, 64 * KIB, &w, err) ||
        !make_delta(folder, "folder.delta", &base.base, &target.target, 256 * MIB, &w, err) ||
        !make_bad(folder, writer_bytes(&w), err))
        return false;
    codec_target_end(&target);
    codec_target_file(&target, made->news[1].bytes);
    struct codec_file old = {"", made->olds[1].bytes};
    codec_base_with(&base, BASE_KIND_FILE, &old, 1);
    if (!make_delta(folder, "file.delta", &base.base, &target.target, 256 * MIB, &w, err))
        return false;
    codec_base_with(&base, BASE_KIND_PACKAGE, made->olds, 4);
    base.base.package = TEXT("sample");
    base.base.version = TEXT("1.0-1");
    base.base.arch = TEXT("all");
    return target_open(deb, DELTA_DEB, "/tmp", (struct deb_budget){1, 512 * MIB}, &arena, &package, err) &&
           make_delta(folder, "package.delta", &base.base, &package, 256 * MIB, &w, err);
}

static bool make_golden(const char *golden, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    const char *folder = file_path(&arena, golden, "codec"),
               *deb = file_path(&arena, golden, "deb/usual.deb");

    if (folder == NULL || deb == NULL)
        return arena_full(&arena, err);
    return make_all(folder, deb, err) && make_elf(golden, folder, err);
}

int main(int argc, char **argv)
{
    struct error err = {0};

    if (argc == 2 && make_golden(argv[1], &err))
        return 0;
    fprintf(stderr, "tool_delta_golden: %s\n", argc == 2 ? err.text : "GOLDEN");
    return 1;
}
