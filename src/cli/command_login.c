/*
 * suture login, suture logout: which server this user's commands talk to.
 *
 *     suture login https://patch.example.org --fingerprint 9f86d081...
 */
#include <stdio.h>

#include "base/digest.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "cli/ask.h"
#include "cli/command.h"
#include "cli/server_call.h"
#include "cli/server_rows.h"
#include "trust/certificate.h"

#define CA_MAX     (64 * KIB)
#define BODY_MAX   (8 * KIB)
#define FIRST_USER "admin"

enum { LOGIN_USER, LOGIN_CA, LOGIN_FINGERPRINT, LOGIN_PASSWORD_FILE, LOGIN_NEW_PASSWORD_FILE };
static const struct command_option login_options[] = {
    [LOGIN_USER] = {"user", OPTION_TEXT, "NAME",
                    "who you are there; \"" FIRST_USER "\" when nothing is said"},
    [LOGIN_CA] = {"ca", OPTION_FILE, "FILE", "the certificate of the server's CA: its ca.pem"},
    [LOGIN_FINGERPRINT] = {"fingerprint", OPTION_TEXT, "SHA256", "of that certificate, as sutured prints it"},
    [LOGIN_PASSWORD_FILE] = {"password-file", OPTION_FILE, "FILE",
                             "its first line is the password; without it you are asked"},
    [LOGIN_NEW_PASSWORD_FILE] = {"new-password-file", OPTION_FILE, "FILE",
                                 "the same for the new one, where the first was for once"},
    {0},
};

/* ---- whom to believe ---- */

static bool fingerprint_of(struct bytes pem, struct arena *arena, char hex[DIGEST_HEX_MAX + 1],
                           struct error *err)
{
    struct digest digest;
    struct bytes der;

    if (!certificate_from_pem(pem, arena, &der, err) || !digest_bytes(DIGEST_SHA256, der, &digest, err))
        return false;
    digest_hex(&digest, hex);
    return true;
}

/* What the server shows, if it is what the person was told: nobody in between can show the same. */
static bool learn_ca(const struct server_access *access, struct text wanted, struct arena *arena,
                     struct bytes *pem, struct error *err)
{
    OWN(server_call_end) struct server_call call = {.link.helper = HELPER_NONE};
    char hex[DIGEST_HEX_MAX + 1];

    if (!server_call_open_with(access, arena, &call, err))
        return false;
    if (!link_learn(&call.link, pem, err))
        return error_at(err, "%.*s", TEXT_ARG(access->server));
    if (!fingerprint_of(*pem, arena, hex, err))
        return false;
    if (wanted.size == 0)
        return error_set(
            err, ERROR_TRUST,
            "whose server is this? it shows the fingerprint %.64s: compare it with the one that sutured "
            "printed, and give it with --fingerprint, or its ca.pem with --ca",
            hex);
    return text_equal_caseless(wanted, text_of(hex)) ||
           error_set(err, ERROR_TRUST, "this is another server: it shows the fingerprint %.64s", hex);
}

static bool find_ca(const struct command_call *call, const struct server_access *access, struct bytes *pem,
                    struct error *err)
{
    const char *file = command_text(call, LOGIN_CA), *wanted = command_text(call, LOGIN_FINGERPRINT);
    struct text fingerprint = wanted == NULL ? TEXT("") : text_of(wanted);
    char hex[DIGEST_HEX_MAX + 1];

    if (text_starts(fingerprint, TEXT("sha256:")))
        fingerprint = text_part(fingerprint, 7, SIZE_MAX);
    if (file != NULL)
        return file_read(file, CA_MAX, call->arena, pem, err) &&
               (fingerprint_of(*pem, call->arena, hex, err) || error_at(err, "%s", file));
    return learn_ca(access, fingerprint, call->arena, pem, err);
}

/* ---- the session ---- */

struct secrets {
    char password[SIGNER_SECRET_MAX], new_password[SIGNER_SECRET_MAX];
};
static void forget(struct secrets *secrets)
{
    explicit_bzero(secrets, sizeof(*secrets));
}

static bool ask_for(const char *file, const char *what, bool again, char *out, struct error *err)
{
    struct ask ask = {file};
    struct signer_asker asker = ask_signer(&ask);

    return asker.ask(asker.self, what, again, out, SIGNER_SECRET_MAX, err);
}

static void put_member(struct json_writer *j, const char *name, struct text value)
{
    json_name(j, name);
    json_put_text(j, value);
}

static bool send_login(struct server_call *call, const struct secrets *secrets, struct link_answer *out,
                       struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(BODY_MAX);
    struct json_writer j = json_writer_with(&w, false);
    struct server_question question = {.method = LINK_POST, .path = "/api/1/login"};

    json_open_object(&j);
    put_member(&j, "user", call->access.user);
    put_member(&j, "password", text_of(secrets->password));
    if (secrets->new_password[0] != '\0')
        put_member(&j, "new_password", text_of(secrets->new_password));
    json_close_object(&j);
    return writer_done(&w, &question.body, err) && server_call_ask(call, &question, out, err);
}

/* 409: the password was right, and for once. */
static bool log_in(const struct command_call *command, struct server_call *call, struct link_answer *out,
                   struct error *err)
{
    OWN(forget) struct secrets secrets = {0};

    if (!ask_for(command_text(command, LOGIN_PASSWORD_FILE), "Password", false, secrets.password, err) ||
        !send_login(call, &secrets, out, err))
        return false;
    if (out->status == 409 &&
        !ask_for(command_text(command, LOGIN_NEW_PASSWORD_FILE), "That one was for once. New password", true,
                 secrets.new_password, err))
        return false;
    if (out->status == 409 && !send_login(call, &secrets, out, err))
        return false;
    if (out->status == 401)
        return error_set(err, ERROR_TRUST, "the name or the password is wrong");
    return out->status == 200 || server_call_refused(out, err);
}

static bool keep_session(const struct command_call *command, struct server_access *access,
                         struct bytes answer, struct error *err)
{
    static const struct server_column ends = {.member = "ends", .cell = SERVER_TIME};
    static const struct server_column roles = {.member = "roles", .cell = SERVER_WORDS};
    OWN(json_end) struct json_document document = {0};

    if (!json_parse(answer, LINK_ANSWER_MAX, &document, err))
        return error_at(err, "answer");
    struct json session = json_root(&document);
    if (!json_get_text(session, "token", true, LIMIT_YAML_TEXT, &access->token, err) ||
        !json_get_text(session, "ends", true, LIMIT_YAML_TEXT, &access->ends, err) ||
        !server_access_keep(access, command->arena, err))
        return false;
    struct text until = server_cell_text(session, &ends, command->arena, 0);
    struct text may = server_cell_text(session, &roles, command->arena, 0);
    fprintf(command->out, "Logged in to %.*s as %.*s (%.*s) until %.*s.\n", TEXT_ARG(access->server),
            TEXT_ARG(access->user), TEXT_ARG(may), TEXT_ARG(until));
    return true;
}

static enum command_exit run_login(const struct command_call *call, struct error *err)
{
    OWN(server_call_end) struct server_call server = {.link.helper = HELPER_NONE};
    const char *user = command_text(call, LOGIN_USER);
    struct server_access access = {.user = text_of(user == NULL ? FIRST_USER : user)};
    struct link_answer answer;
    struct bytes pem;

    if (!link_people_check(text_of(call->arguments[0]), call->arena, &access.server, err))
        return COMMAND_WRONG_USAGE;
    if (!find_ca(call, &access, &pem, err) || !server_access_keep_ca(pem, call->arena, &access.ca, err) ||
        !server_call_open_with(&access, call->arena, &server, err) || !log_in(call, &server, &answer, err) ||
        !keep_session(call, &access, answer.body, err))
        return COMMAND_FAILED;
    return COMMAND_DONE;
}

static enum command_exit run_logout(const struct command_call *call, struct error *err)
{
    static const struct server_question question = {.method = LINK_POST, .path = "/api/1/logout"};
    OWN(server_call_end) struct server_call server = {.link.helper = HELPER_NONE};
    struct error away = {0};

    /* It is forgotten here, whether or not the server hears of it. */
    bool told = server_call_open(call->arena, &server, err);
    if (told)
        told = server_call_json(&server, &question, NULL, &away);
    if (!server_access_forget(call->arena, err))
        return COMMAND_FAILED;
    if (told || away.kind == ERROR_TRUST)
        return COMMAND_DONE;
    (void)error_set(err, ERROR_SYSTEM, "forgotten here; the server still knows the session until its end: %s",
                    away.text);
    return COMMAND_FAILED;
}

const struct command command_login = {
    .name = "login",
    .arguments = "https://SERVER",
    .help = "talk to a fleet's server from now on",
    .more = "The first time say whose server it is: --fingerprint with what sutured printed when it\n"
            "was set up, or --ca with its ca.pem. A one-time password is used up by setting another\n"
            "one, which is asked for. The session lasts 8 hours and is kept in server.yaml among\n"
            "your configuration. Scripts give an API token in SUTURE_TOKEN instead.",
    .options = login_options,
    .argument_min = 1,
    .argument_max = 1,
    .run = run_login,
};

const struct command command_logout = {
    .name = "logout",
    .help = "end the session",
    .run = run_logout,
};
