#include "drill/drills.h"

#include "base/nearest.h"

extern const struct drill drill_rollback, drill_freeze, drill_mix_and_match, drill_endless_data,
    drill_slow_drip, drill_bombs, drill_fast_forward, drill_key_ladder, drill_root_rotation, drill_thresholds,
    drill_expired_root, drill_clock_off, drill_forged_inrelease, drill_suite_swap, drill_shadowed_package,
    drill_solarwinds, drill_medoc, drill_wsuspect, drill_stolen_approver, drill_insider,
    drill_replayed_crisis, drill_wrong_orders, drill_solo_thief, drill_poisoned_feed, drill_archive_traversal,
    drill_decoder_bombs, drill_malicious_delta, drill_installer_race, drill_owned_fetcher, drill_hurried_lane,
    drill_restored_server, drill_stolen_token, drill_cloned_agent;

const struct drill *const drills[] = {
    &drill_rollback,
    &drill_freeze,
    &drill_mix_and_match,
    &drill_endless_data,
    &drill_slow_drip,
    &drill_bombs,
    &drill_fast_forward,
    &drill_key_ladder,
    &drill_root_rotation,
    &drill_thresholds,
    &drill_expired_root,
    &drill_clock_off,
    &drill_forged_inrelease,
    &drill_suite_swap,
    &drill_shadowed_package,
    &drill_solarwinds,
    &drill_medoc,
    &drill_wsuspect,
    &drill_stolen_approver,
    &drill_insider,
    &drill_replayed_crisis,
    &drill_wrong_orders,
    &drill_solo_thief,
    &drill_poisoned_feed,
    &drill_archive_traversal,
    &drill_decoder_bombs,
    &drill_malicious_delta,
    &drill_installer_race,
    &drill_owned_fetcher,
    &drill_hurried_lane,
    &drill_restored_server,
    &drill_stolen_token,
    &drill_cloned_agent,
    NULL,
};

bool drills_find(struct text name, const struct drill **out, struct error *err)
{
    struct nearest nearest = nearest_with(name);

    for (size_t i = 0; drills[i] != NULL; i++) {
        if (text_equal(text_of(drills[i]->name), name)) {
            *out = drills[i];
            return true;
        }
        nearest_try(&nearest, text_of(drills[i]->name));
    }
    if (nearest.best.size > 0)
        return error_set(err, ERROR_INPUT, "there is no drill \"%.*s\"; do you mean \"%.*s\"?",
                         TEXT_ARG(name), TEXT_ARG(nearest.best));
    return error_set(err, ERROR_INPUT, "there is no drill \"%.*s\"; suture drill list names them",
                     TEXT_ARG(name));
}
