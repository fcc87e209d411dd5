#include "delta/pairing.h"

#include "base/limits.h"
#include "base/map.h"

/* Names grow vaguer from one to the next; the first by which exactly one old part is found gives the twin. */
enum vagueness { NAME_WHOLE, NAME_NUMBERS, NAME_LAST, NAME_LAST_NUMBERS, VAGUENESS_COUNT };

#define TAKEN_TWICE (UINT32_MAX - 1) /* several old parts have the name */

struct finder {
    const struct base *base;
    struct arena *arena;
    struct map by_md5;
    struct map by_name[VAGUENESS_COUNT];
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Whether the character may stand between the numbers of a version: "1.2.3-4+deb12u1~rc2". */
static bool joins_numbers(char c)
{
    return c == '.' || c == '-' || c == '+' || c == '~' || c == '_';
}

/* Each version in it as one '#'. */
static struct text without_numbers(struct arena *arena, struct text name)
{
    char *at = arena_take(arena, name.size + 1);
    size_t size = 0;

    if (at == NULL)
        return (struct text){0};
    for (size_t i = 0; i < name.size; i++) {
        if (!is_digit(name.at[i])) {
            at[size++] = name.at[i];
            continue;
        }
        while (i + 1 < name.size &&
               (is_digit(name.at[i + 1]) ||
                (i + 2 < name.size && joins_numbers(name.at[i + 1]) && is_digit(name.at[i + 2]))))
            i++;
        at[size++] = '#';
    }
    return (struct text){at, size};
}

/* What says nothing of where a file comes from: the merged /usr, and how it is packed. */
static struct text plain_name(struct text name)
{
    static const char *const packed[] = {".gz", ".xz", ".zst", ".bz2"};

    if (text_starts(name, TEXT("/usr/")))
        name = text_part(name, 4, SIZE_MAX);
    for (size_t i = 0; i < sizeof(packed) / sizeof(*packed); i++)
        if (text_ends(name, text_of(packed[i])))
            return text_part(name, 0, name.size - strlen(packed[i]));
    return name;
}

static struct text last_name(struct text name)
{
    size_t at = name.size;

    while (at > 0 && name.at[at - 1] != '/')
        at--;
    return text_part(name, at, SIZE_MAX);
}

/* The name to look under. Control files and the list are a space of names of their own. */
static struct text key_of(struct arena *arena, enum base_class class, struct text name,
                          enum vagueness vagueness)
{
    static const char spaces[BASE_CLASS_COUNT] = {
        [BASE_UNKNOWN] = 'f', [BASE_CONTROL] = 'c',  [BASE_LIST] = 'l',
        [BASE_FILE] = 'f',    [BASE_CONFFILE] = 'f', [BASE_DOC] = 'f'};

    if (vagueness != NAME_WHOLE)
        name = plain_name(name);
    if (vagueness == NAME_LAST || vagueness == NAME_LAST_NUMBERS)
        name = last_name(name);
    if (vagueness == NAME_NUMBERS || vagueness == NAME_LAST_NUMBERS)
        name = without_numbers(arena, name);
    return text_format(arena, "%c%.*s", spaces[class], TEXT_ARG(name));
}

static bool add_part(struct finder *finder, uint32_t index, struct error *err)
{
    const struct base_part *part = &finder->base->parts[index];
    struct text md5 =
        text_copy(finder->arena, (struct text){(const char *)part->md5.at, digest_size(DIGEST_MD5)});

    if (md5.at == NULL)
        return arena_full(finder->arena, err);
    if (map_get(&finder->by_md5, md5) == MAP_NONE && !map_put(&finder->by_md5, md5, index, err))
        return false;
    for (int i = 0; i < VAGUENESS_COUNT; i++) {
        struct text key = key_of(finder->arena, part->class, part->name, (enum vagueness)i);
        if (key.at == NULL)
            return arena_full(finder->arena, err);
        bool taken = map_get(&finder->by_name[i], key) != MAP_NONE;
        if (!map_put(&finder->by_name[i], key, taken ? TAKEN_TWICE : index, err))
            return false;
    }
    return true;
}

static bool find_twin(struct finder *finder, const struct deb_layout_part *part, uint32_t *out,
                      struct error *err)
{
    *out = PAIRING_NONE;
    for (int i = 0; i < VAGUENESS_COUNT && *out == PAIRING_NONE; i++) {
        struct text key = key_of(finder->arena, part->class, part->name, (enum vagueness)i);
        if (key.at == NULL)
            return arena_full(finder->arena, err);
        uint32_t found = map_get(&finder->by_name[i], key);
        if (found != MAP_NONE && found != TAKEN_TWICE)
            *out = found;
    }
    return true;
}

/* The one that stands where it is expected is cheapest to name; then that of the same name. */
static bool find_same(struct finder *finder, const struct deb_layout_part *part, uint32_t expected,
                      struct pairing *pair, struct error *err)
{
    const struct base *base = finder->base;
    struct digest md5;

    pair->same = PAIRING_NONE;
    if (part->bytes.size > LIMIT_DELTA_IMAGE) /* more than is held at once */
        return true;
    if (!digest_bytes(DIGEST_MD5, part->bytes, &md5, err))
        return false;
    if (expected < base->part_count && digest_equal(&base->parts[expected].md5, &md5))
        pair->same = expected;
    else if (pair->twin != PAIRING_NONE && digest_equal(&base->parts[pair->twin].md5, &md5))
        pair->same = pair->twin;
    else
        pair->same = map_get(&finder->by_md5, (struct text){(const char *)md5.at, digest_size(DIGEST_MD5)});
    return true;
}

bool pairing_find(const struct base *base, const struct deb_layout_part *parts, size_t part_count,
                  struct arena *arena, const struct pairing **out, struct error *err)
{
    struct finder finder = {.base = base, .arena = arena, .by_md5 = map_with(arena)};
    struct pairing *pairs = ARENA_ARRAY(arena, struct pairing, part_count);
    uint32_t expected = 0;

    _Static_assert(MAP_NONE == PAIRING_NONE, "what a map does not have is no part");
    if (pairs == NULL)
        return arena_full(arena, err);
    for (int i = 0; i < VAGUENESS_COUNT; i++)
        finder.by_name[i] = map_with(arena);
    for (size_t i = 0; i < base->part_count; i++)
        if (!add_part(&finder, (uint32_t)i, err))
            return false;
    for (size_t i = 0; i < part_count; i++) {
        if (!find_twin(&finder, &parts[i], &pairs[i].twin, err) ||
            !find_same(&finder, &parts[i], expected, &pairs[i], err))
            return false;
        expected = pairs[i].same == PAIRING_NONE ? expected + 1 : pairs[i].same + 1;
    }
    *out = pairs;
    return true;
}
