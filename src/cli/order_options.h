/*
 * What the commands `suture order ...` and an approval for a repository share: why, by whom and until when; and staging what
 * was made.
 */
#ifndef CLI_ORDER_OPTIONS_H
#define CLI_ORDER_OPTIONS_H

#include "cli/command.h"
#include "trust/repo_orders.h"

/* The first rows of the options of a command that makes an order. */
enum order_option { ORDER_REPO, ORDER_REASON, ORDER_UNTIL, ORDER_FOR, ORDER_BY, ORDER_OPTION_COUNT };
#define ORDER_OPTIONS                                                                                        \
    [ORDER_REPO] = {"repo", OPTION_FOLDER, "DIR", "the repository whose people sign it"},                    \
    [ORDER_REASON] = {"reason", OPTION_TEXT, "TEXT", "why; it is asked for, and shown wherever it counts"},  \
    [ORDER_UNTIL] = {"until", OPTION_TIME, "TIME", "when it ends"},                                          \
    [ORDER_FOR] = {"for", OPTION_DURATION, "14d", "the same as a length"},                                   \
    [ORDER_BY] = {"by", OPTION_TEXT, "NAME", "who proposes it: where two sign, that is two others"}

/* Where the values lie among a command's own. */
struct order_words {
    const char *repo, *reason, *by;
    int64_t until_us, for_us;
};
struct order_words order_option_words(const struct command_call *call);

/*
 * Fills reason, by, made and end: `lasts_us` from now where nobody says. COMMAND_DONE, or what the command ends with. The
 * rest of the order's rules are seen to where it is written.
 */
enum command_exit order_option_head(const struct command_call *call, const struct order_words *words,
                                    int64_t lasts_us, struct signed_order *order, struct error *err);

/* Stages the orders, one after the other, and prints each in sentences, and then who has to sign and what to type. */
enum command_exit order_option_stage(const struct command_call *call, const char *folder,
                                     struct signed_order *orders, size_t count, struct error *err);

#endif
