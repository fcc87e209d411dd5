/*
 *     Run 20261121T181500Z-9f3a61c2 · done · 4 packages changed in 3 groups
 *      install     1 conffiles changed here were kept, first /etc/ssh/sshd_config
 *      kept        /etc/ssh/sshd_config: the vendor's new one is beside it as .dpkg-dist
 *     Next: suture verify · suture rollback --to 20261121T181500Z-9f3a61c2
 */
#include "cli/print_apply.h"

#include "cli/print_held.h"
#include "cli/words.h"
#include "format/json.h"

#define LABEL_WIDTH 14

struct text print_apply_step(enum step_kind step, uint32_t group, const struct plan *plan,
                             struct arena *arena)
{
    static const char *const doing[STEP_KIND_COUNT] = {
        [STEP_UNKNOWN] = "working",
        [STEP_READY] = "asking whether the machine is ready",
        [STEP_FETCH] = "fetching",
        [STEP_PROVE] = "proving what was fetched",
        [STEP_REHEARSE] = "rehearsing",
        [STEP_BACKUP] = "keeping the way back",
        [STEP_HEALTH_BEFORE] = "asking what is well before",
        [STEP_INSTALL] = "installing",
        [STEP_HEALTH_AFTER] = "asking what is well after",
        [STEP_ROLLBACK] = "taking back",
        [STEP_VERIFY] = "verifying",
        [STEP_SEAL] = "sealing the evidence",
    };

    if (step == STEP_INSTALL)
        return text_format(arena, "installing group %u of %u", group + 1, plan->group_count);
    return text_of(doing[step < STEP_KIND_COUNT ? step : 0]);
}

static enum screen_colour colour_of(enum run_state state)
{
    return state == RUN_DONE ? COLOUR_GOOD : state == RUN_FAILED ? COLOUR_BAD : COLOUR_WARN;
}

static void print_head(const struct carry_out_result *result, struct arena *arena, struct screen *screen)
{
    const struct run *run = &result->run;
    struct text changes = words_count(arena, result->plan.change_count, "package", "packages");
    struct text groups = words_count(arena, result->plan.group_count, "group", "groups");

    screen_line(screen,
                text_format(arena, "Run %s · %s · %.*s in %.*s%s", run->id, run_state_name(run->state),
                            TEXT_ARG(changes), TEXT_ARG(groups),
                            result->resumed ? " · it was interrupted and was gone on with" : ""),
                colour_of(run->state));
    if (run->why.size > 0)
        screen_labelled(screen, LABEL_WIDTH, TEXT(" why"), run->why, COLOUR_PLAIN);
    if (result->result.step_problem.size > 0)
        screen_labelled(screen, LABEL_WIDTH, TEXT(" problem"), result->result.step_problem, COLOUR_WARN);
}

/* Each step that left a word; of a run that went well those that did something. */
static void print_steps(const struct run *run, struct arena *arena, struct screen *screen)
{
    for (size_t i = 0; i < run->step_count; i++) {
        const struct run_step *step = &run->steps[i];
        if (step->note.size == 0 && step->state != STEP_FAILED)
            continue;
        struct text label = step->kind == STEP_INSTALL
                                ? text_format(arena, " %s %u", step_kind_name(step->kind), step->group + 1)
                                : text_format(arena, " %s", step_kind_name(step->kind));
        screen_labelled(screen, LABEL_WIDTH, label,
                        step->state == STEP_FAILED ? text_format(arena, "failed: %.*s", TEXT_ARG(step->note))
                                                   : step->note,
                        step->state == STEP_FAILED ? COLOUR_BAD : COLOUR_DIM);
    }
}

static void print_kept(const struct apply_result *result, struct arena *arena, struct screen *screen)
{
    for (size_t i = 0; i < result->kept_count; i++)
        screen_labelled(screen, LABEL_WIDTH, TEXT(" kept"),
                        text_format(arena,
                                    "%.*s was changed here; the vendor's new one is beside it as .dpkg-dist",
                                    TEXT_ARG(result->kept[i])),
                        COLOUR_WARN);
}

void print_apply(const struct carry_out_result *result, struct arena *arena, struct screen *screen)
{
    const struct run *run = &result->run;

    if (result->repaired > 0)
        screen_line(screen,
                    text_format(arena, "%zu half-done packages were repaired first", result->repaired),
                    COLOUR_WARN);
    print_head(result, arena, screen);
    if (result->found.refused.size > 0)
        screen_labelled(screen, LABEL_WIDTH, TEXT(" not seen"), result->found.refused, COLOUR_BAD);
    print_steps(run, arena, screen);
    print_kept(&result->result, arena, screen);
    if (run->state == RUN_DONE)
        screen_line(screen, text_format(arena, "Next: suture verify · suture rollback --to %s", run->id),
                    COLOUR_DIM);
    else if (run->state == RUN_STOPPED)
        screen_line(screen, TEXT("Next: suture apply plans what is left"), COLOUR_DIM);
    else if (run->state == RUN_FAILED)
        screen_line(
            screen,
            text_format(
                arena,
                "The machine is between two states. Next: mend the cause, then suture rollback --to %s",
                run->id),
            COLOUR_BAD);
    else if (run->state == RUN_ROLLED_BACK || run->state == RUN_REFUSED)
        screen_line(screen, TEXT("Packages are as they were before."), COLOUR_DIM);
}

static void put_text_or_null(struct json_writer *j, struct text text)
{
    if (text.size == 0)
        json_put_null(j);
    else
        json_put_text(j, text);
}

static void put_time_or_null(struct json_writer *j, int64_t us)
{
    if (us == TIME_ABSENT)
        json_put_null(j);
    else
        json_put_time(j, us);
}

static void put_steps(struct json_writer *j, const struct run *run)
{
    json_open_array(j);
    for (size_t i = 0; i < run->step_count; i++) {
        const struct run_step *step = &run->steps[i];
        json_open_object(j);
        json_name(j, "step");
        json_put_string(j, step_kind_name(step->kind));
        json_name(j, "group");
        json_put_u64(j, step->group);
        json_name(j, "state");
        json_put_string(j, step_state_name(step->state));
        json_name(j, "begun");
        put_time_or_null(j, step->begun_us);
        json_name(j, "ended");
        put_time_or_null(j, step->ended_us);
        json_name(j, "note");
        put_text_or_null(j, step->note);
        json_close_object(j);
    }
    json_close_array(j);
}

static void put_run(struct json_writer *j, const struct run *run)
{
    json_open_object(j);
    json_name(j, "id");
    json_put_string(j, run->id);
    json_name(j, "state");
    json_put_string(j, run_state_name(run->state));
    json_name(j, "why");
    put_text_or_null(j, run->why);
    json_name(j, "plan");
    json_put_string(j, run->plan);
    json_name(j, "begun");
    put_time_or_null(j, run->begun_us);
    json_name(j, "ended");
    put_time_or_null(j, run->ended_us);
    json_name(j, "steps");
    put_steps(j, run);
    json_close_object(j);
}

bool print_apply_json(const struct carry_out_result *result, struct writer *out, struct error *err)
{
    static const char *const ends[] = {
        [CARRY_OUT_UNKNOWN] = "unknown", [CARRY_OUT_NO_DATA] = "no-data",   [CARRY_OUT_NOTHING] = "nothing",
        [CARRY_OUT_SHOWN] = "shown",     [CARRY_OUT_DECLINED] = "declined", [CARRY_OUT_RUN] = "run",
    };
    struct json_writer j = json_writer_with(out, false);
    struct bytes unused;

    json_open_object(&j);
    json_name(&j, "schema");
    json_put_string(&j, "suture.apply/1");
    json_name(&j, "end");
    json_put_string(&j, ends[result->end]);
    json_name(&j, "resumed");
    json_put_bool(&j, result->resumed);
    json_name(&j, "repaired");
    json_put_u64(&j, result->repaired);
    json_name(&j, "run");
    if (result->end == CARRY_OUT_RUN)
        put_run(&j, &result->run);
    else
        json_put_null(&j);
    json_name(&j, "held");
    print_held_json(&result->held, &j);
    json_name(&j, "problem");
    put_text_or_null(&j, result->result.step_problem);
    json_name(&j, "refused");
    put_text_or_null(&j, result->found.refused);
    json_name(&j, "kept");
    json_open_array(&j);
    for (size_t i = 0; i < result->result.kept_count; i++)
        json_put_text(&j, result->result.kept[i]);
    json_close_array(&j);
    json_close_object(&j);
    writer_byte(out, '\n');
    return writer_done(out, &unused, err);
}
