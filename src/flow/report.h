/*
 * The evidence that is kept, read again: which runs there were, what was proved of each, and whether the chain holds.
 *
 * A record is believed when its signature holds under this machine's key and its place in the chain is right; what is
 * not is listed with what is wrong, never left out.
 */
#ifndef FLOW_REPORT_H
#define FLOW_REPORT_H

#include "verify/seal.h"

struct report_record {
    uint64_t number;
    struct text problem; /* absent: it holds */
    struct seal seal;    /* of one that holds */
    struct evidence evidence;
};

struct report {
    struct seal_report chain;
    bool has_key; /* this machine has a key; else nobody can say whose the records are */
    char fingerprint[FINGERPRINT_SIZE + 1];
    struct report_record *records; /* the newest first */
    size_t count;
};

/* All of them, or those of one run (its id); NULL: all. ERROR_ABSENT: nothing was recorded here, or not of this run. */
bool report_read(const char *state_folder, const char *run, struct arena *arena, struct report *out,
                 struct error *err) MUST_USE;

/*
 * The record that the end of a run left, for a later look: of the run of this id, or of the last one (NULL). A run that was
 * taken back since is judged by the run that took it back: then the evidence's run is that one. ERROR_ABSENT says what there
 * is instead.
 */
bool report_former(const char *state_folder, const char *run, struct arena *arena, struct evidence *out,
                   struct error *err) MUST_USE;

/* One record, from wherever it came. */
struct report_check {
    struct seal seal;
    struct evidence evidence;
    char fingerprint[FINGERPRINT_SIZE + 1];
    enum report_key {
        REPORT_KEY_STRANGE, /* the one that stands in the record: nobody here vouches for it */
        REPORT_KEY_GIVEN,   /* the one that was asked for */
        REPORT_KEY_OWN      /* this machine's */
    } key;
    enum report_place {
        REPORT_PLACE_STRANGE, /* of a chain that is not kept here */
        REPORT_PLACE_SAME,    /* of this machine's chain, which has the same bytes there */
        REPORT_PLACE_OTHER,   /* of this machine's chain, which has something else there, or nothing */
    } place;
};
/* expected: the public key that must have signed, or NULL. ERROR_TRUST: it is not that one, or the signature does not hold. */
bool report_check_file(const char *path, const char *state_folder, const struct public_key *expected,
                       struct arena *arena, struct report_check *out, struct error *err) MUST_USE;

#endif
