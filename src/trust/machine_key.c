#include "trust/machine_key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/own.h"

#define HEAD      "suture-key 1\nalgorithm " SIGNATURE_ALGORITHM "\n"
#define FILE_SIZE (sizeof(HEAD) - 1 + 2 * (sizeof("public \n") - 1 + PUBLIC_KEY_HEX_SIZE))

struct key_file {
    char at[FILE_SIZE + 2]; /* one more than there may be tells that there is more; and the NUL of printf */
};

static void end_key_file(struct key_file *file)
{
    explicit_bzero(file, sizeof(*file));
}

/* "NAME " and as many digits as a half of a key has, and the line's end. */
static bool take_half(struct text *rest, const char *name, uint8_t out[SIGNATURE_KEY_SIZE], struct error *err)
{
    struct text line, word;
    struct public_key half;

    if (!text_cut(rest, '\n', &line) || !text_cut(&line, ' ', &word) || !text_equal(word, text_of(name)))
        return error_set(err, ERROR_INPUT, "no line \"%s\" where it should stand", name);
    if (!public_key_parse(line, &half, err))
        return error_at(err, "%s", name);
    memcpy(out, half.at, sizeof(half.at));
    explicit_bzero(&half, sizeof(half));
    return true;
}

bool machine_key_parse(struct bytes raw, struct secret_key *out, struct error *err)
{
    OWN(secret_key_end) struct secret_key key = {0};
    const struct text head = TEXT(HEAD);
    struct text rest = {(const char *)raw.at, raw.size};

    if (!text_starts(rest, head))
        return error_set(err, ERROR_INPUT, "is no key of Suture that this version knows");
    if (raw.size != FILE_SIZE)
        return error_set(err, ERROR_INPUT, "%zu bytes, where a key has %zu", raw.size, FILE_SIZE);
    rest = text_part(rest, head.size, SIZE_MAX);
    if (!take_half(&rest, "public", key.public_key.at, err) || !take_half(&rest, "secret", key.secret, err))
        return false;
    *out = key;
    return true;
}

/* Opened first and asked then, so that what was asked is what is read. */
static bool open_own(const char *path, int *out, struct error *err)
{
    OWN(own_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat found;

    if (fd < 0 && errno == ELOOP)
        return error_set(err, ERROR_TRUST, "is a link: a key lies in its own folder");
    if (fd < 0 || fstat(fd, &found) != 0)
        return error_system(err, "open");
    if (!S_ISREG(found.st_mode))
        return error_set(err, ERROR_TRUST, "is not a file");
    if (found.st_uid != geteuid())
        return error_set(err, ERROR_TRUST, "belongs to user %u, not to user %u who runs this",
                         (unsigned)found.st_uid, (unsigned)geteuid());
    if ((found.st_mode & 077) != 0)
        return error_set(
            err, ERROR_TRUST,
            "others may read it (mode %04o), so anybody may have signed with it: if nobody did, chmod "
            "600 it; else remove it, a new one is made",
            (unsigned)(found.st_mode & 07777));
    *out = fd_take(&fd);
    return true;
}

static bool read_key(const char *path, struct secret_key *out, struct error *err)
{
    OWN(end_key_file) struct key_file file = {{0}};
    OWN(secret_key_end) struct secret_key key = {0};
    OWN(own_fd) int fd = -1;

    if (!open_own(path, &fd, err))
        return false;
    /* So short a file comes in one piece; one that does not is none of ours. */
    ssize_t size = read(fd, file.at, FILE_SIZE + 1);
    if (size < 0)
        return error_system(err, "read");
    if (!machine_key_parse((struct bytes){(const uint8_t *)file.at, (size_t)size}, &key, err) ||
        !signature_check_key(&key, err))
        return false;
    *out = key;
    return true;
}

bool machine_key_read(const char *path, struct secret_key *out, struct error *err)
{
    return read_key(path, out, err) || error_at(err, "%s", path);
}

static bool make_file(const char *path, struct error *err)
{
    OWN(secret_key_end) struct secret_key key = {0};
    OWN(end_key_file) struct key_file file;
    char public_hex[PUBLIC_KEY_HEX_SIZE + 1], secret_hex[PUBLIC_KEY_HEX_SIZE + 1];
    struct public_key secret;

    if (!signature_make_key(&key, err))
        return false;
    memcpy(secret.at, key.secret, sizeof(secret.at));
    public_key_hex(&key.public_key, public_hex);
    public_key_hex(&secret, secret_hex);
    (void)snprintf(file.at, sizeof(file.at), HEAD "public %s\nsecret %s\n", public_hex, secret_hex);
    bool made = file_create(path, (struct bytes){(const uint8_t *)file.at, FILE_SIZE}, 0600, err);
    explicit_bzero(&secret, sizeof(secret));
    explicit_bzero(secret_hex, sizeof(secret_hex));
    return made;
}

bool machine_key_need(const char *path, struct secret_key *out, struct error *err)
{
    struct error first = {0};

    if (machine_key_read(path, out, &first))
        return true;
    if (first.kind != ERROR_ABSENT) {
        *err = first;
        return false;
    }
    /* Somebody else who made one meanwhile was first: his is the machine's. */
    if (!make_file(path, &first) && first.kind != ERROR_CONFLICT) {
        *err = first;
        return error_at(err, "%s: cannot be made", path);
    }
    return machine_key_read(path, out, err);
}
