#include "model/cve.h"

#define YEAR_FIRST      1990
#define YEAR_LAST       (YEAR_FIRST + 127)
#define NUMBER_BITS     24
#define NUMBER_MAX      ((UINT32_C(1) << NUMBER_BITS) - 1)
#define YEAR_SIZE       4
#define NUMBER_SIZE_MIN 4
#define NUMBER_SIZE_MAX 8 /* digits of NUMBER_MAX */

static bool read_number(struct text digits, uint32_t *out)
{
    uint32_t number = 0;

    for (size_t i = 0; i < digits.size; i++) {
        if (digits.at[i] < '0' || digits.at[i] > '9')
            return false;
        number = number * 10 + (uint32_t)(digits.at[i] - '0');
    }
    *out = number;
    return true;
}

uint32_t cve_pack(struct text text)
{
    static const size_t number_place = sizeof("CVE-YYYY-") - 1;
    uint32_t year, number;

    if (text.size < number_place + NUMBER_SIZE_MIN || text.size > number_place + NUMBER_SIZE_MAX)
        return 0;
    if (memcmp(text.at, "CVE-", 4) != 0 || text.at[number_place - 1] != '-')
        return 0;
    if (text.size > number_place + NUMBER_SIZE_MIN && text.at[number_place] == '0')
        return 0;
    if (!read_number((struct text){text.at + 4, YEAR_SIZE}, &year) ||
        !read_number((struct text){text.at + number_place, text.size - number_place}, &number))
        return 0;
    if (year < YEAR_FIRST || year > YEAR_LAST || number > NUMBER_MAX)
        return 0;
    return (year - YEAR_FIRST) << NUMBER_BITS | number;
}

static char *write_number(char *at, uint32_t number, size_t size_min)
{
    char digits[NUMBER_SIZE_MAX];
    size_t size = 0;

    for (; number > 0 || size < size_min; number /= 10)
        digits[size++] = (char)('0' + number % 10);
    while (size > 0)
        *at++ = digits[--size];
    return at;
}

size_t cve_write(uint32_t id, char out[CVE_TEXT_MAX])
{
    char *at = out;

    memcpy(at, "CVE-", 4);
    at = write_number(at + 4, YEAR_FIRST + (id >> NUMBER_BITS), YEAR_SIZE);
    *at++ = '-';
    at = write_number(at, id & NUMBER_MAX, NUMBER_SIZE_MIN);
    *at = '\0';
    return (size_t)(at - out);
}
