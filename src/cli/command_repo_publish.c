/* suture repo publish: what enough people signed becomes public, whole and at once. */
#include "base/own.h"
#include "cli/print_repo.h"
#include "cli/repo_options.h"
#include "cli/words.h"

static void print_published(struct screen *screen, const struct repo *repo,
                            const struct repo_published *published)
{
    struct text line = {0};

    for (size_t i = 0; i < TREE_ROLE_COUNT; i++)
        if (published->versions[i] > 0)
            line = text_format(repo->arena, "%.*s%s%s %llu", TEXT_ARG(line), line.size > 0 ? ", " : "",
                               tree_roles[i].name, (unsigned long long)published->versions[i]);
    screen_labelled(screen, PRINT_REPO_LABEL, TEXT("Published"), line, COLOUR_GOOD);
    if (published->removed > 0)
        screen_labelled(screen, PRINT_REPO_LABEL, TEXT("removed"),
                        words_count(repo->arena, published->removed, "file that nobody needs any more",
                                    "files that nobody needs any more"),
                        COLOUR_PLAIN);
}

/* Opened anew: what was published waits no more. */
static enum command_exit show(const struct command_call *call, const struct repo_published *published,
                              int64_t now_us, const struct repo_signers *signers, struct error *err)
{
    OWN(writer_end) struct writer out = writer_with(PRINT_REPO_MAX);
    struct screen screen = screen_for_output(&out);
    OWN(repo_close) struct repo repo = {.lock = -1};

    if (!repo_open(call->arguments[0], REPO_READ, call->arena, &repo, err))
        return COMMAND_FAILED;
    print_published(&screen, &repo, published);
    if (signers->opened < repo.online_count)
        screen_labelled(&screen, PRINT_REPO_LABEL, TEXT("(!) key"),
                        text_format(call->arena, "an online key cannot be used: %s", signers->why.text),
                        COLOUR_WARN);
    if (tree_is_solo(repo_in_force(&repo, &tree_roles[0])))
        print_repo_solo(&screen);
    print_repo_soon(&screen, &repo, now_us);
    if (!print_repo_waiting(&screen, &repo, time_now_us(), err))
        return COMMAND_FAILED;
    return print_repo_out(call, &out, err);
}

/* What waits is said also when nothing could be published: that is why. */
static enum command_exit fail(const struct command_call *call, const struct repo *repo)
{
    OWN(writer_end) struct writer out = writer_with(PRINT_REPO_MAX);
    struct screen screen = screen_for_output(&out);
    struct error ignored;

    if (print_repo_waiting(&screen, repo, time_now_us(), &ignored))
        (void)print_repo_out(call, &out, &ignored);
    return COMMAND_FAILED;
}

static enum command_exit run(const struct command_call *call, struct error *err)
{
    OWN(repo_signers_end) struct repo_signers signers = {0};
    struct repo_publish with = {.now_us = time_now_us()};
    struct repo_published published;

    repo_option_readable();
    {
        OWN(repo_close) struct repo repo = {.lock = -1};
        if (!repo_open(call->arguments[0], REPO_WRITE, call->arena, &repo, err) ||
            !repo_signers_open(call, &repo, &signers, err))
            return COMMAND_FAILED;
        with.signers = signers.at;
        with.signer_count = signers.count;
        if (!repo_publish(&repo, &with, &published, err))
            return fail(call, &repo);
    }
    return show(call, &published, with.now_us, &signers, err);
}

const struct command command_repo_publish = {
    .name = "repo publish",
    .arguments = "DIR",
    .help = "make public what enough people signed, and renew the timestamp",
    .more = "Run it after signing, and every hour by a timer: machines call a repository\n"
            "stale whose timestamp is older than 24 hours, and refuse it after 7 days. What\n"
            "lacks signatures goes on waiting. Everything is checked by the code that\n"
            "machines have before it takes the place of what is public, in one step: an\n"
            "interrupted run leaves what was there, and the next one clears up.",
    .argument_min = 1,
    .argument_max = 1,
    .run = run,
};
