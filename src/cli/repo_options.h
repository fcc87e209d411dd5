/*
 * What the commands `suture repo ...` share: the folder, public keys of people, the server's keys.
 */
#ifndef CLI_REPO_OPTIONS_H
#define CLI_REPO_OPTIONS_H

#include "cli/command.h"
#include "trust/repo_publish.h"
#include "trust/repo_stage.h"

/* What is made from here on may be read by all, as a web server does that is another user, whatever the caller's umask. */
void repo_option_readable(void);

/* The role of this name, or wrong usage with those that there are. */
enum command_exit repo_option_role(const char *name, const struct tree_role **out, struct error *err);

/* "anna.pub,ben.pub": the keys, in this order. */
bool repo_option_keys(const char *list, struct arena *arena, const struct tuf_key *const **out, size_t *count,
                      struct error *err) MUST_USE;
/* The persons that they name. */
bool repo_option_people(const char *list, struct arena *arena, struct tree_people *out, struct error *err)
    MUST_USE;

/* Opens the repository, stages the change and says who is to sign it. proposed_by may be NULL. */
enum command_exit repo_option_change(const struct command_call *call, struct repo_change *change,
                                     const char *proposed_by, struct error *err);

/*
 * Opens the online key once to see that it can be. *where: as repository.json keeps it, an absolute path or a PKCS#11 URI;
 * *key: its public half, marked as a server's.
 */
bool repo_option_online(const struct command_call *call, const char *given, const char **where,
                        const struct tuf_key **key, struct error *err) MUST_USE;

/* The online keys of a repository. OWN(repo_signers_end). One that cannot be opened is left out, and why says so. */
struct repo_signers {
    struct signer at[REPO_ONLINE_MAX];
    size_t count;
    size_t opened;
    struct error why; /* the last that failed */
};
bool repo_signers_open(const struct command_call *call, const struct repo *repo, struct repo_signers *out,
                       struct error *err) MUST_USE;
void repo_signers_end(struct repo_signers *signers);

#endif
