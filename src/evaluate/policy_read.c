#include "evaluate/policy_form.h"

#include "base/file.h"
#include "base/limits.h"
#include "evaluate/data_read.h"

static bool fail(const struct policy_reader *reader, struct error *err, const char *what, const char *name)
{
    return error_set(err, ERROR_INPUT, "%.*s: %s \"%.60s\"", TEXT_ARG(reader->name), what, name);
}

/* A check accepted the value while the file was walked; this makes the value of it. */
static bool take_window(const struct policy_reader *reader, const struct file_window *from,
                        struct window *out, struct error *err)
{
    struct window window = {.days = from->days == 0 ? WINDOW_EVERY_DAY : (uint8_t)from->days};

    if (!policy_form_minute(text_of(from->start), 24 * 60 - 1, &window.start_minute, err) ||
        !policy_form_length(text_of(from->length), &window.length_minutes, err))
        return error_at(err, "%.*s", TEXT_ARG(reader->name));
    *out = window;
    return true;
}

static bool take_busy(const struct policy_reader *reader, const struct file_busy *from,
                      struct cost_terms *cost, struct error *err)
{
    cost->busy_days = from->days == 0 ? WINDOW_EVERY_DAY : (uint8_t)from->days;
    cost->busy_weight = from->weight;
    if (!policy_form_minute(text_of(from->from), 24 * 60 - 1, &cost->busy_from_minute, err) ||
        !policy_form_minute(text_of(from->to), 24 * 60, &cost->busy_to_minute, err))
        return error_at(err, "%.*s", TEXT_ARG(reader->name));
    if (cost->busy_from_minute >= cost->busy_to_minute)
        return fail(reader, err, "busy hours must end after they begin, not at", from->to);
    if (from->weight < 2)
        return error_set(err, ERROR_INPUT, "%.*s: a busy hour weighs at least 2, the others 1",
                         TEXT_ARG(reader->name));
    return true;
}

/* What is not given keeps the value of *cost. */
static bool take_cost(const struct policy_reader *reader, const struct file_cost *from,
                      struct cost_terms *cost, struct error *err)
{
    if (from->users != NULL)
        cost->users = *from->users;
    if (from->downtime != NULL)
        cost->downtime_minutes = *from->downtime;
    if (from->restore != NULL)
        cost->restore_minutes = *from->restore;
    if (from->breaking != NULL)
        cost->breaking_percent = *from->breaking;
    if (cost->breaking_percent > 100)
        return error_set(err, ERROR_INPUT, "%.*s: \"breaking percent\" is at most 100",
                         TEXT_ARG(reader->name));
    return from->busy == NULL || take_busy(reader, from->busy, cost, err);
}

static struct globs take_globs(const struct list *from)
{
    return (struct globs){from->at, from->count};
}

static struct asset take_asset(const struct file_asset *from)
{
    return (struct asset){take_globs(&from->hosts), take_globs(&from->packages), take_globs(&from->sources),
                          take_globs(&from->ids)};
}

static bool asset_is_all(const struct asset *asset)
{
    return asset->hosts.count + asset->packages.count + asset->sources.count + asset->ids.count == 0;
}

/* SSVC makes human impact of safety and mission; whoever has judged it already names it. */
static bool take_impact(const struct policy_reader *reader, const struct file_class *from, enum impact *out,
                        struct error *err)
{
    bool half = (from->safety != SAFETY_UNKNOWN) != (from->mission != MISSION_UNKNOWN);

    if (half)
        return fail(reader, err, "safety and mission together make the impact of class", from->name);
    if (from->impact != IMPACT_UNKNOWN && from->safety != SAFETY_UNKNOWN)
        return fail(reader, err, "impact is given twice (as such, and by safety and mission) in class",
                    from->name);
    *out = (enum impact)from->impact;
    if (from->safety != SAFETY_UNKNOWN)
        *out =
            (enum impact)impact_ssvc.at[impact_row((enum safety)from->safety, (enum mission)from->mission)];
    return true;
}

static bool take_class(const struct policy_reader *reader, const struct file_class *from,
                       const struct policy *policy, struct policy_class *out, struct error *err)
{
    struct policy_class class_of = {.name = from->name,
                                    .asset = take_asset(&from->asset),
                                    .exposure = (enum exposure)from->exposure,
                                    .dispensable = from->dispensable,
                                    .has_window = from->window != NULL,
                                    .has_cost = from->cost != NULL,
                                    .window = policy->window,
                                    .cost = policy->cost};

    if (!take_impact(reader, from, &class_of.impact, err))
        return false;
    if (class_of.has_window && !take_window(reader, from->window, &class_of.window, err))
        return error_at(err, "class \"%.60s\"", from->name);
    if (class_of.has_cost && !take_cost(reader, from->cost, &class_of.cost, err))
        return error_at(err, "class \"%.60s\"", from->name);
    if (class_of.exposure == EXPOSURE_UNKNOWN && class_of.impact == IMPACT_UNKNOWN && !class_of.dispensable &&
        !class_of.has_window && !class_of.has_cost)
        return fail(reader, err, "nothing is said of the assets of class", from->name);
    *out = class_of;
    return true;
}

static bool take_classes(const struct policy_reader *reader, const struct file_policy *from,
                         struct policy *policy, struct error *err)
{
    struct policy_class *classes = ARENA_ARRAY(reader->arena, struct policy_class, from->class_count);

    if (classes == NULL)
        return arena_full(reader->arena, err);
    for (uint32_t i = 0; i < from->class_count; i++) {
        if (!take_class(reader, &from->classes[i], policy, &classes[i], err))
            return false;
        if (i > 0 && asset_is_all(&classes[i - 1].asset))
            return fail(reader, err, "the class before matches everything, so nothing reaches class",
                        classes[i].name);
        for (uint32_t j = 0; j < i; j++)
            if (strcmp(classes[i].name, classes[j].name) == 0)
                return fail(reader, err, "two classes are called", classes[i].name);
    }
    policy->classes = classes;
    policy->class_count = from->class_count;
    return true;
}

static bool take_exceptions(const struct policy_reader *reader, const struct file_policy *from,
                            struct policy *policy, struct error *err)
{
    struct policy_exception *exceptions =
        ARENA_ARRAY(reader->arena, struct policy_exception, from->exception_count);

    if (exceptions == NULL)
        return arena_full(reader->arena, err);
    for (uint32_t i = 0; i < from->exception_count; i++) {
        const struct file_exception *file = &from->exceptions[i];
        struct policy_exception *exception = &exceptions[i];
        *exception = (struct policy_exception){.asset = take_asset(&file->asset),
                                               .reason = file->reason,
                                               .measure = file->measure,
                                               .signers = file->signers.at,
                                               .signer_count = file->signers.count};
        if (asset_is_all(&exception->asset))
            return fail(reader, err,
                        "no asset is named (hosts, packages, sources or ids) in the exception with reason",
                        file->reason);
        if (!time_parse(text_of(file->end), &exception->end_us, err))
            return error_at(err, "%.*s", TEXT_ARG(reader->name));
    }
    policy->exceptions = exceptions;
    policy->exception_count = from->exception_count;
    return true;
}

static const struct profile *read_profile(const struct policy_reader *reader, struct text id,
                                          struct error *err)
{
    const char *path = policy_form_profile_path(reader, id);
    struct profile *profile = ARENA_NEW(reader->arena, struct profile);
    struct bytes file;

    if (path == NULL || profile == NULL) {
        (void)arena_full(reader->arena, err);
        return NULL;
    }
    if (!file_read(path, LIMIT_YAML_FILE, reader->arena, &file, err) ||
        !profile_read(file, text_of(path), reader->arena, profile, err))
        return NULL;
    if (!text_equal(text_of(profile->id), id)) {
        (void)error_set(err, ERROR_INPUT, "%s: its id is \"%.60s\", not what the file is called", path,
                        profile->id);
        return NULL;
    }
    return profile;
}

static bool take_profiles(const struct policy_reader *reader, const struct file_policy *from,
                          struct policy *policy, struct error *err)
{
    const struct profile **list = ARENA_ARRAY(reader->arena, const struct profile *, from->profiles.count);

    if (list == NULL)
        return arena_full(reader->arena, err);
    for (uint32_t i = 0; i < from->profiles.count; i++) {
        struct text id = text_of(from->profiles.at[i]);
        list[i] = profiles_find(id);
        if (list[i] == NULL)
            list[i] = read_profile(reader, id, err);
        if (list[i] == NULL)
            return false;
        for (uint32_t j = 0; j < i; j++)
            if (list[j] == list[i] || strcmp(list[j]->id, list[i]->id) == 0)
                return fail(reader, err, "a profile is named twice:", list[i]->id);
    }
    policy->profiles = list;
    policy->profile_count = from->profiles.count;
    return true;
}

static bool take_trust(const struct policy_reader *reader, const struct file_policy *from,
                       struct policy *policy, struct error *err)
{
    policy->trust_count = from->trust.count;
    for (uint32_t i = 0; i < from->trust.count; i++) {
        policy->trust[i] = (uint8_t)policy_form_source(text_of(from->trust.at[i]));
        for (uint32_t j = 0; j < i; j++)
            if (policy->trust[i] == policy->trust[j])
                return fail(reader, err, "a source of scores is named twice:", from->trust.at[i]);
    }
    return true;
}

static bool take_table(const struct policy_reader *reader, const char *name, struct policy *policy,
                       struct error *err)
{
    const char *path = policy_form_beside(reader, text_of(name));
    struct urgency_table *table = ARENA_NEW(reader->arena, struct urgency_table);
    struct bytes file;

    if (path == NULL || table == NULL)
        return arena_full(reader->arena, err);
    if (!file_read(path, LIMIT_YAML_FILE, reader->arena, &file, err) ||
        !urgency_read(file, text_of(path), reader->arena, table, err))
        return false;
    policy->urgency = table;
    return true;
}

static bool take_decide(const struct policy_reader *reader, const struct file_decide *from,
                        struct policy *policy, struct error *err)
{
    if (from->functional != NULL &&
        !policy_form_functional(text_of(from->functional), &policy->functional_within, err))
        return error_at(err, "%.*s", TEXT_ARG(reader->name));
    if (from->minimum_age != NULL && !policy_form_age(text_of(from->minimum_age), &policy->minimum_age, err))
        return error_at(err, "%.*s", TEXT_ARG(reader->name));
    if (from->vendor_after != NULL &&
        !policy_form_vendor_after(text_of(from->vendor_after), &policy->vendor_after, err))
        return error_at(err, "%.*s", TEXT_ARG(reader->name));
    return from->table == NULL || take_table(reader, from->table, policy, err);
}

static bool take_unattended(const struct policy_reader *reader, const struct file_unattended *from,
                            struct policy *policy, struct error *err)
{
    struct policy_unattended *to = &policy->unattended;

    if (from->battery != NULL && *from->battery > 100)
        return error_set(err, ERROR_INPUT, "%.*s: \"battery percent\" is at most 100",
                         TEXT_ARG(reader->name));
    if (from->battery != NULL)
        to->battery_percent = *from->battery;
    if (from->powers == FILE_POWERS_TAKE && from->held_powers.count > 0)
        return error_set(err, ERROR_INPUT, "%.*s: \"held powers\" has no effect where new powers are taken",
                         TEXT_ARG(reader->name));
    if (from->powers == FILE_POWERS_TAKE || from->held_powers.count > 0)
        to->held_powers = 0;
    for (uint32_t i = 0; i < from->held_powers.count; i++)
        to->held_powers |= UINT32_C(1) << policy_form_power(text_of(from->held_powers.at[i]));
    to->new_packages = take_globs(&from->new_packages);
    if (from->reboot != FILE_REBOOT_UNKNOWN)
        to->reboot = from->reboot == FILE_REBOOT_IN_WINDOW;
    return true;
}

/* Classes inherit the policy's own window and cost, so they come last. */
static bool take_policy(const struct policy_reader *reader, const struct file_policy *from,
                        struct policy *policy, struct error *err)
{
    policy->name = from->name;
    policy->version = from->version;
    if (from->zone != NULL &&
        !zone_open(reader->zone_folder, text_of(from->zone), reader->arena, &policy->zone, err))
        return error_at(err, "%.*s", TEXT_ARG(reader->name));
    if (!take_profiles(reader, from, policy, err))
        return false;
    if (from->trust.count > 0 && !take_trust(reader, from, policy, err))
        return false;
    if (from->decide != NULL && !take_decide(reader, from->decide, policy, err))
        return false;
    if (from->window != NULL && !take_window(reader, from->window, &policy->window, err))
        return false;
    if (from->cost != NULL && !take_cost(reader, from->cost, &policy->cost, err))
        return false;
    if (from->unattended != NULL && !take_unattended(reader, from->unattended, policy, err))
        return false;
    if (from->class_count > 0 && !take_classes(reader, from, policy, err))
        return false;
    if (from->exception_count > 0 && !take_exceptions(reader, from, policy, err))
        return false;
    if (from->before != NULL && !policy_form_take_before(reader, from->before, policy, err))
        return false;
    return from->after == NULL || policy_form_take_checks(reader, from->after, policy, err);
}

bool policy_parse(struct bytes file, struct text name, const struct policy_place *place, struct arena *arena,
                  struct policy *out, struct error *err)
{
    struct policy_reader reader = {name, place->folder, place->zone_folder, arena};
    const struct yaml_form form = {&policy_form_schema, policy_form_checks, &reader};
    struct policy policy = policy_built_in;
    void *read = NULL;

    if (!yaml_read(file, name, &form, arena, &read, err) || !take_policy(&reader, read, &policy, err))
        return false;
    *out = policy;
    return true;
}

bool policy_read(const char *path, const char *zone_folder, struct arena *arena, struct policy *out,
                 struct error *err)
{
    struct text name = text_of(path);
    struct policy_place place = {".", zone_folder};
    struct bytes file;
    size_t slash = name.size;

    while (slash > 0 && path[slash - 1] != '/')
        slash--;
    if (slash > 0) {
        place.folder = text_string(arena, text_part(name, 0, slash == 1 ? 1 : slash - 1));
        if (place.folder == NULL)
            return arena_full(arena, err);
    }
    return file_read(path, LIMIT_YAML_FILE, arena, &file, err) &&
           policy_parse(file, name, &place, arena, out, err);
}
