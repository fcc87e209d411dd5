/*
 * suture repo verify: a repository as a machine sees it that never saw it before.
 *
 *     Repository /srv/repo: whole. A new machine believes all of it.
 *      ROLE       VERSION  AGE     EXPIRES      SIGNED BY         WHAT IT SAYS
 *      root             2  3 d     21 Nov 2027  anna, ben, carla  who may sign for what
 *      timestamp       71  40 min  28 Nov       the server        that this is the newest there is
 */
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "cli/print_repo.h"
#include "cli/words.h"

enum { OPTION_FORMAT, OPTION_NOW };
static const struct command_option options[] = {
    [OPTION_FORMAT] = {"format", OPTION_CHOICE, "table|json", "how to print it"},
    [OPTION_NOW] = {"now", OPTION_TIME, "TIME", "as it is seen at this time"},
    {0},
};

enum { CELL_ROLE, CELL_VERSION, CELL_AGE, CELL_EXPIRES, CELL_SIGNED, CELL_WHAT, CELL_COUNT };
static const struct screen_column columns[CELL_COUNT] = {
    [CELL_ROLE] = {"ROLE", 10, 24, false},
    [CELL_VERSION] = {"VERSION", 7, 8, true},
    [CELL_AGE] = {"AGE", 5, 8, false},
    [CELL_EXPIRES] = {"EXPIRES", 7, 20, false},
    [CELL_SIGNED] = {"SIGNED BY", 10, 40, false},
    [CELL_WHAT] = {"WHAT IT SAYS", 0, 60, false},
};

/* What is looked at: a repository's folder, or only what is public of one. */
struct subject {
    const char *name;
    struct repo repo; /* lock -1 and no folder: only what is public */
    struct repo_view view;
    int64_t now_us;
    struct arena *arena;
};

static void subject_end(struct subject *subject)
{
    repo_view_end(&subject->view);
    repo_close(&subject->repo);
}

/* ---- the screen ---- */

static enum screen_colour colour_of(enum repo_age age)
{
    return age == REPO_AGE_EXPIRED ? COLOUR_BAD : age == REPO_AGE_GOOD ? COLOUR_PLAIN : COLOUR_WARN;
}

static void fill_row(const struct subject *subject, const struct repo_view_role *role,
                     const struct zone *zone, struct text cells[CELL_COUNT])
{
    struct arena *arena = subject->arena;
    struct text day = words_day(arena, zone, role->metadata->expires_us, subject->now_us);
    const char *note = role->age == REPO_AGE_EXPIRED ? "expired" : role->age == REPO_AGE_SOON ? "soon" : NULL;

    cells[CELL_ROLE] = role->name;
    cells[CELL_VERSION] = text_format(arena, "%llu", (unsigned long long)role->metadata->version);
    cells[CELL_AGE] =
        role->made_us == TIME_ABSENT ? TEXT("-") : words_age(arena, role->made_us, subject->now_us);
    if (role->age == REPO_AGE_STALE)
        cells[CELL_AGE] = text_format(arena, "%.*s !", TEXT_ARG(cells[CELL_AGE]));
    cells[CELL_EXPIRES] = note == NULL ? day : text_format(arena, "%s %.*s", note, TEXT_ARG(day));
    cells[CELL_SIGNED] = print_repo_signers(&role->signers, arena);
    cells[CELL_WHAT] =
        role->row == NULL ? TEXT("not a role that this version knows") : text_of(role->row->what);
}

static void print_roles(const struct subject *subject, struct screen *screen)
{
    const struct repo_view *view = &subject->view;
    struct text(*cells)[CELL_COUNT] = arena_take_array(subject->arena, view->role_count + 1, sizeof(*cells));
    struct zone zone = words_local_zone(subject->arena);

    if (cells == NULL || view->role_count == 0)
        return;
    for (size_t i = 0; i < view->role_count; i++)
        fill_row(subject, &view->roles[i], &zone, cells[i]);
    struct screen_table table = screen_table_with(screen, columns, CELL_COUNT, cells[0], view->role_count);
    screen_head(screen, &table);
    for (size_t i = 0; i < view->role_count; i++)
        screen_row(screen, &table, cells[i], colour_of(view->roles[i].age));
}

static void print_notes(const struct subject *subject, struct screen *screen)
{
    const struct repo_view *view = &subject->view;
    char hex[DIGEST_HEX_MAX + 1];

    digest_hex(&view->first_root, hex);
    screen_labelled(screen, PRINT_REPO_LABEL, TEXT("files"),
                    text_format(subject->arena, "%.*s, %.*s",
                                TEXT_ARG(words_count(subject->arena, view->file_count, "file", "files")),
                                TEXT_ARG(words_size(subject->arena, view->file_bytes))),
                    COLOUR_PLAIN);
    screen_labelled(screen, PRINT_REPO_LABEL, TEXT("first root"),
                    text_format(subject->arena, "sha256 %s: what machines are given as 1.root.json", hex),
                    COLOUR_PLAIN);
    for (size_t i = 0; i < view->role_count; i++)
        if (view->roles[i].age == REPO_AGE_STALE)
            screen_labelled(screen, PRINT_REPO_LABEL, TEXT("(!) stale"),
                            text_format(subject->arena,
                                        "%.*s is older than it is meant to be: suture repo publish, "
                                        "and a timer that runs it every hour",
                                        TEXT_ARG(view->roles[i].name)),
                            COLOUR_WARN);
    if (view->solo)
        print_repo_solo(screen);
}

static bool print_table(const struct subject *subject, struct screen *screen, struct error *err)
{
    const struct repo_view *view = &subject->view;

    if (view->whole)
        screen_line(screen,
                    text_format(subject->arena, "Repository %s: whole. A new machine believes all of it.",
                                subject->name),
                    COLOUR_GOOD);
    else
        screen_line(
            screen,
            text_format(subject->arena, "Repository %s: NOT BELIEVED. %s", subject->name, view->why.text),
            COLOUR_BAD);
    if (view->read != NULL) {
        print_roles(subject, screen);
        print_notes(subject, screen);
    }
    if (subject->repo.folder == NULL)
        return true;
    print_repo_soon(screen, &subject->repo, subject->now_us);
    return print_repo_waiting(screen, &subject->repo, subject->now_us, err);
}

/* ---- JSON ---- */

static void put_names(struct json_writer *j, const char *name, const struct tuf_key *const *keys,
                      size_t count)
{
    json_name(j, name);
    json_open_array(j);
    for (size_t i = 0; i < count; i++)
        json_put_text(j, keys[i]->person.size > 0 ? keys[i]->person : keys[i]->id);
    json_close_array(j);
}

static void put_role(struct json_writer *j, const struct repo_view_role *role)
{
    json_open_object(j);
    json_name(j, "role");
    json_put_text(j, role->name);
    json_name(j, "version");
    json_put_u64(j, role->metadata->version);
    json_name(j, "made");
    json_put_time(j, role->made_us);
    json_name(j, "expires");
    json_put_time(j, role->metadata->expires_us);
    json_name(j, "state");
    json_put_string(j, repo_age_name(role->age));
    json_name(j, "online");
    json_put_bool(j, role->row != NULL && role->row->online);
    json_name(j, "threshold");
    json_put_u64(j, role->role.threshold);
    put_names(j, "signed_by", role->signers.keys, role->signers.count);
    json_name(j, "files");
    json_put_u64(j, role->metadata->type == TUF_TARGETS ? role->metadata->files.count : 0);
    json_close_object(j);
}

static void put_waiting(struct json_writer *j, const struct repo_waiting *waiting)
{
    json_open_object(j);
    json_name(j, "role");
    json_put_string(j, waiting->row->name);
    json_name(j, "version");
    json_put_u64(j, waiting->metadata->version);
    json_name(j, "enough");
    json_put_bool(j, waiting->enough);
    json_name(j, "asked");
    json_open_array(j);
    for (size_t i = 0; i < waiting->asked_count; i++) {
        json_open_object(j);
        json_name(j, "threshold");
        json_put_u64(j, waiting->asked[i].role.threshold);
        put_names(j, "signed_by", waiting->asked[i].signers.keys, waiting->asked[i].signers.count);
        put_names(j, "may_sign", waiting->asked[i].role.keys, waiting->asked[i].role.key_count);
        json_close_object(j);
    }
    json_close_array(j);
    json_close_object(j);
}

static bool put_all_waiting(struct json_writer *j, const struct repo *repo, struct error *err)
{
    json_name(j, "waiting");
    json_open_array(j);
    for (size_t i = 0; repo->folder != NULL && i < TREE_ROLE_COUNT; i++) {
        struct repo_waiting waiting;
        if (!repo_weigh(repo, &tree_roles[i], &waiting, err))
            return false;
        if (waiting.metadata != NULL)
            put_waiting(j, &waiting);
    }
    json_close_array(j);
    return true;
}

static bool print_json(const struct subject *subject, struct writer *out, struct error *err)
{
    struct json_writer j = json_writer_with(out, true);
    const struct repo_view *view = &subject->view;
    char hex[DIGEST_HEX_MAX + 1];

    json_open_object(&j);
    json_name(&j, "schema");
    json_put_string(&j, "suture.repo/1");
    json_name(&j, "now");
    json_put_time(&j, subject->now_us);
    json_name(&j, "whole");
    json_put_bool(&j, view->whole);
    json_name(&j, "why");
    if (view->whole)
        json_put_null(&j);
    else
        json_put_string(&j, view->why.text);
    json_name(&j, "solo");
    json_put_bool(&j, view->solo);
    json_name(&j, "first_root_sha256");
    if (view->first_root.kind == DIGEST_UNKNOWN) {
        json_put_null(&j);
    } else {
        digest_hex(&view->first_root, hex);
        json_put_string(&j, hex);
    }
    json_name(&j, "roles");
    json_open_array(&j);
    for (size_t i = 0; i < view->role_count; i++)
        put_role(&j, &view->roles[i]);
    json_close_array(&j);
    if (!put_all_waiting(&j, &subject->repo, err))
        return false;
    json_close_object(&j);
    writer_byte(out, '\n');
    return true;
}

/* ---- the command ---- */

/* DIR is a repository, or its public folder, which has "metadata" in it. */
static bool look(struct subject *subject, struct error *err)
{
    struct arena *arena = subject->arena;
    const char *settings = file_path(arena, subject->name, "repository.json");
    const char *metadata = file_path(arena, subject->name, "metadata");
    const char *targets = file_path(arena, subject->name, "targets");

    if (settings == NULL || metadata == NULL || targets == NULL)
        return arena_full(arena, err);
    if (file_exists(settings)) {
        if (!repo_open(subject->name, REPO_READ, arena, &subject->repo, err))
            return false;
        metadata = subject->repo.metadata;
        targets = subject->repo.targets;
    }
    if (!file_exists(metadata))
        return subject->repo.folder != NULL ||
               error_set(err, ERROR_ABSENT, "%s: neither a repository nor the public folder of one",
                         subject->name);
    return repo_view_read(metadata, targets, subject->now_us, arena, &subject->view, err);
}

static enum command_exit run(const struct command_call *call, struct error *err)
{
    OWN(writer_end) struct writer out = writer_with(PRINT_REPO_MAX);
    OWN(subject_end)
    struct subject subject = {
        .name = call->arguments[0], .repo = {.lock = -1}, .arena = call->arena, .now_us = time_now_us()};
    struct screen screen = screen_for_output(&out);

    if (command_given(call, OPTION_NOW))
        subject.now_us = command_us(call, OPTION_NOW);
    if (!look(&subject, err))
        return COMMAND_FAILED;
    if (subject.view.why.kind == ERROR_NONE && !subject.view.whole)
        (void)error_set(&subject.view.why, ERROR_ABSENT, "nothing is published yet");
    if (!(command_choice(call, OPTION_FORMAT) == 2 ? print_json(&subject, &out, err)
                                                   : print_table(&subject, &screen, err)) ||
        print_repo_out(call, &out, err) != COMMAND_DONE)
        return COMMAND_FAILED;
    if (subject.view.whole)
        return COMMAND_DONE;
    *err = subject.view.why;
    return COMMAND_FAILED;
}

const struct command command_repo_verify = {
    .name = "repo verify",
    .arguments = "DIR",
    .help = "a repository as a new machine sees it, and what waits for whom",
    .more = "DIR is a repository, or a copy of its public folder. Every signature, version and\n"
            "date is judged as machines judge it, and every file is read and compared. It\n"
            "fails when a machine would refuse any of it.",
    .options = options,
    .argument_min = 1,
    .argument_max = 1,
    .run = run,
};
