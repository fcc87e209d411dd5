#include "server/range.h"

/* Digits alone, at least one; false also for what does not fit into 64 bits. */
static bool number_of(struct text digits, uint64_t *out)
{
    struct error err;

    return digits.size > 0 && text_to_u64(digits, out, &err);
}

struct range range_parse(struct text field, uint64_t file_size)
{
    const struct range whole = {RANGE_WHOLE, 0, file_size}, none = {RANGE_NONE, 0, 0};
    const struct text unit = TEXT("bytes=");
    uint64_t from = 0, to = UINT64_MAX;

    if (!text_starts(field, unit))
        return whole;
    struct text part = text_part(field, unit.size, SIZE_MAX);
    size_t dash = text_find_byte(part, '-');
    if (dash == SIZE_MAX)
        return whole;
    struct text first = text_part(part, 0, dash), last = text_part(part, dash + 1, SIZE_MAX);
    if (first.size == 0) { /* the last so many bytes */
        if (!number_of(last, &to))
            return whole;
        uint64_t size = to < file_size ? to : file_size;
        return size == 0 ? none : (struct range){RANGE_PART, file_size - size, size};
    }
    if (!number_of(first, &from) || (last.size > 0 && !number_of(last, &to)) || to < from)
        return whole;
    if (from >= file_size)
        return none;
    uint64_t left = file_size - from;
    return (struct range){RANGE_PART, from, to - from < left ? to - from + 1 : left};
}
