/*
 * What suture and suture-execute say to each other.
 *
 * Orders and answers take turns, each in a frame (base/helper.h). Integers are little-endian, a text is a varint of its
 * size and then its bytes, a list is a varint of its count and then its items.
 *
 *   order    "SXQ1"  u8 operation  text run  u32 wait_ms  u8 rollback
 *            list of artifacts: u8 basis  text name, arch, version  u64 size  32 bytes of SHA-256
 *            list of removals:  text name, arch
 *            list of purges:    text name, arch
 *            list of marks:     text name, arch  u8 automatic
 *            u8 part  text of the run whose store it is  32 bytes of SHA-256, its seal        of RESTORE, else zeros
 *   answer   "SXA1"  u8 error kind  text problem  u32 status  u32 size of output, output
 *
 * The last byte of the magic is the version; both programs come from one build, so another one is refused. Each side
 * distrusts the other: whatever is named has dpkg's grammar (manager/dpkg_words.h), a list that an operation does not
 * take is empty, nothing may follow the end. The answer's output is raw bytes of dpkg or apt.
 */
#ifndef MANAGER_EXECUTE_MESSAGE_H
#define MANAGER_EXECUTE_MESSAGE_H

#include "base/writer.h"
#include "manager/installer.h"

enum execute_operation {
    EXECUTE_UNKNOWN,
    EXECUTE_LOCK,      /* take the frontend's lock */
    EXECUTE_AUDIT,     /* the state of every package */
    EXECUTE_CONFIGURE, /* dpkg --configure --pending */
    EXECUTE_SIMULATE,
    EXECUTE_REHEARSE,
    EXECUTE_INSTALL,
    EXECUTE_MARK,
    EXECUTE_RESTORE,
    EXECUTE_OPERATION_COUNT
};
/* In the output of a rehearsal: behind its last occurrence stand the states of all packages, as of AUDIT. */
#define EXECUTE_STATES_LINE "\n--- packages ---\n"

const char *execute_operation_name(enum execute_operation operation);

struct execute_order {
    enum execute_operation operation;
    struct text run;
    uint32_t wait_ms; /* LOCK */
    struct package_group group;
    const struct package_mark *marks;
    size_t mark_count;
    struct {
        enum restore_part part;
        struct text run;
        struct digest seal;
    } restore;
};

struct execute_answer {
    enum error_kind kind; /* ERROR_NONE: it was carried out, `status` says how */
    struct text problem;
    uint32_t status;
    struct bytes output;
};

void execute_order_write(struct writer *w, const struct execute_order *order);
void execute_answer_write(struct writer *w, const struct execute_answer *answer);

/* Texts point into `raw`, lists are in the arena. Paths of artifacts are not sent and are NULL. */
bool execute_order_parse(struct bytes raw, struct arena *arena, struct execute_order *out, struct error *err)
    MUST_USE;
bool execute_answer_parse(struct bytes raw, struct execute_answer *out, struct error *err) MUST_USE;

#endif
