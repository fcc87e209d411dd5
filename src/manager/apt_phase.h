/*
 * Phased updates: an archive offers a new version to a growing part of the machines, and each machine knows its place.
 *
 * Ubuntu's Packages say "Phased-Update-Percentage: 30". apt draws a number from 0 to 100 for the machine and the
 * version, and leaves the update out while the number is above the percentage. The draw is that of apt 2.1.16 and
 * later, to the bit: std::minstd_rand seeded by std::seed_seq with "SOURCE-VERSION-MACHINEID", then
 * std::uniform_int_distribution(0, 100), as libstdc++ has them on 64-bit machines. What decides it can be set in apt's configuration. apt
 * also takes every update inside a chroot; that is its caller's doing, not the machine's, and is not looked at here.
 */
#ifndef MANAGER_APT_PHASE_H
#define MANAGER_APT_PHASE_H

#include "manager/apt_config.h"

struct apt_phasing {
    struct text machine_id; /* absent: every update is for this machine */
    bool always, never;     /* APT::Get::Always-Include-Phased-Updates, Never-... */
    bool
        policy; /* APT::Get::Phase-Policy: priority 1 for what is not for us yet, instead of keeping it back */
};

/* From the configuration and /etc/machine-id below its root. */
bool apt_phasing_read(const struct apt_config *config, struct arena *arena, struct apt_phasing *out,
                      struct error *err) MUST_USE;

/* True when this version is not for this machine yet. */
bool apt_phase_is_out(const struct apt_phasing *phasing, struct text source, struct text source_version,
                      uint32_t percentage);

/* The machine's number for this version, 0 to 100. */
uint32_t apt_phase_draw(struct text machine_id, struct text source, struct text source_version);

#endif
