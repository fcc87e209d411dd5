/*
 * Text from outside, made so that what a person reads is what is there.
 *
 * Some characters show nothing, or turn the order of those around them: a script, a version or a reason can read as something
 * else than it is (CVE-2021-42574). Control characters can do more to a terminal. Whoever is asked to sign must see
 * each of them: here they come out as "<U+202E>", bytes that are no UTF-8 as "<0xff>". All else is as it was: letters of
 * any script stay, so two that look alike are not told apart.
 */
#ifndef BASE_VISIBLE_H
#define BASE_VISIBLE_H

#include "base/writer.h"

/* A name, a reason: a newline or tab shows as "<U+000A>" too. */
void visible_put(struct writer *w, struct bytes raw);
/* Lines: newlines and tabs stay. */
void visible_put_lines(struct writer *w, struct bytes raw);
/* ERROR_INPUT, "has a character that does not show or turns the text: <U+202E> at 7", when visible_put would change it. */
bool visible_check(struct text text, struct error *err) MUST_USE;

#endif
