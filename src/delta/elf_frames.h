/*
 * .eh_frame_hdr: the sorted index of .eh_frame, made anew from it instead of being sent.
 *
 *     01 1b 03 3b   s32 .eh_frame - (hdr + 4)   u32 count   count x (s32 pc_begin - hdr, s32 FDE - hdr), by pc_begin
 *
 * Linkers put it in front of .eh_frame, so a decoder that writes forward holds back: where the new file's layout says that a header is
 * (layout.frames_at, frames_size: known from the file's first bytes), the encoder gives one flag "made". Then the decoder leaves a hole of
 * that size in a buffer, goes on decoding into the buffer from elf_frames_begin() on until elf_frames_wants() says that it has
 * all, makes the header, and hands the buffer on. Both together are a tenth of a file; the encoder gives the flag only where
 * they are within what a decoder holds, and where the made bytes are the right ones.
 */
#ifndef DELTA_ELF_FRAMES_H
#define DELTA_ELF_FRAMES_H

#include "delta/elf_layout.h"

/* Where .eh_frame begins in the file: behind the header, at the next multiple of 8 of its address. */
uint64_t elf_frames_begin(const struct elf_layout *layout);
/* What is known of a walk through .eh_frame whose bytes arrive bit by bit; zero at first. */
struct elf_frames_walk {
    size_t at;      /* of the next record, within .eh_frame */
    uint32_t count; /* FDEs before it */
    bool done;
};
/*
 * Bytes of .eh_frame that must be there before the walk can go on; 0: it is done, whether well or not, and elf_frames_header may be
 * called with all the bytes up to here. Never asks for more than size_max, the bytes that there will be at most (to the file's end).
 */
size_t elf_frames_wants(struct elf_frames_walk *walk, const struct elf_layout *layout, struct bytes frames,
                        size_t size_max);
/* The header's layout->frames_size bytes from .eh_frame's. False: no header can be made of these; ERROR_LIMIT is memory. */
bool elf_frames_header(const struct elf_layout *layout, struct bytes frames, uint8_t *out, struct error *err)
    MUST_USE;

#endif
