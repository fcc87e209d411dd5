/*
 * Roles: what a person, or a token of theirs, may do through /api/1.
 *
 * Each route names one permission; each role has some; a user has some roles. No role has both to operate and to approve:
 * who shall do both is given both, which the audit log shows. What may run as root on a machine is decided by none of
 * them: that needs signatures, which are made elsewhere and counted by the agents.
 */
#ifndef SERVER_ROLES_H
#define SERVER_ROLES_H

#include "base/bytes.h"

enum permission {
    PERMISSION_UNKNOWN,
    PERMISSION_NONE,    /* whoever asks: to log in */
    PERMISSION_SELF,    /* whoever has logged in: their own password and tokens */
    PERMISSION_READ,    /* hosts, findings, evidence, orders */
    PERMISSION_OPERATE, /* choose when: patch now, revoke a host */
    PERMISSION_APPROVE, /* let a host that looks like a clone out of the safe lane */
    PERMISSION_AUDIT,   /* read the audit log */
    PERMISSION_ENROL,   /* make and revoke enrolment tokens */
    PERMISSION_MANAGE,  /* users and their roles */
    PERMISSION_COUNT
};

/* Bits: a user has some of them. */
enum role {
    ROLE_NONE = 0,
    ROLE_VIEWER = 1,
    ROLE_OPERATOR = 2,
    ROLE_APPROVER = 4,
    ROLE_AUDITOR = 8,
    ROLE_ENROLLER = 16,
    ROLE_ADMINISTRATOR = 32,
    ROLE_ALL = 63,
};

struct role_row {
    enum role role;
    const char *name;
    const char *what;     /* half a sentence for people */
    uint32_t permissions; /* bits, 1 << enum permission */
};
#define ROLE_COUNT 6
extern const struct role_row roles[ROLE_COUNT];

/* "operate", for documents and errors. */
const char *permission_name(enum permission permission);

/* Whether somebody with these roles may do it; for SELF any role will do, for NONE none is needed. */
bool roles_permit(uint32_t have, enum permission permission);

/* "viewer,operator", in any order; ERROR_INPUT with what there is for an unknown one, or none at all. */
bool roles_parse(struct text names, uint32_t *out, struct error *err) MUST_USE;
/* The same back, in the order of the table; in the arena, at == NULL when memory is out. */
struct text roles_names(uint32_t have, struct arena *arena);

#endif
