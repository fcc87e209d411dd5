/*
 * Relations between packages, as Debian writes them (deb-control(5), Debian Policy 7.1).
 *
 *     Depends: libc6 (>= 2.36), default-mta | mail-transport-agent, python3:any (>= 3.9~), x [amd64 i386], y <!nocheck>
 *
 * Commas stand between groups that must all hold, bars between the alternatives of one group. A walk gives one
 * alternative after the other and allocates nothing; texts point into the field. What is restricted to other
 * architectures ("[i386]"), or to a build profile (none is active in an installed system), is passed over.
 */
#ifndef MODEL_RELATION_H
#define MODEL_RELATION_H

#include "base/bytes.h"

/* The fields, in the order in which files of ours keep them. */
enum relation_kind {
    RELATION_PRE_DEPENDS,
    RELATION_DEPENDS,
    RELATION_CONFLICTS,
    RELATION_BREAKS,
    RELATION_REPLACES,
    RELATION_PROVIDES,
    RELATION_KIND_COUNT
};
const char *relation_kind_name(enum relation_kind kind); /* "Pre-Depends" */

enum relation_test {
    RELATION_ANY, /* every version */
    RELATION_EARLIER,
    RELATION_AT_MOST,
    RELATION_EQUAL,
    RELATION_AT_LEAST,
    RELATION_LATER,
    RELATION_TEST_COUNT
};
const char *relation_test_name(enum relation_test test); /* "<<", "<=", "=", ">=", ">>", "" */

struct relation {
    struct text name;
    struct text arch; /* behind a colon: "any", "native" or an architecture; absent: not said */
    enum relation_test test;
    struct text version; /* absent with RELATION_ANY */
    struct text raw;     /* the alternative as it stands */
    bool first;          /* begins a group; else it is another alternative of the one before */
};

struct relation_walk {
    struct text left;
    struct text arch; /* of the package that says it: for "[amd64]" */
    uint32_t count;   /* alternatives so far */
    bool inside;      /* behind a bar */
    bool given;       /* an alternative of this group was given */
};
struct relation_walk relation_walk_with(struct text field, struct text arch);
/*
 * The next alternative; *found is false at the end. ERROR_INPUT says what is wrong and where; ERROR_LIMIT: more than
 * LIMIT_RELATIONS of them. An empty group between two commas is passed over, as dpkg does.
 */
bool relation_next(struct relation_walk *walk, struct relation *out, bool *found, struct error *err) MUST_USE;

/* Whether a version passes the relation's test, in dpkg's order. An absent version (of a name that is provided without one) passes RELATION_ANY only. */
bool relation_holds(const struct relation *relation, struct text version);

/* The name of a field's own packages: [a-z0-9][a-z0-9+.-]+ in Policy's words; upper case and '_' occur in the wild. */
bool relation_is_name(struct text name);

#endif
