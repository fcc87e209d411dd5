/* Whatever the bytes are: what a line or a cgroup gives is a text that lies within them. */
#include <assert.h>

#include "base/limits.h"
#include "base/process.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(struct text text, size_t limit)
{
    struct error err = {0};

    assert(text_from_bytes(bytes_of_text(text), limit, &text, &err));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t begin = 0;

    for (size_t i = 0; i <= size; i++) {
        struct process_file file;
        if (i < size && data[i] != '\n')
            continue;
        if (process_parse_mapping((struct bytes){data + begin, i - begin}, &file)) {
            assert(file.path.size > 0 && file.path.at[0] == '/' && file.inode != 0);
            check_text(file.path, LIMIT_PATH + 10);
        }
        begin = i + 1;
    }
    struct text service = process_parse_service((struct bytes){data, size});
    assert(text_find_byte(service, '/') == SIZE_MAX);
    check_text(service, LIMIT_LINE);
    uint64_t number;
    (void)process_parse_start((struct bytes){data, size}, &number);
    (void)process_parse_boot((struct bytes){data, size}, &number);
    return 0;
}
