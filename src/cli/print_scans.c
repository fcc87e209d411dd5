#include "cli/print_scan.h"
#include "flow/scan_json.h"

static void print_json(const struct scan *scan, const struct print_options *options, struct arena *arena,
                       struct screen *screen)
{
    (void)options;
    scan_write_json(scan, SCAN_JSON_PRINTED, arena, screen->out);
}

static const struct print_format formats[] = {
    {"table", print_scan_screen},
    {"json", print_json},
    {"sarif", print_scan_sarif},
};

const struct print_format *print_format_find(struct text name)
{
    for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
        if (text_equal(name, text_of(formats[i].name)))
            return &formats[i];
    return NULL;
}
