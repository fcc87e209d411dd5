/*
 *     Run 20261121T181500Z-9f3a61c2 is taken back: 3 packages go back, 1 goes
 *      CHANGE                                          WHY
 *      libexpat1 2.5.0-1+deb12u5 -> 2.5.0-1+deb12u1    was installed before
 *      libfoo2 1.2-1 goes                              the run brought it
 *      stays       bash 5.2-1 -> 5.2-2: changed by another hand since
 *      Done, by run 20261122T090000Z-1b2c3d4e: the packages, conffiles and notes are as before.
 */
#include "cli/print_rollback.h"

#include "cli/words.h"
#include "format/json.h"

#define LABEL_WIDTH  12
#define OTHERS_SHOWN 5

enum { CELL_CHANGE, CELL_WHY, CELL_COUNT };
static const struct screen_column columns[CELL_COUNT] = {
    [CELL_CHANGE] = {"CHANGE", 20, 76, false},
    [CELL_WHY] = {"WHY", 12, 60, false},
};

static struct text change_of(const struct rollback_step *step, struct arena *arena)
{
    const struct kept_change *change = step->change;

    if (change->kind == CHANGE_NEW)
        return text_format(arena, "%.*s %.*s goes", TEXT_ARG(change->name), TEXT_ARG(step->now));
    if (step->now.size == 0)
        return text_format(arena, "%.*s %.*s comes back", TEXT_ARG(change->name), TEXT_ARG(change->from));
    return text_format(arena, "%.*s %.*s -> %.*s", TEXT_ARG(change->name), TEXT_ARG(step->now),
                       TEXT_ARG(change->from));
}

static struct text why_of(const struct rollback_step *step)
{
    if (step->changed_since)
        return TEXT("was installed before; changed by another hand since the run");
    return step->change->kind == CHANGE_NEW ? TEXT("the run brought it") : TEXT("was installed before");
}

static bool print_steps(const struct rollback_plan *plan, struct arena *arena, struct screen *screen)
{
    struct text *cells = ARENA_ARRAY(arena, struct text, plan->back_count * CELL_COUNT + CELL_COUNT);
    size_t rows = 0;

    if (cells == NULL)
        return false;
    for (size_t i = 0; i < plan->store.change_count; i++) {
        if (plan->steps[i].is_as_it_was)
            continue;
        cells[rows * CELL_COUNT + CELL_CHANGE] = change_of(&plan->steps[i], arena);
        cells[rows * CELL_COUNT + CELL_WHY] = why_of(&plan->steps[i]);
        rows++;
    }
    struct screen_table table = screen_table_with(screen, columns, CELL_COUNT, cells, rows);
    if (rows > 0)
        screen_head(screen, &table);
    for (size_t i = 0; i < rows; i++)
        screen_row(screen, &table, cells + i * CELL_COUNT, COLOUR_PLAIN);
    return true;
}

static void print_others(const struct rollback_plan *plan, struct arena *arena, struct screen *screen)
{
    for (size_t i = 0; i < plan->other_count && i < OTHERS_SHOWN; i++)
        screen_labelled(screen, LABEL_WIDTH, TEXT(" stays"),
                        text_format(arena, "%.*s: changed by another hand since", TEXT_ARG(plan->others[i])),
                        COLOUR_WARN);
    if (plan->other_count > OTHERS_SHOWN)
        screen_labelled(screen, LABEL_WIDTH, TEXT(""),
                        text_format(arena, "and %zu more", plan->other_count - OTHERS_SHOWN), COLOUR_WARN);
}

static void print_end(const struct rollback_done *done, struct arena *arena, struct screen *screen)
{
    if (done->result.done) {
        screen_line(
            screen,
            text_format(arena,
                        " Done, by run %s: packages, conffiles and what dpkg and apt noted are as before.",
                        done->as),
            COLOUR_GOOD);
        return;
    }
    screen_line(screen,
                text_format(arena, " FAILED, in run %s: %.*s: %.*s", done->as, TEXT_ARG(done->result.failed),
                            TEXT_ARG(done->result.reason)),
                COLOUR_BAD);
}

void print_rollback(const struct rollback_found *found, struct arena *arena, struct screen *screen)
{
    for (size_t i = 0; i < found->count; i++) {
        const struct rollback_plan *plan = &found->plans[i];
        struct text changes = words_count(arena, plan->back_count, "package changes", "packages change");
        screen_line(screen, text_format(arena, "Run %s is taken back: %.*s", plan->run.id, TEXT_ARG(changes)),
                    COLOUR_HEAD);
        if (!print_steps(plan, arena, screen))
            return;
        print_others(plan, arena, screen);
        if (i < found->done_count)
            print_end(&found->done[i], arena, screen);
        if (i < found->done_count && found->done[i].proof.size > 0)
            screen_line(screen, text_format(arena, " %.*s", TEXT_ARG(found->done[i].proof)), COLOUR_PLAIN);
    }
}

static void put_plan(struct json_writer *j, const struct rollback_plan *plan,
                     const struct rollback_done *done)
{
    json_open_object(j);
    json_name(j, "run");
    json_put_string(j, plan->run.id);
    json_name(j, "changes");
    json_open_array(j);
    for (size_t i = 0; i < plan->store.change_count; i++) {
        const struct rollback_step *step = &plan->steps[i];
        if (step->is_as_it_was)
            continue;
        json_open_object(j);
        json_name(j, "package");
        json_put_text(j, step->change->name);
        json_name(j, "arch");
        json_put_text(j, step->change->arch);
        json_name(j, "from");
        step->now.size > 0 ? json_put_text(j, step->now) : json_put_null(j);
        json_name(j, "to");
        step->change->kind == CHANGE_NEW ? json_put_null(j) : json_put_text(j, step->change->from);
        json_name(j, "changed_since");
        json_put_bool(j, step->changed_since);
        json_close_object(j);
    }
    json_close_array(j);
    json_name(j, "others");
    json_open_array(j);
    for (size_t i = 0; i < plan->other_count; i++)
        json_put_text(j, plan->others[i]);
    json_close_array(j);
    json_name(j, "by");
    done == NULL ? json_put_null(j) : json_put_string(j, done->as);
    json_name(j, "state");
    json_put_string(j, done == NULL ? "planned" : done->result.done ? "done" : "failed");
    json_name(j, "reason");
    done == NULL || done->result.done ? json_put_null(j) : json_put_text(j, done->result.reason);
    json_close_object(j);
}

bool print_rollback_json(const struct rollback_found *found, struct writer *out, struct error *err)
{
    struct json_writer j = json_writer_with(out, true);
    struct bytes bytes;

    json_open_object(&j);
    json_name(&j, "schema");
    json_put_string(&j, "suture.rollback/1");
    json_name(&j, "runs");
    json_open_array(&j);
    for (size_t i = 0; i < found->count; i++)
        put_plan(&j, &found->plans[i], i < found->done_count ? &found->done[i] : NULL);
    json_close_array(&j);
    json_close_object(&j);
    writer_byte(out, '\n');
    return writer_done(out, &bytes, err);
}

void print_shrunk(const struct shrink_runs_result *result, bool quiet, FILE *to)
{
    size_t told = 0;

    for (size_t i = 0; i < result->count; i++) {
        const struct shrunk_run *run = &result->runs[i];
        if (run->problem.size > 0)
            fprintf(to, "(!) run %s: what it kept stays as it is: %.*s\n", run->id, TEXT_ARG(run->problem));
        else if (run->result.made > 0)
            fprintf(to, "Run %s: %zu packages that it kept take %.1f MB instead of %.1f MB.\n", run->id,
                    run->result.made, (double)run->result.after / 1e6, (double)run->result.before / 1e6);
        else if (quiet || run->result.left == 0)
            continue;
        if (run->result.left > 0)
            fprintf(to, "Run %s: %zu stay as they are; %.*s\n", run->id, run->result.left,
                    TEXT_ARG(run->result.why));
        told++;
    }
    if (told == 0 && !quiet)
        fprintf(to, "There is nothing to make smaller.\n");
}
