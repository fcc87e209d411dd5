#include "format/csv.h"

#include "base/limits.h"

struct csv csv_with(struct bytes bytes)
{
    return (struct csv){.left = bytes};
}

bool csv_line(struct csv *csv, struct bytes *out)
{
    if (csv->left.size == 0)
        return false;
    const uint8_t *newline = memchr(csv->left.at, '\n', csv->left.size);
    size_t size = newline == NULL ? csv->left.size : (size_t)(newline - csv->left.at);
    size_t taken = newline == NULL ? size : size + 1;
    struct bytes line = {csv->left.at, size};

    csv->left = (struct bytes){csv->left.at + taken, csv->left.size - taken};
    csv->line++;
    if (line.size > 0 && line.at[line.size - 1] == '\r')
        line.size--;
    *out = line;
    return true;
}

/* The end of the quoted field whose inside begins at `at`; it is followed by a comma or the line's end. */
static bool find_quote(const struct csv *csv, const uint8_t *at, const uint8_t *end, const uint8_t **out,
                       struct error *err)
{
    const uint8_t *quote = memchr(at, '"', (size_t)(end - at));

    if (quote == NULL)
        return error_set(err, ERROR_INPUT, "line %zu: a quoted field is not closed", csv->line);
    if (quote + 1 < end && quote[1] == '"')
        return error_set(err, ERROR_INPUT, "line %zu: a doubled quote, which no source of ours writes",
                         csv->line);
    if (quote + 1 < end && quote[1] != ',')
        return error_set(err, ERROR_INPUT, "line %zu: something follows a closing quote", csv->line);
    *out = quote;
    return true;
}

/* Takes the field at *at; *at is then at the comma behind it, or at the end. */
static bool take_field(const struct csv *csv, const uint8_t **at, const uint8_t *end, struct bytes *out,
                       struct error *err)
{
    const uint8_t *begin = *at, *stop;

    if (begin < end && *begin == '"') {
        begin++;
        if (!find_quote(csv, begin, end, &stop, err))
            return false;
        *at = stop + 1;
    } else {
        const uint8_t *comma = memchr(begin, ',', (size_t)(end - begin));
        stop = comma == NULL ? end : comma;
        if (memchr(begin, '"', (size_t)(stop - begin)) != NULL)
            return error_set(err, ERROR_INPUT, "line %zu: a quote inside a field that is not quoted",
                             csv->line);
        *at = stop;
    }
    *out = (struct bytes){begin, (size_t)(stop - begin)};
    return true;
}

bool csv_next(struct csv *csv, struct csv_row *out, bool *found, struct error *err)
{
    struct bytes line = {0};

    while (line.size == 0)
        if (!csv_line(csv, &line)) {
            *found = false;
            return true;
        }
    if (line.size > LIMIT_LINE)
        return error_set(err, ERROR_LIMIT, "line %zu: more than %d bytes", csv->line, LIMIT_LINE);

    const uint8_t *at = line.at, *end = line.at + line.size;
    size_t count = 0;
    for (;; at++) { /* past a comma */
        if (count == CSV_FIELDS_MAX)
            return error_set(err, ERROR_LIMIT, "line %zu: more than %d fields", csv->line, CSV_FIELDS_MAX);
        if (!take_field(csv, &at, end, &out->fields[count++], err))
            return false;
        if (at == end)
            break;
    }
    out->count = count;
    *found = true;
    return true;
}
