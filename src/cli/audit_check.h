/*
 * Checking an exported audit log: its chain, row by row, and the head that the keeper signed.
 *
 * Each row carries the chain value over itself and the row before (store/fleet_read.h); so a row that was edited, dropped,
 * put in, or moved shows at its place, and rows cut off at the end by the signed head, or by the head that was checked here before:
 * a log never becomes shorter, nor another one.
 */
#ifndef CLI_AUDIT_CHECK_H
#define CLI_AUDIT_CHECK_H

#include "base/bytes.h"

struct audit_head {
    uint64_t seq; /* 0: none */
    uint8_t chain[32];
};

struct audit_checked {
    struct audit_head last; /* of the rows */
    int64_t signed_us;      /* of the head line; 0: there was none */
    uint8_t key[32];        /* that signed it */
    bool seen_known;        /* the row of `known` was there, with its chain */
};

/*
 * Lines of an export, from row 1 on. known: of the log that was checked before, seq 0 for none. ERROR_TRUST: "row 17: was edited, or a row before it is
 * missing"; ERROR_INPUT: no such line.
 */
bool audit_check(struct bytes lines, const struct audit_head *known, struct audit_checked *out,
                 struct error *err) MUST_USE;

#endif
