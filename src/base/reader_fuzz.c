/*
 * The first half of the input says what to read, the second is read: no order of reads leaves the bytes given.
 */
#include <assert.h>

#include "base/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader r = reader_with((struct bytes){data + size / 2, size - size / 2});

    for (size_t i = 0; i < size / 2; i++) {
        size_t before = reader_left(&r);
        switch (data[i] % 8) {
        case 0:
            (void)reader_u8(&r);
            break;
        case 1:
            (void)reader_u16(&r);
            break;
        case 2:
            (void)reader_u32(&r);
            break;
        case 3:
            (void)reader_u64(&r);
            break;
        case 4:
            (void)reader_varint(&r);
            break;
        case 5:
            assert(reader_varint_max(&r, data[i]) <= data[i]);
            break;
        case 6:
            reader_skip(&r, data[i]);
            break;
        default: {
            struct bytes taken = reader_take(&r, (size_t)1 << (data[i] / 4));
            for (size_t j = 0; j < taken.size; j++)
                assert(taken.at[j] <= UINT8_MAX); /* touches it: the sanitizer looks */
        }
        }
        assert(reader_left(&r) <= before && (reader_ok(&r) || reader_left(&r) == 0));
    }
    return 0;
}
