/*
 * Findings of hosts, written lazily: when a host commits an inventory, or checks in for the first time under newer
 * advisories. What is true of the fleet is in the index at once; these rows are its history, host by host: what opened when,
 * and what closed.
 */
#include <stdlib.h>

#include "base/limits.h"
#include "base/log.h"
#include "base/own.h"
#include "format/json.h"
#include "identify/fleet_index.h"
#include "server/desk_fixes.h"
#include "server/readers.h"
#include "store/fleet_read.h"

#define HOSTS_A_TURN 256 /* one commit; about 100 KB of findings */

/* ---- names of fixes ---- */

bool desk_fix_name(const struct fleet_index_fix *fix, struct arena *arena, struct text *out,
                   struct error *err)
{
    *out = text_format(arena, "%.*s:%.*s:%.*s", TEXT_ARG(fix->release), TEXT_ARG(fix->source),
                       TEXT_ARG(fix->fixed));
    return out->at != NULL || arena_full(arena, err);
}

/* As many ids as there is room for: a kernel's fix closes hundreds. */
static bool write_about(struct server *server, const struct fleet_index_fix *fix, struct arena *arena,
                        struct text *out, struct error *err)
{
    OWN(writer_end) struct writer w = writer_with(LIMIT_FLEET_ABOUT);
    struct text *ids;
    size_t count;

    if (!fleet_index_fix_ids(server->index, fix->number, arena, &ids, &count, err))
        return false;
    struct json_writer j = json_writer_with(&w, false);
    json_open_object(&j);
    json_name(&j, "fixed");
    json_put_text(&j, fix->fixed);
    json_name(&j, "ids");
    json_open_array(&j);
    for (size_t i = 0; i < count && w.size < LIMIT_FLEET_ABOUT - 2048; i++)
        json_put_text(&j, ids[i]);
    json_close_array(&j);
    json_name(&j, "release");
    json_put_text(&j, fix->release);
    json_name(&j, "source");
    json_put_text(&j, fix->source);
    json_close_object(&j);
    struct bytes written;
    if (!writer_done(&w, &written, err))
        return false;
    *out = text_copy(arena, (struct text){(const char *)written.at, written.size});
    return out->at != NULL || arena_full(arena, err);
}

bool desk_fix_write(struct server *server, const struct fleet_index_fix *fix, struct arena *arena,
                    struct fleet_write *out, struct error *err)
{
    *out = (struct fleet_write){.kind = FLEET_WRITE_FIX};
    return desk_fix_name(fix, arena, &out->fix.name, err) &&
           fleet_fix_number(out->fix.name, &out->fix.number, err) &&
           write_about(server, fix, arena, &out->fix.about, err);
}

/* ---- one turn ---- */

struct turn {
    struct server *server;
    struct arena *arena;
    struct fleet_store *reader;
    struct fleet_write *writes;
    size_t count, capacity;
    struct {
        uint32_t number;
        uint64_t generation, digest;
    } hosts[HOSTS_A_TURN]; /* whose findings are told by the writes */
    size_t host_count;
};

static bool put_write(struct turn *turn, const struct fleet_write *write, struct error *err)
{
    struct fleet_write *grown =
        arena_grow(turn->arena, turn->writes, turn->count, &turn->capacity, turn->count + 1, sizeof(*grown));

    if (grown == NULL)
        return arena_full(turn->arena, err);
    turn->writes = grown;
    grown[turn->count++] = *write;
    return true;
}

struct fix_set {
    int64_t *at; /* ascending */
    size_t count;
};

static int compare_fixes(const void *a, const void *b)
{
    int64_t x, y;

    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return (x > y) - (x < y);
}

/* The store's numbers of what the host is exposed to; a fix that the store does not have yet is put before them. */
static bool fixes_now(struct turn *turn, const struct fleet_index_findings *findings, struct fix_set *out,
                      struct error *err)
{
    out->at = ARENA_ARRAY(turn->arena, int64_t, findings->count);
    if (out->at == NULL)
        return arena_full(turn->arena, err);
    for (size_t i = 0; i < findings->count; i++) {
        struct fleet_write write;
        if (desk_fix_known(turn->server, findings->fixes[i].number, &out->at[i]))
            continue;
        if (!desk_fix_write(turn->server, &findings->fixes[i], turn->arena, &write, err) ||
            !put_write(turn, &write, err))
            return false;
        out->at[i] = write.fix.number;
        desk_fix_note(turn->server, findings->fixes[i].number, write.fix.number);
    }
    out->count = findings->count;
    qsort(out->at, out->count, sizeof(*out->at), compare_fixes);
    return true;
}

static bool fixes_before(struct turn *turn, int64_t hid, struct fix_set *out, struct error *err)
{
    struct fleet_finding_filter filter = {.hid = hid, .open_only = true, .limit = LIMIT_FLEET_PAGE};
    struct fleet_findings_page page = {.more = true};
    size_t capacity = 0;

    while (page.more) {
        if (!fleet_store_findings(turn->reader, &filter, turn->arena, &page, err))
            return false;
        int64_t *grown =
            arena_grow(turn->arena, out->at, out->count, &capacity, out->count + page.count, sizeof(*grown));
        if (grown == NULL)
            return arena_full(turn->arena, err);
        out->at = grown;
        for (size_t i = 0; i < page.count; i++)
            out->at[out->count++] = page.at[i].fix;
        if (page.count == 0)
            break;
        filter.after_number = page.at[page.count - 1].fix;
        filter.after_opened_us = page.at[page.count - 1].opened_us;
    }
    if (out->count > 0)
        qsort(out->at, out->count, sizeof(*out->at), compare_fixes);
    return true;
}

/* What of `a` is not in `b`. */
static bool difference(struct arena *arena, const struct fix_set *a, const struct fix_set *b,
                       struct fix_set *out, struct error *err)
{
    out->at = ARENA_ARRAY(arena, int64_t, a->count);
    if (out->at == NULL)
        return arena_full(arena, err);
    for (size_t i = 0, j = 0; i < a->count; i++) {
        while (j < b->count && b->at[j] < a->at[i])
            j++;
        if ((j == b->count || b->at[j] != a->at[i]) && (i == 0 || a->at[i] != a->at[i - 1]))
            out->at[out->count++] = a->at[i];
    }
    return true;
}

static bool put_difference(struct turn *turn, const struct host_row *host,
                           const struct fleet_index_findings *findings, struct error *err)
{
    struct fix_set now = {.count = 0}, before = {.count = 0}, opened = {.count = 0}, closed = {.count = 0};

    if (!fixes_now(turn, findings, &now, err) || !fixes_before(turn, host->hid, &before, err) ||
        !difference(turn->arena, &now, &before, &opened, err) ||
        !difference(turn->arena, &before, &now, &closed, err))
        return false;
    if (opened.count + closed.count > LIMIT_FLEET_FINDINGS)
        return error_set(err, ERROR_LIMIT, "%zu findings of one host at once", opened.count + closed.count);
    struct fleet_write write = {.kind = FLEET_WRITE_FINDINGS,
                                .findings = {.hid = host->hid,
                                             .generation = findings->generation,
                                             .at_us = server_now_us(turn->server),
                                             .opened = opened.at,
                                             .opened_count = opened.count,
                                             .closed = closed.at,
                                             .closed_count = closed.count}};
    return put_write(turn, &write, err);
}

/* Nothing is known of a host without an inventory, or of a release without advisories: then nothing opens, and nothing closes. */
static bool look_at(struct turn *turn, uint32_t number, struct error *err)
{
    struct fleet_index_findings findings;
    struct host_row host;
    struct error why;

    if (!host_table_at(turn->server->hosts, number, &host))
        return true;
    if ((host.flags & FLEET_HOST_REMOVED) != 0) {
        fleet_index_drop(turn->server->index, number);
        return true;
    }
    if (!fleet_index_findings(turn->server->index, number, turn->arena, &findings, &why)) {
        if (why.kind != ERROR_ABSENT)
            *err = why;
        return why.kind == ERROR_ABSENT;
    }
    if (findings.digest == host.findings_digest) {
        host_table_set_findings(turn->server->hosts, number, findings.generation, findings.digest);
        return true;
    }
    if (!put_difference(turn, &host, &findings, err))
        return false;
    turn->hosts[turn->host_count].number = number;
    turn->hosts[turn->host_count].generation = findings.generation;
    turn->hosts[turn->host_count++].digest = findings.digest;
    return true;
}

static bool carry_out(struct turn *turn, struct error *err)
{
    struct fleet_result *results = ARENA_ARRAY(turn->arena, struct fleet_result, turn->count);

    if (results == NULL)
        return arena_full(turn->arena, err);
    for (size_t i = 0; i < turn->count; i += LIMIT_FLEET_BATCH) {
        size_t count = turn->count - i < LIMIT_FLEET_BATCH ? turn->count - i : LIMIT_FLEET_BATCH;
        if (!committer_write(turn->server->committer, turn->writes + i, count, results + i, err))
            return false;
    }
    for (size_t i = 0; i < turn->count; i++)
        if (results[i].outcome != FLEET_OUTCOME_DONE)
            return error_set(err, ERROR_SYSTEM, "findings: %s", results[i].why);
    for (size_t i = 0; i < turn->host_count; i++)
        host_table_set_findings(turn->server->hosts, turn->hosts[i].number, turn->hosts[i].generation,
                                turn->hosts[i].digest);
    return true;
}

static bool take_turn(struct server *server, const uint32_t *numbers, size_t count, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(LIMIT_FLEET_MEMORY);
    OWN(readers_give) struct reader_lease lease = {0};
    struct turn *turn = ARENA_NEW(&arena, struct turn);

    if (turn == NULL)
        return arena_full(&arena, err);
    if (!readers_take(server, &lease, err))
        return false;
    turn->server = server;
    turn->arena = &arena;
    turn->reader = lease.store;
    for (size_t i = 0; i < count; i++)
        if (!look_at(turn, numbers[i], err))
            return false;
    return turn->count == 0 || carry_out(turn, err);
}

static bool tick(struct server *server, struct error *err)
{
    uint32_t numbers[HOSTS_A_TURN];
    size_t count;

    while ((count = host_table_take_owed(server->hosts, numbers, HOSTS_A_TURN)) > 0)
        if (!take_turn(server, numbers, count, err)) {
            desk_fixes_forget(server); /* which of them are stored is not known any more */
            for (size_t i = 0; i < count; i++)
                host_table_owe_findings(server->hosts, numbers[i]);
            return false;
        }
    return true;
}

const struct server_part desk_findings_part = {.name = "findings", .tick_s = 1, .tick = tick};
