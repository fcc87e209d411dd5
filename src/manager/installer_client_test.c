/*
 * The installer with the real suture-execute and the real dpkg, on a root made for each test. dpkg wants to be root; who
 * is not sees these tests skipped.
 */
#include "base/testing.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "manager/installer_client.h"

#define RUN "20261121T030502Z-9f3a61c2"

struct place {
    struct arena arena;
    char folder[64];
    const char *root, *state, *packages;
    struct installer_client client;
    struct installer installer;
};

static char *in(struct place *place, const char *name)
{
    return file_path(&place->arena, place->folder, name);
}

static void run(struct place *place, const char *script)
{
    const char *const argv[] = {"/bin/sh", "-ec", script, "sh", place->folder, NULL};
    const struct child_command command = {.argv = argv, .timeout_ms = 60000, .output_limit = MIB};
    struct child_result result;
    struct error err;

    assert_done(script, child_run(&command, &place->arena, &result, &err), &err);
    if (result.status != 0)
        fail_msg("%s: %.*s", script, (int)result.errors.size, (const char *)result.errors.at);
}

/* A root that dpkg can work in, with a shell for scripts; and packages whose scripts are few. */
static const char make_root[] =
    "cd \"$1\"\n"
    "mkdir -p root/var/lib/dpkg/info root/var/lib/dpkg/updates root/var/lib/dpkg/triggers root/var/lib/apt "
    "root/etc "
    "root/bin state/runs/" RUN "/packages\n"
    "touch root/var/lib/dpkg/status root/var/lib/dpkg/available; chmod 700 state\n"
    "for f in /bin/sh $(ldd /bin/sh | grep -o '/[^ ]*'); do mkdir -p root$(dirname $f); cp $f root$f; done\n"
    "deb() { n=$1 v=$2 d=$3 p=$4; mkdir -p p/DEBIAN p/usr/share/$n p/etc\n"
    "  printf 'Package: %s\\nVersion: %s\\nArchitecture: all\\nMaintainer: x <x@x>\\n%sDescription: x\\n' "
    "$n $v \"$d\" > p/DEBIAN/control\n"
    "  echo $v > p/usr/share/$n/version; echo $v > p/etc/$n.conf; echo /etc/$n.conf > p/DEBIAN/conffiles\n"
    "  if [ -n \"$p\" ]; then printf '#!/bin/sh\\n%s\\n' \"$p\" > p/DEBIAN/postinst; chmod 755 "
    "p/DEBIAN/postinst; fi\n"
    "  dpkg-deb --root-owner-group -b p $n-$v.deb >/dev/null; rm -r p; }\n"
    "deb alpha 1.0; deb alpha 1.1; deb beta 1.0 'Depends: alpha\n'\n"
    "deb beta 1.1 'Pre-Depends: alpha (>= 1.1)\n'; deb bad 1.0 '' 'echo oops; exit 3'\n"
    "deb slow 1.0 '' 'echo begun > /begun; while [ ! -e /go ]; do :; done; echo ended > /ended'\n";

static void open_client(struct place *place)
{
    const struct installer_client_request request = {getenv("SUTURE_EXECUTE"), place->state, place->root,
                                                     TEXT(RUN)};
    struct error err;

    assert_done("open", installer_client_open(&request, &place->arena, &place->client, &err), &err);
    place->installer = installer_client_door(&place->client);
}

static int begin(void **state)
{
    struct place *place = calloc(1, sizeof(*place));

    place->arena = arena_with(256 * MIB);
    place->client = (struct installer_client){.helper = HELPER_NONE};
    test_folder(place->folder);
    place->root = in(place, "root");
    place->state = in(place, "state");
    place->packages = in(place, "state/runs/" RUN "/packages");
    run(place, make_root);
    open_client(place);
    *state = place;
    return 0;
}

static int end(void **state)
{
    struct place *place = *state;
    struct error err;

    installer_client_end(&place->client);
    assert_done("remove", file_remove_tree(place->folder, &err), &err);
    arena_end(&place->arena);
    free(place);
    return 0;
}

/* As acquire makes it: the file in the run's folder, by its digest. */
static struct trusted_artifact artifact(struct place *place, const char *name, const char *version)
{
    struct trusted_artifact got = {
        .basis = TRUST_ARCHIVE, .name = text_of(name), .arch = TEXT("all"), .version = text_of(version)};
    char hex[DIGEST_HEX_MAX + 1];
    struct bytes raw;
    struct error err;

    const char *made = in(place, text_format(&place->arena, "%s-%s.deb", name, version).at);
    assert_done(made,
                file_read(made, MIB, &place->arena, &raw, &err) &&
                    digest_bytes(DIGEST_SHA256, raw, &got.digest, &err),
                &err);
    digest_hex(&got.digest, hex);
    got.size = raw.size;
    got.path = file_path(&place->arena, place->packages, text_format(&place->arena, "%s.deb", hex).at);
    assert_done(got.path, file_replace(got.path, raw, 0600, &err), &err);
    return got;
}

static void lock(struct place *place)
{
    struct error err;

    assert_done("lock", place->installer.lock(place->installer.self, 0, &err), &err);
}

static struct package_outcome install(struct place *place, const struct package_group *group)
{
    struct package_outcome got;
    struct error err;

    assert_done("install", place->installer.install(place->installer.self, group, &place->arena, &got, &err),
                &err);
    return got;
}

static void expect_file(struct place *place, const char *name, const char *content)
{
    struct bytes raw;
    struct error err;

    assert_done(name, file_read(in(place, name), MIB, &place->arena, &raw, &err), &err);
    assert_text(name, (struct text){(const char *)raw.at, raw.size}, content);
}

static void test_install(void **state)
{
    struct place *place = *state;
    struct trusted_artifact old[] = {artifact(place, "alpha", "1.0"), artifact(place, "beta", "1.0")};
    /* beta needs the new alpha configured before it is unpacked. */
    struct trusted_artifact new[] = {artifact(place, "beta", "1.1"), artifact(place, "alpha", "1.1")};
    struct package_changes changes;
    struct package_outcome got;
    struct error err;

    assert_false(place->installer.install(place->installer.self,
                                          &(struct package_group){.artifacts = old, .artifact_count = 2},
                                          &place->arena, &got, &err));
    assert_failed("without the lock", &err, ERROR_CONFLICT, "install needs the lock");
    lock(place);
    got = install(place, &(struct package_group){.artifacts = old, .artifact_count = 2});
    assert_true(got.done);
    run(place, "echo mine > $1/root/etc/alpha.conf");

    const struct package_group group = {.artifacts = new, .artifact_count = 2};
    assert_done("simulate",
                place->installer.simulate(place->installer.self, &group, &place->arena, &changes, &err),
                &err);
    assert_int_equal(changes.count, 2);
    assert_text("first", changes.at[0].package.name, "alpha");
    assert_text("from", changes.at[0].from, "1.0");
    assert_text("to", changes.at[0].to, "1.1");
    got = install(place, &group);
    assert_true(got.done);
    assert_int_equal(got.status, 0);
    assert_int_equal(got.kept_count, 1);
    assert_text("kept", got.kept[0], "/etc/alpha.conf");
    expect_file(place, "root/etc/alpha.conf", "mine\n");
    expect_file(place, "root/usr/share/beta/version", "1.1\n");

    /* Back only when it is said that it is a rollback. */
    got = install(place, &(struct package_group){.artifacts = old, .artifact_count = 2});
    assert_false(got.done);
    assert_text("reason", got.reason, "is of version 1.1, not 1.0");
    got = install(place, &(struct package_group){.artifacts = old, .artifact_count = 2, .rollback = true});
    assert_true(got.done);

    const struct package_key beta = {TEXT("beta"), TEXT("all")};
    got = install(place, &(struct package_group){.removals = &beta, .removal_count = 1});
    assert_true(got.done);
    expect_file(place, "root/etc/beta.conf", "1.0\n");
    got = install(place, &(struct package_group){.purges = &beta, .purge_count = 1, .rollback = true});
    assert_true(got.done);
    assert_false(file_exists(in(place, "root/etc/beta.conf")));
}

static void test_failing_script(void **state)
{
    struct place *place = *state;
    struct trusted_artifact bad = artifact(place, "bad", "1.0");
    const struct package_group group = {.artifacts = &bad, .artifact_count = 1};
    struct package_audit audit;
    struct package_outcome got;
    struct error err;

    lock(place);
    got = install(place, &group);
    assert_false(got.done);
    assert_text("failed", got.failed, "bad");
    assert_text("reason", got.reason,
                "installed bad package post-installation script subprocess returned error exit status 3");
    assert_true(text_find(got.output, TEXT("oops")) != SIZE_MAX);
    assert_done("audit", place->installer.audit(place->installer.self, &place->arena, &audit, &err), &err);
    assert_int_equal(audit.count, 1);
    assert_text("state", audit.leftovers[0].state, "half-configured");
    assert_done("repair", place->installer.repair(place->installer.self, &group, &place->arena, &got, &err),
                &err);
    assert_false(got.done);
    run(place, "sed -i 's/exit 3/exit 0/' $1/root/var/lib/dpkg/info/bad.postinst");
    const struct package_group nothing = {0};
    assert_done("repair", place->installer.repair(place->installer.self, &nothing, &place->arena, &got, &err),
                &err);
    assert_true(got.done);
}

static void test_other_file(void **state)
{
    struct place *place = *state;
    struct trusted_artifact alpha = artifact(place, "alpha", "1.0"), beta = artifact(place, "beta", "1.0");
    const struct package_group group = {.artifacts = &alpha, .artifact_count = 1};
    struct package_outcome got;
    struct error err;

    lock(place);
    run(place, text_format(&place->arena,
                           "cd $1; s=$(stat -c %%s %s); truncate -s $s %s; printf x | dd of=%s bs=1 seek=200 "
                           "conv=notrunc 2>/dev/null",
                           alpha.path, alpha.path, alpha.path)
                   .at);
    assert_false(place->installer.install(place->installer.self, &group, &place->arena, &got, &err));
    assert_failed("one byte", &err, ERROR_TRUST,
                  "alpha 1.0: the file is not the one that was proved: its SHA-256 is another");
    run(place, text_format(&place->arena, "rm %s; ln -s %s %s", alpha.path, beta.path, alpha.path).at);
    assert_false(place->installer.install(place->installer.self, &group, &place->arena, &got, &err));
    assert_int_equal(err.kind, ERROR_SYSTEM); /* a link is not followed */
    alpha.path = "/tmp/alpha.deb";
    assert_false(place->installer.install(place->installer.self, &group, &place->arena, &got, &err));
    assert_failed("elsewhere", &err, ERROR_INPUT, "alpha: its file does not lie in the run's folder");
    assert_false(file_exists(in(place, "root/usr/share/alpha/version")));
}

static void test_marks(void **state)
{
    struct place *place = *state;
    struct trusted_artifact alpha = artifact(place, "alpha", "1.0");
    const struct package_mark mark = {{TEXT("alpha"), TEXT("all")}, true};
    struct bytes raw;
    struct error err;

    lock(place);
    (void)install(place, &(struct package_group){.artifacts = &alpha, .artifact_count = 1});
    assert_done("mark", place->installer.mark(place->installer.self, &mark, 1, &err), &err);
    assert_done("read",
                file_read(in(place, "root/var/lib/apt/extended_states"), MIB, &place->arena, &raw, &err),
                &err);
    assert_true(text_find((struct text){(const char *)raw.at, raw.size}, TEXT("Package: alpha")) != SIZE_MAX);
}

static void test_lock_of_another(void **state)
{
    struct place *place = *state;
    const struct installer_client_request request = {getenv("SUTURE_EXECUTE"), place->state, place->root,
                                                     TEXT(RUN)};
    struct installer_client other;
    struct error err;
    char expected[240];
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};

    OWN(own_fd)
    int fd = open(in(place, "root/var/lib/dpkg/lock-frontend"), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    assert_int_equal(fcntl(fd, F_SETLK, &whole), 0);
    assert_false(place->installer.lock(place->installer.self, 1, &err));
    (void)snprintf(expected, sizeof(expected),
                   "%s/var/lib/dpkg/lock-frontend: held by process %d (installer_clien)", place->root,
                   (int)getpid());
    assert_failed("frontend", &err, ERROR_CONFLICT, expected);
    own_fd(&fd);
    lock(place);

    assert_done("second", installer_client_open(&request, &place->arena, &other, &err), &err);
    struct installer second = installer_client_door(&other);
    assert_false(second.lock(second.self, 0, &err));
    assert_int_equal(err.kind, ERROR_CONFLICT);
    installer_client_end(&other);
}

/* Who gave the order dies while a script runs: the script runs to its end, and only then the next one gets the lock. */
static void test_orphaned(void **state)
{
    struct place *place = *state;
    struct trusted_artifact slow = artifact(place, "slow", "1.0");
    struct error err;

    installer_client_end(&place->client);
    pid_t pid = fork();
    if (pid == 0) {
        open_client(place);
        lock(place);
        (void)install(place, &(struct package_group){.artifacts = &slow, .artifact_count = 1});
        _exit(0);
    }
    while (!file_exists(in(place, "root/begun")))
        (void)usleep(1000);
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    open_client(place);
    assert_false(place->installer.lock(place->installer.self, 0, &err));
    assert_int_equal(err.kind, ERROR_CONFLICT);
    run(place, "touch $1/root/go");
    assert_done("lock", place->installer.lock(place->installer.self, 30000, &err), &err);
    expect_file(place, "root/ended", "ended\n");
    struct package_audit audit;
    assert_done("audit", place->installer.audit(place->installer.self, &place->arena, &audit, &err), &err);
    assert_int_equal(audit.count, 0);
}

static void test_broken_database(void **state)
{
    struct place *place = *state;
    struct package_audit audit;
    struct error err;

    lock(place);
    run(place,
        "printf 'Package: alpha\\nVersion: 1.0\\nStatus: install ok installed\\nArchitecture: all\\n\\n"
        "Package: beta\\nnonsense\\n' > $1/root/var/lib/dpkg/status");
    assert_false(place->installer.audit(place->installer.self, &place->arena, &audit, &err));
    /* What dpkg says of it, not the packages that it had listed until then. */
    assert_non_null(strstr(err.text, "dpkg-query ends with 2: "));
    assert_null(strstr(err.text, "alpha"));
}

static void test_folder_of_others(void **state)
{
    static const char *const made[] = {
        "mkdir $1/state-execute; chmod 777 $1/state-execute",
        "rmdir $1/state-execute; mkdir -m 700 $1/elsewhere; ln -s elsewhere $1/state-execute",
        "rm $1/state-execute; mkdir -m 700 $1/state-execute; chown 1 $1/state-execute",
    };
    struct place *place = *state;
    struct error err;

    for (size_t i = 0; i < COUNT_OF(made); i++) {
        run(place, made[i]);
        assert_false(place->installer.lock(place->installer.self, 0, &err));
        assert_int_equal(err.kind, ERROR_TRUST);
        assert_non_null(strstr(err.text, "is no folder of this user alone"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_install, begin, end),
        cmocka_unit_test_setup_teardown(test_failing_script, begin, end),
        cmocka_unit_test_setup_teardown(test_other_file, begin, end),
        cmocka_unit_test_setup_teardown(test_marks, begin, end),
        cmocka_unit_test_setup_teardown(test_lock_of_another, begin, end),
        cmocka_unit_test_setup_teardown(test_orphaned, begin, end),
        cmocka_unit_test_setup_teardown(test_broken_database, begin, end),
        cmocka_unit_test_setup_teardown(test_folder_of_others, begin, end),
    };

    if (geteuid() != 0 || access("/usr/bin/dpkg", X_OK) != 0) {
        print_message("skipped: dpkg installs nothing for who is not root\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
