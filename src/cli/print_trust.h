/*
 * What a machine believes of its repository, for people and as JSON: roles with their ages, orders, what waits.
 */
#ifndef CLI_PRINT_TRUST_H
#define CLI_PRINT_TRUST_H

#include "cli/screen.h"
#include "format/json.h"
#include "store/trust_record.h"
#include "trust/tuf_metadata.h"

/* The page of `suture trust status`. */
void print_trust(struct screen *screen, const struct trust_record *record, int64_t now_us,
                 struct arena *arena);
/* One line of `suture status`: what is stale, expired or failed, or that all is fresh. *bad: somebody should look. */
struct text print_trust_line(const struct trust_record *record, int64_t now_us, struct arena *arena,
                             bool *bad);
/* "suture.trust/1" */
void print_trust_json(struct writer *w, const struct trust_record *record, int64_t now_us);
/* Keys, persons and thresholds of a root, before it is pinned. */
void print_trust_root(struct screen *screen, const struct tuf_metadata *root, const struct digest *sha256,
                      struct arena *arena);

#endif
