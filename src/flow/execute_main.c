/*
 * suture-execute: the one process of Suture that changes packages, and does nothing but what stands in the table below.
 *
 *     suture-execute STATE ROOT        a socket as standard input; started by suture, not by hand
 *
 * It is not confined: dpkg and the maintainer scripts that it starts would inherit every filter, and so would the
 * daemons that these start. Instead it is tiny, reads nothing but orders (manager/execute_message.h), knows no network,
 * takes package files by digest and hashes them itself, and builds every command line from a fixed form
 * (manager/dpkg_commands.h). It holds dpkg's lock for as long as it lives. When the other end is gone it ends, but never
 * before what it does just then is done.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/helper.h"
#include "base/limits.h"
#include "base/own.h"
#include "deploy/restore.h"
#include "manager/execute_message.h"
#include "manager/execute_work.h"
#include "manager/rehearsal.h"

#define ORDER_MEMORY (64 * MIB) /* 16,384 artifacts of an order and the words of a command line take 10 */

/* What an operation is given and what it fills. */
struct work_order {
    struct execute_work *work;
    const struct execute_order *order;
    struct arena *arena;
    uint32_t status;
};

static bool run_command(struct work_order *w, const struct dpkg_command *command, struct error *err)
{
    return execute_run(w->work, command, &w->status, err);
}

static bool do_lock(struct work_order *w, struct error *err)
{
    return execute_lock(w->work, w->order->wait_ms, STDIN_FILENO, err);
}

static bool do_audit(struct work_order *w, struct error *err)
{
    struct dpkg_place place = execute_place(w->work);
    struct dpkg_command command;

    return dpkg_command_list(&place, w->arena, &command, err) && run_command(w, &command, err);
}

static bool do_configure(struct work_order *w, struct error *err)
{
    struct dpkg_place place = execute_place(w->work);
    struct dpkg_command command;

    return dpkg_command_configure(&place, w->arena, &command, err) && run_command(w, &command, err);
}

static bool do_simulate(struct work_order *w, struct error *err)
{
    struct dpkg_place place = execute_place(w->work);
    struct dpkg_command command;

    return execute_copy(w->work, w->order->run, &w->order->group, err) &&
           dpkg_command_simulate(&place, &w->order->group, w->arena, &command, err) &&
           run_command(w, &command, err);
}

/* One call of dpkg, unless there is nothing for it or an earlier one failed. */
static bool call(struct work_order *w, size_t count,
                 bool (*make)(const struct dpkg_place *, const struct package_group *, struct arena *,
                              struct dpkg_command *, struct error *),
                 struct error *err)
{
    struct dpkg_place place = execute_place(w->work);
    struct dpkg_command command;

    if (count == 0 || w->status != 0)
        return true;
    return make(&place, &w->order->group, w->arena, &command, err) && run_command(w, &command, err);
}

/*
 * dpkg unpacks all and then configures all. One that must have another configured before it is unpacked (Pre-Depends) is
 * refused the first time; then that other is configured, and a second call, which passes over what is there, succeeds.
 */
static bool unpack_and_configure(struct work_order *w, struct error *err)
{
    struct dpkg_place place = execute_place(w->work);
    struct dpkg_command command;

    if (w->status != 0 || w->order->group.artifact_count == 0)
        return true;
    if (!dpkg_command_install(&place, &w->order->group, false, w->arena, &command, err) ||
        !run_command(w, &command, err))
        return false;
    return w->status == 0 || (dpkg_command_install(&place, &w->order->group, true, w->arena, &command, err) &&
                              run_command(w, &command, err));
}

/* An old version may have had to wait until what breaks it was gone. */
static bool configure_group(const struct dpkg_place *place, const struct package_group *group,
                            struct arena *arena, struct dpkg_command *out, struct error *err)
{
    (void)group;
    return dpkg_command_configure(place, arena, out, err);
}

/* See package_group.rollback for the two orders. */
static bool do_install(struct work_order *w, struct error *err)
{
    const struct package_group *group = &w->order->group;
    size_t taken = group->removal_count + group->purge_count;
    bool done;

    if (!execute_copy(w->work, w->order->run, group, err))
        return false;
    if (group->rollback)
        done = call(w, taken, dpkg_command_select, err) && unpack_and_configure(w, err) &&
               call(w, group->removal_count, dpkg_command_remove, err) &&
               call(w, group->purge_count, dpkg_command_purge, err) && call(w, taken, configure_group, err);
    else
        done = call(w, group->removal_count, dpkg_command_remove, err) && unpack_and_configure(w, err);
    if (w->status == 0)
        execute_drop(w->work, group);
    return done;
}

static bool do_mark(struct work_order *w, struct error *err)
{
    struct dpkg_place place = execute_place(w->work);
    struct dpkg_command command;

    for (int automatic = 0; automatic < 2 && w->status == 0; automatic++) {
        if (!dpkg_command_mark(&place, w->order->marks, w->order->mark_count, automatic == 1, w->arena,
                               &command, err))
            return false;
        if (command.argv != NULL && !run_command(w, &command, err))
            return false;
    }
    return true;
}

/* As do_install, inside; the second call of dpkg has nothing to do when the first has done all. */
static bool do_rehearse(struct work_order *w, struct error *err)
{
    const struct dpkg_place inside = {.root = "/", .work = REHEARSAL_WORK};
    const struct package_group *group = &w->order->group;
    struct dpkg_command commands[4];
    size_t count = 0;

    if (!execute_copy(w->work, w->order->run, group, err))
        return false;
    if (group->removal_count > 0 && !dpkg_command_remove(&inside, group, w->arena, &commands[count++], err))
        return false;
    if (group->artifact_count > 0 &&
        (!dpkg_command_install(&inside, group, false, w->arena, &commands[count++], err) ||
         !dpkg_command_install(&inside, group, true, w->arena, &commands[count++], err)))
        return false;
    return dpkg_command_list(&inside, w->arena, &commands[count++], err) &&
           execute_rehearse(w->work, commands, count, &w->status, err);
}

static bool do_restore(struct work_order *w, struct error *err)
{
    struct text run = w->order->restore.run;
    struct text folder = text_format(w->arena, "%s/runs/%.*s/rollback", w->work->state, TEXT_ARG(run));

    if (folder.at == NULL)
        return arena_full(w->arena, err);
    return restore_run(w->work->root, folder.at, &w->order->restore.seal, w->order->restore.part, err);
}

static const struct deed {
    bool (*run)(struct work_order *w, struct error *err);
    bool unlocked; /* needs no lock */
} deeds[EXECUTE_OPERATION_COUNT] = {
    [EXECUTE_LOCK] = {do_lock, true},
    [EXECUTE_AUDIT] = {do_audit, false},
    [EXECUTE_CONFIGURE] = {do_configure, false},
    [EXECUTE_SIMULATE] = {do_simulate, false},
    [EXECUTE_REHEARSE] = {do_rehearse, false},
    [EXECUTE_INSTALL] = {do_install, false},
    [EXECUTE_MARK] = {do_mark, false},
    [EXECUTE_RESTORE] = {do_restore, false},
};

static bool carry_out(struct work_order *w, struct bytes *output, struct error *err)
{
    const struct deed *deed = &deeds[w->order->operation];

    if (!deed->unlocked && w->work->frontend_lock < 0)
        return error_set(err, ERROR_CONFLICT, "%s needs the lock",
                         execute_operation_name(w->order->operation));
    if (deed->unlocked)
        return deed->run(w, err);
    return execute_clear_output(w->work, err) && deed->run(w, err) &&
           execute_output(w->work, LIMIT_EXECUTE_OUTPUT, w->arena, output, err);
}

/* One order and its answer; false when nobody gives orders any more. */
static bool serve(struct execute_work *work)
{
    OWN(arena_end) struct arena arena = arena_with(ORDER_MEMORY);
    OWN(writer_end) struct writer writer = writer_with(LIMIT_EXECUTE_MESSAGE);
    struct execute_answer answer = {0};
    struct execute_order order;
    struct bytes raw;
    struct error err = {0};
    struct work_order w = {.work = work, .order = &order, .arena = &arena};

    if (!frame_receive(STDIN_FILENO, LIMIT_EXECUTE_MESSAGE, &arena, &raw, &err))
        return false;
    if (!execute_order_parse(raw, &arena, &order, &err) || !carry_out(&w, &answer.output, &err)) {
        answer = (struct execute_answer){.kind = err.kind, .problem = text_of(err.text)};
    }
    answer.status = w.status;
    execute_answer_write(&writer, &answer);
    return writer_done(&writer, &raw, &err) && frame_send(STDIN_FILENO, raw, &err);
}

static bool is_socket(int fd)
{
    struct stat found;

    return fstat(fd, &found) == 0 && S_ISSOCK(found.st_mode);
}

int main(int argc, char **argv)
{
    OWN(arena_end) struct arena arena = arena_with(64 * KIB);
    OWN(execute_work_end) struct execute_work work = {.folder_lock = -1, .frontend_lock = -1};
    struct error err;

    if (argc != 3 || !is_socket(STDIN_FILENO)) {
        fprintf(stderr, "suture-execute is started by suture: it has no use by hand\n");
        return 2;
    }
    (void)close_range(STDERR_FILENO + 1, ~0U, 0); /* whatever descriptors came with us are not ours */
    /* Who wants us to end asks suture, which waits until dpkg is done. */
    (void)signal(SIGTERM, SIG_IGN);
    (void)signal(SIGINT, SIG_IGN);
    (void)signal(SIGHUP, SIG_IGN);
    (void)signal(SIGPIPE, SIG_IGN);
    if (!execute_work_begin(argv[1], argv[2], &arena, &work, &err)) {
        fprintf(stderr, "suture-execute: %s\n", err.text);
        return 1;
    }
    while (serve(&work))
        ;
    return 0;
}
