#include "base/testing.h"

#include <sys/stat.h>
#include <unistd.h>

#include "acquire/trust_check.h"
#include "base/file.h"
#include "base/limits.h"
#include "store/rollback_store.h"

/* Small, but all of it: an ar archive as a package is one. What is in it is read elsewhere. */
static const char deb[] = "!<arch>\n"
                          "debian-binary   0           0     0     100644  4         `\n2.0\n"
                          "control.tar     0           0     0     100644  12        `\ncontrol here"
                          "data.tar        0           0     0     100644  9         `\ndata here\n";
#define DEB_SIZE (sizeof(deb) - 1)
#define SIGNERS  "ED541312A33F1128F10B1C6C54404762BBB6E853"

struct place {
    char folder[64];
    char path[80];
    struct arena arena;
    struct plan_change change;
    struct vouched vouched;
    struct package_claim claim;
    struct trust_request request;
};

static void put(const char *path, const char *content, size_t size, mode_t mode)
{
    struct error err = {0};

    assert_done("write", file_replace_cache(path, (struct bytes){(const uint8_t *)content, size}, mode, &err),
                &err);
}

static int begin_test(void **state)
{
    struct place *p = calloc(1, sizeof(*p));
    struct error err = {0};
    struct digest digest;

    assert_done("digest", digest_bytes(DIGEST_SHA256, BYTES(deb), &digest, &err), &err);
    test_folder(p->folder);
    (void)snprintf(p->path, sizeof(p->path), "%s/x.deb", p->folder);
    put(p->path, deb, DEB_SIZE, 0600);
    p->arena = arena_with(MIB);
    p->change = (struct plan_change){
        .kind = CHANGE_UPGRADE,
        .name = TEXT("libexpat1"),
        .arch = TEXT("amd64"),
        .from = TEXT("2.5.0-1+deb12u1"),
        .to = TEXT("2.5.0-1+deb12u5"),
        .uri = TEXT("https://mirror.example/debian-security/"),
        .file = TEXT("pool/updates/main/e/expat/libexpat1_2.5.0-1+deb12u5_amd64.deb"),
        .suite = TEXT("bookworm-security"),
        .size = DEB_SIZE,
        .digest = digest,
    };
    p->vouched = (struct vouched){
        .name = p->change.name,
        .arch = p->change.arch,
        .version = p->change.to,
        .uri = TEXT("https://reader:secret@mirror.example/debian-security/"),
        .file = p->change.file,
        .suite = p->change.suite,
        .size = DEB_SIZE,
        .digest = digest,
        .state = ARCHIVE_VERIFIED,
        .signers = TEXT(SIGNERS),
    };
    p->claim = (struct package_claim){p->change.name, p->change.arch, p->change.to};
    p->request = (struct trust_request){&p->change, &p->vouched, &p->claim, p->folder, "x.deb", NULL, 0};
    *state = p;
    return 0;
}

static int end_test(void **state)
{
    struct place *p = *state;
    struct error err = {0};

    assert_done("remove", file_remove_tree(p->folder, &err), &err);
    arena_end(&p->arena);
    free(p);
    return 0;
}

/* Refused under this name, with this text; and *out stays as it was. */
static void expect_refused(struct place *p, const char *row, enum trust_refusal refusal, const char *text)
{
    struct trusted_artifact got = {.size = 42};
    enum trust_refusal why = TRUST_NOT_REFUSED;
    struct error err = {0};
    char expected[240];

    if (trust_check_archive(&p->request, &p->arena, &got, &why, &err))
        fail_msg("%s: was believed", row);
    if (why != refusal)
        fail_msg("%s: %s (%s), expected %s", row, trust_refusal_name(why), err.text,
                 trust_refusal_name(refusal));
    (void)snprintf(expected, sizeof(expected), "libexpat1: %s: %s", trust_refusal_name(refusal), text);
    if (text[0] != 0)
        assert_failed(row, &err, ERROR_TRUST, expected);
    assert_int_equal(got.basis, TRUST_BASIS_UNKNOWN);
    assert_int_equal(got.size, 42);
}

static void test_believed(void **state)
{
    struct place *p = *state;
    struct trusted_artifact got;
    enum trust_refusal why;
    struct error err = {0};

    assert_done("check", trust_check_archive(&p->request, &p->arena, &got, &why, &err), &err);
    assert_int_equal(got.basis, TRUST_ARCHIVE);
    assert_text("name", got.name, "libexpat1");
    assert_text("arch", got.arch, "amd64");
    assert_text("version", got.version, "2.5.0-1+deb12u5");
    assert_text("suite", got.suite, "bookworm-security");
    assert_text("signers", got.signers, SIGNERS);
    assert_string_equal(got.path, p->path);
    assert_int_equal(got.size, DEB_SIZE);
    assert_true(digest_equal(&got.digest, &p->vouched.digest));
}

#define NOON (INT64_C(20779) * TIME_DAY_US)

/* What the gates are judged by: seen a month ago, nothing new, nothing approved. */
static struct trust_terms open_terms(void)
{
    return (struct trust_terms){.lanes = {false, LANE_FUNCTIONAL_WAIT_US},
                                .held_powers = UINT32_MAX,
                                .clock_us = NOON,
                                .now_us = NOON};
}

static void make_wait(struct place *p, struct trust_terms *terms)
{
    (void)terms;
    p->request.first_us = NOON - 6 * TIME_DAY_US;
}

static void make_powerful(struct place *p, struct trust_terms *terms)
{
    static struct power timer = {
        .kind = POWER_TIMER, .is_new = true, .count = 1, .path = TEXT("/lib/systemd/system/x.timer")};

    timer.package = p->change.name;
    timer.arch = p->change.arch;
    terms->powers = (struct powers){.at = &timer, .count = 1};
}

static void make_new(struct place *p, struct trust_terms *terms)
{
    (void)terms;
    p->change.kind = CHANGE_NEW;
    p->change.from = (struct text){0};
    p->change.source = TEXT("expat");
    p->change.new_package = true;
}

/* Each gate by itself: shut it is refused, under its name; approved it comes in, and the artifact says by whom. */
static void test_gates(void **state)
{
    static const struct {
        void (*shut)(struct place *p, struct trust_terms *terms);
        enum trust_refusal refusal;
        unsigned lift;
        const char *text, *lifted;
    } rows[] = {
        {make_wait, TRUST_SOAK, SIGNED_ORDER_LIFTS_WAIT,
         "it waits until 2026-11-23T00:00:00Z; suture approve libexpat1 shows it", "soak by anna"},
        {make_powerful, TRUST_POWERS, SIGNED_ORDER_LIFTS_POWERS,
         "it brings a new timer, /lib/systemd/system/x.timer; suture approve libexpat1 shows it",
         "powers by anna"},
        {make_new, TRUST_NEW_PACKAGE, SIGNED_ORDER_LIFTS_NEW_PACKAGE,
         "it is new here, and nothing of its source (expat) and publisher is; suture approve libexpat1 shows "
         "it",
         "new-package by anna"},
    };
    struct place *p = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct place row = *p;
        struct trust_terms terms = open_terms();
        struct trusted_artifact got;
        enum trust_refusal why;
        struct error err = {0};
        row.arena = arena_with(MIB);
        row.change.lane = LANE_FUNCTIONAL;
        row.request.change = &row.change;
        row.request.terms = &terms;
        row.request.first_us = NOON - 30 * TIME_DAY_US;
        assert_done("open", trust_check_archive(&row.request, &p->arena, &got, &why, &err), &err);
        assert_int_equal(got.lifted.size, 0);
        rows[i].shut(&row, &terms);
        expect_refused(&row, rows[i].lifted, rows[i].refusal, rows[i].text);
        struct signed_order approval = {.kind = SIGNED_ORDER_APPROVAL,
                                        .by = TEXT("anna"),
                                        .made_us = NOON,
                                        .ends_us = NOON + TIME_DAY_US,
                                        .package = row.change.name,
                                        .arch = row.change.arch,
                                        .version = row.change.to,
                                        .digests = &row.change.digest,
                                        .digest_count = 1,
                                        .lifts = rows[i].lift};
        assert_done("digest",
                    powers_digest(&terms.powers, row.change.name, row.change.arch, &approval.powers, &err),
                    &err);
        terms.lifts = (struct lifts){&approval, 1, 1};
        assert_done("lifted", trust_check_archive(&row.request, &p->arena, &got, &why, &err), &err);
        assert_text("by", got.lifted, rows[i].lifted);
        approval.lifts = ~rows[i].lift; /* another gate's approval opens another gate */
        expect_refused(&row, rows[i].lifted, rows[i].refusal, rows[i].text);
        arena_end(&row.arena);
    }
}

/* A plan says what it likes of its lane; what is judged is what was put into it here. Security does not wait alone. */
static void test_lanes(void **state)
{
    static const struct {
        enum lane lane;
        bool fleet;
        int64_t age_us;
        bool waits;
    } rows[] = {
        {LANE_UNKNOWN, false, 6 * TIME_DAY_US, true},
        {LANE_FUNCTIONAL, false, 7 * TIME_DAY_US, false},
        {LANE_SECURITY, false, 0, false},
        {LANE_SECURITY, true, 23 * TIME_HOUR_US, true},
        {LANE_SECURITY, true, 24 * TIME_HOUR_US, false},
        {LANE_EXPLOITED, true, 23 * TIME_HOUR_US, true},
        {LANE_EXPLOITED, true, 24 * TIME_HOUR_US, false},
        {LANE_CRISIS, true, 0, false},
    };
    struct place *p = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct trust_terms terms = open_terms();
        struct trusted_artifact got;
        enum trust_refusal why;
        struct error err;
        terms.lanes.fleet = rows[i].fleet;
        p->change.lane = rows[i].lane;
        p->request.terms = &terms;
        p->request.first_us = NOON - rows[i].age_us;
        if (trust_check_archive(&p->request, &p->arena, &got, &why, &err) == rows[i].waits ||
            (rows[i].waits && why != TRUST_SOAK))
            fail_msg("row %zu: %s", i, rows[i].waits ? "did not wait" : err.text);
    }
}

/*
 * In a fleet an approval of one person makes the wait of an exploited hole shorter and ends none; what two people signed
 * ends any.
 */
static void test_fleet_approvals(void **state)
{
    static const struct {
        enum lane lane;
        bool one;
        int64_t age_us;
        bool waits;
    } rows[] = {
        {LANE_EXPLOITED, true, 3 * TIME_HOUR_US, true}, {LANE_EXPLOITED, true, 4 * TIME_HOUR_US, false},
        {LANE_SECURITY, true, 23 * TIME_HOUR_US, true}, {LANE_FUNCTIONAL, true, 6 * TIME_DAY_US, true},
        {LANE_EXPLOITED, false, TIME_HOUR_US, false},   {LANE_SECURITY, false, TIME_HOUR_US, false},
        {LANE_FUNCTIONAL, false, TIME_HOUR_US, false},
    };
    struct place *p = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct trust_terms terms = open_terms();
        struct trusted_artifact got;
        enum trust_refusal why;
        struct error err;
        const struct signed_order approval = {.kind = SIGNED_ORDER_APPROVAL,
                                              .by = TEXT("anna"),
                                              .made_us = NOON,
                                              .ends_us = NOON + TIME_DAY_US,
                                              .package = p->change.name,
                                              .arch = p->change.arch,
                                              .version = p->change.to,
                                              .digests = &p->change.digest,
                                              .digest_count = 1,
                                              .lifts = SIGNED_ORDER_LIFTS_WAIT};
        terms.lanes.fleet = true;
        terms.lifts = (struct lifts){&approval, 1, rows[i].one};
        p->change.lane = rows[i].lane;
        p->request.terms = &terms;
        p->request.first_us = NOON - rows[i].age_us;
        if (trust_check_archive(&p->request, &p->arena, &got, &why, &err) == rows[i].waits ||
            (rows[i].waits && why != TRUST_SOAK))
            fail_msg("row %zu: %s", i, rows[i].waits ? "did not wait" : err.text);
    }
}

/* One wrong thing each. A row fails when its check is taken out. */
static void test_each_check(void **state)
{
    static const struct {
        const char *name;
        size_t at; /* of a text in struct place, which becomes `value` */
        const char *value;
        enum trust_refusal refusal;
        const char *text;
    } rows[] = {
        {"another archive", offsetof(struct place, vouched.uri), "https://other.example/debian-security/",
         TRUST_SCOPE,
         "the plan's archive is \"mirror.example/debian-security/\", the archive's list says "
         "\"other.example/debian-security/\""},
        {"another suite", offsetof(struct place, vouched.suite), "bookworm-proposed-updates", TRUST_SCOPE,
         "the plan's suite is \"bookworm-security\", the archive's list says \"bookworm-proposed-updates\""},
        {"another package", offsetof(struct place, vouched.name), "libexpat2", TRUST_MIX_AND_MATCH,
         "the plan's package is \"libexpat1\", the archive's list says \"libexpat2\""},
        {"another architecture", offsetof(struct place, vouched.arch), "arm64", TRUST_MIX_AND_MATCH,
         "the plan's architecture is \"amd64\", the archive's list says \"arm64\""},
        {"another version", offsetof(struct place, vouched.version), "2.5.0-1+deb12u4", TRUST_MIX_AND_MATCH,
         "the plan's version is \"2.5.0-1+deb12u5\", the archive's list says \"2.5.0-1+deb12u4\""},
        {"another file", offsetof(struct place, vouched.file), "pool/y.deb", TRUST_MIX_AND_MATCH, ""},
        {"nobody signed", offsetof(struct place, vouched.signers), "", TRUST_VENDOR_SIGNATURE,
         "nobody signed its list"},
        {"the package is another", offsetof(struct place, claim.name), "sudo", TRUST_MIX_AND_MATCH,
         "the plan's package is \"libexpat1\", the package says of itself \"sudo\""},
        {"for another machine", offsetof(struct place, claim.arch), "armhf", TRUST_MIX_AND_MATCH,
         "the plan's architecture is \"amd64\", the package says of itself \"armhf\""},
        {"of another version", offsetof(struct place, claim.version), "2.5.0-1+deb12u1", TRUST_MIX_AND_MATCH,
         "the plan's version is \"2.5.0-1+deb12u5\", the package says of itself \"2.5.0-1+deb12u1\""},
        {"says nothing", offsetof(struct place, claim.version), "", TRUST_MIX_AND_MATCH, ""},
        {"older", offsetof(struct place, change.from), "2.5.0-1+deb12u6", TRUST_ROLLBACK,
         "upgrade from \"2.5.0-1+deb12u6\" to \"2.5.0-1+deb12u5\" does not go forward"},
        {"the same", offsetof(struct place, change.from), "2.5.0-1+deb12u5", TRUST_ROLLBACK, ""},
        {"an upgrade of nothing", offsetof(struct place, change.from), "", TRUST_ROLLBACK, ""},
    };
    struct place *p = *state, good = *p;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct text value = text_of(rows[i].value);
        memcpy((char *)p + rows[i].at, &value, sizeof(value));
        expect_refused(p, rows[i].name, rows[i].refusal, rows[i].text);
        *p = good;
    }
}

static void test_archive_states(void **state)
{
    static const struct {
        enum archive_state state;
        enum trust_refusal refusal;
        const char *text;
    } rows[] = {
        {ARCHIVE_STATE_UNKNOWN, TRUST_VENDOR_SIGNATURE, "nothing is known of its list: the reason"},
        {ARCHIVE_STALE, TRUST_FREEZE, "its list is past its date (run apt update): the reason"},
        {ARCHIVE_REFUSED, TRUST_VENDOR_SIGNATURE, "its list is not believed: the reason"},
        {ARCHIVE_ABSENT, TRUST_VENDOR_SIGNATURE, "its list is not there (run apt update): the reason"},
        {(enum archive_state)99, TRUST_VENDOR_SIGNATURE, "nothing is known of its list: the reason"},
    };
    struct place *p = *state;

    p->vouched.why = TEXT("the reason");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        p->vouched.state = rows[i].state;
        expect_refused(p, rows[i].text, rows[i].refusal, rows[i].text);
    }
    p->vouched.state = ARCHIVE_VERIFIED;
    p->vouched.went_back = true;
    expect_refused(p, "went back", TRUST_ROLLBACK, "its list is older than one that was here before");
    p->request.vouched = NULL;
    expect_refused(p, "no list", TRUST_VENDOR_SIGNATURE, "no verified list of an archive names it");
}

static void test_numbers(void **state)
{
    struct place *p = *state, good = *p;

    p->change.size--;
    expect_refused(p, "size", TRUST_MIX_AND_MATCH, "");
    *p = good;
    p->change.digest.at[31] ^= 1;
    expect_refused(p, "digest", TRUST_MIX_AND_MATCH,
                   "the plan's SHA-256 is not the one in the archive's list");
    *p = good;
    p->change.digest.kind = p->vouched.digest.kind = DIGEST_UNKNOWN; /* nothing to compare is not equal */
    expect_refused(p, "no digest", TRUST_MIX_AND_MATCH, "");
    *p = good;
    p->change.suite = p->vouched.suite = TEXT(""); /* nor is it here */
    expect_refused(p, "no suite", TRUST_SCOPE, "");
    *p = good;
    p->change.kind = CHANGE_REMOVE;
    expect_refused(p, "removal", TRUST_ROLLBACK, "");
}

static void test_every_byte(void **state)
{
    struct place *p = *state;
    char bytes[DEB_SIZE + 1];

    for (size_t i = 0; i < DEB_SIZE; i++)
        for (unsigned bit = 0; bit < 8; bit += 7) {
            memcpy(bytes, deb, DEB_SIZE);
            bytes[i] = (char)(bytes[i] ^ (1 << bit));
            put(p->path, bytes, DEB_SIZE, 0600);
            expect_refused(p, "flipped", TRUST_WRONG_SIGNATURE,
                           "its SHA-256 is not the one that was vouched for");
        }
    put(p->path, deb, DEB_SIZE - 1, 0600);
    expect_refused(p, "cut", TRUST_WRONG_SIGNATURE, "");
    memcpy(bytes, deb, DEB_SIZE + 1);
    put(p->path, bytes, DEB_SIZE + 1, 0600);
    expect_refused(p, "longer", TRUST_ENDLESS_DATA, "");
}

/* Whoever can write where the file lies can change it after it was hashed. */
static void test_places(void **state)
{
    struct place *p = *state;
    char aside[96], text[240];

    put(p->path, deb, DEB_SIZE, 0620);
    expect_refused(p, "group may write the file", TRUST_WRONG_SIGNATURE,
                   "x.deb: belongs to another user, or others may write it");
    put(p->path, deb, DEB_SIZE, 0600);
    assert_int_equal(chmod(p->folder, 0722), 0);
    (void)snprintf(text, sizeof(text), "%s: others may write to it", p->folder);
    expect_refused(p, "others may write the folder", TRUST_WRONG_SIGNATURE, text);
    assert_int_equal(chmod(p->folder, 0700), 0);
    (void)snprintf(aside, sizeof(aside), "%s/aside.deb", p->folder);
    assert_int_equal(rename(p->path, aside), 0);
    assert_int_equal(symlink(aside, p->path), 0);
    expect_refused(p, "link", TRUST_WRONG_SIGNATURE, "x.deb: is a link");
    assert_int_equal(unlink(p->path), 0);
    assert_int_equal(mkfifo(p->path, 0600), 0);
    expect_refused(p, "pipe", TRUST_WRONG_SIGNATURE, "x.deb: is not a file");
    assert_int_equal(unlink(p->path), 0);
    expect_refused(p, "not there", TRUST_NOT_REFUSED, "");
}

/* A folder above that others may write: the whole vault could be exchanged. */
static void test_folder_above(void **state)
{
    struct place *p = *state;
    char above[80], inside[96], path[112], text[240];

    (void)snprintf(above, sizeof(above), "%s/above", p->folder);
    (void)snprintf(inside, sizeof(inside), "%s/in", above);
    (void)snprintf(path, sizeof(path), "%s/x.deb", inside);
    assert_true(mkdir(above, 0700) == 0 && mkdir(inside, 0700) == 0);
    put(path, deb, DEB_SIZE, 0600);
    p->request.folder = inside;
    struct trusted_artifact got;
    enum trust_refusal why;
    struct error err = {0};
    assert_done("fine", trust_check_archive(&p->request, &p->arena, &got, &why, &err), &err);
    assert_int_equal(chmod(above, 0777), 0);
    (void)snprintf(text, sizeof(text), "%s: others may write to a folder above it", inside);
    expect_refused(p, "above", TRUST_WRONG_SIGNATURE, text);
    assert_int_equal(chmod(above, 01777), 0);
    assert_done("sticky", trust_check_archive(&p->request, &p->arena, &got, &why, &err), &err);
    if (getuid() == 0) {
        assert_int_equal(chmod(above, 0700), 0);
        assert_int_equal(chown(above, 65534, 65534), 0);
        expect_refused(p, "owner above", TRUST_WRONG_SIGNATURE, "");
        assert_int_equal(chown(above, 0, 0), 0);
        assert_int_equal(chown(path, 65534, 65534), 0);
        expect_refused(p, "owner of the file", TRUST_WRONG_SIGNATURE, "");
        assert_true(chown(path, 0, 0) == 0 && chown(inside, 65534, 65534) == 0);
        expect_refused(p, "owner of the folder", TRUST_WRONG_SIGNATURE, "");
    }
}

/* ---- what was installed here ---- */

struct way {
    char folder[80];
    struct trust_way_back way;
    char deb_path[200];
};

static struct way make_way(struct place *p)
{
    struct way w;
    struct error err = {0};
    struct kept_change change = {.kind = CHANGE_UPGRADE,
                                 .origin = KEPT_AS_FETCHED,
                                 .name = p->change.name,
                                 .arch = p->change.arch,
                                 .from = p->change.from,
                                 .to = p->change.to,
                                 .deb = {p->vouched.digest, DEB_SIZE},
                                 .paragraph = BYTES("Package: libexpat1\n")};
    struct rollback_store store = {.run = TEXT("20261121T030502Z-9f3a61c2"),
                                   .plan = TEXT("x"),
                                   .arch = TEXT("amd64"),
                                   .changes = &change,
                                   .change_count = 1};
    char inside[96];

    (void)snprintf(w.folder, sizeof(w.folder), "%s/rollback", p->folder);
    (void)snprintf(inside, sizeof(inside), "%s/x.deb", w.folder);
    assert_done("begin", rollback_store_begin(w.folder, &err), &err);
    put(inside, deb, DEB_SIZE, 0600);
    assert_done("take", rollback_store_take_deb(w.folder, inside, &change.deb, &err), &err);
    w.way.folder = w.folder;
    assert_done("seal", rollback_store_seal(w.folder, &store, &w.way.seal, &err), &err);
    (void)snprintf(w.deb_path, sizeof(w.deb_path), "%s",
                   rollback_store_deb_path(w.folder, &change.deb, &p->arena));
    return w;
}

static void expect_no_way(struct place *p, const char *row, struct way *w, enum trust_refusal refusal)
{
    struct trusted_artifacts got = {.count = 42};
    enum trust_refusal why = TRUST_NOT_REFUSED;
    struct error err = {0};

    w->way.folder = w->folder;
    if (trust_check_installed(&w->way, &p->arena, &got, &why, &err))
        fail_msg("%s: was believed", row);
    if (why != refusal)
        fail_msg("%s: %s (%s)", row, trust_refusal_name(why), err.text);
    assert_int_equal(got.count, 42);
}

static void test_was_installed(void **state)
{
    struct place *p = *state;
    struct way w = make_way(p);
    struct trusted_artifacts got = {0};
    enum trust_refusal why;
    struct error err = {0};
    char flipped[DEB_SIZE];

    w.way.folder = w.folder;
    assert_done("check", trust_check_installed(&w.way, &p->arena, &got, &why, &err), &err);
    assert_int_equal(got.count, 1);
    assert_int_equal(got.at[0].basis, TRUST_WAS_INSTALLED);
    assert_text("name", got.at[0].name, "libexpat1");
    assert_text("version", got.at[0].version, "2.5.0-1+deb12u1");
    assert_string_equal(got.at[0].path, w.deb_path);
    for (size_t i = 0; i < DEB_SIZE; i += 7) {
        memcpy(flipped, deb, DEB_SIZE);
        flipped[i] ^= 1;
        put(w.deb_path, flipped, DEB_SIZE, 0600);
        expect_no_way(p, "flipped", &w, TRUST_WRONG_SIGNATURE);
    }
    put(w.deb_path, deb, DEB_SIZE, 0600);
    w.way.seal.at[0] ^= 1; /* the journal has another */
    expect_no_way(p, "seal", &w, TRUST_WRONG_SIGNATURE);
    w.way.seal.at[0] ^= 1;
    assert_int_equal(chmod(w.deb_path, 0666), 0);
    expect_no_way(p, "others may write", &w, TRUST_WRONG_SIGNATURE);
    assert_int_equal(chmod(w.deb_path, 0600), 0);
    assert_int_equal(chmod(w.folder, 0777), 0);
    expect_no_way(p, "folder", &w, TRUST_WRONG_SIGNATURE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_believed, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_gates, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_lanes, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_fleet_approvals, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_each_check, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_archive_states, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_numbers, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_every_byte, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_places, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_folder_above, begin_test, end_test),
        cmocka_unit_test_setup_teardown(test_was_installed, begin_test, end_test),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
