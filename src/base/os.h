/*
 * What only the operating system knows. base/os_linux.c and base/process_linux.c are the only files with Linux in them.
 */
#ifndef BASE_OS_H
#define BASE_OS_H

#include "base/bytes.h"

/* The machine's name, the running kernel's release ("6.1.0-18-amd64"), build ("#1 SMP Debian 6.1.76-1 (2024-02-01)") and machine ("x86_64"). */
struct os_names {
    struct text host;
    struct text kernel_release;
    struct text kernel_build;
    struct text machine;
};
bool os_names(struct arena *arena, struct os_names *out, struct error *err) MUST_USE;

/*
 * The path of a program that comes with this one, in the arena: beside this one, else where it was installed.
 * ERROR_ABSENT names both places.
 */
bool os_helper(struct arena *arena, const char *name, const char **out, struct error *err) MUST_USE;

/*
 * Takes those of the descriptors 0 to 2 that were closed when we were started, so that no file or pipe that is opened
 * later becomes standard output by accident. Using them fails as before. A program's first deed.
 */
bool os_hold_standard_descriptors(struct error *err) MUST_USE;

/* This process goes on as argv[0], an absolute path, with the same environment and descriptors. Returns only when it fails. argv ends in NULL. */
bool os_become(const char *const *argv, struct error *err) MUST_USE;

/* What these two paths name changes places in one step, so that nobody finds either missing; b alone may be absent: then a is named b. */
bool os_exchange(const char *a, const char *b, struct error *err) MUST_USE;

bool os_is_root(void);
/* The number of the user whose rights this has. */
unsigned os_user(void);
/*
 * Whose files this process believes as if they were its own: its user's; and root's, when it left root and kept root's right
 * to read everything (base/confine.h), since then it does a part of root's work.
 */
unsigned os_owner_believed(void);
bool os_is_terminal(int fd);
/* Columns of the terminal on fd, or 0 when it is none. */
unsigned os_terminal_width(int fd);
/* Its lines, or 0. */
unsigned os_terminal_height(int fd);
/* The environment's value, or NULL; empty counts as absent. */
const char *os_environment(const char *name);
/* From here on a crash of this process, or of its children, writes no memory anywhere. May not be undone. */
bool os_leave_no_core(struct error *err) MUST_USE;
/* Fills with random bytes from the kernel. */
void os_random(void *out, size_t size);
/* True when some interface has an address that the whole Internet can reach (not private, link-local, loopback, or carrier-grade NAT). */
bool os_has_public_address(bool *out, struct error *err) MUST_USE;
unsigned os_processor_count(void);
uint64_t os_memory_size(void); /* of the machine, in bytes */
/* From here on this process and its threads get processors and disks that nobody else wants just then; it may not be undone. */
void os_yield_to_all(void);
/* A hint that this memory will be filled whole: in large pages, tens of megabytes cost a hundredth of the page faults. */
void os_expect_filling(void *memory, size_t size);

/*
 * A file without a name, in memory, holding these bytes; its descriptor stands at the beginning. os_fd_path is the
 * name by which our own children can open a descriptor of ours.
 */
bool os_memory_file(struct bytes content, int *out, struct error *err) MUST_USE;
#define OS_FD_PATH_MAX 48
void os_fd_path(int fd, char out[OS_FD_PATH_MAX]);

#endif
