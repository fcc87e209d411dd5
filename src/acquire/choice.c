#include "acquire/choice.h"

/* Measured, rounded up: xz preset 6 packs 2.5 MB a second, and decoding makes 100. */
#define PACK_RATE   2500
#define DECODE_RATE 100000 /* bytes a millisecond, both */

#define BYTES_MAX                                                                                            \
    (UINT64_C(1) << 36) /* LIMIT_PLAN_BYTES: nothing is larger, and no product below overflows */
#define METERED_TIMES 10
#define IDLE_PART     10 /* of processor time in idle time */

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t missing(uint64_t size, uint64_t here)
{
    return least(size > here ? size - here : 0, BYTES_MAX);
}

uint64_t choice_cpu_ms(const struct choice_package *package)
{
    uint64_t packed = least(package->packed, BYTES_MAX);

    return packed / PACK_RATE + packed / DECODE_RATE;
}

/* In microseconds. */
static uint64_t link_cost(const struct choice_machine *machine, uint64_t bytes)
{
    uint64_t rate = machine->rate == 0 ? CHOICE_RATE_ASSUMED : machine->rate;

    return bytes * 1000000 / rate * (machine->metered ? METERED_TIMES : 1);
}

static uint64_t rebuild_cost(const struct choice_machine *machine, const struct choice_package *package)
{
    uint64_t us = choice_cpu_ms(package) * 1000;

    return machine->battery ? us : us / IDLE_PART;
}

enum choice choice_make(const struct choice_machine *machine, const struct choice_package *package,
                        enum choice_reason *reason)
{
    uint64_t whole = missing(package->whole_size, package->whole_here);
    uint64_t delta = missing(package->delta_size, package->delta_here);
    enum choice choice = CHOICE_WHOLE;

    if (package->delta_size == 0)
        *reason = CHOICE_NO_DELTA;
    else if (machine->use == CHOICE_NEVER)
        *reason = CHOICE_FORBIDDEN;
    else if (machine->memory > 0 && package->memory > machine->memory)
        *reason = CHOICE_NO_MEMORY;
    else if (delta >= whole)
        *reason = CHOICE_LARGER;
    else if (delta == 0 || machine->use == CHOICE_ALWAYS) {
        *reason = delta == 0 ? CHOICE_HERE : CHOICE_TOLD;
        choice = CHOICE_DELTA;
    } else {
        *reason = CHOICE_COST;
        if (link_cost(machine, delta) + rebuild_cost(machine, package) < link_cost(machine, whole))
            choice = CHOICE_DELTA;
    }
    return choice;
}

const char *choice_reason_text(enum choice_reason reason)
{
    static const char *const texts[CHOICE_REASON_COUNT] = {
        [CHOICE_REASON_UNKNOWN] = "not known",
        [CHOICE_NO_DELTA] = "there is no delta from what is installed",
        [CHOICE_FORBIDDEN] = "deltas are switched off",
        [CHOICE_LARGER] = "the delta saves nothing",
        [CHOICE_NO_MEMORY] = "rebuilding takes more memory than there is",
        [CHOICE_HERE] = "the delta is here already",
        [CHOICE_TOLD] = "deltas are always to be used",
        [CHOICE_COST] = "the cheaper of both",
    };

    return texts[reason < CHOICE_REASON_COUNT ? reason : 0];
}
