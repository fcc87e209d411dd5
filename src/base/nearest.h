/*
 * The known name that somebody may have meant: for a mistyped command, option or key.
 *
 *     struct nearest nearest = nearest_with(word);
 *     for (...) nearest_try(&nearest, text_of(table[i].name));
 *     if (nearest.best.size > 0) ... "do you mean \"%.*s\"?", TEXT_ARG(nearest.best)
 *
 * Near is what a few slips of the fingers away (a letter left out, added, changed, or two swapped) or begins with the
 * word. Of names equally near the first counts.
 */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include "base/bytes.h"

struct nearest {
    struct text word;
    struct text best; /* absent: none is near */
    size_t distance;  /* of best; before that the most that still counts as near */
};

struct nearest nearest_with(struct text word);
void nearest_try(struct nearest *nearest, struct text name);

#endif
