/*
 * Where apt gets its packages: sources.list(5), both forms.
 *
 *     deb [arch=amd64 signed-by=/usr/share/keyrings/x.gpg] http://mirror.example/debian bookworm main contrib
 *
 *     Types: deb
 *     URIs: http://mirror.example/debian
 *     Suites: bookworm bookworm-updates
 *     Components: main contrib
 *     Signed-By: /usr/share/keyrings/x.gpg          or fingerprints, or the key itself in ASCII armour
 *
 * One apt_source per URI, suite, component and architecture, in apt's order: /etc/apt/sources.list first, then
 * sources.list.d by name; one that is there twice counts once. Only "deb" is kept: sources of sources offer no
 * packages. A mistake takes its line or paragraph away, not the others, and is told as a problem.
 */
#ifndef MANAGER_APT_SOURCES_H
#define MANAGER_APT_SOURCES_H

#include "manager/apt_config.h"

struct apt_source {
    struct text uri;       /* ends in '/'; $(ARCH) is filled in */
    struct text suite;     /* ends in '/' for a flat archive */
    struct text component; /* absent for a flat archive */
    struct text arch;      /* "all" for the list of packages of no architecture, where a release has one */
    struct text signed_by; /* as it stands; absent: all trusted keys */
    bool all_implied;      /* arch "all" that nobody asked for: that its list is missing says nothing */
    bool trusted;          /* "trusted=yes": apt does not check it */
};

struct apt_source_problem {
    struct text place; /* "/etc/apt/sources.list:3" */
    struct text why;
};

struct apt_sources {
    struct apt_source *sources;
    size_t count, capacity;
    struct apt_source_problem *problems;
    size_t problem_count, problem_capacity;
};

struct apt_archs {
    const struct text *names; /* the native one first */
    size_t count;
};

/* Fails only when memory or the number of sources runs out. */
bool apt_sources_read(const struct apt_config *config, struct apt_archs archs, struct arena *arena,
                      struct apt_sources *out, struct error *err) MUST_USE;

/* One file's bytes; deb822 for the form of .sources. For apt_sources_read, its tests and the fuzzer. */
struct apt_sources_file {
    const char *name;
    struct bytes raw;
    bool deb822;
};
bool apt_sources_parse(const struct apt_sources_file *file, struct apt_archs archs, struct arena *arena,
                       struct apt_sources *sources, struct error *err) MUST_USE;

/*
 * The name that apt gives the file of a list: "mirror.example_debian_dists_bookworm_" and `rest`, with '/' as '_', user and password left out.
 * at == NULL when memory is out.
 */
struct text apt_source_file_name(const struct apt_source *source, struct text rest, struct arena *arena);
/* The name of its Packages list as the release lists it: "main/binary-amd64/Packages". */
struct text apt_source_list_name(const struct apt_source *source, struct arena *arena);
/* The host name of its URI; absent where it has none. */
struct text apt_source_site(const struct apt_source *source);
/* The URI without user and password. */
struct text apt_source_public_uri(const struct apt_source *source, struct arena *arena);

#endif
