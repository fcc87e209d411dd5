/*
 * Prints what the manager of apt finds, line by line with tabs between, for tests that compare it with apt itself.
 *
 *     tool_apt_dump [--root DIR] [--inventory FILE] [--memory DIR] [--own DIR] [--now TIME] [--forget x] [--quiet]
 *
 *     A  index state uri suite component arch priority flags why       flags: s security, a advisories
 *     P  name arch version state flags candidate size archive          flags: h held, m automatic, f foreign, p pinned, o phased out
 *     V  name arch version priority phased archives                    one for each version that is offered or installed
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/own.h"
#include "manager/managers.h"

static void print_archive(const struct host *host, size_t index)
{
    static const char *const states[] = {"unknown", "verified", "stale", "refused", "absent"};
    const struct archive *archive = &host->archives[index];

    printf("A\t%zu\t%s\t%.*s\t%.*s\t%.*s\t%.*s\t%d\t%s%s\t%.*s\n", index, states[archive->state],
           TEXT_ARG(archive->uri), TEXT_ARG(archive->suite), TEXT_ARG(archive->component),
           TEXT_ARG(archive->arch), (int)archive->priority, archive->security ? "s" : "",
           archive->has_advisories ? "a" : "", TEXT_ARG(archive->why));
}

static void print_offer(const struct package *package, const struct offer *offer)
{
    printf("V\t%.*s\t%.*s\t%.*s\t%d\t%u\t", TEXT_ARG(package->name), TEXT_ARG(package->arch),
           TEXT_ARG(offer->version), (int)offer->priority, offer->phased);
    for (unsigned i = 0, first = 1; i < 64; i++)
        if (offer->archives >> i & 1) {
            printf("%s%u", first ? "" : ",", i);
            first = 0;
        }
    printf("\n");
}

static void print_package(const struct package *package)
{
    const struct offer *candidate =
        package->candidate == OFFER_NONE ? NULL : &package->offers[package->candidate];

    printf("P\t%.*s\t%.*s\t%.*s\t%s\t%s%s%s%s%s\t", TEXT_ARG(package->name), TEXT_ARG(package->arch),
           TEXT_ARG(package->version), package_state_name(package->state), package->held ? "h" : "",
           package->automatic ? "m" : "", package->foreign ? "f" : "", package->pinned ? "p" : "",
           package->phased_out ? "o" : "");
    if (candidate == NULL)
        printf("-\t0\t-\n");
    else
        printf("%.*s\t%" PRIu64 "\t%d\n", TEXT_ARG(candidate->version), candidate->size,
               (int)candidate->archive);
    for (size_t i = 0; i < package->offer_count; i++)
        print_offer(package, &package->offers[i]);
}

static bool take_option(const char *name, const char *value, struct manager_request *request)
{
    struct error err;

    if (strcmp(name, "--now") == 0)
        return time_parse(text_of(value), &request->now_us, &err);
    if (strcmp(name, "--forget") == 0)
        request->remember = false;
    else if (strcmp(name, "--root") == 0)
        request->root = value;
    else if (strcmp(name, "--inventory") == 0)
        request->inventory = value;
    else if (strcmp(name, "--memory") == 0)
        request->memory = value;
    else if (strcmp(name, "--own") == 0)
        request->own_lists = value;
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_SCAN_MEMORY);
    struct manager_request request = {.root = "/", .now_us = time_now_us(), .remember = true};
    bool quiet = argc > 1 && strcmp(argv[argc - 1], "--quiet") == 0;
    struct host host = {0};
    struct error err;

    for (int i = 1; i < argc - quiet; i += 2)
        if (i + 1 == argc || !take_option(argv[i], argv[i + 1], &request))
            return 2;
    const struct manager *manager = managers_of(request.root);
    if (manager == NULL || !manager->inventory(&request, &arena, &host, &err)) {
        fprintf(stderr, "%s\n", manager == NULL ? "no manager knows this root" : err.text);
        return 1;
    }
    for (size_t i = 0; i < host.archive_count && !quiet; i++)
        print_archive(&host, i);
    for (size_t i = 0; i < host.package_count && !quiet; i++)
        print_package(&host.packages[i]);
    return 0;
}
