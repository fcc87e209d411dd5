#include "cli/print_evidence.h"

#include "cli/words.h"
#include "verify/verdict.h"

#define LABEL_WIDTH 15
#define LINES_MAX   20 /* of processes; JSON has them all */

static const enum screen_colour colours[PROOF_COUNT] = {
    [PROOF_UNKNOWN] = COLOUR_WARN,
    [PROOF_YES] = COLOUR_GOOD,
    [PROOF_NO] = COLOUR_BAD,
    [PROOF_NOT_ASKED] = COLOUR_DIM,
};

const char *print_evidence_word(enum proof proof)
{
    static const char *const words[PROOF_COUNT] = {
        [PROOF_UNKNOWN] = "UNKNOWN", [PROOF_YES] = "yes", [PROOF_NO] = "NO", [PROOF_NOT_ASKED] = "not asked"};

    return words[proof];
}

static void print_verdict(struct screen *screen, struct text name, const struct proof_verdict *verdict,
                          struct arena *arena)
{
    struct text line =
        text_format(arena, "%s · %.*s", print_evidence_word(verdict->proof), TEXT_ARG(verdict->why));

    screen_labelled(screen, LABEL_WIDTH, name, line, colours[verdict->proof]);
}

struct text print_evidence_holes(const struct evidence *evidence, struct arena *arena)
{
    struct verdict_holes holes = verdict_count_holes(evidence);
    const struct {
        uint32_t count;
        const char *word;
    } parts[] = {{holes.closed, "closed"},
                 {holes.restart_needed, "restart needed"},
                 {holes.open, "open"},
                 {holes.unknown, "unknown"}};
    struct text line = {0};

    for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++)
        if (parts[i].count > 0)
            line = text_format(arena, "%.*s%s%u %s", TEXT_ARG(line), line.size > 0 ? ", " : "",
                               parts[i].count, parts[i].word);
    return line.size > 0 ? line : TEXT("none");
}

static enum screen_colour holes_colour(const struct evidence *evidence)
{
    struct verdict_holes holes = verdict_count_holes(evidence);

    return holes.open > 0 || holes.restart_needed > 0 ? COLOUR_BAD
           : holes.unknown > 0                        ? COLOUR_WARN
           : holes.closed > 0                         ? COLOUR_GOOD
                                                      : COLOUR_DIM;
}

enum { CELL_PROCESS, CELL_UNIT, CELL_FILE, CELL_PACKAGE, CELL_ADVICE, CELL_COUNT };
static const struct screen_column columns[CELL_COUNT] = {
    [CELL_PROCESS] = {"PROCESS", 12, 26, false},   [CELL_UNIT] = {"UNIT", 0, 22, false},
    [CELL_FILE] = {"FILE", 18, 60, false},         [CELL_PACKAGE] = {"PACKAGE", 0, 24, false},
    [CELL_ADVICE] = {"WHAT HELPS", 14, 44, false},
};

static void fill_process(const struct evidence_process *process, struct arena *arena,
                         struct text cells[CELL_COUNT])
{
    cells[CELL_PROCESS] = text_format(arena, "%.*s (%u)", TEXT_ARG(process->process), process->pid);
    cells[CELL_UNIT] = process->unit.size > 0 ? process->unit : TEXT("-");
    cells[CELL_FILE] =
        text_format(arena, "%.*s%s", TEXT_ARG(process->path), process->possible ? " (possible)" : "");
    cells[CELL_PACKAGE] = process->package.size > 0 ? process->package : TEXT("-");
    cells[CELL_ADVICE] = process->advice;
}

static void print_processes(struct screen *screen, const struct evidence *evidence, struct arena *arena)
{
    size_t count = evidence->process_count > LINES_MAX ? LINES_MAX : evidence->process_count;
    struct text(*cells)[CELL_COUNT] = arena_take_array(arena, count, sizeof(*cells));

    if (cells == NULL || count == 0)
        return;
    for (size_t i = 0; i < count; i++)
        fill_process(&evidence->processes[i], arena, cells[i]);
    struct screen_table table = screen_table_with(screen, columns, CELL_COUNT, cells[0], count);
    screen_head(screen, &table);
    for (size_t i = 0; i < count; i++)
        screen_row(screen, &table, cells[i], evidence->processes[i].possible ? COLOUR_WARN : COLOUR_BAD);
    if (count < evidence->process_count)
        screen_line(screen,
                    text_format(arena, "and %zu more: --format json", evidence->process_count - count),
                    COLOUR_DIM);
}

void print_evidence(struct screen *screen, const struct evidence *evidence, struct arena *arena)
{
    print_verdict(screen, TEXT("applied"), &evidence->applied, arena);
    print_verdict(screen, TEXT("works"), &evidence->works, arena);
    print_verdict(screen, TEXT("old code gone"), &evidence->old_code_gone, arena);
    if (evidence->hole_count > 0)
        screen_labelled(screen, LABEL_WIDTH, TEXT("holes"), print_evidence_holes(evidence, arena),
                        holes_colour(evidence));
    print_processes(screen, evidence, arena);
}

static void put_verdict(struct json_writer *j, const char *name, const struct proof_verdict *verdict)
{
    json_name(j, name);
    json_open_object(j);
    json_name(j, "proof");
    json_put_string(j, proof_name(verdict->proof));
    json_name(j, "why");
    json_put_text(j, verdict->why);
    json_close_object(j);
}

static void put_holes(struct json_writer *j, const struct evidence *evidence)
{
    json_name(j, "holes");
    json_open_array(j);
    for (size_t i = 0; i < evidence->hole_count; i++) {
        json_open_object(j);
        json_name(j, "id");
        json_put_text(j, evidence->holes[i].id);
        json_name(j, "source");
        json_put_text(j, evidence->holes[i].source);
        json_name(j, "state");
        json_put_string(j, hole_state_name(verdict_hole(evidence, &evidence->holes[i])));
        json_close_object(j);
    }
    json_close_array(j);
}

void print_evidence_json(struct json_writer *j, const struct evidence *evidence, struct arena *arena)
{
    json_name(j, "run");
    json_put_string(j, evidence->run);
    json_name(j, "verdicts");
    json_open_object(j);
    put_verdict(j, "applied", &evidence->applied);
    put_verdict(j, "works", &evidence->works);
    put_verdict(j, "old_code_gone", &evidence->old_code_gone);
    json_close_object(j);
    put_holes(j, evidence);
    json_name(j, "record");
    seal_write_evidence(j, evidence, arena);
}
