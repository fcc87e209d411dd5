/*
 * Runs when the program is built: turns text files into constant texts, so that what is installed is the file that
 * people read and check in data/.
 *
 *     embed_text OUT.c NAME=FILE...        const struct text NAME
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"

static bool put_text(FILE *out, const char *name, const char *path, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(2 * LIMIT_TAKEOVER_CONTENT);
    struct bytes raw = {0};
    struct text text;

    if (!file_read(path, LIMIT_TAKEOVER_CONTENT, &arena, &raw, err) ||
        !text_from_lines(raw, LIMIT_TAKEOVER_CONTENT, &text, err))
        return error_at(err, "%s", path);
    fprintf(out, "static const char %s_bytes[] = {", name);
    for (size_t i = 0; i < text.size; i++)
        fprintf(out, "%s%d,", i % 24 == 0 ? "\n    " : "", (signed char)text.at[i]);
    fprintf(out, "\n};\nconst struct text %s = {%s_bytes, %zu};\n", name, name, text.size);
    return true;
}

static bool put_all(FILE *out, char **pairs, struct error *err)
{
    fprintf(out, "#include \"base/bytes.h\"\n#include \"deploy/updaters.h\"\n");
    for (; *pairs != NULL; pairs++) {
        char *equal = strchr(*pairs, '=');
        if (equal == NULL)
            return error_set(err, ERROR_INPUT, "%s is no NAME=FILE", *pairs);
        *equal = 0;
        if (!put_text(out, *pairs, equal + 1, err))
            return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    struct error err = {0};
    FILE *out = argc > 1 ? fopen(argv[1], "w") : NULL;
    bool done;

    if (out == NULL)
        return 1;
    done = put_all(out, argv + 2, &err);
    if (!done)
        fprintf(stderr, "embed_text: %s\n", err.text);
    return fclose(out) != 0 || !done;
}
