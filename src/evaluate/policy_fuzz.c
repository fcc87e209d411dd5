/*
 * Whatever the file is: it is refused with a reason, or it is a policy by which a finding can be decided and that reads
 * back as sentences. The same bytes are tried as a profile and as a table.
 */
#include <assert.h>

#include "base/limits.h"
#include "base/own.h"
#include "evaluate/data_read.h"
#include "evaluate/decide.h"
#include "evaluate/policy_sentences.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void decide_one(const struct policy *policy)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    static const uint32_t first = 0;
    struct package package = {.name = TEXT("nginx"), .source = TEXT("nginx"), .candidate = OFFER_NONE};
    const struct host host = {.name = TEXT("web-03"), .packages = &package, .package_count = 1};
    const struct finding finding = {.id = TEXT("CVE-2026-12345"),
                                    .source = TEXT("nginx"),
                                    .packages = &first,
                                    .package_count = 1,
                                    .class_of = CLASS_AVAILABLE,
                                    .fix_available_us = TIME_ABSENT,
                                    .detected_us = INT64_C(1795247400000000),
                                    .update = UPDATE_NONE};
    const struct decide_context context = {.policy = policy,
                                           .now_us = INT64_C(1795247400000000),
                                           .host = &host,
                                           .findings = &finding,
                                           .finding_count = 1,
                                           .first_seen_us = TIME_ABSENT,
                                           .kev_read_us = TIME_ABSENT,
                                           .threat_read_us = TIME_ABSENT,
                                           .order_end_us = TIME_ABSENT};
    struct decide_result result;
    struct error err = {0};

    assert(decide(&context, &arena, &result, &err));
    assert(result.findings[0].action > ACTION_UNKNOWN && result.findings[0].action < ACTION_COUNT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(arena_end) struct arena arena = arena_with(8 * MIB);
    OWN(writer_end) struct writer w = writer_with(4 * MIB);
    const struct policy_place place = {"/nonexistent", "/nonexistent"};
    struct bytes file = {data, size};
    struct policy policy;
    struct profile profile;
    struct urgency_table table;
    struct error err = {0};

    if (policy_parse(file, TEXT("f"), &place, &arena, &policy, &err)) {
        decide_one(&policy);
        policy_write_sentences(&w, &policy, 0);
    } else {
        assert(err.kind != ERROR_NONE && err.text[0] != 0);
    }
    if (profile_read(file, TEXT("f"), &arena, &profile, &err)) {
        assert(profile.rule_count > 0 && profile.rules[0].clock_count > 0);
        profile_write_rules(&w, &profile, 0);
    }
    if (urgency_read(file, TEXT("f"), &arena, &table, &err))
        assert(urgency_check(&table, &err));
    assert(writer_ok(&w));
    return 0;
}
