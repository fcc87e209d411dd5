#include "base/testing.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "wire/agent_message.h"

/* The golden files were written by another program from the header's comment: what is read of them, and their bytes again. */
static struct bytes golden(const char *name, struct arena *arena)
{
    const char *folder = getenv("SUTURE_GOLDEN");
    struct bytes raw = {0};
    struct error err;
    struct text path =
        text_format(arena, "%s/wire/agent_message/%s", folder == NULL ? "test/golden" : folder, name);

    assert_done(name, path.at != NULL && file_read(path.at, MIB, arena, &raw, &err), &err);
    return raw;
}

static void expect_bytes(const char *name, const struct writer *w, struct bytes raw)
{
    if (!writer_ok(w) || w->size != raw.size || memcmp(w->at, raw.at, raw.size) != 0)
        fail_msg("%s: written otherwise than the golden file", name);
}

/* Bytes first, first + 1, ... */
static void expect_row(const char *name, const uint8_t *at, size_t size, uint8_t first)
{
    for (size_t i = 0; i < size; i++)
        if (at[i] != (uint8_t)(first + i))
            fail_msg("%s: byte %zu is %u", name, i, at[i]);
}

static void test_enrol(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(writer_end) struct writer w = writer_with(MIB);
    struct bytes raw = golden("enrol", &arena);
    struct agent_enrol got;
    struct error err;

    (void)state;
    assert_done("enrol", agent_enrol_parse(raw, &got, &err), &err);
    assert_true(got.protocol_min == 1 && got.protocol_max == 1 && got.csr.size == 5);
    expect_row("fleet", got.fleet.at, 32, 0);
    expect_row("secret", got.secret, 16, 64);
    expect_row("nonce", got.nonce, 16, 96);
    assert_text("host_name", got.host_name, "laptop-1");
    assert_text("version", got.version, "0.1.0");
    agent_enrol_write(&w, &got);
    expect_bytes("enrol", &w, raw);
}

static void test_identity(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(writer_end) struct writer w = writer_with(MIB);
    struct bytes raw = golden("identity", &arena), again = golden("renew", &arena);
    struct agent_identity got;
    struct agent_renew renew;
    struct error err;

    (void)state;
    assert_done("identity", agent_identity_parse(raw, &got, &err), &err);
    expect_row("host", got.host.at, 16, 16);
    expect_row("chunk key", got.chunk_key, 32, 128);
    expect_row("plan key", got.plan_key, 32, 160);
    assert_true(got.ring == 2 && got.certificate.size == 12 && got.ca.size == 3);
    assert_text("content", got.content, "http://mirror.example:8442");
    agent_identity_write(&w, &got);
    expect_bytes("identity", &w, raw);
    assert_done("renew", agent_renew_parse(again, &renew, &err), &err);
    assert_true(renew.protocol_max == 3);
    writer_clear(&w);
    agent_renew_write(&w, &renew);
    expect_bytes("renew", &w, again);
}

static void test_checkin(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(writer_end) struct writer w = writer_with(MIB);
    struct bytes raw = golden("checkin", &arena), answer = golden("pace", &arena);
    struct agent_checkin got;
    struct agent_pace pace;
    struct error err;

    (void)state;
    assert_int_equal(raw.size, AGENT_CHECKIN_SIZE);
    assert_done("checkin", agent_checkin_parse(raw, &got, &err), &err);
    assert_true(got.minor == 1 && got.counter == 7 && got.random == UINT64_C(0x1122334455667788));
    assert_true(got.epoch == 9 && got.made == 20 && got.acked == 18 && got.plan == 42 &&
                got.advisories == 17);
    assert_true(got.repository == 9 && got.policy == 3 && got.clock_us - got.scanned_us == 5000000);
    assert_true(got.flags == (AGENT_REBOOT_NEEDED | AGENT_METERED) && got.level == AGENT_LEVEL_ESSENTIAL);
    assert_true(got.due == 3 && got.late == 1 && got.open == 9 && got.unknown == 0);
    agent_checkin_write(&w, &got);
    expect_bytes("checkin", &w, raw);
    assert_int_equal(answer.size, AGENT_PACE_SIZE);
    assert_done("pace", agent_pace_parse(answer, &pace, &err), &err);
    assert_true(pace.protocol == 1 && pace.counter == 7 && pace.next_s == 600 && pace.ack == 19);
    assert_true(pace.plan == 43 && pace.ring == 2 && pace.flags == AGENT_SEND_INVENTORY);
    writer_clear(&w);
    agent_pace_write(&w, &pace);
    expect_bytes("pace", &w, answer);
}

static void test_inventory(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(writer_end) struct writer w = writer_with(MIB);
    OWN(writer_end) struct writer changes = writer_with(MIB);
    struct bytes raw = golden("inventory", &arena), commit_raw = golden("commit", &arena);
    struct bytes lacks_raw = golden("lacks", &arena);
    struct agent_inventory got;
    struct agent_commit commit;
    struct agent_lacks lacks;
    struct error err;

    (void)state;
    assert_done("inventory", agent_inventory_parse(raw, &got, &err), &err);
    assert_int_equal(agent_change_count(&got), 2);
    assert_true(agent_change_at(&got, 0).bucket == 5 && agent_change_at(&got, 1).bucket == 254);
    struct agent_change gone = agent_change_at(&got, 1);
    assert_true(short_hash_is_zero(&gone.hash));
    for (size_t i = 0; i < 2; i++) {
        struct agent_change change = agent_change_at(&got, i);
        agent_change_put(&changes, &change);
    }
    got.changes = writer_bytes(&changes);
    agent_inventory_write(&w, &got);
    expect_bytes("inventory", &w, raw);
    assert_done("commit", agent_commit_parse(commit_raw, &commit, &err), &err);
    assert_text("os", commit.os, "debian");
    assert_text("kernel", commit.kernel, "6.1.0-18-amd64");
    assert_int_equal(agent_change_count(&commit.inventory), 2);
    writer_clear(&w);
    agent_commit_write(&w, &commit);
    expect_bytes("commit", &w, commit_raw);
    assert_done("lacks", agent_lacks_parse(lacks_raw, &lacks, &err), &err);
    assert_int_equal(lacks.hashes.size, 16);
}

static void test_outbox(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(writer_end) struct writer w = writer_with(MIB);
    struct bytes raw = golden("outbox", &arena), pulse_raw = golden("pulse", &arena),
                 ack_raw = golden("ack", &arena);
    struct agent_outbox got;
    struct agent_event event;
    struct agent_pulse pulse;
    struct agent_ack ack;
    struct error err;

    (void)state;
    assert_done("outbox", agent_outbox_parse(raw, &got, &err), &err);
    assert_true(got.epoch == 9 && got.first == 19 && got.count == 2);
    struct agent_outbox_walk walk = agent_outbox_walk_with(&got);
    size_t place = agent_outbox_begin(&w, got.epoch, got.first);
    assert_true(agent_outbox_next(&walk, &event) && event.number == 19 &&
                event.kind == AGENT_EVENT_RUN_BEGAN);
    agent_outbox_put(&w, event.kind, event.made_us, event.body);
    assert_true(agent_outbox_next(&walk, &event) && event.number == 20 && event.kind == AGENT_EVENT_EVIDENCE);
    agent_outbox_put(&w, event.kind, event.made_us, event.body);
    assert_false(agent_outbox_next(&walk, &event));
    agent_outbox_end(&w, place, 2);
    expect_bytes("outbox", &w, raw);
    assert_done("ack", agent_ack_parse(ack_raw, &ack, &err), &err);
    assert_true(ack.epoch == 9 && ack.ack == 20);
    assert_int_equal(pulse_raw.size, AGENT_PULSE_SIZE);
    assert_done("pulse", agent_pulse_parse(pulse_raw, &pulse, &err), &err);
    assert_true(pulse.generation == 5 && pulse.plan == 43 && pulse.urgency == AGENT_URGENCY_NOW);
    expect_row("signature", pulse.signature, 64, 192);
}

#define PARSE(name)                                                                                          \
    static bool parse_##name(struct bytes raw, struct error *err)                                            \
    {                                                                                                        \
        struct agent_##name got;                                                                             \
        return agent_##name##_parse(raw, &got, err);                                                         \
    }
PARSE(enrol)
PARSE(identity)
PARSE(renew)
PARSE(checkin)
PARSE(pace)
PARSE(inventory)
PARSE(lacks)
PARSE(commit)
PARSE(ack)
PARSE(pulse)
PARSE(outbox)

static void test_prefixes(void **state)
{
    static const struct {
        const char *name;
        bool (*parse)(struct bytes raw, struct error *err);
    } rows[] = {{"enrol", parse_enrol},     {"identity", parse_identity}, {"renew", parse_renew},
                {"checkin", parse_checkin}, {"pace", parse_pace},         {"inventory", parse_inventory},
                {"lacks", parse_lacks},     {"commit", parse_commit},     {"ack", parse_ack},
                {"pulse", parse_pulse},     {"outbox", parse_outbox}};
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct error err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bytes raw = golden(rows[i].name, &arena);
        for (size_t size = 0; size < raw.size; size++)
            if (rows[i].parse((struct bytes){raw.at, size}, &err))
                fail_msg("%s: its first %zu bytes are taken for all", rows[i].name, size);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *name;
        bool (*parse)(struct bytes raw, struct error *err);
        const char *text;
    } rows[] = {
        {"bad/cut", parse_checkin, "check-in: advisories: ends in the middle"},
        {"bad/newer", parse_checkin, "check-in: does not begin with SAC1"},
        {"bad/range", parse_checkin, "check-in: protocols 2 to 1 are no range"},
        {"bad/long", parse_pace, "pace: 1 bytes behind the end"},
        {"bad/next", parse_pace, "pace: next in 0 s, not 1 to 86400"},
        {"bad/order", parse_inventory, "inventory: bucket 5 does not come behind 5"},
        {"bad/list", parse_inventory, "inventory: changes: ends in the middle"},
        {"bad/many", parse_outbox, "outbox: from event 1, 1001 of them: not 1 to 1000"},
        {"bad/event", parse_outbox, "outbox: event 1: 2147483648 bytes, more than 1048576"},
        {"bad/kind", parse_outbox, "outbox: event 1: kind 99 is unknown"},
        {"bad/escape", parse_enrol, "enrol: host_name: byte 0x1b at 3 is not text"},
        {"bad/blob", parse_renew, "renew: csr: 4097 bytes, not 1 to 4096"},
    };
    OWN(arena_end) struct arena arena = arena_with(MIB);
    struct error err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_false(rows[i].parse(golden(rows[i].name, &arena), &err));
        assert_failed(rows[i].name, &err, ERROR_INPUT, rows[i].text);
    }
}

static void test_ids(void **state)
{
    static const char hex[] = "000102030405060708090a0b0c0d0e0f";
    char written[HOST_ID_HEX + 1];
    struct host_id id;
    struct error err;

    (void)state;
    assert_done("id", host_id_parse(text_of(hex), &id, &err), &err);
    expect_row("id", id.at, 16, 0);
    host_id_hex(&id, written);
    assert_string_equal(written, hex);
    assert_false(host_id_parse(TEXT("00"), &id, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_enrol),     cmocka_unit_test(test_identity), cmocka_unit_test(test_checkin),
        cmocka_unit_test(test_inventory), cmocka_unit_test(test_outbox),   cmocka_unit_test(test_prefixes),
        cmocka_unit_test(test_refused),   cmocka_unit_test(test_ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
