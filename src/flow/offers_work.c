#include "flow/offers_work.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "manager/dpkg_status.h"

static bool is_installed(const struct dpkg_status *status, const struct delta_base *base)
{
    const struct package *package = dpkg_status_find(status, base->package, base->arch);

    return package != NULL && package->state == PACKAGE_INSTALLED && text_equal(package->arch, base->arch) &&
           text_equal(package->version, base->version);
}

static void find_smallest(const struct delta_version *version, const struct dpkg_status *status,
                          struct delta_offer *out)
{
    for (size_t i = 0; i < version->base_count; i++) {
        const struct delta_base *base = &version->bases[i];
        if ((out->found && base->delta.size >= out->base.delta.size) || !is_installed(status, base))
            continue;
        *out = (struct delta_offer){true, *base, version->packed};
    }
}

/* By whichever of the keys signed it; the last one's words where none did. */
static bool open_index(const struct offers_question *question, struct bytes raw, struct arena *arena,
                       struct delta_index *out, struct error *err)
{
    (void)error_set(err, ERROR_TRUST, "index: no key is known that may sign it");
    for (size_t i = 0; i < question->key_count; i++)
        if (delta_index_open(raw, &question->keys[i], arena, out, err))
            return true;
    return false;
}

/* An index of another package is signed as well: only under its own name it is believed. */
static bool read_index(const struct offers_question *question, const struct offers_item *item,
                       struct arena *arena, struct delta_index *out, struct error *err)
{
    const char *folder = text_string(arena, question->folder), *file = text_string(arena, item->file);
    const char *path = folder == NULL || file == NULL ? NULL : file_path(arena, folder, file);
    struct bytes raw;

    if (path == NULL)
        return arena_full(arena, err);
    if (!file_read(path, LIMIT_DELTA_INDEX, arena, &raw, err))
        return false;
    if (raw.size == 0) /* noted: the source has none */
        return error_set(err, ERROR_ABSENT, "there is none");
    if (!open_index(question, raw, arena, out, err))
        return false;
    return (text_equal(out->package, item->name) && text_equal(out->arch, item->arch)) ||
           error_set(err, ERROR_TRUST, "index: is of %.*s for %.*s", TEXT_ARG(out->package),
                     TEXT_ARG(out->arch));
}

static bool answer_one(const struct offers_question *question, const struct offers_item *item,
                       const struct dpkg_status *status, struct arena *arena, struct offers_answer *out,
                       struct error *err)
{
    struct delta_index index;
    struct error why = {0};

    *out = (struct offers_answer){.state = OFFERS_ABSENT};
    if (!read_index(question, item, arena, &index, &why)) {
        if (why.kind == ERROR_ABSENT)
            return true;
        out->state = OFFERS_BROKEN;
        struct text said, plain = TEXT("index: is broken");
        if (text_from_bytes(bytes_of_text(text_of(why.text)), LIMIT_NOTE, &said, &(struct error){0}))
            plain = said;
        out->problem = text_copy(arena, plain);
        return out->problem.at != NULL || arena_full(arena, err);
    }
    out->state = OFFERS_READ;
    out->serial = index.serial;
    const struct delta_version *version = delta_index_find(&index, &item->deb.digest);
    if (version != NULL && version->deb.size == item->deb.size)
        find_smallest(version, status, &out->offer);
    return true;
}

bool offers_work(const struct offers_question *question, struct arena *arena, struct offers_answer *out,
                 struct error *err)
{
    const char *root = text_string(arena, question->root);
    const char *path = root == NULL ? NULL : file_below(arena, root, OFFERS_STATUS);
    const char *updates = root == NULL ? NULL : file_below(arena, root, OFFERS_STATUS_UPDATES);
    struct dpkg_status status;

    if (path == NULL || updates == NULL)
        return arena_full(arena, err);
    if (!dpkg_status_read(path, updates, arena, &status, err))
        return false;
    for (size_t i = 0; i < question->count; i++)
        if (!answer_one(question, &question->items[i], &status, arena, &out[i], err))
            return false;
    return true;
}
