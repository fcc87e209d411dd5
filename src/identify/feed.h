/*
 * A feed: one kind of advisory data, and how its documents become nouns.
 *
 * A feed is handed one whole document (unpacked) and gives what it reads to a sink, piece by piece, so that no feed
 * holds a database in memory. It knows no files, no network and no clock. On failure nothing of the document counts: the caller throws the
 * sink's content away. Whoever adds a feed writes feed_NAME.c and a row in feeds.c.
 */
#ifndef IDENTIFY_FEED_H
#define IDENTIFY_FEED_H

#include "model/advisory.h"
#include "model/vulnerability.h"

struct feed_sink {
    void *self;
    /* Each may be NULL: that kind is not wanted. False (with err) stops the feed. */
    bool (*advisory)(void *self, const struct advisory *advisory, struct error *err);
    bool (*vulnerability)(void *self, const struct vulnerability *vulnerability, struct error *err);
    bool (*support)(void *self, const struct support *support, struct error *err);
};

/* What a document says of itself. */
struct feed_facts {
    int64_t generated_us;   /* TIME_ABSENT: the document does not say */
    uint64_t record_count;  /* the measure by which a feed may not shrink by 30 % */
    uint64_t skipped_count; /* records that say nothing we can use (other ecosystems, withdrawn) */
    char version[64];       /* EPSS: the model's; else empty */
    bool
        complete; /* holds all that its source knows, so that "not named" means "nothing known" (Debian's tracker with at least FEED_COMPLETE_SOURCES sources) */
};

struct feed {
    const char *name;  /* "debian-tracker": what commands and JSON call it */
    const char *title; /* for people: "Debian security tracker" */
    const char *media_type;
    const char *url;        /* where `feed update` gets it; NULL: from a local package or by import only */
    const char *local;      /* a file that a package of the distribution brings; NULL: none */
    int64_t stale_after_us; /* older than this is marked stale */
    bool archive;           /* documents come as members of a zip or as a folder; parse is called for each */
    bool (*parse)(struct bytes document, struct text name, const struct feed_sink *sink, struct arena *arena,
                  struct feed_facts *facts, struct error *err);
    /* True when the document looks like this feed's: for `feed import FILE` without a name. Looks at the first bytes only. */
    bool (*recognise)(struct bytes start, struct text name);
};

#endif
