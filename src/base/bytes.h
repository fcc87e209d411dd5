/*
 * Views of memory that somebody else owns.
 *
 * `struct bytes` is anything. `struct text` has been checked: UTF-8, no control bytes, within the limit that was
 * asked for. The type tells what was checked; the only ways to a text are text_from_bytes, the TEXT macro on a
 * literal, and functions that cut one text into others. No view is NUL-terminated. An absent text has size 0.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/error.h"

struct bytes {
    const uint8_t *at;
    size_t size;
};

struct text {
    const char *at;
    size_t size;
};

#define BYTES(literal) ((struct bytes){(const uint8_t *)(literal), sizeof(literal) - 1})
#define TEXT(literal)  ((struct text){(literal), sizeof(literal) - 1})
/* The two arguments of "%.*s". */
#define TEXT_ARG(text) (int)(text).size, (text).at

/* A C string of our own program (argv, a table), unchecked: for names we wrote, never for what a file holds. */
struct text text_of(const char *string);
struct bytes bytes_of_text(struct text text);

/*
 * The bytes as text. Refused: more than `limit` bytes (ERROR_LIMIT), a control byte (below 0x20 or 0x7f) or broken,
 * overlong or surrogate UTF-8 (ERROR_INPUT, with the place).
 */
bool text_from_bytes(struct bytes raw, size_t limit, struct text *out, struct error *err) MUST_USE;
/* As text_from_bytes, but tab and newline are allowed: descriptions, notes. */
bool text_from_lines(struct bytes raw, size_t limit, struct text *out, struct error *err) MUST_USE;

static inline bool text_equal(struct text a, struct text b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}
/* Byte order, shorter first when one begins the other: <0, 0, >0. */
int text_compare(struct text a, struct text b);
/* Case of ASCII letters ignored. */
bool text_equal_caseless(struct text a, struct text b);
bool text_starts(struct text text, struct text start);
bool text_ends(struct text text, struct text end);
/* Index of the first such byte or text, or SIZE_MAX. */
size_t text_find_byte(struct text text, char byte);
size_t text_find(struct text text, struct text wanted);

/* The part from `from` on, of at most `size` bytes; never past the end. */
struct text text_part(struct text text, size_t from, size_t size);
/* Without spaces and tabs at both ends. */
struct text text_trim(struct text text);
/*
 * Takes the text before the first `separator` off *rest; *rest then begins behind it. False when *rest was empty:
 * `while (text_cut(&rest, ',', &item))`.
 */
bool text_cut(struct text *rest, char separator, struct text *item);
/* The next word between spaces, tabs or newlines; false when none is left. */
bool text_cut_word(struct text *rest, struct text *word);

/* A copy that lives in the arena, NUL-terminated behind its end so that it can be given to the system; at == NULL when memory is out. */
struct text text_copy(struct arena *arena, struct text text);
/* The C string of a copy made by text_copy, or of any text, in the arena; NULL when memory is out. */
char *text_string(struct arena *arena, struct text text);
/* printf into the arena; at == NULL when memory is out. */
struct text text_format(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

/* A whole decimal number without sign, or ERROR_INPUT ("\"12x\" is not a number"). */
bool text_to_u64(struct text text, uint64_t *out, struct error *err) MUST_USE;
/* Lower-case or upper-case hexadecimal digits, exactly 2 * size of them. */
bool text_to_hex(struct text text, uint8_t *out, size_t size, struct error *err) MUST_USE;

/*
 * 64-bit hash for tables in memory, never for trust. Two texts that collide under one key do not under another: a
 * table that holds names from outside takes a random key.
 */
uint64_t text_hash(struct text text, uint64_t key);

/* Whole text against a pattern: '*' is any number of bytes, '?' one. */
bool glob_matches(const char *glob, struct text text);

#endif
