#include <stdint.h>

#include "base/own.h"
#include "manager/apt_memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A whole file of memory: the table, look-ups in it, and its note; and the bytes as a note alone. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"bash", "libssl3", "tzdata", ""};
    OWN(arena_end) struct arena arena = arena_with(1 << 24);
    struct apt_memory_key key = {
        .source = TEXT("source"), .inrelease = "/nonexistent", .list = "/nonexistent", .now_us = 1};
    struct apt_memory_facts facts;
    struct apt_record record;
    struct apt_table table;
    struct error err;
    bool same = false;

    if (apt_memory_read((struct bytes){data, size}, &key, &arena, &facts, &same, &err) && same)
        __builtin_trap(); /* of files that are not there nothing is remembered */
    if (!apt_table_open((struct bytes){data, size}, &table, &err))
        return 0;
    table.arch = TEXT("amd64");
    (void)!apt_memory_read(table.note, &key, &arena, &facts, &same, &err);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        struct apt_table_walk walk = apt_table_find(&table, text_of(names[i]));
        while (apt_table_next(&walk, &record))
            if (!text_equal(record.name, text_of(names[i])))
                __builtin_trap();
    }
    return 0;
}
