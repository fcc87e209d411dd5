#include "evaluate/policy_sentences.h"

/* -- profiles -- */

static const char *value_name(enum profile_input input, unsigned value)
{
    static const char *const ncsc[NCSC_COUNT] = {[NCSC_UNKNOWN] = "unknown",
                                                 [NCSC_NORMAL] = "normal",
                                                 [NCSC_HIGH_HIGH] = "high/high",
                                                 [NCSC_URGENT] = "urgent"};

    switch (input) {
    case PROFILE_VENDOR_SEVERITY:
        return value == SEVERITY_UNKNOWN ? "not given" : severity_name((enum severity)value);
    case PROFILE_SEVERITY:
        return severity_name((enum severity)value);
    case PROFILE_EXPLOITATION:
        return exploitation_name((enum exploitation)value);
    case PROFILE_EXPOSURE:
        return exposure_name((enum exposure)value);
    case PROFILE_TECHNICAL_IMPACT:
        return technical_impact_name((enum technical_impact)value);
    case PROFILE_NCSC:
        return ncsc[value < NCSC_COUNT ? value : NCSC_UNKNOWN];
    case PROFILE_KEV:
    case PROFILE_EXPLOITED:
    case PROFILE_AUTOMATABLE:
    case PROFILE_INPUT_COUNT:
    default:
        return answer_name((enum answer)value);
    }
}

static void write_condition(struct writer *w, const struct profile_condition *condition)
{
    static const char *const names[PROFILE_INPUT_COUNT] = {
        [PROFILE_SEVERITY] = "severity",
        [PROFILE_VENDOR_SEVERITY] = "vendor's severity",
        [PROFILE_KEV] = "KEV",
        [PROFILE_EXPLOITED] = "exploited",
        [PROFILE_EXPLOITATION] = "exploitation",
        [PROFILE_EXPOSURE] = "exposure",
        [PROFILE_AUTOMATABLE] = "automatable",
        [PROFILE_TECHNICAL_IMPACT] = "technical impact",
        [PROFILE_NCSC] = "NCSC-NL",
    };
    const char *between = "";

    writer_format(w, "%s ", names[condition->input]);
    for (unsigned value = 0; value < 8; value++)
        if ((condition->accepts >> value & 1) != 0) {
            writer_format(w, "%s%s", between, value_name((enum profile_input)condition->input, value));
            between = " or ";
        }
}

static void write_clocks(struct writer *w, const struct profile_rule *rule)
{
    for (size_t i = 0; i < rule->clock_count; i++)
        writer_format(w, "%s%s", i > 0 ? ", else " : " from ", clock_name((enum clock)rule->clocks[i]));
}

static bool same_clocks(const struct profile *profile)
{
    const struct profile_rule *first = &profile->rules[0];

    for (size_t i = 1; i < profile->rule_count; i++)
        if (profile->rules[i].clock_count != first->clock_count ||
            memcmp(profile->rules[i].clocks, first->clocks, first->clock_count) != 0)
            return false;
    return true;
}

void profile_write_rules(struct writer *w, const struct profile *profile, int indent)
{
    bool once = same_clocks(profile);

    for (size_t i = 0; i < profile->rule_count; i++) {
        const struct profile_rule *rule = &profile->rules[i];
        writer_format(w, "%*s", indent, "");
        for (size_t j = 0; j < rule->condition_count; j++) {
            writer_string(w, j > 0 ? ", " : "");
            write_condition(w, &rule->conditions[j]);
        }
        writer_string(w, rule->condition_count > 0 ? ": " : "everything else: ");
        duration_write(w, rule->within);
        if (!once && rule->within.unit != DURATION_NEXT_UPGRADE)
            write_clocks(w, rule);
        writer_string(w, rule->triage ? ", traces secured first\n" : "\n");
    }
    if (once) {
        writer_format(w, "%*sCounted", indent, "");
        write_clocks(w, &profile->rules[0]);
        writer_string(w, ".\n");
    }
}

static bool is_retired(const struct profile *profile, int64_t now_us)
{
    struct error ignored;
    int64_t us;

    if (profile->retired_on == NULL)
        return false;
    return !time_parse(text_of(profile->retired_on), &us, &ignored) ||
           us <= now_us; /* "not known": long ago */
}

void profile_write(struct writer *w, const struct profile *profile, int64_t now_us)
{
    writer_format(w, "  %s: %s, version %s.\n", profile->id, profile->title, profile->version);
    if (is_retired(profile, now_us))
        writer_format(w, "    RETIRED on %s.\n", profile->retired_on);
    profile_write_rules(w, profile, 4);
    writer_string(w, profile->stops_mitigated ? "    A mitigation ends its clock."
                                              : "    Only the patch ends its clock.");
    writer_string(w, profile->law ? " Its dates cannot be waived.\n" : "\n");
    if (profile->note != NULL)
        writer_format(w, "    %s\n", profile->note);
    writer_format(w, "    Source: %s; read %s.\n", profile->source, profile->date_read);
}

/* -- the rest -- */

static void write_trust(struct writer *w, const struct policy *policy)
{
    writer_string(w, "Scores count by source in this order: ");
    for (size_t i = 0; i < policy->trust_count; i++)
        writer_format(w, "%s%s", i > 0 ? ", " : "", score_source_name((enum score_source)policy->trust[i]));
    writer_string(w, policy->trust_count < SCORE_SOURCE_COUNT - 1 ? "; others are not used.\n" : ".\n");
    writer_string(w,
                  "CVSS 3.x counts before 4.0, and 4.0 before 2; without a score a hole is high, assumed.\n");
}

static void write_clock_time(struct writer *w, unsigned minute)
{
    writer_format(w, "%02u:%02u", minute / 60, minute % 60);
}

static void write_window(struct writer *w, const struct window *window)
{
    window_write_days(w, window->days);
    writer_string(w, " ");
    write_clock_time(w, window->start_minute);
    writer_format(w, " for %u hour%s", window->length_minutes / 60, window->length_minutes == 60 ? "" : "s");
}

static void write_cost(struct writer *w, const struct cost_terms *cost)
{
    writer_format(w, "%u user%s, %u min without service, %u %% of updates break and take %u min to restore",
                  cost->users, cost->users == 1 ? "" : "s", cost->downtime_minutes, cost->breaking_percent,
                  cost->restore_minutes);
    if (cost->busy_days == 0)
        return;
    writer_string(w, "; ");
    window_write_days(w, cost->busy_days);
    writer_string(w, " from ");
    write_clock_time(w, cost->busy_from_minute);
    writer_string(w, " to ");
    write_clock_time(w, cost->busy_to_minute);
    writer_format(w, " an hour weighs %u times as much", cost->busy_weight);
}

static void write_globs(struct writer *w, const char *what, const struct globs *globs, const char **between)
{
    if (globs->count == 0)
        return;
    writer_format(w, "%s%s ", *between, what);
    for (size_t i = 0; i < globs->count; i++)
        writer_format(w, "%s%s", i > 0 ? " or " : "", globs->at[i]);
    *between = ", ";
}

static void write_asset(struct writer *w, const struct asset *asset)
{
    const char *between = "";

    write_globs(w, "host", &asset->hosts, &between);
    write_globs(w, "package", &asset->packages, &between);
    write_globs(w, "source", &asset->sources, &between);
    write_globs(w, "CVE", &asset->ids, &between);
    if (between[0] == 0)
        writer_string(w, "everything");
}

static void write_classes(struct writer *w, const struct policy *policy)
{
    if (policy->class_count > 0)
        writer_string(w, "Assets by class; the first that matches counts:\n");
    for (size_t i = 0; i < policy->class_count; i++) {
        const struct policy_class *class_of = &policy->classes[i];
        writer_format(w, "  %s: ", class_of->name);
        write_asset(w, &class_of->asset);
        writer_string(w, ".\n");
        if (class_of->exposure != EXPOSURE_UNKNOWN)
            writer_format(w, "    Exposure %s.\n", exposure_name(class_of->exposure));
        if (class_of->impact != IMPACT_UNKNOWN)
            writer_format(w, "    Impact %s.\n", impact_name(class_of->impact));
        if (class_of->dispensable)
            writer_string(w, "    It may be switched off.\n");
        if (class_of->has_window) {
            writer_string(w, "    Changes: ");
            write_window(w, &class_of->window);
            writer_string(w, ".\n");
        }
        if (class_of->has_cost) {
            writer_string(w, "    Cost: ");
            write_cost(w, &class_of->cost);
            writer_string(w, ".\n");
        }
    }
    writer_string(w, "What no class says is assumed: exposure open with a public address, else controlled;\n"
                     "  impact medium, until the owner says.\n");
}

static void write_exceptions(struct writer *w, const struct policy *policy, int64_t now_us)
{
    if (policy->exception_count == 0) {
        writer_string(w, "There are no exceptions.\n");
        return;
    }
    writer_string(w, "Exceptions; no date of the law is waived by one:\n");
    for (size_t i = 0; i < policy->exception_count; i++) {
        const struct policy_exception *exception = &policy->exceptions[i];
        struct civil end = zone_civil(&policy->zone, exception->end_us);
        writer_string(w, "  ");
        write_asset(w, &exception->asset);
        writer_format(w, ": %s %04d-%02d-%02d.\n",
                      exception->end_us <= now_us ? "ENDED on" : "accepted until", end.year, end.month,
                      end.day);
        writer_format(w, "    Reason: %s. Measure: %s.\n    Signed by ", exception->reason,
                      exception->measure);
        for (size_t j = 0; j < exception->signer_count; j++)
            writer_format(w, "%s%s", j > 0 ? ", " : "", exception->signers[j]);
        writer_string(w, ".\n");
    }
}

/* What holds for every update of the kind, due or asked for. */
static void write_wait(struct writer *w, const struct policy *policy)
{
    writer_string(w, "a version comes no earlier than ");
    duration_write(w, policy->minimum_age);
    writer_string(w, " after it was first seen here.\n");
}

static void write_vendor(struct writer *w, const struct policy *policy)
{
    writer_string(w, "Where no source brings believed security lists younger than ");
    duration_write(w, policy->vendor_after);
    writer_string(w, ", the vendor's own security archive is asked.\n");
}

static void write_functional(struct writer *w, const struct policy *policy)
{
    writer_string(w, "Updates that close no hole ");
    if (policy->functional_within.unit == DURATION_NEXT_UPGRADE) {
        writer_string(w, "wait; asked for, ");
        write_wait(w, policy);
        return;
    }
    writer_string(w, "are due after ");
    duration_write(w, policy->functional_within);
    writer_string(w, "; ");
    write_wait(w, policy);
}

static void write_held_powers(struct writer *w, const struct policy_unattended *unattended)
{
    const char *between = " of these kinds ";

    if (unattended->held_powers == 0) {
        writer_string(w, " is installed; ");
        return;
    }
    for (enum power_kind kind = POWER_SCRIPT;
         unattended->held_powers != POLICY_POWERS_ALL && kind < POWER_KIND_COUNT; kind++)
        if ((unattended->held_powers >> kind & 1) != 0) {
            writer_format(w, "%s%s", between, power_kind_words(kind));
            between = ", ";
        }
    writer_string(w, " is held until a person decides; ");
}

static void write_new_packages(struct writer *w, const struct policy_unattended *unattended)
{
    writer_string(w, "a new package of no source that is here");
    for (size_t i = 0; i < unattended->new_packages.count; i++)
        writer_format(w, "%s%s", i > 0 ? ", " : ", other than ", unattended->new_packages.at[i]);
    writer_string(w, unattended->new_packages.count > 0 ? ", is held too; " : " is held too; ");
}

static void write_unattended(struct writer *w, const struct policy *policy)
{
    const struct policy_unattended *unattended = &policy->unattended;

    writer_string(w, "When nobody is there: an update that asks for new powers");
    write_held_powers(w, unattended);
    write_new_packages(w, unattended);
    writer_string(w, unattended->reboot ? "the machine is restarted in its window when an update needs it; "
                                        : "the machine is never restarted; ");
    if (unattended->battery_percent == 0)
        writer_string(w, "any battery is full enough.\n");
    else
        writer_format(w, "a battery holds at least %u %%, or there are mains.\n",
                      unattended->battery_percent);
}

static void write_check(struct writer *w, const struct check *check)
{
    static const struct {
        const char *before, *behind;
    } around[CHECK_KIND_COUNT] = {
        [CHECK_UNKNOWN] = {"", ""},
        [CHECK_UNIT] = {"the unit ", " is active"},
        [CHECK_TCP] = {"", " accepts a connection"},
        [CHECK_HTTP] = {"", " is answered with status "},
        [CHECK_COMMAND] = {"", " ends with "},
    };

    writer_format(w, "  %s%.*s%s", around[check->kind].before, TEXT_ARG(check->target),
                  around[check->kind].behind);
    if (check->kind == CHECK_HTTP || check->kind == CHECK_COMMAND)
        writer_format(w, "%u", check->expected);
    writer_format(w, ", within %u second%s.\n", check->limit_ms / 1000, check->limit_ms == 1000 ? "" : "s");
}

static void write_before(struct writer *w, const struct policy *policy)
{
    const struct precautions *before = &policy->before;

    if (before->backup != BACKUP_NONE)
        writer_format(w, "Nothing is changed unless the last backup (%s: %.*s) is at most %lld hours old.\n",
                      backup_kind_name(before->backup), TEXT_ARG(before->backup_command),
                      (long long)(before->backup_age_max_us / TIME_HOUR_US));
    for (size_t i = 0; i < before->hook_count; i++)
        writer_format(w, "Before anything is changed %.*s must end well within %u seconds.\n",
                      TEXT_ARG(before->hooks[i].command), before->hooks[i].limit_ms / 1000);
}

static void write_checks(struct writer *w, const struct policy *policy)
{
    writer_string(w, policy->check_count == 0
                         ? "No health check is named; the services that run changed packages are looked at.\n"
                         : "Before a change and after it is asked, besides the services that run changed "
                           "packages, whether\n");
    for (size_t i = 0; i < policy->check_count; i++)
        write_check(w, &policy->checks[i]);
    if (policy->check_count > 0)
        writer_string(w, "What failed before is not blamed on the change.\n");
}

void policy_write_sentences(struct writer *w, const struct policy *policy, int64_t now_us)
{
    writer_format(w, "Policy %s, version %u. Months and windows follow the calendar of %s.\n", policy->name,
                  policy->version, policy->zone.name);
    writer_string(w, "A hole must be closed by the earliest date that one of these profiles sets:\n");
    for (size_t i = 0; i < policy->profile_count; i++)
        profile_write(w, policy->profiles[i], now_us);
    write_trust(w, policy);
    writer_format(w, "Urgency is read from the table %s, version %s: %s.\n", policy->urgency->from.id,
                  policy->urgency->from.version, policy->urgency->from.title);
    writer_string(w, "Changes come in a window: ");
    write_window(w, &policy->window);
    writer_string(w, ".\nWhat acting costs: ");
    write_cost(w, &policy->cost);
    writer_string(w, ".\n");
    write_functional(w, policy);
    write_vendor(w, policy);
    write_unattended(w, policy);
    write_classes(w, policy);
    write_exceptions(w, policy, now_us);
    write_before(w, policy);
    write_checks(w, policy);
    writer_string(w,
                  "What decides first: the law, an exception, the level, a class, a profile, the default.\n");
}
