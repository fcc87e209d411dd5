/*
 * What resolving a name, and checking a certificate, reads: configuration that everyone may read, and libraries that glibc
 * loads for it. For base/confine.h's `readable`, by the programs that talk to the network.
 */
#ifndef WIRE_NETWORK_FILES_H
#define WIRE_NETWORK_FILES_H

#define NETWORK_FILES_COUNT 26

extern const char *const network_files[NETWORK_FILES_COUNT];

#endif
