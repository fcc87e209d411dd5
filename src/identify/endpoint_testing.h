/*
 * For tests and benchmarks: the real machine of the shared data, read from its dpkg status and the list of what it was
 * offered. Everything lives in the arena.
 */
#ifndef IDENTIFY_ENDPOINT_TESTING_H
#define IDENTIFY_ENDPOINT_TESTING_H

#include "model/host.h"

#define ENDPOINT_PACKAGES_MAX 4096

/* folder holds `status` and `upgradable_by_origin.tsv`. Archive 0 of the host is main, 1 its security archive. */
bool endpoint_read(const char *folder, struct arena *arena, struct host *out, struct error *err) MUST_USE;

#endif
