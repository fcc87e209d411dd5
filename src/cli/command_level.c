/*
 * suture level: the machine's own order. Set by root it holds for the machine; a user's holds for that user's own scans.
 */
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "cli/caller.h"
#include "cli/command.h"
#include "cli/screen.h"
#include "cli/words.h"
#include "flow/level.h"
#include "format/json.h"
#include "store/state.h"

#define OUTPUT_MAX  (64 * KIB)
#define LABEL_WIDTH 9

enum { SET_REASON, SET_UNTIL, SET_FOR, SET_FORMAT };
static const struct command_option set_options[] = {
    [SET_REASON] = {"reason", OPTION_TEXT, "TEXT", "why; it is asked for, and shown wherever the level is"},
    [SET_UNTIL] = {"until", OPTION_TIME, "TIME",
                   "when it ends; 14 days from now when nothing is said, 30 at most"},
    [SET_FOR] = {"for", OPTION_DURATION, "14d", "the same as a length"},
    [SET_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print it"},
    {0},
};
enum { NORMAL_FORMAT };
static const struct command_option normal_options[] = {
    [NORMAL_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print it"},
    {0},
};
enum { STATUS_FORMAT, STATUS_NOW };
static const struct command_option status_options[] = {
    [STATUS_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print it"},
    [STATUS_NOW] = {"now", OPTION_TIME, "TIME", "what holds at this time"},
    {0},
};

/* What is printed: the order that is there now, the one before, and what holds. */
struct level_answer {
    int64_t now_us;
    const struct order *order, *former; /* or NULL */
    const char *former_why;             /* the former could not be read; NULL: it could, or there was none */
};

/* ---- JSON ---- */

static void put_time(struct json_writer *j, const char *name, int64_t us)
{
    json_name(j, name);
    json_put_time(j, us);
}

static void put_string(struct json_writer *j, const char *name, const char *string)
{
    json_name(j, name);
    json_put_string(j, string);
}

static void put_order(struct json_writer *j, const char *name, const struct order *order)
{
    json_name(j, name);
    if (order == NULL) {
        json_put_null(j);
        return;
    }
    json_open_object(j);
    put_string(j, "id", order->id);
    put_string(j, "level", level_name(order->level));
    json_name(j, "reason");
    json_put_text(j, order->reason);
    json_name(j, "by");
    json_put_text(j, order->by);
    put_time(j, "since", order->since_us);
    put_time(j, "begun", order->begun_us);
    put_time(j, "end", order->end_us);
    json_close_object(j);
}

static const char *phase_name(enum order_phase phase)
{
    static const char *const names[] = {
        [ORDER_NONE] = "none",     [ORDER_NOT_BEGUN] = "not-begun", [ORDER_IN_FORCE] = "in-force",
        [ORDER_FALLEN] = "fallen", [ORDER_ENDED] = "ended",
    };

    return names[phase];
}

static void print_json(const struct level_answer *answer, struct writer *out)
{
    struct json_writer j = json_writer_with(out, true);
    struct order_force force = order_at(answer->order, answer->now_us);

    json_open_object(&j);
    put_string(&j, "schema", "suture.level/1");
    put_time(&j, "now", answer->now_us);
    put_string(&j, "level", level_name(force.level));
    put_string(&j, "phase", phase_name(force.phase));
    put_time(&j, "end", force.end_us);
    put_string(&j, "next", level_name(force.next));
    json_name(&j, "ends_soon");
    json_put_bool(&j, force.ends_soon);
    put_order(&j, "order", answer->order);
    put_order(&j, "replaces", answer->former);
    json_name(&j, "machine");
    json_put_bool(&j, os_is_root());
    json_close_object(&j);
    writer_byte(out, '\n');
}

/* ---- the screen ---- */

struct face {
    const struct level_answer *answer;
    struct arena *arena;
    struct screen *screen;
    struct zone zone;
};

static void note(const struct face *face, const char *label, struct text text, enum screen_colour colour)
{
    screen_labelled(face->screen, LABEL_WIDTH, text_of(label), text, colour);
}

static void print_head(const struct face *face, const struct order_force *force)
{
    int64_t now_us = face->answer->now_us;

    if (force->end_us == TIME_ABSENT) {
        screen_line(face->screen, TEXT("Level normal."), COLOUR_HEAD);
        return;
    }
    struct text until = words_moment(face->arena, &face->zone, force->end_us);
    struct text left = words_age(face->arena, now_us, force->end_us);
    screen_line(face->screen,
                text_format(face->arena, "Level %s until %.*s (%.*s), then %s%s.", level_name(force->level),
                            TEXT_ARG(until), TEXT_ARG(left), level_name(force->next),
                            force->next == LEVEL_ESSENTIAL ? ", then normal" : ""),
                COLOUR_HEAD);
}

static void print_order(const struct face *face, const struct order_force *force)
{
    const struct order *order = face->answer->order;
    struct text begun = words_moment(face->arena, &face->zone, order->begun_us);
    struct text end = words_moment(face->arena, &face->zone, order->end_us);
    const char *besides = "";

    if (force->phase == ORDER_FALLEN)
        besides = "; it has ended, and the level fell by one step";
    else if (force->phase == ORDER_ENDED)
        besides = "; it has ended";
    else if (force->phase == ORDER_NOT_BEGUN)
        besides = "; that is not yet: it has no effect";
    note(face, "order",
         text_format(face->arena, "%s: %s from %.*s until %.*s%s", order->id, level_name(order->level),
                     TEXT_ARG(begun), TEXT_ARG(end), besides),
         COLOUR_PLAIN);
    note(face, "reason", order->reason, COLOUR_PLAIN);
    note(face, "by", order->by, COLOUR_PLAIN);
}

static void print_screen(const struct level_answer *answer, struct arena *arena, struct screen *screen)
{
    struct face face = {answer, arena, screen, words_local_zone(arena)};
    struct order_force force = order_at(answer->order, answer->now_us);

    print_head(&face, &force);
    if (answer->order != NULL)
        print_order(&face, &force);
    if (answer->former != NULL) {
        struct text end = words_moment(arena, &face.zone, answer->former->end_us);
        note(&face, answer->order == NULL ? "ended" : "replaces",
             text_format(arena, "order %s: %s until %.*s", answer->former->id,
                         level_name(answer->former->level), TEXT_ARG(end)),
             COLOUR_PLAIN);
    }
    if (answer->former_why != NULL)
        note(&face, "(!)", text_format(arena, "the order before could not be read: %s", answer->former_why),
             COLOUR_WARN);
    if (force.ends_soon)
        note(&face, "(!) ends", TEXT("within 72 hours; renewing is a new order: suture level ... --reason"),
             COLOUR_WARN);
    if (force.level != LEVEL_NORMAL)
        note(&face, "dates", TEXT("no deadline changes; suture postponed lists what waits"), COLOUR_PLAIN);
    if (!os_is_root() && answer->order != NULL)
        note(&face, "scope", TEXT("this user's own scans and plans; the machine's order is root's to set"),
             COLOUR_WARN);
}

static enum command_exit print_answer(const struct command_call *call, const struct level_answer *answer,
                                      bool as_json, struct error *err)
{
    OWN(writer_end) struct writer out = writer_with(OUTPUT_MAX);
    struct screen screen = screen_for_output(&out);
    struct bytes bytes;

    if (as_json)
        print_json(answer, &out);
    else
        print_screen(answer, call->arena, &screen);
    if (!writer_done(&out, &bytes, err))
        return COMMAND_FAILED;
    (void)fwrite(bytes.at, 1, bytes.size, call->out);
    return COMMAND_DONE;
}

/* ---- the commands ---- */

static enum command_exit set_level(const struct command_call *call, enum level level, struct error *err)
{
    const char *folder, *reason = command_text(call, SET_REASON);
    int64_t until_us = command_us(call, SET_UNTIL), for_us = command_us(call, SET_FOR);
    int64_t now_us = time_now_us();
    struct level_wish wish = {.level = level, .now_us = now_us - now_us % TIME_SECOND_US, .end_us = until_us};
    struct level_answer answer = {.now_us = wish.now_us};
    struct error former_why;

    if (reason == NULL)
        return command_wrong(err, "--reason TEXT is missing: say why");
    if (until_us != TIME_ABSENT && for_us != TIME_ABSENT)
        return command_wrong(err, "--until and --for say the same: give one of them");
    if (for_us != TIME_ABSENT)
        wish.end_us = for_us > ORDER_LENGTH_MAX_US ? INT64_MAX : wish.now_us + for_us;
    if (wish.end_us != TIME_ABSENT && wish.end_us <= wish.now_us)
        return command_wrong(err, "it would end before it begins");
    if (wish.end_us != TIME_ABSENT && wish.end_us - wish.now_us > ORDER_LENGTH_MAX_US)
        return command_wrong(err, "an order lasts 30 days at most; renewing is a new order");
    if (!text_from_bytes(bytes_of_text(text_of(reason)), LIMIT_ORDER_TEXT, &wish.reason, err)) {
        (void)error_at(err, "--reason");
        return COMMAND_WRONG_USAGE;
    }
    if (text_trim(wish.reason).size == 0)
        return command_wrong(err, "--reason is empty: say why");
    os_random(&wish.random, sizeof(wish.random));
    if (!caller_name(call->arena, &wish.by, err) || !state_folder(call->arena, &folder, err) ||
        !level_set(folder, &wish, call->arena, &answer.order, &answer.former, &former_why, err))
        return COMMAND_FAILED;
    answer.former_why = former_why.kind == ERROR_NONE ? NULL : former_why.text;
    return print_answer(call, &answer, command_choice(call, SET_FORMAT) == 2, err);
}

static enum command_exit run_essential(const struct command_call *call, struct error *err)
{
    return set_level(call, LEVEL_ESSENTIAL, err);
}

static enum command_exit run_emergency_only(const struct command_call *call, struct error *err)
{
    return set_level(call, LEVEL_EMERGENCY_ONLY, err);
}

static enum command_exit run_normal(const struct command_call *call, struct error *err)
{
    struct level_answer answer = {.now_us = time_now_us()};
    struct error former_why;
    const char *folder;

    if (!state_folder(call->arena, &folder, err) ||
        !level_end(folder, call->arena, &answer.former, &former_why, err))
        return COMMAND_FAILED;
    answer.former_why = former_why.kind == ERROR_NONE ? NULL : former_why.text;
    return print_answer(call, &answer, command_choice(call, NORMAL_FORMAT) == 2, err);
}

static enum command_exit run_status(const struct command_call *call, struct error *err)
{
    int64_t now_us = command_us(call, STATUS_NOW);
    struct level_answer answer = {.now_us = now_us == TIME_ABSENT ? time_now_us() : now_us};
    const char *folder;

    if (!state_folder(call->arena, &folder, err) ||
        !level_in_force(folder, answer.now_us, call->arena, &answer.order, err))
        return COMMAND_FAILED;
    return print_answer(call, &answer, command_choice(call, STATUS_FORMAT) == 2, err);
}

#define ENDS                                                                                                 \
    "An order has a reason and an end: 14 days when nothing is said, 30 at most; a new one\n"                \
    "replaces it. At its end the level falls by one step by itself. Deadlines stay as they\n"                \
    "are. Run by root it is the machine's; a user's is for that user's own scans."

const struct command command_level_essential = {
    .name = "level essential",
    .help = "take only what is exploited, or due before the order ends",
    .more = "Everything else waits, and suture postponed lists it. " ENDS,
    .options = set_options,
    .run = run_essential,
};

const struct command command_level_emergency_only = {
    .name = "level emergency-only",
    .help = "take only what is exploited or due within 72 hours, mitigate the rest",
    .more = "At its end the level is essential for as long as the order lasted, 14 days at most,\n"
            "and then normal. " ENDS,
    .options = set_options,
    .run = run_emergency_only,
};

const struct command command_level_normal = {
    .name = "level normal",
    .help = "end the order, if there is one",
    .more = "An order whose file cannot be read is ended too.",
    .options = normal_options,
    .run = run_normal,
};

const struct command command_level_status = {
    .name = "level status",
    .help = "which level holds here, by which order, and until when",
    .options = status_options,
    .run = run_status,
};
