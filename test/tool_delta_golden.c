/*
 * Makes the golden deltas anew: tool_delta_golden FOLDER DEB. For a new version of the format only: what is stored of an old one
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
    w.at[4] = 2;
    if (!put(folder, "bad/version.delta", writer_bytes(&w), err))
        return false;
    w.at[4] = 1;
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
    w.at[good.size - 60] ^= 0x40;
    if (!put(folder, "bad/window.delta", writer_bytes(&w), err))
        return false;
    w.at[good.size - 60] ^= 0x40;
    if (!put(folder, "bad/cut.delta", (struct bytes){w.at, good.size - 1}, err))
        return false;
    writer_byte(&w, 0);
    return put(folder, "bad/longer.delta", writer_bytes(&w), err) &&
           put(folder, "bad/empty.delta", (struct bytes){0}, err) &&
           put(folder, "bad/text.delta", BYTES("SUTURE is no delta, it only begins like one"), err);
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

int main(int argc, char **argv)
{
    struct error err = {0};

    if (argc == 3 && make_all(argv[1], argv[2], &err))
        return 0;
    fprintf(stderr, "tool_delta_golden: %s\n", argc == 3 ? err.text : "FOLDER DEB");
    return 1;
}
