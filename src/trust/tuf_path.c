#include "trust/tuf_path.h"

#include <inttypes.h>

/* Bytes of the character that begins here: the text is UTF-8. */
static size_t character_size(struct text text, size_t at)
{
    size_t size = 1;

    while (at + size < text.size && ((uint8_t)text.at[at + size] & 0xc0) == 0x80)
        size++;
    return size;
}

/*
 * One part of a path. A '*' first takes nothing; when the rest does not fit, the last '*' takes one character more. So the
 * work is at most pattern times part, whatever the pattern.
 */
static bool part_matches(struct text pattern, struct text part)
{
    size_t p = 0, t = 0, star = SIZE_MAX, star_from = 0;

    while (t < part.size) {
        if (p < pattern.size && pattern.at[p] == '*') {
            star = p++;
            star_from = t;
        } else if (p < pattern.size && pattern.at[p] == '?') {
            p++;
            t += character_size(part, t);
        } else if (p < pattern.size && pattern.at[p] == part.at[t]) {
            p++;
            t++;
        } else if (star != SIZE_MAX) {
            star_from += character_size(part, star_from);
            t = star_from;
            p = star + 1;
        } else {
            return false;
        }
    }
    while (p < pattern.size && pattern.at[p] == '*')
        p++;
    return p == pattern.size;
}

bool tuf_path_matches(struct text pattern, struct text path)
{
    for (;;) {
        size_t pattern_end = text_find_byte(pattern, '/'), path_end = text_find_byte(path, '/');
        if ((pattern_end == SIZE_MAX) != (path_end == SIZE_MAX) ||
            !part_matches(text_part(pattern, 0, pattern_end), text_part(path, 0, path_end)))
            return false;
        if (pattern_end == SIZE_MAX)
            return true;
        pattern = text_part(pattern, pattern_end + 1, SIZE_MAX);
        path = text_part(path, path_end + 1, SIZE_MAX);
    }
}

bool tuf_path_delegated(const struct tuf_delegation *delegation, struct text path, bool *out,
                        struct error *err)
{
    char hex[DIGEST_HEX_MAX + 1];
    struct digest digest;
    bool found = false;

    for (size_t i = 0; i < delegation->path_count && !found; i++)
        found = tuf_path_matches(delegation->paths[i], path);
    if (delegation->hash_prefix_count > 0) {
        if (!digest_bytes(DIGEST_SHA256, bytes_of_text(path), &digest, err))
            return false;
        digest_hex(&digest, hex);
        for (size_t i = 0; i < delegation->hash_prefix_count && !found; i++)
            found = text_starts(text_of(hex), delegation->hash_prefixes[i]);
    }
    *out = found;
    return true;
}

static bool is_plain(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == '~';
}

/* "." and ".." and more of them mean a folder to whoever reads them as a path. */
static bool is_dots(struct text name)
{
    for (size_t i = 0; i < name.size; i++)
        if (name.at[i] != '.')
            return false;
    return name.size > 0;
}

static char *put_encoded(char *to, struct text name)
{
    static const char digits[] = "0123456789ABCDEF";
    bool dots = is_dots(name);

    for (size_t i = 0; i < name.size; i++) {
        if (is_plain(name.at[i]) && !dots) {
            *to++ = name.at[i];
            continue;
        }
        uint8_t byte = (uint8_t)name.at[i];
        *to++ = '%';
        *to++ = digits[byte >> 4];
        *to++ = digits[byte & 15];
    }
    return to;
}

/* The whole name encoded, '/' too. */
static struct text encode(struct text name, struct arena *arena)
{
    char *at = name.size > SIZE_MAX / 4 ? NULL : arena_take(arena, 3 * name.size + 1);

    if (at == NULL)
        return (struct text){0};
    return (struct text){at, (size_t)(put_encoded(at, name) - at)};
}

struct text tuf_path_metadata(struct text role, uint64_t version, struct arena *arena)
{
    struct text name = encode(role, arena);

    if (name.at == NULL)
        return name;
    return version == 0 ? text_format(arena, "%.*s.json", TEXT_ARG(name))
                        : text_format(arena, "%" PRIu64 ".%.*s.json", version, TEXT_ARG(name));
}

/* Where the part behind the last '/' begins. */
static size_t base_of(struct text path)
{
    size_t base = path.size;

    while (base > 0 && path.at[base - 1] != '/')
        base--;
    return base;
}

struct text tuf_path_target(struct text path, const struct digest *hash, struct arena *arena)
{
    char *at = path.size > SIZE_MAX / 4 ? NULL : arena_take(arena, 3 * path.size + DIGEST_HEX_MAX + 3);
    size_t base = base_of(path), from = 0;
    char *to = at;

    if (at == NULL)
        return (struct text){0};
    while (from < base) {
        size_t size = text_find_byte(text_part(path, from, SIZE_MAX), '/');
        to = put_encoded(to, text_part(path, from, size));
        *to++ = '/';
        from += size + 1;
    }
    if (hash != NULL) {
        char hex[DIGEST_HEX_MAX + 1];
        digest_hex(hash, hex);
        to = stpcpy(to, hex);
        *to++ = '.';
    }
    to = put_encoded(to, text_part(path, base, SIZE_MAX));
    return (struct text){at, (size_t)(to - at)};
}

struct text tuf_path_download(struct text path, struct arena *arena)
{
    return encode(path, arena);
}
