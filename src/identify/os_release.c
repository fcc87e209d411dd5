#include "identify/os_release.h"

#include <ctype.h>

#include "base/file.h"
#include "base/limits.h"

#define VALUE_MAX 256

/* The value as a shell would have it; false when quotes do not match. */
static bool unquote(struct text raw, struct arena *arena, struct text *out)
{
    char quote = raw.size > 0 && (raw.at[0] == '"' || raw.at[0] == '\'') ? raw.at[0] : 0;
    char *at = arena_take(arena, raw.size + 1);
    size_t size = 0, end = raw.size;

    if (at == NULL)
        return false;
    if (quote != 0 && (raw.size < 2 || raw.at[--end] != quote))
        return false;
    for (size_t i = quote != 0; i < end; i++) {
        if (raw.at[i] == '\\' && quote != '\'' && i + 1 < end)
            i++;
        else if (raw.at[i] == quote && quote != 0)
            return false;
        at[size++] = raw.at[i];
    }
    *out = (struct text){at, size};
    return true;
}

static bool take_line(struct text line, struct arena *arena, struct os_release *into, struct error *err)
{
    struct {
        const char *name;
        struct text *value;
    } const wanted[] = {
        {"ID", &into->id},
        {"VERSION_ID", &into->version_id},
        {"VERSION_CODENAME", &into->codename},
        {"PRETTY_NAME", &into->pretty_name},
    };
    struct text name, value = line;

    line = text_trim(line);
    if (line.size == 0 || line.at[0] == '#')
        return true;
    if (text_find_byte(line, '=') == SIZE_MAX)
        return error_set(err, ERROR_INPUT, "is no NAME=value");
    value = line;
    (void)text_cut(&value, '=', &name);
    for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
        if (!text_equal(name, text_of(wanted[i].name)))
            continue;
        if (!text_from_bytes(bytes_of_text(value), VALUE_MAX, &value, err))
            return error_at(err, "%s", wanted[i].name);
        if (!unquote(value, arena, wanted[i].value))
            return error_set(err, ERROR_INPUT, "%s: quotes do not match", wanted[i].name);
    }
    return true;
}

/* "Debian 12": what people say, not "Debian GNU/Linux 12 (bookworm)". */
static struct text short_name(const struct os_release *from, struct arena *arena)
{
    struct text name = text_copy(arena, from->id);

    if (name.at == NULL || from->version_id.size == 0)
        return from->pretty_name.size > 0 ? from->pretty_name : name;
    return text_format(arena, "%c%.*s %.*s", toupper((unsigned char)name.at[0]), (int)name.size - 1,
                       name.at + 1, TEXT_ARG(from->version_id));
}

bool os_release_parse(struct bytes raw, struct arena *arena, struct os_release *out, struct error *err)
{
    struct os_release got = {0};
    struct text rest = {(const char *)raw.at, raw.size}, line;

    for (size_t number = 1; text_cut(&rest, '\n', &line); number++)
        if (!take_line(line, arena, &got, err))
            return error_at(err, "line %zu", number);
    if (got.id.size == 0)
        return error_set(err, ERROR_INPUT, "ID is missing");
    /* A system that we know no release of is still scanned: its packages are shown, its holes are unknown. */
    if (!release_from_os(got.id, got.version_id, got.codename, &got.release))
        got.release = (struct release){0};
    got.name = short_name(&got, arena);
    *out = got;
    return true;
}

bool os_release_read(const char *root, struct arena *arena, struct os_release *out, struct error *err)
{
    char *path = file_below(arena, root, "/etc/os-release");
    struct bytes raw;

    if (path != NULL && !file_exists(path))
        path = file_below(arena, root, "/usr/lib/os-release");
    if (path == NULL)
        return arena_full(arena, err);
    if (!file_read(path, LIMIT_APT_FILE, arena, &raw, err))
        return false;
    return os_release_parse(raw, arena, out, err) || error_at(err, "%s", path);
}
