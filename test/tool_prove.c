/*
 * For tests: fetches and proves the packages of a plan in a file, as a run does.
 *
 *     tool_prove ROOT STATE RUN PLAN NOW [fetch|prove|both]
 *
 * One line for each artifact: "NAME ARCH VERSION BASIS SUITE SIGNERS PATH", or one "refused REFUSAL: TEXT". SUTURE_PROVE
 * and SUTURE_FETCH are the programs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "flow/plan_json.h"
#include "flow/prove.h"

static int refuse(enum trust_refusal refusal, const struct error *err)
{
    printf("refused %s (%s): %s\n", trust_refusal_name(refusal), error_kind_name(err->kind), err->text);
    return 1;
}

static int work(const struct prove_request *request, const struct plan *plan, const char *what,
                struct arena *arena)
{
    struct trusted_artifact *artifacts = ARENA_ARRAY(arena, struct trusted_artifact, plan->change_count);
    enum trust_refusal refusal = TRUST_NOT_REFUSED;
    struct prove_fetched result;
    struct error err = {0};

    if (strcmp(what, "prove") != 0) {
        if (!prove_fetch(request, plan, arena, &result, &err))
            return refuse(refusal, &err);
        printf("fetched %zu, reused %zu\n", result.mirror.fetched_count, result.mirror.reused_count);
    }
    if (strcmp(what, "fetch") == 0)
        return 0;
    if (artifacts == NULL || !prove_plan(request, plan, arena, artifacts, &refusal, &err))
        return refuse(refusal, &err);
    for (size_t i = 0; i < plan->change_count; i++)
        printf("%.*s %.*s %.*s %s %.*s %.*s %s\n", TEXT_ARG(artifacts[i].name), TEXT_ARG(artifacts[i].arch),
               TEXT_ARG(artifacts[i].version), trust_basis_name(artifacts[i].basis),
               TEXT_ARG(artifacts[i].suite), TEXT_ARG(artifacts[i].signers), artifacts[i].path);
    return 0;
}

int main(int argc, char **argv)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_SCAN_MEMORY);
    struct prove_request request = {.program = getenv("SUTURE_PROVE"), .fetcher = getenv("SUTURE_FETCH")};
    struct plan plan;
    struct bytes raw;
    struct error err = {0};

    if (argc < 6)
        return 2;
    request.root = argv[1];
    request.state = argv[2];
    request.run = argv[3];
    if (!file_read(argv[4], LIMIT_PLAN_FILE, &arena, &raw, &err) ||
        !plan_read_json(raw, &arena, &plan, &err) || !time_parse(text_of(argv[5]), &request.now_us, &err))
        return refuse(TRUST_NOT_REFUSED, &err);
    return work(&request, &plan, argc > 6 ? argv[6] : "both", &arena);
}
