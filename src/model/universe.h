/*
 * The packages that a plan can choose among: what is installed, and what could take its place or be needed for that.
 *
 * A door (a package manager) fills it into the plan's arena, next to the host that the same door has filled. Of what
 * archives offer only those versions are in it that the manager's own policy would choose, of archives whose lists are
 * verified and not past their date, and only names that an installed package's update can reach.
 */
#ifndef MODEL_UNIVERSE_H
#define MODEL_UNIVERSE_H

#include "base/digest.h"
#include "model/host.h"
#include "model/relation.h"

/* How packages of several architectures stand together (deb-control(5), Multi-Arch). */
enum multi_arch {
    MULTI_ARCH_NO,
    MULTI_ARCH_SAME,    /* installed once for each architecture */
    MULTI_ARCH_FOREIGN, /* serves packages of any architecture */
    MULTI_ARCH_ALLOWED, /* serves those that ask for "name:any" */
    MULTI_ARCH_COUNT
};

struct universe_package {
    struct text name, arch, version;
    struct text source, source_version;
    struct text fields[RELATION_KIND_COUNT]; /* as they stand; absent: none */
    enum multi_arch multi_arch;
    uint64_t installed_kib; /* Installed-Size */
    bool installed;
    bool essential; /* Essential, or Protected: never removed */

    /* Of an installed one, the index in host.packages; of an offered one, that of the package it would replace, or PACKAGE_NONE. */
    uint32_t package;

    /* Of an offered one. */
    uint32_t archive; /* index into host.archives: a verified one */
    struct text file; /* below the archive's uri: "pool/main/e/expat/libexpat1_2.5.0-1+deb12u2_amd64.deb" */
    uint64_t size;
    struct digest digest; /* SHA-256; kind UNKNOWN: its list names none, it cannot be installed */
};

struct universe {
    struct text native;       /* architecture */
    const struct text *archs; /* all that are known here, the native one first */
    size_t arch_count;
    struct universe_package
        *packages; /* the installed ones first, as host.packages has them; then by name, arch, version */
    size_t count, installed_count;
    struct digest status; /* SHA-256 of the package database that the installed ones were read from */
};

#endif
