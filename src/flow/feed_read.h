/*
 * Reading a feed's document: from a file to statements.
 *
 * The document is read by suture-parse, a process that can do nothing else; what it answers is checked here, to the last
 * statement, as if the document's publisher had written it.
 */
#ifndef FLOW_FEED_READ_H
#define FLOW_FEED_READ_H

#include "base/arena.h"
#include "identify/feed.h"

struct feed_read_request {
    const char *program;     /* suture-parse (os_helper finds it) */
    const struct feed *feed; /* NULL: it is recognised */
    const char *path;        /* of the document, packed or not, a zip or tar; or of members in one file */
    struct text name;        /* of the document, for recognising and messages */
    bool members;            /* path was written by feed_read_pack */
};

struct feed_document {
    const struct feed *feed;
    struct feed_facts facts;
    struct bytes statements; /* in the arena */
    uint8_t confined;        /* what held suture-parse (enum confinement) */
};

/* ERROR_INPUT and ERROR_LIMIT: the document's fault, with its place in it. The text does not name the file. */
bool feed_read(const struct feed_read_request *request, struct arena *arena, struct feed_document *out,
               struct error *err) MUST_USE;

/*
 * Writes the files of a folder that end with .json or .csv, with those of its folders, into one file for feed_read.
 * Links are not followed. ERROR_INPUT: there is none; ERROR_LIMIT: too many, too large or too deep.
 */
bool feed_read_pack(const char *folder, const char *path, struct error *err) MUST_USE;

#endif
