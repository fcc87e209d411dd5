#include "base/control.h"

bool control_holds(enum control control)
{
    (void)control;
    return true;
}

bool control_switchable(void)
{
    return false;
}

const char *const *control_environment(const char *const *environment,
                                       const char *room[CONTROL_ENVIRONMENT_MAX])
{
    (void)room;
    return environment;
}
