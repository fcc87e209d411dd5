#include "manager/apt_vouch.h"

#include "base/own.h"
#include "manager/apt_relations.h"
#include "manager/apt_system.h"

/* The texts of a record lie in a table that ends before the answer. */
static bool copy_all(struct vouched *record, struct arena *arena)
{
    struct text *const texts[] = {&record->name, &record->arch,  &record->version, &record->uri,
                                  &record->file, &record->suite, &record->why,     &record->signers};

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        *texts[i] = text_copy(arena, *texts[i]);
        if (texts[i]->at == NULL)
            return false;
    }
    return true;
}

/* Records of one name that are growing. */
struct answer {
    struct vouched *at;
    size_t count, capacity;
};

static bool add(struct answer *answer, const struct apt_archive *archive, const struct apt_record *record,
                struct arena *arena, struct error *err)
{
    struct apt_relations relations;

    if (!apt_relations_read(record->more, &relations, err))
        return false;
    answer->at = arena_grow(arena, answer->at, answer->count, &answer->capacity, answer->count + 1,
                            sizeof(*answer->at));
    if (answer->at == NULL)
        return arena_full(arena, err);
    struct vouched *new = &answer->at[answer->count++];
    *new = (struct vouched){
        .name = record->name,
        .arch = record->arch,
        .version = record->version,
        .uri = archive->source_uri,
        .file = relations.file,
        .suite = archive->archive.suite,
        .size = record->size,
        .digest = relations.digest,
        .state = archive->archive.state,
        .went_back = archive->archive.went_back,
        .why = archive->archive.why,
        .signers = archive->archive.signers,
    };
    return copy_all(new, arena) || arena_full(arena, err);
}

static bool ask_archive(const struct apt_archive *archive, const struct vouch_question *question,
                        struct arena *arena, struct answer *answer, struct error *err)
{
    struct apt_table_walk walk = apt_table_find(&archive->table, question->name);
    struct apt_record record;

    while (apt_table_next(&walk, &record)) {
        if (!text_equal(record.name, question->name) || !text_equal(record.version, question->version) ||
            !text_equal(record.arch, question->arch))
            continue;
        if (!add(answer, archive, &record, arena, err))
            return error_at(err, "%.*s in %.*s", TEXT_ARG(question->name), TEXT_ARG(archive->archive.suite));
    }
    return true;
}

bool apt_vouch(const struct manager_request *request, const struct vouch_question *questions,
               struct arena *arena, struct vouched_records *out, struct error *err)
{
    OWN(apt_system_end) struct apt_system system = {0};

    if (!apt_system_read(request, true, arena, &system, err))
        return false;
    for (size_t i = 0; questions[i].name.size > 0; i++) {
        struct answer answer = {0};
        for (size_t k = 0; k < system.archive_count; k++)
            if (system.archives[k].believed &&
                !ask_archive(&system.archives[k], &questions[i], arena, &answer, err))
                return false;
        out[i] = (struct vouched_records){answer.at, answer.count};
    }
    return true;
}
