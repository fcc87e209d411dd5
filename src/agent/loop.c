#include "agent/loop.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/checkin.h"
#include "agent/machine.h"
#include "agent/orders.h"
#include "agent/pace.h"
#include "agent/work.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/os.h"
#include "base/own.h"
#include "base/stop.h"

#define SLEPT_US      (5 * TIME_SECOND_US) /* the two clocks differ by more: the machine slept in between */
#define NEVER         INT64_MAX
#define WORK_TELL_US  (30 * TIME_SECOND_US) /* while work goes on, its steps are told so often */
#define WORK_START_US (1 * TIME_SECOND_US)  /* what a power cut interrupted goes on before anything else */
#define WORK_FIRST_US (20 * TIME_SECOND_US)
#define WORK_RETRY_US (30 * TIME_MINUTE_US)
#define LOOP_MEMORY   (64 * KIB)

enum turn { TURN_CHECKIN, TURN_PULSE, TURN_WORK, TURN_COUNT };

/* What a child's exit status says. */
enum outcome { OUTCOME_DONE, OUTCOME_FAILED, OUTCOME_NEWS, OUTCOME_URGENT, OUTCOME_WORK, OUTCOME_GONE };

struct child {
    pid_t pid; /* 0: none */
    int fd;
    enum turn turn;
};

struct loop {
    struct stop stop;
    int lock, timer;
    struct child talk, work;    /* check-in or pulse; work */
    int64_t due_us[TURN_COUNT]; /* of the clock that goes on in sleep */
    int64_t slept_us;           /* how far the two clocks were apart */
    bool work_again;            /* there was reason to look while it was being done */
};

/* ---- clocks ---- */

static int64_t clock_us(clockid_t clock)
{
    struct timespec now = {0};

    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * TIME_SECOND_US + now.tv_nsec / 1000;
}

static int64_t slept_us(void)
{
    return clock_us(CLOCK_BOOTTIME) - clock_us(CLOCK_MONOTONIC);
}

static void set_due(struct loop *loop, enum turn turn, uint64_t in_us)
{
    loop->due_us[turn] = clock_us(CLOCK_BOOTTIME) + (int64_t)(in_us > INT64_MAX / 2 ? INT64_MAX / 2 : in_us);
}

static void bring_forward(struct loop *loop, enum turn turn, uint64_t in_us)
{
    int64_t at_us = clock_us(CLOCK_BOOTTIME) + (int64_t)in_us;

    if (at_us < loop->due_us[turn])
        loop->due_us[turn] = at_us;
}

/* ---- turns, in their processes ---- */

static enum outcome run_checkin(struct agent *agent)
{
    struct checkin_result result;
    struct error err = {0};

    if (!checkin_turn(agent, &result, &err)) {
        log_line(LOG_WARNING, "agent", "check-in: %s", err.text);
        return OUTCOME_FAILED;
    }
    return result.work ? OUTCOME_WORK : OUTCOME_DONE;
}

static enum outcome run_pulse(struct agent *agent)
{
    enum orders_pulse pulse = orders_pulse(agent);
    struct error err = {0};

    if (pulse != PULSE_NOTHING && !agent_keep(agent, &err))
        log_line(LOG_ERROR, "agent", "%s", err.text);
    return pulse == PULSE_URGENT ? OUTCOME_URGENT : pulse == PULSE_NEW ? OUTCOME_NEWS : OUTCOME_DONE;
}

static enum outcome run_work(struct agent *agent)
{
    struct error err = {0};

    if (work_turn(agent, false, &err))
        return OUTCOME_DONE;
    log_line(LOG_WARNING, "agent", "work: %s", err.text);
    return OUTCOME_FAILED;
}

static enum outcome run_turn(enum turn turn)
{
    static enum outcome (*const turns[TURN_COUNT])(struct agent * agent) = {
        [TURN_CHECKIN] = run_checkin, [TURN_PULSE] = run_pulse, [TURN_WORK] = run_work};
    OWN(arena_end) struct arena arena = arena_with(AGENT_TURN_MEMORY);
    struct error err = {0};
    struct agent agent;

    if (agent_open(&agent, &arena, &err))
        return turns[turn](&agent);
    log_line(LOG_ERROR, "agent", "%s", err.text);
    return err.kind == ERROR_ABSENT ? OUTCOME_GONE : OUTCOME_FAILED;
}

static bool start(struct loop *loop, struct child *child, enum turn turn)
{
    pid_t pid = fork();

    if (pid == 0) {
        stop_end(&loop->stop);
        own_fd(&loop->lock); /* the work must not hold it when the daemon has ended */
        own_fd(&loop->timer);
        _exit((int)run_turn(turn));
    }
    if (pid < 0) {
        log_line(LOG_ERROR, "agent", "no process for a turn: %m");
        return false;
    }
    *child = (struct child){.pid = pid, .fd = pidfd_open(pid, 0), .turn = turn};
    return true;
}

/* ---- what the daemon knows of the last turns ---- */

static bool look(struct arena *arena, struct agent_enrolled *enrolled, struct agent_memory *memory,
                 struct machine_work *work)
{
    struct agent agent = {.arena = arena};
    struct error ignored;
    const char *folder;

    if (!state_folder(arena, &folder, &ignored) || !state_open(folder, STATE_READ, &agent.state, &ignored) ||
        !agent_state_read(&agent.state, arena, enrolled, &ignored))
        return false;
    agent_memory_read(&agent.state, arena, memory);
    machine_work_read(&agent, work);
    return true;
}

static struct pace pace_of(const struct agent_enrolled *enrolled)
{
    struct pace pace = {.now_us = time_now_us()};

    memcpy(pace.host, enrolled->host, sizeof(pace.host));
    os_random(&pace.random, sizeof(pace.random));
    return pace;
}

/* Work is looked for when the last look said so: a window opens, or six hours are over. */
static void plan_work(struct loop *loop, const struct machine_work *work, bool failed)
{
    int64_t in_us = work->next_us - time_now_us();

    if (failed)
        in_us = WORK_RETRY_US;
    else if (work->next_us == 0 || in_us < WORK_FIRST_US)
        in_us = WORK_FIRST_US;
    set_due(loop, TURN_WORK, loop->work_again ? 0 : (uint64_t)in_us);
    loop->work_again = false;
}

static void after_checkin(struct loop *loop, enum outcome outcome, const struct agent_memory *memory,
                          const struct pace *pace)
{
    if (outcome == OUTCOME_FAILED || outcome == OUTCOME_GONE)
        set_due(loop, TURN_CHECKIN, pace_retry_us(pace, memory->next_s, memory->failures, memory->retry_s));
    else
        set_due(loop, TURN_CHECKIN, pace_delay_us(pace, memory->next_s));
    if (outcome == OUTCOME_WORK && loop->work.pid == 0)
        bring_forward(loop, TURN_WORK, 0);
    if (outcome == OUTCOME_WORK && loop->work.pid != 0)
        loop->work_again = true;
    if (loop->work.pid != 0)
        bring_forward(loop, TURN_CHECKIN, WORK_TELL_US);
}

static void after_pulse(struct loop *loop, enum outcome outcome, const struct pace *pace)
{
    set_due(loop, TURN_PULSE, pace_pulse_us(pace));
    /* The plan lies behind a connection that costs: a fleet that was told at once comes within ten seconds, not in one. */
    if (outcome == OUTCOME_URGENT)
        bring_forward(loop, TURN_CHECKIN, pace->random % (10 * TIME_SECOND_US));
    if (outcome == OUTCOME_NEWS)
        bring_forward(loop, TURN_CHECKIN, pace->random % (PACE_PULSE_S * TIME_SECOND_US));
}

static void after(struct loop *loop, enum turn turn, enum outcome outcome)
{
    OWN(arena_end) struct arena arena = arena_with(LOOP_MEMORY);
    struct agent_enrolled enrolled;
    struct agent_memory memory;
    struct machine_work work;

    if (!look(&arena, &enrolled, &memory, &work)) {
        loop->stop.asked = true; /* it has left the fleet */
        return;
    }
    struct pace pace = pace_of(&enrolled);
    if (turn == TURN_CHECKIN)
        after_checkin(loop, outcome, &memory, &pace);
    else if (turn == TURN_PULSE)
        after_pulse(loop, outcome, &pace);
    else
        plan_work(loop, &work, outcome != OUTCOME_DONE);
    if (turn == TURN_WORK) /* what came of it is told at once */
        bring_forward(loop, TURN_CHECKIN, 0);
    if (memory.metered && loop->due_us[TURN_PULSE] != NEVER)
        loop->due_us[TURN_PULSE] = NEVER;
    else if (!memory.metered && loop->due_us[TURN_PULSE] == NEVER)
        set_due(loop, TURN_PULSE, pace_pulse_us(&pace));
}

static void reap(struct loop *loop, struct child *child)
{
    int status = 0;
    pid_t got = waitpid(child->pid, &status, WNOHANG);

    if (got == 0)
        return;
    enum outcome outcome = got > 0 && WIFEXITED(status) ? (enum outcome)WEXITSTATUS(status) : OUTCOME_FAILED;
    enum turn turn = child->turn;
    own_fd(&child->fd);
    *child = (struct child){.fd = -1};
    after(loop, turn, outcome);
}

/* ---- the loop ---- */

static void start_due(struct loop *loop)
{
    int64_t now_us = clock_us(CLOCK_BOOTTIME);
    const enum turn order[] = {TURN_CHECKIN, TURN_PULSE, TURN_WORK};

    for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
        struct child *child = order[i] == TURN_WORK ? &loop->work : &loop->talk;
        if (loop->due_us[order[i]] > now_us || child->pid != 0)
            continue;
        set_due(loop, order[i], PACE_FIRST_S * TIME_SECOND_US); /* until it has ended */
        (void)!start(loop, child, order[i]);
        if (order[i] == TURN_WORK)
            bring_forward(loop, TURN_CHECKIN, WORK_TELL_US);
    }
}

static void notice_sleep(struct loop *loop)
{
    int64_t apart_us = slept_us();
    struct pace pace = {0};

    if (apart_us - loop->slept_us < SLEPT_US)
        return;
    loop->slept_us = apart_us;
    os_random(&pace.random, sizeof(pace.random));
    set_due(loop, TURN_CHECKIN, pace_wake_us(&pace));
    if (loop->due_us[TURN_PULSE] != NEVER)
        set_due(loop, TURN_PULSE, pace_wake_us(&pace) + 2 * TIME_SECOND_US);
    bring_forward(loop, TURN_WORK,
                  pace_wake_us(&pace) + 10 * TIME_SECOND_US); /* a window that was slept through */
}

static bool set_timer(struct loop *loop, struct error *err)
{
    int64_t at_us = NEVER;

    for (size_t i = 0; i < TURN_COUNT; i++) {
        struct child *child = i == TURN_WORK ? &loop->work : &loop->talk;
        if (child->pid == 0 && loop->due_us[i] < at_us)
            at_us = loop->due_us[i];
    }
    const struct itimerspec spec = {.it_value = {at_us == NEVER ? 0 : at_us / TIME_SECOND_US,
                                                 at_us == NEVER ? 0 : at_us % TIME_SECOND_US * 1000 + 1}};
    return timerfd_settime(loop->timer, TFD_TIMER_ABSTIME, &spec, NULL) == 0 || error_system(err, "timer");
}

static bool wait_for_something(struct loop *loop, struct error *err)
{
    struct pollfd fds[] = {{loop->stop.fd, POLLIN, 0},
                           {loop->timer, POLLIN, 0},
                           {loop->talk.fd, POLLIN, 0},
                           {loop->work.fd, POLLIN, 0}};
    uint64_t ignored;

    if (!set_timer(loop, err))
        return false;
    if (poll(fds, sizeof(fds) / sizeof(*fds), -1) < 0 && errno != EINTR)
        return error_system(err, "poll");
    (void)!read(loop->timer, &ignored, sizeof(ignored));
    return true;
}

static void end_children(struct loop *loop)
{
    struct child *const children[] = {&loop->talk, &loop->work};

    /* A talk may be cut anywhere; the work stops at its next safe place, and whoever stops us waits for it. */
    for (size_t i = 0; i < 2; i++)
        if (children[i]->pid != 0)
            (void)kill(children[i]->pid, SIGTERM);
    for (size_t i = 0; i < 2; i++)
        while (children[i]->pid != 0 && waitpid(children[i]->pid, NULL, 0) < 0 && errno == EINTR)
            ;
    own_fd(&loop->talk.fd);
    own_fd(&loop->work.fd);
}

static void loop_end(struct loop *loop)
{
    end_children(loop);
    own_fd(&loop->timer);
    own_fd(&loop->lock);
    stop_end(&loop->stop);
}

static bool begin(struct loop *loop, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LOOP_MEMORY);
    struct agent_enrolled enrolled;
    struct state state;
    const char *folder;

    if (!state_folder(&arena, &folder, err) || !state_open(folder, STATE_WRITE, &state, err) ||
        !agent_state_read(&state, &arena, &enrolled, err))
        return false;
    const char *lock = agent_state_path(&state, &arena, "lock");
    if (lock == NULL)
        return arena_full(&arena, err);
    if (!file_lock(lock, &loop->lock, err) || !stop_begin(&loop->stop, err))
        return false;
    loop->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (loop->timer < 0)
        return error_system(err, "timer");
    loop->slept_us = slept_us();
    /* A whole office that is switched on at nine does not come in one second. */
    struct pace pace = pace_of(&enrolled);
    set_due(loop, TURN_CHECKIN, pace_wake_us(&pace) / 6);
    set_due(loop, TURN_PULSE, pace_pulse_us(&pace));
    set_due(loop, TURN_WORK, WORK_START_US);
    return true;
}

bool loop_run(struct error *err)
{
    OWN(loop_end)
    struct loop loop = {.stop = STOP_NONE, .lock = -1, .timer = -1, .talk = {.fd = -1}, .work = {.fd = -1}};

    log_set_level(LOG_INFO); /* a line for each look at the machine and each deed: a few a day */
    if (!begin(&loop, err))
        return false;
    log_line(LOG_INFO, "agent", "running");
    while (!stop_asked(&loop.stop)) {
        start_due(&loop);
        if (!wait_for_something(&loop, err))
            return false;
        notice_sleep(&loop);
        if (loop.talk.pid != 0)
            reap(&loop, &loop.talk);
        if (loop.work.pid != 0)
            reap(&loop, &loop.work);
    }
    return true;
}

bool loop_once(struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(AGENT_TURN_MEMORY);
    struct checkin_result result;
    struct error why = {0};
    struct agent agent;

    if (!agent_open(&agent, &arena, err))
        return false;
    if (!work_turn(&agent, true, &why))
        log_line(LOG_WARNING, "agent", "look: %s", why.text);
    return checkin_turn(&agent, &result, err);
}

bool loop_pulse(struct error *err)
{
    static const char *const names[] = {
        [PULSE_NOTHING] = "nothing", [PULSE_NEW] = "new", [PULSE_URGENT] = "urgent"};
    OWN(arena_end) struct arena arena = arena_with(AGENT_TURN_MEMORY);
    struct agent agent;

    if (!agent_open(&agent, &arena, err))
        return false;
    enum orders_pulse pulse = orders_pulse(&agent);
    printf("%s\n", names[pulse]);
    return agent_keep(&agent, err);
}
