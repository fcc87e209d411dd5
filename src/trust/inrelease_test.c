#include "base/testing.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/child.h"
#include "base/confine.h"
#include "base/limits.h"
#include "base/own.h"
#include "trust/inrelease.h"

/* The folder with the keys and files that test/sign_cases.sh makes anew for every run. */
static char cases[64];

static const char *in_cases(char path[128], const char *name)
{
    (void)snprintf(path, 128, "%s/%s", cases, name);
    return path;
}

/* A copy of test/gpgv_stub.c under one of its names, where the user that gpgv becomes can run it. */
static const char *stub(char path[128], const char *name)
{
    OWN(arena_end) struct arena arena = arena_with(8 * MIB);
    const char *program = getenv("SUTURE_GPGV_STUB");
    struct bytes bytes;
    struct error err;

    program = program == NULL ? "build/src/trust/gpgv_stub" : program;
    assert_done("stub", file_read(program, 4 * MIB, &arena, &bytes, &err), &err);
    assert_done("stub", file_replace_cache(in_cases(path, name), bytes, 0755, &err), &err);
    assert_int_equal(chmod(cases, 0755), 0);
    return path;
}

static int make_cases(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    const char *golden = getenv("SUTURE_GOLDEN");
    struct child_result child;
    struct error err;
    char script[512];
    (void)state;

    test_folder(cases);
    (void)snprintf(script, sizeof(script), "%s/../sign_cases.sh", golden == NULL ? "test/golden" : golden);
    struct child_command command = {
        .argv = (const char *const[]){"/bin/sh", script, cases, NULL},
        .timeout_ms = 60000,
        .output_limit = MIB,
    };
    if (!child_run(&command, &arena, &child, &err)) {
        print_error("%s\n", err.text);
        return -1;
    }
    if (child.status != 0)
        print_error("%.*s (is gpg installed?)\n", (int)child.errors.size, (const char *)child.errors.at);
    return child.status;
}

static int remove_cases(void **state)
{
    struct error err;
    (void)state;

    return file_remove_tree(cases, &err) ? 0 : -1;
}

/* What was made has other key ids in every run: hexadecimal numbers of 16 and more digits become KEY, the folder ".". */
static const char *anonymous(const char *text, char out[512])
{
    size_t size = 0;

    while (*text != 0 && size < 511) {
        size_t digits = strspn(text, "0123456789ABCDEF");
        if (digits >= 16) {
            size += (size_t)snprintf(out + size, 512 - size, "KEY");
            text += digits;
        } else if (strncmp(text, cases, strlen(cases)) == 0) {
            out[size++] = '.';
            text += strlen(cases);
        } else {
            out[size++] = *text++;
        }
    }
    out[size] = 0;
    return out;
}

/* The fingerprint in a file NAME.fpr, with `more` behind it. */
static struct text fingerprint(struct arena *arena, const char *name, const char *more)
{
    char file[64], path[128];
    struct bytes raw;
    struct error err;

    (void)snprintf(file, sizeof(file), "%s.fpr", name);
    assert_done(name, file_read(in_cases(path, file), 100, arena, &raw, &err), &err);
    struct text text = {(const char *)raw.at, raw.size - 1};
    return text_format(arena, "%.*s%s", TEXT_ARG(text), more);
}

struct row {
    const char *file, *keyring;
    const char *allowed; /* NAME of a NAME.fpr, or NULL: any */
    const char *exactly; /* "!" behind it */
    size_t threshold;
    enum error_kind kind;
    const char *failure; /* NULL: it is believed */
};

static void verify_row(const struct row *row)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 24);
    char path[128], keyring[128], text[512], name[256];
    const char *keyrings[] = {in_cases(keyring, row->keyring)};
    struct text allowed;
    struct inrelease_keys keys = {
        .keyrings = keyrings, .keyring_count = 1, .rule = {.threshold = row->threshold}};
    struct inrelease got = {0};
    struct error err = {0};

    (void)snprintf(name, sizeof(name), "%s by %s", row->file, row->keyring);
    if (row->allowed != NULL) {
        allowed = fingerprint(&arena, row->allowed, row->exactly);
        keys.rule.fingerprints = &allowed;
        keys.rule.fingerprint_count = 1;
    }
    bool done = inrelease_verify(in_cases(path, row->file), &keys, &arena, &got, &err);
    if (row->failure == NULL) {
        assert_done(name, done, &err);
        assert_text(name, got.suite, "stable"); /* never the forged one */
        assert_true(got.signers.count >= row->threshold);
        return;
    }
    assert_false(done);
    (void)snprintf(err.text, sizeof(err.text), "%.239s", anonymous(err.text, text));
    assert_failed(name, &err, row->kind, row->failure);
    assert_int_equal(got.suite.size, 0);
    assert_int_equal(got.file_count, 0);
}

static void only_good_signatures_are_believed(void **state)
{
    static const struct row rows[] = {
        {"good", "publisher.gpg", NULL, "", 1, ERROR_NONE, NULL},
        {"good", "publisher.asc", NULL, "", 1, ERROR_NONE, NULL},
        {"good", "two-blocks.asc", NULL, "", 1, ERROR_NONE, NULL},
        {"good", "publisher.gpg", "publisher", "", 1, ERROR_NONE, NULL},
        {"two-signers", "publisher.gpg", NULL, "", 1, ERROR_NONE, NULL},
        {"both", "partners.gpg", NULL, "", 2, ERROR_NONE, NULL},
        {"subkey", "branched.gpg", "branched", "", 1, ERROR_NONE, NULL},
        {"subkey", "branched.gpg", "branched-subkey", "!", 1, ERROR_NONE, NULL},
        {"sha512", "old.gpg", NULL, "", 1, ERROR_NONE, NULL},
        {"text-around", "publisher.gpg", NULL, "", 1, ERROR_NONE, NULL},

        {"stranger", "publisher.gpg", NULL, "", 1, ERROR_TRUST,
         "signature: 0 of 1 signatures count: KEY: the key is not in the keyring"},
        {"forged", "publisher.gpg", NULL, "", 1, ERROR_TRUST,
         "signature: 0 of 1 signatures count: KEY: the text is not what was signed"},
        {"forged-both", "publisher.gpg", NULL, "", 1, ERROR_TRUST,
         "signature: 0 of 1 signatures count: KEY: the text is not what was signed"},
        {"swapped", "publisher.gpg", NULL, "", 1, ERROR_TRUST,
         "signature: 0 of 1 signatures count: KEY: the text is not what was signed"},
        {"revoked", "revoked.gpg", NULL, "", 1, ERROR_TRUST,
         "signature: 0 of 1 signatures count: KEY: the key is revoked"},
        {"expired-key", "expired.gpg", NULL, "", 1, ERROR_TRUST,
         "signature: 0 of 1 signatures count: KEY: the key has expired"},
        {"expired-signature", "veteran.gpg", NULL, "", 1, ERROR_TRUST,
         "signature: 0 of 1 signatures count: KEY: the signature has expired"},
        {"revoked-subkey", "pruned.gpg", NULL, "", 1, ERROR_TRUST,
         "signature: 0 of 1 signatures count: KEY: the key is revoked"},
        {"expired-subkey", "withered.gpg", NULL, "", 1, ERROR_TRUST,
         "signature: 0 of 1 signatures count: KEY: the key has expired"},
        {"sha1", "old.gpg", NULL, "", 1, ERROR_TRUST,
         "signature: 0 of 1 signatures count: KEY: the signature's digest is weaker than SHA-256"},
        {"good", "partners.gpg", "partner", "", 1, ERROR_TRUST,
         "signature: 0 of 1 signatures count: KEY: the key is not one that this source allows"},
        {"subkey", "branched.gpg", "branched-other-subkey", "!", 1, ERROR_TRUST,
         "signature: 0 of 1 signatures count: KEY: the key is not one that this source allows"},
        {"both", "publisher.gpg", NULL, "", 2, ERROR_TRUST,
         "signature: 1 of 2 signatures count: KEY: the key is not in the keyring"},
        {"same-twice", "branched.gpg", NULL, "", 2, ERROR_TRUST,
         "signature: is not signed by enough keys: 1 of 2"},
        {"two-texts", "publisher.gpg", NULL, "", 1, ERROR_TRUST,
         "signature: is more than one signed text, or gpgv failed on it"},
        {"not-clear", "publisher.gpg", NULL, "", 1, ERROR_TRUST,
         "signature: is not exactly one clear-signed text"},
        {"detached", "publisher.gpg", NULL, "", 1, ERROR_TRUST, "signature: is not signed"},
        {"unsigned", "publisher.gpg", NULL, "", 1, ERROR_TRUST, "signature: is not signed"},
        {"empty", "publisher.gpg", NULL, "", 1, ERROR_TRUST, "signature: is not signed"},
        {"good", "publisher.kbx", NULL, "", 1, ERROR_INPUT,
         "keyring: ./publisher.kbx: is a keybox of GnuPG, not a keyring: export its keys with gpg --export"},
        {"good", "empty", NULL, "", 1, ERROR_INPUT, "keyring: ./empty: is empty"},
        {"good", "Release", NULL, "", 1, ERROR_INPUT, "keyring: ./Release: is no OpenPGP keyring"},
        {"good", "absent.gpg", NULL, "", 1, ERROR_ABSENT, "keyring: ./absent.gpg: No such file or directory"},
        {"absent", "publisher.gpg", NULL, "", 1, ERROR_ABSENT, "./absent: No such file or directory"},
        {"home", "publisher.gpg", NULL, "", 1, ERROR_INPUT, "./home: is not a file"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        verify_row(&rows[i]);
}

/*
 * What a signature that has taken gpgv over could do. Without Landlock what everybody may read is open to it, and without
 * seccomp the network: the answer says what holds.
 */
static void gpgv_is_in_a_cage(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 24);
    char path[128], keyring[128], program[128];
    struct gpgv_rule rule = {.threshold = 1};
    struct gpgv_signers signers = {0};
    struct bytes text;
    struct error err;
    (void)state;

    OWN(own_fd) int fd = open(in_cases(path, "good"), O_RDONLY);
    struct gpgv_command command = {
        .program = stub(program, "gpgv-probing"), .signed_fd = fd, .text_limit = 10000};
    assert_done("keys", file_read(in_cases(keyring, "publisher.gpg"), 100000, &arena, &command.keyring, &err),
                &err);
    assert_done("probing", gpgv_verify(&command, &rule, &arena, &text, &signers, &err), &err);
    assert_true((signers.confined & CONFINED_USER) != 0);
    if (signers.confined == CONFINED_ALL)
        assert_text(
            "probing", (struct text){(const char *)text.at, text.size},
            "user=other shadow=EACCES passwd=EACCES lists=EACCES make=EPERM connect=EPERM daemon=EPERM "
            "exec=EPERM gpgv=EPERM fork=EPERM signal=EPERM trace=EPERM root=EPERM own=done signed=done ");
}

/* Every prefix of a good file, and every flipped bit in its text, is refused. */
static void nothing_of_the_text_can_change(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 24);
    char path[128], keyring[128];
    const char *keyrings[] = {in_cases(keyring, "publisher.gpg")};
    struct inrelease_keys keys = {.keyrings = keyrings, .keyring_count = 1, .rule = {.threshold = 1}};
    struct inrelease got;
    struct bytes good;
    struct error err;
    (void)state;

    assert_done("read", file_read(in_cases(path, "good"), 100000, &arena, &good, &err), &err);
    uint8_t *copy = arena_take(&arena, good.size);
    size_t begin = text_find((struct text){(const char *)good.at, good.size}, TEXT("Origin"));
    size_t end =
        text_find((struct text){(const char *)good.at, good.size}, TEXT("\n-----BEGIN PGP SIGNATURE"));
    for (size_t at = begin; at < end; at += 23) {
        memcpy(copy, good.at, good.size);
        copy[at] ^= 1;
        assert_done(
            "write",
            file_replace_cache(in_cases(path, "changed"), (struct bytes){copy, good.size}, 0600, &err), &err);
        assert_false(inrelease_verify(path, &keys, &arena, &got, &err));
        assert_int_equal(err.kind, ERROR_TRUST);
    }
    for (size_t size = 0; size < good.size - 40; size += 37) {
        assert_done("write",
                    file_replace_cache(in_cases(path, "changed"), (struct bytes){good.at, size}, 0600, &err),
                    &err);
        assert_false(inrelease_verify(path, &keys, &arena, &got, &err));
        assert_int_equal(err.kind, ERROR_TRUST);
    }
}

static void without_gpgv_nothing_is_trusted(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 24);
    char path[128], keyring[128];
    const char *keyrings[] = {in_cases(keyring, "publisher.gpg")};
    struct inrelease_keys keys = {
        .gpgv = "/nowhere/gpgv", .keyrings = keyrings, .keyring_count = 1, .rule = {.threshold = 1}};
    struct inrelease got;
    struct error err;
    (void)state;

    assert_false(inrelease_verify(in_cases(path, "good"), &keys, &arena, &got, &err));
    assert_failed("absent", &err, ERROR_ABSENT,
                  "signature: /nowhere/gpgv is missing: unknown, not trusted (install gpgv)");
}

/* A gpgv that is killed in the middle may have said all that is good and written half of the text. */
static void a_gpgv_that_dies_is_not_believed(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 24);
    char path[128], keyring[128], program[128];
    const char *keyrings[] = {in_cases(keyring, "publisher.gpg")};
    struct inrelease_keys keys = {.gpgv = stub(program, "gpgv-dying"),
                                  .keyrings = keyrings,
                                  .keyring_count = 1,
                                  .rule = {.threshold = 1}};
    struct inrelease got;
    struct error err;
    (void)state;

    assert_false(inrelease_verify(in_cases(path, "good"), &keys, &arena, &got, &err));
    assert_int_equal(err.kind, ERROR_TRUST);
    assert_true(text_starts(text_of(err.text), TEXT("signature: gpgv ended with status 132: ")));
}

/* A file, or what gpgv makes of it, that is far too large to be one. */
static void sizes_are_bounded(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 24);
    char path[128], keyring[128], program[128], expected[200];
    const char *keyrings[] = {in_cases(keyring, "publisher.gpg")};
    struct inrelease_keys keys = {.keyrings = keyrings, .keyring_count = 1, .rule = {.threshold = 1}};
    struct inrelease got;
    struct bytes good, text;
    struct gpgv_signers signers;
    struct error err;
    (void)state;

    assert_done("read", file_read(in_cases(path, "good"), 100000, &arena, &good, &err), &err);
    OWN(own_fd) int fd = open(path, O_RDONLY);
    struct gpgv_command command = {
        .program = stub(program, "gpgv-endless"), .signed_fd = fd, .text_limit = 10000};
    assert_done("keys", file_read(keyring, 100000, &arena, &command.keyring, &err), &err);
    assert_false(gpgv_verify(&command, &keys.rule, &arena, &text, &signers, &err));
    (void)snprintf(expected, sizeof(expected), "%s: wrote more than 10000 bytes", program);
    assert_failed("long text", &err, ERROR_LIMIT, expected);

    assert_done("write", file_replace_cache(in_cases(path, "changing"), good, 0600, &err), &err);
    assert_int_equal(truncate(path, (off_t)LIMIT_INRELEASE + 1), 0);
    assert_false(inrelease_verify(path, &keys, &arena, &got, &err));
    (void)snprintf(expected, sizeof(expected), "%s: 16777217 bytes, more than 16777216", path);
    assert_failed("large", &err, ERROR_LIMIT, expected);
}

static void keyrings_add_up(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 24);
    char path[128], one[128], two[128], three[128];
    const char *keyrings[] = {in_cases(one, "publisher.kbx"), in_cases(two, "old.gpg"),
                              in_cases(three, "partners.gpg")};
    struct inrelease_keys keys = {.keyrings = keyrings, .keyring_count = 3, .rule = {.threshold = 1}};
    struct inrelease got;
    struct bytes key;
    struct error err;
    (void)state;

    assert_done("one of them cannot be used",
                inrelease_verify(in_cases(path, "good"), &keys, &arena, &got, &err), &err);
    assert_int_equal(got.keyring_count, 2);
    assert_text("keyring", got.keyrings[1].path, three);
    assert_int_equal(got.identity.size, 564);

    assert_done("read", file_read(in_cases(one, "publisher.asc"), 100000, &arena, &key, &err), &err);
    keys = (struct inrelease_keys){.inline_keyring = key, .rule = {.threshold = 1}};
    assert_done("key in the source", inrelease_verify(in_cases(path, "good"), &keys, &arena, &got, &err),
                &err);
    assert_int_equal(got.keyring_count, 0);
    keys.inline_keyring = BYTES("-----BEGIN PGP");
    assert_false(inrelease_verify(path, &keys, &arena, &got, &err));
    assert_failed("bad key", &err, ERROR_INPUT, "the key in the source: is no OpenPGP keyring");
    keys.inline_keyring = (struct bytes){0};
    assert_false(inrelease_verify(path, &keys, &arena, &got, &err));
    assert_failed("none", &err, ERROR_ABSENT, "no keyring is named");
}

#define HASH  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define OTHER "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b856"
#define DATE  "Date: Sat, 14 Nov 2026 08:00:00 UTC\n"

static void release_files_are_parsed(void **state)
{
    static const struct {
        const char *name;
        struct bytes raw;
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {"least", BYTES(DATE "SHA256:\n"), ERROR_NONE, ""},
        {"SHA512 alone", BYTES(DATE "SHA512:\n " HASH HASH " 1 a\n"), ERROR_NONE, ""},
        {"twice the same", BYTES(DATE "SHA256:\n " HASH " 1 a\n " HASH " 1 a\n"), ERROR_NONE, ""},
        {"empty", BYTES(""), ERROR_INPUT, "holds no field"},
        {"no date", BYTES("SHA256:\n " HASH " 1 a\n"), ERROR_INPUT, "Date is missing"},
        {"no hashes", BYTES(DATE "MD5Sum:\n"), ERROR_INPUT, "neither SHA256 nor SHA512 is in it"},
        {"bad date", BYTES("Date: yesterday\nSHA256:\n"), ERROR_INPUT, "Date: \"yesterday\" is not a time"},
        {"bad end", BYTES(DATE "Valid-Until: never\nSHA256:\n"), ERROR_INPUT,
         "Valid-Until: \"never\" is not a time"},
        {"short hash", BYTES(DATE "SHA256:\n abc 1 a\n"), ERROR_INPUT,
         "SHA256: line 2: 3 hexadecimal digits where 64 are due"},
        {"no name", BYTES(DATE "SHA256:\n " HASH " 1\n"), ERROR_INPUT,
         "SHA256: line 2: is not \"HASH SIZE NAME\""},
        {"a word more", BYTES(DATE "SHA256:\n " HASH " 1 a b\n"), ERROR_INPUT,
         "SHA256: line 2: is not \"HASH SIZE NAME\""},
        {"size is no number", BYTES(DATE "SHA256:\n " HASH " -1 a\n"), ERROR_INPUT,
         "SHA256: line 2: \"-1\" is not a number"},
        {"two hashes for one name", BYTES(DATE "SHA256:\n " HASH " 1 a\n " OTHER " 1 a\n"), ERROR_INPUT,
         "SHA256: a is listed twice, with different hashes"},
        {"two sizes for one name", BYTES(DATE "SHA256:\n " HASH " 1 a\n " HASH " 2 a\n"), ERROR_INPUT,
         "SHA256: a is listed twice, with different hashes"},
        {"two paragraphs", BYTES(DATE "SHA256:\n\n" DATE), ERROR_INPUT, "has more than one paragraph"},
        {"control byte", BYTES("Suite: a\x1b[2J\n" DATE "SHA256:\n"), ERROR_INPUT,
         "Suite: byte 0x1b at 1 is not text"},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(1 << 20);
        struct inrelease got = {.suite = TEXT("untouched")};
        struct error err = {0};
        bool done = inrelease_parse(rows[i].raw, &arena, &got, &err);
        assert_failed(rows[i].name, &err, rows[i].kind, rows[i].text);
        assert_int_equal(done, rows[i].kind == ERROR_NONE);
        if (!done)
            assert_text(rows[i].name, got.suite, "untouched");
    }
}

static void fields_are_kept(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 20);
    struct inrelease got = {0};
    struct error err;
    struct bytes raw = BYTES("Origin: Debian Backports\nLabel: L\nSuite: s\nCodename: c\nVersion: 12.5\n"
                             "NotAutomatic: yes\nButAutomaticUpgrades: yes\nArchitectures: all amd64\n"
                             "No-Support-for-Architecture-all: Packages\n" DATE
                             "Valid-Until: Sat, 21 Nov 2026 08:00:00 UTC\n"
                             "SHA256:\n " OTHER "        7 main/b\n " HASH " 5 main/a\n");
    (void)state;

    assert_done("parse", inrelease_parse(raw, &arena, &got, &err), &err);
    assert_text("origin", got.origin, "Debian Backports");
    assert_text("label", got.label, "L");
    assert_text("codename", got.codename, "c");
    assert_text("version", got.version, "12.5");
    assert_text("architectures", got.architectures, "all amd64");
    assert_true(got.not_automatic && got.but_automatic_upgrades && got.packages_without_all);
    assert_true(got.valid_until_us - got.date_us == 7 * TIME_DAY_US);
    assert_int_equal(got.file_count, 2);
    const struct inrelease_file *file = inrelease_find(&got, TEXT("main/b"));
    assert_non_null(file);
    assert_int_equal(file->size, 7);
    assert_int_equal(file->digest.at[31], 0x56);
    assert_null(inrelease_find(&got, TEXT("main/c")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_good_signatures_are_believed),
        cmocka_unit_test(gpgv_is_in_a_cage),
        cmocka_unit_test(nothing_of_the_text_can_change),
        cmocka_unit_test(without_gpgv_nothing_is_trusted),
        cmocka_unit_test(a_gpgv_that_dies_is_not_believed),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(keyrings_add_up),
        cmocka_unit_test(release_files_are_parsed),
        cmocka_unit_test(fields_are_kept),
    };
    return cmocka_run_group_tests(tests, make_cases, remove_cases);
}
