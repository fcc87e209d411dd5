/*
 * The faces of a scan: the screen for people, JSON and SARIF for programs. print_scans.c has the table of formats.
 *
 * Each writes the whole answer into a writer and decides nothing: what is shown is in the scan.
 */
#ifndef CLI_PRINT_SCAN_H
#define CLI_PRINT_SCAN_H

#include "cli/screen.h"
#include "flow/scan.h"

struct print_options {
    bool all;              /* everything, not only what is due */
    bool unfixed;          /* holes without a fix */
    int64_t due_within_us; /* list all that is due so soon; 0: as many as fit */
    int64_t took_us;       /* how long the scan took; 0: not shown (a fixed clock) */
};

void print_scan_screen(const struct scan *scan, const struct print_options *options, struct arena *arena,
                       struct screen *screen);
void print_scan_sarif(const struct scan *scan, const struct print_options *options, struct arena *arena,
                      struct screen *screen);

struct print_format {
    const char *name;
    void (*print)(const struct scan *scan, const struct print_options *options, struct arena *arena,
                  struct screen *screen);
};
/* NULL when there is no such format. */
const struct print_format *print_format_find(struct text name);

#endif
