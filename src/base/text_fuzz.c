/*
 * Anything becomes text or an error; a time that is read and written reads the same again.
 */
#include <assert.h>

#include "base/own.h"
#include "base/time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void time_comes_back(struct text text)
{
    OWN(writer_end) struct writer w = writer_with(64);
    struct error err;
    int64_t us, again;

    if (!time_parse(text, &us, &err) && !time_parse_mail(text, &us, &err) &&
        !time_parse_day_month(text, &us, &err))
        return;
    time_write(&w, us);
    bool done = time_parse((struct text){(const char *)w.at, w.size}, &again, &err);
    assert(done && again == us && civil_valid(time_civil(us)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text text, lines, item;
    struct error err;
    uint64_t number;
    uint8_t hex[8];

    if (text_from_bytes((struct bytes){data, size}, 1000, &text, &err)) {
        assert(text_from_lines((struct bytes){data, size}, 1000, &lines, &err) && text_equal(text, lines));
        for (struct text rest = text; text_cut(&rest, ',', &item);)
            assert(item.size <= text.size);
        for (struct text rest = text; text_cut_word(&rest, &item);)
            assert(item.size > 0);
        assert(text_trim(text).size <= text.size);
        (void)!text_to_u64(text, &number, &err);
        (void)!text_to_hex(text, hex, sizeof(hex), &err);
        time_comes_back(text);
    } else {
        assert(err.kind == ERROR_INPUT || err.kind == ERROR_LIMIT);
    }
    return 0;
}
