/*
 * Views for the matcher: the pieces that changed, one behind the other, their address fields replaced by tokens.
 *
 * At first a token says only what kind of field it is, so that code is equal whose targets moved. Once there are copies, the
 * token of an old field is made of what it is predicted to mean in the new file, and that of a new field of what it means: then
 * bytes are equal that will be predicted right, and rows of tables find each other by their contents.
 */
#ifndef DELTA_VIEWS_H
#define DELTA_VIEWS_H

#include "delta/predict.h"

struct view {
    const struct window_image *image;
    uint32_t *index;             /* of the image's piece, for each one here */
    struct window_piece *pieces; /* in the view */
    struct elf_fields *fields;   /* of each */
    size_t piece_count;
    uint8_t *bytes;
    size_t size;
    uint64_t *loose;
    size_t field_count; /* of all */
};

/* wanted: of each piece of the image. OWN(view_end). */
bool view_begin(struct view *view, const struct window_image *image, const bool *wanted, struct error *err)
    MUST_USE;
void view_end(struct view *view);
struct bytes view_piece(const struct view *view, size_t piece); /* as it is in the image */
/* The piece of the view that is this one of the image, or piece_count. */
size_t view_find(const struct view *view, uint32_t index);
struct align_side view_side(const struct view *view);

/* The first tokens. */
void view_kinds(struct view *view);
/*
 * Of what the fields mean. copies: between the views, as align_find gave them; partners: the old piece of the view for each new one, or
 * WINDOW_NO_TWIN. A piece that is no one's partner keeps its first tokens.
 */
bool views_targets(struct view *old, struct view *new, const struct copies *copies, const uint32_t *partners,
                   struct error *err) MUST_USE;

#endif
