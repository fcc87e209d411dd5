/*
 * TUF metadata as nouns (specification 1.0.34, section 4): one signed envelope, and what each of the four types says.
 *
 *     {"signatures": [{"keyid": "...", "sig": "<hex>"}, ...],
 *      "signed": {"_type": "root|timestamp|snapshot|targets", "spec_version": "1.0.34", "version": 1,
 *                 "expires": "2030-01-01T00:00:00Z", ...}}
 *
 * Parsing judges shape and limits, never trust: that is trust/tuf_trusted.h's. What is signed are the bytes of the
 * canonical form of "signed" (canonical JSON as OLPC has it: format/json_canonical.h), whatever form the file has.
 *
 * Refused as broken: another spec_version than 1.x, version 0 or none, a date that is none, a threshold of 0, the same
 * key id twice in a role, one key material under two ids in a role, a name twice in an object, a key id in a role that is
 * not in "keys", the same role name delegated twice in one document, a delegation that has both or neither of paths
 * and path_hash_prefixes or the name of a top-level role, hashes of which none is SHA-256 or SHA-512. The same key id
 * twice among the signatures is broken too; a signature that is no hexadecimal only never holds. Unknown members are
 * carried in the bytes and otherwise left alone.
 *
 * Everything lives in the arena, texts of a document in the document; the canonical bytes in the raw ones, which therefore have to
 * live as long, where these are canonical already: no second copy of a file of megabytes.
 */
#ifndef TRUST_TUF_METADATA_H
#define TRUST_TUF_METADATA_H

#include "base/time.h"
#include "trust/tuf_key.h"

enum tuf_type { TUF_TYPE_UNKNOWN, TUF_ROOT, TUF_TIMESTAMP, TUF_SNAPSHOT, TUF_TARGETS, TUF_TYPE_COUNT };
const char *tuf_type_name(enum tuf_type type); /* "root", ...: also the name of the top-level role */

struct tuf_signature {
    struct text key_id;
    struct bytes value;
};

/* The keys that may sign for a role, and how many of them have to. */
struct tuf_role {
    const struct tuf_key *const *keys;
    size_t key_count;
    uint32_t threshold; /* at least 1 */
};

/* What a document says of a file: of metadata (version, the rest optional) or of a target (length and hashes, both there). */
struct tuf_file {
    struct text name; /* "targets.json", or a target's path */
    uint64_t version; /* metadata; 0: a target */
    bool length_known;
    uint64_t length;
    const char *sha256,
        *sha512; /* in hexadecimal, right ones, of 64 and 128 digits; NULL: not given. Live as long as the document */
    struct json custom; /* of a target; absent: none. Lives as long as the document */
};

/* False, and a digest of no kind: not given. A role of 10,000 targets is kept in hexadecimal, and one is asked for. */
bool tuf_file_digest(const struct tuf_file *file, enum digest_kind kind, struct digest *out);
/* Whether both have this kind and it is the same, or neither has it. */
bool tuf_file_same(const struct tuf_file *a, const struct tuf_file *b, enum digest_kind kind);
/* For a file that is to be listed: the digits are in the arena. */
bool tuf_file_set_sha256(struct tuf_file *file, const struct digest *digest, struct arena *arena,
                         struct error *err) MUST_USE;

struct tuf_files {
    const struct tuf_file *at; /* sorted by name */
    size_t count;
};
const struct tuf_file *tuf_files_find(const struct tuf_files *files, struct text name); /* NULL: not listed */

struct tuf_delegation {
    struct text name;
    struct tuf_role role;
    bool terminating;
    const struct text *paths; /* patterns (trust/tuf_path.h) */
    size_t path_count;
    const struct text *hash_prefixes;
    size_t hash_prefix_count;
};

struct tuf_metadata {
    enum tuf_type type;
    uint64_t version;
    int64_t expires_us;
    struct bytes canonical; /* of "signed": what the signatures are over. In raw or in the arena */
    const struct tuf_signature *signatures;
    size_t signature_count;
    struct json signed_part;       /* the whole object, for members of our own: lives as long as `document` */
    struct json_document document; /* ended by tuf_metadata_end */

    /* ROOT */
    bool consistent_snapshot;
    struct tuf_role roles[TUF_TYPE_COUNT]; /* by type; all four are there */
    /* TIMESTAMP: exactly "snapshot.json". SNAPSHOT: each role's "NAME.json". TARGETS: its targets. */
    struct tuf_files files;
    /* TARGETS, in the order in which they are asked */
    const struct tuf_delegation *delegations;
    size_t delegation_count;
};

/* expected UNKNOWN: whatever type it says it is. OWN(tuf_metadata_end) what came. */
bool tuf_metadata_parse(struct bytes raw, enum tuf_type expected, struct arena *arena,
                        struct tuf_metadata *out, struct error *err) MUST_USE;
/* The same of bytes as json_parse_in_place wants them: no second copy of a file of megabytes. */
bool tuf_metadata_parse_in_place(struct bytes raw, enum tuf_type expected, struct arena *arena,
                                 struct tuf_metadata *out, struct error *err) MUST_USE;
void tuf_metadata_end(struct tuf_metadata *metadata);

#endif
