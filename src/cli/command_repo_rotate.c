/* suture repo rotate: other keys, persons or thresholds, by a new root that the old one signs. */
#include "base/own.h"
#include "cli/print_repo.h"
#include "cli/repo_options.h"

enum {
    OPTION_DROP,
    OPTION_ADD,
    OPTION_KEYS,
    OPTION_ROLES,
    OPTION_ONLINE,
    OPTION_RENEW,
};

static const struct command_option options[] = {
    [OPTION_DROP] = {"drop", OPTION_TEXT, "NAME,...", "these persons leave, or lost their keys"},
    [OPTION_ADD] = {"add", OPTION_TEXT, "FILE.pub,...", "with --drop: who sits in their place from now on"},
    [OPTION_KEYS] = {"keys", OPTION_TEXT, "A.pub,B.pub,...",
                     "all people anew; a solo repository grows by it"},
    [OPTION_ROLES] = {"roles", OPTION_TEXT, "ROLE=A,B;...",
                      "who signs for a role, or ROLE=3:A,B,C,D how many of them"},
    [OPTION_ONLINE] = {"online", OPTION_FILE, "FILE", "another private key of the server"},
    [OPTION_RENEW] = {"renew", OPTION_TEXT, "ROLE,...", "no new root: the same again, for what expires"},
    {0},
};

/* ---- who sits where from now on ---- */

/* Persons of a list by name, as many as those that come. */
static bool replace_people(const struct command_call *call, struct tree_seats *seats,
                           struct tree_people *people, struct error *err)
{
    struct text rest = text_of(command_text(call, OPTION_DROP)), name;
    struct tree_people added;
    size_t count = 0;

    if (!repo_option_people(command_text(call, OPTION_ADD), call->arena, &added, err))
        return false;
    while (text_cut(&rest, ',', &name)) {
        if (tree_people_find(people, text_trim(name)) == NULL)
            return error_set(err, ERROR_ABSENT, "--drop: nobody is called \"%.*s\" here",
                             TEXT_ARG(text_trim(name)));
        if (count == added.count)
            return error_set(err, ERROR_INPUT, "--drop names more persons than --add has keys of");
        if (!tree_seats_replace(seats, text_trim(name), &added.at[count++], call->arena, err))
            return false;
    }
    return count == added.count ||
           error_set(err, ERROR_INPUT, "--add has keys of more persons than --drop names");
}

static bool change_seats(const struct command_call *call, struct tree_seats *seats,
                         struct tree_people *people, const char **online, struct error *err)
{
    const struct tree_role *timestamp = tree_role_find(TEXT("timestamp"));
    const struct tuf_key *server = seats->roles[timestamp - tree_roles].keys[0];

    if (command_given(call, OPTION_ONLINE) &&
        (!repo_option_online(call, command_text(call, OPTION_ONLINE), online, &server, err) ||
         !tree_seats_put_online(seats, server, call->arena, err)))
        return false;
    if (command_given(call, OPTION_KEYS) &&
        (!repo_option_people(command_text(call, OPTION_KEYS), call->arena, people, err) ||
         !tree_seats_fill(people, server, false, call->arena, seats, err)))
        return false;
    if (command_given(call, OPTION_DROP) &&
        (!replace_people(call, seats, people, err) || !tree_seats_people(seats, call->arena, people, err)))
        return false;
    return !command_given(call, OPTION_ROLES) ||
           tree_seats_place(seats, text_of(command_text(call, OPTION_ROLES)), people, call->arena, err);
}

static bool rotate(const struct command_call *call, struct repo *repo, size_t *lost, struct error *err)
{
    const struct tuf_metadata *root = repo_latest(repo, tree_role_find(TEXT("root")));
    const struct tuf_metadata *targets = repo_latest(repo, tree_role_find(TEXT("targets")));
    const char *online = NULL;
    struct tree_people people;
    struct tree_seats seats;

    if (root == NULL || targets == NULL)
        return error_set(err, ERROR_ABSENT, "%s: has no root yet", repo->folder);
    return tree_seats_read(root, targets, &seats, err) &&
           tree_seats_people(&seats, call->arena, &people, err) &&
           change_seats(call, &seats, &people, &online, err) &&
           repo_rotate(repo, &seats, online, time_now_us(), lost, err);
}

/* ---- the same again ---- */

static enum command_exit renew(const struct command_call *call, struct repo *repo, struct error *err)
{
    struct text rest = text_of(command_text(call, OPTION_RENEW)), name;

    while (text_cut(&rest, ',', &name)) {
        const char *word = text_string(call->arena, text_trim(name));
        const struct tree_role *row = NULL;
        if (word == NULL)
            return arena_full(call->arena, err), COMMAND_FAILED;
        enum command_exit wrong = repo_option_role(word, &row, err);
        if (wrong != COMMAND_DONE)
            return wrong;
        if (!repo_renew(repo, row, time_now_us(), err))
            return COMMAND_FAILED;
    }
    return COMMAND_DONE;
}

static enum command_exit run(const struct command_call *call, struct error *err)
{
    OWN(writer_end) struct writer out = writer_with(PRINT_REPO_MAX);
    OWN(repo_close) struct repo repo = {.lock = -1};
    struct screen screen = screen_for_output(&out);
    bool again = command_given(call, OPTION_RENEW);
    size_t lost = 0;

    if (command_given(call, OPTION_DROP) != command_given(call, OPTION_ADD))
        return command_wrong(
            err, "--drop NAME and --add FILE.pub belong together; to do with fewer persons: --roles");
    if (command_given(call, OPTION_KEYS) && command_given(call, OPTION_DROP))
        return command_wrong(err, "--keys names all people: it goes without --drop and --add");
    if (again && (command_given(call, OPTION_KEYS) || command_given(call, OPTION_DROP) ||
                  command_given(call, OPTION_ROLES) || command_given(call, OPTION_ONLINE)))
        return command_wrong(err, "--renew changes nothing but dates: it goes without the others");
    if (!repo_open(call->arguments[0], REPO_WRITE, call->arena, &repo, err))
        return COMMAND_FAILED;
    if (again) {
        enum command_exit done = renew(call, &repo, err);
        if (done != COMMAND_DONE)
            return done;
    } else if (!rotate(call, &repo, &lost, err)) {
        return COMMAND_FAILED;
    }
    print_repo_lost(&screen, lost, call->arena);
    return print_repo_waiting(&screen, &repo, time_now_us(), err) ? print_repo_out(call, &out, err)
                                                                  : COMMAND_FAILED;
}

const struct command command_repo_rotate = {
    .name = "repo rotate",
    .arguments = "DIR",
    .help = "stage a new root: other keys, persons or thresholds",
    .more = "The new root is signed by enough of the old one's persons and of its own. With\n"
            "it come the roles whose signers are not enough any more. Without options root\n"
            "is renewed as it is, before it expires.\n\n"
            "A lost key: --drop carla --add carla-new.pub. A solo repository becomes one of\n"
            "five persons: --keys a.pub,b.pub,c.pub,d.pub,e.pub.",
    .options = options,
    .argument_min = 1,
    .argument_max = 1,
    .run = run,
};
