#include "identify/osv_range.h"

#include <stdlib.h>

#include "base/limits.h"
#include "identify/fields.h"

enum event_kind { EVENT_UNKNOWN, EVENT_INTRODUCED, EVENT_FIXED, EVENT_LAST_AFFECTED };

struct osv_event {
    struct text version;
    enum event_kind kind;
    size_t place; /* among those given: equal versions keep their order */
};

struct range {
    struct text type;
    struct json events;
};
static const struct field range_fields[] = {
    FIELD_TEXT(struct range, type, "type", FIELD_REQUIRED, 32),
    FIELD_ARRAY(struct range, events, "events", FIELD_REQUIRED),
};

static bool put_span(struct osv_spans *spans, struct osv_span span, struct error *err)
{
    if (spans->count == LIMIT_ADVISORY_AFFECTED)
        return error_set(err, ERROR_LIMIT, "more than %d ranges of one package", LIMIT_ADVISORY_AFFECTED);
    struct osv_span *at =
        arena_grow(spans->arena, spans->at, spans->count, &spans->capacity, spans->count + 1, sizeof(*at));
    if (at == NULL)
        return arena_full(spans->arena, err);
    spans->at = at;
    spans->at[spans->count++] = span;
    return true;
}

/* `limit` is for ranges of commits; what else is there is none of the schema's. */
static enum event_kind event_kind_of(struct text name)
{
    if (text_equal(name, TEXT("introduced")))
        return EVENT_INTRODUCED;
    if (text_equal(name, TEXT("fixed")))
        return EVENT_FIXED;
    return text_equal(name, TEXT("last_affected")) ? EVENT_LAST_AFFECTED : EVENT_UNKNOWN;
}

static bool put_event(struct osv_spans *spans, const struct json_walk *member, size_t *count,
                      struct error *err)
{
    struct osv_event event = {.kind = event_kind_of(member->name), .place = *count};

    if (event.kind == EVENT_UNKNOWN)
        return true;
    if (!json_as_text(member->value, LIMIT_VERSION, &event.version, err))
        return error_at(err, "%.*s", TEXT_ARG(member->name));
    if (*count == LIMIT_ADVISORY_AFFECTED)
        return error_set(err, ERROR_LIMIT, "more than %d events", LIMIT_ADVISORY_AFFECTED);
    struct osv_event *events =
        arena_grow(spans->arena, spans->events, *count, &spans->event_capacity, *count + 1, sizeof(event));
    if (events == NULL)
        return arena_full(spans->arena, err);
    spans->events = events;
    spans->events[(*count)++] = event;
    return true;
}

static bool read_events(struct json array, struct osv_spans *spans, size_t *count, struct error *err)
{
    struct json_walk walk = json_walk_with(array);

    *count = 0;
    while (json_walk_next(&walk)) {
        if (!json_is_object(walk.value))
            return error_set(err, ERROR_INPUT, "%zu: not an object", walk.index);
        /* One member by the schema; records of its first days have introduced and fixed in one. */
        struct json_walk members = json_walk_with(walk.value);
        while (json_walk_next(&members))
            if (!put_event(spans, &members, count, err))
                return error_at(err, "%zu", walk.index);
    }
    return true;
}

/* "0" comes before every version, whatever the order says of it. */
static int compare_events(const struct osv_event *a, const struct osv_event *b, enum version_order order)
{
    bool a_begins = text_equal(a->version, TEXT("0")), b_begins = text_equal(b->version, TEXT("0"));
    int difference =
        a_begins || b_begins ? (int)b_begins - (int)a_begins : version_compare(order, a->version, b->version);

    return difference != 0 ? difference : (a->place > b->place) - (a->place < b->place);
}

static int compare_for_sort(const void *a, const void *b, void *order)
{
    return compare_events(a, b, *(const enum version_order *)order);
}

static void sort_events(struct osv_event *events, size_t count, enum version_order order)
{
    if (order == VERSION_ORDER_UNKNOWN)
        return;
    for (size_t i = 1; i < count; i++)
        if (compare_events(&events[i - 1], &events[i], order) > 0) {
            qsort_r(events, count, sizeof(events[0]), compare_for_sort, &order);
            return;
        }
}

static bool put_spans_of_events(struct osv_spans *spans, size_t count, struct error *err)
{
    struct osv_span span = {0};
    bool open = false;

    for (size_t i = 0; i < count; i++) {
        const struct osv_event *event = &spans->events[i];
        if (event->kind == EVENT_INTRODUCED) {
            if (!open)
                span = (struct osv_span){.introduced = event->version};
            open = true;
            continue;
        }
        /* An end without a beginning in front: from the first version on. After another end it says nothing new. */
        if (!open && i > 0)
            continue;
        *(event->kind == EVENT_FIXED ? &span.fixed : &span.last_affected) = event->version;
        if (!put_span(spans, span, err))
            return false;
        span = (struct osv_span){0};
        open = false;
    }
    return !open || put_span(spans, span, err);
}

/* *usable is set when the range is of versions. */
static bool read_range(struct json object, enum version_order order, struct osv_spans *spans, bool *usable,
                       struct error *err)
{
    struct range range = {0};
    size_t count;

    if (!FIELDS_READ(object, range_fields, &range, err))
        return false;
    if (text_equal(range.type, TEXT("GIT")))
        return true;
    if (text_equal(range.type, TEXT("SEMVER")))
        order = VERSION_SEMVER;
    else if (!text_equal(range.type, TEXT("ECOSYSTEM")))
        return error_set(err, ERROR_INPUT, "type: \"%.*s\" is not known", TEXT_ARG(range.type));
    *usable = true;
    if (!read_events(range.events, spans, &count, err))
        return error_at(err, "events");
    sort_events(spans->events, count, order);
    return put_spans_of_events(spans, count, err);
}

static bool read_versions(struct json versions, struct osv_spans *spans, struct error *err)
{
    struct json_walk walk = json_walk_with(versions);
    struct text version;

    while (json_walk_next(&walk)) {
        if (!json_as_text(walk.value, LIMIT_VERSION, &version, err))
            return error_at(err, "versions: %zu", walk.index);
        if (!put_span(spans, (struct osv_span){.introduced = version, .last_affected = version}, err))
            return error_at(err, "versions");
    }
    return true;
}

bool osv_range_read(struct json ranges, struct json versions, enum version_order order,
                    struct osv_spans *spans, struct error *err)
{
    struct json_walk walk = json_walk_with(ranges);
    bool usable = false;

    while (json_walk_next(&walk))
        if (!read_range(walk.value, order, spans, &usable, err))
            return error_at(err, "ranges: %zu", walk.index);
    if (usable)
        return true;
    if (json_count(versions) > 0)
        return read_versions(versions, spans, err);
    return json_count(ranges) > 0 || put_span(spans, (struct osv_span){0}, err);
}
