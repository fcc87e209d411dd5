#include "base/control.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OFF "SUTURE_CONTROLS_OFF"

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
    const char *off = getenv(OFF);

    return off == NULL || controls[control].name == NULL || !names(off, controls[control].name);
}

bool control_switchable(void)
{
    return true;
}

/* The entry of our own environment, which lives as long as we do. */
static const char *own_entry(void)
{
    for (char **entry = environ; entry != NULL && *entry != NULL; entry++)
        if (strncmp(*entry, OFF "=", sizeof(OFF)) == 0)
            return *entry;
    return NULL;
}

const char *const *control_environment(const char *const *environment,
                                       const char *room[CONTROL_ENVIRONMENT_MAX])
{
    const char *entry = own_entry();
    size_t count = 0;

    if (entry == NULL)
        return environment;
    for (; environment[count] != NULL; count++) {
        assert(count < CONTROL_ENVIRONMENT_MAX - 2);
        room[count] = environment[count];
    }
    room[count] = entry;
    room[count + 1] = NULL;
    return room;
}
