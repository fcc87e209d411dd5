#include "delta/deb_ar.h"

#include <stdio.h>

/* Fields of a head. */
enum { TIME_AT = 16, TIME_SIZE = 12, OWNER_AT = 28, SIZE_AT = 48, SIZE_SIZE = 10, END_AT = 58 };

static struct bytes field(struct bytes head, size_t at, size_t size)
{
    while (size > 0 && head.at[at + size - 1] == ' ')
        size--;
    return (struct bytes){head.at + at, size};
}

static bool number(struct bytes field, uint64_t *out)
{
    *out = 0;
    for (size_t i = 0; i < field.size; i++) {
        if (field.at[i] < '0' || field.at[i] > '9')
            return false;
        *out = *out * 10 + (uint64_t)(field.at[i] - '0'); /* at most 12 digits */
    }
    return field.size > 0;
}

bool deb_ar_next(struct reader *r, struct deb_ar_member *out, struct error *err)
{
    struct deb_ar_member member = {.head = reader_take(r, DEB_AR_HEAD_SIZE)};
    uint64_t size;

    if (!reader_ok(r))
        return error_set(err, ERROR_INPUT, "ends in the middle of a member's head");
    if (memcmp(member.head.at + END_AT, "`\n", 2) != 0 ||
        !number(field(member.head, SIZE_AT, SIZE_SIZE), &size))
        return error_set(err, ERROR_INPUT, "no member's head at byte %zu",
                         reader_place(r) - DEB_AR_HEAD_SIZE);
    member.name = field(member.head, 0, DEB_AR_NAME_MAX);
    if (member.name.size > 1 && member.name.at[member.name.size - 1] == '/')
        member.name.size--;
    if (!number(field(member.head, TIME_AT, TIME_SIZE), &member.time))
        member.time = 0;
    if (size > reader_left(r))
        return error_set(err, ERROR_INPUT, "ends in the middle of a member, %zu bytes too early",
                         (size_t)size - reader_left(r));
    member.bytes = reader_take(r, (size_t)size);
    member.bare = size % 2 != 0 && reader_left(r) == 0;
    if (size % 2 != 0 && !member.bare && reader_u8(r) != '\n')
        return error_set(err, ERROR_INPUT, "no newline behind a member at byte %zu", reader_place(r) - 1);
    *out = member;
    return true;
}

static bool put_number(uint8_t *at, size_t size, uint64_t value)
{
    char digits[24];
    int count = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)value);

    if (count < 1 || (size_t)count > size)
        return false;
    memcpy(at, digits, (size_t)count);
    return true;
}

bool deb_ar_head(struct bytes name, uint64_t time, uint64_t size, uint8_t out[DEB_AR_HEAD_SIZE])
{
    if (name.size > DEB_AR_NAME_MAX)
        return false;
    memset(out, ' ', DEB_AR_HEAD_SIZE);
    if (name.size > 0)
        memcpy(out, name.at, name.size);
    memcpy(out + OWNER_AT, "0     0     100644  ", SIZE_AT - OWNER_AT);
    memcpy(out + END_AT, "`\n", 2);
    return put_number(out + TIME_AT, TIME_SIZE, time) && put_number(out + SIZE_AT, SIZE_SIZE, size);
}
