/*
 * suture sign: shows what a staged role of a repository changes, all of it; asks; and signs exactly what was shown.
 */
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/own.h"
#include "base/terminal.h"
#include "cli/ask.h"
#include "cli/command.h"
#include "cli/sign_key.h"
#include "cli/signed_for.h"
#include "format/json.h"
#include "trust/signing.h"
#include "trust/tuf_changes.h"

#define DIGEST_TYPED 8  /* digits that a person types */
#define FILES_MAX    64 /* a tree has 15 roles */
#define DIGEST_MIN   16 /* digits that a script gives: nobody finds another document that begins so */

enum {
    OPTION_KEY,
    OPTION_PASSPHRASE_FILE,
    OPTION_DIGEST,
    OPTION_PRINT_ONLY,
    OPTION_SHOW,
    OPTION_FORMAT,
    OPTION_NOW
};
static const struct command_option options[] = {
    [OPTION_KEY] = {"key", OPTION_TEXT, "FILE|pkcs11:URI",
                    "sign with this key; else with the only one of the folder keys/ that may"},
    [OPTION_PASSPHRASE_FILE] = {"passphrase-file", OPTION_FILE, "FILE",
                                "for scripts: its first line is the passphrase or PIN"},
    [OPTION_DIGEST] =
        {"digest", OPTION_TEXT, "HEX,...",
         "for scripts: do not ask, sign what has a SHA-256 that begins so (16 digits at least)"},
    [OPTION_PRINT_ONLY] = {"print-only", OPTION_SWITCH, NULL,
                           "print the signature for another machine; change nothing"},
    [OPTION_SHOW] = {"show", OPTION_SWITCH, NULL, "only show what it says"},
    [OPTION_FORMAT] = {"format", OPTION_CHOICE, "table|json", "with --show: how to print it"},
    [OPTION_NOW] = {"now", OPTION_TIME, "TIME", "the time to count days from, instead of the clock's"},
    {0},
};

/* ---- showing ---- */

static void write_to(FILE *file, struct bytes raw)
{
    (void)fwrite(raw.at, 1, raw.size, file); /* the roof looks at whether it was written */
    (void)fflush(file);
}

static void put_asked(struct json_writer *j, const struct repo_waiting *waiting)
{
    json_name(j, "needs");
    json_open_array(j);
    for (size_t i = 0; i < waiting->asked_count; i++) {
        json_open_object(j);
        json_name(j, "threshold");
        json_put_u64(j, waiting->asked[i].role.threshold);
        json_name(j, "signed");
        json_open_array(j);
        for (size_t k = 0; k < waiting->asked[i].signers.count; k++)
            json_put_text(j, waiting->asked[i].signers.keys[k]->id);
        json_close_array(j);
        json_close_object(j);
    }
    json_close_array(j);
    json_name(j, "enough");
    json_put_bool(j, waiting->enough);
}

static void put_hex(struct json_writer *j, const char *name, const struct digest *digest)
{
    char hex[DIGEST_HEX_MAX + 1];

    json_name(j, name);
    if (digest->kind == DIGEST_UNKNOWN) {
        json_put_null(j);
        return;
    }
    digest_hex(digest, hex);
    json_put_string(j, hex);
}

static void print_json(const struct signing *signing, struct bytes page, struct writer *w)
{
    struct json_writer j = json_writer_with(w, true);
    struct text proposed = tree_proposed_by(signing->metadata);

    json_open_object(&j);
    json_name(&j, "schema");
    json_put_string(&j, "suture.sign/1");
    json_name(&j, "role");
    json_put_string(&j, signing->row->name);
    json_name(&j, "version");
    json_put_u64(&j, signing->metadata->version);
    json_name(&j, "in_force");
    if (signing->in_force != NULL)
        json_put_u64(&j, signing->in_force->version);
    else
        json_put_null(&j);
    json_name(&j, "expires");
    json_put_time(&j, signing->metadata->expires_us);
    json_name(&j, "proposed_by");
    if (proposed.size > 0)
        json_put_text(&j, proposed);
    else
        json_put_null(&j);
    json_name(&j, "solo");
    json_put_bool(&j, signing->solo);
    put_hex(&j, "first_root", &signing->first_root);
    put_hex(&j, "sha256", &signing->digest);
    put_asked(&j, &signing->waiting);
    json_name(&j, "page");
    json_put_text(&j, (struct text){(const char *)page.at, page.size});
    json_close_object(&j);
    writer_byte(w, '\n');
}

static bool show(const struct command_call *call, const struct signing *signing, struct error *err)
{
    OWN(writer_end) struct writer page = writer_with(LIMIT_SIGNING_SHOWN);
    OWN(writer_end) struct writer json = writer_with(LIMIT_SIGNING_SHOWN);
    int64_t now_us = command_us(call, OPTION_NOW);
    struct bytes raw;

    if (!signing_tell(signing, now_us == TIME_ABSENT ? time_now_us() : now_us, &page, err))
        return error_at(err, "%s", signing->row->name);
    raw = writer_bytes(&page);
    if (command_choice(call, OPTION_FORMAT) == 2) {
        print_json(signing, raw, &json);
        if (!writer_done(&json, &raw, err))
            return false;
    }
    /* What is printed only is a signature: the page goes where a person looks. */
    write_to(command_given(call, OPTION_PRINT_ONLY) ? call->errors : call->out, raw);
    return true;
}

/* ---- asking ---- */

/* Whether the list "HEX,HEX" names this digest by its beginning. */
static bool check_digest(const struct command_call *call, const struct signing *signing, struct error *err)
{
    const char *given = command_text(call, OPTION_DIGEST);
    char hex[DIGEST_HEX_MAX + 1];
    struct text rest, one;

    if (given == NULL)
        return true;
    digest_hex(&signing->digest, hex);
    rest = text_of(given);
    while (text_cut(&rest, ',', &one))
        if (text_starts(text_of(hex), one))
            return true;
    return error_set(err, ERROR_TRUST, "%s: its SHA-256 is %s, not %s: nothing was signed",
                     signing->row->name, hex, given);
}

#define UNKNOWN                                                                                              \
    "(!) nothing was signed for this repository from here before: compare its first root with what "         \
    "somebody "                                                                                              \
    "else sees\n"

/* What this signature will be. */
static bool tell_signer(const struct command_call *call, const struct signing *signing,
                        const struct tuf_key *key, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(4 * KIB);
    bool known = false;

    if (!signed_for_known(signing, call->arena, &known, err))
        return false;
    if (!known)
        writer_string(&w, UNKNOWN);
    writer_string(&w, "you sign as: ");
    tuf_changes_put_key(&w, key);
    writer_byte(&w, '\n');
    if (key->person.size > 0 && text_equal(key->person, tree_proposed_by(signing->metadata)))
        writer_string(&w,
                      signing->solo
                          ? "(!) you proposed it yourself, and nobody else looks at it: WEAKER\n"
                          : "(!) you proposed it yourself: your signature is the one that is needed\n");
    write_to(command_given(call, OPTION_PRINT_ONLY) ? call->errors : call->out, writer_bytes(&w));
    return true;
}

/* The digits of the digest: whoever types them has looked at it, and can compare it with what a second machine shows. */
static bool ask(const struct command_call *call, const struct signing *signing, struct error *err)
{
    char hex[DIGEST_HEX_MAX + 1], typed[64];

    if (command_given(call, OPTION_DIGEST))
        return true;
    digest_hex(&signing->digest, hex);
    if (!terminal_ask("To sign, type the first 8 digits of its SHA-256: ", typed, sizeof(typed), err))
        return error_at(err, "nothing was signed");
    return (strlen(typed) >= DIGEST_TYPED && strncmp(hex, typed, strlen(typed)) == 0) ||
           error_set(err, ERROR_CONFLICT, "these are not its first digits: nothing was signed");
}

/* ---- signing ---- */

static bool print_signature(const struct command_call *call, const struct signing *signing,
                            const struct tuf_signature *signature, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(64 * KIB);
    OWN(writer_end) struct writer hex = writer_with(64 * KIB);
    struct json_writer j = json_writer_with(&w, false);
    struct bytes raw;

    for (size_t i = 0; i < signature->value.size; i++)
        writer_format(&hex, "%02x", signature->value.at[i]);
    json_open_object(&j);
    json_name(&j, "keyid");
    json_put_text(&j, signature->key_id);
    json_name(&j, "sig");
    json_put_text(&j, (struct text){(const char *)hex.at, hex.size});
    json_name(&j, "role");
    json_put_string(&j, signing->row->name);
    json_name(&j, "version");
    json_put_u64(&j, signing->metadata->version);
    put_hex(&j, "sha256", &signing->digest);
    json_close_object(&j);
    writer_byte(&w, '\n');
    if (!writer_done(&w, &raw, err))
        return false;
    write_to(call->out, raw);
    return true;
}

static bool attach(const struct command_call *call, const struct signing *signing,
                   const struct tuf_signature *signature, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_SIGNING_MEMORY);
    OWN(writer_end) struct writer w = writer_with(64 * KIB);
    struct signing then = *signing;

    if (!signing_attach(signing, signature, &then.waiting, &arena, err))
        return false;
    writer_string(&w, "Signed.\n");
    for (size_t i = 0; i < then.waiting.asked_count; i++)
        signing_tell_signers(&then, i, &w);
    if (then.waiting.enough)
        writer_format(&w, "next: suture repo publish %s\n", signing->repo.folder);
    write_to(call->out, writer_bytes(&w));
    return true;
}

/* One key for all files, opened when the first of them was shown. */
struct session {
    const struct command_call *call;
    struct ask where;
    struct signer signer;
    bool opened, many;
    size_t signed_count;
};

static bool open_signer(struct session *session, const struct signing *signing, struct error *err)
{
    const struct command_call *call = session->call;
    struct signer_asker asker = ask_signer(&session->where);
    const char *where = command_text(call, OPTION_KEY);

    if (session->opened)
        return true;
    session->opened = (where != NULL || sign_key_find(signing, call->arena, &where, err)) &&
                      signer_open(where, &asker, call->arena, &session->signer, err);
    return session->opened;
}

/* Of several files those that this key has nothing to do with are passed over, with a line. */
static bool pass_over(const struct session *session, const char *why, struct error *err)
{
    if (!session->many)
        return false;
    fprintf(command_given(session->call, OPTION_PRINT_ONLY) ? session->call->errors : session->call->out,
            "passed over: %s\n", why);
    *err = (struct error){.kind = ERROR_NONE};
    return true;
}

static bool sign(struct session *session, const struct signing *signing, struct error *err)
{
    const struct command_call *call = session->call;
    struct tuf_signature signature = {0};
    const struct tuf_key *key = NULL;

    if (session->opened && !signing_find_key(signing, &session->signer.key, &key, err))
        return pass_over(session, err->text, err);
    if (!show(call, signing, err))
        return false;
    if (command_given(call, OPTION_SHOW))
        return true;
    if (!check_digest(call, signing, err) || !open_signer(session, signing, err))
        return false;
    if (!signing_find_key(signing, &session->signer.key, &key, err))
        return pass_over(session, err->text, err);
    if (!tell_signer(call, signing, key, err) || !ask(call, signing, err) ||
        !signing_make(signing, &session->signer, &signature, err))
        return false;
    session->signed_count++;
    bool given = command_given(call, OPTION_PRINT_ONLY) ? print_signature(call, signing, &signature, err)
                                                        : attach(call, signing, &signature, err);
    return given && signed_for_remember(signing, call->arena, err);
}

static bool sign_file(struct session *session, const char *path, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_SIGNING_MEMORY);
    OWN(signing_close) struct signing signing = {.repo = {.lock = -1}};

    if (session->many && signing_is_online(path))
        return pass_over(session, path, err);
    return signing_open(path, &arena, &signing, err) && sign(session, &signing, err);
}

static bool check_usage(const struct command_call *call, struct error *err)
{
    const char *digest = command_text(call, OPTION_DIGEST);
    struct text rest = text_of(digest == NULL ? "" : digest), one;

    while (text_cut(&rest, ',', &one)) {
        if (one.size < DIGEST_MIN || one.size > 64)
            return error_set(err, ERROR_INPUT, "--digest has 16 to 64 digits");
        for (size_t i = 0; i < one.size; i++)
            if (memchr("0123456789abcdef", one.at[i], 16) == NULL)
                return error_set(err, ERROR_INPUT, "--digest has hexadecimal digits, in small letters");
    }
    if (command_given(call, OPTION_FORMAT) && !command_given(call, OPTION_SHOW))
        return error_set(err, ERROR_INPUT, "--format goes with --show");
    return call->argument_count == 1 || command_choice(call, OPTION_FORMAT) != 2 ||
           error_set(err, ERROR_INPUT, "--format json is of one FILE");
}

static void end_session(struct session *session)
{
    signer_close(&session->signer);
}

static enum command_exit run(const struct command_call *call, struct error *err)
{
    OWN(end_session)
    struct session session = {.call = call,
                              .where = {command_text(call, OPTION_PASSPHRASE_FILE)},
                              .many = call->argument_count > 1};

    if (!check_usage(call, err))
        return COMMAND_WRONG_USAGE;
    for (size_t i = 0; i < call->argument_count; i++)
        if (!sign_file(&session, call->arguments[i], err))
            return COMMAND_FAILED;
    if (session.signed_count == 0 && !command_given(call, OPTION_SHOW)) {
        (void)error_set(err, ERROR_ABSENT, "this key has nothing to sign among these files");
        return COMMAND_FAILED;
    }
    return COMMAND_DONE;
}

const struct command command_sign = {
    .name = "sign",
    .arguments = "FILE...",
    .help = "show what a staged role changes, ask, and sign exactly that",
    .more = "FILE is REPO/staged/ROLE.json. Orders are shown as sentences, texts as what differs\n"
            "from those in force, everything by its hash; then you type the first digits of the\n"
            "digest. Of several files each is shown and asked for; those that this key may not\n"
            "sign are passed over. With --print-only, on a machine without a network, the signature\n"
            "is printed as one line for: suture repo sign REPO ROLE --signature FILE.",
    .options = options,
    .argument_min = 1,
    .argument_max = FILES_MAX,
    .run = run,
};
