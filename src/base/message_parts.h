/*
 * The parts that messages between our own processes share: texts, and counts of what follows.
 *
 * A text is a varint of its size and its bytes, and has passed as one when it is read; a count never promises more than the bytes
 * that are left can hold. What does not fit fails the reader (base/reader.h), so a message is read in a straight line and
 * asked for once, by message_whole.
 */
#ifndef BASE_MESSAGE_PARTS_H
#define BASE_MESSAGE_PARTS_H

#include "base/reader.h"
#include "base/writer.h"

void message_put_text(struct writer *w, struct text text);
/* A text that is none, or longer than `limit`, fails the reader. */
struct text message_take_text(struct reader *r, size_t limit);
/* The same of a text with lines. */
struct text message_take_lines(struct reader *r, size_t limit);
/* Of items that have size_min bytes each; 0 where it fails. */
size_t message_take_count(struct reader *r, size_t most, size_t size_min);
/* ERROR_INPUT "question: is broken at byte 17": something did not fit, or something follows the end. */
bool message_whole(const struct reader *r, const char *what, struct error *err) MUST_USE;

#endif
