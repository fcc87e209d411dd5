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

/* What all questions share. */
struct asking {
    const struct apt_system *system;
    struct apt_scope scope;
    struct arena *arena;
};

/* The version of it that is installed here; absent: none. */
static struct text installed_version(const struct apt_system *system, struct text name, struct text arch)
{
    const struct package *package = dpkg_status_find(&system->status, name, arch);

    return package == NULL ? (struct text){0} : package->version;
}

static bool add(const struct asking *asking, struct answer *answer, const struct apt_archive *archive,
                const struct apt_record *record, struct error *err)
{
    struct arena *arena = asking->arena;
    struct text installed = installed_version(asking->system, record->name, record->arch), why;

    struct apt_relations relations;

    if (!apt_relations_read(record->more, &relations, err))
        return false;
    answer->at = arena_grow(arena, answer->at, answer->count, &answer->capacity, answer->count + 1,
                            sizeof(*answer->at));
    if (answer->at == NULL)
        return arena_full(arena, err);
    if (!apt_scope_judge(&asking->scope, archive, record, installed, arena, &why))
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
        .why = why.size > 0 ? why : archive->archive.why,
        .refusal = why.size > 0 ? TRUST_SCOPE : TRUST_NOT_REFUSED,
        .date_us = archive->archive.date_us,
        .signers = archive->archive.signers,
    };
    return copy_all(new, arena) || arena_full(arena, err);
}

static bool ask_archive(const struct asking *asking, const struct apt_archive *archive,
                        const struct vouch_question *question, struct answer *answer, struct error *err)
{
    struct apt_table_walk walk = apt_table_find(&archive->table, question->name);
    struct apt_record record;

    while (apt_table_next(&walk, &record)) {
        if (!text_equal(record.name, question->name) || !text_equal(record.version, question->version) ||
            !text_equal(record.arch, question->arch))
            continue;
        if (!add(asking, answer, archive, &record, err))
            return error_at(err, "%.*s in %.*s", TEXT_ARG(question->name), TEXT_ARG(archive->archive.suite));
    }
    return true;
}

/* An archive whose list is not believed says nothing of a package; why not, is the answer for a plan that names it. */
static bool add_refused(const struct asking *asking, const struct apt_archive *archive,
                        const struct vouch_question *question, struct answer *answer, struct error *err)
{
    answer->at = arena_grow(asking->arena, answer->at, answer->count, &answer->capacity, answer->count + 1,
                            sizeof(*answer->at));
    if (answer->at == NULL)
        return arena_full(asking->arena, err);
    struct vouched *new = &answer->at[answer->count++];
    *new = (struct vouched){
        .name = question->name,
        .arch = question->arch,
        .version = question->version,
        .uri = archive->source_uri,
        .suite = archive->archive.suite,
        .state = archive->archive.state,
        .refusal = archive->archive.refusal,
        .date_us = TIME_ABSENT,
        .why = archive->archive.why,
    };
    return copy_all(new, asking->arena) || arena_full(asking->arena, err);
}

bool apt_vouch(const struct manager_request *request, const struct vouch_question *questions,
               struct arena *arena, struct vouched_records *out, struct error *err)
{
    OWN(apt_system_end) struct apt_system system = {0};

    if (!apt_system_read(request, true, arena, &system, err))
        return false;
    const struct asking asking = {&system, apt_scope_with(system.archives, system.archive_count), arena};
    for (size_t i = 0; questions[i].name.size > 0; i++) {
        struct answer answer = {0};
        for (size_t k = 0; k < system.archive_count; k++)
            if (system.archives[k].believed
                    ? !ask_archive(&asking, &system.archives[k], &questions[i], &answer, err)
                    : !add_refused(&asking, &system.archives[k], &questions[i], &answer, err))
                return false;
        out[i] = (struct vouched_records){answer.at, answer.count};
    }
    return true;
}
