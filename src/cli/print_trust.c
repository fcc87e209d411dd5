#include "cli/print_trust.h"

#include "cli/words.h"
#include "flow/trust_json.h"
#include "trust/tree.h"

#define LABEL_WIDTH 11

struct face {
    const struct trust_record *record;
    int64_t now_us;
    struct arena *arena;
    struct screen *screen;
    struct zone zone;
};

static void note(const struct face *face, const char *label, struct text text, enum screen_colour colour)
{
    screen_labelled(face->screen, LABEL_WIDTH, text_of(label), text, colour);
}

/* ---- roles ---- */

enum { CELL_ROLE, CELL_STATE, CELL_VERSION, CELL_SIGNED, CELL_EXPIRES, CELL_BY, CELL_WHAT, CELL_COUNT };

static const struct screen_column columns[CELL_COUNT] = {
    [CELL_ROLE] = {"ROLE", 4, 20, false},         [CELL_STATE] = {"STATE", 7, 7, false},
    [CELL_VERSION] = {"VERSION", 7, 10, true},    [CELL_SIGNED] = {"SIGNED", 6, 8, true},
    [CELL_EXPIRES] = {"EXPIRES", 7, 12, true},    [CELL_BY] = {"BY", 6, 14, false},
    [CELL_WHAT] = {"WHAT IT SAYS", 0, 60, false},
};

static enum screen_colour colour_of(enum trust_age age)
{
    static const enum screen_colour colours[TRUST_AGE_COUNT] = {[TRUST_AGE_UNKNOWN] = COLOUR_WARN,
                                                                [TRUST_FRESH] = COLOUR_PLAIN,
                                                                [TRUST_STALE] = COLOUR_WARN,
                                                                [TRUST_EXPIRED] = COLOUR_BAD,
                                                                [TRUST_ABSENT] = COLOUR_WARN};

    return colours[age];
}

static void fill_cells(const struct face *face, const struct trust_role *role, struct text cells[CELL_COUNT])
{
    const struct tree_role *known = tree_role_find(role->name);
    const bool held = role->version > 0;

    cells[CELL_ROLE] = role->name;
    cells[CELL_STATE] = text_of(trust_age_name(trust_role_age(role, face->now_us)));
    cells[CELL_VERSION] =
        held ? text_format(face->arena, "%llu", (unsigned long long)role->version) : TEXT("-");
    cells[CELL_SIGNED] =
        role->made_us == TIME_ABSENT ? TEXT("-") : words_age(face->arena, role->made_us, face->now_us);
    cells[CELL_EXPIRES] =
        held ? words_day(face->arena, &face->zone, role->expires_us, face->now_us) : TEXT("-");
    cells[CELL_BY] =
        held ? text_format(face->arena, "%u, needs %u", role->persons, role->threshold) : TEXT("-");
    cells[CELL_WHAT] = known == NULL ? TEXT("-") : text_of(known->what);
}

static void print_roles(const struct face *face)
{
    struct text(*cells)[CELL_COUNT] = arena_take_array(face->arena, face->record->role_count, sizeof(*cells));

    if (cells == NULL || face->record->role_count == 0)
        return;
    for (size_t i = 0; i < face->record->role_count; i++)
        fill_cells(face, &face->record->roles[i], cells[i]);
    struct screen_table table =
        screen_table_with(face->screen, columns, CELL_COUNT, cells[0], face->record->role_count);
    screen_head(face->screen, &table);
    for (size_t i = 0; i < face->record->role_count; i++) {
        const struct trust_role *role = &face->record->roles[i];
        screen_row(face->screen, &table, cells[i], colour_of(trust_role_age(role, face->now_us)));
        if (role->problem.size > 0)
            note(face, "(!)", role->problem, COLOUR_BAD);
    }
}

/* ---- orders ---- */

static struct text say_order(const struct face *face, const struct trust_order *order)
{
    const struct signed_order *o = &order->order;
    const int64_t end_us = signed_order_end_us(o, order->persons);
    struct text what = o->kind == SIGNED_ORDER_CRISIS ? text_of(level_name(o->level))
                       : o->everything                ? TEXT("everything")
                       : o->package.size > 0          ? o->package
                                                      : TEXT("files");

    if (face->now_us < order->begins_us)
        return text_format(face->arena, "%.*s, begins %.*s: %.*s (%.*s, %.*s)", TEXT_ARG(what),
                           TEXT_ARG(words_moment(face->arena, &face->zone, order->begins_us)),
                           TEXT_ARG(o->reason), TEXT_ARG(o->by), TEXT_ARG(o->id));
    return text_format(face->arena, "%.*s until %.*s: %.*s (%.*s, %.*s)", TEXT_ARG(what),
                       TEXT_ARG(words_moment(face->arena, &face->zone, end_us)), TEXT_ARG(o->reason),
                       TEXT_ARG(o->by), TEXT_ARG(o->id));
}

static void print_orders(const struct face *face)
{
    for (size_t i = 0; i < face->record->order_count; i++) {
        const struct trust_order *order = &face->record->orders[i];
        const char *state = trust_order_state(face->record, order, face->now_us);
        const bool waits = strcmp(state, "waits") == 0;
        if (strcmp(state, "ended") != 0)
            note(face, signed_order_kind_name(order->order.kind), say_order(face, order),
                 waits ? COLOUR_WARN : COLOUR_PLAIN);
    }
}

/* What one person signed in a solo tree is told before it counts: he is the one to notice that it was not he. */
static void print_policy(const struct face *face)
{
    const struct trust_file *policy = trust_record_policy(face->record, face->now_us);
    const struct trust_file *next = &face->record->next_policy;

    if (policy != NULL)
        note(face, "policy",
             text_format(face->arena, "of the repository, version %llu", (unsigned long long)policy->version),
             COLOUR_PLAIN);
    if (next->digest.kind != DIGEST_UNKNOWN && policy != next)
        note(face, "(!) policy",
             text_format(face->arena, "version %llu takes effect %.*s", (unsigned long long)next->version,
                         TEXT_ARG(words_moment(face->arena, &face->zone, next->begins_us))),
             COLOUR_WARN);
}

/* ---- the page ---- */

static void print_head(const struct face *face)
{
    const struct trust_record *record = face->record;
    struct text when =
        record->refreshed_us == TIME_ABSENT
            ? TEXT("never refreshed")
            : text_format(face->arena, "refreshed %.*s",
                          TEXT_ARG(words_moment(face->arena, &face->zone, record->refreshed_us)));

    screen_line(face->screen,
                text_format(face->arena, "%.*s · %.*s%s", TEXT_ARG(record->repository), TEXT_ARG(when),
                            record->solo ? " · SOLO" : ""),
                COLOUR_HEAD);
    if (record->problem.size > 0)
        note(face, "(!) failed",
             text_format(face->arena, "%.*s: %.*s; what was believed before stays",
                         TEXT_ARG(words_moment(face->arena, &face->zone, record->tried_us)),
                         TEXT_ARG(record->problem)),
             COLOUR_BAD);
    if (record->solo)
        note(face, "(!) solo",
             TEXT("one person signs alone, which is weaker: what otherwise needs two takes effect 24 hours "
                  "after this machine saw it"),
             COLOUR_WARN);
}

void print_trust(struct screen *screen, const struct trust_record *record, int64_t now_us,
                 struct arena *arena)
{
    const struct face face = {record, now_us, arena, screen, words_local_zone(arena)};

    print_head(&face);
    print_orders(&face);
    print_policy(&face);
    print_roles(&face);
}

static struct text roles_that_are(const struct trust_record *record, enum trust_age age, int64_t now_us,
                                  struct arena *arena)
{
    struct text line = TEXT("");

    for (size_t i = 0; i < record->role_count; i++)
        if (trust_role_age(&record->roles[i], now_us) == age)
            line = text_format(arena, "%.*s%s%.*s", TEXT_ARG(line), line.size > 0 ? ", " : "",
                               TEXT_ARG(record->roles[i].name));
    return line;
}

struct text print_trust_line(const struct trust_record *record, int64_t now_us, struct arena *arena,
                             bool *bad)
{
    static const struct {
        enum trust_age age;
        const char *word;
    } ages[] = {{TRUST_EXPIRED, "EXPIRED"},
                {TRUST_STALE, "STALE"},
                {TRUST_ABSENT, "ABSENT"},
                {TRUST_AGE_UNKNOWN, "OF UNKNOWN AGE"}};
    const struct trust_role *timestamp = trust_record_role(record, TEXT("timestamp"));
    struct text line = TEXT("");

    for (size_t i = 0; i < sizeof(ages) / sizeof(*ages); i++) {
        struct text names = roles_that_are(record, ages[i].age, now_us, arena);
        if (names.size > 0)
            line = text_format(arena, "%.*s%s%s %.*s", TEXT_ARG(line), line.size > 0 ? " · " : "",
                               ages[i].word, TEXT_ARG(names));
    }
    *bad = line.size > 0 || record->problem.size > 0 || record->role_count == 0;
    if (record->role_count == 0)
        line = TEXT("nothing was believed yet");
    else if (line.size == 0)
        line = text_format(arena, "fresh: %zu roles, timestamp %.*s old", record->role_count,
                           timestamp == NULL ? 1 : (int)words_age(arena, timestamp->made_us, now_us).size,
                           timestamp == NULL ? "-" : words_age(arena, timestamp->made_us, now_us).at);
    if (record->problem.size > 0)
        line = text_format(arena, "%.*s · %.*s", TEXT_ARG(record->problem), TEXT_ARG(line));
    return text_format(arena, "%.*s%s · suture trust status", TEXT_ARG(line), record->solo ? " · solo" : "");
}

void print_trust_json(struct writer *w, const struct trust_record *record, int64_t now_us)
{
    struct json_writer j = json_writer_with(w, true);

    json_open_object(&j);
    json_name(&j, "schema");
    json_put_string(&j, "suture.trust/1");
    json_name(&j, "now");
    json_put_time(&j, now_us);
    json_name(&j, "trust");
    if (record == NULL)
        json_put_null(&j);
    else
        trust_json_put(&j, record, now_us);
    json_close_object(&j);
    writer_byte(w, '\n');
}

/* ---- a root ---- */

void print_trust_root(struct screen *screen, const struct tuf_metadata *root, const struct digest *sha256,
                      struct arena *arena)
{
    const struct tuf_role *role = &root->roles[TUF_ROOT];
    char hex[DIGEST_HEX_MAX + 1];

    digest_hex(sha256, hex);
    screen_line(screen,
                text_format(arena, "root version %llu, %u of %zu keys change it%s",
                            (unsigned long long)root->version, role->threshold, role->key_count,
                            tree_is_solo(root) ? "; SOLO: one person alone, which is weaker" : ""),
                COLOUR_HEAD);
    screen_labelled(screen, LABEL_WIDTH, TEXT("sha256"), text_of(hex), COLOUR_PLAIN);
    for (size_t i = 0; i < role->key_count; i++)
        screen_labelled(screen, LABEL_WIDTH, TEXT("key"),
                        text_format(arena, "%.16s %.*s%s%.*s", text_string(arena, role->keys[i]->id),
                                    TEXT_ARG(role->keys[i]->person), role->keys[i]->duty.size > 0 ? ", " : "",
                                    TEXT_ARG(role->keys[i]->duty)),
                        COLOUR_PLAIN);
}
