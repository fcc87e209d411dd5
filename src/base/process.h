/*
 * Processes: which files each of them executes, as far as this user may look.
 *
 * processes_read makes one pass over the folder of processes and reads only what every process must be asked for; the
 * name and the service of the few that matter are asked for later, by process_look. On Linux the folder is /proc; it is
 * a parameter so that a made one can be read too. The asking process itself is left out, and the program of ours that
 * started it with its other helpers: they end when it has answered. So are kernel threads and zombies, which execute no file.
 *
 * Everything is in the arena that processes_read was given.
 */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include "base/bytes.h"

/* One file that is mapped with the right to execute; files[] has each only once, whoever maps it. */
struct process_file {
    struct text path; /* as seen from here; of a process in a container, as seen there */
    uint64_t inode;
    bool deleted; /* no name leads to it any more */
};

struct process {
    uint32_t pid;
    uint32_t first, count; /* its files: indexes in uses[first] and on */
    bool readable;         /* false: what it maps is not ours to read, or not wholly read */
};

struct processes {
    const char *folder;
    struct process *at; /* by pid */
    size_t count;
    size_t unreadable;
    bool hidden; /* there are more: the system hides others' processes, or there are over LIMIT_PROCESSES */
    struct process_file *files;
    size_t file_count;
    const uint32_t *uses; /* indexes into files */
};

/* Fails when the folder cannot be read at all or memory is out. A process that ends meanwhile is left out. */
bool processes_read(const char *folder, struct arena *arena, struct processes *out, struct error *err)
    MUST_USE;

struct process_facts {
    struct text name; /* what it calls itself; '?' for each byte that is not printable ASCII. Absent: ended */
    struct text service; /* the service manager's unit without ".service"; absent: it belongs to none */
    bool of_user;        /* that unit is one of a user's own service manager, not of the machine's */
    bool elsewhere; /* its root folder is not ours (a container, a chroot): paths there are other files */
};
/* What cannot be read (any more) is left empty; fails only when memory is out. */
bool process_look(const struct processes *processes, uint32_t pid, struct arena *arena,
                  struct process_facts *out, struct error *err) MUST_USE;

/*
 * When it began at the latest, in microseconds since 1970 by the clock of now: the kernel counts in hundredths of a
 * second. Of a made folder by the second of its boot. False when it cannot be told (any more).
 */
bool process_started(const struct processes *processes, uint32_t pid, int64_t *out_us);

/*
 * The grammars, for tests and fuzzing. Of FOLDER/PID/stat the ticks since boot at which it began; of FOLDER/stat the second
 * of the boot.
 */
bool process_parse_start(struct bytes stat, uint64_t *out_ticks);
bool process_parse_boot(struct bytes stat, uint64_t *out_seconds);
/*
 * A line of maps without its newline: true when it is a file mapped with the
 * right to execute; the path points into the line. The service that the lines of a cgroup file name, or an absent text.
 */
bool process_parse_mapping(struct bytes line, struct process_file *out);
struct text process_parse_service(struct bytes cgroup);

#endif
