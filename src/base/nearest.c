#include "base/nearest.h"

#define SIZE_MAX_COMPARED 64 /* longer words are nobody's slip of the fingers */

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment: letters left out, added, changed, or swapped with their neighbour. */
static size_t distance_of(struct text a, struct text b)
{
    size_t rows[3][SIZE_MAX_COMPARED + 1];
    size_t *two_back = rows[0], *back = rows[1], *now = rows[2];

    for (size_t j = 0; j <= b.size; j++)
        back[j] = j;
    for (size_t i = 1; i <= a.size; i++) {
        now[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            bool same = a.at[i - 1] == b.at[j - 1];
            now[j] = min(min(back[j], now[j - 1]) + 1, back[j - 1] + !same);
            if (i > 1 && j > 1 && a.at[i - 1] == b.at[j - 2] && a.at[i - 2] == b.at[j - 1])
                now[j] = min(now[j], two_back[j - 2] + 1);
        }
        size_t *unused = two_back;
        two_back = back;
        back = now;
        now = unused;
    }
    return back[b.size];
}

struct nearest nearest_with(struct text word)
{
    return (struct nearest){.word = word, .distance = 1 + word.size / 4};
}

void nearest_try(struct nearest *nearest, struct text name)
{
    struct text word = nearest->word;

    if (word.size > SIZE_MAX_COMPARED || name.size > SIZE_MAX_COMPARED)
        return;
    size_t distance = word.size > 1 && text_starts(name, word) ? 1 : distance_of(word, name);
    if (distance >= name.size) /* nothing of it would be left */
        return;
    if (distance < nearest->distance || (nearest->best.size == 0 && distance == nearest->distance)) {
        nearest->best = name;
        nearest->distance = distance;
    }
}
