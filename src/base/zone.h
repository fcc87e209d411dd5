/*
 * Calendars of places: civil time in an IANA zone and back, from the system's own compiled zone files.
 *
 * Reads TZif (RFC 8536, and version 4 of RFC 9636) with its footer, so that dates beyond the file's table follow the
 * rule in force. No tzset, no environment, no state: a zone is a value that points into the arena that it was read
 * into. "UTC" needs no file. Zones with leap seconds ("right/...") are refused: our times have none.
 */
#ifndef BASE_ZONE_H
#define BASE_ZONE_H

#include "base/time.h"

#define ZONE_FOLDER   "/usr/share/zoneinfo"
#define ZONE_NAME_MAX 64 /* the longest real one has 32 bytes */

/* One of the two yearly changes of a footer. */
struct zone_change {
    enum zone_day { ZONE_DAY_NONE, ZONE_DAY_JULIAN, ZONE_DAY_OF_YEAR, ZONE_DAY_OF_MONTH } kind;
    int32_t month, week, day; /* OF_MONTH: 1..12, 1..5, 0 Sunday..6; else only day */
    int32_t time_s;           /* of local time; -167 to 167 hours */
};

struct zone {
    char name[ZONE_NAME_MAX];
    const uint8_t *times; /* big-endian, time_size bytes each, ascending */
    const uint8_t *indexes;
    const uint8_t *types; /* six bytes each */
    const char *designations;
    size_t time_count, time_size, type_count;
    bool has_footer;
    bool footer_dst; /* the footer has summer time: both changes are set */
    int32_t footer_offset_s, footer_dst_offset_s;
    struct text footer_designation, footer_dst_designation;
    struct zone_change footer_begin, footer_end;
};

struct zone zone_utc(void);

/*
 * The zone of this name below `folder` (ZONE_FOLDER). Refused: a name that is empty, too long, begins with "/",
 * contains ".." or anything but letters, digits and "+-_/"; ERROR_ABSENT when there is no such zone.
 */
bool zone_open(const char *folder, struct text name, struct arena *arena, struct zone *out, struct error *err)
    MUST_USE;
/* A zone from the bytes of its file, which must outlive it. */
bool zone_parse(struct bytes file, struct text name, struct zone *out, struct error *err) MUST_USE;

/* What holds at an instant. */
struct zone_moment {
    int32_t offset_s; /* east of Greenwich: local time less UTC */
    bool dst;
    struct text designation; /* "CET" */
};
struct zone_moment zone_moment(const struct zone *zone, int64_t us);

struct civil zone_civil(const struct zone *zone, int64_t us);
/*
 * The instant at which the clocks there show this. A time that is skipped gives the first instant that exists behind
 * it; one that comes twice gives its first.
 */
int64_t zone_time(const struct zone *zone, struct civil local);

#endif
