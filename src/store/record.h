/*
 * The record of the last scan: bytes that are replaced whole. What is in them is the business of who writes them
 * (flow/); here they are kept, with a head that tells a whole file from the ruins of one:
 *
 *     0  "SUTRECRD"    8  u64 size of what follows    16  the bytes
 *
 * It is written without waiting for the disk: after a power cut an older record, or none, is found, never half of one.
 */
#ifndef STORE_RECORD_H
#define STORE_RECORD_H

#include "base/file.h"

bool record_write(const char *path, struct bytes bytes, struct error *err) MUST_USE;

/* OWN(record_close). ERROR_ABSENT: there is none. ERROR_INPUT: not whole. */
struct record {
    struct file_map map;
    struct bytes bytes;
};
bool record_open(const char *path, struct record *out, struct error *err) MUST_USE;
void record_close(struct record *record);

#endif
