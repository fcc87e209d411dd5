#include "cli/screen.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/os.h"

#define WIDTH_DEFAULT 100
#define WIDTH_MIN     40
#define GAP           2 /* spaces between columns */

static const char *const colour_codes[COLOUR_COUNT] = {
    [COLOUR_PLAIN] = "",        [COLOUR_BAD] = "\033[1;31m", [COLOUR_WARN] = "\033[33m",
    [COLOUR_GOOD] = "\033[32m", [COLOUR_DIM] = "\033[2m",    [COLOUR_HEAD] = "\033[1m",
};

struct screen screen_for_output(struct writer *out)
{
    struct screen screen = {.out = out, .width = os_terminal_width(STDOUT_FILENO)};
    const char *columns = os_environment("COLUMNS"), *term = os_environment("TERM");
    struct error err;
    uint64_t wanted;

    screen.colour =
        screen.width > 0 && os_environment("NO_COLOR") == NULL && (term == NULL || strcmp(term, "dumb") != 0);
    screen.height = screen.width > 0 ? os_terminal_height(STDOUT_FILENO) : 0;
    if (screen.width == 0)
        screen.width = WIDTH_DEFAULT;
    if (columns != NULL && text_to_u64(text_of(columns), &wanted, &err) && wanted <= 1000)
        screen.width = (unsigned)wanted;
    if (screen.width < WIDTH_MIN)
        screen.width = WIDTH_MIN;
    return screen;
}

unsigned screen_width_of(struct text text)
{
    unsigned width = 0;

    for (size_t i = 0; i < text.size; i++)
        width += ((unsigned char)text.at[i] & 0xc0) != 0x80;
    return width;
}

/* The text's first `width` characters. */
static struct text cut_to(struct text text, unsigned width)
{
    size_t size = 0;

    for (unsigned taken = 0; size < text.size; size++) {
        bool begins = ((unsigned char)text.at[size] & 0xc0) != 0x80;
        if (begins && taken++ == width)
            break;
    }
    return text_part(text, 0, size);
}

static void put_spaces(struct screen *screen, unsigned count)
{
    while (count-- > 0)
        writer_byte(screen->out, ' ');
}

static void begin_colour(struct screen *screen, enum screen_colour colour)
{
    if (screen->colour)
        writer_string(screen->out, colour_codes[colour]);
}

static void end_colour(struct screen *screen, enum screen_colour colour)
{
    if (screen->colour && colour != COLOUR_PLAIN)
        writer_string(screen->out, "\033[0m");
}

/* A cell of exactly `width` characters; a longer text ends in "…". */
static void put_cell(struct screen *screen, struct text text, unsigned width, bool right, bool last)
{
    unsigned have = screen_width_of(text);

    if (have > width) {
        writer_text(screen->out, cut_to(text, width - 1));
        writer_string(screen->out, "…");
        return;
    }
    if (right)
        put_spaces(screen, width - have);
    writer_text(screen->out, text);
    if (!right && !last)
        put_spaces(screen, width - have);
}

static unsigned total_width(const struct screen_table *table)
{
    unsigned total = 1; /* rows begin with a space */

    for (size_t i = 0; i < table->count; i++)
        total += table->widths[i] == 0 ? 0 : table->widths[i] + (total > 1 ? GAP : 0);
    return total;
}

/* Takes what is too much from the widest column that can still give. */
static bool shrink(struct screen_table *table, unsigned too_much)
{
    size_t widest = table->count;

    for (size_t i = 0; i < table->count; i++) {
        unsigned least = table->columns[i].width_min;
        if (least == 0 || table->widths[i] <= least)
            continue;
        if (widest == table->count ||
            table->widths[i] - least > table->widths[widest] - table->columns[widest].width_min)
            widest = i;
    }
    if (widest == table->count)
        return false;
    unsigned spare = table->widths[widest] - table->columns[widest].width_min;
    table->widths[widest] -= spare < too_much ? spare : too_much;
    return true;
}

/* Leaves out the last column that may be left out. */
static bool leave_out(struct screen_table *table)
{
    for (size_t i = table->count; i > 0; i--)
        if (table->columns[i - 1].width_min == 0 && table->widths[i - 1] > 0) {
            table->widths[i - 1] = 0;
            return true;
        }
    return false;
}

struct screen_table screen_table_with(const struct screen *screen, const struct screen_column *columns,
                                      size_t count, const struct text *cells, size_t row_count)
{
    struct screen_table table = {.columns = columns, .count = count};

    for (size_t i = 0; i < count; i++) {
        unsigned width = screen_width_of(text_of(columns[i].head));
        for (size_t row = 0; row < row_count; row++) {
            unsigned have = screen_width_of(cells[row * count + i]);
            width = have > width ? have : width;
        }
        if (width < columns[i].width_min)
            width = columns[i].width_min;
        table.widths[i] = width > columns[i].width_max ? columns[i].width_max : width;
    }
    while (total_width(&table) > screen->width)
        if (!leave_out(&table) && !shrink(&table, total_width(&table) - screen->width))
            break;
    return table;
}

void screen_row(struct screen *screen, const struct screen_table *table, const struct text *cells,
                enum screen_colour colour)
{
    size_t last = 0;

    for (size_t i = 0; i < table->count; i++)
        if (table->widths[i] > 0)
            last = i;
    begin_colour(screen, colour);
    writer_byte(screen->out, ' ');
    for (size_t i = 0; i <= last; i++) {
        if (table->widths[i] == 0)
            continue;
        if (i > 0)
            put_spaces(screen, GAP);
        put_cell(screen, cells[i], table->widths[i], table->columns[i].right, i == last);
    }
    end_colour(screen, colour);
    writer_byte(screen->out, '\n');
}

void screen_head(struct screen *screen, const struct screen_table *table)
{
    struct text cells[SCREEN_COLUMNS_MAX] = {{0}};

    for (size_t i = 0; i < table->count; i++)
        cells[i] = text_of(table->columns[i].head);
    screen_row(screen, table, cells, COLOUR_HEAD);
}

/* Words of the text in lines of `width` characters, the first behind what stands there already. */
static void put_wrapped(struct screen *screen, struct text text, unsigned indent, unsigned width)
{
    unsigned column = 0;
    struct text word;

    while (text_cut_word(&text, &word)) {
        unsigned have = screen_width_of(word);
        if (column > 0 && column + 1 + have > width) {
            writer_byte(screen->out, '\n');
            put_spaces(screen, indent);
            column = 0;
        }
        if (column > 0) {
            writer_byte(screen->out, ' ');
            column++;
        }
        writer_text(screen->out, word);
        column += have;
    }
    writer_byte(screen->out, '\n');
}

void screen_labelled(struct screen *screen, unsigned label_width, struct text label, struct text text,
                     enum screen_colour colour)
{
    unsigned have = screen_width_of(label);

    writer_byte(screen->out, ' ');
    begin_colour(screen, colour);
    writer_text(screen->out, label);
    end_colour(screen, colour);
    put_spaces(screen, (have < label_width ? label_width - have : 0) + GAP);
    unsigned indent = 1 + (have > label_width ? have : label_width) + GAP;
    put_wrapped(screen, text, indent, screen->width > indent + 20 ? screen->width - indent : 20);
}

void screen_line(struct screen *screen, struct text text, enum screen_colour colour)
{
    begin_colour(screen, colour);
    put_wrapped(screen, text, 0, screen->width);
    end_colour(screen, colour);
}
