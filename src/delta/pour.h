/*
 * Where closing puts its bytes and draws them from: counted, so that an image or settings from outside never make a file longer than was
 * announced, nor is more read than one part of the image.
 */
#ifndef DELTA_POUR_H
#define DELTA_POUR_H

#include "delta/opener.h"

#define POUR_HELD 4096

struct pour {
    struct opener_sink to;
    size_t left; /* bytes that may still come */
    bool sums;   /* crc is kept; the caller sets it */
    uint32_t crc;
    size_t held_size;
    uint8_t held[POUR_HELD]; /* small pieces wait here for others */
};

void pour_begin(struct pour *pour, struct opener_sink to, size_t file_size);
/* ERROR_INPUT: more than was announced. */
bool pour_put(struct pour *pour, struct bytes bytes, struct error *err) MUST_USE;
bool pour_u16(struct pour *pour, uint16_t value, struct error *err) MUST_USE;
bool pour_u32(struct pour *pour, uint32_t value, struct error *err) MUST_USE;
bool pour_u32_big(struct pour *pour, uint32_t value, struct error *err) MUST_USE;
/* ERROR_INPUT: fewer than were announced. */
bool pour_end(struct pour *pour, struct error *err) MUST_USE;
struct opener_sink pour_sink(struct pour *pour);

/* A part of an image: as a source it ends after that many bytes, though the image goes on. */
struct draw {
    struct opener_source from;
    size_t left;
    size_t size; /* drawn so far */
    bool sums;   /* crc is kept */
    uint32_t crc;
};

struct draw draw_with(struct opener_source from, size_t size, bool sums);
struct opener_source draw_source(struct draw *draw);
/* Exactly so many bytes, or ERROR_INPUT. */
bool draw_exactly(struct draw *draw, uint8_t *into, size_t size, struct error *err) MUST_USE;

#endif
