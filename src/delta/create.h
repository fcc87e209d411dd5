/*
 * A delta of two paths: files, folders or .debs, recognised by what is in them.
 *
 * Two .debs are taken apart; of two folders the files are paired; everything else is bytes. The delta is proved before it gets its
 * name, which it gets at once: whoever looks sees no half of it. Spool files lie, without names, in the folder of `out`.
 */
#ifndef DELTA_CREATE_H
#define DELTA_CREATE_H

#include "delta/encode.h"

struct create_request {
    const char *old, *new, *out;
    unsigned threads;                             /* 0: one for each processor */
    size_t memory_max;                            /* 0: 1 GiB */
    bool (*progress)(void *self, unsigned share); /* of 1000; false stops; NULL: none */
    void *self;
};

struct create_result {
    struct encode_result encode;
    enum delta_kind kind;
    int64_t apart_us; /* both sides unpacked, and how they were packed found */
    uint64_t new_size, delta_size;
};

bool delta_create(const struct create_request *request, struct create_result *result, struct error *err)
    MUST_USE;

/* The folder that a path lies in, in the arena; NULL when memory is out. */
char *create_folder_of(struct arena *arena, const char *path);

#endif
