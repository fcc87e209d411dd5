#include "base/control.h"

#include <stdlib.h>
#include <string.h>

/* Whether `name` is one of the words of `list`, which have ',' between them. */
static bool names(const char *list, const char *name)
{
    size_t size = strlen(name);

    for (const char *at = list; at != NULL; at = strchr(at, ',')) {
        if (*at == ',')
            at++;
        if (strncmp(at, name, size) == 0 && (at[size] == ',' || at[size] == '\0'))
            return true;
    }
    return false;
}

bool control_holds(enum control control)
{
    const char *off = getenv("SUTURE_CONTROLS_OFF");

    return off == NULL || controls[control].name == NULL || !names(off, controls[control].name);
}

bool control_switchable(void)
{
    return true;
}
