#include "format/deb822.h"

#include <assert.h>

#include "base/limits.h"

#define NO_FIELD 0xff
/* Of a broken line, as much as a message needs. */
#define SHOWN_MAX 60

/* What may stand in a field's name, deb822(5): printable ASCII but the colon. */
static bool is_name_byte(uint8_t byte)
{
    return byte > ' ' && byte < 0x7f && byte != ':';
}

static size_t bucket_of(uint8_t byte)
{
    return byte & 31; /* the same for both cases of a letter */
}

struct deb822 deb822_with(struct bytes bytes, struct deb822_fields fields, bool comments)
{
    struct deb822 deb822 = {.left = bytes, .fields = fields, .comments = comments};

    assert(fields.count <= DEB822_FIELDS_MAX);
    memset(deb822.first, NO_FIELD, sizeof(deb822.first));
    for (size_t i = 0; i < fields.count; i++) {
        size_t bucket = bucket_of((uint8_t)fields.names[i][0]), size = strlen(fields.names[i]);
        assert(size > 0 && size < NO_FIELD);
        deb822.sizes[i] = (uint8_t)size;
        deb822.next[i] = deb822.first[bucket];
        deb822.first[bucket] = (uint8_t)i;
    }
    return deb822;
}

/* The wanted field of that name, or NO_FIELD. */
static size_t find_field(const struct deb822 *deb822, const uint8_t *name, size_t size)
{
    for (size_t i = deb822->first[bucket_of(name[0])]; i != NO_FIELD; i = deb822->next[i])
        if (deb822->sizes[i] == size && (memcmp(deb822->fields.names[i], name, size) == 0 ||
                                         text_equal_caseless((struct text){deb822->fields.names[i], size},
                                                             (struct text){(const char *)name, size})))
            return i;
    return NO_FIELD;
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

/* Without the blanks at both ends. */
static struct bytes trimmed(const uint8_t *at, const uint8_t *end)
{
    while (at < end && is_blank(*at))
        at++;
    while (at < end && is_blank(end[-1]))
        end--;
    return (struct bytes){at, (size_t)(end - at)};
}

/* A line that begins a field. *field is its index, or NO_FIELD when it is not wanted. */
static bool begin_field(const struct deb822 *deb822, struct bytes line, struct deb822_paragraph *out,
                        size_t *field, struct error *err)
{
    size_t size = 0;

    while (size < line.size && is_name_byte(line.at[size]))
        size++;
    if (size == 0 || size == line.size || line.at[size] != ':' || line.at[0] == '-' || line.at[0] == '#')
        return error_set(err, ERROR_INPUT,
                         "line %zu: \"%.*s\" is neither a field nor the continuation of one", deb822->line,
                         (int)(line.size < SHOWN_MAX ? line.size : SHOWN_MAX), (const char *)line.at);
    *field = find_field(deb822, line.at, size);
    if (*field == NO_FIELD)
        return true;
    if (out->values[*field].at != NULL)
        return error_set(err, ERROR_INPUT, "line %zu: %s is given twice", deb822->line,
                         deb822->fields.names[*field]);
    out->values[*field] = trimmed(line.at + size + 1, line.at + line.size);
    return true;
}

/* The line at `at`, without its newline; counts it. */
static struct bytes take_line(struct deb822 *deb822)
{
    const uint8_t *newline = memchr(deb822->left.at, '\n', deb822->left.size);
    size_t size = newline == NULL ? deb822->left.size : (size_t)(newline - deb822->left.at);
    size_t taken = newline == NULL ? size : size + 1;
    struct bytes line = {deb822->left.at, size};

    deb822->left = (struct bytes){deb822->left.at + taken, deb822->left.size - taken};
    deb822->line++;
    return line;
}

static bool is_comment(const struct deb822 *deb822, struct bytes line)
{
    return line.at[0] == '#' && deb822->comments;
}

bool deb822_next(struct deb822 *deb822, struct deb822_paragraph *out, bool *found, struct error *err)
{
    const uint8_t *begin = NULL, *end = NULL;
    size_t field = NO_FIELD;

    memset(out->values, 0, deb822->fields.count * sizeof(out->values[0]));
    while (deb822->left.size > 0) {
        struct bytes line = take_line(deb822);
        if (line.size == 0 && begin != NULL)
            break;
        if (line.size == 0 || is_comment(deb822, line))
            continue;
        if (begin == NULL) {
            begin = line.at;
            out->line = deb822->line;
        }
        end = line.at + line.size;
        if ((size_t)(end - begin) > LIMIT_PARAGRAPH)
            return error_set(err, ERROR_LIMIT, "line %zu: a paragraph of more than %zu bytes", out->line,
                             LIMIT_PARAGRAPH);
        if (is_blank(line.at[0]) && begin != line.at) {
            if (field != NO_FIELD)
                out->values[field] = trimmed(out->values[field].at, end);
        } else if (!begin_field(deb822, line, out, &field, err)) {
            return false;
        }
    }
    *found = begin != NULL;
    out->whole = (struct bytes){begin, (size_t)(end - begin)};
    return true;
}

size_t deb822_whole(struct bytes bytes)
{
    for (size_t size = bytes.size; size > 1;) {
        const uint8_t *newline = memrchr(bytes.at, '\n', size);
        if (newline == NULL)
            return 0;
        size = (size_t)(newline - bytes.at);
        if (size > 0 && bytes.at[size - 1] == '\n')
            return size + 1;
    }
    return 0;
}
