/*
 * A repository on the screen: what waits for whose signatures, and what to do next.
 */
#ifndef CLI_PRINT_REPO_H
#define CLI_PRINT_REPO_H

#include "cli/command.h"
#include "cli/screen.h"
#include "trust/repo_view.h"

#define PRINT_REPO_MAX   ((size_t)1024 * 1024)
#define PRINT_REPO_LABEL 11

/* "anna, ben or carla"; of a server's key "the server". */
struct text print_repo_names(const struct tuf_role *role, const char *last, struct arena *arena);
/* Of those that counted: "anna, ben". */
struct text print_repo_signers(const struct tuf_signers *signers, struct arena *arena);

/* What waits, role by role, and whose turn it is. Nothing when nothing waits. */
bool print_repo_waiting(struct screen *screen, const struct repo *repo, int64_t now_us, struct error *err)
    MUST_USE;
/* Signatures of what waited before are gone. Nothing when there were none. */
void print_repo_lost(struct screen *screen, size_t count, struct arena *arena);
/* The line that says that a solo repository is weaker. */
void print_repo_solo(struct screen *screen);

/* The roles of people that expire before long. */
void print_repo_soon(struct screen *screen, const struct repo *repo, int64_t now_us);

/* Gives what was written to the caller's output. */
enum command_exit print_repo_out(const struct command_call *call, const struct writer *out,
                                 struct error *err);

#endif
