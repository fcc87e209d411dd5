#include "server/chores.h"

#include "base/file.h"
#include "base/log.h"
#include "base/os.h"

#define PUBLISH_US   TIME_HOUR_US /* machines call a repository stale after 24 hours */
#define STOP_MS      5000
#define BUSY_LOOK_US (5 * TIME_SECOND_US)

static bool add(struct chores *chores, const struct chore *chore, struct arena *arena, struct error *err)
{
    struct chore *made = &chores->at[chores->count];

    *made = *chore;
    made->process = PROCESS_NONE;
    /* Beside us in a build; installed, people's programs lie elsewhere than ours. */
    if (file_exists(SUTURE_PROGRAM))
        made->argv[0] = SUTURE_PROGRAM;
    struct error beside;
    if (!os_helper(arena, "suture", &made->argv[0], &beside) && made->argv[0] == NULL)
        return error_set(err, beside.kind, "%s", beside.text);
    chores->count++;
    return true;
}

bool chores_make(const struct server_settings *settings, const struct server_paths *paths,
                 struct arena *arena, struct chores *out, struct error *err)
{
    struct chores got = {.count = 0};
    const char *online = file_path(arena, paths->keys, "online.key");
    const char *state = text_format(arena, "SUTURE_STATE=%s", paths->advisories).at;
    const struct chore publish = {.name = "repo publish",
                                  .argv = {NULL, "repo", "publish", paths->repository},
                                  .environment = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", state},
                                  .every_us = PUBLISH_US,
                                  .next_us = 0};
    const struct chore feeds = {.name = "feed update",
                                .argv = {NULL, "feed", "update"},
                                .environment = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", state},
                                .every_us = settings->feeds_h * TIME_HOUR_US,
                                .next_us = 0};

    if (online == NULL || state == NULL)
        return arena_full(arena, err);
    /* Where the online key is somebody else's, so is publishing. */
    if (settings->repository[0] == 0 && file_exists(online) && !add(&got, &publish, arena, err))
        return false;
    if (settings->feeds_h > 0 && !add(&got, &feeds, arena, err))
        return false;
    *out = got;
    return true;
}

static void start(struct chore *chore, int64_t now_us)
{
    const struct process_wish wish = {.argv = chore->argv, .environment = chore->environment, .quiet = true};
    struct error err;

    chore->next_us = now_us + chore->every_us;
    if (!process_start(&wish, &chore->process, &err))
        log_line(LOG_WARNING, "sutured", "%s: %s", chore->name, err.text);
}

void chores_turn(struct chores *chores, int64_t now_us, int64_t *next_us)
{
    for (size_t i = 0; i < chores->count; i++) {
        struct chore *chore = &chores->at[i];
        int status;
        if (process_ended(&chore->process, &status) && status != 0)
            log_line(LOG_WARNING, "sutured", "%s: ended with %d", chore->name, status);
        if (chore->process.pid == 0 && now_us >= chore->next_us)
            start(chore, now_us);
        int64_t look_us = chore->process.pid == 0 ? chore->next_us : now_us + BUSY_LOOK_US;
        if (look_us < *next_us)
            *next_us = look_us;
    }
}

void chores_stop(struct chores *chores)
{
    for (size_t i = 0; i < chores->count; i++)
        process_stop(&chores->at[i].process, STOP_MS);
}
