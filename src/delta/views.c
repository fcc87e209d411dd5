#include "delta/views.h"

#include <stdlib.h>

#include "base/own.h"

bool view_begin(struct view *view, const struct window_image *image, const bool *wanted, struct error *err)
{
    size_t count = 0;

    *view = (struct view){.image = image};
    for (size_t i = 0; i < image->piece_count; i++) {
        count += wanted[i];
        view->size += wanted[i] ? image->pieces[i].size : 0;
    }
    view->index = calloc(count + 1, sizeof(*view->index));
    view->pieces = calloc(count + 1, sizeof(*view->pieces));
    view->fields = calloc(count + 1, sizeof(*view->fields));
    view->bytes = malloc(view->size + 1);
    view->loose = calloc(view->size / 64 + 1, sizeof(*view->loose));
    if (view->index == NULL || view->pieces == NULL || view->fields == NULL || view->bytes == NULL ||
        view->loose == NULL)
        return error_set(err, ERROR_LIMIT, "out of memory: a view of %zu bytes", view->size);
    uint32_t at = 0;
    for (size_t i = 0; i < image->piece_count; i++) {
        if (!wanted[i])
            continue;
        size_t here = view->piece_count++;
        view->index[here] = (uint32_t)i;
        view->pieces[here] = (struct window_piece){at, image->pieces[i].size};
        at += image->pieces[i].size;
        if (!elf_fields_read(view_piece(view, here), &view->fields[here], err))
            return false;
        view->field_count += view->fields[here].count;
    }
    return true;
}

void view_end(struct view *view)
{
    for (size_t i = 0; view->fields != NULL && i < view->piece_count; i++)
        elf_fields_end(&view->fields[i]);
    free(view->index);
    free(view->pieces);
    free(view->fields);
    free(view->bytes);
    free(view->loose);
    *view = (struct view){0};
}

struct bytes view_piece(const struct view *view, size_t piece)
{
    const struct window_piece *in_image = &view->image->pieces[view->index[piece]];

    return (struct bytes){view->image->bytes.at + in_image->at, in_image->size};
}

size_t view_find(const struct view *view, uint32_t index)
{
    size_t low = 0, high = view->piece_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (view->index[middle] < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low < view->piece_count && view->index[low] == index ? low : view->piece_count;
}

struct align_side view_side(const struct view *view)
{
    return (struct align_side){{view->bytes, view->size}, view->loose, view->pieces, view->piece_count};
}

static void put_token(struct view *view, uint32_t at, uint8_t size, uint64_t token)
{
    memcpy(view->bytes + at, &token, size);
    for (uint32_t i = at; i < at + size; i++)
        view->loose[i / 64] |= UINT64_C(1) << i % 64;
}

static void piece_kinds(struct view *view, size_t piece)
{
    const struct elf_fields *fields = &view->fields[piece];
    struct bytes bytes = view_piece(view, piece);

    if (bytes.size > 0)
        memcpy(view->bytes + view->pieces[piece].at, bytes.at, bytes.size);
    for (size_t i = 0; i < fields->count; i++)
        put_token(view, view->pieces[piece].at + fields->at[i],
                  elf_field_size((enum field_kind)fields->kind[i]), 0xc0u + fields->kind[i]);
}

void view_kinds(struct view *view)
{
    memset(view->loose, 0, (view->size / 64 + 1) * sizeof(*view->loose));
    for (size_t i = 0; i < view->piece_count; i++)
        piece_kinds(view, i);
}

static uint64_t token_of(const struct elf_field *field, uint64_t target)
{
    uint64_t hash =
        (target + (uint64_t)field->kind * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xd6e8feb86659fd93);

    return hash ^ hash >> 32;
}

static bool is_code(enum field_kind kind)
{
    return kind >= FIELD_CALL && kind <= FIELD_DATA_4;
}

/* What the fields of code in the copies tell, so that what lies in no copy is predicted as it will be. */
static bool tell_code(struct predict *p, const struct view *old, const struct view *new, size_t old_piece,
                      size_t new_piece, const struct copy *copies, size_t count, struct error *err)
{
    const struct elf_fields *was = &old->fields[old_piece], *is = &new->fields[new_piece];
    struct bytes old_bytes = view_piece(old, old_piece), new_bytes = view_piece(new, new_piece);
    uint32_t old_at = old->pieces[old_piece].at, new_at = new->pieces[new_piece].at;

    for (size_t i = 0; i < count; i++) {
        if (copies[i].old_at < old_at || copies[i].old_at - old_at >= old_bytes.size)
            continue;
        uint32_t from = copies[i].old_at - old_at, to = copies[i].new_at - new_at;
        size_t j = elf_fields_find(was, from), k = elf_fields_find(is, to);
        for (; j < was->count && was->at[j] - from < copies[i].size && k < is->count;) {
            uint32_t x = was->at[j] - from, y = is->at[k] - to;
            if (x == y && was->kind[j] == is->kind[k] && is_code((enum field_kind)was->kind[j])) {
                uint64_t got[PREDICT_MAX], old_target = elf_fields_get(was, old_bytes, j).target,
                                           new_target = elf_fields_get(is, new_bytes, k).target;
                enum predict_source source;
                if ((predict_ask(p, old_target, false, 1, got, &source) == 0 || got[0] != new_target) &&
                    !predict_tell(p, old_target, false, new_target, err))
                    return false;
            }
            j += x <= y;
            k += y <= x;
        }
    }
    return true;
}

/* Those that only go on from what stands before them keep their first tokens: they would hide which row is which. */
static bool tells_nothing(enum field_kind kind)
{
    return kind == FIELD_SLOT || kind == FIELD_EXTENT;
}

static void old_tokens(struct view *old, size_t piece, const struct predict *p)
{
    const struct elf_fields *fields = &old->fields[piece];
    struct bytes bytes = view_piece(old, piece);

    for (size_t i = 0; i < fields->count; i++) {
        if (tells_nothing((enum field_kind)fields->kind[i]))
            continue;
        struct elf_field field = elf_fields_get(fields, bytes, i);
        uint64_t got[PREDICT_MAX] = {field.target};
        enum predict_source source;
        (void)predict_ask(p, field.target, field.file_space, 1, got, &source);
        put_token(old, old->pieces[piece].at + field.at, field.size, token_of(&field, got[0]));
    }
}

static void new_tokens(struct view *new, size_t piece)
{
    const struct elf_fields *fields = &new->fields[piece];
    struct bytes bytes = view_piece(new, piece);

    for (size_t i = 0; i < fields->count; i++) {
        if (tells_nothing((enum field_kind)fields->kind[i]))
            continue;
        struct elf_field field = elf_fields_get(fields, bytes, i);
        put_token(new, new->pieces[piece].at + field.at, field.size, token_of(&field, field.target));
    }
}

bool views_targets(struct view *old, struct view *new, const struct copies *copies, const uint32_t *partners,
                   struct error *err)
{
    size_t first = 0;

    view_kinds(old);
    view_kinds(new);
    for (size_t i = 0; i < new->piece_count; i++) {
        uint32_t end = new->pieces[i].at + new->pieces[i].size;
        size_t last = first;
        while (last < copies->count && copies->at[last].new_at < end)
            last++;
        if (partners[i] != WINDOW_NO_TWIN && old->fields[partners[i]].count > 0 && new->fields[i].count > 0) {
            OWN(predict_end) struct predict p = {0};
            if (!predict_begin(&p, &old->fields[partners[i]].layout, old->pieces[partners[i]],
                               new->pieces[i].at, copies->at + first, last - first, err))
                return false;
            p.new_layout = new->fields[i].layout;
            if (!tell_code(&p, old, new, partners[i], i, copies->at + first, last - first, err))
                return false;
            old_tokens(old, partners[i], &p);
            new_tokens(new, i);
        }
        first = last;
    }
    return true;
}
