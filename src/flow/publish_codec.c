#include "flow/publish_codec.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "delta/create.h"
#include "delta/deb_layout.h"
#include "delta/supplement.h"

#define SUPPLEMENT_PERCENT 60 /* of the new package: with more a machine fetches that */

static bool on_progress(void *self, unsigned share)
{
    const struct publish_job *job = self;

    (void)share;
    return job->go_on(job->self);
}

static bool create(const struct publish_job *job, struct error *err)
{
    struct publish_job own = *job;
    const struct create_request request = {.old = job->old->path,
                                           .new = job->new->path,
                                           .out = job->out,
                                           .threads = job->threads > 0 ? job->threads : 1,
                                           .memory_max = job->memory_max,
                                           .progress = on_progress,
                                           .self = &own};
    struct create_result result;

    return delta_create(&request, &result, err);
}

static bool read_memory(const struct publish_job *job, struct arena *arena, uint64_t *out, struct error *err)
{
    OWN(file_unmap) struct file_map map = {0};
    struct delta delta;

    if (!file_map(job->out, LIMIT_FETCH_SIZE, &map, err) || !delta_read(map.bytes, arena, &delta, err))
        return false;
    *out = delta_memory(&delta);
    return true;
}

static size_t count_of(const struct base *base, enum base_class class)
{
    size_t count = 0;

    for (size_t i = 0; i < base->part_count; i++)
        count += base->parts[i].class == class;
    return count;
}

/* One that would be too large to be worth it is left out: who needs it fetches the package. */
static bool supply(const struct publish_job *job, const struct base *base, enum base_class class,
                   struct arena *arena, bool *written, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_SUPPLEMENT);
    struct text path = text_format(arena, "%s.%c", job->out, base_class_letters[class]);

    if (path.at == NULL)
        return arena_full(arena, err);
    if (count_of(base, class) == 0)
        return true;
    if (!supplement_write(base, class, &w, err)) {
        if (err->kind != ERROR_LIMIT)
            return false;
        *err = (struct error){0};
        return true;
    }
    if (w.size > job->new->deb.size / 100 * SUPPLEMENT_PERCENT)
        return true;
    *written = file_replace_cache(path.at, writer_bytes(&w), 0644, err);
    return *written;
}

static bool read_base(const struct publish_job *job, struct arena *arena, struct publish_made *out,
                      struct error *err)
{
    static const enum base_class classes[] = {BASE_DOC, BASE_CONFFILE};
    OWN(file_unmap) struct file_map map = {0};
    OWN(base_deb_end) struct base base = {0};
    char *work = create_folder_of(arena, job->out);

    if (work == NULL)
        return arena_full(arena, err);
    if (!file_map(job->old->path, LIMIT_DEB_FILE, &map, err) ||
        !base_deb_open(map.bytes, work, arena, &base, err) || !base_identity(&base, &out->identity, err))
        return false;
    for (size_t i = 0; i < sizeof(classes) / sizeof(*classes); i++)
        if (!supply(job, &base, classes[i], arena, &out->supplements[classes[i]], err))
            return false;
    return true;
}

static bool make(void *self, const struct publish_job *job, struct arena *arena, struct publish_made *out,
                 struct error *err)
{
    struct publish_made made = {0};

    (void)self;
    if (!create(job, err) || !read_memory(job, arena, &made.memory, err) ||
        !read_base(job, arena, &made, err))
        return false;
    *out = made;
    return true;
}

struct publish_door publish_codec_door(void)
{
    return (struct publish_door){NULL, make};
}
