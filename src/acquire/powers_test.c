#include "base/testing.h"

#include "acquire/powers.h"

/* Each row is the path of a real package's file. */
static void test_kinds(void **state)
{
    static const struct {
        const char *path;
        enum power_kind kind;
    } rows[] = {
        {"/usr/bin/ssh", POWER_UNKNOWN},
        {"/usr/lib/x86_64-linux-gnu/libexpat.so.1.8.10", POWER_UNKNOWN},
        {"/usr/share/doc/sudo/copyright", POWER_UNKNOWN},
        {"/usr/share/bash-completion/completions/git", POWER_UNKNOWN},
        {"/etc/ssh/sshd_config", POWER_UNKNOWN},
        {"/var/lib/foo/state", POWER_UNKNOWN},
        {"/boot/vmlinuz-6.1.0-40-amd64", POWER_UNKNOWN},
        {"/lib/systemd/system/ssh.service", POWER_UNIT},
        {"/usr/lib/systemd/system/ssh.service", POWER_UNIT},
        {"/usr/lib/systemd/system/apt-daily.timer", POWER_TIMER},
        {"/etc/systemd/system/x.service.d/y.conf", POWER_UNIT},
        {"/etc/init.d/cron", POWER_UNIT},
        {"/etc/cron.d/php", POWER_CRON},
        {"/etc/cron.daily/logrotate", POWER_CRON},
        {"/etc/crontab", POWER_CRON},
        {"/lib/udev/rules.d/60-block.rules", POWER_UDEV},
        {"/etc/pam.d/sshd", POWER_PAM},
        {"/usr/share/pam-configs/unix", POWER_PAM},
        {"/etc/sudoers", POWER_SUDOERS},
        {"/etc/sudoers.d/README", POWER_SUDOERS},
        {"/lib/modules/6.1.0-40-amd64/kernel/fs/xfs/xfs.ko", POWER_KERNEL_MODULE},
        {"/usr/lib/modules/6.12.0/kernel/fs/xfs/xfs.ko.xz", POWER_KERNEL_MODULE},
        {"/lib/modules/6.1.0-40-amd64/modules.order", POWER_UNKNOWN},
        {"/usr/src/zfs-2.1.11/dkms.conf", POWER_KERNEL_MODULE},
        {"/etc/modprobe.d/blacklist.conf", POWER_KERNEL_MODULE},
        {"/etc/apt/sources.list.d/vendor.list", POWER_APT_SOURCE},
        {"/etc/apt/apt.conf.d/50unattended-upgrades", POWER_APT_SOURCE},
        {"/etc/apt/trusted.gpg.d/debian-archive-bookworm-stable.asc", POWER_APT_KEY},
        {"/usr/share/keyrings/debian-archive-keyring.gpg", POWER_APT_KEY},
        {"/usr/share/ca-certificates/mozilla/ISRG_Root_X1.crt", POWER_CA},
        {"/usr/share/dbus-1/system.d/org.freedesktop.login1.conf", POWER_DBUS},
        {"/usr/share/polkit-1/actions/org.x.policy", POWER_POLKIT},
        {"/etc/profile.d/vte.sh", POWER_PROFILE},
        {"/etc/bash.bashrc", POWER_PROFILE},
        {"/etc/ld.so.conf.d/x.conf", POWER_LOADER},
        {"/etc/ld.so.preload", POWER_LOADER},
        {"/usr/local/bin/x", POWER_OUTSIDE},
        {"/home/user/.bashrc", POWER_OUTSIDE},
        {"/root/.ssh/authorized_keys", POWER_OUTSIDE},
        {"/tmp/x", POWER_OUTSIDE},
        {"/opt/vendor/bin/x", POWER_OUTSIDE},
        {"/var/lib/dpkg/info/other.postinst", POWER_OUTSIDE},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        enum power_kind got = powers_kind_of(text_of(rows[i].path));
        if (got != rows[i].kind)
            fail_msg("%s: %s, expected %s", rows[i].path, power_kind_name(got),
                     power_kind_name(rows[i].kind));
    }
}

static void test_names(void **state)
{
    (void)state;
    for (size_t kind = 0; kind < POWER_KIND_COUNT; kind++) {
        assert_non_null(power_kind_name((enum power_kind)kind));
        assert_non_null(power_kind_words((enum power_kind)kind));
        for (size_t other = 0; other < kind; other++)
            assert_string_not_equal(power_kind_name((enum power_kind)kind),
                                    power_kind_name((enum power_kind)other));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_kinds), cmocka_unit_test(test_names)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
