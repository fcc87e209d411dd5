/*
 * One source's archive: is its list believed, by whose word, and what is in it.
 *
 * Verified is what gpgv and the hashes say (trust/inrelease.h, apt_list.h), or what they said before about the very
 * same files (apt_memory.h). A source that apt is told to trust without a signature ("trusted=yes") is checked like any
 * other: without one it is refused here, and what was installed from it counts as foreign. A source without Signed-By
 * may be signed by any key of trusted.gpg and trusted.gpg.d, as with apt.
 *
 * Whose it is and whether it is what the source asks for says apt_release.h.
 *
 * Where two folders have lists of a source (apt's, and one that this user fetched), the newer verified Date counts.
 */
#ifndef MANAGER_APT_ARCHIVE_H
#define MANAGER_APT_ARCHIVE_H

#include "manager/apt_memory.h"
#include "manager/apt_sources.h"
#include "manager/manager.h"
#include "trust/publishers.h"

#define APT_FOLDERS_MAX 2

struct apt_release; /* an InRelease that was judged in this run, for all lists of it */

/* What all archives of a run share. OWN is not needed: all lives in the arena. */
struct apt_archives {
    const struct manager_request *request;
    const struct apt_config *config;
    struct arena *arena;
    const char *folders[APT_FOLDERS_MAX]; /* of lists */
    size_t folder_count;
    const char **trusted; /* keyrings for sources that name none */
    size_t trusted_count;
    const struct publishers *publishers;
    char publishers_digest[65];   /* what was verified under other rules is verified anew */
    struct apt_release *releases; /* newest first */
    bool wide;                    /* tables with relations, for a plan; the caller's to set */
};
bool apt_archives_open(const struct manager_request *request, const struct apt_config *config,
                       struct arena *arena, struct apt_archives *out, struct error *err) MUST_USE;

/* One archive. OWN(apt_archive_end): the table is mapped or built. */
struct apt_archive {
    struct archive archive;
    struct text source_uri; /* as the source has it: may hold a user and password */
    bool not_automatic, but_automatic_upgrades;
    const struct publisher *publisher; /* NULL: nobody that is described */
    bool believed;                     /* the table may be asked */
    struct apt_table table;
    struct file_map map;
    struct apt_table_builder builder;
};
void apt_archive_end(struct apt_archive *archive);

/*
 * Fills *out, whatever the source is like: what is wrong with it is in its archive's state and why. False only when
 * memory is out. *wanted is false for a list of "all" that nobody asked for and that is not there: no archive.
 */
bool apt_archive_read(struct apt_archives *archives, const struct apt_source *source, struct apt_archive *out,
                      bool *wanted, struct error *err) MUST_USE;

/* Whose it is, by the origin, label and suite that its publisher signed: fills security and has_advisories. */
void apt_archive_classify(struct archive *archive);

#endif
