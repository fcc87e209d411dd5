/*
 * For tests: a machine read from text, and what matching finds on it as text.
 */
#ifndef IDENTIFY_MATCH_TESTING_H
#define IDENTIFY_MATCH_TESTING_H

#include "base/writer.h"
#include "identify/match.h"

#define OFFERS_MAX   6
#define PACKAGES_MAX 16
#define ARCHIVES_MAX 6

/*
 * A machine as text:
 *
 *     archive main|security|foreign [verified|stale|refused] [date=2026-11-20]       the first is archive 0
 *     package NAME VERSION [source=S] [source-version=V] [section=doc] [arch=arm64] [stream=m:1] [rpm] [foreign]
 *             [candidate=VERSION@ARCHIVE,ARCHIVE] [offer=VERSION@ARCHIVE] [unpacked]
 *     all                                                                               what is suppressed is listed
 *     running RELEASE                                                                   the kernel that runs
 */
struct machine {
    struct host host;
    struct archive archives[ARCHIVES_MAX];
    struct package packages[PACKAGES_MAX];
    struct offer offers[PACKAGES_MAX][OFFERS_MAX];
    bool all;
};

/* Reads the lines; a line that cannot be read fails the test. The machine must not be moved afterwards. */
void match_testing_machine(struct machine *machine, const char *release, const char *lines);
/* A line for each finding, update and source that has no code here, in *w. */
struct text match_testing_describe(struct writer *w, const struct host *host, const struct match *match);

#endif
