/*
 * What suture-execute works with: its lock, its folder, the copies of package files in it, and the commands it runs.
 *
 * The folder is STATE-execute, beside the state folder and not in it: who hands orders to suture-execute can write the
 * state folder alone, so what lies here is as it was when it was hashed. Only suture-execute links this.
 */
#ifndef MANAGER_EXECUTE_WORK_H
#define MANAGER_EXECUTE_WORK_H

#include "manager/dpkg_commands.h"

struct execute_work {
    const char *state, *root, *folder;
    int folder_lock;   /* -1: not ours yet */
    int frontend_lock; /* -1: not held */
    bool ready;        /* the folder is made and emptied of what an earlier one left */
};

/* STATE and ROOT are absolute. Nothing is touched yet. OWN(execute_work_end). */
bool execute_work_begin(const char *state, const char *root, struct arena *arena, struct execute_work *out,
                        struct error *err) MUST_USE;
/* Removes the folder's content and lets go of both locks. */
void execute_work_end(struct execute_work *work);

struct dpkg_place execute_place(const struct execute_work *work);

/*
 * Takes the folder's lock, then dpkg's frontend lock, and waits until no dpkg of somebody killed is at work. ERROR_CONFLICT
 * names who holds it. Stops waiting when nobody is left at the other end of `socket`.
 */
bool execute_lock(struct execute_work *work, uint32_t wait_ms, int socket, struct error *err) MUST_USE;

/*
 * Copies the group's files from the run's folder, hashing what is copied; what was copied before is not copied again.
 * ERROR_TRUST: a file is another one than was proved.
 */
bool execute_copy(struct execute_work *work, struct text run, const struct package_group *group,
                  struct error *err) MUST_USE;
/* Removes the copies of these. */
void execute_drop(const struct execute_work *work, const struct package_group *group);

/*
 * Runs it to its end, in the session of suture-execute, with no terminal and no input. What it writes goes into a file,
 * to which it is added: a pipe would end dpkg with us. *status is its exit status, or 128 + signal.
 */
bool execute_run(const struct execute_work *work, const struct dpkg_command *command, uint32_t *status,
                 struct error *err) MUST_USE;
/* The same of several, inside a throw-away copy of the system (manager/rehearsal.h), with the packages that were copied. */
bool execute_rehearse(const struct execute_work *work, const struct dpkg_command *commands, size_t count,
                      uint32_t *status, struct error *err) MUST_USE;
/* Forgets what was written so far. */
bool execute_clear_output(const struct execute_work *work, struct error *err) MUST_USE;
/* The end of what was written, at most `limit` bytes. */
bool execute_output(const struct execute_work *work, size_t limit, struct arena *arena, struct bytes *out,
                    struct error *err) MUST_USE;

#endif
