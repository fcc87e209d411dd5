/*
 * What differs between two texts, line by line, as people read it: the hunks of diff -u, without its two head lines.
 *
 *     @@ -1,4 +1,4 @@
 *      set -e
 *     -chmod 755 /usr/bin/x
 *     +chmod 4755 /usr/bin/x
 *
 * Bytes that are no text (control bytes, broken UTF-8) come out as '?', so that what is compared can write nothing but
 * characters onto a terminal. The work is bounded: texts of too many lines, or too different, are shown as all taken away
 * and all put there; and after so many lines it says how many are left out.
 */
#ifndef FORMAT_DIFF_H
#define FORMAT_DIFF_H

#include "base/writer.h"

#define DIFF_LINES_SHOWN 200

/* Writes nothing when they are equal. False when memory is out. */
bool diff_write(struct bytes before, struct bytes after, struct writer *out, struct error *err) MUST_USE;

#endif
