/*
 * Whether a package is fetched whole or rebuilt from a delta: by cost, package by package.
 *
 * A delta saves bytes on the link and costs processor time on this machine: what it gives is packed again as the vendor
 * packed it, 0.4 seconds for each megabyte. So the two are compared in time:
 *
 *     whole    what is missing of the package file / rate
 *     delta    what is missing of the delta / rate  +  time of the processor, by what that time is worth
 *
 * Processor time is spent in idle time and before anything is changed, while nobody waits: on mains it counts a tenth. On
 * battery it counts whole, for then it is paid from what the person with the machine has left. Where bytes are paid for
 * (metered) they count tenfold. So on mains a delta that saves 2 MB of a package of 6 MB unpacked is taken below some
 * 60 Mbit/s, on battery below 6. Pure arithmetic on whole numbers: same question, same answer.
 */
#ifndef ACQUIRE_CHOICE_H
#define ACQUIRE_CHOICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum choice_use {
    CHOICE_AUTO,   /* by cost */
    CHOICE_ALWAYS, /* whenever there is a delta that is smaller */
    CHOICE_NEVER,
    CHOICE_USE_COUNT
};

/* What is the same for all packages of a run. */
struct choice_machine {
    enum choice_use use;
    uint64_t rate;   /* bytes a second that the link gives; 0: not known */
    bool metered;    /* bytes are paid for */
    bool battery;    /* it runs on its battery */
    uint64_t memory; /* bytes that rebuilding may take; 0: not known */
};

struct choice_package {
    uint64_t whole_size, whole_here; /* bytes of the package file, and how many of them are here already */
    uint64_t delta_size, delta_here; /* 0: there is no delta */
    uint64_t packed;                 /* bytes to pack again */
    uint64_t memory;                 /* that rebuilding takes */
};

enum choice {
    CHOICE_UNKNOWN,
    CHOICE_WHOLE,
    CHOICE_DELTA,
};

/* Why, for people. */
enum choice_reason {
    CHOICE_REASON_UNKNOWN,
    CHOICE_NO_DELTA,  /* there is none for what is installed */
    CHOICE_FORBIDDEN, /* never */
    CHOICE_LARGER,    /* what is missing of the delta is no less than what is missing of the package */
    CHOICE_NO_MEMORY, /* rebuilding takes more memory than there is */
    CHOICE_HERE,      /* the delta is here: it has been paid for */
    CHOICE_TOLD,      /* always */
    CHOICE_COST,      /* the cheaper one */
    CHOICE_REASON_COUNT
};
const char *choice_reason_text(enum choice_reason reason); /* "the link is faster than rebuilding", ... */

enum choice choice_make(const struct choice_machine *machine, const struct choice_package *package,
                        enum choice_reason *reason);

/* What choosing takes for the rate where none is known: 16 Mbit/s, the link of an ordinary home. */
#define CHOICE_RATE_ASSUMED 2000000

/* Processor time of rebuilding, all processors together. */
uint64_t choice_cpu_ms(const struct choice_package *package);

#endif
