/*
 * Which versions apt prefers: apt_preferences(5) and APT::Default-Release.
 *
 *     Package: nginx* /^linux-/ src:openssl libc6:any
 *     Pin: release o=Debian,n=bookworm-backports     or: version 1.2*    or: origin "mirror.example"
 *     Pin-Priority: 990
 *
 * A record for "Package: *" gives whole archives a priority, the first that matches an archive counts; one for named
 * packages gives it to versions of these, the first that matches a version counts. Without any: 500; 100 for what is
 * installed and for archives that say NotAutomatic and ButAutomaticUpgrades; 1 for NotAutomatic alone; 990 for the
 * default release. Names are compared as apt does (fnmatch and regcomp, without case); expressions that could take for
 * ever are refused.
 */
#ifndef MANAGER_APT_PINS_H
#define MANAGER_APT_PINS_H

#include "manager/apt_config.h"
#include "model/host.h"

#define APT_PRIORITY_NEVER INT16_MIN

enum apt_pin_kind { APT_PIN_UNKNOWN, APT_PIN_VERSION, APT_PIN_RELEASE, APT_PIN_ORIGIN, APT_PIN_KIND_COUNT };

enum apt_pin_part {
    APT_PIN_PART_VERSION,
    APT_PIN_PART_ORIGIN,
    APT_PIN_PART_ARCHIVE,
    APT_PIN_PART_CODENAME,
    APT_PIN_PART_LABEL,
    APT_PIN_PART_COMPONENT,
    APT_PIN_PART_ARCH,
    APT_PIN_PART_RELEASE, /* archive or codename: a word without '=' */
    APT_PIN_PART_COUNT
};

/* A name, a shell pattern or, between slashes, a regular expression. */
struct apt_pattern {
    const char *string; /* NULL: none was given */
    void *regex;        /* compiled; NULL: a shell pattern */
};

struct apt_pin {
    enum apt_pin_kind kind;
    struct apt_pattern package;                   /* none: "*", whole archives */
    bool exactly;                                 /* the package's name has no wildcard in it */
    struct text arch;                             /* behind the colon; absent: the native one */
    bool source;                                  /* "src:" */
    struct apt_pattern version;                   /* of a version pin, without its last '*' */
    struct apt_pattern site;                      /* of an origin pin */
    struct apt_pattern parts[APT_PIN_PART_COUNT]; /* of a release pin */
    bool all;                                     /* "release *" */
    bool prefix; /* the version (of the release, too) ended in '*': what begins so matches */
    int16_t priority;
};

struct apt_pins {
    struct apt_pin *pins;
    size_t count, capacity;
    void **regexes; /* all that were compiled, shared by the pins of one record */
    size_t regex_count, regex_capacity;
    struct text native; /* architecture */
};

void apt_pins_end(struct apt_pins *pins); /* OWN(apt_pins_end) */

/* Adds what the configuration and the preferences say. Errors name file and line. */
bool apt_pins_read(const struct apt_config *config, struct arena *arena, struct apt_pins *pins,
                   struct error *err) MUST_USE;
/* One file's bytes; `name` is for errors. For apt_pins_read, its tests and the fuzzer. */
bool apt_pins_parse(struct apt_pins *pins, struct bytes raw, const char *name, struct arena *arena,
                    struct error *err) MUST_USE;

/* What a pin is held against: an archive, or (archive == NULL) dpkg's status file. */
struct apt_pin_target {
    const struct archive *archive;
    bool not_automatic, but_automatic_upgrades;
};
/* The priority of the archive as a whole. */
int16_t apt_pins_archive_priority(const struct apt_pins *pins, const struct apt_pin_target *target);

/* A version of a package, and the archives that have it. */
struct apt_pin_version {
    struct text name, arch; /* arch "all" counts as the native one */
    struct text version, source;
    const struct archive *const *archives; /* NULL among them: dpkg's status file */
    size_t archive_count;
};
/* The first record for this package that matches the version, or NULL. */
const struct apt_pin *apt_pins_of_version(const struct apt_pins *pins, const struct apt_pin_version *version);

#endif
