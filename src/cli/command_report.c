/*
 * suture report: the runs of this machine and what was proved of them.
 */
#include <inttypes.h>

#include "base/limits.h"
#include "base/own.h"
#include "cli/command.h"
#include "cli/print_evidence.h"
#include "cli/words.h"

#define OUTPUT_MAX (64 * MIB)

enum { OPTION_RUN, OPTION_FORMAT };
static const struct command_option options[] = {
    [OPTION_RUN] = {"run", OPTION_TEXT, "RUN", "this run alone, with all that was found"},
    [OPTION_FORMAT] = {"format", OPTION_CHOICE, "table|json|html", "how to print it"},
    {0},
};

enum {
    CELL_NUMBER,
    CELL_MADE,
    CELL_KIND,
    CELL_RUN,
    CELL_PACKAGES,
    CELL_APPLIED,
    CELL_WORKS,
    CELL_CODE,
    CELL_COUNT
};
static const struct screen_column columns[CELL_COUNT] = {
    [CELL_NUMBER] = {"NO", 3, 6, true},     [CELL_MADE] = {"MADE", 14, 22, false},
    [CELL_KIND] = {"KIND", 0, 9, false},    [CELL_RUN] = {"RUN", 12, 26, false},
    [CELL_PACKAGES] = {"PKGS", 4, 5, true}, [CELL_APPLIED] = {"APPLIED", 7, 10, false},
    [CELL_WORKS] = {"WORKS", 7, 10, false}, [CELL_CODE] = {"OLD CODE GONE", 7, 13, false},
};

struct face {
    struct arena *arena;
    struct writer *out;
    struct screen screen;
    struct zone zone;
};

static enum screen_colour colour_of(const struct report_record *record)
{
    const struct evidence *evidence = &record->evidence;

    if (record->problem.size > 0 || evidence->applied.proof == PROOF_NO ||
        evidence->works.proof == PROOF_NO || evidence->old_code_gone.proof == PROOF_NO)
        return COLOUR_BAD;
    return evidence->old_code_gone.proof == PROOF_UNKNOWN ? COLOUR_WARN : COLOUR_PLAIN;
}

static void fill_row(const struct face *face, const struct report_record *record,
                     struct text cells[CELL_COUNT])
{
    const struct evidence *evidence = &record->evidence;

    for (int i = 0; i < CELL_COUNT; i++)
        cells[i] = TEXT("-");
    cells[CELL_NUMBER] = text_format(face->arena, "%" PRIu64, record->number);
    if (record->problem.size > 0) {
        cells[CELL_RUN] = TEXT("DOES NOT HOLD");
        return;
    }
    cells[CELL_MADE] = words_moment(face->arena, &face->zone, evidence->made_us);
    cells[CELL_KIND] = text_of(evidence_kind_name(evidence->kind));
    cells[CELL_RUN] = text_of(evidence->run);
    cells[CELL_PACKAGES] = text_format(face->arena, "%zu", evidence->package_count);
    cells[CELL_APPLIED] = text_of(print_evidence_word(evidence->applied.proof));
    cells[CELL_WORKS] = text_of(print_evidence_word(evidence->works.proof));
    cells[CELL_CODE] = text_of(print_evidence_word(evidence->old_code_gone.proof));
}

static void print_chain(struct face *face, const struct report *report)
{
    const struct seal_report *chain = &report->chain;
    bool good = chain->problem_count == 0 && chain->other_keys == 0;

    screen_line(&face->screen,
                text_format(face->arena, "Chain %s: %" PRIu64 " of %" PRIu64 " records hold",
                            chain->head.chain, chain->good, chain->head.number),
                good ? COLOUR_GOOD : COLOUR_BAD);
    screen_line(&face->screen,
                report->has_key
                    ? text_format(face->arena, "Signed by this machine's key %s", report->fingerprint)
                    : TEXT("This machine has no key: whose records these are cannot be said"),
                report->has_key ? COLOUR_PLAIN : COLOUR_WARN);
    if (report->has_key && chain->other_keys > 0)
        screen_line(
            &face->screen,
            text_format(face->arena, "(!) %" PRIu64 " of them were signed by another key", chain->other_keys),
            COLOUR_BAD);
    for (size_t i = 0; i < chain->problem_count; i++)
        screen_line(&face->screen,
                    chain->problems[i].number == 0
                        ? text_format(face->arena, "(!) %.*s", TEXT_ARG(chain->problems[i].what))
                        : text_format(face->arena, "(!) record %" PRIu64 ": %.*s", chain->problems[i].number,
                                      TEXT_ARG(chain->problems[i].what)),
                    COLOUR_BAD);
}

static void print_table(struct face *face, const struct report *report, bool whole)
{
    struct text(*cells)[CELL_COUNT] = arena_take_array(face->arena, report->count, sizeof(*cells));

    print_chain(face, report);
    if (cells == NULL || report->count == 0)
        return;
    for (size_t i = 0; i < report->count; i++)
        fill_row(face, &report->records[i], cells[i]);
    struct screen_table table =
        screen_table_with(&face->screen, columns, CELL_COUNT, cells[0], report->count);
    screen_head(&face->screen, &table);
    for (size_t i = 0; i < report->count; i++) {
        screen_row(&face->screen, &table, cells[i], colour_of(&report->records[i]));
        if (whole && report->records[i].problem.size == 0)
            print_evidence(&face->screen, &report->records[i].evidence, face->arena);
    }
}

/* ---- JSON ---- */

static void put_text(struct json_writer *j, const char *name, struct text text)
{
    json_name(j, name);
    if (text.size > 0)
        json_put_text(j, text);
    else
        json_put_null(j);
}

static void put_number(struct json_writer *j, const char *name, uint64_t number)
{
    json_name(j, name);
    json_put_u64(j, number);
}

static void print_json(struct face *face, const struct report *report)
{
    struct json_writer j = json_writer_with(face->out, true);

    json_open_object(&j);
    put_text(&j, "schema", TEXT("suture.report/1"));
    put_text(&j, "chain", text_of(report->chain.head.chain));
    put_number(&j, "records", report->chain.head.number);
    put_number(&j, "good", report->chain.good);
    put_number(&j, "other_keys", report->chain.other_keys);
    put_text(&j, "fingerprint", text_of(report->fingerprint));
    json_name(&j, "problems");
    json_open_array(&j);
    for (size_t i = 0; i < report->chain.problem_count; i++) {
        json_open_object(&j);
        put_number(&j, "number", report->chain.problems[i].number);
        put_text(&j, "what", report->chain.problems[i].what);
        json_close_object(&j);
    }
    json_close_array(&j);
    json_name(&j, "evidence");
    json_open_array(&j);
    for (size_t i = 0; i < report->count; i++) {
        json_open_object(&j);
        put_number(&j, "number", report->records[i].number);
        put_text(&j, "problem", report->records[i].problem);
        if (report->records[i].problem.size == 0)
            print_evidence_json(&j, &report->records[i].evidence, face->arena);
        json_close_object(&j);
    }
    json_close_array(&j);
    json_close_object(&j);
    writer_byte(face->out, '\n');
}

/* ---- HTML ---- */

/* A page that runs nothing and fetches nothing. */
static const char page_head[] =
    "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Suture: evidence</title>\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
    "'unsafe-inline'\">\n"
    "<style>body{font:15px sans-serif;margin:2em}table{border-collapse:collapse}td,th{border:1px solid #bbb;"
    "padding:.3em .6em;text-align:left;vertical-align:top}.yes{background:#dff3df}.no{background:#f8d7d7}"
    ".unknown{background:#fbeec8}</style></head><body>\n<h1>Evidence</h1>\n";

static void put_escaped(struct writer *out, struct text text)
{
    for (size_t i = 0; i < text.size; i++)
        switch (text.at[i]) {
        case '&':
            writer_string(out, "&amp;");
            break;
        case '<':
            writer_string(out, "&lt;");
            break;
        case '>':
            writer_string(out, "&gt;");
            break;
        case '"':
            writer_string(out, "&quot;");
            break;
        case '\'':
            writer_string(out, "&#39;");
            break;
        default:
            writer_byte(out, (uint8_t)text.at[i]);
        }
}

static void put_cell(struct writer *out, struct text text)
{
    writer_string(out, "<td>");
    put_escaped(out, text);
    writer_string(out, "</td>");
}

static void put_verdict_cell(struct writer *out, const struct proof_verdict *verdict)
{
    writer_format(out, "<td class=\"%s\"><b>%s</b><br>", proof_name(verdict->proof),
                  print_evidence_word(verdict->proof));
    put_escaped(out, verdict->why);
    writer_string(out, "</td>");
}

static void put_html_row(struct face *face, const struct report_record *record)
{
    const struct evidence *evidence = &record->evidence;
    struct writer *out = face->out;

    writer_format(out, "<tr><td>%" PRIu64 "</td>", record->number);
    if (record->problem.size > 0) {
        writer_string(out, "<td class=\"no\" colspan=\"8\"><b>does not hold</b><br>");
        put_escaped(out, record->problem);
        writer_string(out, "</td></tr>\n");
        return;
    }
    writer_string(out, "<td>");
    time_write(out, evidence->made_us);
    writer_string(out, "</td>");
    put_cell(out, text_of(evidence_kind_name(evidence->kind)));
    put_cell(out, text_of(evidence->run));
    put_cell(out, evidence->host);
    put_verdict_cell(out, &evidence->applied);
    put_verdict_cell(out, &evidence->works);
    put_verdict_cell(out, &evidence->old_code_gone);
    put_cell(out, print_evidence_holes(evidence, face->arena));
    writer_string(out, "</tr>\n");
}

static void print_html(struct face *face, const struct report *report)
{
    struct writer *out = face->out;

    writer_string(out, page_head);
    writer_format(out, "<p>Chain %s: %" PRIu64 " of %" PRIu64 " records hold.", report->chain.head.chain,
                  report->chain.good, report->chain.head.number);
    if (report->has_key)
        writer_format(out, " Signed by %s; %" PRIu64 " by another key.", report->fingerprint,
                      report->chain.other_keys);
    writer_string(out, "</p>\n<ul>\n");
    for (size_t i = 0; i < report->chain.problem_count; i++) {
        writer_format(out, "<li>record %" PRIu64 ": ", report->chain.problems[i].number);
        put_escaped(out, report->chain.problems[i].what);
        writer_string(out, "</li>\n");
    }
    writer_string(out, "</ul>\n<table><tr><th>No</th><th>Made</th><th>Kind</th><th>Run</th><th>Host</th>"
                       "<th>Applied</th><th>Works</th><th>Old code gone</th><th>Holes</th></tr>\n");
    for (size_t i = 0; i < report->count; i++)
        put_html_row(face, &report->records[i]);
    writer_string(out, "</table>\n</body></html>\n");
}

static enum command_exit exit_of(const struct report *report, struct error *err)
{
    if (report->chain.problem_count == 0 && report->chain.other_keys == 0)
        return COMMAND_DONE;
    (void)error_set(err, ERROR_TRUST,
                    "the evidence does not hold: %zu problems, %" PRIu64 " records of another key",
                    report->chain.problem_count, report->chain.other_keys);
    return COMMAND_FAILED;
}

static enum command_exit run(const struct command_call *call, struct error *err)
{
    OWN(writer_end) struct writer out = writer_with(OUTPUT_MAX);
    struct face face = {.arena = call->arena,
                        .out = &out,
                        .screen = screen_for_output(&out),
                        .zone = words_local_zone(call->arena)};
    const char *state = NULL, *run_id = command_text(call, OPTION_RUN);
    struct report report;
    struct bytes bytes;

    if (!state_folder(call->arena, &state, err) && err->kind != ERROR_ABSENT)
        return COMMAND_FAILED;
    if (!report_read(state, run_id, call->arena, &report, err))
        return err->kind == ERROR_ABSENT ? COMMAND_NO_DATA : COMMAND_FAILED;
    err->kind = ERROR_NONE;
    if (command_choice(call, OPTION_FORMAT) == 3)
        print_html(&face, &report);
    else if (command_choice(call, OPTION_FORMAT) == 2)
        print_json(&face, &report);
    else
        print_table(&face, &report, run_id != NULL);
    if (!writer_done(&out, &bytes, err))
        return COMMAND_FAILED;
    (void)fwrite(bytes.at, 1, bytes.size, call->out); /* the roof looks at whether it was written */
    return exit_of(&report, err);
}

const struct command command_report = {
    .name = "report",
    .help = "the runs of this machine and what was proved of each",
    .more = "Goes over the whole chain of evidence first: a record that was changed, removed or\n"
            "moved, or that another key signed, is told, and the exit status is then 1.",
    .options = options,
    .run = run,
};
