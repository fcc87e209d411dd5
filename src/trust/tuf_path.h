/*
 * Names of roles and paths of targets: which delegation speaks for which path, and what a role's file is called.
 *
 * A pattern (specification 4.5, PATHPATTERN) is matched part by part between '/': '*' any run and '?' any one character of
 * one part, never '/'. A hash prefix matches when the SHA-256 of the path, in lower-case hexadecimal, begins with it.
 *
 * A role's name may be any text; in a file's name and in a URL every byte but A-Z a-z 0-9 - _ . ~ is percent-encoded
 * ("../x" is "..%2Fx"; a name of dots alone is encoded too), so that no name reaches outside its folder. A target's path
 * keeps its '/' in URLs; in the folder of downloads it is encoded whole.
 */
#ifndef TRUST_TUF_PATH_H
#define TRUST_TUF_PATH_H

#include "trust/tuf_metadata.h"

bool tuf_path_matches(struct text pattern, struct text path);
/* Whether the delegation speaks for the path. */
bool tuf_path_delegated(const struct tuf_delegation *delegation, struct text path, bool *out,
                        struct error *err) MUST_USE;

/* "NAME.json", or "VERSION.NAME.json" when version is not 0; encoded. In the arena, at == NULL when memory is out. */
struct text tuf_path_metadata(struct text role, uint64_t version, struct arena *arena);
/* "DIR/HASH.BASE" with consistent snapshots (hash not NULL), else the path itself; encoded for a URL. */
struct text tuf_path_target(struct text path, const struct digest *hash, struct arena *arena);
/* The file's name in a folder of downloads: the whole path, '/' encoded too. */
struct text tuf_path_download(struct text path, struct arena *arena);

#endif
