#include "wire/agent_message.h"

#include <assert.h>

#include "base/limits.h"
#include "wire/message_fields.h"

#define FORM(name, magic, fields)                                                                            \
    {                                                                                                        \
        name, magic, fields, sizeof(fields) / sizeof(*(fields))                                              \
    }

/* ---- the fields, in the order of the bytes ---- */

static const struct message_field enrol_fields[] = {
    NUMBER_FIELD(struct agent_enrol, protocol_min),
    NUMBER_FIELD(struct agent_enrol, protocol_max),
    RAW_FIELD(struct agent_enrol, fleet),
    RAW_FIELD(struct agent_enrol, secret),
    RAW_FIELD(struct agent_enrol, nonce),
    BLOB_FIELD(struct agent_enrol, csr, AGENT_DER_MAX),
    TEXT_FIELD(struct agent_enrol, host_name, AGENT_NAME_MAX),
    TEXT_FIELD(struct agent_enrol, version, AGENT_NAME_MAX),
};
static const struct message_form enrol_form = FORM("enrol", "SAE1", enrol_fields);

static const struct message_field identity_fields[] = {
    RAW_FIELD(struct agent_identity, nonce),
    RAW_FIELD(struct agent_identity, host),
    RAW_FIELD(struct agent_identity, fleet),
    RAW_FIELD(struct agent_identity, chunk_key),
    RAW_FIELD(struct agent_identity, plan_key),
    NUMBER_FIELD(struct agent_identity, ring),
    BLOB_FIELD(struct agent_identity, certificate, AGENT_DER_MAX),
    BLOB_FIELD(struct agent_identity, ca, AGENT_DER_MAX),
    TEXT_FIELD(struct agent_identity, content, AGENT_CONTENT_MAX),
};
static const struct message_form identity_form = FORM("identity", "SAF1", identity_fields);

static const struct message_field renew_fields[] = {
    NUMBER_FIELD(struct agent_renew, protocol_min),
    NUMBER_FIELD(struct agent_renew, protocol_max),
    RAW_FIELD(struct agent_renew, nonce),
    BLOB_FIELD(struct agent_renew, csr, AGENT_DER_MAX),
};
static const struct message_form renew_form = FORM("renew", "SAR1", renew_fields);

static const struct message_field checkin_fields[] = {
    NUMBER_FIELD(struct agent_checkin, protocol_min), NUMBER_FIELD(struct agent_checkin, protocol_max),
    NUMBER_FIELD(struct agent_checkin, major),        NUMBER_FIELD(struct agent_checkin, minor),
    NUMBER_FIELD(struct agent_checkin, patch),        RAW_FIELD(struct agent_checkin, host),
    NUMBER_FIELD(struct agent_checkin, counter),      NUMBER_FIELD(struct agent_checkin, random),
    NUMBER_FIELD(struct agent_checkin, epoch),        NUMBER_FIELD(struct agent_checkin, made),
    NUMBER_FIELD(struct agent_checkin, acked),        RAW_FIELD(struct agent_checkin, inventory),
    NUMBER_FIELD(struct agent_checkin, plan),         NUMBER_FIELD(struct agent_checkin, advisories),
    NUMBER_FIELD(struct agent_checkin, repository),   NUMBER_FIELD(struct agent_checkin, policy),
    NUMBER_FIELD(struct agent_checkin, clock_us),     NUMBER_FIELD(struct agent_checkin, scanned_us),
    NUMBER_FIELD(struct agent_checkin, flags),        NUMBER_FIELD(struct agent_checkin, level),
    NUMBER_FIELD(struct agent_checkin, due),          NUMBER_FIELD(struct agent_checkin, late),
    NUMBER_FIELD(struct agent_checkin, open),         NUMBER_FIELD(struct agent_checkin, unknown),
};
static const struct message_form checkin_form = FORM("check-in", "SAC1", checkin_fields);

static const struct message_field pace_fields[] = {
    NUMBER_FIELD(struct agent_pace, protocol),   NUMBER_FIELD(struct agent_pace, counter),
    NUMBER_FIELD(struct agent_pace, next_s),     NUMBER_FIELD(struct agent_pace, epoch),
    NUMBER_FIELD(struct agent_pace, ack),        NUMBER_FIELD(struct agent_pace, plan),
    NUMBER_FIELD(struct agent_pace, advisories), NUMBER_FIELD(struct agent_pace, repository),
    NUMBER_FIELD(struct agent_pace, time_us),    NUMBER_FIELD(struct agent_pace, ring),
    NUMBER_FIELD(struct agent_pace, flags),
};
static const struct message_form pace_form = FORM("pace", "SAD1", pace_fields);

static const struct message_field inventory_fields[] = {
    RAW_FIELD(struct agent_inventory, base),
    RAW_FIELD(struct agent_inventory, root),
    LIST_FIELD(struct agent_inventory, changes, AGENT_CHANGE_SIZE),
};
static const struct message_form inventory_form = FORM("inventory", "SAI1", inventory_fields);

static const struct message_field lacks_fields[] = {
    LIST_FIELD(struct agent_lacks, hashes, sizeof(struct short_hash)),
};
static const struct message_form lacks_form = FORM("lacks", "SAL1", lacks_fields);

#define INVENTORY_PART(member)                                                                               \
    offsetof(struct agent_commit, inventory) + offsetof(struct agent_inventory, member)
static const struct message_field commit_fields[] = {
    {"base", FIELD_RAW, sizeof(struct short_hash), INVENTORY_PART(base)},
    {"root", FIELD_RAW, sizeof(struct short_hash), INVENTORY_PART(root)},
    {"changes", FIELD_LIST, AGENT_CHANGE_SIZE, INVENTORY_PART(changes)},
    NUMBER_FIELD(struct agent_commit, scanned_us),
    TEXT_FIELD(struct agent_commit, os, AGENT_NAME_MAX),
    TEXT_FIELD(struct agent_commit, release, AGENT_NAME_MAX),
    TEXT_FIELD(struct agent_commit, arch, AGENT_NAME_MAX),
    TEXT_FIELD(struct agent_commit, host_name, AGENT_NAME_MAX),
    TEXT_FIELD(struct agent_commit, kernel, AGENT_KERNEL_MAX),
};
static const struct message_form commit_form = FORM("commit", "SAK1", commit_fields);

static const struct message_field ack_fields[] = {
    NUMBER_FIELD(struct agent_ack, epoch),
    NUMBER_FIELD(struct agent_ack, ack),
};
static const struct message_form ack_form = FORM("ack", "SAA1", ack_fields);

static const struct message_field pulse_fields[] = {
    RAW_FIELD(struct agent_pulse, fleet),         NUMBER_FIELD(struct agent_pulse, ring),
    NUMBER_FIELD(struct agent_pulse, generation), NUMBER_FIELD(struct agent_pulse, plan),
    NUMBER_FIELD(struct agent_pulse, repository), NUMBER_FIELD(struct agent_pulse, made_us),
    NUMBER_FIELD(struct agent_pulse, urgency),    RAW_FIELD(struct agent_pulse, signature),
};
static const struct message_form pulse_form = FORM("pulse", "SAP1", pulse_fields);

static const struct message_form outbox_form = {.name = "outbox", .magic = "SAO1"};

/* ---- what the fields must be besides ---- */

/* 0 is a version too: who speaks up to it is told with 426 that it is too old, and not that it made no sense. */
static bool check_range(const char *name, uint16_t min, uint16_t max, struct error *err)
{
    return min <= max || error_set(err, ERROR_INPUT, "%s: protocols %u to %u are no range", name, min, max);
}

static bool check_changes(const char *name, const struct agent_inventory *inventory, struct error *err)
{
    size_t count = agent_change_count(inventory);

    for (size_t i = 1; i < count; i++)
        if (agent_change_at(inventory, i - 1).bucket >= agent_change_at(inventory, i).bucket)
            return error_set(err, ERROR_INPUT, "%s: bucket %u does not come behind %u", name,
                             agent_change_at(inventory, i).bucket, agent_change_at(inventory, i - 1).bucket);
    return true;
}

/* ---- writing and parsing ---- */

void agent_enrol_write(struct writer *w, const struct agent_enrol *message)
{
    message_write(w, &enrol_form, message);
}

bool agent_enrol_parse(struct bytes raw, struct agent_enrol *out, struct error *err)
{
    struct agent_enrol got = {0};

    if (!message_parse(raw, &enrol_form, &got, err) ||
        !check_range(enrol_form.name, got.protocol_min, got.protocol_max, err))
        return false;
    *out = got;
    return true;
}

void agent_identity_write(struct writer *w, const struct agent_identity *message)
{
    message_write(w, &identity_form, message);
}

bool agent_identity_parse(struct bytes raw, struct agent_identity *out, struct error *err)
{
    struct agent_identity got = {0};

    if (!message_parse(raw, &identity_form, &got, err))
        return false;
    *out = got;
    return true;
}

void agent_renew_write(struct writer *w, const struct agent_renew *message)
{
    message_write(w, &renew_form, message);
}

bool agent_renew_parse(struct bytes raw, struct agent_renew *out, struct error *err)
{
    struct agent_renew got = {0};

    if (!message_parse(raw, &renew_form, &got, err) ||
        !check_range(renew_form.name, got.protocol_min, got.protocol_max, err))
        return false;
    *out = got;
    return true;
}

void agent_checkin_write(struct writer *w, const struct agent_checkin *message)
{
    message_write(w, &checkin_form, message);
}

bool agent_checkin_parse(struct bytes raw, struct agent_checkin *out, struct error *err)
{
    struct agent_checkin got = {0};

    if (!message_parse(raw, &checkin_form, &got, err) ||
        !check_range(checkin_form.name, got.protocol_min, got.protocol_max, err))
        return false;
    if (got.counter == 0 || got.acked > got.made)
        return error_set(err, ERROR_INPUT, "check-in: a counter of 0, or more acknowledged than made");
    if (got.level >= AGENT_LEVEL_COUNT)
        return error_set(err, ERROR_INPUT, "check-in: level %u is unknown", got.level);
    *out = got;
    return true;
}

void agent_pace_write(struct writer *w, const struct agent_pace *message)
{
    message_write(w, &pace_form, message);
}

bool agent_pace_parse(struct bytes raw, struct agent_pace *out, struct error *err)
{
    struct agent_pace got = {0};

    if (!message_parse(raw, &pace_form, &got, err))
        return false;
    if (got.next_s == 0 || got.next_s > AGENT_NEXT_MAX_S)
        return error_set(err, ERROR_INPUT, "pace: next in %u s, not 1 to %d", got.next_s, AGENT_NEXT_MAX_S);
    *out = got;
    return true;
}

struct agent_change agent_change_at(const struct agent_inventory *inventory, size_t index)
{
    struct agent_change change;

    assert(index < agent_change_count(inventory));
    const uint8_t *at = inventory->changes.at + index * AGENT_CHANGE_SIZE;
    change.bucket = *at;
    memcpy(change.hash.at, at + 1, sizeof(change.hash.at));
    return change;
}

void agent_change_put(struct writer *changes, const struct agent_change *change)
{
    writer_byte(changes, change->bucket);
    writer_put(changes, (struct bytes){change->hash.at, sizeof(change->hash.at)});
}

void agent_inventory_write(struct writer *w, const struct agent_inventory *message)
{
    message_write(w, &inventory_form, message);
}

bool agent_inventory_parse(struct bytes raw, struct agent_inventory *out, struct error *err)
{
    struct agent_inventory got = {0};

    if (!message_parse(raw, &inventory_form, &got, err) || !check_changes(inventory_form.name, &got, err))
        return false;
    *out = got;
    return true;
}

void agent_lacks_write(struct writer *w, const struct agent_lacks *message)
{
    message_write(w, &lacks_form, message);
}

bool agent_lacks_parse(struct bytes raw, struct agent_lacks *out, struct error *err)
{
    struct agent_lacks got = {0};

    if (!message_parse(raw, &lacks_form, &got, err))
        return false;
    if (got.hashes.size / sizeof(struct short_hash) > AGENT_BUCKETS)
        return error_set(err, ERROR_INPUT, "lacks: %zu hashes, more than %d buckets",
                         got.hashes.size / sizeof(struct short_hash), AGENT_BUCKETS);
    *out = got;
    return true;
}

void agent_commit_write(struct writer *w, const struct agent_commit *message)
{
    message_write(w, &commit_form, message);
}

bool agent_commit_parse(struct bytes raw, struct agent_commit *out, struct error *err)
{
    struct agent_commit got = {0};

    if (!message_parse(raw, &commit_form, &got, err) || !check_changes(commit_form.name, &got.inventory, err))
        return false;
    *out = got;
    return true;
}

void agent_ack_write(struct writer *w, const struct agent_ack *message)
{
    message_write(w, &ack_form, message);
}

bool agent_ack_parse(struct bytes raw, struct agent_ack *out, struct error *err)
{
    struct agent_ack got = {0};

    if (!message_parse(raw, &ack_form, &got, err))
        return false;
    *out = got;
    return true;
}

void agent_pulse_write(struct writer *w, const struct agent_pulse *message)
{
    message_write(w, &pulse_form, message);
}

bool agent_pulse_parse(struct bytes raw, struct agent_pulse *out, struct error *err)
{
    struct agent_pulse got = {0};

    if (!message_parse(raw, &pulse_form, &got, err))
        return false;
    if (got.urgency >= AGENT_URGENCY_COUNT)
        return error_set(err, ERROR_INPUT, "pulse: urgency %u is unknown", got.urgency);
    *out = got;
    return true;
}

/* ---- outbox ---- */

#define COUNT_PLACE(place) ((place) + 4 + 2 * sizeof(uint64_t))

size_t agent_outbox_begin(struct writer *w, uint64_t epoch, uint64_t first)
{
    size_t place = w->size;

    writer_string(w, outbox_form.magic);
    writer_u64(w, epoch);
    writer_u64(w, first);
    writer_u16(w, 0);
    return place;
}

void agent_outbox_put(struct writer *w, enum agent_event_kind kind, int64_t made_us, struct bytes body)
{
    assert(kind > AGENT_EVENT_UNKNOWN && kind < AGENT_EVENT_KIND_COUNT && body.size <= AGENT_EVENT_MAX);
    writer_byte(w, (uint8_t)kind);
    writer_u64(w, (uint64_t)made_us);
    writer_u32(w, (uint32_t)body.size);
    writer_put(w, body);
}

void agent_outbox_end(struct writer *w, size_t place, uint16_t count)
{
    assert(count > 0 && count <= AGENT_OUTBOX_EVENTS);
    if (!writer_ok(w))
        return;
    w->at[COUNT_PLACE(place)] = (uint8_t)count;
    w->at[COUNT_PLACE(place) + 1] = (uint8_t)(count >> 8);
}

/* The next event; `number` is its own. */
static bool read_event(struct reader *r, uint64_t number, struct agent_event *out, struct error *err)
{
    uint8_t kind = reader_u8(r);
    int64_t made_us = (int64_t)reader_u64(r);
    uint32_t size = reader_u32(r);

    if (reader_ok(r) && size > AGENT_EVENT_MAX)
        return error_set(err, ERROR_INPUT, "%u bytes, more than %d", size, AGENT_EVENT_MAX);
    struct bytes body = reader_take(r, size);
    if (!reader_ok(r))
        return error_set(err, ERROR_INPUT, "ends in the middle");
    if (kind == AGENT_EVENT_UNKNOWN || kind >= AGENT_EVENT_KIND_COUNT)
        return error_set(err, ERROR_INPUT, "kind %u is unknown", kind);
    *out = (struct agent_event){number, (enum agent_event_kind)kind, made_us, body};
    return true;
}

bool agent_outbox_parse(struct bytes raw, struct agent_outbox *out, struct error *err)
{
    struct reader r = reader_with(raw);
    struct agent_outbox got = {0};
    struct agent_event event;

    if (!message_read_magic(&r, &outbox_form, err))
        return false;
    got.epoch = reader_u64(&r);
    got.first = reader_u64(&r);
    got.count = reader_u16(&r);
    if (!reader_ok(&r) || got.first == 0 || got.first > INT64_MAX || got.count == 0 ||
        got.count > AGENT_OUTBOX_EVENTS)
        return error_set(err, ERROR_INPUT, "outbox: from event %llu, %u of them: not 1 to %d",
                         (unsigned long long)got.first, got.count, AGENT_OUTBOX_EVENTS);
    got.events = (struct bytes){r.at, reader_left(&r)};
    for (uint16_t i = 0; i < got.count; i++)
        if (!read_event(&r, got.first + i, &event, err))
            return error_at(err, "outbox: event %llu", (unsigned long long)(got.first + i));
    if (reader_left(&r) > 0)
        return error_set(err, ERROR_INPUT, "outbox: %zu bytes behind the end", reader_left(&r));
    *out = got;
    return true;
}

struct agent_outbox_walk agent_outbox_walk_with(const struct agent_outbox *outbox)
{
    return (struct agent_outbox_walk){reader_with(outbox->events), outbox->first, outbox->count};
}

bool agent_outbox_next(struct agent_outbox_walk *walk, struct agent_event *out)
{
    struct error err;

    if (walk->count == 0 || !read_event(&walk->left, walk->number, out, &err))
        return false;
    walk->count--;
    walk->number++;
    return true;
}

/* ---- words ---- */

static const struct {
    const char *name;
    bool urgent;
} event_kinds[AGENT_EVENT_KIND_COUNT] = {
    [AGENT_EVENT_UNKNOWN] = {"unknown", false},   [AGENT_EVENT_RUN_BEGAN] = {"run-began", true},
    [AGENT_EVENT_RUN_STEP] = {"run-step", false}, [AGENT_EVENT_RUN_ENDED] = {"run-ended", true},
    [AGENT_EVENT_EVIDENCE] = {"evidence", true},  [AGENT_EVENT_ALARM] = {"alarm", true},
    [AGENT_EVENT_NOTICE] = {"notice", false},     [AGENT_EVENT_ORDER_SEEN] = {"order-seen", true},
};

const char *agent_event_kind_name(enum agent_event_kind kind)
{
    assert(kind < AGENT_EVENT_KIND_COUNT);
    return event_kinds[kind].name;
}

bool agent_event_kind_urgent(enum agent_event_kind kind)
{
    assert(kind < AGENT_EVENT_KIND_COUNT);
    return event_kinds[kind].urgent;
}

const char *agent_level_name(enum agent_level level)
{
    static const char *const names[AGENT_LEVEL_COUNT] = {"unknown", "normal", "essential", "emergency-only"};

    assert(level < AGENT_LEVEL_COUNT);
    return names[level];
}

/* ---- ids ---- */

static void write_hex(const uint8_t *at, size_t size, char *out)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[at[i] >> 4];
        out[2 * i + 1] = digits[at[i] & 15];
    }
    out[2 * size] = 0;
}

void host_id_hex(const struct host_id *id, char out[HOST_ID_HEX + 1])
{
    write_hex(id->at, sizeof(id->at), out);
}

bool host_id_parse(struct text hex, struct host_id *out, struct error *err)
{
    return text_to_hex(hex, out->at, sizeof(out->at), err);
}

void fleet_id_hex(const struct fleet_id *id, char out[FLEET_ID_HEX + 1])
{
    write_hex(id->at, sizeof(id->at), out);
}

bool fleet_id_parse(struct text hex, struct fleet_id *out, struct error *err)
{
    return text_to_hex(hex, out->at, sizeof(out->at), err);
}

void short_hash_hex(const struct short_hash *hash, char out[SHORT_HASH_HEX + 1])
{
    write_hex(hash->at, sizeof(hash->at), out);
}

bool short_hash_parse(struct text hex, struct short_hash *out, struct error *err)
{
    return text_to_hex(hex, out->at, sizeof(out->at), err);
}

bool short_hash_equal(const struct short_hash *a, const struct short_hash *b)
{
    return memcmp(a->at, b->at, sizeof(a->at)) == 0;
}

bool short_hash_is_zero(const struct short_hash *hash)
{
    static const struct short_hash zero;

    return short_hash_equal(hash, &zero);
}
