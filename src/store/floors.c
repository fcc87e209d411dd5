#include "store/floors.h"

#include <stdlib.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"

#define HEAD "suture-floors 1"
#define END  "end"

struct floor {
    struct text kind, of;
    int64_t time_us;
};

struct floors {
    struct arena *arena;
    struct floor *at; /* sorted by kind, then by what it is of */
    size_t count, capacity;
    bool risen; /* since it was read */
};

static int compare(const struct floor *floor, struct text kind, struct text of)
{
    int order = text_compare(floor->kind, kind);

    return order != 0 ? order : text_compare(floor->of, of);
}

/* The first that does not stand before it. */
static size_t place_of(const struct floors *floors, struct text kind, struct text of)
{
    size_t low = 0, high = floors->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(&floors->at[middle], kind, of) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct floor *find(const struct floors *floors, struct text kind, struct text of)
{
    size_t place = place_of(floors, kind, of);

    return place < floors->count && compare(&floors->at[place], kind, of) == 0 ? &floors->at[place] : NULL;
}

/* ---- one floor ---- */

/* What can be written can be read again: a word, and a text in which no line ends. */
static bool check(struct text kind, struct text of, struct error *err)
{
    struct text checked;

    if (kind.size == 0 || text_find_byte(kind, ' ') != SIZE_MAX || text_equal(kind, TEXT(END)))
        return error_set(err, ERROR_INPUT, "\"%.*s\" is no kind of floor", TEXT_ARG(text_part(kind, 0, 40)));
    return text_from_bytes(bytes_of_text(kind), LIMIT_FLOOR_OF, &checked, err) &&
           text_from_bytes(bytes_of_text(of), LIMIT_FLOOR_OF, &checked, err);
}

static bool insert(struct floors *floors, size_t place, const struct floor *floor, struct error *err)
{
    const struct floor copy = {text_copy(floors->arena, floor->kind), text_copy(floors->arena, floor->of),
                               floor->time_us};

    if (floors->count == LIMIT_FLOORS)
        return error_set(err, ERROR_LIMIT, "more than %d floors", LIMIT_FLOORS);
    struct floor *grown = arena_grow(floors->arena, floors->at, floors->count, &floors->capacity,
                                     floors->count + 1, sizeof(*grown));
    if (copy.kind.at == NULL || copy.of.at == NULL || grown == NULL)
        return arena_full(floors->arena, err);
    floors->at = grown;
    memmove(&grown[place + 1], &grown[place], (floors->count - place) * sizeof(*grown));
    grown[place] = copy;
    floors->count++;
    return true;
}

int64_t floors_get(const struct floors *floors, struct text kind, struct text of)
{
    const struct floor *floor = find(floors, kind, of);

    return floor == NULL ? TIME_ABSENT : floor->time_us;
}

bool floors_raise(struct floors *floors, struct text kind, struct text of, int64_t time_us, struct error *err)
{
    const struct floor wanted = {kind, of, time_us};
    struct floor *floor = find(floors, kind, of);

    if (time_us == TIME_ABSENT || (floor != NULL && time_us <= floor->time_us))
        return true;
    if (floor != NULL)
        floor->time_us = time_us;
    else if (!check(kind, of, err) || !insert(floors, place_of(floors, kind, of), &wanted, err))
        return false;
    floors->risen = true;
    return true;
}

int64_t floors_now(const struct floors *floors, int64_t clock_us)
{
    int64_t signed_us = floors_get(floors, FLOORS_SIGNED_TIME, (struct text){0});

    return signed_us > clock_us ? signed_us : clock_us;
}

/* ---- the file ---- */

/* "KIND[ OF] TIME": the kind ends at the first space, the time begins behind the last. */
static bool parse_line(struct text line, struct floor *out, struct error *err)
{
    size_t first = text_find_byte(line, ' '), last = line.size;

    while (last > 0 && line.at[last - 1] != ' ')
        last--;
    if (first == SIZE_MAX || last == 0)
        return error_set(err, ERROR_INPUT, "is no floor");
    out->kind = text_part(line, 0, first);
    out->of = last - 1 > first ? text_part(line, first + 1, last - 1 - (first + 1)) : (struct text){0};
    return check(out->kind, out->of, err) && time_parse(text_part(line, last, SIZE_MAX), &out->time_us, err);
}

static bool add_line(struct floors *floors, struct text line, struct error *err)
{
    struct floor floor;

    if (!parse_line(line, &floor, err))
        return false;
    if (floors->count > 0 && compare(&floors->at[floors->count - 1], floor.kind, floor.of) >= 0)
        return error_set(err, ERROR_INPUT, "is not behind the one before");
    return insert(floors, floors->count, &floor, err);
}

/* Every line with its '\n', the last one is END: a file that was cut is never taken for one with fewer floors. */
static bool parse_lines(struct floors *floors, struct text rest, struct error *err)
{
    struct text line;

    if (!text_cut(&rest, '\n', &line) || !text_equal(line, TEXT(HEAD)))
        return error_set(err, ERROR_INPUT, "does not begin with \"%s\", which is what is known here", HEAD);
    for (size_t number = 2; text_cut(&rest, '\n', &line); number++) {
        if (text_equal(line, TEXT(END)))
            return rest.size == 0 ||
                   error_set(err, ERROR_INPUT, "line %zu: something behind the end", number);
        if (!add_line(floors, line, err))
            return error_at(err, "line %zu", number);
    }
    return error_set(err, ERROR_INPUT, "is cut short");
}

bool floors_parse(struct bytes raw, struct arena *arena, struct floors **out, struct error *err)
{
    struct floors *floors = ARENA_NEW(arena, struct floors);
    struct text lines;

    if (floors == NULL)
        return arena_full(arena, err);
    floors->arena = arena;
    if (!text_from_lines(raw, LIMIT_FLOORS_FILE, &lines, err) || !parse_lines(floors, lines, err))
        return false;
    if (raw.at[raw.size - 1] != '\n')
        return error_set(err, ERROR_INPUT, "is cut short");
    *out = floors;
    return true;
}

bool floors_read(const char *path, struct arena *arena, struct floors **out, struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};

    if (file_map_own(path, LIMIT_FLOORS_FILE, &map, err))
        return floors_parse(map.bytes, arena, out, err) || error_at(err, "%s", path);
    if (err->kind != ERROR_ABSENT)
        return false;
    *err = (struct error){0};
    return floors_parse(BYTES(HEAD "\n" END "\n"), arena, out, err);
}

void floors_print(const struct floors *floors, struct writer *w)
{
    writer_string(w, HEAD "\n");
    for (size_t i = 0; i < floors->count; i++) {
        const struct floor *floor = &floors->at[i];
        writer_text(w, floor->kind);
        if (floor->of.size > 0)
            writer_format(w, " %.*s", TEXT_ARG(floor->of));
        writer_byte(w, ' ');
        time_write(w, floor->time_us);
        writer_byte(w, '\n');
    }
    writer_string(w, END "\n");
}

static bool raise_all(struct floors *floors, const struct floors *by, struct error *err)
{
    for (size_t i = 0; i < by->count; i++)
        if (!floors_raise(floors, by->at[i].kind, by->at[i].of, by->at[i].time_us, err))
            return false;
    return true;
}

bool floors_write(const struct floors *floors, const char *path, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_FLOORS_FILE);
    const struct text lock_path = text_format(floors->arena, "%s.lock", path);
    OWN(own_fd) int lock = -1;
    struct floors *now = NULL;
    struct bytes raw;

    if (!floors->risen)
        return true;
    if (lock_path.at == NULL)
        return arena_full(floors->arena, err);
    if (!file_lock_wait(lock_path.at, &lock, err) || !floors_read(path, floors->arena, &now, err) ||
        !raise_all(now, floors, err))
        return false;
    if (!now->risen)
        return true;
    floors_print(now, &w);
    return writer_done(&w, &raw, err) && file_replace(path, raw, 0600, err);
}
