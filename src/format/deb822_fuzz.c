#include <assert.h>

#include "format/deb822.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {"Package", "Version", "Priority", "Provides", "X"};
#define NAMES (sizeof(names) / sizeof(names[0]))

static void check_inside(struct bytes part, struct bytes whole)
{
    assert(part.at == NULL || (part.at >= whole.at && part.at + part.size <= whole.at + whole.size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct deb822_fields fields = {names, NAMES};
    struct bytes raw = {data, size};
    bool comments = size % 2 == 1, found = true;

    /* What stands before deb822_whole's answer, read alone, is what is read of it in the whole. */
    size_t front = deb822_whole(raw);
    assert(front <= size);
    struct deb822 whole = deb822_with(raw, fields, comments);
    struct deb822 part = deb822_with((struct bytes){data, front}, fields, comments);
    struct deb822_paragraph a, b;
    struct error err;
    while (deb822_next(&part, &a, &found, &err) && found) {
        assert(deb822_next(&whole, &b, &found, &err) && found);
        assert(a.whole.at == b.whole.at && a.whole.size == b.whole.size && a.line == b.line);
        check_inside(a.whole, raw);
        for (size_t i = 0; i < NAMES; i++) {
            assert(a.values[i].at == b.values[i].at && a.values[i].size == b.values[i].size);
            check_inside(a.values[i], a.whole);
        }
    }
    while (deb822_next(&whole, &b, &found, &err) && found)
        check_inside(b.whole, raw);
    return 0;
}
