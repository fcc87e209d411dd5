#include "base/testing.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "wire/server_testing.h"

static void read_ports(struct server *server, int from)
{
    char line[64] = "";

    for (size_t have = 0; have < sizeof(line) - 1 && strchr(line, '\n') == NULL;) {
        ssize_t got = read(from, line + have, sizeof(line) - 1 - have);
        if (got <= 0)
            fail_msg("the server did not start");
        have += (size_t)got;
    }
    assert_int_equal(sscanf(line, "%u %u", &server->port, &server->tls_port), 2);
}

int start_server(void **state)
{
    static struct server server;
    int in[2] = {-1, -1}, out[2] = {-1, -1};
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/feed_server.py", getenv("SUTURE_FLOW"));
    test_folder(server.folder);
    test_folder(server.spool);
    /* suture-fetch reads the certificates as an unprivileged user. */
    assert_int_equal(chmod(server.folder, 0755), 0);
    assert_true(pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0);
    server.pid = fork();
    if (server.pid == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        execlp("python3", "python3", path, "--tls", server.folder, "--folder", server.folder, NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    server.hold = in[1];
    read_ports(&server, out[0]);
    close(out[0]);
    *state = &server;
    return 0;
}

int stop_server(void **state)
{
    struct server *server = *state;
    struct error err;

    close(server->hold);
    assert_int_equal(waitpid(server->pid, NULL, 0), server->pid);
    assert_true(file_remove_tree(server->folder, &err) && file_remove_tree(server->spool, &err));
    return 0;
}

int begin_test(void **state)
{
    struct server *server = *state;

    server->arena = arena_with(16 * MIB);
    return 0;
}

int end_test(void **state)
{
    struct server *server = *state;

    arena_end(&server->arena);
    return 0;
}
