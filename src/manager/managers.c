#include "manager/managers.h"

#include <stddef.h>

extern const struct manager manager_apt;

const struct manager *const managers[] = {
    &manager_apt,
    NULL,
};

const struct manager *managers_of(const char *root)
{
    for (size_t i = 0; managers[i] != NULL; i++)
        if (managers[i]->present(root))
            return managers[i];
    return NULL;
}
