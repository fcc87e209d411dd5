#include "deploy/shrink.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "manager/deb_plain.h"
#include "store/kept_delta.h"

struct shrinking {
    const struct shrink_request *request;
    struct arena *arena;
    struct shrink_result result;
};

/* ---- the old package, unpacked ---- */

static bool write_piece(void *self, struct bytes piece, struct error *err)
{
    const int *fd = self;

    while (piece.size > 0) {
        ssize_t put = write(*fd, piece.at, piece.size);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return error_system(err, "unpacking failed");
        piece = (struct bytes){piece.at + put, piece.size - (size_t)put};
    }
    return true;
}

/* HEX.plain.part: like everything that ends so it is removed by the next attempt when this one is stopped. */
static bool unpack(const char *deb, const char *plain, struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};
    OWN(own_fd) int fd = -1;

    if (!file_map(deb, LIMIT_DEB_FILE, &map, err))
        return false;
    fd = open(plain, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_system(err, "%s", plain);
    return deb_plain_write(map.bytes, (struct archive_sink){write_piece, &fd}, err);
}

/* ---- one package ---- */

static const struct plan_change *planned(const struct plan *plan, const struct kept_change *change)
{
    for (size_t i = 0; i < plan->change_count; i++)
        if (plan->changes[i].kind != CHANGE_REMOVE && text_equal(plan->changes[i].name, change->name) &&
            text_equal(plan->changes[i].to, change->to) && plan->changes[i].digest.kind == DIGEST_SHA256)
            return &plan->changes[i];
    return NULL;
}

static bool find_base(struct shrinking *s, const struct kept_change *change, const char **out,
                      struct error *err)
{
    const struct plan_change *to = change->kind == CHANGE_REMOVE ? NULL : planned(s->request->plan, change);

    if (to == NULL)
        return error_set(err, ERROR_ABSENT, "the run put nothing in its place");
    const struct kept_content base = {to->digest, to->size};
    *out = rollback_store_deb_path(s->request->packages, &base, s->arena);
    if (*out == NULL)
        return arena_full(s->arena, err);
    return file_exists(*out) || error_set(err, ERROR_ABSENT, "what the run installed is not there any more");
}

static bool shrink_one(struct shrinking *s, const struct kept_change *change, struct error *err)
{
    const char *deb = rollback_store_deb_path(s->request->folder, &change->deb, s->arena);
    const char *plain, *delta, *base;
    struct file_identity after;

    if (change->plain.digest.kind == DIGEST_UNKNOWN)
        return error_set(err, ERROR_ABSENT, "an older suture kept it");
    plain = rollback_store_path(s->request->folder, &change->plain, ".plain.part", s->arena);
    delta = rollback_store_path(s->request->folder, &change->plain, ".delta", s->arena);
    if (deb == NULL || plain == NULL || delta == NULL)
        return arena_full(s->arena, err);
    if (!find_base(s, change, &base, err))
        return false;
    bool made = unpack(deb, plain, err) && kept_delta_make(s->request->folder, change, base, plain, err) &&
                file_identify(delta, &after, err);
    (void)unlink(plain); /* else the next attempt does it */
    if (!made)
        return false;
    s->result.made++;
    s->result.before += change->deb.size;
    s->result.after += after.size;
    return true;
}

bool shrink_way_back(const struct shrink_request *request, struct arena *arena, struct shrink_result *out,
                     struct error *err)
{
    struct shrinking s = {.request = request, .arena = arena};
    struct rollback_store store;

    if (!rollback_store_open_manifest(request->folder, request->seal, arena, &store, err) ||
        !kept_delta_tidy(request->folder, arena, err))
        return false;
    for (size_t i = 0; i < store.change_count; i++) {
        const struct kept_change *change = &store.changes[i];
        struct error why = {0};
        if (rollback_store_form(request->folder, change) != KEPT_PACKED)
            continue;
        if (request->stop != NULL && request->stop(request->self))
            break;
        if (shrink_one(&s, change, &why))
            continue;
        s.result.left++;
        if (s.result.why.size == 0)
            s.result.why = text_format(arena, "%.*s: %s", TEXT_ARG(change->name), why.text);
    }
    *out = s.result;
    return true;
}
