/*
 * The ways in which delta_mutate breaks a delta.
 *
 * Some change bytes and know nothing of them. Others write header and table anew, so that what is asked for are the meanings; make
 * broken windows whose hashes are right; or code other images as an encoder would: what comes behind is to believe none of it.
 */
#ifndef DELTA_MUTATE_WAYS_H
#define DELTA_MUTATE_WAYS_H

#include "delta/delta.h"
#include "delta/old_image.h"

struct subject {
    const char *name;
    struct base base;
    struct bytes file;
    struct delta delta;
    uint8_t *image;         /* new, whole */
    struct old_image *olds; /* of each window */
};

/* Those that pieces may be taken from. */
struct subjects {
    struct subject at[32];
    size_t count;
};

struct way {
    const char *name;
    /* False: it cannot be done to this one, or came to nothing. */
    bool (*make)(const struct subjects *all, const struct subject *s, struct writer *out);
    unsigned share; /* of 1000 */
};
extern const struct way mutate_ways[];
extern const size_t mutate_way_count;

/* The same numbers for the same seed. */
void mutate_begin(uint64_t seed);
uint64_t mutate_below(uint64_t bound);

bool mutate_keep_bytes(void *self, struct bytes bytes,
                       struct error *err); /* of a window_sink; self is a writer */
bool mutate_pieces(const struct subject *s, size_t window, struct arena *arena, struct window_image *out,
                   struct error *err) MUST_USE;

#endif
