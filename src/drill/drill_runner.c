#include "drill/drill_runner.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/control.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "base/time.h"

#define DRILL_MEMORY (512 * MIB)
#define DRILL_NOW    "2026-11-21T07:50:00Z"

const char *drill_verdict_name(enum drill_verdict verdict)
{
    static const char *const names[] = {
        [DRILL_HELD] = "held", [DRILL_NOT_HELD] = "not-held", [DRILL_NOT_TRIED] = "not-tried"};

    return names[verdict];
}

/* ---- its page ---- */

static void put_head(const struct drill *drill, FILE *page)
{
    const char *off = os_environment("SUTURE_CONTROLS_OFF");

    fprintf(page, "Suture drill · %s · in a scratch folder, removed at the end; nothing is sent; %s\n",
            drill->name, os_is_root() ? "run as root, which it does not need" : "run without root");
    if (control_switchable())
        fprintf(page, "(!) this is a test build in which controls can be switched off; off now: %s\n",
                off == NULL ? "none" : off);
    fprintf(page, "%s\n\n", drill->what);
}

static void put_end(const struct drill *drill, const struct drill_result *result, FILE *page)
{
    static const char *const words[] = {
        [DRILL_HELD] = "HELD", [DRILL_NOT_HELD] = "DID NOT HOLD", [DRILL_NOT_TRIED] = "NOT ALL WAS TRIED"};

    if (result->problem[0] != 0)
        fprintf(page, "%-20s%s\n", "STOPPED", result->problem);
    fprintf(page, "%-20s%zu tried, %zu held as expected (%s)%s; %lld.%lld s\n\n", words[result->verdict],
            result->attempts, result->refused, drill->alarm,
            result->recovered ? ", and the machine recovered" : "",
            (long long)(result->took_us / TIME_SECOND_US), (long long)(result->took_us / 100000 % 10));
}

/* ---- its process ---- */

/* What it learned; in memory that its process shares with us, and counted there while it runs. */
struct shared {
    struct drill_result result;
    size_t broken, untried;
    bool ended;
};

static void note_run(const struct drill_run *run, struct shared *shared)
{
    shared->result.attempts = run->attempts;
    shared->result.refused = run->refused;
    shared->result.recovered = run->recovered;
    shared->broken = run->broken;
    shared->untried = run->untried;
}

static void run_here(const struct drill *drill, const struct drill_tools *tools, const char *folder,
                     FILE *page, struct shared *shared)
{
    OWN(arena_end) struct arena arena = arena_with(DRILL_MEMORY);
    struct drill_run run = {.drill = drill, .tools = tools, .folder = folder, .arena = &arena, .page = page};
    const char *config = file_path(&arena, folder, "config");
    struct error err = {0};

    /* What this machine is configured to is none of the drill's. */
    bool done = config != NULL && setenv("SUTURE_CONFIG", config, 1) == 0 &&
                time_parse(TEXT(DRILL_NOW), &run.now_us, &err) && drill->run(&run, &err);
    note_run(&run, shared);
    if (!done)
        (void)snprintf(shared->result.problem, sizeof(shared->result.problem), "%s", err.text);
    shared->ended = true;
}

static enum drill_verdict judge(const struct shared *shared)
{
    const struct drill_result *result = &shared->result;

    if (shared->broken > 0)
        return DRILL_NOT_HELD;
    if (result->problem[0] != 0 || shared->untried > 0)
        return DRILL_NOT_TRIED;
    return result->attempts > 0 && result->recovered ? DRILL_HELD : DRILL_NOT_HELD;
}

static void wait_for(pid_t pid, struct shared *shared)
{
    struct drill_result *result = &shared->result;
    int status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    result->stopped = WIFSIGNALED(status) && (WTERMSIG(status) == SIGINT || WTERMSIG(status) == SIGTERM);
    if (shared->ended) {
        result->verdict = judge(shared);
        return;
    }
    result->verdict = result->stopped ? DRILL_NOT_TRIED : DRILL_NOT_HELD;
    (void)snprintf(result->problem, sizeof(result->problem), "%s (%s %d)",
                   result->stopped ? "it was stopped by hand"
                                   : "its process went down: what it attacked did not stand it",
                   WIFSIGNALED(status) ? "signal" : "status",
                   WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
}

/* SIGINT and SIGTERM are its process's; we live until the folder is gone. */
static void run_apart(const struct drill *drill, const struct drill_tools *tools, const char *folder,
                      FILE *page, struct shared *shared)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN}, interrupt, terminate;

    (void)fflush(NULL);
    (void)sigaction(SIGINT, &ignore, &interrupt);
    (void)sigaction(SIGTERM, &ignore, &terminate);
    pid_t pid = fork();
    if (pid == 0) {
        (void)sigaction(SIGINT, &interrupt, NULL);
        (void)sigaction(SIGTERM, &terminate, NULL);
        run_here(drill, tools, folder, page, shared);
        (void)fflush(NULL);
        _exit(0);
    }
    if (pid > 0)
        wait_for(pid, shared);
    else
        (void)snprintf(shared->result.problem, sizeof(shared->result.problem), "no process for it: %s",
                       strerror(errno));
    (void)sigaction(SIGINT, &interrupt, NULL);
    (void)sigaction(SIGTERM, &terminate, NULL);
}

/* ---- its folder ---- */

/* Root's own folder for such things is often closed to the users that helpers become. */
static bool helpers_pass(const char *folder)
{
    struct stat found;

    return !os_is_root() || stat(folder, &found) != 0 || (found.st_mode & S_IXOTH) != 0;
}

static bool make_scratch(struct arena *arena, const char **out, struct error *err)
{
    const char *temporary = os_environment("TMPDIR");
    bool usable = temporary != NULL && temporary[0] == '/' && helpers_pass(temporary);
    struct text name = text_format(arena, "%s/suture-drill-XXXXXX", usable ? temporary : "/tmp");
    char *path = name.at == NULL ? NULL : text_string(arena, name);

    if (path == NULL)
        return arena_full(arena, err);
    if (mkdtemp(path) == NULL || chmod(path, 0755) != 0) /* helpers that leave root look into it */
        return error_system(err, "%s", path);
    *out = path;
    return true;
}

struct drill_result drill_runner_run(const struct drill *drill, const struct drill_tools *tools, FILE *page)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct shared *shared =
        mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct drill_result result = {.verdict = DRILL_NOT_TRIED};
    FILE *nowhere = page == NULL ? fopen("/dev/null", "w") : NULL;
    FILE *into = page == NULL ? nowhere : page;
    int64_t begun_us = time_now_us();
    const char *folder = NULL;
    struct error err = {.text = "no memory or no /dev/null"};

    if (page != NULL)
        put_head(drill, page);
    if (shared != MAP_FAILED && into != NULL && make_scratch(&arena, &folder, &err)) {
        shared->result.verdict = DRILL_NOT_TRIED;
        run_apart(drill, tools, folder, into, shared);
        result = shared->result;
        if (!file_remove_tree(folder, &err))
            fprintf(stderr, "suture-drill: %s\n", err.text);
    } else {
        (void)snprintf(result.problem, sizeof(result.problem), "%s", err.text);
    }
    result.took_us = time_now_us() - begun_us;
    if (page != NULL)
        put_end(drill, &result, page);
    if (nowhere != NULL)
        (void)fclose(nowhere);
    if (shared != MAP_FAILED)
        (void)munmap(shared, sizeof(*shared));
    return result;
}
