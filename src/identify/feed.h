/*
 * A feed: one kind of advisory data, and how its documents become nouns.
 *
 * A feed is handed one whole document (unpacked) and gives what it reads to a sink, piece by piece, so that no
 * feed holds a database in memory. It knows no files, no network and no clock. On failure nothing of the
 * document counts: the caller throws the sink's content away. Whoever adds a feed writes feed_NAME.c and a row
 * in feeds.c.
 *
 * What a vendor says in a word that we do not know fails the document: a word passed over could hide a hole. What
 * another field says is passed over, for formats grow. Remarks are cut to LIMIT_NOTE, never refused.
 *
 * Errors name the feed, the record and the field: "osv: GHSA-1: id: byte 0x07 at 0 is not text".
 */
#ifndef IDENTIFY_FEED_H
#define IDENTIFY_FEED_H

#include "model/advisory.h"
#include "model/vulnerability.h"

/* What is handed over lives until the function returns. */
struct feed_sink {
    void *self;
    /* Each may be NULL: that kind is not wanted. False (with err) stops the feed. */
    bool (*advisory)(void *self, const struct advisory *advisory, struct error *err);
    bool (*vulnerability)(void *self, const struct vulnerability *vulnerability, struct error *err);
    bool (*support)(void *self, const struct support *support, struct error *err);
};

/* Debian's tracker names 3,000 source packages; a part of it (one release, one machine) is no proof of absence. */
#define FEED_COMPLETE_SOURCES 1000

/* What a document says of itself; feed_facts_add makes the sum over the members of an archive. */
struct feed_facts {
    int64_t generated_us;   /* TIME_ABSENT: the document does not say */
    uint64_t record_count;  /* the measure by which a feed may not shrink by 30 % */
    uint64_t skipped_count; /* records that say nothing we can use (other ecosystems, withdrawn) */
    char version[64];       /* EPSS: the model's; KEV: the catalogue's; else empty */
    bool
        complete; /* holds all that its source knows, so that "not named" means "nothing known" (Debian's tracker with at least FEED_COMPLETE_SOURCES sources) */
};

struct feed {
    const char *name;  /* "debian-tracker": what commands and JSON call it */
    const char *title; /* for people: "Debian security tracker" */
    const char *media_type;
    /*
     * Where `feed update` gets it; NULL: from a local package or by import only. May hold one placeholder: {part}
     * stands for each of `parts` in turn, {year} for each year from 2002 to the clock's, {ecosystem} for the
     * distribution of the machine as OSV writes it without its version ("Debian", "Ubuntu", "AlmaLinux"). Who
     * fetches puts it in; each URL is one document of the feed.
     */
    const char *url;
    const char *const *parts; /* ends in NULL */
    const char *const *
        local; /* files that packages of the distribution bring, those that are there are read; ends in NULL */
    /*
     * The releases that it is about begin so ("debian-"), or do not; NULL: all. For others it is neither
     * fetched nor missed.
     */
    const char *only_for;
    const char *not_for;
    uint8_t rank; /* of what two feeds say of the same, the one of the lower rank is believed */
    int64_t
        stale_after_us; /* older than this is marked stale; 0: never (as old as the package that brings it) */
    bool archive;       /* documents come as members of a zip or as a folder; parse is called for each */
    /*
     * One document; name is its file name (of a member, with its folders) or absent. *facts is written when the
     * call succeeds, whole, and counts this document alone.
     */
    bool (*parse)(struct bytes document, struct text name, const struct feed_sink *sink, struct arena *arena,
                  struct feed_facts *facts, struct error *err);
    /* True when the document looks like this feed's: for `feed import FILE` without a name. Looks at FEED_START bytes at most. */
    bool (*recognise)(struct bytes start, struct text name);
};

#define FEED_START 4096

/* Nothing said yet. */
struct feed_facts feed_facts_none(void);
/* Adds one document's facts: counts are summed, the newest date stays, complete holds when it holds for one. */
void feed_facts_add(struct feed_facts *sum, const struct feed_facts *document);

/* Whether it is about this release ("debian-12"): see only_for. */
bool feed_is_about(const struct feed *feed, struct text release);

/* For feeds: hands over, where the sink wants it. */
bool feed_give_advisory(const struct feed_sink *sink, const struct advisory *advisory, struct error *err)
    MUST_USE;
bool feed_give_vulnerability(const struct feed_sink *sink, const struct vulnerability *vulnerability,
                             struct error *err) MUST_USE;
bool feed_give_support(const struct feed_sink *sink, const struct support *support, struct error *err)
    MUST_USE;

/* The words vendors use for how bad it is ("Important", "high**", "negligible"); SEVERITY_UNKNOWN when it is none of them. */
enum severity feed_severity(struct text word);
/* A remark, cut to LIMIT_NOTE at a character's end. */
struct text feed_note(struct text remark);
/* The name behind the last '/'. */
struct text feed_base_name(struct text name);
/* What a document starts with, and what its first `size` bytes hold, before any of it was checked. */
bool feed_starts(struct bytes start, const char *words);
bool feed_start_holds(struct bytes start, size_t size, const char *words);
/* True when the JSON that starts so has a member at that depth whose name begins so; members of the root have depth 1. */
bool feed_start_has(struct bytes start, size_t depth, const char *name_start);

#endif
