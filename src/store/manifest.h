/*
 * The manifest of a generation: what advisory data is in it, where it came from, of when it is, and what went wrong.
 *
 * It is small and is read by every scan, so it is deb822: one pass, nothing copied. All times are UTC.
 *
 *     Format: 1
 *     Made: 2026-11-21T07:50:00Z
 *     Releases: debian-12 debian-13
 *
 *     Feed: nvd                                  one paragraph for each document of a feed
 *     Document: 2002                             where the feed has several
 *     File: nvd.2002                             its statements, below feeds/; absent: nothing is held
 *     Url: https://mirror.example/nvd-2002.json.gz
 *     Etag: "5f3"                                for the next request; so is Last-Modified
 *     Sha256: 9f86d081...                        of the document as it came
 *     Size: 1234567                              the same
 *     Fetched: 2026-11-20T07:50:00Z              when it came
 *     Checked: 2026-11-21T07:50:00Z              when its source last said that this is what it has
 *     Generated: 2026-11-20T03:00:00Z            as the document says; absent: it does not
 *     Records: 6769
 *     Skipped: 12
 *     Version: v2026.03.14                       as the document says, of a model or catalogue
 *     Complete: yes                              holds all that its source knows
 *     Tried: 2026-11-21T07:50:00Z                the last try failed, then
 *     Problem: https://...: the server answers 503
 */
#ifndef STORE_MANIFEST_H
#define STORE_MANIFEST_H

#include "base/time.h"
#include "base/writer.h"

struct manifest_document {
    struct text feed;
    struct text key;  /* absent: the feed has one document */
    struct text file; /* absent: nothing is held, only the problem is known */
    struct text url;
    struct text etag, last_modified;
    struct text sha256;
    uint64_t size;
    int64_t fetched_us, checked_us, generated_us; /* or TIME_ABSENT */
    uint64_t records, skipped;
    struct text version;
    bool complete;
    int64_t tried_us;    /* TIME_ABSENT: the last try succeeded */
    struct text problem; /* absent: none */
};

struct manifest {
    int64_t made_us;
    struct text *releases; /* for which there is an index */
    size_t release_count;
    struct manifest_document *documents;
    size_t document_count;
};

/* All parts absent. */
struct manifest_document manifest_document_with(struct text feed, struct text key);
/* NULL when there is none. */
struct manifest_document *manifest_find(const struct manifest *manifest, struct text feed, struct text key);

void manifest_write(struct writer *w, const struct manifest *manifest);
/* Texts point into `raw`. Errors name the paragraph's line and the field. */
bool manifest_parse(struct bytes raw, struct arena *arena, struct manifest *out, struct error *err) MUST_USE;

#endif
