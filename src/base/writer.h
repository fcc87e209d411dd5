/*
 * A sticky writer: the counterpart of reader, and the way text is put together.
 *
 * Memory grows up to the limit given at the start. The first write that does not fit fails the writer; after that
 * writes do nothing. Ask writer_ok() (or let writer_done make the error) before the bytes are used. Owns its
 * memory: OWN(writer_end).
 */
#ifndef BASE_WRITER_H
#define BASE_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

struct writer {
    uint8_t *at;
    size_t size;
    size_t capacity;
    size_t limit;
    bool failed;
};

struct writer writer_with(size_t limit);
void writer_end(struct writer *w);
static inline bool writer_ok(const struct writer *w)
{
    return !w->failed;
}
/* What was written; valid until the next write or writer_end. */
struct bytes writer_bytes(const struct writer *w);
/* False with ERROR_LIMIT when something did not fit; else *out is what was written. */
bool writer_done(const struct writer *w, struct bytes *out, struct error *err) MUST_USE;
/* So many more bytes will be written soon: room for them at once, in large pages. What does not fit fails the writer. */
void writer_expect(struct writer *w, size_t size);
/* Forgets what was written, keeps the memory. */
void writer_clear(struct writer *w);

void writer_put(struct writer *w, struct bytes bytes);
void writer_text(struct writer *w, struct text text);
void writer_string(struct writer *w, const char *string);
void writer_format(struct writer *w, const char *format, ...) PRINTF_LIKE(2, 3);
void writer_byte(struct writer *w, uint8_t value);
void writer_u16(struct writer *w, uint16_t value);
void writer_u32(struct writer *w, uint32_t value);
void writer_u64(struct writer *w, uint64_t value);
void writer_varint(struct writer *w, uint64_t value);
/* Overwrites four bytes written before, for a size that is known later. */
void writer_patch_u32(struct writer *w, size_t place, uint32_t value);
/* Zero bytes until size is a multiple of `alignment`. */
void writer_align(struct writer *w, size_t alignment);

#endif
