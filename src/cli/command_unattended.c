/*
 * suture unattended: its timer, what it takes over from other updaters, and what a look of the timer does.
 */
#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "cli/command.h"
#include "cli/print_unattended.h"
#include "flow/unattended.h"
#include "store/state.h"

#define OUTPUT_MAX  MIB
#define LOCALTIME   "/etc/localtime"
#define STATE_BELOW "/var/lib/suture"

enum { PLACE_ROOT, PLACE_FORMAT, PLACE_OPTION_COUNT };
#define PLACE_OPTIONS                                                                                        \
    [PLACE_ROOT] = {"root", OPTION_FOLDER, "DIR", "another root: an image that is prepared"},                \
    [PLACE_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print it"}

enum { ON_TAKE_OVER = PLACE_OPTION_COUNT, ON_YES, ON_PROGRAM };
static const struct command_option on_options[] = {
    PLACE_OPTIONS,
    [ON_TAKE_OVER] = {"take-over", OPTION_SWITCH, NULL, "switch other updaters off, until it is given back"},
    [ON_YES] = {"yes", OPTION_SWITCH, NULL, "do it; without it only what would be done is said"},
    [ON_PROGRAM] = {"program", OPTION_FILE, "FILE", "suture's path there, when it is not this one's"},
    {0},
};
static const struct command_option place_options[] = {PLACE_OPTIONS, {0}};

/* ---- where ---- */

/* The zone of the root's own clock; UTC where it has none that is known here. */
static bool find_zone(const char *root, struct arena *arena, struct text *out, struct error *err)
{
    const char *path = file_below(arena, root, LOCALTIME);
    struct text link, start = TEXT("zoneinfo/");
    struct zone zone;
    struct error why;

    if (path == NULL)
        return arena_full(arena, err);
    *out = TEXT("UTC");
    if (!file_link(path, arena, &link, &why))
        return true;
    size_t at = text_find(link, start);
    struct text name = at == SIZE_MAX ? (struct text){0} : text_part(link, at + start.size, SIZE_MAX);
    if (name.size > 0 && zone_open(ZONE_FOLDER, name, arena, &zone, &why))
        *out = name;
    return true;
}

/* changes: only root may change root's timer; looking is everybody's. */
static bool find_place(const struct command_call *call, bool changes, struct unattended_place *out,
                       struct error *err)
{
    const char *root = command_text(call, PLACE_ROOT);
    struct unattended_place place = {.root = root != NULL ? root : "/"};

    if (strcmp(place.root, "/") == 0) {
        if (changes && !os_is_root())
            return error_set(err, ERROR_SYSTEM, "only root can set up what root's timer does: sudo suture %s",
                             call->command->name);
        if (!state_folder(call->arena, &place.state, err))
            return false;
    } else {
        place.state = file_below(call->arena, place.root, STATE_BELOW);
        if (place.state == NULL)
            return arena_full(call->arena, err);
    }
    if (!os_helper(call->arena, "suture", &place.program, err) ||
        !find_zone(place.root, call->arena, &place.zone, err))
        return false;
    *out = place;
    return true;
}

static bool print_out(const struct command_call *call, const struct writer *out, struct error *err)
{
    struct bytes bytes;

    if (!writer_done(out, &bytes, err))
        return false;
    (void)fwrite(bytes.at, 1, bytes.size, call->out);
    return fflush(call->out) == 0 || error_system(err, "standard output");
}

/* ---- on, off, status ---- */

static bool name_of_caller(struct arena *arena, struct text *out, struct error *err)
{
    const char *sudo = os_environment("SUDO_USER");
    struct text who;

    if (os_is_root() && sudo != NULL &&
        text_from_bytes(bytes_of_text(text_of(sudo)), LIMIT_ORDER_TEXT / 2, &who, err))
        *out = text_format(arena, "root (sudo: %.*s)", TEXT_ARG(who));
    else
        *out = os_is_root() ? TEXT("root") : text_format(arena, "user %u", os_user());
    return out->at != NULL || arena_full(arena, err);
}

static enum command_exit run_on(const struct command_call *call, struct error *err)
{
    OWN(writer_end) struct writer out = writer_with(OUTPUT_MAX);
    bool yes = command_given(call, ON_YES), json = command_choice(call, PLACE_FORMAT) == 2;
    const char *program = command_text(call, ON_PROGRAM);
    struct unattended_status status;
    struct unattended_place place;
    struct unattended_plan plan;
    struct text by;

    if (!find_place(call, true, &place, err))
        return COMMAND_FAILED;
    if (program != NULL)
        place.program = program;
    if (!unattended_plan(&place, command_given(call, ON_TAKE_OVER), call->arena, &plan, err))
        return COMMAND_FAILED;
    print_unattended_plan(&plan, json, yes, call->arena, &out);
    if (!print_out(call, &out, err))
        return COMMAND_FAILED;
    if (!yes) {
        (void)error_set(err, ERROR_CONFLICT, "nothing was changed; --yes does it");
        return COMMAND_FAILED;
    }
    if (!name_of_caller(call->arena, &by, err) ||
        !unattended_on(&place, &plan, by, time_now_us(), call->arena, err))
        return COMMAND_FAILED;
    /* apt.conf or another unit may still start what was switched off: whoever is at work now is named. */
    if (!unattended_look(&place, call->arena, &status, err))
        return COMMAND_FAILED;
    writer_clear(&out);
    if (!json)
        print_unattended_done(&plan, &status, call->arena, &out);
    return print_out(call, &out, err) ? COMMAND_DONE : COMMAND_FAILED;
}

static enum command_exit run_off(const struct command_call *call, struct error *err)
{
    OWN(writer_end) struct writer out = writer_with(OUTPUT_MAX);
    struct takeover_report report;
    struct unattended_place place;

    if (!find_place(call, true, &place, err) || !unattended_off(&place, call->arena, &report, err))
        return COMMAND_FAILED;
    print_unattended_report(&report, command_choice(call, PLACE_FORMAT) == 2, call->arena, &out);
    return print_out(call, &out, err) ? COMMAND_DONE : COMMAND_FAILED;
}

/* The policy as it would decide there: of another root its own, or the one that is built in. */
static bool read_policy(const struct unattended_place *place, struct arena *arena, struct policy *out,
                        struct error *err)
{
    const char *path = file_below(arena, place->root, UPDATERS_POLICY);

    *out = policy_built_in;
    if (path == NULL)
        return arena_full(arena, err);
    return !file_exists(path) || policy_read(path, ZONE_FOLDER, arena, out, err);
}

static enum command_exit run_status(const struct command_call *call, struct error *err)
{
    OWN(writer_end) struct writer out = writer_with(OUTPUT_MAX);
    struct unattended_status status;
    struct unattended_place place;
    struct ready_power power;
    struct policy policy;
    struct os_names names;

    if (!find_place(call, false, &place, err) || !unattended_look(&place, call->arena, &status, err) ||
        !read_policy(&place, call->arena, &policy, err) ||
        !ready_power_look(READY_POWER_FOLDER, &power, err) || !os_names(call->arena, &names, err))
        return COMMAND_FAILED;
    const struct print_unattended_status shown = {&status, &policy, policy_window(&policy, names.host),
                                                  &power, time_now_us()};
    print_unattended_status(&shown, command_choice(call, PLACE_FORMAT) == 2, call->arena, &out);
    return print_out(call, &out, err) ? COMMAND_DONE : COMMAND_FAILED;
}

const struct command command_unattended_on = {
    .name = "unattended on",
    .help = "let a timer of systemd install what is due, in the policy's window",
    .more = "Says exactly which files and links it makes, and which units it masks with\n"
            "--take-over; does it with --yes. What stands in the way is moved aside, and\n"
            "suture unattended off gives everything back as it was. A machine without a\n"
            "policy gets /etc/suture/policy.yaml to start with.",
    .options = on_options,
    .run = run_on,
};

const struct command command_unattended_off = {
    .name = "unattended off",
    .help = "give back what unattended on made and took over, as it was",
    .more = "Also after an interruption. What somebody changed since is left, and said.",
    .options = place_options,
    .run = run_off,
};

const struct command command_unattended_status = {
    .name = "unattended status",
    .help = "is the timer on, when is the window, who else installs updates here",
    .options = place_options,
    .run = run_status,
};
