#include "server/roles.h"

#define BIT(permission) (1U << (permission))

const struct role_row roles[ROLE_COUNT] = {
    {ROLE_VIEWER, "viewer", "sees hosts, findings, evidence and orders", BIT(PERMISSION_READ)},
    {ROLE_OPERATOR, "operator", "orders a fix now, ends such an order, revokes a host",
     BIT(PERMISSION_READ) | BIT(PERMISSION_OPERATE)},
    {ROLE_APPROVER, "approver", "accepts a host that looks like a clone or a restored one",
     BIT(PERMISSION_READ) | BIT(PERMISSION_APPROVE)},
    {ROLE_AUDITOR, "auditor", "reads and exports the audit log",
     BIT(PERMISSION_READ) | BIT(PERMISSION_AUDIT)},
    {ROLE_ENROLLER, "enroller", "makes and revokes enrolment tokens", BIT(PERMISSION_ENROL)},
    {ROLE_ADMINISTRATOR, "administrator", "makes users and gives them roles",
     BIT(PERMISSION_READ) | BIT(PERMISSION_MANAGE)},
};

static const char *const permission_names[PERMISSION_COUNT] = {
    [PERMISSION_UNKNOWN] = "unknown", [PERMISSION_NONE] = "none",       [PERMISSION_SELF] = "self",
    [PERMISSION_READ] = "read",       [PERMISSION_OPERATE] = "operate", [PERMISSION_APPROVE] = "approve",
    [PERMISSION_AUDIT] = "audit",     [PERMISSION_ENROL] = "enrol",     [PERMISSION_MANAGE] = "manage",
};

const char *permission_name(enum permission permission)
{
    return permission_names[permission < PERMISSION_COUNT ? permission : PERMISSION_UNKNOWN];
}

bool roles_permit(uint32_t have, enum permission permission)
{
    if (permission == PERMISSION_NONE)
        return true;
    if (permission == PERMISSION_SELF)
        return have != ROLE_NONE;
    for (size_t i = 0; i < ROLE_COUNT; i++)
        if ((have & roles[i].role) != 0 && (roles[i].permissions & BIT(permission)) != 0)
            return true;
    return false;
}

static bool find_role(struct text name, uint32_t *out, struct error *err)
{
    for (size_t i = 0; i < ROLE_COUNT; i++)
        if (text_equal(name, text_of(roles[i].name))) {
            *out = roles[i].role;
            return true;
        }
    return error_set(err, ERROR_INPUT,
                     "there is no role \"%.*s\"; there is: viewer, operator, approver, auditor, enroller, "
                     "administrator",
                     TEXT_ARG(text_part(name, 0, 32)));
}

bool roles_parse(struct text names, uint32_t *out, struct error *err)
{
    uint32_t found = ROLE_NONE, one;
    struct text name;

    while (text_cut(&names, ',', &name)) {
        if (!find_role(text_trim(name), &one, err))
            return false;
        found |= one;
    }
    if (found == ROLE_NONE)
        return error_set(err, ERROR_INPUT, "no role is named");
    *out = found;
    return true;
}

struct text roles_names(uint32_t have, struct arena *arena)
{
    struct text names = TEXT("");

    for (size_t i = 0; i < ROLE_COUNT; i++)
        if ((have & roles[i].role) != 0)
            names = text_format(arena, "%.*s%s%s", TEXT_ARG(names), names.size > 0 ? "," : "", roles[i].name);
    return names;
}
