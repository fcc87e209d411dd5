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
