#include "identify/match_parts.h"

/* What a record says of the packages of one level. */
enum { MARK_AFFECTED = 1, MARK_CLOSES = 2 };

static const struct package *package_of(const struct match_run *run, const struct member *member)
{
    return &run->input->host->packages[member->package];
}

/* Levels. */

/* "doc" by itself or behind this byte. */
static bool ends_in_doc(struct text text, char before)
{
    return text.size >= 3 && memcmp(text.at + text.size - 3, "doc", 3) == 0 &&
           (text.size == 3 || text.at[text.size - 4] == before);
}

/* In section doc or contrib/doc, or called x-doc. */
static bool is_document(const struct package *package)
{
    return ends_in_doc(package->section, '/') || ends_in_doc(package->name, '-');
}

static enum part_role role_of(const struct package *package, const struct member *member, bool kernel)
{
    if (!kernel)
        return is_document(package) ? PART_PLAIN : PART_CODE;
    if (kernel_has_code(package->name))
        return PART_CODE;
    return member->twin == KERNEL_TWIN_META || text_starts(package->name, TEXT("linux-image-")) ? PART_BRINGS
                                                                                                : PART_PLAIN;
}

/* Of a kernel's images the newest counts, and the running one: the others are what one goes back to. */
static enum part_role image_role(const struct match_run *run, const struct package *package,
                                 struct text installed, struct text newest)
{
    if (version_compare(run->order, installed, newest) == 0)
        return PART_CODE;
    return text_equal(kernel_package_release(package->name), run->input->host->kernel_running) ? PART_RUNNING
                                                                                               : PART_OLD;
}

static struct text newest_image(const struct match_run *run, const struct group *group)
{
    struct text newest = {NULL, 0};

    for (size_t i = group->first; group->kernel && i < group->end; i++) {
        const struct member *member = &run->members[i];
        if (!member->foreign && kernel_has_code(package_of(run, member)->name) &&
            (newest.size == 0 || version_compare(run->order, member->installed, newest) > 0))
            newest = member->installed;
    }
    return newest;
}

static bool level_equal(const struct level *a, const struct level *b)
{
    return a->role == b->role && text_equal(a->installed, b->installed) &&
           text_equal(a->candidate, b->candidate) && text_equal(a->arch, b->arch) &&
           text_equal(a->stream, b->stream);
}

static bool put_level(struct match_run *run, const struct group *group, const struct level *level,
                      uint32_t *out, struct error *err)
{
    size_t i = group->first_level;

    while (i < run->level_count && !level_equal(&run->levels[i], level))
        i++;
    if (i == run->level_count) {
        struct level *levels = arena_grow(run->arena, run->levels, run->level_count, &run->level_capacity,
                                          run->level_count + 1, sizeof(*levels));
        if (levels == NULL)
            return arena_full(run->arena, err);
        run->levels = levels;
        levels[run->level_count++] = *level;
    }
    *out = (uint32_t)i;
    return true;
}

bool match_levels(struct match_run *run, struct group *group, struct error *err)
{
    struct text newest = newest_image(run, group);

    group->first_level = run->level_count;
    for (size_t i = group->first; i < group->end; i++) {
        struct member *member = &run->members[i];
        const struct package *package = package_of(run, member);
        if (member->foreign)
            continue;
        struct level level = {
            .installed = member->installed,
            .candidate = member->candidate,
            .role = role_of(package, member, group->kernel),
            .update = UPDATE_NONE,
        };
        if (group->kernel && level.role == PART_CODE)
            level.role = image_role(run, package, member->installed, newest);
        if (package->type == PACKAGE_RPM) {
            level.arch = package->arch;
            level.stream = package->stream;
        }
        if (!put_level(run, group, &level, &member->level, err))
            return false;
    }
    group->level_count = run->level_count - group->first_level;
    return true;
}

/* Packages of the group whose level has the mark, in the host's order. */
static bool marked_packages(struct match_run *run, const struct group *group, const uint8_t *marks, bool code,
                            struct finding *finding, struct error *err)
{
    uint32_t *packages = ARENA_ARRAY(run->arena, uint32_t, group->end - group->first);

    if (packages == NULL)
        return arena_full(run->arena, err);
    for (size_t i = group->first; i < group->end; i++) {
        const struct member *member = &run->members[i];
        const struct level *level = &run->levels[member->level];
        if (member->foreign || !(marks[member->level - group->first_level] & MARK_AFFECTED) ||
            (code && level->role != PART_CODE && level->role != PART_RUNNING))
            continue;
        packages[finding->package_count++] = member->package;
        if (finding->installed.size == 0 ||
            version_compare(run->order, level->installed, finding->installed) < 0)
            finding->installed = level->installed;
    }
    finding->packages = packages;
    return true;
}

/* Records. */

/* What a record comes to over all levels of the group. */
struct verdict {
    uint8_t *marks;           /* of each level */
    bool code;                /* affected: the newest code */
    bool running;             /* affected: a running image that is older */
    bool plain;               /* affected: packages without code */
    bool closes;              /* some candidate closes it */
    bool all_fixed;           /* every version here is at least the fixed one: so it is for all older fixes */
    struct text arch, stream; /* of the record */
};

static bool has_code(const struct verdict *verdict)
{
    return verdict->code || verdict->running;
}

static bool is_fix(const struct index_record *record)
{
    return record->status == ADVISORY_FIXED || record->status == ADVISORY_PENDING;
}

static bool in_scope(const struct level *level, const struct verdict *verdict)
{
    return (verdict->stream.size == 0 || text_equal(verdict->stream, level->stream)) &&
           (verdict->arch.size == 0 || level->arch.size == 0 || text_equal(verdict->arch, level->arch));
}

static bool in_range(const struct match_run *run, const struct index_record *record, struct text version)
{
    return (record->introduced.size == 0 || version_compare(run->order, version, record->introduced) >= 0) &&
           (record->last_affected.size == 0 ||
            version_compare(run->order, version, record->last_affected) <= 0);
}

static bool is_past(const struct match_run *run, const struct index_record *record, struct text version)
{
    if (!is_fix(record))
        return false;
    if (record->fixed.size > 0)
        return version_compare(run->order, version, record->fixed) >= 0;
    return record->last_affected.size > 0 && version_compare(run->order, version, record->last_affected) > 0;
}

static void judge_level(const struct match_run *run, const struct index_record *record,
                        const struct level *level, struct verdict *verdict, uint8_t *mark)
{
    *mark = 0;
    if (level->role == PART_OLD || is_past(run, record, level->installed))
        return;
    verdict->all_fixed = false;
    if (!in_scope(level, verdict) || !in_range(run, record, level->installed))
        return;
    *mark = MARK_AFFECTED;
    verdict->code = verdict->code || level->role == PART_CODE;
    verdict->running = verdict->running || level->role == PART_RUNNING;
    verdict->plain = verdict->plain || level->role == PART_PLAIN || level->role == PART_BRINGS;
    if (level->candidate.size > 0 && is_past(run, record, level->candidate)) {
        *mark |= MARK_CLOSES;
        verdict->closes = true;
    }
}

static bool judge(const struct match_run *run, const struct group *group, const struct index_record *record,
                  struct verdict *verdict, struct error *err)
{
    if (!index_text(run->index, record->arch, run->arena, &verdict->arch, err) ||
        !index_text(run->index, record->stream, run->arena, &verdict->stream, err))
        return false;
    verdict->code = verdict->running = verdict->plain = verdict->closes = false;
    verdict->all_fixed = true;
    for (size_t i = 0; i < group->level_count; i++)
        judge_level(run, record, &run->levels[group->first_level + i], verdict, &verdict->marks[i]);
    return true;
}

static enum suppression suppression_of(enum advisory_status status)
{
    static const enum suppression suppressions[ADVISORY_STATUS_COUNT] = {
        [ADVISORY_NOT_AFFECTED] = SUPPRESSION_NOT_AFFECTED,
        [ADVISORY_NO_DSA] = SUPPRESSION_NO_DSA,
        [ADVISORY_IGNORED] = SUPPRESSION_IGNORED,
        [ADVISORY_POSTPONED] = SUPPRESSION_POSTPONED,
        [ADVISORY_END_OF_LIFE] = SUPPRESSION_END_OF_LIFE,
        [ADVISORY_UNDETERMINED] = SUPPRESSION_UNDETERMINED,
    };
    return suppressions[status];
}

static enum finding_state state_of(enum suppression suppression)
{
    switch (suppression) {
    case SUPPRESSION_NOT_AFFECTED:
        return FINDING_NOT_AFFECTED;
    case SUPPRESSION_END_OF_LIFE:
    case SUPPRESSION_UNDETERMINED:
        return FINDING_UNKNOWN;
    case SUPPRESSION_NONE:
    case SUPPRESSION_VEX:
    case SUPPRESSION_NO_DSA:
    case SUPPRESSION_IGNORED:
    case SUPPRESSION_POSTPONED:
    case SUPPRESSION_COUNT:
        break;
    }
    return FINDING_OPEN;
}

/* An archive that is enabled has the fix, and a pin keeps it away. */
static bool is_pinned_away(const struct match_run *run, const struct group *group,
                           const struct index_record *record)
{
    for (size_t i = group->first; i < group->end; i++) {
        const struct package *package = package_of(run, &run->members[i]);
        for (size_t j = 0; !run->members[i].foreign && j < package->offer_count; j++)
            if (is_past(run, record, match_offer_version(run, &run->members[i], &package->offers[j])))
                return true;
    }
    return false;
}

static enum finding_class class_of(const struct match_run *run, const struct group *group,
                                   const struct index_record *record, const struct verdict *verdict)
{
    if (suppression_of(record->status) != SUPPRESSION_NONE)
        return CLASS_SUPPRESSED;
    if (!has_code(verdict))
        return CLASS_NOT_EXECUTABLE;
    if (!verdict->code)
        return CLASS_AVAILABLE; /* only the running image has it: the fix is installed already */
    if (!is_fix(record))
        return CLASS_NO_FIX;
    if (verdict->closes)
        return CLASS_AVAILABLE;
    if (record->status == ADVISORY_PENDING)
        return CLASS_NOT_YET_IN_ARCHIVE;
    return run->archives_enabled && !is_pinned_away(run, group, record) ? CLASS_NOT_YET_IN_ARCHIVE
                                                                        : CLASS_ARCHIVE_NOT_ENABLED;
}

/* Notes which candidates pass a fix, for the kinds of updates and for what they close. */
static void note_closed(struct match_run *run, const struct group *group, const struct verdict *verdict,
                        uint32_t count)
{
    for (size_t i = 0; i < group->level_count; i++) {
        struct level *level = &run->levels[group->first_level + i];
        if (!(verdict->marks[i] & MARK_CLOSES))
            continue;
        level->passes = true;
        if (level->role == PART_PLAIN || !has_code(verdict))
            level->not_executable_count += count;
    }
}

/* A version of the file, which nothing looked at so far, as a text in the arena. */
static bool keep_version(struct match_run *run, struct text version, struct text *out, struct error *err)
{
    struct text checked;

    if (version.size == 0)
        return true;
    if (!text_from_bytes(bytes_of_text(version), LIMIT_VERSION, &checked, err))
        return index_broken(err, "a version is no text");
    *out = text_copy(run->arena, checked);
    return out->at != NULL || arena_full(run->arena, err);
}

/* For each level whether its update closes what the record says; none when the code is fixed or cannot be. */
static bool keep_closed(struct match_run *run, const struct group *group, const struct verdict *verdict,
                        const uint8_t **out, struct error *err)
{
    uint8_t *closed = arena_take(run->arena, group->level_count);

    if (closed == NULL)
        return arena_full(run->arena, err);
    for (size_t i = 0; i < group->level_count; i++)
        closed[i] = (verdict->marks[i] & MARK_CLOSES) &&
                    (run->levels[group->first_level + i].role != PART_PLAIN || !has_code(verdict));
    *out = closed;
    return true;
}

static bool put_outcome(struct match_run *run, const struct group *group, const struct index_record *record,
                        const struct verdict *verdict, struct error *err)
{
    enum suppression suppression = suppression_of(record->status);
    bool code = has_code(verdict);
    struct outcome outcome = {
        .first_level = (uint32_t)group->first_level,
        .has_severity = record->has_severity,
        .finding =
            {
                .source = run->members[group->first].source,
                .class_of = class_of(run, group, record, verdict),
                .suppressed_by = suppression,
                .state = code && !verdict->code && suppression == SUPPRESSION_NONE ? FINDING_RESTART_NEEDED
                                                                                   : state_of(suppression),
                .vendor_severity = record->severity,
                .unimportant = record->unimportant,
                .fix_available_us = is_fix(record) ? record->published_us : TIME_ABSENT,
                .detected_us = TIME_ABSENT,
                .update = UPDATE_NONE,
            },
    };
    struct outcome *outcomes = arena_grow(run->arena, run->outcomes, run->outcome_count,
                                          &run->outcome_capacity, run->outcome_count + 1, sizeof(*outcomes));

    if (outcomes == NULL)
        return arena_full(run->arena, err);
    run->outcomes = outcomes;
    if (!marked_packages(run, group, verdict->marks, code, &outcome.finding, err) ||
        (is_fix(record) && !keep_version(run, record->fixed, &outcome.finding.fixed, err)) ||
        !index_text(run->index, record->advisory, run->arena, &outcome.finding.advisory, err))
        return false;
    if (verdict->closes && (verdict->code || !code) &&
        !keep_closed(run, group, verdict, &outcome.closed, err))
        return false;
    outcomes[run->outcome_count++] = outcome;
    return true;
}

static bool make_exploited(struct match_run *run, struct error *err)
{
    run->exploited = arena_take(run->arena, (size_t)run->index->cve_count / 8 + 1);
    if (run->exploited == NULL)
        return arena_full(run->arena, err);
    return index_mark(run->index, facts_exploited(run->input->facts), run->exploited) ||
           index_broken(err, "its CVEs");
}

static bool is_exploited(const struct match_run *run, uint32_t id)
{
    return id < run->index->cve_count && (run->exploited[id / 8] >> id % 8 & 1) != 0;
}

/* The ids of the record become hits of the newest outcome; only_exploited: those alone. */
static bool put_hits(struct match_run *run, struct index_records *walk, const struct index_record *record,
                     bool only_exploited, struct error *err)
{
    uint64_t low =
        (uint64_t)(suppression_of(record->status) != SUPPRESSION_NONE) << 31 | (run->outcome_count - 1);

    if (record->count > LIMIT_INDEX_RECORDS - run->hit_count)
        return error_set(err, ERROR_LIMIT, "more than %d findings", LIMIT_INDEX_RECORDS);
    struct keyed *hits = arena_grow(run->arena, run->hits, run->hit_count, &run->hit_capacity,
                                    run->hit_count + record->count, sizeof(*hits));
    if (hits == NULL)
        return arena_full(run->arena, err);
    run->hits = hits;
    for (uint32_t i = 0; i < record->count; i++) {
        uint32_t id = index_records_id(walk);
        if (!only_exploited || is_exploited(run, id))
            hits[run->hit_count++] =
                (struct keyed){.key = (uint64_t)id << 32 | low, .value = (uint32_t)run->outcome_count - 1};
    }
    return index_records_ok(walk) || index_broken(err, "a list of ids");
}

/* What the vendor does not fix is counted; listed only when all is, or what of it is exploited. */
static bool take_suppressed(struct match_run *run, const struct group *group, struct index_records *walk,
                            const struct index_record *record, const struct verdict *verdict,
                            struct error *err)
{
    const struct match_input *input = run->input;
    bool may_matter = record->status != ADVISORY_NOT_AFFECTED && input->facts != NULL;
    size_t hits_before = run->hit_count;

    run->out.suppressed[suppression_of(record->status)] += record->count;
    if (!input->all && !may_matter)
        return true;
    if (!input->all && run->exploited == NULL && !make_exploited(run, err))
        return false;
    if (!put_outcome(run, group, record, verdict, err) || !put_hits(run, walk, record, !input->all, err))
        return false;
    if (run->hit_count == hits_before)
        run->outcome_count--;
    return true;
}

static bool take_record(struct match_run *run, struct group *group, struct index_records *walk,
                        const struct index_record *record, const struct verdict *verdict, struct error *err)
{
    bool code = has_code(verdict);

    if (!code && !verdict->plain)
        return true;
    if (suppression_of(record->status) != SUPPRESSION_NONE)
        return take_suppressed(run, group, walk, record, verdict, err);
    note_closed(run, group, verdict, record->count);
    if (!code) {
        group->not_executable_count += record->count;
        if (!run->input->all)
            return true;
    }
    return put_outcome(run, group, record, verdict, err) && put_hits(run, walk, record, false, err);
}

static bool put_not_executable(struct match_run *run, struct group *group, const struct verdict *verdict,
                               struct error *err)
{
    struct match *out = &run->out;
    struct match_not_executable *grown =
        arena_grow(run->arena, out->not_executable, out->not_executable_count, &run->not_executable_capacity,
                   out->not_executable_count + 1, sizeof(*grown));
    struct finding all = {.package_count = 0};

    if (grown == NULL)
        return arena_full(run->arena, err);
    out->not_executable = grown;
    for (size_t i = 0; i < group->level_count; i++)
        verdict->marks[i] = run->levels[group->first_level + i].role == PART_PLAIN ||
                                    run->levels[group->first_level + i].role == PART_BRINGS
                                ? MARK_AFFECTED
                                : 0;
    if (!marked_packages(run, group, verdict->marks, false, &all, err))
        return false;
    grown[out->not_executable_count++] = (struct match_not_executable){
        .source = run->members[group->first].source,
        .packages = all.packages,
        .package_count = all.package_count,
        .count = group->not_executable_count,
    };
    return true;
}

bool match_source(struct match_run *run, struct group *group, const struct index_source *source,
                  struct error *err)
{
    struct verdict verdict = {.marks = arena_take(run->arena, group->level_count)};
    struct index_records walk;
    struct index_record record;

    if (verdict.marks == NULL)
        return arena_full(run->arena, err);
    index_records_begin(&walk, run->index, source);
    while (index_records_next(&walk, &record)) {
        if (!judge(run, group, &record, &verdict, err) ||
            !take_record(run, group, &walk, &record, &verdict, err))
            return false;
        if (record.status == ADVISORY_FIXED && record.fixed.size > 0 && verdict.all_fixed)
            break;
    }
    if (!index_records_ok(&walk))
        return index_broken(err, "the records of a source");
    return group->not_executable_count == 0 || put_not_executable(run, group, &verdict, err);
}
