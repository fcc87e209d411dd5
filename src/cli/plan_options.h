/*
 * The options that say what to plan, shared by the commands that begin with a plan (plan, apply): names, or one of --due,
 * --security and --all; and what is scanned (scan_options.h).
 */
#ifndef CLI_PLAN_OPTIONS_H
#define CLI_PLAN_OPTIONS_H

#include "cli/scan_options.h"
#include "flow/plan.h"

/* The rows of such a command's options behind those of a scan. */
enum plan_option {
    PLAN_OPTION_DUE = SCAN_OPTION_COUNT,
    PLAN_OPTION_SECURITY,
    PLAN_OPTION_ALL,
    PLAN_OPTION_COUNT
};
#define PLAN_OPTIONS                                                                                         \
    SCAN_OPTIONS, [PLAN_OPTION_DUE] = {"due", OPTION_DURATION, "7d", "take what is due within this time"},   \
                  [PLAN_OPTION_SECURITY] = {"security", OPTION_SWITCH, NULL, "take every security update"},  \
                  [PLAN_OPTION_ALL] = {"all", OPTION_SWITCH, NULL, "take every update"}

/* COMMAND_DONE, or what the command ends with. */
enum command_exit plan_options_request(const struct command_call *call, struct plan_request *out,
                                       struct error *err) MUST_USE;

#endif
