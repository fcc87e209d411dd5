/*
 * The compiled advisory index of one release: what its vendor says of every source package, in one file.
 *
 * index_build.h makes it from statements; here it is opened and looked up, in place, in the bytes of a read-only
 * mapping that the caller owns and that must outlive the index. Opening looks at the header and the feeds alone;
 * whatever is decoded later is checked while it is decoded, by a sticky reader: a broken file ends a walk early and
 * the walk says so, it never makes one read outside the file. index_dump.h decodes and shows everything.
 *
 * One record is one fix event: a source package, a status, a version, and the list of CVEs that share them. Texts
 * stand apart and are decoded only for what is shown. Kernels stand apart because their fifty sources share two
 * thousand CVEs, and because most machines (containers) never look at them.
 *
 * Layout, version 1. Integers are little-endian. A varint is an unsigned LEB128 in its shortest form. A day is a
 * count of days since 1970-01-01, at most 1,000,000. A text number is an index into `texts`.
 *
 *     header, 192 bytes
 *        0   8  "SUTINDEX"
 *        8   4  version of this layout
 *       12   1  flags: bit 0 complete (a feed went in that knows all of its release); others zero
 *       13   1  order of versions: 0 unknown, 1 deb, 2 rpm, 3 apk, 4 semver
 *       14   1  id size: bytes of the first id number of a list, 1 to 4
 *       15   1  zero
 *       16  64  name of the release, "debian-12", filled up with zeros
 *       80   4  CVEs                  84   4  other ids           88   4  texts
 *       92   4  support rows          96   4  feeds              100   4  records
 *      104   4  pairs of record and id                           108   4  source packages that are no kernels
 *      112   4  kernel source packages
 *      116   4  zero
 *      120  64  sizes of the segments, four bytes each, in the order below; two of them are zero
 *      184   8  zero
 *
 *     segments, one behind the other, the last ends with the file
 *       feeds        as origins.h describes
 *       ids          CVEs as packed numbers (model/cve.h), ascending. For each block of 256: its first number (four
 *                    bytes) and where its deltas begin behind this table (four bytes). Then for each block the varints
 *                    of the following numbers, each less the one before and less 1. A CVE's id number is its place.
 *       others       ids that are no CVE, by text: four bytes of text number. Their id numbers follow the CVEs'.
 *       severities   one nibble for each id number, low nibble first: what most records of the id say, as below
 *       texts        sorted by bytes, front-coded in blocks of 16. For each block four bytes of where it begins behind
 *                    this table. A text: varint of how many bytes it shares with the one before it in its block (0 for
 *                    the first), varint of the size of the rest, the rest.
 *       support      for each row: source's text number + 1 or 0 for the whole release, kind (one byte: 1 released,
 *                    2 ends, 3 lts ends, 4 extended ends, 5 limited), day + 1 or 0, version's and note's text
 *                    number + 1 or 0; all but the kind varints
 *       names        source packages that are no kernels, ascending by bytes, front-coded. A name: a byte of 0x80 and
 *                    how many bytes it shares with the one before, then the rest, in bytes below 0x80.
 *       sizes        for each name: varint of the size of its records, varint of the size of its lists
 *       records      see below, those of one source together
 *       lists        the id lists of these records, in the same order
 *       kernel names, sizes, records, lists: the same for kernels
 *
 *     a record
 *       byte         bits 0-3 status: 1 fixed, 2 open, 3 pending, 4 not affected, 5 no dsa, 6 ignored, 7 postponed,
 *                    8 end of life, 9 undetermined; bits 4-5 count of ids if 1 to 3, else 0; bit 6 a fixed version
 *                    follows; bit 7 a byte of details follows
 *       details      bit 0 introduced, 1 last affected, 2 note, 3 advisory, 4 date, 5 severity, 6 scope follows;
 *                    bit 7 unimportant
 *       count        varint of the count less 4, when bits 4-5 are 0
 *       versions     fixed, introduced, last affected, those that are there: a byte of how many bytes it shares with
 *                    the version before it in this source (0 for the first), then the rest, at least one byte, of
 *                    which only the last has its highest bit set
 *       note         varint of its text number + 1; or 0, then varint of its size and its bytes, for one that few share
 *       advisory     varint, text number
 *       date         varint, zigzag of its day less the day before it in this source (less 18262, 2020-01-01, first)
 *       severity     byte: 0 unknown, 1 none, 2 low, 3 medium, 4 high, 5 critical; without it that of each id counts
 *       scope        stream's and architecture's text number + 1 or 0, varints
 *     Of one source, records that are fixed by a version come last, newest version first: who has a version looks
 *     no further than the first fix that is not newer.
 *
 *     a list: the first id number in `id size` bytes, then varints of each next one less the one before and less 1
 */
#ifndef IDENTIFY_INDEX_H
#define IDENTIFY_INDEX_H

#include "base/limits.h"
#include "base/reader.h"
#include "identify/origins.h"
#include "model/advisory.h"
#include "model/cve.h"

#define INDEX_MAGIC       "SUTINDEX"
#define INDEX_VERSION     1
#define INDEX_HEADER_SIZE 192
#define INDEX_ID_BLOCK    256
#define INDEX_TEXT_BLOCK  16
#define INDEX_FIRST_DAY   18262
#define INDEX_DAY_MAX     1000000 /* in 4707; and as far before 1970 */
#define INDEX_NAME_MAX    255     /* of a source package here; 127 of its bytes can be shared */
#define INDEX_NO_TEXT     UINT32_MAX

enum index_segment {
    INDEX_FEEDS,
    INDEX_IDS,
    INDEX_OTHERS,
    INDEX_SEVERITIES,
    INDEX_TEXTS,
    INDEX_SUPPORT,
    INDEX_NAMES,
    INDEX_SIZES,
    INDEX_RECORDS,
    INDEX_LISTS,
    INDEX_KERNEL_NAMES, /* the same four, for kernels */
    INDEX_KERNEL_SIZES,
    INDEX_KERNEL_RECORDS,
    INDEX_KERNEL_LISTS,
    INDEX_SEGMENT_COUNT
};

struct index {
    struct release release;
    bool complete;        /* "not named" means "nothing known" */
    int64_t generated_us; /* of its complete feed, else of its oldest; TIME_ABSENT where one does not say */
    uint32_t cve_count, other_count, text_count, support_count, feed_count;
    uint32_t record_count, pair_count;
    uint32_t source_count[2]; /* kernels apart: [true] */
    uint8_t id_size;
    struct bytes segments[INDEX_SEGMENT_COUNT];
};

/* Refused: what is no index, a newer version, counts and sizes that cannot be, feeds that cannot be read. */
bool index_open(struct bytes file, struct index *out, struct error *err) MUST_USE;
/* For a walk that failed: "the index is broken: WHERE". */
bool index_broken(struct error *err, const char *where);

/* The feeds that went in. */
struct origins index_origins(const struct index *index);

/* The source packages, in the order of their names' bytes; kernels or the others. */
struct index_sources {
    struct reader names, sizes, records, lists;
    uint32_t left;
    size_t name_size;
    bool held; /* the last one was read and lies behind what was sought: it is given again */
    struct bytes held_records, held_lists;
    char name[INDEX_NAME_MAX + 1];
};
struct index_source {
    struct text name; /* inside the walk, until its next step */
    struct bytes records, lists;
};
struct index_sources index_sources_with(const struct index *index, bool kernels);
bool index_sources_next(struct index_sources *walk, struct index_source *out);
/* The source of this name, if there is one. Names must be sought in ascending order: a walk only goes forward. */
bool index_sources_seek(struct index_sources *walk, struct text name, struct index_source *out);
/* False when the walk ended because the file is broken. */
bool index_sources_ok(const struct index_sources *walk);

/* The records of one source. Texts are in the walk, until its next step. */
struct index_record {
    enum advisory_status status;
    enum severity severity; /* where has_severity: of the record; else ask index_severity of each id */
    bool has_severity;
    bool unimportant;
    struct text fixed, introduced, last_affected;
    uint32_t note, advisory, stream, arch; /* text numbers, or INDEX_NO_TEXT */
    struct bytes own_note;                 /* that stands in the record itself; else no bytes */
    int64_t published_us;                  /* of the fix; TIME_ABSENT */
    uint32_t count;                        /* of ids; at least 1 */
};
struct index_records {
    struct reader records, lists;
    uint32_t ids_left; /* of the present record */
    bool first;        /* none of them was read */
    uint8_t id_size;
    uint32_t id;
    int64_t day;
    uint32_t version_size;
    int8_t version_last; /* which of versions[] was decoded last */
    char versions[3][LIMIT_VERSION];
};
void index_records_begin(struct index_records *walk, const struct index *index,
                         const struct index_source *source);
/* The next record; ids of the one before that were not asked for are passed over. */
bool index_records_next(struct index_records *walk, struct index_record *out);
/* The next id number of the present record, ascending; to be asked at most `count` times. 0 when the list is broken. */
uint32_t index_records_id(struct index_records *walk);
bool index_records_ok(const struct index_records *walk);

/* The packed CVE of an id number below cve_count; walk is where the last answer was found, begun with {0}. 0: broken. */
struct index_cves {
    uint32_t block, at; /* number of the last answer, + 1; 0: none yet */
    uint32_t cve;
    struct reader reader;
};
uint32_t index_cve(const struct index *index, struct index_cves *walk, uint32_t number);
/* The text of any id number. Copied into the arena. */
bool index_id(const struct index *index, struct index_cves *walk, uint32_t number, struct arena *arena,
              struct text *out, struct error *err) MUST_USE;
/*
 * Sets the bit of each CVE that is in `packed`: numbers of four little-endian bytes each, ascending. bits has room for
 * cve_count. False when the file is broken.
 */
bool index_mark(const struct index *index, struct bytes packed, uint8_t *bits);
/* What most records of the id say. */
enum severity index_severity(const struct index *index, uint32_t number);
/* A text by its number, copied into the arena. INDEX_NO_TEXT gives an absent one. */
bool index_text(const struct index *index, uint32_t number, struct arena *arena, struct text *out,
                struct error *err) MUST_USE;

/* The vendor's remark on a record, wherever it stands; in the arena. */
bool index_note(const struct index *index, const struct index_record *record, struct arena *arena,
                struct text *out, struct error *err) MUST_USE;

/* What is said of the support of this release and of one source package in it (absent: of every one). In the arena. */
bool index_supports(const struct index *index, struct text package, struct arena *arena, struct support **out,
                    size_t *count, struct error *err) MUST_USE;

#endif
