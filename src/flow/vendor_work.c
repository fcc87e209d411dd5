#include "flow/vendor_work.h"

#include "base/file.h"
#include "flow/vendor.h"
#include "identify/os_release.h"
#include "manager/managers.h"

struct work {
    const struct vendor_question *question;
    const struct publishers *publishers;
    const struct host *host;
    struct arena *arena;
};

/* Whether this archive is what a source of this suite brought, believed or not. */
static bool is_of(const struct work *work, const struct archive *archive, const struct publisher *publisher,
                  struct text suite)
{
    size_t scheme = text_find(archive->uri, TEXT("://"));
    struct text place = scheme == SIZE_MAX ? archive->uri : text_part(archive->uri, scheme + 3, SIZE_MAX);
    bool bound;

    if (!text_equal(archive->suite, suite))
        return false;
    if (archive->publisher.size > 0)
        return text_equal(archive->publisher, text_of(publisher->name));
    return archive->state != ARCHIVE_VERIFIED && archive->state != ARCHIVE_STALE &&
           publishers_of_source(work->publishers, place, suite, &bound) == publisher;
}

/* Why the machine's own sources do not do, or nothing when they do. */
static struct text why_silent(const struct work *work, const struct vendor_suite *suite,
                              const struct archive *refused)
{
    if (suite->date_us != TIME_ABSENT) {
        int64_t age_us = work->question->now_us - suite->date_us;
        if (age_us <= work->question->after_us)
            return (struct text){0};
        return text_format(work->arena, "its newest list here is %lld hours old",
                           (long long)(age_us / TIME_HOUR_US));
    }
    if (refused == NULL || refused->why.size == 0)
        return TEXT("no list of it is here");
    return text_format(work->arena, "its list is not believed: %s%s%.*s",
                       refused->refusal == TRUST_NOT_REFUSED ? "" : trust_refusal_name(refused->refusal),
                       refused->refusal == TRUST_NOT_REFUSED ? "" : ": ", TEXT_ARG(refused->why));
}

static bool has_list(const struct vendor_suite *suite, const struct archive *archive)
{
    for (size_t i = 0; i < suite->list_count; i++)
        if (text_equal(suite->lists[i].component, archive->component) &&
            text_equal(suite->lists[i].arch, archive->arch))
            return true;
    return false;
}

/* What the folder of own lists has of it. */
static struct vendor_list own_list(const struct work *work, const struct vendor_suite *suite,
                                   const struct archive *of)
{
    struct vendor_list list = {of->component, of->arch, ARCHIVE_ABSENT, TIME_ABSENT,
                               TEXT("nothing newer is there")};

    for (size_t i = 0; i < work->host->archive_count; i++) {
        const struct archive *archive = &work->host->archives[i];
        if (!archive->own || !text_equal(archive->uri, suite->uri) ||
            !text_equal(archive->suite, suite->suite) || !text_equal(archive->component, of->component) ||
            !text_equal(archive->arch, of->arch))
            continue;
        list.state = archive->went_back ? ARCHIVE_REFUSED : archive->state;
        list.date_us = archive->date_us;
        list.why = archive->refusal == TRUST_NOT_REFUSED
                       ? archive->why
                       : text_format(work->arena, "%s: %.*s", trust_refusal_name(archive->refusal),
                                     TEXT_ARG(archive->why));
    }
    return list;
}

static bool look(const struct work *work, const struct publisher *publisher, struct text name,
                 struct vendor_suite *suite, struct error *err)
{
    struct vendor_list *lists = ARENA_ARRAY(work->arena, struct vendor_list, VENDOR_LISTS_MAX);
    const struct archive *refused = NULL;

    if (lists == NULL)
        return arena_full(work->arena, err);
    *suite = (struct vendor_suite){.publisher = text_of(publisher->name),
                                   .uri = text_of(publisher->security_uri),
                                   .suite = name,
                                   .date_us = TIME_ABSENT,
                                   .lists = lists};
    for (size_t i = 0; i < work->host->archive_count; i++) {
        const struct archive *archive = &work->host->archives[i];
        if ((archive->own && archive->added) || !is_of(work, archive, publisher, name))
            continue;
        if (archive->source_date_us > suite->date_us)
            suite->date_us = archive->source_date_us;
        if (archive->state == ARCHIVE_REFUSED || archive->went_back)
            refused = archive;
        if (suite->list_count < VENDOR_LISTS_MAX && !has_list(suite, archive))
            lists[suite->list_count++] = own_list(work, suite, archive);
    }
    suite->why = why_silent(work, suite, refused);
    suite->silent = suite->why.size > 0;
    return suite->why.size == 0 || suite->why.at != NULL || arena_full(work->arena, err);
}

bool vendor_work(const struct vendor_question *question, struct arena *arena, struct vendor_suites *out,
                 struct error *err)
{
    const char *root = text_string(arena, question->root), *state = text_string(arena, question->state);
    const char *publishers = text_string(arena, question->publishers);
    const char *folder = text_string(arena, question->folder);
    struct manager_request request = {.root = root, .now_us = question->now_us};
    struct vendor_suite *suites = ARENA_ARRAY(arena, struct vendor_suite, VENDOR_SUITES_MAX);
    struct host *host = ARENA_NEW(arena, struct host);
    struct vendor_floors floors;
    struct os_release release;
    size_t count = 0;

    if (root == NULL || state == NULL || publishers == NULL || folder == NULL || suites == NULL ||
        host == NULL)
        return arena_full(arena, err);
    if (!vendor_request(state[0] == 0 ? NULL : state, publishers, &floors, arena, &request, err) ||
        !os_release_read(root, arena, &release, err))
        return false;
    request.own_lists = folder[0] == 0 ? NULL : folder;
    const struct manager *manager = managers_of(root);
    if (manager == NULL)
        return error_set(err, ERROR_ABSENT, "%s: no package manager is known here", root);
    if (!manager->inventory(&request, arena, host, err))
        return false;
    const struct work work = {question, request.publishers, host, arena};
    for (size_t i = 0; i < request.publishers->count && count < VENDOR_SUITES_MAX; i++) {
        const struct publisher *publisher = request.publishers->at[i];
        const struct publisher_suite *row =
            publisher_security_suite(publisher, text_of(release.release.name));
        if (row == NULL || publisher->security_uri == NULL)
            continue;
        if (!look(&work, publisher, text_of(publisher_suite_name(row)), &suites[count], err))
            return false;
        count += suites[count].list_count > 0;
    }
    *out = (struct vendor_suites){suites, count};
    return true;
}
