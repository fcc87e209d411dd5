/*
 * How long deciding takes: 3,000 findings by the built-in policy, by all profiles, and by a policy file when one is
 * given; and how long that file takes to read. Prints the best of many rounds, in processor time.
 *
 *     decide_speed [POLICY.yaml]
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/own.h"
#include "evaluate/decide.h"

#define FINDINGS 3000
#define ROUNDS   200

struct world {
    struct finding findings[FINDINGS];
    struct vulnerability vulnerabilities[FINDINGS];
    struct package packages[FINDINGS / 10];
    uint32_t indexes[FINDINGS];
    char names[FINDINGS / 10][16];
    struct host host;
};

/* Findings as a desktop has them: ten of each package, every third without a score, every fiftieth in the catalogue. */
static void make_world(struct world *world)
{
    static const char *const vectors[] = {"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
                                          "CVSS:3.1/AV:L/AC:L/PR:L/UI:R/S:U/C:H/I:N/A:N"};
    int64_t now_us = INT64_C(1795247400000000);

    for (uint32_t i = 0; i < FINDINGS / 10; i++) {
        (void)snprintf(world->names[i], sizeof(world->names[i]), "package-%u", i);
        world->packages[i] = (struct package){
            .name = text_of(world->names[i]), .source = text_of(world->names[i]), .candidate = OFFER_NONE};
    }
    for (uint32_t i = 0; i < FINDINGS; i++) {
        struct vulnerability *v = &world->vulnerabilities[i];
        *v = vulnerability_with(TEXT("CVE-2026-12345"));
        if (i % 3 != 0)
            vulnerability_put_score(
                v, (struct score){CVSS_31, SCORE_NVD, (int16_t)(20 + i % 80), text_of(vectors[i % 2])});
        if (i % 4 == 0)
            vulnerability_put_score(v, (struct score){CVSS_40, SCORE_CNA, 71, {0}});
        v->kev = i % 50 == 0;
        v->kev_added_us = v->kev ? now_us - TIME_DAY_US : TIME_ABSENT;
        world->indexes[i] = i / 10;
        world->findings[i] = (struct finding){.id = v->id,
                                              .source = world->packages[i / 10].source,
                                              .packages = &world->indexes[i],
                                              .package_count = 1,
                                              .class_of = i % 5 == 0 ? CLASS_NO_FIX : CLASS_AVAILABLE,
                                              .state = FINDING_OPEN,
                                              .fix_available_us = now_us - (int64_t)(i % 90) * TIME_DAY_US,
                                              .detected_us = now_us - TIME_DAY_US,
                                              .vulnerability = v,
                                              .update = UPDATE_NONE};
    }
    world->host =
        (struct host){.name = TEXT("web-03"), .packages = world->packages, .package_count = FINDINGS / 10};
}

static void die(const struct error *err)
{
    fprintf(stderr, "decide_speed: %s\n", err->text);
    exit(1);
}

static void measure(const char *what, const struct policy *policy, const struct world *world)
{
    const struct decide_context context = {.policy = policy,
                                           .now_us = INT64_C(1795247400000000),
                                           .host = &world->host,
                                           .findings = world->findings,
                                           .finding_count = FINDINGS,
                                           .first_seen_us = TIME_ABSENT,
                                           .kev_read_us = INT64_C(1795240000000000),
                                           .threat_read_us = INT64_C(1795240000000000),
                                           .order_end_us = TIME_ABSENT};
    int64_t best_us = INT64_MAX;
    size_t used = 0;

    for (int round = 0; round < ROUNDS; round++) {
        OWN(arena_end) struct arena arena = arena_with(64 * MIB);
        struct decide_result result;
        struct error err;
        int64_t before_us = time_cpu_us();
        if (!decide(&context, &arena, &result, &err))
            die(&err);
        int64_t took_us = time_cpu_us() - before_us;
        best_us = took_us < best_us ? took_us : best_us;
        used = arena.used;
    }
    printf("%-28s %5lld us for %d findings, %4lld ns each, %zu KB\n", what, (long long)best_us, FINDINGS,
           (long long)(best_us * 1000 / FINDINGS), used / 1024);
}

static struct policy read_policy(const char *path, struct arena *arena)
{
    int64_t best_us = INT64_MAX;
    struct policy policy;
    struct error err;

    for (int round = 0; round < ROUNDS; round++) {
        OWN(arena_end) struct arena once = arena_with(16 * MIB);
        int64_t before_us = time_cpu_us();
        if (!policy_read(path, ZONE_FOLDER, &once, &policy, &err))
            die(&err);
        int64_t took_us = time_cpu_us() - before_us;
        best_us = took_us < best_us ? took_us : best_us;
    }
    printf("%-28s %5lld us to read\n", path, (long long)best_us);
    if (!policy_read(path, ZONE_FOLDER, arena, &policy, &err))
        die(&err);
    return policy;
}

int main(int argc, char **argv)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct world *world = calloc(1, sizeof(*world));
    struct policy all = policy_built_in;

    if (world == NULL)
        return 1;
    make_world(world);
    measure("built-in policy", &policy_built_in, world);
    all.profiles = profiles;
    all.profile_count = 0;
    while (profiles[all.profile_count] != NULL)
        all.profile_count++;
    measure("all built-in profiles", &all, world);
    if (argc > 1) {
        struct policy given = read_policy(argv[1], &arena);
        measure(argv[1], &given, world);
    }
    free(world);
    return 0;
}
