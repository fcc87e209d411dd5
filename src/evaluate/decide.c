#include "evaluate/decide.h"

#include <assert.h>

#include "evaluate/action.h"
#include "evaluate/decide_run.h"

struct decide_facts decide_facts_absent(void)
{
    return (struct decide_facts){.changelog_us = TIME_ABSENT,
                                 .fix_seen_us = TIME_ABSENT,
                                 .advisory_received_us = TIME_ABSENT,
                                 .exploit_seen_us = TIME_ABSENT,
                                 .eol_us = TIME_ABSENT,
                                 .due_before_us = TIME_ABSENT};
}

enum remedy decide_remedy(const struct finding *finding)
{
    if (finding->class_of == CLASS_AVAILABLE || finding->class_of == CLASS_ARCHIVE_NOT_ENABLED ||
        finding->state == FINDING_RESTART_NEEDED)
        return REMEDY_READY;
    return finding->suppressed_by == SUPPRESSION_END_OF_LIFE ? REMEDY_END_OF_LIFE : REMEDY_NONE;
}

/* Not there, whatever happens in the world. */
static bool is_not_affected(const struct finding *finding)
{
    return finding->suppressed_by == SUPPRESSION_NOT_AFFECTED || finding->suppressed_by == SUPPRESSION_VEX ||
           finding->state == FINDING_NOT_AFFECTED || finding->class_of == CLASS_NOT_EXECUTABLE ||
           (finding->vulnerability != NULL && finding->vulnerability->rejected);
}

bool decide_suppressed(const struct finding *finding, bool exploited)
{
    if (is_not_affected(finding))
        return true;
    return !exploited && (finding->class_of == CLASS_SUPPRESSED || finding->unimportant);
}

static void override(struct decision *decision, enum decision_override which)
{
    decision->overrides = (uint16_t)(decision->overrides | 1u << which);
}

/* -- windows and cost -- */

static const struct decide_slots *find_slots(const struct decide_run *run, uint8_t asset_class)
{
    const struct policy *policy = run->policy;
    size_t index = asset_class == UINT8_MAX ? policy->class_count : asset_class;
    struct decide_slots *slots = &run->slots[index];
    const struct window *window = &policy->window;
    const struct cost_terms *cost = &policy->cost;
    int64_t from_us = run->context->now_us;

    if (slots->ready)
        return slots;
    if (asset_class != UINT8_MAX) {
        window = &policy->classes[asset_class].window;
        cost = &policy->classes[asset_class].cost;
    }
    slots->weight_now = cost_weight(cost, &policy->zone, from_us);
    for (size_t i = 0; i < SLOTS_MAX; i++) {
        struct window_span span = window_after(window, &policy->zone, from_us);
        slots->at[i].start_us = span.start_us < from_us ? from_us : span.start_us;
        slots->at[i].weight = cost_weight(cost, &policy->zone, slots->at[i].start_us);
        from_us = span.end_us;
    }
    slots->next_us = slots->at[0].start_us;
    slots->ready = true;
    return slots;
}

/* Cost now and in the best window that begins before the date; of equal ones the first. */
static void take_cost(const struct decide_run *run, const struct cost_extra *extra, struct decision *decision)
{
    const struct decide_slots *slots = find_slots(run, decision->asset_class);
    const struct cost_terms *cost = decision->asset_class == UINT8_MAX
                                        ? &run->policy->cost
                                        : &run->policy->classes[decision->asset_class].cost;
    uint32_t weight = UINT32_MAX;

    decision->slot_us = TIME_ABSENT;
    for (size_t i = 0; i < SLOTS_MAX; i++) {
        bool fits = decision->due_us == TIME_ABSENT || slots->at[i].start_us <= decision->due_us;
        if (fits && slots->at[i].weight < weight) {
            weight = slots->at[i].weight;
            decision->slot_us = slots->at[i].start_us;
        }
    }
    decision->cost_now = cost_minutes(cost, slots->weight_now, extra);
    if (decision->slot_us != TIME_ABSENT) {
        decision->cost_slot = cost_minutes(cost, weight, extra);
        decision->cost_high = cost_is_high(decision->cost_now, decision->cost_slot);
    }
}

/* -- dates -- */

/* The technical impact was taken at its worse value; that is an assumption only where a rule asked for it. */
static bool uses_technical_impact(const struct profile_rule *rule)
{
    for (size_t i = 0; i < rule->condition_count; i++)
        if (rule->conditions[i].input == PROFILE_TECHNICAL_IMPACT)
            return true;
    return false;
}

static void assume(struct decision *decision, enum decision_input input)
{
    decision->assumed = (uint16_t)(decision->assumed | 1u << input);
    override(decision, OVERRIDE_ASSUMED);
}

/* A verdict of each profile; the earliest date counts and is named. Returns the earliest date that the law sets. */
static int64_t take_dates(const struct decide_run *run, const struct profile_facts *facts,
                          struct verdict *verdicts, struct decision *decision)
{
    const struct policy *policy = run->policy;
    int64_t law_due_us = TIME_ABSENT;

    for (size_t i = 0; i < policy->profile_count; i++) {
        struct verdict verdict = profile_evaluate(policy->profiles[i], facts, &policy->zone);
        verdicts[i] = verdict;
        if (verdict.kind >= VERDICT_DUE && verdict.kind <= VERDICT_STOPPED &&
            decision->technical_impact == TECHNICAL_IMPACT_UNKNOWN &&
            uses_technical_impact(&policy->profiles[i]->rules[verdict.rule]))
            assume(decision, INPUT_TECHNICAL_IMPACT);
        if (verdict.kind != VERDICT_DUE)
            continue;
        decision->evidence_first = decision->evidence_first || verdict.triage;
        if (verdict.law && (law_due_us == TIME_ABSENT || verdict.due_us < law_due_us))
            law_due_us = verdict.due_us;
        if (decision->named == VERDICT_NONE || verdict.due_us < verdicts[decision->named].due_us)
            decision->named = (uint8_t)i;
    }
    decision->verdicts = verdicts;
    decision->verdict_count = (uint8_t)policy->profile_count;
    if (decision->named != VERDICT_NONE) {
        decision->due_us = decision->due_own_us = verdicts[decision->named].due_us;
        if (verdicts[decision->named].clock_assumed)
            assume(decision, INPUT_CLOCK);
    }
    return law_due_us;
}

/* A re-rating moves a date earlier by itself, later only with a person; a machine that appears late has a day. */
static void shift_date(const struct decide_run *run, int64_t due_before_us, struct decision *decision)
{
    int64_t first_seen_us = run->context->first_seen_us;

    if (decision->due_us == TIME_ABSENT)
        return;
    if (due_before_us != TIME_ABSENT && due_before_us < decision->due_us) {
        decision->due_us = decision->due_own_us = due_before_us;
        override(decision, OVERRIDE_EARLIER_DATE);
    }
    if (first_seen_us != TIME_ABSENT && decision->due_us < first_seen_us + DECIDE_GRACE_US)
        decision->due_us = first_seen_us + DECIDE_GRACE_US;
}

/* -- the deadline guard -- */

/* When an action would come; TIME_ABSENT: never. */
static int64_t planned_for(const struct decide_run *run, const struct decision *decision, enum action action)
{
    switch (action) {
    case ACTION_BY_DATE:
        if (!remedy_usable(decision->remedy)) /* what is scheduled is no patch: the date itself is the plan */
            return decision->due_us != TIME_ABSENT && decision->due_us >= run->context->now_us
                       ? decision->due_us
                       : TIME_ABSENT;
        return decision->slot_us;
    case ACTION_NEXT_WINDOW:
        return find_slots(run, decision->asset_class)->next_us;
    case ACTION_MITIGATE:
    case ACTION_NOW:
    case ACTION_SWITCH_OFF:
        return run->context->now_us;
    case ACTION_WAIT:
    case ACTION_UNKNOWN:
    case ACTION_COUNT:
    default:
        return TIME_ABSENT;
    }
}

/* A step that helps: patching needs a usable fix, and a mitigation one that is known and that ends the named clock. */
static bool step_helps(const struct decision *decision, enum action action, bool mitigation_known)
{
    bool usable = remedy_usable(decision->remedy);

    if (action == ACTION_NEXT_WINDOW || action == ACTION_NOW)
        return usable;
    if (action == ACTION_MITIGATE)
        return !usable || (mitigation_known && decision->verdicts[decision->named].stops_mitigated);
    return action == ACTION_BY_DATE;
}

/*
 * Planned after its date: one step up, and again until it is planned in time or nothing is left that helps. What waits
 * is not planned at all, so whatever has a date is at least by-date. Switching off is never a step: it is an owner's
 * word or the table's.
 */
static void guard_deadline(const struct decide_run *run, bool mitigation_known, struct decision *decision)
{
    decision->planned_us = planned_for(run, decision, decision->action);
    if (decision->due_us == TIME_ABSENT || decision->action >= ACTION_MITIGATE)
        return;
    for (enum action action = decision->action; action <= ACTION_NOW; action++) {
        bool stays = action == decision->action;
        if (!stays && !step_helps(decision, action, mitigation_known))
            continue;
        int64_t planned_us = planned_for(run, decision, action);
        if (!stays) {
            decision->action = action;
            decision->planned_us = planned_us;
            override(decision, OVERRIDE_DEADLINE_GUARD);
        }
        if (planned_us != TIME_ABSENT && (planned_us <= decision->due_us || action >= ACTION_MITIGATE))
            return;
    }
}

/* -- exceptions -- */

static void take_exception(const struct decide_run *run, const struct finding *finding, int64_t law_due_us,
                           struct decision *decision)
{
    const struct host *host = run->context->host;

    if (run->exception_hosts == 0)
        return;
    for (size_t i = 0; i < finding->package_count; i++)
        run->names[i] = host->packages[finding->packages[i]].name;
    for (size_t i = 0; i < run->policy->exception_count; i++) {
        const struct policy_exception *exception = &run->policy->exceptions[i];
        if ((run->exception_hosts >> i & 1) == 0 || exception->end_us <= run->context->now_us ||
            !asset_matches(&exception->asset, finding->source, finding->id, run->names,
                           finding->package_count))
            continue;
        if (law_due_us != TIME_ABSENT && law_due_us < exception->end_us) {
            override(decision, OVERRIDE_LAW_FLOOR);
            continue;
        }
        override(decision, OVERRIDE_EXCEPTION);
        decision->exception = (uint16_t)i;
        decision->waived_until_us = exception->end_us;
        decision->action = ACTION_WAIT;
        decision->planned_us = exception->end_us;
        decision->mitigate_now = decision->canary = false;
        return;
    }
}

/* -- one finding -- */

static void decide_action(const struct decide_run *run, const struct decide_facts *facts,
                          struct decision *decision)
{
    const struct policy *policy = run->policy;
    bool dispensable =
        decision->asset_class != UINT8_MAX && policy->classes[decision->asset_class].dispensable;

    size_t row =
        urgency_row(decision->exploitation, decision->exposure, decision->automatable, decision->impact);
    decision->urgency = (enum urgency)policy->urgency->at[row];
    const struct action_inputs inputs = {.urgency = decision->urgency,
                                         .remedy = decision->remedy,
                                         .cost_high = decision->cost_high,
                                         .mitigation_known = facts->mitigation_known,
                                         .dispensable = dispensable,
                                         .exploited = decision->exploitation == EXPLOITATION_ACTIVE};
    struct action_choice choice = action_choose(&inputs);
    decision->action = decision->table_action = choice.action;
    decision->mitigate_now = choice.mitigate_now;
    decision->canary = choice.canary;
    decision->replace = choice.replace;
}

static void decide_finding(const struct decide_run *run, const struct finding *finding,
                           const struct decide_facts *facts, struct verdict *verdicts, struct decision *out)
{
    struct profile_facts known;
    struct decision decision = {.due_us = TIME_ABSENT,
                                .due_own_us = TIME_ABSENT,
                                .planned_us = TIME_ABSENT,
                                .waived_until_us = TIME_ABSENT,
                                .slot_us = TIME_ABSENT,
                                .exception = EXCEPTION_NONE,
                                .named = VERDICT_NONE,
                                .score = SCORE_NONE,
                                .asset_class = UINT8_MAX,
                                .standing = STANDING_TAKEN,
                                .action = ACTION_WAIT,
                                .table_action = ACTION_WAIT};

    decide_inputs(run, finding, facts, &decision, &known);
    bool exploited = decision.exploitation == EXPLOITATION_ACTIVE;
    if (decide_suppressed(finding, exploited)) {
        decision.overrides = is_not_affected(finding) ? 1u << OVERRIDE_NOT_AFFECTED : 0;
        decision.assumed = 0; /* nothing was judged by them */
        *out = decision;
        return;
    }
    if (decide_suppressed(finding, false))
        override(&decision, OVERRIDE_EXPLOITED);
    decision.remedy = facts->remedy;
    if (decision.remedy == REMEDY_UNKNOWN)
        decision.remedy = decide_remedy(finding);
    if (facts->provenance_failed && remedy_usable(decision.remedy)) {
        decision.remedy = REMEDY_BAD;
        override(&decision, OVERRIDE_PROVENANCE);
    }
    int64_t law_due_us = take_dates(run, &known, verdicts, &decision);
    shift_date(run, facts->due_before_us, &decision);
    take_cost(run, &facts->cost, &decision);
    decide_action(run, facts, &decision);
    guard_deadline(run, facts->mitigation_known, &decision);
    if (decision.evidence_first)
        override(&decision, OVERRIDE_EVIDENCE_FIRST);
    take_exception(run, finding, law_due_us, &decision);
    if (decision.exception == EXCEPTION_NONE)
        crisis_apply(run, &decision, law_due_us);
    decision.late = decision.due_us != TIME_ABSENT && decision.due_us < run->context->now_us;
    *out = decision;
}

/* -- updates -- */

/* The hole that an update nobody told anything of may close: no name, no score, as old as its archive says. */
static bool assume_hole(const struct decide_run *run, uint32_t index, struct update_decision *out,
                        struct error *err)
{
    const struct decide_context *context = run->context;
    const struct update *update = &context->updates[index];
    const struct finding hole = {.source = context->host->packages[update->package].source,
                                 .packages = &update->package,
                                 .package_count = 1,
                                 .class_of = CLASS_AVAILABLE,
                                 .state = FINDING_OPEN,
                                 .fix_available_us = TIME_ABSENT,
                                 .detected_us = context->now_us,
                                 .update = index};
    struct decide_facts facts = decide_facts_absent();
    struct decision *decision = ARENA_NEW(run->arena, struct decision);
    struct verdict *verdicts = ARENA_ARRAY(run->arena, struct verdict, run->policy->profile_count);

    if (decision == NULL || verdicts == NULL)
        return arena_full(run->arena, err);
    facts.fix_seen_us = decide_update_seen(run, index);
    decide_finding(run, &hole, &facts, verdicts, decision);
    out->assumed_hole = decision;
    return true;
}

/*
 * Nobody says that it closes anything, so no profile sets a date, and it is never late: it comes with the next window,
 * as a hole of its kind would. Levels judge it by the date that the hole would have.
 */
static void take_unknown(const struct decide_run *run, struct update_decision *out)
{
    const struct decision *hole = out->assumed_hole;

    out->assumed |= 1u << INPUT_KIND;
    out->overrides |= 1u << OVERRIDE_ASSUMED;
    out->due_us = TIME_ABSENT;
    out->profile = NULL;
    if (hole->standing == STANDING_TAKEN && hole->action != hole->table_action) {
        out->action = hole->table_action;
        out->planned_us = planned_for(run, hole, hole->table_action);
    }
}

static void add_finding(struct update_decision *update, const struct decision *finding, uint32_t index)
{
    bool first = update->urgency == URGENCY_UNKNOWN;
    bool earlier =
        finding->due_us != TIME_ABSENT && (update->due_us == TIME_ABSENT || finding->due_us < update->due_us);
    bool worse = update->due_us == TIME_ABSENT && finding->urgency > update->urgency;

    if (first || earlier || worse)
        update->finding = index;
    if (earlier) {
        update->due_us = finding->due_us;
        update->profile = finding->verdicts[finding->named].profile;
    }
    if (finding->action > update->action) {
        update->action = finding->action;
        update->planned_us = finding->planned_us;
    }
    if (finding->urgency > update->urgency)
        update->urgency = finding->urgency;
    /* One finding that is taken takes the update; what is held is held before it is postponed. */
    if (first || finding->standing == STANDING_TAKEN ||
        (update->standing == STANDING_POSTPONED && finding->standing == STANDING_HELD)) {
        update->standing = finding->standing;
        update->waived_until_us = finding->waived_until_us;
        update->order = finding->order;
    }
    update->assumed |= finding->assumed;
    update->overrides |= finding->overrides;
}

/* An update that closes no hole: waits, or comes by the policy's date once it is old enough. */
static void decide_functional(const struct decide_run *run, uint32_t index, struct update_decision *out)
{
    const struct policy *policy = run->policy;
    int64_t now_us = run->context->now_us, released_us = decide_archive_date(run, index);
    int64_t seen_us = decide_update_seen(run, index);

    out->action = ACTION_WAIT;
    out->standing = STANDING_TAKEN;
    if (seen_us != TIME_ABSENT && seen_us < released_us)
        released_us = seen_us;
    if (policy->functional_within.unit != DURATION_NEXT_UPGRADE) {
        int64_t from_us = released_us == TIME_ABSENT ? now_us : released_us;
        out->due_us = duration_add(policy->functional_within, from_us, &policy->zone);
        out->action = ACTION_BY_DATE;
        if (duration_add(policy->minimum_age, from_us, &policy->zone) > now_us) {
            out->action = ACTION_WAIT;
            out->overrides = 1u << OVERRIDE_MINIMUM_AGE;
        }
    }
    crisis_apply_functional(run, out);
}

static bool decide_update(const struct decide_run *run, uint32_t index, const struct decision *decisions,
                          struct update_decision *out, struct error *err)
{
    const struct update *update = &run->context->updates[index];
    struct update_decision decision = {.due_us = TIME_ABSENT,
                                       .planned_us = TIME_ABSENT,
                                       .waived_until_us = TIME_ABSENT,
                                       .finding = UPDATE_NONE};
    bool exploited = false;

    for (size_t i = 0; i < update->finding_count; i++) {
        const struct decision *finding = &decisions[update->findings[i]];
        if (finding->urgency == URGENCY_UNKNOWN)
            continue;
        add_finding(&decision, finding, update->findings[i]);
        exploited = exploited || finding->exploitation == EXPLOITATION_ACTIVE;
    }
    if (decision.urgency == URGENCY_UNKNOWN &&
        (update->kind == UPDATE_FUNCTIONAL || update->finding_count > 0)) {
        decide_functional(run, index, &decision);
    } else if (decision.urgency == URGENCY_UNKNOWN) {
        if (!assume_hole(run, index, &decision, err))
            return false;
        add_finding(&decision, decision.assumed_hole, UPDATE_NONE);
        if (update->kind == UPDATE_KIND_UNKNOWN)
            take_unknown(run, &decision);
    }
    if (decision.action == ACTION_NOW &&
        (decision.due_us == TIME_ABSENT || decision.due_us > run->context->now_us))
        decision.due_us = run->context->now_us;
    decision.late = decision.due_us != TIME_ABSENT && decision.due_us < run->context->now_us;
    decision.reboot_allowed = decision.standing == STANDING_TAKEN && crisis_allows_reboot(run, exploited);
    *out = decision;
    return true;
}

/* -- the run -- */

static uint64_t matching_hosts(const struct policy *policy, const struct host *host, bool exceptions)
{
    size_t count = exceptions ? policy->exception_count : policy->class_count;
    uint64_t bits = 0;

    for (size_t i = 0; i < count; i++) {
        const struct asset *asset = exceptions ? &policy->exceptions[i].asset : &policy->classes[i].asset;
        bits |= (uint64_t)globs_match(&asset->hosts, host->name) << i;
    }
    return bits;
}

static bool is_fresh(int64_t read_us, int64_t now_us)
{
    return read_us != TIME_ABSENT && now_us - read_us <= DECIDE_THREAT_FRESH_US;
}

static bool begin_run(const struct decide_context *context, struct arena *arena, struct decide_run *out,
                      struct error *err)
{
    const struct policy *policy = context->policy;
    struct decide_run run = {.context = context,
                             .policy = policy,
                             .arena = arena,
                             .class_hosts = matching_hosts(policy, context->host, false),
                             .exception_hosts = matching_hosts(policy, context->host, true),
                             .kev_fresh = is_fresh(context->kev_read_us, context->now_us),
                             .threat_fresh = is_fresh(context->threat_read_us, context->now_us),
                             .order_end_us = context->order_end_us == TIME_ABSENT
                                                 ? context->now_us + DECIDE_ORDER_US
                                                 : context->order_end_us};
    size_t most = 1;

    memset(run.trust_rank, UINT8_MAX, sizeof(run.trust_rank));
    for (size_t i = 0; i < policy->trust_count; i++)
        run.trust_rank[policy->trust[i]] = (uint8_t)i;
    for (size_t i = 0; i < context->finding_count; i++)
        if (context->findings[i].package_count > most)
            most = context->findings[i].package_count;
    run.slots = ARENA_ARRAY(arena, struct decide_slots, policy->class_count + 1);
    run.names = ARENA_ARRAY(arena, struct text, most);
    if (run.slots == NULL || run.names == NULL)
        return arena_full(arena, err);
    *out = run;
    return true;
}

bool decide(const struct decide_context *context, struct arena *arena, struct decide_result *out,
            struct error *err)
{
    const struct decide_facts absent = decide_facts_absent();
    size_t profile_count = context->policy->profile_count;
    struct decide_run run;

    if (!begin_run(context, arena, &run, err))
        return false;
    struct decision *decisions = ARENA_ARRAY(arena, struct decision, context->finding_count);
    struct verdict *verdicts = ARENA_ARRAY(arena, struct verdict, context->finding_count * profile_count);
    struct update_decision *updates = ARENA_ARRAY(arena, struct update_decision, context->update_count);
    if (decisions == NULL || verdicts == NULL || updates == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < context->finding_count; i++)
        decide_finding(&run, &context->findings[i], context->facts == NULL ? &absent : &context->facts[i],
                       verdicts + i * profile_count, &decisions[i]);
    for (uint32_t i = 0; context->updates != NULL && i < context->update_count; i++)
        if (!decide_update(&run, i, decisions, &updates[i], err))
            return false;
    *out = (struct decide_result){decisions, updates};
    return true;
}
