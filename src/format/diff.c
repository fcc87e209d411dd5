#include "format/diff.h"

#include "base/arena.h"
#include "base/limits.h"
#include "base/own.h"

#define CONTEXT 3
#define CELLS_MAX                                                                                            \
    (4 * 1000 * 1000) /* of the table of common lines, two bytes each: two scripts of 2,000 lines */

struct lines {
    struct bytes *at;
    size_t count;
};

/* One line of the outcome. */
enum edit_kind { EDIT_SAME, EDIT_GONE, EDIT_NEW };
struct edit {
    enum edit_kind kind;
    size_t before, after; /* indexes of lines, as far as they have come */
};

struct comparison {
    struct arena *arena;
    struct lines before, after;
    struct edit *edits;
    size_t edit_count;
};

static bool split(struct bytes from, struct arena *arena, struct lines *out)
{
    size_t count = 0, begin = 0;

    for (size_t i = 0; i < from.size; i++)
        count += from.at[i] == '\n';
    count += from.size > 0 && from.at[from.size - 1] != '\n';
    out->at = ARENA_ARRAY(arena, struct bytes, count);
    if (out->at == NULL)
        return false;
    for (size_t i = 0; i < from.size; i++)
        if (from.at[i] == '\n' || i + 1 == from.size) {
            size_t end = from.at[i] == '\n' ? i : i + 1;
            out->at[out->count++] = (struct bytes){from.at + begin, end - begin};
            begin = i + 1;
        }
    return true;
}

static bool same(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

static void add(struct comparison *c, enum edit_kind kind, size_t before, size_t after)
{
    c->edits[c->edit_count++] = (struct edit){kind, before, after};
}

/* The middle, where both differ at their ends: by the longest common sequence of lines, or all gone and all new. */
static bool compare_middle(struct comparison *c, size_t begin, size_t end_before, size_t end_after)
{
    size_t rows = end_before - begin, columns = end_after - begin, i = 0, k = 0;
    uint16_t *common = NULL; /* common[i][k]: lines that the rest from there on has in common */

    if (rows < UINT16_MAX && columns < UINT16_MAX && (rows + 1) * (columns + 1) <= CELLS_MAX) {
        common = ARENA_ARRAY(c->arena, uint16_t, (rows + 1) * (columns + 1));
        if (common == NULL)
            return false;
    }
    for (size_t row = rows; common != NULL && row-- > 0;)
        for (size_t column = columns; column-- > 0;) {
            uint16_t *cell = &common[row * (columns + 1) + column];
            uint16_t down = cell[columns + 1], right = cell[1];
            *cell = same(c->before.at[begin + row], c->after.at[begin + column])
                        ? (uint16_t)(cell[columns + 2] + 1)
                    : down >= right ? down
                                    : right;
        }
    while (i < rows || k < columns) {
        const uint16_t *cell = common == NULL ? NULL : &common[i * (columns + 1) + k];
        if (cell != NULL && i < rows && k < columns &&
            same(c->before.at[begin + i], c->after.at[begin + k])) {
            add(c, EDIT_SAME, begin + i++, begin + k);
            k++;
        } else if (i < rows && (cell == NULL || k == columns || cell[columns + 1] >= cell[1])) {
            add(c, EDIT_GONE, begin + i++, begin + k);
        } else {
            add(c, EDIT_NEW, begin + i, begin + k);
            k++;
        }
    }
    return true;
}

static bool compare(struct comparison *c)
{
    size_t begin = 0, end_before = c->before.count, end_after = c->after.count;

    c->edits = ARENA_ARRAY(c->arena, struct edit, c->before.count + c->after.count);
    if (c->edits == NULL)
        return false;
    while (begin < end_before && begin < end_after && same(c->before.at[begin], c->after.at[begin])) {
        add(c, EDIT_SAME, begin, begin);
        begin++;
    }
    while (end_before > begin && end_after > begin &&
           same(c->before.at[end_before - 1], c->after.at[end_after - 1])) {
        end_before--;
        end_after--;
    }
    if (!compare_middle(c, begin, end_before, end_after))
        return false;
    for (; end_before < c->before.count; end_before++, end_after++)
        add(c, EDIT_SAME, end_before, end_after);
    return true;
}

/* ---- writing ---- */

static void write_shown(struct writer *w, struct bytes line)
{
    struct text whole;
    struct error ignored;

    if (text_from_lines(line, SIZE_MAX, &whole, &ignored)) {
        writer_text(w, whole);
        return;
    }
    for (size_t i = 0; i < line.size; i++) {
        bool plain = (line.at[i] >= 0x20 && line.at[i] < 0x7f) || line.at[i] == '\t';
        writer_byte(w, plain ? line.at[i] : '?');
    }
}

/* The edits from..end with their context, as one hunk. */
static void write_hunk(const struct comparison *c, size_t from, size_t end, size_t *left, struct writer *w)
{
    static const char marks[] = {[EDIT_SAME] = ' ', [EDIT_GONE] = '-', [EDIT_NEW] = '+'};
    size_t gone = 0, new = 0;

    for (size_t i = from; i < end; i++) {
        gone += c->edits[i].kind != EDIT_NEW;
        new += c->edits[i].kind != EDIT_GONE;
    }
    writer_format(w, "@@ -%zu,%zu +%zu,%zu @@\n", c->edits[from].before + (gone > 0), gone,
                  c->edits[from].after + (new > 0), new);
    for (size_t i = from; i<end && * left> 0; i++, --*left) {
        const struct edit *edit = &c->edits[i];
        writer_byte(w, (uint8_t)marks[edit->kind]);
        write_shown(w, edit->kind == EDIT_NEW ? c->after.at[edit->after] : c->before.at[edit->before]);
        writer_byte(w, '\n');
    }
}

/* Behind the last edit of a hunk that begins with the edit at `from`: changes nearer than twice the context share one. */
static size_t hunk_end(const struct comparison *c, size_t from)
{
    size_t end = from + 1, quiet = 0;

    for (size_t i = from + 1; i < c->edit_count && quiet <= (size_t)2 * CONTEXT; i++) {
        quiet = c->edits[i].kind == EDIT_SAME ? quiet + 1 : 0;
        if (quiet == 0)
            end = i + 1;
    }
    return end;
}

static void write_all(const struct comparison *c, struct writer *w)
{
    size_t left = DIFF_LINES_SHOWN, unshown = 0;

    for (size_t i = 0; i < c->edit_count;) {
        if (c->edits[i].kind == EDIT_SAME) {
            i++;
            continue;
        }
        size_t end = hunk_end(c, i), from = i > CONTEXT ? i - CONTEXT : 0;
        size_t behind = end + CONTEXT < c->edit_count ? end + CONTEXT : c->edit_count;
        size_t before = left;
        if (left > 0)
            write_hunk(c, from, behind, &left, w);
        unshown += behind - from - (before - left);
        i = behind;
    }
    if (unshown > 0)
        writer_format(w, "(%zu more lines)\n", unshown);
}

bool diff_write(struct bytes before, struct bytes after, struct writer *out, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_DIFF_MEMORY);
    struct comparison c = {.arena = &arena};

    if (same(before, after))
        return true;
    if (!split(before, &arena, &c.before) || !split(after, &arena, &c.after) || !compare(&c))
        return arena_full(&arena, err);
    write_all(&c, out);
    return true;
}
