#include "agent/status.h"

#include "agent/events.h"
#include "agent/inventory.h"
#include "agent/machine.h"
#include "base/limits.h"
#include "base/os.h"
#include "base/own.h"
#include "format/json.h"
#include "identify/os_release.h"

#define WAITING_MAX 1000

/* All that is told. */
struct view {
    struct agent agent;
    struct outbox_state outbox;
    struct outbox_batch waiting; /* the first of what is not acknowledged */
    struct machine_look look;
    struct os_names names;
    struct os_release os;
};

static bool take_view(struct arena *arena, struct view *out, struct error *err)
{
    OWN(outbox_close) struct outbox outbox = {0};
    struct error ignored;

    if (!os_release_read("/", arena, &out->os, &ignored))
        out->os = (struct os_release){0};
    return agent_open(&out->agent, arena, err) && events_open(&out->agent, &outbox, err) &&
           outbox_look(&outbox, &out->outbox, err) &&
           outbox_read(&outbox, WAITING_MAX, AGENT_OUTBOX_MAX, arena, &out->waiting, err) &&
           machine_look(&out->agent, &out->look, err) && os_names(arena, &out->names, err);
}

/* ---- JSON ---- */

static void put_text(struct json_writer *j, const char *name, struct text value)
{
    json_name(j, name);
    json_put_text(j, value);
}

static void put_number(struct json_writer *j, const char *name, uint64_t value)
{
    json_name(j, name);
    json_put_u64(j, value);
}

static void put_time(struct json_writer *j, const char *name, int64_t us)
{
    json_name(j, name);
    json_put_time(j, us == 0 ? TIME_ABSENT : us);
}

static void put_facts(struct json_writer *j, const struct view *view)
{
    json_name(j, "facts");
    json_open_object(j);
    put_text(j, "os", view->os.id);
    put_text(j, "release", view->os.codename);
    put_text(j, "host_name", view->names.host);
    put_text(j, "kernel", view->names.kernel_release);
    json_close_object(j);
}

static void put_checkin(struct json_writer *j, const struct view *view)
{
    json_name(j, "check_in");
    json_open_object(j);
    put_text(j, "version", TEXT(SUTURE_VERSION));
    put_number(j, "plan", view->agent.memory.plan);
    put_number(j, "advisories", view->agent.memory.advisories);
    put_time(j, "scanned", view->look.work.scanned_us);
    put_number(j, "flags", view->look.flags);
    put_text(j, "level", text_of(agent_level_name(view->look.work.level)));
    put_number(j, "due", view->look.work.due);
    put_number(j, "late", view->look.work.late);
    put_number(j, "open", view->look.work.open);
    put_number(j, "unknown", view->look.work.unknown);
    json_close_object(j);
}

/* Bodies are JSON, or sealed evidence that can be read with suture verify. */
static void put_events(struct json_writer *j, const struct view *view)
{
    json_name(j, "waiting_events");
    json_open_array(j);
    for (size_t i = 0; i < view->waiting.count; i++) {
        const struct outbox_event *event = &view->waiting.events[i];
        struct text body = {0};
        struct error ignored;
        json_open_object(j);
        put_number(j, "number", event->number);
        put_text(j, "kind", text_of(agent_event_kind_name((enum agent_event_kind)event->kind)));
        put_time(j, "made", event->made_us);
        if (event->kind != AGENT_EVENT_EVIDENCE &&
            text_from_lines(event->body, AGENT_EVENT_MAX, &body, &ignored))
            put_text(j, "body", body);
        else
            put_number(j, "bytes", event->body.size);
        json_close_object(j);
    }
    json_close_array(j);
}

static bool write_json(const struct view *view, bool collected, struct writer *out, struct error *err)
{
    struct json_writer j = json_writer_with(out, true);
    OWN(writer_end) struct writer packages = writer_with(LIMIT_SCAN_OUTPUT);
    const struct agent_enrolled *enrolled = &view->agent.enrolled;
    const struct agent_memory *memory = &view->agent.memory;
    char hex[FLEET_ID_HEX + 1];
    struct fleet_id fleet;
    struct host_id host;

    memcpy(fleet.at, enrolled->fleet, sizeof(fleet.at));
    memcpy(host.at, enrolled->host, sizeof(host.at));
    json_open_object(&j);
    put_text(&j, "schema", TEXT("suture.agent-status/1"));
    put_text(&j, "server", enrolled->server);
    fleet_id_hex(&fleet, hex);
    put_text(&j, "fleet", text_of(hex));
    host_id_hex(&host, hex);
    put_text(&j, "host", text_of(hex));
    put_number(&j, "ring", enrolled->ring);
    put_time(&j, "since", enrolled->since_us);
    put_time(&j, "answered", memory->turned_us);
    put_time(&j, "tried", memory->tried_us);
    put_number(&j, "failures", memory->failures);
    put_number(&j, "interval_s", memory->next_s);
    json_name(&j, "safe_lane");
    json_put_bool(&j, memory->safe_lane != 0);
    json_name(&j, "too_old");
    json_put_bool(&j, memory->too_old != 0);
    put_number(&j, "events_made", view->outbox.made);
    put_number(&j, "events_acknowledged", view->outbox.acked);
    put_number(&j, "bytes_sent_today", memory->bytes_up);
    put_number(&j, "bytes_received_today", memory->bytes_down);
    if (collected) {
        put_facts(&j, view);
        put_checkin(&j, view);
        put_events(&j, view);
        json_name(&j, "packages");
        OWN(json_end) struct json_document document = {0};
        struct bytes raw;
        if (!inventory_write_json(&view->agent, &packages, err) || !writer_done(&packages, &raw, err) ||
            !json_parse(raw, LIMIT_SCAN_OUTPUT, &document, err))
            return false;
        json_put_value(&j, json_root(&document));
    }
    json_close_object(&j);
    writer_byte(out, '\n');
    return true;
}

/* ---- for people ---- */

static void write_moment(struct writer *w, const char *name, int64_t us)
{
    writer_format(w, "%-12s ", name);
    if (us == 0)
        writer_string(w, "never");
    else
        time_write(w, us / TIME_SECOND_US * TIME_SECOND_US);
    writer_byte(w, '\n');
}

static void write_page(const struct view *view, struct writer *w)
{
    const struct agent_memory *memory = &view->agent.memory;
    char hex[HOST_ID_HEX + 1];
    struct host_id host;

    memcpy(host.at, view->agent.enrolled.host, sizeof(host.at));
    host_id_hex(&host, hex);
    writer_format(w, "%-12s %.*s\n%-12s %s\n", "server", TEXT_ARG(view->agent.enrolled.server),
                  "this machine", hex);
    write_moment(w, "in since", view->agent.enrolled.since_us);
    write_moment(w, "answered", memory->turned_us);
    if (memory->failures > 0)
        writer_format(w, "%-12s %u times since; the last at ", "no answer", memory->failures);
    if (memory->failures > 0) {
        time_write(w, memory->tried_us / TIME_SECOND_US * TIME_SECOND_US);
        writer_byte(w, '\n');
    }
    writer_format(w, "%-12s %llu of %llu events\n", "waiting",
                  (unsigned long long)(view->outbox.made - view->outbox.acked),
                  (unsigned long long)view->outbox.made);
    write_moment(w, "looked", view->look.work.scanned_us);
    if (view->look.work.scanned_us != 0)
        writer_format(w, "%-12s %u late, %u due this week, %u open\n", "updates", view->look.work.late,
                      view->look.work.due, view->look.work.open);
    if (memory->safe_lane)
        writer_string(w, "(!) The server does not know whether this machine is a copy: it does nothing on "
                         "the server's word alone\n"
                         "    until a person there accepts it.\n");
    if (memory->too_old)
        writer_string(w, "(!) The server no longer speaks to this version of Suture: update its package.\n");
    if (view->agent.settings.watch_only)
        writer_string(w, "This machine only reports: agent.yaml says work: no.\n");
}

bool agent_status_write(const struct agent_status_wish *wish, struct writer *out, struct error *err)
{
    OWN(arena_end) struct arena arena = arena_with(AGENT_TURN_MEMORY);
    struct view view = {0};

    if (!take_view(&arena, &view, err))
        return false;
    if (wish->json || wish->collected)
        return write_json(&view, wish->collected, out, err);
    write_page(&view, out);
    return true;
}
