/*
 * Text for people: columns that fit, lines that wrap under their label, colour where it helps.
 *
 * Works on a writer and knows nothing of what is shown. Widths count characters, not bytes; every text that comes
 * here is UTF-8 without control characters (struct text), and is cut, never broken, when it does not fit.
 */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include "base/writer.h"

enum screen_colour {
    COLOUR_PLAIN,
    COLOUR_BAD,
    COLOUR_WARN,
    COLOUR_GOOD,
    COLOUR_DIM,
    COLOUR_HEAD,
    COLOUR_COUNT
};

struct screen {
    struct writer *out;
    unsigned width;  /* columns */
    unsigned height; /* lines, 0: unlimited */
    bool colour;
};

/* For standard output: the terminal's size, or 100 columns and no colour when it is none; NO_COLOR and TERM=dumb are respected, COLUMNS wins. */
struct screen screen_for_output(struct writer *out);

struct screen_column {
    const char *head;
    unsigned width_min, width_max; /* of its cells; min 0: may be left out when the screen is narrow */
    bool right;                    /* numbers */
};
#define SCREEN_COLUMNS_MAX 8

/* The widths that the columns get on this screen: the widest cell, then what is left to those that may grow. 0: left out. */
struct screen_table {
    const struct screen_column *columns;
    size_t count;
    unsigned widths[SCREEN_COLUMNS_MAX];
};
struct screen_table screen_table_with(const struct screen *screen, const struct screen_column *columns,
                                      size_t count, const struct text *cells, size_t row_count);
void screen_head(struct screen *screen, const struct screen_table *table);
void screen_row(struct screen *screen, const struct screen_table *table, const struct text *cells,
                enum screen_colour colour);

/* "label   text text text" with the text wrapped at spaces under itself. */
void screen_labelled(struct screen *screen, unsigned label_width, struct text label, struct text text,
                     enum screen_colour colour);
/* A line of its own, wrapped. */
void screen_line(struct screen *screen, struct text text, enum screen_colour colour);

/* Characters that the text takes on a terminal (one each: we show no wide scripts of our own). */
unsigned screen_width_of(struct text text);

#endif
