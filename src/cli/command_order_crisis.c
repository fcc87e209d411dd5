/* suture order crisis: an order by which machines take only what is essential, for the people of a repository to sign. */
#include "cli/order_options.h"

enum { OPTION_LEVEL = ORDER_OPTION_COUNT };
static const struct command_option options[] = {
    ORDER_OPTIONS,
    [OPTION_LEVEL] = {"level", OPTION_CHOICE, "essential|emergency-only", "how little machines take"},
    {0},
};

#define LASTS_US (14 * TIME_DAY_US)

static enum command_exit run(const struct command_call *call, struct error *err)
{
    static const enum level levels[] = {LEVEL_NORMAL, LEVEL_ESSENTIAL, LEVEL_EMERGENCY_ONLY};
    const struct order_words words = order_option_words(call);
    struct signed_order order = {.kind = SIGNED_ORDER_CRISIS,
                                 .level = levels[command_choice(call, OPTION_LEVEL)]};

    if (order.level == LEVEL_NORMAL)
        return command_wrong(err, "--level essential or --level emergency-only is missing");
    enum command_exit wrong = order_option_head(call, &words, LASTS_US, &order, err);
    return wrong != COMMAND_DONE ? wrong : order_option_stage(call, words.repo, &order, 1, err);
}

const struct command command_order_crisis = {
    .name = "order crisis",
    .help = "stage an order that reduces patching to what is essential, on all machines",
    .more = "It is added to the repository's role crisis, where people sign it; no machine obeys\n"
            "it before. It ends after 14 days when nothing is said, 30 at most, and renewing is a\n"
            "new order. On one machine alone: suture level.",
    .options = options,
    .run = run,
};
