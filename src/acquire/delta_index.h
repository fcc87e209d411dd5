/*
 * A delta repository: static files for any HTTP server, and the index of each package in it.
 *
 *     index/NAME_ARCH         which deltas lead to the versions of this package: "index/libexpat1_amd64"
 *     delta/AB/HEX.delta      a delta (delta/delta.h) by its SHA-256; AB are its first two digits
 *     supplement/AB/HEX       old files of one class, for machines that do not have them (docs that were excluded)
 *
 * Only who has a package, or is about to install it, reads its index; nobody reads a list of all. An index is two lines
 * and a JSON document in the one canonical form (format/json_canonical.h):
 *
 *     suture-delta-index 1
 *     signature 6291...                       Ed25519 in 128 digits, over the document's bytes
 *     {"arch": "amd64",
 *      "made": "2026-11-21T20:00:00Z",
 *      "package": "libexpat1",
 *      "schema": "suture.delta-index/1",
 *      "serial": 7,                           grows with each change of this index
 *      "versions": [{                         newest first
 *        "bases": [{                          by package, architecture and version
 *          "arch": "amd64",
 *          "delta": {"sha256": "...", "size": 2376},
 *          "identity": "...",                 of the base (delta/base.h), 64 digits
 *          "memory": 67108864,                what rebuilding takes at most, in bytes
 *          "package": "libexpat1",            a kernel's base has another name
 *          "supplements": [{"class": "d", "sha256": "...", "size": 900}],
 *          "version": "2.5.0-1"}],
 *        "packed": 430080,                    bytes that are packed again, for the choice
 *        "sha256": "...", "size": 99148,      of the vendor's package file
 *        "version": "2.5.0-1+deb12u2"}]}
 *
 * What it is worth. Nothing of it is believed about a package: what a delta gives is taken only when it has the SHA-256
 * that the vendor's own archive signed (trust.md, point 1). So a bad index, an old one, or a bad delta costs time and bytes,
 * and no more. The signature is there so that strangers cannot make machines waste either; the key is pinned by whoever
 * set the source up (flow/delta_settings.h). An index whose serial is lower than the one that was here before is told
 * about and not used; and that it is withheld costs what having no delta costs: the whole package.
 */
#ifndef ACQUIRE_DELTA_INDEX_H
#define ACQUIRE_DELTA_INDEX_H

#include "base/digest.h"
#include "base/writer.h"
#include "trust/signature.h"

#define DELTA_INDEX_SCHEMA "suture.delta-index/1"

/* A file of the repository. */
struct delta_file {
    struct digest digest; /* SHA-256 */
    uint64_t size;
};

struct delta_supplement {
    char class; /* a letter of base_class_letters (delta/base.h) */
    struct delta_file file;
};

struct delta_base {
    struct text package, arch, version;
    struct digest identity; /* SHA-256 */
    struct delta_file delta;
    uint64_t memory;
    const struct delta_supplement *supplements; /* by class, each once */
    size_t supplement_count;
};

struct delta_version {
    struct text version;
    struct delta_file deb; /* the vendor's */
    uint64_t packed;
    const struct delta_base *bases;
    size_t base_count;
};

struct delta_index {
    struct text package, arch;
    int64_t made_us;
    uint64_t serial;
    const struct delta_version *versions; /* newest first */
    size_t version_count;
};

/* The file as it is published, signed. ERROR_LIMIT: more than LIMIT_DELTA_INDEX bytes. */
bool delta_index_write(const struct delta_index *index, const struct secret_key *key, struct writer *out,
                       struct error *err) MUST_USE;

/*
 * Everything is copied into the arena. The signature is looked at before anything else is. ERROR_TRUST: it does not hold
 * under this key. ERROR_INPUT, ERROR_LIMIT: signed, and yet not an index.
 */
bool delta_index_open(struct bytes raw, const struct public_key *key, struct arena *arena,
                      struct delta_index *out, struct error *err) MUST_USE;
/* The same without the signature: for fuzzing. */
bool delta_index_parse(struct bytes document, struct arena *arena, struct delta_index *out, struct error *err)
    MUST_USE;

/* The version whose package file this is, or NULL. */
const struct delta_version *delta_index_find(const struct delta_index *index, const struct digest *deb);

/* Paths below the repository, in the arena; at == NULL when memory is out. */
struct text delta_index_path(struct text package, struct text arch, struct arena *arena);
struct text delta_file_path(const struct digest *delta, struct arena *arena);
struct text delta_supplement_path(const struct digest *supplement, struct arena *arena);

#endif
