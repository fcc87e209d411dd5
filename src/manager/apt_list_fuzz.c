#include <stdint.h>

#include "base/own.h"
#include "manager/apt_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every record of a list that is taken is found again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWN(apt_table_builder_end) struct apt_table_builder builder = apt_table_builder_with(TEXT("amd64"));
    struct apt_table table;
    struct bytes whole;
    struct error err;
    size_t taken = 0;

    if (!apt_list_add((struct bytes){data, size}, &builder, &taken, &err))
        return 0;
    if (taken > size)
        __builtin_trap();
    if (!apt_table_finish(&builder, (struct bytes){0}, &whole, &err) ||
        !apt_table_open(whole, &table, &err) || table.count != builder.count)
        __builtin_trap();
    return 0;
}
