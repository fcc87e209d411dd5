/* What the commands about deltas print: for people, and as JSON ("schema": "suture.delta-.../1"). */
#ifndef CLI_PRINT_DELTA_H
#define CLI_PRINT_DELTA_H

#include "delta/apply.h"
#include "delta/create.h"

void print_delta_created(struct writer *w, const char *out, const struct create_result *result,
                         struct arena *arena);
void print_delta_created_json(struct writer *w, const struct create_result *result);
void print_delta_applied(struct writer *w, const char *out, const struct apply_result *result,
                         struct arena *arena);
void print_delta_applied_json(struct writer *w, const struct apply_result *result);
/* file_size: of what is here; the delta itself says how large it is. */
void print_delta_info(struct writer *w, const struct delta *delta, uint64_t file_size, struct arena *arena);
void print_delta_info_json(struct writer *w, const struct delta *delta, uint64_t file_size);

#endif
