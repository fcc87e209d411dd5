#include "base/testing.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "trust/publisher_check.h"
#include "trust/publishers.h"

#define B_AUTOMATIC "B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8"
#define T_AUTOMATIC "04B54C3CDCA79751B16BC6B5225629DF75B188BD"
#define B_RELEASE   "4D64FEC119C2029067D6E791F8D2585B8783D481"
#define B_SECURITY  "05AB90340C0C5E797F44A8C8254CF3B5AEC0A8F0"
#define UBUNTU      "F6ECB3762474EDA9D21B7022871920D1991BC93C"


static const char *golden(char path[512], const char *name)
{
    const char *folder = getenv("SUTURE_GOLDEN");

    (void)snprintf(path, 512, "%s/publishers/%s", folder == NULL ? "test/golden" : folder, name);
    return path;
}

static bool read_golden(const char *name, struct arena *arena, struct publishers *out, struct error *err)
{
    char path[512];
    struct bytes raw;

    assert_done(name, file_read(golden(path, name), LIMIT_YAML_FILE, arena, &raw, err), err);
    return publishers_read(raw, text_of(name), arena, out, err);
}

/* Whose a source is, by its place, else by its suite's name. */
static void sources_have_publishers(void **state)
{
    static const struct {
        const char *place, *suite, *publisher;
        bool bound;
    } rows[] = {
        {"deb.debian.org/debian/", "bookworm", "debian", true},
        {"deb.debian.org/debian/", "sid", "debian", true},
        {"deb.debian.org/debian-security/", "bookworm-security", "debian", true},
        {"security.debian.org/debian-security/", "bookworm-security", "debian", true},
        {"ftp.nl.debian.org/debian/", "trixie", "debian", true},
        {"deb.debian.org/debian-ports/", "sid", NULL, false},
        {"mirror.example.org/debian/", "bookworm", "debian", false},
        {"mirror.example.org/debian/", "sid", NULL, false},
        {"nl.archive.ubuntu.com/ubuntu/", "noble", "ubuntu", true},
        {"mirror.example.org/ubuntu/", "noble-security", "ubuntu", false},
        {"download.docker.com/linux/debian/", "stable", NULL, false},
        {"deb.debian.org.example.org/debian/", "stable", NULL, false},
        {"example.org/deb.debian.org/debian/", "stable", NULL, false},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        bool bound = !rows[i].bound;
        const struct publisher *got = publishers_of_source(&publishers_built_in, text_of(rows[i].place),
                                                           text_of(rows[i].suite), &bound);
        assert_text(rows[i].place, text_of(got == NULL ? "none" : got->name),
                    rows[i].publisher == NULL ? "none" : rows[i].publisher);
        assert_int_equal(bound, rows[i].bound);
    }
}

struct release_row {
    const char *name, *publisher, *asked;
    const char *origin, *label, *suite, *codename;
    const char *signers[4];
    enum trust_refusal refusal;
    const char *failure;
};

static const struct release_row releases[] = {
    {"as it is",
     "debian",
     "bookworm",
     "Debian",
     "Debian",
     "oldstable",
     "bookworm",
     {B_AUTOMATIC, T_AUTOMATIC, B_RELEASE},
     TRUST_NOT_REFUSED,
     NULL},
    {"by its age",
     "debian",
     "oldstable",
     "Debian",
     "Debian",
     "oldstable",
     "bookworm",
     {B_AUTOMATIC, B_RELEASE},
     TRUST_NOT_REFUSED,
     NULL},
    {"security",
     "debian",
     "bookworm-security",
     "Debian",
     "Debian-Security",
     "oldstable-security",
     "bookworm-security",
     {B_SECURITY},
     TRUST_NOT_REFUSED,
     NULL},
    {"ubuntu's pocket",
     "ubuntu",
     "noble-security",
     "Ubuntu",
     "Ubuntu",
     "noble-security",
     "noble",
     {UBUNTU},
     TRUST_NOT_REFUSED,
     NULL},
    {"one that is not described",
     "debian",
     "sid",
     "Debian",
     "Debian",
     "unstable",
     "sid",
     {B_AUTOMATIC},
     TRUST_NOT_REFUSED,
     NULL},
    {"the same by its age",
     "debian",
     "unstable",
     "Debian",
     "Debian",
     "unstable",
     "sid",
     {B_AUTOMATIC},
     TRUST_NOT_REFUSED,
     NULL},
    {"old security",
     "debian",
     "buster/updates",
     "Debian",
     "Debian-Security",
     "oldoldstable",
     "buster",
     {B_SECURITY},
     TRUST_NOT_REFUSED,
     NULL},
    {"another pocket that is not described",
     "ubuntu",
     "jammy-security",
     "Ubuntu",
     "Ubuntu",
     "jammy-security",
     "jammy",
     {UBUNTU},
     TRUST_NOT_REFUSED,
     NULL},

    {"bookworm for security",
     "debian",
     "bookworm-security",
     "Debian",
     "Debian",
     "oldstable",
     "bookworm",
     {B_AUTOMATIC, T_AUTOMATIC, B_RELEASE},
     TRUST_MIX_AND_MATCH,
     "is Debian's \"bookworm\", sent where \"bookworm-security\" was asked for"},
    {"an old bookworm for oldstable",
     "debian",
     "oldstable",
     "Debian",
     "Debian",
     "stable",
     "bookworm",
     {B_AUTOMATIC, B_RELEASE},
     TRUST_MIX_AND_MATCH,
     "is Debian's \"bookworm\", sent where \"oldstable\" was asked for"},
    {"trixie for bookworm",
     "debian",
     "bookworm",
     "Debian",
     "Debian",
     "stable",
     "trixie",
     {B_AUTOMATIC, T_AUTOMATIC},
     TRUST_MIX_AND_MATCH,
     "is Debian's \"trixie\", sent where \"bookworm\" was asked for"},
    {"the release for its security",
     "ubuntu",
     "noble-security",
     "Ubuntu",
     "Ubuntu",
     "noble",
     "noble",
     {UBUNTU},
     TRUST_MIX_AND_MATCH,
     "is Ubuntu's \"noble\", sent where \"noble-security\" was asked for"},
    {"security for the release",
     "ubuntu",
     "noble",
     "Ubuntu",
     "Ubuntu",
     "noble-security",
     "noble",
     {UBUNTU},
     TRUST_MIX_AND_MATCH,
     "is Ubuntu's \"noble-security\", sent where \"noble\" was asked for"},
    {"a pocket for a release that is not described",
     "ubuntu",
     "jammy",
     "Ubuntu",
     "Ubuntu",
     "jammy-updates",
     "jammy",
     {UBUNTU},
     TRUST_MIX_AND_MATCH,
     "is Ubuntu's \"jammy-updates\", sent where \"jammy\" was asked for"},
    {"in a flat archive",
     "debian",
     "./",
     "Debian",
     "Debian",
     "unstable",
     "sid",
     {B_AUTOMATIC},
     TRUST_MIX_AND_MATCH,
     "is Debian's \"sid\", sent where \"./\" was asked for"},
    {"another label",
     "debian",
     "bookworm-security",
     "Debian",
     "Debian",
     "oldstable-security",
     "bookworm-security",
     {B_SECURITY},
     TRUST_MIX_AND_MATCH,
     "says Label \"Debian\", Debian's \"bookworm-security\" has \"Debian-Security\""},
    {"another origin",
     "debian",
     "bookworm",
     "Debian Ports",
     "Debian",
     "oldstable",
     "bookworm",
     {B_AUTOMATIC, B_RELEASE},
     TRUST_MIX_AND_MATCH,
     "says Origin \"Debian Ports\", Debian's \"bookworm\" has \"Debian\""},
    {"nothing said",
     "debian",
     "bookworm",
     "",
     "",
     "",
     "",
     {B_AUTOMATIC, B_RELEASE},
     TRUST_MIX_AND_MATCH,
     "is Debian's \"\", sent where \"bookworm\" was asked for"},

    {"both automatic keys",
     "debian",
     "bookworm",
     "Debian",
     "Debian",
     "oldstable",
     "bookworm",
     {B_AUTOMATIC, T_AUTOMATIC},
     TRUST_VENDOR_SIGNATURE,
     B_RELEASE " did not sign it, which always signs bookworm"},
    {"the release key alone",
     "debian",
     "bookworm",
     "Debian",
     "Debian",
     "oldstable",
     "bookworm",
     {B_RELEASE},
     TRUST_VENDOR_SIGNATURE,
     "1 of the 2 signatures that bookworm needs count"},
    {"security signed by the archive's key",
     "debian",
     "bookworm-security",
     "Debian",
     "Debian-Security",
     "oldstable-security",
     "bookworm-security",
     {B_AUTOMATIC, B_RELEASE},
     TRUST_VENDOR_SIGNATURE,
     "0 of the 1 signatures that bookworm-security needs count"},
};

static void suites_are_bound_to_their_names_and_keys(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(releases); i++) {
        const struct release_row *row = &releases[i];
        struct inrelease release = {.origin = text_of(row->origin),
                                    .label = text_of(row->label),
                                    .suite = text_of(row->suite),
                                    .codename = text_of(row->codename)};
        enum trust_refusal refusal = TRUST_REFUSAL_COUNT;
        struct error err = {0};
        for (size_t k = 0; k < COUNT_OF(row->signers) && row->signers[k] != NULL; k++)
            (void)snprintf(release.signers.primary[release.signers.count++], FINGERPRINT_HEX_MAX, "%s",
                           row->signers[k]);
        const struct publisher *publisher = publishers_find(&publishers_built_in, text_of(row->publisher));
        bool done = publisher_check(publisher, &release, text_of(row->asked), &refusal, &err);
        assert_int_equal(refusal, row->refusal);
        if (row->failure == NULL)
            assert_done(row->name, done, &err);
        else
            assert_failed(row->name, &err, ERROR_TRUST, row->failure);
        assert_int_equal(done, row->failure == NULL);
    }
}

static void only_some_suites_age(void **state)
{
    static const struct {
        const char *publisher, *suite, *codename;
        unsigned days;
    } rows[] = {
        {"debian", "oldstable", "bookworm", 0},   {"debian", "oldstable-updates", "bookworm-updates", 30},
        {"ubuntu", "noble", "noble", 0},          {"ubuntu", "noble-security", "noble", 30},
        {"ubuntu", "jammy-security", "jammy", 0},
    };
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct inrelease release = {
            .suite = text_of(rows[i].suite), .codename = text_of(rows[i].codename), .date_us = TIME_DAY_US};
        const struct publisher *publisher = publishers_find(&publishers_built_in, text_of(rows[i].publisher));
        int64_t end_us = publisher_end_us(publisher_suite_of(publisher, &release), &release);
        assert_true(end_us == (rows[i].days == 0 ? TIME_ABSENT : (rows[i].days + 1) * TIME_DAY_US));
    }
}

static void an_own_file_is_read(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(1 << 22);
    struct publishers own, all;
    char before[65], after[65];
    struct error err;
    (void)state;

    assert_done("own", read_golden("own.yaml", &arena, &own, &err), &err);
    assert_int_equal(own.count, 1);
    const struct publisher *example = own.at[0];
    assert_string_equal(example->title, "Example Ltd");
    assert_int_equal(example->suites[0].needed, 2);
    assert_int_equal(example->suites[0].age_days, 30);
    assert_true(publisher_owns(example, TEXT("libexample2"), TEXT("other")));
    assert_true(publisher_owns(example, TEXT("other"), TEXT("example")));
    assert_false(publisher_owns(example, TEXT("libssl3"), TEXT("openssl")));
    assert_done("all", publishers_with_own(&own, &arena, &all, &err), &err);
    assert_int_equal(all.count, publishers_built_in.count + 1);
    assert_done("digest", publishers_digest(&publishers_built_in, before, &err), &err);
    assert_done("digest", publishers_digest(&all, after, &err), &err);
    assert_string_not_equal(before, after);

    struct publisher replaced = *example;
    replaced.name = "debian";
    const struct publisher *const at[] = {&replaced};
    own = (struct publishers){at, 1};
    assert_done("replaced", publishers_with_own(&own, &arena, &all, &err), &err);
    assert_int_equal(all.count, publishers_built_in.count);
    assert_ptr_equal(publishers_find(&all, TEXT("debian")), &replaced);
}

static void mistakes_are_named(void **state)
{
    static const struct {
        const char *name, *failure;
    } rows[] = {
        {"bad/name.yaml",
         "bad/name.yaml:2:11: \"Example!\" is no name: lower-case letters, digits and '-' only"},
        {"bad/fingerprint.yaml",
         "bad/fingerprint.yaml:12:21: \"0123456789ABCDEF\" is no fingerprint: 40 hexadecimal "
         "digits of a primary key"},
        {"bad/needed-none.yaml", "bad/needed-none.yaml: example: stable: 0 signatures are needed, of 2 keys"},
        {"bad/needed-many.yaml", "bad/needed-many.yaml: example: stable: 3 signatures are needed, of 2 keys"},
        {"bad/always-stranger.yaml",
         "bad/always-stranger.yaml: example: stable: "
         "FFFF456789ABCDEF0123456789ABCDEF01234567 always signs, and is not in \"signed by\""},
        {"bad/age.yaml", "bad/age.yaml:15:22: \"30\" is no age: \"1 day\" to \"3650 days\""},
        {"bad/age-long.yaml", "bad/age-long.yaml:15:22: \"4000 days\" is no age: \"1 day\" to \"3650 days\""},
        {"bad/same-key.yaml",
         "bad/same-key.yaml: example: stable: 0123456789abcdef0123456789abcdef01234567 is there twice"},
        {"bad/keyring.yaml", "bad/keyring.yaml:5:16: \"example.gpg\" does not begin with '/'"},
        {"bad/security-archive.yaml",
         "bad/security-archive.yaml:8:23: \"ftp://example.com/\" is no archive: http:// or "
         "https:// and '/' at its end"},
        {"bad/unknown-key.yaml",
         "bad/unknown-key.yaml:13:9: unknown key \"neded\"; did you mean \"needed\"?"},
        {"bad/twice.yaml", "bad/twice.yaml: example is there twice"},
    };
    OWN(arena_end) struct arena arena = arena_with(1 << 24);
    struct publishers read;
    struct error err;
    (void)state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_false(read_golden(rows[i].name, &arena, &read, &err));
        assert_failed(rows[i].name, &err, ERROR_INPUT, rows[i].failure);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sources_have_publishers), cmocka_unit_test(suites_are_bound_to_their_names_and_keys),
        cmocka_unit_test(only_some_suites_age),    cmocka_unit_test(an_own_file_is_read),
        cmocka_unit_test(mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
