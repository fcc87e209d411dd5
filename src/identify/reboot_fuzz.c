/* Whatever the names are: each part that is taken lies within what it was taken from. */
#include <assert.h>

#include "base/limits.h"
#include "identify/reboot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_part(struct text part, struct text whole)
{
    assert(part.size == 0 || (part.at >= whole.at && part.at + part.size <= whole.at + whole.size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text lines, line;
    struct error err = {0};

    if (!text_from_lines((struct bytes){data, size}, LIMIT_LINE, &lines, &err))
        return 0;
    while (text_cut(&lines, '\n', &line)) {
        check_part(reboot_flavour(line), line);
        check_part(reboot_build_version(line), line);
    }
    return 0;
}
