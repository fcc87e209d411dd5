/*
 * Names of vulnerabilities as numbers, so that an index holds four bytes and compares them in one instruction.
 *
 * CVE-YYYY-N becomes 7 bits of year (from 1990) above 24 bits of N; bit 31 is never set. The order of the numbers is the
 * order of year, then N. What does not fit (other schemes, N above 16,777,215) is 0: it is kept as text by those who need it.
 */
#ifndef MODEL_CVE_H
#define MODEL_CVE_H

#include "base/bytes.h"

#define CVE_TEXT_MAX 20

/* 0 when it is no such name; "CVE-2021-00001" is none: one name has one spelling (at least four digits, no others leading with 0). */
uint32_t cve_pack(struct text text);
/* NUL-terminated; id is not 0. Returns the length. */
size_t cve_write(uint32_t id, char out[CVE_TEXT_MAX]);

#endif
