/*
 * Whether there is power enough to change packages: on mains, or with a battery that is full enough. A machine that dies
 * between unpacking and configuring is the one that patching broke.
 *
 * Read is the kernel's list of supplies, /sys/class/power_supply: of each its type, and whether it is online, discharging
 * and how full. Batteries of mice and headsets (scope Device) do not count, nor does one that is not present. A machine
 * without a battery is on mains. A battery whose level cannot be told counts as empty: what is not known is not favourable.
 */
#ifndef DEPLOY_READY_POWER_H
#define DEPLOY_READY_POWER_H

#include "base/bytes.h"

#define READY_POWER_FOLDER  "/sys/class/power_supply"
#define READY_POWER_PERCENT 50 /* policy.md: on mains or above half */

struct ready_power {
    bool battery; /* the machine has one */
    bool mains;   /* its power comes from outside now */
    bool level_known;
    uint8_t percent; /* of all batteries together, 0 to 100 */
};

/* folder is READY_POWER_FOLDER outside tests; that it is not there means no supply is told of: mains. */
bool ready_power_look(const char *folder, struct ready_power *out, struct error *err) MUST_USE;

/* ERROR_CONFLICT says what there is and what is asked for: "on battery at 31 %, and 50 % is asked for". */
bool ready_power_check(const struct ready_power *power, uint8_t percent_min, struct error *err) MUST_USE;

#endif
