/* Any bytes: fields lie in them, ascend, and say what stands there; a layout's look-ups and an index of frames stay within. */
#include <assert.h>
#include <stdlib.h>

#include "base/own.h"
#include "delta/elf_fields.h"
#include "delta/elf_frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_fields(struct bytes file)
{
    OWN(elf_fields_end) struct elf_fields fields = {0};
    struct error err;
    uint8_t id[ELF_BUILD_ID];
    uint64_t end = 0;

    if (!elf_fields_read(file, &fields, &err))
        return;
    for (size_t i = 0; i < fields.count; i++) {
        struct elf_field field = elf_fields_get(&fields, file, i);
        assert(field.at >= end && field.at <= file.size && field.size <= file.size - field.at);
        end = (uint64_t)field.at + field.size;
        uint64_t value =
            elf_field_value(&field, field.from == FIELD_FROM_NOTHING ? 0 : field.origin, field.target);
        if (field.from == FIELD_FROM_ID) {
            assert(elf_build_id(&fields.layout, file, id));
            value = elf_fields_id_digits(&fields, &field, id);
        }
        assert(memcmp(&value, file.at + field.at, field.size) == 0);
    }
}

static void check_frames(struct bytes file)
{
    struct elf_layout layout;
    struct elf_frames_walk walk = {0};
    struct error err;
    size_t have = 0, wanted;

    if (!elf_layout_read(file, &layout) || layout.frames_size > file.size)
        return;
    assert(elf_layout_wants(file) <= ELF_START_MAX && layout.notes_end <= ELF_START_MAX);
    uint64_t begin = elf_frames_begin(&layout);
    if (begin > file.size)
        return;
    while ((wanted = elf_frames_wants(&walk, &layout, (struct bytes){file.at + begin, have},
                                      file.size - begin)) != 0) {
        assert(wanted > have && wanted <= file.size - begin);
        have = wanted;
    }
    OWN(own_memory) uint8_t *made = malloc(layout.frames_size + 1);
    assert(made != NULL);
    if (elf_frames_header(&layout, (struct bytes){file.at + begin, have}, made, &err))
        assert(made[0] == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes file = {data, size};

    check_fields(file);
    check_frames(file);
    return 0;
}
