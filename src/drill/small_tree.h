/*
 * Our own repository in small: the tree of trust/tree.h in memory, with keys that are made for one drill and thrown away.
 *
 * Its documents are written here and signed with GnuTLS, because a thief writes what he likes; what machines think of them is
 * asked of trust/tuf_client, as on a machine. A person is known by a letter, the server by SERVER, the thief by THIEF.
 */
#ifndef DRILL_SMALL_TREE_H
#define DRILL_SMALL_TREE_H

#include "drill/drill.h"
#include "trust/signature.h"
#include "trust/signed_order.h"
#include "trust/tree.h"
#include "trust/tuf_client.h"

/* Each key is one character; words of them are lists of keys. */
#define ANNA             "0"
#define BEN              "1"
#define CARLA            "2"
#define DAN              "3"
#define EVE              "4"
#define EVERYBODY        ANNA BEN CARLA DAN EVE
#define SERVER           "5"
#define THIEF            "6"
#define ANNA_TOKEN       "7" /* Anna's second key, in a token */
#define NEW_SERVER       "8"
#define SMALL_TREE_KEYS  64 /* those from '9' on are nobody's */

#define SMALL_TREE_FILES 512
#define SMALL_TREE_UNTIL "2027-03-01T00:00:00Z"

struct small_file {
    struct text name; /* "2.snapshot.json" */
    struct bytes content;
};

struct small_tree {
    struct drill_run *run;
    struct secret_key keys[SMALL_TREE_KEYS];
    struct small_file files[SMALL_TREE_FILES]; /* what the server has; the first with a name counts */
    size_t file_count;
    const char *folder; /* the machine's metadata */
    const char *downloads;
    int64_t now_us;       /* of the machine's next refresh */
    const char *proposer; /* that documents of roles name from now on; NULL: none */
};

/* One role of a document: its keys, how many of them. */
struct small_role {
    const char *name, *keys;
    unsigned threshold;
    const char *path; /* of a delegation; NULL: as trust/tree has it */
};

/* What is published: every number is a version. */
struct small_issue {
    unsigned timestamp, snapshot, targets, roles; /* roles: of all that targets delegates to */
    const char *online;                           /* who signs timestamp and snapshot */
    const char *expires;                          /* of both */
    const char *targets_signers;
    const struct small_role *delegations; /* ends with a name of NULL; NULL: trust/tree's */
    const char *role;                     /* one role that lists `file`; NULL: none does */
    const char *signers;                  /* of that role, and of the others who has to */
    struct text path;                     /* of the file */
    struct bytes file;
};
/* All of this version, by those who should sign; nothing is listed. */
struct small_issue small_issue_of(unsigned version);

/* Keys, a root of version 1 and an honest issue of version 1; the machine has the root pinned. OWN(small_tree_end). */
bool small_tree_begin(struct drill_run *run, struct small_tree *out, struct error *err) MUST_USE;
void small_tree_end(struct small_tree *tree);

/* The signed part of a root; roles: root, snapshot, targets, timestamp. */
struct text small_tree_root(const struct small_tree *tree, unsigned version, const char *expires,
                            const struct small_role roles[4]);
/* As everybody agreed on it: root 3 of 5, targets 2 of 3, the server's key. */
struct text small_tree_plain_root(const struct small_tree *tree, unsigned version, const char *expires,
                                  const char *online);
struct text small_tree_timestamp(const struct small_tree *tree, unsigned version, const char *expires,
                                 unsigned snapshot, struct bytes raw);
/* names: NAME=VERSION with ' ' between, sorted. */
struct text small_tree_snapshot(const struct small_tree *tree, unsigned version, const char *expires,
                                const char *names);
/* A role's document: one file, or none when path is absent. */
struct text small_tree_targets(const struct small_tree *tree, unsigned version, const char *expires,
                               const struct small_role *delegations, struct text path, struct bytes file);
/* The envelope. An absent text gives absent bytes: memory is out. */
struct bytes small_tree_sign(const struct small_tree *tree, struct text signed_part, const char *signers);

/* The server has this file from now on. */
void small_tree_serve(struct small_tree *tree, struct text name, struct bytes content);
void small_tree_serve_root(struct small_tree *tree, unsigned version, struct bytes content);
/* Signs and serves all that the issue names, in place of what was served before, roots excepted. */
void small_tree_publish(struct small_tree *tree, const struct small_issue *issue);

/* The machine asks. */
bool small_tree_refresh(struct small_tree *tree, struct error *err) MUST_USE;
/* The same, and is the file there, signed and whole? ERROR_ABSENT: nobody speaks for it, or nobody lists it. */
bool small_tree_get(struct small_tree *tree, struct text path, struct bytes *out, struct error *err) MUST_USE;

/* Asks for two paths behind one refresh, the first of which need not be there. */
bool small_tree_get_two(struct small_tree *tree, struct text first, struct text path, struct bytes *out,
                        struct error *err) MUST_USE;

/* Tricks. In a served document the signature of `key` is one that it made for other bytes. */
void small_tree_borrow_signature(struct small_tree *tree, struct text name, const char *key);
/* From now on `other` is the same key as `key`, under its own name. */
void small_tree_same_key(struct small_tree *tree, const char *key, const char *other);

/* A crisis order, as people sign it; ends in so many days from the drill's now. */
struct bytes small_tree_crisis(const struct small_tree *tree, const char *id, int days, struct text *path);

/* An approval of lantern 2.0 with these bytes, whatever it brings. */
struct bytes small_tree_approval(const struct small_tree *tree, const char *id, struct bytes deb,
                                 struct text *path);

/* AFTERWARDS: an honest issue of this version, with a crisis order that two people signed, is obeyed. */
void small_tree_recover(struct small_tree *tree, unsigned version, const char *online);

#endif
