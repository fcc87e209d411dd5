#include "manager/dpkg_restore.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/map.h"
#include "base/own.h"
#include "base/writer.h"
#include "format/deb822.h"

#define LOCK_POLL_MS 100

bool dpkg_restore_lock(const char *root, uint32_t wait_ms, int *out, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(16 * KIB);
    const char *path = file_below(&arena, root, "/var/lib/dpkg/lock");
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    if (path == NULL)
        return arena_full(&arena, err);
    OWN(own_fd) int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0)
        return error_system(err, "%s", path);
    for (uint32_t waited = 0; fcntl(fd, F_SETLK, &whole) != 0; waited += LOCK_POLL_MS) {
        if (errno != EACCES && errno != EAGAIN && errno != EINTR)
            return error_system(err, "%s", path);
        if (waited >= wait_ms)
            return error_set(err, ERROR_CONFLICT, "%s: dpkg is at work", path);
        (void)poll(NULL, 0, LOCK_POLL_MS); /* this lock tells nobody when it is free */
    }
    *out = fd_take(&fd);
    return true;
}

static bool is_gone(const struct dpkg_record *record)
{
    return record == NULL || text_equal(record->state, TEXT("not-installed")) ||
           text_equal(record->state, TEXT("config-files"));
}

/* dpkg must have brought the package to where it was. */
static bool check_now(const struct dpkg_old_record *old, const struct dpkg_record *now, struct error *err)
{
    struct dpkg_record was;

    if (old->paragraph.size == 0)
        return is_gone(now) || error_set(err, ERROR_CONFLICT, "%.*s is still %.*s", TEXT_ARG(old->name),
                                         TEXT_ARG(now->state));
    if (!dpkg_record_parse(old->paragraph, &was, err))
        return error_at(err, "%.*s: its old paragraph", TEXT_ARG(old->name));
    if (text_equal(was.state, TEXT("installed")))
        return (now != NULL && text_equal(now->state, was.state) && text_equal(now->version, was.version)) ||
               error_set(err, ERROR_CONFLICT, "%.*s is %.*s %.*s now, not installed at %.*s",
                         TEXT_ARG(old->name), TEXT_ARG(now == NULL ? TEXT("gone") : now->state),
                         TEXT_ARG(now == NULL ? TEXT("") : now->version), TEXT_ARG(was.version));
    if (text_equal(was.state, TEXT("config-files")) || text_equal(was.state, TEXT("not-installed")))
        return is_gone(now) || error_set(err, ERROR_CONFLICT, "%.*s is still %.*s", TEXT_ARG(old->name),
                                         TEXT_ARG(now->state));
    return error_set(err, ERROR_CONFLICT, "%.*s was %.*s, which is no state to go back to",
                     TEXT_ARG(old->name), TEXT_ARG(was.state));
}

struct line_of_status {
    struct text name, arch;
    struct bytes paragraph;
};

static int compare_lines(const void *a, const void *b)
{
    const struct line_of_status *one = a, *other = b;
    int order = text_compare(one->name, other->name);

    return order != 0 ? order : text_compare(one->arch, other->arch);
}

static struct text key_of(struct text name, struct text arch, struct arena *arena)
{
    return text_format(arena, "%.*s:%.*s", TEXT_ARG(name), TEXT_ARG(arch));
}

bool dpkg_restore_status(const struct dpkg_database *now, const struct dpkg_old_record *old, size_t count,
                         struct arena *arena, struct error *err)
{
    struct line_of_status *lines = ARENA_ARRAY(arena, struct line_of_status, now->count + count);
    OWN(writer_end) struct writer status = writer_with(LIMIT_DPKG_STATUS);
    const char *path = file_path(arena, now->folder, "status");
    struct map replaced = map_with(arena);
    struct bytes bytes;
    size_t kept = 0;

    if (lines == NULL || path == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < count; i++) {
        struct text key = key_of(old[i].name, old[i].arch, arena);
        if (key.at == NULL)
            return arena_full(arena, err);
        if (!check_now(&old[i], dpkg_database_find(now, old[i].name, old[i].arch), err) ||
            !map_put(&replaced, key, 1, err))
            return false;
        if (old[i].paragraph.size > 0)
            lines[kept++] = (struct line_of_status){old[i].name, old[i].arch, old[i].paragraph};
    }
    for (size_t i = 0; i < now->count; i++) {
        struct text key = key_of(now->records[i].name, now->records[i].arch, arena);
        if (key.at == NULL)
            return arena_full(arena, err);
        if (map_get(&replaced, key) == MAP_NONE)
            lines[kept++] =
                (struct line_of_status){now->records[i].name, now->records[i].arch, now->records[i].whole};
    }
    if (kept > 0)
        qsort(lines, kept, sizeof(*lines), compare_lines);
    for (size_t i = 0; i < kept; i++) {
        writer_put(&status, lines[i].paragraph);
        writer_string(&status, "\n\n");
    }
    if (!writer_done(&status, &bytes, err))
        return error_at(err, "%s", path);
    if (bytes.size == now->status.size && memcmp(bytes.at, now->status.at, bytes.size) == 0)
        return true;
    return file_replace(path, bytes, 0644, err);
}

bool dpkg_restore_part(const struct dpkg_database *now, const struct dpkg_record *record, struct text part,
                       struct bytes content, mode_t mode, struct arena *arena, struct error *err)
{
    const char *name = text_string(arena, part), *path;
    struct error other;
    struct bytes there;

    if (name == NULL)
        return arena_full(arena, err);
    if (!dpkg_database_part_path(now, record, name, arena, &path, err))
        return false;
    if (file_read(path, LIMIT_DEB_CONTROL, arena, &there, &other) && there.size == content.size &&
        memcmp(there.at, content.at, content.size) == 0)
        return true;
    return file_replace(path, content, mode, err);
}

/* ---- apt's marks ---- */

struct mark {
    struct text key;
    struct bytes paragraph;
};

struct marks {
    struct mark *at;
    size_t count, capacity;
    struct map places;
};

static bool read_marks(struct bytes raw, struct arena *arena, struct marks *out, struct error *err)
{
    static const char *const names[] = {"Package", "Architecture"};
    struct deb822 deb822 = deb822_with(raw, (struct deb822_fields){names, 2}, false);
    struct deb822_paragraph paragraph;
    bool found;

    *out = (struct marks){.places = map_with(arena)};
    for (;;) {
        if (!deb822_next(&deb822, &paragraph, &found, err))
            return error_at(err, "extended_states");
        if (!found)
            return true;
        struct bytes name = paragraph.values[0], arch = paragraph.values[1];
        out->at = arena_grow(arena, out->at, out->count, &out->capacity, out->count + 1, sizeof(*out->at));
        struct text key = key_of((struct text){(const char *)name.at, name.size},
                                 (struct text){(const char *)arch.at, arch.size}, arena);
        if (out->at == NULL || key.at == NULL)
            return arena_full(arena, err);
        if (!map_put(&out->places, key, (uint32_t)out->count, err))
            return false;
        out->at[out->count++] = (struct mark){key, paragraph.whole};
    }
}

static bool name_changed(const struct dpkg_old_record *old, size_t count, struct text native,
                         struct arena *arena, struct map *out, struct error *err)
{
    *out = map_with(arena);
    for (size_t i = 0; i < count; i++) {
        bool all = text_equal(old[i].arch, TEXT("all"));
        struct text key = key_of(old[i].name, all ? native : old[i].arch, arena);
        if (key.at == NULL)
            return arena_full(arena, err);
        if (!map_put(out, key, 1, err))
            return false;
    }
    return true;
}

static void put_mark(struct writer *into, const struct mark *mark)
{
    assert(mark != NULL);
    writer_put(into, mark->paragraph);
    writer_string(into, "\n\n");
}

bool dpkg_restore_marks(const char *root, struct text native, struct bytes before,
                        const struct dpkg_old_record *old, size_t count, struct arena *arena,
                        struct error *err)
{
    OWN(writer_end) struct writer states = writer_with(LIMIT_DPKG_STATUS);
    const char *path = file_below(arena, root, "/var/lib/apt/extended_states");
    struct bytes raw = {0}, bytes;
    struct marks was, is;
    struct map changed;

    if (path == NULL)
        return arena_full(arena, err);
    if (!file_read(path, LIMIT_DPKG_STATUS, arena, &raw, err) && err->kind != ERROR_ABSENT)
        return false;
    if (!read_marks(before, arena, &was, err) || !read_marks(raw, arena, &is, err) ||
        !name_changed(old, count, native, arena, &changed, err))
        return false;
    /* In the old file's order, so that it comes back to the byte when nobody marked anything since. */
    for (size_t i = 0; i < was.count; i++) {
        uint32_t place = map_get(&is.places, was.at[i].key);
        if (map_get(&changed, was.at[i].key) != MAP_NONE)
            put_mark(&states, &was.at[i]);
        else if (place != MAP_NONE)
            put_mark(&states, &is.at[place]);
    }
    for (size_t i = 0; i < is.count; i++)
        if (map_get(&changed, is.at[i].key) == MAP_NONE && map_get(&was.places, is.at[i].key) == MAP_NONE)
            put_mark(&states, &is.at[i]);
    if (!writer_done(&states, &bytes, err))
        return error_at(err, "%s", path);
    if (bytes.size == raw.size && (bytes.size == 0 || memcmp(bytes.at, raw.at, bytes.size) == 0))
        return true;
    return file_replace(path, bytes, 0644, err);
}
