/* What is read of processes: the two grammars, a made folder, and this machine's own. */
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/process.h"
#include "base/testing.h"
#include "base/time.h"
#include "base/writer.h"

static struct bytes bytes_of(const char *string)
{
    return bytes_of_text(text_of(string));
}

static void test_mapping(void **state)
{
    static const struct {
        const char *line;
        const char *path; /* NULL: is none that counts */
        uint64_t inode;
        bool deleted;
    } rows[] = {
        {"5582-558a r-xp 00002000 fe:00 247278    /usr/bin/sleep", "/usr/bin/sleep", 247278, false},
        {"5582-558a r-xp 00002000 fe:00 247278 /usr/bin/sleep (deleted)", "/usr/bin/sleep", 247278, true},
        {"5582-558a rwxs 00002000 fe:00 9 /a b (c)", "/a b (c)", 9, false},
        {"5582-558a --xp 00002000 fe:00 9 /x (deleted) (deleted)", "/x (deleted)", 9, true},
        {"5582-558a r-xp 00000000 00:01 4 /memfd:sealed (deleted)", "/memfd:sealed", 4, true},
        {"5582-558a r--p 00002000 fe:00 247278    /usr/bin/sleep", NULL, 0, false},
        {"5582-558a rw-p 00000000 00:00 0 ", NULL, 0, false},
        {"5582-558a rwxp 00000000 00:00 0 ", NULL, 0, false},
        {"5582-558a r-xp 00000000 00:00 0         [vdso]", NULL, 0, false},
        {"5582-558a r-xp 00000000 00:00 0         /anonymous", NULL, 0, false},
        {"5582-558a r-xp 00000000 fe:00 12 usr/bin", NULL, 0, false},
        {"5582-558a r-xp 00000000 fe:00 12/x", NULL, 0, false},
        {"5582-558a r-xp 00000000 fe:00 12 /\x01", NULL, 0, false},
        {"5582-558a r-xp 00000000 fe:00 12 /\xff", NULL, 0, false},
        {"5582-558a r-xp 00000000 /x", NULL, 0, false},
        {"5582-558a r-x", NULL, 0, false},
        {"", NULL, 0, false},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct process_file file = {0};
        bool is_file = process_parse_mapping(bytes_of(rows[i].line), &file);
        if (is_file != (rows[i].path != NULL))
            fail_msg("%s: is %sa file", rows[i].line, is_file ? "" : "not ");
        if (!is_file)
            continue;
        assert_text(rows[i].line, file.path, rows[i].path);
        assert_int_equal(file.inode, rows[i].inode);
        assert_int_equal(file.deleted, rows[i].deleted);
    }
}

static void test_service(void **state)
{
    static const struct {
        const char *cgroup;
        const char *service;
    } rows[] = {
        {"0::/system.slice/ssh.service\n", "ssh"},
        {"0::/system.slice/ssh.service", "ssh"},
        {"0::/system.slice/system-getty.slice/getty@tty1.service\n", "getty@tty1"},
        {"0::/system.slice/systemd-udevd.service/udev\n", "systemd-udevd"},
        {"12:pids:/x.service\n1:name=systemd:/system.slice/cron.service\n", "cron"},
        {"1:name=systemd:/\n0::/system.slice/cron.service\n", "cron"},
        {"0::/user.slice/user-1000.slice/user@1000.service/session.slice/pipewire.service\n", "pipewire"},
        {"0::/user.slice/user-1000.slice/user@1000.service/app.slice/dbus-:1.2-org.x@0.service\n",
         "dbus-:1.2-org.x@0"},
        {"0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-firefox.scope\n", ""},
        {"0::/user.slice/user-1000.slice/user@1000.service/init.scope\n", ""},
        {"0::/user.slice/user-1000.slice/user@1000.service\n", ""},
        {"0::/user.slice/user-1000.slice/session-3.scope\n", ""},
        {"0::/system.slice/docker-0123.scope/ssh\n", ""},
        {"0::/init.scope\n", ""},
        {"0::/\n", ""},
        {"0::/.service\n", ""},
        {"0::ssh.service\n", "ssh"},
        {"4:memory:/system.slice/ssh.service\n", ""},
        {"ssh.service\n", ""},
        {"0::/\x01.service\n", ""},
        {"0::/a\tb.service\n", ""},
        {"", ""},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_text(rows[i].cgroup, process_parse_service(bytes_of(rows[i].cgroup)), rows[i].service);
}

static void test_start(void **state)
{
    static const struct {
        const char *stat;
        uint64_t ticks; /* 0: cannot be told */
    } rows[] = {
        {"812 (sshd) S 1 812 812 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 1342 15 6 7", 1342},
        {"812 (a b) c) 9) S 1 812 812 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 77 15", 77},
        {"812 (sshd) S 1 812 812 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0", 0},
        {"812 (sshd) S 1 812 812 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 x", 0},
        {"812 sshd", 0},
        {"", 0},
    };
    uint64_t number;
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        number = 0;
        if (process_parse_start(bytes_of(rows[i].stat), &number) != (rows[i].ticks != 0) ||
            number != rows[i].ticks)
            fail_msg("%s", rows[i].stat);
    }
    assert_true(process_parse_boot(bytes_of("cpu 1 2\ncpu0 1\nbtime 1763712000\nprocesses 5\n"), &number));
    assert_int_equal(number, 1763712000);
    assert_false(process_parse_boot(bytes_of("cpu 1 2\nbtime \n"), &number));
    assert_false(process_parse_boot(bytes_of("cpu 1 2\n"), &number));
}

/* This process began before now, and not after a child that it makes. */
static void test_started(void **state)
{
    const struct processes here = {.folder = "/proc"};
    int64_t mine, childs, now_us = time_now_us();
    int until[2];
    char byte;
    (void)state;

    assert_int_equal(pipe(until), 0);
    pid_t pid = fork();
    if (pid == 0) {
        (void)close(until[1]);
        _exit(read(until[0], &byte, 1) != 0);
    }
    assert_true(process_started(&here, (uint32_t)getpid(), &mine));
    assert_true(process_started(&here, (uint32_t)pid, &childs));
    /* Two readings of a clock that is being set may differ a little. */
    assert_true(mine <= childs + TIME_SECOND_US / 1000);
    assert_true(childs >= now_us - TIME_SECOND_US / 50 && childs <= time_now_us() + TIME_SECOND_US / 50);
    (void)close(until[0]);
    (void)close(until[1]);
    (void)waitpid(pid, NULL, 0);
    assert_false(process_started(&here, (uint32_t)pid, &childs));
}

/* "PID: path path", a deleted one with '!' behind it. */
static struct text files_of(const struct processes *processes, size_t index, struct arena *arena)
{
    const struct process *process = &processes->at[index];
    struct text line = text_format(arena, "%u:", (unsigned)process->pid);

    for (uint32_t i = process->first; i < process->first + process->count; i++) {
        const struct process_file *file = &processes->files[processes->uses[i]];
        line =
            text_format(arena, "%.*s %.*s%s", TEXT_ARG(line), TEXT_ARG(file->path), file->deleted ? "!" : "");
    }
    return line;
}

static void test_golden(void **state)
{
    static const struct {
        const char *files;
        const char *name, *service;
        bool elsewhere;
    } rows[] = {
        {"1: /usr/lib/systemd/systemd /usr/lib/x86_64-linux-gnu/libc.so.6", "systemd", "", false},
        {"412: /usr/sbin/sshd /usr/lib/x86_64-linux-gnu/libcrypto.so.3! /usr/lib/x86_64-linux-gnu/libc.so.6",
         "sshd", "ssh", false},
        {"977: /usr/lib/firefox-esr/firefox-esr /usr/lib/x86_64-linux-gnu/libc.so.6 "
         "/usr/lib/x86_64-linux-gnu/libcrypto.so.3 /memfd:jit!",
         "firefox-esr", "", false},
        {"1200: /usr/sbin/cron /usr/lib/x86_64-linux-gnu/libc.so.6", "cr?on ??", "cron", false},
        {"1300: /usr/sbin/nginx /lib/x86_64-linux-gnu/libc.so.6", "nginx", "", true},
    };
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct processes got;
    struct process_facts facts;
    struct error err;
    char folder[512];
    (void)state;

    (void)snprintf(folder, sizeof(folder), "%s/base/process/proc", getenv("SUTURE_GOLDEN"));
    assert_done("read", processes_read(folder, &arena, &got, &err), &err);
    assert_int_equal(got.count, COUNT_OF(rows));
    assert_int_equal(got.unreadable, 0);
    assert_false(got.hidden);
    assert_int_equal(got.file_count, 10);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_text("files", files_of(&got, i, &arena), rows[i].files);
        assert_done("look", process_look(&got, got.at[i].pid, &arena, &facts, &err), &err);
        assert_text(rows[i].files, facts.name, rows[i].name);
        assert_text(rows[i].files, facts.service, rows[i].service);
        assert_int_equal(facts.elsewhere, rows[i].elsewhere);
    }
    assert_done("ended", process_look(&got, 99999, &arena, &facts, &err), &err);
    assert_text("ended", facts.name, "");
}

static void put(const char *folder, const char *name, const char *content)
{
    char path[256];
    struct error err;

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    char *slash = strrchr(path, '/');
    *slash = 0;
    assert_done(path, file_make_folders(path, 0755, &err), &err);
    *slash = '/';
    assert_done(path, file_replace_cache(path, bytes_of(content), 0644, &err), &err);
}

/* A folder where maps should be cannot be read by anybody, not even by root. */
static void test_unreadable_and_hidden(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct processes got;
    struct error err;
    char folder[64];
    (void)state;

    test_folder(folder);
    put(folder, "31/maps", "1-2 r-xp 0 fe:00 5 /usr/bin/one\n1-2 r-xp 0 fe:00 5 /usr/bin/cut");
    put(folder, "7/maps/folder", "");
    put(folder, "8/comm", "ended\n");
    put(folder, "0123456789/maps", "1-2 r-xp 0 fe:00 5 /x\n");
    put(folder, "12x/maps", "1-2 r-xp 0 fe:00 5 /x\n");
    assert_done("read", processes_read(folder, &arena, &got, &err), &err);
    assert_int_equal(got.count, 2);
    assert_int_equal(got.unreadable, 1);
    assert_true(got.hidden);
    assert_int_equal(got.at[0].pid, 7);
    assert_false(got.at[0].readable);
    assert_true(got.at[1].readable);
    assert_text("cut", files_of(&got, 1, &arena), "31: /usr/bin/one");
    assert_done("remove", file_remove_tree(folder, &err), &err);
    assert_false(processes_read(folder, &arena, &got, &err));
    assert_int_equal(err.kind, ERROR_ABSENT);
}

static void put_link(const char *folder, const char *name, const char *target)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(symlink(target, path), 0);
}

/* Who asks is left out, and a program of ours that has started it, with its helpers; any other parent is a process like others. */
static void test_who_asks(void **state)
{
    static const struct {
        const char *parent;
        size_t left;
    } rows[] = {
        {"/opt/suture/suture", 1},
        {"/opt/suture/suture (deleted)", 1},
        {"/opt/suture/bash", 3},
        {"/usr/bin/suture", 3},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct processes got;
        struct error err;
        char folder[64];
        test_folder(folder);
        put(folder, "12/maps", "1-2 r-xp 0 fe:00 5 /opt/suture/suture-plan\n");
        put(folder, "12/stat", "12 (suture-plan) S 7 12 12 0\n");
        put(folder, "7/maps", "1-2 r-xp 0 fe:00 6 /opt/suture/suture\n");
        put(folder, "13/maps", "1-2 r-xp 0 fe:00 8 /opt/suture/suture-execute\n");
        put(folder, "13/stat", "13 (suture-execute) S 7 13 13 0\n");
        put_link(folder, "13/exe", "/opt/suture/suture-execute");
        put(folder, "9/maps", "1-2 r-xp 0 fe:00 7 /usr/bin/other\n");
        put_link(folder, "self", "12");
        put_link(folder, "12/exe", "/opt/suture/suture-plan");
        put_link(folder, "7/exe", rows[i].parent);
        assert_done("read", processes_read(folder, &arena, &got, &err), &err);
        if (got.count != rows[i].left)
            fail_msg("%s: %zu processes", rows[i].parent, got.count);
        assert_done("remove", file_remove_tree(folder, &err), &err);
    }
}

/* Lines that do not fit into one reading, and more than fit into the buffer. */
static void test_long(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    OWN(writer_end) struct writer w = writer_with(16 * MIB);
    struct processes got;
    struct error err;
    char folder[64], path[96];
    (void)state;

    test_folder(folder);
    put(folder, "1/comm", "long\n");
    for (unsigned i = 0; i < 5000; i++) {
        writer_format(&w, "%08x-%08x r-xp 00000000 fe:00 %u      /usr/lib/number-%u\n", i, i + 1, i + 1, i);
        writer_format(&w, "%08x-%08x r-xp 00000000 fe:00 %u      /usr/lib/number-%u\n", i, i + 1, i / 2 + 1,
                      i / 2);
    }
    (void)snprintf(path, sizeof(path), "%s/1/maps", folder);
    assert_done("write", file_replace_cache(path, writer_bytes(&w), 0644, &err), &err);
    assert_done("read", processes_read(folder, &arena, &got, &err), &err);
    assert_int_equal(got.file_count, 5000);
    assert_int_equal(got.at[0].count, 5000);
    assert_text("last", got.files[4999].path, "/usr/lib/number-4999");
    arena_end(&arena);
    arena = arena_with(64 * KIB);
    assert_false(processes_read(folder, &arena, &got, &err));
    assert_failed("memory", &err, ERROR_LIMIT, "out of memory (65536 bytes allowed)");
    assert_done("remove", file_remove_tree(folder, &err), &err);
}

/* What the kernel prints of a process, read from a made folder, is the same as what it answers when it is asked. */
static void check_printed(const struct processes *asked, size_t index, struct arena *arena)
{
    struct processes printed;
    struct bytes maps;
    struct error err;
    char folder[64], path[96], proc[64];
    unsigned pid = (unsigned)asked->at[index].pid;

    (void)snprintf(proc, sizeof(proc), "/proc/%u/maps", pid);
    assert_done(proc, file_read_stream(proc, MIB, arena, &maps, &err), &err);
    test_folder(folder);
    (void)snprintf(path, sizeof(path), "%s/%u", folder, pid);
    assert_done(path, file_make_folders(path, 0755, &err), &err);
    (void)snprintf(path, sizeof(path), "%s/%u/maps", folder, pid);
    assert_done(path, file_replace_cache(path, maps, 0644, &err), &err);
    assert_done(path, processes_read(folder, arena, &printed, &err), &err);
    assert_int_equal(printed.count, 1);
    assert_text("printed", files_of(&printed, 0, arena), text_string(arena, files_of(asked, index, arena)));
    assert_done("remove", file_remove_tree(folder, &err), &err);
}

/* This test's own child is there and maps the program of this test; the test itself is not. */
static void check_live(uint32_t child, struct arena *arena)
{
    struct processes got;
    struct process_facts facts;
    struct error err;
    char program[512];
    bool found = false;

    ssize_t size = readlink("/proc/self/exe", program, sizeof(program) - 1);
    program[size > 0 ? size : 0] = 0;
    assert_done("read", processes_read("/proc", arena, &got, &err), &err);
    assert_done("look", process_look(&got, child, arena, &facts, &err), &err);
    assert_false(facts.elsewhere);
    assert_text("name", facts.name, "base_process_te");
    for (size_t i = 0; i < got.count; i++) {
        assert_int_not_equal(got.at[i].pid, getpid());
        if (got.at[i].pid != child)
            continue;
        found = true;
        assert_true(got.at[i].readable);
        assert_text("program", got.files[got.uses[got.at[i].first]].path, program);
        check_printed(&got, i, arena);
    }
    assert_true(found);
}

/* The child ends with its pipe, also when a check failed. */
static void test_live(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(64 * MIB);
    int pipes[2];
    char byte;
    (void)state;

    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)close(pipes[1]);
        _exit(read(pipes[0], &byte, 1) != 0);
    }
    (void)close(pipes[0]);
    check_live((uint32_t)child, &arena);
    (void)close(pipes[1]);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mapping),  cmocka_unit_test(test_service),
        cmocka_unit_test(test_golden),   cmocka_unit_test(test_unreadable_and_hidden),
        cmocka_unit_test(test_long),     cmocka_unit_test(test_live),
        cmocka_unit_test(test_start),    cmocka_unit_test(test_started),
        cmocka_unit_test(test_who_asks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
