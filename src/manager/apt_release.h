/*
 * The InRelease of one source, judged: by which keys, whose it is, and whether it is what the source asks for.
 *
 *     who should it be from?   the publisher that has the place, else one that has the suite (model/publisher.h)
 *     described                its keys alone count, the source's own among them; name, origin, label, date are bound
 *     not described            any key that the source names, as with apt; unless a described publisher's key signed it:
 *                              then it is that one's, under its rules
 *
 * What comes from a place that a publisher has and is not signed by it is refused; under a suite's name alone somebody else
 * may have made a list of his own (a company's mirror that it signs itself), which is an unknown publisher's.
 */
#ifndef MANAGER_APT_RELEASE_H
#define MANAGER_APT_RELEASE_H

#include "manager/apt_archive.h"
#include "trust/publisher_check.h"

struct apt_release {
    struct apt_release *next;
    struct text path;
    struct text signed_by, suite;
    struct inrelease inrelease;
    const struct publisher *publisher; /* NULL: nobody that is described */
    enum trust_refusal refusal;        /* where `failed` has a name */
    struct error failed;               /* ERROR_NONE: it is believed */
};

/* What a source says of its keys (Signed-By), and the keyrings of its publisher behind them. False: memory is out. */
struct apt_release_keys {
    struct inrelease_keys keys; /* own_count of the keyrings are the source's */
    const struct publisher *publisher;
    bool bound;
};
bool apt_release_keys(struct apt_archives *archives, const struct apt_source *source,
                      struct apt_release_keys *out);

/* Judged once for all lists of it. NULL when memory is out. */
const struct apt_release *apt_release_judge(struct apt_archives *archives, const struct apt_source *source,
                                            const char *path, const struct apt_release_keys *keys);

#endif
