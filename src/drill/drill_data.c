#include "drill/drill_data.h"

#include <assert.h>

struct bytes drill_data(const char *name)
{
    const struct drill_file *file = drill_files;

    while (file->name != NULL && strcmp(file->name, name) != 0)
        file++;
    assert(file->name != NULL);
    return file->content;
}
