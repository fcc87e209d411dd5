/*
 * Runs when the program is built: turns files into constant bytes, so that a drill has its fixtures with it and nobody
 * can change them on the machine where it runs.
 *
 *     embed_files OUT.c FILE...        rows of drill_files, by the files' names
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"

#define FILE_SIZE_MAX (64 * KIB)

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

static bool put_bytes(FILE *out, int number, const char *path, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(2 * FILE_SIZE_MAX);
    struct bytes raw = {0};

    if (!file_read(path, FILE_SIZE_MAX, &arena, &raw, err))
        return error_at(err, "%s", path);
    fprintf(out, "static const uint8_t file_%d[] = {0,", number);
    for (size_t i = 0; i < raw.size; i++)
        fprintf(out, "%s%u,", i % 24 == 0 ? "\n    " : "", raw.at[i]);
    fprintf(out, "\n};\n");
    return true;
}

static bool put_all(FILE *out, char **paths, int count, struct error *err)
{
    fprintf(out, "#include \"drill/drill_data.h\"\n");
    for (int i = 0; i < count; i++)
        if (!put_bytes(out, i, paths[i], err))
            return false;
    fprintf(out, "const struct drill_file drill_files[] = {\n");
    for (int i = 0; i < count; i++)
        fprintf(out, "    {\"%s\", {file_%d + 1, sizeof(file_%d) - 1}},\n", base_name(paths[i]), i, i);
    fprintf(out, "    {0},\n};\n");
    return true;
}

int main(int argc, char **argv)
{
    struct error err = {0};
    FILE *out = argc > 1 ? fopen(argv[1], "w") : NULL;
    bool done;

    if (out == NULL)
        return 1;
    done = put_all(out, argv + 2, argc - 2, &err);
    if (!done)
        fprintf(stderr, "embed_files: %s\n", err.text);
    return fclose(out) != 0 || !done;
}
