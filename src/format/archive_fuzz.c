#include <assert.h>

#include "base/limits.h"
#include "base/own.h"
#include "format/archive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LIMIT (256 * KIB)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(archive_end) struct archive_reader *reader = NULL;
    struct error err;
    struct text name;
    struct bytes bytes;
    bool found = true;
    size_t all = 0;

    if (!archive_open((struct bytes){data, size}, LIMIT, &reader, &err))
        return 0;
    while (archive_next(reader, &name, &bytes, &found, &err) && found) {
        assert(name.size > 0 && name.size <= LIMIT_PATH && bytes.at[bytes.size] == 0);
        all += bytes.size;
        assert(all <= LIMIT);
    }
    return 0;
}
