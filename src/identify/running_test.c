/* Old code in use and services in question: on a made machine, and on a child that maps a file which is replaced. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/testing.h"
#include "identify/owners.h"
#include "identify/running.h"

#define LIBS "/usr/lib/x86_64-linux-gnu/"

static void put(const char *root, const char *path, const char *content)
{
    char whole[256];
    struct error err;

    (void)snprintf(whole, sizeof(whole), "%s%s", root, path);
    char *slash = strrchr(whole, '/');
    *slash = 0;
    assert_done(whole, file_make_folders(whole, 0755, &err), &err);
    *slash = '/';
    assert_done(whole, file_replace_cache(whole, bytes_of_text(text_of(content)), 0644, &err), &err);
}

enum package_number { LIBC6, LIBEXPAT1, LIBSSL3, NO_LIST, OPENSSH_SERVER, VENDOR, PACKAGE_NUMBER_COUNT };

static struct package packages[] = {
    {.name = TEXT("libc6"), .arch = TEXT("amd64")},
    {.name = TEXT("libexpat1"), .arch = TEXT("amd64")},
    {.name = TEXT("libssl3"), .arch = TEXT("amd64")},
    {.name = TEXT("no-list"), .arch = TEXT("all")},
    {.name = TEXT("openssh-server"), .arch = TEXT("amd64")},
    {.name = TEXT("vendor"), .arch = TEXT("amd64")},
};

/* libc6's list says /lib as before /usr was merged; libssl3 is there for two architectures. */
static void make_packages(const char *root)
{
    put(root, "/var/lib/dpkg/info/libc6.list",
        "/.\n/lib\n/lib/x86_64-linux-gnu\n/lib/x86_64-linux-gnu/libc.so.6\n/usr\n/usr/bin\n/usr/lib\n");
    put(root, "/var/lib/dpkg/info/libexpat1.list",
        "/."
        "\n" LIBS "libexpat.so.1\n" LIBS "libexpat.so.1.8.11\n");
    put(root, "/var/lib/dpkg/info/libssl3:amd64.list", LIBS "libssl.so.3\n");
    put(root, "/var/lib/dpkg/info/openssh-server.list", "/usr/sbin\n/usr/sbin/sshd");
    put(root, "/var/lib/dpkg/info/vendor.list", "/opt\n/opt/vendor\n/opt/vendor/tool\n");
    put(root, "/var/lib/dpkg/info/removed.list", LIBS "libremoved.so.5\n");
    put(root, LIBS "libc.so.6", "");
    put(root, LIBS "libssl.so.3", "");
    put(root, LIBS "libexpat.so.1.8.11", "");
    put(root, "/usr/sbin/sshd", "");
    put(root, "/opt/vendor/tool", "");
    put(root, "/tmp/tool", "");
}

enum inode { NOW, OTHER }; /* of the file that the path has, or another */

static const struct mapping {
    unsigned pid;
    const char *path;
    enum inode inode;
    bool deleted;
} mappings[] = {
    {1, LIBS "libc.so.6", NOW, false},
    {412, "/usr/sbin/sshd", NOW, false},
    {412, LIBS "libssl.so.3", OTHER, true},
    {412, LIBS "libc.so.6", NOW, false},
    {413, "/usr/sbin/sshd", OTHER, true}, /* another of the same service */
    {413, LIBS "libssl.so.3", OTHER, true},
    {500, LIBS "libexpat.so.1.8.10", OTHER, true}, /* the new one has another name */
    {600, LIBS "libremoved.so.5", OTHER, true},    /* a package that is gone */
    {600, "/usr/bin/gone", OTHER, true},
    {700, "/tmp/tool", OTHER, true},
    {700, "/usr/local/lib/libown.so", OTHER, true},
    {700, "/opt/vendor/own", OTHER, true},
    {700, "/usr/lib/own/own.so", OTHER, true}, /* in no folder that packages share */
    {700, "/memfd:jit", OTHER, true},
    {800, LIBS "libssl.so.3", NOW, true},    /* a file system that forgets names */
    {900, LIBS "libssl.so.3", OTHER, false}, /* what only looks like another */
    {1000, LIBS "libssl.so.3", OTHER, true}, /* in a container */
    {1000, LIBS "libc.so.6", OTHER, false},
    {1100, "/opt/vendor/tool", OTHER, true},
    {1200, "/usr/lib/no-name.so.1", OTHER, true}, /* ended meanwhile */
};

static void make_processes(const char *root, const char *proc)
{
    static const struct {
        unsigned pid;
        const char *name, *cgroup;
    } facts[] = {
        {1, "systemd\n", "0::/init.scope\n"},
        {412, "sshd\n", "0::/system.slice/ssh.service\n"},
        {413, "sshd\n", "0::/system.slice/ssh.service\n"},
        {500, "parser\n", "0::/user.slice/user-1000.slice/session-2.scope\n"},
        {600, "old\n", "0::/"},
        {700, "own\n", "0::/"},
        {800, "nfs\n", "0::/"},
        {900, "looks\n", "0::/"},
        {1000, "inside\n", "0::/system.slice/docker-1.scope"},
        {1100, "tool\n", "0::/"},
    };
    OWN(writer_end) struct writer w = writer_with(MIB);
    char path[64], whole[256], link[128];
    struct file_identity identity;
    struct error err;

    for (size_t i = 0; i < COUNT_OF(mappings); i++) {
        const struct mapping *m = &mappings[i];
        uint64_t inode = 4200000000 + i;
        (void)snprintf(whole, sizeof(whole), "%s%s", root, m->path);
        if (m->inode == NOW) {
            assert_done(whole, file_identify(whole, &identity, &err), &err);
            inode = identity.inode;
        }
        writer_format(&w, "7f00-7f01 r-xp 00000000 fe:00 %llu     %s%s%s\n", (unsigned long long)inode, root,
                      m->path, m->deleted ? " (deleted)" : "");
        if (i + 1 < COUNT_OF(mappings) && mappings[i + 1].pid == m->pid)
            continue;
        writer_byte(&w, 0);
        (void)snprintf(path, sizeof(path), "/%u/maps", m->pid);
        put(proc, path, (const char *)writer_bytes(&w).at);
        writer_clear(&w);
    }
    for (size_t i = 0; i < COUNT_OF(facts); i++) {
        (void)snprintf(path, sizeof(path), "/%u/comm", facts[i].pid);
        put(proc, path, facts[i].name);
        (void)snprintf(path, sizeof(path), "/%u/cgroup", facts[i].pid);
        put(proc, path, facts[i].cgroup);
    }
    put(proc, "/77/maps/cannot-be-read", "");
    (void)snprintf(link, sizeof(link), "%s/1000/root", proc);
    assert_int_equal(symlink(root, link), 0);
}

struct made {
    char root[64], proc[96];
    struct arena arena;
    struct host host;
    struct running running;
};

static int make(void **state)
{
    static struct made made;

    test_folder(made.root);
    (void)snprintf(made.proc, sizeof(made.proc), "%s/proc", made.root);
    make_packages(made.root);
    make_processes(made.root, made.proc);
    made.arena = arena_with(MIB);
    made.host = (struct host){.packages = packages, .package_count = PACKAGE_NUMBER_COUNT, .live = true};
    *state = &made;
    return 0;
}

static int unmake(void **state)
{
    struct made *made = *state;
    struct error err;

    arena_end(&made->arena);
    return file_remove_tree(made->root, &err) ? 0 : -1;
}

static void test_old_code(void **state)
{
    static const struct {
        uint32_t pid;
        const char *process, *service, *path;
        uint32_t package;
    } rows[] = {
        {412, "sshd", "ssh", LIBS "libssl.so.3", LIBSSL3},
        {413, "sshd", "ssh", LIBS "libssl.so.3", LIBSSL3},
        {413, "sshd", "ssh", "/usr/sbin/sshd", OPENSSH_SERVER},
        {500, "parser", "", LIBS "libexpat.so.1.8.10", LIBEXPAT1},
        {600, "old", "", "/usr/bin/gone", PACKAGE_NONE},
        {600, "old", "", LIBS "libremoved.so.5", PACKAGE_NONE},
        {1100, "tool", "", "/opt/vendor/tool", VENDOR},
    };
    struct made *made = *state;
    struct host *host = &made->host;
    struct error err;

    assert_done("look",
                running_look(&(struct running_from){made->root, made->proc}, host, &made->arena,
                             &made->running, &err),
                &err);
    for (size_t i = 0; i < COUNT_OF(rows) && i < host->old_code_count; i++) {
        const struct old_code *old = &host->old_code[i];
        assert_text("path", old->path, rows[i].path);
        assert_int_equal(old->pid, rows[i].pid);
        assert_text(rows[i].path, old->process, rows[i].process);
        assert_text(rows[i].path, old->service, rows[i].service);
        assert_int_equal(old->package, rows[i].package);
    }
    assert_int_equal(host->old_code_count, COUNT_OF(rows));
    assert_int_equal(host->process_count, 12);
    assert_int_equal(host->process_unreadable, 1);
    assert_int_equal(host->process_old, 5);
    assert_false(host->process_hidden);
}

static void test_services(void **state)
{
    static const struct {
        const char *name;
        uint32_t packages[3];
        size_t count;
        const char *services;
    } rows[] = {
        {"libc6", {LIBC6}, 1, "ssh systemd "},
        {"libssl3", {LIBSSL3}, 1, "looks nfs ssh "},
        {"two", {LIBC6, LIBSSL3}, 2, "looks nfs ssh systemd "},
        {"again", {LIBC6, LIBC6, NO_LIST}, 3, "ssh systemd "},
        {"one that runs elsewhere only", {LIBEXPAT1}, 1, ""},
        {"vendor", {VENDOR}, 1, "tool "},
        {"no list", {NO_LIST}, 1, ""},
        {"none", {0}, 0, ""},
    };
    struct made *made = *state;
    struct running_services services;
    struct error err;

    assert_done("look",
                running_look(&(struct running_from){made->root, made->proc}, &made->host, &made->arena,
                             &made->running, &err),
                &err);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct text all = TEXT("");
        assert_done(rows[i].name,
                    running_services(&made->running, rows[i].packages, rows[i].count, &services, &err), &err);
        for (size_t s = 0; s < services.count; s++)
            all = text_format(&made->arena, "%.*s%.*s ", TEXT_ARG(all), TEXT_ARG(services.names[s]));
        assert_text(rows[i].name, all, rows[i].services);
    }
}

/* Neither a machine that is not this one nor one whose processes cannot be listed has any; nothing fails. */
static void test_nothing(void **state)
{
    struct made *made = *state;
    struct running_services services;
    struct error err;
    static const uint32_t all[] = {LIBC6, LIBSSL3};

    made->host.live = false;
    assert_done("elsewhere",
                running_look(&(struct running_from){made->root, made->proc}, &made->host, &made->arena,
                             &made->running, &err),
                &err);
    assert_int_equal(made->host.process_count, 0);
    assert_int_equal(made->host.old_code_count, 0);
    assert_false(made->host.process_hidden);
    made->host.live = true;
    assert_done("no folder",
                running_look(&(struct running_from){made->root, "/nowhere"}, &made->host, &made->arena,
                             &made->running, &err),
                &err);
    assert_int_equal(made->host.process_count, 0);
    assert_true(made->host.process_hidden);
    assert_done("services", running_services(&made->running, all, COUNT_OF(all), &services, &err), &err);
    assert_int_equal(services.count, 0);
}

/* Whatever memory runs out at, it is said and nothing else happens. */
static void test_memory(void **state)
{
    struct made *made = *state;
    static const uint32_t all[] = {LIBC6, LIBSSL3};

    for (size_t limit = 0; limit < 64 * KIB; limit += 512) {
        OWN(arena_end) struct arena arena = arena_with(limit);
        struct running_services services;
        struct running running;
        struct error err;
        if (running_look(&(struct running_from){made->root, made->proc}, &made->host, &arena, &running,
                         &err) &&
            running_services(&running, all, COUNT_OF(all), &services, &err))
            assert_int_equal(services.count, 4);
        else
            assert_int_equal(err.kind, ERROR_LIMIT);
    }
}

static void test_owners_path(void **state)
{
    static const struct {
        const char *path, *to;
    } rows[] = {
        {"/usr/lib/x", "/lib/x"},
        {"/lib/x", "/lib/x"},
        {"/usr/lib64/ld.so", "/lib64/ld.so"},
        {"/usr/bin", "/bin"},
        {"/usr/sbin/a", "/sbin/a"},
        {"/usr/share/a", "/usr/share/a"},
        {"/opt/lib", "/opt/lib"},
        {"", ""},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_text(rows[i].path, owners_path(text_of(rows[i].path)), rows[i].to);
}

/* A child that executes the file until its pipe is closed; 0 where this file system lets nobody execute. */
struct child {
    pid_t pid;
    int until;
};

static struct child start_child(const char *path)
{
    int ready[2], until[2];
    char byte = 0;

    assert_int_equal(pipe(ready), 0);
    assert_int_equal(pipe(until), 0);
    pid_t pid = fork();
    if (pid == 0) {
        (void)close(until[1]);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        byte = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED ? 'n' : 'y';
        (void)!write(ready[1], &byte, 1);
        _exit(read(until[0], &byte, 1) != 0);
    }
    (void)close(until[0]);
    (void)close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    (void)close(ready[0]);
    return (struct child){byte == 'y' ? pid : 0, until[1]};
}

static void end_child(const struct child *child)
{
    (void)close(child->until);
    (void)waitpid(child->pid, NULL, 0);
}

/* How often the child, and nobody else, executes old code; and who would have to be restarted. */
static void check_child(const char *root, const struct child *child, size_t old_count)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    struct package package = {.name = TEXT("libcopy1"), .arch = TEXT("amd64")};
    struct host host = {.packages = &package, .package_count = 1, .live = true};
    struct running running;
    struct running_services services;
    struct error err;
    uint32_t index = 0;

    assert_done("look", running_look(&(struct running_from){root, "/proc"}, &host, &arena, &running, &err),
                &err);
    assert_int_equal(host.old_code_count, old_count);
    for (size_t i = 0; i < old_count; i++) {
        assert_int_equal(host.old_code[i].pid, child->pid);
        assert_text("process", host.old_code[i].process, "running_test");
        assert_text("path", host.old_code[i].path, "/usr/lib/libcopy.so.1");
        assert_int_equal(host.old_code[i].package, 0);
    }
    assert_done("services", running_services(&running, &index, 1, &services, &err), &err);
    assert_int_equal(services.count, 1);
}

static void test_live(void **state)
{
    char root[64], path[128];
    struct error err;
    (void)state;

    test_folder(root);
    (void)snprintf(path, sizeof(path), "%s/usr/lib/libcopy.so.1", root);
    put(root, "/usr/lib/libcopy.so.1", "as it was");
    put(root, "/var/lib/dpkg/info/libcopy1:amd64.list", "/usr/lib\n/usr/lib/libcopy.so.1\n");
    struct child child = start_child(path);
    if (child.pid == 0) {
        print_message("skipped: nothing in /tmp may be executed\n");
        assert_done("remove", file_remove_tree(root, &err), &err);
        return;
    }
    check_child(root, &child, 0);
    put(root, "/usr/lib/libcopy.so.1", "replaced");
    check_child(root, &child, 1);
    end_child(&child);
    child = start_child(path);
    check_child(root, &child, 0);
    end_child(&child);
    assert_done("remove", file_remove_tree(root, &err), &err);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_old_code, make, unmake),
        cmocka_unit_test_setup_teardown(test_services, make, unmake),
        cmocka_unit_test_setup_teardown(test_nothing, make, unmake),
        cmocka_unit_test_setup_teardown(test_memory, make, unmake),
        cmocka_unit_test(test_owners_path),
        cmocka_unit_test(test_live),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
