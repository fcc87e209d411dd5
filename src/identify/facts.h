/*
 * The facts file: what the world knows of each vulnerability (scores, exploitation, CISA's points), whatever package
 * has it, in one file for all releases.
 *
 * facts_build.h makes it from the parts that several feeds give; here it is opened and looked up in the bytes of a
 * read-only mapping that the caller owns and that must outlive the facts and every noun made from them: vectors
 * point into it. 300,000 CVEs take 10 MB, of which a scan touches a few pages. Opening looks at the header alone; a
 * broken row gives a wrong or no answer, never a read outside the file.
 *
 * Layout, version 1. Integers are little-endian.
 *
 *     header, 96 bytes
 *        0   8  "SUTFACTS"
 *        8   4  version of this layout
 *       12   4  feeds                 16   4  CVEs              20   4  other ids
 *       24   4  scores                28   4  vectors           32  16  zero
 *       48  36  sizes of the nine segments, four bytes each
 *       84  12  zero
 *
 *     segments, one behind the other, the last ends with the file
 *       feeds      as origins.h describes
 *       years      129 numbers of four bytes: for each year that a packed CVE can name (1990 to 2117) the place of its
 *                  first CVE; the last is the count of CVEs
 *       cves       packed numbers (model/cve.h) of four bytes, ascending
 *       others     ids that are no CVE, ascending by bytes: where the text of each begins in `names`, four bytes; and one
 *                  more: where the last ends
 *       names      their texts, one behind the other
 *       rows       24 bytes for each CVE, then for each other id:
 *                     0  4  published, seconds since 1970 + 1, or 0
 *                     4  4  EPSS in millionths, or 0xffffffff     8  4  EPSS percentile in millionths
 *                    12  4  place of its first score
 *                    16  2  day (since 1970) when it came into KEV + 1, or 0
 *                    18  2  day when it is due by KEV + 1, or 0
 *                    20  1  count of scores
 *                    21  1  bit 0 in KEV, 1 used by ransomware, 2 rejected
 *                    22  1  bits 0-1 exploitation, 2-3 automatable, 4-5 technical impact, as in model/vulnerability.h
 *                    23  1  bits of enum exploited_by (model/vulnerability.h); files of before have 0
 *       scores     eight bytes each: version (1 is 2.0, 2 is 3.0, 3 is 3.1, 4 is 4.0), source (1 nvd, 2 cna, 3 cisa-adp,
 *                  4 vendor), tenths (two bytes; 0xffff unrated), vector + 1 or 0 (four bytes)
 *       vectors    where the text of each begins behind this table, four bytes each, and one more: where the last ends;
 *                  then the texts
 *       exploited  packed numbers of the CVEs that are in KEV or whose exploitation is active, ascending
 */
#ifndef IDENTIFY_FACTS_H
#define IDENTIFY_FACTS_H

#include "identify/origins.h"
#include "model/cve.h"
#include "model/vulnerability.h"

#define FACTS_MAGIC       "SUTFACTS"
#define FACTS_VERSION     1
#define FACTS_HEADER_SIZE 96
#define FACTS_ROW_SIZE    24
#define FACTS_SCORE_SIZE  8
#define FACTS_YEARS       128

enum facts_segment {
    FACTS_FEEDS,
    FACTS_YEAR_TABLE,
    FACTS_CVES,
    FACTS_OTHERS,
    FACTS_NAMES,
    FACTS_ROWS,
    FACTS_SCORES,
    FACTS_VECTORS,
    FACTS_EXPLOITED,
    FACTS_SEGMENT_COUNT
};

struct facts {
    uint32_t feed_count, cve_count, other_count, score_count, vector_count;
    struct bytes segments[FACTS_SEGMENT_COUNT];
};

/* Refused: what is no facts file, a newer version, counts and sizes that do not agree. */
bool facts_open(struct bytes file, struct facts *out, struct error *err) MUST_USE;
struct origins facts_origins(const struct facts *facts);

/* The packed numbers of all CVEs that are known to be exploited, four little-endian bytes each, ascending. */
struct bytes facts_exploited(const struct facts *facts);

/* What is known of the id; its text becomes that of the noun. False: nothing is. */
bool facts_find(const struct facts *facts, struct text id, struct vulnerability *out);
/* The same, where the packed number of a CVE is at hand; 0 for other ids. */
bool facts_find_packed(const struct facts *facts, uint32_t cve, struct text id, struct vulnerability *out);

#endif
