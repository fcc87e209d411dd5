/*
 * One Packages list, read from disk into a table (apt_table.h) while it is checked.
 *
 * A list is plain, lz4, xz, gz or zst, and 50 MB of text: it is unpacked, hashed and parsed in one pass through a small
 * buffer. What comes out is kept only when size and hash are those that the verified InRelease lists for the unpacked
 * list; where it lists only a packed one, the file's own bytes must be that.
 */
#ifndef MANAGER_APT_LIST_H
#define MANAGER_APT_LIST_H

#include "manager/apt_table.h"
#include "trust/inrelease.h"

struct apt_list_request {
    const char *path;                  /* of the file as it lies there */
    struct text name;                  /* in the InRelease: "main/binary-amd64/Packages" */
    const struct inrelease *inrelease; /* verified */
};

/* The file of the list, in one of the forms that apt keeps it in; NULL when there is none. path is without ending. */
const char *apt_list_find(const char *path, struct arena *arena);

/*
 * Adds all packages to the builder and says which file it was. ERROR_TRUST: it is not the list that the InRelease
 * means. On any failure the builder's content counts for nothing.
 */
bool apt_list_read(const struct apt_list_request *request, struct apt_table_builder *builder,
                   struct file_identity *identity, struct error *err) MUST_USE;

/* Adds what the whole paragraphs at the front of these bytes say; *taken is their size. For apt_list_read, its tests and the fuzzer. */
bool apt_list_add(struct bytes bytes, struct apt_table_builder *builder, size_t *taken, struct error *err)
    MUST_USE;

#endif
