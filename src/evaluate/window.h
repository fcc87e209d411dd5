/*
 * Windows: when a machine may be changed, as wall time in the policy's zone.
 *
 * A start that does not exist on its day moves to the first instant that does; one that comes twice takes the first.
 * The length is elapsed time.
 */
#ifndef EVALUATE_WINDOW_H
#define EVALUATE_WINDOW_H

#include "base/zone.h"

#define WINDOW_MINUTES_MAX (24 * 60)
#define WINDOW_EVERY_DAY   0x7f

struct window {
    uint8_t days; /* bit 0 Monday to bit 6 Sunday; at least one */
    uint16_t start_minute;
    uint16_t length_minutes; /* 1 to WINDOW_MINUTES_MAX */
};

struct window_span {
    int64_t start_us, end_us;
};

/* The first window that ends after us: one that is open then, or the next. At the very end of 9999, where none is left, an
 * empty one at us. */
struct window_span window_after(const struct window *window, const struct zone *zone, int64_t us);

/*
 * True when a window is open at us and what takes so long would end in it: only that may start. *out is that window, or,
 * when it is not, the first one in which it would fit; work that fits in no window begins with the next one.
 */
bool window_fits(const struct window *window, const struct zone *zone, int64_t us, int64_t needs_us,
                 struct window_span *out);

/* "Sat, Sun" or "every day": which days a set means. */
void window_write_days(struct writer *w, uint8_t days);

#endif
