#include "manager/dpkg_commands.h"

#include <assert.h>

#include "manager/dpkg_words.h"

/* Our lock keeps others out, so dpkg must not ask for it. The rest keeps programs that hook into dpkg from asking. */
const char *const dpkg_environment[] = {
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root",
    "USER=root",
    "LOGNAME=root",
    "SHELL=/bin/sh",
    "TERM=dumb",
    "LC_ALL=C.UTF-8",
    "DPKG_FRONTEND_LOCKED=true",
    "DEBIAN_FRONTEND=noninteractive",
    "DEBCONF_NONINTERACTIVE_SEEN=true",
    "DEBCONF_NOWARNINGS=yes",
    "UCF_FORCE_CONFFOLD=1",
    "APT_LISTCHANGES_FRONTEND=none",
    "APT_LISTBUGS_FRONTEND=none",
    "NEEDRESTART_SUSPEND=1",
    "NEEDRESTART_MODE=l",
    NULL,
};

/* Read through APT_CONFIG before anything else, it takes the machine's own configuration, sources and pins away. */
const char dpkg_apt_configuration[] = "Dir::Etc::main \"/dev/null\";\n"
                                      "Dir::Etc::parts \"/dev/null\";\n"
                                      "Dir::Etc::sourcelist \"/dev/null\";\n"
                                      "Dir::Etc::sourceparts \"/dev/null\";\n"
                                      "Dir::Etc::preferences \"/dev/null\";\n"
                                      "Dir::Etc::preferencesparts \"/dev/null\";\n"
                                      "Dir::Cache::pkgcache \"\";\n"
                                      "Dir::Cache::srcpkgcache \"\";\n"
                                      "APT::Install-Recommends \"false\";\n"
                                      "APT::Install-Suggests \"false\";\n"
                                      "APT::Get::AutomaticRemove \"false\";\n"
                                      "APT::Get::Show-User-Simulation-Note \"false\";\n"
                                      "Debug::NoLocking \"true\";\n";

/* An argv that grows in the arena; the first word that does not fit makes it NULL for good. */
struct words {
    struct arena *arena;
    const char **at;
    size_t count, capacity;
    bool failed;
};

static void put(struct words *words, const char *word)
{
    const char **at = words->failed || word == NULL
                          ? NULL
                          : arena_grow(words->arena, words->at, words->count, &words->capacity,
                                       words->count + 2, sizeof(*words->at));

    words->failed = at == NULL;
    if (at == NULL)
        return;
    words->at = at;
    at[words->count++] = word;
    at[words->count] = NULL;
}

static void put_all(struct words *words, const char *const *all)
{
    for (; *all != NULL; all++)
        put(words, *all);
}

/* "NAME" of what is for all architectures, else "NAME:ARCH"; then a sign. */
static void put_key(struct words *words, const struct package_key *key, const char *sign)
{
    bool all = text_equal(key->arch, TEXT("all"));

    assert(dpkg_word_is_name(key->name) && dpkg_word_is_arch(key->arch));
    put(words,
        all ? text_format(words->arena, "%.*s%s", TEXT_ARG(key->name), sign).at
            : text_format(words->arena, "%.*s:%.*s%s", TEXT_ARG(key->name), TEXT_ARG(key->arch), sign).at);
}

static void put_file(struct words *words, const struct dpkg_place *place,
                     const struct trusted_artifact *artifact)
{
    char hex[DIGEST_HEX_MAX + 1];

    digest_hex(&artifact->digest, hex);
    put(words, text_format(words->arena, "%s/packages/%s.deb", place->work, hex).at);
}

static void put_files(struct words *words, const struct dpkg_place *place, const struct package_group *group)
{
    for (size_t i = 0; i < group->artifact_count; i++)
        put_file(words, place, &group->artifacts[i]);
}

static bool finish(const struct words *words, struct dpkg_command *out, struct error *err)
{
    if (words->failed)
        return arena_full(words->arena, err);
    *out = (struct dpkg_command){.argv = words->at};
    return true;
}

static bool is_root(const struct dpkg_place *place)
{
    return strcmp(place->root, "/") == 0;
}

static struct words dpkg(const struct dpkg_place *place, struct arena *arena)
{
    static const char *const always[] = {"--force-confdef", "--force-confold", "--no-pager", NULL};
    struct words words = {.arena = arena};

    put(&words, "/usr/bin/dpkg");
    if (!is_root(place))
        put(&words, text_format(arena, "--root=%s", place->root).at);
    put_all(&words, always);
    return words;
}

/* What needs these is changed by the same group: the simulation showed that all fits at its end. */
static bool take_away(const struct dpkg_place *place, const char *how, const struct package_key *keys,
                      size_t count, struct arena *arena, struct dpkg_command *out, struct error *err)
{
    struct words words = dpkg(place, arena);

    put(&words, "--force-depends");
    put(&words, how);
    for (size_t i = 0; i < count; i++)
        put_key(&words, &keys[i], "");
    return finish(&words, out, err);
}

bool dpkg_command_remove(const struct dpkg_place *place, const struct package_group *group,
                         struct arena *arena, struct dpkg_command *out, struct error *err)
{
    return take_away(place, "--remove", group->removals, group->removal_count, arena, out, err);
}

bool dpkg_command_purge(const struct dpkg_place *place, const struct package_group *group,
                        struct arena *arena, struct dpkg_command *out, struct error *err)
{
    return take_away(place, "--purge", group->purges, group->purge_count, arena, out, err);
}

static void write_selections(struct words *lines, const struct package_key *keys, size_t count,
                             const char *want)
{
    for (size_t i = 0; i < count; i++)
        put_key(lines, &keys[i], want);
}

bool dpkg_command_select(const struct dpkg_place *place, const struct package_group *group,
                         struct arena *arena, struct dpkg_command *out, struct error *err)
{
    struct words words = dpkg(place, arena), lines = {.arena = arena};
    size_t size = 0;

    put(&words, "--set-selections");
    write_selections(&lines, group->removals, group->removal_count, "\tdeinstall\n");
    write_selections(&lines, group->purges, group->purge_count, "\tpurge\n");
    for (size_t i = 0; !lines.failed && i < lines.count; i++)
        size += strlen(lines.at[i]);
    char *input = lines.failed ? NULL : arena_take(arena, size + 1);
    if (input == NULL)
        return arena_full(arena, err);
    size = 0;
    for (size_t i = 0; i < lines.count; i++) {
        memcpy(input + size, lines.at[i], strlen(lines.at[i]));
        size += strlen(lines.at[i]);
    }
    if (!finish(&words, out, err))
        return false;
    out->input = input;
    return true;
}

bool dpkg_command_install(const struct dpkg_place *place, const struct package_group *group, bool again,
                          struct arena *arena, struct dpkg_command *out, struct error *err)
{
    struct words words = dpkg(place, arena);

    put(&words, group->rollback ? "--force-downgrade" : "--refuse-downgrade");
    /* An old version takes a file back that had moved to another package, and says nowhere that it may. */
    if (group->rollback)
        put(&words, "--force-overwrite");
    /* Its file has what was there, so the owner's exclusions were already applied; the last pattern decides. */
    if (group->rollback)
        put(&words, "--path-include=*");
    put(&words, "--auto-deconfigure");
    if (again)
        put(&words, "--skip-same-version");
    put(&words, "--install");
    put_files(&words, place, group);
    return finish(&words, out, err);
}

bool dpkg_command_configure(const struct dpkg_place *place, struct arena *arena, struct dpkg_command *out,
                            struct error *err)
{
    struct words words = dpkg(place, arena);

    put(&words, "--configure");
    put(&words, "--pending");
    return finish(&words, out, err);
}

bool dpkg_command_list(const struct dpkg_place *place, struct arena *arena, struct dpkg_command *out,
                       struct error *err)
{
    struct words words = {.arena = arena};

    put(&words, "/usr/bin/dpkg-query");
    if (!is_root(place))
        put(&words, text_format(arena, "--admindir=%s/var/lib/dpkg", place->root).at);
    put(&words, "--show");
    put(&words, "--showformat=${Package}\\t${Architecture}\\t${Version}\\t${db:Status-Status}\\t${db:Status-"
                "Eflag}\\n");
    return finish(&words, out, err);
}

/* An option of apt that is a path of this root or of ours. */
static void put_path(struct words *words, const char *option, const char *folder, const char *path)
{
    put(words, "-o");
    put(words, text_format(words->arena, "%s=%s%s", option, strcmp(folder, "/") == 0 ? "" : folder, path).at);
}

static struct words apt(const struct dpkg_place *place, const char *program, struct arena *arena)
{
    struct words words = {.arena = arena};

    put(&words, program);
    put_path(&words, "Dir::State::status", place->root, "/var/lib/dpkg/status");
    put_path(&words, "Dir::State::extended_states", place->root, "/var/lib/apt/extended_states");
    put_path(&words, "Dir::State::lists", place->work, "/empty");
    return words;
}

bool dpkg_command_simulate(const struct dpkg_place *place, const struct package_group *group,
                           struct arena *arena, struct dpkg_command *out, struct error *err)
{
    struct words words = apt(place, "/usr/bin/apt-get", arena);

    put(&words, "--simulate");
    put(&words, "--no-download");
    if (group->rollback)
        put(&words, "--allow-downgrades");
    put(&words,
        "--allow-remove-essential"); /* what is removed is compared with the plan, not left to a rule of apt's */
    put(&words, "--assume-yes");
    put(&words, "install");
    put_files(&words, place, group);
    for (size_t i = 0; i < group->removal_count; i++)
        put_key(&words, &group->removals[i], "-");
    for (size_t i = 0; i < group->purge_count; i++)
        put_key(&words, &group->purges[i], "-");
    return finish(&words, out, err);
}

bool dpkg_command_mark(const struct dpkg_place *place, const struct package_mark *marks, size_t count,
                       bool automatic, struct arena *arena, struct dpkg_command *out, struct error *err)
{
    struct words words = apt(place, "/usr/bin/apt-mark", arena);
    size_t named = 0;

    put(&words, automatic ? "auto" : "manual");
    for (size_t i = 0; i < count; i++) {
        if (marks[i].automatic != automatic)
            continue;
        put_key(&words, &marks[i].package, "");
        named++;
    }
    if (named > 0)
        return finish(&words, out, err);
    *out = (struct dpkg_command){0};
    return true;
}
