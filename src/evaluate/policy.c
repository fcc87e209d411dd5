#include "evaluate/policy.h"

#define BUILT_IN_PROFILES 2
static const struct profile *const built_in_profiles[BUILT_IN_PROFILES] = {&profile_seed_cvss,
                                                                           &profile_exploited};

const struct policy policy_built_in = {
    .name = "built-in",
    .version = 1,
    .zone = {.name = "UTC", .has_footer = true, .footer_designation = {"UTC", 3}},
    .profiles = built_in_profiles,
    .profile_count = BUILT_IN_PROFILES,
    .trust = {SCORE_NVD, SCORE_CNA, SCORE_CISA_ADP, SCORE_VENDOR},
    .trust_count = 4,
    .urgency = &urgency_ssvc,
    .window = {.days = WINDOW_EVERY_DAY, .start_minute = 3 * 60, .length_minutes = 4 * 60},
    .cost = COST_DEFAULT,
    .functional_within = {0, DURATION_NEXT_UPGRADE},
    .minimum_age = {7, DURATION_DAYS},
    .vendor_after = {3, DURATION_DAYS},
    .unattended = {.held_powers = POLICY_POWERS_ALL, .battery_percent = 50},
};

bool globs_match(const struct globs *globs, struct text text)
{
    for (size_t i = 0; i < globs->count; i++)
        if (glob_matches(globs->at[i], text))
            return true;
    return globs->count == 0;
}

const struct window *policy_window(const struct policy *policy, struct text host)
{
    for (size_t i = 0; i < policy->class_count; i++) {
        const struct asset *asset = &policy->classes[i].asset;
        if (asset->packages.count + asset->sources.count + asset->ids.count == 0 &&
            globs_match(&asset->hosts, host))
            return &policy->classes[i].window;
    }
    return &policy->window;
}

bool asset_matches(const struct asset *asset, struct text source, struct text id, const struct text *packages,
                   size_t package_count)
{
    if (!globs_match(&asset->sources, source) || !globs_match(&asset->ids, id))
        return false;
    for (size_t i = 0; i < package_count; i++)
        if (globs_match(&asset->packages, packages[i]))
            return true;
    return asset->packages.count == 0;
}
