#include "cli/lines.h"

bool lines_next(struct lines *lines, struct text *out, struct error *err)
{
    size_t size = 0;
    int byte;

    *err = (struct error){.kind = ERROR_NONE};
    while ((byte = getc_unlocked(lines->in)) != EOF && byte != '\n') {
        if (size == sizeof(lines->at))
            return error_set(err, ERROR_LIMIT, "line %zu: is longer than %zu bytes", lines->number + 1,
                             sizeof(lines->at));
        lines->at[size++] = (uint8_t)byte;
    }
    if (ferror(lines->in))
        return error_system(err, "standard input");
    if (byte == EOF && size == 0)
        return false;
    lines->number++;
    if (!text_from_lines((struct bytes){lines->at, size}, sizeof(lines->at), out, err))
        return error_at(err, "line %zu", lines->number);
    return true;
}
