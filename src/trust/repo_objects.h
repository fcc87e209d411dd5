/*
 * The files of a repository: taken in by hash, and given their public names when a role that lists them is published.
 */
#ifndef TRUST_REPO_OBJECTS_H
#define TRUST_REPO_OBJECTS_H

#include "base/file.h"
#include "trust/repo.h"

/* Whether a target may be called so: parts between '/', none empty, "." or "..". */
bool repo_objects_check_path(struct text path, struct error *err) MUST_USE;

/* Copies the file into objects/; *out has its length and SHA-256, and no name. */
bool repo_objects_take(const struct repo *repo, const char *file, struct tuf_file *out, struct error *err)
    MUST_USE;
/* The same of bytes. */
bool repo_objects_put(const struct repo *repo, struct bytes raw, struct tuf_file *out, struct error *err)
    MUST_USE;
/*
 * The content of a file that some document lists, wherever it lies, compared with what is listed. ERROR_ABSENT: it is not
 * here; ERROR_TRUST: it is another.
 */
bool repo_objects_map(const struct repo *repo, const struct tuf_file *file, struct file_map *out,
                      struct error *err) MUST_USE;
/*
 * Gives all that the document lists its public name, durably; what has one already is left. ERROR_ABSENT: neither there nor
 * in objects/; ERROR_TRUST: not the bytes that are listed.
 */
bool repo_objects_publish(const struct repo *repo, const struct tuf_metadata *metadata, struct error *err)
    MUST_USE;
/* Reads what is published of a document and compares: the text says which file is missing or another. */
bool repo_objects_verify(const char *targets, const struct tuf_metadata *metadata, struct arena *arena,
                         struct error *err) MUST_USE;

/* Removes public files that none of the documents lists, and objects that no staged role that still waits (by row) does. */
bool repo_objects_prune(const struct repo *repo, const struct tuf_metadata *const *documents, size_t count,
                        const bool *waits, size_t *removed, struct error *err) MUST_USE;

#endif
