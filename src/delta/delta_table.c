#include "delta/delta_table.h"

#include <assert.h>
#include <stdlib.h>

#include "base/checked.h"
#include "base/limits.h"
#include "base/own.h"
#include "delta/coder.h"

/* Lines of the table, in the order of delta.h; each has a model of its own. */
enum line {
    LINE_NAME_SIZE,
    LINE_NAME_COMMON,
    LINE_NAME_MORE,
    LINE_STRUCTURE,
    LINE_PARTS,
    LINE_COPIES,
    LINE_COPY_FROM,
    LINE_NEWS,
    LINE_OPENER,
    LINE_SETTINGS,
    LINE_FILE_SIZE,
    LINE_IMAGE_SIZE,
    LINE_WINDOWS,
    LINE_WINDOW_SIZE,
    LINE_OLDS,
    LINE_OLD_FROM,
    LINE_OLD_OPENER,
    LINE_OLD_SIZE,
    LINE_CODED_SIZE,
    LINE_COUNT
};

struct walk {
    struct coder coder;
    struct number_odds numbers[LINE_COUNT];
    struct odds name_bytes[256], setting_bytes[256], same_olds;
    bool failed;               /* sticky: from then on every number is 0 */
    struct arena *arena;       /* reading */
    const struct delta *given; /* writing */
    struct delta *got;         /* reading, and sums of writing */
    struct delta_part *parts;  /* reading: that grow; writing: one, a copy of the one given */
    size_t part_capacity;
    struct delta_window *windows;
    size_t window_capacity;
};

static void own_walk(struct walk **walk)
{
    free(*walk);
    *walk = NULL;
}

static bool reading(const struct walk *w)
{
    return w->given == NULL;
}

static uint64_t fail(struct walk *w)
{
    w->failed = true;
    return 0;
}

static uint64_t number(struct walk *w, enum line line, uint64_t value, uint64_t max)
{
    value = w->failed ? 0 : coder_number(&w->coder, &w->numbers[line], value);
    return value > max || coder_spent(&w->coder) ? fail(w) : value;
}

/* An index of the base, as what it is behind the one expected. */
static uint32_t base_index(struct walk *w, enum line line, uint32_t value, uint64_t expected)
{
    int64_t index =
        w->failed ? 0 : coder_signed(&w->coder, &w->numbers[line], (int64_t)value - (int64_t)expected);

    /* Both are small where the bytes are honest; a sum that leaves 64 bits is no index. */
    if (ckd_add(&index, index, (int64_t)expected) || index < 0 || index >= LIMIT_DELTA_PARTS)
        return (uint32_t)fail(w);
    return (uint32_t)index;
}

static uint8_t code_byte(struct walk *w, struct odds tree[256], uint8_t value)
{
    unsigned node = 1;

    for (int i = 7; i >= 0; i--)
        node = node << 1 | coder_odds(&w->coder, &tree[node], value >> i & 1);
    return (uint8_t)node;
}

/* `size` bytes into the arena; they come back as they were when writing. */
static struct bytes code_bytes(struct walk *w, struct odds tree[256], struct bytes given, size_t size)
{
    uint8_t *at = NULL;

    if (w->failed || size == 0)
        return (struct bytes){0};
    if (reading(w) && (at = arena_take(w->arena, size + 1)) == NULL)
        return fail(w), (struct bytes){0};
    for (size_t i = 0; i < size && !coder_spent(&w->coder); i++) {
        uint8_t byte = code_byte(w, tree, reading(w) ? 0 : given.at[i]);
        if (reading(w))
            at[i] = byte;
    }
    return reading(w) ? (struct bytes){at, size} : given;
}

/* ---- names ---- */

static struct text code_name(struct walk *w, struct text given)
{
    size_t size = (size_t)number(w, LINE_NAME_SIZE, given.size, LIMIT_DELTA_LABEL);
    struct bytes raw = code_bytes(w, w->name_bytes, bytes_of_text(given), size);

    return (struct text){(const char *)raw.at, raw.size};
}

/* A name that begins as another does. */
static struct text code_name_like(struct walk *w, struct text like, struct text given)
{
    size_t common = 0, more;
    struct bytes rest;
    struct text name;

    while (common < like.size && common < given.size && like.at[common] == given.at[common])
        common++;
    common = (size_t)number(w, LINE_NAME_COMMON, common, like.size);
    more = (size_t)number(w, LINE_NAME_MORE, given.size - (reading(w) ? 0 : common), LIMIT_DELTA_LABEL);
    rest = code_bytes(w, w->name_bytes, bytes_of_text(text_part(given, common, SIZE_MAX)), more);
    if (!reading(w) || w->failed)
        return given;
    name = text_format(w->arena, "%.*s%.*s", (int)common, like.at == NULL ? "" : like.at, (int)rest.size,
                       rest.at == NULL ? "" : (const char *)rest.at);
    if (name.at == NULL)
        fail(w);
    return name;
}

static void code_names(struct walk *w, const struct delta *from, struct delta *to)
{
    to->base.package = code_name(w, from->base.package);
    to->base.version = code_name(w, from->base.version);
    to->base.arch = code_name(w, from->base.arch);
    to->made.package = code_name_like(w, to->base.package, from->made.package);
    to->made.version = code_name_like(w, to->base.version, from->made.version);
    to->made.arch = code_name_like(w, to->base.arch, from->made.arch);
}

/* ---- parts ---- */

/* Where the part stands, to be filled when reading; a copy of it when writing. */
static struct delta_part *part_slot(struct walk *w, size_t index)
{
    if (!reading(w)) {
        *w->parts = w->given->parts[index];
        return w->parts;
    }
    struct delta_part *grown =
        arena_grow(w->arena, w->parts, index, &w->part_capacity, index + 1, sizeof(*grown));
    if (grown == NULL)
        return NULL;
    w->parts = grown;
    return &grown[index];
}

static void code_new_part(struct walk *w, struct delta_part *part)
{
    part->same = DELTA_NEW;
    part->opener = (uint32_t)number(w, LINE_OPENER, part->opener, OPENER_KIND_COUNT - 1);
    if (part->opener != OPENER_NONE) {
        size_t size = (size_t)number(w, LINE_SETTINGS, part->settings.size, LIMIT_DELTA_SETTINGS);
        part->settings = code_bytes(w, w->setting_bytes, part->settings, size);
        part->file_size = number(w, LINE_FILE_SIZE, part->file_size, LIMIT_DELTA_IMAGE);
    }
    part->image_size = number(w, LINE_IMAGE_SIZE, part->image_size, LIMIT_DELTA_SPOOL);
    if (part->opener == OPENER_NONE)
        part->file_size = part->image_size;
    part->image_at = w->got->image_size;
    if (part->image_size > LIMIT_DELTA_SPOOL - w->got->image_size)
        fail(w);
    else
        w->got->image_size += part->image_size;
}

/* How many parts from `from` on are copies of parts that follow one another. */
static size_t count_copies(const struct delta *delta, size_t from)
{
    size_t count = 0;

    while (from + count < delta->part_count && delta->parts[from + count].same != DELTA_NEW &&
           delta->parts[from + count].same == delta->parts[from].same + count)
        count++;
    return count;
}

static size_t count_news(const struct delta *delta, size_t from)
{
    size_t count = 0;

    while (from + count < delta->part_count && delta->parts[from + count].same == DELTA_NEW)
        count++;
    return count;
}

/* One run from part `at` on: copies, then new ones. Gives the part behind it. */
static size_t code_run(struct walk *w, size_t at, size_t count, uint64_t *expected)
{
    size_t copies = reading(w) ? 0 : count_copies(w->given, at), news;
    uint32_t from;

    copies = (size_t)number(w, LINE_COPIES, copies, count - at);
    if (copies > 0) {
        from = base_index(w, LINE_COPY_FROM, reading(w) ? 0 : w->given->parts[at].same, *expected);
        for (size_t i = 0; i < copies && !w->failed; i++) {
            struct delta_part *part = part_slot(w, at + i);
            if (part == NULL || from + i >= LIMIT_DELTA_PARTS)
                return fail(w);
            *part = (struct delta_part){.same = from + (uint32_t)i};
        }
        *expected = (uint64_t)from + copies;
        at += copies;
    }
    news = number(w, LINE_NEWS, reading(w) ? 0 : count_news(w->given, at), count - at);
    for (size_t i = 0; i < news && !w->failed; i++) {
        struct delta_part *part = part_slot(w, at + i);
        if (part == NULL)
            return fail(w);
        code_new_part(w, part);
    }
    *expected += news;
    return copies + news == 0 ? fail(w) : at + news;
}

static void code_parts(struct walk *w)
{
    size_t count = (size_t)number(w, LINE_PARTS, reading(w) ? 0 : w->given->part_count, LIMIT_DELTA_PARTS),
           at = 0;
    uint64_t expected = 0;

    while (at < count && !w->failed)
        at = code_run(w, at, count, &expected);
    w->got->parts = w->parts;
    w->got->part_count = count;
}

/* ---- windows ---- */

static struct delta_window *window_slot(struct walk *w, size_t index)
{
    if (!reading(w)) {
        *w->windows = w->given->windows[index];
        return w->windows;
    }
    struct delta_window *grown =
        arena_grow(w->arena, w->windows, index, &w->window_capacity, index + 1, sizeof(*grown));
    if (grown == NULL)
        return NULL;
    w->windows = grown;
    return &grown[index];
}

/* The parts of the base that one window is made from. */
static void code_olds(struct walk *w, struct delta_window *window)
{
    uint32_t count = (uint32_t)number(w, LINE_OLDS, window->old_count, LIMIT_DELTA_PARTS);
    struct delta_old *olds = NULL;
    size_t capacity = 0;
    uint64_t expected = 0;

    for (uint32_t i = 0; i < count && !w->failed; i++) {
        struct delta_old old = reading(w) ? (struct delta_old){0} : window->olds[i];
        old.part = base_index(w, LINE_OLD_FROM, old.part, expected);
        old.opener = (uint32_t)number(w, LINE_OLD_OPENER, old.opener, OPENER_KIND_COUNT - 1);
        expected = (uint64_t)old.part + 1;
        if (!reading(w))
            continue;
        olds = arena_grow(w->arena, olds, i, &capacity, i + 1, sizeof(*olds));
        if (olds == NULL) {
            fail(w);
            return;
        }
        olds[i] = old;
    }
    window->old_count = count;
    if (reading(w))
        window->olds = olds;
    window->old_size = number(w, LINE_OLD_SIZE, window->old_size, LIMIT_DELTA_IMAGE);
}

static bool olds_equal(const struct delta_window *a, const struct delta_window *b)
{
    return a->olds == b->olds && a->old_count == b->old_count && a->old_size == b->old_size;
}

static void code_hash(struct walk *w, uint8_t hash[DELTA_HASH_SIZE])
{
    for (size_t i = 0; i < DELTA_HASH_SIZE; i++) {
        unsigned byte = 0;
        for (int bit = 7; bit >= 0; bit--)
            byte = byte << 1 | coder_bit(&w->coder, 1u << 15, hash[i] >> bit & 1);
        hash[i] = (uint8_t)byte;
    }
}

static void code_window(struct walk *w, struct delta_window *window, const struct delta_window *before,
                        uint64_t left, bool last)
{
    bool same = false;

    if (last)
        window->new_size = left;
    else
        window->new_size = number(w, LINE_WINDOW_SIZE, window->new_size, left);
    if (window->new_size == 0 || window->new_size > LIMIT_DELTA_IMAGE) {
        fail(w);
        return;
    }
    if (before != NULL)
        same = coder_odds(&w->coder, &w->same_olds, !reading(w) && olds_equal(window, before)) != 0;
    if (same) {
        window->olds = before->olds;
        window->old_count = before->old_count;
        window->old_size = before->old_size;
    } else {
        code_olds(w, window);
    }
    window->coded_size = number(w, LINE_CODED_SIZE, window->coded_size, LIMIT_DELTA_FILE - w->got->file_size);
    code_hash(w, window->hash);
}

static void code_windows(struct walk *w)
{
    uint64_t left = w->got->image_size;
    size_t count =
        (size_t)number(w, LINE_WINDOWS, reading(w) ? 0 : w->given->window_count, LIMIT_DELTA_WINDOWS);
    struct delta_window before;

    if ((count == 0) != (left == 0))
        fail(w);
    for (size_t i = 0; i < count && !w->failed; i++) {
        struct delta_window *window = window_slot(w, i);
        if (window == NULL) {
            fail(w);
            return;
        }
        window->new_at = w->got->image_size - left;
        window->coded_at = w->got->file_size;
        code_window(w, window, i == 0 ? NULL : &before, left, i + 1 == count);
        before = *window;
        left -= window->new_size;
        w->got->file_size += window->coded_size;
    }
    w->got->windows = w->windows;
    w->got->window_count = count;
}

/* ---- the whole ---- */

static void code_table(struct walk *w, const struct delta *from)
{
    if (from->base_kind == BASE_KIND_PACKAGE)
        code_names(w, from, w->got);
    w->got->structure_size = number(w, LINE_STRUCTURE, from->structure_size, LIMIT_DELTA_STRUCTURE);
    w->got->image_size = w->got->structure_size;
    w->got->file_size = 0;
    code_parts(w);
    code_windows(w);
}

bool delta_table_read(struct bytes coded, struct arena *arena, struct delta *delta, struct error *err)
{
    OWN(own_walk) struct walk *w = calloc(1, sizeof(*w));
    struct delta got = *delta, empty = {.base_kind = delta->base_kind};
    struct error not_end = {0};

    if (w == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory");
    w->arena = arena;
    w->got = &got;
    coder_begin_decode(&w->coder, coded);
    code_table(w, &empty);
    if (w->failed || !coder_end(&w->coder, &not_end))
        return error_set(err, ERROR_INPUT, "table: broken, or more than limits allow");
    *delta = got;
    return true;
}

bool delta_table_write(const struct delta *delta, struct writer *out, struct error *err)
{
    OWN(own_walk) struct walk *w = calloc(1, sizeof(*w));
    struct delta_window window;
    struct delta_part part;
    struct delta sums = {0};

    if (w == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory");
    w->given = delta;
    w->got = &sums;
    w->parts = &part;
    w->windows = &window;
    coder_begin_encode(&w->coder, out);
    code_table(w, delta);
    if (w->failed)
        return error_set(err, ERROR_LIMIT, "more than a delta may hold");
    return coder_end(&w->coder, err);
}
