/*
 * How one health check of each kind is asked (verify/health.h). Only health.c and its tests include this.
 */
#ifndef VERIFY_HEALTH_ASK_H
#define VERIFY_HEALTH_ASK_H

#include "model/check.h"

struct health_question {
    const struct check *check;
    struct arena *arena;
    bool again;     /* until end_ms, while there is no good answer */
    int64_t end_ms; /* of health_clock_ms */
};

/* A clock that only runs forward; for waiting, nothing else. */
int64_t health_clock_ms(void);

/* Each fails only when memory is out. */
bool health_ask_unit(const struct health_question *question, struct check_answer *out, struct error *err)
    MUST_USE;
bool health_ask_tcp(const struct health_question *question, struct check_answer *out, struct error *err)
    MUST_USE;
bool health_ask_http(const struct health_question *question, struct check_answer *out, struct error *err)
    MUST_USE;
bool health_ask_command(const struct health_question *question, struct check_answer *out, struct error *err)
    MUST_USE;

#endif
