#include "store/kept_delta.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "delta/decode.h"
#include "delta/encode.h"
#include "delta/spool.h"

#define ROOM_SPARE   (16 * MIB)
#define MEMORY_SHARE 4 /* of the machine's, at most, for encoding */
#define NAMES_MAX    1000000
#define ARENA_SIZE   (64 * KIB) /* a few paths */

/* ---- the codec ---- */

/* Openers that close by code of our own make the same bytes for ever; the others ask a library, which the very update that is
 * taken back may have brought. */
static bool leans_on_libraries(const struct delta_part *part)
{
    static const bool ours[OPENER_KIND_COUNT] = {[OPENER_NONE] = true,
                                                 [OPENER_GZIP] = true,
                                                 [OPENER_ZIP] = true,
                                                 [OPENER_MO] = true,
                                                 [OPENER_ELF] = true};

    return part->same == DELTA_NEW && (part->opener >= OPENER_KIND_COUNT || !ours[part->opener]);
}

static bool check_openers(struct bytes coded, struct arena *arena, struct error *err)
{
    struct delta delta;

    if (!delta_read(coded, arena, &delta, err))
        return false;
    for (size_t i = 0; i < delta.part_count; i++)
        if (leans_on_libraries(&delta.parts[i]))
            return error_set(err, ERROR_CONFLICT,
                             "it has packed files that a newer library may pack in another way");
    return true;
}

static bool encode(const char *base_path, const char *plain, const char *delta, const char *work,
                   struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_DELTA_MEMORY);
    OWN(writer_end) struct writer coded = writer_with(LIMIT_DELTA_FILE);
    OWN(file_unmap) struct file_map map = {0};
    OWN(base_deb_end) struct base base = {0};
    OWN(target_end) struct target target = {0};
    struct encode_request request = {.base = &base,
                                     .target = &target,
                                     .work = work,
                                     .threads = 1,
                                     .memory_max = (size_t)(os_memory_size() / MEMORY_SHARE)};
    struct encode_result result;
    struct bytes bytes;

    return file_map(base_path, LIMIT_DEB_FILE, &map, err) &&
           base_deb_open(map.bytes, work, &arena, &base, err) &&
           target_open(plain, DELTA_DEB, work, (struct deb_budget){.threads = 1}, &arena, &target, err) &&
           delta_encode(&request, &coded, &result, err) && writer_done(&coded, &bytes, err) &&
           check_openers(bytes, &arena, err) && file_replace_cache(delta, bytes, 0600, err);
}

/* What comes out: into a descriptor, or nowhere (-1); and its digest. */
struct output {
    int fd;
    struct digester digester;
    struct kept_content got;
};

static void end_output(struct output *output)
{
    digester_end(&output->digester);
}

static bool put_output(void *self, struct bytes bytes, struct error *err)
{
    struct output *output = self;

    if (!digester_add(&output->digester, bytes, err))
        return false;
    output->got.size += bytes.size;
    while (output->fd >= 0 && bytes.size > 0) {
        ssize_t put = write(output->fd, bytes.at, bytes.size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return error_system(err, "writing failed");
        bytes = (struct bytes){bytes.at + put, bytes.size - (size_t)put};
    }
    return true;
}

static bool decode(const char *delta_path, const char *base_path, const char *work, struct output *output,
                   struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_DELTA_MEMORY);
    OWN(file_unmap) struct file_map file = {0}, map = {0};
    OWN(base_deb_end) struct base base = {0};
    OWN(own_fd) int spool = -1;
    struct decode_cost cost;
    struct delta delta;

    if (!file_map(delta_path, LIMIT_DELTA_FILE, &file, err) || !delta_read(file.bytes, &arena, &delta, err) ||
        !file_map(base_path, LIMIT_DEB_FILE, &map, err) ||
        !base_deb_open(map.bytes, work, &arena, &base, err) || !spool_open(work, &spool, err) ||
        !digester_open(DIGEST_SHA256, &output->digester, err))
        return false;
    const struct decode_work work_of = {.spool = spool, .sink = {put_output, output}, .threads = 1};
    if (!delta_decode(&delta, file.bytes, &base, &work_of, &cost, err))
        return false;
    digester_close(&output->digester, &output->got.digest);
    return true;
}

/* ---- names ---- */

struct names {
    const char *deb, *delta, *delta_part, *base, *base_part, *part;
};

static bool name_all(const char *folder, const struct kept_content *plain, struct arena *arena,
                     struct names *out, struct error *err)
{
    *out = (struct names){
        .deb = rollback_store_path(folder, plain, ".deb", arena),
        .delta = rollback_store_path(folder, plain, ".delta", arena),
        .delta_part = rollback_store_path(folder, plain, ".delta.part", arena),
        .base = rollback_store_path(folder, plain, ".base", arena),
        .base_part = rollback_store_path(folder, plain, ".base.part", arena),
        .part = rollback_store_path(folder, plain, ".deb.part", arena),
    };
    return (out->deb != NULL && out->delta != NULL && out->delta_part != NULL && out->base != NULL &&
            out->base_part != NULL && out->part != NULL) ||
           arena_full(arena, err);
}

bool kept_delta_tidy(const char *folder, struct arena *arena, struct error *err)
{
    struct file_names names;

    if (!file_list(folder, NAMES_MAX, arena, &names, err))
        return false;
    for (size_t i = 0; i < names.count; i++) {
        if (!text_ends(names.names[i], TEXT(".part")))
            continue;
        const char *path = file_path(arena, folder, names.names[i].at);
        if (path == NULL)
            return arena_full(arena, err);
        if (unlink(path) != 0 && errno != ENOENT)
            return error_system(err, "%s", path);
    }
    return true;
}

/* ---- making ---- */

static bool rename_durably(const char *from, const char *to, const char *folder, struct error *err)
{
    OWN(own_fd) int fd = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (fd < 0 || fsync(fd) != 0)
        return error_system(err, "%s", from);
    if (rename(from, to) != 0)
        return error_system(err, "%s", to);
    return file_sync_folder(folder, err);
}

static bool link_base(const struct names *names, const char *base, const char *folder, struct error *err)
{
    if (unlink(names->base_part) != 0 && errno != ENOENT)
        return error_system(err, "%s", names->base_part);
    if (link(base, names->base_part) != 0)
        return error_system(err, "%s", base);
    if (!rename_durably(names->base_part, names->base, folder, err))
        return false;
    (void)unlink(names->base_part); /* of two names of one file rename leaves both */
    return true;
}

static bool check_smaller(const char *delta, uint64_t size, struct error *err)
{
    struct file_identity identity;

    if (!file_identify(delta, &identity, err))
        return false;
    return identity.size < size ||
           error_set(err, ERROR_CONFLICT, "a delta of %llu bytes is no smaller than the file of %llu",
                     (unsigned long long)identity.size, (unsigned long long)size);
}

static bool make(const char *folder, const struct kept_change *change, const struct names *names,
                 const char *base, const char *plain, struct error *err)
{
    return encode(base, plain, names->delta_part, folder, err) &&
           check_smaller(names->delta_part, change->deb.size, err) && link_base(names, base, folder, err) &&
           rename_durably(names->delta_part, names->delta, folder, err) &&
           kept_delta_prove(folder, &change->plain, err);
}

bool kept_delta_make(const char *folder, const struct kept_change *change, const char *base,
                     const char *plain, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(ARENA_SIZE);
    struct error ignored;
    struct names names;

    if (!name_all(folder, &change->plain, &arena, &names, err))
        return false;
    if (make(folder, change, &names, base, plain, err))
        return file_remove(rollback_store_deb_path(folder, &change->deb, &arena), err);
    if (!file_remove(names.delta, &ignored) || !file_remove(names.base, &ignored) ||
        !kept_delta_tidy(folder, &arena, &ignored))
        return error_at(err, "what is half made cannot be removed");
    return false;
}

/* ---- using ---- */

static bool decode_to(const struct names *names, const struct kept_content *plain, const char *folder, int fd,
                      struct error *err)
{
    OWN(end_output) struct output output = {.fd = fd};

    if (!decode(names->delta, names->base, folder, &output, err))
        return false;
    return (output.got.size == plain->size && digest_equal(&output.got.digest, &plain->digest)) ||
           error_set(err, ERROR_INPUT, "%s makes another file", names->delta);
}

bool kept_delta_prove(const char *folder, const struct kept_content *plain, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(ARENA_SIZE);
    struct names names;

    return name_all(folder, plain, &arena, &names, err) && decode_to(&names, plain, folder, -1, err);
}

static bool unpack(const char *folder, const struct kept_content *plain, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(ARENA_SIZE);
    OWN(own_fd) int fd = -1;
    struct names names;

    if (!name_all(folder, plain, &arena, &names, err))
        return false;
    if (unlink(names.part) != 0 && errno != ENOENT)
        return error_system(err, "%s", names.part);
    fd = open(names.part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_system(err, "%s", names.part);
    if (decode_to(&names, plain, folder, fd, err) && rename_durably(names.part, names.deb, folder, err))
        return true;
    (void)unlink(names.part); /* what failed is said already */
    return false;
}

bool kept_delta_check_room(const char *folder, const struct rollback_store *store, struct error *err)
{
    uint64_t need = ROOM_SPARE, most = 0;
    struct statvfs room;

    for (size_t i = 0; i < store->change_count; i++) {
        const uint64_t size = store->changes[i].plain.size;
        if (rollback_store_form(folder, &store->changes[i]) != KEPT_DELTA)
            continue;
        need += size; /* all files stay; what decoding lays down goes with each */
        most = size > most ? size : most;
    }
    need += most * 2; /* its new image, and its base, taken apart */
    if (statvfs(folder, &room) != 0)
        return error_system(err, "%s", folder);
    uint64_t have = (uint64_t)room.f_bavail * room.f_frsize;
    return most == 0 || have >= need ||
           error_set(err, ERROR_LIMIT,
                     "going back needs %llu MB in %s, where %llu are free; nothing was changed",
                     (unsigned long long)(need / 1000000 + 1), folder, (unsigned long long)(have / 1000000));
}

bool kept_delta_unpack_all(const char *folder, const struct rollback_store *store, struct arena *arena,
                           struct error *err)
{
    if (!kept_delta_tidy(folder, arena, err) || !kept_delta_check_room(folder, store, err))
        return false;
    for (size_t i = 0; i < store->change_count; i++)
        if (rollback_store_form(folder, &store->changes[i]) == KEPT_DELTA &&
            !unpack(folder, &store->changes[i].plain, err))
            return error_at(err, "%.*s", TEXT_ARG(store->changes[i].name));
    return true;
}

bool kept_delta_pack_all(const char *folder, const struct rollback_store *store, struct arena *arena,
                         struct error *err)
{
    for (size_t i = 0; i < store->change_count; i++) {
        const struct kept_change *change = &store->changes[i];
        struct names names;
        if (rollback_store_form(folder, change) != KEPT_PLAIN)
            continue;
        if (!name_all(folder, &change->plain, arena, &names, err))
            return false;
        if (file_exists(names.delta) && file_exists(names.base) && !file_remove(names.deb, err))
            return false;
    }
    return true;
}
