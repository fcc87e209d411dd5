#include <assert.h>

#include "format/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct csv csv = csv_with((struct bytes){data, size});
    struct csv_row row;
    struct error err;
    bool found = true;

    while (csv_next(&csv, &row, &found, &err) && found) {
        assert(row.count > 0 && row.count <= CSV_FIELDS_MAX);
        for (size_t i = 0; i < row.count; i++) {
            assert(row.fields[i].at >= data && row.fields[i].at + row.fields[i].size <= data + size);
            assert(row.fields[i].size == 0 || memchr(row.fields[i].at, '\n', row.fields[i].size) == NULL);
        }
    }
    assert(csv.left.size <= size);
    return 0;
}
