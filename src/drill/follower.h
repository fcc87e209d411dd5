/*
 * A follower: a machine that obeys our own repository, as `suture trust` makes it. It asks the small tree's server by file:
 * addresses, and remembers what it believed (flow/trust_refresh.h).
 */
#ifndef DRILL_FOLLOWER_H
#define DRILL_FOLLOWER_H

#include "drill/small_tree.h"
#include "store/trust_record.h"

struct follower {
    struct small_tree *tree;
    const char *state, *served; /* folders */
    const char *root;           /* the file of the root that it has pinned */
};

/* root: the envelope that is pinned. */
bool follower_begin(struct small_tree *tree, const char *name, struct bytes root, struct follower *out,
                    struct error *err) MUST_USE;
/* Asks for what the tree serves now, at tree->now_us. What it would not believe stands in the record. */
bool follower_refresh(const struct follower *follower, struct trust_record *out, struct error *err) MUST_USE;

/* Why a role was not believed, or one of its files: for people. Absent: nothing is wrong with it. */
struct text follower_problem(const struct trust_record *record, const char *role);

#endif
