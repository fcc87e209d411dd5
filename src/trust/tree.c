#include "trust/tree.h"

#include "base/limits.h"

#define DAYS(count) ((count)*TIME_DAY_US)

/* How long: what people sign is long enough not to be a burden and short enough that a thief of the server cannot freeze it for years. */
const struct tree_role tree_roles[TREE_ROLE_COUNT] = {
    {.name = "root",
     .threshold = 3,
     .people = 5,
     .delayed_when_solo = true,
     .lasts_us = DAYS(365),
     .what = "who may sign for what"},
    {.name = "timestamp",
     .threshold = 1,
     .online = true,
     .lasts_us = DAYS(7),
     .stale_us = DAYS(1),
     .what = "that this is the newest there is"},
    {.name = "snapshot",
     .threshold = 1,
     .online = true,
     .lasts_us = DAYS(14),
     .what = "which versions of all roles belong together"},
    {.name = "targets",
     .threshold = 2,
     .people = 3,
     .delayed_when_solo = true,
     .lasts_us = DAYS(365),
     .what = "who may sign for what below root"},
    {.name = "policy",
     .paths = {"policy/*"},
     .threshold = 2,
     .people = 3,
     .delayed_when_solo = true,
     .lasts_us = DAYS(180),
     .what = "which patches matter, and by when"},
    {.name = "publishers",
     .paths = {"publishers/*"},
     .threshold = 2,
     .people = 3,
     .delayed_when_solo = true,
     .lasts_us = DAYS(180),
     .what = "which vendors' keys are believed, for which packages"},
    {.name = "crisis",
     .paths = {"orders/crisis/*"},
     .threshold = 2,
     .people = 4,
     .delayed_when_solo = true,
     .lasts_us = DAYS(90),
     .what = "that patching is reduced to what is essential"},
    {.name = "block",
     .paths = {"orders/block/*"},
     .threshold = 1,
     .people = 5,
     .lasts_us = DAYS(90),
     .what = "which packages nobody may install"},
    {.name = "approval",
     .paths = {"orders/approval/*"},
     .threshold = 2,
     .people = 3,
     .delayed_when_solo = true,
     .lasts_us = DAYS(90),
     .what = "which held packages may be installed"},
    {.name = "release",
     .paths = {"release/*", "release/*/*", "release/*/*/*"},
     .threshold = 2,
     .people = 3,
     .delayed_when_solo = true,
     .lasts_us = DAYS(180),
     .what = "new versions of Suture itself"},
    {.name = "local",
     .paths = {"local/*", "local/*/*", "local/*/*/*"},
     .threshold = 2,
     .people = 3,
     .delayed_when_solo = true,
     .lasts_us = DAYS(180),
     .what = "software whose vendor does not sign"},
    {.name = "mirror",
     .paths = {"mirror/*", "mirror/*/*", "mirror/*/*/*"},
     .threshold = 1,
     .online = true,
     .lasts_us = DAYS(14),
     .what = "where vendors' packages can be fetched"},
    {.name = "deltas",
     .paths = {"deltas/*", "deltas/*/*", "deltas/*/*/*"},
     .threshold = 1,
     .online = true,
     .lasts_us = DAYS(14),
     .what = "which smaller downloads there are"},
    {.name = "advisories",
     .paths = {"advisories/*", "advisories/*/*", "advisories/*/*/*"},
     .threshold = 1,
     .online = true,
     .lasts_us = DAYS(14),
     .what = "which holes are known"},
    {.name = "plan",
     .paths = {"plan/*", "plan/*/*", "plan/*/*/*"},
     .threshold = 1,
     .online = true,
     .lasts_us = DAYS(14),
     .what = "what machines are asked to install, chosen among what others vouch for"},
};

const struct tree_role *tree_role_find(struct text name)
{
    for (size_t i = 0; i < TREE_ROLE_COUNT; i++)
        if (text_equal(name, text_of(tree_roles[i].name)))
            return &tree_roles[i];
    return NULL;
}

bool tree_role_is_delegated(const struct tree_role *role)
{
    return role->paths[0] != NULL;
}

/* One signature that can change everything is what solo means, whether the tree says so or not. */
bool tree_is_solo(const struct tuf_metadata *root)
{
    struct error none;
    bool solo = false;

    if (root->type != TUF_ROOT)
        return false;
    return root->roles[TUF_ROOT].threshold <= 1 ||
           !json_get_bool(root->signed_part, TREE_MEMBER_SOLO, false, &solo, &none) || solo;
}

int64_t tree_made_us(const struct tuf_metadata *metadata)
{
    struct text text = {0};
    struct error none;
    int64_t made_us;

    if (!json_get_text(metadata->signed_part, TREE_MEMBER_MADE, true, LIMIT_RELEASE_NAME, &text, &none) ||
        !time_parse(text, &made_us, &none))
        return TIME_ABSENT;
    return made_us;
}

struct text tree_proposed_by(const struct tuf_metadata *metadata)
{
    struct text text = {0};
    struct error none;

    return json_get_text(metadata->signed_part, TREE_MEMBER_PROPOSED, false, LIMIT_PERSON, &text, &none)
               ? text
               : (struct text){0};
}
