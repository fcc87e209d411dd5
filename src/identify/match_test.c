#include "base/file.h"
#include "base/own.h"
#include "base/testing.h"
#include "identify/facts_build.h"
#include "identify/index_testing.h"
#include "identify/match_testing.h"

struct match_row {
    const char *name, *index, *machine, *expected;
};

#define ARCHIVES "archive main date=2026-11-01\narchive security date=2026-11-20\n"

static void check_rows(const struct match_row *rows, size_t count, const char *release)
{
    OWN(writer_end) struct writer file = writer_with(MIB);
    OWN(writer_end) struct writer w = writer_with(MIB);

    for (size_t i = 0; i < count; i++) {
        OWN(arena_end) struct arena arena = arena_with(16 * MIB);
        struct machine machine;
        struct match match;
        struct index index;
        struct error err;
        char lines[4096];
        match_testing_machine(&machine, release, rows[i].machine);
        struct match_input input = {.host = &machine.host, .all = machine.all};
        if (rows[i].index != NULL) {
            (void)snprintf(lines, sizeof(lines), "index 1 %s deb\n%s", release, rows[i].index);
            index_testing_build(text_of(lines), &file, &index);
            machine.host.release.order = index.release.order;
            input.index = &index;
        }
        assert_done(rows[i].name, match_host(&input, &arena, &match, &err), &err);
        assert_text(rows[i].name, match_testing_describe(&w, &machine.host, &match), rows[i].expected);
    }
}

#define COMPLETE   "feed t rank=0 generated=2026-11-21T00:00:00Z complete\n"
#define OLD        "feed t rank=0 generated=2026-11-19T00:00:00Z complete\n"
#define INCOMPLETE "feed t rank=0 generated=2026-11-21T00:00:00Z\n"

static void classes_of_findings(void **state)
{
    static const struct match_row rows[] = {
        {"a security patch is available",
         COMPLETE "x fixed 1.2-3 advisory=DSA-1-1 date=2026-11-02 severity=high : CVE-2026-1000\n",
         ARCHIVES "package x 1.2-2 candidate=1.2-3@1\n",
         "x CVE-2026-1000 available 1.2-2 -> 1.2-3 DSA-1-1 2026-11-02 high [x] by 0\nupdate x security "
         "closes CVE-2026-1000\n"},
        {"the installed version has the fix", COMPLETE "x fixed 1.2-3 : CVE-2026-1000\n",
         ARCHIVES "package x 1.2-3\n", ""},
        {"a rebuild of the fixed version has it, too", COMPLETE "x fixed 1.2-3 : CVE-2026-1000\n",
         ARCHIVES "package x 1.2-3+b1 source-version=1.2-3\n", ""},
        {"a rebuild of an older one does not", COMPLETE "x fixed 1.2-3 : CVE-2026-1000\n",
         ARCHIVES "package x 1.2-2+b9 source-version=1.2-2 candidate=1.2-3@0\n",
         "x CVE-2026-1000 available 1.2-2 -> 1.2-3 [x] by 0\nupdate x security closes CVE-2026-1000\n"},
        {"all packages of the source, by its name", COMPLETE "libx fixed 2 : CVE-2026-1000 CVE-2026-1001\n",
         ARCHIVES "package libx1 1 source=libx candidate=2@1\npackage x-tools 1 source=libx candidate=2@1\n",
         "libx CVE-2026-1000 available 1 -> 2 [libx1 x-tools] by 0\nlibx CVE-2026-1001 available 1 -> 2 "
         "[libx1 x-tools] by 0\n"
         "update libx1 security closes CVE-2026-1000 CVE-2026-1001\n"
         "update x-tools security closes CVE-2026-1000 CVE-2026-1001\n"},
        {"only the packages that are behind", COMPLETE "libx fixed 2 : CVE-2026-1000\n",
         ARCHIVES "package libx1 2 source=libx\npackage x-tools 1 source=libx candidate=2@1\n",
         "libx CVE-2026-1000 available 1 -> 2 [x-tools] by 0\nupdate x-tools security closes "
         "CVE-2026-1000\n"},
        {"each by what its own candidate passes",
         COMPLETE "libx fixed 2 : CVE-2026-1000\nlibx fixed 3 : CVE-2026-1001\n",
         ARCHIVES "package libx1 1 source=libx candidate=2@1\npackage x-tools 1 source=libx candidate=3@1\n",
         "libx CVE-2026-1000 available 1 -> 2 [libx1 x-tools] by 0\nlibx CVE-2026-1001 available 1 -> 3 "
         "[libx1 x-tools] by 1\n"
         "update libx1 security closes CVE-2026-1000\nupdate x-tools security closes CVE-2026-1000 "
         "CVE-2026-1001\n"},
        {"no fix", COMPLETE "x open : CVE-2026-1000\n", ARCHIVES "package x 1\n",
         "x CVE-2026-1000 no-fix 1 [x]\n"},
        {"announced", COMPLETE "x pending 2 : CVE-2026-1000\n", ARCHIVES "package x 1\n",
         "x CVE-2026-1000 not-yet-in-archive 1 -> 2 [x]\n"},
        {"announced, and there already", COMPLETE "x pending 2 : CVE-2026-1000\n",
         ARCHIVES "package x 1 candidate=2@1\n",
         "x CVE-2026-1000 available 1 -> 2 [x] by 0\nupdate x security closes CVE-2026-1000\n"},
        {"published, but the archives here do not have it yet", COMPLETE "x fixed 2 : CVE-2026-1000\n",
         ARCHIVES "package x 1\n", "x CVE-2026-1000 not-yet-in-archive 1 -> 2 [x]\n"},
        {"nor do lists that are stale", COMPLETE "x fixed 2 : CVE-2026-1000\n",
         "archive main\narchive security stale\npackage x 1\n",
         "x CVE-2026-1000 not-yet-in-archive 1 -> 2 [x]\n"},
        {"no security archive", COMPLETE "x fixed 2 : CVE-2026-1000\n", "archive main\npackage x 1\n",
         "x CVE-2026-1000 archive-not-enabled 1 -> 2 [x]\n"},
        {"one that is not believed", COMPLETE "x fixed 2 : CVE-2026-1000\n",
         "archive main\narchive security refused\npackage x 1\n",
         "x CVE-2026-1000 archive-not-enabled 1 -> 2 [x]\n"},
        {"the security archive alone", COMPLETE "x fixed 2 : CVE-2026-1000\n",
         "archive security\npackage x 1\n", "x CVE-2026-1000 archive-not-enabled 1 -> 2 [x]\n"},
        {"somebody else's archive is none", COMPLETE "x fixed 2 : CVE-2026-1000\n",
         "archive foreign\narchive security\npackage x 1\n",
         "x CVE-2026-1000 archive-not-enabled 1 -> 2 [x]\n"},
        {"a pin keeps it away", COMPLETE "x fixed 2 : CVE-2026-1000\n", ARCHIVES "package x 1 offer=2@1\n",
         "x CVE-2026-1000 archive-not-enabled 1 -> 2 [x]\n"},
        {"the candidate does not go far enough", COMPLETE "x fixed 3 : CVE-2026-1000\n",
         ARCHIVES "package x 1 candidate=2@0\n",
         "x CVE-2026-1000 not-yet-in-archive 1 -> 3 [x]\nupdate x functional\n"},
        {"ranges",
         COMPLETE "x fixed 2.5 introduced=2.0 : CVE-2026-1000\nx open introduced=3.0 : CVE-2026-1001\n"
                  "x open until=0.9 : CVE-2026-1002\nx fixed until=1.5 : CVE-2026-1003\n",
         ARCHIVES "package x 1 candidate=2@0\n",
         "x CVE-2026-1003 available 1 [x] by 0\nupdate x security closes CVE-2026-1003\n"},
        {"one id in two ranges is one finding",
         COMPLETE "x fixed 1.5 introduced=0 : CVE-2026-1000\nx fixed 2.5 introduced=2.0 : CVE-2026-1000\n",
         ARCHIVES "package x 1 candidate=1.5@1\npackage x2 2.1 source=x\n",
         "x CVE-2026-1000 not-yet-in-archive 2.1 -> 2.5 [x2]\nupdate x security\n"},
        {"unpacked counts by its version", COMPLETE "x fixed 2 : CVE-2026-1000\n",
         ARCHIVES "package x 1 unpacked candidate=2@1\n",
         "x CVE-2026-1000 available 1 -> 2 [x] by 0\nupdate x security closes CVE-2026-1000\n"},
        {"what somebody else built is not matched", COMPLETE "x fixed 2 : CVE-2026-1000\n",
         ARCHIVES "archive foreign\npackage x 1 foreign candidate=2@2\npackage y 1 foreign\n",
         "update x unknown\n"},
        {"what no archive has any more is", COMPLETE "y fixed 2 : CVE-2026-1000\n",
         ARCHIVES "package y 1 foreign\n", "y CVE-2026-1000 not-yet-in-archive 1 -> 2 [y]\n"},
    };
    (void)state;
    check_rows(rows, COUNT_OF(rows), "debian-12");
}

static void what_is_suppressed(void **state)
{
    static const char index[] = COMPLETE "x not-affected : CVE-2026-1000\nx no-dsa : CVE-2026-1001\nx "
                                         "ignored : CVE-2026-1002\nx postponed : CVE-2026-1003\n"
                                         "x end-of-life : CVE-2026-1004\nx undetermined : CVE-2026-1005 "
                                         "TEMP-1\nx open unimportant : CVE-2026-1006\n";
    static const struct match_row rows[] = {
        {"counted", index, ARCHIVES "package x 1\n",
         "x CVE-2026-1006 no-fix 1 unimportant [x]\n"
         "suppressed vendor-not-affected 1\nsuppressed no-dsa 1\nsuppressed ignored 1\nsuppressed postponed "
         "1\n"
         "suppressed end-of-life 1\nsuppressed undetermined 2\n"},
        {"listed", index, ARCHIVES "all\npackage x 1\n",
         "x CVE-2026-1000 suppressed vendor-not-affected not-affected 1 [x]\n"
         "x CVE-2026-1001 suppressed no-dsa 1 [x]\nx CVE-2026-1002 suppressed ignored 1 [x]\n"
         "x CVE-2026-1003 suppressed postponed 1 [x]\nx CVE-2026-1004 suppressed end-of-life unknown 1 [x]\n"
         "x CVE-2026-1005 suppressed undetermined unknown 1 [x]\nx CVE-2026-1006 no-fix 1 unimportant [x]\n"
         "x TEMP-1 suppressed undetermined unknown 1 [x]\n"
         "suppressed vendor-not-affected 1\nsuppressed no-dsa 1\nsuppressed ignored 1\nsuppressed postponed "
         "1\n"
         "suppressed end-of-life 1\nsuppressed undetermined 2\n"},
        {"a fix beats a reason",
         COMPLETE "x no-dsa introduced=0.5 : CVE-2026-1000\nx fixed 2 : CVE-2026-1000\n",
         ARCHIVES "all\npackage x 1 candidate=2@1\n",
         "x CVE-2026-1000 available 1 -> 2 [x] by 0\nupdate x security closes CVE-2026-1000\nsuppressed "
         "no-dsa 1\n"},
    };
    (void)state;
    check_rows(rows, COUNT_OF(rows), "debian-12");
}

static void kinds_of_updates(void **state)
{
    static const struct match_row rows[] = {
        {"no data: by origin", NULL, ARCHIVES "package x 1 candidate=2@1\npackage y 1 candidate=2@0\n",
         "update x security by origin\nupdate y unknown\n"},
        {"both archives have it", NULL, ARCHIVES "package x 1 candidate=2@0,1\n",
         "update x security by origin\n"},
        {"a source that is not named by incomplete data", INCOMPLETE "z open : CVE-2026-1000\n",
         ARCHIVES "package x 1 candidate=2@1\npackage y 1 candidate=2@0\n",
         "update x security by origin\nupdate y unknown\n"},
        {"by complete data", COMPLETE "z open : CVE-2026-1000\n", ARCHIVES "package y 1 candidate=2@0\n",
         "update y functional\n"},
        {"named, and nothing lies between", INCOMPLETE "x fixed 1 : CVE-2026-1000\n",
         ARCHIVES "package x 1 candidate=2@0\n", "update x functional\n"},
        {"from the security archive with newer data", COMPLETE "x fixed 1 : CVE-2026-1000\n",
         ARCHIVES "package x 1 candidate=2@1\n", "update x functional\n"},
        {"with older data", OLD "x fixed 1 : CVE-2026-1000\n", ARCHIVES "package x 1 candidate=2@1\n",
         "update x security by origin\n"},
        {"with data of no date", "feed t rank=0 complete\nx fixed 1 : CVE-2026-1000\n",
         ARCHIVES "package x 1 candidate=2@1\n", "update x security by origin\n"},
        {"from main with a fix", OLD "x fixed 2 : CVE-2026-1000\n", ARCHIVES "package x 1 candidate=2@0\n",
         "x CVE-2026-1000 available 1 -> 2 [x] by 0\nupdate x security closes CVE-2026-1000\n"},
        {"somebody else's archive", COMPLETE "x fixed 1 : CVE-2026-1000\n",
         ARCHIVES "archive foreign\npackage x 1 candidate=2@2\n", "update x unknown\n"},
        {"an older candidate is no update", COMPLETE "x open : CVE-2026-1000\n",
         ARCHIVES "package x 2 candidate=1@0\n", "x CVE-2026-1000 no-fix 2 [x]\n"},
        {"a rebuild is functional", COMPLETE "x fixed 1 : CVE-2026-1000\n",
         ARCHIVES "package x 1 candidate=1+b1@0\n", "update x functional\n"},
        {"order of sources, then packages", NULL,
         ARCHIVES "package a 1 source=z candidate=2@0\npackage b 1 source=y candidate=2@0\npackage c 1 "
                  "source=y candidate=2@0\n",
         "update b unknown\nupdate c unknown\nupdate a unknown\n"},
    };
    (void)state;
    check_rows(rows, COUNT_OF(rows), "debian-12");
}

static void packages_without_code(void **state)
{
    static const struct match_row rows[] = {
        {"documents alone", COMPLETE "x fixed 2 : CVE-2026-1000 CVE-2026-1001\n",
         ARCHIVES "package x-doc 1 source=x candidate=2@1\n",
         "update x-doc security not-executable 2\nnot-executable x 2 [x-doc]\n"},
        {"by section", COMPLETE "x open : CVE-2026-1000\n",
         ARCHIVES "package x-manual 1 source=x section=contrib/doc\n", "not-executable x 1 [x-manual]\n"},
        {"beside code", COMPLETE "x fixed 2 : CVE-2026-1000\n",
         ARCHIVES "package x 1 candidate=2@1\npackage x-doc 1 source=x candidate=2@1\n",
         "x CVE-2026-1000 available 1 -> 2 [x] by 0\nupdate x security closes CVE-2026-1000\n"
         "update x-doc security not-executable 1\n"},
        {"of a kernel: headers and tools",
         COMPLETE "linux fixed 6.1.2-1 : CVE-2026-1000\nlinux open : CVE-2026-1001\n",
         ARCHIVES "package linux-libc-dev 6.1.1-1 source=linux candidate=6.1.2-1@1\n"
                  "package linux-perf 6.1.1-1 source=linux\n",
         "update linux-libc-dev security not-executable 1\nnot-executable linux 2 [linux-libc-dev "
         "linux-perf]\n"},
        {"listed when all is asked for", COMPLETE "linux fixed 6.1.2-1 : CVE-2026-1000\n",
         ARCHIVES "all\npackage linux-libc-dev 6.1.1-1 source=linux candidate=6.1.2-1@1\n",
         "linux CVE-2026-1000 not-executable 6.1.1-1 -> 6.1.2-1 [linux-libc-dev] by 0\n"
         "update linux-libc-dev security not-executable 1\nnot-executable linux 1 [linux-libc-dev]\n"},
        {"suppressed stays suppressed", COMPLETE "linux ignored : CVE-2026-1000\n",
         ARCHIVES "package linux-libc-dev 6.1.1-1 source=linux\n", "suppressed ignored 1\n"},
    };
    (void)state;
    check_rows(rows, COUNT_OF(rows), "debian-12");
}

#define SIGNED "source=linux-signed-amd64 source-version=6.1.1+1"

static void kernels(void **state)
{
    static const struct match_row rows[] = {
        {"a signed image is the kernel, by its own version", COMPLETE "linux fixed 6.1.2-1 : CVE-2026-1000\n",
         ARCHIVES "package linux-image-6.1.0-1-amd64 6.1.1-1 " SIGNED "\n"
                  "package linux-image-amd64 6.1.1-1 " SIGNED " candidate=6.1.2-1@1\n"
                  "package linux-libc-dev 6.1.1-1 source=linux candidate=6.1.2-1@1\n",
         "linux CVE-2026-1000 available 6.1.1-1 -> 6.1.2-1 [linux-image-6.1.0-1-amd64] by 0\n"
         "update linux-image-amd64 security closes CVE-2026-1000\nupdate linux-libc-dev security "
         "not-executable 1\n"},
        {"one that has the fix", COMPLETE "linux fixed 6.1.1-1 : CVE-2026-1000\n",
         ARCHIVES "package linux-image-6.1.0-1-amd64 6.1.1-1 " SIGNED "\n", ""},
        {"an older image beside it does not count", COMPLETE "linux fixed 6.1.2-1 : CVE-2026-1000\n",
         ARCHIVES "running 6.1.0-2-amd64\npackage linux-image-6.1.0-1-amd64 6.1.1-1 " SIGNED "\n"
                  "package linux-image-6.1.0-2-amd64 6.1.2-1 source=linux-signed-amd64\n",
         ""},
        {"unless it runs", COMPLETE "linux fixed 6.1.2-1 advisory=DSA-1-1 date=2026-11-01 : CVE-2026-1000\n",
         ARCHIVES "running 6.1.0-1-amd64\npackage linux-image-6.1.0-1-amd64 6.1.1-1 " SIGNED "\n"
                  "package linux-image-6.1.0-2-amd64 6.1.2-1 source=linux-signed-amd64\n",
         "linux CVE-2026-1000 available restart-needed 6.1.1-1 -> 6.1.2-1 DSA-1-1 2026-11-01 "
         "[linux-image-6.1.0-1-amd64]\n"},
        {"neither has the fix", COMPLETE "linux fixed 6.1.3-1 : CVE-2026-1000\n",
         ARCHIVES "running 6.1.0-1-amd64\npackage linux-image-6.1.0-1-amd64 6.1.1-1 " SIGNED "\n"
                  "package linux-image-6.1.0-2-amd64 6.1.2-1 source=linux-signed-amd64\n",
         "linux CVE-2026-1000 not-yet-in-archive 6.1.1-1 -> 6.1.3-1 [linux-image-6.1.0-1-amd64 "
         "linux-image-6.1.0-2-amd64]\n"},
        {"the archive has it, no package here brings it", COMPLETE "linux fixed 6.1.2-1 : CVE-2026-1000\n",
         ARCHIVES "package linux-image-6.1.0-1-amd64 6.1.1-1 " SIGNED "\n"
                  "package linux-libc-dev 6.1.1-1 source=linux candidate=6.1.2-1@1\n",
         "linux CVE-2026-1000 available 6.1.1-1 -> 6.1.2-1 [linux-image-6.1.0-1-amd64]\n"
         "update linux-libc-dev security not-executable 1\n"},
        {"linux-firmware is no kernel", COMPLETE "linux-firmware fixed 2 : CVE-2026-1000\n",
         ARCHIVES "package linux-firmware 1\n",
         "linux-firmware CVE-2026-1000 not-yet-in-archive 1 -> 2 [linux-firmware]\n"},
    };
    static const struct match_row ubuntu[] = {
        {"a meta package stands for its ABI", COMPLETE "linux fixed 5.15.0-92.102 : CVE-2026-1000\n",
         ARCHIVES "package linux-image-5.15.0-91-generic 5.15.0-91.101 source=linux-signed\n"
                  "package linux-image-generic 5.15.0.91.88 source=linux-meta candidate=5.15.0.92.89@1\n",
         "linux CVE-2026-1000 available 5.15.0-91.101 -> 5.15.0-92.102 [linux-image-5.15.0-91-generic] by 0\n"
         "update linux-image-generic security closes CVE-2026-1000\n"},
        {"of a family", COMPLETE "linux-hwe-6.5 fixed 6.5.0-15.15~22.04.1 : CVE-2026-1000\n",
         ARCHIVES "package linux-image-6.5.0-14-generic 6.5.0-14.14~22.04.1 source=linux-signed-hwe-6.5\n"
                  "package linux-modules-6.5.0-14-generic 6.5.0-14.14~22.04.1 source=linux-hwe-6.5\n",
         "linux-hwe-6.5 CVE-2026-1000 not-yet-in-archive 6.5.0-14.14~22.04.1 -> 6.5.0-15.15~22.04.1 "
         "[linux-image-6.5.0-14-generic linux-modules-6.5.0-14-generic]\n"},
    };
    (void)state;
    check_rows(rows, COUNT_OF(rows), "debian-12");
    check_rows(ubuntu, COUNT_OF(ubuntu), "ubuntu-22.04");
}

static void rpm_packages(void **state)
{
    OWN(writer_end) struct writer file = writer_with(MIB);
    OWN(writer_end) struct writer w = writer_with(MIB);
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct machine machine;
    struct match match;
    struct index index;
    struct error err;
    (void)state;

    match_testing_machine(&machine, "almalinux-9",
                          "archive main\n"
                          "package nodejs 1:18.1-1.el9 rpm source=nodejs-src stream=nodejs:18 arch=x86_64 "
                          "candidate=1:18.9-1.el9@0\n"
                          "package npm 1:8.1-1.el9 rpm stream=nodejs:20 arch=x86_64\n"
                          "package bash 5.1-1.el9 rpm arch=x86_64\n");
    index_testing_build(
        TEXT("index 1 almalinux-9 rpm\nfeed t rank=0 generated=2026-11-21T00:00:00Z complete\n"
             "nodejs fixed 1:18.5-1.el9 stream=nodejs:18 : CVE-2026-1000\n"
             "nodejs fixed 1:20.5-1.el9 stream=nodejs:20 : CVE-2026-1000\n"
             "npm fixed 1:9-1.el9 stream=nodejs:18 : CVE-2026-1001\n"
             "bash fixed 5.2-1.el9 arch=aarch64 : CVE-2026-1002\nbash fixed 5.2-1.el9 arch=x86_64 : "
             "CVE-2026-1003\n"
             "nodejs-src open : CVE-2026-1004\n"),
        &file, &index);
    machine.host.release.order = VERSION_RPM;
    struct match_input input = {.host = &machine.host, .index = &index};
    assert_done("rpm", match_host(&input, &arena, &match, &err), &err);
    assert_text("rpm", match_testing_describe(&w, &machine.host, &match),
                "bash CVE-2026-1003 not-yet-in-archive 5.1-1.el9 -> 5.2-1.el9 [bash]\n"
                "nodejs CVE-2026-1000 available 1:18.1-1.el9 -> 1:18.5-1.el9 [nodejs] by 0\n"
                "update nodejs security closes CVE-2026-1000\n");
}

static void build_facts(struct writer *out, struct facts *facts)
{
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct facts_build *build = facts_build_begin(&arena);
    struct feed_facts none = feed_facts_none();
    struct error err;

    assert_non_null(build);
    assert_true(facts_build_feed(build, TEXT("kev"), 0, &err));
    for (unsigned i = 0; i < 8; i++) {
        char id[32];
        (void)snprintf(id, sizeof(id), "CVE-2026-%u", 1000 + i);
        struct vulnerability vulnerability = vulnerability_with(text_of(id));
        vulnerability.kev = i % 2 == 0;
        assert_true(facts_build_put(build, &vulnerability, &err));
    }
    facts_build_keep(build, &none);
    assert_done("facts", facts_build_write(build, out, &err), &err);
    assert_done("facts", facts_open(writer_bytes(out), facts, &err), &err);
}

/* What is exploited is listed though the vendor suppresses it: policies do not pass over that. */
static void what_is_exploited_is_listed(void **state)
{
    OWN(writer_end) struct writer file = writer_with(MIB);
    OWN(writer_end) struct writer facts_file = writer_with(MIB);
    OWN(writer_end) struct writer w = writer_with(MIB);
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct machine machine;
    struct match match;
    struct index index;
    struct facts facts;
    struct error err;
    (void)state;

    build_facts(&facts_file, &facts);
    match_testing_machine(&machine, "debian-12", ARCHIVES "package x 1\n");
    index_testing_build(TEXT("index 1 debian-12 deb\n" COMPLETE "x not-affected : CVE-2026-1000\n"
                             "x no-dsa : CVE-2026-1001 CVE-2026-1002 TEMP-1\nx ignored : CVE-2026-1003\nx "
                             "open : CVE-2026-1005\n"),
                        &file, &index);
    struct match_input input = {.host = &machine.host, .index = &index, .facts = &facts};
    assert_done("match", match_host(&input, &arena, &match, &err), &err);
    assert_text("exploited", match_testing_describe(&w, &machine.host, &match),
                "x CVE-2026-1002 suppressed no-dsa 1 [x] kev\nx CVE-2026-1005 no-fix 1 [x] known\n"
                "suppressed vendor-not-affected 1\nsuppressed no-dsa 3\nsuppressed ignored 1\n");
}

static void what_cannot_be_matched(void **state)
{
    OWN(writer_end) struct writer file = writer_with(MIB);
    OWN(arena_end) struct arena arena = arena_with(16 * MIB);
    struct machine machine;
    struct match match;
    struct index index;
    struct error err;
    (void)state;

    match_testing_machine(&machine, "debian-12", ARCHIVES "package x 1\n");
    index_testing_build(TEXT("index 1 debian-11 deb\n" COMPLETE "x open : CVE-2026-1000\n"), &file, &index);
    struct match_input input = {.host = &machine.host, .index = &index};
    assert_false(match_host(&input, &arena, &match, &err));
    assert_failed("release", &err, ERROR_CONFLICT, "the index is of debian-11, this machine is debian-12");

    index_testing_build(TEXT("index 1 debian-12 deb\n" COMPLETE "x open : CVE-2026-1000\n"), &file, &index);
    size_t records = (size_t)(index.segments[INDEX_RECORDS].at - file.at);
    file.at[records] = 0x10; /* a status that does not exist */
    assert_false(match_host(&input, &arena, &match, &err));
    assert_failed("broken", &err, ERROR_INPUT, "debian-12: x: the index is broken: the records of a source");

    struct arena small = arena_with(3000);
    file.at[records] = 0x12;
    assert_false(match_host(&input, &small, &match, &err));
    arena_end(&small);
    assert_failed("memory", &err, ERROR_LIMIT, "debian-12: out of memory (3000 bytes allowed)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_of_findings),
        cmocka_unit_test(what_is_suppressed),
        cmocka_unit_test(kinds_of_updates),
        cmocka_unit_test(packages_without_code),
        cmocka_unit_test(kernels),
        cmocka_unit_test(rpm_packages),
        cmocka_unit_test(what_is_exploited_is_listed),
        cmocka_unit_test(what_cannot_be_matched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
