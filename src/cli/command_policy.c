/*
 * suture policy: a policy and its profiles, read back so that people can see what they mean.
 */
#include <stdlib.h>

#include "base/limits.h"
#include "base/nearest.h"
#include "base/own.h"
#include "cli/command.h"
#include "evaluate/policy_sentences.h"
#include "flow/policy_path.h"
#include "format/json.h"
#include "store/state.h"

#define TEXT_MAX MIB /* of a whole policy as sentences */
#define COLUMNS  80
#define HANGING  2 /* a line goes on this far behind its own indentation */

enum { OPTION_FORMAT, OPTION_NOW, OPTION_POLICY };

static const struct command_option check_options[] = {
    [OPTION_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print it"},
    [OPTION_NOW] = {"now", OPTION_TIME, "TIME", "the time by which exceptions end"},
    {0},
};
static const struct command_option show_options[] = {
    [OPTION_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print it"},
    [OPTION_NOW] = {"now", OPTION_TIME, "TIME", "the time by which exceptions end"},
    [OPTION_POLICY] = {"policy", OPTION_FILE, "FILE",
                       "a policy file instead of the configured or built-in one"},
    {0},
};
static const struct command_option profiles_options[] = {
    [OPTION_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print it"},
    {0},
};

static bool wants_json(const struct command_call *call)
{
    return command_choice(call, OPTION_FORMAT) == 2;
}

static int64_t now_of(const struct command_call *call)
{
    int64_t given_us = command_us(call, OPTION_NOW);

    return given_us == TIME_ABSENT ? time_now_us() : given_us;
}

/* One line, broken between words where it is too wide. */
static void print_wrapped(FILE *out, struct text line)
{
    size_t indent = 0, column;
    struct text word;

    while (indent < line.size && line.at[indent] == ' ')
        indent++;
    fprintf(out, "%*s", (int)indent, "");
    column = indent;
    for (struct text rest = line; text_cut_word(&rest, &word); column += word.size) {
        if (column > indent && column + 1 + word.size > COLUMNS) {
            fprintf(out, "\n%*s", (int)indent + HANGING, "");
            column = indent + HANGING;
        } else if (column > indent) {
            fputc(' ', out);
            column++;
        }
        fprintf(out, "%.*s", TEXT_ARG(word));
    }
    fputc('\n', out);
}

static void print_lines(const struct command_call *call, struct bytes bytes)
{
    struct text rest = {(const char *)bytes.at, bytes.size}, line;

    while (text_cut(&rest, '\n', &line))
        print_wrapped(call->out, line);
}

static void put_lines(struct json_writer *j, struct bytes bytes)
{
    struct text rest = {(const char *)bytes.at, bytes.size}, line;

    json_open_array(j);
    while (text_cut(&rest, '\n', &line))
        json_put_text(j, line);
    json_close_array(j);
}

static bool print_json(const struct command_call *call, const struct writer *w, struct error *err)
{
    struct bytes bytes;

    if (!writer_done(w, &bytes, err))
        return false;
    fprintf(call->out, "%.*s\n", (int)bytes.size, (const char *)bytes.at);
    return true;
}

static bool print_policy(const struct command_call *call, const struct policy *policy, struct error *err)
{
    OWN(writer_end) struct writer sentences = writer_with(TEXT_MAX);
    OWN(writer_end) struct writer out = writer_with(2 * TEXT_MAX);
    struct bytes bytes;

    policy_write_sentences(&sentences, policy, now_of(call));
    if (!writer_done(&sentences, &bytes, err))
        return false;
    if (!wants_json(call)) {
        print_lines(call, bytes);
        return true;
    }
    struct json_writer j = json_writer_with(&out, true);
    json_open_object(&j);
    json_name(&j, "schema");
    json_put_string(&j, "suture.policy/1");
    json_name(&j, "name");
    json_put_string(&j, policy->name);
    json_name(&j, "version");
    json_put_u64(&j, policy->version);
    json_name(&j, "time_zone");
    json_put_string(&j, policy->zone.name);
    json_name(&j, "profiles");
    json_open_array(&j);
    for (size_t i = 0; i < policy->profile_count; i++)
        json_put_string(&j, policy->profiles[i]->id);
    json_close_array(&j);
    json_name(&j, "sentences");
    put_lines(&j, bytes);
    json_close_object(&j);
    return print_json(call, &out, err);
}

static enum command_exit run_check(const struct command_call *call, struct error *err)
{
    struct policy policy;

    if (!policy_read(call->arguments[0], ZONE_FOLDER, call->arena, &policy, err))
        return COMMAND_FAILED;
    return print_policy(call, &policy, err) ? COMMAND_DONE : COMMAND_FAILED;
}

static bool put_profile(struct json_writer *j, const struct profile *profile, struct error *err)
{
    OWN(writer_end) struct writer rules = writer_with(TEXT_MAX);
    struct bytes bytes;

    profile_write_rules(&rules, profile, 0);
    if (!writer_done(&rules, &bytes, err))
        return false;
    json_open_object(j);
    json_name(j, "id");
    json_put_string(j, profile->id);
    json_name(j, "version");
    json_put_string(j, profile->version);
    json_name(j, "title");
    json_put_string(j, profile->title);
    json_name(j, "source");
    json_put_string(j, profile->source);
    json_name(j, "date_read");
    json_put_string(j, profile->date_read);
    json_name(j, "retired_on");
    if (profile->retired_on == NULL)
        json_put_null(j);
    else
        json_put_string(j, profile->retired_on);
    json_name(j, "stop");
    json_put_string(j, profile->stops_mitigated ? "mitigated" : "patched");
    json_name(j, "floor");
    json_put_string(j, profile->law ? "law" : "none");
    json_name(j, "rules");
    put_lines(j, bytes);
    json_close_object(j);
    return true;
}

static bool print_profiles_json(const struct command_call *call, const struct profile *const *list,
                                size_t count, struct error *err)
{
    OWN(writer_end) struct writer out = writer_with(2 * TEXT_MAX);
    struct json_writer j = json_writer_with(&out, true);

    json_open_object(&j);
    json_name(&j, "schema");
    json_put_string(&j, "suture.profiles/1");
    json_name(&j, "profiles");
    json_open_array(&j);
    for (size_t i = 0; i < count; i++)
        if (!put_profile(&j, list[i], err))
            return false;
    json_close_array(&j);
    json_close_object(&j);
    return print_json(call, &out, err);
}

/* One profile: of the policy, which may have its own, or any built-in one. */
static enum command_exit show_profile(const struct command_call *call, const struct policy *policy,
                                      struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(TEXT_MAX);
    struct text id = text_of(call->arguments[0]);
    struct nearest nearest = nearest_with(id);
    const struct profile *found = profiles_find(id);
    struct bytes bytes;

    for (size_t i = 0; i < policy->profile_count; i++)
        if (text_equal(id, text_of(policy->profiles[i]->id)))
            found = policy->profiles[i];
    for (size_t i = 0; profiles[i] != NULL; i++)
        nearest_try(&nearest, text_of(profiles[i]->id));
    if (found == NULL && nearest.best.size > 0)
        return command_wrong(err, "no profile \"%s\"; do you mean \"%.*s\"?", call->arguments[0],
                             TEXT_ARG(nearest.best));
    if (found == NULL)
        return command_wrong(err, "no profile \"%s\"; suture policy profiles lists them", call->arguments[0]);
    if (wants_json(call))
        return print_profiles_json(call, &found, 1, err) ? COMMAND_DONE : COMMAND_FAILED;
    profile_write(&w, found, now_of(call));
    if (!writer_done(&w, &bytes, err))
        return COMMAND_FAILED;
    print_lines(call, bytes);
    return COMMAND_DONE;
}

static enum command_exit run_show(const struct command_call *call, struct error *err)
{
    struct policy policy = policy_built_in;
    const char *path = command_text(call, OPTION_POLICY), *state = NULL;

    if (path == NULL && !state_folder(call->arena, &state, err) && err->kind != ERROR_ABSENT)
        return COMMAND_FAILED;
    if (path == NULL && !policy_path(state, time_now_us(), call->arena, &path, err))
        return COMMAND_FAILED;
    if (path != NULL && !policy_read(path, ZONE_FOLDER, call->arena, &policy, err))
        return COMMAND_FAILED;
    if (call->argument_count > 0)
        return show_profile(call, &policy, err);
    return print_policy(call, &policy, err) ? COMMAND_DONE : COMMAND_FAILED;
}

static enum command_exit run_profiles(const struct command_call *call, struct error *err)
{
    size_t count = 0;

    while (profiles[count] != NULL)
        count++;
    if (wants_json(call))
        return print_profiles_json(call, profiles, count, err) ? COMMAND_DONE : COMMAND_FAILED;
    fprintf(call->out, "%-20s %-8s %-11s %s\n", "PROFILE", "VERSION", "READ", "TITLE");
    for (size_t i = 0; i < count; i++)
        fprintf(call->out, "%-20s %-8s %-11s %s%s\n", profiles[i]->id, profiles[i]->version,
                profiles[i]->date_read, profiles[i]->title,
                profiles[i]->retired_on == NULL ? "" : " (retired)");
    return COMMAND_DONE;
}

const struct command command_policy_check = {
    .name = "policy check",
    .arguments = "FILE",
    .help = "reads a policy file and says in sentences what it means",
    .more = "A mistake is named with its line, its column and the nearest key that is\n"
            "known. Profiles and tables that the policy names lie in its own folder.",
    .options = check_options,
    .argument_min = 1,
    .argument_max = 1,
    .run = run_check,
};

const struct command command_policy_show = {
    .name = "policy show",
    .arguments = "[PROFILE]",
    .help = "the policy in sentences, or one profile's rules",
    .options = show_options,
    .argument_max = 1,
    .run = run_show,
};

const struct command command_policy_profiles = {
    .name = "policy profiles",
    .help = "the profiles that are built in, with where they come from",
    .options = profiles_options,
    .run = run_profiles,
};
