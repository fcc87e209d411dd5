/*
 * This machine's own order: a level other than normal, with who set it, why, and until when.
 *
 * There is at most one; a new one replaces it whole, and renewing is a new one. It lasts ORDER_LENGTH_MAX_US at most. At
 * its end the level falls by one step by itself: essential to normal; emergency-only to essential, which then lasts as long
 * as the order did but not over ORDER_LENGTH_US, and so to normal. From ORDER_WARNING_US before a step it is to be
 * announced. The file is deb822:
 *
 *     Format: 1
 *     Id: 2026-11-21-9f3a1c07
 *     Level: essential
 *     Reason: elections, no change that can wait
 *     By: root (sudo: anna)
 *     Since: 2026-11-07T07:50:00Z     when the first of the orders that followed each other without a gap began
 *     Begun: 2026-11-21T07:50:00Z
 *     End: 2026-12-05T07:50:00Z
 *
 * A file that is broken, unknown or belongs to another is an error for whoever asks, never "normal": nobody may believe
 * that a machine is at a level that it is not at.
 */
#ifndef STORE_ORDER_H
#define STORE_ORDER_H

#include "base/time.h"
#include "model/decision.h"

#define ORDER_LENGTH_US     (14 * TIME_DAY_US) /* when nobody says */
#define ORDER_LENGTH_MAX_US (30 * TIME_DAY_US)
#define ORDER_WARNING_US    (72 * TIME_HOUR_US)
#define ORDER_ID_SIZE       24 /* with its NUL */

struct order {
    char id[ORDER_ID_SIZE];
    enum level level; /* ESSENTIAL or EMERGENCY_ONLY */
    struct text reason, by;
    int64_t since_us, begun_us, end_us;
};

/* Makes the id from the date and `random`. */
void order_name(struct order *order, uint32_t random);

/* ERROR_INPUT: something in it is not as it must be, a length among them; ERROR_LIMIT: longer than it may be. */
bool order_check(const struct order *order, struct error *err) MUST_USE;
/* What the file holds; texts point into `raw`. Checked. */
bool order_parse(struct bytes raw, struct order *out, struct error *err) MUST_USE;
void order_write(struct writer *w, const struct order *order);

/* *found is false when there is none. ERROR_TRUST: the file is another's, or others may write to it. In the arena. */
bool order_read(const char *path, struct arena *arena, struct order *out, bool *found, struct error *err)
    MUST_USE;
/* Checks it and replaces the file, durably. */
bool order_replace(const char *path, const struct order *order, struct error *err) MUST_USE;
/* Takes it away, durably; none there is no error. */
bool order_remove(const char *path, struct error *err) MUST_USE;

/* What holds at a time. */
enum order_phase {
    ORDER_NONE,      /* there is no order */
    ORDER_NOT_BEGUN, /* it begins later than now: a clock was, or is, wrong; it has no effect */
    ORDER_IN_FORCE,
    ORDER_FALLEN, /* one step below what it ordered, by itself */
    ORDER_ENDED,
};
struct order_force {
    enum order_phase phase;
    enum level level;          /* NORMAL when nothing is in force */
    int64_t end_us;            /* of this level; TIME_ABSENT when nothing is in force */
    enum level next;           /* the level after that */
    bool ends_soon;            /* within ORDER_WARNING_US */
    const struct order *order; /* NULL: there is none */
};
/* order may be NULL, and must outlive what it gives. */
struct order_force order_at(const struct order *order, int64_t now_us);

#endif
