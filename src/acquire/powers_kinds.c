#include "acquire/powers.h"

/* Where files of a kind lie, without "/usr" before /lib: a start, and what the name must end in. The first row that fits counts. */
static const struct {
    enum power_kind kind;
    const char *start, *end;
} places[] = {
    {POWER_TIMER, "/lib/systemd/system/", ".timer"},
    {POWER_TIMER, "/lib/systemd/user/", ".timer"},
    {POWER_TIMER, "/etc/systemd/", ".timer"},
    {POWER_UNIT, "/lib/systemd/system/", ""},
    {POWER_UNIT, "/lib/systemd/user/", ""},
    {POWER_UNIT, "/lib/systemd/system-generators/", ""},
    {POWER_UNIT, "/lib/systemd/system-sleep/", ""},
    {POWER_UNIT, "/lib/systemd/system-shutdown/", ""},
    {POWER_UNIT, "/etc/systemd/", ""},
    {POWER_UNIT, "/etc/init.d/", ""},
    {POWER_UNIT, "/etc/rc.local", ""},
    {POWER_UNIT, "/etc/xdg/autostart/", ""},
    {POWER_UNIT, "/etc/network/if-", ""},
    {POWER_UNIT, "/etc/NetworkManager/dispatcher.d/", ""},
    {POWER_UNIT, "/etc/kernel/", ""}, /* run by each kernel's scripts */
    {POWER_UNIT, "/etc/initramfs-tools/", ""},
    {POWER_UNIT, "/usr/share/initramfs-tools/", ""},
    {POWER_CRON, "/etc/cron", ""}, /* cron.d, cron.daily, crontab, ... */
    {POWER_CRON, "/etc/anacrontab", ""},
    {POWER_CRON, "/var/spool/cron/", ""},
    {POWER_UDEV, "/lib/udev/rules.d/", ""},
    {POWER_UDEV, "/etc/udev/rules.d/", ""},
    {POWER_PAM, "/etc/pam.d/", ""},
    {POWER_PAM, "/lib/pam.d/", ""},
    {POWER_PAM, "/usr/share/pam-configs/", ""},
    {POWER_PAM, "/etc/security/", ""},
    {POWER_SUDOERS, "/etc/sudoers", ""},
    {POWER_KERNEL_MODULE, "/lib/modules/", ".ko"},
    {POWER_KERNEL_MODULE, "/lib/modules/", ".ko.xz"},
    {POWER_KERNEL_MODULE, "/lib/modules/", ".ko.zst"},
    {POWER_KERNEL_MODULE, "/lib/modules/", ".ko.gz"},
    {POWER_KERNEL_MODULE, "/lib/modules-load.d/", ""},
    {POWER_KERNEL_MODULE, "/lib/modprobe.d/", ""},
    {POWER_KERNEL_MODULE, "/etc/modules", ""},
    {POWER_KERNEL_MODULE, "/etc/modprobe.d/", ""},
    {POWER_KERNEL_MODULE, "/usr/src/", "/dkms.conf"},
    {POWER_APT_KEY, "/etc/apt/trusted.gpg", ""},
    {POWER_APT_KEY, "/etc/apt/keyrings/", ""},
    {POWER_APT_KEY, "/usr/share/keyrings/", ""},
    {POWER_APT_SOURCE, "/etc/apt/", ""}, /* sources, preferences, and what apt.conf.d has it run */
    {POWER_APT_SOURCE, "/etc/dpkg/", ""},
    {POWER_CA, "/usr/share/ca-certificates/", ""},
    {POWER_CA, "/usr/local/share/ca-certificates/", ""},
    {POWER_CA, "/etc/ssl/certs/", ""},
    {POWER_CA, "/etc/ca-certificates/", ""},
    {POWER_DBUS, "/etc/dbus-1/", ""},
    {POWER_DBUS, "/usr/share/dbus-1/system.d/", ""},
    {POWER_DBUS, "/usr/share/dbus-1/system-services/", ""},
    {POWER_POLKIT, "/etc/polkit-1/", ""},
    {POWER_POLKIT, "/usr/share/polkit-1/", ""},
    {POWER_PROFILE, "/etc/profile", ""},
    {POWER_PROFILE, "/etc/bash", ""}, /* bash.bashrc; completions are below /usr/share */
    {POWER_PROFILE, "/etc/zsh/", ""},
    {POWER_PROFILE, "/etc/environment", ""},
    {POWER_PROFILE, "/lib/environment.d/", ""},
    {POWER_PROFILE, "/etc/X11/Xsession.d/", ""},
    {POWER_PROFILE, "/etc/skel/", ""},
    {POWER_PROFILE, "/etc/update-motd.d/", ""},
    {POWER_LOADER, "/etc/ld.so.", ""}, /* conf, conf.d, preload */
};

/* Where packages put files. What lies in none of these is in an unusual place. */
static const char *const usual[] = {
    "/usr/", "/etc/", "/bin/", "/sbin/", "/lib/", "/lib32/", "/lib64/", "/libx32/", "/boot/", "/var/",
};
static const char *const unusual[] = {"/usr/local/", "/var/tmp/",      "/var/run/",
                                      "/var/lock/",  "/var/lib/dpkg/", "/var/lib/apt/"};

static bool starts_with_any(struct text path, const char *const *starts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (text_starts(path, text_of(starts[i])))
            return true;
    return false;
}

enum power_kind powers_kind_of(struct text path)
{
    const struct text lib = TEXT("/usr/lib/");
    struct text place = text_starts(path, lib) ? text_part(path, 4, SIZE_MAX) : path;

    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
        if (text_starts(place, text_of(places[i].start)) && text_ends(place, text_of(places[i].end)))
            return places[i].kind;
    if (starts_with_any(path, unusual, sizeof(unusual) / sizeof(*unusual)) ||
        !starts_with_any(path, usual, sizeof(usual) / sizeof(*usual)))
        return POWER_OUTSIDE;
    return POWER_UNKNOWN;
}
