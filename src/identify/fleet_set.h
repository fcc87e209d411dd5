/*
 * A set of hosts by their numbers, as small as it can be: two numbers in place, else a sorted array, else a bitmap once
 * that is smaller. Most sets of a fleet are of one host or of nearly all.
 */
#ifndef IDENTIFY_FLEET_SET_H
#define IDENTIFY_FLEET_SET_H

#include "base/bytes.h"

#define FLEET_SET_FEW 2

enum fleet_set_form { FLEET_SET_IN_PLACE, FLEET_SET_ARRAY, FLEET_SET_BITMAP };

struct fleet_set {
    uint32_t count;
    uint32_t room : 30; /* numbers of the array, or words of the bitmap */
    uint32_t form : 2;  /* enum fleet_set_form */
    union {
        uint32_t few[FLEET_SET_FEW]; /* ascending */
        uint32_t *array;             /* ascending */
        uint64_t *bits;
    };
};

/* `universe` is how many numbers there are: whether a bitmap is smaller depends on it. Adding what is there does nothing. */
bool fleet_set_add(struct fleet_set *set, uint32_t host, uint32_t universe, struct error *err) MUST_USE;
/* Removing what is not there does nothing. Cannot fail: a set that shrinks keeps its memory where it gets no smaller one. */
void fleet_set_remove(struct fleet_set *set, uint32_t host);
bool fleet_set_has(const struct fleet_set *set, uint32_t host);
/* Sets the bit of each host; bits has `words` words, numbers beyond them are passed over. */
void fleet_set_mark(const struct fleet_set *set, uint64_t *bits, size_t words);
size_t fleet_set_memory(const struct fleet_set *set); /* beside the struct itself */
void fleet_set_end(struct fleet_set *set);

#endif
