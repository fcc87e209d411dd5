/*
 * The manager of Debian and what descends from it: dpkg's status, apt's sources, lists, preferences and phasing.
 */
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "manager/apt_system.h"
#include "manager/apt_universe.h"
#include "manager/apt_vouch.h"
#include "manager/managers.h"

#define ARCHIVE_BITS 64 /* of offer.archives */

static bool apt_present(const char *root)
{
    OWN(arena_end) struct arena arena = arena_with(64 * KIB);
    const char *status = file_below(&arena, root, "/var/lib/dpkg/status");

    return status != NULL && file_exists(status);
}

/* True when an archive with advisories offers any version of the package. */
static bool is_known(const struct apt_system *system, const struct package *package, bool installed_version,
                     bool advisories)
{
    for (size_t i = 0; i < package->offer_count; i++) {
        const struct offer *offer = &package->offers[i];
        if (installed_version && !text_equal(offer->version, package->version))
            continue;
        for (size_t k = 0; k < system->archive_count && k < ARCHIVE_BITS; k++)
            if ((offer->archives >> k & 1) && system->archives[k].archive.has_advisories == advisories)
                return true;
    }
    return false;
}

/*
 * Foreign: its holes are in nobody's advisories. Either no archive with advisories knows the package, or what is
 * installed came from another: that one has this version and they have not, or it is newer than all that they have.
 */
static bool is_foreign(const struct apt_system *system, const struct package *package)
{
    if (!is_known(system, package, false, true))
        return true;
    if (is_known(system, package, true, true) || !is_known(system, package, false, false))
        return false;
    if (is_known(system, package, true, false))
        return true;
    for (size_t i = 0; i < package->offer_count; i++) {
        const struct offer *offer = &package->offers[i];
        if (version_compare(VERSION_DEB, offer->version, package->version) <= 0)
            break;
        for (size_t k = 0; k < system->archive_count && k < ARCHIVE_BITS; k++)
            if ((offer->archives >> k & 1) && system->archives[k].archive.has_advisories)
                return false;
    }
    return true;
}

static bool choose_candidates(struct apt_system *system, struct error *err)
{
    struct apt_choice choice;
    bool advisories = false;

    if (!apt_system_choice(system, &choice, err))
        return false;
    for (size_t i = 0; i < system->archive_count; i++) {
        system->archives[i].archive.priority = choice.priorities[i];
        advisories = advisories || system->archives[i].archive.has_advisories;
    }
    for (size_t i = 0; i < system->status.count; i++) {
        struct package *package = &system->status.packages[i];
        if (!apt_choice_make(&choice, package, err))
            return false;
        /* Where no list of the distribution is believed nothing can be told apart. */
        package->foreign = advisories && is_foreign(system, package);
    }
    return true;
}

static bool fill_host(const struct apt_system *system, struct host *out, struct error *err)
{
    struct archive *archives = ARENA_ARRAY(system->arena, struct archive, system->archive_count);

    if (archives == NULL)
        return arena_full(system->arena, err);
    for (size_t i = 0; i < system->archive_count; i++)
        archives[i] = system->archives[i].archive;
    out->arch = text_copy(system->arena, system->arch_names[0]);
    out->packages = system->status.packages;
    out->package_count = system->status.count;
    out->archives = archives;
    out->archive_count = system->archive_count;
    return out->arch.at != NULL || arena_full(system->arena, err);
}

static bool apt_inventory(const struct manager_request *request, struct arena *arena, struct host *out,
                          struct error *err)
{
    OWN(apt_system_end) struct apt_system system = {0};
    const char *extended;

    if (!apt_system_read(request, false, arena, &system, err))
        return false;
    extended = apt_config_path(&system.config, APT_PATH_EXTENDED_STATES, arena);
    if (extended == NULL)
        return arena_full(arena, err);
    if (request->inventory == NULL &&
        !dpkg_status_mark_automatic(&system.status, extended, system.arch_names[0], arena, err))
        return false;
    return choose_candidates(&system, err) && fill_host(&system, out, err);
}

const struct manager manager_apt = {
    .name = "apt",
    .present = apt_present,
    .inventory = apt_inventory,
    .universe = apt_universe_read,
    .vouch = apt_vouch,
    .order = VERSION_DEB,
};
