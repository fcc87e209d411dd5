/*
 * The options that say what to scan, shared by the commands that begin with a scan (scan, why).
 */
#ifndef CLI_SCAN_OPTIONS_H
#define CLI_SCAN_OPTIONS_H

#include "cli/command.h"
#include "flow/scan.h"

/* The first rows of such a command's options, in this order. */
enum scan_option {
    SCAN_ROOT,
    SCAN_INVENTORY,
    SCAN_INDEX,
    SCAN_POLICY,
    SCAN_NOW,
    SCAN_LEVEL,
    SCAN_OPTION_COUNT
};
#define SCAN_OPTIONS                                                                                         \
    [SCAN_ROOT] = {"root", OPTION_FOLDER, "DIR", "another root, or a mounted image"},                        \
    [SCAN_INVENTORY] = {"inventory", OPTION_FILE, "FILE", "a dpkg status file instead of this machine's"},   \
    [SCAN_INDEX] = {"index", OPTION_FILE, "FILE", "an advisory index instead of the fetched one"},           \
    [SCAN_POLICY] = {"policy", OPTION_FILE, "FILE",                                                          \
                     "a policy file instead of the configured or built-in one"},                             \
    [SCAN_NOW] = {"now", OPTION_TIME, "TIME", "judge as of this time; nothing is written then"},             \
    [SCAN_LEVEL] = {"level", OPTION_CHOICE, "normal|essential|emergency-only",                               \
                    "what the level would take and postpone"}

bool scan_options_request(const struct command_call *call, struct scan_request *out, struct error *err)
    MUST_USE;

#endif
