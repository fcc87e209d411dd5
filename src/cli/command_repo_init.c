/* suture repo init: a repository in which everything waits for its people's signatures. */
#include "base/own.h"
#include "cli/print_repo.h"
#include "cli/repo_options.h"
#include "trust/repo_stage.h"

enum { OPTION_KEYS, OPTION_ONLINE, OPTION_ROLES, OPTION_SOLO, OPTION_KEY };

static const struct command_option options[] = {
    [OPTION_KEYS] = {"keys", OPTION_TEXT, "A.pub,B.pub,...",
                     "public keys of the people, 5 are best, 4 at least"},
    [OPTION_ONLINE] = {"online", OPTION_FILE, "FILE", "the server's private key (suture key new --online)"},
    [OPTION_ROLES] = {"roles", OPTION_TEXT, "ROLE=A,B;...",
                      "who signs for a role instead of those that are chosen"},
    [OPTION_SOLO] = {"solo", OPTION_SWITCH, NULL, "one person alone: weaker, and machines wait 24 hours"},
    [OPTION_KEY] = {"key", OPTION_FILE, "FILE.pub", "with --solo: the public key of that person"},
    {0},
};

static void print_seats(struct screen *screen, const struct tree_seats *seats, struct arena *arena)
{
    for (size_t i = 0; i < TREE_ROLE_COUNT; i++) {
        const struct tuf_role *role = &seats->roles[i];
        struct text names = print_repo_names(role, NULL, arena);
        struct text line = tree_roles[i].online
                               ? text_format(arena, "the server: %s", tree_roles[i].what)
                               : text_format(arena, "%u of %zu (%.*s): %s", role->threshold,
                                             tree_seats_persons(role), TEXT_ARG(names), tree_roles[i].what);
        screen_labelled(screen, PRINT_REPO_LABEL, text_of(tree_roles[i].name), line, COLOUR_PLAIN);
    }
}

static enum command_exit show(const struct command_call *call, const char *folder,
                              const struct tree_seats *seats, struct error *err)
{
    OWN(writer_end) struct writer out = writer_with(PRINT_REPO_MAX);
    struct screen screen = screen_for_output(&out);
    OWN(repo_close) struct repo repo = {.lock = -1};

    if (!repo_open(folder, REPO_READ, call->arena, &repo, err))
        return COMMAND_FAILED;
    screen_line(&screen, text_format(call->arena, "Made %s. Who signs for what:", folder), COLOUR_HEAD);
    print_seats(&screen, seats, call->arena);
    if (seats->solo)
        print_repo_solo(&screen);
    return print_repo_waiting(&screen, &repo, time_now_us(), err) ? print_repo_out(call, &out, err)
                                                                  : COMMAND_FAILED;
}

static enum command_exit run(const struct command_call *call, struct error *err)
{
    const char *folder = call->arguments[0], *online_where;
    const bool solo = command_given(call, OPTION_SOLO);
    const char *keys = command_text(call, solo ? OPTION_KEY : OPTION_KEYS);
    const char *roles = command_text(call, OPTION_ROLES);
    const struct tuf_key *online;
    struct tree_people people;
    struct tree_seats seats;

    if (solo == command_given(call, OPTION_KEYS) || solo != command_given(call, OPTION_KEY))
        return command_wrong(err, "give either --keys A.pub,B.pub,... or --solo --key FILE.pub");
    if (!command_given(call, OPTION_ONLINE))
        return command_wrong(err,
                             "--online FILE is missing: the server's own key, which signs that all is fresh; "
                             "suture key new --online makes one");
    repo_option_readable();
    if (!repo_option_people(keys, call->arena, &people, err) ||
        !repo_option_online(call, command_text(call, OPTION_ONLINE), &online_where, &online, err) ||
        !tree_seats_fill(&people, online, solo, call->arena, &seats, err) ||
        (roles != NULL && !tree_seats_place(&seats, text_of(roles), &people, call->arena, err)) ||
        !repo_init(folder, &seats, online_where, time_now_us(), call->arena, err))
        return COMMAND_FAILED;
    return show(call, folder, &seats, err);
}

const struct command command_repo_init = {
    .name = "repo init",
    .arguments = "DIR",
    .help = "make a signed repository, whose roles wait for their people",
    .more = "DIR/staged holds what people sign, each on their own machine, with suture sign.\n"
            "suture repo publish then makes DIR/public, which any HTTP server serves. The\n"
            "server's key signs only that things are fresh and belong together: whoever\n"
            "steals it can install nothing.\n\n"
            "With four persons root takes 3 of 4, with five 3 of 5. --roles names others\n"
            "for a role: \"crisis=anna,ben,carla,dan; local=3:anna,ben,carla,dan\".",
    .options = options,
    .argument_min = 1,
    .argument_max = 1,
    .run = run,
};
