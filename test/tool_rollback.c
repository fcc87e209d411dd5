/*
 * The way back by itself, for tests that make every other step their own way:
 *
 *     tool_rollback backup ROOT STATE RUN < CHANGES      lines "KIND NAME ARCH FROM TO GROUP", "-" for none; prints the seal,
 *                                                        and notes in the journal a run that kept it and is done
 *     tool_rollback back ROOT STATE RUN SEAL NEW         takes RUN back as run NEW, by suture-execute beside this program
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "base/time.h"
#include "deploy/backup.h"
#include "flow/take_back.h"
#include "manager/installer_client.h"
#include "store/journal.h"
#include "store/state.h"

static int fail(const struct error *err)
{
    fprintf(stderr, "%s: %s\n", error_kind_name(err->kind), err->text);
    return 1;
}

static enum change_kind kind_of(const char *word)
{
    for (int kind = 1; kind < CHANGE_KIND_COUNT; kind++)
        if (strcmp(change_kind_name((enum change_kind)kind), word) == 0)
            return (enum change_kind)kind;
    return CHANGE_UNKNOWN;
}

static struct text word(struct arena *arena, const char *string)
{
    return strcmp(string, "-") == 0 ? (struct text){0} : text_copy(arena, text_of(string));
}

static bool note(const char *state, const char *id, const struct digest *seal, struct arena *arena,
                 struct error *err)
{
    OWN(journal_close) struct journal journal = {0};
    struct run run = {.kind = RUN_APPLY, .begun_us = time_now_us(), .pid = 1};
    struct run_step step = {.kind = STEP_BACKUP, .state = STEP_DONE, .ended_us = run.begun_us, .seal = *seal};
    char *path = file_path(arena, state, JOURNAL_FILE);

    if (path == NULL || strlen(id) != RUN_ID_SIZE - 1)
        return error_set(err, ERROR_INPUT, "%s: no run", id);
    memcpy(run.id, id, RUN_ID_SIZE);
    memset(run.plan, '0', 64);
    if (!journal_open(path, JOURNAL_WRITE, &journal, err) || !journal_begin_run(&journal, &run, err) ||
        !journal_begin_step(&journal, id, STEP_BACKUP, 0, run.begun_us, err) ||
        !journal_end_step(&journal, id, &step, err) ||
        !journal_begin_step(&journal, id, STEP_INSTALL, 0, run.begun_us, err))
        return false;
    step = (struct run_step){.kind = STEP_INSTALL, .state = STEP_DONE, .ended_us = run.begun_us};
    return journal_end_step(&journal, id, &step, err) &&
           journal_end_run(&journal, id, RUN_DONE, (struct text){0}, run.begun_us, err);
}

static int backup(char **argv, struct arena *arena, struct error *err)
{
    struct plan_change *changes = ARENA_ARRAY(arena, struct plan_change, 4096);
    char kind[64], name[256], arch[64], from[256], to[256], hex[DIGEST_HEX_MAX + 1];
    struct plan plan = {.changes = changes, .arch = TEXT("amd64")};
    struct backup_result result;
    struct state state;
    unsigned group;

    if (!state_open(argv[3], STATE_WRITE, &state, err))
        return fail(err);
    while (plan.change_count < 4096 &&
           scanf("%63s %255s %63s %255s %255s %u", kind, name, arch, from, to, &group) == 6)
        changes[plan.change_count++] = (struct plan_change){.kind = kind_of(kind),
                                                            .name = word(arena, name),
                                                            .arch = word(arena, arch),
                                                            .from = word(arena, from),
                                                            .to = word(arena, to),
                                                            .group = group};
    struct backup_request request = {
        .plan = &plan,
        .run = text_of(argv[4]),
        .root = argv[2],
        .folder = text_format(arena, "%s/runs/%s/rollback", argv[3], argv[4]).at,
        .now_us = time_now_us(),
    };
    if (!backup_make(&request, arena, &result, err) || !note(argv[3], argv[4], &result.seal, arena, err))
        return fail(err);
    digest_hex(&result.seal, hex);
    printf("%s\n", hex);
    fprintf(stderr, "%zu packages, %llu bytes, %zu conffiles, %zu absent, %zu attributes\n", result.rebuilt,
            (unsigned long long)result.size, result.conffiles, result.absent, result.attributes);
    return 0;
}

static int back(char **argv, struct arena *arena, struct error *err)
{
    OWN(installer_client_end) struct installer_client client = {.helper = HELPER_NONE};
    struct rollback_result result;
    struct digest seal;
    const char *program;

    if (!digest_parse(DIGEST_SHA256, text_of(argv[5]), &seal, err) ||
        !os_helper(arena, "suture-execute", &program, err))
        return fail(err);
    struct installer_client_request open = {program, argv[3], argv[2], text_of(argv[6])};
    if (!installer_client_open(&open, arena, &client, err))
        return fail(err);
    struct installer door = installer_client_door(&client);
    struct take_back_request request = {
        .installer = &door, .root = argv[2], .state = argv[3], .run = argv[4], .seal = &seal, .as = argv[6]};
    if (!door.lock(door.self, 10000, err) || !take_back(&request, arena, &result, err))
        return fail(err);
    printf("%s: %zu back, %zu gone\n", result.done ? "done" : "FAILED", result.installed, result.removed);
    if (!result.done)
        fprintf(stderr, "%.*s: %.*s\n%.*s\n", TEXT_ARG(result.failed), TEXT_ARG(result.reason),
                TEXT_ARG(result.output));
    return result.done ? 0 : 3;
}

int main(int argc, char **argv)
{
    OWN(arena_end) struct arena arena = arena_with(2048 * MIB);
    struct error err = {0};

    if (argc == 5 && strcmp(argv[1], "backup") == 0)
        return backup(argv, &arena, &err);
    if (argc == 7 && strcmp(argv[1], "back") == 0)
        return back(argv, &arena, &err);
    return 2;
}
