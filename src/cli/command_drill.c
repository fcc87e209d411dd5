/*
 * suture drill: attacks on a machine that exists only in a scratch folder, by the program suture-drill. This command only
 * becomes that program: whoever installs updates has no use for what forges them.
 */
#include "base/os.h"
#include "cli/command.h"

#define WORDS 4 /* suture-drill --json run, and the NULL behind the names */

enum { LIST_FORMAT };
static const struct command_option list_options[] = {
    [LIST_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print it"},
    {0},
};

enum { RUN_ALL, RUN_FORMAT };
static const struct command_option run_options[] = {
    [RUN_ALL] = {"all", OPTION_SWITCH, NULL, "every drill, one behind the other"},
    [RUN_FORMAT] = {"format", OPTION_CHOICE, "table|json", "a page for people, or the result alone"},
    {0},
};

static bool become_drill(const struct command_call *call, bool json, const char *what,
                         const char *const *names, size_t count, struct error *err)
{
    const char **argv = ARENA_ARRAY(call->arena, const char *, WORDS + count);
    size_t at = 1;

    if (argv == NULL)
        return arena_full(call->arena, err);
    if (!os_helper(call->arena, "suture-drill", &argv[0], err))
        return false;
    if (json)
        argv[at++] = "--json";
    argv[at++] = what;
    for (size_t i = 0; i < count; i++)
        argv[at++] = names[i];
    return fflush(call->out) == 0 ? os_become(argv, err) : error_system(err, "standard output");
}

static enum command_exit run_list(const struct command_call *call, struct error *err)
{
    return become_drill(call, command_choice(call, LIST_FORMAT) == 2, "list", NULL, 0, err) ? COMMAND_DONE
                                                                                            : COMMAND_FAILED;
}

static enum command_exit run_run(const struct command_call *call, struct error *err)
{
    static const char *const all[] = {"--all"};
    bool every = command_given(call, RUN_ALL);

    if (every == (call->argument_count > 0))
        return command_wrong(err, "name the drills to run (suture drill list has them), or --all");
    return become_drill(call, command_choice(call, RUN_FORMAT) == 2, "run", every ? all : call->arguments,
                        every ? 1 : call->argument_count, err)
               ? COMMAND_DONE
               : COMMAND_FAILED;
}

const struct command command_drill_list = {
    .name = "drill list",
    .help = "the attacks that can be tried on this machine, and how each should be refused",
    .options = list_options,
    .run = run_list,
};

const struct command command_drill_run = {
    .name = "drill run",
    .arguments = "NAME...",
    .help = "try an attack in a scratch folder, and tell what came of it",
    .more = "Each drill makes a small machine of its own in a scratch folder, attacks it, and asks the\n"
            "same code that guards this one. It sends nothing, needs no root, and removes what it made.\n"
            "It ends with 0 when every drill held, 1 when one did not, 4 when one could not be tried.",
    .options = run_options,
    .argument_max = 100,
    .run = run_run,
};
