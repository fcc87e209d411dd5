#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/reader.h"
#include "delta/tree.h"

/*
 *     text's size -> text -> [file's size -> content] for each file -> end
 */
enum maker_state { MAKER_TEXT_SIZE, MAKER_TEXT, MAKER_FILE_SIZE, MAKER_CONTENT, MAKER_END };

#define VARINT_MAX 10

struct tree_maker {
    const char *folder;
    struct arena *arena;
    enum maker_state state;
    uint8_t number[VARINT_MAX]; /* of a size that has come in part */
    size_t number_size;
    uint64_t left; /* of the text or the content */
    struct writer text;
    struct tree tree;
    size_t next; /* entry that is not made yet */
    int fd;      /* of the file that is written */
};

bool tree_maker_open(const char *folder, struct arena *arena, struct tree_maker **out, struct error *err)
{
    struct tree_maker *maker = ARENA_NEW(arena, struct tree_maker);

    if (maker == NULL)
        return arena_full(arena, err);
    *maker = (struct tree_maker){
        .folder = folder, .arena = arena, .text = writer_with(LIMIT_DELTA_STRUCTURE), .fd = -1};
    *out = maker;
    return true;
}

void tree_maker_end(struct tree_maker **maker)
{
    if (*maker != NULL) {
        own_fd(&(*maker)->fd);
        writer_end(&(*maker)->text);
    }
    *maker = NULL;
}

static char *path_of(struct tree_maker *maker, const struct tree_entry *entry, struct error *err)
{
    char *path =
        text_string(maker->arena, text_format(maker->arena, "%s%.*s", maker->folder, TEXT_ARG(entry->path)));

    if (path == NULL)
        (void)arena_full(maker->arena, err);
    return path;
}

/* Its bytes are what it says they are: what the caller was told is on the disk. */
static bool close_file(struct tree_maker *maker, struct error *err)
{
    bool done = maker->fd < 0 || fsync(maker->fd) == 0;

    if (!done)
        (void)error_system(err, "%s", maker->folder);
    own_fd(&maker->fd);
    return done;
}

/* Makes what stands before the next file, and that file, still empty; or comes to the end. */
static bool make_next(struct tree_maker *maker, struct error *err)
{
    if (!close_file(maker, err))
        return false;
    while (maker->next < maker->tree.count) {
        const struct tree_entry *entry = &maker->tree.entries[maker->next++];
        const char *path = path_of(maker, entry, err);
        if (path == NULL)
            return false;
        if (entry->kind == TREE_FOLDER && entry->path.size > 1 && mkdir(path, 0700) != 0)
            return error_system(err, "%s", path);
        if (entry->kind == TREE_LINK && symlink(entry->target.at, path) != 0)
            return error_system(err, "%s", path);
        if (entry->kind != TREE_FILE)
            continue;
        maker->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (maker->fd < 0 || fchmod(maker->fd, entry->mode) != 0)
            return error_system(err, "%s", path);
        maker->state = MAKER_FILE_SIZE;
        return true;
    }
    maker->state = MAKER_END;
    return true;
}

/* One byte of a size; *done when it was its last. */
static bool take_number(struct tree_maker *maker, uint8_t byte, bool *done, struct error *err)
{
    struct reader r;

    maker->number[maker->number_size++] = byte;
    *done = (byte & 0x80) == 0;
    if (!*done && maker->number_size < VARINT_MAX)
        return true;
    r = reader_with((struct bytes){maker->number, maker->number_size});
    maker->left = reader_varint(&r);
    maker->number_size = 0;
    return reader_ok(&r) || error_set(err, ERROR_INPUT, "folder: a size that is no number");
}

static bool begin_text(struct tree_maker *maker, struct error *err)
{
    if (maker->left == 0 || maker->left > LIMIT_DELTA_STRUCTURE)
        return error_set(err, ERROR_LIMIT, "folder: a list of %llu bytes", (unsigned long long)maker->left);
    maker->state = MAKER_TEXT;
    return true;
}

static bool end_text(struct tree_maker *maker, struct error *err)
{
    struct bytes raw;

    return writer_done(&maker->text, &raw, err) && tree_parse(raw, maker->arena, &maker->tree, err) &&
           make_next(maker, err);
}

static bool write_content(struct tree_maker *maker, struct bytes bytes, struct error *err)
{
    while (bytes.size > 0) {
        ssize_t n = write(maker->fd, bytes.at, bytes.size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_system(err, "%.*s", TEXT_ARG(maker->tree.entries[maker->next - 1].path));
        bytes.at += n;
        bytes.size -= (size_t)n;
    }
    return true;
}

/* Takes of the bytes what the state wants. */
static bool put_some(struct tree_maker *maker, struct bytes *bytes, struct error *err)
{
    struct bytes some = {bytes->at, 1};
    bool done = false, text = maker->state == MAKER_TEXT || maker->state == MAKER_TEXT_SIZE;

    if (maker->state == MAKER_END)
        return error_set(err, ERROR_INPUT, "folder: bytes behind its end");
    if (maker->state == MAKER_TEXT_SIZE || maker->state == MAKER_FILE_SIZE) {
        if (!take_number(maker, *bytes->at, &done, err) || (done && text && !begin_text(maker, err)))
            return false;
        if (done && !text) {
            maker->state = MAKER_CONTENT;
            done = maker->left == 0;
        } else {
            done = false;
        }
    } else {
        some.size = bytes->size < maker->left ? bytes->size : (size_t)maker->left;
        if (text)
            writer_put(&maker->text, some);
        else if (!write_content(maker, some, err))
            return false;
        maker->left -= some.size;
        done = maker->left == 0;
    }
    bytes->at += some.size;
    bytes->size -= some.size;
    return !done || (text ? end_text(maker, err) : make_next(maker, err));
}

bool tree_maker_put(struct tree_maker *maker, struct bytes bytes, struct error *err)
{
    while (bytes.size > 0)
        if (!put_some(maker, &bytes, err))
            return false;
    return true;
}

/* From the last to the first: a folder that may not be entered is closed when what is in it has its mode. */
bool tree_maker_close(struct tree_maker *maker, struct error *err)
{
    if (maker->state != MAKER_END)
        return error_set(err, ERROR_INPUT, "folder: ends before its end");
    for (size_t i = maker->tree.count; i > 0; i--) {
        const struct tree_entry *entry = &maker->tree.entries[i - 1];
        if (entry->kind != TREE_FOLDER)
            continue;
        const char *path = path_of(maker, entry, err);
        if (path == NULL || !file_sync_folder(path, err))
            return false;
        if (chmod(path, entry->mode) != 0)
            return error_system(err, "%s", path);
    }
    return true;
}
