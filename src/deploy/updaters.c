#include "deploy/updaters.h"

#include <string.h>

#include "base/limits.h"
#include "base/own.h"

static const struct updater_rule rules[] = {
    {"unattended-upgrades",
     {"apt-daily-upgrade.timer", "unattended-upgrades.service", NULL},
     "APT::Periodic::Unattended-Upgrade \"0\";\nUnattended-Upgrade::InstallOnShutdown \"false\";\n",
     "is switched off"},
    {"apt-daily",
     {NULL},
     "APT::Periodic::Download-Upgradeable-Packages \"0\";\n",
     "goes on fetching lists, which Suture reads, and fetches no packages"},
    {"PackageKit",
     {"packagekit.service", "packagekit-offline-update.service", NULL},
     NULL,
     "is switched off: software centres show and install nothing until it is given back"},
    {"mintupdate",
     {"mintupdate-automation-upgrade.timer", NULL},
     NULL,
     "its automatic upgrades are switched off"},
    {"snapd", {NULL}, NULL, "stays: it updates snaps, which Suture does not"},
    {"flatpak", {NULL}, NULL, "stays: it updates flatpaks, which Suture does not"},
};

const struct updater_rule *updaters_find_rule(struct text name)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
        if (text_equal(name, text_of(rules[i].name)))
            return &rules[i];
    return NULL;
}

bool updater_rule_takes(const struct updater_rule *rule)
{
    return rule->units[0] != NULL || rule->apt != NULL;
}

static bool add(struct updaters_wishes *wishes, struct takeover_wish wish, struct arena *arena,
                struct error *err)
{
    if (wish.path == NULL || (wish.kind == TAKEOVER_FILE && wish.content.at == NULL))
        return arena_full(arena, err);
    if (wishes->count == UPDATERS_WISHES_MAX)
        return error_set(err, ERROR_LIMIT, "more than %d changes", UPDATERS_WISHES_MAX);
    wishes->at[wishes->count++] = wish;
    return true;
}

static bool add_folder(struct updaters_wishes *wishes, const char *path, struct arena *arena,
                       struct error *err)
{
    return add(wishes, (struct takeover_wish){.kind = TAKEOVER_FOLDER, .path = path, .group = "suture"},
               arena, err);
}

static bool add_mask(struct updaters_wishes *wishes, const struct updater_rule *rule, const char *unit,
                     struct arena *arena, struct error *err)
{
    struct text name = text_of(unit);
    struct takeover_wish wish = {.kind = TAKEOVER_LINK,
                                 .path = text_format(arena, "%s/%s", UPDATERS_UNITS, unit).at,
                                 .group = rule->name,
                                 .target = "/dev/null"};

    /* What runs now is left to end: only what would start it again is stopped. */
    if (text_ends(name, TEXT(".timer")))
        wish.unit = unit;
    return add(wishes, wish, arena, err);
}

bool updaters_add_masks(struct updaters_wishes *wishes, const struct text *names, size_t count,
                        struct arena *arena, struct error *err)
{
    struct text apt = TEXT(
        "// Written by \"suture unattended on --take-over\", taken away by \"suture unattended off\".\n");
    bool has_apt = false;

    for (size_t i = 0; i < count; i++) {
        const struct updater_rule *rule = updaters_find_rule(names[i]);
        if (rule == NULL)
            continue;
        for (size_t u = 0; rule->units[u] != NULL; u++)
            if (!add_mask(wishes, rule, rule->units[u], arena, err))
                return false;
        if (rule->apt != NULL)
            apt = text_format(arena, "%.*s%s", TEXT_ARG(apt), rule->apt);
        has_apt = has_apt || rule->apt != NULL;
    }
    return !has_apt ||
           add(wishes,
               (struct takeover_wish){
                   .kind = TAKEOVER_FILE, .path = UPDATERS_APT, .group = "apt", .content = apt, .mode = 0644},
               arena, err);
}

/* The text with a word replaced wherever it stands; `by` does not have it. */
static struct text with(struct text text, struct text word, struct text by, struct arena *arena)
{
    for (size_t at; (at = text_find(text, word)) != SIZE_MAX;)
        text = text_format(arena, "%.*s%.*s%.*s", (int)at, text.at, TEXT_ARG(by),
                           TEXT_ARG(text_part(text, at + word.size, SIZE_MAX)));
    return text;
}

/* systemd takes a line of ExecStart apart; a path that it would read otherwise is refused. */
static bool check_program(const char *program, struct error *err)
{
    for (const char *c = program; *c != 0; c++)
        if (*c <= ' ' || *c > '~' || strchr("%\\\"'$;", *c) != NULL)
            return error_set(err, ERROR_INPUT, "%s: systemd cannot start a program of this name", program);
    return program[0] == '/' || error_set(err, ERROR_INPUT, "%s: is no absolute path", program);
}

static bool add_unit(struct updaters_wishes *wishes, const char *name, struct text content,
                     struct arena *arena, struct error *err)
{
    return add(wishes,
               (struct takeover_wish){.kind = TAKEOVER_FILE,
                                      .path = text_format(arena, "%s/%s", UPDATERS_UNITS, name).at,
                                      .group = "suture",
                                      .content = content,
                                      .mode = 0644},
               arena, err);
}

bool updaters_add_timer(struct updaters_wishes *wishes, const char *program, struct arena *arena,
                        struct error *err)
{
    struct text service = with(updaters_service, TEXT("@SUTURE@"), text_of(program), arena);

    return check_program(program, err) && add_folder(wishes, "/etc/systemd", arena, err) &&
           add_folder(wishes, UPDATERS_UNITS, arena, err) &&
           add_unit(wishes, "suture.service", service, arena, err) &&
           add_unit(wishes, "suture.timer", updaters_timer, arena, err) &&
           add_folder(wishes, UPDATERS_UNITS "/timers.target.wants", arena, err) &&
           add(wishes,
               (struct takeover_wish){.kind = TAKEOVER_LINK,
                                      .path = UPDATERS_UNITS "/timers.target.wants/suture.timer",
                                      .group = "suture",
                                      .target = "../suture.timer"},
               arena, err);
}

bool updaters_add_policy(struct updaters_wishes *wishes, struct text zone, struct arena *arena,
                         struct error *err)
{
    return add_folder(wishes, "/etc/suture", arena, err) &&
           add(wishes,
               (struct takeover_wish){.kind = TAKEOVER_FILE,
                                      .path = UPDATERS_POLICY,
                                      .group = "suture",
                                      .content = with(updaters_policy, TEXT("@ZONE@"), zone, arena),
                                      .mode = 0644},
               arena, err);
}
