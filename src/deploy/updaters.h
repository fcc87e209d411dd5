/*
 * What is done to each other updater when Suture takes over, as wishes for deploy/takeover; and what Suture's own timer
 * consists of.
 *
 *   unattended-upgrades  its timer and its service at shutdown are masked, and apt's settings switch it off
 *   apt-daily            its timer stays: it fetches lists, which Suture reads; that it fetches packages is switched off
 *   PackageKit           its services are masked: software centres show nothing until it is given back
 *   mintupdate           the timer of its upgrades is masked
 *   snapd, flatpak       stay: what they update is not what Suture updates
 *
 * A unit is masked by a link to /dev/null in /etc/systemd/system; apt's settings are one file of ours that is read last
 * of its folder (/etc/apt/apt.conf would still win: whoever takes over looks afterwards who is at work).
 */
#ifndef DEPLOY_UPDATERS_H
#define DEPLOY_UPDATERS_H

#include "deploy/takeover.h"

#define UPDATERS_UNITS      "/etc/systemd/system"
#define UPDATERS_APT        "/etc/apt/apt.conf.d/zz-suture-takeover"
#define UPDATERS_POLICY     "/etc/suture/policy.yaml"
#define UPDATERS_WISHES_MAX 32

/* data/systemd: @SUTURE@ stands for the program. */
extern const struct text updaters_service, updaters_timer;
/* data/policy: @ZONE@ stands for the machine's time zone. */
extern const struct text updaters_policy;

struct updater_rule {
    const char *name;     /* as identify/updaters.h has it */
    const char *units[3]; /* to be masked */
    const char *apt;      /* lines of apt's settings */
    const char *says;     /* for people: what follows from it, or why it stays */
};
/* NULL: nothing is known of an updater of this name; it stays, and is named. */
const struct updater_rule *updaters_find_rule(struct text name);
/* True when the rule changes something. */
bool updater_rule_takes(const struct updater_rule *rule);

struct updaters_wishes {
    struct takeover_wish at[UPDATERS_WISHES_MAX];
    size_t count;
};
/* Adds what takes these updaters over. Texts in the arena. */
bool updaters_add_masks(struct updaters_wishes *wishes, const struct text *names, size_t count,
                        struct arena *arena, struct error *err) MUST_USE;
/* Adds Suture's service and timer; program is its absolute path, without spaces or "%" (systemd would read them). */
bool updaters_add_timer(struct updaters_wishes *wishes, const char *program, struct arena *arena,
                        struct error *err) MUST_USE;
/* Adds the local policy, for a machine that has none. */
bool updaters_add_policy(struct updaters_wishes *wishes, struct text zone, struct arena *arena,
                         struct error *err) MUST_USE;

#endif
