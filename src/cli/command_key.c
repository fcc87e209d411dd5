/*
 * suture key: people's and servers' keys. The private half lies in a file under a passphrase, or in a token; the public
 * half is a file to hand on.
 */
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/visible.h"
#include "cli/ask.h"
#include "cli/command.h"
#include "cli/screen.h"
#include "format/json.h"
#include "trust/public_file.h"

#define OUTPUT_MAX  MIB
#define LABEL_WIDTH 9
#define LIST_MAX    4096 /* names in a folder of keys */

enum { FORMAT_JSON = 2 };
enum { NEW_PERSON, NEW_DUTY, NEW_ONLINE, NEW_SCHEME, NEW_PUBLIC, NEW_PASSPHRASE_FILE, NEW_FORMAT };
static const struct command_option new_options[] = {
    [NEW_PERSON] = {"person", OPTION_TEXT, "NAME",
                    "whose it is: signatures are counted by persons, not by keys"},
    [NEW_DUTY] = {"duty", OPTION_TEXT, "WORD", "what this person answers for"},
    [NEW_ONLINE] = {"online", OPTION_SWITCH, NULL, "a server's key: without a passphrase"},
    [NEW_SCHEME] = {"scheme", OPTION_CHOICE, "ed25519|p256",
                    "its kind; ed25519 in files, p256 in tokens when nothing is said"},
    [NEW_PUBLIC] = {"public", OPTION_FILE, "FILE",
                    "where the public half goes; FILE.pub, for tokens NAME.pub"},
    [NEW_PASSPHRASE_FILE] = {"passphrase-file", OPTION_FILE, "FILE",
                             "for scripts: its first line is the passphrase or PIN"},
    [NEW_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print it"},
    {0},
};
enum { SHOW_PASSPHRASE_FILE, SHOW_FORMAT };
static const struct command_option show_options[] = {
    [SHOW_PASSPHRASE_FILE] = {"passphrase-file", OPTION_FILE, "FILE",
                              "for scripts: its first line is the passphrase or PIN"},
    [SHOW_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print it"},
    {0},
};
enum { LIST_FORMAT };
static const struct command_option list_options[] = {
    [LIST_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print it"},
    {0},
};

/* What is said of one key. */
struct key_row {
    const struct tuf_key *key;
    const char *where;       /* of its private half; NULL: not here */
    const char *public_file; /* NULL: none */
};

static const char *scheme_words(enum tuf_scheme scheme)
{
    static const char *const words[TUF_SCHEME_COUNT] = {
        [TUF_SCHEME_UNKNOWN] = "unknown",
        [TUF_ED25519] = "Ed25519",
        [TUF_ECDSA_P256] = "P-256",
        [TUF_RSA_PSS] = "RSA",
    };

    return words[scheme];
}

/* ---- printing ---- */

static void put_key(struct json_writer *j, const struct key_row *row)
{
    json_name(j, "keyid");
    json_put_text(j, row->key->id);
    json_name(j, "scheme");
    json_put_string(j, tuf_scheme_name(row->key->scheme));
    json_name(j, "person");
    if (row->key->person.size > 0)
        json_put_text(j, row->key->person);
    else
        json_put_null(j);
    json_name(j, "duty");
    if (row->key->duty.size > 0)
        json_put_text(j, row->key->duty);
    else
        json_put_null(j);
    json_name(j, "online");
    json_put_bool(j, row->key->online);
    json_name(j, "private");
    if (row->where != NULL)
        json_put_string(j, row->where);
    else
        json_put_null(j);
    json_name(j, "public");
    if (row->public_file != NULL)
        json_put_string(j, row->public_file);
    else
        json_put_null(j);
}

static void note(struct screen *screen, const char *label, struct text text)
{
    screen_labelled(screen, LABEL_WIDTH, text_of(label), text, COLOUR_PLAIN);
}

static void print_key(struct screen *screen, const struct key_row *row, struct arena *arena)
{
    const struct tuf_key *key = row->key;
    struct text of = key->person.size > 0 ? text_format(arena, "of %.*s", TEXT_ARG(key->person))
                                          : TEXT("that names nobody");
    struct text duty = key->duty.size > 0 ? text_format(arena, ", duty %.*s", TEXT_ARG(key->duty)) : TEXT("");

    screen_line(screen,
                text_format(arena, "%s key %.*s%.*s%s", scheme_words(key->scheme), TEXT_ARG(of),
                            TEXT_ARG(duty), key->online ? ", online: a server's" : ""),
                COLOUR_HEAD);
    note(screen, "id", key->id);
    if (row->where != NULL)
        note(screen, "private", text_of(row->where));
    if (row->public_file != NULL)
        note(screen, "public", text_of(row->public_file));
}

static bool write_out(const struct command_call *call, struct writer *w, struct error *err)
{
    struct bytes raw;

    if (!writer_done(w, &raw, err))
        return false;
    (void)fwrite(raw.at, 1, raw.size, call->out); /* the roof looks at whether it was written */
    return true;
}

/* made: NULL when nothing was to be made. */
static bool print_one(const struct command_call *call, const struct key_row *row, const bool *made, bool json,
                      const char *last, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(OUTPUT_MAX);
    struct screen screen = screen_for_output(&w);
    struct json_writer j = json_writer_with(&w, true);

    if (json) {
        json_open_object(&j);
        json_name(&j, "schema");
        json_put_string(&j, "suture.key/1");
        if (made != NULL) {
            json_name(&j, "made");
            json_put_bool(&j, *made);
        }
        put_key(&j, row);
        json_close_object(&j);
        writer_byte(&w, '\n');
    } else {
        print_key(&screen, row, call->arena);
        if (last != NULL)
            note(&screen, "next", text_of(last));
    }
    return write_out(call, &w, err);
}

/* ---- key new ---- */

static bool check_word(const char *option, const char *given, struct text *out, struct error *err)
{
    if (given == NULL)
        return true;
    return (text_from_bytes(bytes_of_text(text_of(given)), LIMIT_PERSON, out, err) &&
            visible_check(*out, err) &&
            (text_trim(*out).size == out->size ||
             error_set(err, ERROR_INPUT, "begins or ends with a space"))) ||
           error_at(err, "--%s", option);
}

static bool take_wish(const struct command_call *call, bool token, struct signer_wish *out, struct error *err)
{
    unsigned scheme = command_choice(call, NEW_SCHEME);

    *out = (struct signer_wish){.online = command_given(call, NEW_ONLINE)};
    out->scheme = scheme == 2 || (scheme == 0 && token) ? TUF_ECDSA_P256 : TUF_ED25519;
    if (token && out->scheme != TUF_ECDSA_P256)
        return error_set(err, ERROR_INPUT, "few tokens make Ed25519: a token's key is p256");
    if (command_text(call, NEW_PERSON) == NULL && !out->online)
        return error_set(err, ERROR_INPUT, "--person is missing: whose key is it?");
    return check_word("person", command_text(call, NEW_PERSON), &out->person, err) &&
           check_word("duty", command_text(call, NEW_DUTY), &out->duty, err);
}

/* Where the public half of a token's key goes. */
static bool public_name(const struct command_call *call, const struct signer_wish *wish, const char **out,
                        struct error *err)
{
    const char *given = command_text(call, NEW_PUBLIC);

    if (given == NULL && (wish->person.size == 0 || text_find_byte(wish->person, '/') != SIZE_MAX))
        return error_set(err, ERROR_INPUT, "--public is missing: where is the public half to go?");
    *out = given != NULL ? given
                         : text_string(call->arena, text_format(call->arena, "%.*s" SIGNER_PUBLIC_SUFFIX,
                                                                TEXT_ARG(wish->person)));
    return *out != NULL || arena_full(call->arena, err);
}

static bool make_token(const struct command_call *call, const struct signer_wish *wish,
                       const struct signer_asker *asker, struct key_row *row, bool *made,
                       struct signer *signer, struct error *err)
{
    if (!public_name(call, wish, &row->public_file, err))
        return false;
    if (file_exists(row->public_file))
        return error_set(err, ERROR_CONFLICT, "%s is there already; nothing was changed", row->public_file);
    return signer_make_token(call->arguments[0], wish, asker, call->arena, made, signer, err) &&
           public_file_create(row->public_file, &signer->key, err);
}

static bool make_file(const struct command_call *call, const struct signer_wish *wish,
                      const struct signer_asker *asker, struct key_row *row, struct signer *signer,
                      struct error *err)
{
    const char *path = call->arguments[0];

    row->public_file = text_string(call->arena, text_format(call->arena, "%s" SIGNER_PUBLIC_SUFFIX, path));
    if (row->public_file == NULL)
        return arena_full(call->arena, err);
    return signer_make_file(path, wish, asker, call->arena, signer, err);
}

static enum command_exit run_new(const struct command_call *call, struct error *err)
{
    OWN(signer_close) struct signer signer = {0};
    struct ask ask = {command_text(call, NEW_PASSPHRASE_FILE)};
    struct signer_asker asker = ask_signer(&ask);
    bool token = signer_is_token(call->arguments[0]), made = true;
    struct key_row row = {.key = &signer.key, .where = call->arguments[0]};
    struct signer_wish wish;

    if (!take_wish(call, token, &wish, err))
        return COMMAND_WRONG_USAGE;
    if (!token && command_given(call, NEW_PUBLIC))
        return command_wrong(err, "--public is of tokens: a file's public half lies beside it");
    bool done = token ? make_token(call, &wish, &asker, &row, &made, &signer, err)
                      : make_file(call, &wish, &asker, &row, &signer, err);
    if (!done)
        return COMMAND_FAILED;
    const char *last =
        !made ? "the key was there already; give its public file to whoever keeps the repository"
              : "give the public file to whoever keeps the repository; the private half stays yours";
    return print_one(call, &row, &made, command_choice(call, NEW_FORMAT) == FORMAT_JSON, last, err)
               ? COMMAND_DONE
               : COMMAND_FAILED;
}

/* ---- key show ---- */

/* FILE.pub beside FILE, or FILE itself when it is called so. NULL: there is none. */
static const char *public_beside(const struct command_call *call, const char *path)
{
    struct text name = text_of(path);
    char *beside = text_ends(name, TEXT(SIGNER_PUBLIC_SUFFIX))
                       ? text_string(call->arena, name)
                       : text_string(call->arena, text_format(call->arena, "%s" SIGNER_PUBLIC_SUFFIX, path));

    return beside != NULL && file_exists(beside) ? beside : NULL;
}

/* "anna.key" of "anna.key.pub" when it is there; NULL: it is not. */
static const char *private_beside(struct arena *arena, const char *public_file)
{
    struct text name = text_of(public_file);
    char *path = text_string(arena, text_part(name, 0, name.size - strlen(SIGNER_PUBLIC_SUFFIX)));

    return path != NULL && file_exists(path) ? path : NULL;
}

static enum command_exit run_show(const struct command_call *call, struct error *err)
{
    OWN(signer_close) struct signer signer = {0};
    struct ask ask = {command_text(call, SHOW_PASSPHRASE_FILE)};
    struct signer_asker asker = ask_signer(&ask);
    const char *where = call->arguments[0];
    struct tuf_key key = {0};
    struct key_row row = {.key = &key};
    bool token = signer_is_token(where);

    if (!token)
        row.public_file = public_beside(call, where);
    if (row.public_file != NULL) {
        if (!public_file_read(row.public_file, call->arena, &key, err))
            return COMMAND_FAILED;
        row.where = private_beside(call->arena, row.public_file);
    } else {
        if (!signer_open(where, &asker, call->arena, &signer, err))
            return COMMAND_FAILED;
        key = signer.key;
        row.where = where;
    }
    return print_one(call, &row, NULL, command_choice(call, SHOW_FORMAT) == FORMAT_JSON, NULL, err)
               ? COMMAND_DONE
               : COMMAND_FAILED;
}

/* ---- key list ---- */

enum { CELL_ID, CELL_SCHEME, CELL_PERSON, CELL_DUTY, CELL_PRIVATE, CELL_FILE, CELL_COUNT };

struct key_list {
    struct key_row *rows;
    struct tuf_key *keys;
    size_t count;
    struct text broken; /* lines of files that are none */
};

static bool read_list(const struct command_call *call, const char *folder, struct key_list *out,
                      struct error *err)
{
    OWN(writer_end) struct writer broken = writer_with(OUTPUT_MAX);
    struct file_names names;

    if (!file_list(folder, LIST_MAX, call->arena, &names, err))
        return false;
    out->rows = ARENA_ARRAY(call->arena, struct key_row, names.count);
    out->keys = ARENA_ARRAY(call->arena, struct tuf_key, names.count);
    if (out->rows == NULL || out->keys == NULL)
        return arena_full(call->arena, err);
    for (size_t i = 0; i < names.count; i++) {
        struct error why;
        if (!text_ends(names.names[i], TEXT(SIGNER_PUBLIC_SUFFIX)))
            continue;
        char *path = file_path(call->arena, folder, names.names[i].at);
        if (path == NULL)
            return arena_full(call->arena, err);
        if (!public_file_read(path, call->arena, &out->keys[out->count], &why)) {
            /* Keys of other programs are called so too (ssh): one line, and on. */
            writer_format(&broken, "%s\n", why.text);
            continue;
        }
        out->rows[out->count] =
            (struct key_row){&out->keys[out->count], private_beside(call->arena, path), path};
        out->count++;
    }
    out->broken = text_copy(call->arena, (struct text){(const char *)broken.at, broken.size});
    return true;
}

static bool read_tokens(const struct command_call *call, const char *uri, struct key_list *out,
                        struct error *err)
{
    struct signer_listed *listed;

    if (!signer_list_token(uri, call->arena, &listed, &out->count, err))
        return false;
    out->rows = ARENA_ARRAY(call->arena, struct key_row, out->count);
    if (out->rows == NULL)
        return arena_full(call->arena, err);
    for (size_t i = 0; i < out->count; i++)
        out->rows[i] = (struct key_row){&listed[i].key, listed[i].uri, NULL};
    return true;
}

static void print_list(struct screen *screen, const struct key_list *list, struct arena *arena)
{
    static const struct screen_column columns[CELL_COUNT] = {
        [CELL_ID] = {"ID", 8, 8, false},           [CELL_SCHEME] = {"KIND", 7, 7, false},
        [CELL_PERSON] = {"PERSON", 6, 32, false},  [CELL_DUTY] = {"DUTY", 0, 20, false},
        [CELL_PRIVATE] = {"PRIVATE", 7, 9, false}, [CELL_FILE] = {"FILE", 8, 80, false},
    };
    struct text(*cells)[CELL_COUNT] = arena_take_array(arena, list->count + 1, sizeof(*cells));
    struct text rest = list->broken, line;

    if (cells == NULL)
        return;
    for (size_t i = 0; i < list->count; i++) {
        const struct tuf_key *key = list->rows[i].key;
        cells[i][CELL_ID] = text_part(key->id, 0, 8);
        cells[i][CELL_SCHEME] = text_of(scheme_words(key->scheme));
        cells[i][CELL_PERSON] = key->person.size > 0 ? key->person : TEXT("-");
        cells[i][CELL_DUTY] = key->duty.size > 0 ? key->duty : TEXT("-");
        cells[i][CELL_PRIVATE] = list->rows[i].where == NULL         ? TEXT("elsewhere")
                                 : list->rows[i].public_file == NULL ? TEXT("token")
                                 : key->online                       ? TEXT("server's")
                                                                     : TEXT("here");
        cells[i][CELL_FILE] =
            text_of(list->rows[i].public_file != NULL ? list->rows[i].public_file : list->rows[i].where);
    }
    if (list->count == 0)
        screen_line(screen, TEXT("No public key of Suture here: suture key new FILE --person NAME"),
                    COLOUR_PLAIN);
    else {
        struct screen_table table = screen_table_with(screen, columns, CELL_COUNT, cells[0], list->count);
        screen_head(screen, &table);
        for (size_t i = 0; i < list->count; i++)
            screen_row(screen, &table, cells[i], COLOUR_PLAIN);
    }
    while (text_cut(&rest, '\n', &line))
        screen_labelled(screen, LABEL_WIDTH, TEXT("not read"), line, COLOUR_WARN);
}

static void print_list_json(struct writer *w, const struct key_list *list)
{
    struct json_writer j = json_writer_with(w, true);

    json_open_object(&j);
    json_name(&j, "schema");
    json_put_string(&j, "suture.keys/1");
    json_name(&j, "keys");
    json_open_array(&j);
    for (size_t i = 0; i < list->count; i++) {
        json_open_object(&j);
        put_key(&j, &list->rows[i]);
        json_close_object(&j);
    }
    json_close_array(&j);
    json_close_object(&j);
    writer_byte(w, '\n');
}

static enum command_exit run_list(const struct command_call *call, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(OUTPUT_MAX);
    struct screen screen = screen_for_output(&w);
    struct key_list list = {0};

    const char *where = call->argument_count > 0 ? call->arguments[0] : ".";
    if (signer_is_token(where) ? !read_tokens(call, where, &list, err) : !read_list(call, where, &list, err))
        return COMMAND_FAILED;
    if (command_choice(call, LIST_FORMAT) == FORMAT_JSON)
        print_list_json(&w, &list);
    else
        print_list(&screen, &list, call->arena);
    return write_out(call, &w, err) ? COMMAND_DONE : COMMAND_FAILED;
}

const struct command command_key_new = {
    .name = "key new",
    .arguments = "FILE|pkcs11:URI",
    .help = "make a key to sign with: in a file under a passphrase, or in a token",
    .more = "FILE is the private half: its owner's alone, under a passphrase that is asked for twice;\n"
            "FILE.pub is the public half, to hand on. In a token (pkcs11:token=NAME;object=LABEL)\n"
            "a P-256 key is made, or the one that is there is taken; its PIN is asked for.",
    .options = new_options,
    .argument_min = 1,
    .argument_max = 1,
    .run = run_new,
};

const struct command command_key_show = {
    .name = "key show",
    .arguments = "FILE|pkcs11:URI",
    .help = "whose key it is, and its id",
    .more = "FILE is either half; a passphrase is only asked for when FILE.pub is not there.",
    .options = show_options,
    .argument_min = 1,
    .argument_max = 1,
    .run = run_show,
};

const struct command command_key_list = {
    .name = "key list",
    .arguments = "[FOLDER|pkcs11:URI]",
    .help = "the public keys of a folder (this one), and which private halves lie beside them",
    .more = "Of a URI (pkcs11: alone is every token, pkcs11:token=NAME one) the keys in tokens, with\n"
            "the URI of each; whose it is stands in no token. No PIN is asked for.",
    .options = list_options,
    .argument_max = 1,
    .run = run_list,
};
