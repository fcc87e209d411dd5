/*
 * The table of all feeds. feeds.c is the only file that names them all.
 */
#ifndef IDENTIFY_FEEDS_H
#define IDENTIFY_FEEDS_H

#include "identify/feed.h"

extern const struct feed *const feeds[]; /* ends in NULL */

/* NULL when there is none of that name. */
const struct feed *feeds_find(struct text name);
/* The feed whose document this seems to be, or NULL. */
const struct feed *feeds_recognise(struct bytes start, struct text name);

#endif
