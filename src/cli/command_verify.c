/*
 * suture verify: did it help? Looks again at a run and seals what it found; or checks a record that somebody made.
 */
#include <inttypes.h>
#include <string.h>

#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "cli/command.h"
#include "cli/print_evidence.h"
#include "cli/words.h"
#include "flow/policy_path.h"
#include "flow/verify.h"
#include "verify/old_code.h"
#include "verify/verdict.h"

#define OUTPUT_MAX (64 * MIB)

enum { OPTION_RUN, OPTION_RESTART, OPTION_RECORD, OPTION_KEY, OPTION_POLICY, OPTION_NOW, OPTION_FORMAT };
static const struct command_option options[] = {
    [OPTION_RUN] = {"run", OPTION_TEXT, "RUN", "this run; the last one when it is not given"},
    [OPTION_RESTART] = {"restart", OPTION_SWITCH, NULL,
                        "restart the services that run old code, then look again"},
    [OPTION_RECORD] = {"record", OPTION_FILE, "FILE", "check this record instead, whoever made it"},
    [OPTION_KEY] = {"key", OPTION_TEXT, "HEX", "with --record: the public key that must have signed it"},
    [OPTION_POLICY] = {"policy", OPTION_FILE, "FILE",
                       "a policy file instead of the configured or built-in one"},
    [OPTION_NOW] = {"now", OPTION_TIME, "TIME", "judge as of this time; nothing is written then"},
    [OPTION_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print it"},
    {0},
};

/* What is shown. */
struct face {
    const struct command_call *call;
    struct writer *out;
    struct screen screen;
    struct zone zone;
    bool json;
};

/* NO: something did not help. UNKNOWN: it could not be judged. The holes count, for they are why it was done. */
static enum command_exit exit_of(const struct evidence *evidence, struct error *err)
{
    struct verdict_holes holes = verdict_count_holes(evidence);
    enum proof worst = verdict_worst(evidence);

    if (worst == PROOF_NO || holes.open > 0 || holes.restart_needed > 0) {
        (void)error_set(err, ERROR_CONFLICT, "run %s: %s", evidence->run,
                        evidence->applied.proof == PROOF_NO ? "not applied as planned"
                        : evidence->works.proof == PROOF_NO ? "something does not work that did before"
                        : evidence->old_code_gone.proof == PROOF_NO ? "old code still runs"
                        : holes.open > 0                            ? "holes are still open"
                                                                    : "old code may still run");
        return COMMAND_FAILED;
    }
    if (worst == PROOF_UNKNOWN || holes.unknown > 0) {
        (void)error_set(err, ERROR_ABSENT, "run %s: not everything could be judged", evidence->run);
        return COMMAND_NO_DATA;
    }
    return COMMAND_DONE;
}

static enum command_exit show(struct face *face, struct error *err)
{
    struct bytes bytes;

    if (!writer_done(face->out, &bytes, err))
        return COMMAND_FAILED;
    (void)fwrite(bytes.at, 1, bytes.size, face->call->out); /* the roof looks at whether it was written */
    return COMMAND_DONE;
}

/* ---- a run of this machine ---- */

struct kept {
    bool sealed;
    struct seal seal;
    const char *path;
    char fingerprint[FINGERPRINT_SIZE + 1];
};

static struct text unit_list(const struct verify_restarted *restarted, struct arena *arena)
{
    struct text list = restarted->reexec ? TEXT("systemd itself") : (struct text){0};

    for (size_t i = 0; i < restarted->count; i++)
        list = text_format(arena, "%.*s%s%.*s", TEXT_ARG(list), list.size > 0 ? ", " : "",
                           TEXT_ARG(restarted->units[i]));
    return list;
}

static void print_next(struct face *face, const struct evidence *evidence)
{
    struct arena *arena = face->call->arena;
    struct verify_restarted restarted = {.count = 0};
    struct old_code_units units;
    struct error ignored; /* a hint that has no room is none */

    if (evidence->process_count == 0 || !old_code_units(evidence, arena, &units, &ignored) ||
        units.count == 0)
        return;
    restarted.units = units.names;
    restarted.count = units.count;
    screen_line(&face->screen,
                text_format(arena, "Next: suture verify --restart restarts %.*s",
                            TEXT_ARG(unit_list(&restarted, arena))),
                COLOUR_PLAIN);
}

static void print_run(struct face *face, const struct evidence *evidence,
                      const struct verify_restarted *restarted, const struct kept *kept)
{
    struct arena *arena = face->call->arena;
    struct text moment = words_moment(arena, &face->zone, evidence->made_us);
    struct text begun = words_moment(arena, &face->zone, evidence->begun_us);

    screen_line(&face->screen,
                text_format(arena, "Suture · verify · %.*s · %.*s · %.*s", TEXT_ARG(evidence->host),
                            TEXT_ARG(evidence->release), TEXT_ARG(moment)),
                COLOUR_HEAD);
    const char *asked = command_text(face->call, OPTION_RUN);
    if (asked != NULL && strcmp(asked, evidence->run) != 0)
        screen_line(&face->screen,
                    text_format(arena, "Run %s was taken back by run %s, which is judged here:", asked,
                                evidence->run),
                    COLOUR_PLAIN);
    screen_line(&face->screen,
                text_format(arena, "Run %s of %.*s: %s%s", evidence->run, TEXT_ARG(begun),
                            run_state_name(evidence->outcome),
                            evidence->takes_back ? "; everything is to be as it was before" : ""),
                COLOUR_PLAIN);
    if (restarted->count > 0 || restarted->reexec)
        screen_labelled(&face->screen, 15, TEXT("restarted"), unit_list(restarted, arena), COLOUR_PLAIN);
    print_evidence(&face->screen, evidence, arena);
    print_next(face, evidence);
    if (kept->sealed)
        screen_line(&face->screen,
                    text_format(arena, "Evidence %" PRIu64 ": %s, signed by %s", kept->seal.number,
                                kept->path, kept->fingerprint),
                    COLOUR_DIM);
}

static void print_run_json(struct face *face, const struct evidence *evidence,
                           const struct verify_restarted *restarted, const struct kept *kept)
{
    struct json_writer j = json_writer_with(face->out, true);

    json_open_object(&j);
    json_name(&j, "schema");
    json_put_string(&j, "suture.verify/1");
    json_name(&j, "restarted");
    json_open_array(&j);
    for (size_t i = 0; i < restarted->count; i++)
        json_put_text(&j, restarted->units[i]);
    json_close_array(&j);
    json_name(&j, "evidence");
    if (kept->sealed) {
        json_open_object(&j);
        json_name(&j, "number");
        json_put_u64(&j, kept->seal.number);
        json_name(&j, "chain");
        json_put_string(&j, kept->seal.chain);
        json_name(&j, "file");
        json_put_string(&j, kept->path);
        json_name(&j, "fingerprint");
        json_put_string(&j, kept->fingerprint);
        json_close_object(&j);
    } else {
        json_put_null(&j);
    }
    print_evidence_json(&j, evidence, face->call->arena);
    json_close_object(&j);
    writer_byte(face->out, '\n');
}

static bool request_of(const struct command_call *call, const char *state, struct verify_request *out,
                       struct error *err)
{
    int64_t now_us = command_us(call, OPTION_NOW);

    *out = (struct verify_request){
        .scan = {.state = state,
                 .root = "/",
                 .policy = command_text(call, OPTION_POLICY),
                 .now_us = now_us != TIME_ABSENT ? now_us : time_now_us(),
                 .now_given = now_us != TIME_ABSENT},
        .processes = "/proc",
        .tool = "suture " SUTURE_VERSION,
    };
    return out->scan.policy != NULL ||
           policy_path(state, out->scan.now_us, call->arena, &out->scan.policy, err);
}

struct restarting {
    struct verify_restarted units;
    struct error failed; /* what systemctl said, or nothing */
};

/* After a restart everything is looked at again; only that look is kept. */
static bool look(const struct command_call *call, const struct verify_request *request,
                 const struct evidence *former, struct restarting *restarting, struct evidence *out,
                 struct error *err)
{
    if (!verify_again(request, former, call->arena, out, err))
        return false;
    if (!command_given(call, OPTION_RESTART) || out->process_count == 0)
        return true;
    /* What could not be restarted is told at the end; what was, is looked at. */
    if (!verify_restart(out, RESTART_SYSTEMCTL, call->arena, &restarting->units, &restarting->failed))
        (void)error_at(&restarting->failed, "not everything could be restarted");
    return verify_again(request, former, call->arena, out, err);
}

static bool keep(const struct verify_request *request, const struct evidence *evidence, struct arena *arena,
                 struct kept *out, struct error *err)
{
    const struct state state = {request->scan.state};

    if (request->scan.now_given)
        return true;
    out->sealed = true;
    if (!verify_keep(request->scan.state, evidence, arena, &out->seal, err) ||
        !public_key_fingerprint(&out->seal.key, out->fingerprint, err))
        return false;
    out->path = evidence_path(&state, out->seal.number, arena);
    return out->path != NULL || arena_full(arena, err);
}

static enum command_exit run_verify(struct face *face, const char *state, struct error *err)
{
    const struct command_call *call = face->call;
    struct restarting restarting = {.failed = {.kind = ERROR_NONE}};
    struct kept kept = {.sealed = false};
    struct evidence former, evidence;
    struct verify_request request;

    if (command_given(call, OPTION_RESTART) && (!os_is_root() || command_given(call, OPTION_NOW)))
        return command_wrong(err, os_is_root() ? "--restart changes this machine, --now looks at another time"
                                               : "--restart needs root");
    if (!report_former(state, command_text(call, OPTION_RUN), call->arena, &former, err))
        return err->kind == ERROR_ABSENT ? COMMAND_NO_DATA : COMMAND_FAILED;
    if (!request_of(call, state, &request, err) ||
        !look(call, &request, &former, &restarting, &evidence, err) ||
        !keep(&request, &evidence, call->arena, &kept, err))
        return COMMAND_FAILED;
    if (face->json)
        print_run_json(face, &evidence, &restarting.units, &kept);
    else
        print_run(face, &evidence, &restarting.units, &kept);
    enum command_exit shown = show(face, err);
    if (shown == COMMAND_DONE && restarting.failed.kind != ERROR_NONE) {
        *err = restarting.failed;
        return COMMAND_FAILED;
    }
    return shown == COMMAND_DONE ? exit_of(&evidence, err) : shown;
}

/* ---- a record from anywhere ---- */

static const char *key_sentence(enum report_key key)
{
    switch (key) {
    case REPORT_KEY_OWN:
        return "this machine's own";
    case REPORT_KEY_GIVEN:
        return "the one given with --key";
    case REPORT_KEY_STRANGE:
    default:
        return "the one that stands in the record: nobody here vouches for it; --key HEX asks for the one "
               "you know";
    }
}

static const char *place_sentence(enum report_place place)
{
    switch (place) {
    case REPORT_PLACE_SAME:
        return "kept on this machine with the same bytes";
    case REPORT_PLACE_OTHER:
        return "this machine's chain, which has something else there: one of the two was changed";
    case REPORT_PLACE_STRANGE:
    default:
        return "a chain that is not kept here: whether records are missing from it cannot be seen";
    }
}

static void print_record(struct face *face, const struct report_check *check)
{
    struct arena *arena = face->call->arena;
    const struct evidence *evidence = &check->evidence;
    struct text moment = words_moment(arena, &face->zone, evidence->made_us);

    screen_line(&face->screen,
                text_format(arena, "Evidence of %.*s · %.*s · %s of run %s · %.*s", TEXT_ARG(evidence->host),
                            TEXT_ARG(evidence->release), evidence_kind_name(evidence->kind), evidence->run,
                            TEXT_ARG(moment)),
                COLOUR_HEAD);
    screen_labelled(&face->screen, 15, TEXT("signature"),
                    text_format(arena, "holds · %s", check->fingerprint), COLOUR_GOOD);
    screen_labelled(&face->screen, 15, TEXT("key"), text_of(key_sentence(check->key)),
                    check->key == REPORT_KEY_STRANGE ? COLOUR_WARN : COLOUR_GOOD);
    screen_labelled(&face->screen, 15, TEXT("chain"),
                    text_format(arena, "record %" PRIu64 " of %s: %s", check->seal.number, check->seal.chain,
                                place_sentence(check->place)),
                    check->place == REPORT_PLACE_OTHER ? COLOUR_BAD : COLOUR_PLAIN);
    screen_labelled(&face->screen, 15, TEXT("verdicts"),
                    TEXT("made again from the facts in the record: the same"), COLOUR_GOOD);
    print_evidence(&face->screen, evidence, arena);
}

static void print_record_json(struct face *face, const struct report_check *check)
{
    static const char *const keys[] = {"record", "given", "own"};
    static const char *const places[] = {"other-chain", "same", "differs"};
    struct json_writer j = json_writer_with(face->out, true);

    json_open_object(&j);
    json_name(&j, "schema");
    json_put_string(&j, "suture.verify-record/1");
    json_name(&j, "signature");
    json_put_string(&j, "holds");
    json_name(&j, "key");
    json_put_string(&j, keys[check->key]);
    json_name(&j, "fingerprint");
    json_put_string(&j, check->fingerprint);
    json_name(&j, "chain");
    json_put_string(&j, check->seal.chain);
    json_name(&j, "number");
    json_put_u64(&j, check->seal.number);
    json_name(&j, "place");
    json_put_string(&j, places[check->place]);
    json_name(&j, "recomputed");
    json_put_bool(&j, true);
    print_evidence_json(&j, &check->evidence, face->call->arena);
    json_close_object(&j);
    writer_byte(face->out, '\n');
}

static enum command_exit run_record(struct face *face, const char *state, struct error *err)
{
    const struct command_call *call = face->call;
    const char *hex = command_text(call, OPTION_KEY);
    struct report_check check;
    struct public_key key;

    if (hex != NULL && !public_key_parse(text_of(hex), &key, err))
        return command_wrong(err, "--key: \"%.70s\" is no public key of 64 hexadecimal digits", hex);
    if (!report_check_file(command_text(call, OPTION_RECORD), state, hex != NULL ? &key : NULL, call->arena,
                           &check, err))
        return COMMAND_FAILED;
    if (face->json)
        print_record_json(face, &check);
    else
        print_record(face, &check);
    enum command_exit shown = show(face, err);
    if (shown == COMMAND_DONE && check.place == REPORT_PLACE_OTHER) {
        (void)error_set(err, ERROR_TRUST, "record %" PRIu64 " of this machine's chain is another one",
                        check.seal.number);
        return COMMAND_FAILED;
    }
    return shown;
}

static enum command_exit run(const struct command_call *call, struct error *err)
{
    OWN(writer_end) struct writer out = writer_with(OUTPUT_MAX);
    struct face face = {.call = call,
                        .out = &out,
                        .screen = screen_for_output(&out),
                        .zone = words_local_zone(call->arena),
                        .json = command_choice(call, OPTION_FORMAT) == 2};
    const char *state = NULL;
    bool record = command_given(call, OPTION_RECORD);

    if (record && (command_given(call, OPTION_RUN) || command_given(call, OPTION_RESTART)))
        return command_wrong(err, "--record checks a file; --run and --restart are about this machine");
    if (!record && command_given(call, OPTION_KEY))
        return command_wrong(err, "--key goes with --record");
    if (!state_folder(call->arena, &state, err) && err->kind != ERROR_ABSENT)
        return COMMAND_FAILED;
    err->kind = ERROR_NONE;
    return record ? run_record(&face, state, err) : run_verify(&face, state, err);
}

const struct command command_verify = {
    .name = "verify",
    .help = "did it help: applied, works, old code gone; and the signed evidence",
    .more = "Looks at what a run changed: the package database, the health checks that the\n"
            "policy names, what still runs replaced code, and which holes a scan of now no\n"
            "longer finds. What it found is sealed and kept as evidence. Exit status: 0 all\n"
            "of it holds, 1 something does not, 4 something could not be judged.\n"
            "\n"
            "With --record it checks a record that somebody else made: its signature, its\n"
            "place in its chain, and whether its verdicts follow from its facts.",
    .options = options,
    .run = run,
};
