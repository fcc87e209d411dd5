#include "cli/commands.h"

#include "base/nearest.h"

extern const struct command command_scan, command_why, command_plan, command_feed_update, command_feed_list,
    command_feed_import, command_index_build, command_index_show, command_index_stat, command_policy_check,
    command_policy_show, command_policy_profiles, command_level_essential, command_level_emergency_only,
    command_level_normal, command_level_status, command_postponed, command_status, command_unattended_on,
    command_unattended_off, command_unattended_status, command_unattended_run, command_unattended_finish,
    command_cvss, command_version_compare, command_completion, command_help;

extern const struct command command_agent_enroll, command_agent_run, command_agent_status;
extern const struct command command_apply, command_approve;
extern const struct command command_sign;
extern const struct command command_delta_create, command_delta_apply, command_delta_info,
    command_delta_publish, command_delta_supplement;
extern const struct command command_key_new, command_key_show, command_key_list;
extern const struct command command_trust_pin, command_trust_refresh, command_trust_status, command_tuf;
extern const struct command command_verify, command_report, command_rollback;
extern const struct command command_drill_list, command_drill_run;
extern const struct command command_order_crisis, command_order_block, command_order_list;
extern const struct command command_repo_init, command_repo_add, command_repo_remove, command_repo_sign,
    command_repo_publish, command_repo_rotate, command_repo_verify;

/* of a fleet's server */
extern const struct command command_login, command_logout, command_host_list, command_host_show,
    command_host_accept, command_host_revoke, command_token_new, command_token_list, command_token_revoke,
    command_user_list, command_user_new, command_user_change, command_user_once, command_where,
    command_exposed, command_order_now, command_order_end, command_order_show, command_audit_list,
    command_audit_export, command_audit_verify;

const struct command *const commands[] = {
    &command_scan,
    &command_why,
    &command_plan,
    &command_apply,
    &command_approve,
    &command_verify,
    &command_rollback,
    &command_report,
    &command_feed_update,
    &command_feed_list,
    &command_feed_import,
    &command_index_build,
    &command_index_show,
    &command_index_stat,
    &command_policy_check,
    &command_policy_show,
    &command_policy_profiles,
    &command_level_essential,
    &command_level_emergency_only,
    &command_level_normal,
    &command_level_status,
    &command_postponed,
    &command_status,
    &command_unattended_on,
    &command_unattended_off,
    &command_unattended_status,
    &command_unattended_run,
    &command_unattended_finish,
    &command_agent_enroll,
    &command_agent_run,
    &command_agent_status,
    &command_delta_create,
    &command_delta_apply,
    &command_delta_info,
    &command_delta_publish,
    &command_delta_supplement,
    &command_drill_list,
    &command_drill_run,
    &command_trust_pin,
    &command_trust_refresh,
    &command_trust_status,
    &command_tuf,
    &command_repo_init,
    &command_repo_add,
    &command_repo_remove,
    &command_repo_sign,
    &command_repo_publish,
    &command_repo_rotate,
    &command_repo_verify,
    &command_order_crisis,
    &command_order_block,
    &command_order_list,
    &command_sign,
    &command_key_new,
    &command_key_show,
    &command_key_list,
    &command_login,
    &command_logout,
    &command_host_list,
    &command_host_show,
    &command_host_accept,
    &command_host_revoke,
    &command_token_new,
    &command_token_list,
    &command_token_revoke,
    &command_where,
    &command_exposed,
    &command_order_now,
    &command_order_end,
    &command_order_show,
    &command_audit_list,
    &command_audit_export,
    &command_audit_verify,
    &command_user_list,
    &command_user_new,
    &command_user_change,
    &command_user_once,
    &command_version_compare,
    &command_cvss,
    &command_completion,
    &command_help,
    NULL,
};

struct command_words commands_words(const struct command *command)
{
    struct command_words words = {.second = text_of(command->name)};

    (void)!text_cut(&words.second, ' ', &words.first);
    return words;
}

/* How many words of argv the command's name is, or 0 when argv begins otherwise. */
static size_t words_taken(const struct command *command, const char *const *argv, size_t count)
{
    struct command_words words = commands_words(command);

    if (!text_equal(words.first, text_of(argv[0])))
        return 0;
    if (words.second.size == 0)
        return 1;
    return count > 1 && text_equal(words.second, text_of(argv[1])) ? 2 : 0;
}

/* argv[0] is the first word of some commands and what follows is none of their second: names these. */
static bool fail_in_group(const char *const *argv, size_t count, struct error *err)
{
    char second_words[160] = "";
    size_t size = 0;

    for (size_t i = 0; commands[i] != NULL && size < sizeof(second_words); i++) {
        struct command_words words = commands_words(commands[i]);
        if (words.second.size > 0 && text_equal(words.first, text_of(argv[0])))
            size += (size_t)snprintf(second_words + size, sizeof(second_words) - size, "%s%.*s",
                                     size > 0 ? ", " : "", TEXT_ARG(words.second));
    }
    if (size == 0)
        return true;
    if (count > 1 && argv[1][0] != '-')
        return error_set(err, ERROR_INPUT, "%s: unknown command \"%s\"; there is: %s", argv[0], argv[1],
                         second_words);
    return error_set(err, ERROR_INPUT, "%s: what? there is: %s", argv[0], second_words);
}

bool commands_find(const char *const *argv, size_t count, const struct command **out, size_t *words,
                   struct error *err)
{
    struct nearest nearest = nearest_with(text_of(argv[0]));

    for (size_t i = 0; commands[i] != NULL; i++) {
        size_t taken = words_taken(commands[i], argv, count);
        if (taken > 0) {
            *out = commands[i];
            *words = taken;
            return true;
        }
        nearest_try(&nearest, commands_words(commands[i]).first);
    }
    if (!fail_in_group(argv, count, err))
        return false;
    if (nearest.best.size > 0)
        return error_set(err, ERROR_INPUT, "unknown command \"%s\"; do you mean \"%.*s\"?", argv[0],
                         TEXT_ARG(nearest.best));
    return error_set(err, ERROR_INPUT, "unknown command \"%s\"; suture --help lists them", argv[0]);
}
