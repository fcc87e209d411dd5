#include "flow/powers_of_plan.h"

#include "acquire/cache.h"
#include "base/child.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "flow/powers_message.h"

#define PACKAGES_OF_ONE 256 /* files that one suture-prove holds open */

static bool ask(const struct powers_request *request, const struct powers_question *question,
                struct arena *arena, struct powers *out, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_PROVE_MESSAGE);
    const char *argv[] = {request->program, "powers", NULL};
    struct child_command command = {
        .argv = argv, .timeout_ms = LIMIT_PROVE_TIME_MS, .output_limit = LIMIT_PROVE_MESSAGE + 64 * KIB};
    struct child_result result;
    struct prove_head head;

    powers_question_write(&w, question);
    if (!writer_done(&w, &command.input, err) || !child_run(&command, arena, &result, err))
        return false;
    if (result.status != 0)
        return error_set(err, ERROR_SYSTEM, "suture-prove ended with status %d", result.status);
    if (!powers_answer_read(result.output, arena, &head, out, err))
        return error_at(err, "suture-prove");
    return head.done || error_set(err, head.kind, "%.*s", TEXT_ARG(head.problem));
}

static bool append(struct powers *into, const struct powers *more, struct arena *arena, struct error *err)
{
    into->at = arena_grow(arena, into->at, into->count, &into->capacity, into->count + more->count + 1,
                          sizeof(*into->at));
    if (into->at == NULL)
        return arena_full(arena, err);
    if (more->count > 0)
        memcpy(&into->at[into->count], more->at, more->count * sizeof(*more->at));
    into->count += more->count;
    return true;
}

/* The changes whose files are here. */
static bool find_files(const struct powers_request *request, const struct plan *plan, struct arena *arena,
                       struct powers_item *items, size_t *count, size_t *unread, struct error *err)
{
    const char *folder = request->state == NULL ? NULL : file_path(arena, request->state, "cache");
    struct cache cache = {0};
    bool there = folder != NULL && file_is_folder(folder) && cache_open(folder, CACHE_PACKAGES, &cache, err);

    for (size_t i = 0; i < plan->change_count; i++) {
        const struct plan_change *change = &plan->changes[i];
        const char *path = NULL;
        if (change->kind == CHANGE_REMOVE)
            continue;
        if (request->paths != NULL)
            path = request->paths[i];
        else if (there && change->digest.kind == DIGEST_SHA256 &&
                 !cache_find(&cache, &(struct cache_item){change->digest, change->size}, arena, &path, err))
            return false;
        if (path == NULL)
            ++*unread;
        else
            items[(*count)++] = (struct powers_item){change->name, change->arch,    change->from,
                                                     change->to,   change->follows, text_of(path)};
    }
    return true;
}

bool powers_of_plan(const struct powers_request *request, const struct plan *plan, struct arena *arena,
                    struct plan_powers *out, struct error *err)
{
    struct powers_item *items = ARENA_ARRAY(arena, struct powers_item, plan->change_count);
    struct plan_powers got = {0};
    size_t count = 0;

    if (items == NULL)
        return arena_full(arena, err);
    if (!find_files(request, plan, arena, items, &count, &got.unread, err))
        return false;
    for (size_t from = 0; from < count; from += PACKAGES_OF_ONE) {
        const struct powers_question question = {text_of(request->root), items + from,
                                                 count - from < PACKAGES_OF_ONE ? count - from
                                                                                : PACKAGES_OF_ONE};
        struct powers some;
        if (!ask(request, &question, arena, &some, err) || !append(&got.powers, &some, arena, err))
            return false;
    }
    powers_sort(&got.powers);
    *out = got;
    return true;
}
