#include "manager/installer_client.h"

#include <stdio.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "manager/dpkg_output.h"
#include "manager/dpkg_words.h"
#include "manager/execute_message.h"

/* Nothing of our own environment: what dpkg gets is made by suture-execute. */
static const char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", NULL};

bool installer_client_turn(struct installer_client *client, struct text run, struct arena *arena,
                           struct error *err)
{
    struct text copy = text_copy(arena, run);
    const char *packages = text_format(arena, "%s/runs/%.*s/packages", client->state, TEXT_ARG(run)).at;

    if (!dpkg_word_is_run(run))
        return error_set(err, ERROR_INPUT, "\"%.*s\" is no run", TEXT_ARG(run));
    if (copy.at == NULL || packages == NULL)
        return arena_full(arena, err);
    client->run = copy;
    client->packages = packages;
    return true;
}

bool installer_client_open(const struct installer_client_request *request, struct arena *arena,
                           struct installer_client *out, struct error *err)
{
    OWN(installer_client_end)
    struct installer_client client = {.helper = HELPER_NONE, .state = request->state};
    const char *const argv[] = {request->program, request->state, request->root, NULL};

    if (!installer_client_turn(&client, request->run, arena, err) ||
        !helper_start(argv, environment, &client.helper, err))
        return false;
    *out = client;
    client.helper = HELPER_NONE;
    return true;
}

void installer_client_end(struct installer_client *client)
{
    helper_end(&client->helper);
}

static bool ask(struct installer_client *client, struct execute_order *order, struct arena *arena,
                struct execute_answer *out, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_EXECUTE_MESSAGE);
    struct bytes raw;

    order->run = client->run;
    execute_order_write(&w, order);
    if (!writer_done(&w, &raw, err))
        return false;
    if (!frame_send(client->helper.fd, raw, err) ||
        !frame_receive(client->helper.fd, LIMIT_EXECUTE_MESSAGE, arena, &raw, err))
        return error_set(err, ERROR_SYSTEM, "suture-execute ended before it had answered to %s",
                         execute_operation_name(order->operation));
    if (!execute_answer_parse(raw, out, err))
        return error_at(err, "suture-execute");
    return out->kind == ERROR_NONE || error_set(err, out->kind, "%.*s", TEXT_ARG(out->problem));
}

/* A path that does not end in the digest is of a file that nobody will find. */
static bool check_paths(const struct installer_client *client, const struct package_group *group,
                        struct error *err)
{
    char path[LIMIT_PATH + 1], hex[DIGEST_HEX_MAX + 1];

    for (size_t i = 0; i < group->artifact_count; i++) {
        const struct trusted_artifact *artifact = &group->artifacts[i];
        digest_hex(&artifact->digest, hex);
        (void)snprintf(path, sizeof(path), "%s/%s.deb", client->packages, hex);
        if (artifact->path == NULL || strcmp(artifact->path, path) != 0)
            return error_set(err, ERROR_INPUT, "%.*s: its file does not lie in the run's folder",
                             TEXT_ARG(artifact->name));
    }
    return true;
}

static bool client_lock(void *self, uint32_t wait_ms, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct execute_order order = {.operation = EXECUTE_LOCK, .wait_ms = wait_ms};
    struct execute_answer answer;

    return ask(self, &order, &arena, &answer, err);
}

/* The last line that begins with "E: ", or the last one. */
static struct text complaint(struct bytes output)
{
    struct text rest = {(const char *)output.at, output.size}, line, last = {0}, error = {0};

    while (text_cut(&rest, '\n', &line)) {
        last = line.size > 0 ? line : last;
        error = text_starts(line, TEXT("E: ")) ? text_part(line, 3, SIZE_MAX) : error;
    }
    return text_part(error.size > 0 ? error : last, 0, 160);
}

static bool get_states(struct installer_client *client, struct arena *arena, struct dpkg_states *out,
                       struct error *err)
{
    struct execute_order order = {.operation = EXECUTE_AUDIT};
    struct execute_answer answer;

    if (!ask(client, &order, arena, &answer, err))
        return false;
    struct text why = complaint(answer.output);
    if (answer.status != 0)
        return error_set(err, ERROR_SYSTEM, "dpkg-query ends with %u: %.*s", answer.status, TEXT_ARG(why));
    return dpkg_states_read(answer.output, arena, out, err);
}

static bool is_whole(const struct dpkg_state *state)
{
    static const struct text whole[] = {{"installed", 9}, {"config-files", 12}, {"not-installed", 13}};

    for (size_t i = 0; i < sizeof(whole) / sizeof(*whole); i++)
        if (text_equal(state->state, whole[i]))
            return !state->needs_reinstall;
    return false;
}

static bool client_audit(void *self, struct arena *arena, struct package_audit *out, struct error *err)
{
    struct package_leftover *leftovers;
    struct dpkg_states states;
    size_t count = 0;

    if (!get_states(self, arena, &states, err))
        return false;
    leftovers = ARENA_ARRAY(arena, struct package_leftover, states.count);
    if (leftovers == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < states.count; i++) {
        const struct dpkg_state *state = &states.at[i];
        if (!is_whole(state))
            leftovers[count++] = (struct package_leftover){
                state->package, state->version, state->state,
                state->needs_reinstall || text_equal(state->state, TEXT("half-installed"))};
    }
    *out = (struct package_audit){leftovers, count};
    return true;
}

/* ---- whether a group is as it should be ---- */

static void blame(struct package_outcome *out, struct text name, struct text reason)
{
    out->done = false;
    if (out->failed.size > 0)
        return; /* dpkg said it better */
    out->failed = name;
    out->reason = reason;
}

static void judge_artifact(const struct dpkg_states *states, const struct trusted_artifact *artifact,
                           struct arena *arena, struct package_outcome *out)
{
    const struct dpkg_state *state =
        dpkg_states_find(states, &(struct package_key){artifact->name, artifact->arch});

    if (state == NULL)
        blame(out, artifact->name, TEXT("is not installed"));
    else if (!text_equal(state->version, artifact->version))
        blame(out, artifact->name,
              text_format(arena, "is of version %.*s, not %.*s", TEXT_ARG(state->version),
                          TEXT_ARG(artifact->version)));
    else if (!text_equal(state->state, TEXT("installed")) || state->needs_reinstall)
        blame(out, artifact->name, text_format(arena, "is %.*s", TEXT_ARG(state->state)));
}

static void judge_with(const struct dpkg_states *states, const struct package_group *group,
                       struct arena *arena, struct package_outcome *out)
{
    out->done = true;
    for (size_t i = 0; i < group->artifact_count; i++)
        judge_artifact(states, &group->artifacts[i], arena, out);
    for (size_t i = 0; i < group->removal_count; i++) {
        const struct dpkg_state *state = dpkg_states_find(states, &group->removals[i]);
        if (state != NULL && (text_equal(state->state, TEXT("installed")) || !is_whole(state)))
            blame(out, group->removals[i].name, TEXT("is still there"));
    }
    for (size_t i = 0; i < group->purge_count; i++) {
        const struct dpkg_state *state = dpkg_states_find(states, &group->purges[i]);
        if (state != NULL && !text_equal(state->state, TEXT("not-installed")))
            blame(out, group->purges[i].name, TEXT("is still there"));
    }
    if (out->done) {
        out->failed = (struct text){0};
        out->reason = (struct text){0};
    }
}

static bool judge(struct installer_client *client, const struct package_group *group, struct arena *arena,
                  struct package_outcome *out, struct error *err)
{
    struct dpkg_states states;

    if (!get_states(client, arena, &states, err))
        return false;
    judge_with(&states, group, arena, out);
    return true;
}

static bool run_group(struct installer_client *client, enum execute_operation operation,
                      const struct package_group *group, struct arena *arena, struct execute_answer *answer,
                      struct error *err)
{
    struct execute_order order = {.operation = operation, .group = *group};

    return check_paths(client, group, err) && ask(client, &order, arena, answer, err);
}

static bool client_install(void *self, const struct package_group *group, struct arena *arena,
                           struct package_outcome *out, struct error *err)
{
    struct package_outcome got = {0};
    struct execute_answer answer;

    if (!run_group(self, EXECUTE_INSTALL, group, arena, &answer, err))
        return false;
    got.status = (int)answer.status;
    if (!dpkg_output_read(answer.output, group, arena, &got, err) || !judge(self, group, arena, &got, err))
        return false;
    *out = got;
    return true;
}

/* ---- repair ---- */

/* Of the group those whose packages are not whole. */
static bool broken_of(const struct package_group *group, const struct package_audit *audit,
                      struct arena *arena, struct package_group *out, struct error *err)
{
    struct trusted_artifact *artifacts = ARENA_ARRAY(arena, struct trusted_artifact, group->artifact_count);
    size_t count = 0;

    if (artifacts == NULL)
        return arena_full(arena, err);
    for (size_t i = 0; i < group->artifact_count; i++)
        for (size_t k = 0; k < audit->count; k++)
            if (text_equal(audit->leftovers[k].package.name, group->artifacts[i].name) &&
                text_equal(audit->leftovers[k].package.arch, group->artifacts[i].arch))
                artifacts[count++] = group->artifacts[i];
    *out =
        (struct package_group){.artifacts = artifacts, .artifact_count = count, .rollback = group->rollback};
    return true;
}

static bool client_repair(void *self, const struct package_group *group, struct arena *arena,
                          struct package_outcome *out, struct error *err)
{
    struct execute_order order = {.operation = EXECUTE_CONFIGURE};
    struct package_outcome got = {0};
    struct package_group broken;
    struct execute_answer answer;
    struct package_audit audit;

    if (!ask(self, &order, arena, &answer, err) || !client_audit(self, arena, &audit, err) ||
        !broken_of(group, &audit, arena, &broken, err))
        return false;
    if (broken.artifact_count > 0 && (!run_group(self, EXECUTE_INSTALL, &broken, arena, &answer, err) ||
                                      !client_audit(self, arena, &audit, err)))
        return false;
    got.status = (int)answer.status;
    if (!dpkg_output_read(answer.output, group, arena, &got, err))
        return false;
    got.done = audit.count == 0;
    if (got.done) {
        got.failed = (struct text){0};
        got.reason = (struct text){0};
    } else {
        blame(&got, audit.leftovers[0].package.name,
              text_format(arena, "is %.*s", TEXT_ARG(audit.leftovers[0].state)));
    }
    *out = got;
    return true;
}

/* ---- the others ---- */

static bool client_simulate(void *self, const struct package_group *group, struct arena *arena,
                            struct package_changes *out, struct error *err)
{
    struct execute_answer answer;

    if (!run_group(self, EXECUTE_SIMULATE, group, arena, &answer, err))
        return false;
    struct text why = complaint(answer.output);
    if (answer.status != 0)
        return error_set(err, ERROR_CONFLICT, "apt refuses these packages: %.*s", TEXT_ARG(why));
    return dpkg_simulation_read(answer.output, arena, out, err);
}

/* Where the last mark begins, or SIZE_MAX: a script may have written others. */
static size_t find_mark(struct text output)
{
    size_t found = SIZE_MAX, from = 0, next;

    while ((next = text_find(text_part(output, from, SIZE_MAX), TEXT(EXECUTE_STATES_LINE))) != SIZE_MAX) {
        found = from + next;
        from = found + 1;
    }
    return found;
}

static bool client_rehearse(void *self, const struct package_group *group, struct arena *arena,
                            struct package_outcome *out, struct error *err)
{
    struct package_outcome got = {0};
    struct execute_answer answer;
    struct dpkg_states states;

    if (!run_group(self, EXECUTE_REHEARSE, group, arena, &answer, err))
        return false;
    struct text output = {(const char *)answer.output.at, answer.output.size};
    size_t mark = find_mark(output);
    if (mark == SIZE_MAX)
        return error_set(err, ERROR_INPUT, "the rehearsal does not tell what came of it");
    struct text told = text_part(output, mark + sizeof(EXECUTE_STATES_LINE) - 1, SIZE_MAX);
    answer.output.size = mark;
    got.status = (int)answer.status;
    if (!dpkg_states_read(bytes_of_text(told), arena, &states, err) ||
        !dpkg_output_read(answer.output, group, arena, &got, err))
        return false;
    judge_with(&states, group, arena, &got);
    *out = got;
    return true;
}

static bool client_mark(void *self, const struct package_mark *marks, size_t count, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_EXECUTE_MESSAGE * 2);
    struct execute_order order = {.operation = EXECUTE_MARK, .marks = marks, .mark_count = count};
    struct execute_answer answer;

    if (count == 0)
        return true;
    if (!ask(self, &order, &arena, &answer, err))
        return false;
    struct text why = complaint(answer.output);
    return answer.status == 0 || error_set(err, ERROR_SYSTEM, "apt-mark: %.*s", TEXT_ARG(why));
}

static bool client_restore(void *self, const char *run, const struct digest *seal, enum restore_part part,
                           struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct execute_order order = {.operation = EXECUTE_RESTORE, .restore = {part, text_of(run), *seal}};
    struct execute_answer answer;

    return ask(self, &order, &arena, &answer, err);
}

struct installer installer_client_door(struct installer_client *client)
{
    return (struct installer){
        .self = client,
        .lock = client_lock,
        .audit = client_audit,
        .repair = client_repair,
        .simulate = client_simulate,
        .rehearse = client_rehearse,
        .install = client_install,
        .mark = client_mark,
        .restore = client_restore,
    };
}
