#include "base/testing.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "trust/signed_order.h"

static struct bytes golden(const char *name, struct arena *arena)
{
    struct bytes raw = {0};
    struct error err = {0};
    char path[512];

    (void)snprintf(path, sizeof(path), "%s/trust/signed_order/%s", getenv("SUTURE_GOLDEN"), name);
    assert_done(name, file_read(path, LIMIT_SIGNED_ORDER, arena, &raw, &err), &err);
    return raw;
}

static void orders_are_told_and_written_again(void **state)
{
    static const struct {
        const char *file, *told, *path;
    } rows[] = {
        {"crisis",
         "Order 2026-11-22-9f3a1c07, kind crisis.\n"
         "From 2026-11-22T00:10:00Z until 2026-12-06T00:00:00Z (14 days) every machine takes only what is "
         "exploited, or due before the order ends; everything else waits (level essential).\n"
         "Reason: exploited hole in the VPN\nMade by: anna\n",
         "orders/crisis/2026-11-22-9f3a1c07.json"},
        {"emergency",
         "Order 2026-11-22-9f3a1c07, kind crisis.\n"
         "From 2026-11-22T00:10:00Z until 2026-11-23T00:10:00Z (24 h) every machine takes only what is "
         "exploited or due within 72 hours, and urgent; other holes wait and are to be mitigated (level "
         "emergency-only).\n"
         "Reason: exploited hole in the VPN\nMade by: anna\n",
         "orders/crisis/2026-11-22-9f3a1c07.json"},
        {"block",
         "Order 2026-11-22-9f3a1c07, kind block.\n"
         "From 2026-11-22T00:10:00Z until 2026-12-06T00:00:00Z (14 days) no machine installs xz-utils of "
         "these:\n"
         "  not version 5.6.0-0.2\n  not version 5.6.1-1\n"
         "  not the file with SHA-256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n"
         "Signed by one person alone it ends earlier, at 2026-11-25T00:10:00Z.\n"
         "Reason: exploited hole in the VPN\nMade by: anna\n",
         "orders/block/2026-11-22-9f3a1c07.json"},
        {"block-package",
         "Order 2026-11-22-9f3a1c07, kind block.\n"
         "From 2026-11-22T00:10:00Z until 2026-12-06T00:00:00Z (14 days) no machine installs xz-utils in "
         "any version.\n"
         "Signed by one person alone it ends earlier, at 2026-11-25T00:10:00Z.\n"
         "Reason: exploited hole in the VPN\nMade by: anna\n",
         "orders/block/2026-11-22-9f3a1c07.json"},
        {"block-everything",
         "Order 2026-11-22-9f3a1c07, kind block.\n"
         "From 2026-11-22T00:10:00Z until 2026-12-06T00:00:00Z (14 days) no machine installs anything: "
         "everything stops.\n"
         "Signed by one person alone it ends earlier, at 2026-11-25T00:10:00Z.\n"
         "Reason: a stolen key; nothing moves until we know \"which\"\nMade by: anna\n",
         "orders/block/2026-11-22-9f3a1c07.json"},
        {"approval",
         "Order 2026-11-22-9f3a1c07, kind approval.\n"
         "From 2026-11-22T00:10:00Z until 2026-12-06T00:00:00Z (14 days) machines may install "
         "openssh-server 1:9.2p1-2+deb12u4 (amd64) although it brings new powers and without its waiting "
         "time.\n"
         "  exactly the file with SHA-256 "
         "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n"
         "  with the new powers that were shown under "
         "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752, and no others\n"
         "Reason: exploited hole in the VPN\nMade by: anna\n",
         "orders/approval/2026-11-22-9f3a1c07.json"},
        {"approval-new",
         "Order 2026-11-22-9f3a1c07, kind approval.\n"
         "From 2026-11-22T00:10:00Z until 2026-12-06T00:00:00Z (14 days) machines may install "
         "openssh-server 1:9.2p1-2+deb12u4 (amd64) although it is not installed there yet.\n"
         "  exactly the file with SHA-256 "
         "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n"
         "Reason: exploited hole in the VPN\nMade by: anna\n",
         "orders/approval/2026-11-22-9f3a1c07.json"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        OWN(writer_end) struct writer told = writer_with(64 * KIB);
        OWN(writer_end) struct writer again = writer_with(64 * KIB);
        struct bytes raw = golden(rows[i].file, &arena);
        struct signed_order order;
        struct error err;
        assert_done(rows[i].file, signed_order_parse(raw, &arena, &order, &err), &err);
        signed_order_tell(&told, &order);
        assert_text(rows[i].file, (struct text){(const char *)told.at, told.size}, rows[i].told);
        assert_done(rows[i].file, signed_order_write(&again, &order, &err), &err);
        assert_int_equal(again.size, raw.size);
        assert_memory_equal(again.at, raw.at, raw.size);
        assert_text(rows[i].file, signed_order_path(&order, &arena), rows[i].path);
        assert_done(rows[i].file, signed_order_check_path(&order, text_of(rows[i].path), &err), &err);
    }
}

static void what_is_no_order_is_refused(void **state)
{
    static const struct {
        const char *file;
        enum error_kind kind;
        const char *text;
    } rows[] = {
        {"approval-digest-capitals", ERROR_INPUT, "is not in canonical form (byte 336)"},
        {"approval-digest-short", ERROR_INPUT, "sha256: 62 hexadecimal digits where 64 are due"},
        {"approval-lifts-nothing", ERROR_INPUT, "lifts nothing"},
        {"approval-lifts-order", ERROR_INPUT, "is not in canonical form (byte 113)"},
        {"approval-lifts-unknown", ERROR_INPUT, "lifts: \"signature\" is nothing that an approval can lift"},
        {"approval-no-version", ERROR_INPUT, "version is missing"},
        {"approval-powers-alone", ERROR_INPUT, "says which powers were shown, and does not lift them"},
        {"approval-powers-missing", ERROR_INPUT, "lifts powers, and does not say which were shown"},
        {"approval-two-files", ERROR_INPUT, "sha256 is an array, not a text"},
        {"approval-version-space", ERROR_INPUT,
         "version: \"1.0 --force\" has a character that no such name has"},
        {"block-both", ERROR_INPUT, "blocks everything, and names a package beside that"},
        {"block-digest-twice", ERROR_INPUT, "sha256: a digest is named twice"},
        {"block-everything-false", ERROR_INPUT, "is not in canonical form (byte 44)"},
        {"block-many", ERROR_LIMIT, "versions: 257, more than 256"},
        {"block-no-versions", ERROR_INPUT, "versions is empty"},
        {"block-nothing", ERROR_INPUT, "package is missing"},
        {"block-too-long", ERROR_LIMIT,
         "an order of kind block lasts 366 days at most; renewing is a new order"},
        {"block-url", ERROR_INPUT,
         "package: \"https://evil.example/x\" has a character that no such name has"},
        {"block-version-twice", ERROR_INPUT, "versions: 1 is named twice"},
        {"by-hidden", ERROR_INPUT, "by: has a character that does not show or turns the text: <U+200B> at 2"},
        {"command", ERROR_INPUT, "\"command\": an order of kind crisis has no such member"},
        {"empty", ERROR_INPUT, "line 1, column 1: nothing but white space"},
        {"ends-first", ERROR_INPUT, "an order that ends before it begins"},
        {"escaped", ERROR_INPUT, "is not in canonical form (byte 7)"},
        {"id", ERROR_INPUT, "id is none of an order"},
        {"kind", ERROR_INPUT, "kind \"reboot\" is not known"},
        {"level", ERROR_INPUT, "the level of a crisis is essential or emergency-only"},
        {"list", ERROR_INPUT, "is no order"},
        {"member-of-another", ERROR_INPUT, "\"package\": an order of kind crisis has no such member"},
        {"newer", ERROR_INPUT, "schema \"suture.order/2\", this version of Suture knows suture.order/1"},
        {"newline-behind", ERROR_INPUT, "is not in canonical form (byte 199)"},
        {"no-end", ERROR_INPUT, "ends is missing"},
        {"no-level", ERROR_INPUT, "level is missing"},
        {"no-schema", ERROR_INPUT, "schema is missing"},
        {"reason-empty", ERROR_INPUT, "reason is empty"},
        {"reason-turned", ERROR_INPUT,
         "reason: has a character that does not show or turns the text: <U+202E> at 6"},
        {"spaces", ERROR_INPUT, "is not in canonical form (byte 6)"},
        {"time", ERROR_INPUT, "made: \"2026-13-06T00:00:00Z\" is not a time"},
        {"time-fraction", ERROR_INPUT, "a time with parts of a second"},
        {"time-spelling", ERROR_INPUT, "is not in canonical form (byte 37)"},
        {"too-long", ERROR_LIMIT, "an order of kind crisis lasts 30 days at most; renewing is a new order"},
        {"twice", ERROR_INPUT, "line 1, column 14: \"by\" is given twice"},
        {"unsorted", ERROR_INPUT, "is not in canonical form (byte 2)"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct signed_order order;
        struct error err;
        char name[64];
        (void)snprintf(name, sizeof(name), "bad/%s", rows[i].file);
        if (signed_order_parse(golden(name, &arena), &arena, &order, &err))
            fail_msg("%s is taken", rows[i].file);
        assert_failed(rows[i].file, &err, rows[i].kind, rows[i].text);
    }
}

static void every_prefix_is_refused(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(4 * MIB);
    struct bytes raw = golden("approval", &arena);

    (void)state;
    for (size_t size = 0; size < raw.size; size++) {
        struct signed_order order;
        struct error err;
        assert_false(signed_order_parse((struct bytes){raw.at, size}, &arena, &order, &err));
    }
}

static void an_order_lies_at_its_own_path(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct signed_order order;
    struct error err;

    (void)state;
    assert_done("parse", signed_order_parse(golden("crisis", &arena), &arena, &order, &err), &err);
    assert_false(signed_order_check_path(&order, TEXT("orders/block/2026-11-22-9f3a1c07.json"), &err));
    assert_failed("kind", &err, ERROR_INPUT, "this order belongs at orders/crisis/2026-11-22-9f3a1c07.json");
    assert_false(signed_order_check_path(&order, TEXT("orders/crisis/2026-11-22-9f3a1c08.json"), &err));
    assert_true(signed_order_is_path(TEXT("orders/x")));
    assert_false(signed_order_is_path(TEXT("policy/policy.yaml")));
}

static void an_order_holds_from_its_begin_to_its_end(void **state)
{
    static const struct {
        const char *file;
        size_t persons;
        int64_t end_us; /* behind when it was made; 0: its own */
    } rows[] = {
        {"crisis", 1, 0}, {"crisis", 2, 0},   {"block", 1, 72 * TIME_HOUR_US},
        {"block", 2, 0},  {"approval", 1, 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct signed_order order;
        struct error err;
        assert_done("parse", signed_order_parse(golden(rows[i].file, &arena), &arena, &order, &err), &err);
        int64_t end_us = rows[i].end_us == 0 ? order.ends_us : order.made_us + rows[i].end_us;
        assert_int_equal(signed_order_end_us(&order, rows[i].persons), end_us);
        assert_false(signed_order_holds(&order, rows[i].persons, order.made_us - 1));
        assert_true(signed_order_holds(&order, rows[i].persons, order.made_us));
        assert_true(signed_order_holds(&order, rows[i].persons, end_us - 1));
        assert_false(signed_order_holds(&order, rows[i].persons, end_us));
        assert_false(signed_order_holds(&order, 0, order.made_us));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_are_told_and_written_again),
        cmocka_unit_test(what_is_no_order_is_refused),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(an_order_lies_at_its_own_path),
        cmocka_unit_test(an_order_holds_from_its_begin_to_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
