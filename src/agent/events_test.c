#include "base/testing.h"

#include "agent/events.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "store/evidence.h"
#include "store/journal.h"

#define BEGAN (1795320000 * TIME_SECOND_US)
#define RUN   "20261122T040000Z-9f3a61c2"

/* A machine in a fleet, with a journal to be told of. */
struct machine {
    char folder[64];
    struct arena arena;
    struct agent agent;
    struct journal journal;
    struct outbox outbox;
};

static int begin(void **state)
{
    struct machine *machine = calloc(1, sizeof(*machine));
    struct error err;

    test_folder(machine->folder);
    machine->arena = arena_with(64 * MIB);
    machine->agent = (struct agent){.arena = &machine->arena, .now_us = BEGAN + TIME_HOUR_US};
    machine->agent.enrolled.since_us = BEGAN - TIME_HOUR_US;
    assert_done("state", state_open(machine->folder, STATE_WRITE, &machine->agent.state, &err), &err);
    assert_done("agent", agent_state_make(&machine->agent.state, &machine->arena, &err), &err);
    char *path = state_path(&machine->agent.state, &machine->arena, JOURNAL_FILE);
    assert_done("journal", journal_open(path, JOURNAL_WRITE, &machine->journal, &err), &err);
    assert_done("outbox", events_open(&machine->agent, &machine->outbox, &err), &err);
    *state = machine;
    return 0;
}

static int end(void **state)
{
    struct machine *machine = *state;
    struct error err;

    journal_close(&machine->journal);
    outbox_close(&machine->outbox);
    arena_end(&machine->arena);
    assert_done("remove", file_remove_tree(machine->folder, &err), &err);
    free(machine);
    return 0;
}

static void begin_run(struct machine *machine, const char *id, int64_t begun_us)
{
    struct run run = {.kind = RUN_APPLY, .plan = "0123456789abcdef", .begun_us = begun_us, .pid = 1};
    struct error err;

    (void)snprintf(run.id, sizeof(run.id), "%s", id);
    assert_done("run", journal_begin_run(&machine->journal, &run, &err), &err);
}

static void begin_step(struct machine *machine, enum step_kind kind)
{
    struct error err;

    assert_done("step", journal_begin_step(&machine->journal, RUN, kind, 0, BEGAN + 1, &err), &err);
}

static void end_step(struct machine *machine, enum step_kind kind, enum step_state state)
{
    const struct run_step step = {.kind = kind, .state = state, .ended_us = BEGAN + 2, .note = TEXT("noted")};
    struct error err;

    assert_done("step", journal_end_step(&machine->journal, RUN, &step, &err), &err);
}

static void end_run(struct machine *machine, enum run_state state)
{
    struct error err;

    assert_done("end", journal_end_run(&machine->journal, RUN, state, TEXT("why"), BEGAN + 3, &err), &err);
}

/* What is in the outbox after all was read, read again, and the outbox opened anew: kinds and bodies, one a line. */
static void expect(struct machine *machine, const char *lines)
{
    OWN(writer_end) struct writer w = writer_with(64 * KIB);
    struct outbox_batch batch;
    struct error err = {0};

    for (unsigned i = 0; i < 2; i++) {
        assert_done("collect", events_collect(&machine->agent, &machine->outbox, &err), &err);
        outbox_close(&machine->outbox);
        assert_done("outbox", events_open(&machine->agent, &machine->outbox, &err), &err);
    }
    assert_done("read", outbox_read(&machine->outbox, 100, MIB, &machine->arena, &batch, &err), &err);
    for (size_t i = 0; i < batch.count; i++) {
        writer_format(&w, "%s ", agent_event_kind_name((enum agent_event_kind)batch.events[i].kind));
        writer_put(&w, batch.events[i].body);
        writer_byte(&w, '\n');
    }
    writer_byte(&w, 0);
    assert_string_equal((const char *)w.at, lines);
}

#define BEGAN_LINE "run-began {\"kind\":\"apply\",\"plan\":\"0123456789abcdef\",\"run\":\"" RUN "\"}\n"
#define STEP_LINE(step, state)                                                                               \
    "run-step {\"group\":0,\"note\":\"noted\",\"run\":\"" RUN "\",\"state\":\"" state "\",\"step\":\"" step  \
    "\"}\n"
#define ENDED_LINE(state) "run-ended {\"run\":\"" RUN "\",\"state\":\"" state "\",\"why\":\"why\"}\n"

/* Each step once, however often the journal is read while it grows. */
static void test_each_step_once(void **state)
{
    struct machine *machine = *state;

    expect(machine, "");
    begin_run(machine, RUN, BEGAN);
    begin_step(machine, STEP_READY);
    expect(machine, BEGAN_LINE);
    end_step(machine, STEP_READY, STEP_DONE);
    begin_step(machine, STEP_FETCH);
    expect(machine, BEGAN_LINE STEP_LINE("ready", "done"));
    end_step(machine, STEP_FETCH, STEP_FAILED);
    end_run(machine, RUN_REFUSED);
    expect(machine, BEGAN_LINE STEP_LINE("ready", "done") STEP_LINE("fetch", "failed") ENDED_LINE("refused"));
}

/* A run that was stopped goes on: it has one end. */
static void test_stopped_goes_on(void **state)
{
    struct machine *machine = *state;
    struct error err;

    begin_run(machine, RUN, BEGAN);
    begin_step(machine, STEP_READY);
    end_step(machine, STEP_READY, STEP_DONE);
    end_run(machine, RUN_STOPPED);
    expect(machine, BEGAN_LINE STEP_LINE("ready", "done"));
    assert_done("resume", journal_resume_run(&machine->journal, RUN, 2, BEGAN + 4, &err), &err);
    begin_step(machine, STEP_FETCH);
    end_step(machine, STEP_FETCH, STEP_DONE);
    end_run(machine, RUN_DONE);
    expect(machine, BEGAN_LINE STEP_LINE("ready", "done") STEP_LINE("fetch", "done") ENDED_LINE("done"));
}

/* What was run before this machine was in the fleet is not the fleet's. */
static void test_before_the_fleet(void **state)
{
    struct machine *machine = *state;

    begin_run(machine, RUN, BEGAN - 2 * TIME_HOUR_US);
    end_run(machine, RUN_DONE);
    expect(machine, "");
}

static void test_evidence(void **state)
{
    struct machine *machine = *state;
    OWN(evidence_add_end) struct evidence_add add = {.lock = -1};
    struct error err;

    assert_done("add", evidence_add_begin(&machine->agent.state, &machine->arena, &add, &err), &err);
    assert_done("commit", evidence_add_commit(&add, BYTES("{\"sealed\":1}"), &err), &err);
    expect(machine, "evidence {\"sealed\":1}\n");
}

/* The server has more than was made: this disk is older than it was. A new epoch, and somebody is told. */
static void test_went_back(void **state)
{
    struct machine *machine = *state;
    struct outbox_state before, after;
    struct error err = {0};

    begin_run(machine, RUN, BEGAN);
    expect(machine, BEGAN_LINE);
    assert_done("look", outbox_look(&machine->outbox, &before, &err), &err);
    assert_done("ack", events_acknowledged(&machine->agent, &machine->outbox, before.epoch, 7, &err), &err);
    assert_done("look", outbox_look(&machine->outbox, &after, &err), &err);
    assert_true(before.epoch != after.epoch && after.made == 2 && after.acked == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_step_once, begin, end),
        cmocka_unit_test_setup_teardown(test_stopped_goes_on, begin, end),
        cmocka_unit_test_setup_teardown(test_before_the_fleet, begin, end),
        cmocka_unit_test_setup_teardown(test_evidence, begin, end),
        cmocka_unit_test_setup_teardown(test_went_back, begin, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
