/*
 * The command lines and the environment of dpkg and apt, as suture-execute runs them; made here and nowhere else, so
 * that all that root may be made to do stands on one page and is tested as text.
 *
 * Every word is one of ours, a path below a folder of root's, or has dpkg's grammar (manager/dpkg_words.h). Nobody is
 * asked anything: a conffile that was changed here is kept, debconf takes its defaults. apt reads no configuration but
 * ours, no sources and no lists: it can only use the files that are named.
 */
#ifndef MANAGER_DPKG_COMMANDS_H
#define MANAGER_DPKG_COMMANDS_H

#include "manager/installer.h"

struct dpkg_place {
    const char *root; /* "/", or another root, whose scripts run in it */
    const char *
        work; /* folder of root's alone: holds apt.conf, an empty folder `empty` and the files `packages/HEX.deb` */
};

/* A command: argv[0] is an absolute path; ends in NULL; in the arena. */
struct dpkg_command {
    const char *const *argv;
    const char *input; /* bytes for its standard input, or NULL: none */
};

/* The environment of all of them, ends in NULL. */
extern const char *const dpkg_environment[];

/* What apt.conf in the work folder must hold. */
extern const char dpkg_apt_configuration[];

/* The same `group` may need several calls; each of these gives one. They fail only when memory is out. */
bool dpkg_command_remove(const struct dpkg_place *place, const struct package_group *group,
                         struct arena *arena, struct dpkg_command *out, struct error *err) MUST_USE;
bool dpkg_command_purge(const struct dpkg_place *place, const struct package_group *group,
                        struct arena *arena, struct dpkg_command *out, struct error *err) MUST_USE;
/* Notes that removals and purges are wanted, so that dpkg lets them go where another conflicts with them. */
bool dpkg_command_select(const struct dpkg_place *place, const struct package_group *group,
                         struct arena *arena, struct dpkg_command *out, struct error *err) MUST_USE;
/* again: files that were installed by the call before are passed over. */
bool dpkg_command_install(const struct dpkg_place *place, const struct package_group *group, bool again,
                          struct arena *arena, struct dpkg_command *out, struct error *err) MUST_USE;
bool dpkg_command_configure(const struct dpkg_place *place, struct arena *arena, struct dpkg_command *out,
                            struct error *err) MUST_USE;
/* Answers in lines of "NAME\tARCH\tVERSION\tSTATE\tFLAG", for dpkg_audit_parse. */
bool dpkg_command_list(const struct dpkg_place *place, struct arena *arena, struct dpkg_command *out,
                       struct error *err) MUST_USE;
bool dpkg_command_simulate(const struct dpkg_place *place, const struct package_group *group,
                           struct arena *arena, struct dpkg_command *out, struct error *err) MUST_USE;
/* Of the marks with this value; NULL argv: there are none. */
bool dpkg_command_mark(const struct dpkg_place *place, const struct package_mark *marks, size_t count,
                       bool automatic, struct arena *arena, struct dpkg_command *out, struct error *err)
    MUST_USE;

#endif
