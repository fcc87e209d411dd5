/*
 * Orders as bytes and as sentences: the writing half of signed_order.h.
 */
#include "base/control.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/visible.h"
#include "format/json_canonical.h"
#include "trust/signed_order.h"

const struct signed_order_lift signed_order_lifts[] = {
    {"powers", SIGNED_ORDER_LIFTS_POWERS, "although it brings new powers"},
    {"wait", SIGNED_ORDER_LIFTS_WAIT, "without its waiting time"},
    {"new-package", SIGNED_ORDER_LIFTS_NEW_PACKAGE, "although it is not installed there yet"},
    {NULL, 0, NULL},
};

/* ---- bytes ---- */

static void put_text(struct json_writer *j, const char *name, struct text text)
{
    json_name(j, name);
    json_put_text(j, text);
}

static void put_time(struct json_writer *j, const char *name, int64_t us)
{
    json_name(j, name);
    json_put_time(j, us);
}

static void put_hex(struct json_writer *j, const struct digest *digest)
{
    char hex[DIGEST_HEX_MAX + 1];

    digest_hex(digest, hex);
    json_put_string(j, hex);
}

static void put_block(struct json_writer *j, const struct signed_order *order)
{
    if (order->everything) {
        json_name(j, "everything");
        json_put_bool(j, true);
        return;
    }
    put_text(j, "package", order->package);
    if (order->version_count > 0) {
        json_name(j, "versions");
        json_open_array(j);
        for (size_t i = 0; i < order->version_count; i++)
            json_put_text(j, order->versions[i]);
        json_close_array(j);
    }
    if (order->digest_count > 0) {
        json_name(j, "sha256");
        json_open_array(j);
        for (size_t i = 0; i < order->digest_count; i++)
            put_hex(j, &order->digests[i]);
        json_close_array(j);
    }
}

static void put_approval(struct json_writer *j, const struct signed_order *order)
{
    put_text(j, "package", order->package);
    put_text(j, "version", order->version);
    put_text(j, "arch", order->arch);
    json_name(j, "sha256");
    put_hex(j, &order->digests[0]);
    if (order->powers.kind != DIGEST_UNKNOWN) {
        json_name(j, "powers");
        put_hex(j, &order->powers);
    }
    json_name(j, "lifts");
    json_open_array(j);
    for (size_t i = 0; signed_order_lifts[i].name != NULL; i++)
        if ((order->lifts & signed_order_lifts[i].bit) != 0)
            json_put_string(j, signed_order_lifts[i].name);
    json_close_array(j);
}

static void put_order(struct json_writer *j, const struct signed_order *order)
{
    json_open_object(j);
    put_text(j, "schema", TEXT(SIGNED_ORDER_SCHEMA));
    put_text(j, "kind", text_of(signed_order_kind_name(order->kind)));
    put_text(j, "id", order->id);
    put_time(j, "made", order->made_us);
    put_time(j, "ends", order->ends_us);
    put_text(j, "by", order->by);
    put_text(j, "reason", order->reason);
    if (order->kind == SIGNED_ORDER_CRISIS)
        put_text(j, "level", text_of(level_name(order->level)));
    else if (order->kind == SIGNED_ORDER_BLOCK)
        put_block(j, order);
    else
        put_approval(j, order);
    json_close_object(j);
}

bool signed_order_write(struct writer *w, const struct signed_order *order, struct error *err)
{
    OWN(writer_end) struct writer plain = writer_with(LIMIT_SIGNED_ORDER);
    struct json_writer j = json_writer_with(&plain, false);
    struct bytes raw;

    if (!signed_order_check(order, err))
        return false;
    put_order(&j, order);
    return writer_done(&plain, &raw, err) && json_canonical(raw, LIMIT_SIGNED_ORDER, w, err);
}

/* ---- sentences ---- */

static void tell_text(struct writer *w, struct text text)
{
    visible_put(w, bytes_of_text(text));
}

static void tell_span(struct writer *w, const struct signed_order *order)
{
    int64_t hours = (order->ends_us - order->made_us + TIME_HOUR_US - 1) / TIME_HOUR_US;

    writer_string(w, "From ");
    time_write(w, order->made_us);
    writer_string(w, " until ");
    time_write(w, order->ends_us);
    if (hours > 48)
        writer_format(w, " (%d days) ", (int)((hours + 23) / 24));
    else
        writer_format(w, " (%d h) ", (int)hours);
}

static void tell_list(struct writer *w, const char *what, const struct signed_order *order)
{
    char hex[DIGEST_HEX_MAX + 1];

    for (size_t i = 0; i < order->version_count; i++) {
        writer_format(w, "  %s version ", what);
        tell_text(w, order->versions[i]);
        writer_byte(w, '\n');
    }
    for (size_t i = 0; i < order->digest_count; i++) {
        digest_hex(&order->digests[i], hex);
        writer_format(w, "  %s the file with SHA-256 %s\n", what, hex);
    }
}

static void tell_block(struct writer *w, const struct signed_order *order)
{
    tell_span(w, order);
    if (order->everything)
        writer_string(w, "no machine installs anything: everything stops.\n");
    else {
        writer_string(w, "no machine installs ");
        tell_text(w, order->package);
        writer_string(w,
                      order->version_count + order->digest_count > 0 ? " of these:\n" : " in any version.\n");
        tell_list(w, "not", order);
    }
    writer_string(w, "Signed by one person alone it ends earlier, at ");
    time_write(w, signed_order_end_us(order, 1));
    writer_string(w, ".\n");
}

static void tell_approval(struct writer *w, const struct signed_order *order)
{
    bool first = true;

    tell_span(w, order);
    writer_string(w, "machines may install ");
    tell_text(w, order->package);
    writer_byte(w, ' ');
    tell_text(w, order->version);
    writer_string(w, " (");
    tell_text(w, order->arch);
    writer_string(w, ")");
    for (size_t i = 0; signed_order_lifts[i].name != NULL; i++)
        if ((order->lifts & signed_order_lifts[i].bit) != 0) {
            writer_format(w, "%s %s", first ? "" : " and", signed_order_lifts[i].what);
            first = false;
        }
    writer_string(w, ".\n");
    tell_list(w, "exactly", order);
    if (order->powers.kind != DIGEST_UNKNOWN) {
        char hex[DIGEST_HEX_MAX + 1];
        digest_hex(&order->powers, hex);
        writer_format(w, "  with the new powers that were shown under %s, and no others\n", hex);
    }
}

void signed_order_tell(struct writer *w, const struct signed_order *order)
{
    writer_format(w, "Order %.*s, kind %s.\n", TEXT_ARG(order->id), signed_order_kind_name(order->kind));
    if (order->kind == SIGNED_ORDER_BLOCK)
        tell_block(w, order);
    else if (order->kind == SIGNED_ORDER_APPROVAL)
        tell_approval(w, order);
    else {
        tell_span(w, order);
        writer_string(w, order->level == LEVEL_ESSENTIAL
                             ? "every machine takes only what is exploited, or due before the order ends; "
                               "everything else waits (level essential).\n"
                             : "every machine takes only what is exploited or due within 72 hours, and "
                               "urgent; other holes wait and are to be mitigated (level emergency-only).\n");
    }
    writer_string(w, "Reason: ");
    tell_text(w, order->reason);
    writer_string(w, "\nMade by: ");
    tell_text(w, order->by);
    writer_byte(w, '\n');
}

/* ---- effect ---- */

int64_t signed_order_end_us(const struct signed_order *order, size_t persons)
{
    int64_t decay_us = order->made_us + SIGNED_ORDER_BLOCK_DECAY_US;

    if (order->kind == SIGNED_ORDER_BLOCK && persons < 2 && decay_us < order->ends_us)
        return decay_us;
    return order->ends_us;
}

bool signed_order_holds(const struct signed_order *order, size_t persons, int64_t now_us)
{
    bool ended = now_us >= signed_order_end_us(order, persons) && control_holds(CONTROL_ORDER_END);

    return persons > 0 && now_us >= order->made_us && !ended;
}
