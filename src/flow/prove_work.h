/*
 * The work of suture-prove (flow/prove_main.c), which is also what a test does in its own process: verifying lists, and
 * reading what packages say of themselves.
 */
#ifndef FLOW_PROVE_WORK_H
#define FLOW_PROVE_WORK_H

#include "flow/prove_message.h"

/* out has room for question->count. ERROR_ABSENT: this root has no package manager that is known. */
bool prove_work_lists(const struct prove_lists_question *question, struct arena *arena,
                      struct vouched_records *out, struct error *err) MUST_USE;

/*
 * One open package file. ERROR_INPUT: it is none, or not as dpkg would read it (manager/deb_file.h). ERROR_LIMIT
 * "endless-data: ...": there is more inside than there may be.
 */
bool prove_work_package(int fd, struct arena *arena, struct package_claim *out, struct error *err) MUST_USE;
/* Puts the name of that attack in front of an error that a reader of a package gave; false. */
bool prove_work_name_bomb(struct error *err);

#endif
