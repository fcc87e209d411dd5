#include "verify/evidence_testing.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "verify/seal.h"
#include "verify/verdict.h"

struct place {
    char folder[64];
    struct state state;
    struct arena arena;
};

static int make_place(void **state)
{
    struct place *place = calloc(1, sizeof(*place));
    struct error err;

    test_folder(place->folder);
    place->arena = arena_with(LIMIT_EVIDENCE_MEMORY);
    *state = place;
    return state_open(place->folder, STATE_WRITE, &place->state, &err) ? 0 : 1;
}

static int remove_place(void **state)
{
    struct place *place = *state;
    struct error err;
    bool removed = file_remove_tree(place->folder, &err);

    arena_end(&place->arena);
    free(place);
    return !removed;
}

static struct seal append(struct place *place, const char *host)
{
    struct evidence_sample sample;
    struct seal seal = {.number = 0};
    struct error err;

    evidence_sample_fill(&sample);
    sample.evidence.host = text_of(host);
    assert_done(host, verdict_make(&sample.evidence, &place->arena, &err), &err);
    assert_done(host, seal_append(&place->state, &sample.evidence, &place->arena, &seal, &err), &err);
    return seal;
}

static void expect_not_ready(struct place *place, const char *row, enum error_kind kind)
{
    struct error err;

    assert_false(seal_ready(&place->state, &place->arena, &err));
    if (err.kind != kind)
        fail_msg("%s: %s", row, err.text);
}

static void what_it_could_be_added_to_is_asked(void **state)
{
    struct place *place = *state;
    const char *key = state_path(&place->state, &place->arena, "machine.key");
    const char *folder = state_path(&place->state, &place->arena, "evidence");
    struct evidence_head head;
    struct error err;

    assert_done("ready", seal_ready(&place->state, &place->arena, &err), &err);
    assert_done("head", evidence_head_read(&place->state, &place->arena, &head, &err), &err);
    assert_int_equal(head.number, 0);
    assert_done("again", seal_ready(&place->state, &place->arena, &err), &err);
    /* Nothing is held any more, and the chain is the same. */
    assert_int_equal(append(place, "web-03").number, 1);
    assert_int_equal(chmod(key, 0644), 0);
    expect_not_ready(place, "a key that others may read", ERROR_TRUST);
    assert_done("write", file_replace(key, BYTES("suture-key 1\n"), 0600, &err), &err);
    expect_not_ready(place, "a broken key", ERROR_INPUT);
    assert_int_equal(unlink(key), 0);
    assert_done("remove", file_remove_tree(folder, &err), &err);
    assert_done("write", file_replace(folder, BYTES("not a folder"), 0600, &err), &err);
    assert_false(seal_ready(&place->state, &place->arena, &err));
}

static struct seal_report check(struct place *place, const struct public_key *machine)
{
    struct seal_report report = {.good = 0};
    struct error err;

    assert_done("check", seal_check_chain(&place->state, machine, &place->arena, &report, &err), &err);
    return report;
}

static void assert_problems(const char *row, const struct seal_report *report, const char *expected)
{
    char got[4096] = "";

    for (size_t i = 0; i < report->problem_count; i++) {
        size_t at = strlen(got);
        (void)snprintf(got + at, sizeof(got) - at, "%u %.*s\n", (unsigned)report->problems[i].number,
                       TEXT_ARG(report->problems[i].what));
    }
    if (strcmp(got, expected) != 0)
        fail_msg("%s:\n%s-- expected\n%s", row, got, expected);
}

static void a_record_is_read_as_it_was_written(void **state)
{
    struct place *place = *state;
    struct evidence evidence;
    struct error err;
    struct seal made = append(place, "one"), read;
    struct bytes raw;

    assert_done("read", evidence_read(&place->state, 1, &place->arena, &raw, &err), &err);
    assert_done("open", seal_open(raw, &place->arena, &read, &evidence, &err), &err);
    assert_int_equal(read.number, 1);
    assert_memory_equal(&read.signature, &made.signature, sizeof(read.signature));
    assert_text("host", evidence.host, "one");
    assert_int_equal(evidence.package_count, 2);
    assert_text("to", evidence.packages[1].to, "1:9.2p1-2+deb12u3");
    assert_int_equal(evidence.holes[2].listed, false);
    assert_int_equal(evidence.checks[1].before.outcome, CHECK_FAILED);
    assert_text("why", evidence.checks[1].before.why, "connection refused");
    assert_int_equal(evidence.applied.proof, PROOF_YES);
    assert_int_equal(evidence.made_us, TESTING_TIME);
    assert_string_equal(evidence.run, "20261121T074500Z-9f3a61c2");
}

static void a_chain_holds(void **state)
{
    struct place *place = *state;
    struct seal first = append(place, "one"), second = append(place, "two"), third = append(place, "three");
    struct seal_report report = check(place, &third.key);

    assert_int_equal(second.number, 2);
    assert_true(digest_equal(&second.former, &first.digest));
    assert_true(digest_equal(&third.former, &second.digest));
    assert_string_equal(first.chain, third.chain);
    assert_problems("whole", &report, "");
    assert_int_equal(report.good, 3);
    assert_int_equal(report.other_keys, 0);
    assert_int_equal(report.head.number, 3);
    struct public_key other = third.key;
    other.at[0] ^= 1;
    report = check(place, &other);
    assert_int_equal(report.other_keys, 3);
}

/* Every byte of a record: whatever is changed in it is found. */
static void every_edited_byte_is_found(void **state)
{
    struct place *place = *state;
    struct evidence evidence;
    struct bytes raw;
    struct error err;
    struct seal seal;

    append(place, "one");
    assert_done("read", evidence_read(&place->state, 1, &place->arena, &raw, &err), &err);
    OWN(own_memory) uint8_t *copy = malloc(raw.size);
    memcpy(copy, raw.at, raw.size);
    for (size_t i = 0; i < raw.size; i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        copy[i] ^= 1;
        if (seal_open((struct bytes){copy, raw.size}, &arena, &seal, &evidence, &err))
            fail_msg("byte %zu", i);
        copy[i] ^= 1;
    }
    for (size_t size = 0; size < raw.size; size++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        if (seal_open((struct bytes){copy, size}, &arena, &seal, &evidence, &err))
            fail_msg("prefix of %zu", size);
    }
}

static void move(struct place *place, uint64_t from, uint64_t to)
{
    assert_int_equal(rename(evidence_path(&place->state, from, &place->arena),
                            evidence_path(&place->state, to, &place->arena)),
                     0);
}

static void drop(struct place *place, uint64_t number)
{
    assert_int_equal(unlink(evidence_path(&place->state, number, &place->arena)), 0);
}

static void what_was_done_to_a_chain_is_told(void **state)
{
    struct place *place = *state;
    struct seal_report report;

    for (int i = 0; i < 5; i++)
        append(place, "host");
    move(place, 2, 99);
    report = check(place, NULL);
    assert_problems("removed", &report, "2 is missing\n0 records up to 99 are there, the head ends at 5\n");
    move(place, 3, 2);
    move(place, 99, 3);
    report = check(place, NULL);
    assert_problems("swapped", &report,
                    "2 is record 3 of the chain, moved here\n"
                    "3 is record 2 of the chain, moved here\n"
                    "4 does not follow record 3 as that is now\n");
    move(place, 2, 99);
    move(place, 3, 2);
    move(place, 99, 3);
    report = check(place, NULL);
    assert_problems("put back", &report, "");
    drop(place, 5);
    report = check(place, NULL);
    assert_problems("cut at its end", &report, "5 is missing\n");
}

/* A record that was changed and signed anew with another key, or made for another chain, still does not fit. */
static void another_machines_record_does_not_fit(void **state)
{
    struct place *place = *state;
    void *other_state;
    struct seal_report report;

    append(place, "one");
    struct seal mine = append(place, "two");
    append(place, "three");
    assert_int_equal(make_place(&other_state), 0);
    struct place *other = other_state;
    append(other, "one");
    append(other, "two");
    drop(place, 2);
    struct error err;
    struct bytes raw;
    assert_done("read", evidence_read(&other->state, 2, &place->arena, &raw, &err), &err);
    assert_done("put", file_create(evidence_path(&place->state, 2, &place->arena), raw, 0600, &err), &err);
    report = check(place, &mine.key);
    assert_int_equal(report.good, 1);
    assert_int_equal(report.problem_count, 2);
    assert_true(text_starts(report.problems[0].what, TEXT("belongs to another chain (")));
    assert_text("third", report.problems[1].what, "does not follow record 2 as that is now");
    assert_int_equal(remove_place(&other_state), 0);
}

static struct bytes head_of(struct place *place)
{
    struct bytes raw = {0};
    struct error err;

    assert_done(
        "head",
        file_read(state_path(&place->state, &place->arena, "evidence/head"), KIB, &place->arena, &raw, &err),
        &err);
    return raw;
}

static void set_head(struct place *place, struct bytes raw)
{
    struct error err;

    assert_done("head",
                file_replace(state_path(&place->state, &place->arena, "evidence/head"), raw, 0600, &err),
                &err);
}

/* The power goes between the record and the head that names it: the record is there, and stays. */
static void a_record_without_a_head_is_taken_in(void **state)
{
    struct place *place = *state;
    struct seal_report report;

    append(place, "one");
    struct bytes before = head_of(place);
    struct seal second = append(place, "two");
    set_head(place, before);
    report = check(place, NULL);
    assert_problems("before the next", &report, "");
    assert_true(report.unfinished);
    struct seal third = append(place, "three");
    assert_int_equal(third.number, 3);
    assert_true(digest_equal(&third.former, &second.digest));
    report = check(place, NULL);
    assert_problems("after it", &report, "");
    assert_int_equal(report.good, 3);
}

/* The power goes while the record is written: for each size that may have reached the disk. */
static void a_torn_tail_is_put_aside(void **state)
{
    struct place *place = *state;
    struct bytes before, second;
    struct seal_report report;
    struct error err;

    append(place, "one");
    before = head_of(place);
    append(place, "two");
    assert_done("read", evidence_read(&place->state, 2, &place->arena, &second, &err), &err);
    const char *path = evidence_path(&place->state, 2, &place->arena);
    const size_t sizes[] = {0, 1, 100, second.size / 2, second.size - 1};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        set_head(place, before);
        assert_done("torn", file_replace(path, (struct bytes){second.at, sizes[i]}, 0600, &err), &err);
        report = check(place, NULL);
        assert_problems("before the next", &report, "");
        assert_true(report.unfinished);
        assert_int_equal(append(place, "two again").number, 2);
        report = check(place, NULL);
        assert_problems("after it", &report, "");
        assert_int_equal(report.good, 2);
    }
    assert_true(file_exists(state_path(&place->state, &place->arena, "evidence/00000002.torn")));
}

/* Torn is only what the head never named. */
static void a_named_record_is_never_taken_for_torn(void **state)
{
    struct place *place = *state;
    struct seal_report report;
    struct error err;

    append(place, "one");
    append(place, "two");
    assert_done("cut", file_replace(evidence_path(&place->state, 2, &place->arena), BYTES("{"), 0600, &err),
                &err);
    assert_int_equal(append(place, "three").number, 3);
    report = check(place, NULL);
    assert_problems("cut", &report,
                    "2 line 1, column 2: ends in the middle of the document\n3 does not follow record 2 as "
                    "that is now\n");
}

static void without_a_head_nothing_is_added(void **state)
{
    struct place *place = *state;
    struct evidence_sample sample;
    struct error err;
    struct seal seal;
    char expected[240];

    append(place, "one");
    assert_int_equal(unlink(state_path(&place->state, &place->arena, "evidence/head")), 0);
    evidence_sample_fill(&sample);
    assert_done("verdicts", verdict_make(&sample.evidence, &place->arena, &err), &err);
    assert_false(seal_append(&place->state, &sample.evidence, &place->arena, &seal, &err));
    (void)snprintf(
        expected, sizeof(expected),
        "%s/evidence: its head is gone, so it is not known where its 1 records end: move the folder away, "
        "and a new chain begins",
        place->folder);
    assert_failed("head", &err, ERROR_TRUST, expected);
}

/* Facts that were improved before the signing, or verdicts: whoever opens the record sees it. */
static void verdicts_must_follow_from_the_facts(void **state)
{
    struct place *place = *state;
    struct evidence_sample sample;
    struct error err;
    struct seal seal;

    evidence_sample_fill(&sample);
    assert_done("verdicts", verdict_make(&sample.evidence, &place->arena, &err), &err);
    sample.evidence.process_count =
        1; /* one that still runs old code, while the verdict says that there is none */
    assert_false(seal_append(&place->state, &sample.evidence, &place->arena, &seal, &err));
    assert_failed(
        "verdicts", &err, ERROR_INPUT,
        "its verdicts do not follow from its facts: applied yes, works yes, old code gone no would");
}

static void names_that_are_no_text_are_shown(void **state)
{
    struct place *place = *state;
    struct evidence_sample sample;
    struct evidence evidence;
    struct error err;
    struct seal seal;
    struct bytes raw;

    evidence_sample_fill(&sample);
    sample.evidence.process_count = 1;
    sample.processes[0].path = TEXT("/usr/lib/\xff\n\x1b[31m");
    sample.processes[0].process = TEXT("s\x85hd");
    assert_done("verdicts", verdict_make(&sample.evidence, &place->arena, &err), &err);
    assert_done("append", seal_append(&place->state, &sample.evidence, &place->arena, &seal, &err), &err);
    assert_done("read", evidence_read(&place->state, 1, &place->arena, &raw, &err), &err);
    assert_done("open", seal_open(raw, &place->arena, &seal, &evidence, &err), &err);
    assert_text("path", evidence.processes[0].path, "/usr/lib/???[31m");
}

/* A record of before says nothing of it, one of today may; both are read. */
static void how_packages_came_is_sealed(void **state)
{
    static const char *const lines[] = {"", "1 packages fetched, 0.1 MB; delta for oak did not give it"};
    struct place *place = *state;
    struct error err;

    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        struct evidence_sample sample;
        struct evidence evidence;
        struct seal seal;
        struct bytes raw;
        evidence_sample_fill(&sample);
        sample.evidence.fetched = text_of(lines[i]);
        assert_done("verdicts", verdict_make(&sample.evidence, &place->arena, &err), &err);
        assert_done("append", seal_append(&place->state, &sample.evidence, &place->arena, &seal, &err), &err);
        assert_done("read", evidence_read(&place->state, i + 1, &place->arena, &raw, &err), &err);
        assert_done("open", seal_open(raw, &place->arena, &seal, &evidence, &err), &err);
        assert_text("fetched", evidence.fetched, lines[i]);
    }
}

static void broken_records_are_named(void **state)
{
    static const struct {
        const char *file, *text;
        enum error_kind kind;
    } rows[] = {
        {"bad/not_json", "line 1, column 1: unexpected e", ERROR_INPUT},
        {"bad/newer", "schema \"suture.evidence/2\", which this version of Suture does not know",
         ERROR_INPUT},
        {"bad/algorithm", "algorithm \"rsa\", which this version of Suture does not know", ERROR_INPUT},
        {"bad/space", "is not in canonical form (byte 13)", ERROR_INPUT},
        {"bad/member", "holds something that no record of this version has", ERROR_INPUT},
        {"bad/edited", "the signature does not hold", ERROR_TRUST},
        {"bad/missing", "record: packages 0: arch is missing", ERROR_INPUT},
        {"bad/word", "record: outcome: \"splendid\" is no word for it", ERROR_INPUT},
        {"bad/number", "chain: number is 0.5, not a whole number from 0 to 1000000", ERROR_INPUT},
    };
    OWN(arena_end) struct arena arena = arena_with(LIMIT_EVIDENCE_MEMORY);
    struct evidence evidence;
    struct error err;
    struct seal seal;
    struct bytes raw;
    char path[512];

    (void)state;
    (void)snprintf(path, sizeof(path), "%s/seal/whole", getenv("SUTURE_GOLDEN"));
    assert_done("whole", file_read(path, MIB, &arena, &raw, &err), &err);
    assert_done("whole", seal_open(raw, &arena, &seal, &evidence, &err), &err);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        (void)snprintf(path, sizeof(path), "%s/seal/%s", getenv("SUTURE_GOLDEN"), rows[i].file);
        assert_done(rows[i].file, file_read(path, MIB, &arena, &raw, &err), &err);
        assert_false(seal_open(raw, &arena, &seal, &evidence, &err));
        assert_failed(rows[i].file, &err, rows[i].kind, rows[i].text);
    }
}

#define IN_A_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_A_PLACE(a_record_is_read_as_it_was_written),
        IN_A_PLACE(a_chain_holds),
        IN_A_PLACE(what_it_could_be_added_to_is_asked),
        IN_A_PLACE(every_edited_byte_is_found),
        IN_A_PLACE(what_was_done_to_a_chain_is_told),
        IN_A_PLACE(another_machines_record_does_not_fit),
        IN_A_PLACE(a_record_without_a_head_is_taken_in),
        IN_A_PLACE(a_torn_tail_is_put_aside),
        IN_A_PLACE(a_named_record_is_never_taken_for_torn),
        IN_A_PLACE(without_a_head_nothing_is_added),
        IN_A_PLACE(verdicts_must_follow_from_the_facts),
        IN_A_PLACE(names_that_are_no_text_are_shown),
        IN_A_PLACE(how_packages_came_is_sealed),
        cmocka_unit_test(broken_records_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
