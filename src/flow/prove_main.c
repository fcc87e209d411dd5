/*
 * suture-prove: the process that verifies lists, or reads the insides of packages, and can do nothing else.
 *
 *     suture-prove lists       runs gpgv and nothing else; reads configuration, keys and lists
 *     suture-prove vendor      the same, of what was fetched from a vendor's own archive (flow/vendor_work.h)
 *     suture-prove packages    opens the files that it is told, and from then on no other
 *     suture-prove powers      the same, and reads what everybody may read, to compare
 *     suture-prove offers      reads indexes of deltas, and dpkg's status
 *
 * What it is told and what it answers stands in flow/prove_message.h, powers_message.h and offers_message.h. It is started by suture, not by hand. Exit status:
 * 0 an answer was written, 1 not even that.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "flow/offers_work.h"
#include "flow/powers_message.h"
#include "flow/prove_work.h"
#include "flow/vendor.h"
#include "flow/vendor_work.h"

#define LIBRARIES "/usr/lib", "/lib", "/lib64", "/usr/lib64", "/etc/ld.so.cache"

static bool write_all(struct bytes bytes)
{
    while (bytes.size > 0) {
        ssize_t put = write(STDOUT_FILENO, bytes.at, bytes.size);
        if (put < 0 && errno != EINTR)
            return false;
        bytes.at += put > 0 ? put : 0;
        bytes.size -= put > 0 ? (size_t)put : 0;
    }
    return true;
}

/* ---- lists ---- */

/* What decides what apt believes, and where keys are. Of another root all: it is looked at, not lived in. */
static bool confine_for_lists(const struct prove_lists_question *question, struct text folder,
                              struct arena *arena, uint8_t *confined, struct error *err)
{
    static const char *const here[] = {
        LIBRARIES,          "/usr/bin/gpgv", "/dev/null",   "/dev/urandom",
        "/proc/sys/crypto", "/etc/gnutls",   "/etc/gcrypt", "/etc/apt",
        "/etc/keyrings",    "/etc/pki",      "/usr/share",  "/usr/local/share",
        "/var/lib",         "/opt",          "/srv",        "/etc/os-release",
    };
    static const char *const runnable[] = {"/usr/bin/gpgv", NULL};
    const size_t count = sizeof(here) / sizeof(*here);
    const char *readable[sizeof(here) / sizeof(*here) + 8] = {NULL};
    const char *root = text_string(arena, question->root),
               *publishers = text_string(arena, question->publishers);
    const struct confine_request request = {
        .readable = readable,
        .runnable = runnable,
        .read_everything = true,
        .file_size_max = LIMIT_KEYRING + LIMIT_INRELEASE,
    };

    if (root == NULL || publishers == NULL)
        return arena_full(arena, err);
    memcpy(readable, here, sizeof(here));
    size_t end = count;
    if (strcmp(root, "/") != 0)
        readable[end++] = root;
    static const char *const of_state[] = {"verified", "floors", VENDOR_LISTS};
    for (size_t i = 0; question->state.size > 0 && i < sizeof(of_state) / sizeof(*of_state); i++) {
        readable[end++] = text_format(arena, "%.*s/%s", TEXT_ARG(question->state), of_state[i]).at;
        if (readable[end - 1] == NULL)
            return arena_full(arena, err);
    }
    if (folder.size > 0 && (readable[end++] = text_string(arena, folder)) == NULL)
        return arena_full(arena, err);
    readable[end] = publishers[0] != 0 ? publishers : NULL;
    return confine(&request, confined, err);
}

static bool do_lists(struct bytes raw, struct arena *arena, struct writer *records, uint8_t *confined,
                     struct error *err)
{
    struct prove_lists_question question;

    if (!prove_lists_question_read(raw, arena, &question, err))
        return false;
    struct vouched_records *answer = ARENA_ARRAY(arena, struct vouched_records, question.count);
    if (answer == NULL)
        return arena_full(arena, err);
    if (!confine_for_lists(&question, (struct text){0}, arena, confined, err) ||
        !prove_work_lists(&question, arena, answer, err))
        return false;
    prove_records_write(records, answer, question.count);
    return true;
}

/* ---- vendor ---- */

static bool do_vendor(struct bytes raw, struct arena *arena, struct writer *items, uint8_t *confined,
                      struct error *err)
{
    struct vendor_question question;
    struct vendor_suites suites;

    if (!vendor_question_read(raw, &question, err))
        return false;
    const struct prove_lists_question places = {
        .root = question.root, .state = question.state, .publishers = question.publishers};
    if (!confine_for_lists(&places, question.folder, arena, confined, err) ||
        !vendor_work(&question, arena, &suites, err))
        return false;
    vendor_suites_write(items, &suites);
    return true;
}

/* ---- packages ---- */

static bool open_all(const struct prove_packages_question *question, struct arena *arena, int *fds,
                     struct error *err)
{
    struct stat found;

    for (size_t i = 0; i < question->count; i++) {
        char *path = text_string(arena, question->paths[i]);
        if (path == NULL)
            return arena_full(arena, err);
        fds[i] = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fds[i] < 0 || fstat(fds[i], &found) != 0)
            return error_system(err, "%s", path);
        if (!S_ISREG(found.st_mode))
            return error_set(err, ERROR_INPUT, "%s: is not a file", path);
    }
    return true;
}

static bool do_packages(struct bytes raw, struct arena *arena, struct writer *claims, uint8_t *confined,
                        struct error *err)
{
    static const char *const readable[] = {LIBRARIES, NULL};
    struct prove_packages_question question;

    if (!prove_packages_question_read(raw, arena, &question, err))
        return false;
    int *fds = ARENA_ARRAY(arena, int, question.count);
    struct package_claim *answer = ARENA_ARRAY(arena, struct package_claim, question.count);
    if (fds == NULL || answer == NULL)
        return arena_full(arena, err);
    struct confine_request request = {.readable = readable, .more_files = (unsigned)question.count};
    if (!open_all(&question, arena, fds, err) || !confine(&request, confined, err))
        return false;
    for (size_t i = 0; i < question.count; i++)
        if (!prove_work_package(fds[i], arena, &answer[i], err))
            return error_at(err, "%.*s", TEXT_ARG(question.paths[i]));
    prove_claims_write(claims, answer, question.count);
    return true;
}

/* ---- powers ---- */

/* What a package brings is compared with what is there; what only root may read is not: it could be shown. */
static bool confine_for_powers(const char *root, size_t count, uint8_t *confined, struct error *err)
{
    const char *const readable[] = {LIBRARIES, root, NULL};
    const struct confine_request request = {.readable = readable, .more_files = (unsigned)count};

    return confine(&request, confined, err);
}

static bool read_powers(const struct powers_item *item, const char *root, int fd, struct arena *arena,
                        struct powers *into, struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};

    if (!file_map_fd(fd, LIMIT_DEB_FILE, &map, err))
        return false;
    const struct powers_subject subject = {root,     item->name,    item->arch, item->from,
                                           item->to, item->follows, map.bytes};
    return powers_read(&subject, arena, into, err) || prove_work_name_bomb(err);
}

static bool do_powers(struct bytes raw, struct arena *arena, struct writer *items, uint8_t *confined,
                      struct error *err)
{
    struct powers_question question;
    struct powers powers = {0};

    if (!powers_question_read(raw, arena, &question, err))
        return false;
    char *root = text_string(arena, question.root);
    int *fds = ARENA_ARRAY(arena, int, question.count);
    struct text *paths = ARENA_ARRAY(arena, struct text, question.count);
    if (root == NULL || fds == NULL || paths == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < question.count; i++)
        paths[i] = question.items[i].path;
    if (!open_all(&(struct prove_packages_question){paths, question.count}, arena, fds, err) ||
        !confine_for_powers(root, question.count, confined, err))
        return false;
    for (size_t i = 0; i < question.count; i++)
        if (!read_powers(&question.items[i], root, fds[i], arena, &powers, err))
            return error_at(err, "%.*s", TEXT_ARG(question.items[i].name));
    powers_items_write(items, &powers);
    return true;
}

/* ---- offers ---- */

static bool do_offers(struct bytes raw, struct arena *arena, struct writer *items, uint8_t *confined,
                      struct error *err)
{
    struct offers_question question;

    if (!offers_question_read(raw, arena, &question, err))
        return false;
    const char *root = text_string(arena, question.root), *folder = text_string(arena, question.folder);
    const char *status = root == NULL ? NULL : file_below(arena, root, OFFERS_STATUS);
    const char *updates = root == NULL ? NULL : file_below(arena, root, OFFERS_STATUS_UPDATES);
    struct offers_answer *answers = ARENA_ARRAY(arena, struct offers_answer, question.count);
    if (folder == NULL || status == NULL || updates == NULL || answers == NULL)
        return arena_full(arena, err);
    const char *const readable[] = {LIBRARIES,     "/dev/urandom", "/proc/sys/crypto",
                                    "/etc/gnutls", "/etc/gcrypt",  folder,
                                    status,        updates,        NULL};
    const struct confine_request request = {.readable = readable, .read_everything = true};
    if (!confine(&request, confined, err) || !offers_work(&question, arena, answers, err))
        return false;
    offers_answers_write(items, answers, question.count);
    return true;
}

/* ---- all ---- */

static const struct kind {
    const char *name, *magic;
    bool (*run)(struct bytes raw, struct arena *arena, struct writer *items, uint8_t *confined,
                struct error *err);
} kinds[] = {
    {"lists", "SVA2", do_lists},   {"vendor", "SNA1", do_vendor}, {"packages", "SCA1", do_packages},
    {"powers", "SWA1", do_powers}, {"offers", "SOA1", do_offers},
};

static const struct kind *find_kind(int argc, char **argv)
{
    for (size_t i = 0; argc == 2 && i < sizeof(kinds) / sizeof(*kinds); i++)
        if (strcmp(argv[1], kinds[i].name) == 0)
            return &kinds[i];
    return NULL;
}

int main(int argc, char **argv)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_SCAN_MEMORY);
    OWN(writer_end) struct writer items = writer_with(LIMIT_PROVE_MESSAGE);
    OWN(writer_end) struct writer head = writer_with(64 * KIB);
    const struct kind *kind = find_kind(argc, argv);
    struct prove_head answer = {0};
    struct error err = {0};
    struct bytes raw;

    if (kind == NULL || isatty(STDIN_FILENO) == 1) {
        fprintf(stderr, "suture-prove is started by suture: it has no use by hand\n");
        return 2;
    }
    (void)close_range(STDERR_FILENO + 1, ~0U, 0); /* whatever descriptors came with us are not ours */
    answer.done = file_read_stream("/dev/stdin", LIMIT_PROVE_MESSAGE, &arena, &raw, &err) &&
                  kind->run(raw, &arena, &items, &answer.confined, &err);
    if (answer.done && !writer_ok(&items))
        answer.done =
            error_set(&err, ERROR_LIMIT, "an answer of more than %zu bytes", (size_t)LIMIT_PROVE_MESSAGE);
    if (!answer.done) {
        answer.kind = err.kind;
        answer.problem = text_of(err.text);
    }
    prove_head_write(&head, kind->magic, &answer);
    bool written = writer_ok(&head) && write_all(writer_bytes(&head)) &&
                   (!answer.done || write_all(writer_bytes(&items)));
    /* Not exit(): handlers of libraries may want calls that were given up. */
    _exit(written ? 0 : 1);
}
