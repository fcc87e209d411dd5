/*
 * Seats: which persons' keys stand behind which role of the tree (trust/tree.h).
 *
 * Persons come in an order. Without other word each role takes as many as the table says, each role beginning with
 * another person, so that no two persons can decide everything that two may decide. Several keys of one person are
 * all there, and count as one person (trust/tuf_count.h).
 *
 * Everything lives in the arena and points into what was given.
 */
#ifndef TRUST_TREE_SEATS_H
#define TRUST_TREE_SEATS_H

#include "trust/tree.h"
#include "trust/tuf_write.h"

struct tree_person {
    struct text name;
    const struct tuf_key *const *keys;
    size_t key_count;
};

struct tree_people {
    const struct tree_person *at;
    size_t count;
};

struct tree_seats {
    struct tuf_role roles[TREE_ROLE_COUNT]; /* by row of tree_roles; key_count 0: nobody yet */
    bool solo;
};

/* The persons that keys name, in the order of their first key. ERROR_INPUT: a key of nobody, or given twice, or of a server. */
bool tree_people_of(const struct tuf_key *const *keys, size_t count, struct arena *arena,
                    struct tree_people *out, struct error *err) MUST_USE;
const struct tree_person *tree_people_find(const struct tree_people *people, struct text name); /* NULL */

/* All seats, by the table. ERROR_INPUT: too few persons, with the figures; solo: not exactly one. */
bool tree_seats_fill(const struct tree_people *people, const struct tuf_key *online, bool solo,
                     struct arena *arena, struct tree_seats *out, struct error *err) MUST_USE;
/* As the documents have them. */
bool tree_seats_read(const struct tuf_metadata *root, const struct tuf_metadata *targets,
                     struct tree_seats *out, struct error *err) MUST_USE;
/* Everybody who sits anywhere, root's first. */
bool tree_seats_people(const struct tree_seats *seats, struct arena *arena, struct tree_people *out,
                       struct error *err) MUST_USE;

/* "crisis=anna,ben,carla,dan; local=3:anna,ben,carla,dan": these persons instead, and this threshold. */
bool tree_seats_place(struct tree_seats *seats, struct text words, const struct tree_people *people,
                      struct arena *arena, struct error *err) MUST_USE;
/* Wherever the person of this name sits, the other one sits from now on. */
bool tree_seats_replace(struct tree_seats *seats, struct text name, const struct tree_person *by,
                        struct arena *arena, struct error *err) MUST_USE;
bool tree_seats_put_online(struct tree_seats *seats, const struct tuf_key *online, struct arena *arena,
                           struct error *err) MUST_USE;

/* The rules: of people's roles none has a server's key, fewer signatures than the table's, or no key to spare. */
bool tree_seats_check(const struct tree_seats *seats, struct error *err) MUST_USE;
/* The same keys, in any order, and the same threshold. */
bool tree_seats_same(const struct tuf_role *a, const struct tuf_role *b);
/* How many persons (or keys of nobody) the role has. */
size_t tree_seats_persons(const struct tuf_role *role);

/* The documents that say so, of version 1, that expire as the table has it; targets lists no files. */
struct tuf_draft tree_seats_root(const struct tree_seats *seats, int64_t now_us);
bool tree_seats_targets(const struct tree_seats *seats, int64_t now_us, struct arena *arena,
                        struct tuf_draft *out, struct error *err) MUST_USE;

#endif
