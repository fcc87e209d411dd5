/*
 * Other programs that install updates on this machine, so that nobody is surprised by what they do.
 *
 * Named is what is at work: installed, switched on, and something starts it. The rules:
 *
 *   unattended-upgrades  the package is installed, APT::Periodic::Unattended-Upgrade is not "0", and apt's daily run for
 *                        upgrades is started
 *   apt-daily            APT::Periodic::Update-Package-Lists or Download-Upgradeable-Packages is not "0", and apt's
 *                        daily run for lists is started; it installs nothing
 *   PackageKit           the package is installed, its service is not masked, and a program that asks it on its own is
 *                        installed too (GNOME Software, Discover); or the next start installs what it prepared
 *   snapd                the package is installed and its service or socket is enabled; snapd then always updates
 *   flatpak              a timer that names it is enabled; by itself it does not update
 *   mintupdate           its timer for upgrades is enabled
 *
 * apt's daily runs are started by systemd's timers apt-daily and apt-daily-upgrade where systemd runs, else by
 * /etc/cron.daily/apt-compat where there is a cron; and APT::Periodic::Enable must not be "0". A unit is enabled when a
 * folder TARGET.wants of /etc, /run or /usr/lib has it, and not masked (a link to /dev/null, or an empty file, in its
 * place). Whoever is started by hand or by a cron job of one's own is not found.
 */
#ifndef IDENTIFY_UPDATERS_H
#define IDENTIFY_UPDATERS_H

#include "model/host.h"

/*
 * Fills updaters of a host whose packages are known, in the order above. Where apt's configuration cannot be read an
 * installed unattended-upgrades counts as at work, and says why. Fails when memory is out.
 */
bool updaters_find(const char *root, struct host *host, struct arena *arena, struct error *err) MUST_USE;

#endif
