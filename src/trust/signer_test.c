#include "base/testing.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "trust/public_file.h"
#include "trust/signer.h"

#define PASSPHRASE "correct horse battery"

struct place {
    char folder[64];
    char path[96], public_path[112];
    struct arena arena;
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));

    test_folder(place->folder);
    (void)snprintf(place->path, sizeof(place->path), "%s/anna.key", place->folder);
    (void)snprintf(place->public_path, sizeof(place->public_path), "%s.pub", place->path);
    place->arena = arena_with(4 * MIB);
    *state = place;
    return 0;
}

static int remove_place(void **state)
{
    struct place *place = *state;
    struct error err;
    bool removed = file_remove_tree(place->folder, &err);

    arena_end(&place->arena);
    free(place);
    return !removed;
}

/* An asker that answers with a text, and counts. */
struct answer {
    const char *text; /* NULL: nobody answers */
    char asked[256];
    unsigned count;
    bool again;
    const char *left; /* where the secret was written: overwritten when all is done */
};

static bool answer(void *self, const char *what, bool again, char *secret, size_t size, struct error *err)
{
    struct answer *a = self;

    (void)snprintf(a->asked, sizeof(a->asked), "%s", what);
    a->count++;
    a->again = again;
    if (a->text == NULL)
        return error_set(err, ERROR_ABSENT, "nobody is here");
    (void)snprintf(secret, size, "%s", a->text);
    return true;
}

static struct signer_asker asker_of(struct answer *a)
{
    return (struct signer_asker){answer, a};
}

static void make(struct place *place, const struct signer_wish *wish)
{
    OWN(signer_close) struct signer signer = {0};
    struct answer a = {.text = PASSPHRASE};
    struct signer_asker asker = asker_of(&a);
    struct error err;

    assert_done("made", signer_make_file(place->path, wish, &asker, &place->arena, &signer, &err), &err);
    assert_int_equal(a.count, wish->online ? 0 : 1);
    assert_true(wish->online || a.again);
}

static const struct signer_wish wish_anna = {
    .scheme = TUF_ED25519, .person = {"anna", 4}, .duty = {"release", 7}};

static void assert_refused(struct place *place, const char *answered, enum error_kind kind,
                           const char *behind)
{
    struct answer a = {.text = answered};
    struct signer_asker asker = asker_of(&a);
    struct signer signer = {0};
    struct error err;
    char text[400];

    if (signer_open(place->path, &asker, &place->arena, &signer, &err))
        fail_msg("opened, expected \"%s\"", behind);
    (void)snprintf(text, sizeof(text), "%s: %s", place->path, behind);
    assert_failed("open", &err, kind, text);
    assert_null(signer.state);
}

static void a_key_signs_what_its_public_half_holds(void **state)
{
    static const struct signer_wish wishes[] = {
        {.scheme = TUF_ED25519, .person = {"anna", 4}, .duty = {"release", 7}},
        {.scheme = TUF_ECDSA_P256, .person = {"anna", 4}, .duty = {"release", 7}},
        {.scheme = TUF_ED25519, .person = {"server", 6}, .duty = {"timestamp", 9}, .online = true},
        {.scheme = TUF_ECDSA_P256, .person = {"server", 6}, .duty = {"timestamp", 9}, .online = true},
    };
    struct place *place = *state;

    for (size_t i = 0; i < COUNT_OF(wishes); i++) {
        OWN(signer_close) struct signer signer = {0};
        struct answer a = {.text = PASSPHRASE};
        struct signer_asker asker = asker_of(&a);
        struct tuf_key half;
        struct bytes signature = {0};
        struct stat found;
        struct error err;
        make(place, &wishes[i]);
        assert_int_equal(stat(place->path, &found), 0);
        assert_int_equal(found.st_mode & 07777, 0600);
        assert_done("public", public_file_read(place->public_path, &place->arena, &half, &err), &err);
        assert_int_equal(half.scheme, wishes[i].scheme);
        assert_true(text_equal(half.person, wishes[i].person) && text_equal(half.duty, wishes[i].duty));
        assert_int_equal(half.online, wishes[i].online);
        assert_done("open", signer_open(place->path, &asker, &place->arena, &signer, &err), &err);
        assert_int_equal(a.count, wishes[i].online ? 0 : 1);
        assert_true(tuf_key_same(&half, &signer.key) && text_equal(half.id, signer.key.id));
        assert_true(text_equal(signer.key.person, wishes[i].person));
        assert_done("sign", signer_sign(&signer, BYTES("a message"), &place->arena, &signature, &err), &err);
        assert_done("holds", tuf_key_verify(&half, BYTES("a message"), signature, &err), &err);
        assert_false(tuf_key_verify(&half, BYTES("another"), signature, &err));
        assert_int_equal(unlink(place->path) | unlink(place->public_path), 0);
    }
}

static void a_wrong_passphrase_opens_nothing(void **state)
{
    struct place *place = *state;

    make(place, &wish_anna);
    assert_refused(place, "correct horse batter", ERROR_TRUST, "wrong passphrase");
    assert_refused(place, "", ERROR_TRUST, "wrong passphrase");
    assert_refused(place, NULL, ERROR_ABSENT, "nobody is here");
}

static void what_others_may_read_is_refused(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0620, 0601};
    struct place *place = *state;

    make(place, &wish_anna);
    for (size_t i = 0; i < COUNT_OF(modes); i++) {
        char text[200];
        assert_int_equal(chmod(place->path, modes[i]), 0);
        (void)snprintf(text, sizeof(text),
                       "others may read it (mode %04o): if nobody did, chmod 600 it; else it is lost, make a "
                       "new key and have it replaced",
                       (unsigned)modes[i]);
        assert_refused(place, PASSPHRASE, ERROR_TRUST, text);
    }
    /* Root alone can give a file away, and its tests alone can see this. */
    if (geteuid() == 0) {
        assert_int_equal(chmod(place->path, 0600) | chown(place->path, 12345, 12345), 0);
        assert_refused(place, PASSPHRASE, ERROR_TRUST, "belongs to user 12345, not to user 0 who runs this");
    }
}

static void only_a_servers_key_lacks_a_passphrase(void **state)
{
    const struct signer_wish online = {
        .scheme = TUF_ED25519, .person = TEXT("server"), .duty = TEXT("timestamp"), .online = true};
    struct place *place = *state;
    struct tuf_key half;
    struct error err;

    make(place, &online);
    assert_done("public", public_file_read(place->public_path, &place->arena, &half, &err), &err);
    assert_int_equal(unlink(place->public_path), 0);
    assert_refused(place, PASSPHRASE, ERROR_TRUST,
                   "has no passphrase, and only a server's key may lack one (its .pub says which it is)");
    half.online = false;
    assert_done("write", public_file_create(place->public_path, &half, &err), &err);
    assert_refused(place, PASSPHRASE, ERROR_TRUST,
                   "has no passphrase, and only a server's key may lack one (its .pub says which it is)");
}

static void the_public_half_of_another_is_refused(void **state)
{
    struct place *place = *state;
    char other[128], text[300];

    make(place, &wish_anna);
    (void)snprintf(other, sizeof(other), "%s.other", place->public_path);
    assert_int_equal(rename(place->public_path, other), 0);
    assert_int_equal(unlink(place->path), 0);
    make(place, &wish_anna);
    assert_int_equal(rename(other, place->public_path), 0);
    (void)snprintf(text, sizeof(text), "%s is the public half of another key", place->public_path);
    assert_refused(place, PASSPHRASE, ERROR_TRUST, text);
}

static void nothing_is_replaced(void **state)
{
    struct place *place = *state;
    struct answer a = {.text = PASSPHRASE};
    struct signer_asker asker = asker_of(&a);
    struct signer signer = {0};
    struct error err;
    char text[300];

    make(place, &wish_anna);
    assert_false(signer_make_file(place->path, &wish_anna, &asker, &place->arena, &signer, &err));
    (void)snprintf(text, sizeof(text), "%s is there already; nothing was changed", place->path);
    assert_failed("key", &err, ERROR_CONFLICT, text);
    assert_int_equal(unlink(place->path), 0);
    assert_false(signer_make_file(place->path, &wish_anna, &asker, &place->arena, &signer, &err));
    (void)snprintf(text, sizeof(text), "%s is there already; nothing was changed", place->public_path);
    assert_failed("half", &err, ERROR_CONFLICT, text);
    assert_int_equal(a.count, 0);
    assert_false(file_exists(place->path));
}

static void a_passphrase_is_long(void **state)
{
    struct place *place = *state;
    struct answer a = {.text = "elevenchars"};
    struct signer_asker asker = asker_of(&a);
    struct signer signer = {0};
    struct error err;

    assert_false(signer_make_file(place->path, &wish_anna, &asker, &place->arena, &signer, &err));
    assert_failed("short", &err, ERROR_INPUT, "a passphrase has at least 12 characters");
    assert_false(file_exists(place->path) || file_exists(place->public_path));
}

static void a_crash_leaves_no_core(void **state)
{
    struct place *place = *state;
    struct rlimit limit;

    make(place, &wish_anna);
    assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
    assert_true(limit.rlim_cur <= 1 && limit.rlim_max <= 1);
}

static void broken_files_are_named(void **state)
{
    static const struct {
        const char *file;
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {"bad/private/empty", ERROR_INPUT, "is no private key in PEM (PKCS #8)"},
        {"bad/private/openssh", ERROR_INPUT, "is no private key in PEM (PKCS #8)"},
        {"bad/private/pkcs1", ERROR_INPUT, "is no private key in PEM (PKCS #8)"},
        {"bad/private/cut", ERROR_INPUT, "is cut short, or has something behind its end"},
        {"bad/private/behind", ERROR_INPUT, "is cut short, or has something behind its end"},
        {"bad/private/two", ERROR_INPUT, "byte 0x2d where base64 should be"},
        {"bad/private/rounds", ERROR_TRUST,
         "its passphrase is protected by 2048 rounds, at least 100000 are due: openssl pkcs8 -topk8 -v2 "
         "aes-256-cbc -iter 600000"},
        {"bad/private/rounds-many", ERROR_INPUT, "cannot be read: An illegal parameter was found."},
        {"bad/private/aes128", ERROR_TRUST, "is not encrypted as PBES2 with AES-256"},
        {"bad/private/no-asn1", ERROR_INPUT, "cannot be read: ASN1 parser: Error in TAG."},
        {"bad/private/long", ERROR_LIMIT, "more than the 4096 bytes that a key has"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct signer_file file;
        struct bytes raw = {0};
        struct error err;
        char path[512];
        (void)snprintf(path, sizeof(path), "%s/trust/signer/%s", getenv("SUTURE_GOLDEN"), rows[i].file);
        assert_done(rows[i].file, file_read(path, MIB, &arena, &raw, &err), &err);
        if (signer_file_check(raw, &file, &err))
            fail_msg("%s is taken", rows[i].file);
        assert_failed(rows[i].file, &err, rows[i].kind, rows[i].text);
    }
}

/* Made by openssl, whose keys are as good. */
static void a_key_of_openssl_is_read(void **state)
{
    struct place *place = *state;
    OWN(signer_close) struct signer signer = {0};
    struct answer a = {.text = PASSPHRASE};
    struct signer_asker asker = asker_of(&a);
    struct bytes raw = {0};
    struct error err;
    char path[512], asked[160];

    (void)snprintf(path, sizeof(path), "%s/trust/signer/openssl-p256", getenv("SUTURE_GOLDEN"));
    assert_done("golden", file_read(path, MIB, &place->arena, &raw, &err), &err);
    assert_done("copy", file_create(place->path, raw, 0600, &err), &err);
    assert_done("open", signer_open(place->path, &asker, &place->arena, &signer, &err), &err);
    assert_int_equal(signer.key.scheme, TUF_ECDSA_P256);
    assert_int_equal(signer.key.person.size, 0);
    (void)snprintf(asked, sizeof(asked), "passphrase of %s", place->path);
    assert_string_equal(a.asked, asked);
}

static void broken_public_files_are_named(void **state)
{
    static const struct {
        const char *file, *text;
    } rows[] = {
        {"bad/public/empty", "line 1, column 1: nothing but white space"},
        {"bad/public/list", "is no public key"},
        {"bad/public/no-id", "keyid is missing"},
        {"bad/public/other-id", "its keyid is not that of its key"},
        {"bad/public/scheme", "is a key of a kind that this version of Suture does not know"},
        {"bad/public/turned",
         "x-suture-person: has a character that does not show or turns the text: <U+202E> at 0"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct tuf_key key;
        struct error err;
        char path[512], text[700];
        (void)snprintf(path, sizeof(path), "%s/trust/signer/%s", getenv("SUTURE_GOLDEN"), rows[i].file);
        assert_false(public_file_read(path, &arena, &key, &err));
        (void)snprintf(text, sizeof(text), "%s: %s", path, rows[i].text);
        assert_failed(rows[i].file, &err, ERROR_INPUT, text);
    }
}

static void a_pin_in_a_uri_is_refused(void **state)
{
    struct place *place = *state;
    struct signer signer = {0};
    struct error err;

    assert_false(signer_open("pkcs11:token=a;object=b?pin-value=1234", NULL, &place->arena, &signer, &err));
    assert_failed("pin", &err, ERROR_INPUT,
                  "pkcs11:token=a;object=b?pin-value=1234: a PIN does not belong in a URI: it is asked for");
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

/* What signs without an envelope signs with the same key: what it signs holds under the public half. */
static void halves_of_a_server(void **state)
{
    const struct signer_wish server = {
        .scheme = TUF_ED25519, .person = TEXT("server"), .duty = TEXT("deltas"), .online = true};
    OWN(secret_key_end) struct secret_key key = {0};
    struct place *place = *state;
    struct tuf_key half = {0};
    struct signature signature;
    struct error err = {0};

    make(place, &server);
    assert_true(signer_is_file(place->path) && !signer_is_file(place->public_path));
    assert_done("read", signer_read_online(place->path, &key, &err), &err);
    assert_done("sign", signature_sign(&key, BYTES("an index"), &signature, &err), &err);
    assert_done("public", public_file_read(place->public_path, &place->arena, &half, &err), &err);
    assert_done(
        "verify",
        tuf_key_verify(&half, BYTES("an index"), (struct bytes){signature.at, sizeof(signature.at)}, &err),
        &err);
}

static void halves_of_another_scheme(void **state)
{
    const struct signer_wish p256 = {
        .scheme = TUF_ECDSA_P256, .person = TEXT("server"), .duty = TEXT("deltas"), .online = true};
    OWN(secret_key_end) struct secret_key key = {0};
    struct place *place = *state;
    struct error err = {0};

    make(place, &p256);
    assert_false(signer_read_online(place->path, &key, &err));
    assert_int_equal(err.kind, ERROR_TRUST);
    assert_non_null(strstr(err.text, "is no Ed25519 key of a server"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(halves_of_a_server, make_place, remove_place),
        cmocka_unit_test_setup_teardown(halves_of_another_scheme, make_place, remove_place),
        IN_A_PLACE(a_key_signs_what_its_public_half_holds),
        IN_A_PLACE(a_wrong_passphrase_opens_nothing),
        IN_A_PLACE(what_others_may_read_is_refused),
        IN_A_PLACE(only_a_servers_key_lacks_a_passphrase),
        IN_A_PLACE(the_public_half_of_another_is_refused),
        IN_A_PLACE(nothing_is_replaced),
        IN_A_PLACE(a_passphrase_is_long),
        IN_A_PLACE(a_crash_leaves_no_core),
        IN_A_PLACE(a_key_of_openssl_is_read),
        cmocka_unit_test(broken_files_are_named),
        cmocka_unit_test(broken_public_files_are_named),
        IN_A_PLACE(a_pin_in_a_uri_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
