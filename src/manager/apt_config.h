/*
 * apt's configuration, as far as it decides what a machine is offered: apt.conf(5).
 *
 *     APT { Architectures { "amd64"; "i386"; }; };
 *     APT::Default-Release "bookworm";
 *     Dir::State::lists "lists/";           // comments: //, # and slash-star
 *
 * Read are the parts of /etc/apt/apt.conf.d in the order of their names, then /etc/apt/apt.conf. Names are compared
 * without case. `#clear` and `#include` are followed, the latter 8 files deep. What apt knows but nothing here asks for is kept and costs nothing.
 * The environment's APT_CONFIG is not: it is of the caller's shell, not of the machine.
 */
#ifndef MANAGER_APT_CONFIG_H
#define MANAGER_APT_CONFIG_H

#include "base/bytes.h"

struct apt_config_entry {
    struct text key; /* "APT::Architectures::" for an item of a list; absent: cleared */
    struct text value;
};

struct apt_config {
    const char *root;
    struct apt_config_entry *entries; /* in the order of the files: the last of a key counts */
    size_t count, capacity;
};

/* Fails with the file and line of the first mistake. No configuration at all is none. */
bool apt_config_read(const char *root, struct arena *arena, struct apt_config *out, struct error *err)
    MUST_USE;

/* Adds the entries of one file's bytes; `name` is for errors. For apt_config_read, its tests and the fuzzer. */
bool apt_config_parse(struct apt_config *config, struct bytes raw, const char *name, struct arena *arena,
                      struct error *err) MUST_USE;

/* The value of the key, or `absent`. */
struct text apt_config_find(const struct apt_config *config, struct text key, struct text absent);
bool apt_config_bool(const struct apt_config *config, struct text key, bool absent);
/* The items of the list `key`, in order; none when there is no such list. */
bool apt_config_list(const struct apt_config *config, struct text key, struct arena *arena, struct text **out,
                     size_t *count, struct error *err) MUST_USE;

/* A file or folder, below the root, as apt puts its parts together. NULL when memory is out. */
enum apt_path {
    APT_PATH_UNKNOWN,
    APT_PATH_STATUS,
    APT_PATH_LISTS,
    APT_PATH_EXTENDED_STATES,
    APT_PATH_SOURCES,
    APT_PATH_SOURCES_PARTS,
    APT_PATH_PREFERENCES,
    APT_PATH_PREFERENCES_PARTS,
    APT_PATH_TRUSTED,
    APT_PATH_TRUSTED_PARTS,
    APT_PATH_COUNT
};
char *apt_config_path(const struct apt_config *config, enum apt_path path, struct arena *arena);

/*
 * The files of a .d folder that apt reads: names of letters, digits, '_', '-', ':' and '.', ending in one of
 * `endings` (".list"; "" for a name without a dot). An absent folder has none. Paths, sorted.
 */
bool apt_config_parts(const char *folder, const char *const *endings, struct arena *arena, char ***out,
                      size_t *count, struct error *err) MUST_USE;

#endif
