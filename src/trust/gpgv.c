#include "trust/gpgv.h"

#include <assert.h>
#include <string.h>

#include "base/child.h"
#include "base/confine_cage.h"
#include "base/control.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "base/writer.h"

#define STATUS_PREFIX "[GNUPG:] "

/* What gpgv has said so far of one signature, NEWSIG to NEWSIG. */
struct signature {
    struct text key;     /* of GOODSIG; absent: not good so far */
    struct text primary; /* of VALIDSIG; absent: not valid so far */
    bool spoiled;        /* it never counts, whatever comes */
};

struct judgement {
    const struct gpgv_rule *rule;
    struct signature signature;
    struct gpgv_signers signers;
    size_t texts;           /* PLAINTEXT lines */
    struct writer *reasons; /* why those that came do not count, for a person */
};

/* Words after which a signature never counts; `why` is a person's. */
static const struct {
    const char *word, *why;
} spoilers[] = {
    {"BADSIG", "the text is not what was signed"},
    {"EXPSIG", "the signature has expired"},
    {"EXPKEYSIG", "the key has expired"},
    {"REVKEYSIG", "the key is revoked"},
    {"ERRSIG", "gpgv cannot check this kind of signature"},
};

/* After these nothing of the whole file is believed. */
static const struct {
    const char *word, *why;
} failures[] = {
    {"NODATA", "is not signed"},
    {"UNEXPECTED", "is no clear-signed text"},
    {"ERROR", "is more than one signed text, or gpgv failed on it"},
};

/* RFC 9580 section 9.5: SHA-256, SHA-384, SHA-512. */
static bool digest_is_strong(struct text id)
{
    return text_equal(id, TEXT("8")) || text_equal(id, TEXT("9")) || text_equal(id, TEXT("10"));
}

static bool is_fingerprint(struct text text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.at[i];
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F')))
            return false;
    }
    return text.size == 40 || text.size == 64;
}

static bool is_allowed(const struct gpgv_rule *rule, struct text primary, struct text signing)
{
    if (rule->fingerprint_count == 0)
        return true;
    for (size_t i = 0; i < rule->fingerprint_count; i++) {
        struct text wanted = rule->fingerprints[i];
        bool exactly = text_ends(wanted, TEXT("!"));
        wanted.size -= exactly;
        if (text_equal_caseless(wanted, exactly ? signing : primary))
            return true;
    }
    return false;
}

/* "0123456789ABCDEF: the key is revoked", with "; " between. */
static void note(struct judgement *judgement, struct text key, const char *why)
{
    if (writer_bytes(judgement->reasons).size > 0)
        writer_string(judgement->reasons, "; ");
    writer_text(judgement->reasons, text_part(key, 0, FINGERPRINT_HEX_MAX));
    writer_string(judgement->reasons, ": ");
    writer_string(judgement->reasons, why);
    judgement->signature.spoiled = true;
}

/* At a signature's end: it counts when it was good and valid and nothing spoiled it, before or after. */
static void count_signer(struct judgement *judgement)
{
    struct gpgv_signers *signers = &judgement->signers;
    struct text primary = judgement->signature.primary;

    if (primary.size == 0 || judgement->signature.spoiled)
        return;
    for (size_t i = 0; i < signers->count; i++)
        if (text_equal(text_of(signers->primary[i]), primary))
            return; /* one key counts once, however often it signed */
    if (signers->count == GPGV_SIGNERS_MAX)
        return;
    memcpy(signers->primary[signers->count++], primary.at, primary.size); /* at most 64, zeroed before */
}

/*
 * VALIDSIG fingerprint date timestamp expires version reserved key-algorithm digest-algorithm class primary
 */
static void judge_valid(struct judgement *judgement, struct text rest)
{
    enum { SIGNING, DIGEST = 7, CLASS = 8, PRIMARY = 9, COUNT };
    struct text fields[COUNT] = {{0}};
    struct signature *signature = &judgement->signature;
    size_t count = 0;

    while (count < COUNT && text_cut_word(&rest, &fields[count]))
        count++;
    if (signature->spoiled || (signature->key.size == 0 && control_holds(CONTROL_GPGV_GOOD)))
        return;
    if (signature->primary.size > 0 || count < COUNT || !is_fingerprint(fields[SIGNING]) ||
        !is_fingerprint(fields[PRIMARY]) || !text_ends(fields[SIGNING], signature->key))
        note(judgement, signature->key, "gpgv contradicts itself");
    else if (!digest_is_strong(fields[DIGEST]) && control_holds(CONTROL_GPGV_DIGEST))
        note(judgement, fields[PRIMARY], "the signature's digest is weaker than SHA-256");
    else if (!text_equal(fields[CLASS], TEXT("01")) && !text_equal(fields[CLASS], TEXT("00")))
        note(judgement, fields[PRIMARY], "the signature is not one of a document");
    else if (!is_allowed(judgement->rule, fields[PRIMARY], fields[SIGNING]) &&
             control_holds(CONTROL_GPGV_ALLOWED))
        note(judgement, fields[PRIMARY], "the key is not one that this source allows");
    else
        signature->primary = fields[PRIMARY];
}

/* ERRSIG key key-algorithm digest-algorithm class time reason: reason 9 is "no public key". */
static bool is_missing_key(struct text word, struct text rest)
{
    struct text field = {0};

    for (int i = 0; i < 5; i++)
        if (!text_cut_word(&rest, &field))
            return false;
    return text_equal(word, TEXT("ERRSIG")) && text_equal(field, TEXT("9"));
}

static bool judge_line(struct judgement *judgement, struct text word, struct text rest, struct error *err)
{
    struct signature *signature = &judgement->signature;
    struct text first = {0};

    for (size_t i = 0; i < sizeof(failures) / sizeof(*failures); i++)
        if (text_equal(word, text_of(failures[i].word)))
            return error_set(err, ERROR_TRUST, "%s", failures[i].why);
    if (text_equal(word, TEXT("PLAINTEXT"))) {
        /* 74 is 't', the only kind a clear-signed file has. All its signatures stand behind it. */
        if (judgement->texts++ > 0 || !text_cut_word(&rest, &first) || !text_equal(first, TEXT("74")))
            return error_set(err, ERROR_TRUST, "is not exactly one clear-signed text");
        return true;
    }
    if (text_equal(word, TEXT("NEWSIG"))) {
        count_signer(judgement);
        *signature = (struct signature){0};
        return true;
    }
    if (text_equal(word, TEXT("GOODSIG"))) {
        /* A second verdict without a NEWSIG between: which is meant is not known. */
        if (signature->key.size > 0)
            signature->spoiled = true;
        if (text_cut_word(&rest, &first) && first.size >= 16)
            signature->key = first;
        return true;
    }
    if (text_equal(word, TEXT("VALIDSIG"))) {
        if (judgement->texts == 1)
            judge_valid(judgement, rest);
        return true;
    }
    for (size_t i = 0; i < sizeof(spoilers) / sizeof(*spoilers); i++)
        if (text_equal(word, text_of(spoilers[i].word)) && control_holds(CONTROL_GPGV_GOOD)) {
            (void)text_cut_word(&rest, &first);
            note(judgement, first,
                 is_missing_key(word, rest) ? "the key is not in the keyring" : spoilers[i].why);
        }
    return true;
}

bool gpgv_judge(struct bytes status, const struct gpgv_rule *rule, struct gpgv_signers *out,
                struct error *err)
{
    OWN(writer_end) struct writer reasons = writer_with(4 * KIB);
    struct judgement judgement = {.rule = rule, .reasons = &reasons};
    struct text left = {(const char *)status.at, status.size}, line, word;

    assert(rule->threshold >= 1);
    while (text_cut(&left, '\n', &line)) {
        if (!text_starts(line, TEXT(STATUS_PREFIX)))
            continue;
        line = text_part(line, sizeof(STATUS_PREFIX) - 1, SIZE_MAX);
        if (text_cut_word(&line, &word) && !judge_line(&judgement, word, line, err))
            return false;
    }
    count_signer(&judgement);
    if (judgement.signers.count < rule->threshold && control_holds(CONTROL_GPGV_ENOUGH)) {
        struct bytes why = writer_bytes(&reasons);
        if (why.size == 0 && judgement.signers.count == 0)
            return error_set(err, ERROR_TRUST, "is not signed");
        if (why.size == 0)
            return error_set(err, ERROR_TRUST, "is not signed by enough keys: %zu of %zu",
                             judgement.signers.count, rule->threshold);
        return error_set(err, ERROR_TRUST, "%zu of %zu signatures count: %.*s", judgement.signers.count,
                         rule->threshold, (int)why.size, (const char *)why.at);
    }
    *out = judgement.signers;
    return true;
}

/* What gpgv and its libraries read besides what is passed on to it. */
static const char *const readable[] = {
    "/usr/lib",  "/lib",         "/lib64",      "/usr/lib64", "/etc/ld.so.cache",
    "/dev/null", "/dev/urandom", "/etc/gcrypt", NULL,
};

/*
 * Three streams must stay apart, and a child has three descriptors: the status goes to 0 (a file in memory), the text
 * to 1, and what gpgv tells people to 2, where nothing can be mistaken for a status line. The keyring and the signed
 * file are passed on as files in memory, so that what was read before is what is checked, and gpgv's cage needs to know no
 * path of them; named by its own, not by ours, which nobody else may look at where this process is confined.
 */
static bool run_gpgv(const struct gpgv_command *command, int status_fd, struct arena *arena,
                     struct child_result *out, uint8_t *held, struct error *err)
{
    OWN(own_fd) int keyring_fd = -1;
    OWN(own_fd) int signed_fd = -1;
    OWN(file_unmap) struct file_map given = {0};
    OWN(confine_cage_end) struct confine_cage cage = CONFINE_CAGE_NONE;
    const struct confine_cage_request held_by = {.program = command->program,
                                                 .readable = readable,
                                                 .file_size_max = LIMIT_CHILD_OUTPUT,
                                                 .memory_max = LIMIT_GPGV_MEMORY,
                                                 .time_s = LIMIT_GPGV_TIME_MS / 1000};

    if (!file_map_fd(command->signed_fd, command->text_limit, &given, err) ||
        !os_memory_file(given.bytes, &signed_fd, err) || !os_memory_file(command->keyring, &keyring_fd, err))
        return false;
    if (!confine_cage_make(&held_by, &cage, err))
        return error_at(err, "confining gpgv");
    const int passed[] = {keyring_fd, signed_fd};
    const char *argv[] = {
        command->program, "--homedir", "/nonexistent",    "--keyring", "/proc/self/fd/3", "--status-fd", "0",
        "--output",       "-",         "/proc/self/fd/4", NULL,
    };
    struct child_command child = {
        .argv = argv,
        .environment = (const char *const[]){"LC_ALL=C", "GNUPGHOME=/nonexistent", NULL},
        .input_fd = status_fd,
        .passed = passed,
        .passed_count = 2,
        .timeout_ms = LIMIT_GPGV_TIME_MS,
        .output_limit = command->text_limit,
        .enter = confine_cage_enter,
        .cage = &cage,
    };
    *held = cage.holds;
    return child_run(&child, arena, out, err);
}

bool gpgv_verify(const struct gpgv_command *command, const struct gpgv_rule *rule, struct arena *arena,
                 struct bytes *text, struct gpgv_signers *out, struct error *err)
{
    OWN(own_fd) int status_fd = -1;
    char status_path[OS_FD_PATH_MAX];
    struct child_result child;
    struct gpgv_signers signers;
    struct bytes status;
    uint8_t held = 0;

    if (!os_memory_file((struct bytes){0}, &status_fd, err))
        return false;
    if (!run_gpgv(command, status_fd, arena, &child, &held, err)) {
        if (err->kind == ERROR_ABSENT)
            return error_set(err, ERROR_ABSENT, "%s is missing: unknown, not trusted (install gpgv)",
                             command->program);
        return false;
    }
    if (child.status > 2) /* it died, and what it wrote may be cut short */
        return error_set(err, ERROR_TRUST, "gpgv ended with status %d: %.*s", child.status,
                         (int)child.errors.size, (const char *)child.errors.at);
    os_fd_path(status_fd, status_path);
    if (!file_read(status_path, LIMIT_CHILD_OUTPUT, arena, &status, err) ||
        !gpgv_judge(status, rule, &signers, err))
        return false;
    *text = child.output;
    *out = signers;
    out->confined = held;
    return true;
}
