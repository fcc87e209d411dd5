#include "model/power.h"

static const struct {
    const char *name, *words;
} kinds[POWER_KIND_COUNT] = {
    [POWER_UNKNOWN] = {"unknown", "unknown"},
    [POWER_SCRIPT] = {"script", "maintainer script"},
    [POWER_SETUID] = {"setuid", "setuid program"},
    [POWER_UNIT] = {"unit", "service unit"},
    [POWER_TIMER] = {"timer", "timer"},
    [POWER_CRON] = {"cron", "cron job"},
    [POWER_UDEV] = {"udev", "device rule"},
    [POWER_PAM] = {"pam", "login rule (PAM)"},
    [POWER_SUDOERS] = {"sudoers", "sudo rule"},
    [POWER_KERNEL_MODULE] = {"kernel-module", "kernel module"},
    [POWER_APT_SOURCE] = {"apt-source", "source of packages"},
    [POWER_APT_KEY] = {"apt-key", "key for packages"},
    [POWER_CA] = {"ca", "certificate authority"},
    [POWER_DBUS] = {"dbus", "D-Bus policy"},
    [POWER_POLKIT] = {"polkit", "polkit rule"},
    [POWER_PROFILE] = {"profile", "shell profile"},
    [POWER_LOADER] = {"loader", "library path"},
    [POWER_OUTSIDE] = {"outside", "file in an unusual place"},
};

const char *power_kind_name(enum power_kind kind)
{
    return kinds[kind < POWER_KIND_COUNT ? kind : 0].name;
}

const char *power_kind_words(enum power_kind kind)
{
    return kinds[kind < POWER_KIND_COUNT ? kind : 0].words;
}
