#include "flow/vendor_lists.h"

#include <stdio.h>

#include "base/child.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "flow/vendor.h"
#include "flow/vendor_message.h"
#include "manager/apt_sources.h"
#include "store/state.h"
#include "wire/fetch.h"

#define FETCHED_AGAIN_US (12 * TIME_HOUR_US)
#define NEW_FOLDER       VENDOR_LISTS ".new"

struct work {
    const struct vendor_lists_request *request;
    struct arena *arena;
    const char *publishers;
    const char *lists, *new; /* folders */
    struct text said;
    bool fetched;
};

/* ---- what suture-prove says ---- */

static bool ask(const struct work *work, const char *folder, struct vendor_suites *out, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_PROVE_MESSAGE);
    const struct vendor_lists_request *request = work->request;
    const char *argv[] = {request->prove, "vendor", NULL};
    struct child_command command = {
        .argv = argv, .timeout_ms = LIMIT_PROVE_TIME_MS, .output_limit = LIMIT_PROVE_MESSAGE};
    struct child_result result;
    struct prove_head head;

    vendor_question_write(&w, &(struct vendor_question){.now_us = request->now_us,
                                                        .after_us = request->after_us,
                                                        .root = text_of(request->root),
                                                        .state = text_of(request->state),
                                                        .publishers = text_of(work->publishers),
                                                        .folder = text_of(folder)});
    if (!writer_done(&w, &command.input, err) || !child_run(&command, work->arena, &result, err))
        return false;
    if (result.status != 0)
        return error_set(err, ERROR_SYSTEM, "suture-prove ended with status %d", result.status);
    if (!vendor_answer_read(result.output, work->arena, &head, out, err))
        return error_at(err, "suture-prove");
    return head.done || error_set(err, head.kind, "%.*s", TEXT_ARG(head.problem));
}

/* ---- fetching ---- */

static struct apt_source source_of(const struct vendor_suite *suite, const struct vendor_list *list)
{
    return (struct apt_source){
        .uri = suite->uri, .suite = suite->suite, .component = list->component, .arch = list->arch};
}

/* One file of the suite into the folder of new lists, under the name that apt would give it. */
static bool fetch_file(const struct work *work, const struct apt_source *source, struct text name,
                       const char *ending, uint64_t limit, struct error *err)
{
    struct arena *arena = work->arena;
    struct text file = apt_source_file_name(source, name, arena);
    struct text url = text_format(arena, "%.*sdists/%.*s/%.*s%s", TEXT_ARG(source->uri),
                                  TEXT_ARG(source->suite), TEXT_ARG(name), ending);
    struct text kept = text_format(arena, "%.*s%s", TEXT_ARG(file), ending);
    const struct fetch_request request = {
        .program = work->request->fetcher,
        .spool = work->new,
        .name = kept.at,
        .url = url,
        .ca_file = work->request->ca_file,
        .size_limit = limit,
    };
    struct fetch_result result;

    if (file.at == NULL || url.at == NULL || kept.at == NULL)
        return arena_full(arena, err);
    if (!fetch_run(&request, arena, &result, err))
        return err->kind == ERROR_LIMIT ? error_at(err, "endless-data") : false;
    return true;
}

static bool fetch_suite(const struct work *work, const struct vendor_suite *suite, struct error *err)
{
    struct state state;

    if (!state_open(work->request->state, STATE_WRITE, &state, err) || !file_remove_tree(work->new, err) ||
        !file_make_folders(work->new, 0700, err))
        return false;
    for (size_t i = 0; i < suite->list_count; i++) {
        const struct apt_source source = source_of(suite, &suite->lists[i]);
        struct text list = apt_source_list_name(&source, work->arena);
        if (list.at == NULL)
            return arena_full(work->arena, err);
        if (i == 0 && !fetch_file(work, &source, TEXT("InRelease"), "", LIMIT_INRELEASE, err))
            return false;
        if (!fetch_file(work, &source, list, ".xz", LIMIT_VENDOR_LIST, err))
            return false;
    }
    return true;
}

/* ---- taking it over ---- */

static const struct vendor_suite *find_suite(const struct vendor_suites *suites,
                                             const struct vendor_suite *wanted)
{
    for (size_t i = 0; i < suites->count; i++)
        if (text_equal(suites->at[i].publisher, wanted->publisher) &&
            text_equal(suites->at[i].suite, wanted->suite))
            return &suites->at[i];
    return NULL;
}

/* The oldest date of its lists, TIME_ABSENT when one of them is not believed: then `why` says it. */
static int64_t own_date(const struct vendor_suite *suite, struct text *why)
{
    int64_t oldest_us = suite->list_count == 0 ? TIME_ABSENT : INT64_MAX;

    *why = (struct text){0};
    for (size_t i = 0; i < suite->list_count; i++) {
        if (suite->lists[i].state != ARCHIVE_VERIFIED) {
            *why = suite->lists[i].why;
            return TIME_ABSENT;
        }
        if (suite->lists[i].date_us < oldest_us)
            oldest_us = suite->lists[i].date_us;
    }
    return oldest_us;
}

/* The lists first, the InRelease that names them last: a stop between leaves a pair that is not believed. */
static bool take_files(const struct work *work, struct error *err)
{
    struct file_names names;

    if (!file_make_folders(work->lists, 0700, err) ||
        !file_list(work->new, VENDOR_LISTS_MAX * 4, work->arena, &names, err))
        return false;
    for (int turn = 0; turn < 2; turn++)
        for (size_t i = 0; i < names.count; i++) {
            bool last = text_ends(names.names[i], TEXT("InRelease"));
            const char *from = file_path(work->arena, work->new, names.names[i].at);
            const char *to = file_path(work->arena, work->lists, names.names[i].at);
            if (from == NULL || to == NULL)
                return arena_full(work->arena, err);
            if (last == (turn == 1) && rename(from, to) != 0)
                return error_system(err, "%s", to);
        }
    return file_sync_folder(work->lists, err);
}

static bool verify_and_take(struct work *work, const struct vendor_suite *suite, int64_t before_us,
                            int64_t *date_us, struct error *err)
{
    struct vendor_suites found;
    struct text why;

    if (!ask(work, work->new, &found, err))
        return false;
    const struct vendor_suite *now = find_suite(&found, suite);
    *date_us = now == NULL ? TIME_ABSENT : own_date(now, &why);
    if (*date_us == TIME_ABSENT)
        return error_set(err, ERROR_TRUST, "%.*s", TEXT_ARG(now == NULL ? TEXT("is not its list") : why));
    if (before_us != TIME_ABSENT && *date_us < before_us)
        return error_set(err, ERROR_TRUST, "rollback: is older than what it sent before");
    return take_files(work, err);
}

/* ---- all ---- */

static bool say(struct work *work, const struct vendor_suite *suite, const char *what, struct text more,
                struct error *err)
{
    work->said = text_format(work->arena, "%.*s%s%.*s: %.*s, so %.*s was asked: %s%.*s", TEXT_ARG(work->said),
                             work->said.size > 0 ? ". " : "", TEXT_ARG(suite->suite), TEXT_ARG(suite->why),
                             TEXT_ARG(suite->uri), what, TEXT_ARG(more));
    return work->said.at != NULL || arena_full(work->arena, err);
}

static struct text date_text(int64_t us, struct arena *arena)
{
    OWN(writer_end) struct writer w = writer_with(64);

    time_write(&w, us);
    struct bytes bytes = writer_bytes(&w);
    return text_copy(arena, (struct text){(const char *)bytes.at, bytes.size});
}

static bool refresh(struct work *work, const struct vendor_suite *suite, struct error *err)
{
    struct text ignored;
    int64_t before_us = own_date(suite, &ignored), date_us = before_us;
    struct error failed = {0};

    if (before_us == TIME_ABSENT || work->request->now_us - before_us > FETCHED_AGAIN_US) {
        if (!fetch_suite(work, suite, &failed) ||
            !verify_and_take(work, suite, before_us, &date_us, &failed)) {
            if (before_us == TIME_ABSENT)
                return say(work, suite, "it cannot help: ", text_copy(work->arena, text_of(failed.text)),
                           err);
            date_us = before_us;
        } else {
            work->fetched = true;
        }
    }
    return say(work, suite, "its list is of ", date_text(date_us, work->arena), err);
}

bool vendor_lists_refresh(const struct vendor_lists_request *request, struct arena *arena,
                          struct vendor_lists_result *out, struct error *err)
{
    struct work work = {.request = request,
                        .arena = arena,
                        .lists = file_path(arena, request->state, VENDOR_LISTS),
                        .new = file_path(arena, request->state, NEW_FOLDER)};
    struct vendor_suites suites;
    struct error ignored;

    *out = (struct vendor_lists_result){0};
    if (request->after_us == 0)
        return true;
    if (work.lists == NULL || work.new == NULL)
        return arena_full(arena, err);
    if (!vendor_publishers_path(request->publishers, arena, &work.publishers, err) ||
        !ask(&work, work.lists, &suites, err))
        return false;
    for (size_t i = 0; i < suites.count; i++)
        if (suites.at[i].silent && !refresh(&work, &suites.at[i], err))
            return false;
    (void)!file_remove_tree(work.new, &ignored); /* what was not taken is nothing */
    *out = (struct vendor_lists_result){work.fetched, work.said};
    return true;
}
