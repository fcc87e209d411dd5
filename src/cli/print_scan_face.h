/*
 * What the two halves of the screen of `suture scan` share: the rows (print_scan_screen.c) and the lines below them
 * (print_scan_notes.c). Nobody else includes this.
 */
#ifndef CLI_PRINT_SCAN_FACE_H
#define CLI_PRINT_SCAN_FACE_H

#include "cli/print_scan.h"
#include "cli/words.h"

struct face {
    const struct scan *scan;
    const struct print_options *options;
    struct arena *arena;
    struct screen *screen;
    struct zone zone;
};

/* "label       text", wrapped under itself. */
void face_note(const struct face *face, const char *label, struct text text, enum screen_colour colour);
/* "9.8 critical", "high (assumed: no score)" */
struct text face_score(const struct face *face, uint32_t finding);

/* What is due later, what has no fix, and whatever makes the answer partial. */
void print_scan_notes(const struct face *face);

#endif
