#include "store/fleet_testing.h"

#include <dirent.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/child.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/testing.h"

/* ---- PostgreSQL ---- */

/* /usr/lib/postgresql/15/bin: the highest number. */
static bool find_programs(char out[160])
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct file_names names;
    struct error err = {0};
    int highest = 0;

    if (!file_list("/usr/lib/postgresql", 100, &arena, &names, &err))
        return false;
    for (size_t i = 0; i < names.count; i++)
        if (atoi(names.names[i].at) > highest)
            highest = atoi(names.names[i].at);
    (void)snprintf(out, 160, "/usr/lib/postgresql/%d/bin", highest);
    char program[200];
    (void)snprintf(program, sizeof(program), "%s/initdb", out);
    return highest > 0 && access(program, X_OK) == 0;
}

/* It refuses to run as root: then as its own user, to whom the folder is given. */
static size_t as_user(const char *folder, const char **argv)
{
    const struct passwd *user = getuid() == 0 ? getpwnam("postgres") : NULL;

    if (user == NULL)
        return 0;
    assert_int_equal(chown(folder, user->pw_uid, user->pw_gid), 0);
    const char *const words[] = {"/usr/bin/setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups",
                                 "--pdeathsig=SIGQUIT"};
    memcpy(argv, words, sizeof(words));
    return COUNT_OF(words);
}

bool fleet_server_begin(struct fleet_server *server)
{
    OWN(arena_end) struct arena arena = arena_with(4 * MIB);
    char program[200], data[100];
    const char *argv[20];
    struct child_result result;
    struct error err = {0};

    *server = (struct fleet_server){0};
    if (!find_programs(server->bin)) {
        print_message("skipped for PostgreSQL: it is not installed (tools/setup --tests does it)\n");
        return false;
    }
    test_folder(server->folder);
    (void)snprintf(program, sizeof(program), "%s/initdb", server->bin);
    (void)snprintf(data, sizeof(data), "%s/data", server->folder);
    size_t count = as_user(server->folder, argv);
    const char *const words[] = {
        program,           "--pgdata",  data, "--username=postgres", "--auth=trust", "--locale=C",
        "--encoding=UTF8", "--no-sync", NULL};
    memcpy(argv + count, words, sizeof(words));
    const struct child_command command = {.argv = argv, .timeout_ms = 120000, .output_limit = MIB};
    assert_done("initdb", child_run(&command, &arena, &result, &err), &err);
    if (result.status != 0)
        fail_msg("initdb: %.*s", (int)result.errors.size, (const char *)result.errors.at);
    fleet_server_start(server);
    return true;
}

static bool answers(const struct fleet_server *server)
{
    OWN(fleet_store_close) struct fleet_store *store = NULL;
    char where[FLEET_WHERE_MAX];
    const struct fleet_store_options options = {.read_only = true};
    struct error err = {0};

    (void)snprintf(where, sizeof(where), "host=%s dbname=postgres user=postgres", server->folder);
    /* ABSENT: it was asked and has no schema. */
    return fleet_store_open(where, &options, &store, &err) || err.kind == ERROR_ABSENT;
}

void fleet_server_start(struct fleet_server *server)
{
    char program[200], data[100], log[100];
    const char *argv[20];
    const struct timespec wait = {0, 20000000};

    (void)snprintf(program, sizeof(program), "%s/postgres", server->bin);
    (void)snprintf(data, sizeof(data), "%s/data", server->folder);
    (void)snprintf(log, sizeof(log), "%s/log", server->folder);
    size_t count = as_user(server->folder, argv);
    const char *const words[] = {program,
                                 "-D",
                                 data,
                                 "-k",
                                 server->folder,
                                 "-c",
                                 "listen_addresses=",
                                 "-c",
                                 "shared_buffers=64MB",
                                 "-c",
                                 "max_wal_size=256MB",
                                 NULL};
    memcpy(argv + count, words, sizeof(words));
    server->pid = fork();
    assert_true(server->pid >= 0);
    if (server->pid == 0) {
        int out = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        struct rlimit limit = {server->file_limit, server->file_limit};
        (void)setpgid(0, 0);
        if (server->file_limit != 0 && setrlimit(RLIMIT_FSIZE, &limit) != 0)
            _exit(1);
        if (out < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
            _exit(1);
        (void)execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(1);
    }
    for (int tries = 0; !answers(server); tries++) {
        if (tries == 1500 || waitpid(server->pid, NULL, WNOHANG) != 0)
            fail_msg("PostgreSQL does not start: see %s", log);
        (void)nanosleep(&wait, NULL);
    }
}

/* Its processes: the kernel gives the parent as the second word behind the name. */
static void kill_children(pid_t parent)
{
    DIR *proc = opendir("/proc");
    char path[300], line[512];

    assert_non_null(proc);
    for (const struct dirent *entry; (entry = readdir(proc)) != NULL;) {
        int pid = atoi(entry->d_name), its_parent = 0;
        (void)snprintf(path, sizeof(path), "/proc/%.16s/stat", entry->d_name);
        FILE *file = pid > 0 ? fopen(path, "r") : NULL;
        if (file == NULL)
            continue;
        const char *behind = fgets(line, sizeof(line), file) == NULL ? NULL : strrchr(line, ')');
        fclose(file);
        if (behind != NULL && sscanf(behind, ") %*c %d", &its_parent) == 1 && its_parent == parent)
            (void)kill(pid, SIGKILL);
    }
    (void)closedir(proc);
}

void fleet_server_kill(struct fleet_server *server)
{
    if (server->pid <= 0)
        return;
    (void)kill(server->pid, SIGSTOP); /* so that it starts no others meanwhile */
    kill_children(server->pid);
    (void)kill(server->pid, SIGKILL);
    (void)waitpid(server->pid, NULL, 0);
    server->pid = 0;
}

void fleet_server_end(struct fleet_server *server)
{
    struct error err = {0};

    if (server->pid > 0) {
        (void)kill(server->pid, SIGQUIT);
        (void)waitpid(server->pid, NULL, 0);
        server->pid = 0;
    }
    if (server->folder[0] != '\0')
        assert_done("folder", file_remove_tree(server->folder, &err), &err);
}

/* ---- databases ---- */

/* A schema of PostgreSQL's is as good as a database, and is made in a tenth of the time. */
static void make_schema(const struct fleet_testing *testing, const char *name)
{
    char where[FLEET_WHERE_MAX], sql[128];
    struct error err = {0};
    void *handle = NULL;

    (void)snprintf(where, sizeof(where), "host=%s dbname=postgres user=postgres", testing->server->folder);
    (void)snprintf(sql, sizeof(sql), "CREATE SCHEMA %s", name);
    assert_done("schema", testing->kind->open(where, true, false, &handle, &err), &err);
    assert_done("schema", testing->kind->run(handle, sql, &err), &err);
    testing->kind->close(handle);
}

void fleet_testing_where(struct fleet_testing *testing, const char *socket, char out[FLEET_WHERE_MAX])
{
    char name[32];

    (void)snprintf(name, sizeof(name), "t%u", ++testing->made);
    if (testing->server == NULL) {
        (void)snprintf(out, FLEET_WHERE_MAX, "%s/%s.db", testing->folder, name);
        return;
    }
    make_schema(testing, name);
    (void)snprintf(out, FLEET_WHERE_MAX, "host=%s dbname=postgres user=postgres options='-c search_path=%s'",
                   socket == NULL ? testing->server->folder : socket, name);
}

struct fleet_store *fleet_testing_open(const char *where)
{
    const struct fleet_store_options options = {.make = true, .now_us = FLEET_TESTING_NOW};
    struct fleet_store *store = NULL;
    struct error err = {0};

    assert_done("open", fleet_store_open(where, &options, &store, &err), &err);
    return store;
}

struct fleet_result fleet_testing_write(struct fleet_store *store, const struct fleet_write *write)
{
    struct fleet_result result;
    struct error err = {0};

    assert_done("write", fleet_store_write(store, write, 1, &result, &err), &err);
    return result;
}

struct fleet_result fleet_testing_done(struct fleet_store *store, const struct fleet_write *write)
{
    struct fleet_result result = fleet_testing_write(store, write);

    if (result.outcome != FLEET_OUTCOME_DONE)
        fail_msg("%s: %s", fleet_outcome_name(result.outcome), result.why);
    return result;
}

int64_t fleet_testing_host(struct fleet_store *store, uint8_t byte)
{
    struct fleet_write token = {
        .kind = FLEET_WRITE_ENROL_TOKEN,
        .enrol_token = {.label = TEXT("one"), .uses_max = 1, .made_us = FLEET_TESTING_NOW}};
    struct fleet_write enrol = {.kind = FLEET_WRITE_ENROL, .enrol = {.at_us = FLEET_TESTING_NOW}};

    memset(token.enrol_token.secret, byte, FLEET_SECRET_SIZE);
    memset(enrol.enrol.secret, byte, FLEET_SECRET_SIZE);
    memset(enrol.enrol.id, byte, FLEET_ID_SIZE);
    (void)fleet_testing_done(store, &token);
    return fleet_testing_done(store, &enrol).hid;
}

/* ---- a run of tests ---- */

static int run_one(const struct store *kind, struct fleet_server *server, const struct fleet_test *tests,
                   size_t count)
{
    struct fleet_testing testing = {.kind = kind, .server = server};
    struct CMUnitTest rows[64] = {0};
    size_t used = 0;
    struct error err = {0};

    assert_true(count <= COUNT_OF(rows));
    for (size_t i = 0; i < count; i++)
        if (server != NULL || !tests[i].served_only)
            rows[used++] = (struct CMUnitTest){
                .name = tests[i].name, .test_func = tests[i].run, .initial_state = &testing};
    test_folder(testing.folder);
    int failures = _cmocka_run_group_tests(kind->name, rows, used, NULL, NULL);
    assert_done("folder", file_remove_tree(testing.folder, &err), &err);
    return failures;
}

int fleet_testing_run(const struct fleet_test *tests, size_t count)
{
    struct fleet_server server = {0};
    int failures = 0;

    for (size_t i = 0; stores[i] != NULL; i++) {
        bool served = stores[i]->schemes != NULL;
        if (served && !fleet_server_begin(&server))
            continue;
        failures += run_one(stores[i], served ? &server : NULL, tests, count);
        if (served)
            fleet_server_end(&server);
    }
    return failures;
}
