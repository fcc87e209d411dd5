/*
 * What dpkg and apt write, in the C locale, as nouns: who failed and why, which conffiles were kept, what apt would do,
 * and the state of packages.
 *
 *     dpkg: error processing package bad (--install):
 *      installed bad package post-installation script subprocess returned error exit status 3
 *     Configuration file '/etc/alpha.conf'
 *      ==> Keeping old config file as default.
 *
 *     Remv gamma [1.0]
 *     Inst alpha [1.0] (1.1 local-deb [all])
 *
 * Half of it comes out of packages: nothing here decides whether a call succeeded, that is asked of dpkg's database
 * afterwards. All texts are in the arena; bytes that are no text are shown as '?'.
 */
#ifndef MANAGER_DPKG_OUTPUT_H
#define MANAGER_DPKG_OUTPUT_H

#include "manager/installer.h"

/* Fills failed, reason, output and kept. A file that failed is named by the package in `group` that has its digest. */
bool dpkg_output_read(struct bytes raw, const struct package_group *group, struct arena *arena,
                      struct package_outcome *out, struct error *err) MUST_USE;

/* Of `apt-get --simulate`. ERROR_INPUT: a line that begins as a change and is none. */
bool dpkg_simulation_read(struct bytes raw, struct arena *arena, struct package_changes *out,
                          struct error *err) MUST_USE;

/* One line of dpkg_command_list's answer for each package that dpkg knows. */
struct dpkg_state {
    struct package_key package;
    struct text version, state;
    bool needs_reinstall;
};
struct dpkg_states {
    const struct dpkg_state *at; /* by name, then architecture */
    size_t count;
};
bool dpkg_states_read(struct bytes raw, struct arena *arena, struct dpkg_states *out, struct error *err)
    MUST_USE;
/* NULL when there is none. "all" is told apart from others. */
const struct dpkg_state *dpkg_states_find(const struct dpkg_states *states, const struct package_key *key);

#endif
