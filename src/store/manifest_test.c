#include "base/testing.h"

#include "base/limits.h"
#include "base/own.h"
#include "store/manifest.h"

static const char sample[] = "Format: 1\n"
                             "Made: 2026-11-21T07:50:00Z\n"
                             "Releases: debian-12 debian-13\n"
                             "\n"
                             "Feed: nvd\n"
                             "Document: 2002\n"
                             "File: nvd.2002\n"
                             "Url: https://mirror.example/nvd-2002.json.gz\n"
                             "Etag: \"5f3\"\n"
                             "Version: 2.0\n"
                             "Size: 1234567\n"
                             "Records: 6769\n"
                             "Skipped: 12\n"
                             "Fetched: 2026-11-20T07:50:00Z\n"
                             "Checked: 2026-11-21T07:50:00Z\n"
                             "Generated: 2026-11-20T03:00:00Z\n"
                             "Complete: yes\n"
                             "\n"
                             "Feed: kev\n"
                             "Problem: https://mirror.example/kev.json: the server answers 503\n"
                             "Size: 0\n"
                             "Records: 0\n"
                             "Skipped: 0\n"
                             "Tried: 2026-11-21T07:50:00Z\n";

static struct bytes bytes_of(const char *string)
{
    return bytes_of_text(text_of(string));
}

static void test_round_trip(void **state)
{
    OWN(arena_end) struct arena arena = arena_with(MIB);
    OWN(writer_end) struct writer w = writer_with(MIB);
    struct manifest manifest = {0};
    struct error err = {0};

    (void)state;
    assert_done("parse", manifest_parse(bytes_of(sample), &arena, &manifest, &err), &err);
    assert_int_equal(manifest.release_count, 2);
    assert_text("release", manifest.releases[1], "debian-13");
    assert_int_equal(manifest.document_count, 2);
    const struct manifest_document *nvd = manifest_find(&manifest, TEXT("nvd"), TEXT("2002"));
    assert_non_null(nvd);
    assert_text("etag", nvd->etag, "\"5f3\"");
    assert_int_equal(nvd->records, 6769);
    assert_true(nvd->complete);
    assert_int_equal(nvd->fetched_us, manifest.made_us - TIME_DAY_US);
    assert_int_equal(nvd->tried_us, TIME_ABSENT);
    const struct manifest_document *kev = manifest_find(&manifest, TEXT("kev"), (struct text){0});
    assert_non_null(kev);
    assert_int_equal(kev->file.size, 0);
    assert_int_equal(kev->tried_us, manifest.made_us);
    assert_null(manifest_find(&manifest, TEXT("nvd"), (struct text){0}));
    manifest_write(&w, &manifest);
    assert_text("written", (struct text){(const char *)w.at, w.size}, sample);
}

static void test_refused(void **state)
{
    static const struct {
        const char *name, *raw, *text;
    } rows[] = {
        {"empty", "", "is no manifest of format 1"},
        {"newer", "Format: 2\n", "is no manifest of format 1"},
        {"no format", "Made: 2026-11-21\n", "is no manifest of format 1"},
        {"date", "Format: 1\nMade: yesterday\n", "Made: \"yesterday\" is not a time"},
        {"release", "Format: 1\nReleases: ../x\n", "Releases: \"../x\" is no release"},
        {"no feed", "Format: 1\n\nSize: 1\n", "line 3: Feed is missing"},
        {"number", "Format: 1\n\nFeed: kev\nSize: 12x\n", "line 3: Size: \"12x\" is not a number"},
        {"file", "Format: 1\n\nFeed: kev\nFile: ../../etc/x\n", "line 3: File: is no plain name"},
        {"hidden file", "Format: 1\n\nFeed: kev\nFile: ..\n", "line 3: File: is no plain name"},
        {"twice", "Format: 1\n\nFeed: kev\nFeed: kev\n", "line 4: Feed is given twice"},
        {"control", "Format: 1\n\nFeed: k\x1b[2J\n", "line 3: Feed: byte 0x1b at 1 is not text"},
    };
    struct error err = {0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWN(arena_end) struct arena arena = arena_with(MIB);
        struct manifest manifest;
        if (manifest_parse(bytes_of(rows[i].raw), &arena, &manifest, &err))
            fail_msg("%s: was read", rows[i].name);
        assert_failed(rows[i].name, &err, ERROR_INPUT, rows[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
