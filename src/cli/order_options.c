#include "cli/order_options.h"

#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "cli/caller.h"
#include "cli/print_repo.h"

struct order_words order_option_words(const struct command_call *call)
{
    return (struct order_words){.repo = command_text(call, ORDER_REPO),
                                .reason = command_text(call, ORDER_REASON),
                                .by = command_text(call, ORDER_BY),
                                .until_us = command_us(call, ORDER_UNTIL),
                                .for_us = command_us(call, ORDER_FOR)};
}

static bool read_text(const char *string, size_t limit, struct text *out, struct error *err)
{
    return text_from_bytes(bytes_of_text(text_of(string)), limit, out, err);
}

/* Whole seconds: an order has no others. */
static int64_t whole(int64_t us)
{
    return us - us % TIME_SECOND_US;
}

enum command_exit order_option_head(const struct command_call *call, const struct order_words *words,
                                    int64_t lasts_us, struct signed_order *order, struct error *err)
{
    if (words->repo == NULL)
        return command_wrong(err, "--repo DIR is missing: the repository whose people sign it");
    if (words->reason == NULL)
        return command_wrong(err, "--reason TEXT is missing: say why");
    if (words->until_us != TIME_ABSENT && words->for_us != TIME_ABSENT)
        return command_wrong(err, "--until and --for say the same: give one of them");
    if (!read_text(words->reason, LIMIT_ORDER_TEXT, &order->reason, err)) {
        (void)error_at(err, "--reason");
        return COMMAND_WRONG_USAGE;
    }
    if (words->by != NULL && !read_text(words->by, LIMIT_PERSON, &order->by, err)) {
        (void)error_at(err, "--by");
        return COMMAND_WRONG_USAGE;
    }
    if (words->by == NULL && !caller_name(call->arena, &order->by, err))
        return COMMAND_FAILED;
    if (words->for_us != TIME_ABSENT)
        lasts_us = words->for_us;
    order->made_us = whole(time_now_us());
    order->ends_us = words->until_us == TIME_ABSENT ? order->made_us + lasts_us : whole(words->until_us);
    return COMMAND_DONE;
}

/* ---- staging ---- */

static bool print_order(struct screen *screen, const struct signed_order *order,
                        const struct repo_changed *changed, struct arena *arena, struct error *err)
{
    OWN(writer_end) struct writer told = writer_with(4 * LIMIT_SIGNED_ORDER);
    struct bytes raw;

    signed_order_tell(&told, order);
    if (!writer_done(&told, &raw, err))
        return false;
    struct text rest = {(const char *)raw.at, raw.size}, line;
    screen_line(screen,
                text_format(arena, "Staged: %s version %llu lists this order, and nobody obeys it yet.",
                            signed_order_kind_name(order->kind), (unsigned long long)changed->version),
                COLOUR_HEAD);
    while (text_cut(&rest, '\n', &line))
        if (line.size > 0)
            screen_line(screen, line, COLOUR_PLAIN);
    print_repo_lost(screen, changed->lost, arena);
    return true;
}

enum command_exit order_option_stage(const struct command_call *call, const char *folder,
                                     struct signed_order *orders, size_t count, struct error *err)
{
    OWN(writer_end) struct writer out = writer_with(PRINT_REPO_MAX);
    OWN(repo_close) struct repo repo = {.lock = -1};
    struct screen screen = screen_for_output(&out);

    for (size_t i = 0; i < count; i++) {
        uint32_t random;
        os_random(&random, sizeof(random));
        if (!signed_order_name(&orders[i], random, call->arena, err))
            return COMMAND_FAILED;
        if (!signed_order_check(&orders[i], err))
            return COMMAND_WRONG_USAGE;
    }
    if (!repo_open(folder, REPO_WRITE, call->arena, &repo, err))
        return COMMAND_FAILED;
    for (size_t i = 0; i < count; i++) {
        struct repo_changed changed;
        if (!repo_orders_stage(&repo, &orders[i], &changed, err) ||
            !print_order(&screen, &orders[i], &changed, call->arena, err))
            return COMMAND_FAILED;
    }
    return print_repo_waiting(&screen, &repo, time_now_us(), err) ? print_repo_out(call, &out, err)
                                                                  : COMMAND_FAILED;
}
