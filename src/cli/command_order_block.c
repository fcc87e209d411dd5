/* suture order block: an order by which no machine installs a package, for the people of a repository to sign. */
#include "base/limits.h"
#include "cli/order_options.h"

enum { OPTION_SHA256 = ORDER_OPTION_COUNT, OPTION_EVERYTHING };
static const struct command_option options[] = {
    ORDER_OPTIONS,
    [OPTION_SHA256] = {"sha256", OPTION_TEXTS, "DIGEST", "only the file of this SHA-256; as often as needed"},
    [OPTION_EVERYTHING] = {"everything", OPTION_SWITCH, NULL, "all packages: everything stops"},
    {0},
};

#define LASTS_US (30 * TIME_DAY_US)

static bool read_versions(const struct command_call *call, struct signed_order *order, struct error *err)
{
    size_t count = call->argument_count - 1;
    struct text *versions = ARENA_ARRAY(call->arena, struct text, count);

    if (versions == NULL)
        return arena_full(call->arena, err);
    if (!text_from_bytes(bytes_of_text(text_of(call->arguments[0])), LIMIT_PACKAGE_NAME, &order->package,
                         err))
        return error_at(err, "package");
    for (size_t i = 0; i < count; i++)
        if (!text_from_bytes(bytes_of_text(text_of(call->arguments[i + 1])), LIMIT_VERSION, &versions[i],
                             err))
            return error_at(err, "version");
    order->versions = versions;
    order->version_count = count;
    return true;
}

static bool read_digests(const struct command_call *call, struct signed_order *order, struct error *err)
{
    const struct command_value *value = &call->values[OPTION_SHA256];
    struct digest *digests = ARENA_ARRAY(call->arena, struct digest, value->text_count);

    if (digests == NULL)
        return arena_full(call->arena, err);
    for (size_t i = 0; i < value->text_count; i++)
        if (!digest_parse(DIGEST_SHA256, text_of(value->texts[i]), &digests[i], err))
            return error_at(err, "--sha256");
    order->digests = digests;
    order->digest_count = value->text_count;
    return true;
}

static enum command_exit run(const struct command_call *call, struct error *err)
{
    const struct order_words words = order_option_words(call);
    struct signed_order order = {.kind = SIGNED_ORDER_BLOCK,
                                 .everything = command_given(call, OPTION_EVERYTHING)};
    bool named = call->argument_count > 0;

    if (order.everything && (named || command_given(call, OPTION_SHA256)))
        return command_wrong(err, "--everything names no package beside it");
    if (!order.everything && !named)
        return command_wrong(err, "PACKAGE is missing; --everything stops all");
    if (named && (!read_versions(call, &order, err) || !read_digests(call, &order, err)))
        return COMMAND_WRONG_USAGE;
    enum command_exit wrong = order_option_head(call, &words, LASTS_US, &order, err);
    return wrong != COMMAND_DONE ? wrong : order_option_stage(call, words.repo, &order, 1, err);
}

const struct command command_order_block = {
    .name = "order block",
    .arguments = "[PACKAGE [VERSION...]]",
    .help = "stage an order by which no machine installs a package",
    .more = "PACKAGE alone is every version of it; else the versions that are named, or the files\n"
            "of --sha256. It is added to the repository's role block, where one person's\n"
            "signature is enough: then it ends after 72 hours, and with a second one at its own\n"
            "end, 30 days when nothing is said, 366 at most.",
    .options = options,
    .argument_max = LIMIT_SIGNED_ORDER_LIST + 1,
    .run = run,
};
